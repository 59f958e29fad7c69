"""Cars of one phase: every message says that the model is balanced; the worst phase is looked at where it can be."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pytest

import pandapower_evflex as evf
from pandapower_evflex.opf.options import Options
from pandapower_evflex.opf.read import read_study
from pandapower_evflex.opf.report import worst_phase as module
from pandapower_evflex.opf.report.worst_phase import worst_phase
from pandapower_evflex.opf.verify import scheduled_states
from pandapower_evflex.powerflow import by_phase
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from tests.opf.feeder import EIGHT_HOURS, feeder_net

needs_power_grid_model = pytest.mark.skipif(not by_phase.is_installed(), reason="power-grid-model is not installed")


def with_zero_sequence(net):
    net.line = net.line.assign(
        r0_ohm_per_km=4.0 * net.line.r_ohm_per_km, x0_ohm_per_km=4.0 * net.line.x_ohm_per_km,
        c0_nf_per_km=0.6 * net.line.c_nf_per_km,
    )  # fmt: skip
    net.trafo = net.trafo.assign(vk0_percent=net.trafo.vk_percent, vkr0_percent=net.trafo.vkr_percent)
    return net


def one_phase_net(n_evs=3, **feeder):
    net = feeder_net(n_evs, **feeder)
    net.ev["phases"] = 1
    net.ev["max_p_mw"] = 0.0046
    net.ev_session["e_departure_mwh"] = 0.03
    return net


def test_without_zero_sequence_data_the_message_says_that_phases_are_not_looked_at():
    result = evf.run_flexibility_opf(one_phase_net(), **EIGHT_HOURS)
    assert "the model is balanced, 3 cars charge on one phase" in result.message
    assert np.isnan(result.verification["worst_phase_vm_pu"])
    if by_phase.is_installed():
        assert "single phases are not looked at: net.line lacks r0_ohm_per_km" in result.message


def test_without_power_grid_model_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(by_phase, "is_installed", lambda: False)
    result = evf.run_flexibility_opf(with_zero_sequence(one_phase_net()), **EIGHT_HOURS)
    assert "single phases are not looked at: power-grid-model is not installed" in result.message
    assert "pandapower_evflex[phases]" in result.message


def test_nothing_is_said_where_all_cars_charge_on_three_phases():
    result = evf.run_flexibility_opf(with_zero_sequence(feeder_net(2)), **EIGHT_HOURS)
    assert "balanced" not in result.message
    assert np.isnan(result.verification["worst_phase_vm_pu"])


def test_a_run_that_fails_says_it_too():
    result = evf.run_flexibility_opf(one_phase_net(1, load_mw=0.3), raise_on_failure=False, **EIGHT_HOURS)
    assert result.status == "infeasible"
    assert "the model is balanced, 1 car charges on one phase" in result.message


@needs_power_grid_model
def test_best_effort_says_it_too():
    net = with_zero_sequence(one_phase_net(3, load_mw=0.105))
    result = evf.run_flexibility_opf(net, on_infeasible="best_effort", **EIGHT_HOURS)
    assert result.status == "best_effort"
    assert "with all of them on the worst phase" in result.message
    assert result.verification["worst_phase_vm_pu"] < min(frame.min().min() for frame in result.vm_pu.values())


@needs_power_grid_model
@pytest.mark.parametrize("guarantee", ["one_activation", "any_sequence"])
def test_the_worst_phase_lies_below_every_balanced_voltage(guarantee):
    result = evf.run_flexibility_opf(with_zero_sequence(one_phase_net()), guarantee=guarantee, **EIGHT_HOURS)
    worst = result.verification["worst_phase_vm_pu"]
    assert f"{worst:.4f} pu" in result.message
    assert worst < min(frame.min().min() for frame in result.vm_pu.values()) - 0.005


@needs_power_grid_model
def test_a_phase_below_its_limit_is_named():
    net = with_zero_sequence(one_phase_net())
    lowest = evf.run_flexibility_opf(net, **EIGHT_HOURS).verification["worst_phase_vm_pu"]
    result = evf.run_flexibility_opf(net, min_vm_pu=lowest + 0.003, **EIGHT_HOURS)
    assert result.status == "optimal"
    assert "1 bus below the lower limit" in result.message
    assert "below" not in evf.run_flexibility_opf(net, min_vm_pu=lowest - 0.001, **EIGHT_HOURS).message


@needs_power_grid_model
def test_a_load_on_one_phase_makes_that_phase_the_worst():
    net = with_zero_sequence(one_phase_net())
    symmetric = evf.run_flexibility_opf(net, **EIGHT_HOURS)
    pp.create_asymmetric_load(net, 3, p_b_mw=0.01)
    result = evf.run_flexibility_opf(net, **EIGHT_HOURS)
    assert "phase b of bus" in result.message
    assert result.verification["worst_phase_vm_pu"] < symmetric.verification["worst_phase_vm_pu"] - 0.01


@needs_power_grid_model
def test_the_moments_looked_at_hold_the_worst_of_all():
    net, profiles = evf.networks.suburban_lv(seed=0, n_periods=24)
    study = read_study(with_zero_sequence(net), profiles, Options(), n_periods=None, period_h=None, cyclic=False)
    case = study.case
    states = scheduled_states(case, BatchedPowerFlow(case.grid), case.alone)
    found = worst_phase(study.one_phase, case, case.alone, states)
    search = module._Search(study.one_phase, study.one_phase.read(), case, case.alone, states)
    every = [(k, t) for k in range(len(states)) for t in range(24)]
    assert found.vm_pu == pytest.approx(search._phase_voltages(every).min(), abs=1e-9)


@needs_power_grid_model
def test_other_balanced_voltages_than_ours_are_not_trusted(monkeypatch):
    ours = by_phase.balanced_voltages
    monkeypatch.setattr(by_phase, "balanced_voltages", lambda net, s: ours(net, s) + 1e-5)
    result = evf.run_flexibility_opf(with_zero_sequence(one_phase_net()), **EIGHT_HOURS)
    assert "not looked at: balanced voltages of power-grid-model differ by 1e-05 pu" in result.message
    assert np.isnan(result.verification["worst_phase_vm_pu"])


@needs_power_grid_model
def test_where_one_phase_cannot_carry_them_all_it_is_said(monkeypatch):
    monkeypatch.setattr(by_phase, "voltages_by_phase", lambda *_: None)
    result = evf.run_flexibility_opf(with_zero_sequence(one_phase_net()), **EIGHT_HOURS)
    assert "with all of them on the worst phase there is no power flow" in result.message
