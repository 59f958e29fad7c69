"""`net.user_pf_options` is honoured as `runpp` does, or refused by name."""

from __future__ import annotations

import inspect
import logging
import re

import numpy as np
import pandapower as pp
import pandapower.networks as nw
import pytest
from pandapower.create import create_switch
from pandapower.run import set_user_pf_options

import pandapower_evflex as evf
from pandapower_evflex.case.grid import read_grid
from pandapower_evflex.case.pf_options import HARMLESS, MODEL_OPTIONS, ONLY
from pandapower_evflex.planning.days import read_days
from pandapower_evflex.planning.fault.operating_state import OperatingState
from pandapower_evflex.planning.fault.switched_grid import grid_after_a_fault
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from tests.built_once import built_once
from tests.examples import sampled, sweep
from tests.tables.test_storage import WAYS

RUN = {"n_periods": 4, "period_h": 1.0, "progress": False}


@built_once
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


#: values of every argument that `runpp` and `set_user_pf_options` take, and that leave the power flow an ordinary one
VALUES = {
    "ac": [True], "algorithm": ["nr", "iwamoto_nr"], "calculate_voltage_angles": [True, False, "auto"],
    "check_connectivity": [True, False], "consider_line_temperature": [True, False],
    "copy_constraints_to_ppc": [True], "delta": [1e-3], "delta_q": [0.1], "distributed_slack": [False],
    "enforce_p_lims": [False], "enforce_q_lims": [False, True, 1], "init": ["flat", "dc", "auto"],
    "init_results": [False], "init_va_degree": ["flat", "dc"], "init_vm_pu": [1.0, "flat"], "lightsim2grid": [False],
    "max_iteration": [3, "auto"], "mode": ["pf"], "neglect_open_switch_branches": [True, False],
    "numba": [False], "only_v_results": [False],
    "permc_spec": [None], "recycle": [None], "run_control": [True, False], "switch_rx_ratio": [0.5, 2, 10.0],
    "tdpf": [False], "tdpf_delay_s": [60.0], "tdpf_update_r_theta": [False], "tolerance_mva": [1e-3],
    "trafo3w_losses": ["hv", "mv", "lv", "star"], "trafo_loading": ["current", "power"], "trafo_model": ["t", "pi"],
    "use_umfpack": [False], "v_debug": [True], "voltage_depend_loads": [True, False],
}  # fmt: skip
OPTIONS = [{name: value} for name, values in VALUES.items() for value in values]
OPTIONS += [{"consider_line_temperature": True, "trafo3w_losses": "lv", "tolerance_mva": 1e-3, "max_iteration": 3}]
#: how precise a power flow is by itself; the test asks for a precise one
PRECISION = {"tolerance_mva", "max_iteration"}


def test_every_argument_that_the_installed_runpp_takes_is_known():
    of_runpp = set(inspect.signature(pp.runpp).parameters) - {"net", "kwargs"}
    in_its_text = set(re.findall(r"^ +(\w+) \(", inspect.getdoc(pp.runpp).split("Keyword Args:")[1], flags=re.M))
    by_name = re.search(r"standard_parameters = \[(.*?)\]", inspect.getsource(set_user_pf_options), flags=re.S)
    assert len(of_runpp) > 10 and len(in_its_text) > 8
    of_users = set(re.findall(r"'(\w+)'", by_name.group(1)))
    assert of_runpp | in_its_text | of_users <= {*MODEL_OPTIONS, *ONLY, *HARMLESS} == set(VALUES)


def ours_and_theirs(net):
    """Voltages of the buses with supply, as complex numbers."""
    grid = read_grid(net)
    v = BatchedPowerFlow(grid).solve(grid.s_fixed[None]).v[0]
    precise = {name: value for name, value in net.user_pf_options.items() if name not in PRECISION}
    set_user_pf_options(net, overwrite=True, tolerance_mva=1e-10, max_iteration=30, **precise)
    pp.runpp(net)
    theirs = net.res_bus.vm_pu * np.exp(1j * np.deg2rad(net.res_bus.va_degree))
    supplied = grid.bus_row >= 0
    return v[grid.bus_row[supplied]], theirs.to_numpy()[supplied]


@sweep
@pytest.mark.parametrize("options", sampled(OPTIONS, 30), ids=str)
def test_voltages_are_those_of_runpp_with_the_user_s_options(options):
    net = nw.create_kerber_landnetz_freileitung_1() if "check_connectivity" in options else three_winding_net()
    set_user_pf_options(net, **options)
    np.testing.assert_allclose(*ours_and_theirs(net), atol=1e-8)


@pytest.mark.parametrize("angles", [True, False, "auto"])
def test_phase_shifts_in_a_ring_count_as_in_runpp(angles):
    """Two transformers of unlike shift feed one busbar; without lines above 70 kV, an argument "auto" means False."""
    net = nw.create_kerber_landnetz_freileitung_1()
    first = net.trafo.index[0]
    pp.create_transformer(net, net.trafo.hv_bus[first], net.trafo.lv_bus[first], "0.25 MVA 20/0.4 kV")
    net.trafo["shift_degree"] = [0.0, 1.0]
    set_user_pf_options(net, calculate_voltage_angles=angles)
    np.testing.assert_allclose(*ours_and_theirs(net), atol=1e-8)


STORES = {way: WAYS[way] for way in ("JSON", "pickle", "Excel", "SQLite")}


@pytest.mark.parametrize("way", STORES)
def test_options_hold_after_storage(way, tmp_path):
    net = three_winding_net()
    set_user_pf_options(net, consider_line_temperature=True)
    stored = STORES[way](net, tmp_path)
    np.testing.assert_allclose(ours_and_theirs(stored)[0], ours_and_theirs(net)[0], atol=1e-12)
    stored.line["temperature_degree_celsius"] = np.nan
    with pytest.raises(evf.InvalidInputError, match="temperature_degree_celsius of rows"):
        read_grid(stored)


def loading_of_trafo(net, **arguments):
    """In the base, of the most loaded period, with the table that is written for it."""
    result = evf.run_flexibility_opf(net, **RUN, **arguments)
    plain = evf.with_evs_as_loads(net, result, 2)
    pp.runpp(plain, tolerance_mva=1e-10)
    evf.write_period(net, 2)
    without = evf.uncontrolled_charging(net, n_periods=4, period_h=1.0, energy=result, **arguments)
    assert without.trafo_loading_percent.shape == result.trafo_loading_percent["base"].shape
    return result.trafo3w_loading_percent["base"].iloc[2, 0], plain.res_trafo3w.loading_percent[0], net.res_trafo3w


def test_loadings_of_transformers_are_measured_as_the_user_set_it_unless_an_argument_says_otherwise():
    net = three_winding_net()
    power, current, _ = loading_of_trafo(net)
    assert power != pytest.approx(current, rel=1e-3)
    for option, arguments, expected in (
        ("power", {}, power), ("current", {}, current), ("power", {"trafo_loading": "current"}, current),
    ):  # fmt: skip
        set_user_pf_options(net, trafo_loading=option)
        found, by_runpp, written = loading_of_trafo(net, **arguments)
        assert found == pytest.approx(expected, rel=1e-6)
        assert by_runpp == pytest.approx(power if option == "power" else current, rel=1e-6)
        assert written.loading_percent[0] == pytest.approx(by_runpp, rel=1e-6)


def test_planning_measures_transformers_as_the_user_set_it():
    net = nw.create_kerber_landnetz_freileitung_1()
    measured = {}
    for option in ("current", "power"):
        set_user_pf_options(net, trafo_loading=option)
        ends = OperatingState(grid_after_a_fault(net), read_days(net, None, 365, 0.25, 0.0)).grid.ends
        measured[option] = ends.squared_power[ends.element_type == "trafo"].tolist()
    assert measured == {"current": [False, False], "power": [True, True]}


def test_each_option_of_the_model_makes_a_difference():
    """Else the law above would hold whatever is done with it."""
    net = three_winding_net()
    pp.runpp(net, tolerance_mva=1e-10)
    plain = net.res_bus.vm_pu.copy()
    for options in [
        {"consider_line_temperature": True}, {"trafo3w_losses": "star"}, {"trafo3w_losses": "mv"},
        {"switch_rx_ratio": 0.5}, {"trafo_model": "pi"},
    ]:  # fmt: skip
        set_user_pf_options(net, overwrite=True, tolerance_mva=1e-10, **options)
        pp.runpp(net)
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
    ("enforce_q_lims", [True, 1, 0.5, "yes"]), ("enforce_p_lims", [True]), ("distributed_slack", [True]),
    ("tdpf", [True]), ("ac", [False]), ("mode", ["opf", "sc"]), ("trafo_model", ["T", None, 1]),
    ("trafo3w_losses", ["hv side", 2]),
    ("switch_rx_ratio", [-1, np.nan, "2", True]), ("consider_line_temperature", ["True", 2, None, np.nan]),
    ("neglect_open_switch_branches", [-1]), ("calculate_voltage_angles", ["yes", None]),
    ("voltage_depend_loads", ["no"]),
) for value in wrong]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_what_is_not_done_is_refused_by_name(name, value):
    net = three_winding_net()
    pp.create_sgen(net, 5, 0.1, max_q_mvar=1.0)
    net["user_pf_options"] = {name: value}
    with pytest.raises(evf.InvalidInputError, match=f"user_pf_options.{name}"):
        evf.run_flexibility_opf(net, **RUN)


LIMITED = {
    "gen": lambda net, q: pp.create_gen(net, 5, 0.1, min_q_mvar=-q, max_q_mvar=q),
    "sgen": lambda net, q: pp.create_sgen(net, 5, 0.1, 0.01, max_q_mvar=q),
    "dcline": lambda net, q: pp.create_dcline(net, 3, 5, 0.1, 1.0, 0.0, 1.0, 1.0, max_q_to_mvar=q, min_q_to_mvar=-q),
}


@pytest.mark.parametrize("table", LIMITED)
def test_enforcing_reactive_limits_is_refused_only_where_something_in_service_has_one(table):
    net = three_winding_net()
    LIMITED[table](net, 1e-3)
    set_user_pf_options(net, enforce_q_lims=True)
    with pytest.raises(evf.InvalidInputError, match="user_pf_options.enforce_q_lims"):
        read_grid(net)
    net[table]["in_service"] = False
    np.testing.assert_allclose(*ours_and_theirs(net), atol=1e-8)
    without = three_winding_net()
    LIMITED[table](without, np.nan)
    set_user_pf_options(without, enforce_q_lims=True)
    np.testing.assert_allclose(*ours_and_theirs(without), atol=1e-8)


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
