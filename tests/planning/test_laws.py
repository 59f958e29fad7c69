"""Laws of `run_planning`: sums, what more choice and more flexibility may do, what is the same said otherwise."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pandapower_evflex as evf
from tests.examples import examples, sampled, sweep
from tests.planning.plan_nets import add_sites, day_of, planned, random_ring, ring

COSTS = ["reliability", "losses", "investment", "flexibility"]
#: EUR a year that power flows and programs may differ by
ROUNDING_EUR = 0.01

law = examples(few=1, many=40)


def least(study):
    return study.plans.total_eur_per_year[study.best]


def varied_example(seed):
    """The paper's ring with other loads, less or more of them at d."""
    rng = np.random.default_rng(seed)
    net, profiles = evf.networks.ring_10kv()
    frame = profiles["load", "p_mw"] * np.append(rng.uniform(0.95, 1.1, 3), 1.0)
    net.line.loc[4, "failure_rate_per_year"] = 0.2
    net.reinforcement["invest_eur"] = rng.uniform(1e4, 1e5)
    net.cpo["price_eur_per_mwh"] = rng.uniform(1e3, 9e3)
    return net, {("load", "p_mw"): frame}


@law
@given(st.integers(0, 10_000), st.booleans())
def test_costs_of_a_plan_add_up_to_the_cent(seed, tie):
    net, profiles = random_ring(seed, tie=tie)
    study = planned(net, profiles)
    plans, faults = study.plans, study.fault_costs
    by_plan = faults.groupby("plan").sum(numeric_only=True)
    for column in ("reliability_eur_per_year", "flexibility_eur_per_year"):
        np.testing.assert_allclose(by_plan[column], plans[column], atol=1e-6)
    parts = faults.overload_eur_per_year + faults.dark_eur_per_year
    np.testing.assert_allclose(parts, faults.reliability_eur_per_year, atol=1e-6)
    np.testing.assert_allclose(
        plans[[f"{name}_eur_per_year" for name in COSTS]].sum(axis=1), plans.total_eur_per_year, atol=1e-6
    )
    rows = net.reinforcement
    annuity = evf.investment_annuity(rows.invest_eur.to_numpy(), 0.065, rows.lifetime_years.to_numpy())
    invested = [annuity[rows.index.get_indexer(built)].sum() for built in plans.reinforcements]
    np.testing.assert_allclose(invested, plans.investment_eur_per_year, atol=1e-6)
    assert least(study) == plans.total_eur_per_year.min()
    assert np.isfinite(plans.filter(like="eur").to_numpy()).all()
    assert (plans.filter(like="eur").to_numpy() >= 0.0).all()


@law
@given(st.integers(0, 10_000))
def test_the_faults_of_the_net_as_it_is_say_what_its_first_plan_costs(seed):
    net, profiles = random_ring(seed)
    net.line["repair_time_h"] = 12.0
    study = planned(net, profiles)
    rows = study.faults[study.faults.overloaded_element.notna()]
    costs = study.fault_costs[study.fault_costs.plan == 0].set_index("element")
    for element, own in rows.groupby("element"):
        if own.overloaded_element.nunique() > 1:
            continue  # a MW may count for several lines
        fault, ens = costs.loc[element], own.ens_mwh.sum()
        assert fault.events_per_fault == 0.5
        expected = 0.5 * fault.failure_rate_per_year * 10_000.0 * ens
        assert fault.overload_eur_per_year == pytest.approx(expected, abs=ROUNDING_EUR)


@law
@given(st.integers(0, 10_000), st.booleans())
def test_more_candidates_never_make_the_best_plan_dearer(seed, tie):
    net, profiles = random_ring(seed, n_candidates=3, tie=tie)
    fewer = copy.deepcopy(net)
    fewer.reinforcement = fewer.reinforcement.iloc[1:]
    assert least(planned(net, profiles)) <= least(planned(fewer, profiles)) + ROUNDING_EUR


@pytest.mark.parametrize("rebound", [True, pytest.param(False, marks=pytest.mark.slow)])
@law
@given(seed=st.integers(0, 10_000), paper=st.booleans())
def test_a_further_site_never_makes_the_best_plan_dearer(rebound, seed, paper):
    net, profiles = varied_example(seed) if paper else random_ring(seed, n_sites=1)
    rng = np.random.default_rng(seed)
    before = planned(net, profiles, rebound=rebound, procurement="optimal")
    add_sites(net, rng.integers(1, 5, 1), rng.uniform(500.0, 9_500.0, 1), 40)
    after = planned(net, profiles, rebound=rebound, procurement="optimal")
    assert least(after) <= least(before) + ROUNDING_EUR


@pytest.mark.parametrize("rebound", [True, pytest.param(False, marks=pytest.mark.slow)])
@law
@given(seed=st.integers(0, 10_000), paper=st.booleans())
def test_a_larger_or_a_cheaper_site_never_makes_the_best_plan_dearer(rebound, seed, paper):
    net, profiles = varied_example(seed) if paper else random_ring(seed)
    before = least(planned(net, profiles, rebound=rebound, procurement="optimal"))
    net.cpo.loc[0, "n_evse"] += 30
    larger = least(planned(net, profiles, rebound=rebound, procurement="optimal"))
    assert larger <= before + ROUNDING_EUR
    net.cpo.loc[0, "price_eur_per_mwh"] *= 0.5
    cheaper = least(planned(net, profiles, rebound=rebound, procurement="optimal"))
    assert cheaper <= larger + ROUNDING_EUR


def test_two_day_types_that_are_alike_cost_what_one_costs():
    net, profiles = random_ring(7)
    one = planned(net, profiles)
    two = planned(net, None, days={"work": (250, profiles), "free": (115, profiles)})
    pd.testing.assert_frame_equal(one.plans, two.plans, rtol=1e-9)
    assert len(two.faults) == 2 * len(one.faults) > 0
    pd.testing.assert_frame_equal(one.fault_costs, two.fault_costs, rtol=1e-9)


def test_a_day_that_never_occurs_costs_nothing():
    net, profiles = random_ring(7)
    worse = {key: 2.0 * frame for key, frame in profiles.items()}
    one = planned(net, profiles)
    two = planned(net, None, days={"usual": (365, profiles), "never": (0, worse)})
    np.testing.assert_allclose(two.plans.total_eur_per_year, one.plans.total_eur_per_year, rtol=1e-9)


def test_events_from_repair_times_are_those_given_as_a_number():
    net, profiles = random_ring(7)
    net.line["repair_time_h"] = 6.0
    counted, given_ = planned(net, profiles), planned(net, profiles, events_per_fault=0.25)
    pd.testing.assert_frame_equal(counted.plans, given_.plans, rtol=1e-12)
    assert counted.plans.reliability_eur_per_year[0] > 0.0


def test_growth_is_the_profiles_multiplied_by_hand():
    net, profiles = random_ring(7)
    grown = planned(net, profiles, load_growth_percent=7.0)
    by_hand = planned(net, {key: 1.07 * frame for key, frame in profiles.items()})
    pd.testing.assert_frame_equal(grown.plans, by_hand.plans, rtol=1e-9)
    pd.testing.assert_frame_equal(grown.faults, by_hand.faults, rtol=1e-7)


def test_growth_without_profiles_is_the_table_multiplied_by_hand():
    net, _ = random_ring(7)
    net.load["scaling"] = 0.9
    grown = planned(net, None, load_growth_percent=-5.0)
    net.load["scaling"] *= 0.95
    pd.testing.assert_frame_equal(grown.plans, planned(net, None).plans, rtol=1e-9)


@pytest.mark.parametrize("rebound", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_day_that_starts_later_costs_the_same_and_its_windows_go_on_across_midnight(rebound):
    """The same day from 00:00 and from 12:00, with an overload from 22:00 to 02:00."""
    net, _ = random_ring(5, n_sites=0)
    net.load["p_mw"] *= 0.3
    net.load["q_mvar"] *= 0.3
    add_sites(net, [2, 4], [3_000.0, 5_000.0], 40)
    hour = np.arange(24)
    shape = np.where((hour >= 22) | (hour < 2), 4.5, 0.6)
    frames = {
        ("load", name): pd.DataFrame(shape[:, None] * net.load[name].to_numpy(), columns=net.load.index)
        for name in ("p_mw", "q_mvar")
    }
    at = {"midnight": "2024-05-14 00:00", "noon": "2024-05-14 12:00"}
    studies = {}
    for name, start in at.items():
        time = pd.date_range(start, periods=24, freq="h")
        order = (hour + time[0].hour) % 24
        frames_then = {key: frame.iloc[order].set_axis(time) for key, frame in frames.items()}
        studies[name] = planned(net, frames_then, rebound=rebound)
    assert set(studies["midnight"].faults.start_h) == {22.0}
    assert set(studies["midnight"].faults.end_h) == {26.0}
    assert studies["midnight"].plans.flexibility_eur_per_year.max() > 0.0
    pd.testing.assert_frame_equal(studies["midnight"].plans, studies["noon"].plans, rtol=1e-7)
    pd.testing.assert_frame_equal(studies["midnight"].faults, studies["noon"].faults, rtol=1e-6)


@sweep
@pytest.mark.parametrize("n_periods", sampled([24, 48], 1))
def test_a_finer_day_of_the_same_steps_costs_the_same(n_periods):
    """The exact energy of an overload does not depend on the step; the paper's rule does."""
    net, profiles = random_ring(7, n_sites=0)
    fine = {key: frame.loc[frame.index.repeat(96 // 24)].reset_index(drop=True) for key, frame in profiles.items()}
    every = 96 // n_periods
    coarse = {key: frame.iloc[::every].reset_index(drop=True) for key, frame in fine.items()}
    one, other = planned(net, fine, period_h=0.25), planned(net, coarse, period_h=0.25 * every)
    np.testing.assert_allclose(one.plans.total_eur_per_year, other.plans.total_eur_per_year, rtol=1e-7)


def test_labels_of_the_tables_do_not_matter():
    studies = []
    for low in (0, 100):
        net = ring([2.0, 1.5, 1.0, 2.0], [0.35] * 5, 2, low=low)
        add_sites(net, [low + 2], [3_000.0])
        evf.create_reinforcement(net, "line", low + 4, 3e4, lifetime_years=30.0, parallel=2, index=low + 3)
        studies.append(planned(net, day_of(net, 3)))
    one, other = studies
    np.testing.assert_allclose(one.plans.total_eur_per_year, other.plans.total_eur_per_year, rtol=1e-9)
    assert (one.faults.element + 100).tolist() == other.faults.element.tolist()
    assert other.plans.reinforcements.tolist() == [(), (), (103,), (103,)]
