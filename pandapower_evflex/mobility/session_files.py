"""Files of charging sessions, whatever writes them, as one frame."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.mobility.acn import read_acn_sessions
from pandapower_evflex.mobility.file_numbers import NOTATIONS, decimal_of, floats_of
from pandapower_evflex.mobility.file_times import session_times
from pandapower_evflex.mobility.file_units import kwh_of, refuse_other_energy, refuse_other_power
from pandapower_evflex.mobility.json_records import format_of, is_json, json_of
from pandapower_evflex.mobility.ocpi import read_ocpi_sessions
from pandapower_evflex.mobility.ocpp import read_ocpp_sessions
from pandapower_evflex.mobility.reader_report import with_report
from pandapower_evflex.mobility.session_formats import DURATIONS, FORMATS, Format, recognised
from pandapower_evflex.mobility.text_table import read_text, text_table
from pandapower_evflex.tables.ids import read_ids
from pandapower_evflex.tables.kinds import check_file, gathered, raise_if
from pandapower_evflex.tables.missing_text import is_empty_text
from pandapower_evflex.times.durations import duration_hours
from pandapower_evflex.times.zones import known_zone

logger = logging.getLogger(__name__)

FUNCTION = "read_sessions"
JSON_FORMATS = ("acn", "ocpi", "ocpp")
CHOICES = (*JSON_FORMATS, *FORMATS)


def read_sessions(
    path: str | os.PathLike[str],
    format: str | None = None,
    *,
    timezone: str | None = None,
    dayfirst: bool | None = None,
    decimal: str | None = None,
) -> pd.DataFrame:
    """Charging sessions from a file.

    Parameters
    ----------
    path : file
        text with a header and one line per session, separated by semicolons, commas, tabs or bars; in UTF-8, UTF-16 or
        Latin-1; or JSON of ACN-Data, OCPI or OCPP
    format : str
        None: the one that the header shows

        * "acn": JSON of ACN-Data, see `read_acn_sessions`
        * "ocpi": Sessions or CDRs of OCPI 2.2.1: an object, a list, or `{"data": [...]}`; UTC
        * "ocpp": log of OCPP 1.6 with StartTransaction and StopTransaction, a list or a message per line; UTC
        * "chargepoint": station, port, start and end of the stay with their time zones, durations as hh:mm:ss, energy
        * "elaadnl": transactions of charge points and connectors in UTC, durations in hours, energy, largest power
        * "evflex": the columns that this function returns
    timezone : str
        zone of the site, such as "Europe/Amsterdam". None: the one that the file tells; times without any stay naive
    dayfirst : bool
        order of day and month in text, see `hours_since`
    decimal : "." or ","
        None: the one in which all numbers of the file can be read

    Returns
    -------
    DataFrame [session]
        what `cpo_rates_from_sessions` and `sessions_from_reports` take without further arguments:

        * `evse` : outlet; "station / port" where the file names both
        * `user` : card or driver, where the file has such a column
        * `arrival, charging_end, departure` : plugged in, done, unplugged; NaT where missing
        * `energy_kwh`, `p_kw` : energy charged, largest power, where the file has such columns; an energy whose heading
          names no unit is in kWh, with a warning, and refused where the median session would have less than 0.1 kWh or
          more than 500 kWh; of JSON, whose formats say the unit, it is refused there too; powers are refused where
          their median is below 0.4 kW or above 2000 kW

        ``attrs["report"]`` counts the rows read, those that are left out (earlier states of an OCPI session, credited
        CDRs, rows and messages that repeat another one) and those in which something is missing; a negative energy is
        counted and read as missing

    Raises
    ------
    InvalidInputError    an empty file, columns of no known format (it names them and the nearest format), cells that
        cannot be read or can be read in two ways

    Examples
    --------
    >>> import pathlib, tempfile, pandapower_evflex as evf
    >>> path = pathlib.Path(tempfile.mkdtemp(), "sessions.csv")
    >>> _ = path.write_text(
    ...     "Station;Port;Plug-in;Unplug;Charging Time (hh:mm:ss);Energy (kWh)\\n"
    ...     "North;1;14.05.2024 08:00;14.05.2024 17:00;03:10:00;19,96\\n")
    >>> evf.mobility.read_sessions(path).iloc[0].astype(str).to_dict()  # doctest: +NORMALIZE_WHITESPACE
    {'evse': 'North / 1', 'arrival': '2024-05-14 08:00:00', 'charging_end': '2024-05-14 11:10:00',
     'departure': '2024-05-14 17:00:00', 'energy_kwh': '19.96'}
    """
    _refuse_unknown(format, decimal)
    check_file("read_sessions", path)
    name, text = Path(path).name, read_text(path)
    if format in JSON_FORMATS or (format is None and is_json(text)):
        sessions = _from_json(path, name, text, format, dayfirst)
        if "energy_kwh" in sessions:
            refuse_other_energy(name, sessions["energy_kwh"].to_numpy(dtype=float))
        return sessions if timezone is None else _converted(sessions, known_zone("read_sessions", timezone))
    table = text_table(name, text)
    known, found = recognised(name, list(table.columns), format)
    if not len(table):
        raise InvalidInputError([Fault(name, "", (), "the file", "holds no sessions", "give lines below the header")])
    sessions = _canonical(name, table, known, found, timezone, dayfirst, decimal)
    return with_report(logger, f"{name} ({known.name})", sessions)


def _from_json(path: Any, name: str, text: str, format: str | None, dayfirst: bool | None) -> pd.DataFrame:
    """Sessions of the format that the records look like, or of the one that was named."""
    known = format or format_of(json_of(name, text))
    if known == "ocpi":
        return read_ocpi_sessions(name, json_of(name, text))
    return (
        read_ocpp_sessions(name, json_of(name, text)) if known == "ocpp" else read_acn_sessions(path, dayfirst=dayfirst)
    )


def _refuse_unknown(format: Any, decimal: Any) -> None:
    faults = []
    for argument, value, choices in (("format", format, CHOICES), ("decimal", decimal, (".", ","))):
        if value is not None and (not isinstance(value, str) or value not in choices):
            remedy = f"use one of {', '.join(map(repr, choices))}, or leave it out"
            faults.append(Fault(FUNCTION, argument, (), repr(value), "is not known", remedy))
    if faults:
        raise InvalidInputError(faults)


def _canonical(
    name: str, table: pd.DataFrame, known: Format, found: Mapping[str, str], timezone: Any, dayfirst: Any, decimal: Any
) -> pd.DataFrame:
    """The frame of a table of text."""
    faults: list[Fault] = []
    with gathered(faults):
        numbers, hours = _numbers(name, table, known, found, decimal)
    with gathered(faults):
        times = session_times(name, table, found, timezone, dayfirst)
    columns: dict[str, Any] = {}
    for what, parts in (("evse", ["station", "port"]), ("user", ["user"])):
        with gathered(faults):
            columns |= {what: _labels(name, table, found, parts)} if parts[0] in found else {}
    raise_if(faults)
    if "stay" in hours:
        gone = _after(times["arrival"], hours["stay"])
        times["departure"] = (
            times["departure"].where(times["departure"].notna(), gone) if "departure" in times else gone
        )
    if "charging" in hours:
        times["charging_end"] = _after(times["arrival"], hours["charging"])
    not_told = times["arrival"].where(np.zeros(len(table), dtype=bool))
    columns |= {what: times.get(what, not_told) for what in ("arrival", "charging_end", "departure")}
    return pd.DataFrame(columns | numbers)


def _numbers(
    name: str, table: pd.DataFrame, known: Format, found: Mapping[str, str], decimal: str | None
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Energies and powers, and hours of durations, all with one decimal mark.

    Raises
    ------
    InvalidInputError    all faults of all columns; where no mark fits all numbers, those only
    """
    cells = {what: table[found[what]] for what in ("energy", "p_kw") if what in found}
    durations = {what: table[found[what]] for what in DURATIONS if what in found}
    plain = {what: texts[texts.map(_is_number)] for what, texts in durations.items()}
    numbers_of = {found[what]: texts for what, texts in (cells | plain).items()}
    mark = decimal or decimal_of(name, numbers_of, table.attrs["delimiter"], 'give decimal="." or decimal=","')
    faults: list[Fault] = []
    hours, numbers = {}, {}
    for what, texts in durations.items():
        with gathered(faults):
            floats = pd.Series(floats_of(name, found[what], plain[what], mark), index=plain[what].index, dtype=object)
            told = texts.where(~texts.index.isin(floats.index), floats)
            hours[what] = duration_hours(name, found[what], told, plain_h=1.0 if known.hours else None)
    for what, texts in cells.items():
        with gathered(faults):
            floats = floats_of(name, found[what], texts, mark)
            if what == "energy":
                numbers["energy_kwh"] = kwh_of(name, known, found[what], floats) * floats
            else:
                refuse_other_power(name, found[what], floats)
                numbers[what] = floats
    raise_if(faults)
    return numbers, hours


def _is_number(text: str) -> bool:
    return any(notation.fullmatch(text.strip()) for notation in NOTATIONS.values())


def _after(arrival: pd.DatetimeIndex, hours: FloatArray) -> pd.DatetimeIndex:
    """So long after the arrivals, to the millisecond."""
    return arrival + pd.to_timedelta(np.round(3600e3 * hours), unit="ms")


def _labels(name: str, table: pd.DataFrame, found: Mapping[str, str], parts: list[str]) -> Any:
    """Names of outlets or users; a column of ports that is empty throughout does not count."""
    there = [found[part] for part in parts if part in found]
    there = [column for column in there if not table[column].map(is_empty_text).all()] or there[:1]
    ids = read_ids(name, " and ".join(there), table[there] if len(there) > 1 else table[there[0]])
    labels = np.array([*ids.labels, None], dtype=object)  # the last one for -1, a missing name
    return labels[ids.code]


def _converted(sessions: pd.DataFrame, timezone: Any) -> pd.DataFrame:
    """Times in another zone."""
    times = [column for column in ("arrival", "charging_end", "departure") if column in sessions]
    return sessions.assign(**{column: sessions[column].dt.tz_convert(timezone) for column in times})
