"""Durations, and dates beside times of day, tell the same stays as two times do."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.times.durations import duration_hours

ARRIVAL = pd.Series(["13.05.2024 08:00", "14.05.2024 09:30"])
#: three hours and ten minutes, and one day and two hours
DURATIONS = {
    "hh:mm:ss": ["03:10:00", "26:00:00"],
    "with days": ["3:10:00", "1 day, 2:00:00"],
    "of pandas as text": ["0 days 03:10:00", "1 days 02:00:00"],
    "of .NET": ["03:10:00", "1.02:00:00"],
    "Timedelta": pd.to_timedelta(["190 min", "26 h"]),
    "timedelta": pd.Series([dt.timedelta(minutes=190), dt.timedelta(hours=26)], dtype=object),
    "duration_h": [190 / 60, 26.0],
    "connected (min)": [190, 1560],
    "Dauer [s]": [11400, 93600],
    "stay hh:mm": ["3:10", "26:00"],
}


@pytest.mark.parametrize("heading", DURATIONS)
def test_a_duration_tells_the_plug_out(heading):
    table = pd.DataFrame({"user": ["a", "b"], "plug_in": ARRIVAL, heading: DURATIONS[heading], "energy_kwh": 9.0})
    sessions, _ = evf.mobility.sessions_from_reports(table, "2024-05-13", 72.0, columns={"duration": heading})
    assert (sessions["departure_h"] - sessions["arrival_h"]).tolist() == pytest.approx([190 / 60, 26.0])


@pytest.mark.parametrize("heading", DURATIONS)
def test_a_duration_beside_a_departure_is_that_of_the_charging(heading):
    table = pd.DataFrame(
        {"evse": ["a", "b"], "arrival": ARRIVAL, "departure": "2024-05-16 08:00", heading: DURATIONS[heading]}
    )
    named = evf.cpo_rates_from_sessions(table, 2, columns={"duration": heading}, days="all")
    end = ["2024-05-13 11:10", "2024-05-15 11:30"]
    expected = evf.cpo_rates_from_sessions(table.assign(charging_end=end), 2, days="all")
    np.testing.assert_array_equal(named.lattices, expected.lattices)


def test_a_duration_without_a_departure_is_that_of_the_stay():
    table = pd.DataFrame(
        {"evse": ["a"], "arrival": ARRIVAL[:1], "t": ["03:00:00"], "charging_end": ["2024-05-13 09:00"]}
    )
    rates = evf.cpo_rates_from_sessions(table, 1, period_h=1, columns={"duration": "t"})
    assert "".join(map(str, rates.lattices[0, 0]))[7:13] == "012200"


@pytest.mark.parametrize(
    "cells",
    [[3.2, 26.0], ["3:10", "26:00"], ["13,2", "1,5"], ["long", "short"], [True, False], ["-3:10:00", "03:10:00"]],
    ids=str,
)
def test_what_is_no_duration_in_one_way_is_refused(cells):
    with pytest.raises(evf.InvalidInputError, match="is not a duration; give hh:mm:ss") as error:
        duration_hours("reports", "duration", pd.Series(cells, name="connection_time"))
    assert error.value.faults[0].rows[0] == 0


def test_a_missing_duration_costs_its_row_only():
    cells = pd.Series(["03:00:00", "-", None, "n/a"], name="x")
    np.testing.assert_array_equal(duration_hours("t", "d", cells), [3.0, np.nan, np.nan, np.nan])


@pytest.mark.parametrize("end", ["03:10:00", "18:00", "6:00 PM", dt.time(18), pd.Timedelta("3h")], ids=str)
def test_a_time_without_a_date_is_refused_with_what_to_say(end):
    table = pd.DataFrame({"evse": ["a"], "arrival": ["2024-05-14 08:00"], "departure": ["2024-05-14 18:00"]})
    with pytest.raises(evf.InvalidInputError, match="without a date; .*duration") as error:
        evf.cpo_rates_from_sessions(table.assign(charging_end=pd.Series([end], dtype=object)), 1)
    assert (error.value.faults[0].column, error.value.faults[0].rows) == ("charging_end", (0,))


TWO_COLUMNS = {
    "text": (["13.05.2024", "05.06.2024"], ["08:00", "18.30"]),
    "text with AM and PM": (["5/13/2024", "6/5/2024"], ["8:00 AM", "6:30 PM"]),
    "dates and times": ([dt.date(2024, 5, 13), dt.date(2024, 6, 5)], [dt.time(8), dt.time(18, 30)]),
    "timestamps and steps": (pd.to_datetime(["2024-05-13", "2024-06-05"]), pd.to_timedelta(["8h", "18h 30min"])),
    "of a database": (["2024-05-13 00:00:00", "2024-06-05 00:00:00"], ["1899-12-30 08:00:00", "1899-12-30 18:30:00"]),
}


@pytest.mark.parametrize("what", TWO_COLUMNS)
def test_a_date_and_a_time_of_day_are_one_time(what):
    date, clock = TWO_COLUMNS[what]
    table = pd.DataFrame(
        {"date": date, "time": clock, "out": "2024-06-06 08:00", "user": ["a", "b"], "energy_kwh": 9.0}
    )
    columns = {"plug_in": ["date", "time"], "plug_out": "out"}
    sessions, _ = evf.mobility.sessions_from_reports(table, "2024-05-13", 1000.0, columns=columns)
    assert sessions["arrival_h"].tolist() == [8.0, 570.5]


@pytest.mark.parametrize(
    "cells", [(["13.05.2024", None], ["08:00", "09:00"]), (["13.05.2024", "14.05.2024"], ["8:00", "-"])]
)
def test_half_a_time_is_no_time(cells):
    table = pd.DataFrame(
        {"date": cells[0], "time": cells[1], "out": "2024-05-16", "user": ["a", "b"], "energy_kwh": 9.0}
    )
    columns = {"plug_in": ["date", "time"], "plug_out": "out"}
    sessions, report = evf.mobility.sessions_from_reports(table, "2024-05-13", 1000.0, columns=columns)
    assert sessions["user"].tolist() == ["a"] and report["no plug-out"] == 1


def test_epochs_and_dates_of_databases_in_acn_files_are_instants(tmp_path):
    import json

    instant = 1_546_437_651
    forms = [instant, instant * 1000, {"$date": "2019-01-02T14:00:51Z"}, {"$date": instant * 1000},
             {"$date": {"$numberLong": str(instant * 1000)}}, "Wed, 02 Jan 2019 14:00:51 GMT",
             "2019-01-02T14:00:51+00:00"]  # fmt: skip
    leave = "Thu, 03 Jan 2019 01:19:57 GMT"
    items = [{"stationID": str(n), "connectionTime": form, "disconnectTime": leave, "kWhDelivered": 9.0}
             for n, form in enumerate(forms)]  # fmt: skip
    path = tmp_path / "acn.json"
    path.write_text(json.dumps(items), encoding="utf-8")
    arrivals = evf.mobility.read_acn_sessions(path)["arrival"]
    assert (arrivals == pd.Timestamp("2019-01-02 14:00:51", tz="UTC")).all()


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300, 1e7, 10**400, "99999999999:00:00"])
def test_more_than_a_century_is_not_a_duration(value):
    cells = pd.Series([3.0, value], name="stay_h", dtype=object)
    with pytest.raises(evf.InvalidInputError, match="is not a duration") as error:
        duration_hours("sessions", "duration", cells)
    assert error.value.faults[0].rows == (1,)
