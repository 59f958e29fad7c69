"""A net as pandapower's numpy code reads it: plain dtypes, and nothing that spoils the model in rows out of service."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, Net
from pandapower_evflex.case.in_service import live_rows
from pandapower_evflex.case.net_limits import RATINGS
from pandapower_evflex.case.net_tables import NET_TABLES, NetTable
from pandapower_evflex.tables.checks import TABLES
from pandapower_evflex.tables.faults import are_right, as_dtype, as_numbers, is_readable, typed
from pandapower_evflex.tables.schema import Column

#: wanted dtype -> kinds of numpy dtypes that are taken as they are
KINDS = {"float64": "iuf", "int64": "iu", "bool": "b", "object": "O"}


def plain_net(net: Net) -> Any:
    """A shallow copy whose tables have plain dtypes; tables that have them already are the same objects.

    Nullable dtypes, categories, objects that are numbers, whole numbers as floats: values that `net_faults` finds right
    are read as what they are. In rows out of service, a value that is none is replaced by a harmless one: pandapower
    builds the model of these rows too.
    """
    plain = copy.copy(net)
    for name, table in NET_TABLES.items():
        if name in net and is_readable(net[name]):
            plain[name] = _plain_table(plain, table, net[name])
    for name, schema in TABLES.items():
        if name in net and is_readable(net[name]):
            plain[name] = typed(schema, net[name])
    return plain


def generators_that_dc_lines_join(net: Net) -> pd.DataFrame:
    """A copy of `net.gen` with what a power flow reads: pandapower adds two rows per DC line, and other columns may
    have dtypes that these do not fit into."""
    return net["gen"][[name for name in NET_TABLES["gen"].dtypes if name in net["gen"]]].copy()


def _plain_table(net: Net, table: NetTable, frame: pd.DataFrame) -> pd.DataFrame:
    changed: dict[str, Any] = {}
    for name, dtype in zip(frame.columns, frame.dtypes, strict=True):
        wanted = table.dtypes.get(name)
        if wanted is not None and not (_is_plain(dtype, wanted) and (wanted != "object" or _has_no_na(frame[name]))):
            changed[name] = _converted(frame[name], wanted, name not in table.flags)
    frame = frame.assign(**changed) if changed else frame
    live = live_rows(net, table)
    return frame if live.all() else _with_harmless_values(table, frame, live)


def _is_plain(dtype: Any, wanted: str) -> bool:
    return isinstance(dtype, np.dtype) and dtype.kind in KINDS[wanted]


def _has_no_na(values: pd.Series) -> bool:
    return not any(cell is pd.NA for cell in values.to_numpy())


def _converted(values: pd.Series, wanted: str, optional: bool) -> Any:
    """The values in a dtype where all of them can be; those that cannot are named by `net_faults`.

    An ``optional`` truth value that is missing is False.
    """
    if wanted == "bool":
        if values.dtype.kind in "iuf":
            return values == 1
        flags = values.astype(object).where(values.notna(), False) if optional else values
        return as_dtype(flags, "bool") if len(flags) else flags.astype(bool)
    if wanted == "object":
        return values.astype(object).where(values.notna(), None)
    return as_dtype(values, wanted)


def _with_harmless_values(table: NetTable, frame: pd.DataFrame, live: BoolArray) -> pd.DataFrame:
    """Defaults in rows that do not count, where they hold what would spoil the model."""
    dead = frame[~live]
    complete = all(name in frame for name in table.wanted)
    spoilt = [row for check in table.checks if complete for fault in check(None, dead) for row in fault.rows]
    of_several = frame.index.isin(spoilt)
    changed: dict[str, Any] = {}
    for column in _with_neutral_values(table):
        if column.name not in frame:
            continue
        floats, not_number = as_numbers(frame[column.name])
        wrong = (not_number | ~are_right(column, floats) | (of_several & column.required)) & ~live
        if wrong.any() and not (not_number & live).any():
            changed[column.name] = np.where(wrong, column.default, floats)
    return frame.assign(**changed) if changed else frame


def _with_neutral_values(table: NetTable) -> list[Column]:
    ratings = [
        Column(rating.column, "float64", "", default=1.0, required=True, above=0.0)
        for rating in RATINGS
        if rating.table == table.name and table.name != "bus"
    ]
    return [*(column for column in table.columns if column.dtype == "float64"), *ratings]
