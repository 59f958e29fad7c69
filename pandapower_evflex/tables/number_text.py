"""Text where a number belongs: it is refused, and the reader of files is told how to read it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.faults import FloatArray, as_numbers, shown_values
from pandapower_evflex.tables.missing_text import without_empty_text

#: what a file must be read with, by what its text looks like; the first that fits a cell
_READ_WITH = (
    (re.compile(r"\d[.\u2019' \u00a0\u202f]\d{3}.*,\d"), 'decimal=",", thousands="."'),
    (re.compile(r"\d,\d{3}.*\.\d"), 'decimal=".", thousands=","'),
    (re.compile(r",\d"), 'decimal=","'),
)


def read_hint(cells: Iterable[Any]) -> str:
    """How to read text as numbers, to go on a remedy; "" where no cell is text."""
    texts = [cell for cell in cells if isinstance(cell, str)]
    hints = [hint for text in texts for pattern, hint in _READ_WITH if pattern.search(text)]
    if hints:
        return f"; pandas.read_csv(..., {max(hints, key=len)}) reads such text as numbers"
    if any(re.search(r"\d", text) and re.search(r"[^\W\d_]|%", text) for text in texts):
        return '; leave out units and names; decimal commas are read by pandas.read_csv(..., decimal=",")'
    return ""


def number_cells(table: str, column: str, values: pd.Series, unit: str) -> tuple[FloatArray, list[Fault]]:
    """Numbers of a column of a table that was read from a file, NaN where none is given, and faults.

    Text that stands for a missing value ("-", "NULL", ...) is one; other text, truth values and times are refused, and
    so are infinite values.
    """
    cells = without_empty_text(values)
    floats, not_number = as_numbers(cells)
    faults = []
    for wrong, problem in ((not_number, "is not a number"), (np.isinf(floats), "is infinite")):
        if wrong.any():
            shown = cells.to_numpy(dtype=object)[wrong]
            rows = tuple(values.index[wrong].tolist())
            remedy = f"give a number in {unit}, without quotes{read_hint(shown)}"
            faults.append(Fault(table, column, rows, shown_values(shown), problem, remedy))
    return floats, faults
