"""The system of `fronts.py`, factorised."""

from __future__ import annotations

import numpy as np

from pandapower_evflex.arrays import FloatArray, IntArray
from pandapower_evflex.solvers.chains import front_kernels, kernels
from pandapower_evflex.solvers.chains.forms import Forms, Rows
from pandapower_evflex.solvers.chains.front_kernels import PANEL, WIDTH
from pandapower_evflex.solvers.chains.front_layout import FrontLayout
from pandapower_evflex.solvers.chains.fronts import Fronts
from pandapower_evflex.solvers.chains.problem import DenseCurvature

#: least s / lambda of a row: its pivot stays negative
SMALLEST = 1e-300


class FrontalSystem:
    """Solves it, with M as in `ChainSystem`."""

    def __init__(self, fronts: Fronts) -> None:
        self._fronts = fronts
        self._m = np.zeros((*fronts.index.shape, fronts.index.shape[1]))
        self._slot_start, self._slot = _by_front(fronts.front_of_slot, len(fronts.n_static))
        self._layout: FrontLayout | None = None

    def factorise(
        self, forms: Forms, weight: FloatArray, rows: Rows, delta: FloatArray, curvature: DenseCurvature
    ) -> None:
        """``forms`` with the weights of their squares; every row touches slots of one period."""
        fronts = self._fronts
        form_of_row, front_of_row = self._grouped(rows.row, rows.n_rows, rows.forms.slot)
        form_of_block, front_of_block = self._grouped(curvature.block, len(curvature.matrix), curvature.forms.slot)
        block_start, block = _by_front(front_of_block, len(fronts.n_static))
        if self._layout is None or not np.array_equal(front_of_row, self._layout.front_of_row):
            self._layout = FrontLayout(fronts, front_of_row)
            self._lay_out(self._layout)
        layout = self._layout
        self._m[:] = 0.0
        self._a[:] = 0.0  # a factorisation that ran away leaves numbers that even a factor of 0 would carry on
        kernels.accumulate(forms.slot, forms.coefficient, weight, self._m)
        self._delta = np.maximum(delta, SMALLEST)
        # pivots are at least rounding of what was on their diagonal; those of rows, negative, at least their delta
        least = np.concatenate([kernels.LEAST * fronts.is_state, -self._delta])
        most = int(np.diff(form_of_block).max(initial=0)) * fronts.index.shape[1]
        front_kernels.factorise(
            fronts.n_static, layout.n_out, layout.bounds, layout.own_start, layout.own, fronts.carried_start,
            layout.carried, self._slot_start, self._slot, fronts.index, self._m,
            block_start, block, form_of_block, curvature.forms.slot, curvature.forms.coefficient, curvature.port,
            curvature.matrix, np.empty(most, dtype=np.int64), np.empty(most), np.empty(most, dtype=np.int64),
            layout.row_start, layout.row, form_of_row, rows.forms.slot, rows.forms.coefficient, self._delta,
            least, np.zeros_like(least), self._mark, self._a, self._kept, self._share,
            self._low, self._inverse, self._run_start, self._runs, self._packed,
        )  # fmt: skip

    def _grouped(self, group: IntArray, n_groups: int, slot: IntArray) -> tuple[IntArray, IntArray]:
        """First form of every group, [n_group + 1], and the front of its slots, -1 where it has none."""
        first = np.searchsorted(group, np.arange(n_groups + 1))
        front = np.full(n_groups, -1)
        some = first[1:] > first[:-1]
        front[some] = self._fronts.front_of_slot[slot[first[:-1][some]]]
        return first, front

    def _lay_out(self, layout: FrontLayout) -> None:
        """Memory for the factors and for the matrix of one front at a time."""
        n, n_out = np.diff(layout.own_start), layout.n_out
        of_front = -(-n_out // PANEL)
        largest, n_panels = int(n.max(initial=0)), int(np.sum(of_front))
        beyond = largest + max(PANEL, WIDTH)  # where the last panel or run may end
        self._a, self._share = np.zeros((beyond, beyond)), np.zeros((PANEL, beyond))
        self._kept, self._mark = np.empty((largest, largest)), np.empty(largest)
        self._low, self._inverse = np.empty((n_panels, PANEL, PANEL)), np.empty((n_panels, PANEL))
        self._run_start = np.empty(n_panels + 1, dtype=np.int64)
        self._runs = np.empty((n_panels * (layout.bounds.shape[1] - 1), 3), dtype=np.int64)
        # rows of every panel, were none of them 0
        most = PANEL * of_front * (n + WIDTH) - PANEL**2 * of_front * (of_front - 1) // 2
        self._packed = np.empty(int(np.sum(most)))

    def solve(self, r_x: FloatArray, r_h: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(x [n_slot, m + k], multipliers of the rows)"""
        layout, x = self._layout, np.concatenate([r_x.reshape(-1), r_h])
        assert layout is not None
        front_kernels.solve(
            layout.n_out, layout.own_start, layout.own, self._low, self._inverse, self._run_start, self._runs,
            self._packed, np.zeros(self._share.shape[1]), x,
        )  # fmt: skip
        multipliers = -r_h / self._delta  # of the rows that touch nothing
        multipliers[layout.row] = x[r_x.size + layout.row]
        return x[: r_x.size].reshape(r_x.shape), multipliers


def _by_front(front: IntArray, n_fronts: int) -> tuple[IntArray, IntArray]:
    """Things in order of front, and where each front begins; those of front -1 are left out."""
    order = np.argsort(front, kind="stable")
    start = np.searchsorted(front[order], np.arange(n_fronts + 1))
    return start, order
