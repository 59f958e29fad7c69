"""The tables come back from everything that pandapower stores a net in, and from its copies."""

from __future__ import annotations

import copy

import pandapower as pp
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.tables.checks import TABLES, check_tables
from tests.tables.bad import good_net


def net_with_every_table():
    net = good_net()
    evf.create_ev(net, 5, "MG4", name="x", category="c", number=3)
    evf.create_ev_session(net, 2, 1.0, 5.0, energy_mwh=0.01, max_p_mw=0.004)
    evf.create_flexibility(net, "ev", 0, "up", max_p_mw=0.005)
    evf.create_cos_phi_p(net, pp.create_sgen(net, 5, 0.01, sn_mva=0.01))
    return net


def through(net, path, write, read):
    write(net, str(path))
    return read(str(path))


WAYS = {
    "deepcopy": lambda net, path: copy.deepcopy(net),
    "pandapowerNet": lambda net, path: pp.pandapowerNet(net),
    "JSON text": lambda net, path: pp.from_json_string(pp.to_json(net)),
    "JSON": lambda net, path: through(net, path / "net.json", pp.to_json, pp.from_json),
    "pickle": lambda net, path: through(net, path / "net.p", pp.to_pickle, pp.from_pickle),
    "Excel": lambda net, path: through(net, path / "net.xlsx", pp.to_excel, pp.from_excel),
    "SQLite": lambda net, path: through(net, path / "net.sqlite", pp.to_sqlite, pp.from_sqlite),
}


@pytest.mark.parametrize("way", WAYS)
def test_tables_survive_storage(way, tmp_path):
    net = net_with_every_table()
    stored = WAYS[way](net, tmp_path)
    for table in TABLES:
        expected, found = net[table], stored[table]
        assert found.dtypes.astype(str).to_dict() == expected.dtypes.astype(str).to_dict()
        assert found.index.dtype == expected.index.dtype
        # an empty cell of text comes back from Excel and SQLite as None or NaN
        found, expected = (t.astype(object).where(t.notna(), None) for t in (found, expected))
        pd.testing.assert_frame_equal(found, expected)
    assert check_tables(stored) == []


@pytest.mark.parametrize("way", WAYS)
def test_rows_are_added_after_storage(way, tmp_path):
    stored = WAYS[way](net_with_every_table(), tmp_path)
    dtypes = stored.ev.dtypes
    assert evf.create_ev(stored, 6, "BMW i4", name="y") == 3
    assert evf.create_ev_session(stored, 3, 0.0, 4.0, soc_arrival_percent=20) == 3
    pd.testing.assert_series_equal(stored.ev.dtypes, dtypes)
    assert check_tables(stored) == []
