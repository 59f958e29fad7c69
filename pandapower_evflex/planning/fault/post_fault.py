"""The net after a fault, and what its branches may carry then."""

from __future__ import annotations

from typing import Any

import numpy as np

from pandapower_evflex.arrays import FloatArray, Net
from pandapower_evflex.planning.fault.reinforced import with_tables_of_its_own
from pandapower_evflex.planning.fault.restoration import Restoration

#: tables of elements that can be overloaded
RATED = ("line", "trafo", "trafo3w")
#: limits after a fault: the first of these columns that has a value, else 100 %
LIMITS = ("max_loading_percent_nminus1", "max_loading_percent")


def post_fault_net(net: Net, state: Restoration) -> Any:
    """A copy of the net in the state of a restoration: switches set, the faulted zone out of service.

    It shares the tables in which nothing changes with the net.
    """
    zone = [(table, label) for table, label in state.zone if table != "switch"]
    after = with_tables_of_its_own(net, {"switch", *(table for table, _ in zone)})
    after["switch"].loc[list(state.switches_opened), "closed"] = False
    after["switch"].loc[list(state.switches_closed), "closed"] = True
    for table, label in zone:
        after[table].loc[label, "in_service"] = False
    return after


def loading_limits(net: Net, table: str) -> FloatArray:
    """Percent that lines or transformers may be loaded after a fault [n]."""
    limits = np.full(len(net[table]), np.nan)
    for column in LIMITS:
        if column in net[table]:
            limits = np.where(np.isnan(limits), net[table][column].to_numpy(dtype=float), limits)
    return np.where(np.isnan(limits), 100.0, limits)
