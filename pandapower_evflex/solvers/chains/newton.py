r"""The linear system of one Newton step: chains, coupling rows, and the curvature of these.

.. math::

    \begin{pmatrix} M + V \sigma V^T + R & G^T \\ G & -s / \lambda \end{pmatrix}
    \begin{pmatrix} dx \\ d\lambda \end{pmatrix} = \begin{pmatrix} r_x \\ r_h \end{pmatrix}

A solve with M costs O(slots) (`ChainSystem`). With W = (G, V) and Delta = (s / lambda, 1 / sigma) what is left is one
dense system of the size of the active rows, whatever the number of chains:

.. math:: (W M^{-1} W^T + \Delta)\, y = W M^{-1} r_x - r, \qquad dx = M^{-1} (r_x - W^T y)

V holds only the few strongest modes of the curvature of h. The remainder R enters by conjugate gradients with the
system above as preconditioner, where a bound on R stands in M; this keeps the second row exactly, so the method applies
to the first. Without R the steps are too long in the directions in which neither a limit nor a mode holds them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.solvers.chains.problem import ChainPoint, ChainProblem, Curvature
from pandapower_evflex.solvers.chains.system import ChainSystem, Forms, Rows

MAX_CG_ITERATIONS = 40
#: share of the error of the first row at which conjugate gradients stop; the next Newton step removes the rest
CG_REDUCTION = 0.2
#: relative increases of the diagonal of the dense system, tried in turn until it factorises
SHIFTS = (0.0, 1e-12, 1e-9, 1e-6)


@dataclass(frozen=True)
class CoupledSolver:
    """The system above, factorised.

    Parameters
    ----------
    system : ChainSystem           M and the bound on R, factorised
    both : Rows                    G and V, and the shared squares
    n_rows : int                   of G
    factor : Cholesky factor       of W M^-1 W^T + Delta, None without rows
    fixed : bool [n_slot]          energies that no step moves
    curvature : Curvature
    width : float [n_slot, 3]      what an error of the first row can cost per unit
    """

    system: ChainSystem
    both: Rows
    n_rows: int
    factor: tuple[FloatArray, bool] | None
    fixed: BoolArray
    curvature: Curvature
    width: FloatArray

    @classmethod
    def build(
        cls, problem: ChainProblem, system: ChainSystem, point: ChainPoint, curvature: Curvature
    ) -> CoupledSolver | None:
        """None where the system is singular to rounding."""
        weight = [point.z / point.s, problem.weight, curvature.bound_weight]
        system.factorise(Forms.join([problem.limits, problem.squares, curvature.bound]), np.concatenate(weight))
        both = Rows.join([point.rows, curvature.modes, problem.shared])
        factor = None
        if both.n_rows:
            schur = system.schur(both, problem.sums.n_rows)
            schur[np.diag_indices_from(schur)] += np.concatenate(
                [point.s_h / point.lam, 1.0 / curvature.sigma, 1.0 / problem.shared_weight]
            )
            factor = _cholesky(schur)
            if factor is None:
                return None
        return cls(system, both, len(point.h), factor, ~problem.free, curvature, problem.high - problem.low)

    def solve(self, r_x: FloatArray, r_h: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(dx, dlam) with the bound in place of R."""
        dx = self.system.solve(r_x)
        if self.factor is None:
            return dx, np.empty(0)
        wanted = self.both.values(dx)
        wanted[: self.n_rows] -= r_h
        y = cho_solve(self.factor, wanted, check_finite=False)
        r_x = r_x.copy()
        self.both.add_transposed(-y, r_x)
        r_x[self.fixed, 0] = 0.0
        return self.system.solve(r_x), y[: self.n_rows]

    def solve_with_remainder(self, r_x: FloatArray, r_h: FloatArray, enough: float) -> tuple[FloatArray, FloatArray]:
        """(dx, dlam) with R, until the error of the first row costs no more than ``enough``."""
        dx, d_lam = self.solve(r_x, r_h)
        if not len(self.curvature.bound):
            return dx, d_lam
        r = -self._remainder(dx)
        p, p_lam, kp = np.zeros_like(dx), np.zeros_like(d_lam), np.zeros_like(dx)
        rz_before = 1.0
        enough = max(enough, CG_REDUCTION * float(np.sum(np.abs(r) * self.width)))
        for number in range(MAX_CG_ITERATIONS):
            if float(np.sum(np.abs(r) * self.width)) <= enough:
                break
            z, z_lam = self.solve(r, np.zeros(self.n_rows))
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
        y[self.fixed, 0] = 0.0
        return y


def _cholesky(a: FloatArray) -> tuple[FloatArray, bool] | None:
    """The factor; where rounding has made the matrix indefinite, that of a slightly larger diagonal."""
    diagonal = np.diag(a).copy()
    for shift in SHIFTS:
        a[np.diag_indices_from(a)] = diagonal * (1.0 + shift)
        try:
            return cho_factor(a, lower=True, check_finite=False)
        except LinAlgError:
            continue
    return None
