"""The mean-field limit is what very many simulated outlets can shave."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

import pandapower_evflex as evf
from pandapower_evflex.cpo.shave import subsets
from tests.cpo.lattices import CASES, stored

DAYS = {case["name"]: (np.array(case["C"]), np.array(case["O"])) for case in stored("marginals")["cases"]}
JPL = pd.read_csv(CASES / "jpl_2019q1_rates.csv")
DAYS["JPL"] = JPL["charging_rate"].to_numpy(), JPL["occupancy_rate"].to_numpy()


@pytest.mark.parametrize("name", DAYS)
@pytest.mark.parametrize(("start", "n_periods", "n_days"), [(44, 4, 1), (60, 4, 2), (92, 8, 2), (40, 14, 1), (0, 1, 1)])
def test_it_is_what_many_simulated_outlets_can_shave(name, start, n_periods, n_days):
    P, Pi = evf.estimate_transition_matrices(*DAYS[name]), evf.state_probabilities(*DAYS[name])
    n = 200_000
    limit = evf.mean_field_peak_shave(P, Pi[0], 1, start, n_periods, n_days=n_days)
    lattice = evf.simulate_lattice(P, Pi[0], n, n_days=n_days, seed=3)
    simulated = evf.max_peak_shave(lattice, start, n_periods) / n
    assert simulated == pytest.approx(limit, abs=5 * 0.5 * max(1.0, n_periods / 4) / np.sqrt(n))


def movable(path, chosen):
    """Charging cells in the chosen periods of one outlet that fit into later idle cells outside them."""
    fits = np.zeros((len(path), len(path)), dtype=np.int8)
    for i in chosen:
        for j in range(i + 1, len(path)):
            if path[j] == 0:
                break
            fits[i, j] = path[i] == 1 and path[j] == 2 and j not in chosen
    return np.count_nonzero(maximum_bipartite_matching(csr_array(fits)) >= 0)


@pytest.mark.parametrize(("start", "shape"), [(0, [0.5, 0.5]), (1, [0.3, 0.8, 0.3]), (1, [1.0, 0.0, 2.0, 0.5])])
def test_it_is_the_mean_over_all_paths_of_an_outlet(start, shape):
    charging, occupancy = [0.3, 0.5, 0.2, 0.1, 0.2, 0.1], [0.6, 0.9, 0.7, 0.6, 0.5, 0.8]
    P, Pi = evf.estimate_transition_matrices(charging, occupancy), evf.state_probabilities(charging, occupancy)
    paths = list(product(range(3), repeat=6))
    law = [Pi[0, path[0]] * np.prod([P[k, path[k], path[k + 1]] for k in range(5)]) for path in paths]
    window = range(start, start + len(shape))
    ratios = [
        np.dot(law, [movable(path, chosen) for path in paths]) / sum(shape[k - start] for k in chosen)
        for n in range(1, len(shape) + 1)
        for chosen in combinations(window, n)
        if any(shape[k - start] for k in chosen)
    ]
    found = evf.mean_field_peak_shave(P, Pi[0], 1, start, len(shape), shape=shape, n_days=1)
    assert found == pytest.approx(min(ratios), rel=1e-12)
    assert found > 0.01


def test_long_windows_are_the_same_by_listed_and_by_generated_sets(monkeypatch):
    P, Pi = evf.estimate_transition_matrices(*DAYS["JPL"]), evf.state_probabilities(*DAYS["JPL"])
    listed = evf.mean_field_peak_shave(P, Pi[0], 52, 44, 10)
    monkeypatch.setattr(subsets, "MAX_LISTED_PERIODS", 0)
    assert evf.mean_field_peak_shave(P, Pi[0], 52, 44, 10) == pytest.approx(listed, rel=1e-9)


def test_it_is_in_proportion_to_the_outlets():
    P, Pi = evf.estimate_transition_matrices(*DAYS["JPL"]), evf.state_probabilities(*DAYS["JPL"])
    none, one, many = (evf.mean_field_peak_shave(P, Pi[0], n, 44, 4) for n in (0, 1, 52))
    assert none == 0.0 and many == pytest.approx(52 * one)


@pytest.mark.parametrize(
    ("changed", "column"),
    [
        ({"start": 200}, "start"),
        ({"n_periods": 0}, "n_periods"),
        ({"n_evse": -1}, "n_evse"),
        ({"n_days": 0.5}, "n_days"),
    ],
)
def test_wrong_windows_and_numbers_are_refused_by_name(changed, column):
    P = evf.estimate_transition_matrices(*DAYS["JPL"])
    task = {"P": P, "initial": [1, 0, 0], "n_evse": 3, "start": 44, "n_periods": 4}
    with pytest.raises(evf.InvalidInputError) as error:
        evf.mean_field_peak_shave(**{**task, **changed})
    assert [fault.column for fault in error.value.faults] == [column]


@pytest.mark.parametrize("seed", [5, 25, 67, 153, 155, 0, 1, 2])
def test_generated_sets_end_at_the_limit_of_all_sets_where_rates_jump(seed, monkeypatch):
    """In the first five, corners that are nearly dependent once let Wolfe's algorithm turn in circles."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(11, 15))
    rates = np.sort(rng.random((2, 24)), axis=0)
    P, first = evf.estimate_transition_matrices(*rates), evf.state_probabilities(*rates)[0]
    start, shape = int(rng.integers(0, 24)), rng.random(n)
    generated = evf.mean_field_peak_shave(P, first, 1, start, n, shape=shape)
    monkeypatch.setattr(subsets, "MAX_LISTED_PERIODS", 14)
    assert generated == pytest.approx(evf.mean_field_peak_shave(P, first, 1, start, n, shape=shape), rel=1e-9)


def test_a_search_that_runs_out_of_steps_gives_an_upper_bound_and_says_so(monkeypatch, caplog):
    rng = np.random.default_rng(0)
    charging = rng.uniform(0.0, 0.5, 24)
    P = evf.estimate_transition_matrices(charging, charging + rng.uniform(0.0, 0.5, 24))
    initial = evf.state_probabilities(charging, np.minimum(charging + 0.2, 1.0))[0]
    exact = evf.mean_field_peak_shave(P, initial, 100, 3, 14)
    monkeypatch.setattr("pandapower_evflex.cpo.shave.subsets.MAX_STEPS", 1)
    assert evf.mean_field_peak_shave(P, initial, 100, 3, 14) >= exact
    assert "at most" in caplog.text
