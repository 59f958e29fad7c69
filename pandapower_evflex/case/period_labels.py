"""What the labels of profiles' rows tell: dates and times, times of a day, steps from the start, or no time at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.times.reader import read_times
from pandapower_evflex.times.text import NO_DATE, TIME, parts_of

#: whole numbers from here on that do not count rows are seconds since 1970, or dates such as 20240514
NO_ROW = 10_000_000
#: difference of steps [h] up to which an index is even
ROUNDING_H = 1e-9

COUNT_ROWS = "label rows by date and time, or count them with reset_index(drop=True) and give period_h="
BY_STARTS = "label each row by the start of its period"
#: longest period [h] that meters label by its end
LONGEST_METERED_H = 3.0
EVEN = "resample to one step; across daylight saving use a time zone"


@dataclass(frozen=True)
class PeriodLabels:
    """
    step_h : float               length of a period, None where the labels do not tell it
    time : DatetimeIndex         dates and times of the rows, None where they have none
    start_h : float              hour of the day at which the first row starts, None where nothing tells
    whole_days : str             first and last label where these may be the ends of periods: of whole days, from one
                                 period after midnight to midnight; "" otherwise
    place : str                  whose labels they are, in faults
    """

    step_h: float | None = None
    time: pd.DatetimeIndex | None = None
    start_h: float | None = None
    whole_days: str = ""
    place: str = "index"


def read_labels(
    indexes: Mapping[str, pd.Index], start: Any, dayfirst: bool | None, faults: list[Fault]
) -> tuple[list[PeriodLabels], pd.DatetimeIndex | None]:
    """Labels of all profiles, and the start; faults of an index that is neither time nor a count of rows are added.

    Parameters
    ----------
    indexes : {name of the profile: its index}
    start : timestamp that the caller gives, None: none
    dayfirst : order of day and month in text, decided for all profiles and the start together
    """
    undecided: dict[str, Any] = {}
    labels = []
    for name, index in indexes.items():
        place = "index" if len(indexes) == 1 else f"index of {name}"
        read = _other_than_dates(place, index, faults)
        if read is None:
            undecided[place] = index
        else:
            labels.append(replace(read, place=place))
    columns = undecided if start is None else {**undecided, "start": start}
    if not columns:
        return labels, None
    try:
        times = read_times(columns, table="profiles", dayfirst=dayfirst)
    except InvalidInputError as error:
        faults += error.faults
        return labels, None
    begin = times.pop("start").in_own_zone if start is not None else None
    for (place, index), found in zip(undecided.items(), times.values(), strict=True):
        labels.append(replace(_of_times(place, found.in_own_zone, index, faults), place=place))
    return labels, begin


def _other_than_dates(place: str, index: pd.Index, faults: list[Fault]) -> PeriodLabels | None:
    """Labels that are not dates; None: they may be."""
    nothing = PeriodLabels()
    if index.nlevels > 1 or isinstance(index, pd.IntervalIndex):
        shown = f"{index.nlevels} levels of labels" if index.nlevels > 1 else "intervals"
        return _refused(faults, place, shown, "are not understood as times")
    if isinstance(index, pd.TimedeltaIndex):
        return _of_steps(place, index / pd.Timedelta(hours=1), faults)
    if isinstance(index, pd.PeriodIndex) and not isinstance(index.freq, (pd.offsets.Tick, pd.offsets.Day)):
        fault = Fault("profiles", place, (), f"a PeriodIndex of freq {index.freqstr!r}", "has uneven periods", EVEN)
        faults.append(fault)
        return nothing
    if isinstance(index, (pd.DatetimeIndex, pd.PeriodIndex)):
        return None
    cells = pd.Series(np.asarray(index, dtype=object)).infer_objects()
    if pd.api.types.is_timedelta64_dtype(cells.dtype):
        return _of_steps(place, cells.to_numpy() / np.timedelta64(1, "h"), faults)
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return _of_counts(place, cells, faults)
    clock = _clock_hours(cells)
    return None if clock is None else _of_hours(place, clock, faults)


def _refused(faults: list[Fault], place: str, shown: str, problem: str, rows: tuple[int, ...] = ()) -> PeriodLabels:
    faults.append(Fault("profiles", place, rows, shown, problem, COUNT_ROWS))
    return PeriodLabels()


def _of_counts(place: str, cells: pd.Series, faults: list[Fault]) -> PeriodLabels:
    """Labels from whole numbers that count rows upwards in even steps; none of them stands for a time."""
    if pd.api.types.is_bool_dtype(cells.dtype) or pd.api.types.is_complex_dtype(cells.dtype):
        return _refused(faults, place, str(cells.iloc[0]), "does not count rows")
    numbers = cells.to_numpy(dtype=float)
    if not np.all((numbers == np.floor(numbers)) & (np.abs(numbers) < NO_ROW)):
        return _refused(faults, place, str(cells.iloc[0]), "does not count rows")
    steps = np.diff(numbers)
    if len(steps) and steps[0] <= 0:
        return _refused(faults, place, f"{numbers[1]:g} after {numbers[0]:g}", "does not count rows upwards", (1,))
    uneven = np.flatnonzero(steps != steps[0]) + 1 if len(steps) else steps
    if len(uneven):
        row = int(uneven[0])
        shown = f"{numbers[row]:g} after {numbers[row - 1]:g}"
        return _refused(faults, place, shown, f"does not count rows in steps of {steps[0]:g}", (row,))
    return PeriodLabels()


def _clock_hours(cells: pd.Series) -> Any:
    """Hours of the day of "HH:MM" and of times of a day; None where some cells are something else."""
    text = cells.map(lambda cell: cell.isoformat() if hasattr(cell, "hour") and not hasattr(cell, "year") else cell)
    if not text.map(lambda cell: isinstance(cell, str)).all() or not (parts_of(text)["kind"] == NO_DATE).all():
        return None
    parts = parts_of("2000-01-01 " + text.str.strip())
    if not (parts["kind"] == TIME).all() or parts["hour"].isna().any():
        return None
    half = parts["half"]
    hour = parts["hour"].where(half.isna(), parts["hour"] % 12 + 12 * half)
    return (hour + parts["seconds"] / 3600.0).to_numpy()


def _of_steps(place: str, hours: Any, faults: list[Fault]) -> PeriodLabels:
    """Labels from steps since the start; where the first is 0 they tell no hour of the day."""
    labels = _of_hours(place, hours, faults)
    return labels if labels.start_h else replace(labels, start_h=None)


def _of_hours(place: str, hours: Any, faults: list[Fault]) -> PeriodLabels:
    """Labels from times of a day, which may go past midnight."""
    hours = np.asarray(hours, dtype=float)
    if np.any(hours == 24.0) and hours[0] != 24.0 and np.all(hours <= 24.0):
        problem = "are the ends of periods"
        faults.append(Fault("profiles", place, (), f"labels from {_clock(hours[0])} to 24:00", problem, BY_STARTS))
        return PeriodLabels()
    steps = np.diff(hours)
    steps = np.where(steps < 0, steps % 24.0, steps)
    if np.isnan(hours).any() or (len(steps) and (steps[0] <= 0 or np.ptp(steps) > ROUNDING_H)):
        uneven = np.flatnonzero(~(np.abs(steps - steps[0]) <= ROUNDING_H)) + 1
        shown = _uneven([_clock(hour) for hour in hours], uneven)
        faults.append(Fault("profiles", place, (), shown, "is not evenly spaced", EVEN))
        return PeriodLabels()
    step = float(steps.mean()) if len(steps) else None
    ends = step is not None and _are_ends(hours[0], hours[-1] % 24.0, step)
    shown = f"{_clock(hours[0])} to {_clock(hours[-1])}" if ends else ""
    return PeriodLabels(step, None, float(hours[0] % 24.0), shown)


def _of_times(place: str, time: pd.DatetimeIndex, index: Any, faults: list[Fault]) -> PeriodLabels:
    if time.isna().any():
        rows = tuple(np.flatnonzero(time.isna()).tolist())
        faults.append(Fault("profiles", place, rows, "the time", "is missing", "label every row"))
        return PeriodLabels()
    steps = np.diff(time.asi8)
    if len(steps) and (np.any(steps <= 0) or np.any(steps != steps[0])):
        shown = _uneven(time, np.flatnonzero(steps != steps[0]) + 1)
        faults.append(Fault("profiles", place, (), shown, "is not evenly spaced", EVEN))
        return PeriodLabels()
    step = steps[0] / 3.6e12 if len(steps) else _step_of(time[0], getattr(index, "freq", None))
    start_h = _hour_of(time[0])
    ends = len(steps) > 0 and not isinstance(index, pd.PeriodIndex) and _are_ends(start_h, _hour_of(time[-1]), step)
    return PeriodLabels(step, time, start_h, f"{time[0]} to {time[-1]}" if ends else "")


def _are_ends(first_h: float, last_h: float, step_h: Any) -> bool:
    """Whether labels of whole days go from one short period after midnight to midnight."""
    return step_h <= LONGEST_METERED_H and abs(first_h - step_h) <= ROUNDING_H and abs(last_h) <= ROUNDING_H


def _uneven(labels: Any, rows: Any) -> str:
    """The first label that is not one step after the one before."""
    row = int(rows[0]) if len(rows) else 1
    return f"the index, {labels[row]} after {labels[row - 1]},"


def _clock(hours: float) -> str:
    minutes = round(60.0 * hours) if np.isfinite(hours) else 0
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _hour_of(time: pd.Timestamp) -> float:
    return float((time - time.normalize()) / pd.Timedelta(hours=1))


def _step_of(first: pd.Timestamp, freq: Any) -> float | None:
    """Hours to the next label of an index of one row."""
    return None if freq is None else float((first + freq - first) / pd.Timedelta(hours=1))
