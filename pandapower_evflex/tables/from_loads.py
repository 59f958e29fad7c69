"""Loads that already are electric vehicles, as some SimBench nets hold them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import IntArray, Net
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.ev import create_evs
from pandapower_evflex.tables.faults import as_numbers
from pandapower_evflex.tables.kinds import check_net


def evs_from_loads(net: Net, loads: Sequence[int], std_type: Any = None, **ev_values: Any) -> IntArray:
    """Turn loads into EVs at the same buses, and set the loads out of service.

    Their profiles may stay among the profiles: those of loads out of service do not count. In SimBench nets EVs are
    the loads whose profile begins with "HLS" (at home) or "APLS" (at work).

    Parameters
    ----------
    net : pandapowerNet
    loads : indices of net.load, each in service
    std_type, **ev_values : as in `create_evs`; `name` is the load's unless given, `max_p_mw` the load's power unless it
        or a std type is given

    Returns
    -------
    int array    indices in net.ev; sessions are still to be created

    Raises
    ------
    InvalidInputError    unknown loads or wrong EV values; the net is unchanged

    Examples
    --------
    >>> import pandapower.networks as nw, pandapower_evflex as evf
    >>> net = nw.create_kerber_landnetz_freileitung_1()
    >>> evf.evs_from_loads(net, [2, 4], max_e_mwh=0.06).tolist()
    [0, 1]
    >>> int(net.load.in_service.sum()) == len(net.load) - 2
    True
    """
    check_net("evs_from_loads", net)
    given = list(loads) if pd.api.types.is_list_like(loads) else [loads]
    labels = _labels_of_loads(net, given)
    table = net["load"].loc[labels]
    values = {"name": table["name"].tolist(), **ev_values}
    if std_type is None and "max_p_mw" not in values:
        values["max_p_mw"] = (table["p_mw"] * table["scaling"]).tolist()
    evs = create_evs(net, table["bus"].tolist(), std_type, **values)
    net["load"].loc[labels, "in_service"] = False
    return evs


def _labels_of_loads(net: Net, given: list[Any]) -> pd.Index:
    """The loads as labels of net.load, each once and in service."""
    faults = []
    numbers, not_number = as_numbers(np.fromiter(given, dtype=object, count=len(given)))
    unknown = not_number | ~pd.Index(numbers).isin(net["load"].index)
    if unknown.any():
        rows = tuple(label for label, wrong in zip(given, unknown, strict=True) if wrong)
        faults.append(Fault("load", "index", rows, "labels", "are not in net.load", "use an index of net.load"))
    labels = pd.Index(numbers[~unknown].astype(np.int64))
    twice = labels[labels.duplicated()].unique()
    if len(twice):
        faults.append(Fault("load", "index", tuple(twice), "labels", "are given twice", "name each load once"))
    off = labels[~net["load"]["in_service"].loc[labels].to_numpy(dtype=bool)].unique()
    if len(off):
        remedy = "leave them out, or set them in service first"
        faults.append(Fault("load", "in_service", tuple(off), "these loads", "are out of service", remedy))
    if faults:
        raise InvalidInputError(faults)
    return labels
