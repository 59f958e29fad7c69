"""How the interior point chooses its steps where pairs of slack and multiplier are far from their mean."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandapower_evflex.solvers.chains import interior_point
from pandapower_evflex.solvers.chains.elimination import Elimination
from pandapower_evflex.solvers.chains.forms import Rows
from pandapower_evflex.solvers.chains.interior_point import (
    JOINING_SLACK,
    JOINS_KEPT,
    SHORT,
    TO_BOUNDARY,
    _advance,
    _lift_for,
    _lifted,
    _newton_step,
    _residuals,
    _start,
)
from tests.solvers.random_chains import LinearRows, box_problem, random_rows

SMALLEST, LARGEST = 1e-12, 1e3
POSITIVE = st.floats(SMALLEST, LARGEST)


def start(seed, n=4, *, room=0.1):
    """A problem, its coupling rows with that much room at the middle, and the first iterate there."""
    rng = np.random.default_rng(seed)
    problem = box_problem(rng, n, n_limits=n)
    rows = random_rows(rng, 2, problem.follows)
    middle = np.full((n, 3), 0.5)
    coupling = LinearRows(rows, rows.values(middle) + room)
    return problem, coupling, with_mean(_start(problem, coupling, middle, 0.1))


def with_mean(point):
    point.mu = float(point.s @ point.z + point.s_h @ point.lam) / (len(point.s) + len(point.s_h))
    return point


def with_pairs_far_below_the_mean(point, rng):
    """Every third pair at a millionth of the mean: whatever comes near such a bound is stopped by it."""
    low = rng.random(len(point.s)) < 1.0 / 3.0
    point.s, point.z = np.where(low, 1e-3, point.s), np.where(low, 1e-3, point.z)
    return with_mean(point)


def newton_step(problem, coupling, point):
    return _newton_step(problem, coupling, Elimination(problem), point, _residuals(problem, point), 1e-9)


@given(st.lists(st.tuples(POSITIVE, POSITIVE), min_size=1, max_size=5), st.floats(1e-4, 1.0))
def test_a_lifted_pair_reaches_the_aim_by_its_smaller_part_and_one_above_it_stays(pairs, mu):
    s, z = np.array(pairs).T
    new_s, new_z = _lifted(s, z, mu)
    assert np.all(new_s * new_z >= mu * (1.0 - 1e-12))
    assert np.array_equal(np.maximum(s, z)[s * z >= mu], np.maximum(new_s, new_z)[s * z >= mu])
    low = s * z < mu
    assert np.array_equal(new_s[~low], s[~low]) and np.array_equal(new_z[~low], z[~low])
    assert np.all(np.where(s < z, new_z == z, new_s == s))
    assert np.allclose((new_s * new_z)[low], mu, rtol=1e-12)


@pytest.mark.parametrize(("mu", "violation"), [(1e-6, JOINS_KEPT), (1e-6, 0.0), (1e-6, -1.0), (5e-3, 4e-3)])
def test_a_row_that_joins_nearly_kept_or_below_the_mean_lifts_nothing(mu, violation):
    *_, point = start(0)
    point.mu = mu
    s, z = point.s.copy(), point.z.copy()
    assert _lift_for(point, violation) == mu
    assert np.array_equal(point.s, s) and np.array_equal(point.z, z)


@pytest.mark.parametrize(("violation", "mean"), [(2e-3, 2e-3), (0.5, JOINING_SLACK)])
def test_a_row_that_joins_violated_lifts_all_pairs_to_its_violation_but_no_further_than_its_slack(violation, mean):
    *_, point = start(0)
    point.mu = 1e-6
    point.s[:], point.z[:], point.s_h[:], point.lam[:] = 1e-7, 1.0, 1.0, 1e-7
    assert _lift_for(point, violation) == mean
    assert np.allclose(point.s * point.z, mean) and np.allclose(point.s_h * point.lam, mean)
    assert np.all(point.z == 1.0) and np.all(point.s_h == 1.0)


def both_steps(problem, coupling, point, monkeypatch):
    """The step taken, and the one without the centring rule."""
    chosen = newton_step(problem, coupling, point)
    with monkeypatch.context() as patch:
        patch.setattr(interior_point, "SHORT", 0.0)
        return chosen, newton_step(problem, coupling, point)


def length(point, step):
    return min(step.lengths(TO_BOUNDARY))


@pytest.mark.parametrize("seed", range(10))
def test_where_the_full_step_is_short_the_centring_step_is_taken_if_it_is_longer(seed, monkeypatch):
    problem, coupling, point = start(seed)
    point = with_pairs_far_below_the_mean(point, np.random.default_rng(seed))
    chosen, full = both_steps(problem, coupling, point, monkeypatch)
    assert length(point, full) < SHORT
    assert length(point, chosen) > length(point, full)


@pytest.mark.parametrize("seed", range(10))
def test_where_the_full_step_is_long_it_is_taken(seed, monkeypatch):
    problem, coupling, point = start(seed)
    chosen, full = both_steps(problem, coupling, point, monkeypatch)
    assert length(point, full) >= SHORT
    assert np.array_equal(chosen.x, full.x) and np.array_equal(chosen.z, full.z)


@pytest.mark.parametrize("seed", range(10))
def test_no_step_leaves_the_interior(seed):
    problem, coupling, point = start(seed)
    point = with_pairs_far_below_the_mean(point, np.random.default_rng(seed))
    assert _advance(problem, coupling, point, newton_step(problem, coupling, point))
    assert all(np.all(values > 0.0) for values in (point.s, point.z, point.s_h, point.lam))


def test_a_row_that_joins_gets_a_central_pair():
    problem, coupling, point = start(3)

    class OneMore(LinearRows):
        def evaluate(self, x):
            h, rows = coupling.evaluate(x)
            return np.append(h, 0.3), Rows.join([rows, random_rows(np.random.default_rng(9), 1, problem.follows)])

    step = newton_step(problem, coupling, point)
    assert _advance(problem, OneMore(coupling.rows, coupling.g), point, step)
    assert len(point.s_h) == len(point.lam) == 3
    assert point.s_h[-1] * point.lam[-1] == pytest.approx(point.mu)
    assert np.all(point.s_h > 0.0) and np.all(point.lam > 0.0)
