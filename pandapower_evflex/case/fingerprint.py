"""What tells the values of a table, or of a mapping of tables, from all others: SHA-256, as hexadecimal digits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.tables.schema import LINKED_TO

#: what pandas' JSON keeps of a number, in 1 / decimals
_DECIMALS = 1e15
_NESTED = (dict, list, tuple)


def fingerprint(value: Any) -> str:
    """Of a table labels and cells, whatever the order of its columns; of a mapping keys and values; else as JSON.

    The same after a way through pandas' JSON: whole numbers count as the floats they equal, numbers as far as 15
    decimals, missing values alike. What rows remember of their links does not count.
    """
    return hashlib.sha256(_text(value).encode()).hexdigest()


def _of_frame(frame: pd.DataFrame) -> str:
    """Columns of numbers by their bytes, others as text; the index is a column too."""
    columns = [(str(name), column.array) for name, column in frame.items() if name != LINKED_TO]
    found = hashlib.sha256()
    numbers: list[FloatArray] = []
    for name, column in [("", frame.index), *sorted(columns, key=itemgetter(0))]:
        kind, values = _cells(column)
        found.update(f"{name}\n{kind}\n".encode())
        if isinstance(values, str):
            found.update(values.encode())
        else:
            numbers.append(values)
    if numbers:
        found.update(_rounded(np.concatenate(numbers)).tobytes())
    return found.hexdigest()


def _cells(column: Any) -> tuple[str, FloatArray | str]:
    """Kind of a column, and its cells: numbers, or one text of all."""
    cells = np.asarray(column)
    if cells.dtype.kind in "iuf":
        return "number", cells.astype(float)
    if cells.dtype.kind == "b":
        return "bool", cells.astype(float)
    if cells.dtype.kind == "M":
        return "time", _text(cells.astype("datetime64[ns]").astype(np.int64).tolist())
    cells = cells.astype(object)
    cells[pd.isna(cells)] = None
    kind = pd.api.types.infer_dtype(cells, skipna=True)
    if kind in ("floating", "integer", "mixed-integer-float", "boolean", "empty"):
        return "bool" if kind == "boolean" else "number", cells.astype(float)
    return "text", _text(cells.tolist())


def _rounded(numbers: FloatArray) -> FloatArray:
    """To 15 decimals in the way of pandas' JSON, so that what has gone through it is not changed again."""
    with np.errstate(invalid="ignore"):
        whole = np.trunc(numbers)
        near = whole + np.rint((numbers - whole) * _DECIMALS) / _DECIMALS + 0.0
    near[np.isnan(numbers)] = np.nan
    return np.where(np.isinf(numbers), numbers, near)


def _text(value: Any) -> str:
    return json.dumps(_keyed(value), default=_plain, sort_keys=True)


def _keyed(value: Any) -> Any:
    """Keys as text, which a tuple such as ("load", "p_mw") is not in JSON."""
    if isinstance(value, dict):
        return {str(key): _keyed(below) if isinstance(below, _NESTED) else below for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [_keyed(below) if isinstance(below, _NESTED) else below for below in value]
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, pd.DataFrame):
        return _of_frame(value)
    if isinstance(value, pd.Series):
        return _of_frame(value.to_frame())
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return _keyed(dict(value)) if isinstance(value, Mapping) else repr(value)
