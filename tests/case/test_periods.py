"""Labels of profiles' rows are read as time or refused, and never counted as rows where they are times."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandapower.networks as nw
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.case.profiles import read_profiles

NET = nw.create_kerber_landnetz_freileitung_1()
HOURS = pd.date_range("2024-05-13", periods=24, freq="h")


def horizon(index, **arguments):
    return read_profiles(NET, {("load", "p_mw"): pd.DataFrame({3: 0.001}, index=index)}, **arguments).horizon


DATES = {
    "timestamps": HOURS,
    "timestamps in microseconds": HOURS.as_unit("us"),
    "text": HOURS.astype(str),
    "text of a day above 12": HOURS.strftime("%d.%m.%Y %H:%M"),
    "text with AM and PM": HOURS.strftime("%m/%d/%Y %I:%M %p"),
    "text as categories": pd.CategoricalIndex(HOURS.astype(str)),
    "periods": HOURS.to_period("h"),
    "periods as objects": pd.Index(list(HOURS.to_period("h")), dtype=object),
    "datetimes": pd.Index([time.to_pydatetime() for time in HOURS], dtype=object),
    "datetime64": HOURS.to_numpy(),
}


@pytest.mark.parametrize("what", DATES)
def test_dates_of_any_kind_give_the_period_and_the_labels(what):
    read = horizon(DATES[what])
    assert (read.period_h, read.start_h, read.n_periods) == (1.0, 0.0, 24)
    assert read.time.equals(HOURS)


CLOCKS = {
    "HH:MM": HOURS.strftime("%H:%M"),
    "H.MM": [f"{hour}.00" for hour in range(24)],
    "HH:MM:SS": HOURS.strftime("%H:%M:%S"),
    "AM and PM": HOURS.strftime("%I:%M %p"),
    "times": pd.Index(list(HOURS.time), dtype=object),
    "steps": pd.timedelta_range("0h", periods=24, freq="h"),
    "steps as objects": pd.Index([dt.timedelta(hours=hour) for hour in range(24)], dtype=object),
}


@pytest.mark.parametrize("what", CLOCKS)
def test_times_of_a_day_and_steps_give_the_period_and_take_dates_from_start(what):
    read = horizon(CLOCKS[what])
    assert (read.period_h, read.time, read.n_periods) == (1.0, None, 24)
    assert horizon(CLOCKS[what], start="2024-05-13").time.equals(HOURS)


def test_times_of_a_day_may_go_past_midnight():
    clock = [f"{(12 + quarter // 4) % 24:02d}:{15 * (quarter % 4):02d}" for quarter in range(96)]
    read = horizon(clock)
    assert (read.period_h, read.start_h) == (0.25, 12.0)


@pytest.mark.parametrize(("n", "period_h"), [(96, 0.25), (24, 1.0)])
def test_rows_of_a_day_without_times_are_recognised_with_a_warning(n, period_h, caplog):
    for index in (range(n), range(500, 500 + n), range(0, 4 * n, 4)):
        caplog.clear()
        assert horizon(index).period_h == period_h
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert f"{n} rows without times" in caplog.text


@pytest.mark.parametrize("n", [1, 8, 23, 48, 95, 192])
def test_other_numbers_of_rows_without_times_need_the_length_of_a_period(n, caplog):
    with pytest.raises(evf.InvalidInputError, match=rf"{n} rows do not tell how long a period is; give period_h="):
        horizon(range(n))
    assert horizon(range(n), period_h=0.5).period_h == 0.5
    assert not caplog.records


def test_periods_without_profiles_are_quarter_hours():
    assert read_profiles(NET, None, n_periods=7).horizon.period_h == 0.25


def test_text_with_offsets_of_two_seasons_keeps_the_clock_of_its_first_row():
    times = pd.date_range("2024-10-26 12:00", periods=24, freq="h", tz="Europe/Berlin")
    read = horizon(times.astype(str))
    assert (read.period_h, read.start_h) == (1.0, 12.0)
    assert (read.time == times).all()


def test_a_start_counts_elapsed_hours_and_must_be_that_of_the_profiles():
    read = horizon(range(24), start=pd.Timestamp("2024-03-30 12:00", tz="Europe/Berlin"))
    assert read.time[-1] == pd.Timestamp("2024-03-31 12:00", tz="Europe/Berlin")
    assert horizon(HOURS, start="13.05.2024").time.equals(HOURS)
    for index, start in ((HOURS, "2024-05-14"), (HOURS.strftime("%H:%M"), "2024-05-13 12:00")):
        with pytest.raises(evf.InvalidInputError, match="is not where the profiles begin"):
            horizon(index, start=start)


def test_frames_of_one_run_tell_the_same_period():
    frames = {
        "load.p_mw": pd.DataFrame({3: np.zeros(24)}, index=HOURS.strftime("%H:%M")),
        "load.q_mvar": pd.DataFrame({3: np.zeros(24)}, index=HOURS),
        "sgen.p_mw": pd.DataFrame(),
    }
    assert read_profiles(NET, frames).horizon.time.equals(HOURS)
    frames["load.p_mw"].index = pd.timedelta_range(0, periods=24, freq="15min")
    with pytest.raises(evf.InvalidInputError, match="those of the index of load.p_mw, from 0 h on") as error:
        read_profiles(NET, frames)
    assert [fault.column for fault in error.value.faults] == ["index of load.q_mvar"]


NO_COUNTS = {
    "shuffled": ([0, 2, 1, 3], (2,), "1 after 2 does not count rows in steps of 2"),
    "repeated": ([0, 1, 1, 2], (2,), "1 after 1"),
    "repeated from the first": ([5, 5, 5, 5], (1,), "5 after 5 does not count rows upwards"),
    "uneven": ([0, 1, 2, 4], (3,), "4 after 2 does not count rows in steps of 1"),
    "downwards": ([3, 2, 1, 0], (1,), "2 after 3"),
    "truth values": ([True, False, True, False], (), "True does not count rows"),
    "shuffled floats": ([0.0, 2.0, 1.0, 3.0], (2,), "1 after 2"),
    "fractions": ([0.0, 0.25, 0.5, 0.75], (), "does not count rows"),
    "a gap": ([0.0, 1.0, np.nan, 3.0], (), "does not count rows"),
}


@pytest.mark.parametrize("what", NO_COUNTS)
def test_numbers_that_do_not_count_rows_evenly_upwards_are_refused_with_the_label(what):
    index, rows, says = NO_COUNTS[what]
    frame = pd.DataFrame({3: 0.001}, index=index)
    with pytest.raises(evf.InvalidInputError, match="count them with reset_index") as error:
        read_profiles(NET, {"load.p_mw": frame.reset_index(drop=True), "load.q_mvar": frame}, period_h=0.25)
    (fault,) = error.value.faults
    assert (fault.column, fault.rows) == ("index of load.q_mvar", rows)
    assert says in str(fault)


def test_numbers_that_count_rows_in_even_steps_are_rows():
    for index in (range(4), range(7, 11), [0, 4, 8, 12], [5.0, 6.0, 7.0, 8.0]):
        assert horizon(index, period_h=0.25).n_periods == 4


@pytest.mark.parametrize(("n", "step"), [(24, 15), (24, 30), (24, 900), (96, 60), (96, 3600)])
def test_labels_that_count_other_minutes_or_seconds_than_those_of_a_day_need_the_length_of_a_period(n, step):
    with pytest.raises(evf.InvalidInputError, match="give period_h="):
        horizon(range(0, n * step, step))
    assert horizon(range(0, n * step, step), period_h=0.25).period_h == 0.25


ENDS = {
    "HH:MM": [f"{q // 4:02d}:{15 * (q % 4):02d}" for q in [*range(1, 96), 0]],
    "dates": pd.date_range("2024-05-13 00:15", periods=96, freq="15min"),
    "text of dates": pd.date_range("2024-05-13 00:15", periods=96, freq="15min").strftime("%d.%m.%Y %H:%M"),
    "a week of hours": pd.date_range("2024-05-13 01:00", periods=168, freq="h"),
    "a day of 23 hours": pd.date_range("2024-03-31 01:00", periods=23, freq="h", tz="Europe/Berlin"),
}


@pytest.mark.parametrize("what", ENDS)
def test_whole_days_that_begin_one_period_after_midnight_are_asked_for(what):
    with pytest.raises(
        evf.InvalidInputError, match=r"may be the ends of periods; label each row by the start"
    ) as error:
        horizon(ENDS[what])
    assert len(error.value.faults) == 1


def test_a_start_says_that_labels_are_starts_of_periods():
    read = horizon(ENDS["dates"], start="2024-05-13 00:15")
    assert read.time.equals(ENDS["dates"])
    assert horizon(ENDS["HH:MM"], start="2024-05-13 00:15").time.equals(ENDS["dates"])


STARTS = {
    "a part of a day": pd.date_range("2024-05-13 00:15", periods=20, freq="15min"),
    "from noon on": pd.date_range("2024-05-13 12:00", periods=2, freq="12h"),
    "a day from a quarter past noon": pd.date_range("2024-05-13 12:15", periods=96, freq="15min"),
    "periods": pd.date_range("2024-05-13 00:15", periods=96, freq="15min").to_period("15min"),
}


@pytest.mark.parametrize("what", STARTS)
def test_other_days_are_read_as_they_are(what):
    first = pd.PeriodIndex(STARTS[what]).to_timestamp()[0] if what == "periods" else STARTS[what][0]
    assert horizon(STARTS[what]).time[0] == first


def test_text_of_labels_and_of_the_start_is_in_one_order_of_day_and_month():
    labels = [f"05/09/2024 {hour}:00" for hour in range(23)]
    with pytest.raises(evf.InvalidInputError, match="dayfirst=True"):
        horizon(labels)
    with pytest.raises(evf.InvalidInputError, match="is not where the profiles begin, 2024-09-05"):
        horizon(labels, start="13/09/2024 00:00")
    other = pd.date_range("2024-09-13", periods=24, freq="h").strftime("%d/%m/%Y %H:%M")
    with pytest.raises(evf.InvalidInputError, match="is not where the profiles begin, 2024-09-13"):
        horizon(other, start="05/09/2024")
