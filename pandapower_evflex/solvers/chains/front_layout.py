"""Where the numbers of a Newton step stand in the fronts of `fronts.py`; the same for many steps."""

from __future__ import annotations

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.solvers.chains.forms import Rows
from pandapower_evflex.solvers.chains.fronts import Fronts
from pandapower_evflex.solvers.chains.problem import DenseCurvature

#: front, and two places in it, of many numbers
_Places = tuple[IntArray, IntArray, IntArray]


class FrontLayout:
    """Entries of the upper triangles: squares of slots, curvature, coefficients of rows, and their deltas.

    Parameters
    ----------
    entry_start : int [n_front + 1], row, column : int [n_entry]    entries front by front
    n_out : int [n_front], bounds : int [n_front, n_range + 1]      unknowns eliminated; where ranges begin
    own_start : int [n_front + 1], own : int    unknowns of each front; those of rows come after all others
    carried : int                               as in `Fronts`, among the rows
    own_of_pivot : int [n_pivot]                unknown of every pivot
    row_of_delta : int                          rows that touch a slot
    """

    def __init__(self, fronts: Fronts, rows: Rows, curvature: DenseCurvature) -> None:
        self._rows, self._used, self._curvature = rows, rows.forms.coefficient != 0.0, curvature
        self._unknowns = unknowns = _Unknowns(fronts, rows)
        self.row_of_delta = unknowns.touching
        of_rows = unknowns.front_of_row[self.row_of_delta]
        at_rows = unknowns.place_of_row(self.row_of_delta)
        places = [self._squared(fronts), self._bent(fronts), self._coupled(fronts), (of_rows, at_rows, at_rows)]
        front, one, other = (np.concatenate([place[i] for place in places]) for i in range(3))
        self._order = np.argsort(front, kind="stable")
        self.entry_start = np.searchsorted(front[self._order], np.arange(len(fronts.n_static) + 1))
        self.row, self.column = np.minimum(one, other)[self._order], np.maximum(one, other)[self._order]
        self.n_out, self.bounds, self.carried = unknowns.n_out, unknowns.bounds(), unknowns.carried()
        self.own_start, self.own = unknowns.own_start, unknowns.own()
        self.own_of_pivot = self.own[unknowns.is_pivot()]
        n_quadratic = len(places[0][0]) + len(places[1][0])
        self._diagonal = np.flatnonzero(one[:n_quadratic] == other[:n_quadratic])
        self._own_of_diagonal = self.own[self.own_start[front[self._diagonal]] + one[self._diagonal]]

    def fits(self, rows: Rows, curvature: DenseCurvature) -> bool:
        mine = self._curvature
        return (
            rows.n_rows == self._rows.n_rows
            and np.array_equal(rows.row, self._rows.row)
            and np.array_equal(rows.forms.slot, self._rows.forms.slot)
            and np.array_equal(rows.forms.coefficient != 0.0, self._used)
            and np.array_equal(curvature.block, mine.block)
            and np.array_equal(curvature.port, mine.port)
            and np.array_equal(curvature.forms.slot, mine.forms.slot)
            and np.array_equal(curvature.forms.coefficient, mine.forms.coefficient)
        )

    def values(
        self, m: FloatArray, rows: Rows, delta: FloatArray, curvature: DenseCurvature
    ) -> tuple[FloatArray, FloatArray]:
        """Every entry, and what M and the curvature have on the diagonal of each unknown."""
        value = np.concatenate(
            [
                m[self._slot, self._p, self._q],
                self._weight * curvature.matrix.reshape(-1)[self._port],
                rows.forms.coefficient[self._form, self._column],
                -delta[self.row_of_delta],
            ]
        )
        size: FloatArray = np.bincount(
            self._own_of_diagonal, value[self._diagonal], minlength=self._unknowns.n_unknowns
        ).astype(float)
        return value[self._order], size

    def _squared(self, fronts: Fronts) -> _Places:
        """Entries of M."""
        self._slot, self._p, self._q = fronts.squares
        front = fronts.front_of_slot[self._slot]
        at = [self._unknowns.place(front, fronts.index[self._slot, column]) for column in (self._p, self._q)]
        return front, at[0], at[1]

    def _bent(self, fronts: Fronts) -> _Places:
        """Curvature: pairs of coefficients of one block."""
        forms, block, port = self._curvature.forms, self._curvature.block, self._curvature.port
        form, column = _on_free(fronts, forms.slot, forms.coefficient)
        front = fronts.front_of_slot[forms.slot[form]]
        at, value = self._unknowns.place(front, fronts.index[forms.slot[form], column]), forms.coefficient[form, column]
        one, other = _pairs(block[form])
        upper = at[one] <= at[other]
        one, other = one[upper], other[upper]
        n_port = self._curvature.matrix.shape[2]
        self._port = (block[form[one]] * n_port + port[form[one]]) * n_port + port[form[other]]
        self._weight = value[one] * value[other]
        return front[one], at[one], at[other]

    def _coupled(self, fronts: Fronts) -> _Places:
        """Coefficients of rows."""
        forms = self._rows.forms
        self._form, self._column = _on_free(fronts, forms.slot, forms.coefficient)
        row = self._rows.row[self._form]
        front, index = self._unknowns.front_of_row[row], fronts.index[forms.slot[self._form], self._column]
        return front, self._unknowns.place(front, index), self._unknowns.place_of_row(row)


class _Unknowns:
    """Those of the fronts with those of their rows, which stand before what is kept."""

    def __init__(self, fronts: Fronts, rows: Rows) -> None:
        self._fronts, self.n_unknowns = fronts, len(fronts.is_state)
        self.front_of_row, self._number = np.zeros((2, rows.n_rows), dtype=np.int64)
        self.touching, first = np.unique(rows.row, return_index=True)
        self.front_of_row[self.touching] = fronts.front_of_slot[rows.forms.slot[first]]
        order = self.touching[np.argsort(self.front_of_row[self.touching], kind="stable")]
        front = self.front_of_row[order]
        self._number[order] = np.arange(len(order)) - np.searchsorted(front, front)
        self._n_rows = np.bincount(front, minlength=len(fronts.n_static))
        self.n_out = fronts.n_static + self._n_rows
        self.own_start = fronts.unknown_start + np.cumsum([0, *self._n_rows])

    def place(self, front: IntArray, index: IntArray) -> IntArray:
        return np.where(index < self._fronts.n_static[front], index, index + self._n_rows[front])

    def place_of_row(self, row: IntArray) -> IntArray:
        return np.asarray(self._fronts.n_static[self.front_of_row[row]] + self._number[row])

    def own(self) -> IntArray:
        own, start = np.empty(self.own_start[-1], dtype=np.int64), self._fronts.unknown_start
        front = np.repeat(np.arange(len(self.n_out)), np.diff(start))
        own[self.own_start[front] + self.place(front, np.arange(start[-1]) - start[front])] = self._fronts.unknown
        of_row = self.own_start[self.front_of_row[self.touching]] + self.place_of_row(self.touching)
        own[of_row] = self.n_unknowns + self.touching
        return own

    def is_pivot(self) -> BoolArray:
        front = np.repeat(np.arange(len(self.n_out)), np.diff(self.own_start))
        return np.asarray(np.arange(self.own_start[-1]) - self.own_start[front] < self.n_out[front])

    def bounds(self) -> IntArray:
        ranges = self._fronts.ranges.copy()
        ranges[:, -3] = self._n_rows
        return np.concatenate([np.zeros((len(ranges), 1), dtype=np.int64), np.cumsum(ranges, axis=1)], axis=1)

    def carried(self) -> IntArray:
        front = np.repeat(np.arange(len(self.n_out)), np.diff(self._fronts.carried_start))
        return self.place(front, self._fronts.carried)


def _on_free(fronts: Fronts, slot: IntArray, coefficient: FloatArray) -> tuple[IntArray, IntArray]:
    """Forms and columns of the coefficients on unknowns that are not fixed."""
    if not len(slot):  # an empty list of forms may have fewer columns
        return slot, slot
    form, column = np.nonzero((coefficient != 0.0) & (fronts.index[slot] >= 0))
    return form, column


def _pairs(group: IntArray) -> tuple[IntArray, IntArray]:
    """All pairs of things of one group, in both orders and with themselves; things are in order of group."""
    first = np.searchsorted(group, group)
    n = np.searchsorted(group, group, side="right") - first
    one = np.repeat(np.arange(len(group)), n)
    return one, np.arange(len(one)) - np.repeat(np.cumsum(n) - n, n) + first[one]
