"""A nonlinear problem assembled from terms: values, sparse Jacobian and sparse Hessian of the Lagrangian.

minimise f(x)   subject to   g_lower <= g(x) <= g_upper,   x_lower <= x <= x_upper
"""

from __future__ import annotations

import numpy as np

from pandapower_evflex.arrays import FloatArray, IntArray
from pandapower_evflex.nlp.layout import Layout
from pandapower_evflex.nlp.term import Kernel, Term


class Problem:
    """Sums of terms, evaluated in place.

    Jacobian and Hessian are triplets; an entry may occur several times, and the solver adds duplicates up.

    Parameters
    ----------
    x, g : Layout                 variables and constraint rows
    objective : list of Term      all on row 0
    constraints : list of Term
    """

    def __init__(self, x: Layout, g: Layout, objective: list[Term], constraints: list[Term]) -> None:
        self.n, self.m = x.size, g.size
        self.x, self.g = x, g
        self.x_lower, self.x_upper, self.x_start = x.lower, x.upper, x.start
        self.g_lower, self.g_upper = g.lower, g.upper
        self._objective, self._constraints = objective, constraints
        self._jacobian = np.empty(sum(t.columns.size for t in constraints))
        self._curved = [t for t in (*objective, *constraints) if t.kernel.hessian is not None]
        self._in_objective = [any(t is o for o in objective) for t in self._curved]
        self._hessian = np.empty(sum(len(t.rows) * _triangle(t.kernel) for t in self._curved))

    def objective(self, x: FloatArray) -> float:
        return float(sum(_values(term, x).sum() for term in self._objective))

    def gradient(self, x: FloatArray) -> FloatArray:
        gradient = np.zeros(self.n)
        for term in self._objective:
            jacobian = np.empty(term.columns.shape)
            term.kernel.jacobian(x, term.columns, term.parameters, jacobian)
            gradient += np.bincount(term.columns.ravel(), jacobian.ravel(), minlength=self.n)
        return gradient

    def constraints(self, x: FloatArray) -> FloatArray:
        g = np.zeros(self.m)
        for term in self._constraints:
            g += np.bincount(term.rows, _values(term, x), minlength=self.m)
        return g

    def jacobian_structure(self) -> tuple[IntArray, IntArray]:
        """Rows and columns of the triplets, duplicates included."""
        rows = [np.repeat(t.rows, t.kernel.n_variables) for t in self._constraints]
        return _joined(rows), _joined([t.columns.ravel() for t in self._constraints])

    def jacobian(self, x: FloatArray) -> FloatArray:
        start = 0
        for term in self._constraints:
            stop = start + term.columns.size
            out = self._jacobian[start:stop].reshape(term.columns.shape)
            term.kernel.jacobian(x, term.columns, term.parameters, out)
            start = stop
        return self._jacobian

    def hessian_structure(self) -> tuple[IntArray, IntArray]:
        """Rows and columns of the lower triangle's triplets, duplicates included."""
        rows, columns = [], []
        for term in self._curved:
            first, second = np.tril_indices(term.kernel.n_variables)
            a, b = term.columns[:, first], term.columns[:, second]
            rows.append(np.maximum(a, b).ravel())
            columns.append(np.minimum(a, b).ravel())
        return _joined(rows), _joined(columns)

    def hessian(self, x: FloatArray, multipliers: FloatArray, objective_factor: float) -> FloatArray:
        start = 0
        for term, in_objective in zip(self._curved, self._in_objective, strict=True):
            n, triangle = len(term.rows), _triangle(term.kernel)
            out = self._hessian[start : start + n * triangle].reshape(n, triangle)
            weight = np.full(n, objective_factor) if in_objective else multipliers[term.rows]
            assert term.kernel.hessian is not None
            term.kernel.hessian(x, term.columns, term.parameters, weight, out)
            start += n * triangle
        return self._hessian


class ProblemBuilder:
    """Collects variables, rows and terms; every subject adds its own part."""

    def __init__(self) -> None:
        self.x, self.g = Layout(), Layout()
        self._objective: list[Term] = []
        self._constraints: list[Term] = []

    def add_term(self, kernel: Kernel, rows: IntArray, columns: IntArray, parameters: FloatArray) -> None:
        if len(rows):
            self._constraints.append(Term.of(kernel, rows, columns, parameters))

    def add_objective(self, kernel: Kernel, columns: IntArray, parameters: FloatArray) -> None:
        if len(columns):
            self._objective.append(Term.of(kernel, np.zeros(len(columns), dtype=np.int64), columns, parameters))

    def build(self) -> Problem:
        return Problem(self.x, self.g, self._objective, self._constraints)


def _values(term: Term, x: FloatArray) -> FloatArray:
    out = np.empty(len(term.rows))
    term.kernel.value(x, term.columns, term.parameters, out)
    return out


def _triangle(kernel: Kernel) -> int:
    return kernel.n_variables * (kernel.n_variables + 1) // 2


def _joined(parts: list[IntArray]) -> IntArray:
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
