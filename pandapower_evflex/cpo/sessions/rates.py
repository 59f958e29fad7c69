"""Charging and occupancy rates of a site from its charging sessions (second paper, section II-A)."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.cpo.checks import scalar_faults
from pandapower_evflex.cpo.sessions.rates_overview import overview
from pandapower_evflex.cpo.sessions.session_times import DAY_TYPES, FUNCTION, TABLE, Clock
from pandapower_evflex.cpo.sessions.stays import HOUR, OutletStays, read_outlet_stays
from pandapower_evflex.errors import Fault, InvalidInputError, listed
from pandapower_evflex.tables.kinds import gathered, raise_if
from pandapower_evflex.tables.losses import log_report
from pandapower_evflex.tables.rate_values import MINUTES_PER_DAY
from pandapower_evflex.times.dates import are_dates

logger = logging.getLogger(__name__)

#: what the report counts as dropped, cut or guessed
CHANGED = ("bad rows", "overlaps", "no charging end", "charging end outside the stay")


@dataclass(frozen=True, repr=False)
class CpoRates:
    """What a site did on each day, and on average.

    Attributes
    ----------
    charging_rate : float [n_period]      C of the second paper: share of the outlets that charge, per period from 00:00
                                          local, mean over the days
    occupancy_rate : float [n_period]     O: share of the outlets with a car
    lattices : int8 [n_day, n_evse, n_period]
        state of each outlet in the middle of each period: 0 empty, 1 charging, 2 idle
    arrivals : bool [n_day, n_evse, n_period]
        first cells of stays, as `max_peak_shave` and `shave_peak` take them: two stays may follow each other without an
        empty cell between them
    days : DatetimeIndex [n_day]
    evse : Index                          labels of the first rows of the lattices; the others had no session
    period_h : float
    charging_p_mw : float                 mean power of a car that charges, by the energies of the sessions; NaN where
                                          they tell none
    report : Series                       counts of sessions read, bad, overlapping, ..., of days and of days without
                                          any session (gaps)
    """

    charging_rate: FloatArray
    occupancy_rate: FloatArray
    lattices: NDArray[np.int8] = field(repr=False)
    arrivals: BoolArray = field(repr=False)
    days: pd.DatetimeIndex
    evse: pd.Index
    period_h: float
    report: pd.Series
    charging_p_mw: float = np.nan

    @property
    def plug_ins_per_day(self) -> float:
        """Stays per outlet and day, as `estimate_transition_matrices` takes them."""
        return float(self.arrivals.mean() * self.arrivals.shape[-1])

    def __str__(self) -> str:
        return overview(self)

    def __repr__(self) -> str:
        n_days, n_evse, n_periods = self.lattices.shape
        return f"<CpoRates: {n_evse} outlets, {n_days} days, {n_periods} periods; print() shows more>"


def cpo_rates_from_sessions(
    sessions: pd.DataFrame,
    n_evse: int,
    *,
    period_h: float = 0.25,
    timezone: Any = None,
    days: str | Sequence[Any] = "weekdays",
    columns: Mapping[str, Any] | None = None,
    dayfirst: bool | None = None,
) -> CpoRates:
    """Charging and occupancy rates per period of the day, from charging sessions.

    Parameters
    ----------
    sessions : DataFrame [session]    one row per plug-in, in columns (or those that `columns` names)

        * `arrival`, `departure`: plugged in and out
        * `charging_end`: missing in a row: charging until departure, or not at all where the energy is 0; or instead of
          it `energy_kwh` and `p_kw` (or `energy_mwh` and `p_mw`): charging at this power from arrival until it has this
          energy; both of a pair must say the same
        * `evse`: the outlet; 50338, "50338", 50338.0 and " 50338" are one
    n_evse : int                      outlets of the site, those without a session included
    period_h : float                  [h]; divides a day, a whole number of minutes
    timezone : str                    zone of the site, such as "Europe/Berlin", and of naive times. None: naive times
                                      are local without daylight saving; times with a zone are local in that zone
    days : "weekdays", "weekends", "all" or a list of dates
        which days count; of a type: those from the first to the last arrival
    columns : {"arrival": ..., "evse": ..., ...}
        names of the columns in the sessions, as far as they differ; a list where several columns tell one thing:
        `{"evse": ["station", "port"]}`, `{"arrival": ["date", "time"]}`. `{"duration": ...}` tells how long a car
        charges, or where there is no departure how long it stays: hh:mm:ss, Timedeltas, or numbers with the unit in the
        heading of the column, such as `charging_h`
    dayfirst : bool                   order of day and month in text, see `hours_since`

    Returns
    -------
    CpoRates

    Notes
    -----
    A period counts by what happens in its middle. In the hour that daylight saving skips, the state at its end counts;
    of the hour that it repeats, the first pass. Sessions that tell no outlet, no times or no duration are left out; one
    that lasts beyond the next plug-in at its outlet is cut there; all this is counted in the report, and logged as a
    warning when it concerns more than 1 % of the rows. Days without any session count as empty days, with a warning:
    they may be holidays, or gaps in the data.

    Raises
    ------
    InvalidInputError    a missing column, text where a number belongs, times with and without a zone, more outlets in
        the sessions than `n_evse`, most sessions overlap (a port number without its station), no session that can be
        used, no day

    Examples
    --------
    >>> import pandas as pd, pandapower_evflex as evf
    >>> sessions = pd.DataFrame({
    ...     "arrival": ["2024-05-14 08:00"], "charging_end": ["2024-05-14 11:00"], "departure": ["2024-05-14 17:00"],
    ...     "evse": ["A1"]})
    >>> rates = evf.cpo_rates_from_sessions(sessions, n_evse=2, period_h=1)
    >>> rates.charging_rate[[7, 8, 10, 11]].tolist(), rates.occupancy_rate[[7, 8, 16, 17]].tolist()
    ([0.0, 0.5, 0.5, 0.0], [0.0, 0.5, 0.5, 0.0])
    """
    faults: list[Fault] = []
    with gathered(faults):
        n_periods = _checked_sizes(n_evse, period_h)
    with gathered(faults):
        stays = read_outlet_stays(
            sessions, timezone, columns, dayfirst, None if isinstance(days, str) else _checked(days)
        )
    raise_if(faults)
    if len(stays.evse) > n_evse:
        problem, remedy = f"are more than n_evse = {n_evse}", "give the outlets of the site, or its sessions only"
        raise InvalidInputError([Fault(TABLE, "evse", (), f"{len(stays.evse)} outlets", problem, remedy)])
    dates = _dates(days, stays)
    lattices, arrivals, sampled = _lattices(stays, _instants(dates, n_periods, stays.clock), int(n_evse))
    lattices, arrivals = (_by_day(cells, len(dates)) for cells in (lattices, arrivals))
    empty = dates[~lattices.any(axis=(1, 2))]
    n_sampled = int(np.sum(sampled))
    counts = {"not sampled": len(stays.row) - n_sampled, "used": n_sampled, "days": len(dates), "gaps": len(empty)}
    report = pd.Series({**stays.report, **counts})
    too_short = ~sampled & stays.clock.wall(stays.arrival).normalize().isin(dates)  # the others are of other days
    n_changed = sum(stays.report[reason] for reason in CHANGED) + int(np.sum(too_short))
    log_report(logger, "charging sessions", report.to_dict(), n_changed)
    if len(empty):
        logger.warning("no session on %s: holidays or gaps in the data, counted as empty", listed(empty.date))
    charging_rate, occupancy_rate = (lattices == 1).mean(axis=(0, 1)), (lattices > 0).mean(axis=(0, 1))
    for array in (charging_rate, occupancy_rate, lattices, arrivals):
        array.setflags(write=False)
    return CpoRates(
        charging_rate, occupancy_rate, lattices, arrivals, dates, stays.evse, period_h, report,
        _mean_power_mw(stays, sampled),
    )  # fmt: skip


def _checked_sizes(n_evse: Any, period_h: Any) -> int:
    """Number of periods of a day."""
    remedy = "give the number of outlets of the site, 1 or more: rates are shares of it"
    faults = scalar_faults(FUNCTION, "n_evse", n_evse, remedy, least=1, whole=True)
    remedy = "give a whole number of minutes that divides a day, in hours: 0.25 for quarter hours"
    period = scalar_faults(FUNCTION, "period_h", period_h, remedy)
    minutes = 60.0 * float(period_h) if not period else 1.0
    n_periods = round(MINUTES_PER_DAY / minutes) if 0.5 < minutes <= MINUTES_PER_DAY else 0
    if not n_periods or MINUTES_PER_DAY % n_periods or abs(n_periods * minutes - MINUTES_PER_DAY) > 1e-6:
        period = [Fault(FUNCTION, "period_h", (), period_h, "does not divide a day into whole periods", remedy)]
    raise_if(faults + period)
    return n_periods


def _checked(days: Any) -> Any:
    """A list of dates, as yet unread."""
    if are_dates(days) and len(days):
        return days
    raise InvalidInputError([_no_day(days)])


def _no_day(days: Any) -> Fault:
    remedy = f"use one of {', '.join(DAY_TYPES)} that the sessions have, or a list of dates"
    return Fault(FUNCTION, "days", (), repr(days)[:80], "is not a day", remedy)


def _dates(days: Any, stays: OutletStays) -> pd.DatetimeIndex:
    """The days that count; of a type, those from the first to the last arrival: after it nothing is known."""
    if stays.days is not None:
        return stays.days.unique().sort_values().as_unit("ns")
    arrivals = stays.clock.wall(np.array([stays.arrival.min(), stays.arrival.max()])).normalize()
    every = pd.date_range(arrivals[0], arrivals[1])
    dates = every[every.dayofweek.isin(DAY_TYPES.get(days, ()))]
    if not len(dates):
        raise InvalidInputError([_no_day(days)])
    return dates.as_unit("ns")


def _instants(dates: pd.DatetimeIndex, n_periods: int, clock: Clock) -> IntArray:
    """Middle of each period of each day [n_day * n_period], in order."""
    into_day = (2 * np.arange(n_periods) + 1) * (12 * HOUR // n_periods)
    return clock.instants(pd.DatetimeIndex((dates.asi8[:, None] + into_day).ravel().view("datetime64[ns]")))


def _lattices(stays: OutletStays, instants: IntArray, n_evse: int) -> tuple[NDArray[np.int8], BoolArray, BoolArray]:
    """States [n_evse, n_instant], first cells of stays [n_evse, n_instant], and which stays have a cell."""
    first = np.searchsorted(instants, stays.arrival)
    last_charging = np.searchsorted(instants, stays.charging_end)
    last = np.searchsorted(instants, stays.departure)
    change = np.zeros((n_evse, len(instants) + 1), dtype=np.int8)
    for cells, step in ((first, 1), (last_charging, 1), (last, -2)):
        np.add.at(change, (stays.row, cells), step)  # 0 -> 1 charging -> 2 idle -> 0
    arrivals = np.zeros((n_evse, len(instants)), dtype=bool)
    sampled = first < last
    arrivals[stays.row[sampled], first[sampled]] = True
    return change.cumsum(axis=1, dtype=np.int8)[:, :-1], arrivals, sampled


def _mean_power_mw(stays: OutletStays, sampled: BoolArray) -> float:
    """Energy over hours of charging of all stays that tell both."""
    hours = (stays.charging_end - stays.arrival) / HOUR
    known = sampled & (stays.energy_mwh > 0.0) & (hours > 0.0)
    return float(stays.energy_mwh[known].sum() / hours[known].sum()) if known.any() else np.nan


def _by_day(cells: NDArray[Any], n_days: int) -> NDArray[Any]:
    """[n_evse, n_day * n_period] as [n_day, n_evse, n_period]."""
    return np.ascontiguousarray(cells.reshape(len(cells), n_days, -1).swapaxes(0, 1))
