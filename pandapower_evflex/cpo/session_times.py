"""Times of charging sessions as instants, whatever a table holds: timestamps or text, local or with a time zone."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.timestamps import known_zone, localized

logger = logging.getLogger(__name__)

TABLE = "sessions"

#: none of naive times, else those that the times of a column bring along
Zones = tuple[Any, ...]

#: text that ends in a time zone after a time of day
_WITH_ZONE = r"[T ]\d.*(Z|UTC|GMT|[+-]\d\d:?\d\d)$"


@dataclass(frozen=True)
class Clock:
    """Wall clock of a site; zone None: as all times are naive, the clock knows no daylight saving."""

    zone: Any

    def instants(self, wall: pd.DatetimeIndex) -> NDArray[np.int64]:
        """Nanoseconds since 1970 of naive times."""
        return (wall if self.zone is None else localized(wall, self.zone)).as_unit("ns").asi8

    def wall(self, instants: NDArray[np.int64]) -> pd.DatetimeIndex:
        """Naive local times of instants."""
        times = pd.DatetimeIndex(instants.view("datetime64[ns]"))
        return times if self.zone is None else times.tz_localize("UTC").tz_convert(self.zone).tz_localize(None)


def read_instants(times: Mapping[str, pd.Series], timezone: Any) -> tuple[dict[str, pd.DatetimeIndex], Clock]:
    """Columns of times as instants, NaT where a cell holds no time, and the clock of the site.

    Parameters
    ----------
    times : {name in faults: Series}
    timezone : zone of the site, and of naive times; None: naive times are local, others must share one zone

    Returns
    -------
    {name: DatetimeIndex}    naive; in UTC when the clock has a zone

    Raises
    ------
    InvalidInputError    no such time zone; several of them, or none beside some
    """
    columns = {name: _read(name, cells) for name, cells in times.items()}
    clock = Clock(_site_zone(columns) if timezone is None else known_zone(TABLE, timezone))
    return {name: _in_utc(index, zones, clock) for name, (index, zones) in columns.items()}, clock


def _in_utc(index: pd.DatetimeIndex, zones: Zones, clock: Clock) -> pd.DatetimeIndex:
    if zones or clock.zone is None:
        return index
    known = index.notna()
    instants = np.full(len(index), pd.NaT.value)
    instants[known] = clock.instants(index[known])
    return pd.DatetimeIndex(instants.view("datetime64[ns]"))


def _site_zone(columns: Mapping[str, tuple[pd.DatetimeIndex, Zones]]) -> Any:
    """The one zone that the times bring along, None when they are naive."""
    zones = {str(zone): zone for _, of_column in columns.values() for zone in of_column}
    naive = [name for name, (index, of_column) in columns.items() if not of_column and index.notna().any()]
    if zones and naive:
        remedy = "give all times with a time zone or all without, or say timezone="
        raise InvalidInputError([Fault(TABLE, naive[0], (), "naive times", "stand beside times with a zone", remedy)])
    if len(zones) > 1:
        remedy = 'say timezone=, the zone of the site, for instance "Europe/Berlin"'
        raise InvalidInputError([Fault(TABLE, "timezone", (), ", ".join(zones), "are several time zones", remedy)])
    if "UTC" in zones:
        logger.warning("sessions: times are in UTC and are taken as local; say timezone= if the site is elsewhere")
    return next(iter(zones.values()), None)


def _read(name: str, column: pd.Series) -> tuple[pd.DatetimeIndex, Zones]:
    """Times of a column with their zones: naive local ones with none, else naive in UTC."""
    cells = column.infer_objects()
    if not pd.api.types.is_datetime64_any_dtype(cells):
        return _read_text(name, cells)
    index = pd.DatetimeIndex(cells).as_unit("ns")
    return (index, ()) if index.tz is None else (index.tz_convert("UTC").tz_localize(None), (index.tz,))


def _read_text(name: str, cells: pd.Series) -> tuple[pd.DatetimeIndex, Zones]:
    """As `_read`, of text; a number is no time, though pandas would take it for nanoseconds."""
    is_text = cells.map(lambda cell: isinstance(cell, (str, date))) & cells.notna()
    text = cells.astype(object).where(is_text, None).map(str, na_action="ignore")
    index = pd.DatetimeIndex(pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True))
    if index.notna().sum() < is_text.sum():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # no common format: then what ISO 8601 reads is taken
            guessed = pd.DatetimeIndex(pd.to_datetime(text, errors="coerce", utc=True))
        index = max(index, guessed, key=lambda times: times.notna().sum())
    offsets = text[index.notna()].str.extract(_WITH_ZONE)[0]
    if offsets.notna().any() and offsets.isna().any():
        rows = tuple(offsets.index[offsets.isna()].tolist())
        problem, remedy = "have no time zone and others have one", "give all times with a time zone or all without"
        raise InvalidInputError([Fault(TABLE, name, rows, "some times", problem, remedy)])
    known = offsets.mask(offsets.isin(("Z", "UTC", "GMT")), "+00:00").dropna().unique()
    zones = tuple(pd.Timestamp(f"2000-01-01 00:00{offset}").tz for offset in known)
    return index.tz_localize(None).as_unit("ns"), zones
