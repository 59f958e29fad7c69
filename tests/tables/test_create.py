"""Rows get what was given, else the std type, else the default; plural equals singular in a loop."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pandapower as pp
import pandapower.networks as nw
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pandapower_evflex as evf
from pandapower_evflex.tables.checks import TABLES, check_tables
from tests.tables.bad_inputs import good_net


def kerber():
    return nw.create_kerber_landnetz_freileitung_1()


def test_a_net_without_our_tables_is_untouched_by_import_and_read():
    net = kerber()
    keys = set(net)
    assert check_tables(net) == []
    assert set(net) == keys


def test_argument_comes_before_std_type_and_std_type_before_default():
    net = kerber()
    evf.create_ev(net, 5, "VW ID.3", phases=1, max_e_mwh=0.05, category="company car")
    row = net.ev.loc[0]
    assert (row.max_p_mw, row.max_e_mwh, row.consumption_kwh_per_km) == (0.0037, 0.05, 0.166)
    assert (row.min_e_mwh, row.efficiency_percent, row.cos_phi) == (0.0, 100.0, 1.0)
    assert row.controllable and row.in_service and row.category == "company car"


def test_columns_have_the_dtypes_of_their_schema():
    net = good_net()
    evf.create_flexibilities(net, "ev", [0, 1], ["up", "down"])
    for name in ("ev", "ev_session", "flexibility"):
        kinds = {"float": "float64", "int": "int64", "bool": "bool", "str": "object", "Int64": "Int64"}
        for column in TABLES[name].columns:
            if column.name in net[name]:
                assert str(net[name][column.name].dtype) == kinds[column.kind], (name, column.name)
    assert "max_e_mwh" not in net.ev_session  # optional columns appear when first given


def test_indices_go_on_after_the_largest():
    net = kerber()
    assert evf.create_ev(net, 5, "MG4", index=7) == 7
    assert evf.create_evs(net, [5, 6], "MG4").tolist() == [8, 9]


values = st.fixed_dictionaries(
    {
        "max_p_mw": st.lists(st.one_of(st.none(), st.floats(0.003, 0.02)), min_size=3, max_size=3),
        "min_e_mwh": st.lists(st.one_of(st.none(), st.floats(0.0, 0.02)), min_size=3, max_size=3),
        "phases": st.sampled_from([1, 3]),
        "name": st.lists(st.one_of(st.none(), st.text("abc", max_size=3)), min_size=3, max_size=3),
    }
)


@settings(max_examples=25, deadline=None)
@given(values)
def test_many_at_once_equal_one_after_the_other(given_values):
    at_once, one_by_one = kerber(), kerber()
    evf.create_evs(at_once, [5, 6, 7], ["MG4", None, "BMW i4"], max_e_mwh=0.06, **_fill_middle(given_values))
    for i, (bus, std_type) in enumerate(zip([5, 6, 7], ["MG4", None, "BMW i4"], strict=True)):
        row = {k: v[i] if isinstance(v, list) else v for k, v in _fill_middle(given_values).items()}
        evf.create_ev(one_by_one, bus, std_type, max_e_mwh=0.06, **row)
    pd.testing.assert_frame_equal(at_once.ev, one_by_one.ev)


def _fill_middle(given_values):
    """The middle EV has no std type, so it needs a power."""
    power = list(given_values["max_p_mw"])
    power[1] = power[1] or 0.011
    return {**given_values, "max_p_mw": power}


def test_state_of_charge_refers_to_the_session_s_battery_where_there_is_one():
    net = good_net()
    evf.create_ev_sessions(net, [0, 1], 4.0, 6.0, soc_arrival_percent=50.0, max_e_mwh=[np.nan, 0.04])
    assert net.ev_session.e_arrival_mwh.tolist()[2:] == pytest.approx([0.03, 0.02])


def test_energy_without_an_arrival_form_counts_from_zero():
    net = good_net()
    evf.create_ev_session(net, 0, 4.0, 6.0, energy_mwh=0.012, max_e_mwh=0.012)
    assert net.ev_session.e_arrival_mwh.iloc[-1] == 0.0


def test_sessions_take_timestamps():
    net = good_net()
    start = pd.Timestamp("2024-05-14 12:00")
    times = {"arrival_h": pd.Timestamp("2024-05-14 17:30"), "departure_h": pd.Timestamp("2024-05-15 07:00")}
    row = evf.create_ev_session(net, 0, **times, e_arrival_mwh=0.02, start=start)
    assert net.ev_session.loc[row, ["arrival_h", "departure_h"]].tolist() == [5.5, 19.0]


def test_elapsed_hours_respect_daylight_saving():
    assert evf.hours_since(["2024-03-31 12:00"], "2024-03-30 12:00", "Europe/Berlin").tolist() == [23.0]
    assert evf.hours_since(["2024-10-27 12:00"], "2024-10-26 12:00", "Europe/Berlin").tolist() == [25.0]
    assert evf.hours_since(["2024-10-27 12:00"], "2024-10-26 12:00").tolist() == [24.0]
    assert np.isnan(evf.hours_since([None, "2024-01-01"], "2024-01-01")[0])
    with pytest.raises(ValueError, match="time zone"):
        evf.hours_since(["2024-01-01T00:00Z"], "2024-01-01")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=5))
def test_hours_since_inverts_adding_hours(hours):
    start = pd.Timestamp("2024-03-30 12:00", tz="Europe/Berlin")
    times = [start + pd.Timedelta(hours=h) for h in hours]
    assert np.allclose(evf.hours_since(times, start), hours, atol=1e-9)


def test_std_types_add_up_and_name_their_sources():
    types = evf.ev_std_types()
    assert len(types) == 10
    assert types.sales_share.sum() == pytest.approx(1.0)
    assert types.source.str.len().min() > 10
    assert (types.max_p_mw_1ph < types.max_p_mw_3ph).all()
    types.loc["MG4", "max_e_mwh"] = 0.0  # a copy: nobody else's types change
    assert evf.ev_std_types().loc["MG4", "max_e_mwh"] > 0


def test_loads_become_evs_at_their_buses_and_go_out_of_service():
    net = kerber()
    evs = evf.evs_from_loads(net, [2, 4], max_p_mw=0.011, max_e_mwh=0.05)
    assert net.ev.loc[evs, "bus"].tolist() == net.load.loc[[2, 4], "bus"].tolist()
    assert net.load.in_service.sum() == len(net.load) - 2
    with pytest.raises(evf.InvalidInputError, match="in_service"):
        evf.evs_from_loads(net, [2], max_p_mw=0.011, max_e_mwh=0.05)
    with pytest.raises(evf.InvalidInputError):
        evf.evs_from_loads(net, [5], max_p_mw=11.0, max_e_mwh=0.05)
    assert net.load.in_service.sum() == len(net.load) - 2


def _through_json(net):
    return pp.from_json_string(pp.to_json(net))


def _through_pickle(net, tmp_path):
    pp.to_pickle(net, str(tmp_path / "net.p"))
    return pp.from_pickle(str(tmp_path / "net.p"))


def _through_excel(net, tmp_path):
    pp.to_excel(net, str(tmp_path / "net.xlsx"))
    return pp.from_excel(str(tmp_path / "net.xlsx"))


@pytest.mark.parametrize("way", ["json", "pickle", "excel", "deepcopy"])
def test_tables_survive_storage(way, tmp_path):
    net = good_net()
    evf.create_flexibility(net, "ev", 0, "up")
    stored = {
        "json": lambda: _through_json(net),
        "pickle": lambda: _through_pickle(net, tmp_path),
        "excel": lambda: _through_excel(net, tmp_path),
        "deepcopy": lambda: copy.deepcopy(net),
    }[way]()
    for table in ("ev", "ev_session", "flexibility"):
        strict = way not in ("excel",)  # Excel cells know neither int nor object
        pd.testing.assert_frame_equal(stored[table], net[table], check_dtype=strict)
    assert check_tables(stored) == []


def test_the_documentation_shows_every_column():
    text = (Path(__file__).parents[2] / "docs" / "tables.md").read_text()
    for schema in TABLES.values():
        assert schema.markdown() in text
