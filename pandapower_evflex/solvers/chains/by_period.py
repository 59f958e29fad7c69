r"""The linear system of one Newton step, period by period.

.. math::

    \begin{pmatrix} M + H & G^T \\ G & -(s_h / \lambda + \delta_h) \end{pmatrix}
    \begin{pmatrix} dx \\ d\lambda \end{pmatrix} = \begin{pmatrix} r_x \\ r_h \end{pmatrix}

`FrontalSystem` factorises it with the rows that touch slots of one period, and their curvature in whole. The few rows W
that touch several periods (sums over the horizon) are treated by their Schur complement, as all rows are in
`by_chain.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_solve

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.solvers.chains.by_chain import cholesky
from pandapower_evflex.solvers.chains.forms import Forms, Rows
from pandapower_evflex.solvers.chains.frontal import FrontalSystem
from pandapower_evflex.solvers.chains.fronts import Fronts
from pandapower_evflex.solvers.chains.problem import ChainPoint, ChainProblem, DenseCurvature


class ByPeriod:
    """Controls of a period first, then the states along time."""

    def __init__(self, problem: ChainProblem, fronts: Fronts) -> None:
        self._problem = problem
        self._system = FrontalSystem(fronts)
        self._last: tuple[Rows, BoolArray] | None = None

    def factorised(self, point: ChainPoint, curvature: DenseCurvature) -> FactorisedByPeriod | None:
        """None where rounding leaves no factor, as the rows over several periods show."""
        problem, system = self._problem, self._system
        both = Rows.join([point.rows, problem.shared])
        delta = np.concatenate([point.softness_of_rows, 1.0 / problem.shared_weight])
        narrow = self._is_narrow(both)
        system.factorise(
            Forms.join([problem.limits, problem.squares]),
            np.concatenate([point.stiffness, problem.weight]),
            both.of(narrow),
            delta[narrow],
            curvature,
        )
        wide = both.of(~narrow)
        columns = [system.solve(_transposed(problem, wide, r), np.zeros(narrow.sum())) for r in range(wide.n_rows)]
        factor = None
        if not all(np.isfinite(dx).all() for dx, _ in columns):
            return None
        if wide.n_rows:
            schur = np.diag(delta[~narrow]) + np.array([wide.values(dx) for dx, _ in columns])
            factor = cholesky(schur)
            if factor is None:
                return None
        return FactorisedByPeriod(problem, system, len(point.h), narrow, wide, columns, factor)

    def _is_narrow(self, rows: Rows) -> BoolArray:
        """Whether the slots of a row, if any, are of one period; the same as long as no row joins."""
        if self._last is None or not rows.touches_as(self._last[0]):
            start = np.searchsorted(rows.row, np.arange(rows.n_rows))
            some = np.flatnonzero(np.diff(start, append=len(rows.row)))
            narrow, period = np.ones(rows.n_rows, dtype=bool), self._problem.period[rows.forms.slot]
            if len(some):
                narrow[some] = np.minimum.reduceat(period, start[some]) == np.maximum.reduceat(period, start[some])
            self._last = rows, narrow
        return self._last[1]


def _transposed(problem: ChainProblem, rows: Rows, number: int) -> FloatArray:
    """One of the rows as a right side."""
    r = np.zeros(problem.c.shape)
    rows.of(np.arange(rows.n_rows) == number).add_transposed(np.ones(1), r)
    problem.hold_fixed(r)
    return r


@dataclass(frozen=True)
class FactorisedByPeriod:
    """The system above, factorised.

    Parameters
    ----------
    n_rows : int                    of G; shared squares follow them
    narrow : bool [n_row]           of one period
    wide : Rows, columns : list     W, and the solution with each of its rows as right side
    factor : Cholesky factor        of W columns + Delta, None without such rows
    """

    problem: ChainProblem
    system: FrontalSystem
    n_rows: int
    narrow: BoolArray
    wide: Rows
    columns: list[tuple[FloatArray, FloatArray]]
    factor: tuple[FloatArray, bool] | None

    @property
    def solves_are_cheap(self) -> bool:
        """O(n^2) a period, against O(n^3)."""
        return True

    def solve_roughly(self, r_x: FloatArray, r_h: FloatArray) -> tuple[FloatArray, FloatArray]:
        wanted = np.concatenate([r_h, np.zeros(len(self.narrow) - self.n_rows)])
        if self.factor is None:
            dx, y = self.system.solve(r_x, wanted)
            return dx, y[: self.n_rows]
        y = np.empty(len(self.narrow))
        dx, y[self.narrow] = self.system.solve(r_x, wanted[self.narrow])
        y_wide = cho_solve(self.factor, self.wide.values(dx) - wanted[~self.narrow], check_finite=False)
        y[~self.narrow] = y_wide
        for share, (column, multipliers) in zip(y_wide, self.columns, strict=True):
            dx -= share * column
            y[self.narrow] -= share * multipliers
        return dx, y[: self.n_rows]

    def solve(self, r_x: FloatArray, r_h: FloatArray, enough: float) -> tuple[FloatArray, FloatArray]:
        """The curvature is whole: nothing is left to correct."""
        return self.solve_roughly(r_x, r_h)
