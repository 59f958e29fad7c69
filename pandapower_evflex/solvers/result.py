"""What a solver says, whatever solver it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pandapower_evflex.arrays import FloatArray

Status = Literal["optimal", "infeasible", "iteration_limit", "failed"]


@dataclass(frozen=True)
class SolverResult:
    """Solution of a problem.

    Parameters
    ----------
    x : float [n]              last point, the solution when ``status`` is "optimal"
    multipliers : float [m]    of the constraint rows, positive where the upper side binds
    bound_multipliers : float [n]    of the bounds of x, likewise
    status : str
    stopped_by : str           the option whose limit ended it, "" for none
    message : str              the solver's own words
    objective : float
    iterations : int
    """

    x: FloatArray
    multipliers: FloatArray
    bound_multipliers: FloatArray
    status: Status
    stopped_by: str
    message: str
    objective: float
    iterations: int
