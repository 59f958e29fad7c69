"""Loads that already are electric vehicles, as some SimBench nets hold them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.ev import create_evs


def evs_from_loads(net: Any, loads: Sequence[int], std_type: Any = None, **ev_values: Any) -> NDArray[np.int64]:
    """Turn loads into EVs at the same buses, and set the loads out of service.

    Parameters
    ----------
    net : pandapowerNet
    loads : indices of net.load, each in service
    std_type, **ev_values : as in `create_evs`; `name` is the load's unless given

    Returns
    -------
    int array    indices in net.ev; sessions are still to be created

    Raises
    ------
    InvalidInputError    unknown loads or wrong EV values; the net is unchanged
    """
    labels = list(loads)
    unknown = [label for label in labels if label not in net["load"].index]
    if unknown:
        remedy = "use indices of net.load"
        raise InvalidInputError([Fault("load", "", tuple(unknown), "loads", "are not in net.load", remedy)])
    table = net["load"].loc[labels]
    off = table.index[~table["in_service"].to_numpy(dtype=bool)]
    if len(off):
        remedy = "leave them out, or set them in service first"
        raise InvalidInputError([Fault("load", "in_service", tuple(off), "False", "is what these loads are", remedy)])
    values = {"name": table["name"].tolist(), **ev_values}
    evs = create_evs(net, table["bus"].tolist(), std_type, **values)
    net["load"].loc[labels, "in_service"] = False
    return evs
