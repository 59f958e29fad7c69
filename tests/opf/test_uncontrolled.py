"""Uncontrolled charging is full power from arrival, and its grid state is pandapower's."""

from __future__ import annotations

import copy

import numpy as np
import pandapower as pp
import pandapower.networks as nw
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.tables.cos_phi_p import reactive_power
from tests.networks.solved import solved_suburb


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
    p = _charging(_one_ev(soc_arrival_percent=20, trip_km=30))
    np.testing.assert_allclose(1e3 * p, [0, 0, 0, 11, 11, 11, 2.3 / 0.9, 0, 0, 0, 0, 0], atol=1e-9)


def test_it_may_stop_at_the_departure_energy():
    """4 kWh and 30 km of 0.2 kWh are needed, 5 kWh are there."""
    p = _charging(_one_ev(e_arrival_mwh=0.005, trip_km=30), fill=False)
    np.testing.assert_allclose(1e3 * p, [0, 0, 0, 5 / 0.9, *[0] * 8], atol=1e-9)


def test_it_stops_when_the_ev_leaves():
    net = _one_ev(soc_arrival_percent=20, trip_km=10)
    net.ev_session["departure_h"] = 5.0
    np.testing.assert_allclose(1e3 * _charging(net), [0, 0, 0, 11, 11, *[0] * 7], atol=1e-9)


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
    np.testing.assert_allclose(case.without.trafo_loading_percent.iloc[period], net.res_trafo["loading_percent"])
    np.testing.assert_allclose(
        case.without.line_loading_percent.iloc[period], net.res_line["loading_percent"], rtol=1e-6
    )


def test_violations_are_the_limits_exceeded():
    net, profiles = evf.networks.suburban_lv(seed=0)
    net.line["max_loading_percent"] = 60.0
    net.bus["min_vm_pu"] = 0.95
    without = evf.uncontrolled_charging(net, profiles)
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
