"""Bands for any sequence of calls: `guarantee="any_sequence"`."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

import pandapower_evflex as evf
from tests.examples import sampled, sweep
from tests.opf.band_oracles import energies_of_calls, largest_bands, largest_by_any_policy, random_calls
from tests.opf.feeder import EIGHT_HOURS, feeder_net, two_feeders_net

BAND = {"guarantee": "any_sequence", "progress": False}


def strong_net():
    """EVs at a bus whose grid no EV can load."""
    net = pp.create_empty_network()
    hv, lv = pp.create_bus(net, 20.0), pp.create_bus(net, 0.4)
    pp.create_ext_grid(net, hv)
    pp.create_transformer_from_parameters(net, hv, lv, 400.0, 20.0, 0.4, 0.1, 0.5, 0.0, 0.0)
    return net


def random_fleet(rng, n_cars, n_periods, period_h, *, chained=False):
    """Stays of cars as `largest_bands` wants them; chained: a second stay starts from what the trip leaves."""
    cars = []
    for _ in range(n_cars):
        p_max, e_max, eta = rng.choice([0.0037, 0.011]), rng.uniform(0.03, 0.08), rng.uniform(0.85, 1.0)
        first = int(rng.integers(0, n_periods // 3))
        last = (
            int(rng.integers(first + 2, n_periods // 2 + 2)) if chained else int(rng.integers(first + 2, n_periods + 1))
        )
        arrival = rng.uniform(0.1, 0.6) * e_max
        room = min(e_max - arrival, eta * period_h * p_max * (last - first))
        p_min = rng.choice([0.0, 0.1]) * min(p_max, room / (eta * period_h * (last - first)))
        need = arrival + max(rng.uniform(0.0, 0.9), 0.2) * room
        stay = {"first": first, "last": last, "arrival": arrival, "need": need, "low": 0.0, "e_max": e_max,
                "p_min": p_min, "p_max": p_max, "eta": eta, "trip": 0.0}  # fmt: skip
        car = [stay]
        if chained:
            stay["p_min"], stay["trip"] = 0.0, rng.uniform(0.0, 0.6) * need
            n_later = n_periods - last - 1
            later = {**stay, "first": last + 1, "last": n_periods, "arrival": None, "trip": 0.0}
            later["need"] = need - stay["trip"] + rng.uniform(0.0, 0.7) * min(
                e_max - need + stay["trip"], eta * period_h * p_max * n_later
            )  # fmt: skip
            car.append(later)
        cars.append(car)
    return cars


def add_fleet(net, cars, bus, period_h):
    for car in cars:
        first = car[0]
        ev = evf.create_ev(net, bus, max_p_mw=first["p_max"], max_e_mwh=first["e_max"], min_p_mw=first["p_min"],
                           min_e_mwh=first["low"], efficiency_percent=100.0 * first["eta"],
                           consumption_kwh_per_km=1.0)  # fmt: skip
        for stay in car:
            given = {} if stay["arrival"] is None else {"e_arrival_mwh": stay["arrival"]}
            session = evf.create_ev_session(net, ev, stay["first"] * period_h, stay["last"] * period_h,
                                            e_departure_mwh=stay["need"], **given)  # fmt: skip
            net.ev_session.loc[session, "trip_km"] = 1e3 * stay["trip"]


def test_one_car_by_hand():
    """10 kW for 4 h, 20 kWh of 60 needed, full at 50: lower edge 20 kWh and upper edge 30 kWh over four hours."""
    net = strong_net()
    evf.create_ev(net, 1, max_p_mw=0.01, max_e_mwh=0.05)
    evf.create_ev_session(net, 0, 0.0, 4.0, e_arrival_mwh=0.02, e_departure_mwh=0.04)
    result = evf.run_flexibility_opf(net, n_periods=4, period_h=1.0, **BAND)
    assert result.objective_mw == pytest.approx(0.01, rel=2e-6)  # 30 - 20 kWh, in whatever hours
    assert result.p_mw.sum().sum() == pytest.approx(0.02, rel=1e-4)  # the plan charges what is needed
    assert result.p_mw[0].std() < 1e-5 and result.guarantee_proved


def test_a_car_that_must_leave_full_has_no_band_and_its_next_stay_has_one():
    net = strong_net()
    evf.create_ev(net, 1, max_p_mw=0.01, max_e_mwh=0.05, consumption_kwh_per_km=0.2)
    evf.create_ev_session(net, 0, 0.0, 4.0, e_arrival_mwh=0.03, e_departure_mwh=0.05, trip_km=100.0)
    evf.create_ev_session(net, 0, 5.0, 8.0, e_departure_mwh=0.04)
    result = evf.run_flexibility_opf(net, n_periods=8, period_h=1.0, **BAND)
    band = (result.p_up_mw + result.p_down_mw)[0]
    assert band[:5].max() == 0.0 and band[5:].sum() == pytest.approx(0.01, rel=1e-5)
    assert set(result.limited_by(2).loc[0]) <= {"battery full", "must leave charged", "nothing scheduled"}


@sweep
@pytest.mark.parametrize("seed", sampled(range(12), 4))
def test_without_a_grid_the_bands_of_random_fleets_equal_a_linear_program(seed):
    rng = np.random.default_rng(seed)
    n, period_h = int(rng.integers(5, 12)), float(rng.choice([0.25, 0.5, 1.0]))
    cars, net = random_fleet(rng, 6, n, period_h, chained=seed % 3 == 2), strong_net()
    add_fleet(net, cars, 1, period_h)
    weights = {d: rng.uniform(0.5, 1.0, n) if seed % 2 else np.ones(n) for d in ("up", "down")}
    weights["down"] = np.minimum(weights["down"], weights["up"])
    directions = [("up", "down"), ("up",), ("down",)][seed % 4 % 3]
    cap = 0.002 if seed % 5 == 4 else np.inf
    if np.isfinite(cap):
        for d in ("up", "down"):
            evf.create_flexibilities(net, "ev", net.ev.index, d, max_p_mw=cap)
    method = "exact" if seed % 4 == 1 else "fast"
    result = evf.run_flexibility_opf(net, n_periods=n, period_h=period_h, weights=weights, scenarios=directions,
                                     method=method, tie_break=None, **BAND)  # fmt: skip
    expected = largest_bands(cars, weights, period_h, directions, cap)
    assert result.objective_mw == pytest.approx(expected, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("weighted", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_proportional_sharing_reaches_what_any_policy_can(weighted):
    """Equal with equal weights; at least 95 % of it in most fleets where weights vary."""
    rng, shares = np.random.default_rng(3), []
    for _ in range(3 if not weighted else 6):
        n = 5
        cars, net = random_fleet(rng, 3, n, 1.0), strong_net()
        for car in cars:
            car[0].update(p_min=0.0)
        add_fleet(net, cars, 1, 1.0)
        weights = rng.uniform(0.5, 1.0, n) if weighted else np.ones(n)
        result = evf.run_flexibility_opf(net, n_periods=n, period_h=1.0, weights={"up": weights, "down": weights},
                                         tie_break=None, **BAND)  # fmt: skip
        shares.append(result.objective_mw / largest_by_any_policy(cars, weights, 1.0))
    assert max(shares) < 1.0 + 1e-6
    assert min(shares) > (0.69 if weighted else 1.0 - 1e-6) and np.median(shares) > 0.95


def congested_feeder():
    net = feeder_net(4, load_mw=0.03, sn_mva=0.06)
    net.ev.loc[3, "max_e_mwh"] = 0.045
    return net, {("load", "p_mw"): pd.DataFrame({0: np.linspace(0.01, 0.045, 8)})}


@pytest.fixture(scope="module")
def called():
    net, profiles = congested_feeder()
    return net, evf.run_flexibility_opf(net, profiles, **{**EIGHT_HOURS, **BAND})


def test_no_sequence_of_calls_leaves_a_car_short_or_overfull(called):
    net, result = called
    loads = random_calls(result, 10_000, np.random.default_rng(0))
    assert result.objective_mw > 0.05
    for row, car, e, left in energies_of_calls(net, loads, 1.0):
        assert e.max() < car.max_e_mwh + 1e-8
        assert (e[:, -1] + left).min() > row.e_departure_mwh - 1e-8


def test_every_moment_of_any_sequence_keeps_the_limits_by_runpp(called):
    net, result = called
    _, profiles = congested_feeder()
    rng, net = np.random.default_rng(1), deepcopy(net)
    assert result.binding.shape[0] and result.guarantee_proved
    ends = [result.p_mw, result.p_mw + result.p_up_mw, result.p_mw - result.p_down_mw]
    moments = [(t, end.to_numpy()[t]) for end in ends for t in range(8)]
    loads = random_calls(result, 8, rng)
    moments += [(t, loads[t, t]) for t in range(8)]
    extra = [pp.create_load(net, bus, 0.0) for bus in net.ev.bus]
    tan_phi = np.tan(np.arccos(net.ev.cos_phi.to_numpy()))
    for t, p in moments:
        net.load.loc[0, "p_mw"] = profiles[("load", "p_mw")].loc[t, 0]
        net.load.loc[extra, "p_mw"], net.load.loc[extra, "q_mvar"] = p, p * tan_phi
        pp.runpp(net)
        s = np.hypot(net.res_trafo.p_hv_mw, net.res_trafo.q_hv_mvar).max() / net.trafo.sn_mva.max()
        assert s < 1.0 + 1e-6
        assert net.res_line.loading_percent.max() < 100.0 + 1e-4
        assert net.res_bus.vm_pu.min() > 0.9 - 1e-6 and net.res_bus.vm_pu[1:].max() < 1.1 + 1e-6


def test_both_methods_reach_the_same_bands_where_the_grid_binds():
    for make in (congested_feeder, lambda: (two_feeders_net(), None)):
        net, profiles = make()
        objectives = [
            evf.run_flexibility_opf(net, profiles, method=method, **{**EIGHT_HOURS, **BAND}).objective_mw
            for method in ("fast", "exact")
        ]
        assert objectives[0] == pytest.approx(objectives[1], rel=2e-6)


@sweep
@pytest.mark.parametrize("tie_break", sampled(["smooth", "min_energy", "level"], 1, place=1))
def test_tie_breaks_pick_the_plan_inside_and_keep_the_flexibility(tie_break):
    net, profiles = congested_feeder()
    free = evf.run_flexibility_opf(net, profiles, tie_break=None, **{**EIGHT_HOURS, **BAND})
    result = evf.run_flexibility_opf(net, profiles, tie_break=tie_break, **{**EIGHT_HOURS, **BAND})
    assert f"tie_break='{tie_break}'" in result.message
    assert result.objective_mw == pytest.approx(free.objective_mw, rel=1.1e-6)
    needed = (net.ev_session.e_departure_mwh - net.ev_session.e_arrival_mwh).sum()
    assert result.p_mw.sum().sum() == pytest.approx(needed, rel=1e-4)


def test_less_is_promised_for_any_sequence_than_for_one_activation():
    net, profiles = congested_feeder()
    single = evf.run_flexibility_opf(net, profiles, **EIGHT_HOURS)
    band = evf.run_flexibility_opf(net, profiles, **{**EIGHT_HOURS, **BAND})
    assert band.objective_mw <= single.objective_mw * (1.0 + 1e-6)
    assert band.settings["guarantee"] == "any_sequence" and single.settings["guarantee"] == "one_activation"


def test_a_band_survives_any_call_inside_it(called):
    """After any call of the first period the rest of the band is still served: a run from there offers no less."""
    net, result = called
    _, profiles = congested_feeder()
    rng = np.random.default_rng(5)
    for _ in range(2):
        load = random_calls(result, 5, rng)[4, 0]
        later = deepcopy(net)
        later.ev_session["e_arrival_mwh"] += load
        later.ev_session["departure_h"] -= 1.0
        rest = {key: frame.iloc[1:].reset_index(drop=True) for key, frame in profiles.items()}
        again = evf.run_flexibility_opf(later, rest, n_periods=7, period_h=1.0, tie_break=None, **BAND)
        kept = (result.p_up_mw + result.p_down_mw).iloc[1:].sum().sum()
        assert again.objective_mw >= kept * (1.0 - 2e-6)


def test_an_upper_voltage_that_all_cars_lower_is_proved_between_the_edges():
    net = feeder_net(3, load_mw=0.005, pv_mw=0.06)
    pp.runpp(net)
    net.bus["max_vm_pu"] = net.res_bus.vm_pu.max() + 1e-4  # near at the lower edge
    result = evf.run_flexibility_opf(net, **{**EIGHT_HOURS, **BAND})
    highest = max(frame.max().max() for frame in result.vm_pu.values())
    assert highest > net.bus.max_vm_pu.max() - 5e-3
    assert result.guarantee_proved and "not proved" not in result.message


def test_a_loading_that_cars_move_both_ways_on_a_mesh_is_not_proved_and_named():
    """On the cable between both feeders the flows of their cars meet."""
    net = two_feeders_net(max_loading_percent=60.0)
    left, right = net.line.to_bus
    pp.create_line(net, left, right, 0.05, "NAYY 4x150 SE", max_loading_percent=100.0)
    pp.create_load(net, right, 0.05)
    pp.runpp(net)
    net.line.loc[2, "max_loading_percent"] = 1.001 * net.res_line.loading_percent[2]
    result = evf.run_flexibility_opf(net, **{**EIGHT_HOURS, **BAND})
    assert result.status == "optimal" and not result.guarantee_proved
    assert "not proved between its edges: max loading_percent of line 2 in period" in result.message
    assert "not proved between its edges" in str(result)
