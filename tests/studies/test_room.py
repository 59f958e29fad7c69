"""The bound that stands in for power flows: no power flow of loads that it covers goes beyond it."""

from __future__ import annotations

import copy

import numpy as np
import pandapower as pp
import pandapower.networks as nw
import pytest

from pandapower_evflex.limits import LOADING, OVERVOLTAGE, UNDERVOLTAGE
from pandapower_evflex.limits.by_period import values_of
from pandapower_evflex.studies import room
from pandapower_evflex.studies.net_day import read_net_day
from tests.studies.nets import HOURS, feeder


def meshed():
    """A ring of weak lines with PV, a household that draws much, and a transformer that turns voltages."""
    net = copy.deepcopy(feeder(sn_mva=0.25, km=0.1))
    pp.create_line(net, 1, 11, 0.3, "NAYY 4x50 SE")
    pp.create_sgen(net, 11, 0.03, -0.01)
    net.load.loc[4, ["p_mw", "q_mvar"]] = 0.02, 0.008
    net.trafo["shift_degree"] = 150.0
    return net


NETS = {"feeder": lambda: feeder(km=0.1), "meshed": meshed, "kerber": nw.create_kerber_landnetz_kabel_1}


@pytest.mark.parametrize("trafo_loading", ["power", "current"])
@pytest.mark.parametrize("name", NETS)
def test_no_power_flow_of_loads_up_to_the_largest_is_beyond_the_bound(name, trafo_loading):
    rng = np.random.default_rng(0)
    day = read_net_day(NETS[name](), None, {**HOURS, "trafo_loading": trafo_loading})
    case, n = day.study.case, len(day.study.case.grid.vm_min)
    largest = np.linspace(0.0, 0.03, 24)[:, None] * rng.integers(0, 3, (24, n)) / n * 4
    is_bounded, worst = day.room.worst(largest)
    assert is_bounded.mean() > 0.5
    for _ in range(20):
        size = np.where(rng.random(n) < 0.5, 1.0, rng.random((24, n))) * largest
        flows = day.flow.solve(case.s_base[""] - size * np.exp(1j * rng.uniform(-0.5, 0.5, n)))
        values = values_of(case.grid, flows.v)
        assert flows.converged[is_bounded].all()
        for limit, sign in ((UNDERVOLTAGE, -1.0), (OVERVOLTAGE, 1.0), (LOADING, 1.0)):
            assert (sign * (values[limit] - worst[limit]) <= 1e-9)[is_bounded].all(), limit.finding


def test_of_one_load_behind_a_resistance_the_bound_is_the_power_flow():
    """There all currents are in phase, and nothing is lost by looking at magnitudes."""
    net = pp.create_empty_network()
    source, house = pp.create_bus(net, 0.4), pp.create_bus(net, 0.4)
    pp.create_ext_grid(net, source)
    pp.create_line_from_parameters(net, source, house, 1.0, 0.3, 1e-9, 0.0, 0.1)
    pp.create_load(net, house, 0.02)
    day = read_net_day(net, None, HOURS)
    case = day.study.case
    mva = np.zeros(case.s_base[""].shape)
    mva[:, day._row_of_bus[house]] = np.linspace(0.0, 0.05, 24)
    is_bounded, worst = day.room.worst(mva)
    values = values_of(case.grid, day.flow.solve(case.s_base[""] - mva).v)
    assert is_bounded.all() and values[UNDERVOLTAGE].min() < 0.85
    for limit in (UNDERVOLTAGE, LOADING):
        np.testing.assert_allclose(worst[limit], values[limit], rtol=1e-7)


def turned_ring():
    """A ring with a transformer that turns voltages and a shunt, without loads: its power rises with the voltage."""
    net = pp.create_empty_network()
    buses = pp.create_buses(net, 4, 110.0).tolist()
    pp.create_ext_grid(net, buses[0], vm_pu=1.1)
    for start, end, r, x in ((0, 1, 4e3, 1e3), (1, 2, 8e3, 1e3), (0, 3, 2e3, 16e3)):
        pp.create_line_from_parameters(net, start, end, 1.0, r, x, 0.0, 0.1)
    pp.create_transformer_from_parameters(net, 2, 3, 0.1, 110.0, 110.0, 1.0, 4.0, 0.0, 0.0, shift_degree=60.0)
    pp.create_shunt(net, 3, 0.0, 0.05)
    pp.create_load(net, 3, 0.0)
    return net


@pytest.mark.parametrize("trafo_loading", ["power", "current"])
def test_of_one_small_load_the_bound_is_what_the_worst_angle_does(trafo_loading):
    day = read_net_day(turned_ring(), None, {**HOURS, "trafo_loading": trafo_loading})
    case, idle = day.study.case, day.room
    angle = np.exp(2j * np.pi * np.arange(24) / 24)
    for bus in np.setdiff1d(np.arange(4), case.grid.slack):
        mva = np.zeros(case.s_base[""].shape)
        mva[:, bus] = 1e-6
        _, worst = day.room.worst(mva)
        values = values_of(case.grid, day.flow.solve(case.s_base[""] - mva * angle[:, None]).v)
        for limit, before in ((OVERVOLTAGE, idle.vm), (LOADING, idle.loading)):
            most, bound = (values[limit] - before).max(axis=0), (worst[limit] - before)[0]
            assert (most <= bound * (1.0 + 1e-3) + 1e-12).all()
            if limit is OVERVOLTAGE or trafo_loading == "current":
                assert (most >= 0.98 * bound - 1e-12).all()


def test_without_loads_a_limit_is_near_where_it_is_in_the_power_flow():
    net = feeder(km=0.1)
    for min_vm_pu, expected in ((0.98, True), (0.9999, False)):
        day = read_net_day(net, None, {**HOURS, "min_vm_pu": min_vm_pu})
        covered = day.room.for_loads(np.zeros(day.study.case.s_base[""].shape))
        np.testing.assert_array_equal(covered, day.idle[1].has_room)
        assert (covered == expected).all()


def test_where_nothing_can_be_told_there_is_no_room(monkeypatch):
    """Loads beyond what any voltage carries; a voltage that is held; a grid too large for dense matrices."""
    day = read_net_day(feeder(km=0.1), None, HOURS)
    assert not day.room.for_loads(np.ones(day.study.case.s_base[""].shape)).any()
    held = copy.deepcopy(feeder())
    pp.create_gen(held, 5, 0.01, vm_pu=1.0)
    assert read_net_day(held, None, HOURS).room is None
    monkeypatch.setattr(room, "MOST_BUSES", 5)
    assert read_net_day(feeder(), None, HOURS).room is None
