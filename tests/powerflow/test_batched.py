"""Power flows of many cases at once equal pandapower's, one by one."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandapower as pp
import pandapower.networks as nw
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandapower.create import create_bus, create_empty_network, create_ext_grid, create_line_from_parameters

from pandapower_evflex.case.grid import read_grid
from pandapower_evflex.limits.loading import element_loading_percent, end_loading
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from tests.case.nets import NETS, elements_net, random_loads, two_sources
from tests.examples import examples, sampled, sweep

#: pu; pandapower itself stops at 1e-10 MVA
VOLTAGE_TOLERANCE = 1e-9


def run(net, trafo_loading="current"):
    pp.runpp(net, tolerance_mva=1e-10, trafo_model="t", max_iteration=50, trafo_loading=trafo_loading)


def voltages(grid, v):
    return np.where(grid.bus_row >= 0, np.abs(v)[grid.bus_row], np.nan)


#: nets of pandapower and their lowest voltage
TRANSMISSION = {"case1354pegase": 0.982, "case1888rte": 0.848, "case300": 0.889, "GBnetwork": 0.798, "iceland": 0.881}


@sweep
@pytest.mark.parametrize(("name", "trafo_loading"), sampled(list(product(NETS, ("power", "current"))), 4))
def test_voltages_and_loadings_equal_those_of_runpp(name, trafo_loading):
    net = NETS[name]()
    grid = read_grid(net, trafo_loading=trafo_loading)
    flows = BatchedPowerFlow(grid).solve(grid.s_fixed[None, :])
    run(net, trafo_loading)
    assert flows.converged.all()
    assert flows.mismatch_mva.max() < 1e-8
    expected = net.res_bus.vm_pu.to_numpy()
    assert np.array_equal(np.isnan(voltages(grid, flows.v[0])), np.isnan(expected))
    assert np.nanmax(np.abs(voltages(grid, flows.v[0]) - expected)) < VOLTAGE_TOLERANCE
    loading = end_loading(grid, flows.v)
    for table in ("line", "trafo", "trafo3w"):
        in_service = net[table].in_service.to_numpy(dtype=bool)
        found = element_loading_percent(grid, loading, table)[0][in_service]
        reference = net[f"res_{table}"].loc[in_service, "loading_percent"].to_numpy()
        alive = ~np.isnan(found)
        assert np.allclose(found[alive], reference[alive], atol=1e-5, rtol=1e-7)
        assert (np.nan_to_num(reference[~alive]) == 0).all()


@sweep
@pytest.mark.parametrize("name", sampled(["elements", "two_sources", "cigre_lv", "simbench_lv"], 2))
def test_a_batch_of_random_loads_equals_runpp_of_each(name):
    net = NETS[name]()
    if name == "simbench_lv":
        net.ext_grid["controllable"] = False
    grid = read_grid(net)
    flow, rng = BatchedPowerFlow(grid), np.random.default_rng(0)
    injections, expected = [], []
    base = net.load[["p_mw", "q_mvar"]].copy()
    for _ in range(4):
        net.load[["p_mw", "q_mvar"]] = base
        random_loads(net, rng)
        run(net)
        injections.append(read_grid(net).s_fixed)
        expected.append(net.res_bus.vm_pu.to_numpy())
    flows = flow.solve(np.array(injections))
    for v, reference in zip(flows.v, expected, strict=True):
        assert np.nanmax(np.abs(voltages(grid, v) - reference)) < VOLTAGE_TOLERANCE


@examples(few=10, many=100)
@given(st.lists(st.floats(-0.5, 1.2), min_size=1, max_size=6), st.sampled_from([elements_net, two_sources]))
def test_every_solution_balances_power_at_every_bus(scales, make):
    grid = read_grid(make())
    s = np.array(scales)[:, None] * grid.s_fixed
    flows = BatchedPowerFlow(grid).solve(s)
    assert flows.converged.all()
    s_calc = flows.v * np.conj((grid.y_bus @ flows.v.T).T)
    free = np.setdiff1d(np.arange(s.shape[1]), grid.slack)
    assert np.abs((s_calc - s).real[:, free]).max() < 1e-8
    assert np.abs((s_calc - s).imag[:, np.setdiff1d(free, grid.held)]).max() < 1e-8
    held = np.concatenate([grid.slack, grid.held])
    assert np.allclose(np.abs(flows.v[:, held]), np.abs(grid.set_points[held]), atol=1e-12)


@sweep
@pytest.mark.parametrize(("name", "lowest"), sampled(list(TRANSMISSION.items()), 1, place=2))
def test_transmission_nets_have_the_voltages_of_runpp(name, lowest):
    net = getattr(nw, name)()
    grid = read_grid(net)
    flows = BatchedPowerFlow(grid).solve(grid.s_fixed[None, :])
    pp.runpp(net, tolerance_mva=1e-8)
    found = voltages(grid, flows.v[0])
    assert flows.converged.all()
    assert np.nanmin(found) == pytest.approx(lowest, abs=1e-3)
    assert np.nanmax(np.abs(found - net.res_bus.vm_pu)) < 1e-8


@sweep
@pytest.mark.parametrize(
    ("name", "start"), sampled(list(product(["elements", "two_sources", "multivoltage"], ["dc", "no load", "flat"])), 4)
)
def test_every_start_knows_phase_shifts_and_leads_to_one_solution(name, start):
    grid = read_grid(NETS[name]())
    s = np.linspace(0.0, 1.0, 3)[:, None] * grid.s_fixed
    flow = BatchedPowerFlow(grid)
    alone = flow.solve(s, starts=[start], max_iteration=10)
    assert alone.converged.all()
    assert np.abs(alone.v - flow.solve(s).v).max() < 1e-9
    assert flow.solve(s[:0]).v.shape == (0, s.shape[1])


def test_a_low_voltage_solution_does_not_count_as_converged():
    grid = read_grid(nw.case1354pegase())
    flows = BatchedPowerFlow(grid).solve(grid.s_fixed[None, :], starts=["no load"])
    assert np.abs(flows.v).min() < 0.6
    assert flows.mismatch_mva.max() < 1e-8
    assert flows.low_voltage.all()
    assert not flows.converged.any()


@examples(few=10, many=100)
@given(st.floats(0.01, 0.99), st.floats(-0.4, 1.0), st.floats(0.05, 20.0))
def test_of_the_two_solutions_at_the_end_of_a_line_the_upper_one_counts(share, tan_phi, r_over_x):
    """|V|^2 = a +- sqrt(a^2 - |z s|^2), a = 1/2 - Re(z conj(s)), for a load s behind an impedance z."""
    net = two_buses(r_over_x)
    grid = read_grid(net)
    load = int(np.setdiff1d([0, 1], grid.slack)[0])
    z, unit = 1.0 / grid.y_bus[load, load], 1.0 + 1j * tan_phi
    most = 0.5 / (abs(z * unit) + (z * np.conj(unit)).real)
    s = share * most * unit
    a = 0.5 - (z * np.conj(s)).real
    root = np.sqrt(a**2 - abs(z * s) ** 2)
    injection = np.zeros((1, 2), dtype=complex)
    injection[0, load] = -s
    flow = BatchedPowerFlow(grid)
    upper = flow.solve(injection)
    assert upper.converged.all()
    assert abs(upper.v[0, load]) ** 2 == pytest.approx(a + root, abs=1e-9)
    below = np.ones(2, dtype=complex)
    below[load] = np.conj(a - root + z * np.conj(s))
    from_below = flow.solve(injection, below)
    assert from_below.converged.all()
    assert abs(from_below.v[0, load]) ** 2 == pytest.approx(a + root, abs=1e-9)


def two_buses(r_over_x):
    net = create_empty_network()
    first, second = create_bus(net, vn_kv=20.0), create_bus(net, vn_kv=20.0)
    create_ext_grid(net, first)
    create_line_from_parameters(net, first, second, 1.0, 0.2 * r_over_x, 0.2, 0.0, 1.0)
    return net


def test_a_batch_equals_its_cases_one_by_one():
    grid = read_grid(elements_net())
    flow = BatchedPowerFlow(grid)
    s = np.linspace(-0.5, 1.5, 7)[:, None] * grid.s_fixed
    together = flow.solve(s).v
    alone = np.concatenate([flow.solve(row[None, :]).v for row in s])
    assert np.array_equal(together, alone)


def test_a_case_without_solution_is_said_and_never_nan():
    grid = read_grid(NETS["cigre_lv"]())
    s = np.array([1.0, 100.0, 0.5])[:, None] * grid.s_fixed
    flows = BatchedPowerFlow(grid).solve(s)
    assert flows.converged.tolist() == [True, False, True]
    assert np.isfinite(flows.v).all()
    assert np.isfinite(flows.mismatch_mva).all()
