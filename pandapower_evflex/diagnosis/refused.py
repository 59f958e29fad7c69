"""What every run would refuse: our tables, pandapower's, and the profiles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pandapower_evflex.case.net_values import gap_faults
from pandapower_evflex.case.profile_units import unit_doubts, unit_faults
from pandapower_evflex.diagnosis.diagnosis import finding, finding_of
from pandapower_evflex.diagnosis.examined import Examined
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.checks import TABLES
from pandapower_evflex.tables.faults import as_numbers, shown_values
from pandapower_evflex.tables.offering import offering_faults

#: what faults of links say
_DANGLING = ("is not in net.", "are not in net.", "no longer label")


def tables(seen: Examined) -> Iterator[dict[str, Any]]:
    """Rows of ours that point nowhere, or at something else than was meant; values that are wrong."""
    for fault in (*seen.table_faults, *offering_faults(seen.net)):
        yield finding_of("error", "dangling links" if _is_dangling(fault) else "tables", fault)


def _is_dangling(fault: Fault) -> bool:
    return any(text in fault.problem for text in _DANGLING)


def pandapower_tables(seen: Examined) -> Iterator[dict[str, Any]]:
    """What keeps the grid from being read."""
    for fault in seen.grid_faults:
        yield finding_of("error", "pandapower's tables", fault)


def profiles(seen: Examined) -> Iterator[dict[str, Any]]:
    """Frames that are refused, and elements without a value where no profile gives one."""
    read = seen.profiles
    for fault in seen.faults:
        yield finding_of("error", "profiles", fault)
    if read is not None:
        for fault in gap_faults(seen.net, read.elements):
            yield finding_of("error", "profiles", fault)


def units(seen: Examined) -> Iterator[dict[str, Any]]:
    """Powers that no branch of the net could carry, and values of ours that are usually smaller: kW for MW?"""
    read = seen.profiles
    if read is not None and seen.grid is not None:
        proved = unit_faults(seen.plain, read)
        for fault in proved:
            yield finding_of("error", "suspicious units", fault)
        for doubt in () if proved else unit_doubts(seen.plain, read):
            yield finding("warning", "suspicious units", doubt)
    for name, schema in TABLES.items():
        rows = seen.live(name)
        for column in schema.columns:
            if column.unusual_above is None or column.name not in rows:
                continue
            unusual = as_numbers(rows[column.name])[0] > column.unusual_above
            if unusual.any():
                shown = shown_values(rows[column.name].to_numpy(dtype=object)[unusual])
                problem = f"{column.unit} is unusually much"
                remedy = f"is it given in {column.unit}?"
                fault = Fault(name, column.name, tuple(rows.index[unusual]), shown, problem, remedy)
                yield finding_of("warning", "suspicious units", fault)
