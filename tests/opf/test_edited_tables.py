"""Our tables and stored series, edited as hands and other software do: the same answer, or an error that names them."""

from __future__ import annotations

import copy
from functools import cache
from itertools import product

import numpy as np
import pandas as pd
import pytest

import pandapower_evflex as evf
from tests.examples import sampled, sweep
from tests.opf.feeder import constant, feeder_net

TABLES = ("ev", "ev_session", "flexibility")
PERIOD = 1


@cache
def solved_net():
    """Three EVs with offers and the profile of a load; not to be changed."""
    net = feeder_net(3)
    evf.create_flexibilities(net, "ev", [0, 1], ["up", "down"], weight=2.0)
    return net, run(net)


def run(net):
    profiles = constant(net, "load", "p_mw", [0.02, 0.03, 0.01, 0.02, 0.02, 0.02, 0.02, 0.02])
    return evf.run_flexibility_opf(net, profiles, period_h=1.0, progress=False)


def labels(frame, by_rows, *levels):
    """In as many levels as are named, and one more."""
    axis = 0 if by_rows else 1
    outer = [[level] * frame.shape[axis] for level in levels]
    return frame.set_axis(pd.MultiIndex.from_arrays([*outer, frame.axes[axis]]), axis=axis)


SAME = {
    "nullable dtypes": lambda frame: frame.convert_dtypes(),
    "categories": lambda frame: frame.astype("category"),
    "objects": lambda frame: frame.astype(object),
    "rows the other way round": lambda frame: frame.iloc[::-1],
    "columns the other way round": lambda frame: frame.iloc[:, ::-1],
    "small whole labels": lambda frame: frame.set_axis(frame.index.astype("int8")),
}
REFUSED = {
    "no table": (lambda frame: None, "is not a table"),
    "its values alone": (lambda frame: frame.to_numpy(), "is not a table"),
    "one row": (lambda frame: frame.iloc[0], "is not a table"),
    "two levels of labels": (lambda frame: labels(frame, True, "a"), "2 levels of labels are not whole numbers"),
    "one level of labels": (lambda frame: labels(frame, True), "1 level of labels are not whole numbers"),
    "two levels of names": (lambda frame: labels(frame, False, "a"), "columns: a MultiIndex stands in"),
    "one level of names": (lambda frame: labels(frame, False), "columns: a MultiIndex stands in"),
    "a column twice": (lambda frame: pd.concat([frame, frame[["name"]]], axis=1), "name: the column is there twice"),
    "all twice": (lambda frame: pd.concat([frame, frame], axis=1), "the column is there twice"),
    "a row twice": (lambda frame: pd.concat([frame, frame.iloc[:1]]), "index of row 0: labels occur more than once"),
    "labels as text": (lambda frame: frame.set_axis(frame.index.astype(str)), "are not whole numbers"),
    "no columns": (lambda frame: frame.iloc[:, :0], "the column is missing"),
}  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("edit", SAME)
def test_a_table_that_says_the_same_gives_the_same_schedule(table, edit):
    before, clean = solved_net()
    net = copy.deepcopy(before)
    net[table] = SAME[edit](net[table])
    result = run(net)
    assert result.objective_mwh == pytest.approx(clean.objective_mwh, abs=1e-9)
    assert np.allclose(result.p_mw[clean.p_mw.columns], clean.p_mw, atol=1e-6)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("edit", REFUSED)
def test_a_table_that_cannot_be_read_is_named_and_the_net_is_left_alone(table, edit):
    change, words = REFUSED[edit]
    net = copy.deepcopy(solved_net()[0])
    net[table] = edited = change(net[table])
    with pytest.raises(evf.InvalidInputError, match=rf"(?m)^{table}\b.*{words}|^{table}: .*{words}"):
        run(net)
    assert net[table] is edited and net.OPF_converged


#: what `write_period` reads of the last run
READ = ("evflex_ev_p_mw", "evflex_ev_p_up_mw", "evflex_ev_e_mwh", "evflex_load_p_mw")
SAME_SERIES = {
    "nullable dtypes": lambda frame: frame.convert_dtypes(),
    "objects": lambda frame: frame.astype(object),
    "columns the other way round": lambda frame: frame.iloc[:, ::-1],
    "labels as text": lambda frame: frame.set_axis(frame.columns.astype(str), axis=1),
}
REFUSED_SERIES = {
    "None": lambda frame: None,
    "a number": lambda frame: 3.0,
    "one column": lambda frame: frame.iloc[:, 0],
    "cut": lambda frame: frame.iloc[:3],
    "continued": lambda frame: pd.concat([frame, frame.iloc[:1]], ignore_index=True),
    "rows the other way round": lambda frame: frame.iloc[::-1],
    "rows shuffled": lambda frame: frame.sample(frac=1.0, random_state=1),
    "a column twice": lambda frame: pd.concat([frame, frame.iloc[:, :1]], axis=1),
    "two levels of columns": lambda frame: labels(frame, False, "a"),
    "one level of columns": lambda frame: labels(frame, False),
    "other names of columns": lambda frame: frame.add_prefix("x"),
    "other labels": lambda frame: frame.set_axis(frame.columns + 100, axis=1),
    "text": lambda frame: frame.astype(str) + " MW",
    "infinite": lambda frame: frame + np.inf,
    "gaps": lambda frame: frame * np.nan,
    "empty": lambda frame: pd.DataFrame(),
}


@sweep
@pytest.mark.parametrize(("edit", "key", "scenario"), sampled(list(product(SAME_SERIES, READ, ("base", "up"))), 17))
def test_a_series_that_says_the_same_shows_the_same_moment(key, edit, scenario):
    net = copy.deepcopy(solved_net()[0])
    evf.write_period(net, PERIOD, scenario)
    clean = copy.deepcopy(net)
    net[key] = SAME_SERIES[edit](net[key])
    evf.write_period(net, PERIOD, scenario)
    assert np.allclose(net.res_bus.vm_pu, clean.res_bus.vm_pu, atol=1e-12)
    assert np.allclose(net.res_ev.loc[clean.res_ev.index], clean.res_ev, atol=1e-12, equal_nan=True)


@pytest.mark.parametrize("key", READ)
@pytest.mark.parametrize("edit", REFUSED_SERIES)
def test_a_series_that_was_spoilt_is_named_and_nothing_is_written(key, edit):
    net = copy.deepcopy(solved_net()[0])
    net[key] = REFUSED_SERIES[edit](net[key])
    before = net.res_bus.copy()
    for show in (lambda: evf.write_period(net, PERIOD), lambda: evf.with_evs_as_loads(net, None, PERIOD)):
        with pytest.raises(evf.InvalidInputError, match=key if edit != "other labels" else "of the (last run|result)"):
            show()
    pd.testing.assert_frame_equal(net.res_bus, before)


@pytest.mark.parametrize("key", [*READ, "evflex_time", "evflex_q_follows_flexibility"])
def test_a_series_that_was_deleted_is_named(key):
    net = copy.deepcopy(solved_net()[0])
    del net[key]
    with pytest.raises(evf.InvalidInputError, match=key):
        evf.write_period(net, PERIOD)


@pytest.mark.parametrize("value", [None, pd.NA, np.nan, "x", [1], pd.DataFrame(), 2])
def test_a_spoilt_flag_is_named(value):
    net = copy.deepcopy(solved_net()[0])
    net["evflex_q_follows_flexibility"] = value
    with pytest.raises(evf.InvalidInputError, match="evflex_q_follows_flexibility"):
        evf.write_period(net, PERIOD)


def test_an_ev_that_was_dropped_after_the_run_is_named_by_every_reader():
    net = copy.deepcopy(solved_net()[0])
    net.ev = net.ev.drop(index=1)
    for show in (lambda: evf.write_period(net, PERIOD), lambda: evf.with_evs_as_loads(net, None, PERIOD)):
        with pytest.raises(evf.InvalidInputError, match="ev.*1"):
            show()
