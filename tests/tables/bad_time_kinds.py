"""Times of four kinds that cannot be read: in no order of day and month, without a date, durations, no dates."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from tests.tables.bad import Bad
from tests.tables.bad_times import hours, rates, reports, session, since

ORDER, DATE, SPAN = "dayfirst=True", "give date and time", 'columns={"duration": ...}'

BAD_ORDERS = {
    "slashes in no certain order": hours((0, 1), ORDER, ["01/02/2024 08:00", "03/02/2024 08:00"]),
    "dots in no certain order": hours((0,), ORDER, ["1.2.2024 8:00"]),
    "dashes in no certain order": hours((0, 1), ORDER, ["01-02-2024T08:00", "12-11-2024T08:00"]),
    "dates with blanks behind their dots in no certain order": hours((0,), ORDER, ["05. 09. 2024 18:00"]),
    "months first with PM in no certain order": hours((0,), ORDER, ["5/9/2024 6:00 PM"]),
    "open dates beside ISO text, which says nothing of them": hours(
        (1,), ORDER, ["2024-02-13 08:00", "01/02/2024 08:00"]
    ),
    "open dates beside a month by its name, which says nothing of them": hours(
        (1,), ORDER, ["13 Feb 2024 08:00", "01/02/2024 08:00"]
    ),
    "open dates beside one with the same day and month": hours((1,), ORDER, ["02/02/2024 08:00", "01/02/2024 08:00"]),
    "a start in another order than the times": Bad(
        since(["13/02/2024 08:00"], "02/12/24"), "hours_since", "start", (), ORDER
    ),
    "a start that contradicts the times": Bad(
        since(["13/02/2024 08:00", "14/02/2024 08:00"], "02/13/2024"), "hours_since", "start", (), "in one order"
    ),
    "orders that change with the separator": hours(
        (2,), "in one order", ["13.02.2024 08:00", "14.02.2024 08:00", "02/15/2024 08:00"]
    ),
    "one row of a file in another order": hours(
        (5,), "in one order", [*[f"{day}/02/2024 08:00" for day in range(13, 18)], "02/18/2024 08:00"]
    ),
    "13 as month with dayfirst=True": hours((0,), "leave dayfirst=True", ["02/13/2024"], dayfirst=True),
    "15 as month with dayfirst=False": hours((0,), "leave dayfirst=False", ["15/02/2024"], dayfirst=False),
    "timestamps of a spreadsheet beside text": hours(
        (0,), "as text from the original file", [pd.Timestamp("2024-05-02"), "13/02/2024", "14/02/2024"]
    ),
    "dates of a spreadsheet beside text": hours(
        (1,), "as text from the original file", ["13/02/2024", dt.date(2024, 3, 2)]
    ),
    "ends of charging in another order than the arrivals": Bad(
        rates(
            arrival=["13/05/2024 08:00", "14/05/2024 08:00"], departure="2024-05-15 17:00",
            charging_end=["05/13/2024 11:00", None],
        ),
        "sessions", "charging_end", (0,), "in one order",
    ),
}  # fmt: skip

BAD_CLOCKS = {
    "hours and minutes": hours((0,), DATE, ["18:00"]),
    "hours, minutes and seconds": hours((0,), DATE, ["18:00:30"]),
    "hours and minutes with a dot": hours((0,), DATE, ["18.30"]),
    "hours with PM": hours((0,), DATE, ["6 pm"]),
    "hours and minutes with PM": hours((0,), DATE, ["6:30 p.m."]),
    "hours in German": hours((0,), DATE, ["18 Uhr"]),
    "hours in French": hours((0,), DATE, ["18h30"]),
    "midnight": hours((0,), DATE, ["00:00"]),
    "a time of day with tenths of a second": hours((0,), DATE, ["18:00:30.5"]),
    "a time of day as an object": hours((0,), DATE, [dt.time(18, 30)]),
    "times of a day beside dates": hours((1, 2), DATE, ["2024-02-01 08:00", "18:00", "19:00"]),
    "a time of day as the start": Bad(since(["2024-02-01 08:00"], "12:00"), "hours_since", "start", (), DATE),
    "times of a day as arrivals of an EV": Bad(
        session("18:00", "2024-02-02 07:00", start="2024-02-01"), "ev_session", "arrival_h", (2,), DATE
    ),
    "times of a day as plug-ins of reports": Bad(
        reports(["18:00"], ["2024-02-01 20:00"]), "reports", "plug_in", (0,), DATE
    ),
    "times of a day as departures of a site": Bad(rates(departure=["17:00"]), "sessions", "departure", (0,), DATE),
}

BAD_SPANS = {
    "hours, minutes and seconds of a stay": hours((0,), SPAN, ["03:10:00"]),
    "more hours than a day has": hours((0,), SPAN, ["27:15:00"]),
    "days and hours": hours((0,), SPAN, ["1 day 02:03:04"]),
    "days": hours((0,), SPAN, ["2 days"]),
    "hours with their unit": hours((0,), SPAN, ["3.5 h"]),
    "hours in words": hours((0,), SPAN, ["3 hours"]),
    "minutes with their unit": hours((0,), SPAN, ["190 min"]),
    "seconds with their unit": hours((0,), SPAN, ["11400 s"]),
    "a duration of ISO 8601": hours((0,), SPAN, ["PT3H10M"]),
    "a Timedelta": hours((0,), SPAN, [pd.Timedelta("3h10min")]),
    "a timedelta of Python": hours((1,), SPAN, ["2024-02-01", dt.timedelta(hours=3)]),
    "a timedelta of numpy": hours((0,), SPAN, np.array([190], dtype="timedelta64[m]")),
    "a column of Timedeltas": hours((0, 1), SPAN, pd.to_timedelta([1, 2], unit="h")),
    "a duration as the departure of an EV": Bad(
        session("2024-02-01 18:00", "13:00:00", start="2024-02-01"), "ev_session", "departure_h", (2,), SPAN
    ),
    "durations as plug-outs": Bad(
        reports(["2024-02-01 08:00"], [pd.Timedelta("9h")]), "reports", "plug_out", (0,), SPAN
    ),
    "durations as ends of charging": Bad(rates(charging_end="03:10:00"), "sessions", "charging_end", (0,), SPAN),
}

EXISTS, NO_TIME = "a date that exists", "such as 2024-05-14 17:30"
BAD_DATES = {
    "31 April": hours((0,), EXISTS, ["2024-04-31"]),
    "29 February of a year without one": hours((0,), EXISTS, ["29.02.2023 08:00"]),
    "month 13": hours((0,), EXISTS, ["2024-13-01 08:00"]),
    "month 0": hours((0,), EXISTS, ["2024-00-10 08:00"]),
    "day 0": hours((0,), EXISTS, ["2024-02-00 08:00"]),
    "day 32": hours((0,), EXISTS, ["32/01/2024 08:00"]),
    "hour 25": hours((0,), NO_TIME, ["2024-02-01 25:00"]),
    "minute 60": hours((0,), NO_TIME, ["2024-02-01 08:60"]),
    "24 o'clock and a quarter": hours((0,), NO_TIME, ["2024-02-01 24:15"]),
    "an offset of 15 hours": hours((0,), NO_TIME, ["2024-02-01T08:00+15:00"]),
    "a month that no language has": hours((0,), NO_TIME, ["13 Foo 2024 08:00"]),
    "a week": hours((0,), NO_TIME, ["2024-W05"]),
    "a month": hours((0,), NO_TIME, ["February 2024"]),
    "a date of a year alone": hours((0,), DATE, ["2024"]),
    "tomorrow": hours((0,), NO_TIME, ["tomorrow"]),
    "a start in the year 9999": Bad(since(["2024-02-01"], "9999-12-31"), "hours_since", "start", (), "give the start"),
    "a start in the year 1": Bad(since(["2024-02-01"], "0001-01-01"), "hours_since", "start", (), "give the start"),
    "a start that is NULL": Bad(since(["2024-02-01"], "NULL"), "hours_since", "start", (), "give the start"),
    "a start that is empty": Bad(since(["2024-02-01"], ""), "hours_since", "start", (), "give the start"),
    "an arrival of an EV that is a dash": Bad(
        session("-", "2024-02-02 07:00", start="2024-02-01"), "ev_session", "arrival_h", (2,), ""
    ),
}
