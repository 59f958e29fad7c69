"""Links whose labels others changed are found, and nobody is accused who only edited the net."""

from __future__ import annotations

import copy
import logging

import numpy as np
import pandapower as pp
import pandapower.networks as nw
import pandapower.toolbox as pandapower_toolbox
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandapower.create import create_bus, create_empty_network, create_ext_grid, create_line, create_load, create_switch

import pandapower_evflex as evf
from pandapower_evflex.tables.checks import TABLES, check_tables
from pandapower_evflex.tables.links import remember_all
from tests.built_once import built_once
from tests.examples import sampled, sweep
from tests.opf.feeder import EIGHT_HOURS, feeder_net
from tests.tables.test_storage import WAYS


def with_ours(net, buses):
    """EVs, sessions, a site with rates, offers and candidates; the last bus is that of the site."""
    evf.create_evs(net, buses, max_p_mw=0.011, max_e_mwh=0.06, number=range(len(buses)))
    evf.create_ev_sessions(net, net.ev.index, 0.0, 8.0, e_arrival_mwh=0.02)
    evf.create_cpos(net, [buses[-1], buses[0]], 4, 0.011, number=range(2))
    for site in net.cpo.index:
        evf.set_cpo_rates(net, site, 0.3, 0.6)
    evf.create_flexibilities(net, ["ev", "ev", "cpo"], [0, 1, 0], ["up", "down", "down"])
    evf.create_reinforcements(net, "line", [1, 2], 1e4, lifetime_years=30, parallel=2)
    return net


@built_once
def named():
    return with_ours(nw.create_kerber_landnetz_freileitung_1(), [5, 6, 7, 9])


@built_once
def chain(names=None):
    """A chain without names, or with the same for all; every line has another length, every second bus a load."""
    net = create_empty_network()
    buses = [create_bus(net, 0.4, name=names) for _ in range(8)]
    create_ext_grid(net, buses[0])
    for i, (a, b) in enumerate(zip(buses, buses[1:], strict=False)):
        create_line(net, a, b, 0.1 + 0.01 * i, "NAYY 4x150 SE", name=names)
        if i % 2:
            create_load(net, b, 0.002, name=names)
    return with_ours(net, buses[3:7])


NETS = {"named": named, "unnamed": chain, "all of one name": lambda: chain("x")}


@pytest.fixture(params=NETS)
def net(request):
    return NETS[request.param]()


def stale(net):
    """{(table, column)} of links that our toolbox would have kept."""
    return {(fault.table, fault.column) for fault in check_tables(net) if "evf.toolbox" in fault.remedy}


def shift(net, table):
    """{label: the next one, the last: the first}."""
    return dict(zip(net[table].index, np.roll(net[table].index, -1), strict=True))


BUS_LINKS = {("ev", "bus"), ("cpo", "bus")}


def test_buses_renumbered_by_pandapower_are_found_and_the_new_labels_named(net):
    pandapower_toolbox.reindex_buses(net, shift(net, "bus"))
    assert stale(net) == BUS_LINKS
    fault = next(fault for fault in check_tables(net) if fault.table == "ev")
    assert fault.rows == (0, 1, 2, 3)
    assert "create_continuous_bus_index" in fault.remedy and "the bus that was meant" in fault.problem


def test_a_continuous_index_after_a_bus_was_dropped_is_found(net):
    net.reinforcement = net.reinforcement.iloc[:0]
    pandapower_toolbox.drop_buses(net, [net.bus.index[2]])
    assert check_tables(net) == []
    pandapower_toolbox.create_continuous_bus_index(net)
    assert stale(net) == BUS_LINKS


def test_all_elements_renumbered_by_pandapower_are_found_where_buses_have_names():
    net = named()
    pandapower_toolbox.drop_buses(net, [3])
    net.reinforcement = net.reinforcement.iloc[:0]
    pandapower_toolbox.create_continuous_elements_index(net)
    assert stale(net) == BUS_LINKS


def test_lines_renumbered_by_pandapower_mislead_candidates_only(net):
    pandapower_toolbox.reindex_elements(net, "line", lookup=shift(net, "line"))
    assert stale(net) == {("reinforcement", "element")}


def test_loads_renumbered_by_pandapower_mislead_nobody(net):
    pandapower_toolbox.reindex_elements(net, "load", lookup=shift(net, "load"))
    assert check_tables(net) == []


def test_evs_renumbered_by_pandapower_mislead_sessions_and_offers(net):
    pandapower_toolbox.reindex_elements(net, "ev", lookup={0: 1, 1: 0})
    assert stale(net) == {("ev_session", "ev"), ("flexibility", "element")}


def test_sites_renumbered_by_pandapower_mislead_offers_and_rates(net):
    pandapower_toolbox.reindex_elements(net, "cpo", lookup={0: 1, 1: 0})
    assert stale(net) == {("flexibility", "element"), ("cpo_charging_rate", "columns")}
    with pytest.raises(evf.InvalidInputError, match="which are now 1, 0"):
        evf.set_cpo_rates(net, 0, 0.1, 0.2)
    for call in (evf.cpo_densities, evf.cpo_peak_shaving):
        with pytest.raises(evf.InvalidInputError, match="which are now 1, 0"):
            call(net, 11, 12)


def test_generators_renumbered_by_pandapower_mislead_their_characteristics():
    net = named()
    pp.create_sgens(net, [5, 6], 0.01, sn_mva=0.01)
    evf.create_cos_phi_p(net, 0)
    pandapower_toolbox.reindex_elements(net, "sgen", lookup={0: 1, 1: 0})
    assert stale(net) == {("cos_phi_p", "sgen")}


@pytest.mark.parametrize("make", [named, chain])
def test_nets_of_the_same_labels_merged_by_pandapower_are_found(make):
    first, second = make(), make()
    merged = pandapower_toolbox.merge_nets(first, second, validate=False, net2_reindex_log_level=None)
    found = stale(merged)
    assert {("ev_session", "ev"), ("flexibility", "element")} <= found
    if make is named:
        assert BUS_LINKS <= found
        fault = next(fault for fault in check_tables(merged) if fault.table == "ev")
        assert fault.rows == (4, 5, 6, 7) and "merge_nets" in fault.remedy


def test_evs_merged_by_pandapower_into_a_net_without_any_are_found():
    plain = nw.create_kerber_landnetz_freileitung_1()
    merged = pandapower_toolbox.merge_nets(plain, named(), validate=False, net2_reindex_log_level=None)
    assert BUS_LINKS <= stale(merged)


def test_the_same_through_our_toolbox_is_right(net):
    box = evf.toolbox
    box.reindex_buses(net, shift(net, "bus"))
    for table in ("line", "load", "ev", "cpo", "flexibility"):
        box.reindex_elements(net, table, lookup=shift(net, table))
    box.create_continuous_elements_index(net)
    assert check_tables(net) == []
    merged = box.merge_nets(net, NETS["named"](), validate=False, net2_reindex_log_level=None)
    assert check_tables(merged) == []
    assert check_tables(box.select_subnet(merged, merged.bus.index[2:])) == []


def test_our_toolbox_refuses_to_carry_stale_links(net):
    pandapower_toolbox.reindex_buses(net, shift(net, "bus"))
    before = net.ev.copy()
    with pytest.raises(evf.InvalidInputError, match="ev.bus of rows 0, 1, 2, 3"):
        evf.toolbox.reindex_elements(net, "ev", lookup={0: 1, 1: 0})
    pd.testing.assert_frame_equal(net.ev, before)


def renamed(net):
    net.bus["name"] = [f"new {i}" for i in range(len(net.bus))]


def names_shifted(net):
    for table in ("bus", "line", "load"):
        net[table]["name"] = np.roll(net[table]["name"].to_numpy(), 1)


def bus_names_in_a_cycle(net):
    """Of the buses of the first EVs; the elements there keep their names."""
    buses = net.ev["bus"].iloc[:3]
    net.bus.loc[buses, "name"] = np.roll(net.bus.loc[buses, "name"].to_numpy(), 1)


def one_renamed_to_an_old_name(net):
    net.bus.loc[net.bus.index[[5, 1]], "name"] = ["other", net.bus.at[net.bus.index[5], "name"]]


def bus_and_line_added(net):
    bus = create_bus(net, 0.4, name="new")
    create_line(net, net.ev.at[0, "bus"], bus, 0.1, "NAYY 4x150 SE")
    create_load(net, net.ev.at[1, "bus"], 0.001)


def load_moved(net):
    net.load.loc[net.load.index[1], "bus"] = net.ev.at[2, "bus"]


def car_moved(net):
    net.ev.loc[0, "bus"] = net.ev.at[1, "bus"]
    net.cpo.loc[0, "bus"] = net.bus.index[1]


def cars_swapped(net):
    net.ev.loc[[0, 1], "bus"] = net.ev.loc[[1, 0], "bus"].to_numpy()


def sessions_swapped(net):
    net.ev_session.loc[[0, 1], "ev"] = [1, 0]


def line_out_of_service(net):
    net.line.loc[net.line.index[3], "in_service"] = False


def std_type_changed(net):
    pp.change_std_type(net, net.line.index[2], "NAYY 4x50 SE")


def switched(net):
    create_switch(net, net.line.from_bus.iloc[3], net.line.index[3], et="l", closed=False)
    net.switch["closed"] = True


def other_values(net):
    net.load["p_mw"] *= 1.5
    net.line["length_km"] *= 1.1
    net.ev["max_p_mw"] = 0.007


def dropped(net):
    for table in ("ev_session", "flexibility"):
        net[table] = net[table].iloc[:0]
    net.ev = net.ev.drop(1)


def concatenated(net):
    net.ev = pd.concat([net.ev, net.ev.iloc[:1].assign(name="copy", linked_to=None)], ignore_index=True)


EDITS = [
    renamed, names_shifted, bus_names_in_a_cycle, one_renamed_to_an_old_name, bus_and_line_added, load_moved,
    car_moved, cars_swapped, sessions_swapped, line_out_of_service, std_type_changed, switched, other_values, dropped,
    concatenated,
]  # fmt: skip


#: in any order; names handed on from bus to bus while the net grows look like a renumbering
HARMLESS = [
    edit
    for edit in EDITS
    if edit not in (names_shifted, bus_names_in_a_cycle, one_renamed_to_an_old_name, dropped, concatenated)
]


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_an_edit_is_no_stale_link(net, edit):
    edit(net)
    assert check_tables(net) == []


@pytest.mark.parametrize(
    "edits", [(bus_names_in_a_cycle, bus_and_line_added), (bus_and_line_added, bus_names_in_a_cycle)]
)
def test_names_handed_on_while_the_net_grows_are_no_renumbering_where_the_elements_kept_theirs(edits):
    net = named()
    for edit in edits:
        edit(net)
    assert check_tables(net) == []
    pandapower_toolbox.reindex_buses(net, shift(net, "bus"))
    assert check_tables(net) != []


@pytest.mark.parametrize("handed_on", [names_shifted, bus_names_in_a_cycle])
def test_names_handed_on_while_the_net_grows_are_right_once_the_remedy_is_followed(handed_on):
    """What nothing tells from a renumbering is refused; the remedy goes on and hides no later renumbering."""
    net = named()
    if handed_on is bus_names_in_a_cycle:
        for table in ("line", "load", "trafo", "ext_grid"):
            net[table]["name"] = None
        remember_all(net, TABLES)
    handed_on(net)
    assert check_tables(net) == []
    run_between = copy.deepcopy(net)
    remember_all(run_between, TABLES)  # as a run does
    for each in (net, run_between):
        bus_and_line_added(each)
    assert check_tables(run_between) == []
    faults = check_tables(net)
    assert faults and all("drop the column linked_to" in fault.remedy for fault in faults)
    for fault in faults:
        del net[fault.table]["linked_to"]
    assert check_tables(net) == []
    remember_all(net, TABLES)
    pandapower_toolbox.reindex_buses(net, shift(net, "bus"))
    assert BUS_LINKS <= stale(net)


@sweep
@pytest.mark.parametrize("way", sampled(list(WAYS), 2))
def test_storage_neither_spoils_links_nor_hides_what_becomes_of_them(net, way, tmp_path):
    stored = WAYS[way](net, tmp_path)
    assert check_tables(stored) == []
    pandapower_toolbox.reindex_buses(stored, shift(stored, "bus"))
    assert stale(stored) == BUS_LINKS


def test_a_table_without_memory_is_unchecked_and_said_once(net, caplog):
    for table in ("ev", "ev_session", "cpo", "flexibility", "reinforcement"):
        net[table] = net[table].drop(columns="linked_to")
    pandapower_toolbox.reindex_buses(net, shift(net, "bus"))
    with caplog.at_level(logging.INFO):
        assert check_tables(net) == []
    assert caplog.text.count("nothing is remembered") == 1


def test_a_solved_run_remembers_the_net_as_it_is_then(caplog):
    net = feeder_net(3)
    net.ev = net.ev.drop(columns="linked_to")
    evf.run_flexibility_opf(net, **EIGHT_HOURS)
    assert caplog.text.count("nothing is remembered") == 1
    net.ev.loc[0, "bus"] = 3
    evf.run_flexibility_opf(net, **EIGHT_HOURS)
    assert caplog.text.count("nothing is remembered") == 1
    pandapower_toolbox.reindex_buses(net, {2: 3, 3: 2})
    with pytest.raises(evf.InvalidInputError, match="ev.bus of rows"):
        evf.run_flexibility_opf(net, **EIGHT_HOURS)


def test_every_run_refuses_stale_links():
    net = feeder_net(3)
    evf.run_flexibility_opf(net, **EIGHT_HOURS)
    net.line["failure_rate_per_year"] = 0.1
    pandapower_toolbox.create_continuous_bus_index(net, start=1)
    hours = {"n_periods": 8, "period_h": 1.0}
    prices = {"voll_eur_per_mwh": 1e4, "loss_price_eur_per_mwh": 50.0, "discount_rate": 0.05}
    calls = [
        lambda: evf.run_flexibility_opf(net, **EIGHT_HOURS),
        lambda: evf.uncontrolled_charging(net, **hours),
        lambda: evf.run_planning(net, **prices, progress=False),
        lambda: evf.write_period(net, 0),
        lambda: evf.with_evs_as_loads(net, None, 0),
    ]
    for call in calls:
        with pytest.raises(evf.InvalidInputError, match="ev.bus of rows 0, 1, 2: .*which is now 3, 4, 5"):
            call()


def moved_since(net):
    net.ev.loc[0, "bus"] = 1


def gone_since(net):
    net.ev = net.ev.drop(2)
    net.ev_session = net.ev_session.drop(2)


def come_since(net):
    evf.create_ev(net, 2, max_p_mw=0.011, max_e_mwh=0.05)


def renumbered_since(net):
    net.ev_session = net.ev_session.iloc[:0]
    pandapower_toolbox.reindex_elements(net, "ev", lookup={0: 1, 1: 0})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (moved_since, "ev.bus of row 0: 1 is not the bus"), (gone_since, "row 2: EVs charge in the result"),
        (come_since, "row 3: EVs are not in the result"), (renumbered_since, "which are now 1, 0"),
    ],
    ids=["moved", "gone", "come", "renumbered"],
)  # fmt: skip
@pytest.mark.parametrize("stored", [True, False])
def test_old_charging_is_not_written_for_other_evs(change, says, stored):
    net = feeder_net(3)
    result = evf.run_flexibility_opf(net, **EIGHT_HOURS)
    change(net)
    for call in (evf.write_period, evf.with_evs_as_loads):
        with pytest.raises(evf.InvalidInputError, match=says):
            call(net, period=0, result=None if stored else result)


def test_what_is_remembered_makes_no_net_unequal():
    assert pandapower_toolbox.nets_equal(named(), named())
    net, other = named(), named()
    other.ev["linked_to"] = None
    assert evf.toolbox.nets_equal(net, other)


def places(net):
    """Name of the bus of every EV and site, by the number that it was given at first."""
    return {
        (table, number): net.bus["name"][bus]
        for table in ("ev", "cpo")
        for number, bus in zip(net[table]["number"], net[table]["bus"], strict=True)
    }


TABLE = st.sampled_from(["bus", "line", "load", "ev", "cpo"])


@settings(max_examples=10, deadline=None)
@given(steps=st.lists(st.tuples(TABLE, st.randoms(use_true_random=False)), max_size=4))
def test_whatever_is_permuted_a_wrong_bus_is_found_and_our_toolbox_makes_none(steps):
    theirs, ours = named(), named()
    expected = places(theirs)
    for table, random in steps:
        labels = theirs[table].index.tolist()
        lookup = dict(zip(labels, random.sample(labels, len(labels)), strict=True))
        pandapower_toolbox.reindex_elements(theirs, table, lookup=dict(lookup))
        evf.toolbox.reindex_elements(ours, table, lookup=lookup)
    assert check_tables(ours) == [] and places(ours) == expected
    now = places(theirs)
    wrong = {key for key in expected if now[key] != expected[key]}
    faults = [fault for fault in check_tables(theirs) if fault.column == "bus"]
    assert {(f.table, theirs[f.table].at[row, "number"]) for f in faults for row in f.rows} == wrong


@settings(max_examples=10, deadline=None)
@given(make=st.sampled_from(list(NETS)), edits=st.lists(st.sampled_from(HARMLESS), max_size=4, unique=True))
def test_random_harmless_edits_are_never_accused(make, edits):
    net = NETS[make]()
    for edit in edits:
        edit(net)
    assert check_tables(net) == []


RUNS = {
    "run_flexibility_opf": lambda net: evf.run_flexibility_opf(net, **EIGHT_HOURS),
    "uncontrolled_charging": lambda net: evf.uncontrolled_charging(net, n_periods=8, period_h=1.0),
    "run_planning": lambda net: evf.run_planning(
        net, voll_eur_per_mwh=1e4, loss_price_eur_per_mwh=50.0, discount_rate=0.05, progress=False
    ),
}


@pytest.mark.parametrize("run", RUNS)
def test_every_run_remembers_the_car_that_was_moved_on_purpose(run):
    net = feeder_net(3)
    net.line["failure_rate_per_year"] = 0.1
    net.ev.loc[0, "bus"] = 3
    RUNS[run](net)
    pandapower_toolbox.reindex_buses(net, {2: 3, 3: 2})
    with pytest.raises(evf.InvalidInputError, match="ev.bus of rows 0, 1: 3 no longer"):
        RUNS[run](net)


def test_what_is_not_checked_is_said_once_for_each_net_whatever_runs(caplog):
    net, other = feeder_net(3), feeder_net(3)
    for each in (net, other):
        each.ev = each.ev.drop(columns="linked_to")
        check_tables(each)
        check_tables(each)
        RUNS["uncontrolled_charging"](each)
    assert caplog.text.count("nothing is remembered") == 2
