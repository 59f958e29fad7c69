"""Sessions and charge detail records (CDRs) of OCPI 2.2.1 (https://evroaming.org), the protocol of roaming."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.mobility.json_records import ENVELOPE
from pandapower_evflex.mobility.reader_report import with_report
from pandapower_evflex.tables.kinds import gathered, raise_if
from pandapower_evflex.tables.session_columns import number_cells
from pandapower_evflex.times.hours import on_one_clock
from pandapower_evflex.times.reader import read_times

logger = logging.getLogger(__name__)

#: statuses of sessions in which nothing was charged
NOT_CHARGED = ("INVALID", "PENDING", "RESERVATION")
#: what stands for an outlet that is not known
NOT_KNOWN = "#NA"
TIMES = {"arrival": "start_date_time", "departure": "end_date_time"}
Record = Mapping[str, Any]


def read_ocpi_sessions(name: str, content: Any) -> pd.DataFrame:
    """Sessions, or CDRs, of one file: an object, a list, or `{"data": ...}` of a response.

    Returns
    -------
    DataFrame [session]    as `read_sessions` returns it, times in UTC, as OCPI has them

    Raises
    ------
    InvalidInputError    an error response, sessions beside CDRs, no records, times or energies that cannot be read
    """
    records, left_out = _kept(name, _records(name, content))
    are_cdrs = bool(records) and _is_cdr(records[0])
    energy_key = "total_energy" if are_cdrs else "kwh"
    faults: list[Fault] = []
    energy_kwh, energy_faults = number_cells(name, energy_key, _column(records, energy_key), "kWh")
    idle_h, idle_faults = number_cells(name, "total_parking_time", _idle_hours(records), "h")
    faults += energy_faults + idle_faults
    with gathered(faults):
        cells = {key: _column(records, key) for key in TIMES.values()}
        instants = on_one_clock(read_times(cells, table=name, in_table=cells), name, "UTC")
    raise_if(faults)
    columns: dict[str, Any] = {"evse": [_outlet(one) for one in records], "user": [_user(one) for one in records]}
    columns |= {what: instants[key].tz_localize("UTC") for what, key in TIMES.items()}
    columns["charging_end"] = _charging_end(columns["arrival"], columns["departure"], idle_h)
    order = ["evse", "user", "arrival", "charging_end", "departure"]
    frame = pd.DataFrame({**{what: columns[what] for what in order}, "energy_kwh": energy_kwh})
    return with_report(logger, f"{name} (ocpi)", frame, left_out)


def _column(records: Sequence[Record], key: str) -> pd.Series:
    return pd.Series([one.get(key) for one in records], dtype=object)


def _records(name: str, content: Any) -> list[Record]:
    if isinstance(content, Mapping) and isinstance(content.get("status_code"), int) and content["status_code"] >= 2000:
        shown = f"{content['status_code']} {content.get('status_message') or ''}".strip()
        remedy = "ask the server again, and give a response with data"
        raise InvalidInputError([Fault(name, "status_code", (), shown, "is the response to a failed request", remedy)])
    found = content
    pages = content if isinstance(content, list) else [content]
    if pages and all(isinstance(page, Mapping) and ENVELOPE in page for page in pages):
        inner = [page[ENVELOPE] for page in pages]
        found = [one for part in inner for one in (part if isinstance(part, list) else [part])]
    records = found if isinstance(found, list) else [found]
    if not records or not all(isinstance(one, Mapping) for one in records):
        remedy = 'give a Session, a CDR, a list of them, or {"data": [...]}'
        raise InvalidInputError([Fault(name, ENVELOPE, (), "the file", "holds no sessions", remedy)])
    wrong = tuple(i for i, one in enumerate(records) if TIMES["arrival"] not in one)
    if wrong:
        saw, remedy = ", ".join(map(str, records[wrong[0]])) or "no keys", "give Sessions or CDRs of OCPI 2.2.1"
        raise InvalidInputError([Fault(name, TIMES["arrival"], wrong, f"the keys {saw}", "lack it", remedy)])
    if len({_is_cdr(one) for one in records}) > 1:
        problem, remedy = "stand beside CDRs, which tell the same charging again", "give one kind alone"
        raise InvalidInputError([Fault(name, "", (), "sessions", problem, remedy)])
    return records


def _is_cdr(record: Record) -> bool:
    return "total_energy" in record or "cdr_location" in record


def _kept(name: str, records: list[Record]) -> tuple[list[Record], dict[str, int]]:
    """The last state of every session that charged, and counts of what is left out.

    A credit CDR takes back another one: both are left out.
    """
    latest: dict[Any, Record] = {}
    for number, one in enumerate(records):
        key = _key(one, number)
        if key not in latest or str(one.get("last_updated") or "") >= str(latest[key].get("last_updated") or ""):
            latest[key] = one
    states = list(latest.values())
    charged = [one for one in states if one.get("status") not in NOT_CHARGED]
    taken_back = {str(one.get("credit_reference_id")) for one in charged if one.get("credit") is True}
    kept = [one for one in charged if one.get("credit") is not True and str(one.get("id")) not in taken_back]
    counts = {
        "earlier states": len(records) - len(states),
        "not charged": len(states) - len(charged),
        "credited": len(charged) - len(kept),
    }
    return kept, counts


def _key(record: Record, number: int) -> Any:
    """What the states of one session have in common; a record without an id is one of its own."""
    names = [record.get(key) for key in ("country_code", "party_id", "id")]
    return tuple(map(str, names)) if names[-1] else number


def _outlet(record: Record) -> str | None:
    place = record.get("cdr_location")
    place = place if isinstance(place, Mapping) else record
    found = next((place[key] for key in ("evse_uid", "evse_id") if place.get(key) not in (None, "", NOT_KNOWN)), None)
    return None if found is None else str(found)


def _user(record: Record) -> str | None:
    token = record.get("cdr_token")
    known = token.get("uid") or token.get("contract_id") if isinstance(token, Mapping) else None
    return str(known) if known else None


def _idle_hours(records: Sequence[Record]) -> pd.Series:
    """Plugged in without charging [h]: told in sum, or period by period; None where neither is."""
    return pd.Series([_idle_of(one) for one in records], dtype=object, name="total_parking_time")


def _idle_of(record: Record) -> Any:
    if record.get("total_parking_time") is not None:
        return record["total_parking_time"]
    periods = record.get("charging_periods")
    parts = [
        part.get("volume")
        for period in (periods if isinstance(periods, list) else [])
        if isinstance(period, Mapping)
        for part in (period.get("dimensions") or [])
        if isinstance(part, Mapping) and part.get("type") == "PARKING_TIME"
    ]
    are_numbers = all(isinstance(part, int | float) and not isinstance(part, bool) for part in parts)
    return sum(parts) if parts and are_numbers else None


def _charging_end(arrival: pd.DatetimeIndex, departure: pd.DatetimeIndex, idle_h: FloatArray) -> pd.DatetimeIndex:
    """The idle time lies at the end of the stay; NaT where it is not known, or longer than the stay."""
    end = departure - pd.to_timedelta(np.round(3600e3 * idle_h), unit="ms")
    return end.where((idle_h >= 0.0) & (end >= arrival))
