"""A mask of one grid is the model that pandapower builds of the state."""

from __future__ import annotations

import numpy as np
import pandapower.networks as nw
import pytest

from pandapower_evflex.limits.loading import end_loading
from pandapower_evflex.planning.fault.post_fault import post_fault_net
from pandapower_evflex.planning.fault.restoring import restore_supply
from pandapower_evflex.planning.fault.switched_grid import SwitchedGrid, grid_after_a_fault
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from tests.examples import sampled, sweep
from tests.planning.ring_nets import random_net


def solved(grid):
    """Voltages by bus, loadings and limits by measured end, losses."""
    flows = BatchedPowerFlow(grid).solve(grid.s_fixed[None])
    assert flows.converged.all()
    v = flows.v[0]
    at_bus = {bus: v[row] for bus, row in zip(grid.bus_index.tolist(), grid.bus_row.tolist(), strict=True) if row >= 0}
    ends = grid.ends
    keys = zip(ends.element_type, ends.element, ends.side, strict=True)
    values = zip(end_loading(grid, flows.v)[0], ends.limit, strict=True)
    return at_bus, dict(zip(keys, values, strict=True)), (v @ np.conj(grid.y_bus @ v)).real


def assert_same(masked, built):
    assert masked is not None
    for one, other in zip(solved(masked)[:2], solved(built)[:2], strict=True):
        assert one.keys() == other.keys()
        for key, value in one.items():
            np.testing.assert_allclose(value, other[key], atol=1e-9)
    assert solved(masked)[2] == pytest.approx(solved(built)[2], abs=1e-9)
    limits = ("vm_min", "vm_max")
    for name in limits:
        at = [getattr(grid, name)[grid.bus_row[grid.bus_row >= 0]] for grid in (masked, built)]
        np.testing.assert_array_equal(*at)


def states(net, elements):
    switched = SwitchedGrid(net)
    yield switched.state(), grid_after_a_fault(net)
    for element in elements:
        after = restore_supply(net, *element)
        if any(("bus", bus) not in after.zone for bus in net.ext_grid.bus):
            yield switched.state(after), grid_after_a_fault(post_fault_net(net, after))


def test_states_of_a_real_net():
    """Lines with charging, open at one end; taps and generators."""
    net = nw.mv_oberrhein()
    for masked, built in states(net, [("line", line) for line in net.line.index[::30]] + [("trafo", 114)]):
        assert_same(masked, built)


@sweep
@pytest.mark.parametrize("seed", sampled(range(12), 3))
def test_states_of_random_nets(seed):
    net = random_net(seed)
    net.line["c_nf_per_km"] = 200.0
    net.load["p_mw"] *= 0.1
    fused = net.switch.et.eq("b")
    for masked, built in states(net, [("line", line) for line in net.line.index]):
        if masked is None:
            assert fused.any()  # switches between buses move
        elif len(built.from_bus):
            assert_same(masked, built)
