"""The mixed-integer program finds the plan that enumeration finds, and new ties put strain where there was none."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import pandapower_evflex as evf
from pandapower_evflex.planning.plan_costs import PlanCosts
from tests.examples import examples
from tests.planning.plan_nets import add_tie, planned, random_ring, ring

#: a seed with which the program proposes several plans
SEVERAL_PLANS = 18


def assert_same_best(net, profiles, **options):
    by_all = planned(net, profiles, solver="enumeration", **options)
    searched = planned(net, profiles, solver="milp", **options)
    best = [study.plans.total_eur_per_year[study.best] for study in (by_all, searched)]
    assert best[1] == pytest.approx(best[0], abs=1e-4)
    assert searched.gap_eur_per_year == by_all.gap_eur_per_year == 0.0
    return by_all, searched


@pytest.mark.parametrize("tie", [pytest.param(False, marks=pytest.mark.slow), True])
@examples(few=1, many=40)
@given(seed=st.integers(0, 10_000))
def test_the_program_finds_the_best_plan_among_alternatives_and_new_ties(tie, seed):
    net, profiles = random_ring(seed, n_candidates=2, tie=tie)
    first = int(net.reinforcement.element[0])
    evf.create_reinforcement(net, "line", first, 25_000.0, lifetime_years=30.0, parallel=3)
    assert_same_best(net, profiles)


def test_the_program_finds_the_best_plan_though_a_fault_costs_more_beside_a_reinforcement():
    """A seed in which sites can shave less of the shorter windows that are left once a line is doubled."""
    net, profiles = random_ring(211, n_candidates=3)
    by_all, _ = assert_same_best(net, profiles)
    flexible = by_all.plans[by_all.plans.flexibility].index
    costs = by_all.fault_costs[by_all.fault_costs.plan.isin(flexible)]
    total = costs.reliability_eur_per_year + costs.flexibility_eur_per_year
    by_plan = total.groupby([costs.plan, costs.element]).sum().unstack()
    assert (by_plan.iloc[1:] > by_plan.iloc[0] + 1.0).any(axis=None)


def test_the_program_finds_lines_in_series_that_help_together_only():
    """Either line alone leaves the other one overloaded by as much."""
    net = ring([1.0, 1.0, 1.0, 1.0], [0.4, 0.4, 0.4, 0.2, 0.2], 2, failures=[1.0] + [np.nan] * 4)
    net.load["p_mw"] = [1.5, 1.5, 1.0, 0.05]
    for line, invest in ((4, 20_000.0), (3, 20_000.0), (1, 90_000.0)):
        evf.create_reinforcement(net, "line", line, invest, lifetime_years=30.0, parallel=2)
    by_all, searched = assert_same_best(net, None)
    assert searched.plans.reinforcements[searched.best] == (0, 1)
    assert by_all.plans.reinforcements[by_all.best] == (0, 1)


def weak_line_behind_a_new_tie():
    """Line 0 fails; only a new tie brings stations 1 to 3 back, through a line that is too weak for them."""
    net = ring([1.0, 2.0, 2.0, 1.0], [1.0] * 5, 3)
    net.line.loc[3, "in_service"] = False
    grid, station = pp.create_buses(net, 2, 10.0)
    pp.create_ext_grid(net, grid)
    weak = pp.create_line_from_parameters(net, grid, station, 1.0, 0.1, 0.1, 0.0, 0.1)
    pp.create_load(net, station, p_mw=0.3)
    net.line["failure_rate_per_year"], net.line["repair_time_h"] = np.nan, 10.0
    net.line.loc[0, "failure_rate_per_year"] = 1.0
    tie = add_tie(net, int(station), 2, 1.0)
    evf.create_reinforcement(net, "line", tie, 5_000.0, lifetime_years=40.0, in_service=True)
    evf.create_reinforcement(net, "line", weak, 5_000.0, lifetime_years=40.0, parallel=10)
    return net


def test_a_line_that_only_a_new_tie_loads_is_worth_strengthening_with_it():
    _, study = assert_same_best(weak_line_behind_a_new_tie(), None)
    assert study.plans.reinforcements[study.best] == (0, 1)
    assert study.plans.reliability_eur_per_year[study.best] == 0.0


@examples(few=1, many=40)
@example(seed=784)
@given(seed=st.integers(0, 10_000))
def test_what_is_not_studied_again_would_cost_the_same(seed):
    net, profiles = random_ring(seed, n_sites=1, tie=True)
    reused = planned(net, profiles)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PlanCosts, "relevant", lambda self, fault, built: built)
        afresh = planned(net, profiles)
    totals = [study.plans.total_eur_per_year.to_numpy() for study in (reused, afresh)]
    np.testing.assert_allclose(*totals, rtol=1e-6)


def test_a_search_that_is_cut_short_says_what_may_be_missed(caplog):
    net, profiles = random_ring(SEVERAL_PLANS, n_candidates=4, n_sites=1)
    study = planned(net, profiles, solver="milp", max_plans=1)
    whole = planned(net, profiles, solver="enumeration")
    best, cheapest = (own.plans.total_eur_per_year[own.best] for own in (study, whole))
    assert study.gap_eur_per_year > 0.0
    assert best - study.gap_eur_per_year <= cheapest + 1e-4
    assert "max_plans reached" in caplog.text
