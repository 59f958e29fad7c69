"""Numbers of a text file, all in one notation: with a decimal comma or a decimal point, decided once per file."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.faults import shown_values
from pandapower_evflex.tables.missing_text import is_empty_text

#: remedy for a number that may mean two
WRITTEN_PLAINLY = "write it without a mark between thousands, or with another number of decimals"
#: between thousands, besides the other one of point and comma
_BLANKS = "[ '\u2019\u00a0\u202f]"


def _number(decimal: str) -> re.Pattern[str]:
    mark = re.escape(decimal)
    thousands = f"{re.escape('.' if decimal == ',' else ',')}|{_BLANKS}"
    # one mark between all thousands, and never an exponent behind them
    grouped = rf"[1-9]\d{{0,2}}(?P<between>{thousands})\d{{3}}(?:(?P=between)\d{{3}})*(?:{mark}\d*)?"
    return re.compile(rf"[+-]?(?:{grouped}|(?:\d+(?:{mark}\d*)?|{mark}\d+)(?:[eE][+-]?\d+)?)")


NOTATIONS = {decimal: _number(decimal) for decimal in (".", ",")}


def decimal_of(name: str, columns: Mapping[str, pd.Series], delimiter: str, remedy: str = WRITTEN_PLAINLY) -> str:
    """The decimal mark in which all cells of all columns are numbers.

    Parameters
    ----------
    delimiter : between the cells of the file; a file with commas there has points before its decimals
    remedy : where a number may mean two

    Raises
    ------
    InvalidInputError    some are numbers in neither notation, some in one and some in the other only, or all that have
        a mark look like "1,010" or "1.010", which may be 1.01 or 1010
    """
    readable = {
        decimal: {column: _fits(cells, pattern) for column, cells in columns.items()}
        for decimal, pattern in NOTATIONS.items()
    }
    good = [decimal for decimal in NOTATIONS if all(fits.all() for fits in readable[decimal].values())]
    if len(good) == 1:
        return good[0]
    faults = []
    marks = "," if delimiter == "," else ",."
    for column, cells in columns.items():
        texts = cells.to_numpy(dtype=object)
        wrong = ~(readable["."][column] | readable[","][column])
        problem, mend = "is not a number", "leave out units and words, or empty the cell"
        if good:  # in both notations: they must mean the same
            wrong = np.fromiter((_means_two(text, marks) for text in texts), dtype=bool, count=len(texts))
            problem, mend = "may be a decimal or thousands", remedy
        elif not any((~(a | readable[","][c])).any() for c, a in readable["."].items()):
            wrong = ~readable["."][column]
            problem, mend = "has a decimal comma and others have a point", "write all numbers in one way"
        if wrong.any():
            rows = tuple(cells.index[wrong].tolist())
            faults.append(Fault(name, column, rows, shown_values(texts[wrong]), problem, mend))
    if faults:
        raise InvalidInputError(faults)
    return "."


def floats_of(name: str, column: str, cells: pd.Series, decimal: str) -> FloatArray:
    """Numbers of a column, NaN where a cell is empty.

    Raises
    ------
    InvalidInputError    text that is not a number with this decimal mark, numbers beyond any float
    """
    remedy = "leave out units and words, or empty the cell"
    _refuse(name, column, cells, ~_fits(cells, NOTATIONS[decimal]), f'is not a number with decimal="{decimal}"', remedy)
    other = "." if decimal == "," else ","
    plain = (re.sub(_BLANKS, "", text.strip()).replace(other, "").replace(decimal, ".") for text in cells)
    floats = np.fromiter(
        (np.nan if is_empty_text(text) else float(text) for text in plain), dtype=float, count=len(cells)
    )
    _refuse(name, column, cells, np.isinf(floats), "is infinite", "correct the cell, or empty it")
    return floats


def _refuse(name: str, column: str, cells: pd.Series, wrong: np.ndarray, problem: str, remedy: str) -> None:
    if wrong.any():
        rows, shown = tuple(cells.index[wrong].tolist()), shown_values(cells.to_numpy(dtype=object)[wrong])
        raise InvalidInputError([Fault(name, column, rows, shown, problem, remedy)])


def _fits(cells: pd.Series, pattern: re.Pattern[str]) -> np.ndarray:
    return np.fromiter(
        (is_empty_text(text) or pattern.fullmatch(text.strip()) is not None for text in cells),
        dtype=bool,
        count=len(cells),
    )


def _means_two(text: str, marks: str) -> bool:
    """Whether the only mark of a number may stand before decimals or between thousands: 1,010; but not 0,101."""
    return re.fullmatch(rf"[+-]?[1-9]\d{{0,2}}[{marks}]\d{{3}}", text.strip()) is not None
