"""Calls of flexibility: who gives how much, what the grid allows, and what is left."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from itertools import product

import numpy as np
import pandapower as pp
import pandas as pd
import pytest
from pandapower.toolbox import nets_equal

import pandapower_evflex as evf
from tests.examples import sampled, sweep
from tests.networks.solved import solved_band, solved_suburb
from tests.opf.feeder import EIGHT_HOURS, feeder_net, two_feeders_net


def two_cars(*, sn_mva=0.4):
    """4 h; both charge up to 10 kW, need 10 kWh of 40 kWh that fit."""
    net = pp.create_empty_network()
    hv, lv = pp.create_bus(net, 20.0), pp.create_bus(net, 0.4)
    pp.create_ext_grid(net, hv)
    pp.create_transformer_from_parameters(net, hv, lv, sn_mva, 20.0, 0.4, 0.001, 0.01, 0.0, 0.0)
    evf.create_evs(net, [lv, lv], max_p_mw=0.01, max_e_mwh=[0.05, 0.022])
    evf.create_ev_sessions(net, [0, 1], 0.0, 4.0, e_arrival_mwh=0.01, e_departure_mwh=0.02)
    return net


FOUR_HOURS = {"n_periods": 4, "period_h": 1.0, "progress": False}


@cache
def solved_two_cars():
    return evf.run_flexibility_opf(two_cars(), **FOUR_HOURS)


def test_a_call_is_shared_in_proportion_and_moves_the_energies_by_it():
    """Both plan 2.5 kW; the second can add 7.5 kW in the first hour as well, since 22 kWh fit."""
    net = two_cars()
    result = evf.run_flexibility_opf(net, **FOUR_HOURS)
    call = evf.activate_flexibility(net, result, 0, "up", 0.01)
    assert call.granted_mw == pytest.approx(0.01) and call.message == "as asked" and not len(call.short)
    offered = result.p_up_mw.iloc[0]
    assert call.p_mw.to_numpy() == pytest.approx((0.01 * offered / offered.sum()).to_numpy())
    assert (call.e_mwh - result.e_mwh.iloc[0]).to_numpy() == pytest.approx(call.p_mw.to_numpy())


def test_a_full_car_stops_and_the_others_keep_their_plan():
    """The second car is full at 22 kWh: what was called early is not charged later."""
    net = two_cars()
    result = evf.run_flexibility_opf(net, **FOUR_HOURS)
    call = evf.activate_flexibility(net, result, 0, "up", evs=[1])
    assert call.plan_e_mwh[1].max() <= 0.022 + 1e-9
    assert call.plan_mw[1].sum() == pytest.approx(0.022 - 0.01, rel=1e-6)
    assert np.allclose(call.plan_mw[0], result.p_mw[0])


def test_a_slack_share_takes_from_the_car_that_loses_nothing():
    net = two_cars()
    result = evf.run_flexibility_opf(net, **FOUR_HOURS)
    by_slack = evf.activate_flexibility(net, result, 0, "up", 0.006, share="slack")
    assert by_slack.p_mw[0] == pytest.approx(0.006) and by_slack.p_mw[1] == pytest.approx(0.0, abs=1e-9)
    proportional = evf.activate_flexibility(net, result, 0, "up", 0.006)
    assert by_slack.p_up_mw.sum().sum() > proportional.p_up_mw.sum().sum() + 1e-4


def test_what_is_withdrawn_is_made_up_in_the_next_hour():
    net = two_cars()
    result = evf.run_flexibility_opf(net, **FOUR_HOURS)
    call = evf.activate_flexibility(net, result, 0, "down")
    assert call.granted_mw == pytest.approx(result.p_down_mw.iloc[0].sum())
    assert np.allclose(call.plan_mw.iloc[1], result.p_mw.iloc[1] + call.p_mw)
    assert np.allclose(call.plan_mw.iloc[2:], result.p_mw.iloc[2:])
    assert np.allclose(call.plan_e_mwh.iloc[-1], 0.02)


def full_grid():
    """Two cars need all that the transformer carries: 10 kW for 2 h."""
    net = two_cars(sn_mva=0.0101)
    net.ev_session["departure_h"] = 2.0
    return net, evf.run_flexibility_opf(net, n_periods=2, period_h=1.0, progress=False, max_trafo_loading_percent=100.0)


def test_what_the_grid_cannot_make_up_is_not_granted_unless_forced_and_then_short_by_the_kwh():
    net, result = full_grid()
    assert result.status == "optimal"
    call = evf.activate_flexibility(net, result, 0, "down", force=False)
    assert call.granted_mw == pytest.approx(2e-4, rel=0.05)  # what the transformer has beyond 10 kW
    forced = evf.activate_flexibility(net, result, 0, "down", 0.005, force=True)
    assert forced.granted_mw == pytest.approx(0.005)
    assert forced.short.energy_mwh.sum() == pytest.approx(0.005 - 2e-4, rel=0.01)
    assert set(forced.short.ev) <= {0, 1} and list(forced.short.columns) == ["ev", "session", "energy_mwh"]


def test_a_forced_call_upward_still_keeps_the_grid():
    net = two_feeders_net()
    result = evf.run_flexibility_opf(net, **EIGHT_HOURS)
    call = evf.activate_flexibility(net, result, 3, "up", force=True)
    moment = deepcopy(net)
    pp.create_loads(moment, net.ev.bus.tolist(), (result.p_mw.iloc[3] + call.p_mw).tolist())
    pp.runpp(moment)
    assert (moment.res_line.loading_percent / moment.line.max_loading_percent).max() < 1.0 + 1e-5
    assert call.granted_mw < call.asked_mw and "the grid carries no more" in call.message


@sweep
@pytest.mark.parametrize(
    ("direction", "share"), sampled(list(product(["up", "down"], ["proportional", "slack"])), 2, 1)
)
def test_what_is_left_is_never_more_than_was_promised(direction, share):
    case = solved_suburb()
    rng = np.random.default_rng(0)
    for period in rng.integers(20, 80, 2):
        frame = case.result.p_up_mw if direction == "up" else case.result.p_down_mw
        amount = rng.uniform() * frame.iloc[period].sum()
        call = evf.activate_flexibility(case.net, case.result, int(period), direction, amount, share=share)
        assert call.granted_mw == pytest.approx(amount, rel=1e-6, abs=1e-9)
        assert call.p_mw.sum() == pytest.approx(call.granted_mw)
        later = slice(period + 1, None)
        assert (call.p_up_mw <= case.result.p_up_mw.iloc[later] + 1e-9).all().all()
        assert (call.p_down_mw <= case.result.p_down_mw.iloc[later] + 1e-9).all().all()
        assert call.plan_e_mwh.iloc[-1].isna().equals(case.result.e_mwh.iloc[-1].isna())
        assert not len(call.short)


def test_a_call_and_its_reverse_return_the_energies():
    net = two_cars()
    result = evf.run_flexibility_opf(net, **FOUR_HOURS)
    amount = 0.5 * float(result.p_down_mw.iloc[1].sum())
    moved = {
        d: evf.activate_flexibility(net, result, 1, d, amount, share="proportional").e_mwh - result.e_mwh.iloc[1]
        for d in ("up", "down")
    }
    assert moved["up"].sum() == pytest.approx(-moved["down"].sum())


def test_a_call_within_a_band_leaves_all_of_it():
    case, band = solved_suburb(), solved_band()
    for direction in ("up", "down"):
        call = evf.activate_flexibility(case.net, band, 50, direction)
        assert call.granted_mw == pytest.approx(getattr(band, f"p_{direction}_mw").iloc[50].sum())
        assert np.allclose(call.p_up_mw, band.p_up_mw.iloc[51:], atol=1e-8)
        assert np.allclose(call.p_down_mw, band.p_down_mw.iloc[51:], atol=1e-8)


def test_a_plan_renewed_after_a_call_serves_everybody_from_where_they_are():
    net = feeder_net(3)
    profiles = {("load", "p_mw"): pd.DataFrame({0: np.linspace(0.01, 0.03, 8)})}
    weights = {"up": np.linspace(0.5, 1.0, 8), "down": 0.3}
    result = evf.run_flexibility_opf(net, profiles, weights=weights, **EIGHT_HOURS)
    call = evf.activate_flexibility(net, result, 2, "up", renew=True)
    assert call.result.status == "optimal" and call.result.p_mw.shape == (5, 3)
    assert call.result.provenance == result.provenance
    charged = call.result.p_mw.sum() + (call.e_mwh - 0.02)
    assert (charged >= 0.02 - 1e-8).all()
    unchanged = evf.activate_flexibility(net, result, 2, "up", 0.0, renew=True)
    kept = weights["up"][3:] @ result.p_up_mw.iloc[3:].sum(axis=1) + 0.3 * result.p_down_mw.iloc[3:].sum().sum()
    assert unchanged.result.objective_mw >= kept * (1.0 - 2e-6)
    assert evf.activate_flexibility(net, result, 7, "down", renew=True).result is None


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"direction": "both"}, "direction: 'both' is not known"),
        ({"share": "fair"}, "share"),
        ({"p_mw": -0.001}, "is not an amount of power"),
        ({"p_mw": float("nan")}, "is not an amount of power"),
        ({"p_mw": "5"}, "is not an amount of power"),
        ({"evs": [99]}, "99"),
        ({"evs": []}, "an empty list"),
        ({"force": "yes"}, "force"),
        ({"result": None}, "is not a result"),
        ({"period": 99}, "period"),
    ],
)
def test_calls_that_are_none_are_refused(wrong, words):
    net = two_cars()
    result = solved_two_cars()
    before = deepcopy(net)
    with pytest.raises(evf.InvalidInputError, match=words):
        evf.activate_flexibility(**{"net": net, "result": result, "period": 0, "direction": "up", **wrong})
    assert nets_equal(net, before)


def test_held_activations_are_not_called_here():
    net = two_cars()
    result = evf.run_flexibility_opf(net, duration_h=2.0, **FOUR_HOURS)
    with pytest.raises(evf.InvalidInputError, match="without duration_h"):
        evf.activate_flexibility(net, result, 0, "up")


def test_a_cyclic_day_has_no_time_after_a_call():
    net = two_cars()
    result = evf.run_flexibility_opf(net, cyclic=True, **FOUR_HOURS)
    with pytest.raises(evf.InvalidInputError, match="cyclic=False"):
        evf.activate_flexibility(net, result, 0, "up")


def congested_day():
    """60 EVs behind lines that carry little more than uncontrolled charging, by half hours."""
    net, profiles = evf.networks.suburban_lv(seed=0, n_evs=60)
    profiles = {key: frame.resample("30min").mean() for key, frame in profiles.items()}
    peak = evf.uncontrolled_charging(net, profiles).line_loading_percent.max()
    net.line["max_loading_percent"] = np.maximum(np.ceil(1.1 * peak), 15.0)
    net.bus["min_vm_pu"] = 0.969
    return net, profiles


def test_what_is_left_keeps_the_grid_where_recovery_took_another_plan():
    net, profiles = congested_day()
    result = evf.run_flexibility_opf(net, profiles, method="fast", progress=False)
    period = 29
    call = evf.activate_flexibility(net, result, period, "down")
    assert "another plan" in call.message
    for later in range(period + 1, len(result.p_mw), 9):
        for flex in (
            0.0,
            call.p_up_mw.loc[result.p_mw.index[later]],
            -call.p_down_mw.loc[result.p_mw.index[later]],
        ):
            moment = deepcopy(net)
            for (table, column), frame in profiles.items():
                moment[table].loc[frame.columns, column] = frame.iloc[later].to_numpy()
            p = call.plan_mw.iloc[later] + flex
            q = p * np.tan(np.arccos(net.ev.cos_phi))
            pp.create_loads(moment, net.ev.bus.tolist(), p.tolist(), q.tolist())
            pp.runpp(moment)
            assert moment.res_bus.vm_pu.min() > 0.969 - 1e-5
            assert (moment.res_line.loading_percent / moment.line.max_loading_percent).max() < 1.0 + 1e-4


def test_a_renewed_plan_takes_sessions_as_the_net_has_them_now():
    net = two_cars()
    result = evf.run_flexibility_opf(net, **FOUR_HOURS)
    net.ev_session.loc[0, "e_departure_mwh"] = 0.035
    call = evf.activate_flexibility(net, result, 0, "up", 0.0, renew=True)
    assert call.result.e_mwh[0].iloc[-1] >= 0.035 - 1e-8
    gone = deepcopy(net)
    gone.ev_session = gone.ev_session.drop(index=1)
    call = evf.activate_flexibility(gone, result, 0, "up", 0.0, renew=True)
    assert call.result.e_mwh[1].isna().all() and call.result.e_mwh[0].iloc[-1] >= 0.035 - 1e-8
