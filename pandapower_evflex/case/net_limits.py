"""Limits and ratings of pandapower's own tables: a limit of 0 or less is a slip, not a limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.errors import Fault
from pandapower_evflex.nlp.layout import FloatArray
from pandapower_evflex.tables.faults import as_numbers, fault_where

#: pu, where net.bus has no such column
DEFAULT_VM = {"min_vm_pu": 0.9, "max_vm_pu": 1.1}


@dataclass(frozen=True)
class Rating:
    """A column whose values are to be above 0.

    Parameters
    ----------
    needed : bool      NaN is refused
    may_be_0 : bool    0 limits nothing
    """

    table: str
    column: str
    remedy: str
    needed: bool = False
    may_be_0: bool = False


NO_LIMIT = "NaN where there is no limit"
_FACTOR = "give a factor above 0, 1 for the rating as it is"
_SYSTEMS = "give the number of systems, 1 or more"
RATINGS = (
    Rating("bus", "min_vm_pu", f"give pu, {NO_LIMIT}", may_be_0=True),
    Rating("bus", "max_vm_pu", f"give pu, {NO_LIMIT}"),
    Rating("line", "max_i_ka", f"give kA, {NO_LIMIT}"),
    Rating("line", "df", _FACTOR),
    Rating("line", "parallel", _SYSTEMS, needed=True),
    Rating("trafo", "sn_mva", "give the rated power in MVA", needed=True),
    Rating("trafo", "df", _FACTOR),
    Rating("trafo", "parallel", _SYSTEMS, needed=True),
    *(Rating("trafo3w", f"sn_{side}_mva", "give the rated power in MVA", needed=True) for side in ("hv", "mv", "lv")),
)


def limit_faults(
    net: Any, max_line_loading_percent: float | None = None, max_trafo_loading_percent: float | None = None
) -> list[Fault]:
    """Limits and ratings of elements in service that limit nothing or everything; arguments replace columns."""
    loading = {"line": max_line_loading_percent, "trafo": max_trafo_loading_percent}
    loading["trafo3w"] = max_trafo_loading_percent
    percent = f"give percent, {NO_LIMIT}"
    read = [Rating(table, "max_loading_percent", percent) for table, given in loading.items() if given is None]
    faults = []
    for rating in (*RATINGS, *read):
        rows = net[rating.table][net[rating.table]["in_service"].astype(bool)]
        if rating.column in rows:
            faults += _faults_of(rating, rows)
    return faults + _crossed_voltages(net["bus"][net["bus"]["in_service"].astype(bool)])


def _faults_of(rating: Rating, rows: pd.DataFrame) -> list[Fault]:
    floats, not_number = as_numbers(rows[rating.column])
    if rating.needed:
        not_number = not_number | np.isnan(floats)
    low, problem = (floats < 0.0, "is below 0") if rating.may_be_0 else (floats <= 0.0, "is not above 0")
    where = (rating.table, rows, rating.column)
    return [
        *fault_where(*where, not_number, "is no number", rating.remedy),
        *fault_where(*where, low, problem, rating.remedy),
    ]


def _crossed_voltages(buses: pd.DataFrame) -> list[Fault]:
    """Lower limits above the upper ones; where the upper one is no limit, that is said already."""
    low, high = _voltages(buses, "min_vm_pu"), _voltages(buses, "max_vm_pu")
    crossed = (low > high) & (high > 0.0)
    shown = ", ".join(
        dict.fromkeys(f"{a:g} with max_vm_pu {b:g}" for a, b in zip(low[crossed], high[crossed], strict=True))
    )
    defaults = ", ".join(f"{name} {value:g}" for name, value in DEFAULT_VM.items())
    remedy = f"give a lower limit below the upper one (without a column: {defaults})"
    return fault_where("bus", buses, "min_vm_pu", crossed, "leaves no room", remedy, shown)


def _voltages(buses: pd.DataFrame, column: str) -> FloatArray:
    return as_numbers(buses[column])[0] if column in buses else np.full(len(buses), DEFAULT_VM[column])
