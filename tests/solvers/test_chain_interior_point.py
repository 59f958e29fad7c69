"""The interior point finds what HiGHS and SLSQP find, and its bound is one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize

from pandapower_evflex.solvers.chains.certificate import certified_gap
from pandapower_evflex.solvers.chains.forms import Forms
from pandapower_evflex.solvers.chains.interior_point import solve_chains
from pandapower_evflex.solvers.chains.problem import ChainPoint
from pandapower_evflex.solvers.chains.system import ChainSystem
from tests.solvers.random_chains import Ball, LinearRows, box_problem, dense, dense_rows, random_rows

AIMS = {"relative_gap": 1e-7, "feasibility": 1e-8}


def solved(problem, coupling, start=0.5, **arguments):
    return solve_chains(problem, coupling, np.full(problem.c.shape, start), **AIMS, **arguments)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 10), st.booleans())
def test_a_linear_problem_has_the_optimum_of_highs(seed, n, has_room):
    """Also where limits give way to each other in a step, since the first of them leave one value."""
    rng = np.random.default_rng(seed)
    problem = box_problem(rng, n, n_limits=2 * n)
    if not has_room:
        held = problem.limits.of(np.arange(n))
        against = Forms(held.slot, -held.coefficient)
        at = held.values(np.full((n, 3), 0.5))
        b = np.concatenate([at, problem.b[n:], -at])
        problem = replace(problem, limits=Forms.join([problem.limits, against]), b=b)
    rows = random_rows(rng, 3, problem.follows)
    g = rows.values(np.full((n, 3), 0.5)) + 0.1
    point = solved(problem, LinearRows(rows, g), gives=not has_room)
    a = np.vstack([dense(problem.limits, n), dense_rows(rows, n)])
    best = linprog(problem.c.ravel(), a, np.concatenate([problem.b, g]), bounds=(None, None))
    assert point.status == "optimal"
    assert abs(problem.objective(point.x) - best.fun) <= 2e-7 * max(1.0, abs(best.fun))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_squares_and_a_curved_row_have_the_optimum_of_slsqp(seed):
    rng = np.random.default_rng(seed)
    problem = box_problem(rng, 4, n_limits=4, square=True)
    ball = Ball(np.full((4, 3), 0.5), 0.8)
    point = solved(problem, ball)
    a = dense(problem.limits, 4)
    reference = minimize(
        lambda x: problem.objective(x.reshape(4, 3)), np.full(12, 0.5), method="SLSQP",
        constraints=[
            {"type": "ineq", "fun": lambda x: problem.b - a @ x},
            {"type": "ineq", "fun": lambda x: -ball.evaluate(x.reshape(4, 3))[0]},
        ],
        options={"ftol": 1e-12, "maxiter": 500},
    )  # fmt: skip
    assert point.status == "optimal"
    assert abs(problem.objective(point.x) - reference.fun) < 1e-5


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_the_certified_bound_holds_for_any_multipliers(seed):
    """However bad the point, no feasible point is better than the bound."""
    rng = np.random.default_rng(seed)
    problem = box_problem(rng, 5, n_limits=5)
    rows = random_rows(rng, 2, problem.follows)
    coupling = LinearRows(rows, rows.values(np.full((5, 3), 0.5)) + 0.1)
    x = rng.uniform(0.2, 0.8, (5, 3))
    h, rows = coupling.evaluate(x)
    s = rng.uniform(0.1, 1.0, len(problem.b))
    point = ChainPoint(x, s, rng.uniform(0.0, 1.0, len(s)), np.ones(2), rng.uniform(0.0, 1.0, 2), h, rows)
    bound = problem.objective(x) - certified_gap(
        problem, ChainSystem(problem.follows, problem.free, problem.n_controls), point, 0.0
    )
    best = solved(problem, coupling)
    assert bound <= problem.objective(best.x) + 1e-6


def test_a_start_without_a_power_flow_fails_and_a_spent_budget_stops():
    problem = box_problem(np.random.default_rng(0), 3)

    class NoPowerFlow(LinearRows):
        def evaluate(self, x):
            return None

    rows = random_rows(np.random.default_rng(0), 1, problem.follows)
    assert solved(problem, NoPowerFlow(rows, np.ones(1))).status == "failed"
    stopped = solve_chains(
        problem, LinearRows(rows, np.full(1, 9.0)), np.full((3, 3), 0.5), keep_going=lambda: False, **AIMS
    )
    assert stopped.status == "stopped"


@pytest.mark.filterwarnings("error")
def test_a_repair_that_overflows_leaves_the_bound_before_it():
    """Slacks and multipliers of many decades: the system may be singular, and its solution no number."""
    rng = np.random.default_rng(0)
    problem = box_problem(rng, 5, n_limits=5)
    rows = random_rows(rng, 2, problem.follows)
    x, s = rng.uniform(0.2, 0.8, (5, 3)), rng.uniform(0.1, 1.0, len(problem.b))
    point = ChainPoint(x, s, rng.uniform(0.0, 1.0, len(s)), np.ones(2), np.zeros(2), -np.ones(2), rows)

    class Singular(ChainSystem):
        def solve(self, r):
            with np.errstate(all="ignore"):
                return super().solve(r) * np.inf

    system = (problem.follows, problem.free, problem.n_controls)
    overflown = certified_gap(problem, Singular(*system), point, 0.0)
    first = certified_gap(problem, ChainSystem(*system), point, np.inf)
    assert overflown == first
