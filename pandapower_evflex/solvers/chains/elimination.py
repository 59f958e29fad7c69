"""Two orders of elimination for one Newton step; the one with fewer operations is taken.

Operations are counted, never timed: the same call takes the same way on every machine. They are counted anew at every
step, because rows join on the way: a congested day of 60 EVs begins with 92 rows and ends with 309.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.solvers.chains.by_chain import ByChain
from pandapower_evflex.solvers.chains.by_period import ByPeriod
from pandapower_evflex.solvers.chains.fronts import Fronts
from pandapower_evflex.solvers.chains.problem import ChainPoint, ChainProblem, Coupling


class Factorised(Protocol):
    """The system of `interior_point` at one point.

    solves_are_cheap : bool    a solve takes a small part of the time of the factorisation
    """

    @property
    def solves_are_cheap(self) -> bool: ...

    def solve(self, r_x: FloatArray, r_h: FloatArray, enough: float) -> tuple[FloatArray, FloatArray]:
        """(dx, dlam), until the error of the first row costs no more than ``enough``."""

    def solve_roughly(self, r_x: FloatArray, r_h: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(dx, dlam), with one solve."""


class Elimination:
    """Chain by chain (`by_chain.py`) or period by period (`by_period.py`).

    Forms that see further than one period leave no order by period.
    """

    def __init__(self, problem: ChainProblem) -> None:
        self._problem = problem
        self._by_chain = ByChain(problem)
        self._fronts: Fronts | None = None
        self._operations_by_period = np.inf
        if not problem.ahead:
            self._fronts = Fronts.of(problem.period, problem.follows, problem.free, problem.n_controls)
            self._operations_by_period = self._fronts.operations()
        self._by_period: ByPeriod | None = None
        #: how often each order was taken, and the operations of both at the last step; those by chain are counted only
        #: as far as the choice needs them
        self.stats: dict[str, Any] = {"by_period": 0, "by_chain": 0, "operations": {}}

    def factorised(self, point: ChainPoint, coupling: Coupling) -> Factorised | None:
        """By the order with fewer operations, by the other where rounding has spoilt that; None where it has both."""
        multipliers = point.lam[self._problem.sums.n_rows :]
        by_period, n_rows = self._operations_by_period, len(point.h) + self._problem.shared.n_rows
        by_chain = self._by_chain.operations(n_rows)  # without the modes of the curvature
        if by_chain < by_period:
            by_chain = self._by_chain.operations(n_rows + coupling.n_modes(multipliers))
        self.stats["operations"] = {"by_period": by_period, "by_chain": by_chain}
        if by_period <= by_chain:
            factorised = self._factorised_by_period(point, coupling, multipliers)
            if factorised is not None:
                return factorised
        self.stats["by_chain"] += 1
        factorised = self._by_chain.factorised(point, coupling.curvature(multipliers))
        if factorised is None and by_chain < by_period:
            return self._factorised_by_period(point, coupling, multipliers)
        return factorised

    def _factorised_by_period(
        self, point: ChainPoint, coupling: Coupling, multipliers: FloatArray
    ) -> Factorised | None:
        if self._fronts is None:
            return None
        self.stats["by_period"] += 1
        if self._by_period is None:
            self._by_period = ByPeriod(self._problem, self._fronts)
        return self._by_period.factorised(point, coupling.dense_curvature(multipliers))
