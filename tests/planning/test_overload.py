"""What is overloaded after a fault, and how much load must go: against pandapower's power flow and plain cases."""

from __future__ import annotations

import copy

import numpy as np
import pandapower as pp
import pandapower.networks as nw
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pandapower_evflex as evf
from pandapower_evflex.planning.congestion.overload import find_overloads
from pandapower_evflex.planning.days import read_days
from pandapower_evflex.planning.fault.operating_state import OperatingState
from pandapower_evflex.planning.fault.post_fault import loading_limits, post_fault_net
from pandapower_evflex.planning.fault.restoring import restore_supply
from pandapower_evflex.planning.fault.switched_grid import grid_after_a_fault
from tests.examples import examples


def state_of(net, profiles, fault=None):
    days = read_days(net, profiles, 365, 0.25, 0.0)
    after = net if fault is None else post_fault_net(net, restore_supply(net, *fault))
    return OperatingState(grid_after_a_fault(after), days)


def at_period(net, profiles, period):
    for (table, column), frame in profiles.items():
        net[table].loc[frame.columns, column] = frame.iloc[period].to_numpy()
    pp.runpp(net, trafo_model="t", calculate_voltage_angles=True)
    return net


def oberrhein(scaling=0.9):
    net = nw.mv_oberrhein()
    net.load["scaling"], net.sgen["scaling"] = scaling, 0.3
    shape = np.array([0.5, 0.8, 1.0, 0.7])
    p = pd.DataFrame(shape[:, None] * net.load.p_mw.to_numpy(), columns=net.load.index)
    q = pd.DataFrame(shape[:, None] * net.load.q_mvar.to_numpy(), columns=net.load.index)
    return net, {("load", "p_mw"): p, ("load", "q_mvar"): q}


def test_loadings_voltages_and_losses_after_a_fault_are_those_of_pandapower():
    net, profiles = oberrhein()
    after = copy.deepcopy(post_fault_net(net, restore_supply(net, "line", int(net.line.index[3]))))
    state = state_of(net, profiles, ("line", int(net.line.index[3])))
    excess, low = state.branch_excess(state.flows.v), state.undervoltage(state.flows.v)
    losses = state.losses_mw(state.flows.v)
    for period in (0, 2):
        at_period(after, profiles, period)
        above = max(
            float((after[f"res_{table}"].loading_percent / loading_limits(after, table)).max()) - 1.0
            for table in ("line", "trafo")
        )
        assert excess[period].max() == pytest.approx(above, abs=1e-6)
        kept = after.bus.index[~after.bus.index.isin(after.ext_grid.bus)]
        assert low[period].max() == pytest.approx(1.0 - after.res_bus.vm_pu[kept].min() / 0.9, abs=1e-6)
        sums = after.res_line.pl_mw.sum() + after.res_trafo.pl_mw.sum()
        assert losses[period] == pytest.approx(sums, rel=1e-5)


@examples(few=4, many=100)
@given(st.integers(0, 10_000))
def test_with_the_missing_power_removed_a_power_flow_shows_the_branch_at_its_limit(seed):
    rng = np.random.default_rng(seed)
    net, profiles = evf.networks.ring_10kv()
    net.load["q_mvar"] = rng.uniform(-0.2, 0.6, len(net.load)) * net.load.p_mw
    factor = rng.uniform(0.8, 1.4, len(net.load))
    profiles = {("load", "p_mw"): profiles["load", "p_mw"].iloc[40:52].reset_index(drop=True) * factor}
    net.load["p_mw"] *= factor
    state = state_of(net, {**profiles}, ("line", 0))
    found = {own.element: own for own in find_overloads(state, state.s, state.load).curable}
    if 4 not in found:
        return
    after = copy.deepcopy(post_fault_net(net, restore_supply(net, "line", 0)))
    for period in np.flatnonzero(found[4].missing_mw)[:2]:
        p = profiles["load", "p_mw"].iloc[period].to_numpy()
        kept = 1.0 - found[4].missing_mw[period] / p.sum()
        after.load["p_mw"], after.load["q_mvar"] = kept * p, kept * net.load.q_mvar
        pp.runpp(after)
        assert after.res_line.loading_percent[4] == pytest.approx(100.0, abs=1e-4)


def test_an_overloaded_transformer_is_found_and_relieved_by_what_it_feeds():
    net = pp.create_empty_network()
    pp.create_buses(net, 2, 20.0)
    low = pp.create_bus(net, 0.4)
    pp.create_ext_grid(net, 0)
    pp.create_line(net, 0, 1, 2.0, "NA2XS2Y 1x95 RM/25 12/20 kV")
    pp.create_transformer(net, 1, low, "0.4 MVA 20/0.4 kV")
    pp.create_load(net, 1, 0.5)
    pp.create_load(net, low, 0.45, 0.1)
    state = state_of(net, None)
    (overload,) = find_overloads(state, state.s, state.load).curable
    assert overload.key == ("trafo", 0) and overload.is_radial
    net.load.loc[1, ["p_mw", "q_mvar"]] *= 1.0 - overload.missing_mw[0] / 0.45
    pp.runpp(net, trafo_model="t")
    assert net.res_trafo.loading_percent[0] == pytest.approx(100.0, abs=1e-4)


def test_an_overload_by_export_is_reported_and_never_shed():
    net, profiles = evf.networks.ring_10kv()
    pp.create_sgen(net, 3, 20.0)
    state = state_of(net, profiles, ("line", 0))
    found = find_overloads(state, state.s, state.load)
    assert "line" in {table for table, _, _ in found.others}
    assert not [own for own in found.curable if own.element_type == "line"]


def test_a_low_voltage_is_cured_by_the_loads_that_move_it():
    net, profiles = evf.networks.ring_10kv()
    net.bus["min_vm_pu"] = 0.992
    net.line["max_i_ka"] *= 5.0
    state = state_of(net, profiles, ("line", 0))
    (overload,) = find_overloads(state, state.s, state.load).curable
    assert overload.element_type == "bus" and not overload.is_radial
    period = int(overload.missing_mw.argmax())
    effect = {name: overload.effect[period, state.row_of(bus)] for bus, name in net.bus.name.items()}
    assert effect["b"] > effect["c"] > effect["e"] > 0.0  # the farther from the source, the more a MW counts


def test_a_net_beyond_its_power_flow_is_reported_and_shed_until_there_is_one():
    net, profiles = evf.networks.ring_10kv()
    profiles = {key: frame * 60.0 for key, frame in profiles.items()}
    state = state_of(net, profiles, ("line", 0))
    found = find_overloads(state, state.s, state.load).curable
    assert ("net", None) in {own.key for own in found}
    share = sum(own.missing_mw for own in found if own.key == ("net", None)) / state.load.real.sum(axis=1)
    flows = state.flow.solve(state.s + share[:, None] * state.load)
    assert flows.converged.all() and state.branch_excess(flows.v).max() <= 1e-6


def test_in_a_mesh_every_load_counts_by_its_effect():
    net, profiles = evf.networks.ring_10kv()
    net.switch["closed"] = True
    net.line.loc[0, "max_i_ka"] = 0.03
    state = state_of(net, profiles)
    (overload,) = find_overloads(state, state.s, state.load).curable
    assert overload.key == ("line", 0) and not overload.is_radial
    period = int(overload.missing_mw.argmax())
    effect = overload.effect[period]
    assert effect[state.row_of(1)] > effect[state.row_of(2)] > 0.0
