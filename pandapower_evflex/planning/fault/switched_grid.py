"""One grid for all states of the switches at the ends of lines and transformers: a state is a mask of its branches.

pandapower's model is built once, with all these switches closed. What a state leaves out needs no new model: the
admittances of the branches that stay are the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components

from pandapower_evflex.arrays import BoolArray, ComplexArray, IntArray, Net
from pandapower_evflex.case.grid import Grid, grid_of
from pandapower_evflex.case.pf_options import trafo_loading
from pandapower_evflex.planning.fault.post_fault import RATED, loading_limits
from pandapower_evflex.planning.fault.reinforced import with_tables_of_its_own
from pandapower_evflex.planning.fault.restoration import Restoration
from pandapower_evflex.planning.fault.supply_graph import BRANCHES

#: what a switch of net.switch.et opens
TABLES = {"l": "line", "t": "trafo"}
#: tables of nodes that a state may take out
MASKED = {"bus", "switch", *TABLES.values()}


def grid_after_a_fault(net: Net) -> Grid:
    """The grid of a net as it stands, with the limits that hold after a fault."""
    grid = grid_of(net, trafo_loading(net, "current", default="current"))
    ends = grid.ends
    limit = ends.limit.copy()
    for table in RATED:
        own = ends.element_type == table
        at = net[table].index.get_indexer(ends.element[own])
        limit[own] = loading_limits(net, table)[at] / 100.0
    limit = np.where(np.isfinite(ends.rating), limit, np.inf)
    return replace(grid, ends=replace(ends, limit=limit))


class SwitchedGrid:
    """A net whose switches at the ends of lines and transformers move; nothing else in it may change."""

    def __init__(self, net: Net) -> None:
        closed = with_tables_of_its_own(net, {"switch"})
        closed["switch"].loc[net["switch"]["et"].isin(list(TABLES)), "closed"] = True
        self.grid = grid = grid_after_a_fault(closed)
        self._shunt = grid.y_bus.diagonal()
        np.subtract.at(self._shunt, grid.from_bus, grid.y_ff)
        np.subtract.at(self._shunt, grid.to_bus, grid.y_tt)
        keys = zip(grid.ends.element_type.tolist(), grid.ends.element.tolist(), grid.ends.branch.tolist(), strict=True)
        self._branch = {(table, label): branch for table, label, branch in keys}
        self._row = dict(zip(grid.bus_index.tolist(), grid.bus_row.tolist(), strict=True))
        self._end = _ends_of_switches(net)
        is_open = ~net["switch"]["closed"].to_numpy(dtype=bool)
        self._open = set(net["switch"].index[is_open].tolist()) & set(self._end)
        # a line between two buses that a switch makes one has no admittance of its own there
        self._is_plain = bool((grid.from_bus != grid.to_bus).all())

    def state(self, after: Restoration | None = None) -> Grid | None:
        """The grid after a fault, or before any; None where more than these switches and branches changes."""
        opened, closed = ((), ()) if after is None else (after.switches_opened, after.switches_closed)
        zone = () if after is None else after.zone
        tables = {table for table, _ in zone}
        if not self._is_plain or not {*opened, *closed} <= set(self._end) or not tables <= MASKED:
            return None
        out = [self._row[label] for table, label in zone if table == "bus" and self._row[label] >= 0]
        faulted = [self._branch[node] for node in zone if node in self._branch]
        return self._masked((self._open | set(opened)) - set(closed), faulted, out)

    def _masked(self, opened: set[Any], faulted: list[int], rows_out: list[int]) -> Grid:
        grid = self.grid
        live = np.ones(len(grid.from_bus), dtype=bool)
        live[faulted] = False
        row = np.array([grid.from_bus, grid.to_bus])
        n_rows = len(grid.vm_min)
        ends_open = {self._end[label] for label in opened if self._end[label][0] in self._branch}
        for key, side in sorted(ends_open):
            branch = self._branch[key]
            if key[0] == "trafo" or (key, 1 - side) in ends_open:
                live[branch] = False  # pandapower takes a transformer out of service that is open at one side
            else:  # the open end of a line is a node of its own
                row[side, branch] = n_rows
                n_rows += 1
        out = np.zeros(n_rows, dtype=bool)
        out[rows_out] = True
        live &= ~out[row].any(axis=0)
        kept = _supplied(row[:, live], n_rows, grid.slack[~out[grid.slack]])
        return _part(grid, self._shunt, row, live & kept[row[0]], kept)


def _ends_of_switches(net: Net) -> dict[Any, tuple[tuple[str, Any], int]]:
    """The branch at whose end a switch is, and whether at its first (0) or second (1) bus."""
    switch = net["switch"]
    first = {table: net[table][BRANCHES[table][0][0]].to_dict() for table in TABLES.values()}
    columns = (switch[name].tolist() for name in ("et", "element", "bus"))
    return {
        label: ((TABLES[et], element), int(first[TABLES[et]][element] != bus))
        for label, et, element, bus in zip(switch.index.tolist(), *columns, strict=True)
        if et in TABLES
    }


def _supplied(ends: IntArray, n_rows: int, slack: IntArray) -> BoolArray:
    """Rows that hang on a slack bus."""
    edges = csr_matrix((np.ones(ends.shape[1]), (ends[0], ends[1])), shape=(n_rows, n_rows))
    _, part = connected_components(edges, directed=False)
    return np.isin(part, part[slack])


def _part(grid: Grid, shunt: ComplexArray, ends: IntArray, live: BoolArray, kept: BoolArray) -> Grid:
    """Branches and rows that stay, rows at open ends of lines beyond those of the grid."""
    n_new = len(kept) - len(grid.vm_min)
    row = np.where(kept, np.cumsum(kept) - 1, -1)
    before = kept[: len(grid.vm_min)]
    branch = np.where(live, np.cumsum(live) - 1, -1)
    from_bus, to_bus = row[ends[:, live]]
    y = {name: getattr(grid, name)[live] for name in ("y_ff", "y_ft", "y_tf", "y_tt", "b_branch", "p_shift")}

    def rows(values: Any, of_new: float) -> Any:
        new = np.full(n_new, of_new, dtype=values.dtype)
        return np.concatenate([values, new])[kept]

    n = int(kept.sum())
    diagonal = np.arange(n)
    entries = np.concatenate([y["y_ff"], y["y_ft"], y["y_tf"], y["y_tt"], rows(shunt, 0.0)])
    at_row = np.concatenate([from_bus, from_bus, to_bus, to_bus, diagonal])
    at_column = np.concatenate([from_bus, to_bus, from_bus, to_bus, diagonal])
    y_bus = coo_matrix((entries, (at_row, at_column)), shape=(n, n)).tocsr()
    y_bus.sum_duplicates()
    own = grid.ends
    measured = live[own.branch]
    columns = {name: getattr(own, name)[measured] for name in own.__dataclass_fields__}
    columns["branch"] = branch[columns["branch"]]
    bus_row = np.where(grid.bus_row >= 0, row[grid.bus_row], -1)
    return replace(
        grid,
        y_bus=y_bus,
        set_points=rows(grid.set_points, 1.0),
        p_shunt=rows(grid.p_shunt, 0.0),
        slack=row[grid.slack[before[grid.slack]]],
        held=row[grid.held[before[grid.held]]],
        s_fixed=rows(grid.s_fixed, 0.0),
        bus_row=bus_row,
        vm_min=rows(grid.vm_min, -np.inf),
        vm_max=rows(grid.vm_max, np.inf),
        vm_min_bus=rows(grid.vm_min_bus, -1),
        vm_max_bus=rows(grid.vm_max_bus, -1),
        from_bus=from_bus,
        to_bus=to_bus,
        ends=type(own)(**columns),
        **y,
    )
