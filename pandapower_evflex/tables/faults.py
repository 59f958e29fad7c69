"""What is wrong with a table as it stands, whoever wrote it: structure, then single values, then rows together."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, FloatArray, Net, ObjectArray
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.number_text import read_hint
from pandapower_evflex.tables.schema import Column, TableSchema
from pandapower_evflex.tables.slips import slip_faults

#: most values that a message shows
MAX_SHOWN = 5


def fault_where(
    table: str, frame: pd.DataFrame, column: str, wrong: Any, problem: str, remedy: str, value: str = ""
) -> list[Fault]:
    """One fault for all rows in which ``wrong`` holds; ``value`` replaces the values shown."""
    mask = np.asarray(wrong, dtype=bool)
    if not mask.any():
        return []
    shown = value or shown_values(frame[column].to_numpy(dtype=object)[mask])
    return [Fault(table, column, tuple(frame.index[mask].tolist()), shown, problem, remedy)]


def shown_values(values: ObjectArray) -> str:
    """The first different ones; text in quotes, to tell "5" from 5."""
    texts = [f"{v:g}" if isinstance(v, float) else repr(v) if isinstance(v, str) else str(v) for v in values]
    different = list(dict.fromkeys(texts))
    return ", ".join(different[:MAX_SHOWN]) + (", ..." if len(different) > MAX_SHOWN else "")


def as_numbers(values: Any) -> tuple[FloatArray, BoolArray]:
    """Floats (NaN where there is none), and which cells hold something else: text, a truth value, a timestamp."""
    dtype = getattr(values, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind in "iuf":
        cells = values if isinstance(values, np.ndarray) else values.to_numpy()
        return cells.astype(float), np.zeros(len(cells), dtype=bool)
    if pd.api.types.is_numeric_dtype(values) and values.dtype.kind in "iuf":
        return values.to_numpy(dtype=float, na_value=np.nan), np.zeros(len(values), dtype=bool)
    cells = np.asarray(values, dtype=object)
    is_number = np.fromiter(
        (isinstance(cell, numbers.Real) and not isinstance(cell, bool) for cell in cells), dtype=bool, count=len(cells)
    )
    floats = np.full(len(cells), np.nan)
    floats[is_number] = [_float(cell) for cell in cells[is_number]]
    return floats, ~is_number & ~pd.isna(cells)


def _float(number: Any) -> float:
    """Infinite where it is larger than any float."""
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def are_bools(values: Any) -> BoolArray:
    """Which cells are True or False."""
    if values.dtype == bool:
        return np.ones(len(values), dtype=bool)
    cells = np.asarray(values, dtype=object)
    return np.fromiter((isinstance(cell, (bool, np.bool_)) for cell in cells), dtype=bool, count=len(cells))


def are_whole(floats: FloatArray) -> BoolArray:
    """Which are whole numbers that a float holds exactly."""
    return (floats == np.floor(floats)) & (np.abs(floats) < 2.0**53)


def frame_faults(net: Net, schema: TableSchema, frame: Any) -> list[Fault]:
    """Everything wrong with the rows of a table, as it stands on the net or before it gets there."""
    faults = _structure_faults(schema, frame)
    if not _has_plain_columns(frame):
        return faults
    slips = slip_faults(schema, frame.columns)
    for column in schema.columns:
        if column.name in frame:
            faults += column_faults(net, schema.name, column, frame)
    if any(fault.column == "index" or not fault.rows for fault in faults):
        return faults + slips  # without all columns, or with rows that no label tells apart, rows cannot be compared
    foreign = {column.foreign_key for column in schema.columns if column.foreign_key in net}
    if not all(is_readable(net[name]) for name in foreign):
        return faults + slips
    at_fault = {row for fault in faults for row in fault.rows}
    good = typed(schema, frame[~frame.index.isin(list(at_fault))] if at_fault else frame)
    for check in schema.checks:
        faults += check(net, good)
    return faults + slips


def _has_plain_columns(frame: Any) -> bool:
    """Whether a name stands for one column."""
    if not isinstance(frame, pd.DataFrame) or isinstance(frame.columns, pd.MultiIndex):
        return False
    return not frame.columns.has_duplicates


def shown_labels(labels: pd.Index) -> str:
    """What is no column of whole numbers, as a fault shows it."""
    levels = f"{labels.nlevels} level{'s' * (labels.nlevels > 1)} of labels"
    return levels if isinstance(labels, pd.MultiIndex) else f"labels of type {labels.dtype}"


def _structure_faults(schema: TableSchema, frame: Any) -> list[Fault]:
    name = schema.name
    if not isinstance(frame, pd.DataFrame):
        remedy = f"remove net.{name} and create its rows anew"
        return [Fault(name, "", (), f"a {type(frame).__name__}", "is not a table", remedy)]
    if isinstance(frame.columns, pd.MultiIndex):
        value, remedy = "a MultiIndex", "give every column one name (frame.columns.get_level_values(-1))"
        return [Fault(name, "columns", (), value, "stands in the place of names", remedy)]
    twice = frame.columns[frame.columns.duplicated()].unique() if frame.columns.has_duplicates else ()
    faults = [Fault(name, column, (), "the column", "is there twice", "drop one of the two") for column in twice]
    faults += [
        Fault(name, column.name, (), "the column", "is missing", _column_remedy(column))
        for column in schema.columns
        if not column.optional and column.name not in frame
    ]
    if len(frame) and not pd.api.types.is_integer_dtype(frame.index):
        remedy = "give whole numbers, as in every pandapower table"
        faults.append(Fault(name, "index", (), shown_labels(frame.index), "are not whole numbers", remedy))
    if frame.index.has_duplicates:
        twice = tuple(frame.index[frame.index.duplicated()].unique())
        faults.append(Fault(name, "index", twice, "labels", "occur more than once", "give each row its own index"))
    return faults


def _column_remedy(column: Column) -> str:
    return "put it back" if column.default is None else f"put it back; its default is {column.default}"


def column_faults(net: Net, table: str, column: Column, frame: pd.DataFrame) -> list[Fault]:
    """Faults of single values; of several at one value the first."""
    values = frame[column.name]
    if _is_right_at_a_glance(column, values):
        return []

    def fault(wrong: BoolArray, problem: str, remedy: str, value: str = "") -> list[Fault]:
        return fault_where(table, frame, column.name, wrong, problem, remedy, value)

    if column.dtype == "bool":
        return fault(~are_bools(values), "is neither True nor False", "give True or False")
    if column.dtype == "boolean":
        wrong = ~are_bools(values) & ~pd.isna(values).to_numpy()
        return fault(wrong, "is neither True nor False", "give True or False, or leave it out")
    if column.dtype == "object":
        return fault(~values.isin(column.choices).to_numpy(dtype=bool), "is not known", column.remedy)
    floats, not_number = as_numbers(values)
    missing = np.isnan(floats) & ~not_number
    faults: list[Fault] = []
    if column.required:
        faults += fault(missing, "is missing", column.remedy, value="the value")
    if column.dtype == "float64":
        in_unit = f" in {column.unit}" if column.unit else ""
        remedy = f"give a number{in_unit}, without quotes{read_hint(values[not_number])}"
        faults += fault(not_number, "is not a number", remedy)
        no_limit = "give a finite number" if column.required else "leave it out (NaN) where there is no limit"
        faults += fault(np.isinf(floats), "is infinite", no_limit)
        return faults + _bound_faults(column, np.where(np.isinf(floats), np.nan, floats), fault)
    not_whole = not_number | ~(missing | are_whole(floats))
    faults += fault(not_whole, "is not a whole number", column.remedy)
    faults += _bound_faults(column, np.where(not_whole, np.nan, floats), fault)
    return faults + _choice_faults(net, column, floats, missing | not_whole, fault)


def _is_right_at_a_glance(column: Column, values: pd.Series) -> bool:
    """Plain truth values, text of any kind, or plain numbers that are all allowed: the usual case, in no time."""
    if column.dtype == "bool":
        return bool(values.dtype == bool)
    if column.dtype == "object":
        return not column.choices
    is_plain = isinstance(values.dtype, np.dtype) and values.dtype.kind in "iuf"
    return column.dtype == "float64" and is_plain and bool(are_right(column, values.to_numpy(dtype=float)).all())


def are_right(column: Column, floats: FloatArray) -> BoolArray:
    """Which numbers a column of floats takes."""
    right = np.isfinite(floats) if column.required else ~np.isinf(floats)
    if column.lower is not None:
        right &= ~(floats < column.lower)
    if column.above is not None:
        right &= ~(floats <= column.above)
    if column.upper is not None:
        right &= ~(floats > column.upper)
    return right


def _bound_faults(column: Column, floats: FloatArray, fault: Any) -> list[Fault]:
    unit = f" {column.unit}" if column.unit else ""
    faults = []
    if column.lower is not None:
        remedy = column.hint or f"give {column.lower:g}{unit} or more"
        faults += fault(floats < column.lower, f"is below {column.lower:g}{unit}", remedy)
    if column.above is not None:
        remedy = column.hint or f"give more than {column.above:g}{unit}"
        faults += fault(floats <= column.above, f"is not above {column.above:g}{unit}", remedy)
    if column.upper is not None:
        remedy = column.hint or f"give {column.upper:g}{unit} or less"
        faults += fault(floats > column.upper, f"is above {column.upper:g}{unit}", remedy)
    return faults


def is_readable(frame: Any) -> bool:
    """Whether rows and columns of a table can be found by their labels."""
    return (
        _has_plain_columns(frame)
        and not frame.index.has_duplicates
        and (not len(frame) or pd.api.types.is_integer_dtype(frame.index))
    )


def _choice_faults(net: Net, column: Column, floats: FloatArray, skipped: BoolArray, fault: Any) -> list[Fault]:
    """Whole numbers that are not among those allowed."""
    if column.choices:
        return fault(~np.isin(floats, column.choices) & ~skipped, "is not known", column.remedy)
    if not column.foreign_key or (column.foreign_key in net and not is_readable(net[column.foreign_key])):
        return []  # a table that cannot be read is a fault of its own
    labels = np.where(skipped, 0.0, floats).astype(np.int64)
    unknown = (labels_of(net, column.foreign_key).get_indexer(labels) < 0) & ~skipped
    remedy = f"{column.remedy}, or create the row there first"
    return fault(unknown, f"is not in net.{column.foreign_key}", remedy)


def labels_of(net: Net, table: str) -> pd.Index:
    """Labels of a table that may be missing."""
    frame = net[table] if table in net else None
    return frame.index if isinstance(frame, pd.DataFrame) else pd.Index([])


def element_faults(net: Net, table: str, rows: pd.DataFrame, element_types: Sequence[str], or_else: str) -> list[Fault]:
    """Rows whose element is not in the table that their element_type names; ``or_else`` ends the remedy."""
    faults = []
    for element_type in element_types:
        wrong = (rows["element_type"] == element_type) & ~rows["element"].isin(labels_of(net, element_type))
        remedy = f"use an index of net.{element_type}, {or_else}"
        faults += fault_where(table, rows, "element", wrong, f"is not in net.{element_type}", remedy)
    return faults


def numbers_of(net: Net, table: str, column: str, labels: Any) -> FloatArray:
    """Values of a foreign table for ``labels``, NaN where it has none; its own faults are found elsewhere."""
    frame = net[table] if table in net else None
    if frame is None or not is_readable(frame) or column not in frame:
        return np.full(len(labels), np.nan)
    floats, _ = as_numbers(frame[column])
    return np.append(floats, np.nan)[frame.index.get_indexer(pd.Index(labels))]


def typed(schema: TableSchema, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame in its schema's dtypes, as far as the values allow; the checks name those that do not."""
    dtypes = frame.dtypes.to_dict()
    other = [c for c in schema.columns if c.name in frame and dtypes[c.name] != c.dtype]
    return frame.assign(**{c.name: as_dtype(frame[c.name], c.dtype) for c in other}) if other else frame


def as_dtype(values: Any, dtype: str) -> Any:
    """Array of the values in a dtype, when that changes none of them, else as they are."""
    if dtype == "object":
        return values.astype(object)
    if dtype == "bool":
        return values.astype(bool) if are_bools(values).all() else values
    if dtype == "boolean":
        absent = np.asarray(pd.isna(values), dtype=bool)
        if not (are_bools(values) | absent).all():
            return values
        cells = np.asarray(values, dtype=object)
        return pd.arrays.BooleanArray(np.where(absent, False, cells).astype(bool), absent)
    floats, not_number = as_numbers(values)
    if not_number.any():
        return values
    if dtype == "float64":
        return floats
    missing = np.isnan(floats)
    if not (are_whole(floats) | missing).all():
        return values
    if dtype == "Int64":
        return pd.arrays.IntegerArray(np.where(missing, 1, floats).astype(np.int64), missing)
    return values if missing.any() else floats.astype(np.int64)
