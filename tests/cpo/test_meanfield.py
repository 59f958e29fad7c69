"""The mean-field limit is what very many simulated outlets can shave."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.cpo import subsets
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
