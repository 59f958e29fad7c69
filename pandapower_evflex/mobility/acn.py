"""Charging sessions of ACN-Data, the public record of the Adaptive Charging Network (https://ev.caltech.edu/dataset)."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import pandas as pd

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.mobility.reader_report import with_report
from pandapower_evflex.tables.kinds import check_file, gathered, raise_if
from pandapower_evflex.tables.session_columns import number_cells
from pandapower_evflex.times.hours import on_one_clock
from pandapower_evflex.times.reader import read_times
from pandapower_evflex.times.zones import known_zone

logger = logging.getLogger(__name__)

#: seconds since 1970 of 2000 and of 2100
LEAST_SECONDS, MOST_SECONDS = 946_684_800.0, 4_102_444_800.0

#: column -> key of a session of ACN-Data
TIMES = {"arrival": "connectionTime", "charging_end": "doneChargingTime", "departure": "disconnectTime"}


def read_acn_sessions(path: str | os.PathLike[str], *, dayfirst: bool | None = None) -> pd.DataFrame:
    """Sessions from a JSON file of ACN-Data, as its web page and its API give them.

    Parameters
    ----------
    path : file    `{"_items": [session, ...], ...}`, or just the list of sessions; times as text, as
        seconds or milliseconds since 1970, or as `{"$date": ...}` of a database
    dayfirst : bool    order of day and month in text, see `hours_since`

    Returns
    -------
    DataFrame [session]
        `evse` (the station), `arrival, charging_end, departure` in the site's time zone (NaT where missing) and
        `energy_kwh` (delivered): what `cpo_rates_from_sessions` and `sessions_from_reports` take. Rows without a value,
        and rows that repeat another one and are left out, are counted in ``attrs["report"]``

    Notes
    -----
    ACN throttles cars: one that charges slowly counts as charging until it is done, so the charging rate is above that
    of outlets at nominal power. Who publishes results is asked to cite Z. J. Lee, T. Li, S. H. Low, *ACN-Data: Analysis
    and Applications of an Open EV Charging Dataset*, e-Energy 2019.

    Raises
    ------
    InvalidInputError    no JSON, no sessions of ACN-Data in it, energies that are text, times that cannot be read in
        one way, sessions of several time zones, one session that is told in two ways
    """
    items = _items(path)
    zones = sorted({str(item["timezone"]) for item in items if item.get("timezone")})
    faults = []
    if len(zones) > 1:
        remedy = "read the sites one by one"
        faults.append(_fault(path, "timezone", ", ".join(zones), "are several time zones", remedy))
    columns: dict[str, Any] = {"evse": [item.get("stationID") for item in items]}
    cells = {key: pd.Series([_time(item.get(key)) for item in items], dtype=object) for key in TIMES.values()}
    energy = pd.Series([item.get("kWhDelivered") for item in items], dtype=object)
    energy_kwh, energy_faults = number_cells(Path(path).name, "kWhDelivered", energy, "kWh")
    faults += energy_faults + _told_twice(path, items)
    with gathered(faults):
        read = read_times(cells, table=Path(path).name, dayfirst=dayfirst, in_table=cells)
        instants = on_one_clock(read, Path(path).name, "UTC")
    with gathered(faults):
        zone = known_zone(Path(path).name, zones[0] if zones else "UTC")
    raise_if(faults)
    for name, key in TIMES.items():
        columns[name] = instants[key].tz_localize("UTC").tz_convert(zone)
    return with_report(logger, Path(path).name, pd.DataFrame({**columns, "energy_kwh": energy_kwh}))


def _items(path: Any) -> list[dict[str, Any]]:
    check_file("read_acn_sessions", path)
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidInputError([_fault(path, "", str(error), "is not JSON", "give the file as downloaded")]) from error
    items = content.get("_items") if isinstance(content, dict) else content
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        problem, remedy = "holds no sessions", 'give {"_items": [session, ...]} or a list of sessions'
        raise InvalidInputError([_fault(path, "_items", f"a {type(items).__name__}", problem, remedy)])
    if not any(TIMES["arrival"] in item for item in items):
        saw, remedy = ", ".join(map(str, items[0])), f"give sessions with {', '.join(TIMES.values())}"
        raise InvalidInputError([_fault(path, "_items", f"the keys {saw}", "are not those of ACN-Data", remedy)])
    return items


def _told_twice(path: Any, items: list[dict[str, Any]]) -> list[Fault]:
    """Sessions of one number that differ in what is read of them."""
    told: dict[str, list[int]] = {}
    for row, item in enumerate(items):
        if item.get("sessionID") is not None:
            told.setdefault(str(item["sessionID"]), []).append(row)
    keys = ("stationID", *TIMES.values(), "kWhDelivered")
    ways = {number: {str([items[row].get(key) for key in keys]) for row in rows} for number, rows in told.items()}
    rows = [row for number, same in told.items() if len(ways[number]) > 1 for row in same]
    if not rows:
        return []
    number, remedy = str(items[rows[0]]["sessionID"]), "keep one of them"
    return [Fault(Path(path).name, "sessionID", tuple(rows), number, "is told again in another way", remedy)]


def _time(cell: Any) -> Any:
    """Text as it is; `{"$date": ...}` of a database, and seconds or milliseconds since 1970, as instants."""
    if isinstance(cell, dict):
        inner = cell.get("$date", cell)
        if isinstance(inner, dict) and "$numberLong" in inner:
            digits = str(inner["$numberLong"])
            inner = int(digits) if digits.lstrip("-").isdecimal() else digits
        is_number = isinstance(inner, (int, float)) and not isinstance(inner, bool)
        return _epoch(inner, "ms") if is_number else inner
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return _epoch(cell, "ms" if abs(cell) > MOST_SECONDS else "s")
    return cell


def _epoch(number: float, unit: str) -> Any:
    """An instant of this century, else the number, which is not a time."""
    seconds = number / (1e3 if unit == "ms" else 1.0)
    return pd.Timestamp(number, unit=unit, tz="UTC") if LEAST_SECONDS <= seconds <= MOST_SECONDS else number


def _fault(path: Any, column: str, value: str, problem: str, remedy: str) -> Fault:
    return Fault(Path(path).name, column, (), value, problem, remedy)
