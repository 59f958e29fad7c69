"""Limits that a net breaks before any fault: afterwards they stand at the worst value that they have then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pandapower_evflex.arrays import BoolArray
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.case.ratings import RatedEnds
from pandapower_evflex.limits.loading import end_loading
from pandapower_evflex.planning.fault.operating_state import OperatingState


@dataclass(frozen=True)
class StandingLimits:
    """What is broken before any fault, so that only what a fault adds is its cost.

    Parameters
    ----------
    loading : {end: pu}      largest current (or power) of ends above their limit; a stronger element has its own
    vm_pu : {bus: float}     lowest voltage of buses below their limit
    """

    loading: Mapping[Any, float]
    vm_pu: Mapping[Any, float]

    def on(self, grid: Grid) -> Grid:
        """A grid in which nothing counts that was so before the fault."""
        if not self.loading and not self.vm_pu:
            return grid
        ends = grid.ends
        before = np.array([self.loading.get(end, 0.0) for end in _names_of(ends)])
        limit = np.maximum(ends.limit, before / ends.rating)
        lowest = np.array([self.vm_pu.get(bus, np.inf) for bus in grid.vm_min_bus.tolist()])
        return replace(grid, ends=replace(ends, limit=limit), vm_min=np.minimum(grid.vm_min, lowest))


def standing_limits(state: OperatingState, occurs: BoolArray) -> StandingLimits:
    """Of a net before any fault, in the periods that occur [n_period] and have a solution."""
    grid, v = state.grid, state.flows.v[state.flows.converged & occurs]
    if not len(v):
        return StandingLimits({}, {})
    worst = end_loading(grid, v).max(axis=0)
    names = _names_of(grid.ends)
    loading: dict[Any, float] = {}
    for end in np.flatnonzero(worst > grid.ends.limit).tolist():
        loading[names[end]] = max(loading.get(names[end], 0.0), float(worst[end] * grid.ends.rating[end]))
    is_low = (state.undervoltage(v) > 0.0).any(axis=0)
    lowest = np.abs(v).min(axis=0)
    vm_pu = {int(grid.vm_min_bus[row]): float(lowest[row]) for row in np.flatnonzero(is_low).tolist()}
    return StandingLimits(loading, vm_pu)


def _names_of(ends: RatedEnds) -> list[tuple[Any, ...]]:
    """Table, label and side of every end; a line has one current, from whichever side it comes."""
    side = np.where(ends.element_type == "line", "", ends.side)
    return list(zip(ends.element_type.tolist(), ends.element.tolist(), side.tolist(), strict=True))
