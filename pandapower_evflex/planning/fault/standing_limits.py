"""Limits that a net breaks before any fault: afterwards they stand, period by period, at the value they have then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.case.ratings import RatedEnds
from pandapower_evflex.limits.loading import end_loading
from pandapower_evflex.planning.fault.operating_state import OperatingState


@dataclass(frozen=True)
class StandingLimits:
    """What is broken before any fault, so that only what a fault adds is its cost.

    Parameters
    ----------
    loading : {end: pu [n_period]}      current (or power) of ends above their limit in some period, 0 in the others; a
                                        stronger element has its own
    vm_pu : {bus: float [n_period]}     voltage of buses below their limit in some period, infinite in the others
    """

    loading: Mapping[Any, FloatArray]
    vm_pu: Mapping[Any, FloatArray]

    def on(self, state: OperatingState) -> OperatingState:
        """A state in which nothing counts that was so before the fault."""
        if not self.loading and not self.vm_pu:
            return state
        grid, n = state.grid, len(state.s)
        before = _columns(self.loading, _names_of(grid.ends), np.zeros(n))
        lowest = _columns(self.vm_pu, grid.vm_min_bus.tolist(), np.full(n, np.inf))
        return state.with_limits(np.maximum(state.limit, before / grid.ends.rating), np.minimum(state.vm_min, lowest))


def _columns(known: Mapping[Any, FloatArray], names: Iterable[Any], others: FloatArray) -> FloatArray:
    return np.column_stack([known.get(name, others) for name in names])


def standing_limits(state: OperatingState, occurs: BoolArray) -> StandingLimits:
    """Of a net before any fault, in the periods that occur [n_period] and have a solution."""
    grid, v = state.grid, state.flows.v
    known = (state.flows.converged & occurs)[:, None]
    own = end_loading(grid, v)
    above = np.where(known & (own > state.limit), own * grid.ends.rating, 0.0)
    names = _names_of(grid.ends)
    loading: dict[Any, FloatArray] = {}
    for end in np.flatnonzero(above.any(axis=0)).tolist():
        loading[names[end]] = np.maximum(loading.get(names[end], 0.0), above[:, end])
    is_low = known & (state.undervoltage(v) > 0.0)
    lowest = np.where(is_low, np.abs(v), np.inf)
    vm_pu = {int(grid.vm_min_bus[row]): lowest[:, row] for row in np.flatnonzero(is_low.any(axis=0)).tolist()}
    return StandingLimits(loading, vm_pu)


def _names_of(ends: RatedEnds) -> list[tuple[Any, ...]]:
    """Table, label and side of every end; a line has one current, from whichever side it comes."""
    side = np.where(ends.element_type == "line", "", ends.side)
    return list(zip(ends.element_type.tolist(), ends.element.tolist(), side.tolist(), strict=True))
