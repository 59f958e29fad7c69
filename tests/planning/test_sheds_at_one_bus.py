"""The program of sheds where offers and loads at one bus compete, limits cannot be met, or every mix can be tried."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from pandapower_evflex.planning.congestion.sheds import Relief, least_cost_sheds
from tests.examples import examples

VOLL = 10_000.0


def random_case(seed, n_limit=2, n_period=3, n_row=5, n_relief=3):
    """Limits with random effects, some alike for several rows; more than enough or not enough load."""
    rng = np.random.default_rng(seed)
    effect = rng.choice([0.0, 0.5, 1.0, 1.3], (n_limit, n_period, n_row))
    effect[:, :, 1] = effect[:, :, 0]
    load = rng.uniform(0.0, 2.0, (n_period, n_row)) * (rng.random((n_period, n_row)) < 0.8)
    missing = rng.uniform(0.0, 2.0, (n_limit, n_period)) * (rng.random((n_limit, n_period)) < 0.8)
    reliefs = [
        Relief(
            int(rng.integers(0, n_row)), float(rng.uniform(0.0, 12_000.0)), rng.uniform(0.0, 1.0, n_period),
            float(rng.uniform(0.0, 1.5)),
        )
        for _ in range(n_relief)
    ]  # fmt: skip
    return missing, effect, load, reliefs


def cost_of(sheds, reliefs, period_h):
    price = np.array([relief.price_eur_per_mwh for relief in reliefs])
    return period_h * (VOLL * sheds.shed_mw.sum() + float(sheds.bought_mw.sum(axis=0) @ price))


def written_out(missing, effect, load, reliefs, period_h):
    """The same program, a variable per row and period; None where the limits cannot be kept."""
    n_limit, n_period, n_row = effect.shape
    n_relief = len(reliefs)
    n = n_row + n_relief
    cost = period_h * np.tile([VOLL] * n_row + [relief.price_eur_per_mwh for relief in reliefs], n_period)
    A, b = [], []
    for period in range(n_period):
        place = slice(period * n, (period + 1) * n)
        for limit in range(n_limit):
            row = np.zeros(n * n_period)
            row[place] = [*-effect[limit, period], *(-effect[limit, period, relief.row] for relief in reliefs)]
            A.append(row)
            b.append(-missing[limit, period])
        for bus in range(n_row):
            row = np.zeros(n * n_period)
            row[place] = [*(np.arange(n_row) == bus), *(relief.row == bus for relief in reliefs)]
            A.append(row)
            b.append(load[period, bus])
    for number, relief in enumerate(reliefs):
        row = np.zeros(n * n_period)
        row[n_row + number :: n] = period_h
        A.append(row)
        b.append(relief.most_mwh)
    most = np.array([[*load[k], *(relief.most_mw[k] for relief in reliefs)] for k in range(n_period)]).ravel()
    solved = linprog(cost, A_ub=np.array(A), b_ub=np.array(b), bounds=np.column_stack([np.zeros(len(most)), most]))
    return solved.fun if solved.status == 0 else None


@examples(few=15, many=400)
@given(st.integers(0, 100_000), st.sampled_from([0.25, 1.0]))
def test_the_cost_is_that_of_the_program_written_out(seed, period_h):
    missing, effect, load, reliefs = random_case(seed)
    sheds = least_cost_sheds(missing, effect, load, reliefs, VOLL, period_h)
    least = written_out(missing, effect, load, reliefs, period_h)
    if least is None:
        assert sheds.broken.any()
        return
    assert not sheds.broken.any()
    assert cost_of(sheds, reliefs, period_h) == pytest.approx(least, rel=1e-6, abs=1e-6)


@examples(few=15, many=400)
@given(st.integers(0, 100_000))
def test_limits_loads_and_offers_are_kept(seed):
    missing, effect, load, reliefs = random_case(seed)
    sheds = least_cost_sheds(missing, effect, load, reliefs, VOLL, 0.25)
    taken = sheds.shed_mw.copy()
    assert (sheds.shed_mw >= -1e-9).all()
    assert (sheds.bought_mw >= -1e-9).all()
    for number, relief in enumerate(reliefs):
        assert (sheds.bought_mw[:, number] <= relief.most_mw + 1e-7).all()
        assert 0.25 * sheds.bought_mw[:, number].sum() <= relief.most_mwh + 1e-7
        taken[:, relief.row] += sheds.bought_mw[:, number]
    assert (taken <= load + 1e-6).all()
    left = missing - np.einsum("skn,kn->sk", effect, taken)
    assert (left[~sheds.broken] <= 1e-6).all()


@examples(few=15, many=400)
@given(st.integers(0, 100_000))
def test_rows_that_count_alike_give_in_the_same_proportion(seed):
    missing, effect, load, _ = random_case(seed)
    shed = least_cost_sheds(missing, effect, load, [], VOLL, 0.25).shed_mw
    np.testing.assert_allclose(shed[:, 0] * load[:, 1], shed[:, 1] * load[:, 0], atol=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_no_mix_of_whole_steps_is_cheaper(seed):
    """One period, two limits, three rows, one offer; every mix in steps of 0.25 MW."""
    rng = np.random.default_rng(seed)
    effect = rng.choice([0.0, 1.0], (2, 1, 3)).astype(float)
    effect[:, :, 0] = 1.0
    load = rng.integers(1, 5, (1, 3)) * 0.5
    missing = rng.integers(1, 5, (2, 1)) * 0.25
    relief = Relief(int(rng.integers(0, 3)), 4_000.0, np.array([0.5]), 0.5)
    sheds = least_cost_sheds(missing, effect, load, [relief], VOLL, 1.0)
    if sheds.broken.any():
        assert (effect[:, 0] @ load[0] < missing[:, 0]).any()
        return
    least = np.inf
    steps = [np.arange(0.0, most + 1e-9, 0.25) for most in load[0]]
    for *shed, bought in product(*steps, np.arange(0.0, 0.5 + 1e-9, 0.25)):
        taken = np.array(shed)
        taken[relief.row] += bought
        if (taken <= load[0]).all() and (effect[:, 0] @ taken >= missing[:, 0] - 1e-9).all():
            least = min(least, VOLL * sum(shed) + 4_000.0 * bought)
    assert cost_of(sheds, [relief], 1.0) == pytest.approx(least, rel=1e-6)


def test_the_cheaper_of_two_offers_is_used_up_first():
    effect = np.ones((1, 2, 1))
    reliefs = [Relief(0, 3_000.0, np.ones(2), 1.0), Relief(0, 2_000.0, np.ones(2), 0.5)]
    sheds = least_cost_sheds(np.full((1, 2), 0.75), effect, np.full((2, 1), 5.0), reliefs, VOLL, 1.0)
    assert sheds.bought_mw.sum(axis=0).tolist() == pytest.approx([1.0, 0.5])
    assert sheds.shed_mw.sum() == pytest.approx(0.0, abs=1e-9)


def test_a_limit_that_nothing_cures_is_named_and_the_others_are_kept():
    effect = np.array([[[0.0, 0.0]], [[1.0, 1.0]]])
    sheds = least_cost_sheds(np.array([[1.0], [1.0]]), effect, np.array([[1.0, 1.0]]), [], VOLL, 0.25)
    assert sheds.broken.tolist() == [True, False]
    assert sheds.shed_mw.sum() == pytest.approx(1.0)


def test_load_is_served_again_at_a_price_of_zero_only_as_far_as_limits_allow():
    sheds = least_cost_sheds(np.array([[1.0]]), np.ones((1, 1, 1)), np.array([[2.0]]), [], 0.0, 0.25)
    assert sheds.shed_mw.sum() >= 1.0 - 1e-9
