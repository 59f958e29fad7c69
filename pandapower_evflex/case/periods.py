"""How many periods there are, how long they are and when they begin."""

from __future__ import annotations

import logging
import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.case.period_labels import ROUNDING_H, PeriodLabels, read_labels
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.kinds import shown
from pandapower_evflex.times.reader import read_times

logger = logging.getLogger(__name__)

#: h, of periods without profiles where the caller does not say
DEFAULT_PERIOD_H = 0.25

#: h: a second, and a year
SHORTEST_PERIOD_H, LONGEST_PERIOD_H = 1.0 / 3600.0, 8784.0

#: h, of profiles of so many rows without times
PERIOD_H_OF_A_DAY = {96: 0.25, 24: 1.0}


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
) -> Horizon:
    """Periods of profiles; what contradicts or does not tell their length is added to the faults.

    Parameters
    ----------
    indexes : {name of the profile: labels of its rows}
    n_periods, period_h, start : as given, period_h and start None where the labels are to tell them
    dayfirst : order of day and month in text, see `hours_since`
    """
    labels = _labels(indexes, dayfirst, faults)
    hours = _period_h(labels, period_h, indexes, faults)
    time = labels.time if start is None else _time_from(start, labels, n_periods, hours, dayfirst, faults)
    start_h = labels.start_h if time is None else float((time[0] - time[0].normalize()) / pd.Timedelta(hours=1))
    return Horizon(n_periods, hours, time, cyclic, start_h)


def _labels(indexes: Mapping[str, pd.Index], dayfirst: bool | None, faults: list[Fault]) -> PeriodLabels:
    """What the rows of all profiles tell of their times."""
    read = read_labels(indexes, dayfirst, faults)
    timed = [labels for labels in read if labels.time is not None]
    told = [labels for labels in read if labels.step_h is not None]
    times = [labels.time for labels in read if labels.time is not None]
    steps = [labels.step_h for labels in read if labels.step_h is not None]
    starts = [labels.start_h for labels in read if labels.start_h is not None]
    differ = any(len(time) == len(times[0]) and not time.equals(times[0]) for time in times)
    if differ or (steps and np.ptp(steps) > ROUNDING_H) or (starts and np.ptp(starts) > ROUNDING_H):
        faults.append(Fault("profiles", "index", (), "times", "differ between frames", "give all the same index"))
    return (timed or told or read or [PeriodLabels()])[0]


def _period_h(
    labels: PeriodLabels, period_h: float | None, indexes: Mapping[str, pd.Index], faults: list[Fault]
) -> float:
    if period_h is not None and not is_period(period_h):
        remedy = "give hours, 0.25 for 15 min"
        is_absurd = is_positive(period_h)
        problem = "is shorter than a second or longer than a year" if is_absurd else "is not above 0 h"
        faults.append(Fault("profiles", "period_h", (), shown(period_h), problem, remedy))
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
    if n not in PERIOD_H_OF_A_DAY:
        problem = "do not tell how long a period is"
        remedy = "give period_h= in hours, 0.25 for 15 min, or label rows by date and time"
        faults.append(Fault("profiles", "period_h", (), f"{n} rows", problem, remedy))
        return DEFAULT_PERIOD_H
    hours = PERIOD_H_OF_A_DAY[n]
    logger.warning("profiles: %d rows without times are taken as a day of %g h each; period_h= says it", n, hours)
    return hours


def _time_from(
    start: Any, labels: PeriodLabels, n_periods: int, period_h: float, dayfirst: bool | None, faults: list[Fault]
) -> pd.DatetimeIndex | None:
    """Times of all periods from ``start``, which must be that of the profiles where they have one."""
    try:
        read = read_times({"start": start}, table="profiles", dayfirst=dayfirst)["start"]
    except InvalidInputError as error:
        faults += error.faults
        return None
    first = read.in_own_zone[0]
    if pd.isna(first) or len(read.index) > 1:
        faults.append(Fault("profiles", "start", (), repr(start), "is no timestamp", "give the start of the horizon"))
        return None
    if labels.time is not None:
        same = labels.time[0] if first.tzinfo is not None else labels.time[0].tz_localize(None)
        is_same, begin = (same.tzinfo is None) == (first.tzinfo is None) and same == first, str(labels.time[0])
    else:
        hour = (first - first.normalize()) / pd.Timedelta(hours=1)
        is_same = labels.start_h is None or abs(hour - labels.start_h) <= ROUNDING_H
        begin = f"{labels.start_h:g} h" if labels.start_h is not None else ""
    if not is_same:
        problem, remedy = f"is not where the profiles begin, {begin}", "leave start out, or correct it"
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
    """Whether it is a length of a period in hours: a second to a year."""
    return is_positive(value) and SHORTEST_PERIOD_H <= value <= LONGEST_PERIOD_H
