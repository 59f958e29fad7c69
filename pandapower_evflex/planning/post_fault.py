"""The net after a fault, and how much it is overloaded."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandapower.powerflow import LoadflowNotConverged
from pandapower.run import runpp

from pandapower_evflex.planning.restoration import Restoration

#: limits after a fault: the first of these columns that has a value, else 100 %
LIMITS = ("max_loading_percent_nminus1", "max_loading_percent")


def post_fault_net(net: Any, state: Restoration) -> Any:
    """A copy of the net in the state of a restoration: switches set, the faulted zone out of service."""
    after = copy.deepcopy(net)
    after["switch"].loc[list(state.switches_opened), "closed"] = False
    after["switch"].loc[list(state.switches_closed), "closed"] = True
    for table, label in state.zone:
        if table != "switch":
            after[table].loc[label, "in_service"] = False
    return after


def loading_limits(net: Any, table: str) -> NDArray[np.float64]:
    """Percent that lines or transformers may be loaded after a fault [n]."""
    limits = np.full(len(net[table]), np.nan)
    for column in LIMITS:
        if column in net[table]:
            limits = np.where(np.isnan(limits), net[table][column].to_numpy(dtype=float), limits)
    return np.where(np.isnan(limits), 100.0, limits)


def worst_overload_percent(net: Any) -> float:
    """Largest loading above its limit by an AC power flow; 0 when there is none, inf when it does not converge."""
    try:
        runpp(net)
    except LoadflowNotConverged:
        return float("inf")
    above = [
        net[f"res_{table}"]["loading_percent"].to_numpy() - loading_limits(net, table)
        for table in ("line", "trafo", "trafo3w")
        if len(net[table])
    ]
    return float(max((np.nanmax(values, initial=0.0) for values in above), default=0.0))
