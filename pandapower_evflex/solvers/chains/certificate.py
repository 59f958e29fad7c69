"""A bound on what any feasible point can reach, from the multipliers of an interior point."""

from __future__ import annotations

import numpy as np

from pandapower_evflex.solvers.chains.problem import ChainPoint, ChainProblem, System

#: most corrections of the multipliers; each costs one solve, and five or six remove the residual
MAX_REPAIRS = 6
#: slacks below TINY and multipliers above HUGE are cut off there: beyond them is only rounding
TINY, HUGE = 1e-30, 1e30


def certified_gap(problem: ChainProblem, system: System, point: ChainPoint, enough: float) -> float:
    r"""How far the objective at x is from a bound that holds for every feasible point, if the h are convex.

    With any z >= 0 and lambda >= 0 and the gradient r of the Lagrangian at x, every feasible x' keeps

    .. math:: f(x') \ge f(x) - z^T (b - A x) + \lambda^T h(x) + r^T (x' - x)

    and x' lies in a box. What r costs is moved into z as far as that is cheaper, by least squares in the metric s / z.
    """
    z, best = point.z, np.inf
    room = problem.b - problem.limits.values(point.x)
    for _ in range(MAX_REPAIRS):
        r = problem.gradient(point.x, z, point.rows, point.lam)
        cost = np.where(r > 0.0, r * (point.x - problem.low), r * (point.x - problem.high))
        best = min(best, float(z @ room - point.lam @ point.h + np.maximum(cost, 0.0).sum()))
        if best <= enough:
            break
        weight = np.minimum(z, HUGE) / np.maximum(point.s, TINY)
        system.factorise(problem.limits, weight)
        with np.errstate(over="ignore", invalid="ignore"):  # weights of many decades can leave a system singular
            z = np.maximum(z + weight * problem.limits.values(system.solve(-r)), 0.1 * z)
        if not np.isfinite(z).all():
            break
    return best
