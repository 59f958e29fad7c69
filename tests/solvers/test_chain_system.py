"""Eliminating chains, or periods, gives what dense algebra gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pandapower_evflex.solvers.chains.by_chain import ByChain
from pandapower_evflex.solvers.chains.by_period import ByPeriod
from pandapower_evflex.solvers.chains.forms import Forms, Rows
from pandapower_evflex.solvers.chains.fronts import Fronts
from pandapower_evflex.solvers.chains.problem import ChainPoint, ChainProblem, Curvature, DenseCurvature
from pandapower_evflex.solvers.chains.system import ChainSystem
from tests.examples import examples
from tests.solvers.random_chains import (
    dense,
    dense_rows,
    random_follows,
    random_forms,
    random_rows,
    rows_of_one_period_each,
    units,
)


def random_chains(rng, n_chains, n_periods):
    """Chains with gaps in time and breaks, some of them round the horizon; periods, and whether a slot follows."""
    period, follows = [], []
    for _ in range(n_chains):
        own = np.flatnonzero(rng.random(n_periods) < 0.7) if rng.random() < 0.9 else np.arange(n_periods)
        period += np.roll(own, rng.integers(len(own) + 1) if rng.random() < 0.3 else 0).tolist()
        follows += [number > 0 and rng.random() < 0.8 for number in range(len(own))]
    return np.array(period, dtype=np.int64), np.array(follows, dtype=bool)


def inverse_of_free(matrix, free, n_controls):
    moves = np.concatenate([free, np.ones((len(free), n_controls), dtype=bool)], axis=1).ravel()
    inverse = np.zeros_like(matrix)
    inverse[np.ix_(moves, moves)] = np.linalg.inv(matrix[np.ix_(moves, moves)])
    return inverse


@examples(few=25, many=500)
@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 3), st.integers(0, 6))
def test_solve_and_schur_complement_equal_dense_algebra(seed, n, n_states, n_controls):
    rng = np.random.default_rng(seed)
    follows, free = random_follows(rng, n), rng.random((n, n_states)) < 0.8
    forms = Forms.join([random_forms(rng, 6 * n, follows, n_states, n_controls), units(n, n_states, n_controls)])
    weight = rng.uniform(0.1, 2.0, len(forms))
    system = ChainSystem(follows, free, n_controls)
    system.factorise(forms, weight)
    a = dense(forms, n, n_states)
    inverse = inverse_of_free((a.T * weight) @ a, free, n_controls)
    r = rng.normal(size=(n, n_states + n_controls))
    r[:, :n_states][~free] = 0.0
    assert np.allclose(system.solve(r).ravel(), inverse @ r.ravel(), atol=1e-9)
    rows = rows_of_one_period_each(rng, 5, rng.integers(0, 3, n), follows, n_states, n_controls)
    w = dense_rows(rows, n, n_states)
    for n_wide in (0, 2):
        assert np.allclose(system.schur(rows, n_wide), w @ inverse @ w.T, atol=1e-9)


class Curved:
    """Rows of one period each, and the curvature of the first of them, in whole or by its modes."""

    def __init__(self, rng, rows):
        self.forms = rows.forms.of(rows.row == 0)
        self.n_port = len(self.forms)
        root = rng.normal(size=(self.n_port, 2))
        self.matrix = root @ root.T

    def curvature(self):
        sigma, vectors = np.linalg.eigh(self.matrix)
        sigma, vectors = sigma[sigma > 1e-9], vectors[:, sigma > 1e-9]
        mode, entry = np.repeat(np.arange(len(sigma)), self.n_port), np.tile(np.arange(self.n_port), len(sigma))
        coefficient = vectors.T.reshape(-1)[:, None] * self.forms.coefficient[entry]
        modes = Rows(len(sigma), mode, Forms(self.forms.slot[entry], coefficient))
        return Curvature(modes, sigma, Forms.none(), np.empty(0), lambda x: np.zeros_like(x))

    def dense_curvature(self):
        port = np.arange(self.n_port)
        return DenseCurvature(self.forms, np.zeros(self.n_port, dtype=np.int64), port, self.matrix[None])


@examples(few=30, many=500)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 6), st.integers(1, 3), st.integers(0, 6))
def test_both_orders_of_elimination_give_the_step_of_the_dense_system(seed, n_chains, n_periods, n_states, n_controls):
    rng = np.random.default_rng(seed)
    period, follows = random_chains(rng, n_chains, n_periods)
    n = len(period)
    if not n:
        return
    shape = (n, n_states + n_controls)
    free = rng.random((n, n_states)) < 0.8
    limits = Forms.join([random_forms(rng, 4 * n, follows, n_states, n_controls), units(n, n_states, n_controls)])
    everywhere = Forms(np.arange(n), np.concatenate([np.zeros((n, n_states)), rng.normal(size=shape)], axis=1))
    sums = Rows(1, np.zeros(n, dtype=np.int64), everywhere)
    problem = ChainProblem(
        follows=follows, free=free, period=period, c=np.zeros(shape), limits=limits, b=np.zeros(len(limits)),
        low=np.zeros(shape), high=np.ones(shape), sums=sums, sums_b=np.zeros(1),
        shared=replace(rows_of_one_period_each(rng, 2, period, follows, n_states, n_controls), n_rows=3),
        shared_weight=rng.uniform(0.5, 2.0, 3), shared_target=np.zeros(3),  # the third row is empty
    )  # fmt: skip
    narrow = rows_of_one_period_each(rng, 3, period, follows, n_states, n_controls)
    rows, curved = Rows.join([sums, narrow]), Curved(rng, narrow)
    s, z, s_h, lam = (rng.uniform(0.1, 2.0, size) for size in (len(limits), len(limits), 4, 4))
    give, give_rows = rng.choice([0.0, 0.3], 2)
    point = ChainPoint(np.zeros(shape), s, z, s_h, lam, np.zeros(4), rows, give=give, give_rows=give_rows)
    stiff, stiff_rows = 1.0 / (s / z + give), 1.0 / (s_h / lam + give_rows)
    r_x, r_h = rng.normal(size=shape), rng.normal(size=4)
    problem.hold_fixed(r_x)

    by_chain = ByChain(problem).factorised(point, curved.curvature())
    fronts = Fronts.of(period, follows, free, n_controls)
    by_period = ByPeriod(problem, fronts).factorised(point, curved.dense_curvature())
    a, g = dense(limits, n, n_states), dense_rows(rows, n, n_states)
    shared, bent = dense_rows(problem.shared, n, n_states), dense(curved.forms, n, n_states)
    k = (a.T * stiff) @ a + (shared.T * problem.shared_weight) @ shared + bent.T @ curved.matrix @ bent
    k += (g.T * stiff_rows) @ g
    dx = inverse_of_free(k, free, n_controls) @ (r_x.ravel() + g.T @ (stiff_rows * r_h))
    d_lam = stiff_rows * (g @ dx - r_h)
    for factorised in (by_chain, by_period):
        found, multipliers = factorised.solve(r_x, r_h, 0.0)
        assert np.allclose(found.ravel(), dx, rtol=1e-8, atol=1e-9)
        assert np.allclose(multipliers, d_lam, rtol=1e-8, atol=1e-8)


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
    system = ChainSystem(np.zeros(1, dtype=bool), np.ones((1, 1), dtype=bool), 2)
    system.factorise(Forms(np.zeros(3, dtype=np.int64), together), np.array([1e14, 1e-12, 1.0]))
    moved = system.solve(np.array([[1.0, 0.0, 0.0]]))
    assert np.isfinite(moved).all() and np.abs(moved).max() < 1.0
