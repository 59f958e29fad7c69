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
    with pytest.raises(evf.InvalidInputError, match="differ between frames"):
        read_profiles(NET, frames)
