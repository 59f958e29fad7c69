"""What is wrong with pandapower's own tables: structure and references of all rows, values of those in service."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, Net
from pandapower_evflex.case.in_service import live_rows
from pandapower_evflex.case.net_tables import NET_TABLES, NUMBER_OR_NONE, SWITCHED, NetTable
from pandapower_evflex.case.ratings import positions
from pandapower_evflex.case.unsupported import UNSUPPORTED_TABLES
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.arguments import single_number_faults
from pandapower_evflex.tables.faults import (
    are_bools,
    as_numbers,
    column_faults,
    fault_where,
    is_readable,
    shown_labels,
)
from pandapower_evflex.tables.schema import Column

#: pandapower's own for one and the same net
_SCALARS = {
    "sn_mva": Column(
        "sn_mva", "float64", "", "MVA", required=True, above=0.0, hint="give MVA above 0, pandapower has 1"
    ),
    "f_hz": Column("f_hz", "float64", "", "Hz", required=True, above=0.0, hint="give Hz above 0, 50 in Europe"),
}
#: columns of buses and of the voltages that sources hold there
_SET_POINTS = (
    ("ext_grid", "bus", "vm_pu"),
    ("gen", "bus", "vm_pu"),
    ("dcline", "from_bus", "vm_from_pu"),
    ("dcline", "to_bus", "vm_to_pu"),
)


def net_faults(net: Net) -> list[Fault]:
    """Everything in pandapower's tables that no model can be built from, all gathered."""
    faults = _scalar_faults(net)
    for table in NET_TABLES.values():
        faults += _table_faults(net, table)
    for name in UNSUPPORTED_TABLES:
        if name in net and len(net[name]):
            faults += _structure_faults(name, net[name], ()) or _flag_faults(name, net[name], "in_service")
    return faults or _set_point_faults(net)


def _set_point_faults(net: Net) -> list[Fault]:
    """Sources at one bus that hold it at different voltages."""
    places = [place for place in _SET_POINTS if len(net[place[0]])]
    rows = [net[table][live_rows(net, NET_TABLES[table])] for table, _, _ in places]
    if sum(map(len, rows)) < 2:
        return []
    values = [
        (as_numbers(part[bus])[0], as_numbers(part[vm])[0]) for part, (_, bus, vm) in zip(rows, places, strict=True)
    ]
    buses, vm_pu = map(np.concatenate, zip(*values, strict=True))
    least, most = (pd.Series(vm_pu).groupby(buses).transform(name).to_numpy() for name in ("min", "max"))
    differ = np.split(most > least, np.cumsum([len(part) for part in rows])[:-1])
    problem, remedy = "differs from another source at its bus", "give all sources at one bus the same set point"
    return [
        fault
        for (table, _, vm), part, wrong in zip(places, rows, differ, strict=True)
        for fault in fault_where(table, part, vm, wrong, problem, remedy)
    ]


def _scalar_faults(net: Net) -> list[Fault]:
    faults = []
    for name, column in _SCALARS.items():
        if name not in net:
            faults.append(Fault("net", name, (), "the value", "is missing", column.hint))
        elif not isinstance(net[name], float) or not 0.0 < net[name] < np.inf:
            faults += single_number_faults("net", column, net[name])
    return faults


def _table_faults(net: Net, table: NetTable) -> list[Fault]:
    name = table.name
    if name not in net:
        remedy = "put the table back; an empty one is in pandapower.create_empty_network()"
        return [Fault(name, "", (), "the table", "is missing", remedy)]
    frame = net[name]
    faults = _structure_faults(name, frame, table.wanted)
    if not isinstance(frame, pd.DataFrame) or not is_readable(frame) or not len(frame):
        return faults
    for flag in table.flags:
        if flag in frame:
            faults += _flag_faults(name, frame, flag)
    for end in table.ends:
        if end in frame:
            faults += _end_faults(net, name, frame, end)
    if name == "switch" and {"et", "element"} <= set(frame):
        faults += _switched_faults(net, frame)
    live = live_rows(net, table)
    rows = frame if live.all() else frame[live]
    for column in table.columns:
        if column.name in frame:
            faults += column_faults(None, name, column, rows)
    for column_name in table.loose:
        if column_name in frame and not _is_number_type(rows[column_name]):
            not_number = as_numbers(rows[column_name])[1]
            faults += fault_where(name, rows, column_name, not_number, "is not a number", NUMBER_OR_NONE)
    return faults or [fault for check in table.checks for fault in check(net, rows)]


def _structure_faults(name: str, frame: Any, wanted: tuple[str, ...]) -> list[Fault]:
    if not isinstance(frame, pd.DataFrame):
        return [Fault(name, "", (), f"a {type(frame).__name__}", "is not a table", "put pandapower's table back")]
    if isinstance(frame.columns, pd.MultiIndex):
        value, remedy = "a MultiIndex", "give every column one name (frame.columns.get_level_values(-1))"
        return [Fault(name, "columns", (), value, "stands in the place of names", remedy)]
    twice = frame.columns[frame.columns.duplicated()].unique() if frame.columns.has_duplicates else ()
    faults = [Fault(name, str(column), (), "the column", "is there twice", "drop one of the two") for column in twice]
    if len(frame):
        faults += [
            Fault(name, column, (), "the column", "is missing", f"put it back, as pandapower's create_{name} does")
            for column in wanted
            if column not in frame
        ]
        faults += _label_faults(name, frame.index)
    return faults


def _label_faults(name: str, index: pd.Index) -> list[Fault]:
    if not pd.api.types.is_integer_dtype(index):
        remedy = "give whole numbers, as in every pandapower table"
        return [Fault(name, "index", (), shown_labels(index), "are not whole numbers", remedy)]
    if index.has_duplicates:
        twice = tuple(index[index.duplicated()].unique().tolist())
        return [Fault(name, "index", twice, "labels", "occur more than once", "give each row its own index")]
    if name == "bus" and index.min() < 0:
        below = tuple(index[index < 0].tolist())
        return [Fault(name, "index", below, "labels", "are below 0", "give whole numbers of 0 or more")]
    return []


def _flag_faults(name: str, frame: pd.DataFrame, flag: str) -> list[Fault]:
    """Truth values; a column of numbers that are all 0 or 1 can be read in one way only."""
    values = frame[flag] if flag in frame else None
    if values is None or values.dtype == bool or _are_0_or_1(values):
        return []
    return fault_where(name, frame, flag, ~are_bools(values), "is neither True nor False", "give True or False")


def _are_0_or_1(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values) and bool(values.isin((0, 1)).all())


def _end_faults(net: Net, name: str, frame: pd.DataFrame, end: str) -> list[Fault]:
    return _reference_faults(net, name, frame, end, np.ones(len(frame), dtype=bool), "bus")


def _reference_faults(
    net: Net, name: str, frame: pd.DataFrame, column: str, rows: BoolArray, target: str
) -> list[Fault]:
    """Rows that name no row of another table; one that cannot be read is a fault of its own."""
    if target not in net or not isinstance(net[target], pd.DataFrame) or not is_readable(net[target]):
        return []
    values = frame[column]
    if not _is_number_type(values):
        values = pd.Series(as_numbers(values)[0], frame.index)
    wrong = (positions(net[target].index, values) < 0) & rows
    remedy = f"use an index of net.{target}, or drop the row"
    return fault_where(name, frame, column, wrong, f"is not in net.{target}", remedy)


def _switched_faults(net: Net, frame: pd.DataFrame) -> list[Fault]:
    kinds = frame["et"].to_numpy(dtype=object)
    known = np.isin(kinds.astype(str), list(SWITCHED))
    faults = fault_where("switch", frame, "et", ~known, "is not known", 'use "b", "l", "t" or "t3"')
    for kind, target in SWITCHED.items():
        of_kind = known & (kinds.astype(str) == kind)
        if of_kind.any():
            faults += _reference_faults(net, "switch", frame, "element", of_kind, target)
    return faults


def _is_number_type(values: pd.Series) -> bool:
    return isinstance(values.dtype, np.dtype) and values.dtype.kind in "iuf"
