"""Of all schedules with the best flexibility, a tie-break picks the one it promises."""

from __future__ import annotations

import numpy as np
import pytest

import pandapower_evflex as evf
from tests.opf.feeder import EIGHT_HOURS, feeder_net

KINDS = ["min_energy", "smooth", "level"]
N_PERIODS = 24


@pytest.fixture(scope="module")
def day():
    """The built-in day in hours, by every tie-break."""
    results = {}
    for kind in [None, *KINDS]:
        net, profiles = evf.networks.suburban_lv(seed=0, n_periods=N_PERIODS)
        results[kind] = evf.run_flexibility_opf(net, profiles, tie_break=kind, progress=False)
    return results


def charged_kwh(result):
    return 1e3 * result.settings["period_h"] * result.p_mw.to_numpy().sum()


def squares(result):
    return float(np.sum(result.p_mw.to_numpy() ** 2))


def needed_kwh(result):
    summary = result.summary
    return 1e3 * float(np.maximum(summary.e_need_mwh - summary.e_arrival_mwh, 0.0).sum())


@pytest.mark.parametrize("kind", KINDS)
def test_a_tie_break_costs_at_most_a_millionth_of_the_flexibility(day, kind):
    best = day[None].objective_mw
    assert day[kind].objective_mw >= best * (1.0 - 1e-6)
    assert day[kind].gap <= 1e-6
    assert f"tie_break={kind!r}" in day[kind].message


def test_the_optimal_face_is_flat_over_many_times_the_energy_needed(day):
    """Without a tie-break the solver ends somewhere on a face along which flexibility does not change."""
    energy = {kind: charged_kwh(result) for kind, result in day.items()}
    assert energy[None] > 5.0 * energy["min_energy"]
    assert max(abs(day[kind].objective_mw / day[None].objective_mw - 1.0) for kind in KINDS) < 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_no_more_energy_than_the_least_is_charged(day, kind):
    assert charged_kwh(day[kind]) <= charged_kwh(day["min_energy"]) * (1.0 + 1e-3)


def test_each_tie_break_is_best_at_what_it_is_for(day):
    load = {kind: result.p_mw.sum(axis=1) for kind, result in day.items()}
    assert squares(day["smooth"]) == min(squares(result) for result in day.values())
    net, profiles = evf.networks.suburban_lv(seed=0, n_periods=N_PERIODS)
    others = profiles["load", "p_mw"].sum(axis=1).to_numpy() - profiles["sgen", "p_mw"].sum(axis=1).to_numpy()
    total = {kind: float(np.sum((others + p.to_numpy()) ** 2)) for kind, p in load.items()}
    assert total["level"] <= min(total["smooth"], total["min_energy"]) * (1.0 + 1e-9)


def test_fast_and_exact_choose_the_same_smooth_schedule(day):
    net, profiles = evf.networks.suburban_lv(seed=0, n_periods=N_PERIODS)
    exact = evf.run_flexibility_opf(net, profiles, method="exact", progress=False)
    fast = day["smooth"]
    p_max = net.ev.max_p_mw.to_numpy()
    assert np.max(np.abs(exact.p_mw.to_numpy() - fast.p_mw.to_numpy()) / p_max) < 1e-2
    assert np.isclose(squares(exact), squares(fast), rtol=1e-4)


def test_equal_cars_behind_one_limit_share_it_equally():
    net = feeder_net(0, sn_mva=0.05)
    bus = net.line.to_bus.iloc[0]
    evf.create_evs(net, [bus] * 4, max_p_mw=0.022, max_e_mwh=0.1)
    evf.create_ev_sessions(net, range(4), 0.0, 8.0, e_arrival_mwh=0.02, e_departure_mwh=0.03)
    result = evf.run_flexibility_opf(net, **EIGHT_HOURS)
    p_up = result.p_up_mw.to_numpy()
    assert result.binding.element_type.eq("trafo").any()
    assert np.max(p_up.max(axis=1) - p_up.min(axis=1)) < 1e-2 * 0.022


def test_the_smooth_schedule_of_one_car_on_a_slack_grid_is_the_one_worked_out_by_hand():
    """20 kWh in 8 h, battery 60 kWh, 22 kW.

    P_up + P_down = min(22, 60 - E) - max(0, E_min - E), E before the period. It is 22 in all hours but the last only
    while E <= 38, and 20 in the last whatever E is from 38 to 40. So the first seven share 18 kWh.
    """
    net = feeder_net(1, load_mw=0.0, sn_mva=1.0)
    result = evf.run_flexibility_opf(net, **EIGHT_HOURS)
    assert np.isclose(result.objective_mw, 7 * 0.022 + 0.020, rtol=1e-6)
    assert np.allclose(result.p_mw[0], [0.018 / 7] * 7 + [0.002], atol=1e-2 * 0.022)


def test_limits_hold_under_the_schedule_chosen(day):
    for result in day.values():
        assert max(v for k, v in result.verification.items() if "over" in k or "under" in k) < 1e-7
