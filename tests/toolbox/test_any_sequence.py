"""Whatever our toolbox and storage do to a net, in any order, the next run finds the same objective."""

from __future__ import annotations

import copy
from functools import cache

import numpy as np
import pandapower as pp
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pandapower_evflex as evf
from pandapower_evflex.tables.checks import TABLES, check_tables
from tests.examples import examples
from tests.tables.stored import day_profiles, stored_day
from tests.tables.test_storage import WAYS
from tests.toolbox.test_toolbox import relabelled_profiles, voltages, where

RUN = {"progress": False, "method": "fast"}
#: order of rows is of no meaning to them
RELABELLED = ["bus", "line", "load", "sgen", "trafo", "ev", "cpo", "flexibility", "ev_session", "reinforcement"]


@cache
def _solved():
    net = stored_day()
    pp.create_group(net, ["ev", "load"], [[1, 2], [1]], name="e")
    pp.create_poly_cost(net, 1, "ev", cp1_eur_per_mw=30.0)
    result = evf.run_flexibility_opf(net, day_profiles(), **RUN)
    return net, result.objective_mwh, voltages(net)


def permuted(net, table, random):
    labels = net[table].index.tolist()
    free = random.sample(range(2 * len(labels) + 1), len(labels))
    evf.toolbox.reindex_elements(net, table, lookup=dict(zip(labels, free, strict=True)))
    return net


def in_place(function):
    def change(net, random):
        function(net, random)
        return net

    return change


STEPS = {
    **{table: lambda net, random, table=table: permuted(net, table, random) for table in RELABELLED},
    "continuous buses": in_place(
        lambda net, random: evf.toolbox.create_continuous_bus_index(net, start=random.randrange(4))
    ),
    "continuous elements": in_place(
        lambda net, random: evf.toolbox.create_continuous_elements_index(net, start=random.randrange(4))
    ),
    "all buses": lambda net, random: evf.toolbox.select_subnet(
        net, net.bus.index, include_results=True, keep_everything_else=True
    ),
    "JSON": lambda net, random: WAYS["JSON text"](net, None),
    "run": in_place(lambda net, random: evf.uncontrolled_charging(net, n_periods=8, period_h=1.0)),
}


def who_costs_and_is_grouped(net):
    """Names of the EV that has a cost, and of those in the group."""
    name = net.ev["name"]
    grouped = net.group.set_index("element_type")["element_index"]
    return name[net.poly_cost["element"]].tolist(), sorted(map(str, name[list(grouped["ev"])]))


@examples(6, 60)
@given(
    steps=st.lists(st.tuples(st.sampled_from(list(STEPS)), st.randoms(use_true_random=False)), min_size=1, max_size=6)
)
def test_names_stored_voltages_and_the_objective_stay_what_they_were(steps):
    before, objective, stored = _solved()
    net = copy.deepcopy(before)
    for step, random in steps:
        net = STEPS[step](net, random)
    assert check_tables(net) == []
    assert {k: sorted(v) for k, v in where(net).items()} == {k: sorted(v) for k, v in where(before).items()}
    assert who_costs_and_is_grouped(net) == who_costs_and_is_grouped(before)
    np.testing.assert_allclose(voltages(net), stored, atol=1e-10)
    again = evf.run_flexibility_opf(net, relabelled_profiles(before, net), **RUN)
    assert again.objective_mwh == pytest.approx(objective, rel=1e-6)


@pytest.mark.parametrize("way", ["drop_buses", "drop_elements_at_buses", "select_subnet"])
def test_costs_and_groups_go_with_their_evs_and_stay_with_others(way):
    net = copy.deepcopy(_solved()[0])
    pp.create_pwl_cost(net, 0, "ev", [[0.0, 1.0, 30.0]])
    pp.create_poly_cost(net, 0, "ext_grid", cp1_eur_per_mw=40.0)
    if way == "select_subnet":
        net = evf.toolbox.select_subnet(net, [0, 1, 2, 4])
    else:
        getattr(evf.toolbox, way)(net, [3])
        assert net.group["element_type"].tolist() == []
    assert net.poly_cost[["element", "et"]].to_numpy().tolist() == [[0, "ext_grid"]]
    assert net.pwl_cost[["element", "et"]].to_numpy().tolist() == [[0, "ev"]]


def test_what_stands_on_a_solved_net_is_flat():
    """Else JSON, Excel, SQLite or merge_nets would spoil it."""
    net = _solved()[0]
    ours = [name for name in net if name in TABLES or str(name).startswith(("evflex_", "res_", "cpo_"))]
    for name in (name for name in ours if hasattr(net[name], "columns")):
        frame = net[name]
        assert frame.index.nlevels == frame.columns.nlevels == 1 and len(name) < 32
        assert not len(frame) or frame.index.dtype.kind in "iu"
        assert not frame.map(lambda cell: isinstance(cell, (list, tuple, dict, np.ndarray))).any(axis=None)
