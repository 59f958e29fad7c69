"""A net in one state of its switches and reinforcements: power flows of every period, and what they overload."""

from __future__ import annotations

import copy
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from pandapower_evflex.arrays import BoolArray, ComplexArray, FloatArray, IntArray
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.limits import LOADING, UNDERVOLTAGE
from pandapower_evflex.limits.by_period import ByLimit, limits_of
from pandapower_evflex.limits.loading import end_loading
from pandapower_evflex.planning.days import Days
from pandapower_evflex.powerflow.batched import BatchedPowerFlow, PowerFlows

#: margin, as a share of the limit, beyond which strengthening another element cannot make the limit bind: in radial
#: nets strengthening lowers losses and with them every current, in meshed nets it moves flows
SAFE_RADIAL, SAFE_MESHED = 0.005, 0.1


class OperatingState:
    """The supplied part of a net on the days of a plan, powers per unit of 1 MVA.

    Parameters
    ----------
    grid : Grid    its limits are those after a fault
    days : Days

    Attributes
    ----------
    s : complex [n_period, n_row]   injections, rows as in the grid
    load : complex [n_period, n_row]    what can be shed of them
    limit : float [n_period, n_end]     of the rated ends, as a share of their rating; one row: all periods alike
    vm_min : float [n_period, n_row]    likewise
    """

    def __init__(self, grid: Grid, days: Days) -> None:
        self.grid = grid
        self.flow = BatchedPowerFlow(self.grid)
        self.limit, self.vm_min = grid.ends.limit[None], grid.vm_min[None]
        to_row = self.grid.rows_of_buses
        self.s = self.grid.s_fixed + days.deviation @ to_row
        self.load = days.load @ to_row
        self._row_of_bus = dict(zip(self.grid.bus_index.tolist(), self.grid.bus_row.tolist(), strict=True))

    @cached_property
    def flows(self) -> PowerFlows:
        """Power flows of all periods, nothing shed."""
        return self.flow.solve(self.s)

    @cached_property
    def excess(self) -> FloatArray:
        """`branch_excess` of these power flows, -1 where there is no solution."""
        return np.where(self.flows.converged[:, None], self.branch_excess(self.flows.v), -1.0)

    @cached_property
    def low(self) -> FloatArray:
        """`undervoltage` of these power flows, -1 where there is no solution."""
        return np.where(self.flows.converged[:, None], self.undervoltage(self.flows.v), -1.0)

    def keeps_all_limits(self, tolerance: float) -> bool:
        """Whether all power flows have a solution, and no limit is exceeded by more than a share of it."""
        worst = max(self.excess.max(initial=-1.0), self.low.max(initial=-1.0))
        return bool(self.flows.converged.all() and worst <= tolerance)

    def row_of(self, bus: Any) -> int:
        """Row of a bus in the grid, -1 without supply."""
        return self._row_of_bus[bus]

    def losses_mw(self, v: ComplexArray) -> FloatArray:
        """Losses of the supplied part in every case [n_case]: what all injections add up to."""
        return np.sum(v * np.conj(self.grid.y_bus @ v.T).T, axis=1).real

    def with_limits(self, limit: FloatArray, vm_min: FloatArray) -> OperatingState:
        """The same with other limits in every period."""
        return self._changed(limit=limit, vm_min=vm_min)

    def in_periods(self, periods: IntArray) -> OperatingState:
        """The same in some of the periods."""
        rows = {"s": self.s[periods], "load": self.load[periods]}
        return self._changed(**rows, limit=_of(self.limit, periods), vm_min=_of(self.vm_min, periods))

    def _changed(self, **values: Any) -> OperatingState:
        other = copy.copy(self)
        for known in ("flows", "excess", "low"):
            other.__dict__.pop(known, None)
        other.__dict__.update(values)
        return other

    def branch_excess(self, v: ComplexArray, periods: IntArray | None = None) -> FloatArray:
        """Worst loading of the ends of each branch above its limit [n_case, n_branch], share of the limit; -1: none.

        Parameters
        ----------
        periods : int [n_case]    None: all
        """
        excess = np.full((len(v), len(self.grid.from_bus)), -1.0)
        beyond = end_loading(self.grid, v) / _of(self.limit, periods) - 1.0
        np.maximum.at(excess.T, self.grid.ends.branch, beyond.T)
        return excess

    def undervoltage(self, v: ComplexArray, periods: IntArray | None = None) -> FloatArray:
        """Voltage below the lower limit [n_case, n_row], share of the limit; negative where it is kept."""
        vm_min = _of(self.vm_min, periods)
        limit = np.where(np.isfinite(vm_min) & (vm_min > 0.0), vm_min, np.nan)
        limit[:, self.grid.fixed_vm] = np.nan
        return np.nan_to_num(1.0 - np.abs(v) / limit, nan=-1.0)

    def limits(self, n_periods: int) -> ByLimit:
        """Of every kind, in each period."""
        own = {LOADING: self.limit, UNDERVOLTAGE: self.vm_min}
        known = limits_of(self.grid, n_periods)
        return known.map(lambda limit, table: np.broadcast_to(own[limit], table.shape) if limit in own else table)

    def fed_through(self, branch: int) -> BoolArray:
        """Rows that lose supply without a branch: N_s-m of the second paper; none where there is another way."""
        _, part = self._parts(np.arange(len(self.grid.from_bus)) != branch)
        return ~np.isin(part, part[self.grid.slack])

    def _parts(self, kept: BoolArray) -> tuple[int, IntArray]:
        """How many parts these branches leave, and the part of every row."""
        grid, n = self.grid, len(self.grid.vm_min)
        edges = csr_matrix((np.ones(kept.sum()), (grid.from_bus[kept], grid.to_bus[kept])), shape=(n, n))
        return connected_components(edges, directed=False)

    def strained(self) -> frozenset[tuple[str, Any]]:
        """Elements that hang together, not through a slack bus, with limits that are broken or near."""
        grid, flows = self.grid, self.flows
        inner = ~np.isin(grid.from_bus, grid.slack) & ~np.isin(grid.to_bus, grid.slack)
        n_parts, part = self._parts(inner)
        safe = SAFE_RADIAL if inner.sum() == len(part) - n_parts else SAFE_MESHED
        at = np.where(np.isin(grid.from_bus, grid.slack), grid.to_bus, grid.from_bus)  # inside
        near = np.isin(part, part[at[(self.excess > -safe).any(axis=0)]])
        near |= np.isin(part, part[(self.low > -safe).any(axis=0)])
        near |= not flows.converged.all()
        ends = grid.ends
        chosen = near[at[ends.branch]]
        return frozenset(zip(ends.element_type[chosen].tolist(), ends.element[chosen].tolist(), strict=True))

    def element_of(self, branch: int) -> tuple[str, Any]:
        """Table and label of a rated branch."""
        end = int(np.flatnonzero(self.grid.ends.branch == branch)[0])
        return str(self.grid.ends.element_type[end]), int(self.grid.ends.element[end])

    def bus_of(self, row: int) -> int:
        """Label of the first of the buses fused into a row."""
        return int(self.grid.bus_index[np.flatnonzero(self.grid.bus_row == row)[0]])


def _of(limit: FloatArray, periods: IntArray | None) -> FloatArray:
    """Limits of some periods; one row holds for all."""
    return limit if periods is None or len(limit) == 1 else limit[periods]
