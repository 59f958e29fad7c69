"""The operating point is that of `runpp`, and a run says how far it is from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandapower.networks as nw
import pytest
from pandapower.powerflow import LoadflowNotConverged

import pandapower_evflex as evf
from pandapower_evflex.opf import flexibility
from pandapower_evflex.opf.precheck import base_check
from pandapower_evflex.opf.report import by_runpp
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from tests.opf.feeder import EIGHT_HOURS, feeder_net


def test_the_busiest_moment_is_compared_with_runpp():
    result = evf.run_flexibility_opf(feeder_net(3), **EIGHT_HOURS)
    assert 0.0 < result.verification["against_runpp"] < 1e-9


def test_a_transmission_net_is_solved_at_the_operating_point_of_runpp():
    """From voltages without load its power flow ends at 0.574 pu."""
    net = nw.case1354pegase()
    net.bus[["min_vm_pu", "max_vm_pu"]] = np.nan
    net.line["max_loading_percent"] = net.trafo["max_loading_percent"] = np.nan
    ev = evf.create_ev(net, net.load.bus[0], max_p_mw=0.011, max_e_mwh=0.05)
    evf.create_ev_session(net, ev, 0, 2, e_arrival_mwh=0.01, e_departure_mwh=0.02)
    result = evf.run_flexibility_opf(net, n_periods=2, period_h=1.0, progress=False)
    assert result.status == "optimal"
    assert result.vm_pu["base"].min().min() == pytest.approx(0.982, abs=1e-3)
    assert result.verification["against_runpp"] < 1e-8


def test_a_schedule_that_runpp_sees_at_other_voltages_is_not_called_verified(monkeypatch):
    def other(net, result):
        return replace(by_runpp.busiest_by_runpp(net, result), difference=2e-6)

    monkeypatch.setattr(flexibility, "busiest_by_runpp", other)
    net = feeder_net(3)
    with pytest.raises(evf.FlexibilityOPFNotConverged, match="differs from that of runpp by 2e-06 pu") as error:
        evf.run_flexibility_opf(net, **EIGHT_HOURS)
    assert error.value.result.status == "failed"
    assert not net.OPF_converged


def test_where_runpp_is_at_a_lower_solution_both_voltages_are_named():
    """case11_iwamoto at 60 % of its load: ours is nowhere lower, and 1.3 pu higher at one bus."""
    net = nw.case11_iwamoto()
    net.load["scaling"] = net.gen["scaling"] = 0.6
    net.bus[["min_vm_pu", "max_vm_pu"]] = np.nan
    net.line["max_loading_percent"] = net.trafo["max_loading_percent"] = np.nan
    ev = evf.create_ev(net, net.load.bus.iloc[0], max_p_mw=0.011, max_e_mwh=0.05)
    evf.create_ev_session(net, ev, 0, 2, e_arrival_mwh=0.01, e_departure_mwh=0.02)
    with pytest.raises(evf.FlexibilityOPFNotConverged, match="pu here and 0.* pu by runpp at bus") as error:
        evf.run_flexibility_opf(net, n_periods=2, period_h=1.0, progress=False)
    assert error.value.result.status == "failed" and not net.OPF_converged
    assert "best_effort" not in str(error.value) and "verify=False" in str(error.value)
    result = evf.run_flexibility_opf(net, n_periods=2, period_h=1.0, progress=False, verify=False)
    assert "differs from that of runpp" in result.message and result.verification["against_runpp"] > 1.0


def test_where_runpp_does_not_converge_the_result_says_so(monkeypatch):
    def fails(plain, vm_pu=None):
        raise LoadflowNotConverged

    monkeypatch.setattr(by_runpp, "run_plain", fails)
    net = feeder_net(3)
    result = evf.run_flexibility_opf(net, **EIGHT_HOURS)
    assert np.isnan(result.verification["against_runpp"])
    assert "runpp does not converge in period" in result.message
    assert net.OPF_converged


def test_a_start_from_the_result_s_voltages_is_said(monkeypatch):
    run_plain = by_runpp.run_plain

    def fails_alone(plain, vm_pu=None):
        if vm_pu is None:
            raise LoadflowNotConverged
        run_plain(plain, vm_pu)

    monkeypatch.setattr(by_runpp, "run_plain", fails_alone)
    result = evf.run_flexibility_opf(feeder_net(3), **EIGHT_HOURS)
    assert result.verification["against_runpp"] < 1e-9
    assert "from the result's voltages only" in result.message


def test_two_operating_points_without_evs_are_a_finding(monkeypatch):
    solve = BatchedPowerFlow.solve

    def two(self, s, *args, starts=None, **kwargs):
        flows = solve(self, s, *args, starts=starts, **kwargs)
        return flows if starts is None else replace(flows, v=0.9 * flows.v)

    monkeypatch.setattr(base_check.BatchedPowerFlow, "solve", two)
    with pytest.raises(
        evf.FlexibilityOPFNotConverged,
        match="two power flow solutions without EVs, either may be the operating point in 8 periods",
    ):
        evf.run_flexibility_opf(feeder_net(3), **EIGHT_HOURS)
