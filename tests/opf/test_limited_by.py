"""Every reason that `limited_by` gives, in a case that one can work out by hand."""

from __future__ import annotations

import copy

import numpy as np
import pandapower as pp
import pytest
from pandapower.create import create_bus, create_empty_network, create_ext_grid, create_load, create_transformer3w

import pandapower_evflex as evf
from pandapower_evflex.opf.report.why_not_more import NOTHING_BINDS
from tests.opf.feeder import EIGHT_HOURS, constant, feeder_net, two_feeders_net

#: MW; what one EV draws at most, and what counts as the same power
FULL, SAME = 0.022, 1e-6


def one_ev(**session):
    """One car of 22 kW, 10 to 60 kWh, on a grid without a limit in its way: with 20 kWh from 0 to 8 h, 40 needed."""
    net = feeder_net(1, load_mw=0.0, sn_mva=1.0)
    net.bus[["min_vm_pu", "max_vm_pu"]] = [0.5, 1.5]
    net.line["max_loading_percent"] = np.nan
    for column, value in session.items():
        net.ev_session[column] = value
    return net


def solved(net, profiles=None, **arguments):
    return evf.run_flexibility_opf(net, profiles, **{**EIGHT_HOURS, "method": "fast", **arguments})


def reasons(result, direction, ev=0):
    return [result.limited_by(t).at[ev, direction] for t in range(len(result.p_mw))]


def test_away_is_every_period_without_the_car_for_its_whole_length():
    result = solved(one_ev(arrival_h=1.5, departure_h=6.2))
    for direction in ("up", "down"):
        assert [reason == "away" for reason in reasons(result, direction)] == [True] * 2 + [False] * 4 + [True] * 2


def test_not_offered_is_a_direction_without_a_row_an_ev_that_none_controls_or_a_scenario_that_was_not_asked_for():
    net = one_ev()
    evf.create_flexibility(net, "ev", 0, "down")
    assert set(reasons(solved(net), "up")) == {"not offered"} != set(reasons(solved(net), "down"))
    net.flexibility["in_service"] = False
    assert set(reasons(solved(net), "up")) == {"not offered"} == set(reasons(solved(net), "down"))
    assert set(reasons(solved(one_ev(), scenarios=("up",)), "down")) == {"not offered"}
    fixed = one_ev()
    fixed.ev["controllable"] = False
    assert set(reasons(solved(fixed), "up")) == {"not offered"} == set(reasons(solved(fixed), "down"))


def test_max_p_mw_is_the_car_s_own_the_session_s_or_the_offer_s():
    """A battery that never fills, and nothing to charge: full power upward; or what the offer caps."""
    idle = {"e_arrival_mwh": 0.01, "e_departure_mwh": 0.01}
    for net, most in ((one_ev(**idle), FULL), (one_ev(**idle, max_p_mw=0.0037), 0.0037), (one_ev(**idle), 0.005)):
        net.ev["max_e_mwh"] = 1.0
        if most == 0.005:
            evf.create_flexibility(net, "ev", 0, "up", max_p_mw=most)
        result = solved(net, weights={"down": 0.0})
        assert set(reasons(result, "up")) == {"max_p_mw"}
        np.testing.assert_allclose(result.p_up_mw[0], most, atol=SAME)


def test_an_offer_s_cap_limits_downward_too():
    net = one_ev()
    for direction in ("up", "down"):
        evf.create_flexibility(net, "ev", 0, direction, max_p_mw=0.0005)
    result = solved(net, tie_break="smooth")
    capped = [t for t, reason in enumerate(reasons(result, "down")) if reason == "max_p_mw"]
    assert capped
    np.testing.assert_allclose(result.p_down_mw[0][capped], 0.0005, atol=SAME)
    assert (result.p_mw[0][capped] > 0.0005 + SAME).all()


def test_battery_full_is_what_an_hour_of_more_charging_would_overfill():
    """50 of 60 kWh are there and nothing is needed: 10 kWh more go in, 10 kW for an hour."""
    result = solved(one_ev(e_arrival_mwh=0.05, e_departure_mwh=0.05), weights={"down": 0.0}, tie_break="min_energy")
    assert set(reasons(result, "up")) == {"battery full"}
    np.testing.assert_allclose(result.p_up_mw[0], 0.01, atol=SAME)


def test_a_full_car_has_nothing_scheduled_to_withdraw():
    result = solved(one_ev(e_arrival_mwh=0.06, e_departure_mwh=0.06))
    assert set(reasons(result, "down")) == {"nothing scheduled"}
    assert set(reasons(result, "up")) == {"battery full"}
    assert result.p_mw[0].max() < SAME


def test_a_car_that_needs_its_whole_stay_must_leave_charged():
    """20 kWh in one hour at 22 kW: 20 kW, of which none may be withdrawn; 2 kW more are left to its power."""
    result = solved(one_ev(departure_h=1.0), tie_break="min_energy", weights={"down": 0.5})
    assert result.p_mw[0][0] >= 0.02 - SAME
    short = result.p_mw[0][0] - result.p_down_mw[0][0]
    assert short == pytest.approx(0.02, abs=SAME)
    down = result.limited_by(0).at[0, "down"]
    assert down == "must leave charged" and result.limited_by(0).at[0, "up"] == "max_p_mw"


def test_all_scheduled_power_is_offered_where_it_can_be_made_up_later():
    result = solved(one_ev(), tie_break="smooth")
    down = reasons(result, "down")
    assert down[0] == "all scheduled power"
    for t, reason in enumerate(down):
        if reason == "all scheduled power":
            assert result.p_down_mw[0][t] == pytest.approx(result.p_mw[0][t], abs=SAME) and result.p_mw[0][t] > SAME


def named_by_grid(result, direction, period):
    """The element that is named for all EVs, and its worst value there."""
    (name,) = set(result.limited_by(period)[direction])
    return name


def test_a_transformer_that_binds_is_named_in_the_periods_in_which_it_does():
    """Behind 100 kVA of 20 kW load six cars of 200 kW: in the hours of double load there is less room."""
    net = feeder_net(6, load_mw=0.02, sn_mva=0.1)
    net.ev["max_e_mwh"], net.ev["max_p_mw"] = 1.0, 0.2
    net.line["max_loading_percent"] = np.nan
    net.bus[["min_vm_pu", "max_vm_pu"]] = [0.5, 1.5]
    result = solved(net, constant(net, "load", "p_mw", [0.02] * 4 + [0.04] * 4), n_periods=None)
    for t in range(8):
        assert named_by_grid(result, "up", t) == "trafo 0"
        assert result.trafo_loading_percent["up"][0][t] == pytest.approx(100.0, abs=1e-3)
    room = result.p_up_mw.sum(axis=1) + result.p_mw.sum(axis=1)
    assert room[0] - room[7] == pytest.approx(0.02, rel=0.1)


def test_each_cable_is_named_for_the_cars_behind_it_only_where_it_binds():
    net = two_feeders_net(max_loading_percent=[15.0, 1000.0])
    net.bus[["min_vm_pu", "max_vm_pu"]] = [0.5, 1.5]
    result = solved(net)
    up = result.limited_by(3)["up"]
    assert up.iloc[:3].tolist() == ["line 0"] * 3 and up.iloc[3:].tolist() == ["max_p_mw"] * 3


def test_two_cables_in_a_row_of_the_same_current_are_both_named():
    net = feeder_net(2, load_mw=0.0, sn_mva=1.0)
    net.ev["bus"], net.ev["max_e_mwh"] = 3, 1.0
    net.bus[["min_vm_pu", "max_vm_pu"]] = [0.5, 1.5]
    net.line["max_loading_percent"], net.line["c_nf_per_km"] = 20.0, 0.0
    result = solved(net)
    named = set(named_by_grid(result, "up", 3).split(", "))
    assert named <= {"line 0", "line 1"} and named == {
        f"line {row.element}" for row in result.binding.itertuples() if row.period == 3 and row.scenario == "up"
    }


def test_a_bus_is_named_where_more_charging_would_take_its_voltage_below_the_limit():
    net = feeder_net(3, load_mw=0.0, sn_mva=1.0)
    net.ev["bus"], net.ev["max_e_mwh"] = 3, 1.0
    net.bus.loc[3, "min_vm_pu"] = 0.97
    net.line["max_loading_percent"] = np.nan
    result = solved(net)
    assert named_by_grid(result, "up", 3) == "bus 3"
    assert result.vm_pu["up"][3][3] == pytest.approx(0.97, abs=1e-6)


def test_a_bus_is_named_where_less_charging_would_take_its_voltage_above_the_limit():
    """Sun on a cable without load: what is charged holds the voltage down, and can only partly be withdrawn."""
    net = feeder_net(6, load_mw=0.0, pv_mw=0.08)
    net.bus["max_vm_pu"] = 1.03
    result = solved(net, constant(net, "sgen", "p_mw", [0.08] * 4 + [0.0] * 4), n_periods=None)
    for t in range(4):
        assert result.vm_pu["down"].iloc[t].max() == pytest.approx(1.03, abs=1e-6)
        limited = result.limited_by(t)["down"]
        assert (limited[(result.p_mw.iloc[t] - result.p_down_mw.iloc[t]) > SAME].str.startswith("bus")).all()
        assert (limited.str.startswith("bus")).any()
    assert not any(reason.startswith("bus") for t in range(4, 8) for reason in result.limited_by(t)["down"])


def test_a_transformer_of_three_windings_is_named():
    net = create_empty_network()
    hv, mv, lv = (create_bus(net, vn) for vn in (110.0, 20.0, 10.0))
    create_ext_grid(net, hv)
    create_transformer3w(net, hv, mv, lv, "63/25/38 MVA 110/20/10 kV")
    create_load(net, mv, 20.0, 5.0)
    net.trafo3w["max_loading_percent"] = 90.0
    evf.create_evs(net, [mv] * 2, max_p_mw=5.0, max_e_mwh=10.0)
    evf.create_ev_sessions(net, [0, 1], 0.0, 8.0, e_arrival_mwh=1.0, e_departure_mwh=2.0)
    result = solved(net)
    assert named_by_grid(result, "up", 2) == "trafo3w 0"
    assert result.trafo3w_loading_percent["up"][0][2] == pytest.approx(90.0, abs=1e-3)


def test_a_best_effort_names_the_bus_that_a_car_waits_for():
    net = feeder_net(2, load_mw=0.02, sn_mva=1.0)
    profiles = constant(net, "load", "p_mw", [0.02, 0.02, 0.06, 0.02, 0.02, 0.02, 0.02, 0.02])
    peak = copy.deepcopy(net)
    peak.load["p_mw"] = 0.06
    pp.runpp(peak)
    limit = float(peak.res_bus.vm_pu.min()) + 1e-4
    result = solved(net, profiles, n_periods=None, min_vm_pu=limit, on_infeasible="best_effort")
    assert set(result.relaxed["period"]) == {2} and result.status == "best_effort"
    assert result.limited_by(2)["up"].str.contains("bus 3").all()
    assert set(result.limited_by(2)["down"]) == {"nothing scheduled"}


def test_a_run_that_was_stopped_does_not_blame_the_grid():
    net = feeder_net(6)
    result = solved(net, method="exact", solver_options={"max_iter": 8}, tie_break=None)
    assert result.status == "feasible"
    found = {(t, d): result.limited_by(t)[d] for t in range(8) for d in ("up", "down")}
    assert any((reason == NOTHING_BINDS).any() for reason in found.values())
    for (t, direction), reason in found.items():
        binds = result.binding[(result.binding.period == t) & (result.binding.scenario == direction)]
        names = {f"{row.element_type} {row.element}" for row in binds.itertuples()}
        for text in reason[reason.str.contains(r"\d$")]:
            assert set(text.split(", ")) <= names
    assert f"{NOTHING_BINDS} " in str(result) and "the grid 100 %" not in str(result)
