"""The worst of all places of the grid in each of some power flows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.limits import LOADING, UNDERVOLTAGE
from pandapower_evflex.limits.by_period import ByLimit, excess_of
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.solve.certifiable import why_uncertified

#: relative excess below which no limit of a row binds
NEAR_A_LIMIT = -1e-3


@dataclass(frozen=True)
class Extremes:
    """What limits are asked for of some power flows, each [n_case]: the worst of all places of the grid.

    Parameters
    ----------
    lowest, highest : float    voltage of the buses with limits, pu
    loading : float            of the elements with ratings, as a share of them
    excess : float             how far any limit is exceeded, relative to it
    has_room : bool            whether no limit is near
    """

    lowest: FloatArray
    highest: FloatArray
    loading: FloatArray
    excess: FloatArray
    has_room: BoolArray

    @classmethod
    def of(cls, case: Case, values: ByLimit, period: IntArray) -> Extremes:
        vm, loading = voltages_with_limits(case, values[UNDERVOLTAGE]), values[LOADING]
        excess = excess_of(case.limits.at(period), values).map(lambda _, table: table.max(axis=1, initial=-np.inf))
        is_certified = not why_uncertified(case)
        near = excess.map(
            lambda limit, worst: limit.h(worst) > (NEAR_A_LIMIT if is_certified and limit.is_convex else limit.near)
        )
        return cls(
            vm.min(axis=1), vm.max(axis=1), loading.max(axis=1, initial=0.0), np.max(excess.tables, axis=0),
            ~np.any(near.tables, axis=0),
        )  # fmt: skip

    def joined(self, other: Extremes) -> Extremes:
        """The cases of both."""
        return Extremes(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in self.__dict__))


def voltages_with_limits(case: Case, vm: FloatArray) -> FloatArray:
    """Those of buses that have one, of [n_case, n_bus]; all where none has."""
    limited = np.isfinite(case.grid.vm_min) | np.isfinite(case.grid.vm_max)
    return vm[:, limited] if limited.any() else vm
