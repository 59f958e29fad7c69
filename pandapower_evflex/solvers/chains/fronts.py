r"""Linear algebra of an interior point over chains, period by period: the multifrontal method along time.

Rows that touch slots of one period, and their curvature, couple the controls of that period with each other and with
the states at its two ends. The matrix of a period (its *front*) has, in this order,

* the controls of its slots, control by control,
* the states that end here: those before its slots, and those that nothing follows,
* the states that wait for a later period,
* the states of its slots.

The first two are eliminated by a dense L D L^T; what is left on the others is added to the front of the next period
(Duff and Reid 1983, doi 10.1145/356044.356047). The rest is a matter of skipping zeros: without rows a period costs
O(slots), with rows on one control O(n^3) for the n slots of the period, and so does every period after it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.solvers.chains import front_kernels, kernels
from pandapower_evflex.solvers.chains.forms import Forms, Rows
from pandapower_evflex.solvers.chains.problem import DenseCurvature


@dataclass(frozen=True)
class Fronts:
    """Which unknowns every front has; unknowns are numbered (m + k) slot + column of x.

    Parameters
    ----------
    front_of_slot : int [n_slot]
    slots, unknown, carried : int    of one front after the other, from ``*_start[f]`` to ``*_start[f + 1]``: its
                                     slots; its unknowns; the places in it of what the front before handed on
    n_out : int [n_front]            unknowns eliminated, the first ones
    bounds : int [n_front, k + 4]    ranges of unknowns: controls 1 to k, states that end, that wait, that begin
    index : int [n_slot, 2 m + k]    place of (states before, states, controls) in the front of the slot, -1: fixed
    is_state : bool [n_unknown]
    """

    front_of_slot: IntArray
    slot_start: IntArray
    slots: IntArray
    unknown_start: IntArray
    unknown: IntArray
    carried_start: IntArray
    carried: IntArray
    n_out: IntArray
    bounds: IntArray
    index: IntArray
    is_state: BoolArray

    @classmethod
    def of(cls, period: IntArray, follows: BoolArray, free: BoolArray, n_controls: int) -> Fronts:
        n_slots, m = free.shape
        periods, front_of_slot = np.unique(period, return_inverse=True)
        n_columns = m + n_controls
        has_next = np.append(follows[1:], False)
        index = np.full((n_slots, m + n_columns), -1)
        alive = np.empty(0, dtype=np.int64)  # slots whose states are not eliminated
        slots, unknowns, carried, n_out, bounds = [], [], [], [], []
        by_front = np.split(np.argsort(front_of_slot, kind="stable"), np.cumsum(np.bincount(front_of_slot))[:-1])
        for own in [*by_front, np.empty(0, dtype=np.int64)]:  # the last one only ends states
            before = own[follows[own]] - 1
            ends = np.isin(alive, before) | ~has_next[alive]
            if not len(own):
                ends[:] = True
            groups = [n_columns * own + m + c for c in range(n_controls)]
            groups += [_states(part, free, n_columns) for part in (alive[ends], alive[~ends], own)]
            unknown = np.concatenate(groups)
            place = _Places.of(unknown)
            for q in range(m):
                index[own[follows[own]], q] = place.at(n_columns * before + q)
                index[own, m + q] = place.at(n_columns * own + q)
            for c in range(n_controls):
                index[own, 2 * m + c] = place.at(n_columns * own + m + c)
            carried.append(place.at(_states(alive, free, n_columns)))
            alive = np.concatenate([alive[~ends], own])
            slots.append(own)
            unknowns.append(unknown)
            bounds.append(np.cumsum([0, *[len(group) for group in groups]]))
            n_out.append(bounds[-1][n_controls + 1])
        is_state = np.tile(np.arange(n_columns) < m, n_slots)
        return cls(
            front_of_slot, _starts(slots), np.concatenate(slots), _starts(unknowns), np.concatenate(unknowns),
            _starts(carried), np.concatenate(carried), np.array(n_out), np.array(bounds), index, is_state,
        )  # fmt: skip

    def operations(self) -> float:
        """Multiplications of one factorisation, were every control of every period coupled by rows."""
        sizes = np.diff(self.bounds, axis=1).astype(float)
        ends, waits, begins = sizes[:, -3], sizes[:, -2], sizes[:, -1]
        n_controls, kept = sizes.shape[1] - 3, waits + begins
        return float(np.sum(n_controls * begins**3 + (ends + kept) ** 3 - kept**3) / 6.0)


def _starts(parts: list[IntArray]) -> IntArray:
    return np.cumsum([0, *[len(part) for part in parts]])


def _states(slots: IntArray, free: BoolArray, n_columns: int) -> IntArray:
    """Unknowns of the free states of some slots."""
    slot, state = np.nonzero(free[slots])
    return n_columns * slots[slot] + state


@dataclass(frozen=True)
class _Places:
    """Where an unknown stands in a list, -1 where it does not."""

    unknown: IntArray
    order: IntArray

    @classmethod
    def of(cls, unknown: IntArray) -> _Places:
        return cls(unknown, np.argsort(unknown))

    def at(self, wanted: IntArray) -> IntArray:
        if not len(self.unknown):
            return np.full(len(wanted), -1)
        nearest = self.order[np.minimum(np.searchsorted(self.unknown, wanted, sorter=self.order), len(self.order) - 1)]
        return np.where(self.unknown[nearest] == wanted, nearest, -1)


class FrontalSystem:
    """Solves (M + sum of squares of rows + curvature) x = r, with M as in `ChainSystem`."""

    def __init__(self, fronts: Fronts) -> None:
        self.fronts = fronts
        self._m = np.zeros((*fronts.index.shape, fronts.index.shape[1]))
        n_pivots = int(fronts.n_out.sum())
        self._pivot = np.ones(n_pivots)
        self._segment = np.zeros((n_pivots, fronts.bounds.shape[1] - 1, 2), dtype=np.int64)
        self._packed_start = np.zeros(n_pivots, dtype=np.int64)
        self._packed = np.empty(0)

    def factorise(
        self, forms: Forms, weight: FloatArray, rows: Rows, row_weight: FloatArray, curvature: DenseCurvature
    ) -> None:
        """``forms`` and ``rows`` with the weights of their squares; every row touches slots of one period."""
        fronts = self.fronts
        self._m[:] = 0.0
        kernels.accumulate(forms.slot, forms.coefficient, weight, self._m)
        entry_start = np.searchsorted(rows.row, np.arange(rows.n_rows + 1))
        row_start, row_order = self._by_front(rows.forms.slot, entry_start)
        form_start = np.searchsorted(curvature.block, np.arange(len(curvature.matrix) + 1))
        block_start, block_order = self._by_front(curvature.forms.slot, form_start)
        self._packed = front_kernels.factorise(
            fronts.n_out, fronts.unknown_start, fronts.unknown, fronts.bounds, fronts.slot_start, fronts.slots,
            fronts.carried_start, fronts.carried, fronts.index, fronts.is_state, self._m,
            row_start, row_order, entry_start, rows.forms.slot, rows.forms.coefficient, row_weight,
            block_start, block_order, form_start, curvature.forms.slot, curvature.forms.coefficient,
            curvature.port, curvature.matrix,
            self._pivot, self._segment, self._packed_start, self._packed,
        )  # fmt: skip

    def _by_front(self, slot: IntArray, start: IntArray) -> tuple[IntArray, IntArray]:
        """Things with entries on slots, from ``start``, in order of their front, and where each front begins."""
        things = np.flatnonzero(start[1:] > start[:-1])
        front = self.fronts.front_of_slot[slot[start[things]]]
        return np.searchsorted(np.sort(front), np.arange(len(self.fronts.n_out) + 1)), things[
            np.argsort(front, kind="stable")
        ]

    def solve(self, r: FloatArray) -> FloatArray:
        """[n_slot, m + k]"""
        fronts, x = self.fronts, r.copy()
        front_kernels.solve(
            fronts.n_out, fronts.unknown_start, fronts.unknown, self._pivot, self._segment, self._packed_start,
            self._packed, x.reshape(-1),
        )  # fmt: skip
        return x
