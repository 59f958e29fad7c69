"""The one reader of times: columns of timestamps, dates or text, in one order of day and month, or refused."""

from __future__ import annotations

import logging
import numbers
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.errors import Fault, InvalidInputError, listed
from pandapower_evflex.times.order import day_first, half_converted_faults
from pandapower_evflex.times.text import MISSING, NO_DATE, NUMBER, PARTS, PLACEHOLDER, TIME, UNREADABLE, parts_of

logger = logging.getLogger(__name__)


#: years that int64 nanoseconds hold in full; a year outside of them stands for a time that is not known
LEAST_YEAR, LARGEST_YEAR = 1678, 2261
#: dates that databases and spreadsheets write where a table has no time, as year, month, day
NO_DATES = ((1753, 1, 1), (1899, 12, 30), (1899, 12, 31), (1900, 1, 1), (1969, 12, 31), (1970, 1, 1))

NS_PER_S = 1_000_000_000
#: most digits of a number that is a time of any unit
MOST_DIGITS = 40
#: a time of day or a duration where a time belongs
REMEDY_NO_DATE = (
    'give date and time; of two columns columns={"arrival": ["date", "time"]}, of a duration columns={"duration": ...}'
)


@dataclass(frozen=True)
class Times:
    """Times of one column.

    Parameters
    ----------
    labels : Index                  of the rows
    index : DatetimeIndex [n]       ns, without a zone: in UTC where `is_zoned`, else as the clock showed it; NaT: none
    is_zoned : bool [n]
    zones : tuple                   different zones that the times bring along, in order
    placeholder : bool [n]          something stands there instead of a time: "-", "NULL", year 0001 or 9999, ...
    unreadable : bool [n]           what stands there is not understood
    """

    labels: pd.Index
    index: pd.DatetimeIndex
    is_zoned: BoolArray
    zones: tuple[Any, ...]
    placeholder: BoolArray
    unreadable: BoolArray

    @property
    def in_own_zone(self) -> pd.DatetimeIndex:
        """Times in the zone of the first that has one, naive where none has."""
        return self.index.tz_localize("UTC").tz_convert(self.zones[0]) if self.zones else self.index


def read_times(
    columns: Mapping[str, Any], *, table: str, dayfirst: bool | None = None, in_table: Collection[str] = ()
) -> dict[str, Times]:
    """Times of all columns of one call, their text read in one order of day and month.

    Parameters
    ----------
    columns : {name in faults: Series, Index, array, list, or one time}
    table : name in faults
    dayfirst : True: 05.09.2017 is in September; False: in May; None: what the columns tell together
    in_table : columns of a table of many rows: cells that cannot be read are marked, as long as others of their column
        can; so are dates that databases write where they have none. In other columns they are refused

    Returns
    -------
    {name: Times}

    Raises
    ------
    InvalidInputError    names column, rows and value: dates in two orders or in one that nothing tells, times without a
        date, durations, numbers, text that holds no time
    """
    faults: list[Fault] = (
        [] if dayfirst is None or isinstance(dayfirst, (bool, np.bool_)) else [_dayfirst_fault(table, dayfirst)]
    )
    cells = {name: _cells(table, name, values, faults) for name, values in columns.items()}
    if faults:
        raise InvalidInputError(faults)
    if all(pd.api.types.is_datetime64_any_dtype(column.dtype) for column in cells.values()):
        return {name: _of_timestamps(column, name in in_table) for name, column in cells.items()}  # all of them known
    parts = {name: _parts(column) for name, column in cells.items()}
    for name, column in cells.items():
        faults += _kind_faults(table, name, column, parts[name], name in in_table)
        faults += half_converted_faults(table, name, column, parts[name]["is_open"])
    is_first = day_first(table, cells, parts, dayfirst, faults)
    if faults:
        raise InvalidInputError(faults)
    read = {name: _times(column, parts[name], is_first, name in in_table) for name, column in cells.items()}
    for name, times in read.items():
        if name not in in_table:
            faults += _impossible_faults(table, name, cells[name], times)
    if faults:
        raise InvalidInputError(faults)
    return read


def _dayfirst_fault(table: str, value: Any) -> Fault:
    return Fault(table, "dayfirst", (), repr(value), "is not understood", "give True, False or None")


def _cells(table: str, name: str, values: Any, faults: list[Fault]) -> pd.Series:
    """A column as a Series, with its labels where it has some."""
    if isinstance(values, pd.Series):
        cells = values
    elif not pd.api.types.is_list_like(values):
        cells = pd.Series([values], dtype=object, index=[None])  # a single time has no row
    elif isinstance(values, (pd.DataFrame, pd.MultiIndex, Mapping)) or not _is_row(values):
        shown = f"a {type(values).__name__}"
        faults.append(Fault(table, name, (), shown, "is not one column of times", "give a list or a Series of times"))
        return pd.Series([], dtype=object)
    else:
        cells = pd.Series(values.array) if isinstance(values, pd.Index) else pd.Series(list(values), dtype=object)
    if isinstance(cells.dtype, pd.PeriodDtype):
        cells = cells.dt.to_timestamp()
    elif isinstance(cells.dtype, pd.CategoricalDtype):
        cells = cells.astype(object)
    try:
        return cells.infer_objects()
    except OverflowError:  # a whole number beyond any float
        return cells


def _is_row(values: Any) -> bool:
    """Whether it has one dimension."""
    try:
        return np.ndim(values) <= 1
    except ValueError:  # rows of different lengths
        return False


def _parts(cells: pd.Series) -> pd.DataFrame:
    """Parts of the times of a column, as `parts_of`; timestamps are taken apart through ISO text only one by one."""
    parts = pd.DataFrame(np.nan, index=range(len(cells)), columns=list(PARTS))
    parts["kind"] = MISSING
    parts[["is_open", "short_year"]] = 0.0
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        parts.loc[cells.notna().to_numpy(), "kind"] = TIME
        return parts
    known = cells.notna().to_numpy()
    if pd.api.types.is_any_real_numeric_dtype(cells.dtype) or pd.api.types.is_timedelta64_dtype(cells.dtype):
        parts.loc[known, "kind"] = NO_DATE if pd.api.types.is_timedelta64_dtype(cells.dtype) else NUMBER
        return parts
    text = cells.reset_index(drop=True)[known].map(_as_text)
    is_text = text.map(lambda cell: isinstance(cell, str)).to_numpy(dtype=bool)
    parts.loc[text.index[~is_text], "kind"] = text[~is_text].astype(float)
    if is_text.any():
        parts.loc[text.index[is_text]] = parts_of(text[is_text])
    return parts


def _as_text(cell: Any) -> str | int:
    """Text to be taken apart, or what the cell is instead."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, (datetime, date)):
        return cell.isoformat()
    if isinstance(cell, np.datetime64):
        return str(cell)
    if isinstance(cell, pd.Period):
        return cell.start_time.isoformat()
    if isinstance(cell, (time, timedelta, np.timedelta64)):
        return NO_DATE
    return NUMBER if isinstance(cell, numbers.Real) and not isinstance(cell, bool) else UNREADABLE


def _kind_faults(table: str, name: str, cells: pd.Series, parts: pd.DataFrame, in_table: bool) -> list[Fault]:
    """What stands in a column and is not a time."""
    kind = parts["kind"].to_numpy()
    faults = wrong_faults(
        table, name, cells, kind == NO_DATE, "is a time of day or a duration, without a date", REMEDY_NO_DATE
    )
    some_are_read = in_table and np.any(kind == TIME)
    half = _half_faults(table, name, cells, parts)
    if some_are_read:
        return faults + half
    is_number, unreadable = kind == NUMBER, kind == UNREADABLE
    remedy = _number_remedy(cells[is_number])
    faults += wrong_faults(table, name, cells, is_number, "is a number, not a timestamp", remedy)
    remedy = "give date and time, such as 2024-05-14 17:30 or 2024-05-14T17:30+02:00"
    return faults + wrong_faults(table, name, cells, unreadable, "is not a timestamp", remedy) + half


def wrong_faults(table: str, name: str, cells: pd.Series, wrong: Any, problem: str, remedy: str) -> list[Fault]:
    """One fault for all cells in which ``wrong`` holds."""
    if not np.any(wrong):
        return []
    rows = tuple(row for row in cells.index[wrong].tolist() if row is not None)
    value = cells.to_numpy(dtype=object)[wrong][0]
    return [Fault(table, name, rows, repr(value) if isinstance(value, str) else str(value), problem, remedy)]


def _number_remedy(values: pd.Series) -> str:
    """What a number may mean, by its size."""
    texts = pd.Series([str(cell).replace(",", ".") for cell in values if len(str(cell)) <= MOST_DIGITS], dtype=object)
    floats = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=float)
    largest = float(np.max(np.abs(floats[np.isfinite(floats)]), initial=0.0))
    for unit, per_s in (("s", 1.0), ("ms", 1e3), ("us", 1e6), ("ns", 1e9)):
        if 6e8 * per_s <= largest <= 5e9 * per_s:
            return f'give date and time; seconds since 1970 by pd.to_datetime(column, unit="{unit}", utc=True)'
    if 19_000_101 <= largest <= 22_001_231:
        return 'give date and time; of 20240514 by pd.to_datetime(column.astype(str), format="%Y%m%d")'
    if 30_000 <= largest < 80_000:
        return 'give date and time; days of a spreadsheet by pd.to_datetime(column, unit="D", origin="1899-12-30")'
    return "give date and time"


def _half_faults(table: str, name: str, cells: pd.Series, parts: pd.DataFrame) -> list[Fault]:
    """A clock of 12 hours beside times that could be of either clock."""
    half, hour = parts["half"].to_numpy(), parts["hour"].to_numpy()
    either = np.isnan(half) & (hour >= 1) & (hour <= 12) & np.any(~np.isnan(half))
    remedy = "write AM or PM beside all times, or none"
    return wrong_faults(table, name, cells, either, "has no AM or PM and others have one", remedy)


def _times(cells: pd.Series, parts: pd.DataFrame, is_first: bool, in_table: bool) -> Times:
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        return _of_timestamps(cells, in_table)
    is_open, kind = parts["is_open"].to_numpy(dtype=bool), parts["kind"].to_numpy()
    first, second = parts["first"].to_numpy(), parts["second"].to_numpy()
    swap = is_open & is_first
    year, month, day = parts["year"].to_numpy(), np.where(swap, second, first), np.where(swap, first, second)
    placeholder = (kind == PLACEHOLDER) | _outside(year) | (in_table & _are_no_dates(year, month, day))
    exists = (kind == TIME) & ~placeholder & (month >= 1) & (month <= 12) & (day >= 1)
    months = np.where(exists, (year - 1970) * 12 + month - 1, 0).astype(np.int64).astype("datetime64[M]")
    days = months.astype("datetime64[D]").astype(np.int64) + np.where(exists, day, 1).astype(np.int64) - 1
    exists &= days < (months + 1).astype("datetime64[D]").astype(np.int64)
    seconds = 3600.0 * _hour(parts) + np.nan_to_num(parts["seconds"].to_numpy())
    offset = parts["offset"].to_numpy()
    ns = days * (86_400 * NS_PER_S) + np.rint((seconds - 3600.0 * np.nan_to_num(offset)) * NS_PER_S).astype(np.int64)
    index = pd.DatetimeIndex(np.where(exists, ns, pd.NaT.value).view("datetime64[ns]"))
    zones = tuple(_zone(hours) for hours in pd.unique(offset[exists & ~np.isnan(offset)]))
    unreadable = np.isin(kind, (NUMBER, UNREADABLE)) | ((kind == TIME) & ~placeholder & ~exists)
    return Times(cells.index, index, exists & ~np.isnan(offset), zones, placeholder, unreadable)


def _hour(parts: pd.DataFrame) -> FloatArray:
    """On a clock of 24 hours, midnight where there is no time of day."""
    hour, half = np.nan_to_num(parts["hour"].to_numpy()), parts["half"].to_numpy()
    return np.where(np.isnan(half), hour, hour % 12 + 12 * np.nan_to_num(half))


def _zone(hours: float) -> Any:
    return timezone.utc if hours == 0.0 else timezone(timedelta(hours=hours))


def _outside(year: FloatArray) -> BoolArray:
    return (year < LEAST_YEAR) | (year > LARGEST_YEAR)


def _are_no_dates(year: Any, month: Any, day: Any) -> BoolArray:
    found = np.zeros(len(year), dtype=bool)
    for no_year, no_month, no_day in NO_DATES:
        found |= (year == no_year) & (month == no_month) & (day == no_day)
    return found


def _of_timestamps(cells: pd.Series, in_table: bool) -> Times:
    """Times of a column of timestamps, whatever its unit."""
    index = pd.DatetimeIndex(cells)
    none = np.zeros(len(cells), dtype=bool)
    zones = () if index.tz is None or not index.notna().any() else (index.tz,)
    placeholder = _outside(index.year.to_numpy(dtype=float))
    if in_table:
        placeholder |= _are_no_dates(index.year, index.month, index.day)
    index = index.where(~placeholder).as_unit("ns")
    naive = index if index.tz is None else index.tz_convert("UTC").tz_localize(None)
    return Times(cells.index, naive, naive.notna() & (index.tz is not None), zones, placeholder, none)


def _impossible_faults(table: str, name: str, cells: pd.Series, times: Times) -> list[Fault]:
    remedy = "give a date that exists"
    return wrong_faults(table, name, cells, times.unreadable, "is not a date of the calendar", remedy)


def report_of(columns: Mapping[str, Times], table: str) -> dict[str, int]:
    """How many cells of a table hold something else than a time; what is not understood is logged as a warning."""
    placeholders = sum(int(times.placeholder.sum()) for times in columns.values())
    unreadable = {name: times.labels[times.unreadable] for name, times in columns.items() if times.unreadable.any()}
    for name, rows in unreadable.items():
        logger.warning("%s.%s of rows %s: no time is understood, they count as missing", table, name, listed(rows))
    return {"placeholder times": placeholders, "unreadable times": sum(map(len, unreadable.values()))}
