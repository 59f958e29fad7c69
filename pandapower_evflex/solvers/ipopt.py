"""Solves a problem by Ipopt (Waechter, Biegler 2006, doi 10.1007/s10107-004-0559-y); the only import of cyipopt."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import numpy as np

from pandapower_evflex.arrays import FloatArray, IntArray
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.nlp.problem import Problem
from pandapower_evflex.solvers.result import SolverResult, Status

try:
    import cyipopt
except ImportError:  # there are platforms without a wheel, and the fast method needs none
    cyipopt = None

logger = logging.getLogger(__name__)

#: 1 is "acceptable", in the sharp sense of the options below
_STATUS: dict[int, Status] = {0: "optimal", 1: "optimal", 2: "infeasible"}
#: statuses of a limit that was reached; cyipopt 1.7 has no words for the last
_LIMITS = {-1: "max_iter", -4: "max_cpu_time", -5: "max_wall_time"}
_WORDS = {-5: "Maximum wallclock time exceeded."}

DEFAULT_OPTIONS: dict[str, Any] = {
    "print_level": 0,
    "sb": "yes",  # no banner
    "option_file_name": "",  # an ipopt.opt in the working directory would win over what is set here
    # the automatic choice falls to METIS, which not every build holds; AMD measured fastest
    "mumps_pivot_order": 0,
    # a full battery leaves no interior at 0, and the default 1e-8 shifts an optimum with a binding voltage by 3e-7
    "bound_relax_factor": 1e-10,
    # a current limit on a line of a metre has curvature 1e9, so rounding keeps the dual infeasibility of its voltages
    # near 1e-7: stop there, but only with feasibility and complementarity (the gap, in kW per bound) as sharp as ever
    "acceptable_iter": 5,
    "acceptable_tol": 1e-6,
    "acceptable_dual_inf_tol": 1e-5,
    "acceptable_constr_viol_tol": 1e-8,
    "acceptable_compl_inf_tol": 1e-8,
    "acceptable_obj_change_tol": 1e-8,
    # slacks and multipliers of EV powers in kW are of order 10 and 1 at the start; 0.1 needs a third more iterations
    "mu_init": 10.0,
    "max_iter": 500,
}


HOW_TO_INSTALL = "`pip install cyipopt-wheels`, or in conda `conda install -c conda-forge cyipopt`"


def is_installed() -> bool:
    """Whether `solve` can be called."""
    return cyipopt is not None


def solve(
    problem: Problem,
    *,
    tol: float = 1e-8,
    options: Mapping[str, Any] | None = None,
    start: FloatArray | None = None,
    on_iteration: Callable[[int], None] | None = None,
) -> SolverResult:
    """Minimise the problem from ``start`` (None: its own start).

    Parameters
    ----------
    tol : float                relative to the scaled problem; Ipopt's dual tolerance is absolute, so keep the
                               objective's terms of order one
    options : mapping          Ipopt options, over the defaults above
    on_iteration : callable    gets the iteration count; an exception raised there ends the solve
    """
    callbacks = _Callbacks(problem, on_iteration)
    nlp = cyipopt.Problem(
        n=problem.n,
        m=problem.m,
        problem_obj=callbacks,
        lb=problem.x_lower,
        ub=problem.x_upper,
        cl=problem.g_lower,
        cu=problem.g_upper,
    )
    for name, value in {**DEFAULT_OPTIONS, "tol": float(tol), **(options or {})}.items():
        try:
            nlp.add_option(name, value)
        except TypeError:
            remedy = "name one that this build of Ipopt has"
            fault = Fault("run_flexibility_opf", "solver_options", (), f"{name}={value!r}", "is not known", remedy)
            raise InvalidInputError([fault]) from None
    x, info = nlp.solve(problem.x_start if start is None else start)
    if callbacks.interruption is not None:
        raise callbacks.interruption
    code, words = info["status"], info["status_msg"]
    message = _WORDS.get(code, words.decode() if isinstance(words, bytes) else str(words))
    logger.debug("Ipopt: %s after %d iterations", message, callbacks.iterations)
    return SolverResult(
        x=x,
        multipliers=np.asarray(info["mult_g"]),
        bound_multipliers=np.asarray(info["mult_x_U"]) - np.asarray(info["mult_x_L"]),
        status="iteration_limit" if code in _LIMITS else _STATUS.get(code, "failed"),
        stopped_by=_LIMITS.get(code, ""),
        message=message,
        objective=float(info["obj_val"]),
        iterations=callbacks.iterations,
    )


def _kept(callback: Callable[..., Any]) -> Callable[..., Any]:
    """Makes every exception, Ctrl-C above all, end the solve: cyipopt loses those that the Hessian raises."""

    @wraps(callback)
    def keeping(self: _Callbacks, *arguments: Any) -> Any:
        try:
            return callback(self, *arguments)
        except BaseException as interruption:
            self.interruption = interruption
            raise

    return keeping


class _Callbacks:
    """The problem under the names that cyipopt calls."""

    def __init__(self, problem: Problem, on_iteration: Callable[[int], None] | None) -> None:
        self._problem = problem
        self._on_iteration = on_iteration
        self.iterations = 0
        self.interruption: BaseException | None = None

    @_kept
    def objective(self, x: FloatArray) -> float:
        return self._problem.objective(x)

    @_kept
    def gradient(self, x: FloatArray) -> FloatArray:
        return self._problem.gradient(x)

    @_kept
    def constraints(self, x: FloatArray) -> FloatArray:
        return self._problem.constraints(x)

    def jacobianstructure(self) -> tuple[IntArray, IntArray]:
        return self._problem.jacobian_structure()

    @_kept
    def jacobian(self, x: FloatArray) -> FloatArray:
        return self._problem.jacobian(x)

    def hessianstructure(self) -> tuple[IntArray, IntArray]:
        return self._problem.hessian_structure()

    @_kept
    def hessian(self, x: FloatArray, multipliers: FloatArray, objective_factor: float) -> FloatArray:
        return self._problem.hessian(x, multipliers, objective_factor)

    def intermediate(self, alg_mod: int, iter_count: int, *_: float) -> bool:
        self.iterations = iter_count
        if self.interruption is not None or self._on_iteration is None:
            return self.interruption is None
        try:
            self._on_iteration(iter_count)
        except BaseException as interruption:  # C code is on the stack: hand Ctrl-C over after Ipopt has returned
            self.interruption = interruption
            return False
        return True


def version() -> str:
    """Versions of Ipopt and of its Python interface."""
    return f"Ipopt {'.'.join(str(part) for part in cyipopt.IPOPT_VERSION)}, cyipopt {cyipopt.__version__}"
