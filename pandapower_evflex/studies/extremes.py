"""The worst of all places of the grid in each of some power flows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.limits import LIMITS, LOADING, UNDERVOLTAGE
from pandapower_evflex.limits.by_period import ByLimit
from pandapower_evflex.limits.limit import Limit
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
    def of(cls, case: Case, values: ByLimit, near: Sequence[float]) -> Extremes:
        """Under limits that are the same in every period; ``near`` as `near_limits` says it."""
        vm, loading = voltages_with_limits(case, values[UNDERVOLTAGE]), values[LOADING]
        excess = _excess(case, values)
        return cls(
            vm.min(axis=1), vm.max(axis=1), loading.max(axis=1, initial=0.0), excess.max(axis=0), _room(excess, near)
        )

    def joined(self, other: Extremes) -> Extremes:
        """The cases of both."""
        return Extremes(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in self.__dict__))


def has_room(case: Case, values: ByLimit, near: Sequence[float]) -> BoolArray:
    """Whether no limit is near [n_case], as in `Extremes`."""
    return _room(_excess(case, values), near)


def _room(excess: FloatArray, near: Sequence[float]) -> BoolArray:
    h = np.stack([limit.h(worst) for limit, worst in zip(LIMITS, excess, strict=True)])
    return np.asarray(np.all(h <= np.array(near)[:, None], axis=0))


def _excess(case: Case, values: ByLimit) -> FloatArray:
    """How far each kind of limit is exceeded at most [n_kind, n_case]."""
    return np.stack([_worst(*of_kind) for of_kind in zip(LIMITS, values, case.limits, strict=True)])


def _worst(limit: Limit, value: FloatArray, allowed: FloatArray) -> FloatArray:
    """Of all places [n_case]."""
    places = np.flatnonzero(np.isfinite(allowed[0]))
    return limit.excess(value[:, places], allowed[:1, places]).max(axis=1, initial=-np.inf)


def near_limits(case: Case) -> list[float]:
    """From which h on a limit is near, of each kind.

    Between the edges of a band a limit that is convex in the loads holds where it holds at them; others are looked at
    where they are near.
    """
    is_certified = not why_uncertified(case)
    return [NEAR_A_LIMIT if is_certified and limit.is_convex else limit.near for limit in LIMITS]


def voltages_with_limits(case: Case, vm: FloatArray) -> FloatArray:
    """Those of buses that have one, of [n_case, n_bus]; all where none has."""
    limited = np.isfinite(case.grid.vm_min) | np.isfinite(case.grid.vm_max)
    return vm[:, limited] if limited.any() else vm
