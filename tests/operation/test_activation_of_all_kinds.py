"""Calls shared by every kind of element: who gives how much, what follows, and what is left."""

from __future__ import annotations

import copy

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

import pandapower_evflex as evf
from tests.examples import sampled, sweep
from tests.operation.all_kinds import (
    EFFICIENCY,
    HEAT_MW,
    HOURLY,
    SUN_MW,
    assert_stores_kept,
    every_kind,
    stored,
    with_battery,
    with_v2g,
)
from tests.opf.feeder import EIGHT_HOURS, feeder_net

KINDS = ("storage", "load", "sgen")
CALLS = [(period, direction, share) for period in range(8) for direction in ("up", "down") for share in (0.5, 1.0)]


@pytest.fixture(scope="module", params=[1.0, pytest.param(EFFICIENCY, marks=pytest.mark.slow)])
def called(request):
    net, profiles = every_kind(request.param)
    return net, evf.run_flexibility_opf(net, profiles, method="fast", **HOURLY)


def of_kinds(result, name):
    """A series of every kind {kind: [n_period, n_unit]}."""
    return {"ev": getattr(result, name).to_numpy(), **{k: result.series[k][name].to_numpy() for k in KINDS}}


def call_series(call, name, kinds=("ev", *KINDS)):
    return {k: np.asarray(getattr(call, name) if k == "ev" else call.series[k][name]) for k in kinds}


def test_a_battery_that_is_called_recovers_by_hand_and_offers_what_its_energy_leaves():
    """Kept at 50 kWh; 40 kWh fed in leave 10, the least; the hour after it charges them again, and can do without."""
    net = with_battery(feeder_net(1))
    for table in ("ev", "ev_session"):
        del net[table]
    call = evf.activate_flexibility(net, evf.run_flexibility_opf(net, **EIGHT_HOURS), 0, "down")
    own = call.series["storage"]
    assert call.granted_mw == pytest.approx(0.04) and own["p_mw"].to_numpy() == pytest.approx([0.04])
    assert own["plan_mw"][0].to_numpy() == pytest.approx([-0.04, 0.04, *[0.0] * 6], abs=1e-7)
    assert own["e_mwh"].to_numpy() == pytest.approx([0.01])
    assert own["plan_e_mwh"][0].to_numpy() == pytest.approx([0.01, *[0.05] * 7])
    assert own["p_up_mw"][0].to_numpy() == pytest.approx([0.01, *[0.05] * 6], abs=1e-7)
    assert own["p_down_mw"][0].to_numpy() == pytest.approx([0.04] * 6 + [0.0], abs=1e-7)
    assert not len(call.short) and not len(call.lacking)


@sweep
@pytest.mark.parametrize(("period", "direction", "share"), sampled(CALLS, 4))
def test_a_call_is_shared_in_proportion_by_all_kinds_and_every_store_is_served(called, period, direction, share):
    net, result = called
    offered = {k: v[period] for k, v in of_kinds(result, f"p_{direction}_mw").items()}
    total = sum(v.sum() for v in offered.values())
    call = evf.activate_flexibility(net, result, period, direction, share * total)
    given = call_series(call, "p_mw")
    assert sum(v.sum() for v in given.values()) == pytest.approx(call.granted_mw)
    for kind, values in given.items():
        assert values == pytest.approx(offered[kind] * call.granted_mw / total, abs=1e-9)
    assert call.granted_mw == pytest.approx(share * total) or "made up" in call.message
    sign = {"up": 1.0, "down": -1.0}[direction]
    plan, before = call_series(call, "plan_mw"), of_kinds(result, "p_mw")
    for kind, turned in (("ev", 1.0), ("storage", 1.0), ("load", 1.0), ("sgen", -1.0)):
        moved = turned * (plan[kind] - before[kind])
        assert moved[period] == pytest.approx(sign * given[kind], abs=1e-9)
        assert np.allclose(moved[:period], 0.0)
    assert_stores_kept(net, plan, call_series(call, "plan_e_mwh", ("ev", "storage", "load")))
    assert not len(call.short) and not len(call.lacking)
    assert (plan["sgen"][:, 0] <= SUN_MW + 1e-9).all()
    for d in ("up", "down"):
        for kind, left in call_series(call, f"p_{d}_mw").items():
            assert (left >= 0.0).all() and (left <= of_kinds(result, f"p_{d}_mw")[kind][period + 1 :] + 1e-9).all()


@pytest.mark.parametrize("direction", ["up", "down"])
def test_what_is_left_after_a_call_can_be_called_in_turn(called, direction):
    """From the energies that the first call leaves, in numpy."""
    net, result = called
    call = evf.activate_flexibility(net, result, 2, direction)
    e, p = (call_series(call, name, ("ev", "storage")) for name in ("plan_e_mwh", "plan_mw"))
    for kind, low, high in (("ev", 0.01, 0.06), ("storage", 0.01, 0.1)):
        efficiency = net.storage.efficiency_percent[0] / 100.0
        before = (e[kind] - stored(p[kind], efficiency))[3:]
        up, down = (call_series(call, f"p_{d}_mw")[kind] for d in ("up", "down"))
        assert (before + stored(p[kind][3:] + up, efficiency) <= high + 1e-7).all()
        assert (before + stored(p[kind][3:] - down, efficiency) >= low - 1e-7).all()


def test_only_the_evs_that_are_named_are_called(called):
    net, result = called
    call = evf.activate_flexibility(net, result, 3, "up", evs=[1])
    assert call.granted_mw == pytest.approx(result.p_up_mw.iloc[3][1]) and call.p_mw.to_numpy()[[0, 2]].sum() == 0.0
    assert all(call.series[kind]["p_mw"].sum() == 0.0 for kind in KINDS)


def test_a_forced_call_takes_what_a_car_may_feed_in_and_says_who_is_short(called):
    net, result = called
    call = evf.activate_flexibility(net, result, 7, "down", force=True)
    missing = net.ev_session.e_departure_mwh - call.e_mwh
    assert (call.plan_mw.iloc[7] <= 1e-9).all() and len(call.short)
    assert call.short.energy_mwh.to_numpy() == pytest.approx(missing[missing > 1e-5].to_numpy())
    held = {kind: float(call.series[kind]["e_mwh"].iloc[0]) for kind in ("storage", "load")}
    lacks = {"storage": 0.05 - held["storage"], "load": HEAT_MW.sum() - held["load"]}
    assert held["storage"] >= 0.01 - 1e-9
    assert call.lacking.set_index("element_type")["energy_mwh"].to_dict() == pytest.approx(
        {kind: energy for kind, energy in lacks.items() if energy > 1e-5}
    )
    assert call.granted_mw > sum(v[7].sum() for v in of_kinds(result, "p_down_mw").values())


def test_those_that_lose_least_of_their_later_flexibility_give_first(called):
    net, result = called
    lost = {}
    for share in ("proportional", "slack"):
        call = evf.activate_flexibility(net, result, 1, "up", 0.01, share=share)
        assert call.granted_mw == pytest.approx(0.01)
        left = sum(v.sum() for v in call_series(call, "p_up_mw").values())
        lost[share] = sum(v[2:].sum() for v in of_kinds(result, "p_up_mw").values()) - left
    assert lost["slack"] <= lost["proportional"] + 1e-6


def test_the_net_is_loaded_as_the_call_says_by_runpp(called):
    """Curtailed feed-in, a battery and cars that feed in, in pandapower's own signs."""
    net, result = called
    call = evf.activate_flexibility(net, result, 3, "up")
    plain = evf.with_evs_as_loads(net, result, 3, "up")
    pp.runpp(plain, numba=False)
    assert plain.sgen.p_mw[0] == pytest.approx(call.series["sgen"]["plan_mw"][0].iloc[3], abs=1e-6)
    assert plain.storage.p_mw[0] == pytest.approx(call.series["storage"]["plan_mw"][0].iloc[3], abs=1e-6)
    assert plain.res_trafo.loading_percent[0] <= 100.0 + 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_a_result_of_elements_that_are_gone_is_not_called(called, kind):
    net, result = called
    net = copy.deepcopy(net)
    net[kind] = net[kind].drop(result.series[kind]["p_mw"].columns[0])
    with pytest.raises(evf.InvalidInputError, match=f"{kind}.index of row .* are not in net.{kind}; put them back"):
        evf.activate_flexibility(net, result, 3, "up")


@pytest.mark.slow
def test_cars_that_feed_in_alone_are_called():
    net = with_v2g(feeder_net(2, sn_mva=0.06))
    result = evf.run_flexibility_opf(net, **EIGHT_HOURS)
    call = evf.activate_flexibility(net, result, 1, "down")
    assert call.granted_mw == pytest.approx(result.p_down_mw.iloc[1].sum(), rel=1e-3)
    assert isinstance(call.p_down_mw, pd.DataFrame) and not call.series


def test_a_plan_renewed_after_a_call_goes_on_from_every_energy_and_ends_as_the_day_must():
    net, profiles = every_kind(1.0)
    evf.create_ev(net, 2, max_p_mw=0.011, max_e_mwh=0.05)
    evf.create_ev_session(net, 3, 4.0, 7.0, e_arrival_mwh=0.01, e_departure_mwh=0.025)
    result = evf.run_flexibility_opf(net, profiles, method="fast", **HOURLY)
    call = evf.activate_flexibility(net, result, 3, "down", renew=True)
    rest = call.result
    assert rest.status in ("optimal", "optimal_within_gap") and rest.p_mw.shape == (4, 4)
    assert rest.e_mwh[3].iloc[2] >= 0.025 - 1e-6 and np.isnan(rest.e_mwh[3].iloc[3]), "it comes as the rest begins"
    for frames, before, after in (
        (rest.series["storage"], call.series["storage"]["e_mwh"], 0.05),
        (rest.series["load"], call.series["load"]["e_mwh"], HEAT_MW.sum()),
    ):
        e, p = frames["e_mwh"].to_numpy(), frames["p_mw"].to_numpy()
        assert np.allclose(before.to_numpy() + p.cumsum(axis=0), e) and e[-1, 0] >= after - 1e-6
    three = [0, 1, 2]
    assert np.allclose(call.e_mwh[three].to_numpy() + rest.p_mw[three].to_numpy().cumsum(axis=0), rest.e_mwh[three])
    assert (rest.e_mwh[three].iloc[-1] >= 0.04 - 1e-6).all() and rest.verification["max_trafo_overload"] < 1e-6
    assert rest.verification["against_runpp"] < 1e-6 and rest.provenance == result.provenance
    again = evf.activate_flexibility(net, rest, 0, "up")
    assert again.granted_mw > 0.0
    with pytest.raises(evf.InvalidInputError, match="renew: a plan that was renewed cannot be renewed again"):
        evf.activate_flexibility(net, rest, 0, "up", renew=True)


@pytest.mark.parametrize("force", [False, True])
def test_a_load_that_was_called_is_served_within_its_shift_and_not_only_by_the_end_of_the_day(force):
    """6 kWh of the first hour may wait until the second, in which every plan serves all of them and offers no more."""
    net = feeder_net(1)
    for table in ("ev", "ev_session"):
        del net[table]
    net.load.loc[0, ["shift_h", "max_p_mw"]] = 1.0, 0.03
    evf.create_flexibilities(net, "load", [0, 0], ["up", "down"])
    heat = np.array([6.0, 0.0, 0.0, 6.0, 0.0, 18.0, 0.0, 0.0]) / 1e3
    profiles = {("load", "p_mw"): pd.DataFrame({0: heat}), ("load", "q_mvar"): pd.DataFrame({0: 0.0 * heat})}
    result = evf.run_flexibility_opf(net, profiles, **HOURLY)
    planned = result.series["load"]["p_mw"][0]
    assert planned[0] > 1e-3 and result.series["load"]["p_up_mw"][0][1] < 1e-6 < result.series["load"]["p_up_mw"][0][2]
    call = evf.activate_flexibility(net, result, 0, "down", force=force)
    own = call.series["load"]
    assert call.granted_mw == pytest.approx(planned[0], rel=1e-4)
    assert own["plan_e_mwh"][0].to_numpy()[:2] == pytest.approx([0.0, 0.006], abs=5e-6)
    assert (own["plan_e_mwh"][0].to_numpy()[1:] > heat.cumsum()[:-1] - 5e-6).all() and not len(call.lacking)
