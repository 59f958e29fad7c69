"""Times of charging sessions as instants, whatever a table holds: timestamps or text, local or with a time zone."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from pandapower_evflex.arrays import IntArray
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.times.dates import as_shown_there, midnights
from pandapower_evflex.times.hours import on_one_clock
from pandapower_evflex.times.reader import Times, read_times, report_of
from pandapower_evflex.times.zones import known_zone, localized

logger = logging.getLogger(__name__)

TABLE = "sessions"
FUNCTION, DAYS = "cpo_rates_from_sessions", "days"

#: day type -> which days of the week, Monday is 0
DAY_TYPES = {"weekdays": range(5), "weekends": range(5, 7), "all": range(7)}


@dataclass(frozen=True)
class Clock:
    """Wall clock of a site; zone None: as all times are naive, the clock knows no daylight saving."""

    zone: Any

    def instants(self, wall: pd.DatetimeIndex) -> IntArray:
        """Nanoseconds since 1970 of naive times."""
        return (wall if self.zone is None else localized(wall, self.zone)).as_unit("ns").asi8

    def wall(self, instants: IntArray) -> pd.DatetimeIndex:
        """Naive local times of instants."""
        times = pd.DatetimeIndex(instants.view("datetime64[ns]"))
        return times if self.zone is None else times.tz_localize("UTC").tz_convert(self.zone).tz_localize(None)


@dataclass(frozen=True)
class Instants:
    """
    times : {name: DatetimeIndex}    naive, in UTC when the clock has a zone; NaT where a cell holds no time
    clock : Clock                    of the site
    report : {what is wrong: number of cells}
    days : DatetimeIndex             that the caller names, None where he names none
    """

    times: dict[str, pd.DatetimeIndex]
    clock: Clock
    report: dict[str, int]
    days: pd.DatetimeIndex | None


def read_instants(times: Mapping[str, pd.Series], timezone: Any, dayfirst: bool | None, days: Any = None) -> Instants:
    """Columns of times as instants, and the clock of the site.

    Parameters
    ----------
    times : {name in faults: Series}
    timezone : zone of the site, and of naive times; None: naive times are local, others must share one zone
    dayfirst : see `hours_since`
    days : dates that the caller names; their text and that of the sessions is in one order of day and month

    Raises
    ------
    InvalidInputError    no such time zone; several of them, or none beside some; times that cannot be read in one way
    """
    named = {} if days is None else {DAYS: as_shown_there(days)}
    try:
        columns = read_times({**times, **named}, table=TABLE, dayfirst=dayfirst, in_table=times)
    except InvalidInputError as error:
        raise InvalidInputError([_of_function(fault) for fault in error.faults]) from error
    dates = midnights(columns.pop(DAYS), FUNCTION) if named else None
    instants = on_one_clock(columns, TABLE, timezone)
    clock = Clock(_site_zone(columns) if timezone is None else known_zone(TABLE, timezone))
    return Instants(instants, clock, report_of(columns, TABLE), dates)


def _of_function(fault: Fault) -> Fault:
    """A fault of the days is one of the function's argument."""
    if fault.column != DAYS:
        return fault
    remedy = f"{fault.remedy}; use one of {', '.join(DAY_TYPES)} or a list of dates"
    return replace(fault, table=FUNCTION, remedy=remedy)


def _site_zone(columns: Mapping[str, Times]) -> Any:
    """The one zone that the times bring along, None when they are naive."""
    zones = {str(zone): zone for column in columns.values() for zone in column.zones}
    if len(zones) > 1:
        remedy = 'say timezone=, the zone of the site, for instance "Europe/Berlin"'
        raise InvalidInputError([Fault(TABLE, "timezone", (), ", ".join(zones), "are several time zones", remedy)])
    if "UTC" in zones:
        logger.warning("sessions: times are in UTC and are taken as local; say timezone= if the site is elsewhere")
    return next(iter(zones.values()), None)
