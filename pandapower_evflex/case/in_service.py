"""Which rows of pandapower's tables count, whatever stands in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, Net
from pandapower_evflex.case.net_tables import NET_TABLES, NetTable
from pandapower_evflex.tables.faults import as_numbers, is_readable


def live_rows(net: Net, table: NetTable) -> BoolArray:
    """Rows whose values count: in service, at a bus in service; of buses those at the ends of branches too.

    Where a table says it in a way that cannot be read, which is a fault of its own, all rows count.
    """
    frame = net[table.name]
    if not len(frame) or "in_service" not in table.flags:
        return np.ones(len(frame), dtype=bool)
    live = says_true(frame, "in_service")
    if table.name == "bus":
        return live if live.all() else live | _are_ends(net, frame)
    on = says_true(net["bus"], "in_service") if "bus" in net and is_readable(net["bus"]) else np.ones(1, dtype=bool)
    if on.all():
        return live
    buses = net["bus"]
    alive = buses.index.to_numpy()[on]
    ends = [np.isin(as_numbers(frame[end])[0], alive) for end in table.ends if end in frame]
    return live & np.any(ends, axis=0) if ends else live


def says_true(frame: pd.DataFrame, flag: str) -> BoolArray:
    """Which rows do not say False; what says neither is a fault of its own."""
    values = frame[flag] if flag in frame else None
    if not isinstance(values, pd.Series):
        return np.ones(len(frame), dtype=bool)
    if values.dtype == bool:
        return values.to_numpy()
    cells = values.to_numpy(dtype=object)
    return np.fromiter((not _is_false(cell) for cell in cells), dtype=bool, count=len(cells))


def _is_false(cell: Any) -> bool:
    return isinstance(cell, (bool, int, float, np.bool_, np.integer, np.floating)) and bool(cell == 0)


def _are_ends(net: Net, buses: pd.DataFrame) -> BoolArray:
    """Buses at which branches end: their nominal voltage is the base of the branch, in service or not."""
    used = [
        as_numbers(net[table.name][end])[0]
        for table in NET_TABLES.values()
        if len(table.ends) > 1 and table.name in net and is_readable(net[table.name]) and len(net[table.name])
        for end in table.ends
        if end in net[table.name]
    ]
    return np.isin(buses.index.to_numpy(), np.concatenate(used)) if used else np.zeros(len(buses), dtype=bool)
