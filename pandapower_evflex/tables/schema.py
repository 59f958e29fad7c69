"""One schema per table: it makes the columns, fills defaults, checks values and writes the documentation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pandapower_evflex.errors import Fault, InvalidInputError

_DTYPES = {"float": "float64", "int": "int64", "bool": "bool", "str": "object", "Int64": "Int64"}


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    kind : "float", "int", "bool", "str" or "Int64" (a label that may be missing)
    default : value of rows that do not give one
    required : rows must give a value
    optional : the column appears only when first given
    lower, upper : closed bounds; NaN passes unless ``required``
    above : open lower bound
    choices : allowed values
    references : table whose index the values must be in
    hint : remedy where a value is out of bounds
    """

    name: str
    kind: str
    description: str
    unit: str = ""
    default: Any = None
    required: bool = False
    optional: bool = False
    lower: float | None = None
    above: float | None = None
    upper: float | None = None
    choices: tuple[str, ...] = ()
    references: str = ""
    hint: str = ""


Check = Callable[[Any, pd.DataFrame], list[Fault]]


@dataclass(frozen=True)
class TableSchema:
    """All columns of a table of ours and the checks that need more than one of them."""

    name: str
    description: str
    columns: tuple[Column, ...]
    checks: tuple[Check, ...] = field(default=())

    def column_names(self, given: Sequence[str] = ()) -> list[str]:
        """Columns of a table to which ``given`` were given."""
        return [c.name for c in self.columns if not c.optional or c.name in given]

    def markdown(self) -> str:
        """The table of the documentation."""
        lines = ["| column | type | unit | default | description |", "| --- | --- | --- | --- | --- |"]
        for c in self.columns:
            default = "required" if c.required else ("optional column" if c.optional else _shown(c.default))
            lines.append(f"| `{c.name}` | {c.kind} | {c.unit} | {default} | {c.description} |")
        return "\n".join(lines)


def _shown(default: Any) -> str:
    return "" if default is None or (isinstance(default, float) and np.isnan(default)) else str(default)


def fault_where(table: str, frame: pd.DataFrame, column: str, wrong: Any, problem: str, remedy: str) -> list[Fault]:
    """One fault for all rows in which ``wrong`` holds."""
    mask = np.asarray(wrong, dtype=bool)
    if not mask.any():
        return []
    values = frame[column][mask] if column in frame else pd.Series(["missing"])
    shown = ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values[:5])
    return [Fault(table, column, tuple(frame.index[mask]), shown, problem, remedy)]


def frame_faults(net: Any, schema: TableSchema, frame: pd.DataFrame) -> list[Fault]:
    """Everything wrong with the rows of a table, as it stands on the net or before it gets there."""
    faults = [
        Fault(schema.name, name, (), "the column", "is missing", "create rows with the create function")
        for name in schema.column_names()
        if name not in frame
    ]
    duplicated = frame.index.duplicated()
    if duplicated.any():
        labels = tuple(frame.index[duplicated].unique())
        faults.append(
            Fault(schema.name, "index", labels, "labels", "occur more than once", "give each row its own index")
        )
    if faults:
        return faults
    for column in schema.columns:
        if column.name in frame:
            faults += _column_faults(net, schema.name, column, frame)
    if not faults:
        for check in schema.checks:
            faults += check(net, frame)
    return faults


def _column_faults(net: Any, table: str, column: Column, frame: pd.DataFrame) -> list[Fault]:
    values = frame[column.name]

    def fault(wrong: Any, problem: str, remedy: str) -> list[Fault]:
        return fault_where(table, frame, column.name, wrong, problem, remedy)

    if column.kind == "bool":
        is_bool = values.map(lambda value: isinstance(value, (bool, np.bool_)))
        return fault(~is_bool.to_numpy(dtype=bool), "is neither True nor False", "give True or False")
    if column.choices:
        wrong = ~values.isin(column.choices)
        return fault(wrong, "is not known", "use one of " + ", ".join(f'"{choice}"' for choice in column.choices))
    if column.references:
        return _reference_faults(net, column, values, fault)
    if column.kind != "float":
        return []
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
    text = np.isnan(numbers) & ~values.isna().to_numpy()
    faults = fault(text, "is not a number", f"give a number{f' in {column.unit}' if column.unit else ''}")
    faults += fault(
        np.isinf(numbers),
        "is infinite",
        "leave it out (NaN) for no limit" if not column.required else "give a finite number",
    )  # noqa: E501
    if column.required:
        faults += fault(np.isnan(numbers) & ~text, "is missing", column.hint or "give a number")
    return faults + _bound_faults(column, np.where(np.isinf(numbers), np.nan, numbers), fault)


def _bound_faults(column: Column, numbers: NDArray[np.float64], fault: Callable[..., list[Fault]]) -> list[Fault]:
    faults = []
    unit = f" {column.unit}" if column.unit else ""
    if column.lower is not None:
        faults += fault(
            numbers < column.lower, f"is below {column.lower:g}{unit}", column.hint or "give a larger value"
        )
    if column.above is not None:
        faults += fault(
            numbers <= column.above, f"is not above {column.above:g}{unit}", column.hint or "give a larger value"
        )  # noqa: E501
    if column.upper is not None:
        faults += fault(
            numbers > column.upper, f"is above {column.upper:g}{unit}", column.hint or "give a smaller value"
        )
    return faults


def _reference_faults(net: Any, column: Column, values: pd.Series, fault: Callable[..., list[Fault]]) -> list[Fault]:
    target = column.references
    labels = net[target].index if target in net else pd.Index([])
    missing = values.isna().to_numpy()
    known = values.isin(labels).to_numpy() | (missing & (not column.required))
    return fault(~known, f"is not in net.{target}", f"use an index of net.{target}, or create the row there first")


def create_rows(
    net: Any,
    schema: TableSchema,
    n: int,
    values: Mapping[str, Any],
    *,
    index: Any = None,
    extra: Mapping[str, Any] | None = None,
) -> NDArray[np.int64]:
    """Append n checked rows to a table, which the first of them adds to the net.

    Parameters
    ----------
    values : {column: scalar or n values}    None or NaN: the default
    index : int, n labels, or None
    extra : further columns, as pandapower's create functions take them

    Raises
    ------
    InvalidInputError    all faults of the new rows; the net is unchanged
    """
    faults: list[Fault] = []
    old = net[schema.name] if schema.name in net else None
    labels = _new_labels(schema, old, n, index, faults)
    given = [name for name, value in values.items() if _is_given(value)]
    columns = {}
    for column in schema.columns:
        if column.name in given or not column.optional or (old is not None and column.name in old):
            columns[column.name] = _filled(schema, column, values.get(column.name), n, faults)
    for name, value in (extra or {}).items():
        columns[name] = _broadcast(schema, name, value, n, faults)
    if faults:
        raise InvalidInputError(faults)
    rows = pd.DataFrame(columns, index=pd.Index(labels, dtype=np.int64))
    table = rows if old is None or not len(old) else pd.concat([old, rows])
    new_faults = frame_faults(net, schema, table)
    if new_faults:
        raise InvalidInputError(new_faults)
    net[schema.name] = _typed(schema, table)
    return labels


def _is_given(value: Any) -> bool:
    if value is None:
        return False
    array = np.asarray(value, dtype=object)
    return not all(pd.isna(v) for v in array.ravel())


def _broadcast(schema: TableSchema, name: str, value: Any, n: int, faults: list[Fault]) -> NDArray[np.object_]:
    if isinstance(value, str) or np.ndim(value) == 0:
        return np.full(n, value, dtype=object)
    array = np.asarray(list(value), dtype=object)
    if len(array) != n:
        faults.append(
            Fault(schema.name, name, (), f"{len(array)} values", f"for {n} rows", "give one value, or one each")
        )
        return np.full(n, None, dtype=object)
    return array


def _filled(schema: TableSchema, column: Column, value: Any, n: int, faults: list[Fault]) -> pd.Series:
    """Values of new rows, defaults where nothing is given, in the column's dtype where they fit it."""
    array = _broadcast(schema, column.name, value, n, faults)
    series = pd.Series(array, dtype=object)
    if column.default is not None:
        series = series.where(series.notna(), column.default)
    try:
        return series.astype(_DTYPES[column.kind]).to_numpy() if column.kind != "bool" else series.to_numpy()
    except (TypeError, ValueError):
        return series.to_numpy()  # the checks name what is wrong


def _new_labels(
    schema: TableSchema, old: pd.DataFrame | None, n: int, index: Any, faults: list[Fault]
) -> NDArray[np.int64]:
    first = 0 if old is None or not len(old) else int(old.index.max()) + 1
    if index is None:
        return np.arange(first, first + n, dtype=np.int64)
    labels = np.atleast_1d(np.asarray(index))
    if len(labels) != n or not np.issubdtype(labels.dtype, np.integer):
        faults.append(Fault(schema.name, "index", (), repr(index), f"is not {n} integer labels", "give one each"))
        return np.arange(first, first + n, dtype=np.int64)
    return labels.astype(np.int64)


def _typed(schema: TableSchema, table: pd.DataFrame) -> pd.DataFrame:
    dtypes = {c.name: _DTYPES[c.kind] for c in schema.columns if c.name in table}
    return table.astype(dtypes)
