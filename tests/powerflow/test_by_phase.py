"""Power flows by phase: balanced as runpp has them, and one phase as worked out by hand."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pytest

from pandapower_evflex.case.grid import read_grid
from pandapower_evflex.case.phase_net import PhaseNet, phase_net
from pandapower_evflex.case.plain_net import plain_net

pytest.importorskip("power_grid_model")
from pandapower_evflex.powerflow.by_phase import balanced_voltages, voltages_by_phase

TURN = np.exp(-2j * np.pi / 3.0)


def supplied_net(*, vector_group="Dyn5", zero_share=0.9):
    """20/0.4 kV and two cables in a row with zero-sequence data of their own."""
    net = pp.create_empty_network()
    mv, lv, middle, end = (pp.create_bus(net, vn) for vn in (20.0, 0.4, 0.4, 0.4))
    pp.create_ext_grid(net, mv, vm_pu=1.01)
    pp.create_transformer(net, mv, lv, "0.25 MVA 20/0.4 kV")
    net.trafo["vector_group"] = vector_group
    for from_bus, to_bus, length in ((lv, middle, 0.1), (middle, end, 0.2)):
        pp.create_line(net, from_bus, to_bus, length, "NAYY 4x150 SE")
    net.line["r0_ohm_per_km"], net.line["x0_ohm_per_km"] = 4.0 * net.line.r_ohm_per_km, 3.7 * net.line.x_ohm_per_km
    net.line["c0_nf_per_km"] = 0.6 * net.line.c_nf_per_km
    net.trafo["vk0_percent"], net.trafo["vkr0_percent"] = zero_share * net.trafo.vk_percent, net.trafo.vkr_percent
    pp.create_load(net, end, 0.03, 0.01)
    return net


def by_phase(net, one_phase_bus=3):
    grid = read_grid(net)
    return grid, phase_net(plain_net(net), grid, grid.bus_row[[net.bus.index.get_loc(one_phase_bus)]])


def taps(net):
    net.trafo["tap_pos"] = 2


def two_systems(net):
    net.trafo["parallel"], net.line["parallel"] = 2, [1, 2]


def open_end(net):
    bus = pp.create_bus(net, 0.4)
    line = pp.create_line(net, 2, bus, 0.5, "NAYY 4x150 SE")
    pp.create_switch(net, bus, line, "l", closed=False)
    net.line = net.line.fillna({"r0_ohm_per_km": 0.8, "x0_ohm_per_km": 0.3, "c0_nf_per_km": 100.0})


def leaky_lines(net):
    net.line["g_us_per_km"] = 40.0


def fused_buses(net):
    pp.create_switch(net, 3, pp.create_bus(net, 0.4), "b")


def pi_model(net):
    pp.set_user_pf_options(net, trafo_model="pi", consider_line_temperature=True)
    net.line["temperature_degree_celsius"] = 70.0


@pytest.mark.parametrize("vector_group", ["Dyn5", "Yzn5", "Dyn11"])
@pytest.mark.parametrize("change", [taps, two_systems, open_end, leaky_lines, fused_buses, pi_model])
def test_balanced_voltages_are_those_of_runpp(change, vector_group):
    net = supplied_net(vector_group=vector_group)
    change(net)
    grid, phases = by_phase(net)
    assert isinstance(phases, PhaseNet)
    vm = balanced_voltages(phases, grid.s_fixed[None, :])[0]
    pp.runpp(net, tolerance_mva=1e-10)
    theirs = net.res_bus.vm_pu[grid.bus_index].to_numpy()
    known = grid.bus_row >= 0
    assert np.allclose(vm[grid.bus_row[known]], theirs[known], atol=1e-8)
    thirds = np.repeat(grid.s_fixed[None, :, None] / 3.0, 3, axis=2)
    assert np.allclose(voltages_by_phase(phases, thirds)[0], vm[:, None], atol=1e-8)


@pytest.mark.parametrize("vector_group", ["Dyn5", "Yzn5", "Dzn0"])
def test_one_phase_is_as_worked_out_by_hand(vector_group):
    """V_a = E - (2 z1 + z0) / 3 I_a, V_b = a^2 E - (z0 - z1) / 3 I_a with the impedances up to the source.

    Without capacitances and magnetising current; the earthed side of the transformer is where z0 ends.
    """
    net = supplied_net(vector_group=vector_group)
    net.line[["c_nf_per_km", "c0_nf_per_km"]] = 0.0
    net.trafo[["i0_percent", "pfe_kw"]] = 0.0
    net.trafo["shift_degree"] = 30.0 * int(vector_group[3:])
    grid, phases = by_phase(net)
    at = grid.bus_row[3]
    s = np.zeros((1, len(grid.vm_min), 3), dtype=complex)
    s[0, at, 0] = -(0.006 + 0.002j)
    trafo, ohm = net.trafo.iloc[0], 0.4**2

    def per_unit(vk, vkr):
        return (vkr + 1j * np.sqrt(vk**2 - vkr**2)) / 100.0 / trafo.sn_mva

    z1 = per_unit(trafo.vk_percent, trafo.vkr_percent) + 0.3 * (0.208 + 0.080j) / ohm
    z0 = per_unit(trafo.vk0_percent, trafo.vkr0_percent) + 0.3 * (4.0 * 0.208 + 3.7j * 0.080) / ohm
    v = 1.01 + 0.0j
    for _ in range(100):
        current = np.conj(-3.0 * s[0, at, 0] / v)
        v = 1.01 - (2.0 * z1 + z0) / 3.0 * current
    others = [1.01 * turn - (z0 - z1) / 3.0 * current for turn in (TURN, np.conj(TURN))]
    found = voltages_by_phase(phases, s)[0, at]
    assert found == pytest.approx(np.abs([v, *others]), abs=1e-7)
    assert found[0] < 0.995 < 1.01 < found[1:].max()


def test_elements_with_a_power_by_phase_keep_it():
    net = supplied_net()
    pp.create_asymmetric_load(net, 2, p_a_mw=0.005, p_b_mw=0.001, q_c_mvar=0.001, scaling=2.0)
    grid, phases = by_phase(net)
    at = grid.bus_row[2]
    assert phases.unbalanced[at] == pytest.approx(
        -np.array([0.006, -0.002, -0.004]) - 2j / 3 * np.array([-1, -1, 2]) * 1e-3
    )
    assert np.abs(phases.unbalanced.sum()) < 1e-12


def without(table, column, value):
    def change(net):
        net[table] = net[table].assign(**{column: value})

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without("line", "x0_ohm_per_km", [0.1, np.nan]), "net.line lacks x0_ohm_per_km"),
        (without("trafo", "vk0_percent", np.nan), "net.trafo lacks vk0_percent"),
        (without("trafo", "vector_group", "YNyn0"), "is neither Dyn, Yzn nor Dzn in rows 0 (YNyn0)"),
        (without("trafo", "vector_group", None), "0 (none given)"),
        (lambda net: pp.create_gen(net, 3, 0.001), "generators hold voltages"),
        (lambda net: pp.create_shunt(net, 3, 0.001), "there are shunts"),
        (lambda net: pp.create_impedance(net, 2, 3, 0.01, 0.01, 1.0), "branches other than lines"),
        (lambda net: pp.create_asymmetric_load(net, 2, p_a_mw=0.001, type="delta"), "delta connection"),
    ],
)
def test_what_cannot_be_modelled_by_phase_is_named(change, words):
    net = supplied_net()
    change(net)
    _, why = by_phase(net)
    assert isinstance(why, str) and words in why


def test_only_zones_with_cars_of_one_phase_need_zero_sequence_data():
    net = supplied_net()
    far = pp.create_bus(net, 20.0)
    pp.create_line(net, 0, far, 1.0, "NA2XS2Y 1x95 RM/25 12/20 kV")
    other = pp.create_bus(net, 0.4)
    pp.create_transformer(net, far, other, "0.4 MVA 20/0.4 kV")
    grid, phases = by_phase(net)
    assert isinstance(phases, PhaseNet)
    assert set(grid.bus_index[phases.zone_is_unbalanced[grid.bus_row]]) == {1, 2, 3}
    assert isinstance(by_phase(net, one_phase_bus=other)[1], str)


def test_where_there_is_no_power_flow_there_are_no_voltages():
    net = supplied_net()
    grid, phases = by_phase(net)
    assert balanced_voltages(phases, 1e3 * grid.s_fixed[None, :]) is None
