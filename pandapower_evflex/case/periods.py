"""How many periods there are, how long they are and when they begin."""

from __future__ import annotations

import logging
import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.case.period_labels import BY_STARTS, ROUNDING_H, PeriodLabels, read_labels
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.kinds import shown

logger = logging.getLogger(__name__)

#: length of a period [h] without profiles, where the caller gives none
DEFAULT_PERIOD_H = 0.25

#: shortest and longest period [h]: a second, and a day
SHORTEST_PERIOD_H, LONGEST_PERIOD_H = 1.0 / 3600.0, 24.0
#: usual periods in minutes, which are never meant in hours; longer ones exceed a day
MINUTES = (5.0, 10.0, 15.0, 20.0)

#: number of rows without times -> length of a period [h]
PERIOD_H_OF_A_DAY = {96: 0.25, 24: 1.0}
#: what to do where labels may be the ends of periods and are their starts
BY_START = "say so by start= the first of them"
#: steps of labels that count minutes or seconds: of 15 min, half an hour, an hour
MINUTES_OR_SECONDS = (15.0, 30.0, 60.0, 900.0, 1800.0, 3600.0)


@dataclass(frozen=True)
class Horizon:
    """``n_periods`` periods of ``period_h`` hours; cyclic: what leaves at the end goes on at the start.

    ``start_h`` is the hour of the day at which the first one starts, where anything tells it.
    """

    n_periods: int
    period_h: float
    time: pd.DatetimeIndex | None
    cyclic: bool
    start_h: float | None = None


def read_horizon(
    indexes: Mapping[str, pd.Index],
    n_periods: int,
    period_h: float | None,
    cyclic: bool,
    start: Any,
    dayfirst: bool | None,
    faults: list[Fault],
    if_starts: str = BY_START,
) -> Horizon:
    """Periods of profiles; what contradicts or does not tell their length is added to the faults.

    Parameters
    ----------
    indexes : {name of the profile: labels of its rows}
    n_periods, period_h, start : as given, period_h and start None where the labels are to tell them
    dayfirst : order of day and month in text, see `hours_since`
    if_starts : what to do where labels may be the ends of periods and are their starts
    """
    read, begin = read_labels(indexes, start, dayfirst, faults)
    labels = _labels(read, faults)
    if start is None:
        faults += _end_faults(read, if_starts)
    hours = _period_h(labels, period_h, indexes, faults)
    time = labels.time if begin is None else _time_from(start, begin, labels, n_periods, hours, faults)
    start_h = labels.start_h if time is None else float((time[0] - time[0].normalize()) / pd.Timedelta(hours=1))
    return Horizon(n_periods, hours, time, cyclic, start_h)


def _end_faults(read: list[PeriodLabels], if_starts: str) -> list[Fault]:
    """Whole days that begin one period after midnight: by the starts of periods or by their ends, nothing tells."""
    labels = next((labels for labels in read if labels.whole_days), None)
    if labels is None:
        return []
    problem = "may be the ends of periods"
    remedy = f"{BY_STARTS}, from 00:00 on; if they are starts, {if_starts}"
    return [Fault("profiles", labels.place, (), f"labels from {labels.whole_days}", problem, remedy)]


def _labels(read: list[PeriodLabels], faults: list[Fault]) -> PeriodLabels:
    """What the rows of all profiles tell of their times."""
    timed = [labels for labels in read if labels.time is not None]
    told = [labels for labels in read if labels.step_h is not None]
    pairs = [(one, other) for one, other in combinations(read, 2) if _differ(one, other)]
    if pairs:
        one, other = pairs[0]
        problem = f"differ from those of the {one.place}, {_shown(one)}"
        remedy = "give all profiles the same index"
        faults.append(Fault("profiles", other.place, (), f"times {_shown(other)}", problem, remedy))
    return (timed or told or read or [PeriodLabels()])[0]


def _differ(one: PeriodLabels, other: PeriodLabels) -> bool:
    """Whether two profiles tell different times of their rows; those of other lengths are refused elsewhere."""
    if one.time is not None and other.time is not None and len(one.time) == len(other.time):
        return not one.time.equals(other.time)
    pairs = ((one.step_h, other.step_h), (one.start_h, other.start_h))
    return any(a is not None and b is not None and abs(a - b) > ROUNDING_H for a, b in pairs)


def _shown(labels: PeriodLabels) -> str:
    first = f"{labels.start_h or 0.0:g} h" if labels.time is None else str(labels.time[0])
    return f"from {first} on" + ("" if labels.step_h is None else f" in steps of {labels.step_h:g} h")


def _period_h(
    labels: PeriodLabels, period_h: float | None, indexes: Mapping[str, pd.Index], faults: list[Fault]
) -> float:
    is_as_labelled = labels.step_h is not None and is_positive(period_h) and labels.step_h == period_h
    if period_h is not None and not is_period(period_h) and not is_as_labelled:
        remedy = "give hours, 0.25 for 15 min"
        faults.append(Fault("profiles", "period_h", (), shown(period_h), _no_period(period_h), remedy))
        return DEFAULT_PERIOD_H
    if labels.step_h is None:
        return _untold_period_h(indexes, faults) if period_h is None else float(period_h)
    if period_h is not None and abs(labels.step_h - period_h) > ROUNDING_H:
        problem, remedy = f"h, but the profiles' index says {labels.step_h:g} h", "leave period_h out"
        faults.append(Fault("profiles", "period_h", (), period_h, problem, remedy))
    return labels.step_h


def _untold_period_h(indexes: Mapping[str, pd.Index], faults: list[Fault]) -> float:
    """Length of the periods of profiles that count rows: a day has 96 quarter hours or 24 hours, others are refused."""
    if not indexes or faults:
        return DEFAULT_PERIOD_H
    n = len(next(iter(indexes.values())))
    hours = PERIOD_H_OF_A_DAY.get(n)
    if hours is None or any(_counts_other_times(index, hours) for index in indexes.values()):
        problem = "do not tell how long a period is"
        remedy = "give period_h= in hours, 0.25 for 15 min, or label rows by date and time"
        faults.append(Fault("profiles", "period_h", (), f"{n} rows", problem, remedy))
        return DEFAULT_PERIOD_H
    logger.warning("profiles: %d rows without times are taken as a day of %g h each; period_h= says it", n, hours)
    return hours


def _counts_other_times(index: pd.Index, period_h: float) -> bool:
    """Whether labels go up by minutes or seconds of usual periods, and by others than those of ``period_h``."""
    step = float(index[1]) - float(index[0])
    return step in MINUTES_OR_SECONDS and step not in (60.0 * period_h, 3600.0 * period_h)


def _time_from(
    start: Any,
    begin: pd.DatetimeIndex,
    labels: PeriodLabels,
    n_periods: int,
    period_h: float,
    faults: list[Fault],
) -> pd.DatetimeIndex | None:
    """Times of all periods from ``start``, which must be that of the profiles where they have one."""
    first = begin[0] if len(begin) else pd.NaT
    if pd.isna(first) or len(begin) > 1:
        faults.append(
            Fault("profiles", "start", (), repr(start), "is not a timestamp", "give the start of the horizon")
        )
        return None
    if labels.time is not None:
        same = labels.time[0] if first.tzinfo is not None else labels.time[0].tz_localize(None)
        is_same, theirs = (same.tzinfo is None) == (first.tzinfo is None) and same == first, str(labels.time[0])
    else:
        hour = (first - first.normalize()) / pd.Timedelta(hours=1)
        is_same = labels.start_h is None or abs(hour - labels.start_h) <= ROUNDING_H
        theirs = f"{labels.start_h:g} h" if labels.start_h is not None else ""
    if not is_same:
        problem, remedy = f"is not where the profiles begin, {theirs}", "leave start out, or correct it"
        faults.append(Fault("profiles", "start", (), str(first), problem, remedy))
        return None
    return (
        labels.time
        if labels.time is not None
        else pd.date_range(first, periods=n_periods, freq=pd.Timedelta(hours=period_h))
    )


def is_positive(value: Any) -> bool:
    """Whether it is a finite number above 0."""
    is_real = isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)
    return is_real and 0 < value < math.inf


def is_period(value: Any) -> bool:
    """Whether it is a length of a period in hours: a second to a day, and not what only minutes would be."""
    return is_positive(value) and SHORTEST_PERIOD_H <= value <= LONGEST_PERIOD_H and value not in MINUTES


def _no_period(value: Any) -> str:
    """What is wrong with a length that is none."""
    if not is_positive(value):
        return "is not above 0 h"
    if value in MINUTES:
        return "h divides no day into whole periods, and looks like minutes"
    return "h is shorter than a second" if value < SHORTEST_PERIOD_H else "h is longer than a day"


def periods_of_a_day(period_h: Any) -> int:
    """How many make a day, where nothing else tells: of the default length where that is none, which is refused."""
    return max(1, round(24.0 / (float(period_h) if is_period(period_h) else DEFAULT_PERIOD_H)))
