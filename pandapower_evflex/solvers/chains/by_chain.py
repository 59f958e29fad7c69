r"""The linear system of one Newton step, chain by chain; its size is that of the active rows.

.. math::

    \begin{pmatrix} M + V \sigma V^T + R & G^T \\ G & -(s / \lambda + \delta) \end{pmatrix}
    \begin{pmatrix} dx \\ d\lambda \end{pmatrix} = \begin{pmatrix} r_x \\ r_h \end{pmatrix}

with what a row gives way, delta (see `interior_point.py`). A solve with M costs O(slots) (`ChainSystem`). With
W = (G, V) and Delta = (s / lambda + delta, 1 / sigma) what is left is one dense system of the size of the active rows,
whatever the number of chains:

.. math:: (W M^{-1} W^T + \Delta)\, y = W M^{-1} r_x - r, \qquad dx = M^{-1} (r_x - W^T y)

V holds only the few strongest modes of the curvature of h. The remainder R enters by conjugate gradients with the
system above as preconditioner, where a bound on R stands in M; this keeps the second row exactly, so the method applies
to the first. Without R the steps are too long in the directions in which neither a limit nor a mode holds them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.solvers.chains.forms import Forms, Rows
from pandapower_evflex.solvers.chains.problem import ChainPoint, ChainProblem, Curvature, System

MAX_CG_ITERATIONS = 40
#: share of the error of the first row at which conjugate gradients stop; the next Newton step removes the rest
CG_REDUCTION = 0.2
#: the same where forms see far and no squares hold x: errors that cost nothing move it, and that bends the rows
CG_REDUCTION_AHEAD = 0.01
#: how a step is counted: cost of an addition to the dense system, solves per step, multiplications per slot and solve,
#: and the cost of them all against those of dense fronts
SCATTERED, USUAL_SOLVES, PER_SLOT, AGAINST_DENSE = 8.0, 10, 20, 2.5
#: relative increases of the diagonal of the dense system, tried in turn until it factorises
SHIFTS = (0.0, 1e-12, 1e-9, 1e-6)


class ByChain:
    """Chains first, then the rows."""

    def __init__(self, problem: ChainProblem) -> None:
        self._problem, self._n_periods = problem, len(np.unique(problem.period))
        self._system = problem.system()

    def operations(self, n_rows: int) -> float:
        """Multiplications of one Newton step with rows and modes that touch all slots of one period each.

        Weighted to compare with those of `Fronts.operations`: on 60 to 240 EVs one of these took 2 to 3 times as long.
        """
        n_slots, n_chains = len(self._problem.period), int(np.sum(~self._problem.follows))
        of_chain = n_rows * n_slots / max(n_chains * self._n_periods, 1)
        added = SCATTERED * n_chains * of_chain**2 / 2.0
        solves = USUAL_SOLVES * (n_rows**2 + PER_SLOT * n_slots)
        return AGAINST_DENSE * (added + n_rows**3 / 6.0 + solves)

    def factorised(self, point: ChainPoint, curvature: Curvature) -> FactorisedByChain | None:
        """None where the system is singular to rounding."""
        problem, system = self._problem, self._system
        weight = [point.stiffness, problem.weight, curvature.bound_weight]
        system.factorise(Forms.join([problem.limits, problem.squares, curvature.bound]), np.concatenate(weight))
        both = Rows.join([point.rows, curvature.modes, problem.shared])
        factor = None
        if both.n_rows:
            schur = system.schur(both, problem.sums.n_rows)
            schur[np.diag_indices_from(schur)] += np.concatenate(
                [point.softness_of_rows, 1.0 / curvature.sigma, 1.0 / problem.shared_weight]
            )
            factor = cholesky(schur)
            if factor is None:
                return None
        return FactorisedByChain(problem, system, both, len(point.h), factor, curvature)


@dataclass(frozen=True)
class FactorisedByChain:
    """The system above, factorised.

    Parameters
    ----------
    system                         M and the bound on R, factorised
    both : Rows                    G and V, and the shared squares
    n_rows : int                   of G
    factor : Cholesky factor       of W M^-1 W^T + Delta, None without rows
    """

    problem: ChainProblem
    system: System
    both: Rows
    n_rows: int
    factor: tuple[FloatArray, bool] | None
    curvature: Curvature

    @property
    def solves_are_cheap(self) -> bool:
        """Conjugate gradients take several."""
        return False

    def solve_roughly(self, r_x: FloatArray, r_h: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(dx, dlam) with the bound in place of R."""
        dx = self.system.solve(r_x)
        if self.factor is None:
            return dx, np.empty(0)
        wanted = self.both.values(dx)
        wanted[: self.n_rows] -= r_h
        y = cho_solve(self.factor, wanted, check_finite=False)
        r_x = r_x.copy()
        self.both.add_transposed(-y, r_x)
        self.problem.hold_fixed(r_x)
        return self.system.solve(r_x), y[: self.n_rows]

    def solve(self, r_x: FloatArray, r_h: FloatArray, enough: float) -> tuple[FloatArray, FloatArray]:
        """(dx, dlam) with R, until the error of the first row costs no more than ``enough``."""
        dx, d_lam = self.solve_roughly(r_x, r_h)
        if not len(self.curvature.bound):
            return dx, d_lam
        r = -self._remainder(dx)
        p, p_lam, kp = np.zeros_like(dx), np.zeros_like(d_lam), np.zeros_like(dx)
        rz_before, width = 1.0, self.problem.high - self.problem.low  # what an error of the first row costs per unit
        is_loose = self.problem.ahead and not len(self.problem.squares)
        reduction = CG_REDUCTION_AHEAD if is_loose else CG_REDUCTION
        enough = max(enough, reduction * float(np.sum(np.abs(r) * width)))
        for number in range(MAX_CG_ITERATIONS):
            if float(np.sum(np.abs(r) * width)) <= enough:
                break
            z, z_lam = self.solve_roughly(r, np.zeros(self.n_rows))
            rz = float(np.sum(r * z))
            beta = rz / rz_before if number else 0.0
            p, p_lam, kp = z + beta * p, z_lam + beta * p_lam, r + self._remainder(z) + beta * kp
            curved = float(np.sum(p * kp))
            if rz <= 0.0 or curved <= 0.0:  # only rounding is left
                break
            alpha = rz / curved
            dx, d_lam, r = dx + alpha * p, d_lam + alpha * p_lam, r - alpha * kp
            rz_before = rz
        return dx, d_lam

    def _remainder(self, x: FloatArray) -> FloatArray:
        """(R - bound) x"""
        bound = self.curvature.bound
        y = self.curvature.remainder(x)
        bound.add_transposed(-self.curvature.bound_weight * bound.values(x), y)
        self.problem.hold_fixed(y)
        return y


def cholesky(a: FloatArray) -> tuple[FloatArray, bool] | None:
    """The factor; where rounding has made the matrix indefinite, that of a slightly larger diagonal."""
    diagonal = np.diag(a).copy()
    for shift in SHIFTS:
        a[np.diag_indices_from(a)] = diagonal * (1.0 + shift)
        try:
            return cho_factor(a, lower=True, check_finite=False)
        except LinAlgError:
            continue
    return None
