"""Hours are elapsed time, whatever the clocks show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pandapower_evflex as evf
from tests.tables.bad import good_net


def test_elapsed_hours_respect_daylight_saving():
    assert evf.hours_since(["2024-03-31 12:00"], "2024-03-30 12:00", "Europe/Berlin").tolist() == [23.0]
    assert evf.hours_since(["2024-10-27 12:00"], "2024-10-26 12:00", "Europe/Berlin").tolist() == [25.0]
    assert evf.hours_since(["2024-10-27 12:00"], "2024-10-26 12:00").tolist() == [24.0]


def test_a_time_that_occurs_twice_is_the_first_and_one_that_never_occurs_the_next():
    assert evf.hours_since("2024-10-27 02:30", "2024-10-27 00:00", "Europe/Berlin").tolist() == [2.5]
    assert evf.hours_since("2024-03-31 02:30", "2024-03-31 00:00", "Europe/Berlin").tolist() == [2.0]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=5), st.sampled_from([None, "UTC", "Europe/Berlin"]))
def test_hours_since_inverts_adding_hours(hours, zone):
    start = pd.Timestamp("2024-03-30 12:00", tz=zone)
    times = [start + pd.Timedelta(hours=h) for h in hours]
    assert np.allclose(evf.hours_since(times, start), hours, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 9000), min_size=1, max_size=5))
def test_the_zone_of_naive_times_is_the_argument(hours):
    start = pd.Timestamp("2024-01-01", tz="Europe/Berlin")
    times = pd.DatetimeIndex([start + pd.Timedelta(hours=h) for h in hours]).tz_localize(None)
    naive = times[(times.month != 10) | (times.hour != 2)]  # these hours of October occur twice
    expected = evf.hours_since(naive.tz_localize("Europe/Berlin"), start)
    assert np.allclose(evf.hours_since(naive, start.tz_localize(None), "Europe/Berlin"), expected)


def test_offsets_may_differ_from_row_to_row():
    times = ["2024-10-27T02:30+02:00", None, "2024-10-27T02:30+01:00"]
    hours = evf.hours_since(times, "2024-10-27T00:00+02:00")
    assert hours[[0, 2]].tolist() == [2.5, 3.5]
    assert np.isnan(hours[1])


def test_any_container_of_times_is_read():
    times = pd.date_range("2024-05-14 13:00", periods=3, freq="h")
    for container in (times, times.to_series(index=[5, 6, 7]), times.to_numpy(), list(times), times.astype(str)):
        assert evf.hours_since(container, "2024-05-14 12:00").tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("arguments", "column", "rows", "problem"),
    [
        ((["2024-01-01T00:00Z"], "2024-01-01"), "start", (), "have no time zone"),
        ((["2024-01-01"], "2024-01-01T00:00Z"), "timestamps", (), "have no time zone"),
        ((["2024-01-01T00:00Z", "2024-01-02"], "2024-01-01T00:00Z"), "timestamps", (1,), "has no time zone"),
        ((["2024-01-01", "soon"], "2024-01-01"), "timestamps", (1,), "is not a timestamp"),
        (([17.5], "2024-01-01"), "timestamps", (0,), "is a number, not a timestamp"),
        ((["2024-01-01"], None), "start", (), "is not a timestamp"),
        ((["2024-01-01"], ["2024-01-01", "2024-01-02"]), "start", (), "are not one timestamp"),
        ((["2024-01-01"], []), "start", (), "are not one timestamp"),
        (([10**400], "2024-01-01"), "timestamps", (0,), "is a number, not a timestamp"),
        ((["2024-01-01"], "2024-01-01", "Middle Earth"), "timezone", (), "is not a time zone"),
    ],
)
def test_what_is_no_time_is_refused(arguments, column, rows, problem):
    with pytest.raises(evf.InvalidInputError) as error:
        evf.hours_since(*arguments)
    fault = error.value.faults[0]
    assert (fault.table, fault.column, fault.rows) == ("hours_since", column, rows)
    assert problem in fault.problem and fault.remedy


def test_digits_of_other_scripts_are_read():
    assert evf.hours_since(["٢٠٢٤-٠٢-٠١ ٠٨:٠٠", "13/02/2024 08:00"], "2024-02-01").tolist() == [8.0, 296.0]


def test_sessions_take_timestamps_and_hours_side_by_side():
    net = good_net()
    start = pd.Timestamp("2024-05-14 12:00")
    arrival = [pd.Timestamp("2024-05-14 17:30"), 5.5]
    rows = evf.create_ev_sessions(net, [0, 1], arrival, "2024-05-15 07:00", e_arrival_mwh=0.02, start=start)
    assert net.ev_session.loc[rows, "arrival_h"].tolist() == [5.5, 5.5]
    assert net.ev_session.loc[rows, "departure_h"].tolist() == [19.0, 19.0]


def test_a_start_with_a_time_zone_counts_elapsed_hours():
    net = good_net()
    start = pd.Timestamp("2024-10-26 12:00", tz="Europe/Berlin")
    times = [start + pd.Timedelta(hours=5), pd.Timestamp("2024-10-27 12:00", tz="Europe/Berlin")]
    row = evf.create_ev_session(net, 0, *times, e_arrival_mwh=0.02, start=start)
    assert net.ev_session.loc[row, ["arrival_h", "departure_h"]].tolist() == [5.0, 25.0]
