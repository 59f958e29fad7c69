"""Times that cannot be read in one way, in arguments and in tables of sessions."""

from __future__ import annotations

import datetime as dt

import pandas as pd

import pandapower_evflex as evf
from tests.tables.bad import Bad


def since(timestamps, start="2024-02-01", **arguments):
    return lambda net: evf.hours_since(timestamps, start, **arguments)


def hours(rows, remedy, timestamps, **arguments):
    return Bad(since(timestamps, **arguments), "hours_since", "timestamps", rows, remedy)


def session(arrival, departure, **arguments):
    return lambda net: evf.create_ev_session(net, 0, arrival, departure, e_arrival_mwh=0.03, **arguments)


def reports(plug_in, plug_out, columns=None, **cells):
    table = pd.DataFrame({"user": "a", "energy_kwh": 5.0, "plug_in": plug_in, "plug_out": plug_out, **cells})
    return lambda net: evf.mobility.sessions_from_reports(table, "2024-02-01", 24.0, columns=columns)


def by_duration(heading, durations):
    table = pd.DataFrame({"user": "a", "energy_kwh": 5.0, "plug_in": "2024-02-01 08:00", heading: durations})
    columns = {"duration": heading}
    return Bad(
        lambda net: evf.mobility.sessions_from_reports(table, "2024-02-01", 24.0, columns=columns),
        "reports", "duration", (0,), "unit in the heading",
    )  # fmt: skip


def rates(**cells):
    table = {"evse": "a", "arrival": ["2024-05-14 08:00"], "departure": ["2024-05-14 17:00"], "charging_end": None}
    return lambda net: evf.cpo_rates_from_sessions(pd.DataFrame({**table, **cells}), 1)


BAD_TIMES = {
    "dates of which nothing tells the order": hours((0, 1), "dayfirst=True", ["05/09/2017", "06/09/2017"]),
    "dates with dots of which nothing tells the order": hours((0,), "dayfirst=True", ["05.09.2017 18.00"]),
    "dates in two orders": hours((2,), "in one order", ["13/02/2024", "14/02/2024", "02/13/2024"]),
    "dates in two orders, with two separators": hours((2,), "in one order", ["13.02.2024", "14-02-2024", "02/15/2024"]),
    "a date that contradicts dayfirst=True": hours((1,), "leave dayfirst=True", ["05/09/17", "9/13/17"], dayfirst=True),
    "a date that contradicts dayfirst=False": hours((0,), "dayfirst=False", ["13.09.2017"], dayfirst=False),
    "years of two digits": hours((0,), "dayfirst=", ["13.02.24"]),
    "a dayfirst that is neither": Bad(
        since(["13/02/2024"], dayfirst="yes"), "hours_since", "dayfirst", (), "True, False or None"
    ),
    "a time of day without a date": hours((1,), "give date and time", ["2024-02-01 08:00", "18:00"]),
    "a time object without a date": hours((0,), "give date and time", [dt.time(18)]),
    "a duration for a time": hours((0,), 'columns={"duration": ...}', ["03:10:00"]),
    "seconds since 1970": hours((0,), 'unit="s"', [1_706_745_600]),
    "milliseconds since 1970 as text": hours((0,), 'unit="ms"', ["1706745600000"]),
    "days of a spreadsheet": hours((0,), "1899-12-30", [45_323.75]),
    "a date as a number": hours((0,), "%Y%m%d", [20_240_201]),
    "a day that no month has": hours((0,), "a date that exists", ["31.06.2024"]),
    "a day of February that no year has": hours((0,), "a date that exists", ["2024-02-30"]),
    "a week for a day": hours((0,), "such as 2024-05-14 17:30", ["2024-W05-4"]),
    "a zone that several countries name alike": hours((0,), "17:30+02:00", ["2024-02-01 08:00 CST"]),
    "13 o'clock in the afternoon": hours((0,), "17:30", ["2024-02-01 13:00 PM"]),
    "a clock of 12 hours beside none": hours((1,), "AM or PM", ["2024-02-01 6:00 PM", "2024-02-01 7:00"]),
    "timestamps in a table": hours((), "a list or a Series", pd.DataFrame({"t": ["2024-02-01"]})),
    "a session in no certain order": Bad(
        session("05.09.2017 18:00", "06.09.2017 07:00", start="05.09.2017 12:00"),
        "ev_session", "arrival_h", (2,), "dayfirst=True",
    ),
    "a session in two orders": Bad(
        session("13.09.2017 18:00", "09/14/2017 07:00", start="2017-09-13"),
        "ev_session", "departure_h", (2,), "in one order",
    ),
    "a session by times of a day": Bad(
        session("2017-09-13 18:00", "19:30", start="2017-09-13"), "ev_session", "departure_h", (2,), "date and time"
    ),
    "reports in two orders": Bad(
        reports(["13/02/2024 08:00", "14/02/2024 08:00"], ["13/02/2024 10:00", "02/14/2024 10:00"]),
        "reports", "plug_out", (1,), "in one order",
    ),
    "reports in no certain order": Bad(
        reports(["01/02/2024 08:00"], ["01/02/2024 10:00"]), "reports", "plug_in", (0,), "dayfirst=True"
    ),
    "reports with a duration as plug-out": Bad(
        reports(["2024-02-01 08:00"], ["03:10:00"]), "reports", "plug_out", (0,), 'columns={"duration": ...}'
    ),
    "reports whose plug-outs are all unreadable": Bad(
        reports(["2024-02-01 08:00"], ["later"]), "reports", "plug_out", (0,), "give date and time"
    ),
    "reports with a date and no time of day beside it": Bad(
        reports("2024-02-01", ["2024-02-01 10:00"], {"plug_in": ["plug_in", "clock"]}, clock=[8.25]),
        "reports", "plug_in", (0,), "then the time of day",
    ),
    "reports with three columns for a time": Bad(
        reports(["1"], ["2"], {"plug_in": ["plug_in", "plug_out", "user"]}),
        "reports", "plug_in", (), '["date", "time"]',
    ),
    "durations without a unit": by_duration("connection_time", [3.2]),
    "durations of two numbers": by_duration("stay", ["3:10"]),
    "durations as text with a comma": by_duration("stay_h", ["3,2"]),
    "a duration beside a plug-out": Bad(
        reports("2024-02-01 08:00", ["2024-02-01 10:00"], {"duration": "stay_h"}, stay_h=2.0),
        "reports", "duration", (), "leave the duration out",
    ),
    "an end of charging without a date": Bad(
        rates(charging_end="11:00"), "sessions", "charging_end", (0,), "give date and time"
    ),
    "an end of charging as a duration": Bad(
        rates(charging_end=pd.Timedelta("3h")), "sessions", "charging_end", (0,), 'columns={"duration": ...}'
    ),
    "arrivals in seconds since 1970": Bad(
        rates(arrival=[1_715_673_600]), "sessions", "arrival", (0,), 'unit="s", utc=True'
    ),
    "sessions in no certain order": Bad(
        rates(arrival=["05.09.2024 08:00"], departure=["05.09.2024 17:00"]),
        "sessions", "arrival", (0,), "dayfirst=True",
    ),
}  # fmt: skip
