"""The grid is pandapower's own model."""

from __future__ import annotations

import copy

import numpy as np
import pandapower as pp
import pandapower.networks as nw
import pytest
from pandapower.create import create_bus, create_bus_dc, create_empty_network, create_load, create_svc
from pandapower.toolbox import nets_equal

from pandapower_evflex.case.grid import read_grid
from pandapower_evflex.case.net_limits import GivenLimits
from pandapower_evflex.errors import InvalidInputError
from tests.case.nets import NETS, elements_net


def run(net):
    pp.runpp(net, tolerance_mva=1e-10, trafo_model="t", max_iteration=50)


@pytest.mark.parametrize("name", NETS)
def test_admittances_equal_those_of_runpp(name):
    net = NETS[name]()
    grid = read_grid(net)
    run(net)
    internal = net._ppc["internal"]
    difference = abs(grid.y_bus - internal["Ybus"] * internal["baseMVA"])
    assert difference.max() <= 1e-12 * abs(grid.y_bus).max()


@pytest.mark.parametrize("name", NETS)
def test_runpp_voltages_balance_the_fixed_injections(name):
    net = NETS[name]()
    grid = read_grid(net)
    run(net)
    v = net._ppc["internal"]["V"]
    mismatch = v * np.conj(grid.y_bus @ v) - grid.s_fixed
    free = np.setdiff1d(np.arange(len(v)), grid.slack)
    assert np.abs(mismatch.real[free]).max() < 1e-9
    assert np.abs(mismatch.imag[np.setdiff1d(free, grid.held)]).max() < 1e-9
    assert np.allclose(v[grid.slack], grid.set_points[grid.slack], atol=1e-12)


@pytest.mark.parametrize("name", ["elements", "multivoltage", "simbench_lv"])
def test_reading_does_not_change_the_net(name):
    net = NETS[name]()
    before = copy.deepcopy(net)
    read_grid(net)
    assert nets_equal(net, before)
    assert {k for k in net if k.startswith("_")} == {k for k in before if k.startswith("_")}
    for key in (key for key in net if key.startswith("_") and isinstance(net[key], dict)):
        assert set(net[key]) == set(before[key])


def test_dead_buses_have_no_row_and_fused_buses_share_one():
    net = elements_net()
    grid = read_grid(net)
    row = dict(zip(grid.bus_index.tolist(), grid.bus_row.tolist(), strict=True))
    assert row[8] == -1  # out of service
    assert row[9] == -1  # an island
    assert row[5] == row[6] >= 0  # closed bus-bus switch


def test_the_tightest_limit_of_fused_buses_counts_and_the_slack_has_none():
    net = elements_net()
    net.bus["min_vm_pu"], net.bus["max_vm_pu"] = 0.92, 1.08
    net.bus.loc[5, ["min_vm_pu", "max_vm_pu"]] = 0.95, np.nan
    net.bus.loc[6, ["min_vm_pu", "max_vm_pu"]] = np.nan, 1.04
    grid = read_grid(net)
    row = grid.bus_row[5]
    assert (grid.vm_min[row], grid.vm_max[row]) == (0.95, 1.04)
    assert (grid.vm_min_bus[row], grid.vm_max_bus[row]) == (5, 6)
    assert (grid.vm_min[grid.slack] == -np.inf).all()
    assert (grid.vm_max[grid.slack] == np.inf).all()


def test_a_lower_voltage_limit_of_0_is_none():
    net = elements_net()
    net.bus["min_vm_pu"] = 0.0
    assert (read_grid(net).vm_min == -np.inf).all()


def test_limits_of_what_is_out_of_service_or_replaced_by_an_argument_are_not_asked():
    net = elements_net()
    net.line["max_loading_percent"] = 0.0
    net.bus.loc[8, "max_vm_pu"] = 0.0  # out of service
    read_grid(net, given=GivenLimits(max_line_loading_percent=100.0))
    net.line["in_service"] = False
    read_grid(net)


def test_missing_limit_columns_mean_09_and_11_and_100_percent():
    net = nw.create_kerber_landnetz_freileitung_1()
    net.bus = net.bus.drop(columns=["min_vm_pu", "max_vm_pu"], errors="ignore")
    net.line = net.line.drop(columns=["max_loading_percent"], errors="ignore")
    grid = read_grid(net)
    free = np.setdiff1d(np.arange(len(grid.vm_min)), grid.slack)
    assert (grid.vm_min[free] == 0.9).all()
    assert (grid.vm_max[free] == 1.1).all()
    assert (grid.ends.limit[grid.ends.element_type == "line"] == 1.0).all()


def test_arguments_replace_the_columns_and_nan_means_unlimited():
    net = nw.create_kerber_landnetz_freileitung_1()
    net.line["max_loading_percent"] = np.nan
    limits = read_grid(net, given=GivenLimits(max_trafo_loading_percent=80.0)).ends
    assert np.isinf(limits.limit[limits.element_type == "line"]).all()
    assert (limits.limit[limits.element_type == "trafo"] == 0.8).all()


def test_voltage_arguments_replace_the_columns_at_every_bus_but_the_slack():
    net = nw.create_kerber_landnetz_freileitung_1()
    net.bus["min_vm_pu"], net.bus["max_vm_pu"] = np.nan, 1.04
    grid = read_grid(net, given=GivenLimits(min_vm_pu=0.95))
    free = np.setdiff1d(np.arange(len(grid.vm_min)), grid.slack)
    assert (grid.vm_min[free] == 0.95).all() and (grid.vm_max[free] == 1.04).all()
    assert np.isneginf(grid.vm_min[grid.slack]).all() and np.isinf(grid.vm_max[grid.slack]).all()


def test_a_voltage_argument_that_crosses_the_other_column_is_refused():
    net = nw.create_kerber_landnetz_freileitung_1()
    net.bus["max_vm_pu"] = 1.04
    with pytest.raises(InvalidInputError, match="min_vm_pu.*1.05 with max_vm_pu 1.04 leaves no room"):
        read_grid(net, given=GivenLimits(min_vm_pu=1.05))
    read_grid(net, given=GivenLimits(min_vm_pu=1.05, max_vm_pu=1.1))


def _refusals():
    def svc(net):
        create_svc(net, 1, x_l_ohm=1, x_cvar_ohm=-10, set_vm_pu=1.0, thyristor_firing_angle_degree=90)

    def direct_current(net):
        create_bus_dc(net, 1.0)

    def constant_impedance(net):
        create_load(net, 1, 0.1, const_z_p_percent=50, const_z_q_percent=50)

    return {"svc": svc, "bus_dc": direct_current, "load": constant_impedance}


@pytest.mark.parametrize("table", _refusals())
def test_what_the_model_cannot_represent_is_refused_by_name(table):
    net = nw.create_cigre_network_mv()
    _refusals()[table](net)
    with pytest.raises(InvalidInputError) as error:
        read_grid(net)
    assert {fault.table for fault in error.value.faults} == {table}
    assert all(fault.rows and fault.remedy for fault in error.value.faults)


def test_everything_that_cannot_be_represented_is_named_at_once_unless_out_of_service():
    net = nw.create_cigre_network_mv()
    for add in _refusals().values():
        add(net)
    with pytest.raises(InvalidInputError) as error:
        read_grid(net)
    assert {fault.table for fault in error.value.faults} == set(_refusals())
    net.svc["in_service"] = False
    net.bus_dc["in_service"] = False
    net.load = net.load[net.load.const_z_p_percent == 0]
    read_grid(net)


def test_a_net_without_a_slack_is_refused():
    net = create_empty_network()
    create_bus(net, vn_kv=0.4)
    with pytest.raises(InvalidInputError, match="ext_grid"):
        read_grid(net)
