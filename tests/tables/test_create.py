"""Rows get what was given, else the std type, else the default; plural equals singular in a loop."""

from __future__ import annotations

import copy
import logging
import warnings

import numpy as np
import pandapower.networks as nw
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pandapower_evflex as evf
from pandapower_evflex.tables.checks import TABLES, check_tables
from tests.built_once import built_once
from tests.examples import examples
from tests.tables.bad import good_net

kerber = built_once(nw.create_kerber_landnetz_freileitung_1)


@pytest.fixture(autouse=True)
def _warnings_of_pandas_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_a_net_without_our_tables_is_untouched_by_checking():
    net = kerber()
    keys = set(net)
    assert check_tables(net) == []
    assert set(net) == keys


def test_no_rows_are_an_empty_table_or_no_change():
    net = kerber()
    assert evf.create_evs(net, [], [], phases=[]).tolist() == []
    assert evf.create_ev_sessions(net, [], [], [], soc_arrival_percent=[]).tolist() == []
    assert check_tables(net) == []
    evf.create_ev(net, 5, "MG4")
    filled = net.ev.copy()
    evf.create_evs(net, [], "MG4")
    pd.testing.assert_frame_equal(net.ev, filled)
    fresh = good_net()
    assert net.ev.dtypes.equals(fresh.ev.dtypes)


def test_argument_comes_before_std_type_and_std_type_before_default():
    net = kerber()
    evf.create_ev(net, 5, "VW ID.3", phases=1, max_e_mwh=0.05)
    row = net.ev.loc[0]
    assert (row.max_p_mw, row.max_e_mwh, row.consumption_kwh_per_km) == (0.0037, 0.05, 0.166)
    assert (row.min_e_mwh, row.min_p_mw, row.efficiency_percent, row.cos_phi) == (0.0, 0.0, 100.0, 1.0)
    assert row.controllable and row.in_service and row["name"] is None


def test_rows_without_a_value_are_filled_one_by_one():
    net = kerber()
    power = pd.Series([None, 0.005, np.nan], index=[7, 8, 9], dtype=object)  # labels of a Series do not count
    evf.create_evs(
        net, [5, 6, 7], ["MG4", "MG4", "BMW i4"], phases=[1, None, 3], max_p_mw=power, cos_phi=[None, 0.9, 1]
    )
    assert net.ev.max_p_mw.tolist() == [0.0037, 0.005, 0.011]
    assert net.ev.phases.tolist() == [1, 3, 3]
    assert net.ev.cos_phi.tolist() == [1.0, 0.9, 1.0]


def test_columns_have_the_dtypes_of_their_schema():
    net = good_net()
    evf.create_flexibilities(net, "ev", [0, 1], ["up", "down"])
    evf.create_ev_session(net, 0, 4, 6, e_arrival_mwh=0, max_p_mw=0.004)
    for name in ("ev", "ev_session", "flexibility"):
        for column in TABLES[name].columns:
            if column.name in net[name]:
                assert str(net[name][column.name].dtype) == column.dtype, (name, column.name)


def test_optional_columns_appear_when_first_given():
    net = good_net()
    assert not {"max_e_mwh", "max_p_mw", "energy_mwh"} & set(net.ev_session)
    evf.create_ev_session(net, 0, 4.0, 6.0, e_arrival_mwh=0.01, max_p_mw=0.004)
    assert net.ev_session.max_p_mw.isna().tolist() == [True, True, False]
    assert not {"max_e_mwh", "energy_mwh"} & set(net.ev_session)


def test_further_keywords_become_columns_of_their_own_dtype():
    net = good_net()
    evf.create_evs(net, [5, 6], "MG4", number=[3, 4], owner="city")
    evf.create_ev(net, 5, "MG4", number=2.5)
    assert net.ev.number.dtype == float
    assert net.ev.number.tolist()[2:] == [3.0, 4.0, 2.5]
    assert net.ev.number.isna().sum() == 2
    assert net.ev.owner.tolist()[2:4] == ["city", "city"]


def test_indices_go_on_after_the_largest():
    net = kerber()
    assert evf.create_ev(net, 5, "MG4", index=7) == 7
    assert evf.create_evs(net, [5, 6], "MG4").tolist() == [8, 9]
    assert evf.create_evs(net, [5, 6], "MG4", index=[3, 20]).tolist() == [3, 20]
    assert net.ev.index.tolist() == [7, 8, 9, 3, 20]


values = st.fixed_dictionaries(
    {
        "max_p_mw": st.lists(st.one_of(st.none(), st.floats(0.003, 0.02)), min_size=3, max_size=3),
        "min_e_mwh": st.lists(st.one_of(st.none(), st.floats(0.0, 0.02)), min_size=3, max_size=3),
        "phases": st.sampled_from([1, 3]),
        "name": st.lists(st.one_of(st.none(), st.text("abc", max_size=3)), min_size=3, max_size=3),
        "controllable": st.lists(st.one_of(st.none(), st.booleans()), min_size=3, max_size=3),
        "index": st.one_of(st.none(), st.permutations([2, 5, 11])),
        "number": st.lists(st.integers(-5, 5), min_size=3, max_size=3),
    }
)
TYPES = ["MG4", None, "BMW i4"]


@examples(few=15, many=200)
@given(values)
def test_many_evs_at_once_equal_one_after_the_other(arguments):
    arguments["max_p_mw"][1] = arguments["max_p_mw"][1] or 0.011  # the middle EV has no std type
    at_once, one_by_one = kerber(), kerber()
    evf.create_evs(at_once, [5, 6, 7], TYPES, max_e_mwh=0.06, **arguments)
    for i, (bus, std_type) in enumerate(zip([5, 6, 7], TYPES, strict=True)):
        row = {k: v[i] if isinstance(v, list) else v for k, v in arguments.items()}
        evf.create_ev(one_by_one, bus, std_type, max_e_mwh=0.06, **row)
    pd.testing.assert_frame_equal(at_once.ev, one_by_one.ev)


@examples(few=15, many=200)
@given(
    soc=st.lists(st.one_of(st.none(), st.floats(1.0, 100.0)), min_size=4, max_size=4),
    need=st.lists(
        st.sampled_from(["trip_km", "e_departure_mwh", "soc_departure_percent", None]), min_size=4, max_size=4
    ),
    battery=st.lists(st.sampled_from([None, 0.05]), min_size=4, max_size=4),
)
def test_many_sessions_at_once_equal_one_after_the_other(soc, need, battery):
    amount = {"trip_km": 20.0, "e_departure_mwh": 0.04, "soc_departure_percent": 80.0}
    given_values = {"soc_arrival_percent": soc, "max_e_mwh": battery}
    given_values |= {form: [value if n == form else None for n in need] for form, value in amount.items()}
    evs, arrival, departure = [0, 1, 0, 1], [10.0, 10.0, 3.0, 12.0], [11.0, 12.0, 4.0, 13.0]
    at_once, one_by_one = good_net(), good_net()
    evf.create_ev_sessions(at_once, evs, arrival, departure, **given_values)
    for i in range(4):
        row = {key: column[i] for key, column in given_values.items()}
        evf.create_ev_session(one_by_one, evs[i], arrival[i], departure[i], **row)
    pd.testing.assert_frame_equal(at_once.ev_session, one_by_one.ev_session)
    assert check_tables(at_once) == []


def test_state_of_charge_refers_to_the_session_s_battery_where_there_is_one():
    net = good_net()
    evf.create_ev_sessions(net, [0, 1], 4.0, 6.0, soc_arrival_percent=50.0, max_e_mwh=[np.nan, 0.04])
    assert net.ev_session.e_arrival_mwh.tolist()[2:] == pytest.approx([0.03, 0.02])


def test_energy_without_an_arrival_form_counts_from_zero():
    net = good_net()
    evf.create_ev_sessions(net, [0, 1], 4.0, 6.0, energy_mwh=[0.012, np.nan], max_e_mwh=0.012)
    assert net.ev_session.e_arrival_mwh.iloc[2] == 0.0
    assert np.isnan(net.ev_session.e_arrival_mwh.iloc[3])


def test_sessions_that_touch_follow_each_other():
    net = good_net()
    evf.create_ev_sessions(net, [0, 0], [2.0, 4.0], [4.0, 6.0])
    assert check_tables(net) == []


def test_a_trip_beside_a_departure_energy_only_says_what_is_driven():
    net = good_net()
    evf.create_ev_session(net, 0, 2.0, 4.0, soc_departure_percent=100.0, trip_km=200.0)
    evf.create_ev_session(net, 0, 8.0, 9.0)
    assert net.ev_session.loc[2, ["e_departure_mwh", "trip_km"]].tolist() == [0.06, 200.0]
    assert check_tables(net) == []


def test_a_trip_longer_than_the_battery_needs_the_arrival_energy_of_the_next_session():
    net = good_net()
    evf.create_ev_session(net, 0, 2.0, 4.0, e_arrival_mwh=0.02, trip_km=900.0)
    evf.create_ev_session(net, 0, 8.0, 9.0, e_arrival_mwh=0.0)
    assert check_tables(net) == []
    with pytest.raises(evf.InvalidInputError, match="trip_km of row 4"):
        evf.create_ev_sessions(net, [0, 0], [10.0, 20.0], [11.0, 21.0], trip_km=[900.0, 0.0])


def test_the_order_of_creation_of_sessions_does_not_matter():
    net = good_net()
    evf.create_ev(net, 7, max_p_mw=0.011, max_e_mwh=0.06, consumption_kwh_per_km=0.2)
    evf.create_ev_session(net, 2, 20.0, 30.0)  # follows from the one that comes next
    assert [fault.rows for fault in check_tables(net)] == [(2,)]
    evf.create_ev_session(net, 2, 0.0, 10.0, e_arrival_mwh=0.03, trip_km=20.0)
    assert check_tables(net) == []


def test_sessions_out_of_service_may_overlap_and_need_no_energy():
    net = good_net()
    evf.create_ev_session(net, 0, 0.5, 1.5, in_service=False)
    assert check_tables(net) == []


def test_a_fault_in_another_ev_s_session_does_not_stop_a_new_one():
    net = good_net()
    net.ev_session.loc[0, "departure_h"] = -1.0
    evf.create_ev_session(net, 1, 4.0, 6.0)
    assert len(check_tables(net)) == 1


def test_offers_of_both_directions_at_once():
    net = good_net()
    rows = evf.create_flexibilities(net, "ev", [0, 0, 1], ["up", "down", "up"], weight=[1.0, None, 2.0])
    assert rows.tolist() == [0, 1, 2]
    assert net.flexibility.weight.tolist() == [1.0, 1.0, 2.0]
    assert net.flexibility.max_p_mw.isna().all()


def test_thousands_of_rows_are_checked_without_a_loop():
    import time

    net = good_net()
    n = 5000
    start = time.process_time()
    evs = evf.create_evs(net, np.resize([5, 6, 7], n), "MG4")
    evf.create_ev_sessions(net, np.repeat(evs, 2), np.tile([0.0, 24.0], n), np.tile([8.0, 30.0], n), e_arrival_mwh=0.01)
    evf.create_flexibilities(net, "ev", evs, "up")
    assert check_tables(net) == []
    assert time.process_time() - start < 20.0  # measured 0.3 s; one by one it would be a minute and more


@pytest.mark.parametrize(
    ("arrival", "start"),
    [("05.09.2017 18:00", "05.09.2017"), ("soon", "2017-09-05"), ("2017-09-05 18:00", None), ("2017-09-05", "18:00")],
)
def test_what_is_wrong_with_the_times_of_a_session_is_said_with_all_else(arrival, start):
    net = good_net()
    before = copy.deepcopy(net.ev_session)
    with pytest.raises(evf.InvalidInputError) as error:
        evf.create_ev_sessions(
            net, [0, 7], arrival, [30.0, 31.0], start=start, e_arrival_mwh=[5.0, 0.03], max_p_mw=[None, "11 kW"], trip=3
        )
    columns = [fault.column for fault in error.value.faults]
    time = "start" if start == "18:00" else "arrival_h"
    assert {time, "e_arrival_mwh", "max_p_mw", "ev", "trip"} == set(columns)
    assert "departure_h" not in columns
    pd.testing.assert_frame_equal(net.ev_session, before)


def net_of_all_tables():
    net = good_net()
    evf.create_cpo(net, 6, 10, 0.022)
    evf.create_flexibility(net, "ev", net.ev.index[0], "up")
    return net


UNUSUAL = {
    "ev": {"max_p_mw": [3.7, 7.4], "max_e_mwh": [4.0, 9.9]},
    "ev_session": {"max_p_mw": [3.7], "max_e_mwh": [6.0]},
    "cpo": {"evse_p_mw": [3.7, 7.4]},
    "flexibility": {"max_p_mw": [7.4]},
}


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [(table, column, value) for table, columns in UNUSUAL.items() for column in columns for value in columns[column]],
)
def test_kw_written_as_mw_into_a_table_are_asked_for_their_unit_by_every_run(table, column, value, caplog):
    net = net_of_all_tables()
    net[table].loc[net[table].index[-1], column] = value
    for _ in range(2):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert check_tables(net) == []
        asked = [text for text in caplog.messages if "is unusually much; is it given in MW" in text]
        assert len(asked) == 1 and asked[0].startswith(f"{table}.{column} of rows {net[table].index[-1]}: {value:g} MW")
    net[table].loc[net[table].index[-1], "in_service"] = False
    caplog.clear()
    check_tables(net)
    assert "unusually much" not in caplog.text


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [("ev", "max_p_mw", 11.0), ("ev", "max_p_mw", 22.0), ("ev", "max_e_mwh", 40.0), ("ev", "max_e_mwh", 100.0),
     ("cpo", "evse_p_mw", 11.0), ("cpo", "evse_p_mw", 150.0)],
)  # fmt: skip
def test_powers_and_batteries_that_no_vehicle_has_are_refused_by_every_run(table, column, value):
    net = net_of_all_tables()
    net[table].loc[net[table].index[-1], column] = value
    (fault,) = check_tables(net)
    assert (fault.table, fault.column) == (table, column) and "in MW" in fault.remedy and "kW" in fault.remedy


def test_a_charger_of_1_mw_for_a_lorry_is_neither_refused_nor_asked_for(caplog):
    net = net_of_all_tables()
    net.ev.loc[net.ev.index[-1], ["max_p_mw", "max_e_mwh"]] = 1.0
    net.cpo.loc[net.cpo.index[-1], "evse_p_mw"] = 1.0
    assert check_tables(net) == [] and "unusually much" not in caplog.text


def test_a_run_asks_for_the_unit_of_what_was_edited(caplog):
    net = net_of_all_tables()
    net.ev.loc[net.ev.index[-1], "max_p_mw"] = 7.4
    with caplog.at_level(logging.WARNING):
        evf.uncontrolled_charging(net, n_periods=4, period_h=1.0)
    assert "ev.max_p_mw of rows" in caplog.text and "is it given in MW?" in caplog.text
