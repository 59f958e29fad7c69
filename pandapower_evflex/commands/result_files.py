"""Tables as CSV files and one workbook, pictures as PNG."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from pandapower_evflex.output import say

#: what a sheet name may have at most
LONGEST_SHEET_NAME = 31
DPI = 150


def write_tables(out: Path, name: str, tables: Mapping[str, pd.DataFrame]) -> None:
    """A CSV file per table and a workbook of all, where a writer of workbooks is installed.

    Raises
    ------
    OSError
    """
    for own, table in tables.items():
        table.to_csv(out / f"{own}.csv")
    try:
        _write_workbook(out / f"{name}.xlsx", tables)
    except ImportError:
        say(f'No {name}.xlsx: pip install "pandapower_evflex[excel]"')


def _write_workbook(path: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Text stays text; Excel knows no time zones, so times are those of the zone without it."""
    options = {"options": {"strings_to_formulas": False, "strings_to_urls": False}}
    with pd.ExcelWriter(path, engine="xlsxwriter", engine_kwargs=options) as book:
        for name, table in tables.items():
            _for_excel(table).to_excel(book, sheet_name=name[:LONGEST_SHEET_NAME])


def _for_excel(table: pd.DataFrame) -> pd.DataFrame:
    table = table.copy()
    if isinstance(table.index, pd.DatetimeIndex):
        table.index = table.index.tz_localize(None)
    for position, dtype in enumerate(table.dtypes):
        if isinstance(dtype, pd.DatetimeTZDtype):
            table.isetitem(position, table.iloc[:, position].dt.tz_localize(None))
        elif pd.api.types.is_object_dtype(dtype):
            table.isetitem(position, table.iloc[:, position].map(_cell))
    return table


def _cell(value: Any) -> Any:
    """Collections as text."""
    return str(value) if isinstance(value, tuple | list | dict | set) else value


def write_pictures(out: Path, pictures: Mapping[str, Callable[[Any], Any]]) -> None:
    """PNG files, where matplotlib is installed; a function of the module of pictures draws one: its axes or figure.

    Raises
    ------
    OSError
    """
    try:
        import matplotlib
    except ImportError:
        say('No pictures: pip install "pandapower_evflex[plot]"')
        return
    from pandapower_evflex import plotting
    from pandapower_evflex.plotting.saving import write_and_close

    with matplotlib.rc_context({"figure.max_open_warning": 0}):
        for name, draw in pictures.items():
            write_and_close(draw(plotting), out / f"{name}.png", DPI)
