"""The diagnostic names what is wrong with a net, whatever else is wrong with it, and changes nothing."""

from __future__ import annotations

import copy
import logging

import numpy as np
import pandapower as pp
import pandas as pd
import pytest
from pandapower.diagnostic import Diagnostic

import pandapower_evflex as evf
from tests.built_once import built_once
from tests.examples import sampled, sweep
from tests.tables.test_bad_inputs import assert_same_net


@built_once
def _net():
    """A transformer and two lines in a row, a load, an EV with a session at their end, a switch of each kind."""
    net = pp.create_empty_network()
    first, second, third = pp.create_bus(net, 20.0), pp.create_bus(net, 0.4), pp.create_bus(net, 0.4)
    last = pp.create_bus(net, 0.4)
    pp.create_ext_grid(net, first)
    pp.create_transformer(net, first, second, "0.25 MVA 20/0.4 kV")
    pp.create_line(net, second, third, 0.1, "NAYY 4x150 SE")
    pp.create_line(net, third, last, 0.1, "NAYY 4x150 SE")
    pp.create_load(net, third, 0.005, 0.001, name="House 7")
    pp.create_switch(net, second, 0, "l", type="CB")
    pp.create_switch(net, second, last, "b", closed=False, type="LBS")
    evf.create_ev(net, last, max_p_mw=0.011, max_e_mwh=0.06, min_e_mwh=0.01)
    evf.create_ev_session(net, 0, 1.0, 5.0, e_arrival_mwh=0.03, e_departure_mwh=0.04)
    return net


def _found(net, check, profiles=None):
    found = evf.diagnostic(net, profiles)
    return found[found["check"] == check]


def test_of_a_right_net_nothing_is_said():
    found = evf.diagnostic(_net())
    assert not len(found), str(found)
    assert str(found).startswith("nothing found")


def _set(table, column, value, row=0):
    def edit(net):
        net[table][column] = net[table][column].astype(object)
        net[table].at[row, column] = value

    return edit


def _add_site(net):
    evf.create_cpo(net, 3, 4, 0.022)


def _open_the_way(net):
    net.switch.loc[0, "closed"] = False


def _add_controller(net):
    pp.control.ContinuousTapControl(net, 0, 1.0)


def _no_switches(net):
    net["switch"] = net["switch"].iloc[:0]
    net.line["failure_rate_per_year"] = 0.1


def _one_phase(net):
    net.ev["phases"] = 1


def _drop_the_ev(net):
    pp.toolbox.drop_elements(net, "ev", [0])


def _another_ev(net):
    evf.create_ev(net, 3, max_p_mw=0.011, max_e_mwh=0.06)


EDITS = {
    "dangling links": [_set("ev", "bus", 99), _set("ev_session", "ev", 7), _drop_the_ev],
    "tables": [_set("ev", "max_e_mwh", -1.0), lambda net: net.update({"ev": 5})],
    "pandapower's tables": [_set("line", "x_ohm_per_km", np.nan), lambda net: net.pop("line")],
    "sessions that cannot be met": [_set("ev_session", "departure_h", 1.5), _set("ev_session", "departure_h", 1.1)],
    "below the minimum on arrival": [_set("ev_session", "e_arrival_mwh", 0.008)],
    "EVs without a session": [_another_ev, _set("ev_session", "in_service", False)],
    "EVs larger than their line": [_set("ev", "max_p_mw", 0.2), _set("line", "max_i_ka", 0.01, row=1)],
    "no supply": [_open_the_way, _set("line", "in_service", False)],
    "limits broken without EVs": [_set("load", "p_mw", 0.4), _set("load", "p_mw", 9.0)],
    "suspicious units": [_set("load", "p_mw", 5.0), _set("ev", "max_p_mw", 2.0)],
    "loads that look like EVs": [
        _set("load", "name", name) for name in ("Wallbox", "EV 3", "HLS_A_11.0", "Ladepunkt", "e-car", "charging_point")
    ],
    "EV and site at one bus": [_add_site],
    "controllers": [_add_controller],
    "missing switches": [_no_switches, _set("switch", "closed", True, row=1)],
    "single phases": [_one_phase],
}  # fmt: skip


@pytest.mark.parametrize(("check", "edit"), [(check, edit) for check, edits in EDITS.items() for edit in edits])
def test_what_is_wrong_is_found_and_nothing_is_changed(check, edit):
    net = _net()
    edit(net)
    before = copy.deepcopy(net)
    found = evf.diagnostic(net)
    assert check in set(found["check"]), str(found)
    assert f"{check}\n" in str(found)
    if isinstance(net.get("ev"), pd.DataFrame) and "line" in net:
        assert_same_net(net, before)


@pytest.mark.parametrize("name", ["House 7", "Level 2", "Seven", "Discharge basin", "nevada", "Charger office"])
def test_a_word_counts_only_where_it_stands_for_cars(name):
    net = _net()
    net.load.loc[0, "name"] = name
    assert len(_found(net, "loads that look like EVs")) == (name == "Charger office")


def test_one_bad_row_does_not_hide_what_is_wrong_with_others():
    net = _net()
    _another_ev(net)
    evf.create_ev_session(net, 1, 1.0, 1.5, e_arrival_mwh=0.0, e_departure_mwh=0.05)
    net.ev.loc[0, "bus"] = 99
    found = evf.diagnostic(net)
    assert {"dangling links", "sessions that cannot be met"} <= set(found["check"])
    assert found["severity"].tolist() == sorted(found["severity"], key=["error", "warning", "note"].index)


def test_what_is_overloaded_without_evs_is_what_runpp_finds():
    net = _net()
    net.load["p_mw"] = 0.3
    pp.runpp(net, numba=False)
    found = _found(net, "limits broken without EVs")
    values = dict(zip(found["table"], found["text"].str.extract(r": ([\d.]+) ")[0].astype(float), strict=True))
    apparent = np.hypot(net.res_trafo.p_hv_mw[0], net.res_trafo.q_hv_mvar[0])  # the loading of eq. (16): power
    assert values["trafo"] == pytest.approx(100 * apparent / 0.25, rel=1e-3)
    assert values["line"] == pytest.approx(net.res_line.loading_percent[0], rel=1e-3)
    assert (found["severity"] == "error").all()


def test_profiles_replace_the_table_and_are_refused_by_name():
    net = _net()
    high = {("load", "p_mw"): pd.DataFrame({0: [0.005] * 20 + [0.3] * 4})}
    found = _found(net, "limits broken without EVs", high)
    assert "4 periods from 20 to 23" in found["text"].iloc[0]
    wrong = _found(net, "profiles", {("load", "p_mw"): pd.DataFrame({7: [0.1] * 24})})
    assert "not in net.load" in wrong["text"].iloc[0]


@pytest.mark.parametrize(("max_p_mw", "is_named"), [(0.18, False), (0.19, True), (0.37, True), (0.38, True)])
def test_an_ev_may_draw_what_all_ways_to_it_carry_together(max_p_mw, is_named):
    """NAYY 4x150 carries 0.187 MVA at 0.4 kV; with the ring closed the second way adds the same."""
    net = _net()
    net.ev["max_p_mw"] = max_p_mw
    assert len(_found(net, "EVs larger than their line")) == is_named
    pp.create_line(net, 1, 3, 0.1, "NAYY 4x150 SE")
    net.trafo["sn_mva"] = 1.0
    assert len(_found(net, "EVs larger than their line")) == (max_p_mw > 0.374)


def test_generation_that_charging_can_take_is_a_warning():
    net = _net()
    pp.create_sgen(net, 3, 0.35)
    found = _found(net, "limits broken without EVs")
    assert len(found) and (found["severity"] == "warning").all()


GARBAGE = [None, 5, "text", [], pd.DataFrame(), pd.DataFrame({"a": ["x"]}), pd.Series([1.0])]
TABLES = ["bus", "line", "trafo", "load", "ext_grid", "switch", "controller", "ev", "ev_session", "cpo", "gen"]
SPOILT = [(table, number) for table in TABLES for number in range(len(GARBAGE))]


@sweep
@pytest.mark.parametrize(("table", "number"), sampled(SPOILT, 8))
def test_no_spoilt_table_raises(table, number):
    net = _net()
    net[table] = GARBAGE[number]
    assert isinstance(str(evf.diagnostic(net)), str)


COLUMNS = [(table, column) for table in ("bus", "line", "trafo", "load", "switch", "ev", "ev_session")
           for column in _net()[table].columns]  # fmt: skip


@sweep
@pytest.mark.parametrize(("table", "column"), sampled(COLUMNS, 4))
def test_no_spoilt_cell_raises(table, column):
    for value in (None, "x", np.inf, -1, [1]):
        net = _net()
        net[table][column] = pd.Series([value] * len(net[table]), net[table].index, dtype=object)
        assert isinstance(str(evf.diagnostic(net)), str)
    net[table] = net[table].drop(columns=column)
    assert isinstance(str(evf.diagnostic(net)), str)


@pytest.mark.parametrize("profiles", [5, "x", [1], pd.DataFrame({0: [1.0]}), {"a": 1}, {("load", "p_mw"): None}])
def test_no_profiles_raise(profiles):
    found = evf.diagnostic(_net(), profiles)
    assert set(found["check"]) == {"profiles"}


def test_only_what_is_no_net_is_refused():
    with pytest.raises(evf.InvalidInputError, match="is not a net"):
        evf.diagnostic(None)


def test_nothing_is_logged_and_the_level_is_as_it_was(caplog):
    net = _net()
    _add_controller(net)
    evf.diagnostic(net)
    assert not caplog.records and logging.getLogger("pandapower_evflex").level == logging.NOTSET


def _only_ours():
    """pandapower's tool with our checks alone, as they stand in the list of every `Diagnostic`."""
    tool = Diagnostic()
    tool._functions = [function for function in tool._functions if function[0] == "pandapower_evflex"]
    assert len(tool._functions) == 1
    return tool


def test_pandapowers_diagnostic_runs_the_same_checks():
    net = _net()
    net.ev_session["departure_h"] = 1.5
    found = _only_ours().diagnose_network(net, report_style=None)
    assert found == {"pandapower_evflex": {"sessions that cannot be met": evf.diagnostic(net)["text"].tolist()}}
    assert not _only_ours().diagnose_network(_net(), report_style=None)
    assert not _only_ours().diagnose_network(pp.create_empty_network(), report_style=None)


@pytest.mark.parametrize("style", ["detailed", "compact"])
def test_pandapowers_report_holds_them(style, caplog):
    net = _net()
    net.ev_session["departure_h"] = 1.5
    with caplog.at_level(logging.INFO):
        _only_ours().diagnose_network(net, report_style=style)
    assert ("EV 0, session 0" in caplog.text) == (style == "detailed")
    assert ("1 findings, see evf.diagnostic(net)" in caplog.text) == (style == "compact")
