"""Durations as tables have them, and times that two columns tell together."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.times.order import half_converted_faults
from pandapower_evflex.times.text import parts_of
from pandapower_evflex.times.words import PLACEHOLDERS

#: h, a century; more is not the duration of a stay
MOST_H = 876_600.0

_CLOCK = re.compile(r"(?:(\d+)(?: ?d(?:ays?)?,? |\.))?(\d+):([0-5]\d):([0-5]\d(?:[.,]\d+)?)", re.IGNORECASE)
_HOURS_AND_MINUTES = re.compile(r"(\d+):([0-5]\d)")

#: hours of a unit, by the words that name it in a heading
UNITS = {
    "h": 1.0, "hr": 1.0, "hrs": 1.0, "hour": 1.0, "hours": 1.0, "std": 1.0, "stunde": 1.0, "stunden": 1.0,
    "timer": 1.0, "time": None, "heures": 1.0, "uur": 1.0, "horas": 1.0,
    "min": 1 / 60, "mins": 1 / 60, "minute": 1 / 60, "minutes": 1 / 60, "minuten": 1 / 60, "minutter": 1 / 60,
    "s": 1 / 3600, "sec": 1 / 3600, "secs": 1 / 3600, "second": 1 / 3600, "seconds": 1 / 3600, "sekunden": 1 / 3600,
    "sekunder": 1 / 3600, "secondes": 1 / 3600, "d": 24.0, "day": 24.0, "days": 24.0, "tage": 24.0, "jours": 24.0,
}  # fmt: skip
#: the clock time of a date alone, and the date of a clock time alone, as spreadsheets and databases write them
_MIDNIGHT = re.compile(r"[ T](0?0:00(:00(\.0+)?)?|12:00(:00)? ?am)$", re.IGNORECASE)
_NO_DATE = re.compile(
    r"^(1899[-/.]12[-/.]3[01]|1900[-/.]0?1[-/.]0?[01]|3[01][-/.]12[-/.]1899|12[-/.]3[01][-/.]1899)[ T]"
)


def duration_hours(table: str, name: str, cells: pd.Series, *, plain_h: float | None = None) -> FloatArray:
    """Hours of a column of durations, NaN where there is none.

    Parameters
    ----------
    table, name : in faults
    cells : hh:mm:ss as text (also with days, "1 day 02:03:04"), Timedeltas, times of a day as spreadsheets have them,
        or numbers whose unit is in the heading of the column: `connection_time_h`, "Dauer [min]"
    plain_h : hours of the unit of numbers whose heading names none; None: they are refused

    Raises
    ------
    InvalidInputError    numbers without a unit, text that is not a duration
    """
    heading = str(cells.name)
    if pd.api.types.is_timedelta64_dtype(cells.dtype):
        return (cells / pd.Timedelta(hours=1)).to_numpy(dtype=float)
    unit = _unit_of(heading) or plain_h
    hours = [_hours(cell, unit, heading.lower()) for cell in cells]
    wrong = np.array([value is None or abs(value) > MOST_H for value in hours], dtype=bool)
    if wrong.any():
        value = cells.to_numpy(dtype=object)[wrong][0]
        remedy = "give hh:mm:ss, or numbers with the unit in the heading of the column, such as duration_h"
        raise InvalidInputError([
            Fault(table, name, tuple(cells.index[wrong].tolist()), repr(value), "is not a duration", remedy)
        ])  # fmt: skip
    return np.array(hours, dtype=float)


def _unit_of(heading: str) -> float | None:
    """Hours of the one unit that a heading names."""
    units = {UNITS[word] for word in _words(heading) if _is_unit(word)}
    return units.pop() if len(units) == 1 else None


def without_unit(heading: str) -> str:
    """A heading without the units that it names, and in lower case."""
    return " ".join(word for word in _words(heading) if not _is_unit(word))


def _words(heading: str) -> list[str]:
    return re.split(r"[\W\d_]+", heading.lower())


def _is_unit(word: str) -> bool:
    return UNITS.get(word) is not None


def _hours(cell: Any, unit: float | None, heading: str) -> float | None:
    """Hours of one cell; None where it is not a duration."""
    if isinstance(cell, str):
        return _hours_of_text(cell.strip(), heading)
    if cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, (float, np.floating)) and np.isnan(cell)):
        return np.nan
    if isinstance(cell, (timedelta, np.timedelta64)):
        return pd.Timedelta(cell) / pd.Timedelta(hours=1)
    if isinstance(cell, time):
        return cell.hour + cell.minute / 60.0 + cell.second / 3600.0
    is_number = isinstance(cell, (int, float, np.integer, np.floating)) and not isinstance(cell, bool)
    return float(cell) * unit if is_number and unit is not None and abs(cell) <= MOST_H / unit else None


def _hours_of_text(text: str, heading: str) -> float | None:
    if text.lower() in PLACEHOLDERS:
        return np.nan
    match = _CLOCK.fullmatch(text)
    if match:
        days, hours, minutes, seconds = ((part or "0").replace(",", ".") for part in match.groups())
        return 24.0 * int(days) + int(hours) + int(minutes) / 60.0 + float(seconds) / 3600.0
    match = _HOURS_AND_MINUTES.fullmatch(text)
    if match and "hh:mm" in heading and "hh:mm:ss" not in heading:
        return int(match[1]) + int(match[2]) / 60.0
    return None


def one_column(table: str, name: str, cells: pd.Series | pd.DataFrame) -> pd.Series:
    """Times of one column, or of a date and a time of day in two, as text; a row that lacks one of them has no time.

    Raises
    ------
    InvalidInputError    other than two columns, dates with a time of day, times of day as numbers
    """
    if isinstance(cells, pd.Series):
        return cells
    if cells.shape[1] != 2:
        remedy = f'name them as columns={{"{name}": ["date", "time"]}}'
        shown = f"{cells.shape[1]} columns"
        raise InvalidInputError([Fault(table, name, (), shown, "are not a date and a time of day", remedy)])
    _refuse_half_converted(table, name, cells.iloc[:, 0])
    dates, clocks = (
        cells.iloc[:, part].astype(object).map(read) for part, read in enumerate((_date_text, _clock_text))
    )
    for part, wrong in ((0, dates.map(lambda text: text is None)), (1, clocks.map(lambda text: text is None))):
        if wrong.any():
            heading, rows = str(cells.columns[part]), tuple(cells.index[wrong].tolist())
            value = str(cells.iloc[:, part].to_numpy(dtype=object)[wrong][0])
            problem = ("holds no date alone", "holds no time of day")[part]
            remedy = f'name first the date, then the time of day, in columns={{"{name}": [...]}}'
            raise InvalidInputError([Fault(table, name, rows, f"{heading} {value}", problem, remedy)])
    return (dates + " " + clocks).where((dates != "") & (clocks != ""), None)


def _refuse_half_converted(table: str, name: str, dates: pd.Series) -> None:
    text = dates.astype(object).map(lambda cell: cell if isinstance(cell, str) else "")
    faults = half_converted_faults(table, name, dates, parts_of(text)["is_open"])
    if faults:
        raise InvalidInputError(faults)


def _date_text(cell: Any) -> str | None:
    """A date alone; "" where there is none, None of what is something else."""
    if isinstance(cell, str):
        text = _MIDNIGHT.sub("", cell.strip())
        return "" if text.lower() in PLACEHOLDERS else None if ":" in text else text
    if pd.isna(cell):
        return ""
    if isinstance(cell, datetime):
        is_date = cell.time() == time() and cell.tzinfo is None
        return cell.date().isoformat() if is_date else None
    return cell.isoformat() if isinstance(cell, date) else None


def _clock_text(cell: Any) -> str | None:
    """A time of day; "" where there is none, None of what is something else."""
    if isinstance(cell, str):
        text = _NO_DATE.sub("", cell.strip())
        return "" if text.lower() in PLACEHOLDERS else text
    if pd.isna(cell):
        return ""
    if isinstance(cell, datetime):
        return cell.time().isoformat() if cell.year in (1899, 1900) else None
    if isinstance(cell, timedelta):
        return str(pd.Timestamp(0) + cell)[11:] if timedelta(0) <= cell < timedelta(days=1) else None
    return cell.isoformat() if isinstance(cell, time) else None
