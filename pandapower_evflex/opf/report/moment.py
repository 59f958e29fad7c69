"""Which moment of a result is meant: a period, by position or by label, and a scenario."""

from __future__ import annotations

from datetime import datetime
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.kinds import is_one_of, shown
from pandapower_evflex.times.reader import read_times

SCENARIOS = ("base", "up", "down")


class NoSuchPeriod(InvalidInputError, IndexError):
    """A position beyond the result."""


def period_position(period: Any, labels: pd.Index) -> int:
    """Position of a period that is given as such or as a label of the result's index.

    Parameters
    ----------
    period : int, or Timestamp, datetime or text of a time    without a time zone, wall-clock time is meant
    labels : Index    of the result: times, also as text, or positions

    Raises
    ------
    IndexError           a position beyond the result
    InvalidInputError    neither a position nor one of the labels
    """
    n = len(labels)
    if isinstance(period, Integral) and not isinstance(period, bool):
        position = int(period)
        if not 0 <= position < n:
            fault = Fault("result", "period", (), position, f"is not among the {n} periods", f"give 0 to {n - 1}")
            raise NoSuchPeriod([fault])
        return position
    found = _at_time(period, labels)
    if len(found) == 1:
        return int(found[0])
    times = f", or a time from {labels[0]} to {labels[-1]}" if _are_times(labels) and n else ""
    problem = "matches two periods of the result" if len(found) else "matches no period of the result"
    raise InvalidInputError([Fault("result", "period", (), shown(period), problem, f"give 0 to {n - 1}{times}")])


def _are_times(labels: pd.Index) -> bool:
    """Positions are numbers, also as text."""
    return isinstance(labels, pd.DatetimeIndex) or not all(str(label).isdigit() for label in labels)


def _at_time(period: Any, labels: pd.Index) -> np.ndarray[Any, np.dtype[np.int64]]:
    if not isinstance(period, str | datetime | np.datetime64) or not _are_times(labels):
        return np.empty(0, dtype=np.int64)
    times = [pd.Timestamp(label) for label in labels]
    wall = [label.tz_localize(None) for label in times]
    is_found = np.zeros(len(times), dtype=bool)
    for time in _readings(period):
        is_found |= [label == time for label in (wall if time.tzinfo is None else times)]
    return np.flatnonzero(is_found)


def _readings(period: Any) -> list[pd.Timestamp]:
    """What a time may mean, by either order of day and month."""
    found = []
    for dayfirst in (True, False):
        try:
            time = read_times({"period": period}, table="result", dayfirst=dayfirst)["period"].in_own_zone[0]
        except InvalidInputError:
            continue
        if not pd.isna(time):
            found.append(time)
    return found


def checked_scenario(scenario: Any) -> str:
    """The scenario, if it is one that every result knows.

    Raises
    ------
    InvalidInputError
    """
    if not is_one_of(scenario, SCENARIOS):
        remedy = 'use "base" (the schedule itself), "up" or "down"'
        raise InvalidInputError([Fault("result", "scenario", (), shown(scenario), "is not known", remedy)])
    return str(scenario)
