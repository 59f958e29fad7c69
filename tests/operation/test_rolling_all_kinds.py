"""A day in operation with every kind of element: energies carried on, calls answered, forecasts of PV that miss."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

import pandapower_evflex as evf
from tests.operation.all_kinds import EFFICIENCY, HOURLY, SUN_MW, assert_stores_kept, every_kind, with_battery, with_v2g
from tests.opf.feeder import EIGHT_HOURS, feeder_net

KINDS = ("storage", "load", "sgen")
#: MWh up to which a need counts as met
SHORT = 5e-6
EVERY_HOUR = {**HOURLY, "every_h": 1.0}


@pytest.fixture(scope="module", params=[1.0, pytest.param(EFFICIENCY, marks=pytest.mark.slow)])
def many(request):
    return every_kind(request.param)


@pytest.fixture(scope="module")
def called(many):
    """A day with a call up and a call down of half of what there is, and one of all of it."""
    calls = pd.DataFrame({"period": [1, 3, 5], "direction": ["down", "up", "down"], "p_mw": [0.05, 0.03, np.nan]})
    return evf.run_rolling_horizon(*many, activations=calls, every_h=8.0, method="fast", **HOURLY)


def series(day, name, kinds=("ev", *KINDS)):
    return {kind: np.asarray(getattr(day, name) if kind == "ev" else day.series[kind][name]) for kind in kinds}


def net_load(day, name):
    return sum((-1.0 if kind == "sgen" else 1.0) * v.sum(axis=1) for kind, v in series(day, name).items())


@pytest.mark.slow
@pytest.mark.parametrize("every_h", [1.0, 4.0])
def test_with_perfect_forecasts_the_day_of_all_kinds_achieves_what_was_planned_ahead(many, every_h):
    net, profiles = many
    ahead = evf.run_flexibility_opf(net, profiles, **HOURLY)
    day = evf.run_rolling_horizon(net, profiles, every_h=every_h, **HOURLY)
    flexibility = sum(v.sum() for d in ("up", "down") for v in series(day, f"p_{d}_mw").values())
    assert flexibility == pytest.approx(ahead.objective_mw, rel=2e-4)
    assert not len(day.short) and not len(day.lacking) and not len(day.violations)
    assert day.series["sgen"]["p_mw"][0].to_numpy() == pytest.approx(SUN_MW)
    assert_stores_kept(net, series(day, "p_mw"), series(day, "e_mwh", ("ev", "storage", "load")))


def test_calls_move_every_kind_and_every_store_is_served_all_the_same(many, called):
    net, _ = many
    assert (called.activations.granted_mw > 0.0).all()
    planned, lived = net_load(called, "planned_mw"), net_load(called, "p_mw")
    signed = called.activations.granted_mw.to_numpy() * np.array([-1.0, 1.0, -1.0])
    assert (lived - planned)[[1, 3, 5]] == pytest.approx(signed, abs=1e-9)
    assert called.log.charged_mw.to_numpy() == pytest.approx(lived)
    assert called.log.planned_mw.to_numpy() == pytest.approx(planned)
    assert (called.log.charged_mw - called.log.planned_mw).to_numpy() == pytest.approx(called.log.called_mw)
    assert not len(called.short) and not len(called.lacking) and not len(called.violations)
    assert_stores_kept(net, series(called, "p_mw"), series(called, "e_mwh", ("ev", "storage", "load")))


def test_runpp_finds_the_voltages_of_a_day_with_all_kinds(many, called):
    net, profiles = many
    for period in (1, 3):
        plain = deepcopy(net)
        plain.load["p_mw"] = [0.02, called.series["load"]["p_mw"][1].iloc[period]]
        plain.load["q_mvar"] = profiles["load", "q_mvar"].iloc[period].to_numpy()
        plain.sgen["p_mw"] = called.series["sgen"]["p_mw"][0].iloc[period]
        plain.storage["p_mw"] = called.series["storage"]["p_mw"][0].iloc[period]
        tan_phi = np.tan(np.arccos(net.ev.cos_phi))
        for ev, p in called.p_mw.iloc[period].items():
            pp.create_load(plain, net.ev.bus[ev], p, p * tan_phi[ev])
        pp.runpp(plain, numba=False)
        assert plain.res_bus.vm_pu.to_numpy() == pytest.approx(called.vm_pu.iloc[period].to_numpy(), abs=1e-7)


def test_a_battery_that_fed_in_when_called_charges_again_by_hand():
    """Kept at 50 kWh; called down for 40 kWh it ends the first hour with 10, and the day with 50 at least."""
    net = with_battery(feeder_net(1))
    for table in ("ev", "ev_session"):
        del net[table]
    calls = pd.DataFrame({"period": [0], "direction": ["down"], "p_mw": [np.nan]})
    day = evf.run_rolling_horizon(net, activations=calls, every_h=1.0, **EIGHT_HOURS)
    own = day.series["storage"]
    assert own["e_mwh"][0].iloc[0] == pytest.approx(0.01) and own["p_mw"][0].iloc[0] == pytest.approx(-0.04)
    assert own["e_mwh"][0].iloc[-1] >= 0.05 - SHORT and not len(day.lacking)
    assert own["p_down_mw"][0].iloc[1] == pytest.approx(own["p_mw"][0].iloc[1], abs=1e-7), "nothing is left to feed in"
    assert day.p_mw.shape == (8, 0) and day.log.n_plugged.tolist() == [0] * 8


def test_a_car_that_feeds_in_and_comes_late_keeps_what_it_needs():
    """It has 20 kWh, must leave with 40, and could feed in at most 11 kW; it comes in the fifth of eight hours."""
    net = with_v2g(feeder_net(1, sn_mva=0.05))
    real = net.ev_session.copy()
    real["arrival_h"] = 4.0
    calls = pd.DataFrame({"period": [5], "direction": ["down"], "p_mw": [np.nan]})
    day = evf.run_rolling_horizon(net, sessions=real, activations=calls, every_h=1.0, **EIGHT_HOURS)
    assert day.p_mw[0].iloc[5] < 0.0 and not len(day.short)
    assert day.e_mwh[0].iloc[-1] >= 0.04 - SHORT and day.e_mwh[0].min() >= 0.01 - 1e-7


def test_pv_gives_what_is_really_there_whatever_was_forecast(many):
    """Twice the sun is foreseen: what is offered counts it, and what is fed in does not."""
    net, profiles = many
    bright = {**profiles, ("sgen", "p_mw"): 2.0 * profiles["sgen", "p_mw"]}
    calls = pd.DataFrame({"period": [3], "direction": ["up"], "p_mw": [np.nan]})
    seldom = {**HOURLY, "every_h": 8.0, "method": "fast"}
    day = evf.run_rolling_horizon(net, profiles, forecast=lambda now_h: bright, activations=calls, **seldom)
    pv = day.series["sgen"]
    assert (pv["p_mw"][0] >= -1e-9).all() and (pv["p_up_mw"][0] <= SUN_MW + 1e-9).all()
    assert pv["p_mw"][0].drop(3).to_numpy() == pytest.approx(np.delete(SUN_MW, 3))
    moved = net_load(day, "p_mw") - net_load(day, "planned_mw")
    assert day.activations.granted_mw[0] == pytest.approx(moved[3], abs=1e-6) == day.log.called_mw[3]
    assert "less were there to be curtailed than foreseen" in day.activations.message[0]


def test_a_forecast_of_another_profile_of_a_shiftable_load_is_refused_by_name(many):
    net, profiles = many
    other = {**profiles, ("load", "p_mw"): 1.1 * profiles["load", "p_mw"]}
    with pytest.raises(
        evf.InvalidInputError, match=r"forecast\(0\): load.p_mw of row 1: the profile of what is shifted"
    ):
        evf.run_rolling_horizon(net, profiles, forecast=lambda now_h: other, **EVERY_HOUR)


@pytest.mark.slow
def test_a_forecast_that_is_the_truth_leaves_the_day_as_it_is(many, called):
    net, profiles = many
    calls = pd.DataFrame({"period": [1, 3, 5], "direction": ["down", "up", "down"], "p_mw": [0.05, 0.03, np.nan]})
    own = {**HOURLY, "every_h": 8.0, "method": "fast", "activations": calls}
    day = evf.run_rolling_horizon(net, profiles, forecast=lambda now_h: profiles, **own)
    assert day.log.charged_mw.to_numpy() == pytest.approx(called.log.charged_mw.to_numpy(), abs=1e-6)
