"""Loads that already are electric vehicles, as some SimBench nets hold them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.ev import create_evs


def evs_from_loads(net: Any, loads: Sequence[int], std_type: Any = None, **ev_values: Any) -> NDArray[np.int64]:
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
    labels = pd.Index(loads if pd.api.types.is_list_like(loads) else [loads])
    _refuse_wrong_loads(net, labels)
    table = net["load"].loc[labels]
    values = {"name": table["name"].tolist(), **ev_values}
    if std_type is None and "max_p_mw" not in values:
        values["max_p_mw"] = (table["p_mw"] * table["scaling"]).tolist()
    evs = create_evs(net, table["bus"].tolist(), std_type, **values)
    net["load"].loc[labels, "in_service"] = False
    return evs


def _refuse_wrong_loads(net: Any, labels: pd.Index) -> None:
    faults = []
    unknown = labels[~labels.isin(net["load"].index)]
    if len(unknown):
        remedy = "use an index of net.load"
        faults.append(Fault("load", "index", tuple(unknown), "labels", "are not in net.load", remedy))
    twice = labels[labels.duplicated()]
    if len(twice):
        faults.append(Fault("load", "index", tuple(twice.unique()), "labels", "are given twice", "name each load once"))
    table = net["load"].loc[labels.intersection(net["load"].index)]
    off = table.index[~table["in_service"].to_numpy(dtype=bool)]
    if len(off):
        remedy = "leave them out, or set them in service first"
        faults.append(Fault("load", "in_service", tuple(off), "False", "is what these loads are", remedy))
    if faults:
        raise InvalidInputError(faults)
