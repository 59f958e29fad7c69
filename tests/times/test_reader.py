"""Text is read in one order of day and month for all of a call, or refused; the right times are written out by hand."""

from __future__ import annotations

import datetime as dt
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pandapower_evflex as evf
from pandapower_evflex.times.reader import read_times
from tests.examples import examples
from tests.tables.bad import good_net

FIFTH = pd.Timestamp("2017-09-05")
NBSP = "\u00a0"

#: what files write for 18:00 on 5 September 2017 where order and zone are known from the text itself
SIX_O_CLOCK = [
    "2017-09-05 18:00", "2017-09-05T18:00:00", "2017-09-05T18", "2017-9-5 18:00", "2017/09/05 18:00:00.000",
    "2017.09.05 18:00", "2017. 9. 5. 18:00", "20170905T1800", "20170905T180000", "20170905 1800", "201709051800",
    "20170905180000", "2017-09-05 6:00 PM", "2017-09-05 06:00:00 p.m.", "  2017-09-05   18:00 ",
    f"2017-09-05{NBSP}18:00{NBSP}", "\ufeff2017-09-05 18:00", '"2017-09-05 18:00"', "2017-09-05 18.00",
    "05-SEP-17 06.00.00.000000 PM", "5 Sep 2017 18:00", "Sep 5, 2017 6 PM", "September 5th, 2017 6:00 pm",
    "Tuesday, September 5, 2017 6:00:00 PM", "Tue, 05 Sep 2017 18:00:00", "2017-Sep-05 18:00",
    "5. September 2017, 18:00 Uhr", "Di., 5. Sept. 2017 um 18 Uhr", "05 sept. 2017 à 18h00",
    "mardi 5 septembre 2017 18 h 00",
    "5. sep. 2017 kl. 18.00", "tirsdag 5. september 2017 18:00", "5 de septiembre de 2017 18:00",
    dt.datetime(2017, 9, 5, 18), np.datetime64("2017-09-05T18:00"), pd.Timestamp("2017-09-05 18:00"),
    pd.Period("2017-09-05 18:00", freq="h"),
]  # fmt: skip

#: the same in the order that dayfirst names
ORDERED = {
    True: ["05.09.2017 18:00", "5.9.2017 18.00", "05/09/2017 6:00 PM", "5-9-2017 18:00:00", "05.09.17 18:00",
           "5. 9. 2017 18:00", "Di. 05.09.2017, 18:00", "05/09/2017 18h00", "05.09.2017 - 18:00"],
    False: ["09/05/2017 18:00", "9/5/2017 6:00:00 PM", "09-05-2017 18:00", "9/5/17 18:00", "09.05.2017 18:00"],
}  # fmt: skip

#: the same instant with a zone
ZONED = [
    "2017-09-05T16:00:00Z", "2017-09-05 16:00 UTC", "2017-09-05T18:00:00+02:00", "2017-09-05 18:00:00.0000000 +0200",
    "2017-09-05T18:00+02:00[Europe/Berlin]", "Tue, 05 Sep 2017 16:00:00 GMT", "2017-09-05 18:00 CEST",
    "Tue Sep 05 2017 18:00:00 GMT+0200 (Central European Summer Time)", "2017-09-05 09:00 PDT", "20170905T160000Z",
    pd.Timestamp("2017-09-05 18:00", tz="Europe/Berlin"), dt.datetime(2017, 9, 5, 16, tzinfo=dt.timezone.utc),
]  # fmt: skip


@pytest.mark.parametrize("written", SIX_O_CLOCK, ids=str)
def test_what_can_be_read_in_one_way_is_read(written):
    assert evf.hours_since([written], FIFTH).tolist() == [18.0]


@pytest.mark.parametrize(("dayfirst", "written"), [(order, text) for order in ORDERED for text in ORDERED[order]])
def test_the_order_of_day_and_month_is_refused_where_nothing_tells_and_read_where_dayfirst_does(dayfirst, written):
    with pytest.raises(evf.InvalidInputError, match="give dayfirst=True or dayfirst=False") as error:
        evf.hours_since([None, written], FIFTH)
    assert [fault.rows for fault in error.value.faults] == [(1,)]
    assert evf.hours_since([written], FIFTH, dayfirst=dayfirst).tolist() == [18.0]


@pytest.mark.parametrize("written", ZONED, ids=str)
def test_offsets_and_zones_are_instants(written):
    assert evf.hours_since([written], "2017-09-05T00:00Z").tolist() == [16.0]


def test_a_first_number_above_12_in_any_row_decides_for_all():
    assert evf.hours_since(["01/02/2024 08:00", "13/02/2024 08:00"], "2024-02-01").tolist() == [8.0, 296.0]
    assert evf.hours_since(["02/01/2024 08:00", "02/13/2024 08:00"], "2024-02-01").tolist() == [8.0, 296.0]
    assert evf.hours_since(["01.02.2024 08:00", "2024-02-13 08:00"], "13-02-2024").tolist() == [-280.0, 8.0]


def test_equal_numbers_need_no_order():
    assert evf.hours_since(["01/01/2024", "05.05.2024"], "2024-01-01").tolist() == [0.0, 3000.0]


@examples(few=15, many=200)
@given(
    st.lists(st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31)), min_size=1, max_size=6),
    st.booleans(),
    st.sampled_from("/.-"),
    st.randoms(),
)
def test_dates_are_never_read_in_an_order_in_which_they_were_not_written(dates, day_first, separator, random):
    """Whatever the order of the rows; what nothing tells is refused."""
    random.shuffle(dates)
    form = "%d-%m-%Y %H:%M" if day_first else "%m-%d-%Y %H:%M"
    text = [date.strftime(form).replace("-", separator) for date in dates]
    expected = [(date - dt.date(2000, 1, 1)).days * 24.0 for date in dates]
    assert evf.hours_since(text, "2000-01-01", dayfirst=day_first).tolist() == expected
    try:
        assert evf.hours_since(text, "2000-01-01").tolist() == expected
    except evf.InvalidInputError:
        assert all(date.day <= 12 for date in dates) and any(date.day != date.month for date in dates)
    else:
        assert any(date.day > 12 for date in dates) or all(date.day == date.month for date in dates)


def test_columns_of_one_call_decide_together():
    read = read_times({"in": ["05.09.2017 18:00"], "out": ["13.09.2017 07:00"]}, table="t")
    assert read["in"].index[0] == pd.Timestamp("2017-09-05 18:00")


def test_sessions_of_evs_pool_arrival_departure_and_start():
    net = good_net()
    times = ("05.09.2017 18:00", "06.09.2017 07:00")
    with pytest.raises(evf.InvalidInputError, match="dayfirst="):
        evf.create_ev_session(net, 0, *times, e_arrival_mwh=0.02, start="05.09.2017 12:00")
    row = evf.create_ev_session(net, 0, *times, e_arrival_mwh=0.02, start="05.09.2017 12:00", dayfirst=True)
    assert net.ev_session.loc[row, ["arrival_h", "departure_h"]].tolist() == [6.0, 19.0]
    row = evf.create_ev_session(net, 1, "05.09.2017 18:00", "13.09.2017 07:00", e_arrival_mwh=0.02, start="2017-09-05")
    assert net.ev_session.loc[row, ["arrival_h", "departure_h"]].tolist() == [18.0, 199.0]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_all_reports_written_day_first_are_used_whatever_their_order(order):
    days = ["01.09.2017", "05.09.2017", "13.09.2017", "20.09.2017"]
    reports = pd.DataFrame(
        {
            "user": "a",
            "plug_in": [f"{d} 18:00" for d in days],
            "plug_out": [f"{d} 22.00" for d in days],
            "energy_kwh": 9.0,
        }
    ).iloc[list(order)]
    sessions, report = evf.mobility.sessions_from_reports(reports, "2017-09-01", 24.0 * 30)
    assert report["kept"] == 4
    assert sessions["arrival_h"].tolist() == [18.0, 114.0, 306.0, 474.0]
    assert (sessions["departure_h"] - sessions["arrival_h"]).tolist() == [4.0] * 4
    rates = evf.cpo_rates_from_sessions(
        reports.assign(evse="a", arrival=reports["plug_in"], departure=reports["plug_out"], charging_end=None),
        1, period_h=1, days="all",
    )  # fmt: skip
    assert rates.report["used"] == 4 and rates.occupancy_rate[18:22].tolist() == [0.2] * 4


PLACEHOLDERS = [
    "", " ", "-", "--", "NULL", "null", "n/a", "N/A", "#N/A", "NaN", "NaT", "None", "0001-01-01T00:00:00", "01.01.0001",
    "1/1/0001 12:00:00 AM", "9999-12-31 23:59:59", "31.12.9999", "12/31/9999 11:59:59 PM", "0000-00-00 00:00:00",
    None, np.nan, pd.NaT, pd.NA, dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31), np.datetime64("9999-12-31"),
]  # fmt: skip


@pytest.mark.parametrize("nothing", PLACEHOLDERS, ids=repr)
def test_what_stands_for_no_time_costs_its_row_only(nothing):
    out = ["2024-05-14 20:00", nothing]
    hours = evf.hours_since(out, "2024-05-14")
    assert hours[0] == 20.0 and np.isnan(hours[1])
    reports = pd.DataFrame({"user": ["a", "b"], "plug_in": "2024-05-14 18:00", "plug_out": out, "energy_kwh": 5.0})
    sessions, report = evf.mobility.sessions_from_reports(reports, "2024-05-14", 24.0)
    assert sessions["user"].tolist() == ["a"] and report["no plug-out"] == 1
    stays = reports.rename(columns={"user": "evse", "plug_in": "arrival", "plug_out": "departure"})
    rates = evf.cpo_rates_from_sessions(stays.assign(charging_end=None), 2)
    assert rates.report["no departure"] == 1 and rates.report["used"] == 1


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_dates_beyond_nanoseconds_are_no_times_whatever_the_unit_of_the_column(unit):
    times = pd.Series(["2024-05-14 18:00", "9999-12-31" if unit != "ns" else None]).astype(f"datetime64[{unit}]")
    hours = evf.hours_since(times, "2024-05-14")
    assert hours[0] == 18.0 and np.isnan(hours[1])


@pytest.mark.parametrize("none", ["1970-01-01", "1970-01-01 01:00:00", "1900-01-01 00:00", "30.12.1899"])
def test_dates_that_databases_write_for_none_do_not_make_a_stay_of_a_century(none):
    table = pd.DataFrame({"arrival": ["2024-05-14 08:00", none], "departure": "2024-05-14 12:00", "evse": "a"})
    rates = evf.cpo_rates_from_sessions(table.assign(charging_end=None), 1)
    assert rates.report[["no arrival", "days"]].tolist() == [1, 1]


def test_a_cell_that_is_not_understood_costs_its_row_and_is_told(caplog):
    reports = pd.DataFrame(
        {
            "user": ["a", "b", "c"],
            "plug_in": "2024-05-14 18:00",
            "plug_out": ["2024-05-14 20:00", "still in", "31.02.2024"],
        }
    ).assign(energy_kwh=5.0)
    sessions, report = evf.mobility.sessions_from_reports(reports, "2024-05-14", 24.0)
    assert report[["no plug-out", "unreadable times", "kept"]].tolist() == [2, 2, 1]
    assert "plug_out of rows 1, 2: no time is understood" in caplog.text


def test_a_midnight_written_as_24_is_that_of_the_next_day():
    assert evf.hours_since("2017-09-05 24:00", FIFTH).tolist() == [24.0]


def test_reading_warns_of_nothing_and_changes_nothing():
    cells = pd.Series(["13/02/2024 08:00", "2024-02-14", None, dt.date(2024, 2, 15)], index=[3, 3, 5, 7])
    before = cells.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert evf.hours_since(cells, "2024-02-13")[[0, 1, 3]].tolist() == [8.0, 24.0, 48.0]
    pd.testing.assert_series_equal(cells, before)


#: 5, 13 and 20 September 2017 written day first, as a spreadsheet that reads month first leaves them
HALF_CONVERTED = [dt.datetime(2017, 5, 9, 18), "13/09/2017 18:00", "20/09/2017 18:00"]


@pytest.mark.parametrize("dayfirst", [None, True])
@pytest.mark.parametrize("as_time", [pd.Timestamp, lambda cell: cell, np.datetime64, lambda cell: cell.date()])
def test_timestamps_that_a_spreadsheet_may_have_swapped_are_refused_with_their_rows(as_time, dayfirst):
    cells = pd.Series([None, as_time(HALF_CONVERTED[0]), *HALF_CONVERTED[1:]], dtype=object)
    with pytest.raises(evf.InvalidInputError, match="stands beside the text '13/09/2017 18:00'") as error:
        evf.hours_since(cells, FIFTH, dayfirst=dayfirst)
    (fault,) = error.value.faults
    assert fault.rows == (1,) and "as text from the original file" in fault.remedy


def test_timestamps_of_another_column_or_of_a_day_above_12_are_not_swapped():
    assert evf.hours_since(HALF_CONVERTED[1:], dt.datetime(2017, 9, 5)).tolist() == [210.0, 378.0]
    assert evf.hours_since([*HALF_CONVERTED[1:], dt.datetime(2017, 9, 21)], FIFTH)[2] == 384.0


def test_half_converted_dates_beside_a_column_of_clock_times_are_refused():
    table = pd.DataFrame(
        {"date": pd.Series([dt.datetime(2017, 5, 9), "13/09/2017"], dtype=object), "clock": ["18:00", "19:00"],
         "plug_out": "2017-09-21", "user": ["a", "b"], "energy_kwh": 9.0}
    )  # fmt: skip
    with pytest.raises(evf.InvalidInputError, match="reports.plug_in of row 0: .*swapped"):
        evf.mobility.sessions_from_reports(table, FIFTH, 1e3, columns={"plug_in": ["date", "clock"]})
