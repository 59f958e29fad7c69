"""Hours from a start, with daylight saving respected."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.times.reader import Times, read_times
from pandapower_evflex.times.zones import known_zone, localized

logger = logging.getLogger(__name__)

#: remedies for times with a zone beside times without one, for functions with `timezone=` and for those without
OR_SAY_ZONE = "give all times with a time zone or all without, or say timezone="
ALL_OR_NONE = "give all times, the start too, with a time zone or all without"


def hours_since(timestamps: Any, start: Any, timezone: str | None = None, dayfirst: bool | None = None) -> FloatArray:
    """Elapsed hours between ``start`` and each timestamp.

    Parameters
    ----------
    timestamps, start : timestamps, dates, or text with date and time
    timezone : str
        zone of naive timestamps, for instance "Europe/Berlin"; elapsed time then counts across changes of daylight
        saving time. A time that occurs twice is taken as the first, one that never occurs as the next that does.
        None: naive times are taken as they are
    dayfirst : bool
        whether 05.09.2017 is in September (True) or in May (False). None: what a number above 12 anywhere in
        ``timestamps`` and ``start`` says; where nothing does, the call is refused. Text with the year first says
        nothing about the others

    Returns
    -------
    float [n]    NaN where the timestamp is missing, or stands for one: "-", "NULL", year 0001 or 9999, ...

    Raises
    ------
    InvalidInputError    what holds no date and time, dates of which nothing tells the order of day and month, or some
        times have a time zone and others have none

    Examples
    --------
    >>> hours_since(["2024-03-31 12:00"], "2024-03-30 12:00", timezone="Europe/Berlin").tolist()
    [23.0]
    >>> hours_since(["01/02/2024 08:00", "13/02/2024 08:00"], "2024-02-01").tolist()
    [8.0, 296.0]
    """
    read = read_times({"timestamps": timestamps, "start": start}, table="hours_since", dayfirst=dayfirst)
    hours = elapsed_hours(read, "start", "hours_since", timezone)["timestamps"]
    n_placeholders = int(np.sum(read["timestamps"].placeholder))
    if n_placeholders:
        logger.warning("hours_since: %d timestamps stand for a time that is not known", n_placeholders)
    return hours


def elapsed_hours(
    times: Mapping[str, Times], start: str, table: str, timezone: Any, remedy: str = OR_SAY_ZONE
) -> dict[str, FloatArray]:
    """Hours of all columns but ``start`` since the one time of that column, NaN where there is none.

    Raises
    ------
    InvalidInputError    no start, no such time zone, times with a zone beside times without one
    """
    if len(times[start].index) != 1:
        shown, remedy = f"{len(times[start].index)} times", "give one start of the horizon"
        raise InvalidInputError([Fault(table, start, (), shown, "are not one timestamp", remedy)])
    if times[start].index.isna().any():
        remedy = "give the start of the horizon"
        raise InvalidInputError([Fault(table, start, (), "the start", "is not a timestamp", remedy)])
    instants = on_one_clock(times, table, timezone, remedy)
    origin = instants.pop(start)[0]
    return {name: ((at - origin) / pd.Timedelta(hours=1)).to_numpy(dtype=float) for name, at in instants.items()}


def on_one_clock(
    times: Mapping[str, Times], table: str, timezone: Any, remedy: str = OR_SAY_ZONE
) -> dict[str, pd.DatetimeIndex]:
    """Times of all columns that may be compared: all in UTC, or all naive where none has a zone and none is given.

    Raises
    ------
    InvalidInputError    no such time zone, times with a zone beside times without one
    """
    if timezone is not None:
        zone = known_zone(table, timezone)
        return {name: _in_utc(column, zone) for name, column in times.items()}
    faults = _mixture_faults(times, table, remedy)
    if faults:
        raise InvalidInputError(faults)
    return {name: column.index for name, column in times.items()}


def _in_utc(times: Times, zone: Any) -> pd.DatetimeIndex:
    naive = times.index.notna() & ~times.is_zoned
    instants = times.index.asi8.copy()
    instants[naive] = localized(times.index[naive], zone).tz_convert("UTC").asi8
    return pd.DatetimeIndex(instants.view("datetime64[ns]"))


def _mixture_faults(times: Mapping[str, Times], table: str, remedy: str) -> list[Fault]:
    """Times without a zone beside others with one, first within a column, then between columns."""
    faults = []
    naive = {name: column.index.notna() & ~column.is_zoned for name, column in times.items()}
    for name, column in times.items():
        if naive[name].any() and column.is_zoned.any():
            rows = tuple(column.labels[naive[name]].tolist())
            faults.append(Fault(table, name, rows, "a time", "has no time zone and others have one", remedy))
    wholly = [name for name in times if naive[name].any()]
    if not faults and wholly and any(column.is_zoned.any() for column in times.values()):
        problem = "have no time zone and the others have one"
        faults.append(Fault(table, wholly[0], (), "naive times", problem, remedy))
    return faults
