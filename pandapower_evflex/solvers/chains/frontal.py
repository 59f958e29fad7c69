"""The system of `fronts.py`, factorised."""

from __future__ import annotations

import numpy as np

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.solvers.chains import front_kernels, kernels
from pandapower_evflex.solvers.chains.forms import Forms, Rows
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
        self._layout: FrontLayout | None = None

    def factorise(
        self, forms: Forms, weight: FloatArray, rows: Rows, delta: FloatArray, curvature: DenseCurvature
    ) -> None:
        """``forms`` with the weights of their squares; every row touches slots of one period."""
        if self._layout is None or not self._layout.fits(rows, curvature):
            self._layout = FrontLayout(self._fronts, rows, curvature)
            self._lay_out(self._layout)
        layout = self._layout
        self._m[:] = 0.0
        kernels.accumulate(forms.slot, forms.coefficient, weight, self._m)
        self._delta = np.maximum(delta, SMALLEST)
        value, size = layout.values(self._m, rows, self._delta, curvature)
        # pivots are at least rounding of what was on their diagonal; those of rows, negative, at least their delta
        least = np.concatenate([kernels.ROUNDING * size + kernels.LEAST * self._fronts.is_state, -self._delta])
        front_kernels.factorise(
            layout.n_out, layout.bounds, layout.entry_start, layout.row, layout.column, value,
            self._fronts.carried_start, layout.carried, least[layout.own_of_pivot],
            self._a, self._kept, self._share, np.empty_like(self._segment[0]),
            self._pivot, self._segment, self._packed_start, self._packed,
        )  # fmt: skip

    def _lay_out(self, layout: FrontLayout) -> None:
        """Memory for the factors and for the matrix of one front at a time."""
        n, n_pivots = np.diff(layout.own_start), len(layout.own_of_pivot)
        largest = int(n.max(initial=0))
        beyond = largest + max(front_kernels.PANEL, front_kernels.TILE) - 1  # where the last panel or tile may end
        self._a, self._share = np.zeros((beyond, largest)), np.zeros((front_kernels.PANEL, beyond))
        self._kept, self._local = np.empty((largest, largest)), np.empty(largest)
        self._pivot, self._packed_start = np.empty(n_pivots), np.empty(n_pivots, dtype=np.int64)
        self._segment = np.empty((n_pivots, layout.bounds.shape[1] - 1, 2), dtype=np.int64)
        self._packed = np.empty(int(np.sum(layout.n_out * (2 * n - layout.n_out - 1)) // 2))

    def solve(self, r_x: FloatArray, r_h: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(x [n_slot, m + k], multipliers of the rows)"""
        layout, x = self._layout, np.concatenate([r_x.reshape(-1), r_h])
        assert layout is not None
        front_kernels.solve(
            layout.n_out, layout.own_start, layout.own, self._pivot, self._segment, self._packed_start, self._packed,
            self._local, x,
        )  # fmt: skip
        multipliers = -r_h / self._delta  # of the rows that touch nothing
        multipliers[layout.row_of_delta] = x[r_x.size + layout.row_of_delta]
        return x[: r_x.size].reshape(r_x.shape), multipliers
