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
#: h by which steps of an even index may differ
ROUNDING_H = 1e-9

COUNT_ROWS = "label rows by date and time, or count them with reset_index(drop=True) and give period_h="
EVEN = "resample to one step; across daylight saving use a time zone"


@dataclass(frozen=True)
class PeriodLabels:
    """
    step_h : float               length of a period, None where the labels do not tell it
    time : DatetimeIndex         dates and times of the rows, None where they have none
    start_h : float              hour of the day at which the first row starts, None where nothing tells
    """

    step_h: float | None = None
    time: pd.DatetimeIndex | None = None
    start_h: float | None = None


def read_labels(indexes: Mapping[str, pd.Index], dayfirst: bool | None, faults: list[Fault]) -> list[PeriodLabels]:
    """Labels of all profiles; faults of an index that is neither time nor a count of rows are added.

    Parameters
    ----------
    indexes : {name of the profile: its index}
    dayfirst : order of day and month in text, decided for all profiles together
    """
    undecided: dict[str, pd.Index] = {}
    labels = []
    for name, index in indexes.items():
        read = _other_than_dates(index, faults)
        if read is None:
            undecided[name] = index
        else:
            labels.append(read)
    if not undecided:
        return labels
    try:
        times = read_times(
            {"index" if len(undecided) == 1 else f"index of {name}": index for name, index in undecided.items()},
            table="profiles", dayfirst=dayfirst,
        )  # fmt: skip
    except InvalidInputError as error:
        faults += error.faults
        return labels
    for index, found in zip(undecided.values(), times.values(), strict=True):
        labels.append(_of_times(found.in_own_zone, getattr(index, "freq", None), faults))
    return labels


def _other_than_dates(index: pd.Index, faults: list[Fault]) -> PeriodLabels | None:
    """Labels that are no dates; None: they may be."""
    nothing = PeriodLabels()
    if index.nlevels > 1 or isinstance(index, pd.IntervalIndex):
        shown = f"{index.nlevels} levels of labels" if index.nlevels > 1 else "intervals"
        return _refused(faults, shown, "are not understood as times")
    if isinstance(index, pd.TimedeltaIndex):
        return _of_steps(index / pd.Timedelta(hours=1), faults)
    if isinstance(index, pd.PeriodIndex) and not isinstance(index.freq, (pd.offsets.Tick, pd.offsets.Day)):
        fault = Fault("profiles", "index", (), f"a PeriodIndex of freq {index.freqstr!r}", "has uneven periods", EVEN)
        faults.append(fault)
        return nothing
    if isinstance(index, (pd.DatetimeIndex, pd.PeriodIndex)):
        return None
    cells = pd.Series(np.asarray(index, dtype=object)).infer_objects()
    if pd.api.types.is_timedelta64_dtype(cells.dtype):
        return _of_steps(cells.to_numpy() / np.timedelta64(1, "h"), faults)
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return nothing if _counts_rows(cells) else _refused(faults, repr(index[0]), "does not count rows")
    clock = _clock_hours(cells)
    return None if clock is None else _of_hours(clock, faults)


def _refused(faults: list[Fault], shown: str, problem: str) -> PeriodLabels:
    faults.append(Fault("profiles", "index", (), shown, problem, COUNT_ROWS))
    return PeriodLabels()


def _counts_rows(cells: pd.Series) -> bool:
    """Whole numbers, and none that stands for a time."""
    numbers = cells.to_numpy(dtype=float)
    return bool(np.all(numbers == np.floor(numbers)) and np.all(np.abs(numbers) < NO_ROW))


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


def _of_steps(hours: Any, faults: list[Fault]) -> PeriodLabels:
    """Of steps from the start, which tell no hour of the day where the first is 0."""
    labels = _of_hours(hours, faults)
    return labels if labels.start_h else replace(labels, start_h=None)


def _of_hours(hours: Any, faults: list[Fault]) -> PeriodLabels:
    """Of times of a day, which may go past midnight."""
    hours = np.asarray(hours, dtype=float)
    if np.any(hours == 24.0) and hours[0] != 24.0 and np.all(hours <= 24.0):
        problem, remedy = "are the ends of periods, up to 24:00", "label each row by the start of its period"
        faults.append(Fault("profiles", "index", (), "times of the day", problem, remedy))
        return PeriodLabels()
    steps = np.diff(hours)
    steps = np.where(steps < 0, steps % 24.0, steps)
    if np.isnan(hours).any() or (len(steps) and (steps[0] <= 0 or np.ptp(steps) > ROUNDING_H)):
        faults.append(Fault("profiles", "index", (), "the times of its rows", "are not evenly spaced", EVEN))
        return PeriodLabels()
    return PeriodLabels(float(steps.mean()) if len(steps) else None, None, float(hours[0] % 24.0))


def _of_times(time: pd.DatetimeIndex, freq: Any, faults: list[Fault]) -> PeriodLabels:
    if time.isna().any():
        rows = tuple(np.flatnonzero(time.isna()).tolist())
        faults.append(Fault("profiles", "index", rows, "the time", "is missing", "label every row"))
        return PeriodLabels()
    steps = np.diff(time.asi8)
    if len(steps) and (np.any(steps <= 0) or np.any(steps != steps[0])):
        faults.append(Fault("profiles", "index", (), "the DatetimeIndex", "is not evenly spaced", EVEN))
        return PeriodLabels()
    step = steps[0] / 3.6e12 if len(steps) else _step_of(time[0], freq)
    start_h = (time[0] - time[0].normalize()) / pd.Timedelta(hours=1)
    return PeriodLabels(step, time, float(start_h))


def _step_of(first: pd.Timestamp, freq: Any) -> float | None:
    """Hours to the next label of an index of one row."""
    return None if freq is None else float((first + freq - first) / pd.Timedelta(hours=1))
