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
is a matter of skipping zeros: without rows a period costs O(n^2) for its n slots, with rows on one control O(n^3), and
so does every period after it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import BoolArray, IntArray


@dataclass(frozen=True)
class Fronts:
    """Which unknowns every front has; unknowns are numbered (m + k) slot + column of x.

    Parameters
    ----------
    front_of_slot : int [n_slot]
    unknown, carried : int           of one front after the other, from ``*_start[f]`` to ``*_start[f + 1]``: its
                                     unknowns; the places in it of what the front before handed on
    n_static : int [n_front]         unknowns eliminated beside the rows, the first ones
    ranges : int [n_front, k + 4]    numbers of controls 1 to k, of states that end, of rows (0 here), of states that
                                     wait and that begin
    index : int [n_slot, 2 m + k]    place of (states before, states, controls) in the front of the slot without its
                                     rows, -1: fixed
    is_state : bool [n_unknown]
    """

    front_of_slot: IntArray
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
        n_columns = m + n_controls
        _, front_of_slot = np.unique(period, return_inverse=True)
        n_fronts = int(front_of_slot.max(initial=-1)) + 1
        front, group, unknown = _members(front_of_slot, follows, free, n_controls)
        order = np.lexsort((unknown, group, front))
        front, group, unknown = front[order], group[order], unknown[order]
        ranges = np.zeros((n_fronts, n_controls + 4), dtype=np.int64)
        np.add.at(ranges, (front, group), 1)
        start, n_static = np.cumsum([0, *ranges.sum(axis=1)]), ranges[:, : n_controls + 1].sum(axis=1)
        place = np.arange(len(unknown)) - start[front]
        places = _Places(front * n_slots * n_columns + unknown, place)
        own = front_of_slot * n_slots * n_columns + n_columns * np.arange(n_slots)
        index = np.full((n_slots, m + n_columns), -1)
        for q in range(m):
            index[follows, q] = places.at(own[follows] - n_columns + q)
        for column in range(n_columns):
            index[:, m + column] = places.at(own + column)
        kept = place >= n_static[front]
        return cls(
            front_of_slot=front_of_slot,
            unknown_start=start,
            unknown=unknown,
            carried_start=np.cumsum([0, 0, *np.bincount(front[kept], minlength=n_fronts)])[: n_fronts + 1],
            carried=places.at((front[kept] + 1) * n_slots * n_columns + unknown[kept]),
            n_static=n_static,
            ranges=ranges,
            index=index,
            is_state=np.tile(np.arange(n_columns) < m, n_slots),
        )

    def operations(self) -> float:
        """Multiplications of one factorisation, were every control of every period coupled by rows.

        n controls that meet the states of their slot only: the rows of L^T grow from n to 2 n, 7/6 n^3 in all.
        """
        sizes = self.ranges.astype(float)
        controls, ends, kept = sizes[:, :-4], sizes[:, -4], sizes[:, -2] + sizes[:, -1]
        return float((7.0 * np.sum(controls**3) + np.sum((ends + kept) ** 3 - kept**3)) / 6.0)


def _members(
    front_of_slot: IntArray, follows: BoolArray, free: BoolArray, n_controls: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Front, range in it and number of every unknown in each of its fronts."""
    n_slots, m = free.shape
    n_columns, every = m + n_controls, np.arange(n_slots)
    after = front_of_slot.copy()
    after[:-1] = np.where(follows[1:], front_of_slot[1:], front_of_slot[:-1])
    first, last = np.minimum(front_of_slot, after), np.maximum(front_of_slot, after)
    n_fronts = last - first + 1
    slot = np.repeat(every, n_fronts)
    front = np.arange(len(slot)) - np.repeat(np.cumsum(n_fronts) - n_fronts, n_fronts) + first[slot]
    ends, begins = front == last[slot], front == first[slot]
    group = n_controls + np.where(ends, 0, np.where(begins, 3, 2))  # 1 is of the rows
    entry, state = np.nonzero(free[slot])
    controls = [(front_of_slot, np.full(n_slots, c), n_columns * every + m + c) for c in range(n_controls)]
    parts = [(front[entry], group[entry], n_columns * slot[entry] + state), *controls]
    of_front, of_group, unknown = (np.concatenate(part) for part in zip(*parts, strict=True))
    return of_front, of_group, unknown


@dataclass(frozen=True)
class _Places:
    """Where an unknown stands in a front, by a key of both."""

    key: IntArray
    place: IntArray

    def at(self, wanted: IntArray) -> IntArray:
        """-1 where it is not in the front."""
        if not len(self.key):
            return np.full(len(wanted), -1)
        order = np.argsort(self.key)
        nearest = order[np.minimum(np.searchsorted(self.key, wanted, sorter=order), len(order) - 1)]
        return np.where(self.key[nearest] == wanted, self.place[nearest], -1)
