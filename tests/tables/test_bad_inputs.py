"""Wrong input is refused with table, column, rows and remedy, and nothing on the net is changed."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pandas as pd
import pytest
from pandapower.toolbox import nets_equal

import pandapower_evflex as evf
from tests.tables.bad_inputs import BAD_INPUTS, good_net, run

DOCS = Path(__file__).parents[2] / "docs" / "bad_input.md"


def _our_tables(net):
    return {key: copy.deepcopy(net[key]) for key in ("ev", "ev_session", "flexibility", "cos_phi_p") if key in net}


def test_the_good_net_runs():
    assert run(good_net()).status == "optimal"


@pytest.mark.parametrize("what", BAD_INPUTS)
def test_bad_input_is_refused_by_name(what):
    make, table, column = BAD_INPUTS[what]
    with pytest.raises(evf.InvalidInputError) as error:
        make(good_net())
    named = [fault for fault in error.value.faults if (fault.table, fault.column) == (table, column)]
    assert named, [str(fault) for fault in error.value.faults]
    assert all(fault.problem and fault.remedy for fault in named)
    assert str(pickle.loads(pickle.dumps(error.value))) == str(error.value)


@pytest.mark.parametrize("what", BAD_INPUTS)
def test_nothing_is_changed_by_the_refused_call(what, monkeypatch):
    """The net right before the call that raises equals the net after it."""
    net = good_net()
    make, _, _ = BAD_INPUTS[what]
    before = {}

    def remember(function):
        def call(own, *args, **kwargs):
            before.update(net=copy.deepcopy(own), tables=_our_tables(own), keys=set(own))
            return function(own, *args, **kwargs)

        return call

    import tests.tables.bad_inputs as module

    names = [name for name in evf.__all__ if name.startswith(("create_", "run_"))]
    for name in names:
        monkeypatch.setattr(module.evf, name, remember(getattr(evf, name)))
    with pytest.raises(evf.InvalidInputError):
        make(net)
    assert set(net) == before["keys"]
    for name, table in before["tables"].items():
        pd.testing.assert_frame_equal(net[name], table)
    assert nets_equal(net, before["net"], exclude_elms=["ev", "ev_session", "flexibility", "cos_phi_p"])


def test_all_faults_are_gathered_in_one_error():
    net = good_net()
    net.ev.loc[0, "cos_phi"] = 2.0
    net.ev.loc[1, "max_e_mwh"] = -1.0
    frame = pd.DataFrame(0.0, index=range(8), columns=[999])
    with pytest.raises(evf.InvalidInputError) as error:
        run(net, {("load", "p_mw"): frame}, scenarios=("left",))
    named = {(fault.table, fault.column) for fault in error.value.faults}
    assert {("ev", "cos_phi"), ("ev", "max_e_mwh"), ("profiles[load.p_mw]", "columns")} <= named
    assert ("run_flexibility_opf", "scenarios") in named


def test_rows_and_values_are_named():
    with pytest.raises(evf.InvalidInputError, match=r"ev\.max_p_mw of row 3: 11 is above 10 MW; give the charging"):
        evf.create_evs(good_net(), [5, 6], max_p_mw=[0.011, 11.0], max_e_mwh=0.06)


def test_the_documentation_lists_every_refused_input():
    lines = [
        f"| {what} | `{table}` | {f'`{column}`' if column else ''} |" for what, (_, table, column) in BAD_INPUTS.items()
    ]
    assert DOCS.read_text().splitlines()[-len(lines) :] == lines
