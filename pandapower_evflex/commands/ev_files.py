"""EVs and sessions from CSV files, into the tables of a net."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.errors import Fault, InvalidInputError, listed
from pandapower_evflex.mobility.file_numbers import decimal_of, floats_of
from pandapower_evflex.mobility.text_table import read_text, text_table
from pandapower_evflex.tables.ev import create_evs
from pandapower_evflex.tables.ev_session import create_ev_sessions
from pandapower_evflex.tables.faults import shown_values
from pandapower_evflex.tables.kinds import check_file
from pandapower_evflex.tables.missing_text import is_empty_text
from pandapower_evflex.tables.slips import names_alike

#: columns of words
WORDS = ("name", "std_type")
#: columns of truth values, and how they are written: spreadsheets and pandas write numbers, too
FLAGS = ("controllable", "in_service")
TRUE_OR_FALSE = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
#: columns of times, read beside a start of the horizon; each stands for hours
TIMES = {"arrival": "arrival_h", "departure": "departure_h"}
#: what else may be given for sessions of EVs
EXPORTS = "; or give an export of charging points that names outlets, as evflex cpo reads it"


def add_evs(net: Net, path: Path) -> None:
    """Rows of net.ev: `bus`, and what `create_evs` takes.

    Raises
    ------
    InvalidInputError    all faults of the file; nothing is added then
    """
    rows = _read("--evs", path, ("bus",), _names(create_evs, "net", "buses", "ev_values"))
    create_evs(net, rows.pop("bus"), **rows)


def add_sessions(net: Net, path: Path, start: Any, dayfirst: bool | None) -> None:
    """Rows of net.ev_session: `ev`, then `arrival_h, departure_h` in hours from the start or `arrival, departure` as
    times, and what else `create_ev_sessions` takes.

    Parameters
    ----------
    start : time of the first period, None where nothing tells it

    Raises
    ------
    InvalidInputError    all faults of the file; nothing is added then
    """
    known = _names(create_ev_sessions, "net", "evs", "start", "dayfirst")
    rows = _read("--sessions", path, ("ev",), known, TIMES, EXPORTS)
    for column, hours in TIMES.items():
        if (column in rows) == (hours in rows):
            what = "is there beside" if column in rows else "is missing, and so is"
            remedy = f"give {column} as times, or {hours} in hours from the start of the horizon"
            raise InvalidInputError([Fault(path.name, column, (), "the column", f"{what} {hours}", remedy)])
    by_time = [column for column in TIMES if column in rows]
    if by_time and start is None:
        remedy = "give --start, or profiles whose rows are labelled by date and time"
        raise InvalidInputError([Fault(path.name, listed(by_time), (), "times", "need a start", remedy)])
    when = {hours: rows.pop(column) if column in rows else rows.pop(hours) for column, hours in TIMES.items()}
    begin = {"start": start, "dayfirst": dayfirst} if by_time else {}
    create_ev_sessions(net, rows.pop("ev"), when["arrival_h"], when["departure_h"], **begin, **rows)


def _names(function: Any, *but: str) -> list[str]:
    """What a create function takes for each row."""
    parameters = inspect.signature(function).parameters.values()
    return [one.name for one in parameters if one.name not in but and one.kind is not one.VAR_KEYWORD]


def _read(
    argument: str, path: Path, needed: tuple[str, ...], known: list[str], times: Any = (), instead: str = ""
) -> dict[str, Any]:
    """{column: values of all rows}; numbers, with NaN for empty cells, but for words and times."""
    check_file(argument, path)
    table = text_table(path.name, read_text(path))
    _check_columns(path.name, table, needed, known, times, instead)
    texts = {column: table[column] for column in table.columns}
    numbers = {c: cells for c, cells in texts.items() if c not in (*WORDS, *FLAGS, *times)}
    _refuse_clocks(path.name, numbers)
    decimal = decimal_of(path.name, numbers, table.attrs["delimiter"])
    rows: dict[str, Any] = {c: floats_of(path.name, c, cells, decimal) for c, cells in numbers.items()}
    for column, cells in texts.items():
        if column not in rows:
            values = [None if is_empty_text(text) else text.strip() for text in cells]
            rows[column] = _flags(path.name, column, values) if column in FLAGS else values
    return {column: _whole(values) for column, values in rows.items()}


def _check_columns(
    file: str, table: pd.DataFrame, needed: Sequence[str], known: Sequence[str], times: Any, instead: str
) -> None:
    """Columns that are there, those of others beside what they may stand for, and a file without rows."""
    missing = [column for column in needed if column not in table]
    names = [*needed, *known, *times]
    others = [column for column in table.columns if column not in names]
    what = [f"lacks {listed(missing)}"] if missing else []
    what += [f"has {listed([_with_likely_name(name, names) for name in others])}"] if others else []
    what += ["holds no rows"] if not len(table) else []
    if what:
        named = f"{listed([*needed, *times])} and, as far as known, {', '.join(known)}"
        remedy = f"name columns {named}; powers are in MW and energies in MWh{instead}"
        raise InvalidInputError([Fault(file, "", (), "the file", " and ".join(what), remedy)])


def _with_likely_name(name: str, known: Sequence[str]) -> str:
    likely = names_alike(name, known)
    return f"{name} (for {' or '.join(likely)}?)" if likely else name


def _refuse_clocks(file: str, numbers: dict[str, pd.Series]) -> None:
    """Times of day in a column of hours, which go on past midnight."""
    faults = []
    for column, hours in TIMES.items():
        cells = numbers.get(hours, pd.Series(dtype=str))
        clocks = cells[cells.str.contains(":", regex=False)]
        if len(clocks):
            remedy = f"give hours from the start of the horizon, 6.5 for 06:30, or {column} with date and time"
            value = shown_values(clocks.to_numpy(dtype=object))
            faults.append(Fault(file, hours, tuple(clocks.index), value, "is a time of day", remedy))
    if faults:
        raise InvalidInputError(faults)


def _flags(file: str, column: str, texts: list[str | None]) -> list[bool | None]:
    wrong = {row: text for row, text in enumerate(texts) if text is not None and text.lower() not in TRUE_OR_FALSE}
    if wrong:
        remedy = "write true or false, or empty the cell"
        value = shown_values(np.array(list(wrong.values()), dtype=object))
        raise InvalidInputError([Fault(file, column, tuple(wrong), value, "is neither true nor false", remedy)])
    return [None if text is None else TRUE_OR_FALSE[text.lower()] for text in texts]


def _whole(values: Any) -> Any:
    """Whole numbers as such: labels."""
    if isinstance(values, np.ndarray) and np.isfinite(values).all() and (values == np.floor(values)).all():
        return values.astype(np.int64)
    return values
