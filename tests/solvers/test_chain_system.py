"""Eliminating chains gives what dense algebra gives."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pandapower_evflex.solvers.chains.system import ChainSystem, Forms, Rows
from tests.examples import examples
from tests.solvers.random_chains import dense, dense_rows, random_follows, random_forms, random_rows


def factorised(rng, n, free):
    """A system whose matrix is positive definite, and that matrix."""
    follows = random_follows(rng, n)
    unit = np.zeros((3 * n, 4))
    unit[np.arange(3 * n), 1 + np.tile(np.arange(3), n)] = 1.0
    forms = Forms.join([random_forms(rng, 6 * n, follows), Forms(np.repeat(np.arange(n), 3), unit)])
    weight = rng.uniform(0.1, 2.0, len(forms))
    system = ChainSystem(follows, free)
    system.factorise(forms, weight)
    a = dense(forms, n)
    return system, follows, (a.T * weight) @ a


@examples(few=15, many=200)
@given(st.integers(0, 10_000), st.integers(1, 12), st.booleans())
def test_solve_and_schur_complement_equal_dense_algebra(seed, n, some_fixed):
    rng = np.random.default_rng(seed)
    free = rng.random(n) < 0.6 if some_fixed else np.ones(n, dtype=bool)
    system, follows, m = factorised(rng, n, free)
    moves = np.stack([free, np.ones(n, dtype=bool), np.ones(n, dtype=bool)], axis=1).ravel()
    inverse = np.zeros_like(m)
    inverse[np.ix_(moves, moves)] = np.linalg.inv(m[np.ix_(moves, moves)])
    r = rng.normal(size=(n, 3))
    r[~free, 0] = 0.0
    assert np.allclose(system.solve(r).ravel(), inverse @ r.ravel(), atol=1e-9)
    rows = random_rows(rng, 5, follows)
    w = dense_rows(rows, n)
    for n_wide in (0, 2):
        assert np.allclose(system.schur(rows, n_wide), w @ inverse @ w.T, atol=1e-9)


def test_rows_and_their_transposes_are_those_of_the_dense_matrix():
    rng = np.random.default_rng(1)
    follows = random_follows(rng, 7)
    rows = Rows.join([random_rows(rng, 3, follows), random_rows(rng, 2, follows)])
    w, x, y = dense_rows(rows, 7), rng.normal(size=(7, 3)), rng.normal(size=5)
    to = np.zeros((7, 3))
    rows.add_transposed(y, to)
    assert np.allclose(rows.values(x), w @ x.ravel())
    assert np.allclose(to.ravel(), w.T @ y)


def test_where_strong_weights_leave_a_direction_to_rounding_it_moves_no_farther_than_they_are_known():
    """E and T held together by 1e14 and to nothing else: eliminating T leaves rounding of either sign."""
    together = np.array([[0.0, 0.7, -0.3, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    system = ChainSystem(np.zeros(1, dtype=bool), np.ones(1, dtype=bool))
    system.factorise(Forms(np.zeros(3, dtype=np.int64), together), np.array([1e14, 1e-12, 1.0]))
    moved = system.solve(np.array([[1.0, 0.0, 0.0]]))
    assert np.isfinite(moved).all() and np.abs(moved).max() < 1.0
