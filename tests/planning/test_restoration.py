"""Restoration after faults: plain cases, brute force over all ties by pandapower's topology, and a real net."""

from __future__ import annotations

import copy
import itertools

import networkx as nx
import numpy as np
import pandapower as pp
import pandapower.networks as nw
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandapower.topology import create_nxgraph, unsupplied_buses

import pandapower_evflex as evf
from pandapower_evflex.planning.fault.post_fault import post_fault_net
from pandapower_evflex.planning.fault.restoration import Shed
from pandapower_evflex.planning.fault.restoring import restore_supply
from pandapower_evflex.planning.fault.supply_graph import bus_labels, conducting, downstream, source_nodes, supply_graph
from tests.examples import examples
from tests.planning.ring_nets import net_of, random_net


def both_ends(line, bus, other, closed=True):
    return [(bus, line, "l", closed), (other, line, "l", True)]


def loops(net):
    """Independent loops, dark islands included, with all sources as one node."""
    graph = create_nxgraph(net, respect_switches=True)
    sources = [bus for bus in net.ext_grid.bus[net.ext_grid.in_service] if bus in graph]
    n_edges, n_nodes = graph.number_of_edges(), graph.number_of_nodes() - max(len(sources) - 1, 0)
    graph.add_edges_from(itertools.pairwise(sources))
    return n_edges - n_nodes + nx.number_connected_components(graph)


def zone_buses(net, table, element):
    """Buses that no switch parts from the fault, with every switch of the net open."""
    bare = copy.deepcopy(net)
    bare.switch["closed"] = False
    fixed = create_nxgraph(bare, respect_switches=True)
    ends = {"line": ("l", ["from_bus", "to_bus"]), "trafo": ("t", ["hv_bus", "lv_bus"])}
    et, columns = ends[table]
    own = net.switch[(net.switch.et == et) & (net.switch.element == element)]
    buses = [bus for bus in net[table].loc[element, columns] if bus not in own.bus.tolist()]
    return {reached for bus in buses for reached in nx.node_connected_component(fixed, bus)}


def isolated_by_hand(net, table, element):
    """Buses of the zone and every branch at them out of service."""
    dead = zone_buses(net, table, element)
    after = copy.deepcopy(net)
    after[table].loc[element, "in_service"] = False
    after.bus.loc[list(dead), "in_service"] = False
    for branch, columns in (("line", ["from_bus", "to_bus"]), ("trafo", ["hv_bus", "lv_bus"])):
        after[branch].loc[after[branch][columns].isin(dead).any(axis=1), "in_service"] = False
    at_dead = after.switch.bus.isin(dead) | ((after.switch.et == "b") & after.switch.element.isin(dead))
    after.switch.loc[at_dead, "closed"] = False
    return after, dead, at_dead


def least_dark(net, table, element, max_ties):
    """Load of the buses that no set of at most ``max_ties`` open switches brings back."""
    before = set(unsupplied_buses(net))
    after, dead, at_dead = isolated_by_hand(net, table, element)
    dark = set(net.bus.index) - before
    open_switches = after.switch.index[~after.switch.closed & ~at_dead]
    for size in range(max_ties + 1):
        for ties in itertools.combinations(open_switches, size):
            after.switch.loc[list(ties), "closed"] = True
            dark &= set(unsupplied_buses(after)) | dead
            after.switch.loc[list(ties), "closed"] = False
    return float(net.load.groupby("bus").p_mw.sum().reindex(list(dark)).sum())


@examples(few=10, many=400)
@given(seed=st.integers(0, 2**32 - 1), which=st.integers(0, 10**6), max_ties=st.integers(0, 3))
def test_no_ties_leave_less_load_dark(seed, which, max_ties):
    """Random nets with unswitched ends, bus-bus switches, transformers, several sources and loops."""
    net = random_net(seed)
    branches = [("line", i) for i in net.line.index] + [("trafo", i) for i in net.trafo.index]
    table, element = branches[which % len(branches)]
    state = restore_supply(net, table, element, max_ties=max_ties)
    assert state.dark_mw == least_dark(net, table, element, max_ties)
    after = post_fault_net(net, state)
    before = set(unsupplied_buses(net))
    dead = zone_buses(net, table, element)
    assert {label for kind, label in state.zone if kind == "bus"} == dead
    assert set(state.dark_buses) == (set(unsupplied_buses(after)) | dead) - before
    assert loops(after) == loops(isolated_by_hand(net, table, element)[0])
    assert set(state.switches_opened) <= set(net.switch.index[net.switch.closed])
    assert not set(state.interrupted_buses) & (set(state.dark_buses) | before)
    load = net.load.groupby("bus").p_mw.sum()
    for tie in state.switches_closed:  # each is needed
        after.switch.loc[tie, "closed"] = False
        dark = (set(unsupplied_buses(after)) | dead) - before
        assert load.reindex(list(dark)).sum() > state.dark_mw
        after.switch.loc[tie, "closed"] = True


def test_the_paper_s_fault_opens_cb1_and_cb2_and_closes_cb3():
    net, _ = evf.networks.ring_10kv()
    state = restore_supply(net, "line", 0)
    name = net.switch.name
    assert name[list(state.switches_opened)].tolist() == ["CB1", "CB2"]
    assert name[list(state.switches_closed)].tolist() == ["CB3"]
    assert net.bus.name[list(state.interrupted_buses)].tolist() == ["b", "c"]
    assert state.zone == (("line", 0),) and state.dark_buses == () and state.n_switchings == 3


def test_the_set_between_overload_and_fault_is_that_of_the_paper():
    """N_s-m of f-e after a fault of a-b: b, c, d and e."""
    net, _ = evf.networks.ring_10kv()
    after = post_fault_net(net, restore_supply(net, "line", 0))
    nodes = downstream(conducting(supply_graph(after)), source_nodes(after), ("line", 4))
    assert net.bus.name[list(bus_labels(nodes))].tolist() == ["b", "c", "d", "e"]
    before = conducting(supply_graph(net))
    assert bus_labels(downstream(before, source_nodes(net), ("line", 4))) == (3, 4)


def test_without_a_switch_at_its_end_the_bus_shares_the_fault():
    net, _ = evf.networks.ring_10kv()
    state = restore_supply(net, "line", 4)  # no switch between e-f and d
    assert state.dark_buses == (3, 4) and state.dark_mw == pytest.approx(1.9 + 0.675)
    assert state.switches_closed == () and state.interrupted_buses == ()


def test_a_net_without_switches_is_dark_until_the_repair():
    net = net_of(3, [(0, 1), (1, 2)], [])
    state = restore_supply(net, "line", 1)
    assert state.dark_buses == (0, 1, 2) and ("bus", 0) in state.zone
    assert not post_fault_net(net, state).bus.in_service.any()


def test_two_islands_need_two_ties():
    """A star of two feeders behind the faulted line, each with a tie of its own and none between them."""
    lines = [(0, 1), (1, 2), (1, 3), (0, 2), (0, 3)]
    switches = [s for i, (a, b) in enumerate(lines[:3]) for s in both_ends(i, a, b)]
    switches += [(2, 3, "l", False), (3, 4, "l", False)]
    net = net_of(4, lines, switches)
    # bus 1 joins both feeders: one tie supplies all of them
    assert len(restore_supply(net, "line", 0, max_ties=2).switches_closed) == 1
    # with its busbar in the zone they are two islands
    net.switch = net.switch.drop(index=1)
    states = [restore_supply(net, "line", 0, max_ties=n) for n in (0, 1, 2)]
    # one tie in a row is enough for each of them
    assert [state.dark_mw for state in states] == [3.0, 1.0, 1.0]
    assert [len(state.switches_closed) for state in states] == [0, 2, 2]


def test_a_tie_that_is_open_at_both_ends_needs_two_switchings():
    lines = [(0, 1), (0, 1)]
    switches = [*both_ends(0, 0, 1), (0, 1, "l", False), (1, 1, "l", False)]
    net = net_of(2, lines, switches)
    short = restore_supply(net, "line", 0, max_ties=1)
    assert short.dark_buses == (1,) and short.one_tie_more_mw == 1.0
    assert restore_supply(net, "line", 0, max_ties=2).one_tie_more_mw == 0.0
    assert restore_supply(net, "line", 0, max_ties=2).switches_closed == (2, 3)


def test_a_meshed_net_stays_meshed_and_nobody_waits_where_breakers_are_at_both_ends():
    """Without types the breakers are at the external grid only: both trip, and the whole mesh waits."""
    lines = [(0, 1), (1, 2), (2, 0)]
    net = net_of(3, lines, [s for i, (a, b) in enumerate(lines) for s in both_ends(i, a, b)])
    state = restore_supply(net, "line", 0)
    assert state.switches_closed == () and state.dark_mw == 0.0
    assert (state.switches_tripped, state.interrupted_buses) == ((0, 5), (1, 2))
    net.switch["type"] = "CB"
    state = restore_supply(net, "line", 0)
    assert state.switches_closed == () and state.dark_mw == 0.0
    assert (state.switches_tripped, state.interrupted_buses) == ((0, 1), ())


def test_a_source_within_the_zone_does_not_feed_the_fault():
    """Another source takes over what the first one fed."""
    net = net_of(3, [(0, 1), (1, 2)], [(1, 0, "l", True), (1, 1, "l", False)], sources=(0, 2))
    state = restore_supply(net, "line", 0)
    assert state.dark_buses == (0,) and state.switches_closed == (1,)
    after = post_fault_net(net, state)
    pp.runpp(after)
    assert after.res_bus.vm_pu.isna().tolist() == [True, False, False]


def two_ways():
    """Two ways to supply bus 1: a tie from 0, or a tie open at both ends from 2."""
    lines = [(0, 1), (0, 1), (2, 1)]
    switches = [*both_ends(0, 0, 1), (0, 1, "l", False), (2, 2, "l", False), (1, 2, "l", False)]
    return net_of(3, lines, switches, sources=(0, 2))


def test_the_ties_of_least_energy_not_served_are_closed_and_of_equal_ones_the_fewest():
    net = two_ways()
    assert restore_supply(net, "line", 0).switches_closed == (2,)
    shed_mwh = {(2,): 8.0, (3, 4): 0.5, (): 0.0}
    asked = []

    def shed(state):
        asked.append(state.switches_closed)
        return Shed(shed_mwh[state.switches_closed])

    assert restore_supply(net, "line", 0, shed=shed).switches_closed == (3, 4)
    assert sorted(asked) == [(2,), (3, 4)]  # nobody knows how long bus 1 would be dark: that is out of the question
    nobody = pd.Series({0: 1.0})
    assert restore_supply(net, "line", 0, load_mw=nobody).switches_closed == ()


@pytest.mark.parametrize(("repair_h", "closed"), [(0.25, ()), (1.0, (3, 4)), (9.0, (3, 4))])
def test_a_tie_that_costs_more_than_the_dark_load_stays_open(repair_h, closed):
    """1 MW at bus 1 is dark until the repair, or half a MWh of it is shed."""
    net = two_ways()
    net.line["repair_time_h"] = repair_h
    shed_mwh = {(2,): 8.0, (3, 4): 0.5, (): 0.0}
    state = restore_supply(net, "line", 0, shed=lambda state: Shed(shed_mwh[state.switches_closed]))
    assert state.switches_closed == closed


def test_a_limit_that_no_shedding_keeps_decides_between_equal_ties():
    net = two_ways()
    beyond = {(2,): 0.05, (3, 4): 0.0, (): 0.0}
    state = restore_supply(net, "line", 0, shed=lambda state: Shed(0.0, beyond[state.switches_closed]))
    assert state.switches_closed == (3, 4)


def test_the_faster_tie_is_closed():
    net = two_ways()
    net.line["switching_time_h"], net.line["repair_time_h"] = 1.0, 5.0
    net.switch["switching_time_h"] = [0.02, 0.02, np.nan, 0.5, 0.25]
    state = restore_supply(net, "line", 0)
    assert state.switches_closed == (3, 4) and state.hours_back == (0.5,)


def test_every_line_of_a_real_net():
    """mv_oberrhein: what is restored is what pandapower finds supplied, radially."""
    net = nw.mv_oberrhein()
    assert not unsupplied_buses(net)
    for line in net.line.index[net.line.in_service][::6]:
        state = restore_supply(net, "line", line)
        after = post_fault_net(net, state)
        assert set(state.dark_buses) == set(unsupplied_buses(after)) | zone_buses(net, "line", line)
        assert loops(after) == 0
        assert ("line", line) in state.zone and len(state.switches_closed) <= 2


@pytest.mark.parametrize(
    ("arguments", "column"),
    [
        (("load", 0), "element_type"),
        (("line", 99), "element"),
        (("line", 0, {"max_ties": -1}), "max_ties"),
        (("line", 0, {"max_ties": 1.5}), "max_ties"),
    ],
)
def test_wrong_input_is_named(arguments, column):
    table, element, options = (*arguments, {})[:3]
    net, _ = evf.networks.ring_10kv()
    with pytest.raises(evf.InvalidInputError) as error:
        restore_supply(net, table, element, **options)
    assert [fault.column for fault in error.value.faults] == [column]


def test_a_line_out_of_service_cannot_fail():
    net, _ = evf.networks.ring_10kv()
    net.line.loc[0, "in_service"] = False
    with pytest.raises(evf.InvalidInputError, match="that is in service"):
        restore_supply(net, "line", 0)
