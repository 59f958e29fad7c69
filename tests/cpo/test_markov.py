"""Chains from rates reproduce the rates, whatever the rates are, and stay as near to the prior as these allow."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pandapower_evflex as evf
from tests.cpo.lattices import CASES, random_lattice, stored
from tests.examples import examples

MARGINALS = stored("marginals")

#: what is asked of every estimate
EXACT = 1e-12


def marginal_error(P, Pi):
    return np.abs(np.einsum("ki,kij->kj", Pi, P) - np.roll(Pi, -1, axis=0)).max()


def plug_ins(P, Pi):
    return np.einsum("k,kj->", Pi[:, 0], P[:, 0, 1:])


@st.composite
def rates(draw):
    """With zeros, full sites and sites without idle cars."""
    n = draw(st.sampled_from([1, 2, 3, 4, 6, 8, 12]))
    shares = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0.0, 1.0))
    occupancy, busy = (np.array(draw(st.lists(shares, min_size=n, max_size=n))) for _ in range(2))
    return occupancy * busy, occupancy


@examples(few=40, many=800)
@given(rates(), st.booleans())
def test_every_set_of_rates_is_reproduced_exactly(day, with_prior):
    P = evf.estimate_transition_matrices(*day, prior=MARGINALS["prior_Q"] if with_prior else None)
    Pi = evf.state_probabilities(*day)
    assert P.shape == (len(Pi), 3, 3) and P.min() >= 0.0
    assert np.abs(P.sum(axis=2) - 1.0).max() <= EXACT
    assert marginal_error(P, Pi) <= EXACT
    off_diagonal = np.einsum("ki,kij->", Pi, P * ~np.eye(3, dtype=bool))
    assert off_diagonal >= 0.5 * np.abs(np.roll(Pi, -1, axis=0) - Pi).sum() - 1e-9  # total variation


@pytest.mark.parametrize("case", MARGINALS["cases"], ids=[case["name"] for case in MARGINALS["cases"]])
def test_projections_found_elsewhere(case):
    P = evf.estimate_transition_matrices(case["C"], case["O"], prior=MARGINALS["prior_Q"])
    Pi = evf.state_probabilities(case["C"], case["O"])
    assert marginal_error(P, Pi) <= EXACT
    assert plug_ins(P, Pi) == pytest.approx(case["expected_plug_ins_bridge"], abs=1e-6)
    for k, expected in case["bridge_P"].items():
        checked = np.array(case["check_rows"][k])
        np.testing.assert_allclose(P[int(k)][checked], np.array(expected)[checked], atol=1e-6)


@examples(few=25, many=400)
@given(rates())
def test_odds_ratios_are_those_of_the_prior(day):
    """Scaling of rows and columns, the form of every Kullback-Leibler projection, leaves them as they are."""
    prior = np.array(MARGINALS["prior_Q"])
    P, Pi = evf.estimate_transition_matrices(*day, prior=prior), evf.state_probabilities(*day)
    for k, following in enumerate(np.roll(Pi, -1, axis=0)):
        likely = np.ix_(Pi[k] > 1e-3, following > 1e-3)  # exact marginals round the flows of others
        scaled = np.log(P[k][likely] / prior[likely])
        np.testing.assert_allclose(scaled, scaled[:1] + scaled[:, :1] - scaled[0, 0], atol=1e-6)


@pytest.mark.parametrize("case", MARGINALS["cases"], ids=[case["name"] for case in MARGINALS["cases"]])
def test_many_chains_stay_within_five_sigma_of_the_rates(case):
    P, n = evf.estimate_transition_matrices(case["C"], case["O"]), 100_000
    Pi = evf.state_probabilities(case["C"], case["O"])
    lattice = evf.simulate_lattice(P, Pi[0], n, n_days=2, seed=1)
    assert lattice.shape == (n, 192) and lattice.dtype == np.int8
    for state in range(3):
        share = (lattice == state).mean(axis=0)
        assert np.abs(share - np.tile(Pi[:, state], 2)).max() <= 5 * 0.5 / np.sqrt(n)


def test_plug_ins_that_are_given_are_met():
    for case in MARGINALS["cases"]:
        Pi = evf.state_probabilities(case["C"], case["O"])
        for wanted in (0.9, 1.3, 3.0):
            P = evf.estimate_transition_matrices(case["C"], case["O"], plug_ins_per_day=wanted)
            assert plug_ins(P, Pi) == pytest.approx(wanted, abs=1e-6)
            assert marginal_error(P, Pi) <= EXACT


def test_stays_from_rates_alone_are_near_those_of_a_real_site():
    """JPL, from its rates: 7.7 h in the notes of the same site over 330 days."""
    day = pd.read_csv(CASES / "jpl_2019q1_rates.csv")
    Pi = evf.state_probabilities(day["charging_rate"], day["occupancy_rate"])
    P = evf.estimate_transition_matrices(day["charging_rate"], day["occupancy_rate"])
    assert day["occupancy_rate"].sum() / plug_ins(P, Pi) / 4 == pytest.approx(7.7, abs=0.3)


@pytest.mark.parametrize("n_periods", [96, 24])
def test_from_rates_alone_one_idle_spell_in_twenty_is_followed_by_charging(n_periods):
    """As counted at a real site (0.050 of 0.95 a day and outlet), where the projection on its rates leaves it so."""
    rates = pd.read_csv(CASES / "jpl_2019q1_rates.csv")
    charging, occupancy = (
        rates[name].to_numpy().reshape(n_periods, -1).mean(axis=1) for name in ("charging_rate", "occupancy_rate")
    )
    P, Pi = evf.estimate_transition_matrices(charging, occupancy), evf.state_probabilities(charging, occupancy)
    again, leaves = (Pi[:, 2] * P[:, 2, 1]).sum(), (Pi[:, 2] * P[:, 2, 0]).sum()
    assert again / (again + leaves) == pytest.approx(0.05, abs=0.015)
    assert again == pytest.approx(0.05, abs=0.015)


def test_a_chain_that_was_simulated_is_counted_again():
    case = MARGINALS["cases"][0]
    P = evf.estimate_transition_matrices(case["C"], case["O"], prior=MARGINALS["prior_Q"])
    Pi = evf.state_probabilities(case["C"], case["O"])
    lattice = evf.simulate_lattice(P, Pi[0], 2000, n_days=40, seed=2)
    counted = evf.count_transition_matrices(lattice.reshape(2000, 40, 96).transpose(1, 0, 2))
    assert counted.min() > 0.0
    np.testing.assert_allclose(counted.sum(axis=2), 1.0, atol=1e-12)
    flows = Pi[:, :, None] * np.abs(counted - P)
    assert flows.max() < 5 * 0.5 / np.sqrt(80_000)
    projected = evf.estimate_transition_matrices(case["C"], case["O"], prior=counted)
    assert marginal_error(projected, Pi) <= EXACT


def test_a_seed_repeats_a_lattice_and_another_does_not():
    P = evf.estimate_transition_matrices([0.3, 0.2], [0.6, 0.4])
    one, again, other = (evf.simulate_lattice(P, [0.4, 0.3, 0.3], 50, n_days=5, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


DAY = ([0.3, 0.2], [0.6, 0.4])
PRIOR = np.array(MARGINALS["prior_Q"])
WRONG_ESTIMATES = {
    "a prior of two states": ({"prior": np.eye(2)}, "prior"),
    "a prior for other periods": ({"prior": np.tile(PRIOR, (3, 1, 1))}, "prior"),
    "a negative prior": ({"prior": PRIOR - 0.1 + 0.3 * np.eye(3)}, "prior"),
    "a missing prior": ({"prior": PRIOR * np.nan}, "prior"),
    "a prior whose rows do not sum to 1": ({"prior": 2 * PRIOR}, "prior"),
    "no plug-ins": ({"plug_ins_per_day": 0}, "plug_ins_per_day"),
    "missing plug-ins": ({"plug_ins_per_day": np.nan}, "plug_ins_per_day"),
    "plug-ins as text": ({"plug_ins_per_day": "1"}, "plug_ins_per_day"),
    "fewer plug-ins than arrivals": ({"plug_ins_per_day": 0.1}, "plug_ins_per_day"),
    "more plug-ins than periods": ({"plug_ins_per_day": 3}, "plug_ins_per_day"),
}


@pytest.mark.parametrize("what", WRONG_ESTIMATES)
def test_wrong_priors_and_plug_ins_are_refused_by_name(what):
    options, column = WRONG_ESTIMATES[what]
    with pytest.raises(evf.InvalidInputError) as error:
        evf.estimate_transition_matrices(*DAY, **options)
    assert [fault.column for fault in error.value.faults] == [column]


CHAIN = evf.estimate_transition_matrices(*DAY)
WRONG_CHAINS = {
    "one matrix": ((PRIOR, [1, 0, 0], 3), {}, "P"),
    "matrices whose rows do not sum to 1": ((CHAIN * 0.9, [1, 0, 0], 3), {}, "P"),
    "missing matrices": ((CHAIN * np.nan, [1, 0, 0], 3), {}, "P"),
    "two states": ((CHAIN, [0.5, 0.5], 3), {}, "initial"),
    "probabilities of no sum": ((CHAIN, [0.5, 0.5, 0.5], 3), {}, "initial"),
    "negative outlets": ((CHAIN, [1, 0, 0], -3), {}, "n_evse"),
    "half an outlet": ((CHAIN, [1, 0, 0], 2.5), {}, "n_evse"),
    "no days": ((CHAIN, [1, 0, 0], 3), {"n_days": 0}, "n_days"),
    "a seed that is none": ((CHAIN, [1, 0, 0], 3), {"seed": "one"}, "seed"),
}


@pytest.mark.parametrize("what", WRONG_CHAINS)
def test_wrong_chains_are_refused_by_name(what):
    args, options, column = WRONG_CHAINS[what]
    with pytest.raises(evf.InvalidInputError) as error:
        evf.simulate_lattice(*args, **options)
    assert [fault.column for fault in error.value.faults] == [column]


@pytest.mark.parametrize("lattices", [random_lattice(np.random.default_rng(0), 3, 4), np.zeros((0, 3, 4))])
def test_lattices_without_days_cannot_be_counted(lattices):
    with pytest.raises(evf.InvalidInputError, match="lattices"):
        evf.count_transition_matrices(lattices)


def test_a_site_without_outlets_has_an_empty_lattice():
    assert evf.simulate_lattice(CHAIN, [1, 0, 0], 0).shape == (0, 2)
