"""Power flows of many cases at once equal pandapower's, one by one."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pandapower_evflex.case.grid import read_grid
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.powerflow.flows import element_loading_percent, end_loading
from tests.case.nets import NETS, elements_net, random_loads, two_sources

#: pu; pandapower itself stops at 1e-10 MVA
VOLTAGE_TOLERANCE = 1e-9


def run(net, trafo_loading="current"):
    pp.runpp(net, tolerance_mva=1e-10, trafo_model="t", max_iteration=50, trafo_loading=trafo_loading)


def voltages(grid, v):
    return np.where(grid.bus_row >= 0, np.abs(v)[grid.bus_row], np.nan)


@pytest.mark.parametrize("trafo_loading", ["power", "current"])
@pytest.mark.parametrize("name", NETS)
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
        index = net[table].index[net[table].in_service]
        found = element_loading_percent(grid, loading, table, index.to_numpy())[0]
        reference = net[f"res_{table}"].loc[index, "loading_percent"].to_numpy()
        alive = ~np.isnan(found)
        assert np.allclose(found[alive], reference[alive], atol=1e-5, rtol=1e-7)
        assert (np.nan_to_num(reference[~alive]) == 0).all()


@pytest.mark.parametrize("name", ["elements", "two_sources", "cigre_lv", "simbench_lv"])
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


@settings(max_examples=25, deadline=None)
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
    assert np.allclose(np.abs(flows.v[:, held]), np.abs(grid.v_start[held]), atol=1e-12)


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
