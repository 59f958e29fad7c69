"""pandapower's toolbox by name and signature, with our tables carried along."""

from __future__ import annotations

import copy
import inspect

import numpy as np
import pandapower as pp
import pandapower.toolbox as pandapower_toolbox
import pandas as pd
import pytest
from pandapower.create import create_bus, create_line

import pandapower_evflex as evf
from pandapower_evflex.tables.checks import TABLES, check_tables
from pandapower_evflex.tables.references import series_names
from tests.built_once import built_once
from tests.examples import sampled, sweep
from tests.tables.stored import day_profiles, stored_day

RUN = {"progress": False}


@pytest.fixture(scope="module")
def _solved():
    """Bus 1 is the busbar, EV 0 at bus 2, EVs 1 and 2 at bus 3, a site at bus 4."""
    net = stored_day()
    evf.run_flexibility_opf(net, day_profiles(), **RUN)
    return net


@pytest.fixture
def net(_solved):
    return copy.deepcopy(_solved)


@pytest.fixture(scope="module")
def as_it_was(_solved):
    """Objective, voltages and what sites can shave, before anything is relabelled."""
    net = copy.deepcopy(_solved)
    return voltages(net), objective(net), evf.cpo_peak_shaving(net, 11, 12).p_mw.tolist()


def where(net):
    """Names of what our rows refer to, by name of the row: what no relabelling may change."""
    bus = net.bus["name"]
    ev_bus = net.ev["bus"].map(bus)
    return {
        "ev": ev_bus.tolist(),
        "cpo": net.cpo["bus"].map(bus).tolist(),
        "session": net.ev_session["ev"].map(ev_bus).tolist(),
        "offer": [net[o.element_type].bus.map(bus)[o.element] for o in net.flexibility.itertuples()],
        "candidate": [net[r.element_type].name[r.element] for r in net.reinforcement.itertuples()],
        "pv": net.cos_phi_p["sgen"].map(net.sgen["name"]).tolist(),
    }


def objective(net, profiles=None):
    return evf.run_flexibility_opf(net, profiles or day_profiles(), **RUN).objective_mwh


def voltages(net, period=3, scenario="up"):
    """By name of the bus, as `write_period` writes them from what is stored."""
    evf.write_period(net, period, scenario)
    return net.res_bus.vm_pu.set_axis(net.bus["name"]).sort_index()


@pytest.mark.parametrize("name", evf.toolbox.__all__)
def test_signatures_are_those_of_the_installed_pandapower(name):
    ours, theirs = getattr(evf.toolbox, name), getattr(pandapower_toolbox, name)
    assert inspect.signature(ours) == inspect.signature(theirs)
    assert ours.__doc__


LOOKUP = {0: 3, 1: 4, 2: 0, 3: 2, 4: 1}
RELABELLED = {
    "reindex_buses": lambda net: evf.toolbox.reindex_buses(net, dict(LOOKUP)),
    "reindex_buses in part": lambda net: evf.toolbox.reindex_buses(net, {2: 3, 3: 2}),
    "reindex_elements of buses": lambda net: evf.toolbox.reindex_elements(net, "bus", lookup=dict(LOOKUP)),
    "create_continuous_bus_index": lambda net: evf.toolbox.create_continuous_bus_index(net, start=2),
    "reindex_buses by a Series": lambda net: evf.toolbox.reindex_buses(net, pd.Series(LOOKUP)),
    "reindex_elements of lines": lambda net: evf.toolbox.reindex_elements(net, "line", [2, 0, 1]),
    "reindex_elements of transformers": lambda net: evf.toolbox.reindex_elements(net, "trafo", [7]),
    "reindex_elements of sgens": lambda net: evf.toolbox.reindex_elements(net, "sgen", [5]),
    "reindex_elements of EVs": lambda net: evf.toolbox.reindex_elements(net, "ev", lookup={0: 1, 1: 0}),
    "reindex_elements of sites": lambda net: evf.toolbox.reindex_elements(net, "cpo", [9]),
    "reindex_elements of offers": lambda net: evf.toolbox.reindex_elements(net, "flexibility", [3, 2, 1, 0]),
    "create_continuous_elements_index": lambda net: evf.toolbox.create_continuous_elements_index(net, start=3),
}


def relabelled_profiles(before, after):
    """Profiles by name of the element."""
    profiles = {}
    for (table, column), frame in day_profiles().items():
        now = pd.Series(after[table].index, index=after[table]["name"])
        profiles[table, column] = frame.rename(columns=before[table]["name"].map(now).to_dict())
    return profiles


@sweep
@pytest.mark.parametrize("how", sampled(list(RELABELLED), 5))
def test_after_new_labels_everything_is_where_it_was(net, as_it_was, how):
    before = copy.deepcopy(net)
    RELABELLED[how](net)
    assert check_tables(net) == []
    assert {k: sorted(v) for k, v in where(net).items()} == {k: sorted(v) for k, v in where(before).items()}
    assert {name: net[name].dtypes.to_dict() for name in TABLES} == {n: before[n].dtypes.to_dict() for n in TABLES}
    assert set(net["evflex_ev_p_mw"]) == set(net.ev.index)
    assert set(net["evflex_line_loading_up"]) == set(net.line.index)
    assert set(net["cpo_charging_rate"]) == set(net.cpo.index)
    assert net.res_flexibility.index.equals(net.flexibility.index)
    voltages_then, objective_then, shaved_then = as_it_was
    np.testing.assert_allclose(voltages(net), voltages_then, atol=1e-10)
    assert net.res_ev.index.sort_values().equals(net.ev.index.sort_values())
    assert objective(net, relabelled_profiles(before, net)) == pytest.approx(objective_then, rel=1e-7)
    assert evf.cpo_peak_shaving(net, 11, 12).p_mw.tolist() == pytest.approx(shaved_then)


def test_lookups_are_returned_as_by_pandapower(net):
    theirs = copy.deepcopy(net)
    assert evf.toolbox.reindex_buses(net, {2: 9}) == pandapower_toolbox.reindex_buses(theirs, {2: 9})
    ours = evf.toolbox.create_continuous_bus_index(net, store_old_index=True)
    assert ours == pandapower_toolbox.create_continuous_bus_index(theirs, store_old_index=True)
    pd.testing.assert_frame_equal(net.bus, theirs.bus)


def test_a_subnet_holds_the_evs_in_it_with_sessions_offers_candidates_and_results(net):
    part = evf.toolbox.select_subnet(net, [0, 1, 2], include_results=True)
    assert part.ev.index.tolist() == [0] and part.ev_session["ev"].unique().tolist() == [0]
    assert part.flexibility.index.tolist() == [0, 1] == part.res_flexibility.index.tolist()
    assert len(part.cpo) == 0 == part["cpo_charging_rate"].shape[1]
    assert part.reinforcement.element_type.tolist() == ["line", "trafo"]
    assert len(part.cos_phi_p) == 0
    assert part["evflex_ev_p_mw"].columns.tolist() == [0] == part.res_ev.index.tolist()
    assert part["evflex_bus_vm_pu_up"].columns.tolist() == [0, 1, 2]
    assert part.res_period.p_mw.tolist() == pytest.approx(net["evflex_ev_p_mw"][0].tolist())
    assert part.res_period.min_vm_pu_up.tolist() == pytest.approx(part["evflex_bus_vm_pu_up"].min(axis=1).tolist())
    evf.write_period(part, 3, "up")
    assert part.res_ev.p_mw.tolist() == pytest.approx([net["evflex_ev_p_mw"][0][3]])
    assert evf.run_flexibility_opf(part, n_periods=8, period_h=1.0, **RUN).status == "optimal"
    assert len(net.ev) == 3


@pytest.mark.parametrize("options", [{}, {"keep_everything_else": True}])
def test_a_subnet_without_results_has_our_tables_and_no_stored_series(net, options):
    part = evf.toolbox.select_subnet(net, net.bus.index[:3], **options)
    assert part.ev.index.tolist() == [0] and check_tables(part) == []
    assert series_names(part) == [] and not len(part.get("res_ev", ()))
    pd.testing.assert_frame_equal(part.line, pandapower_toolbox.select_subnet(net, net.bus.index[:3], **options).line)


@pytest.mark.parametrize("way", ["drop_buses", "drop_elements_at_buses"])
def test_with_a_bus_go_its_evs_and_what_refers_to_them(net, way):
    evf.create_reinforcement(net, "line", 1, 1e4, lifetime_years=30, parallel=2)
    getattr(evf.toolbox, way)(net, [3])
    assert net.ev.index.tolist() == [0] == net.res_ev.index.tolist()
    assert net.ev_session["ev"].unique().tolist() == [0] and net.flexibility.element.tolist() == [0, 0, 0]
    assert net.reinforcement.element.tolist() == [0, 0] and len(net.cos_phi_p) == 0
    assert set(net["evflex_ev_p_mw"]) == {0} and set(net["evflex_line_loading_up"]) == {0, 2}
    assert net.res_period.p_mw.tolist() == pytest.approx(net["evflex_ev_p_mw"][0].tolist())
    if way == "drop_buses":
        assert check_tables(net) == []
        assert evf.run_flexibility_opf(net, n_periods=8, period_h=1.0, **RUN).status == "optimal"


@pytest.mark.parametrize("way", ["drop_buses", "drop_elements_at_buses"])
def test_buses_to_drop_may_be_any_list_and_nothing_else(net, way):
    drop = getattr(evf.toolbox, way)
    with pytest.raises(evf.InvalidInputError, match="list of labels"):
        drop(net, 3)
    drop(net, iter([3]))
    assert net.ev.index.tolist() == [0]


def test_a_bus_to_drop_that_is_not_there_is_named_and_nothing_goes(net):
    with pytest.raises(evf.InvalidInputError, match="999 is not in net.bus"):
        evf.toolbox.drop_buses(net, [3, 999])
    assert 3 in net.bus.index and len(net.ev) == 3


def test_with_the_bus_of_a_site_go_its_rates_and_its_evs(net):
    ev = evf.create_ev(net, 4, "VW ID.3", cpo=0)
    evf.create_ev_session(net, ev, 0.0, 8.0, soc_arrival_percent=40)
    evf.toolbox.drop_buses(net, [4])
    assert len(net.cpo) == 0 and net["cpo_charging_rate"].shape[1] == 0
    assert ev not in net.ev.index and ev not in net.ev_session["ev"].tolist()
    assert check_tables(net) == []


def test_branches_alone_take_their_candidates_along_and_leave_evs(net):
    evf.toolbox.drop_elements_at_buses(net, [2], bus_elements=False)
    assert len(net.ev) == 3 and net.reinforcement.element_type.tolist() == ["trafo"]
    evf.toolbox.drop_buses(net, [3], drop_elements=False)
    assert len(net.ev) == 3
    with pytest.raises(evf.InvalidInputError, match=r"ev.bus of rows 1, 2"):
        evf.run_flexibility_opf(net, n_periods=8, period_h=1.0, **RUN)


def test_evs_and_sites_move_to_the_bus_that_takes_the_place_of_theirs(net):
    evf.toolbox.fuse_buses(net, 2, [3, 4])
    assert net.ev["bus"].tolist() == [2, 2, 2] and net.cpo["bus"].tolist() == [2]
    assert set(net["evflex_bus_vm_pu_up"]) == {0, 1, 2}
    assert set(net.line.index) == {0, 2} and check_tables(net) == []
    assert evf.run_flexibility_opf(net, n_periods=8, period_h=1.0, **RUN).status == "optimal"


def test_a_bus_that_takes_its_own_place_stays(net):
    evf.toolbox.fuse_buses(net, 2, 2)
    assert 2 in net.bus.index and check_tables(net) == []


NO_LABELS = {
    "fuse_buses.b1: 99": lambda box, net: box.fuse_buses(net, 99, 3),
    "fuse_buses.b1: '2'": lambda box, net: box.fuse_buses(net, "2", 3),
    "fuse_buses.b1: a list": lambda box, net: box.fuse_buses(net, [2], 3),
    "fuse_buses.b2: 99": lambda box, net: box.fuse_buses(net, 2, [3, 99]),
    "fuse_buses.b2: None": lambda box, net: box.fuse_buses(net, 2, None),
    "drop_elements_at_buses.buses: '2'": lambda box, net: box.drop_elements_at_buses(net, ["2"]),
    "select_subnet.buses: 99": lambda box, net: box.select_subnet(net, [2, 99]),
    "select_subnet.buses: 2": lambda box, net: box.select_subnet(net, 2),
    "reindex_buses.bus_lookup: None": lambda box, net: box.reindex_buses(net, None),
    "reindex_buses.bus_lookup: 'a'": lambda box, net: box.reindex_buses(net, {2: "a"}),
    "reindex_elements.element_type: 'cars'": lambda box, net: box.reindex_elements(net, "cars", [0]),
    "reindex_elements.lookup: 0.5": lambda box, net: box.reindex_elements(net, "ev", lookup={0: 0.5}),
    "reindex_elements.lookup: 1 would be the label of": lambda box, net: box.reindex_elements(net, "ev", lookup={0: 1}),
    "reindex_elements.new_indices: 1 would": lambda box, net: box.reindex_elements(net, "ev", [1], [0]),
    "reindex_elements.new_indices: 5.5": lambda box, net: box.reindex_elements(net, "ev", [5.5, 6, 7]),
    "reindex_elements.new_indices: .* each of 3 rows": lambda box, net: box.reindex_elements(net, "ev", [5]),
    "reindex_elements.new_indices: it is said": lambda box, net: box.reindex_elements(net, "ev"),
    "reindex_elements.old_indices": lambda box, net: box.reindex_elements(net, "ev", [5], [77]),
    "create_continuous_bus_index.start: '0'": lambda box, net: box.create_continuous_bus_index(net, "0"),
    "create_continuous_elements_index.start: None": lambda box, net: box.create_continuous_elements_index(net, None),
}


@pytest.mark.parametrize("named", NO_LABELS)
def test_labels_that_are_none_are_refused_and_the_net_stays(net, _solved, named):
    with pytest.raises(evf.InvalidInputError, match=named):
        NO_LABELS[named](evf.toolbox, net)
    assert evf.toolbox.nets_equal(net, _solved)


def other_net():
    """A second feeder with EVs of its own at other buses, under labels that the first net has too."""
    net = stored_day()
    net.bus["name"] = "other " + net.bus["name"]
    net.line["name"] = "other " + net.line["name"]
    net.trafo["name"] = net.sgen["name"] = "other"
    net.ev["bus"] = [3, 2, 2]
    net.ev["name"] = ["c", "d", "e"]
    evf.run_flexibility_opf(net, day_profiles(), **RUN)
    return net


@sweep
@pytest.mark.parametrize("validate", sampled([True, False], 1))
def test_two_nets_become_one_with_each_ev_at_its_own_bus(net, validate):
    other = other_net()
    first, second = copy.deepcopy(net), copy.deepcopy(other)
    merged, lookup = evf.toolbox.merge_nets(net, other, validate=validate, return_net2_reindex_lookup=True)
    assert check_tables(merged) == []
    expected = {key: [*where(net)[key], *where(other)[key]] for key in where(net)}
    assert where(merged) == expected
    assert lookup["bus"] == {0: 5, 1: 6, 2: 7, 3: 8, 4: 9}
    assert set(merged["cpo_charging_rate"]) == set(merged.cpo.index) == {0, 1}
    assert merged["evflex_ev_p_mw"].shape == (8, 6)
    np.testing.assert_allclose(
        merged["evflex_ev_p_mw"].to_numpy(),
        np.hstack([net["evflex_ev_p_mw"].to_numpy(), other["evflex_ev_p_mw"].to_numpy()]),
    )
    pd.testing.assert_index_equal(merged.res_flexibility.index, merged.flexibility.index)
    assert merged.res_period.p_mw.tolist() == pytest.approx((net.res_period.p_mw + other.res_period.p_mw).tolist())
    for before, now in ((first, net), (second, other)):
        assert evf.toolbox.nets_equal(before, now)


def test_merged_nets_run_as_the_two_did(net):
    other = other_net()
    merged, lookup = evf.toolbox.merge_nets(net, other, return_net2_reindex_lookup=True)
    apart = pd.concat([voltages(net), voltages(other)]).sort_index()
    np.testing.assert_allclose(voltages(merged), apart, atol=1e-9)
    both = {}
    for (table, column), frame in day_profiles().items():
        both[table, column] = pd.concat([frame, frame.rename(columns=lookup[table])], axis=1)
    assert objective(merged, both) == pytest.approx(objective(net) + objective(other), rel=1e-5)


def test_a_net_without_evs_merges_with_one_that_has_some(net):
    plain = evf.with_evs_as_loads(net, None, 0)
    for nets, at in (((net, plain), 0), ((plain, net), 5)):
        merged = evf.toolbox.merge_nets(*nets, validate=False, net2_reindex_log_level=None)
        assert merged.ev["bus"].tolist() == [2 + at, 3 + at, 3 + at] and merged.cpo["bus"].tolist() == [4 + at]
        assert merged.ev.index.tolist() == [0, 1, 2] and merged.reinforcement.element.tolist() == [
            merged.line.index[0 if not at else 3], merged.trafo.index[0 if not at else 1],
        ]  # fmt: skip
        assert merged["evflex_ev_p_mw"].columns.tolist() == [0, 1, 2]


def test_rates_of_other_periods_are_refused(net):
    other = other_net()
    del other["cpo_charging_rate"], other["cpo_occupancy_rate"]
    evf.set_cpo_rates(other, 0, 0.2, 0.5)
    with pytest.raises(evf.InvalidInputError, match="96 periods in net2 meet 24 in net1"):
        evf.toolbox.merge_nets(net, other)


def test_results_of_other_periods_are_left_out(net, caplog):
    other = other_net()
    evf.run_flexibility_opf(other, n_periods=12, period_h=1.0, **RUN)
    merged = evf.toolbox.merge_nets(net, other, net2_reindex_log_level=None)
    assert series_names(merged) == [] and "run again" in caplog.text
    assert len(merged.ev) == 6


def test_equality_sees_input_and_results_apart(net):
    same, other = copy.deepcopy(net), copy.deepcopy(net)
    del same["evflex_format_version"]
    other["evflex_ev_p_mw"] = other["evflex_ev_p_mw"] * 2.0
    assert evf.toolbox.nets_equal(net, same) and evf.toolbox.nets_equal(same, net, check_only_results=True)
    assert not evf.toolbox.nets_equal(net, other) and not evf.toolbox.nets_equal(net, other, check_only_results=True)
    assert evf.toolbox.nets_equal(net, other, check_without_results=True)
    assert evf.toolbox.nets_equal(net, other, exclude_elms=["evflex_ev_p_mw"])
    other.ev.loc[0, "max_p_mw"] = 0.007
    assert not evf.toolbox.nets_equal(net, other, check_without_results=True)
    assert not evf.toolbox.nets_equal(net, other, name_selection=["bus", "ev"])
    assert evf.toolbox.nets_equal(net, other, name_selection=["bus", "line"])


def test_equality_looks_into_frames_in_a_dict_and_under_several_levels_of_columns(net):
    profiles = pd.DataFrame({("load", 0): [1.0], ("load", 1): [2.0]})
    net["profiles"], net["levels"] = {"load": pd.DataFrame({"a": [1.0, 2.0]})}, profiles
    other = copy.deepcopy(net)
    assert evf.toolbox.nets_equal(net, other)
    other["profiles"]["load"] = pd.DataFrame({"a": [1.0, 3.0]})
    assert not evf.toolbox.nets_equal(net, other)
    other["profiles"], other["levels"] = net["profiles"], profiles * 2.0
    assert not evf.toolbox.nets_equal(net, other)


@pytest.mark.parametrize(
    ("element_type", "connected"),
    [
        ("ev", {1, 2}), ("cpo", set()), ("ev_session", {1, 2}), ("flexibility", {2}), ("reinforcement", set()),
        ("cos_phi_p", {0, 1}), ("load", {1}), ("line", {1}),
    ],
)  # fmt: skip
def test_connected_elements_of_ours(net, element_type, connected):
    assert evf.toolbox.get_connected_elements(net, element_type, 3) == connected
    assert evf.toolbox.get_connected_elements(net, element_type, [3]) == connected


def test_connected_elements_respect_service_and_an_unknown_table_is_named_as_by_pandapower(net):
    net.ev.loc[1, "in_service"] = False
    assert evf.toolbox.get_connected_elements(net, "ev", [3], respect_in_service=True) == {2}
    assert evf.toolbox.get_connected_elements(net, "reinforcement", [1]) == {0, 1}
    with pytest.raises(UserWarning, match="Unknown element type"):
        evf.toolbox.get_connected_elements(net, "vehicle", [3])


@built_once
def plain_net():
    net = evf.with_evs_as_loads(stored_day(), None, 0)
    far = create_bus(net, 0.4, index=40)
    create_line(net, 3, far, 0.1, "NAYY 4x150 SE")
    return net


CALLS = {
    "select_subnet": lambda box, net: box.select_subnet(net, [1, 2, 3]),
    "merge_nets": lambda box, net: box.merge_nets(net, plain_net(), std_prio_on_net1=True),
    "drop_buses": lambda box, net: box.drop_buses(net, [40]),
    "drop_elements_at_buses": lambda box, net: box.drop_elements_at_buses(net, [40]),
    "reindex_buses": lambda box, net: box.reindex_buses(net, {40: 5}),
    "reindex_elements": lambda box, net: box.reindex_elements(net, "line", [3, 2, 1, 0]),
    "create_continuous_bus_index": lambda box, net: box.create_continuous_bus_index(net),
    "create_continuous_elements_index": lambda box, net: box.create_continuous_elements_index(net),
    "fuse_buses": lambda box, net: box.fuse_buses(net, 3, 40),
    "nets_equal": lambda box, net: box.nets_equal(net, plain_net()),
    "get_connected_elements": lambda box, net: box.get_connected_elements(net, "load", [2, 3]),
}


@pytest.mark.parametrize("name", evf.toolbox.__all__)
@pytest.mark.parametrize("wrong", [None, "net.json", [], pd.DataFrame()], ids=["None", "path", "list", "frame"])
def test_what_is_not_a_net_is_refused_by_name(name, wrong):
    with pytest.raises(evf.InvalidInputError, match=f"{name}.net: .* is not a net"):
        CALLS[name](evf.toolbox, wrong)


@pytest.mark.parametrize("name", evf.toolbox.__all__)
def test_a_net_without_our_tables_is_treated_as_by_pandapower(name):
    ours, theirs = plain_net(), plain_net()
    returned, expected = CALLS[name](evf.toolbox, ours), CALLS[name](pandapower_toolbox, theirs)
    assert set(ours) == set(theirs) and pandapower_toolbox.nets_equal(ours, theirs)
    if isinstance(expected, pp.pandapowerNet):
        assert set(returned) == set(expected) and pandapower_toolbox.nets_equal(returned, expected)
    else:
        assert returned == expected
