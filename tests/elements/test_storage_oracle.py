"""Batteries against a linear program in their own variables: charging, feeding in, energy, and both activations."""

from __future__ import annotations

import numpy as np
import pytest
from pandapower.create import create_storage
from scipy.optimize import linprog

import pandapower_evflex as evf
from tests.opf.feeder import feeder_net

N = 6


def random_battery(seed):
    rng = np.random.default_rng(seed)
    max_e = rng.uniform(0.02, 0.1)
    return {
        "max_e_mwh": max_e,
        "min_e_mwh": rng.uniform(0.0, 0.2) * max_e,
        "soc_percent": rng.uniform(25.0, 95.0),
        "max_p_mw": rng.uniform(0.01, 0.04),
        "min_p_mw": -rng.uniform(0.01, 0.04),
        "efficiency_percent": rng.uniform(80.0, 100.0),
        "discharge_efficiency_percent": rng.uniform(80.0, 100.0),
    }


def best_by_linear_program(battery, room_mw, weight):
    """Variables of period t: c, g, E, T, D; the load of all stays below ``room_mw`` in every scenario."""
    eta, eta_d = battery["efficiency_percent"] / 100.0, battery["discharge_efficiency_percent"] / 100.0
    e_0 = battery["soc_percent"] / 100.0 * battery["max_e_mwh"]
    most, least = battery["max_p_mw"], battery["min_p_mw"]
    n, cost, a, b, a_eq, b_eq = 5 * N, np.zeros(5 * N), [], [], [], []

    def row(t, **values):
        found = np.zeros(n)
        for name, value in values.items():
            found[5 * t + "cgETD".index(name)] = value
        return found

    def below(coefficient, bound):
        a.append(coefficient)
        b.append(bound)

    for t in range(N):
        load, before = row(t, c=1.0, g=-1.0), (row(t - 1, E=1.0) if t else np.zeros(n))
        known = 0.0 if t else e_0
        a_eq.append(row(t, E=1.0, c=-eta, g=1.0 / eta_d) - before)
        b_eq.append(known)
        below(load - row(t, T=1.0), 0.0)
        below(row(t, D=1.0) - load, 0.0)
        below(row(t, T=1.0), min(most, room_mw))
        below(before + row(t, T=eta), battery["max_e_mwh"] - known)
        needed = max(battery["min_e_mwh"], e_0 - eta * most * (N - 1 - t))
        below(-before - row(t, D=eta), known - needed)
        below(-before - row(t, D=1.0 / eta_d), known - needed)
        below(-row(t, E=1.0), -needed)
        cost += weight["down"][t] * row(t, D=1.0) - weight["up"][t] * row(t, T=1.0)
        cost += (weight["up"][t] - weight["down"][t]) * load
    bounds = [(0.0, most), (0.0, -least), (0.0, battery["max_e_mwh"]), (least, most), (least, most)] * N
    solved = linprog(cost, np.array(a), b, np.array(a_eq), b_eq, bounds, method="highs")
    assert solved.status == 0
    return -solved.fun


def net_with(battery):
    net = feeder_net(1, load_mw=0.0)
    del net["ev"], net["ev_session"]
    create_storage(net, 3, 0.0, **battery)
    evf.create_flexibilities(net, "storage", [0, 0], ["up", "down"])
    return net


SEEDS = [*range(3), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 30))]


@pytest.mark.parametrize("method", ["fast", "exact"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_battery_with_losses_offers_what_a_linear_program_says(seed, method):
    battery, rng = random_battery(seed), np.random.default_rng(100 + seed)
    up = rng.uniform(0.5, 1.0, N)
    weights = {"up": up, "down": up * rng.uniform(0.2, 1.0, N)}
    result = evf.run_flexibility_opf(
        net_with(battery), n_periods=N, period_h=1.0, weights=weights, method=method, tie_break=None, progress=False
    )
    assert result.status == "optimal", result.message
    assert result.objective_mw == pytest.approx(best_by_linear_program(battery, np.inf, weights), rel=2e-6)
    assert result.bound_mw >= result.objective_mw * (1.0 - 1e-9)
    assert result.verification["max_storage_violation"] < 1e-6


@pytest.mark.parametrize("tie_break", ["smooth", "min_energy", "level"])
def test_no_energy_is_wasted_whatever_breaks_the_tie(tie_break):
    battery = random_battery(7)
    result = evf.run_flexibility_opf(
        net_with(battery), n_periods=N, period_h=1.0, tie_break=tie_break, method="fast", progress=False
    )
    assert result.status == "optimal", result.message
    p, e = (result.series["storage"][name][0].to_numpy() for name in ("p_mw", "e_mwh"))
    eta, eta_d = battery["efficiency_percent"] / 100.0, battery["discharge_efficiency_percent"] / 100.0
    added = np.diff(e, prepend=battery["soc_percent"] / 100.0 * battery["max_e_mwh"])
    assert np.abs(np.where(p > 0.0, eta * p, p / eta_d) - added).max() < 1e-9


@pytest.mark.parametrize("method", ["fast", "exact", "auto"])
def test_where_wasting_energy_would_pay_no_gap_is_claimed(method):
    """Downward flexibility that weighs more asks for load at any price, so the optimum would charge and feed in."""
    result = evf.run_flexibility_opf(
        net_with(random_battery(3)), n_periods=N, period_h=1.0, weights={"up": 0.5, "down": 1.0}, method=method,
        tie_break=None, progress=False,
    )  # fmt: skip
    assert result.status == "feasible" and np.isnan(result.gap), result.message
    assert "charges and discharges at once" in result.message
    assert result.verification["max_storage_violation"] < 1e-6


@pytest.mark.parametrize("method", ["fast", "exact"])
def test_a_full_battery_that_wastes_nothing_in_a_period_without_choice(method):
    """The last period must fill it again: nothing is offered there, whatever a solver wastes."""
    battery = {
        "max_e_mwh": 0.036884, "min_e_mwh": 0.007377, "soc_percent": 100.0, "max_p_mw": 0.02839, "min_p_mw": -0.006079,
        "efficiency_percent": 50.0, "discharge_efficiency_percent": 95.0,
    }  # fmt: skip
    net = net_with(battery)
    net.flexibility = net.flexibility.iloc[:1].assign(max_p_mw=0.01)
    result = evf.run_flexibility_opf(net, n_periods=3, period_h=1.0, method=method, tie_break=None, progress=False)
    assert result.status in ("optimal", "optimal_within_gap"), result.message
    offered = result.series["storage"]["p_up_mw"][0]
    assert offered.iloc[2] == 0.0 and offered.max() <= 0.01 + 1e-12
    assert result.verification["max_storage_violation"] < 1e-6


def test_where_wasting_energy_would_pay_the_exact_method_claims_no_optimum():
    """Downward weighs more: charging and feeding in at once would schedule load in order to withdraw it."""
    battery = {
        "max_e_mwh": 0.1, "soc_percent": 100.0, "max_p_mw": 0.03, "min_p_mw": -0.03, "efficiency_percent": 50.0,
        "discharge_efficiency_percent": 50.0,
    }  # fmt: skip
    arguments = {"n_periods": 3, "period_h": 1.0, "weights": {"up": 0.3, "down": 1.0}, "tie_break": None}
    exact, fast = (
        evf.run_flexibility_opf(net_with(battery), method=method, progress=False, **arguments)
        for method in ("exact", "fast")
    )
    assert exact.status == "feasible" and "charges and discharges at once" in exact.message
    assert fast.status != "optimal" or fast.gap <= 1e-6
    assert exact.verification["max_storage_violation"] < 1e-6
