"""Times of session files with the zones that the file tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.mobility.session_formats import spelled_with_utc
from pandapower_evflex.tables.missing_text import is_empty_text
from pandapower_evflex.times.reader import Times, read_times
from pandapower_evflex.times.words import ZONE_HOURS
from pandapower_evflex.times.zones import known_zone, localized

#: zone -> what files call it in winter and summer
ZONES = {
    "America/Los_Angeles": {"PST", "PDT", "PT"},
    "America/Denver": {"MST", "MDT", "MT"},
    "America/Chicago": {"CST", "CDT", "CT"},
    "America/New_York": {"EST", "EDT", "ET"},
    "Europe/London": {"GMT", "BST"},
    "Europe/Berlin": {"CET", "CEST", "MEZ", "MESZ"},
    "Europe/Helsinki": {"EET", "EEST"},
    "Europe/Lisbon": {"WET", "WEST"},
}
#: share of abbreviations that may be those of the other half of the year, as in nights in which the clock changes
MOST_OTHER = 0.1
TIMES = ("arrival", "charging_end", "departure")


def session_times(
    name: str, table: pd.DataFrame, found: Mapping[str, str], timezone: Any, dayfirst: bool | None
) -> dict[str, pd.DatetimeIndex]:
    """Times of the sessions, in the zone of the site where one is known, else naive.

    Parameters
    ----------
    name : of the file
    table : text
    found : {what: column}

    Raises
    ------
    InvalidInputError    no such zone, several zones, times that cannot be read in one way, dates without a time of day
    """
    told = {_zone_text(cell) for what in ("zone", "zone_departure") if what in found for cell in table[found[what]]}
    site = _site_zone(name, told - {""}) if timezone is None else known_zone(name, timezone)
    there = [what for what in TIMES if what in found]
    is_guessed = timezone is None and bool(told - {""})
    text = {found[what]: _text(table, found, what) for what in there}
    read = read_times(text, table=name, dayfirst=dayfirst, in_table=text)
    _refuse_dates(name, found["arrival"], read[found["arrival"]], table)
    if is_guessed and "zone" in found:
        _refuse_other_clock(name, table[found["zone"]], read[found["arrival"]], site)
    if site is None:
        site = _zone_of(name, read)
    return {what: _in_zone(read[found[what]], site, found[what]) for what in there}


def _zone_text(cell: str) -> str:
    return "" if is_empty_text(cell) else cell.strip()


def _text(table: pd.DataFrame, found: Mapping[str, str], what: str) -> pd.Series:
    """Date, time of day and zone of each session as one text, as far as columns tell them."""
    text = table[found[what]]
    known = ~text.map(is_empty_text)
    clock = found.get(f"{what}_clock")
    if clock is not None:
        text = (text + " " + table[clock]).where(known & ~table[clock].map(is_empty_text), "")
    zone = found.get("zone_departure" if what == "departure" else "zone")
    if zone is None:
        return text
    suffix = table[zone].map(lambda cell: f" {cell.strip()}" if cell.strip().upper() in ZONE_HOURS else "")
    return (text + suffix).where(known, "")


def _site_zone(name: str, told: set[str]) -> Any:
    """The zone that a column of zones names, None where it names none."""
    local = {zone for zone in told if zone.upper() not in ("UTC", "Z")}
    if not local:
        return known_zone(name, "UTC") if told else None
    of_names = [zone for zone, names in ZONES.items() if {text.upper() for text in local} <= names]
    if of_names or len(local) == 1:
        return known_zone(name, of_names[0] if of_names else next(iter(local)))
    shown, remedy = ", ".join(sorted(told)), 'say timezone=, the zone of the site, for instance "Europe/Berlin"'
    raise InvalidInputError([Fault(name, "timezone", (), shown, "are not one time zone", remedy)])


def _refuse_other_clock(name: str, told: pd.Series, arrival: Times, site: Any) -> None:
    """Abbreviations that the zone taken for them does not have at that time: of MST in July, Denver has MDT."""
    hours = told.map(lambda cell: ZONE_HOURS.get(cell.strip().upper(), np.nan)).to_numpy(dtype=float)
    known = arrival.is_zoned & ~told.str.strip().str.upper().isin(("UTC", "Z")).to_numpy()
    utc = arrival.index[known]
    clock = utc.tz_localize("UTC").tz_convert(site).tz_localize(None)
    other = np.abs((clock - utc) / pd.Timedelta(hours=1) - hours[known]) > 0.01
    if np.sum(other) > MOST_OTHER * len(other):
        shown, problem = told[known][other].iloc[0], f"is not the clock of {site} at that time"
        rows, remedy = tuple(told.index[known][other].tolist()), "say timezone=, the zone of the site"
        raise InvalidInputError([Fault(name, "timezone", rows, shown, problem, remedy)])


def _zone_of(name: str, read: Mapping[str, Times]) -> Any:
    """The one zone that the times bring along."""
    zones = {str(zone): zone for times in read.values() for zone in times.zones}
    if any(spelled_with_utc(column) for column in read):
        zones["UTC"] = known_zone(name, "UTC")
    if len(zones) > 1:
        shown, remedy = ", ".join(zones), 'say timezone=, the zone of the site, for instance "Europe/Berlin"'
        raise InvalidInputError([Fault(name, "timezone", (), shown, "are several time zones", remedy)])
    return next(iter(zones.values()), None)


def _in_zone(times: Times, site: Any, column: str) -> pd.DatetimeIndex:
    """Times of a column in the zone of the site; naive ones are of this zone, or in UTC where the column says so."""
    if site is None:
        return times.index
    naive = times.index.notna() & ~times.is_zoned
    instants = times.index.asi8.copy()
    own = "UTC" if spelled_with_utc(column) else site
    instants[naive] = localized(times.index[naive], own).tz_convert("UTC").asi8
    return pd.DatetimeIndex(instants.view("datetime64[ns]")).tz_localize("UTC").tz_convert(site)


def _refuse_dates(name: str, column: str, times: Times, table: pd.DataFrame) -> None:
    """Arrivals that are all at midnight are dates whose time of day is elsewhere."""
    known = times.index[times.index.notna()]
    if len(known) > 1 and not np.any(known != known.normalize()) and not table[column].str.contains(":").any():
        remedy = f"join date and time in one column: the file has {', '.join(map(str, table.columns))}"
        problem = "are dates without a time of day"
        raise InvalidInputError([Fault(name, column, (), f"{len(known)} cells", problem, remedy)])
