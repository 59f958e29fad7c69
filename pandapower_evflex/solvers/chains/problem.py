"""What the interior point over chains solves: linear limits of single slots, and rows that couple chains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.solvers.chains.banded import BandedSystem
from pandapower_evflex.solvers.chains.forms import Forms, Rows
from pandapower_evflex.solvers.chains.system import ChainSystem

#: linear algebra of chains
System = ChainSystem | BandedSystem


def _nothing() -> FloatArray:
    return np.empty(0)


@dataclass(frozen=True)
class ChainProblem:
    """The part of the problem without the network; c and x have a row per slot, with its m states and k controls.

    Parameters
    ----------
    follows : bool [n_slot], free : bool [n_slot, m]    see `ChainSystem`
    period : int [n_slot]              once per chain, in any order
    c : float [n_slot, m + k]
    limits : Forms, b : float          a x <= b
    low, high : float [n_slot, m + k]  box that contains every feasible x; it bounds what a dual residual can cost
    constant : float                   of the objective
    squares : Forms, weight, target    1/2 weight (a x - target)^2
    sums : Rows, sums_b : float        linear rows over many slots, sums x <= sums_b
    shared : Rows, shared_weight, shared_target    squares of rows over many slots
    """

    follows: BoolArray
    free: BoolArray
    period: IntArray
    c: FloatArray
    limits: Forms
    b: FloatArray
    low: FloatArray
    high: FloatArray
    constant: float = 0.0
    squares: Forms = field(default_factory=Forms.none)
    weight: FloatArray = field(default_factory=_nothing)
    target: FloatArray = field(default_factory=_nothing)
    sums: Rows = field(default_factory=Rows.none)
    sums_b: FloatArray = field(default_factory=_nothing)
    shared: Rows = field(default_factory=Rows.none)
    shared_weight: FloatArray = field(default_factory=_nothing)
    shared_target: FloatArray = field(default_factory=_nothing)

    @property
    def n_controls(self) -> int:
        return self.c.shape[1] - self.free.shape[1]

    @property
    def ahead(self) -> int:
        """How many slots further its forms see."""
        return self.limits.ahead

    def system(self) -> System:
        """The linear algebra of its chains."""
        if self.ahead:
            return BandedSystem(self.follows, self.free[:, 0], self.n_controls, self.ahead)
        return ChainSystem(self.follows, self.free, self.n_controls)

    def gradient(self, x: FloatArray, z: FloatArray, rows: Rows, lam: FloatArray) -> FloatArray:
        """Gradient of the Lagrangian by x [n_slot, m + k]; `rows` are the gradients of sums and h."""
        r = self.c.copy()
        self.limits.add_transposed(z, r)
        if len(self.squares):
            self.squares.add_transposed(self.weight * (self.squares.values(x) - self.target), r)
        if self.shared.n_rows:
            self.shared.add_transposed(self.shared_weight * (self.shared.values(x) - self.shared_target), r)
        rows.add_transposed(lam, r)
        self.hold_fixed(r)
        return r

    def hold_fixed(self, r: FloatArray) -> None:
        """No residual where a state is fixed."""
        r[:, : self.free.shape[1]][~self.free] = 0.0

    def objective(self, x: FloatArray) -> float:
        own = self.weight @ (self.squares.values(x) - self.target) ** 2
        shared = self.shared_weight @ (self.shared.values(x) - self.shared_target) ** 2
        return float(np.sum(self.c * x) + 0.5 * (own + shared) + self.constant)


@dataclass(frozen=True)
class Curvature:
    """Second derivative of sum of lambda h: V diag(sigma) V^T + R, both positive semidefinite.

    Parameters
    ----------
    modes : Rows, sigma : float [n_mode]
    bound : Forms, bound_weight      sum of weight times squares of forms, not below R
    remainder : function             R x, [n_slot, m + k]
    """

    modes: Rows
    sigma: FloatArray
    bound: Forms
    bound_weight: FloatArray
    remainder: Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class DenseCurvature:
    """The same as a dense matrix per block of forms: sum over blocks of a_i matrix[b, port_i, port_j] a_j^T.

    Parameters
    ----------
    forms : Forms, block, port : int [n_form]    in order of block; the forms of one block have one period
    matrix : float [n_block, n_port, n_port]     symmetric
    """

    forms: Forms
    block: IntArray
    port: IntArray
    matrix: FloatArray


class Coupling(Protocol):
    """The rows h(x) <= 0; once met, a row keeps its number."""

    def evaluate(self, x: FloatArray) -> tuple[FloatArray, Rows] | None:
        """h and its gradient at x; None where there is no power flow."""

    def curvature(self, multipliers: FloatArray) -> Curvature:
        """Curvature of the sum of multipliers times h, near the point that was evaluated last."""

    def n_modes(self, multipliers: FloatArray) -> int:
        """Number of its modes."""

    def dense_curvature(self, multipliers: FloatArray) -> DenseCurvature:
        """The same, in whole."""


@dataclass
class ChainPoint:
    """An iterate.

    Parameters
    ----------
    x : float [n_slot, m + k]
    s, z : float [n_limit]         slacks and multipliers of the limits
    s_h, lam : float [n_row]       the same of the sums and of the coupling rows, in this order
    h : float [n_row], rows        their values and gradients at x
    mu : float                     mean of s z
    distance : float               of s z and feasibility, in multiples of their targets; 1: reached
    gap : float                    absolute, certified if the h are convex; inf before
    elimination : dict             how often each order was taken, and their operations: see `Elimination.stats`
    give, give_rows : float        what a limit, and a row, gives way per unit of change of its multiplier in one step
    """

    x: FloatArray
    s: FloatArray
    z: FloatArray
    s_h: FloatArray
    lam: FloatArray
    h: FloatArray
    rows: Rows
    status: str = "iteration_limit"
    iterations: int = 0
    mu: float = np.nan
    distance: float = np.inf
    gap: float = np.inf
    elimination: dict[str, Any] = field(default_factory=dict)
    give: float = 0.0
    give_rows: float = 0.0

    @property
    def stiffness(self) -> FloatArray:
        """1 / (s / z + give), what the limits weigh in a Newton step [n_limit]."""
        return self.z / (self.s + self.give * self.z)

    @property
    def softness_of_rows(self) -> FloatArray:
        """s_h / lam + give_rows [n_row]"""
        return self.s_h / self.lam + self.give_rows
