"""The fingerprint changes with every value, and with nothing else."""

import copy
import io
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pandapower_evflex as evf
from pandapower_evflex.case.fingerprint import fingerprint
from pandapower_evflex.case.provenance import READ, net_sha256
from pandapower_evflex.tables.schema import LINKED_TO
from tests.examples import examples

CELLS = {
    "number": [1.5, np.nan, np.inf],
    "whole": [1, 2, 3],
    "flag": [True, False, True],
    "text": ["a", None, "c"],
    "mixed": [1, "1", None],
    "nothing": [None, None, None],
    "time": pd.date_range("2026-01-01", periods=3, freq="h"),
    "kind": pd.Categorical(["a", "b", "a"]),
    "nested": [(1, 2), [3], {("load", "p_mw"): 4}],
    "index": [3, 4, 5],
}


def _frame():
    return pd.DataFrame(CELLS, index=[7, 8, 9])


@cache
def _net():
    return evf.networks.suburban_lv(seed=0)[0]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("number", 1.5 + 1e-14),
        ("whole", 4),
        ("flag", False),
        ("text", "b"),
        ("text", None),
        ("mixed", "2"),
        ("nothing", 0.0),
        ("time", pd.Timestamp("2025-01-01")),
        ("kind", "b"),
        ("index", 7),
    ],
)
def test_each_cell_counts(column, value):
    other = _frame()
    other.loc[7, column] = value
    assert fingerprint(other) != fingerprint(_frame())


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.rename(columns={"whole": "hole"}),
        lambda frame: frame.rename(index={7: 6}),
        lambda frame: frame.iloc[::-1],
        lambda frame: frame.iloc[:2],
        lambda frame: frame.drop(columns="nothing"),
        lambda frame: frame.assign(flag=frame["flag"].astype(float)),
        lambda frame: frame.assign(whole=frame["whole"].astype(str)),
        lambda frame: frame.assign(number=frame["number"].replace(np.inf, np.nan)),
    ],
)
def test_labels_order_of_rows_and_kinds_count(change):
    assert fingerprint(change(_frame())) != fingerprint(_frame())


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame[frame.columns[::-1]],
        lambda frame: frame.assign(whole=frame["whole"].astype(float)),
        lambda frame: frame.assign(whole=frame["whole"].astype("Int64")),
        lambda frame: frame.assign(flag=frame["flag"].astype(object)),
        lambda frame: frame.assign(number=frame["number"].astype(object).where(frame["number"].notna(), None)),
        lambda frame: frame.assign(text=frame["text"].replace({None: np.nan})),
        lambda frame: frame.assign(kind=frame["kind"].astype(object)),
        lambda frame: frame.assign(**{LINKED_TO: "there"}),
    ],
)
def test_how_the_same_values_are_kept_does_not_count(change):
    assert fingerprint(change(_frame())) == fingerprint(_frame())


# the reader of pandas refuses the smallest normal numbers, some 1e-308
NUMBERS = st.one_of(st.just(0.0), st.floats(1e-300, 1e9), st.floats(-1e9, -1e-300))


@examples(30, 500)
@given(st.lists(NUMBERS, min_size=1, max_size=20))
def test_numbers_have_the_same_one_after_json(numbers):
    frame = pd.DataFrame({"a": numbers})
    text = frame.to_json(orient="split", double_precision=15)
    read = pd.read_json(io.StringIO(text), precise_float=True, orient="split", dtype={"a": float})
    assert fingerprint(read) == fingerprint(frame)


def test_of_mappings_keys_and_frames_count():
    profiles = {("load", "p_mw"): pd.DataFrame({0: [1.0, 2.0]}), "name": "day"}
    assert fingerprint(profiles) == fingerprint(dict(reversed(profiles.items())))
    for key, value in (("name", "night"), (("load", "p_mw"), pd.DataFrame({0: [1.0, 2.5]})), ("more", None)):
        assert fingerprint({**profiles, key: value}) != fingerprint(profiles), key


def test_of_a_net_all_that_a_run_reads_counts():
    before = net_sha256(_net())
    for name in (name for name in READ if isinstance(_net().get(name), pd.DataFrame)):
        table = _net()[name].iloc[-3:]
        for column in table.columns if len(table) else ():
            changed = table[column].astype(object)
            changed.iloc[-1] = "changed"
            alike = fingerprint(table.assign(**{column: changed})) == fingerprint(table)
            assert alike == (column == LINKED_TO), (name, column)
    for table in ("ev", "line", "cos_phi_p"):
        other = copy.copy(_net())
        other[table] = other[table].iloc[:-1]
        assert net_sha256(other) != before, table
    for name, value in (("f_hz", 60.0), ("user_pf_options", {"trafo_model": "pi"}), ("std_types", {})):
        other = copy.copy(_net())
        other[name] = value
        assert net_sha256(other) != before, name


def test_of_a_net_results_and_profiles_do_not_count():
    other = copy.copy(_net())
    other["res_bus"], other["profiles"], other["_ppc"] = pd.DataFrame({"vm_pu": [1.0]}), {"load": _frame()}, {}
    assert net_sha256(other) == net_sha256(_net())
