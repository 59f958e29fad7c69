"""Forms that see several slots: elimination along the chains gives what dense algebra gives."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from pandapower_evflex.solvers.chains.banded import BandedSystem
from pandapower_evflex.solvers.chains.elimination import Elimination
from pandapower_evflex.solvers.chains.forms import Forms, Rows
from pandapower_evflex.solvers.chains.interior_point import solve_chains
from pandapower_evflex.solvers.chains.problem import ChainProblem
from pandapower_evflex.solvers.chains.system import ChainSystem
from tests.examples import examples
from tests.solvers.random_chains import (
    LinearRows,
    dense,
    dense_rows,
    periods_of,
    random_coefficients_ahead,
    random_follows,
    random_forms,
    random_forms_ahead,
    rows_of_one_period_each,
)


def units_ahead(n, ahead, n_controls):
    """A form for every unknown."""
    n_columns = 1 + n_controls
    unit = np.zeros((n * n_columns, 1 + n_columns + ahead))
    unit[np.arange(n * n_columns), 1 + np.tile(np.arange(n_columns), n)] = 1.0
    return Forms(np.repeat(np.arange(n), n_columns), unit, ahead)


def random_rows_ahead(rng, n_rows, follows, ahead, n_controls=2):
    """Rows of a few slots each, and one of all slots."""
    n = len(follows)
    slots = [np.arange(n), *[rng.choice(n, size=min(4, n), replace=False) for _ in range(n_rows - 1)]]
    row, slot = np.repeat(np.arange(n_rows), [len(own) for own in slots]), np.concatenate(slots)
    return Rows(n_rows, row, Forms(slot, random_coefficients_ahead(rng, slot, follows, ahead, n_controls), ahead))


@examples(few=40, many=500)
@given(st.integers(0, 10_000), st.integers(1, 14), st.integers(0, 5), st.integers(0, 3))
def test_solve_and_schur_complement_equal_dense_algebra(seed, n, ahead, n_controls):
    rng = np.random.default_rng(seed)
    follows, free = random_follows(rng, n), rng.random(n) < 0.8
    forms = Forms.join([random_forms_ahead(rng, 6 * n, follows, ahead, n_controls), units_ahead(n, ahead, n_controls)])
    weight = rng.uniform(0.1, 2.0, len(forms))
    system = BandedSystem(follows, free, n_controls, ahead)
    a = dense(forms, n)
    moves = np.concatenate([free[:, None], np.ones((n, n_controls), dtype=bool)], axis=1).ravel()
    inverse = np.zeros((len(moves), len(moves)))
    inverse[np.ix_(moves, moves)] = np.linalg.inv(((a.T * weight) @ a)[np.ix_(moves, moves)])
    rows = random_rows_ahead(rng, 5, follows, ahead, n_controls)
    w = dense_rows(rows, n)
    r = rng.normal(size=(n, 1 + n_controls))
    r[~free, 0] = 0.0
    for _ in range(2):  # nothing is left of the factorisation before
        system.factorise(forms, weight)
        assert np.allclose(system.solve(r).ravel(), inverse @ r.ravel(), atol=1e-9)
        assert np.allclose(system.schur(rows), w @ inverse @ w.T, atol=1e-9)


@examples(few=20, many=200)
@given(st.integers(0, 10_000), st.integers(1, 12))
def test_without_slots_ahead_both_systems_are_the_same(seed, n):
    rng = np.random.default_rng(seed)
    follows, free = random_follows(rng, n), rng.random(n) < 0.8
    forms = Forms.join([random_forms(rng, 6 * n, follows), units_ahead(n, 0, 2)])
    weight, r = rng.uniform(0.1, 2.0, len(forms)), rng.normal(size=(n, 3))
    r[~free, 0] = 0.0
    rows = rows_of_one_period_each(rng, 4, rng.integers(0, 3, n), follows, 1, 2)
    one, other = ChainSystem(follows, free[:, None], 2), BandedSystem(follows, free, 2, 0)
    for system in (one, other):
        system.factorise(forms, weight)
    assert np.allclose(one.solve(r), other.solve(r), atol=1e-10)
    assert np.allclose(one.schur(rows), other.schur(rows), atol=1e-10)


def test_rows_and_their_transposes_are_those_of_the_dense_matrix():
    rng = np.random.default_rng(1)
    follows = random_follows(rng, 9)
    rows = Rows.join([random_rows_ahead(rng, 3, follows, 4), random_rows_ahead(rng, 2, follows, 4)])
    w, x, y = dense_rows(rows, 9), rng.normal(size=(9, 3)), rng.normal(size=5)
    to = np.zeros((9, 3))
    rows.add_transposed(y, to)
    assert np.allclose(rows.values(x), w @ x.ravel())
    assert np.allclose(to.ravel(), w.T @ y)


@examples(few=8, many=100)
@given(st.integers(0, 10_000), st.integers(2, 10), st.integers(1, 4))
def test_the_interior_point_reaches_the_optimum_of_a_linear_program(seed, n, ahead):
    rng = np.random.default_rng(seed)
    follows, middle = random_follows(rng, n), np.full((n, 3), 0.5)
    unit, extra = units_ahead(n, ahead, 2), random_forms_ahead(rng, 3 * n, follows, ahead)
    limits = Forms.join([unit, unit.times(-np.ones(len(unit))), extra])
    b = np.concatenate([np.ones(3 * n), np.zeros(3 * n), extra.values(middle) + 0.2])
    rows = random_rows_ahead(rng, 3, follows, ahead)
    g = rows.values(middle) + 0.1
    problem = ChainProblem(
        follows=follows, free=np.ones((n, 1), dtype=bool), period=periods_of(follows), c=rng.normal(size=(n, 3)),
        limits=limits, b=b, low=np.zeros((n, 3)), high=np.ones((n, 3)),
    )  # fmt: skip
    point = solve_chains(problem, LinearRows(rows, g), middle, relative_gap=1e-8, feasibility=1e-9)
    a = np.concatenate([dense(limits, n), dense_rows(rows, n)])
    best = linprog(problem.c.ravel(), a, np.concatenate([b, g]), bounds=(None, None), method="highs")
    assert point.status == "optimal"
    assert abs(problem.objective(point.x) - best.fun) <= 1e-6 * max(1.0, abs(best.fun))
    assert point.elimination["by_period"] == 0 < point.elimination["by_chain"]
    assert Elimination(problem).stats["by_period"] == 0
