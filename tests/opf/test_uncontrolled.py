"""Uncontrolled charging is full power from arrival, and its grid state is pandapower's."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandapower as pp
import pandapower.networks as nw
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.tables.cos_phi_p import reactive_power
from tests.networks.solved import solved_suburb
from tests.opf.feeder import EIGHT_HOURS, feeder_net


def _one_ev(**session):
    """11 kW, 40 kWh, 90 % efficient, at home from 2:30 to 9:00 of twelve hours."""
    net = nw.create_kerber_landnetz_freileitung_1()
    ev = evf.create_ev(
        net, 5, max_p_mw=0.011, max_e_mwh=0.04, min_e_mwh=0.004, efficiency_percent=90, consumption_kwh_per_km=0.2
    )
    evf.create_ev_session(net, ev, 2.5, 9.0, **session)
    return net


def _charging(net, **arguments):
    return evf.uncontrolled_charging(net, n_periods=12, period_h=1.0, **arguments).p_mw[0].to_numpy()


def test_an_ev_charges_at_full_power_until_it_is_full():
    """From the first whole period; 32 kWh are 3 periods of 9.9 kWh and a rest of 2.3 kWh."""
    p = _charging(_one_ev(soc_arrival_percent=20, trip_km=30), energy="full")
    np.testing.assert_allclose(1e3 * p, [0, 0, 0, 11, 11, 11, 2.3 / 0.9, 0, 0, 0, 0, 0], atol=1e-9)


def test_it_stops_at_the_departure_energy_unless_told():
    """4 kWh and 30 km of 0.2 kWh are needed, 5 kWh are there."""
    p = _charging(_one_ev(e_arrival_mwh=0.005, trip_km=30))
    np.testing.assert_allclose(1e3 * p, [0, 0, 0, 5 / 0.9, *[0] * 8], atol=1e-9)


def test_it_stops_when_the_ev_leaves():
    net = _one_ev(soc_arrival_percent=20, trip_km=10)
    net.ev_session["departure_h"] = 5.0
    np.testing.assert_allclose(1e3 * _charging(net, energy="full"), [0, 0, 0, 11, 11, *[0] * 7], atol=1e-9)


def test_a_need_out_of_reach_is_no_error_here():
    net = _one_ev(soc_arrival_percent=20, trip_km=150)
    net.ev_session["departure_h"] = 5.0
    with pytest.raises(evf.FlexibilityOPFNotConverged, match="EV 0, session 0"):
        evf.run_flexibility_opf(net, n_periods=12, period_h=1.0, progress=False)
    np.testing.assert_allclose(1e3 * _charging(net), [0, 0, 0, 11, 11, *[0] * 7], atol=1e-9)


def test_the_fleet_charges_what_its_batteries_lack():
    case = solved_suburb()
    lacking = case.net.ev["max_e_mwh"] - case.net.ev_session.set_index("ev")["e_arrival_mwh"]
    hours = np.floor(4 * case.net.ev_session["departure_h"]) - np.ceil(4 * case.net.ev_session["arrival_h"])
    possible = case.net.ev["max_p_mw"] * 0.25 * hours.to_numpy()
    charged = case.without.p_mw.sum() * 0.25
    np.testing.assert_allclose(charged, np.minimum(lacking, possible))


def test_the_grid_state_is_that_of_runpp():
    case = solved_suburb()
    period = int(case.without.trafo_loading_percent[0].argmax())
    net = copy.deepcopy(case.net)
    for (table, column), frame in case.profiles.items():
        net[table][column] = frame.iloc[period]
    net.sgen["q_mvar"] = [float(reactive_power(net, sgen, net.sgen.at[sgen, "p_mw"])) for sgen in net.sgen.index]
    p = case.without.p_mw.iloc[period]
    pp.create_loads(net, net.ev["bus"], p_mw=p, q_mvar=p * np.tan(np.arccos(net.ev["cos_phi"])))
    pp.runpp(net, trafo_loading="power", tolerance_mva=1e-10)
    without_slack = net.res_bus["vm_pu"].drop(net.ext_grid["bus"])
    assert case.without.min_vm_pu.iloc[period] == pytest.approx(without_slack.min(), abs=1e-8)
    np.testing.assert_allclose(case.without.vm_pu.iloc[period], net.res_bus["vm_pu"], atol=1e-8)
    np.testing.assert_allclose(case.without.trafo_loading_percent.iloc[period], net.res_trafo["loading_percent"])
    np.testing.assert_allclose(
        case.without.line_loading_percent.iloc[period], net.res_line["loading_percent"], rtol=1e-6
    )


def test_batteries_fill_by_what_is_charged():
    """By hand: a battery of 50 kWh with 10 kWh, 11 kW at 90 %, until it needs no more."""
    net = _one_ev(e_arrival_mwh=0.010, e_departure_mwh=0.035)
    soc = evf.uncontrolled_charging(net, n_periods=12, period_h=1.0).soc_percent[0]
    per_period = 100.0 * 11.0 * 0.9 / (1e3 * net.ev.at[0, "max_e_mwh"])
    start = 100.0 * 10.0 / (1e3 * net.ev.at[0, "max_e_mwh"])
    goal = 100.0 * 35.0 / (1e3 * net.ev.at[0, "max_e_mwh"])
    plugged = soc.dropna()
    np.testing.assert_allclose(plugged, np.minimum(start + per_period * np.arange(1, len(plugged) + 1), goal))
    assert soc.iloc[:3].isna().all()


def test_what_it_does_to_the_grid_is_told_in_a_line():
    case = solved_suburb()
    assert "limits of trafo 0" in str(case.without) and case.without.label in str(case.without)
    assert len(repr(case.without)) < 120


def test_fill_means_the_same_for_one_more_version_and_says_so():
    net = _one_ev(e_arrival_mwh=0.005, trip_km=30)
    for fill, energy in ((True, "full"), (False, "needed")):
        with pytest.warns(FutureWarning, match=f"energy='{energy}'"):
            p = _charging(net, fill=fill)
        np.testing.assert_array_equal(p, _charging(net, energy=energy))


@pytest.mark.parametrize("arguments", [{"fill": "False"}, {"fill": True, "energy": "full"}, {"fill": 1}])
def test_fill_is_refused_where_it_is_unclear(arguments):
    with pytest.raises(evf.InvalidInputError, match="leave fill out"):
        _charging(_one_ev(soc_arrival_percent=20, trip_km=30), **arguments)


@pytest.mark.parametrize("energy", ["need", "", None, 3.0, ["full"], pd.DataFrame()])
def test_an_energy_of_another_kind_is_refused_by_name(energy):
    with pytest.raises(evf.InvalidInputError, match=r'uncontrolled_charging.energy.*"needed", "full"'):
        _charging(_one_ev(soc_arrival_percent=20, trip_km=30), energy=energy)


@pytest.mark.parametrize("tie_break", [None, "smooth"])
def test_with_a_result_each_session_charges_what_its_schedule_gives_it(tie_break):
    """Two sessions, the second after a trip, and one that leaves after the horizon; losses of the charger count."""
    net = _one_ev(e_arrival_mwh=0.01, trip_km=60)
    evf.create_ev_session(net, 0, 10.0, 20.0, e_departure_mwh=0.03)
    run = {"n_periods": 12, "period_h": 1.0}
    result = evf.run_flexibility_opf(net, **run, tie_break=tie_break, progress=False)
    without = evf.uncontrolled_charging(net, **run, energy=result)
    np.testing.assert_allclose(without.charged_mwh, result.summary.set_index("session")["charged_mwh"], atol=1e-12)
    assert without.drawn_mwh == pytest.approx(result.p_mw.to_numpy().sum(), rel=1e-9)
    p = 1e3 * without.p_mw[0].to_numpy()
    first = result.summary["charged_mwh"].iloc[0] * 1e3 / 0.9
    np.testing.assert_allclose(p[3:9], np.clip(first - 11.0 * np.arange(6), 0.0, 11.0), atol=1e-6)
    assert without.label == f"same energy, from arrival ({p.sum():.0f} kWh)"


def test_a_result_of_other_sessions_or_without_a_schedule_is_refused():
    net = _one_ev(soc_arrival_percent=20, trip_km=30)
    run = {"n_periods": 12, "period_h": 1.0}
    result = evf.run_flexibility_opf(net, **run, progress=False)
    with pytest.raises(evf.InvalidInputError, match="12 periods differ"):
        evf.uncontrolled_charging(net, n_periods=8, period_h=1.0, energy=result)
    evf.create_ev_session(net, 0, 9.0, 11.0)
    with pytest.raises(evf.InvalidInputError, match="sessions 1 differ"):
        evf.uncontrolled_charging(net, **run, energy=result)
    net.ev_session.loc[0, "e_departure_mwh"] = 0.04
    net.ev_session.loc[0, "departure_h"] = 4.0
    failed = evf.run_flexibility_opf(net, **run, progress=False, raise_on_failure=False)
    with pytest.raises(evf.InvalidInputError, match="infeasible is a result without a schedule"):
        evf.uncontrolled_charging(net, **run, energy=failed)


def arrives_later(net):
    net.ev_session["arrival_h"] += 1.0


def of_another_car(net):
    evf.create_ev(net, net.ev["bus"].iloc[0], max_p_mw=0.011, max_e_mwh=0.06)
    net.ev_session["ev"] = 1


def at_another_bus(net):
    net.ev["bus"] = net.load["bus"].iloc[-1]


@pytest.mark.parametrize("change", [arrives_later, of_another_car, at_another_bus])
def test_a_result_of_other_hours_cars_or_buses_is_no_fair_comparison(change):
    net, run = _one_ev(soc_arrival_percent=20, trip_km=30), {"n_periods": 12, "period_h": 1.0}
    result = pickle.loads(pickle.dumps(evf.run_flexibility_opf(net, **run, progress=False, method="fast")))
    assert evf.uncontrolled_charging(net, **run, energy=result).drawn_mwh == pytest.approx(result.p_mw.sum().sum())
    change(net)
    with pytest.raises(evf.InvalidInputError):
        evf.uncontrolled_charging(net, **run, energy=result)


CHANGES = {
    ("ev", "max_p_mw"): 0.0037, ("ev", "efficiency_percent"): 80.0, ("ev", "max_e_mwh"): 0.05, ("ev", "cos_phi"): 0.95,
    ("ev", "min_p_mw"): 0.0001, ("ev_session", "e_arrival_mwh"): 0.009, ("ev_session", "max_p_mw"): 0.0037,
    ("ev_session", "max_e_mwh"): 0.035,
}  # fmt: skip


@pytest.mark.parametrize(("table", "column"), CHANGES)
def test_a_result_of_cars_that_charge_otherwise_is_no_fair_comparison_and_what_changed_is_named(table, column):
    net, run = _one_ev(soc_arrival_percent=20, trip_km=30), {"n_periods": 12, "period_h": 1.0}
    result = pickle.loads(pickle.dumps(evf.run_flexibility_opf(net, **run, progress=False, method="fast")))
    then = net[table][column][0] if column in net[table] else net.ev[column][0]
    net[table][column] = CHANGES[table, column]
    says = rf"energy: {column} of sessions 0 \(0: {CHANGES[table, column]:g}, in the result {then:g}\) differ"
    with pytest.raises(evf.InvalidInputError, match=says):
        evf.uncontrolled_charging(net, **run, energy=result)


def test_the_energy_of_a_best_effort_is_what_it_could_serve():
    """One car stays too briefly, others for too weak a grid: each charges from arrival what the schedule gives it."""
    net = feeder_net(3, sn_mva=0.05)
    net.ev_session["e_departure_mwh"] = [0.06, 0.06, 0.06]
    net.ev_session.loc[1, "departure_h"] = 1.0
    result = evf.run_flexibility_opf(net, **EIGHT_HOURS, on_infeasible="best_effort", min_vm_pu=0.975)
    assert result.status == "best_effort" and len(result.short) == 2
    without = evf.uncontrolled_charging(net, n_periods=8, period_h=1.0, energy=result)
    np.testing.assert_allclose(without.charged_mwh, result.summary.set_index("session")["charged_mwh"], atol=1e-9)
    assert without.drawn_mwh == pytest.approx(result.p_mw.to_numpy().sum(), rel=1e-6)


def test_sessions_without_a_whole_period_charge_nothing_in_either():
    net, run = _one_ev(soc_arrival_percent=20, trip_km=30), {"n_periods": 12, "period_h": 1.0}
    evf.create_ev_session(net, 0, 10.2, 10.6)
    result = evf.run_flexibility_opf(net, **run, progress=False, method="fast", unreachable="reduce")
    without = evf.uncontrolled_charging(net, **run, energy=result)
    assert without.drawn_mwh == pytest.approx(result.p_mw.sum().sum())


def test_evs_without_sessions_charge_nothing_in_either():
    net, run = _one_ev(soc_arrival_percent=20), {"n_periods": 12, "period_h": 1.0}
    net["ev_session"] = net["ev_session"].iloc[:0]
    result = evf.run_flexibility_opf(net, **run, progress=False)
    assert evf.uncontrolled_charging(net, **run, energy=result).drawn_mwh == 0.0


def test_where_no_power_flow_exists_voltages_and_loadings_are_nan():
    net = _one_ev(soc_arrival_percent=20, trip_km=30)
    profiles = {("load", "p_mw"): pd.DataFrame([net.load["p_mw"]] * 3).reset_index(drop=True)}
    profiles["load", "p_mw"].iloc[1] *= 1e3
    without = evf.uncontrolled_charging(net, profiles, period_h=1.0)
    assert without.min_vm_pu.isna().tolist() == [False, True, False]
    for loading in (without.line_loading_percent, without.trafo_loading_percent):
        assert loading.isna().all(axis=1).tolist() == [False, True, False]
    assert without.violations["finding"].tolist() == ["no power flow solution"]


def test_violations_are_the_limits_exceeded():
    net, profiles = evf.networks.suburban_lv(seed=0)
    net.line["max_loading_percent"] = 60.0
    net.bus["min_vm_pu"] = 0.95
    without = evf.uncontrolled_charging(net, profiles, energy="full")
    found = without.violations.groupby("element_type").size()
    assert found["trafo"] == (without.trafo_loading_percent > 100).sum().sum()
    assert found["line"] == (without.line_loading_percent > 60).sum().sum()
    low = without.violations[without.violations["element_type"] == "bus"]
    assert set(low["period"]) == set(np.flatnonzero(without.min_vm_pu < 0.95))
    worst = low.groupby("period")["value"].min()
    np.testing.assert_allclose(worst, without.min_vm_pu.iloc[worst.index])


def test_the_net_stays_as_it_is():
    net, profiles = evf.networks.suburban_lv(seed=0)
    before = copy.deepcopy(net)
    evf.uncontrolled_charging(net, profiles)
    assert set(net) == set(before)
    for name, table in before.items():
        if isinstance(table, pd.DataFrame):
            pd.testing.assert_frame_equal(net[name], table)
