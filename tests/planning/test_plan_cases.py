"""Plans whose answer is plain, or is found by other means: power flows of pandapower, a program of the test's own."""

from __future__ import annotations

import copy

import numpy as np
import pandapower as pp
import pandas as pd
import pytest
from scipy.optimize import linprog

import pandapower_evflex as evf
from pandapower_evflex.planning.congested_days import CongestedDays
from pandapower_evflex.planning.congestion.overload import find_overloads
from pandapower_evflex.planning.congestion.windows import congestions
from pandapower_evflex.planning.fault.outages import Outage
from pandapower_evflex.planning.fault.post_fault import loading_limits, post_fault_net
from pandapower_evflex.planning.fault.reinforced import reinforced_net
from pandapower_evflex.planning.fault_study import _best_state
from pandapower_evflex.planning.planning_case import planning_case
from pandapower_evflex.planning.settings import Settings
from tests.planning.plan_nets import PRICES, add_sites, planned, random_ring, ring

SQRT3_KV = np.sqrt(3.0) * 10.0


def plan_of(study, reinforcements, flexibility):
    built = np.array([own == reinforcements for own in study.plans.reinforcements])
    return study.plans[built & (study.plans.flexibility == flexibility)].iloc[0]


def case_of(net, profiles, **changed):
    prices = {name: price for name, price in {**PRICES, **changed}.items() if name in Settings.__dataclass_fields__}
    settings = Settings(
        load_growth_percent=0.0, rule="paper", rebound=True, pricing="pay_as_clear", procurement="merit_order",
        events_per_fault=None, max_ties=2, momentary_h=0.05, **prices,
    )  # fmt: skip
    return planning_case(net, profiles, 365, None, settings)


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (3, 7, 12))])
def test_no_plan_is_called_free_of_overload_that_a_power_flow_contradicts(seed):
    net, profiles = random_ring(seed, n_sites=0, tie=seed == 3)
    study, case = planned(net, profiles), case_of(net, profiles)
    checked = 0
    for number, plan in study.plans[~study.plans.flexibility].iterrows():
        faults = study.fault_costs[study.fault_costs.plan == number]
        for fault in faults[faults.overload_eur_per_year == 0.0].itertuples():
            built = reinforced_net(net, plan.reinforcements)
            restoration, *_ = _best_state(
                case, case.built(plan.reinforcements), Outage(fault.element_type, fault.element)
            )
            after = copy.deepcopy(post_fault_net(built, restoration))
            for period in range(0, 24, 5):
                for (table, column), frame in profiles.items():
                    after[table].loc[frame.columns, column] = frame.iloc[period].to_numpy()
                pp.runpp(after)
                loading = after.res_line.loading_percent.fillna(0.0).to_numpy()
                assert (loading <= loading_limits(after, "line") + 1e-3).all()
                assert after.res_bus.vm_pu.min() >= 0.9 - 1e-6
                checked += 1
    assert checked > 20


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (3, 7))])
def test_where_energy_is_not_served_a_power_flow_shows_an_overload(seed):
    net, profiles = random_ring(seed, n_sites=0)
    study, case = planned(net, profiles), case_of(net, profiles)
    assert len(study.faults)
    for row in study.faults[study.faults.overloaded_element_type == "line"].itertuples():
        restoration, *_ = _best_state(case, case.built(()), Outage(row.element_type, row.element))
        after = copy.deepcopy(post_fault_net(net, restoration))
        periods = np.arange(round(row.start_h), round(row.end_h)) % 24
        worst = 0.0
        for period in periods:
            for (table, column), frame in profiles.items():
                after[table].loc[frame.columns, column] = frame.iloc[period].to_numpy()
            pp.runpp(after)
            worst = max(worst, after.res_line.loading_percent[row.overloaded_element])
        assert worst > 100.0


def nested(site_prices=(4_000.0, 2_000.0)):
    """Line 2 feeds stations 1 and 2, line 3 feeds line 2 and station 3; both are overloaded, by one and three MW.

    A site at station 1 is below both lines, one at station 3 is below line 3 only.
    """
    net = ring([3.1, 0.9, 4.0], [90.0 / SQRT3_KV, 90.0 / SQRT3_KV, 3.0 / SQRT3_KV, 5.0 / SQRT3_KV], 1)
    net.line[["r_ohm_per_km", "x_ohm_per_km"]] = 1e-5
    net.load["q_mvar"] = 0.0
    net.line["failure_rate_per_year"] = np.nan
    net.line.loc[0, "failure_rate_per_year"] = 1.0
    for bus, price, rate in ((1, site_prices[0], 0.4), (3, site_prices[1], 0.3)):
        cpo = evf.create_cpo(net, bus, 200, 0.025, price_eur_per_mwh=price)
        evf.set_cpo_rates(net, cpo, rate, 0.8)
    return net


@pytest.mark.parametrize("site_prices", [(4_000.0, 2_000.0), (2_000.0, 4_000.0), (9_000.0, 2_000.0), (9e3, 9.5e3)])
def test_nested_overloads_are_relieved_at_the_cost_of_a_program_of_the_tests_own(site_prices):
    """One MW at station 1 counts for both lines. Window: 10 to 12 h; the paper's rule gives energies of 2 h."""
    net = nested(site_prices)
    shape = np.where((np.arange(24) >= 10) & (np.arange(24) < 12), 1.0, 0.2)
    profiles = {("load", "p_mw"): pd.DataFrame(shape[:, None] * [3.1, 0.9, 4.0], columns=net.load.index)}
    study = planned(net, profiles, period_h=1.0, rebound=False)
    assert set(study.faults.overloaded_element) == {2, 3}
    assert set(study.faults.start_h) == {10.0}
    missing = study.faults.set_index("overloaded_element").ens_mwh / 2.0
    assert missing[2] == pytest.approx(1.0, abs=0.01)
    assert missing[3] == pytest.approx(3.0, abs=0.01)
    # per site and hour: at most the charging load, and in all the energy (d_o - d_c) N P tau of the rule at 15 min
    charging = np.array([0.4, 0.3]) * 5.0
    energy = np.array([0.4, 0.5]) * 5.0 * 0.25
    # by hour: sheds below both lines, sheds at station 3, bought at 1, bought at 3
    cost = np.tile([10_000.0, 10_000.0, *site_prices], 2)
    below_both, below_one = [1.0, 0.0, 1.0, 0.0], [1.0, 1.0, 1.0, 1.0]
    rows = [np.kron(np.eye(2)[hour], part) for hour in (0, 1) for part in (below_both, below_one)]
    rows += [-np.kron(np.ones(2), np.eye(4)[2 + site]) for site in (0, 1)]
    least = [*np.tile([missing[2], missing[3]], 2), *-energy]
    bounds = [(0.0, most) for _ in (0, 1) for most in (4.0, 4.0, *charging)]
    own = linprog(cost, A_ub=-np.array(rows), b_ub=-np.array(least), bounds=bounds)
    flexible = plan_of(study, (), True)
    assert flexible.reliability_eur_per_year + flexible.flexibility_eur_per_year == pytest.approx(own.fun, rel=1e-6)
    # without flexibility: what line 3 misses; one MW of it is taken below both lines
    assert plan_of(study, (), False).reliability_eur_per_year == pytest.approx(20_000.0 * missing[3], rel=1e-3)


def two_fault_ring(invest_eur):
    """Line 0 fails and overloads line 4 by a lot for hours; line 5 fails and overloads line 1 a little."""
    net = ring([1.0, 1.0, 1.0, 1.0, 1.0], np.array([9.0, 4.2, 9.0, 9.0, 2.5, 9.0]) / SQRT3_KV, 2)
    net.load["q_mvar"] = 0.0
    net.line["failure_rate_per_year"] = np.nan
    net.line.loc[[0, 5], "failure_rate_per_year"] = 1.0
    net.line[["r_ohm_per_km", "x_ohm_per_km"]] = 1e-3
    for line in (4, 1):
        evf.create_reinforcement(net, "line", line, invest_eur, lifetime_years=30.0, parallel=2)
    add_sites(net, [5], [500.0], 200)
    cpo = net.cpo.index[0]
    evf.set_cpo_rates(net, cpo, 0.2, 0.8)
    return net


def test_the_hybrid_is_found_where_one_fault_is_better_reinforced_and_the_other_better_bought():
    net = two_fault_ring(30_000.0)
    shape = np.where((np.arange(96) >= 44) & (np.arange(96) < 48), 1.07, 0.8)
    profiles = {("load", "p_mw"): pd.DataFrame(np.tile(shape[:, None], 5), columns=net.load.index)}
    for rebound in (True, False):
        study = planned(net, profiles, rebound=rebound)
        best = study.plans.loc[study.best]
        assert best.reinforcements == (0,)
        assert best.flexibility
        assert best.flexibility_eur_per_year > 0.0
        alone = [plan_of(study, (), True), plan_of(study, (0,), False), plan_of(study, (0, 1), False)]
        assert all(plan.total_eur_per_year > best.total_eur_per_year + 100.0 for plan in alone)
        searched = planned(net, profiles, rebound=rebound, solver="milp")
        assert searched.plans.reinforcements[searched.best] == (0,)


def test_a_transformer_may_be_the_overloaded_asset():
    """Of two transformers in one station one fails; the other one is 1.0 MVA and carries 1.3 MW until the repair."""
    net = pp.create_empty_network()
    pp.create_buses(net, 2, 10.0)
    low = pp.create_buses(net, 2, 0.4)
    pp.create_ext_grid(net, 0)
    pp.create_line_from_parameters(net, 0, 1, 0.1, 0.1, 0.1, 0.0, 1.0)
    for bus in low:
        trafo = pp.create_transformer_from_parameters(
            net, 1, int(bus), 1.0, 10.0, 0.4, vkr_percent=1.0, vk_percent=4.0, pfe_kw=0.0, i0_percent=0.0
        )
        pp.create_switch(net, 1, trafo, "t")
        pp.create_switch(net, int(bus), trafo, "t")
    pp.create_switch(net, int(low[0]), int(low[1]), "b", closed=False)
    pp.create_loads(net, low, p_mw=[0.7, 0.6])
    net.trafo["failure_rate_per_year"] = 0.1
    net.trafo["repair_time_h"] = 48.0
    evf.create_reinforcement(net, "trafo", 1, 9_000.0, lifetime_years=40.0, parallel=2)
    cpo = evf.create_cpo(net, int(low[0]), 20, 0.022, price_eur_per_mwh=1_000.0)
    evf.set_cpo_rates(net, cpo, 0.4, 0.9)
    study = planned(net, None)
    assert set(study.faults.overloaded_element_type) == {"trafo"}
    by_fault = study.faults.set_index("element")
    assert by_fault.overloaded_element.to_dict() == {0: 1, 1: 0}
    # 1.3 MW and losses through 1 MVA; by the current at the side that is worse
    assert (by_fault.ens_mwh / 24.0).tolist() == pytest.approx([0.3, 0.3], abs=0.06)
    after = copy.deepcopy(net)
    after.trafo.loc[0, "in_service"] = False
    after.switch.loc[after.switch.et == "b", "closed"] = True
    after.load["p_mw"] *= 1.0 - by_fault.ens_mwh[0] / 24.0 / 1.3
    pp.runpp(after)
    assert after.res_trafo.loading_percent[1] == pytest.approx(100.0, abs=1e-3)
    one, both = plan_of(study, (0,), False), plan_of(study, (), False)
    assert one.reliability_eur_per_year == pytest.approx(0.5 * both.reliability_eur_per_year, rel=0.05)


def test_what_is_deferred_comes_back_in_full():
    net, profiles = evf.networks.ring_10kv()
    case = case_of(net, profiles)
    _, days, _ = _best_state(case, case.built(()), Outage("line", 0))
    state = days.state
    (congestion,) = congestions(case.days.types, find_overloads(state, state.s, state.load).curable)
    shed = days._shed(congestion, state.s, state.load)
    filled = np.zeros(state.load.shape)
    filled[congestion.window.cases] = shed
    (purchase,) = CongestedDays(case, state)._purchases([congestion], filled)
    change = purchase.injection_with_rebound(*state.s.shape)
    assert purchase.energy_mwh == pytest.approx(0.15, rel=1e-6)
    assert change.sum() == pytest.approx(0.0, abs=1e-9)
    in_window = change.real[congestion.window.cases].sum() * 0.25
    assert in_window == pytest.approx(0.15, rel=0.02)  # what waits for a whole day comes back in the window of the next
    assert purchase.rebound_mw() == pytest.approx(-change.real.min(), rel=1e-9)


@pytest.mark.parametrize(("hv_mva", "missing_mw"), [(100.0, 9.0 + 4.0), (60.0, 15.0)])
def test_both_lower_windings_of_a_transformer_are_relieved(hv_mva, missing_mw):
    """A twin fails: 34 MW through 25 MVA and 41 MW through 37 MVA; with 60 MVA above them 15 MW must go, wherever."""
    net = pp.create_empty_network()
    high, mid, low = (pp.create_bus(net, vn_kv) for vn_kv in (110.0, 20.0, 10.0))
    pp.create_ext_grid(net, high)
    for _ in range(2):
        twin = pp.create_transformer3w_from_parameters(
            net, high, mid, low, 110.0, 20.0, 10.0, hv_mva, 25.0, 37.0, *([0.01] * 3), *([1e-3] * 3), 0.0, 0.0
        )
    for bus in (high, mid, low):
        pp.create_switch(net, bus, twin, "t3", type="CB")
    net.trafo3w["failure_rate_per_year"] = [np.nan, 1.0]
    pp.create_loads(net, [mid, low], p_mw=[34.0, 41.0])
    study = planned(net, None)
    assert study.faults.overloaded_element_type.tolist() == ["trafo3w"]
    assert plan_of(study, (), False).reliability_eur_per_year == pytest.approx(240_000.0 * missing_mw, rel=0.02)


def a_line_to(n_stations):
    net = pp.create_empty_network()
    pp.create_buses(net, n_stations + 1, 10.0)
    pp.create_ext_grid(net, 0)
    for bus in range(n_stations):
        pp.create_line_from_parameters(net, bus, bus + 1, 1.0, 0.1, 0.1, 0.0, 0.4)
        pp.create_switch(net, bus, bus, "l")
    pp.create_loads(net, range(1, n_stations + 1), p_mw=1.0)
    net.line["failure_rate_per_year"], net.line["repair_time_h"] = 0.5, 3.0
    return net


@pytest.mark.parametrize("solver", ["enumeration", "milp"])
def test_a_fault_that_leaves_everything_dark_costs_its_repair(solver):
    """Also without any candidate; the first line is all that leaves the grid."""
    study = planned(a_line_to(2), None, solver=solver)
    costs = study.fault_costs[study.fault_costs.plan == 0].set_index("element").dark_eur_per_year
    assert costs.to_dict() == pytest.approx({0: 0.5 * 3.0 * 2.0 * 10_000.0, 1: 0.5 * 3.0 * 1.0 * 10_000.0})
    assert study.faults.dark_mw.tolist() == [2.0, 1.0]
