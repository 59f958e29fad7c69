"""Which columns of a table of sessions hold what, by their names or as the caller says, and their numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.faults import as_numbers, shown_values
from pandapower_evflex.tables.missing_text import without_empty_text
from pandapower_evflex.tables.number_text import read_hint
from pandapower_evflex.times.durations import one_column

#: what several columns may tell together: station and port, or date and time of day
TIMES = ("arrival", "charging_end", "departure", "plug_in", "plug_out")
BY_SEVERAL = ("evse", "user", *TIMES)

#: units of energy and power as headings name them
UNITS = frozenset(("wh", "kwh", "mwh", "gwh", "kw", "mw"))

Cells: TypeAlias = pd.Series | pd.DataFrame


def session_columns(
    table: str, sessions: Any, columns: Any, known: Mapping[str, Sequence[str]], required: Sequence[str]
) -> dict[str, Cells]:
    """Columns that a reader of sessions uses, under its names.

    Parameters
    ----------
    table : what the sessions are called in faults
    columns : {name: column, or list of columns for an outlet, a user or a time}, None: none is renamed
    known : {name: names that the column may have where ``columns`` does not say}; the first that is there is read
    required : names that must be found

    Returns
    -------
    {name: Series}, a DataFrame where several columns tell it

    Raises
    ------
    InvalidInputError    no table, unknown names, columns that are missing or there twice
    """
    if not isinstance(sessions, pd.DataFrame):
        remedy = "give a DataFrame with one row per session"
        raise InvalidInputError([Fault(table, "", (), f"a {type(sessions).__name__}", "is not a table", remedy)])
    given = {name: _as_place(sessions, place) for name, place in _checked_names(columns, known).items()}
    _refuse_several(given)
    chosen = {name: given[name] if name in given else _first_there(sessions, known[name]) for name in known}
    faults = []
    for name, place in chosen.items():
        faults += _place_faults(table, sessions, name, place, is_wanted=name in required or name in given)
    if faults:
        raise InvalidInputError(faults)
    cells = {name: sessions[place] for name, place in chosen.items() if _all_there(sessions, place)}
    return {name: one_column(table, name, of) if name in TIMES else of for name, of in cells.items()}


def _checked_names(columns: Any, known: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """What the caller says of the names in ``known``, also under other names of the same."""
    if columns is None:
        return {}
    if not isinstance(columns, (Mapping, pd.Series)):
        remedy = 'give names as {"arrival": "plugged_in", ...}'
        raise InvalidInputError([Fault("columns", "", (), repr(columns), "are not names of columns", remedy)])
    name_of = {alias: name for name, aliases in known.items() for alias in (*aliases, name)}
    said = list(dict(columns))
    meant = [name_of[name] for name in said if name in name_of]
    use = f"use {', '.join(known)}"
    faults = [Fault("columns", str(name), (), "the name", "is not known", use) for name in said if name not in name_of]
    faults += [
        Fault("columns", name, (), f"the column for {name}", "is said twice", "keep one of the two")
        for name in dict.fromkeys(meant)
        if meant.count(name) > 1
    ]
    if faults:
        raise InvalidInputError(faults)
    return {name_of[name]: place for name, place in dict(columns).items()}


def _as_place(sessions: pd.DataFrame, place: Any) -> Any:
    """One column, or a list of several; a tuple may be the label of one."""
    is_label = isinstance(place, tuple) and place in list(sessions.columns)
    if is_label or not isinstance(place, (list, tuple, pd.Index, np.ndarray)):
        return place
    return list(place) if len(place) != 1 else place[0]


def _refuse_several(given: Mapping[str, Any]) -> None:
    use = "name one column; only an outlet, a user or a time may be told by several"
    faults = [
        Fault("columns", name, (), repr(place), "are not one column", use)
        for name, place in given.items()
        if isinstance(place, list) and (name not in BY_SEVERAL or not place)
    ]
    if faults:
        raise InvalidInputError(faults)


def _first_there(sessions: pd.DataFrame, names: Sequence[str]) -> str:
    return next((name for name in names if name in sessions), names[0])


def _all_there(sessions: pd.DataFrame, place: Any) -> bool:
    return all(part in sessions for part in (place if isinstance(place, list) else [place]))


def _place_faults(table: str, sessions: pd.DataFrame, name: str, place: Any, *, is_wanted: bool) -> list[Fault]:
    faults = []
    for part in place if isinstance(place, list) else [place]:
        n = list(sessions.columns).count(part)
        if n == 1 or (n == 0 and not is_wanted):
            continue
        choice = ", ".join(map(shown_heading, sessions.columns))
        remedy = f'say which it is, columns={{"{name}": ...}}: one of {choice}'
        heading = shown_heading(part)
        problem = f"has the column {heading} twice" if n else f"has no column {heading}"
        faults.append(Fault(table, name, (), "the table", problem, remedy))
    return faults


def shown_heading(heading: Any) -> str:
    """A heading as it is; in quotes where it has blanks around it or characters that are not seen, such as a BOM."""
    text = str(heading)
    return text if text == text.strip() and text.isprintable() else repr(text)


def _unit_faults(table: str, column: str, heading: Any, unit: str) -> list[Fault]:
    """A heading that names another unit than the one in which the numbers are read."""
    said = [word for word in re.split(r"[\W\d_]+", str(heading).lower()) if word in UNITS]
    if not said or unit.lower() in said:
        return []
    remedy = f"give a column in {unit}, named so"
    return [Fault(table, column, (), f"the heading {heading!r}", f"names another unit than {unit}", remedy)]


def number_cells(table: str, column: str, values: pd.Series, unit: str) -> tuple[FloatArray, list[Fault]]:
    """Numbers of a column of a table that was read from a file, NaN where none is given, and faults.

    Text that stands for a missing value ("-", "NULL", ...) is one; other text, truth values and times are refused, and
    so are infinite values, and a column whose heading names another unit.
    """
    cells = without_empty_text(values)
    floats, not_number = as_numbers(cells)
    faults = _unit_faults(table, column, values.name, unit)
    for wrong, problem in ((not_number, "is not a number"), (np.isinf(floats), "is infinite")):
        if wrong.any():
            shown = cells.to_numpy(dtype=object)[wrong]
            rows = tuple(values.index[wrong].tolist())
            remedy = f"give a number in {unit}, without quotes{read_hint(shown)}"
            faults.append(Fault(table, column, rows, shown_values(shown), problem, remedy))
    return floats, faults
