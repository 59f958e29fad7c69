"""When there is no schedule, an engineer is told why, and the net is left in order."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

import pandapower_evflex as evf
from tests.opf.feeder import EIGHT_HOURS, constant, feeder_net


def unreachable_net():
    net = feeder_net(3)
    net.ev_session.loc[1, ["departure_h", "e_departure_mwh"]] = [1.0, 0.06]
    net.ev_session.loc[2, ["arrival_h", "departure_h"]] = [3.2, 3.9]
    return net


def test_every_unreachable_session_is_named_in_one_error():
    with pytest.raises(evf.FlexibilityOPFNotConverged) as error:
        evf.run_flexibility_opf(unreachable_net(), **EIGHT_HOURS)
    findings = error.value.findings
    assert findings["session"].tolist() == [1, 2]
    assert findings["finding"].tolist() == ["unreachable", "no whole period"]
    assert "EV 1, session 1 (last period 0): reaches 42.00 of 60.00 kWh at full power, 18.00 short" in str(error.value)
    assert "EV 2, session 2" in str(error.value)
    assert isinstance(error.value, pp.OPFNotConverged)
    assert isinstance(error.value, evf.EvflexError)


def test_unreachable_needs_are_reduced_on_request_and_listed():
    result = evf.run_flexibility_opf(unreachable_net(), unreachable="reduce", **EIGHT_HOURS)
    assert result.status == "optimal"
    assert result.reduced.loc[1, "e_reduced_mwh"] == pytest.approx(0.042)
    assert result.reduced.loc[2, "e_reduced_mwh"] == pytest.approx(0.02)
    assert result.p_mw[1][0] == pytest.approx(0.022, rel=1e-6)
    assert result.e_mwh[2].isna().all()
    assert "2 sessions were reduced" in result.message


def test_overload_and_undervoltage_by_consumption_are_named_with_element_period_and_amount():
    net = feeder_net(3, sn_mva=0.1)
    net.bus["min_vm_pu"] = 0.95
    profiles = constant(net, "load", "p_mw", [0.02, 0.02, 0.12, 0.13, 0.02, 0.02, 0.02, 0.02])
    with pytest.raises(evf.FlexibilityOPFNotConverged) as error:
        evf.run_flexibility_opf(net, profiles, period_h=1.0, progress=False)
    findings = error.value.findings
    overload = findings[findings["finding"] == "overload"]
    assert set(zip(overload.element_type, overload.element, overload.period, strict=True)) == {
        ("trafo", 0, 2),
        ("trafo", 0, 3),
    }
    assert (overload.value > 100).all() and (overload.limit == 100).all()
    under = findings[findings["finding"] == "undervoltage"]
    assert set(under.period) == {2, 3}
    assert "overload of trafo 0 without controllable EVs in 2 periods from 2 to 3, worst in 3" in str(error.value)
    pp.runpp(_at(net, 0.13))
    assert error.value.result.status == "infeasible"


def _at(net, p_mw):
    """The net at that load; its loading is what the finding says."""
    moment = copy.deepcopy(net)
    moment.load["p_mw"] = p_mw
    return moment


def test_unreachable_sessions_and_an_overloaded_grid_come_in_one_error():
    net = unreachable_net()
    net.load["p_mw"] = 0.2
    with pytest.raises(evf.FlexibilityOPFNotConverged) as error:
        evf.run_flexibility_opf(net, **EIGHT_HOURS)
    assert {"unreachable", "overload"} <= set(error.value.findings["finding"])


def test_an_overvoltage_at_a_time_without_evs_can_be_cured_by_nothing():
    net = feeder_net(3, load_mw=0.0)
    net.bus["max_vm_pu"] = 1.02
    net.ev_session["arrival_h"] = 2.0
    profiles = constant(net, "sgen", "p_mw", [0.08, 0, 0, 0, 0, 0, 0, 0])
    with pytest.raises(evf.FlexibilityOPFNotConverged, match="overvoltage of bus .* in period 0"):
        evf.run_flexibility_opf(net, profiles, period_h=1.0, progress=False)


def test_an_overvoltage_that_all_cars_at_full_power_do_not_cure_is_refused_before_any_solver_runs():
    net = feeder_net(3, load_mw=0.0)
    profiles = constant(net, "sgen", "p_mw", [0.08, 0.12, 0, 0, 0, 0, 0, 0])
    with pytest.raises(evf.FlexibilityOPFNotConverged, match="no schedule exists") as error:
        evf.run_flexibility_opf(net, profiles, period_h=1.0, progress=False, max_vm_pu=1.0005)
    assert "iterations" not in error.value.result.stats
    hopeless = error.value.findings[~error.value.findings["curable"].astype(bool)]
    assert set(hopeless["finding"]) == {"overvoltage"} and 1 in set(hopeless["period"])


@pytest.mark.parametrize("limited", [3, 4])
@pytest.mark.parametrize(("finding", "column", "limit"), [("under", "min_vm_pu", 0.999), ("over", "max_vm_pu", 0.95)])
def test_of_buses_fused_by_a_closed_switch_the_one_whose_limit_is_violated_is_named(limited, finding, column, limit):
    net = feeder_net(3, load_mw=0.05)
    net.bus[["min_vm_pu", "max_vm_pu"]] = 0.5, 1.5
    net.bus.loc[limited, column] = limit
    net.ev_session["arrival_h"] = 1.0  # in the first period nothing can be cured
    with pytest.raises(evf.FlexibilityOPFNotConverged) as error:
        evf.run_flexibility_opf(net, **EIGHT_HOURS)
    findings = error.value.findings
    assert set(findings["finding"]) == {f"{finding}voltage"}
    assert set(findings["element"]) == {limited} and set(findings["limit"]) == {limit}
    assert f"{finding}voltage of bus {limited} " in str(error.value)


def jointly_infeasible_net():
    """Each EV reaches its need alone, but the transformer does not carry them all."""
    net = feeder_net(6, sn_mva=0.05)
    net.ev_session["departure_h"] = 2.0
    net.ev_session["e_departure_mwh"] = 0.055
    return net


def infeasible_by_losses_net():
    """The transformer carries what the cars need, but not what is lost on the way too."""
    net = jointly_infeasible_net()
    net.load["p_mw"] = 0.0
    net.ev_session["e_departure_mwh"] = 0.02 + 0.0499 * 2 / 6
    return net


def test_a_jointly_infeasible_problem_says_which_element_is_in_the_way():
    result = evf.run_flexibility_opf(infeasible_by_losses_net(), raise_on_failure=False, **EIGHT_HOURS)
    assert result.status == "infeasible"
    assert "overload of trafo 0 in scenario" in result.message or "unreachable within the grid" in result.message
    named = result.findings
    assert set(named["element_type"].dropna()) <= {"trafo", "line", "bus"}
    assert len(named)


def test_a_failed_run_returns_its_status_with_nan_frames():
    result = evf.run_flexibility_opf(jointly_infeasible_net(), raise_on_failure=False, **EIGHT_HOURS)
    assert np.isnan(result.objective_mw)
    assert result.p_mw.shape == (8, 6) and result.p_mw.isna().all().all()
    assert result.vm_pu["up"].isna().all().all()
    assert len(result.binding) == 0
    assert all(result.total(name).isna().all() for name in ("p_mw", "p_up_mw", "p_down_mw"))  # not 0
    with pytest.raises(evf.EvflexError, match="no schedule"):
        result.to_profiles()


def test_after_a_failure_element_tables_are_untouched_and_old_results_emptied():
    net = feeder_net(6)
    evf.run_flexibility_opf(net, **EIGHT_HOURS)
    assert net.OPF_converged and len(net.res_period) == 8 and "evflex_ev_p_mw" in net
    lines_before = net.res_line.copy()
    net.load["p_mw"] = 0.5
    tables = {name: net[name].copy() for name in ("ev", "ev_session", "load", "line", "bus")}
    with pytest.raises(evf.FlexibilityOPFNotConverged):
        evf.run_flexibility_opf(net, **EIGHT_HOURS)
    assert not net.OPF_converged
    assert len(net.res_period) == len(net.res_flexibility) == len(net.res_ev) == 0
    assert [key for key in net if key.startswith("evflex_")] == ["evflex_format_version"]
    for name, table in tables.items():
        pd.testing.assert_frame_equal(net[name], table)
    pd.testing.assert_frame_equal(net.res_line, lines_before)


def test_the_error_pickles_with_findings_and_result():
    with pytest.raises(evf.FlexibilityOPFNotConverged) as error:
        evf.run_flexibility_opf(unreachable_net(), **EIGHT_HOURS)
    copied = pickle.loads(pickle.dumps(error.value))
    assert str(copied) == str(error.value)
    pd.testing.assert_frame_equal(copied.findings, error.value.findings)
    assert copied.result.status == "infeasible"


def test_the_iteration_limit_is_a_status_of_its_own():
    result = evf.run_flexibility_opf(
        feeder_net(9, sn_mva=0.06),
        method="exact",
        raise_on_failure=False,
        solver_options={"max_iter": 2},
        **EIGHT_HOURS,
    )
    assert result.status == "iteration_limit"
    assert "max_iter" in result.message


def test_a_least_power_that_overfills_the_battery_is_named():
    net = feeder_net(2)
    net.ev.loc[0, "min_p_mw"] = 0.01
    with pytest.raises(evf.FlexibilityOPFNotConverged, match="EV 0, session 0 .*overfills the battery of 60.00 kWh"):
        evf.run_flexibility_opf(net, **EIGHT_HOURS)


def test_a_base_load_without_power_flow_solution_is_named():
    net = feeder_net(2)
    net.load["p_mw"] = 9.0
    with pytest.raises(evf.FlexibilityOPFNotConverged, match="no power flow solution without EVs"):
        evf.run_flexibility_opf(net, **EIGHT_HOURS)


def test_every_refusal_ends_with_the_argument_and_the_column_that_set_the_limit():
    net = unreachable_net()
    net.load["p_mw"] = 0.2
    net.bus["min_vm_pu"] = 0.97
    with pytest.raises(evf.FlexibilityOPFNotConverged) as error:
        evf.run_flexibility_opf(net, **EIGHT_HOURS)
    end = str(error.value).partition("what to do:")[2]
    for said in (
        "max_trafo_loading_percent=", "net.trafo.max_loading_percent", "min_vm_pu=", "net.bus.min_vm_pu",
        'unreachable="reduce"', "net.ev_session.e_departure_mwh",
    ):  # fmt: skip
        assert said in end
    assert "max_vm_pu=" not in end


def test_limits_given_as_arguments_decide():
    net = feeder_net(3, load_mw=0.05)
    net.bus["min_vm_pu"] = 0.999
    with pytest.raises(evf.FlexibilityOPFNotConverged, match="undervoltage"):
        evf.run_flexibility_opf(net, **EIGHT_HOURS)
    assert evf.run_flexibility_opf(net, min_vm_pu=0.9, **EIGHT_HOURS).status == "optimal"
    result = evf.run_flexibility_opf(net, min_vm_pu=0.95, **EIGHT_HOURS)
    assert result.vm_pu["up"][4].min() == pytest.approx(0.95, abs=1e-6)


def test_a_long_list_of_findings_is_summed_up_with_its_worst():
    net = pp.networks.create_kerber_landnetz_kabel_1()
    evf.create_ev(net, net.load.bus.iloc[0], max_p_mw=0.011, max_e_mwh=0.05)
    evf.create_ev_session(net, 0, 0.0, 2.0, e_arrival_mwh=0.02, e_departure_mwh=0.02)
    with pytest.raises(evf.FlexibilityOPFNotConverged) as error:
        evf.run_flexibility_opf(net, min_vm_pu=1.02, n_periods=4, progress=False)
    findings = error.value.findings
    n_buses = findings["element"].nunique()
    assert n_buses > 10
    lines = str(error.value).splitlines()
    assert len(lines) < 8
    assert f"undervoltage of {n_buses} buses (" in lines[1]
    assert "in 4 periods from 0 to 3" in lines[1] and f"by {(1.02 - findings['value'].min()):.3g} pu" in lines[1]
    assert f"all {len(findings)} rows are in findings" in lines[2]


IDLE = {"arrival_h": 3.2, "departure_h": 3.9}


def test_a_session_without_a_whole_period_that_needs_none_is_left_out_and_logged(caplog):
    net, without = feeder_net(3), feeder_net(3)
    evf.create_ev_session(net, evf.create_ev(net, 3, max_p_mw=0.011, max_e_mwh=0.05), **IDLE, e_arrival_mwh=0.03)
    with caplog.at_level("INFO"):
        result = evf.run_flexibility_opf(net, **EIGHT_HOURS)
    assert result.status == "optimal"
    assert "sessions 3 have no whole period plugged in and need none: they are left out" in caplog.text
    assert 3 not in result.summary.index and (result.p_mw[3] == 0.0).all()
    assert result.objective_mw == pytest.approx(evf.run_flexibility_opf(without, **EIGHT_HOURS).objective_mw, rel=2e-6)


def test_of_sessions_without_a_whole_period_only_an_unmet_need_is_named_or_reduced():
    net = feeder_net(4)
    for column, value in IDLE.items():
        net.ev_session.loc[[2, 3], column] = value
    net.ev_session.loc[3, "e_departure_mwh"] = net.ev_session.loc[3, "e_arrival_mwh"]
    with pytest.raises(evf.FlexibilityOPFNotConverged) as error:
        evf.run_flexibility_opf(net, **EIGHT_HOURS)
    assert error.value.findings["session"].tolist() == [2]
    assert "EV 2, session 2: has no whole period plugged in; has 20.00 of 40.00 kWh at departure" in str(error.value)
    reduced = evf.run_flexibility_opf(net, unreachable="reduce", **EIGHT_HOURS)
    assert reduced.reduced.index.tolist() == [2]


@pytest.mark.parametrize(("shift_h", "outside"), [(1e3, True), (-1e3, True), (1.0, False)])
def test_where_all_sessions_lie_outside_the_horizon_it_is_said(shift_h, outside, caplog):
    net = feeder_net(2)
    net.ev_session[["arrival_h", "departure_h"]] += shift_h
    evf.run_flexibility_opf(net, **EIGHT_HOURS)
    assert ("all 2 sessions lie outside the horizon of 8 h" in caplog.text) == outside


@pytest.mark.parametrize("method", ["fast", "exact"])
def test_an_uncontrolled_car_and_a_car_that_only_stops_leave_nothing_to_schedule(method):
    net = feeder_net(2)
    net.ev.loc[0, "controllable"] = False
    net.ev_session.loc[1, ["arrival_h", "departure_h", "e_departure_mwh"]] = [3.2, 3.9, 0.02]
    result = evf.run_flexibility_opf(net, method=method, **EIGHT_HOURS)
    assert (result.status, result.objective_mw) == ("optimal", 0.0)
    assert "nothing to schedule" in result.message
    assert result.p_mw[0].sum() == pytest.approx(0.02)


@pytest.mark.parametrize("method", ["fast", "exact"])
def test_the_trip_of_a_stop_without_a_whole_period_is_charged_for_before_it(method):
    """20 kWh on arrival; 30 kWh for the way to the stop, 20 kWh for the way from it, 10 kWh at the end: 40 kWh."""
    net = feeder_net(1, sn_mva=1.0)
    net.ev["consumption_kwh_per_km"] = 0.2
    net.ev_session.loc[0, ["departure_h", "e_departure_mwh", "trip_km"]] = [3.0, np.nan, 150.0]
    evf.create_ev_session(net, 0, 4.1, 4.9, trip_km=100.0)
    evf.create_ev_session(net, 0, 6.0, 8.0, e_departure_mwh=0.01)
    result = evf.run_flexibility_opf(net, method=method, **EIGHT_HOURS)
    assert result.status == "optimal"
    assert result.summary["session"].tolist() == [0, 2]
    assert result.e_mwh[0][6] == pytest.approx(result.e_mwh[0][2] - 0.05 + result.p_mw[0][6])
    assert result.e_mwh[0][2] >= 0.05 - 1e-9 and result.e_mwh[0][7] >= 0.01 - 1e-9
