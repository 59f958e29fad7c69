r"""Interior point for many chains of slots that meet in a few nonlinear rows.

.. math::

    \min\ c^T x + \tfrac12 \sum_q \omega_q (a_q^T x - d_q)^2 \quad \text{s.t.} \quad
    a_r^T x \le b_r, \quad S x \le b_S, \quad h_k(x) \le 0

The forms a touch one slot each; the rows S and h couple slots of many chains. A Newton step of the primal-dual
conditions, with slacks s and multipliers z of the limits, s_h and lambda of the rows, eliminates ds and dz:

.. math::

    (M + H)\, dx + G^T d\lambda = r_x, \qquad G\, dx - (s_h / \lambda + \delta_h)\, d\lambda = r_h, \qquad
    M = \sum_q \omega_q a_q a_q^T + \sum_r \frac{1}{s_r / z_r + \delta} a_r a_r^T

with the curvature H of :math:`\lambda^T h`. On request, limits give way by :math:`\delta\, dz` and rows by
:math:`\delta_h\, d\lambda` in a step (proximal terms as in Friedlander and Orban 2012, doi 10.1007/s12532-012-0035-2):
limits that leave each other no room, such as a line that can just carry what the drivers need, would otherwise make M
so stiff that rounding spoils the step. What is given vanishes with the steps.

`elimination.py` chooses how to solve it: chain by chain, with work that grows with the slots and with the active rows,
or period by period; simplex and sparse LU both suffer where hundreds of EVs meet in one limit.
Predictor and corrector as in Mehrotra 1992 (doi 10.1137/0802028); on request, period by period, where a solve takes a
small part of the time of a factorisation, further correctors as in Gondzio 1996 (doi 10.1007/BF00249643).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.solvers.chains import step_kernels
from pandapower_evflex.solvers.chains.certificate import certified_gap
from pandapower_evflex.solvers.chains.elimination import Elimination
from pandapower_evflex.solvers.chains.forms import Rows
from pandapower_evflex.solvers.chains.problem import ChainPoint, ChainProblem, Coupling, System

#: longest step, as a share of the way to the nearest bound
TO_BOUNDARY = 0.995
MAX_ITERATIONS = 100
#: least slack of h and of the sums at the start
LEAST_ROW_SLACK = 0.05
#: distance, in multiples of the target, at which an iterate counts as converged even if it improves no further
NEARLY = 20.0
#: certified gap, in multiples of the target, that is good enough
CERTIFIED = 5.0
#: number of iterations spent, once converged, on the last digits and on a certificate
MAX_LATE = 4
#: largest residual h + s_h that a step may leave; a step that leaves more, and more than twice the residual before it,
#: is halved
LARGEST_CURVED_RESIDUAL = 0.1
MAX_HALVINGS = 10
#: step length below which a centring step is taken if it is longer: pairs s z far below their mean block the other one
SHORT = 0.1
#: pairs s z that are all above this share of their mean need no centring: the step taken then lowers them to the next
#: share of it, or a point on the path would stay where it is
CENTRAL, LESS = 0.5, 0.7
#: correctors for a longer step (Gondzio 1996, doi 10.1007/BF00249643): their number, the step that is long enough, how
#: much longer it should get, the share of that that a corrector must bring, and the least share of the aim for s z
MAX_CORRECTORS, LONG, FARTHER, LEAST_GAIN, NEAR_AIM = 2, 0.9, 0.3, 0.1, 0.1
#: aim for s z, in multiples of the last one, up to which there are none: what is left then is rounding
FAR_FROM_END = 100.0
#: largest slack given to a row that joins violated; later it is the mean of s z if that is smaller, because steps are
#: short by then and cannot remove more
JOINING_SLACK = 0.01
#: violation of a joining row up to which small pairs s z stay as they are: one or two steps remove it
JOINS_KEPT = 1e-4
#: what limits [kW per unit of z] and rows give way on request, for an objective in kW: less leaves some congested days
#: without a certificate, more takes many more steps to vanish
GIVE, GIVE_ROWS = 1e-5, 1e-11
#: least s z, to avoid a division by zero
TINY = 1e-300
#: number of iterations without 10 % of progress after which the solve has stalled on rounding
MAX_STALL = 12
#: distance, in multiples of the best one once that is `NEARLY` reached, at which rounding has spoilt forms that see far
LOST = 200.0
#: error that an inexact step may cost, in multiples of the target for s z
INEXACT = 3.0


def solve_chains(
    problem: ChainProblem,
    coupling: Coupling,
    x: FloatArray,
    *,
    relative_gap: float,
    feasibility: float,
    slack_start: float = 1.0,
    root_start: float | None = None,
    correctors: bool = False,
    gives: bool = False,
    keep_going: Callable[[], bool] = lambda: True,
) -> ChainPoint:
    """Solve from x, which need not be feasible but must have a power flow.

    Parameters
    ----------
    relative_gap : float   sum of s z in shares of the objective; the gap certified if the h are convex may be a few
                           times that
    feasibility : float    absolute, of every row
    slack_start : float    least slack at the start: small where x is nearly feasible
    root_start : float     multipliers start at this over the root of their slack, which evens out the pairs s z; None:
                           at 1
    correctors : bool      Gondzio's too, where they are cheap; they may cost the last digits, and a certificate
    gives : bool           limits give way in a step, for an objective in kW
    keep_going : function  asked before each iteration; False stops with status "stopped"

    Returns
    -------
    ChainPoint    status "optimal"; "converged": the conditions hold without a certificate; or "stalled", "stopped",
                  "iteration_limit", "failed"
    """
    system = problem.system()
    elimination = Elimination(problem)
    point = _start(problem, coupling, x, slack_start, root_start)
    if point is None:
        nothing = np.empty(0)
        return ChainPoint(x, nothing, nothing, nothing, nothing, nothing, Rows.none(), "failed")
    point.elimination = elimination.stats
    if gives:
        point.give, point.give_rows = GIVE, GIVE_ROWS
    close: ChainPoint | None = None
    best, stall, late = np.inf, 0, 0
    for number in range(MAX_ITERATIONS + 1):
        n = len(point.s) + len(point.s_h)
        total = float(point.s @ point.z + point.s_h @ point.lam)
        point.iterations, point.mu = number, total / max(n, 1)
        residual = _residuals(problem, point)
        gap = relative_gap * max(1.0, abs(problem.objective(point.x)))
        point.distance = distance = max(total / gap, residual.primal / feasibility)
        late += distance <= NEARLY
        if distance <= 1.0 or late > MAX_LATE:
            point.gap = certified_gap(problem, system, point, CERTIFIED * gap)
            certified = point.gap <= CERTIFIED * max(distance, 1.0) * gap
            if certified or late > MAX_LATE:
                point.status = "optimal" if certified else "converged"
                return point
        stall = 0 if distance < 0.9 * best else stall + 1
        if distance < best:
            best, close = distance, replace(point)
        is_lost = problem.ahead and best <= NEARLY and distance > LOST * best
        if stall > MAX_STALL or is_lost:
            return _closest(problem, system, close, number, "stalled")
        if number == MAX_ITERATIONS or not keep_going():
            status = "iteration_limit" if number == MAX_ITERATIONS else "stopped"
            return _closest(problem, system, close, number, status)
        with np.errstate(over="ignore", invalid="ignore"):  # a step that is not finite is refused below
            step = _newton_step(problem, coupling, elimination, point, residual, 0.2 * gap / max(n, 1), correctors)
        if step is None or not _advance(problem, coupling, point, step):
            return _closest(problem, system, close, number, "failed")
    raise AssertionError("unreachable")


def _closest(
    problem: ChainProblem, system: System, point: ChainPoint | None, iterations: int, status: str
) -> ChainPoint:
    """The best iterate so far: where a limit leaves almost no room, rounding can spoil the last ones."""
    assert point is not None
    gap = certified_gap(problem, system, point, 0.0)
    status = "converged" if point.distance <= NEARLY else status
    return replace(point, gap=gap, iterations=iterations, status=status)


@dataclass(frozen=True)
class _Residuals:
    r_x: FloatArray  #: gradient of the Lagrangian [n_slot, m + k]
    r_a: FloatArray  #: a x + s - b
    r_h: FloatArray  #: h + s_h
    primal: float  #: largest of r_a and r_h


@dataclass(frozen=True)
class _Step:
    x: FloatArray
    s: FloatArray
    z: FloatArray
    s_h: FloatArray
    lam: FloatArray
    fastest: tuple[float, float]  #: how fast slacks, and multipliers, go to 0; 1: within this step

    def lengths(self, share: float) -> tuple[float, float]:
        """Largest steps that keep slacks, and multipliers, positive."""
        primal, dual = (min(1.0, share / fastest) if fastest > 0.0 else 1.0 for fastest in self.fastest)
        return primal, dual


def _fastest(value: FloatArray, change: FloatArray) -> float:
    return float(np.max(-change / value, initial=0.0))


def _evaluated(problem: ChainProblem, coupling: Coupling, x: FloatArray) -> tuple[FloatArray, Rows] | None:
    """Sums first, then the coupling rows."""
    coupled = coupling.evaluate(x)
    if coupled is None:
        return None
    h, rows = coupled
    if not problem.sums.n_rows:
        return h, rows
    return np.concatenate([problem.sums.values(x) - problem.sums_b, h]), Rows.join([problem.sums, rows])


def _start(
    problem: ChainProblem, coupling: Coupling, x: FloatArray, least: float, root: float | None = None
) -> ChainPoint | None:
    """Slacks as they are but for the smallest, multipliers of the order of the objective's coefficients."""
    evaluated = _evaluated(problem, coupling, x)
    if evaluated is None:
        return None
    h, rows = evaluated
    s, s_h = np.maximum(problem.b - problem.limits.values(x), least), np.maximum(-h, min(least, LEAST_ROW_SLACK))
    z, lam = (np.ones_like(part) if root is None else root / np.sqrt(part) for part in (s, s_h))
    return ChainPoint(x.copy(), s, z, s_h, lam, h, rows)


def _residuals(problem: ChainProblem, point: ChainPoint) -> _Residuals:
    r_x = problem.gradient(point.x, point.z, point.rows, point.lam)
    r_a = problem.limits.values(point.x) + point.s - problem.b
    r_h = point.h + point.s_h
    primal = max(np.max(np.abs(r_a), initial=0.0), np.max(np.abs(r_h), initial=0.0))
    return _Residuals(r_x, r_a, r_h, float(primal))


def _newton_step(
    problem: ChainProblem,
    coupling: Coupling,
    elimination: Elimination,
    point: ChainPoint,
    residual: _Residuals,
    mu_end: float,
    correctors: bool = False,
) -> _Step | None:
    """Predictor and corrector with one factorisation; None where it fails."""
    solver = elimination.factorised(point, coupling)
    if solver is None:
        return None
    w = point.stiffness
    n = len(point.s) + len(point.s_h)

    def step(sz: FloatArray, sz_h: FloatArray, enough: float) -> _Step:
        """A step towards s z = sz; ``enough`` is what its error may cost, inf: a rough one will do."""
        r_x, dz, ds = -residual.r_x, np.empty_like(w), np.empty_like(w)
        limits = problem.limits.for_kernels(r_x.shape[1])
        step_kernels.push(*limits, point.s, point.z, w, residual.r_a, sz, dz, r_x)
        problem.hold_fixed(r_x)
        r_h = -residual.r_h + point.s_h - sz_h / point.lam
        dx, d_lam = solver.solve(r_x, r_h, enough) if np.isfinite(enough) else solver.solve_roughly(r_x, r_h)
        of_limits = step_kernels.follow(*limits, dx, point.s, point.z, w, residual.r_a, point.give, dz, ds)
        ds_h = -residual.r_h - point.rows.values(dx) + point.give_rows * d_lam
        of_rows = _fastest(point.s_h, ds_h), _fastest(point.lam, d_lam)
        primal, dual = map(max, of_limits, of_rows)
        return _Step(dx, ds, dz, ds_h, d_lam, (primal, dual))

    affine = step(np.zeros_like(point.s), np.zeros_like(point.s_h), np.inf)
    primal, dual = affine.lengths(1.0)
    after = (point.s + primal * affine.s) @ (point.z + dual * affine.z)
    after += (point.s_h + primal * affine.s_h) @ (point.lam + dual * affine.lam)
    aim = max(min(1.0, (float(after) / n / point.mu) ** 3) * point.mu, mu_end)
    sz, sz_h, enough = aim - affine.s * affine.z, aim - affine.s_h * affine.lam, INEXACT * n * aim
    full = step(sz, sz_h, enough)
    if correctors and solver.solves_are_cheap and aim > FAR_FROM_END * mu_end:
        full = _corrected(point, full, sz, sz_h, aim, lambda sz, sz_h: step(sz, sz_h, enough))
    if min(full.lengths(TO_BOUNDARY)) < SHORT:
        least = min(np.min(point.s * point.z, initial=np.inf), np.min(point.s_h * point.lam, initial=np.inf))
        aim = point.mu * (LESS if least > CENTRAL * point.mu else 1.0)
        central = step(np.full_like(point.s, aim), np.full_like(point.s_h, aim), INEXACT * n * aim)
        if min(central.lengths(TO_BOUNDARY)) > min(full.lengths(TO_BOUNDARY)):
            full = central
    return full if np.isfinite(full.x).all() and np.isfinite(full.z).all() else None


def _corrected(
    point: ChainPoint,
    full: _Step,
    sz: FloatArray,
    sz_h: FloatArray,
    aim: float,
    step: Callable[[FloatArray, FloatArray], _Step],
) -> _Step:
    """The step towards pairs s z = sz, corrected for those that would be far from the aim if it were longer."""

    def correction(sz: FloatArray) -> FloatArray:
        return np.maximum(np.clip(sz, NEAR_AIM * aim, aim / NEAR_AIM) - sz, -aim / NEAR_AIM)

    for _ in range(MAX_CORRECTORS):
        primal, dual = full.lengths(1.0)
        if min(primal, dual) > LONG:
            break
        a, b = min(1.0, primal + FARTHER), min(1.0, dual + FARTHER)
        sz = sz + correction((point.s + a * full.s) * (point.z + b * full.z))
        sz_h = sz_h + correction((point.s_h + a * full.s_h) * (point.lam + b * full.lam))
        longer = step(sz, sz_h)
        if sum(longer.lengths(1.0)) < primal + dual + LEAST_GAIN * (a - primal + b - dual):
            break
        full = longer
    return full


def _advance(problem: ChainProblem, coupling: Coupling, point: ChainPoint, step: _Step) -> bool:
    """Take the step, halved until there is a power flow and curved rows do not run away.

    Rows that join get a central slack and multiplier.
    """
    primal, dual = step.lengths(TO_BOUNDARY)
    n = len(point.h)
    allowed = max(2.0 * float(np.max(np.abs(point.h + point.s_h), initial=0.0)), LARGEST_CURVED_RESIDUAL)
    for number in range(MAX_HALVINGS):
        evaluated = _evaluated(problem, coupling, point.x + primal * step.x)
        if evaluated is not None:
            residual = float(np.max(np.abs(evaluated[0][:n] + point.s_h + primal * step.s_h), initial=0.0))
            if residual <= allowed or number == MAX_HALVINGS - 1:
                break
        primal *= 0.5
    if evaluated is None:
        return False
    point.x = point.x + primal * step.x
    point.h, point.rows = evaluated
    point.s, point.z = point.s + primal * step.s, point.z + dual * step.z
    point.s_h, point.lam = point.s_h + primal * step.s_h, point.lam + dual * step.lam
    point.mu = _lift_for(point, float(np.max(point.h[n:], initial=0.0)))
    s_joined = np.maximum(-point.h[n:], min(point.mu, JOINING_SLACK))
    point.s_h = np.concatenate([point.s_h, s_joined])
    point.lam = np.concatenate([point.lam, point.mu / s_joined])
    return True


def _lift_for(point: ChainPoint, violation: float) -> float:
    """The mean of s z, raised where a row joins violated: small pairs would block every step that could repair it."""
    mu = min(violation, JOINING_SLACK)
    if mu <= JOINS_KEPT or mu <= point.mu:
        return point.mu
    point.s, point.z = _lifted(point.s, point.z, mu)
    point.s_h, point.lam = _lifted(point.s_h, point.lam, mu)
    return mu


def _lifted(s: FloatArray, z: FloatArray, mu: float) -> tuple[FloatArray, FloatArray]:
    """Pairs with s z of at least mu; the smaller of the two factors is raised."""
    factor = np.maximum(mu / np.maximum(s * z, TINY), 1.0)
    return np.where(s < z, s * factor, s), np.where(s < z, z, z * factor)
