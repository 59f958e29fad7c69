"""The days that a plan is judged by: powers of every bus in every period, and how often a year has each day."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import ComplexArray, FloatArray, Net
from pandapower_evflex.case.asymmetric import balanced_loads, unseen_phases
from pandapower_evflex.case.controllers import idle_controllers
from pandapower_evflex.case.injections import profile_deviation
from pandapower_evflex.case.net_values import gap_faults
from pandapower_evflex.case.periods import Horizon, periods_of_a_day
from pandapower_evflex.case.profile_units import unit_faults
from pandapower_evflex.case.profiles import Profiles, profile_name, read_profiles
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.planning.outage_columns import CUSTOMERS
from pandapower_evflex.tables.arguments import single_number_faults
from pandapower_evflex.tables.schema import Column
from pandapower_evflex.times.order import told_order

logger = logging.getLogger(__name__)


FUNCTION = "run_planning"
#: what to do with a day that runs from one period after midnight to midnight, where labels are starts of periods
IF_STARTS = "put the last row first and count rows: pd.concat([frame[-1:], frame[:-1]]).reset_index(drop=True)"
DAYS_PER_YEAR = 365.0
#: difference to 24 h up to which a day counts as whole [h]
ROUNDING_H = 1e-6

_DAYS = Column("days", "float64", "", "days", required=True, lower=0.0, upper=366.0)
_PART = {"p_mw": 1.0, "q_mvar": 1.0j}


@dataclass(frozen=True)
class DayType:
    """A day, and its place among the periods of all of them.

    Parameters
    ----------
    name : Any
    days : float        how often a year has it
    n_periods : int
    period_h, start_h : float    length of a period; hour of the day at which the first one starts
    first : int         number of its first period among those of all day types
    """

    name: Any
    days: float
    n_periods: int
    period_h: float
    start_h: float
    first: int

    @property
    def periods(self) -> slice:
        return slice(self.first, self.first + self.n_periods)

    @property
    def share_of_year(self) -> float:
        """Probability that a fault falls on such a day."""
        return self.days / DAYS_PER_YEAR

    @property
    def is_whole(self) -> bool:
        """Whether its last period is followed by its first."""
        return abs(self.n_periods * self.period_h - 24.0) <= ROUNDING_H

    def hours(self, first: int, n_periods: int) -> tuple[float, float]:
        """Hours of the day at which a run of its periods starts and ends."""
        start = (self.start_h + first * self.period_h) % 24.0
        return start, start + n_periods * self.period_h


@dataclass(frozen=True)
class LoadPoints:
    """Loads in service: rows of net.load, then asymmetric ones with labels beyond theirs.

    Parameters
    ----------
    index : Index
    bus : Index                     label of the bus of each
    customers : float [n_point]
    p_mw : float [n_period, n_point]    what could be shed: 0 where a load feeds in
    """

    index: pd.Index
    bus: pd.Index
    customers: FloatArray
    p_mw: FloatArray


@dataclass(frozen=True)
class Days:
    """All day types, one after the other; powers in MW and Mvar, one column per row of net.bus.

    Parameters
    ----------
    types : tuple of DayType
    buses : Index                             net.bus.index
    load : complex [n_period, n_bus]          what could be shed: loads that consume, each with its reactive power
    deviation : complex [n_period, n_bus]     injection beyond the table values of the net
    points : LoadPoints                       the loads one by one
    profiles : tuple of Profiles              of every day type, as given
    """

    types: tuple[DayType, ...]
    buses: pd.Index
    load: ComplexArray
    deviation: ComplexArray
    points: LoadPoints
    profiles: tuple[Profiles, ...]

    def __len__(self) -> int:
        return len(self.load)

    @property
    def period_h(self) -> FloatArray:
        """[n_period]"""
        return self._per_period([day.period_h for day in self.types])

    @property
    def share_of_year(self) -> FloatArray:
        """Probability that a fault falls on the day of each period [n_period]."""
        return self._per_period([day.share_of_year for day in self.types])

    def _per_period(self, values: list[float]) -> FloatArray:
        """Values of the day types, for each of their periods."""
        return np.repeat(values, [day.n_periods for day in self.types])

    @cached_property
    def mean_load_mw(self) -> pd.Series:
        """Mean load of every bus over the year."""
        return pd.Series(self._mean(self.load.real), index=self.buses)

    @cached_property
    def mean_point_mw(self) -> FloatArray:
        """Mean load of every load point over the year [n_point]."""
        return self._mean(self.points.p_mw)

    def _mean(self, values: FloatArray) -> FloatArray:
        """Means over the year of values [n_period, n]."""
        weight = self._per_period([day.days * day.period_h for day in self.types])
        total = weight.sum()
        return weight @ values / total if total else np.zeros(values.shape[1])


def read_days(
    net: Net,
    profiles: Any,
    days: Any,
    period_h: float | None,
    load_growth_percent: float,
    known_faults: Sequence[Fault] = (),
    dayfirst: bool | None = None,
) -> Days:
    """Powers of all day types.

    Parameters
    ----------
    profiles, days : one day and how often a year has it, or {name: (days, profiles)} as `days` and no profiles
    known_faults : what is wrong elsewhere, raised along with the faults of the days

    Raises
    ------
    InvalidInputError    all faults of all day types
    """
    faults = list(known_faults)
    read: list[tuple[Any, float, Profiles]] = []
    named = _named_days(profiles, days, faults)
    order = dayfirst if dayfirst is not None else told_order("profiles", _labels_of(named), faults)
    for name, (number, frames) in named.items():
        faults += single_number_faults(FUNCTION, _DAYS, number)
        is_empty = frames is None or (isinstance(frames, Mapping) and not frames)
        n_periods = None if not is_empty else periods_of_a_day(period_h)
        try:
            day = read_profiles(
                net, frames, n_periods=n_periods, period_h=period_h, dayfirst=order, if_starts=IF_STARTS
            )
            read.append((name, number, day))
        except InvalidInputError as error:
            faults += error.faults
    for name, _, day in read:
        faults += _length_faults(name, day.horizon, is_told=period_h is not None)
        gaps = gap_faults(net, day.elements)
        faults += [gap for gap in gaps if gap not in faults]
    if not faults:
        faults = [fault for _, _, day in read for fault in unit_faults(net, day)]
    if faults:
        raise InvalidInputError(faults)
    notes = [unseen_phases(net), *(idle_controllers(net, day.elements) for _, _, day in read)]
    for note in dict.fromkeys(filter(None, notes)):
        logger.warning(note)
    types, first = [], 0
    for name, number, day in read:
        horizon = day.horizon
        types.append(DayType(name, float(number), horizon.n_periods, horizon.period_h, horizon.start_h or 0.0, first))
        first += horizon.n_periods
    growth = load_growth_percent / 100.0
    rows = balanced_loads(net)
    total = np.vstack([_loads(rows, day) for _, _, day in read])
    load: ComplexArray = (1.0 + growth) * total * (total.real > 0.0)
    points = LoadPoints(rows.index, pd.Index(rows["bus"]), customers_of(net, rows.index), load.real)
    deviation = np.vstack([profile_deviation(net, day) for _, _, day in read])
    given = tuple(day for _, _, day in read)
    deviation -= growth * _by_bus(net, rows, total)
    return Days(tuple(types), net["bus"].index, _by_bus(net, rows, load), deviation, points, given)


def _named_days(profiles: Any, days: Any, faults: list[Fault]) -> dict[Any, tuple[Any, Any]]:
    if not isinstance(days, Mapping):
        return {"day": (days, profiles)}
    if profiles is not None:
        remedy = "give the profiles in days only, or days as a number"
        faults.append(Fault(FUNCTION, "profiles", (), "profiles", "are given twice, days holds some too", remedy))
    wrong = [name for name, value in days.items() if not isinstance(value, tuple) or len(value) != 2]
    if wrong or not days:
        faults.append(Fault(FUNCTION, "days", tuple(wrong), "entries", "are not days", "give {name: (days, profiles)}"))
    if sum(float(value[0]) for value in days.values() if _is_count(value)) > 366.0:
        faults.append(Fault(FUNCTION, "days", (), "all together", "are more than a year", "give 366 days at most"))
    return {name: value for name, value in days.items() if name not in wrong}


def _labels_of(named: Mapping[Any, tuple[Any, Any]]) -> dict[str, pd.Index]:
    """Labels of the rows of all profiles of all day types; their text is read in one order of day and month."""
    return {
        f"index of {profile_name(key)} of day {name!r}": frame.index
        for name, (_, frames) in named.items()
        if isinstance(frames, Mapping)
        for key, frame in frames.items()
        if isinstance(frame, pd.DataFrame) and frame.index.dtype == object
    }


def _is_count(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], (int, float))


def _length_faults(name: Any, horizon: Horizon, *, is_told: bool) -> list[Fault]:
    """A day is 24 h; a shorter one is taken where ``period_h`` is given."""
    hours = horizon.n_periods * horizon.period_h
    if hours > 24.0 + ROUNDING_H:
        remedy = "give one day, or several as days={name: (days, profiles)}"
        return [Fault(FUNCTION, "profiles", (), f"{hours:g} h", "are more than a day", remedy)]
    if hours < 24.0 - ROUNDING_H and not is_told:
        remedy = "give a whole day, or period_h= where the rest of it is free of congestion"
        value = f"{horizon.n_periods} periods of {horizon.period_h:g} h"
        return [Fault(FUNCTION, "profiles", (), value, "are less than a day", remedy)]
    if hours < 24.0 - ROUNDING_H:
        logger.warning("day %r has %g h only: the rest of it counts as free of congestion and losses", name, hours)
    return []


def customers_of(net: Net, loads: pd.Index) -> FloatArray:
    """Customers at loads, 1 where the net does not say [n]."""
    known = net["load"].get(CUSTOMERS.name, pd.Series(dtype=float)).reindex(loads)
    return known.astype(float).fillna(1.0).to_numpy()


def _loads(rows: pd.DataFrame, day: Profiles) -> ComplexArray:
    """Powers of loads [n_period, n_row]."""
    powers = np.zeros((day.horizon.n_periods, len(rows)), dtype=np.complex128)
    for column, part in _PART.items():
        values = np.tile(rows[column].to_numpy(dtype=float), (day.horizon.n_periods, 1))
        frame = day.values.get(("load", column))
        if frame is not None:
            profiled = rows.index.intersection(frame.columns)
            values[:, rows.index.get_indexer(profiled)] = frame[profiled].to_numpy(dtype=float)
        powers += part * values * rows["scaling"].to_numpy(dtype=float)
    return powers


def _by_bus(net: Net, rows: pd.DataFrame, powers: ComplexArray) -> ComplexArray:
    """Sums [n_period, n_bus] of powers [n_period, n_row]."""
    sums = np.zeros((len(powers), len(net["bus"])), dtype=np.complex128)
    np.add.at(sums.T, net["bus"].index.get_indexer(rows["bus"]), powers.T)
    return sums
