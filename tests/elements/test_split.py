"""Where wasting energy pays: no schedule charges and feeds in at once, and none of other directions has more."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from pandapower.create import create_storage
from scipy.optimize import linprog

import pandapower_evflex as evf
from tests.elements.test_storage_oracle import random_battery
from tests.elements.test_v2g import net_with_car
from tests.opf.feeder import feeder_net

N = 6
HOURS = {"n_periods": N, "period_h": 1.0, "tie_break": None, "progress": False}
MANY = [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (0, *range(2, 20)))]


def best_one_way(battery, weight, low, high):
    """The best of 2^N linear programs, each with one direction per period; loads of all stays lie within low, high."""
    return max(_best_of(battery, weight, low, high, ways) for ways in itertools.product([True, False], repeat=N))


def _best_of(battery, weight, low, high, charges):
    """Variables of period t: P, E, T, D."""
    eta, eta_d = battery["efficiency_percent"] / 100.0, battery["discharge_efficiency_percent"] / 100.0
    e_0, most, least = battery["soc_percent"] / 100.0 * battery["max_e_mwh"], battery["max_p_mw"], battery["min_p_mw"]
    a, b, a_eq, b_eq, bounds, cost = [], [], [], [], [], np.zeros(4 * N)

    def row(t, **values):
        found = np.zeros(4 * N)
        for name, value in values.items():
            found[4 * t + "PETD".index(name)] = value
        return found

    for t, charging in enumerate(charges):
        before, known = (row(t - 1, E=1.0), 0.0) if t else (np.zeros(4 * N), e_0)
        a_eq.append(row(t, E=1.0, P=-eta if charging else -1.0 / eta_d) - before)
        b_eq.append(known)
        needed = max(battery["min_e_mwh"], e_0 - eta * most * (N - 1 - t))
        own = (max(0.0, low[t]), min(most, high[t])) if charging else (max(least, low[t]), min(0.0, high[t]))
        if own[0] > own[1]:
            return -np.inf
        bounds += [own, (needed, battery["max_e_mwh"]), (least, min(most, high[t])), (max(least, low[t]), most)]
        a += [row(t, P=1.0, T=-1.0), row(t, P=-1.0, D=1.0), before + row(t, T=eta)]
        a += [-before - row(t, D=eta), -before - row(t, D=1.0 / eta_d)]
        b += [0.0, 0.0, battery["max_e_mwh"] - known, known - needed, known - needed]
        cost += (weight["up"][t] - weight["down"][t]) * row(t, P=1.0)
        cost += weight["down"][t] * row(t, D=1.0) - weight["up"][t] * row(t, T=1.0)
    solved = linprog(cost, np.array(a), b, np.array(a_eq), b_eq, bounds, method="highs")
    return -solved.fun if solved.status == 0 else -np.inf


def is_one_way(battery, p, e):
    """Energies are those of one direction per period."""
    eta, eta_d = battery["efficiency_percent"] / 100.0, battery["discharge_efficiency_percent"] / 100.0
    added = np.diff(e, prepend=battery["soc_percent"] / 100.0 * battery["max_e_mwh"])
    return np.abs(np.where(p > 0.0, eta * p, p / eta_d) - added).max() < 1e-9


@pytest.mark.parametrize("seed", MANY)
def test_a_car_whose_downward_flexibility_weighs_more_is_scheduled_as_well_as_any_that_does_one_thing_at_a_time(seed):
    battery, rng = random_battery(seed), np.random.default_rng(seed)
    weights = {"up": rng.uniform(0.0, 0.5, N), "down": rng.uniform(0.3, 1.0, N)}
    best = best_one_way(battery, weights, np.full(N, -1.0), np.full(N, 1.0))
    for method in ("fast", "exact"):
        result = evf.run_flexibility_opf(net_with_car(battery), weights=weights, method=method, **HOURS)
        assert result.objective_mw == pytest.approx(best, rel=1e-5)
        if result.status != "optimal":
            assert np.isnan(result.gap) and "charges and discharges at once" in result.message
        assert is_one_way(battery, result.p_mw[0].to_numpy(), result.e_mwh[0].to_numpy())


LIMIT_PERCENT = 22.0


def net_with_sun(seed):
    """A battery and sun behind a cable that cannot carry the sun alone; sun by period."""
    rng = np.random.default_rng(seed)
    battery = {
        "max_e_mwh": rng.uniform(0.06, 0.2), "min_e_mwh": 0.0, "soc_percent": rng.uniform(10.0, 90.0),
        "max_p_mw": 0.08, "min_p_mw": -0.08, "efficiency_percent": rng.uniform(60.0, 95.0),
        "discharge_efficiency_percent": rng.uniform(60.0, 95.0),
    }  # fmt: skip
    sun = rng.uniform(0.0, 0.12, N) * (rng.random(N) < 0.6)
    net = feeder_net(1, load_mw=0.0, pv_mw=0.1, sn_mva=0.4)
    del net["ev"], net["ev_session"]
    create_storage(net, 3, 0.0, **battery)
    evf.create_flexibilities(net, "storage", [0, 0], ["up", "down"])
    return net, battery, sun


@pytest.mark.parametrize(
    "seed", [3, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (0, 4, 5, 6, 10, 11, 13, 14, 15))]
)
@pytest.mark.parametrize("down", [1.0, pytest.param(3.0, marks=pytest.mark.slow)])
def test_where_load_cures_a_limit_a_schedule_that_wastes_nothing_is_found(seed, down):
    """A solver that may waste keeps the limit by charging and feeding in at once; its energies alone would break it."""
    net, battery, sun = net_with_sun(seed)
    room = 0.985 * np.sqrt(3.0) * 0.4 * net.line.max_i_ka[0] * LIMIT_PERCENT / 100.0  # less what the cable loses
    weights = {"up": np.ones(N), "down": np.full(N, down)}
    at_least = best_one_way(battery, weights, sun - room, sun + room)
    assert at_least > 0.0
    profiles = {("sgen", "p_mw"): pd.DataFrame({0: sun})}
    reached = []
    for method in ("fast", "exact"):
        result = evf.run_flexibility_opf(
            net, profiles, max_line_loading_percent=LIMIT_PERCENT, weights=weights, method=method, **HOURS
        )
        reached.append(result.objective_mw)
        assert result.objective_mw > at_least
        assert result.status == "optimal" or np.isnan(result.gap)
        assert result.verification["against_runpp"] < 1e-6
        own = result.series["storage"]
        assert is_one_way(battery, own["p_mw"][0].to_numpy(), own["e_mwh"][0].to_numpy())
        assert max(frame.max().max() for frame in result.line_loading_percent.values()) < LIMIT_PERCENT * (1.0 + 1e-6)
    assert reached[0] == pytest.approx(reached[1], rel=1e-4)


@pytest.mark.slow
def test_beside_a_generator_that_may_be_curtailed_both_are_found():
    """The least energy curtailed is what a battery that wastes nothing leaves, and the rows of that energy hold too."""
    net, battery, sun = net_with_sun(2)  # no schedule without curtailment: see the linear programs
    evf.create_flexibility(net, "sgen", 0, "up")
    room = 1.01 * np.sqrt(3.0) * 0.4 * net.line.max_i_ka[0] * LIMIT_PERCENT / 100.0
    one = {"up": np.ones(N), "down": np.ones(N)}
    assert best_one_way(battery, one, sun - room, sun + room) == -np.inf
    profiles = {("sgen", "p_mw"): pd.DataFrame({0: sun})}
    result = evf.run_flexibility_opf(net, profiles, max_line_loading_percent=LIMIT_PERCENT, **HOURS)
    own, fed_in = result.series["storage"], result.series["sgen"]["p_mw"][0].to_numpy()
    assert is_one_way(battery, own["p_mw"][0].to_numpy(), own["e_mwh"][0].to_numpy())
    assert fed_in.sum() < sun.sum() - 1e-3
    assert best_one_way(battery, one, fed_in - 1.03 * room, sun + room) > 0.0
    assert result.verification["against_runpp"] < 1e-6


def test_directions_are_the_same_on_a_machine_that_takes_longer(monkeypatch):
    """Nodes of the search are counted, not seconds: a run without limits of its own asks no clock."""
    from pandapower_evflex.opf.solve import directions

    asked, solve = [], directions.milp

    def watched(*args, **kwargs):
        asked.append(dict(kwargs["options"]))
        return solve(*args, **kwargs)

    monkeypatch.setattr(directions, "milp", watched)
    weights = {"up": np.full(N, 0.2), "down": np.ones(N)}
    result = evf.run_flexibility_opf(net_with_car(random_battery(1)), weights=weights, method="fast", **HOURS)
    assert asked and all(set(options) == {"mip_rel_gap", "node_limit"} for options in asked)
    if result.status != "optimal":
        assert "mixed-integer program to a gap of" in result.message
