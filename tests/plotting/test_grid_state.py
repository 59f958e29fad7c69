"""Nets before and after a fault are drawn with the switches, overloads and buses of the restoration."""

from __future__ import annotations

import copy

import numpy as np
import pandapower as pp
import pandapower.networks as nw
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex import plotting
from pandapower_evflex.planning.fault.restoring import restore_supply
from pandapower_evflex.plotting.layout import coordinates, places_of, tree_layout
from tests.examples import sampled, sweep
from tests.planning.ring_nets import random_net
from tests.plotting.refusals import assert_refused
from tests.plotting.studies import PRICES, ring


def _drawn(ax):
    """Points of each kind of branch, switch or bus."""
    found = {}
    for collection in ax.collections:
        if collection.get_gid():
            points = collection.get_segments() if hasattr(collection, "get_segments") else collection.get_offsets()
            found.setdefault(collection.get_gid(), np.array(points))
    return found


def _at(net, names):
    """Places of buses by their names."""
    places = coordinates(net)
    return {tuple(places.loc[net.bus.index[net.bus.name == name][0]]) for name in names}


def _rows(points):
    return {tuple(point) for point in np.asarray(points).tolist()}


def test_the_ring_is_drawn_as_in_figures_6_and_7_of_the_paper():
    net, _, study = ring()
    before = _drawn(plotting.plot_normal_state(net))
    assert {kind: len(points) for kind, points in before.items() if kind in ("fed", "open", "closed")} == {
        "fed": 4, "open": 1, "closed": 3,
    }  # fmt: skip
    after = _drawn(plotting.plot_post_fault(net, study.faults.loc[0]))
    branches = {
        kind: {frozenset(_rows(line)) for line in after[kind]} for kind in ("faulted", "overloaded", "restored")
    }
    assert branches["faulted"] == {frozenset(_at(net, "ab"))}
    assert branches["overloaded"] == {frozenset(_at(net, "ef"))}
    assert branches["restored"] == {frozenset(_at(net, "bc")), frozenset(_at(net, "cd"))}
    assert _rows(after["behind the overload"]) == _at(net, "bcde")  # N_s-m
    assert _rows(after["charging site"]) == _at(net, "d")
    assert (len(after["has opened"]), len(after["has closed"])) == (2, 1)
    assert "dark until the repair" not in after


def test_what_stays_dark_is_drawn_dark():
    net, profiles, _ = ring()
    cut = copy.deepcopy(net)
    cut.switch.loc[1, "closed"] = True
    cut.switch = cut.switch.drop(index=1)  # no breaker at b: it is part of the fault
    study = evf.run_planning(cut, profiles, **PRICES)
    drawn = _drawn(plotting.plot_post_fault(cut, study.faults.loc[0]))
    state = restore_supply(cut, "line", 0)
    assert _rows(drawn["dark until the repair"]) == _at(cut, cut.bus.name[list(state.dark_buses)]) and state.dark_buses


@sweep
@pytest.mark.parametrize("seed", sampled(range(20), 6))
def test_any_fault_of_any_net_is_drawn_every_bus_and_branch_once(seed):
    net = random_net(seed)
    state = restore_supply(net, "line", 0)
    drawn = _drawn(plotting.plot_post_fault(net, state))
    lines = sum(len(drawn.get(kind, ())) for kind in ("fed", "open", "restored", "dark", "faulted", "overloaded"))
    assert lines == len(net.line) + len(net.trafo)
    lit, dark = drawn.get("bus", ()), drawn.get("dark until the repair", ())
    assert len(dark) == len(state.dark_buses) and len(lit) + len(dark) == len(net.bus)
    assert len(drawn.get("has opened", ())) == len(state.switches_opened)
    assert len(drawn.get("has closed", ())) == len(state.switches_closed)


@sweep
@pytest.mark.parametrize("seed", sampled(range(20), 6, place=1))
def test_without_coordinates_every_bus_has_a_place_of_its_own_below_its_source(seed):
    net = random_net(seed)
    places = places_of(net)
    pd.testing.assert_frame_equal(places, tree_layout(net))
    assert set(places.index) == set(net.bus.index) and np.isfinite(places.to_numpy()).all()
    assert not places.duplicated().any()
    assert (places.loc[net.ext_grid.bus, "y"] == 0.0).all()


def test_transformers_of_three_windings_and_voltages_are_drawn():
    net = nw.example_multivoltage()
    ax = plotting.plot_normal_state(net)
    branches = sum(len(_drawn(ax).get(kind, ())) for kind in ("fed", "open", "dark"))
    in_service = [net[table].in_service.sum() for table in ("line", "trafo", "impedance")]
    assert branches == sum(in_service) + 3 * net.trafo3w.in_service.sum()
    row = pd.Series({**ring()[2].faults.loc[0], "overloaded_element_type": "bus", "overloaded_element": 2.0})
    low = _drawn(plotting.plot_post_fault(ring()[0], row))
    assert _rows(low["voltage too low"]) == _at(ring()[0], "c") and "behind the overload" not in low


def _row(**changed):
    return pd.Series({**ring()[2].faults.loc[0], **changed})


WRONG = {
    "a net without buses": (lambda: plotting.plot_normal_state(pp.create_empty_network()), "net"),
    "a table of faults": (lambda: plotting.plot_post_fault(ring()[0], ring()[2].faults), "fault"),
    "no fault": (lambda: plotting.plot_post_fault(ring()[0], 0), "fault"),
    "a line that does not exist": (lambda: plotting.plot_post_fault(ring()[0], _row(element=99)), "element"),
    "a table of no branches": (lambda: plotting.plot_post_fault(ring()[0], _row(element_type="load")), "element_type"),
    "a tie of another net": (
        lambda: plotting.plot_post_fault(ring()[0], _row(switches_closed=(7,))), "switches_closed",
    ),
    "ties that are no list": (
        lambda: plotting.plot_post_fault(ring()[0], _row(switches_closed=2)), "switches_closed",
    ),
    "an overload of another net": (
        lambda: plotting.plot_post_fault(ring()[0], _row(overloaded_element=99)), "overloaded_element",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_drawn_is_refused_by_name_and_leaves_no_figure(what):
    draw, column = WRONG[what]
    ring()
    assert_refused(draw, column)
