"""Names of outlets, stations and users, compared in one way: 50338, 50338.0, "50338" and " 50338" are one."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, IntArray, ObjectArray
from pandapower_evflex.errors import Fault, InvalidInputError, listed
from pandapower_evflex.tables.faults import shown_values
from pandapower_evflex.tables.missing_text import is_empty_text

logger = logging.getLogger(__name__)

#: a whole number as text, also as a column of floats is written; "007" is a name
_WHOLE = re.compile(r"-?(?:0|[1-9]\d*)(?:\.0+)?")
#: between the parts of a name that several columns tell
SEPARATOR = " / "


@dataclass(frozen=True)
class Ids:
    """Who or which outlet each row is.

    Parameters
    ----------
    code : int [n]        position of the name in ``labels``, -1 where it is missing
    labels : Index        different names in order: whole numbers where any of them was given as a number, else text
    """

    code: IntArray
    labels: pd.Index

    @property
    def missing(self) -> BoolArray:
        return self.code < 0


def read_ids(table: str, column: str, cells: pd.Series | pd.DataFrame) -> Ids:
    """Names of a column, or of several columns that name together, such as station and port.

    Blanks around and within a name, a byte order mark and the type of a whole number do not matter. Text that stands
    for a missing value is one; so is a name of which a part is missing. Upper and lower case are told apart, with a
    warning where names differ in nothing else.

    Raises
    ------
    InvalidInputError    a name is no label: a list, a truth value
    """
    parts = [cells] if isinstance(cells, pd.Series) else [cells.iloc[:, i] for i in range(cells.shape[1])]
    names = [_names(table, column, part) for part in parts]
    keys = names[0] if len(names) == 1 else _joined(names)
    try:
        code, labels = pd.factorize(keys, sort=True)
    except TypeError as error:  # such as names and dates, which have no order
        raise InvalidInputError([_no_label(table, column, keys.tolist())]) from error
    _warn_of_case(table, column, labels)
    return Ids(code.astype(np.int64), pd.Index(labels.tolist(), tupleize_cols=False))


def _names(table: str, column: str, cells: pd.Series) -> ObjectArray:
    """One name per cell, None where it is missing."""
    try:
        code, given = pd.factorize(cells.to_numpy(dtype=object))
    except TypeError as error:
        raise InvalidInputError([_no_label(table, column, cells.tolist())]) from error
    truth = [cell for cell in given if isinstance(cell, (bool, np.bool_))]
    if truth:
        raise InvalidInputError([_no_label(table, column, truth)])
    are_numbers = any(isinstance(cell, Real) for cell in given)
    names = np.empty(len(given) + 1, dtype=object)  # the last one for -1, a missing cell
    names[:-1] = [_name(cell, are_numbers) for cell in given]
    return names[code]


def _no_label(table: str, column: str, cells: Sequence[Any]) -> Fault:
    shown = shown_values(np.fromiter(cells, dtype=object, count=len(cells)))
    return Fault(table, column, (), shown, "cannot serve as labels", "give each a name or a number")


def _name(cell: Any, are_numbers: bool) -> Any:
    if isinstance(cell, Real):
        number = float(cell)
        return int(cell) if isinstance(cell, Integral) else int(number) if number.is_integer() else number  # exact
    if not isinstance(cell, str):
        return cell
    text = " ".join(cell.replace("\ufeff", "").split())
    if is_empty_text(text):
        return None
    if _WHOLE.fullmatch(text):
        number = int(text.split(".")[0])
        return number if are_numbers else str(number)
    return text


def _joined(parts: Sequence[ObjectArray]) -> ObjectArray:
    rows = [None if any(pd.isna(p) for p in row) else SEPARATOR.join(map(str, row)) for row in zip(*parts, strict=True)]
    return np.fromiter(rows, dtype=object, count=len(rows))


def _warn_of_case(table: str, column: str, labels: Any) -> None:
    texts = [label for label in labels if isinstance(label, str)]
    n_of = Counter(text.casefold() for text in texts)
    alike = [text for text in texts if n_of[text.casefold()] > 1]
    if alike:
        logger.warning(
            "%s.%s: %s differ in upper and lower case only and are taken apart", table, column, listed(alike)
        )
