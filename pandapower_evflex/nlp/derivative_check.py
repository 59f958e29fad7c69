"""Jacobian and Hessian of a problem against central differences: a tool for tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.nlp.problem import Problem

#: balances the truncation of central differences, O(h^2), with rounding, O(eps / h)
STEP = 6e-6


@dataclass(frozen=True)
class DerivativeErrors:
    """Largest deviation from the differences, relative to max(1, largest entry)."""

    gradient: float
    jacobian: float
    hessian: float


def derivative_errors(problem: Problem, x: FloatArray, multipliers: FloatArray) -> DerivativeErrors:
    """Compare all derivatives at ``x`` with central differences; dense, so for small problems."""

    def lagrangian_gradient(y: FloatArray) -> FloatArray:
        return problem.gradient(y) + _dense_jacobian(problem, y).T @ multipliers

    gradient = np.array([_central(lambda y: np.array([problem.objective(y)]), x, i)[0] for i in range(problem.n)])
    jacobian = np.stack([_central(problem.constraints, x, i) for i in range(problem.n)], axis=1)
    hessian = np.stack([_central(lagrangian_gradient, x, i) for i in range(problem.n)], axis=1)
    return DerivativeErrors(
        gradient=_relative(problem.gradient(x), gradient),
        jacobian=_relative(_dense_jacobian(problem, x), jacobian),
        hessian=_relative(_dense_hessian(problem, x, multipliers), hessian),
    )


def _central(function, x: FloatArray, i: int) -> FloatArray:
    h = STEP * max(1.0, abs(x[i]))
    up, down = x.copy(), x.copy()
    up[i] += h
    down[i] -= h
    return (function(up) - function(down)) / (up[i] - down[i])


def _dense_jacobian(problem: Problem, x: FloatArray) -> FloatArray:
    rows, columns = problem.jacobian_structure()
    return coo_array((problem.jacobian(x).copy(), (rows, columns)), shape=(problem.m, problem.n)).toarray()


def _dense_hessian(problem: Problem, x: FloatArray, multipliers: FloatArray) -> FloatArray:
    rows, columns = problem.hessian_structure()
    values = problem.hessian(x, multipliers, 1.0).copy()
    lower = coo_array((values, (rows, columns)), shape=(problem.n, problem.n)).toarray()
    return lower + np.tril(lower, -1).T


def _relative(found: FloatArray, expected: FloatArray) -> float:
    return float(np.max(np.abs(found - expected), initial=0.0) / max(1.0, np.max(np.abs(expected), initial=0.0)))
