"""Limits and ratings of pandapower's own tables: a limit of 0 or less is a slip, not a limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray, Net
from pandapower_evflex.case.in_service import says_true
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.faults import as_numbers, fault_where, is_readable
from pandapower_evflex.tables.number_text import read_hint

#: limits [pu] where net.bus has no such column
DEFAULT_VM = {"min_vm_pu": 0.9, "max_vm_pu": 1.1}


@dataclass(frozen=True)
class GivenLimits:
    """Limits given as arguments, percent and pu; each replaces the columns of the net, None: the columns hold."""

    max_line_loading_percent: float | None = None
    max_trafo_loading_percent: float | None = None
    min_vm_pu: float | None = None
    max_vm_pu: float | None = None


#: no argument is given: the columns of the net hold
COLUMNS_HOLD = GivenLimits()


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
    Rating("line", "max_i_ka", f"give kA, {NO_LIMIT}"),
    Rating("line", "df", _FACTOR),
    Rating("line", "parallel", _SYSTEMS, needed=True),
    Rating("trafo", "sn_mva", "give the rated power in MVA", needed=True),
    Rating("trafo", "df", _FACTOR),
    Rating("trafo", "parallel", _SYSTEMS, needed=True),
    *(Rating("trafo3w", f"sn_{side}_mva", "give the rated power in MVA", needed=True) for side in ("hv", "mv", "lv")),
)


def limit_faults(net: Net, given: GivenLimits = COLUMNS_HOLD) -> list[Fault]:
    """Limits and ratings of elements in service that limit nothing or everything; arguments replace columns."""
    percent, pu = f"give percent, {NO_LIMIT}", f"give pu, {NO_LIMIT}"
    limits = (
        (given.min_vm_pu, Rating("bus", "min_vm_pu", pu, may_be_0=True)),
        (given.max_vm_pu, Rating("bus", "max_vm_pu", pu)),
        (given.max_line_loading_percent, Rating("line", "max_loading_percent", percent)),
        (given.max_trafo_loading_percent, Rating("trafo", "max_loading_percent", percent)),
        (given.max_trafo_loading_percent, Rating("trafo3w", "max_loading_percent", percent)),
    )
    read = [rating for argument, rating in limits if argument is None]
    names = dict.fromkeys(rating.table for rating in (*RATINGS, *read))
    rows = {name: _in_service(net[name]) for name in names if name in net and is_readable(net[name])}
    faults = []
    for rating in (*RATINGS, *read):
        if rating.table in rows and rating.column in rows[rating.table]:
            faults += _faults_of(rating, rows[rating.table])
    buses = _in_service(net["bus"]) if "bus" in net and is_readable(net["bus"]) else None
    return faults if buses is None else faults + _crossed_voltages(buses, given)


def _in_service(frame: pd.DataFrame) -> pd.DataFrame:
    live = says_true(frame, "in_service")
    return frame if live.all() else frame[live]


def _faults_of(rating: Rating, rows: pd.DataFrame) -> list[Fault]:
    floats, not_number = as_numbers(rows[rating.column])
    low, problem = (floats < 0.0, "is below 0") if rating.may_be_0 else (floats <= 0.0, "is not above 0")
    not_finite = ~np.isfinite(floats) & rating.needed
    if not (low | not_number | not_finite).any():
        return []
    hint = read_hint(rows[rating.column][not_number])
    not_number = not_number | not_finite
    where = (rating.table, rows, rating.column)
    return [
        *fault_where(*where, not_number, "is not a number", rating.remedy + hint),
        *fault_where(*where, low, problem, rating.remedy),
    ]


def _crossed_voltages(buses: pd.DataFrame, given: GivenLimits) -> list[Fault]:
    """Lower limits above the upper ones; an upper one that is not a limit has been named before."""
    low, high = voltage_limits(buses, "min_vm_pu", given), voltage_limits(buses, "max_vm_pu", given)
    crossed = (low > high) & (high > 0.0)
    shown = ", ".join(
        dict.fromkeys(f"{a:g} with max_vm_pu {b:g}" for a, b in zip(low[crossed], high[crossed], strict=True))
    )
    defaults = ", ".join(f"{name} {value:g}" for name, value in DEFAULT_VM.items())
    remedy = f"give a lower limit below the upper one (without a column: {defaults})"
    return fault_where("bus", buses, "min_vm_pu", crossed, "leaves no room", remedy, shown)


def voltage_limits(buses: pd.DataFrame, column: str, given: GivenLimits) -> FloatArray:
    """The limit of every bus: the argument, else the column, else the default."""
    argument = getattr(given, column)
    if argument is not None or column not in buses:
        return np.full(len(buses), DEFAULT_VM[column] if argument is None else argument)
    return as_numbers(buses[column])[0]
