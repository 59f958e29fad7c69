"""The tables come back from everything that pandapower stores a net in, and from its copies."""

from __future__ import annotations

import copy

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.tables.checks import TABLES, check_tables
from pandapower_evflex.tables.cpo_rates import rates_of
from tests.built_once import built_once
from tests.examples import sampled, sweep
from tests.tables.bad import good_net


@built_once
def net_with_every_table():
    net = good_net()
    evf.create_ev(net, 5, "MG4", name="x", category="c", number=3)
    evf.create_ev_session(net, 2, 1.0, 5.0, energy_mwh=0.01, max_p_mw=0.004)
    evf.create_flexibility(net, "ev", 0, "up", max_p_mw=0.005)
    evf.create_cpos(net, [7, 8], 12, 0.022, name=["x", None], price_eur_per_mwh=[300.0, None])
    evf.create_ev(net, 7, "MG4", cpo=0)
    evf.create_flexibility(net, "cpo", 1, "down", price_eur_per_mwh=250.0)
    evf.set_cpo_rates(net, 0, np.linspace(0.1, 0.4, 24), 0.8)
    evf.set_cpo_rates(net, 1, 0.3, np.linspace(0.5, 0.9, 24))
    evf.create_cos_phi_p(net, pp.create_sgen(net, 5, 0.01, sn_mva=0.01))
    evf.create_reinforcements(
        net, ["line", "line", "trafo"], [3, 3, 0], 2e4, lifetime_years=30, parallel=[2, None, None],
        std_type=[None, "NAYY 4x150 SE", None], in_service=[None, None, True],
    )  # fmt: skip
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


@sweep
@pytest.mark.parametrize("way", sampled(list(WAYS), 3))
def test_rows_are_added_after_storage(way, tmp_path):
    stored = WAYS[way](net_with_every_table(), tmp_path)
    dtypes = stored.ev.dtypes
    assert evf.create_ev(stored, 6, "BMW i4", name="y") == 4
    assert evf.create_ev_session(stored, 4, 0.0, 4.0, soc_arrival_percent=20) == 3
    evf.create_cpo(stored, 6, 4, 0.011)
    pd.testing.assert_series_equal(stored.ev.dtypes, dtypes)
    assert check_tables(stored) == []


@sweep
@pytest.mark.parametrize("way", sampled(list(WAYS), 3, place=1))
def test_rates_survive_storage_and_are_set_after_it(way, tmp_path):
    net = net_with_every_table()
    stored = WAYS[way](net, tmp_path)
    for found, expected in zip(rates_of(stored, [1, 0]), rates_of(net, [1, 0]), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)
    evf.set_cpo_rates(stored, 0, 0.2, 0.6)
    assert rates_of(stored, [0])[1].tolist() == [[0.6]] * 24
    assert check_tables(stored) == []
