"""The program of sheds against one written out row by row, and against plain cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from pandapower_evflex.planning.congestion.sheds import Relief, least_cost_sheds
from tests.examples import examples

VOLL, PERIOD_H = 10_000.0, 0.25


def written_out(missing, effect, load, reliefs):
    """Least cost with one variable per bus and period, no grouping and no limit left out."""
    n_limit, n_period = missing.shape
    n_row = load.shape[1]
    n_x, n_f = n_period * n_row, n_period * len(reliefs)
    rows, b = [], []
    for s in range(n_limit):
        for k in range(n_period):
            row = np.zeros(n_x + n_f)
            row[k * n_row : (k + 1) * n_row] = -effect[s, k]
            for c, relief in enumerate(reliefs):
                row[n_x + k * len(reliefs) + c] = -effect[s, k, relief.row]
            rows.append(row)
            b.append(-missing[s, k])
    for c, relief in enumerate(reliefs):
        row = np.zeros(n_x + n_f)
        row[n_x + c :: len(reliefs)] = PERIOD_H
        rows.append(row)
        b.append(relief.most_mwh)
    for k in range(n_period):
        for n in range(n_row):
            row = np.zeros(n_x + n_f)
            row[k * n_row + n] = 1.0
            for c, relief in enumerate(reliefs):
                row[n_x + k * len(reliefs) + c] = float(relief.row == n)
            rows.append(row)
            b.append(load[k, n])
    prices = [relief.price_eur_per_mwh for relief in reliefs]
    cost = PERIOD_H * np.concatenate([np.full(n_x, VOLL), np.tile(prices, n_period)])
    most = [reliefs[c].most_mw[k] for k in range(n_period) for c in range(len(reliefs))]
    bounds = [(0.0, None)] * n_x + [(0.0, m) for m in most]
    return linprog(cost, A_ub=np.array(rows), b_ub=np.array(b), bounds=bounds, method="highs")


def instance(seed):
    """A tree of nested node sets, and a voltage for which every bus counts differently."""
    rng = np.random.default_rng(seed)
    n_row, n_period = int(rng.integers(2, 6)), int(rng.integers(1, 4))
    load = rng.uniform(0.5, 2.0, (n_period, n_row))
    starts = rng.integers(0, n_row, int(rng.integers(1, 4)))
    nested = [(np.arange(n_row) >= start).astype(float) for start in starts]
    effect = np.repeat(np.array(nested)[:, None], n_period, axis=1)
    if rng.random() < 0.5:
        effect = np.concatenate([effect, rng.uniform(0.1, 1.5, (1, n_period, n_row))])
    most = (effect * load).sum(axis=2)
    missing = np.where(rng.random(most.shape) < 0.8, rng.uniform(0.0, 0.7, most.shape) * most, 0.0)
    rows = rng.choice(n_row, int(rng.integers(0, min(n_row, 3))), replace=False)
    reliefs = [
        Relief(
            int(row),
            float(rng.uniform(0.0, 9_000.0)),
            load[:, row] * rng.uniform(0.1, 0.9),
            float(rng.uniform(0.0, 1.0)),
        )
        for row in rows
    ]
    return missing, effect, load, reliefs


@examples(few=20, many=500)
@given(st.integers(0, 100_000))
def test_the_cost_is_that_of_the_program_written_out_row_by_row(seed):
    missing, effect, load, reliefs = instance(seed)
    solved = written_out(missing, effect, load, reliefs)
    if not solved.success:  # a voltage that even all loads do not cure together with the others
        return
    sheds = least_cost_sheds(missing, effect, load, reliefs, VOLL, PERIOD_H)
    prices = np.array([relief.price_eur_per_mwh for relief in reliefs])
    cost = PERIOD_H * (VOLL * sheds.shed_mw.sum() + float(sheds.bought_mw.sum(axis=0) @ prices))
    assert cost == pytest.approx(solved.fun, rel=1e-7, abs=1e-6)
    assert not sheds.broken.any()
    gone = sheds.shed_mw.copy()
    for c, relief in enumerate(reliefs):
        gone[:, relief.row] += sheds.bought_mw[:, c]
    assert ((effect * gone).sum(axis=2) >= missing - 1e-7).all()
    assert (sheds.shed_mw <= load + 1e-9).all() and (sheds.shed_mw >= -1e-9).all()


def test_a_mw_below_two_branches_counts_for_both():
    effect = np.array([[[1.0, 1.0]], [[0.0, 1.0]]])  # the outer branch feeds both buses, the inner one the second
    sheds = least_cost_sheds(np.array([[0.5], [0.3]]), effect, np.array([[1.0, 1.0]]), [], VOLL, 1.0)
    assert sheds.shed_mw.sum() == pytest.approx(0.5)
    assert sheds.shed_mw[0, 1] >= 0.3 - 1e-9


def test_what_nothing_cures_is_said_and_does_not_make_the_program_fail():
    sheds = least_cost_sheds(np.array([[2.0]]), np.ones((1, 1, 1)), np.array([[1.0]]), [], VOLL, 1.0)
    assert sheds.shed_mw[0, 0] == pytest.approx(1.0)
    assert sheds.broken.tolist() == [True]
