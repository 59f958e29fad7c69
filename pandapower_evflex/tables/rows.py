"""New rows on their way into a table: nothing on the net is changed before all of them are right."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray, Net
from pandapower_evflex.errors import Fault, InvalidInputError, listed
from pandapower_evflex.tables.faults import are_whole, as_dtype, as_numbers, frame_faults, shown_values, typed
from pandapower_evflex.tables.format_version import stamp_version
from pandapower_evflex.tables.kinds import check_net
from pandapower_evflex.tables.links import remember
from pandapower_evflex.tables.number_text import read_hint
from pandapower_evflex.tables.schema import LINKED_TO, Column, TableSchema
from pandapower_evflex.tables.stored_frame import StoredFrame
from pandapower_evflex.tables.unusual import warn_of_unusual

logger = logging.getLogger(__name__)


class NewRows:
    """Values of n new rows and the faults found in them.

    Parameters
    ----------
    keys : one value per row, or a scalar for a single row; their number is the number of rows
    index : labels of the rows, None: those after the largest

    Attributes
    ----------
    labels : int [n]
    faults : list of Fault
    """

    def __init__(self, net: Net, schema: TableSchema, keys: Any, index: Any) -> None:
        check_net(f"create_{schema.name}", net)
        self.net = net
        self.schema = schema
        self.faults: list[Fault] = []
        self.n = len(as_cells(keys)) if pd.api.types.is_list_like(keys) else 1
        old = net[schema.name] if schema.name in net else None
        self._old = old if isinstance(old, pd.DataFrame) and len(old) else None
        if old is not None and not isinstance(old, pd.DataFrame):
            self.faults += frame_faults(net, schema, old)
        self.labels = self._new_labels(index)
        self._first_series: tuple[str, pd.Index] | None = None

    def spread(self, name: str, value: Any) -> NDArray[Any]:
        """One cell per row, from a scalar or one value each."""
        if not pd.api.types.is_list_like(value):
            cells = np.empty(self.n, dtype=object)
            cells[:] = value
            return cells
        cells = as_cells(value)
        if len(cells) == self.n:
            if isinstance(value, pd.Series):
                self._refuse_other_order(name, value.index)
            return cells
        remedy = "give one value for all rows, or one each"
        self.faults.append(Fault(self.schema.name, name, (), f"{len(cells)} values", f"for {self.n} rows", remedy))
        return np.full(self.n, None, dtype=object)

    def _refuse_other_order(self, name: str, labels: pd.Index) -> None:
        """Values count by position, as in pandapower: the same labels in two orders would be mixed up."""
        first, order = self._first_series = self._first_series or (name, labels)
        if not labels.equals(order) and not len(labels.symmetric_difference(order)):
            problem = f"has the labels of {first}, but in another order; values count by position"
            remedy = f"give .loc[{first}.index] of it, or .to_numpy() if the order is meant"
            self.faults.append(Fault(self.schema.name, name, (), "the Series", problem, remedy))

    def numbers(self, name: str, value: Any) -> FloatArray:
        """One float per row, NaN where nothing is given."""
        cells = self.spread(name, value)
        floats, not_number = as_numbers(cells)
        self.refuse(
            name, not_number, cells, "is not a number", f"give a number, without quotes{read_hint(cells[not_number])}"
        )
        return floats

    def refuse(self, name: str, wrong: BoolArray, cells: Any, problem: str, remedy: str) -> None:
        """A fault of the rows in which ``wrong`` holds."""
        if np.any(wrong):
            shown = shown_values(np.asarray(cells, dtype=object)[wrong])
            self.faults.append(Fault(self.schema.name, name, self.rows_where(wrong), shown, problem, remedy))

    def rows_where(self, wrong: BoolArray) -> tuple[int, ...]:
        return tuple(self.labels[wrong].tolist())

    def append(self, values: Mapping[str, Any], extra: Mapping[str, Any]) -> IntArray:
        """Put the rows into the table; the first call adds it to the net, empty when there are no rows.

        Parameters
        ----------
        values : {column: scalar or n values}    None or NaN: the default
        extra : further columns

        Raises
        ------
        InvalidInputError    everything that was found; the net is unchanged
        """
        columns = self._columns(values)
        for name, value in extra.items():
            columns[name] = pd.Series(self.spread(name, value)).infer_objects().array
        labels = pd.Index(self.labels, dtype=np.int64)
        # as they are: pandas would try to make floats of whole numbers beyond any float
        rows = pd.DataFrame(
            {name: pd.Series(cells, labels, dtype=cells.dtype) for name, cells in columns.items()}, labels
        )
        self.faults += _new_faults(self.faults, frame_faults(self.net, self.schema, self._with_related(rows)))
        if self.faults:
            raise InvalidInputError(self.faults)
        if self.n or self.schema.name not in self.net:
            warn_of_unusual(self.schema, rows)
            table = rows if self._old is None else _joined(self._old, rows)
            self.net[self.schema.name] = StoredFrame(typed(self.schema, _in_order(self.schema, table)))
            stamp_version(self.net)
            remember(self.net, self.schema, self.labels)
        return self.labels

    def _columns(self, values: Mapping[str, Any]) -> dict[str, Any]:
        columns = {}
        for column in self.schema.columns:
            cells = self.spread(column.name, values.get(column.name))
            given = not pd.isna(cells).all()
            if given or not column.optional or (self._old is not None and column.name in self._old):
                columns[column.name] = self._filled(column, cells)
        return columns

    def _filled(self, column: Column, cells: NDArray[Any]) -> Any:
        """Cells with the default where nothing is given."""
        missing = pd.isna(cells)
        if column.default is not None and missing.any():
            cells = cells.astype(object)
            cells[missing] = column.default
        return as_dtype(cells, column.dtype)

    def _with_related(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The new rows after those that the checks must see together with them."""
        group = self.schema.group
        if self._old is None or group not in self._old or not len(rows):
            return rows
        related = self._old[self._old[group].isin(rows[group])]
        return _joined(related, rows) if len(related) else rows

    def _new_labels(self, index: Any) -> IntArray:
        taken = pd.Index([], dtype=np.int64) if self._old is None else self._old.index
        if not pd.api.types.is_integer_dtype(taken):
            self.faults += [f for f in frame_faults(self.net, self.schema, self._old) if f.column == "index"]
            taken = pd.Index([], dtype=np.int64)
        free = np.arange(self.n, dtype=np.int64) + (int(taken.max()) + 1 if len(taken) else 0)
        if index is None:
            return free
        cells = as_cells(index if pd.api.types.is_list_like(index) else [index])
        floats, _ = as_numbers(cells)
        if len(cells) != self.n or not are_whole(floats).all():
            remedy = "give one whole number per row, or leave index out"
            self.faults.append(
                Fault(self.schema.name, "index", (), shown_values(cells), f"does not label {self.n} rows", remedy)
            )
            return free
        labels = floats.astype(np.int64)
        used = np.isin(labels, taken) | pd.Series(labels).duplicated().to_numpy()
        if used.any():
            rows = tuple(labels[used].tolist())
            remedy = "give labels that are free, or leave index out"
            self.faults.append(Fault(self.schema.name, "index", rows, listed(rows), "is taken", remedy))
            return free
        return labels


def as_cells(values: Any) -> NDArray[Any]:
    """Values of any list-like as one array, each value one cell."""
    if isinstance(values, (np.ndarray, pd.Series, pd.Index)) and getattr(values.dtype, "kind", "O") in "iuf":
        if values.ndim == 1 and isinstance(values.dtype, np.dtype):
            return np.asarray(values)
    items = list(values)
    return np.fromiter(items, dtype=object, count=len(items))


def _new_faults(known: list[Fault], found: list[Fault]) -> list[Fault]:
    """Those found that do not only repeat that a value is missing which was refused before."""
    refused = {(fault.column, row) for fault in known for row in fault.rows}
    whole = {fault.column for fault in known if not fault.rows}
    return [
        fault
        for fault in found
        if fault.column not in whole and not all((fault.column, row) in refused for row in fault.rows or (None,))
    ]


def _joined(old: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows below those of a table; columns that either lacks are NaN there."""
    was, now = old.dtypes, rows.dtypes
    mixed = [name for name in old.columns.intersection(rows.columns) if was[name] != now[name]]
    if not mixed:
        return pd.concat([old, rows])
    joined = pd.concat([old.astype(dict.fromkeys(mixed, object)), rows.astype(dict.fromkeys(mixed, object))])
    return joined.assign(**{name: _inferred(joined[name]) for name in mixed})


def _inferred(values: pd.Series) -> pd.Series:
    """Objects where one of them is beyond any float, which the checks name."""
    try:
        return values.infer_objects()
    except OverflowError:
        return values


def _in_order(schema: TableSchema, table: pd.DataFrame) -> pd.DataFrame:
    """Columns of the schema first, further columns after them, what is remembered last."""
    ours = [column.name for column in schema.columns if column.name in table and column.name != LINKED_TO]
    order = [*ours, *(name for name in table if name not in (*ours, LINKED_TO))]
    order += [LINKED_TO] if LINKED_TO in table else []
    return table if order == list(table) else table[order]
