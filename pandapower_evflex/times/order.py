"""Whether day or month comes first: decided once for all text of a call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.errors import Fault
from pandapower_evflex.times.text import parts_of

ISO = "or write dates as 2024-02-13"
MOST_MONTHS = 12


def day_first(
    table: str,
    cells: Mapping[str, pd.Series],
    parts: Mapping[str, pd.DataFrame],
    dayfirst: bool | None,
    faults: list[Fault],
) -> bool:
    """What ``dayfirst`` says, else what a number above 12 anywhere says; faults are added where neither does.

    Parameters
    ----------
    cells, parts : {column: cells}, {column: parts as `parts_of` takes them apart}
    """
    pooled = _pooled(cells, parts)
    for_day, for_month = _decisive(pooled)
    if dayfirst is not None:
        against = for_month if dayfirst else for_day
        remedy = f"leave dayfirst={bool(dayfirst)} out, {ISO}"
        faults += _fault(table, against, f"has no such month, though dayfirst={bool(dayfirst)}", remedy)
        return bool(dayfirst)
    if len(for_day) and len(for_month):
        faults += _two_orders(table, for_day, for_month)
        return True
    short = pooled[pooled["short_year"].astype(bool)]
    if len(short):
        faults += _fault(table, short, "has a year of two digits", "give dayfirst=True or dayfirst=False, " + ISO)
        return True
    open_ = pooled[pooled["first"] != pooled["second"]]
    if not len(for_day) and not len(for_month):
        problem = "may be day or month first, and nothing tells which"
        faults += _fault(table, open_, problem, "give dayfirst=True or dayfirst=False, " + ISO)
    return len(for_month) == 0


def told_order(table: str, columns: Mapping[str, pd.Index], faults: list[Fault]) -> bool | None:
    """What the text of several calls says together: True day first, False month first, None nothing.

    A fault is added where they contradict each other. What contradicts itself within one of them, and years of two
    digits, are left to the call.
    """
    texts = {name: _text_of(index) for name, index in columns.items() if not index.empty}
    if not texts:
        return None
    pooled = _pooled(texts, {name: parts_of(cells) for name, cells in texts.items()})
    for_day, for_month = _decisive(pooled)
    if len(for_day) and len(for_month):
        if set(for_day["column"]).isdisjoint(for_month["column"]):
            faults += _two_orders(table, for_day, for_month)
        return None
    is_told = len(for_day) + len(for_month) > 0 and not pooled["short_year"].any()
    return len(for_day) > 0 if is_told else None


def _text_of(index: pd.Index) -> pd.Series:
    """Labels that are text, "" for others."""
    return pd.Series([label if isinstance(label, str) else "" for label in index], dtype=object)


def _decisive(pooled: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Dates that can be read day first only, and month first only."""
    is_day, is_month = pooled["first"] > MOST_MONTHS, pooled["second"] > MOST_MONTHS
    return pooled[is_day & ~is_month], pooled[is_month & ~is_day]


def _two_orders(table: str, for_day: pd.DataFrame, for_month: pd.DataFrame) -> list[Fault]:
    fewer, more = sorted((for_month, for_day), key=len)
    problem = f"stands beside {more['value'].iloc[0]!r}: day and month come in two orders"
    return _fault(table, fewer, problem, "write all dates in one order, or as 2024-02-13")


def _pooled(cells: Mapping[str, pd.Series], parts: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Dates of all columns whose order the text leaves open."""
    frames = []
    for name, column in cells.items():
        is_open = parts[name]["is_open"].to_numpy(dtype=bool)
        found: Any = parts[name].loc[is_open, ["first", "second", "short_year"]]
        frames.append(
            found.assign(column=name, row=column.index[is_open], value=column.to_numpy(dtype=object)[is_open])
        )
    return pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)


def _fault(table: str, wrong: pd.DataFrame, problem: str, remedy: str) -> list[Fault]:
    """One fault, of the first column that is concerned."""
    if not len(wrong):
        return []
    own = wrong[wrong["column"] == wrong["column"].iloc[0]]
    rows = tuple(row for row in own["row"] if row is not None)
    return [Fault(table, own["column"].iloc[0], rows, repr(own["value"].iloc[0]), problem, remedy)]


def half_converted_faults(table: str, name: str, cells: pd.Series, is_open: Any) -> list[Fault]:
    """Timestamps beside text whose order of day and month is open (``is_open``), in one column.

    A spreadsheet turns the dates that its own order can read into timestamps, with day and month swapped where the file
    has the other order, and leaves the rest as text. A timestamp of a day above 12 is not swapped, so neither are those
    beside it.
    """
    open_ = np.asarray(is_open, dtype=bool)
    if not open_.any():
        return []
    values = cells.to_numpy(dtype=object)
    known = cells.notna().to_numpy()
    wrong = known & np.fromiter((isinstance(cell, date | np.datetime64) for cell in values), bool, len(values))
    if not wrong.any() or any(_day(cell) > MOST_MONTHS for cell in values[wrong]):
        return []
    problem = f"stands beside the text {values[open_][0]!r}: a spreadsheet may have swapped its day and month"
    remedy = "read this column as text from the original file, or write all its dates as 2024-02-13"
    return [Fault(table, name, tuple(cells.index[wrong].tolist()), str(values[wrong][0]), problem, remedy)]


def _day(cell: Any) -> int:
    return pd.Timestamp(cell).day if isinstance(cell, np.datetime64) else cell.day
