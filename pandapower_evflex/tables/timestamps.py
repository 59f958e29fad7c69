"""Hours from a start, with daylight saving respected."""

from __future__ import annotations

import numbers
import warnings
from datetime import tzinfo
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pandapower_evflex.errors import Fault, InvalidInputError


def hours_since(timestamps: Any, start: Any, timezone: str | None = None) -> NDArray[np.float64]:
    """Elapsed hours between ``start`` and each timestamp.

    Parameters
    ----------
    timestamps, start : timestamps or text that pandas reads
    timezone : str
        zone of naive timestamps, for instance "Europe/Berlin"; elapsed time then counts across changes of daylight
        saving time. A time that occurs twice is taken as the first, one that never occurs as the next that does.
        None: naive times are taken as they are

    Returns
    -------
    float [n]    NaN where the timestamp is missing

    Raises
    ------
    InvalidInputError    what is no timestamp, or some times have a time zone and others have none

    Examples
    --------
    >>> hours_since(["2024-03-31 12:00"], "2024-03-30 12:00", timezone="Europe/Berlin").tolist()
    [23.0]
    """
    is_list = pd.api.types.is_list_like(timestamps)
    times = _read("timestamps", timestamps if is_list else [timestamps], timezone)
    origin = _read("start", [start], timezone)
    if origin.isna().any():
        raise InvalidInputError([_fault("start", (), start, "is no timestamp", "give the start of the horizon")])
    if (times.tz is None) != (origin.tz is None) and times.notna().any():
        remedy = "give both with a time zone or both without, or say timezone="
        which = "start" if origin.tz is None else "timestamps"
        raise InvalidInputError([_fault(which, (), "naive times", "have no time zone and the others have one", remedy)])
    elapsed = times.tz_localize(None) - origin.tz_localize(None)[0]  # both are in UTC, or both naive
    return (elapsed / pd.Timedelta(hours=1)).to_numpy(dtype=float)


def _fault(argument: str, rows: tuple[int, ...], value: Any, problem: str, remedy: str) -> Fault:
    return Fault("hours_since", argument, rows if argument == "timestamps" else (), value, problem, remedy)


def _read(argument: str, values: Any, timezone: str | None) -> pd.DatetimeIndex:
    """Times in UTC, or naive when they have no zone and ``timezone`` gives none."""
    cells = pd.Index(values, dtype=object) if not isinstance(values, pd.DatetimeIndex) else values
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # mixed offsets and guessed formats are read one by one
            _refuse_numbers(argument, cells)
            times = pd.DatetimeIndex(pd.to_datetime(cells))
    except (ValueError, TypeError, Warning) as error:
        if isinstance(error, InvalidInputError):
            raise
        times = _read_one_by_one(argument, cells, timezone)
    if times.tz is None and timezone is not None:
        times = localized(times, known_zone("hours_since", timezone))
    return times if times.tz is None else times.tz_convert("UTC")


def _refuse_numbers(argument: str, cells: pd.Index) -> None:
    """pandas would take a number for nanoseconds since 1970."""
    if isinstance(cells, pd.DatetimeIndex):
        return
    rows = tuple(i for i, cell in enumerate(cells) if isinstance(cell, numbers.Real) and not pd.isna(cell))
    if rows:
        raise InvalidInputError([_fault(argument, rows, cells[rows[0]], "is no timestamp", "give date and time")])


def _read_one_by_one(argument: str, cells: pd.Index, timezone: str | None) -> pd.DatetimeIndex:
    """Times with offsets of their own, as text across a change of daylight saving time has them."""
    stamps: list[Any] = []
    unread = []
    for i, cell in enumerate(cells):
        try:
            stamps.append(pd.Timestamp(cell))
        except (ValueError, TypeError):
            stamps.append(pd.NaT)
            unread.append(i)
    if unread:
        value = cells[unread[0]]
        raise InvalidInputError([_fault(argument, tuple(unread), value, "is no timestamp", "give date and time")])
    known = pd.Series([not pd.isna(stamp) for stamp in stamps])
    naive = pd.Series([stamp.tzinfo is None for stamp in stamps]) & known
    if not naive.any():
        return pd.DatetimeIndex(pd.to_datetime(stamps, utc=True))
    if timezone is not None:
        zone = known_zone("hours_since", timezone)
        zoned = [s if s.tzinfo else localized(pd.DatetimeIndex([s]), zone)[0] for s in stamps]
        return pd.DatetimeIndex(pd.to_datetime(zoned, utc=True))
    if naive[known].all():
        return pd.DatetimeIndex(stamps)
    remedy = "give all with a time zone or all without, or say timezone="
    rows = tuple(np.flatnonzero(naive).tolist())
    raise InvalidInputError([_fault(argument, rows, stamps[rows[0]], "has no time zone and others have one", remedy)])


def known_zone(function: str, timezone: Any) -> tzinfo:
    """The time zone of a name, or as given; ``function`` is named in faults."""
    try:
        if not isinstance(timezone, (str, tzinfo)):
            raise TypeError(timezone)  # pandas would take a number for seconds
        return localized(pd.DatetimeIndex(["2000-01-01"]), timezone).tz  # with a time: some fail with one only
    except Exception as error:  # pandas raises what its time zone library does
        remedy = 'give a name such as "Europe/Berlin"'
        raise InvalidInputError([Fault(function, "timezone", (), timezone, "is no time zone", remedy)]) from error


def localized(times: pd.DatetimeIndex, zone: Any) -> pd.DatetimeIndex:
    """Naive times in a zone: of an hour that occurs twice the first, one that never occurs as the next that does."""
    return times.tz_localize(zone, ambiguous=np.ones(len(times), dtype=bool), nonexistent="shift_forward")
