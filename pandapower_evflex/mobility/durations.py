"""Durations as text of session files."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.mobility.file_numbers import NOTATIONS
from pandapower_evflex.tables.faults import FloatArray, shown_values
from pandapower_evflex.tables.missing_text import is_empty_text

_CLOCK = re.compile(r"(?:(\d+) ?d(?:ays?)?,? ?)?(\d+):([0-5]?\d)(?::([0-5]?\d(?:[.,]\d+)?))?", re.IGNORECASE)


def hours_of(name: str, column: str, cells: pd.Series, decimal: str, *, plain_hours: bool) -> FloatArray:
    """Hours of durations such as 3:10:00 or 1 day 02:03:04, NaN where a cell is empty.

    Parameters
    ----------
    plain_hours : numbers are hours; False: they are refused

    Raises
    ------
    InvalidInputError    text that is no duration
    """
    hours = [_hours(text.strip(), decimal if plain_hours else "") for text in cells]
    wrong = np.array([value is None for value in hours], dtype=bool)
    if wrong.any():
        rows, shown = tuple(cells.index[wrong].tolist()), shown_values(cells.to_numpy(dtype=object)[wrong])
        raise InvalidInputError([Fault(name, column, rows, shown, "is not a duration", "give it as hh:mm:ss")])
    return np.array(hours, dtype=float)


def _hours(text: str, decimal: str) -> float | None:
    if is_empty_text(text):
        return np.nan
    match = _CLOCK.fullmatch(text)
    if match:
        days, hours, minutes, seconds = ((part or "0").replace(",", ".") for part in match.groups())
        return 24.0 * int(days) + int(hours) + int(minutes) / 60.0 + float(seconds) / 3600.0
    if decimal and NOTATIONS[decimal].fullmatch(text):
        return float(text.replace("." if decimal == "," else ",", "").replace(decimal, "."))
    return None
