r"""Linear algebra of an interior point over chains, period by period: the multifrontal method along time.

The unknowns are those of the slots, and a multiplier per row that touches slots of one period:

.. math:: \begin{pmatrix} M + H & G^T \\ G & -\Delta \end{pmatrix}

Rows and their curvature H couple the controls of a period with each other and with the states at its two ends. The
matrix of a period (its *front*) has, in this order,

* the controls of its slots, control by control,
* the states that end here, mostly those before its slots,
* the multipliers of its rows,
* the states that wait for a later period: those of a unit that is away, or that goes round the horizon,
* the states that begin here, mostly those of its slots.

The first three are eliminated by a dense L D L^T; what is left on the others is added to the front of the next period
(Duff and Reid 1983, doi 10.1145/356044.356047). The matrix is quasidefinite: pivots are positive for the slots and
negative for the rows, in any order (Vanderbei 1995, doi 10.1137/0805005). Rows come after what they touch, because
Delta is as small as a slack: as squares with the weight 1 / Delta they would drown what else holds the slots. The rest
is a matter of skipping zeros: without rows a period costs O(slots), with rows on one control O(n^3) for the n slots of
the period, and so does every period after it.
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
    n_static : int [n_front]         unknowns eliminated beside the rows, the first ones
    ranges : int [n_front, k + 4]    numbers of controls 1 to k, of states that end, of rows (0 here), of states that
                                     wait and that begin
    index : int [n_slot, 2 m + k]    place of (states before, states, controls) in the front of the slot without its
                                     rows, -1: fixed
    is_state : bool [n_unknown]
    """

    front_of_slot: IntArray
    slot_start: IntArray
    slots: IntArray
    unknown_start: IntArray
    unknown: IntArray
    carried_start: IntArray
    carried: IntArray
    n_static: IntArray
    ranges: IntArray
    index: IntArray
    is_state: BoolArray

    @classmethod
    def of(cls, period: IntArray, follows: BoolArray, free: BoolArray, n_controls: int) -> Fronts:
        n_slots, m = free.shape
        periods, front_of_slot = np.unique(period, return_inverse=True)
        n_columns = m + n_controls
        after = np.append(np.where(follows[1:], front_of_slot[1:], front_of_slot[:-1]), front_of_slot[-1:])
        # first and last front that the states of a slot are in
        first, last = np.minimum(front_of_slot, after), np.maximum(front_of_slot, after)
        index = np.full((n_slots, m + n_columns), -1)
        nothing = alive = np.empty(0, dtype=np.int64)  # alive: slots whose states an earlier front has handed on
        slots, unknowns, carried, n_static, ranges = [], [], [], [], []
        for front in range(len(periods)):
            own, new = np.flatnonzero(front_of_slot == front), np.flatnonzero(first == front)
            before = own[follows[own]] - 1
            ending = [part[last[part] == front] for part in (alive, new)]
            waiting, beginning = (part[last[part] > front] for part in (alive, new))
            groups = [n_columns * own + m + c for c in range(n_controls)]
            groups += [_states(part, free, n_columns) for part in (np.concatenate(ending), nothing, waiting, beginning)]
            unknown = np.concatenate(groups)
            place = _Places.of(unknown)
            for q in range(m):
                index[own[follows[own]], q] = place.at(n_columns * before + q)
                index[own, m + q] = place.at(n_columns * own + q)
            for c in range(n_controls):
                index[own, 2 * m + c] = place.at(n_columns * own + m + c)
            carried.append(place.at(_states(alive, free, n_columns)))
            alive = np.concatenate([waiting, beginning])
            slots.append(own)
            unknowns.append(unknown)
            ranges.append([len(group) for group in groups])
            n_static.append(sum(ranges[-1][: n_controls + 1]))
        is_state = np.tile(np.arange(n_columns) < m, n_slots)
        return cls(
            front_of_slot, _starts(slots), np.concatenate(slots), _starts(unknowns), np.concatenate(unknowns),
            _starts(carried), np.concatenate(carried), np.array(n_static), np.array(ranges), index, is_state,
        )  # fmt: skip

    def operations(self) -> float:
        """Multiplications of one factorisation, were every control of every period coupled by rows.

        n controls that meet the states of their slot only: the rows of L^T grow from n to 2 n, 7/6 n^3 in all.
        """
        sizes = self.ranges.astype(float)
        controls, ends, kept = sizes[:, :-4], sizes[:, -4], sizes[:, -2] + sizes[:, -1]
        return float((7.0 * np.sum(controls**3) + np.sum((ends + kept) ** 3 - kept**3)) / 6.0)


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
    """Solves the system above, with M as in `ChainSystem`."""

    def __init__(self, fronts: Fronts) -> None:
        self.fronts = fronts
        self._m = np.zeros((*fronts.index.shape, fronts.index.shape[1]))
        self._n_pivots = int(fronts.n_static.sum())
        self._packed = np.empty(0)

    def factorise(
        self, forms: Forms, weight: FloatArray, rows: Rows, delta: FloatArray, curvature: DenseCurvature
    ) -> None:
        """``forms`` with the weights of their squares; every row touches slots of one period."""
        fronts = self.fronts
        self._m[:] = 0.0
        kernels.accumulate(forms.slot, forms.coefficient, weight, self._m)
        entry_start = np.searchsorted(rows.row, np.arange(rows.n_rows + 1))
        self._row_start, self._rows = self._by_front(rows.forms.slot, entry_start)
        form_start = np.searchsorted(curvature.block, np.arange(len(curvature.matrix) + 1))
        block_start, blocks = self._by_front(curvature.forms.slot, form_start)
        n_pivots = self._n_pivots + len(self._rows)
        self._pivot, self._packed_start = np.empty(n_pivots), np.empty(n_pivots, dtype=np.int64)
        self._segment = np.empty((n_pivots, fronts.ranges.shape[1], 2), dtype=np.int64)
        self._packed = front_kernels.factorise(
            fronts.n_static, fronts.unknown_start, fronts.unknown, fronts.ranges, fronts.slot_start, fronts.slots,
            fronts.carried_start, fronts.carried, fronts.index, fronts.is_state, self._m,
            self._row_start, self._rows, entry_start, rows.forms.slot, rows.forms.coefficient, delta,
            block_start, blocks, form_start, curvature.forms.slot, curvature.forms.coefficient,
            curvature.port, curvature.matrix,
            self._pivot, self._segment, self._packed_start, self._packed,
        )  # fmt: skip

    def _by_front(self, slot: IntArray, start: IntArray) -> tuple[IntArray, IntArray]:
        """Where each front begins, and things in order of their front: those with entries on slots, from ``start``."""
        things = np.flatnonzero(start[1:] > start[:-1])
        front = self.fronts.front_of_slot[slot[start[things]]]
        order = np.argsort(front, kind="stable")
        return np.searchsorted(front[order], np.arange(len(self.fronts.n_static) + 1)), things[order]

    def solve(self, r_x: FloatArray, r_h: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(x [n_slot, m + k], multipliers of the rows)"""
        fronts, x = self.fronts, np.concatenate([r_x.reshape(-1), r_h])
        front_kernels.solve(
            fronts.n_static, fronts.unknown_start, fronts.unknown, self._row_start, self._rows, r_x.size,
            self._pivot, self._segment, self._packed_start, self._packed, x,
        )  # fmt: skip
        return x[: r_x.size].reshape(r_x.shape), x[r_x.size :]
