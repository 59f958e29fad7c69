"""`net.user_pf_options` is honoured as `runpp` does, or refused by name."""

from __future__ import annotations

import logging

import numpy as np
import pandapower as pp
import pandapower.networks as nw
import pytest
from pandapower.create import create_switch
from pandapower.run import set_user_pf_options

import pandapower_evflex as evf
from pandapower_evflex.case.grid import read_grid
from pandapower_evflex.case.pf_options import HARMLESS, MODEL_OPTIONS, ONLY
from pandapower_evflex.powerflow.batched import BatchedPowerFlow

RUN = {"n_periods": 4, "period_h": 1.0, "progress": False}


def three_winding_net():
    """CIGRE MV behind a 110/20/10 kV transformer, with an open line switch and a switch of some resistance."""
    net = nw.create_cigre_network_mv()
    hv = pp.create_bus(net, 110.0)
    lv = pp.create_bus(net, 10.0)
    pp.create_ext_grid(net, hv)
    net.ext_grid.loc[0, "in_service"] = False
    net.trafo["in_service"] = False
    pp.create_transformer3w(net, hv, 1, lv, "63/25/38 MVA 110/20/10 kV")
    pp.create_load(net, lv, 5.0, 2.0)
    beyond = pp.create_bus(net, 20.0)
    create_switch(net, 3, beyond, "b", z_ohm=0.5)
    pp.create_load(net, beyond, 0.5, 0.1)
    net.line["temperature_degree_celsius"] = 80.0
    net.bus[["min_vm_pu", "max_vm_pu"]] = [0.8, 1.2]
    net.line["max_loading_percent"] = net.trafo3w["max_loading_percent"] = 200.0
    evf.create_evs(net, [5, 8], max_p_mw=0.1, max_e_mwh=0.4)
    evf.create_ev_sessions(net, [0, 1], 0.0, 4.0, e_arrival_mwh=0.1, e_departure_mwh=0.2)
    return net


OPTIONS = [
    {"consider_line_temperature": True},
    {"trafo3w_losses": "star"},
    {"trafo3w_losses": "mv"},
    {"switch_rx_ratio": 0.5},
    {"neglect_open_switch_branches": True},
    {"trafo_model": "pi"},
    {"calculate_voltage_angles": False},
    {"calculate_voltage_angles": "auto"},
    {"consider_line_temperature": True, "trafo3w_losses": "lv", "tolerance_mva": 1e-3, "max_iteration": 3},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_voltages_are_those_of_runpp_with_the_user_s_options(options):
    net = three_winding_net()
    set_user_pf_options(net, **options)
    grid = read_grid(net)
    v = np.abs(BatchedPowerFlow(grid).solve(grid.s_fixed[None]).v[0])
    precise = {**net.user_pf_options, "tolerance_mva": 1e-10, "max_iteration": 30}
    set_user_pf_options(net, overwrite=True, **precise)
    pp.runpp(net)
    supplied = grid.bus_row >= 0
    np.testing.assert_allclose(v[grid.bus_row[supplied]], net.res_bus.vm_pu.to_numpy()[supplied], atol=1e-8)


def test_each_option_of_the_model_makes_a_difference():
    """Else the law above would hold whatever is done with it."""
    net = three_winding_net()
    pp.runpp(net, tolerance_mva=1e-10)
    plain = net.res_bus.vm_pu.copy()
    for options in OPTIONS[:6]:
        set_user_pf_options(net, overwrite=True, tolerance_mva=1e-10, **options)
        pp.runpp(net)
        if options != {"neglect_open_switch_branches": True}:
            assert (net.res_bus.vm_pu - plain).abs().max() > 1e-7, options


def test_a_hot_line_is_seen_by_the_run_its_check_and_its_tables():
    """At 80 C a limit is broken that holds at 20 C."""
    net = three_winding_net()
    cold = evf.run_flexibility_opf(net, **RUN).vm_pu["base"].min().min()
    set_user_pf_options(net, consider_line_temperature=True)
    result = evf.run_flexibility_opf(net, **RUN)
    assert result.vm_pu["base"].min().min() < cold - 1e-5
    assert result.verification["against_runpp"] < 1e-8
    evf.write_period(net, 2, "up")
    np.testing.assert_allclose(net.res_bus.vm_pu, result.vm_pu["up"].iloc[2], atol=1e-8)
    assert evf.uncontrolled_charging(net, n_periods=4, period_h=1.0).min_vm_pu.iloc[3] < cold + 1e-3
    with pytest.raises(evf.FlexibilityOPFNotConverged, match="undervoltage"):
        evf.run_flexibility_opf(net, **RUN, min_vm_pu=cold - 1e-6)


WRONG = [(name, value) for name, wrong in (
    ("enforce_q_lims", [True, 1, "yes"]), ("enforce_p_lims", [True]), ("distributed_slack", [True]), ("tdpf", [True]),
    ("ac", [False]), ("mode", ["opf", "sc"]), ("trafo_model", ["T", None, 1]), ("trafo3w_losses", ["hv side", 2]),
    ("switch_rx_ratio", [-1, np.nan, "2", True]), ("consider_line_temperature", ["True", 1, None]),
    ("neglect_open_switch_branches", [0]), ("calculate_voltage_angles", ["yes", None]),
    ("voltage_depend_loads", ["no"]),
) for value in wrong]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_what_is_not_done_is_refused_by_name(name, value):
    net = three_winding_net()
    net["user_pf_options"] = {name: value}
    with pytest.raises(evf.InvalidInputError, match=f"user_pf_options.{name}"):
        evf.run_flexibility_opf(net, **RUN)


@pytest.mark.parametrize("value", [{name: option.default for name, option in MODEL_OPTIONS.items()},
                                   {name: value for name, (value, _) in ONLY.items()},
                                   dict.fromkeys(HARMLESS)])  # fmt: skip
def test_defaults_and_how_runpp_gets_there_are_welcome(value):
    net = three_winding_net()
    net["user_pf_options"] = value
    assert read_grid(net).y_bus.shape == read_grid(three_winding_net()).y_bus.shape


def test_an_option_that_runpp_does_not_know_is_said_to_be_without_effect(caplog):
    net = three_winding_net()
    net["user_pf_options"] = {"line_temperature": 80}
    with caplog.at_level(logging.WARNING):
        read_grid(net)
    assert "line_temperature" in caplog.text and "without effect" in caplog.text


def test_lines_without_a_temperature_are_named_where_temperatures_count():
    net = three_winding_net()
    set_user_pf_options(net, consider_line_temperature=True)
    net.line.loc[[2, 4], "temperature_degree_celsius"] = np.nan
    with pytest.raises(evf.InvalidInputError, match="temperature_degree_celsius of rows 2, 4"):
        read_grid(net)
    del net.line["temperature_degree_celsius"]
    with pytest.raises(evf.InvalidInputError, match="temperature_degree_celsius: the column is missing"):
        read_grid(net)


def test_loads_that_depend_on_the_voltage_are_constant_where_the_user_says_so():
    net = three_winding_net()
    net.load["const_z_p_percent"] = 30.0
    with pytest.raises(evf.InvalidInputError, match="const_z_p_percent"):
        read_grid(net)
    set_user_pf_options(net, voltage_depend_loads=False)
    grid = read_grid(net)
    v = np.abs(BatchedPowerFlow(grid).solve(grid.s_fixed[None]).v[0])
    pp.runpp(net, tolerance_mva=1e-10)
    supplied = grid.bus_row >= 0
    np.testing.assert_allclose(v[grid.bus_row[supplied]], net.res_bus.vm_pu.to_numpy()[supplied], atol=1e-8)
