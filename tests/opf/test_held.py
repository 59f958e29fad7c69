"""Activations that are held: `duration_h`."""

from __future__ import annotations

import itertools
from copy import deepcopy
from itertools import product

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.elements import ev as ev_element
from pandapower_evflex.elements.ev_held import held_chain
from pandapower_evflex.elements.ev_slots import Slots, starts_of_windows
from pandapower_evflex.errors import InvalidInputError
from tests.examples import sampled, sweep
from tests.opf.feeder import EIGHT_HOURS, feeder_net, two_feeders_net
from tests.opf.held_oracles import largest_held
from tests.opf.odd_feeders import odd_feeder
from tests.opf.test_band import add_fleet, congested_feeder, random_fleet, strong_net


def behind(room_mw):
    """A bus behind a transformer that may carry so much and loses next to nothing."""
    net = strong_net()
    net.trafo["sn_mva"] = 4.0
    net.trafo["max_loading_percent"] = 100.0 * room_mw / net.trafo["sn_mva"]
    return net


def add_car(net, first, last, *, p=0.01, e_max=0.05, arrival=0.02, need=None):
    ev = evf.create_ev(net, 1, max_p_mw=p, max_e_mwh=e_max)
    need = {} if need is None else {"e_departure_mwh": need}
    evf.create_ev_session(net, ev, first, last, e_arrival_mwh=arrival, **need)


def run(net, profiles=None, *, n=4, **arguments):
    return evf.run_flexibility_opf(net, profiles, **{"n_periods": n, "period_h": 1.0, "progress": False, **arguments})


@sweep
@pytest.mark.parametrize("method", sampled(["fast", "exact"], 1))
def test_one_period_is_the_single_activation(method):
    net, profiles = congested_feeder()
    none = run(net, profiles, n=8, method=method)
    one = run(net, profiles, n=8, method=method, duration_h=1.0)
    assert one.objective_mw == pytest.approx(none.objective_mw, rel=1e-8)
    for name in ("p_mw", "p_up_mw", "p_down_mw", "e_mwh"):
        assert np.allclose(getattr(one, name), getattr(none, name), rtol=0.0, atol=1e-8, equal_nan=True)
    assert one.settings["duration_h"] == 1.0


@sweep
@pytest.mark.parametrize(
    ("make", "method"),
    sampled(list(product([congested_feeder, lambda: (two_feeders_net(), None)], ["fast", "exact"])), 2),
)
def test_the_equations_of_held_activations_with_one_period_are_those_of_single_ones(make, method, monkeypatch):
    net, profiles = make()
    single = run(net, profiles, n=8, method=method, tie_break=None).objective_mw
    monkeypatch.setattr(ev_element, "chain_of", held_chain)
    assert run(net, profiles, n=8, method=method, tie_break=None).objective_mw == pytest.approx(single, rel=2e-8)


def test_one_car_by_hand():
    """10 kW for 4 h: three starts of 2 h, in each of which up and down are 10 kW together; with 15 kWh of room 7.5."""
    net = strong_net()
    add_car(net, 0.0, 4.0)
    assert run(net, duration_h=2.0).objective_mw == pytest.approx(0.03, rel=2e-6)
    net.ev["max_e_mwh"] = 0.035
    result = run(net, duration_h=2.0)
    assert result.objective_mw == pytest.approx(0.0225, rel=2e-6)
    assert result.p_up_mw.iloc[3].sum() == result.p_down_mw.iloc[3].sum() == 0.0
    assert result.limited_by(3).loc[0].tolist() == ["leaves too soon"] * 2
    assert set(result.limited_by(0)["up"]) == {"battery full"}


def test_a_need_that_takes_all_power_leaves_nothing_to_hold():
    net = strong_net()
    add_car(net, 0.0, 4.0, need=0.05 - 1e-4, arrival=0.01)
    result = run(net, duration_h=2.0, tie_break=None)
    assert result.p_down_mw.to_numpy().max() < 2e-4


def test_two_cars_that_peak_in_different_windows_behind_room_for_one_offer_both():
    """The second leaves the first an hour and stays an hour longer: both windows cover the hour in the middle."""
    net = behind(0.0101)
    add_car(net, 0.0, 2.0)
    add_car(net, 1.0, 3.0)
    result = run(net, n=3, scenarios=("up",), duration_h=2.0)
    assert result.objective_mw == pytest.approx(0.02, rel=1e-5)
    assert result.p_up_mw.iloc[0].tolist() == pytest.approx([0.01, 0.0], abs=1e-7)
    assert result.p_up_mw.iloc[1].tolist() == pytest.approx([0.0, 0.01], abs=1e-7)


def test_a_fleet_that_could_hand_over_offers_the_sum_of_its_cars():
    net = strong_net()
    add_car(net, 0.0, 2.0)
    add_car(net, 2.0, 4.0)
    result = run(net, duration_h=3.0)
    assert result.objective_mw == 0.0 and result.status == "optimal"
    assert run(net, duration_h=2.0).objective_mw > 0.0


@sweep
@pytest.mark.parametrize("seed", sampled(range(12), 4))
def test_fleets_behind_a_transformer_equal_a_linear_program(seed):
    rng = np.random.default_rng(seed)
    n, period_h, k = int(rng.integers(6, 12)), float(rng.choice([0.25, 0.5, 1.0])), 2 + seed % 3
    cars = random_fleet(rng, 5, n, period_h, chained=seed % 3 == 2)
    least = sum(car[0]["p_max"] for car in cars)
    room = 0.6 * least if seed % 2 else 4.0
    net = behind(room)
    add_fleet(net, cars, 1, period_h)
    weights = {d: rng.uniform(0.5, 1.0, n) if seed % 2 else np.ones(n) for d in ("up", "down")}
    weights["down"] = np.minimum(weights["down"], weights["up"])
    directions = [("up", "down"), ("up",), ("down",)][seed % 4 % 3]
    cap = 0.002 if seed % 5 == 4 else np.inf
    if np.isfinite(cap):
        for d in ("up", "down"):
            evf.create_flexibilities(net, "ev", net.ev.index, d, max_p_mw=cap)
    result = evf.run_flexibility_opf(
        net, n_periods=n, period_h=period_h, weights=weights, scenarios=directions, duration_h=k * period_h,
        method="exact" if seed % 4 == 1 else "fast", tie_break="smooth" if seed % 4 == 0 else None, progress=False,
    )  # fmt: skip
    expected = largest_held(cars, weights, period_h, k, room=room, cap=cap, directions=directions)
    assert result.objective_mw == pytest.approx(expected, rel=3e-5 if seed % 2 else 2e-6, abs=1e-9)


@sweep
@pytest.mark.parametrize("seed", sampled([9, 14, 16, 22, 23], 2))
def test_longer_is_never_more_whatever_is_odd_and_both_methods_agree(seed):
    """Weights, caps, least powers, sessions that must charge throughout, one direction, reactive power of its own."""
    net, arguments = odd_feeder(seed)
    arguments = {**arguments, "progress": False}
    found = [evf.run_flexibility_opf(net, duration_h=hours, **arguments).objective_mw for hours in (1.0, 2.0, 4.0)]
    assert all(longer <= shorter * (1.0 + 2e-6) + 1e-9 for shorter, longer in itertools.pairwise(found))
    exact = evf.run_flexibility_opf(net, duration_h=2.0, method="exact", **arguments)
    assert exact.objective_mw == pytest.approx(found[1], rel=2e-6, abs=1e-9)


def test_longer_is_never_more():
    for net, profiles in (congested_feeder(), (two_feeders_net(), None)):
        found = [run(net, profiles, n=8, duration_h=float(k), tie_break=None).objective_mw for k in (1, 2, 4)]
        assert found == sorted(found, reverse=True) and found[0] > 1.3 * found[2]


def test_both_methods_reach_the_same_where_the_grid_binds():
    for (net, profiles), hours in ((congested_feeder(), 4.0), ((two_feeders_net(), None), 2.0)):
        fast, exact = (run(net, profiles, n=8, duration_h=hours, method=m) for m in ("fast", "exact"))
        assert fast.status == exact.status == "optimal"
        assert fast.objective_mw == pytest.approx(exact.objective_mw, rel=2e-6)


@pytest.fixture(scope="module")
def held():
    net, profiles = congested_feeder()
    return net, profiles, run(net, profiles, n=8, duration_h=3.0)


def test_every_period_of_every_held_activation_keeps_the_limits_by_runpp(held):
    net, profiles, result = held
    net = deepcopy(net)
    extra = [pp.create_load(net, bus, 0.0) for bus in net.ev.bus]
    tan_phi = np.tan(np.arccos(net.ev.cos_phi.to_numpy()))
    p, flex = result.p_mw.to_numpy(), {1.0: result.p_up_mw.to_numpy(), -1.0: result.p_down_mw.to_numpy()}
    heaviest = 0.0
    for sign, start, since in sampled(list(product(flex, range(6), range(3))), 18):
        t = start + since
        load = p[t] + sign * flex[sign][start]
        assert load.min() > -1e-9 and load.max() < 0.022 + 1e-9
        net.load.loc[0, "p_mw"] = profiles[("load", "p_mw")].loc[t, 0]
        net.load.loc[extra, "p_mw"], net.load.loc[extra, "q_mvar"] = load, load * tan_phi
        pp.runpp(net)
        s = np.hypot(net.res_trafo.p_hv_mw, net.res_trafo.q_hv_mvar).max() / net.trafo.sn_mva.max()
        heaviest = max(heaviest, s)
        assert s < 1.0 + 1e-6
        assert net.res_line.loading_percent.max() < 100.0 + 1e-4
        assert net.res_bus.vm_pu.min() > 0.9 - 1e-6 and net.res_bus.vm_pu[1:].max() < 1.1 + 1e-6
    assert heaviest > 1.0 - 1e-4


def test_every_car_can_hold_what_it_offers_and_leave_with_its_need(held):
    net, _, result = held
    p, e = result.p_mw.to_numpy(), result.e_mwh.to_numpy()
    for start in range(6):
        up, down = result.p_up_mw.to_numpy()[start], result.p_down_mw.to_numpy()[start]
        assert (e[start + 2] + 3.0 * up).max() < net.ev.max_e_mwh.max() + 1e-9
        assert (e[start + 2] + 3.0 * up <= net.ev.max_e_mwh.to_numpy() + 1e-9).all()
        after = e[start + 2] - 3.0 * down
        assert (after + (7 - (start + 2)) * 0.022 >= net.ev_session.e_departure_mwh.to_numpy() - 1e-9).all()
        assert (p[start : start + 3] - down > -1e-9).all()
    assert not result.p_up_mw.iloc[6:].to_numpy().any() and not result.p_down_mw.iloc[6:].to_numpy().any()


def test_binding_limits_name_the_start_of_the_activation(held):
    _, _, result = held
    rows = result.binding
    assert len(rows) and (rows.start <= rows.period).all() and (rows.period - rows.start < 3).all()
    assert (rows.start[rows.scenario == "base"] == rows.period[rows.scenario == "base"]).all()
    assert ((rows.period > rows.start) & (rows.scenario == "up")).any()
    named = {name for t in range(6) for name in result.limited_by(t)["up"]}
    assert any("trafo 0" in name for name in named)


def test_results_show_the_first_period_of_the_activation_that_begins_there(held):
    net, _, result = held
    net = deepcopy(net)
    evf.write_period(net, 2, "up", result)
    assert np.allclose(net.res_bus.vm_pu, result.vm_pu["up"].iloc[2], atol=1e-7)
    assert set(result.vm_pu) == {"base", "up", "down"}
    assert result.settings["scenarios"] == ("down", "up") and result.settings["duration_h"] == 3.0


@sweep
@pytest.mark.parametrize("tie_break", sampled(["smooth", "min_energy", "level"], 1))
def test_tie_breaks_keep_the_flexibility_and_charge_what_is_needed(tie_break):
    net, profiles = congested_feeder()
    free = run(net, profiles, n=8, duration_h=2.0, tie_break=None)
    result = run(net, profiles, n=8, duration_h=2.0, tie_break=tie_break)
    assert f"tie_break='{tie_break}'" in result.message
    assert result.objective_mw == pytest.approx(free.objective_mw, rel=1.1e-6)
    needed = (net.ev_session.e_departure_mwh - net.ev_session.e_arrival_mwh).sum()
    assert result.p_mw.sum().sum() == pytest.approx(needed, rel=1e-4)


def test_equal_cars_share_what_is_held_equally():
    net = behind(0.025)
    for _ in range(3):
        add_car(net, 0.0, 4.0, need=0.03)
    result = run(net, duration_h=2.0)
    assert np.allclose(result.p_up_mw.std(axis=1), 0.0, atol=1e-5)
    assert result.p_up_mw.to_numpy().max() > 1e-3


@pytest.mark.parametrize("method", ["fast", "exact"])
def test_a_cyclic_day_wraps(method):
    """A stay over midnight gives the numbers of the same stay in the middle of the day."""
    objectives = []
    for shift in (0.0, 5.0):
        net = behind(0.014)
        for first, last in ((1.0, 6.0), (2.0, 7.0)):
            add_car(net, first + shift, last + shift, need=0.04)
        objectives.append(run(net, n=8, cyclic=True, duration_h=3.0, method=method).objective_mw)
    assert objectives[0] == pytest.approx(objectives[1], rel=2e-6) and objectives[0] > 0.01


def test_a_window_lies_in_one_stay_of_successive_periods():
    def fits(stay, period, k, n=8):
        zeros = np.zeros(len(stay))
        slots = Slots(zeros.astype(int), np.array(stay), np.array(period), np.arange(len(stay)) - 1, *[zeros] * 10)
        return starts_of_windows(slots, k, n).tolist()

    assert fits([0, 0, 0, 1, 1], [0, 1, 2, 3, 4], 2) == [True, True, False, True, False]
    assert fits([0, 0, 0, 0], [1, 2, 4, 5], 2) == [True, False, True, False]  # it waits in period 3
    assert fits([0, 0, 0], [6, 7, 0], 3) == [True, False, False]
    assert fits([0, 0, 0], [0, 1, 2], 1) == [True] * 3
    assert fits([0], [0], 2) == [False]
    assert fits([0, 0], [0, 1], 5) == [False] * 2
    assert fits([], [], 3) == []


def test_a_car_that_waits_holds_nothing_across_the_wait():
    """The load alone breaks the limit in hour 4: the cars wait there, and no window covers it."""
    net = feeder_net(2, load_mw=0.02, sn_mva=0.05)
    load = np.full(8, 0.02)
    load[4] = 0.07
    result = run(net, {("load", "p_mw"): pd.DataFrame({0: load})}, n=8, duration_h=2.0, on_infeasible="best_effort")
    assert result.status == "best_effort"
    assert result.p_up_mw.iloc[[3, 4, 7]].to_numpy().max() == 0.0 < result.p_up_mw.iloc[[2, 5]].to_numpy().min()
    assert result.verification["max_ev_violation"] < 1e-6


def test_chained_stays_end_a_window():
    net = strong_net()
    evf.create_ev(net, 1, max_p_mw=0.01, max_e_mwh=0.05, consumption_kwh_per_km=0.2)
    evf.create_ev_session(net, 0, 0.0, 3.0, e_arrival_mwh=0.02, trip_km=10.0)
    evf.create_ev_session(net, 0, 3.0, 6.0)
    result = run(net, n=6, duration_h=2.0)
    assert result.p_up_mw[0].gt(0.0).tolist() == [True, True, False, True, True, False]


def test_what_was_held_back_can_be_made_up_where_the_grid_has_room_afterwards():
    net = feeder_net(0, load_mw=0.0, sn_mva=0.0125)
    lv = net.trafo.lv_bus.iloc[0]
    evf.create_evs(net, [lv, lv], max_p_mw=0.011, max_e_mwh=0.07)
    evf.create_ev_sessions(net, [0, 1], 0.0, 4.0, e_arrival_mwh=0.01, e_departure_mwh=0.031)
    for ev in (0, 1):
        evf.create_flexibility(net, "ev", ev, "down")
    result = run(net, duration_h=2.0, tie_break=None)
    assert result.p_down_mw.iloc[0].sum() > 0.005
    assert not result.recoverable.loc[0, "down"]  # two cars, two hours each, one charger
    net.trafo["sn_mva"] = 0.1
    assert run(net, duration_h=2.0, tie_break=None).recoverable.all(axis=None)


@pytest.mark.parametrize(
    ("value", "problem", "remedy"),
    [
        (1.5, "is not a multiple of the period of 1 h", "give for instance 2"),
        (0.25, "is not a multiple of the period of 1 h", "give for instance 1"),
        (9.0, "is longer than the horizon of 8 h", "give at most 8"),
        (0.0, "is not a positive number of hours", "give a multiple of the period"),
        (-1.0, "is not a positive number of hours", "give a multiple of the period"),
        (np.nan, "is not a positive number of hours", "give a multiple of the period"),
        (np.inf, "is not a positive number of hours", "give a multiple of the period"),
        ("2", "is not understood", "give hours as a number"),
        (True, "is not understood", "give hours as a number"),
        (pd.Timedelta(hours=2), "is not understood", "give hours as a number"),
    ],
)
def test_durations_that_do_not_fit_are_refused(value, problem, remedy):
    with pytest.raises(InvalidInputError) as error:
        evf.run_flexibility_opf(feeder_net(2), **EIGHT_HOURS, duration_h=value)
    (fault,) = error.value.faults
    assert (fault.table, fault.column) == ("run_flexibility_opf", "duration_h")
    assert problem in fault.problem and remedy in fault.remedy


def test_a_band_has_no_duration():
    with pytest.raises(InvalidInputError, match="a band may be used for any time"):
        evf.run_flexibility_opf(feeder_net(2), **EIGHT_HOURS, guarantee="any_sequence", duration_h=2.0)
