"""Wrong input is refused with table, column, rows and remedy, and nothing on the net is changed."""

from __future__ import annotations

import copy
import pickle

import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.tables.checks import check_tables
from tests.tables.bad import Bad, good_net, run, the_good_net
from tests.tables.bad_inputs import BAD_INPUTS, SECTIONS
from tests.tables.documentation import DOCS, bad_input_line

BAD_INPUT_LINES = set((DOCS / "bad_input.md").read_text(encoding="utf-8").splitlines())


def assert_same_net(net, before):
    """Deep equality: every table with its dtypes, every other entry."""
    assert set(net) == set(before)
    for key, value in before.items():
        if isinstance(value, pd.DataFrame):
            if not _identical(net[key], value):
                pd.testing.assert_frame_equal(net[key], value)
        else:
            assert net[key] == value, key


def _identical(table, before):
    """At a fifth of the cost of `assert_frame_equal`, which then says what differs."""
    return table.equals(before) and table.index.identical(before.index) and table.columns.identical(before.columns)


def test_the_good_net_runs():
    assert check_tables(good_net()) == []
    assert run(good_net()).status == "optimal"


def test_no_case_hides_another():
    assert len(BAD_INPUTS) == sum(len(cases) for cases in SECTIONS.values()) >= 40


@pytest.mark.parametrize("what", BAD_INPUTS)
def test_bad_input_is_refused_once_by_name_and_changes_nothing(what):
    """Once: who sees five faults has five things to mend. docs/bad_input.md says what is said here."""
    bad, net, before = BAD_INPUTS[what], good_net(), the_good_net()
    if bad.before is not Bad.before:
        bad.before(net)
        before = copy.deepcopy(net)
    with pytest.raises(evf.InvalidInputError) as error:
        bad.call(net)
    assert len(error.value.faults) == 1, [str(fault) for fault in error.value.faults]
    fault = error.value.faults[0]
    assert (fault.table, fault.column, fault.rows) == (bad.table, bad.column, bad.rows)
    assert bad.remedy in fault.remedy
    assert str(fault) in str(error.value)
    assert str(pickle.loads(pickle.dumps(error.value))) == str(error.value)
    assert bad_input_line(what, bad, fault) in BAD_INPUT_LINES
    assert_same_net(net, before)


def test_all_faults_are_gathered_in_one_error():
    net = good_net()
    net.ev.loc[0, "cos_phi"] = 2.0
    net.ev.loc[1, "max_e_mwh"] = -1.0
    net.ev_session.loc[0, "departure_h"] = -1.0
    frame = pd.DataFrame(0.0, index=range(8), columns=[999])
    with pytest.raises(evf.InvalidInputError) as error:
        run(net, {("load", "p_mw"): frame}, scenarios=("left",))
    named = {(fault.table, fault.column) for fault in error.value.faults}
    assert {("ev", "cos_phi"), ("ev", "max_e_mwh"), ("profiles[load.p_mw]", "columns")} <= named
    assert {("run_flexibility_opf", "scenarios"), ("ev_session", "departure_h")} <= named


def test_all_faults_of_many_new_rows_are_gathered():
    with pytest.raises(evf.InvalidInputError) as error:
        evf.create_evs(good_net(), [5, 999, 6], ["MG4", None, "?"], max_p_mw=[None, 0.011, 11.0], max_e_mwh=0.06)
    assert [(f.column, f.rows) for f in error.value.faults] == [("std_type", (4,)), ("bus", (3,)), ("max_p_mw", (4,))]


def test_rows_and_values_are_named():
    with pytest.raises(evf.InvalidInputError, match=r"ev\.max_p_mw of row 3: 11 is above 10 MW; give the charging"):
        evf.create_evs(good_net(), [5, 6], max_p_mw=[0.011, 11.0], max_e_mwh=0.06)


def test_a_megawatt_is_allowed_with_a_warning(caplog):
    net = good_net()
    evf.create_ev(net, 5, max_p_mw=1.2, max_e_mwh=0.6, name="truck")
    assert net.ev.max_p_mw.iloc[-1] == 1.2
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "ev.max_p_mw of rows 2: 1.2 MW" in caplog.text


def test_a_column_of_its_own_is_not_taken_for_a_slip():
    net = good_net()
    evf.create_ev(net, 5, "MG4", category="taxi", zone="north", max_q_mvar=0.001, soc_percent=40.0)
    assert net.ev.loc[2, ["category", "zone", "max_q_mvar", "soc_percent"]].tolist() == ["taxi", "north", 0.001, 40.0]
