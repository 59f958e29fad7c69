"""Times of charging sessions as instants, whatever a table holds: timestamps or text, local or with a time zone."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pandapower_evflex.arrays import IntArray
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.times.hours import on_one_clock
from pandapower_evflex.times.reader import Times, read_times, report_of
from pandapower_evflex.times.zones import known_zone, localized

logger = logging.getLogger(__name__)

TABLE = "sessions"


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


def read_instants(
    times: Mapping[str, pd.Series], timezone: Any, dayfirst: bool | None
) -> tuple[dict[str, pd.DatetimeIndex], Clock, dict[str, int]]:
    """Columns of times as instants, NaT where a cell holds no time, and the clock of the site.

    Parameters
    ----------
    times : {name in faults: Series}
    timezone : zone of the site, and of naive times; None: naive times are local, others must share one zone
    dayfirst : see `hours_since`

    Returns
    -------
    {name: DatetimeIndex}    naive; in UTC when the clock has a zone
    Clock
    {what is wrong: number of cells}

    Raises
    ------
    InvalidInputError    no such time zone; several of them, or none beside some; times that cannot be read in one way
    """
    columns = read_times(times, table=TABLE, dayfirst=dayfirst, in_table=True)
    instants = on_one_clock(columns, TABLE, timezone)
    clock = Clock(_site_zone(columns) if timezone is None else known_zone(TABLE, timezone))
    return instants, clock, report_of(columns, TABLE)


def _site_zone(columns: Mapping[str, Times]) -> Any:
    """The one zone that the times bring along, None when they are naive."""
    zones = {str(zone): zone for column in columns.values() for zone in column.zones}
    if len(zones) > 1:
        remedy = 'say timezone=, the zone of the site, for instance "Europe/Berlin"'
        raise InvalidInputError([Fault(TABLE, "timezone", (), ", ".join(zones), "are several time zones", remedy)])
    if "UTC" in zones:
        logger.warning("sessions: times are in UTC and are taken as local; say timezone= if the site is elsewhere")
    return next(iter(zones.values()), None)
