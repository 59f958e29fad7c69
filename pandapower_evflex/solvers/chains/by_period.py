r"""The linear system of one Newton step, period by period.

Rows that touch slots of one period join the matrix of that period as squares, their curvature in whole:

.. math::

    (M + H + G^T \Delta^{-1} G)\, dx = r_x + G^T \Delta^{-1} r_h, \qquad
    d\lambda = \Delta^{-1} (G\, dx - r_h), \qquad \Delta = s_h / \lambda

`FrontalSystem` factorises the left side. The few rows W that touch several periods (sums over the horizon) are treated
by their Schur complement, as all rows are in `by_chain.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_solve

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.solvers.chains.by_chain import cholesky
from pandapower_evflex.solvers.chains.forms import Forms, Rows
from pandapower_evflex.solvers.chains.fronts import FrontalSystem, Fronts
from pandapower_evflex.solvers.chains.problem import ChainPoint, ChainProblem, DenseCurvature


class ByPeriod:
    """Controls of a period first, then the states along time."""

    def __init__(self, problem: ChainProblem, fronts: Fronts) -> None:
        self._problem = problem
        self._system = FrontalSystem(fronts)

    def factorised(self, point: ChainPoint, curvature: DenseCurvature) -> FactorisedByPeriod | None:
        """None where the few rows over several periods are dependent to rounding."""
        problem, system = self._problem, self._system
        both = Rows.join([point.rows, problem.shared])
        delta = np.concatenate([point.s_h / point.lam, 1.0 / problem.shared_weight])
        narrow = _is_narrow(both, problem)
        system.factorise(
            Forms.join([problem.limits, problem.squares]),
            np.concatenate([point.z / point.s, problem.weight]),
            both.of(narrow),
            1.0 / delta[narrow],
            curvature,
        )
        wide = both.of(~narrow)
        columns = np.zeros((wide.n_rows, *problem.c.shape))
        factor = None
        if wide.n_rows:
            schur = np.diag(delta[~narrow])
            for number in range(wide.n_rows):
                r = np.zeros(problem.c.shape)
                wide.of(np.arange(wide.n_rows) == number).add_transposed(np.ones(1), r)
                problem.hold_fixed(r)
                columns[number] = system.solve(r)
                schur[number] += wide.values(columns[number])
            factor = cholesky(schur)
            if factor is None:
                return None
        return FactorisedByPeriod(problem, system, both, len(point.h), delta, narrow, wide, columns, factor)


def _is_narrow(rows: Rows, problem: ChainProblem) -> BoolArray:
    """Whether all slots of a row are of one period."""
    period = problem.period[rows.forms.slot]
    first, last = np.full(rows.n_rows, np.iinfo(np.int64).max), np.full(rows.n_rows, -1)
    np.minimum.at(first, rows.row, period)
    np.maximum.at(last, rows.row, period)
    return first >= last


@dataclass(frozen=True)
class FactorisedByPeriod:
    """The system above, factorised.

    Parameters
    ----------
    both : Rows, delta : float [n_row]      G and the shared squares
    n_rows : int                            of G
    narrow : bool [n_row]                   of one period
    wide : Rows, columns : float            W, and what it makes of the matrix's inverse [n_wide, n_slot, m + k]
    factor : Cholesky factor                of W columns + Delta, None without such rows
    """

    problem: ChainProblem
    system: FrontalSystem
    both: Rows
    n_rows: int
    delta: FloatArray
    narrow: BoolArray
    wide: Rows
    columns: FloatArray
    factor: tuple[FloatArray, bool] | None

    def solve_roughly(self, r_x: FloatArray, r_h: FloatArray) -> tuple[FloatArray, FloatArray]:
        wanted = np.concatenate([r_h, np.zeros(self.both.n_rows - self.n_rows)])
        r = r_x.copy()
        self.both.add_transposed(np.where(self.narrow, wanted / self.delta, 0.0), r)
        self.problem.hold_fixed(r)
        dx = self.system.solve(r)
        y = np.zeros(self.both.n_rows)
        if self.factor is not None:
            y[~self.narrow] = cho_solve(self.factor, self.wide.values(dx) - wanted[~self.narrow], check_finite=False)
            dx -= np.tensordot(y[~self.narrow], self.columns, axes=1)
        y[self.narrow] = ((self.both.values(dx) - wanted) / self.delta)[self.narrow]
        return dx, y[: self.n_rows]

    def solve(self, r_x: FloatArray, r_h: FloatArray, enough: float) -> tuple[FloatArray, FloatArray]:
        """The curvature is whole: nothing is left to correct."""
        return self.solve_roughly(r_x, r_h)
