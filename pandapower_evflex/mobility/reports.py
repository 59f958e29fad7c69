"""Charging reports with timestamps, as charging points log them, as sessions of a horizon."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.arguments import single_number_faults
from pandapower_evflex.tables.car_numbers import other_unit_faults
from pandapower_evflex.tables.ids import Ids, read_ids
from pandapower_evflex.tables.kinds import gathered, raise_if
from pandapower_evflex.tables.losses import log_report
from pandapower_evflex.tables.overlaps import cut_at_next_plug_in, refuse_colliding
from pandapower_evflex.tables.schema import Column
from pandapower_evflex.tables.session_columns import Cells, number_cells, session_columns
from pandapower_evflex.times.durations import duration_hours
from pandapower_evflex.times.hours import elapsed_hours
from pandapower_evflex.times.reader import read_times, report_of

HOURS = Column("hours", "float64", "", "h", required=True, above=0.0, hint="give the length of the horizon in hours")

logger = logging.getLogger(__name__)

TABLE = "reports"

#: what a report must tell -> the columns that tell it where the caller does not say, the first that is there
REPORT_COLUMNS = {
    "user": ("user", "evse"),
    "plug_in": ("plug_in", "arrival"),
    "plug_out": ("plug_out", "departure"),
    "energy_kwh": ("energy_kwh",),
}


def sessions_from_reports(
    reports: pd.DataFrame,
    start: Any,
    hours: float,
    *,
    columns: Mapping[str, Any] | None = None,
    timezone: str | None = None,
    dayfirst: bool | None = None,
) -> tuple[pd.DataFrame, pd.Series]:
    """Sessions that touch a horizon, from a table of charging reports.

    Charging points know neither batteries nor states of charge: the need is the energy that was charged, counted from
    plug-in, and it is the most that the session can take (`energy_mwh` and `max_e_mwh` of `create_ev_sessions`).
    A session that began before the horizon keeps its whole need; `unreachable="reduce"` lowers what is left too late.
    A session that lasts beyond the next plug-in of its user is cut there, with its energy kept: the plug-in shows that
    the car had gone.

    Parameters
    ----------
    reports : DataFrame [report]    user or outlet, plug-in time, plug-out time, energy; `read_sessions` gives one
    start : timestamp               start of the horizon
    hours : float                   length of the horizon
    columns : {"user": ..., "plug_in": ..., "plug_out": ..., "energy_kwh": ...}
        names of these columns in the reports, as far as they differ from these or from those of `read_sessions` (`evse`
        where no column is called `user`, `arrival`, `departure`); a list of columns for what several tell together,
        `{"user": ["station", "port"]}`
        and `{"plug_in": ["date", "time"]}`; `{"duration": ...}` instead of a plug-out: hh:mm:ss, Timedeltas, or numbers
        with the unit in the heading, such as `connection_time_h`
    timezone : str                  zone of naive times; elapsed hours then respect daylight saving
    dayfirst : bool                 order of day and month in text, see `hours_since`

    Returns
    -------
    sessions : DataFrame with `user, arrival_h, departure_h, energy_mwh, max_e_mwh`, by user and time
    report : Series of counts: read; left out for a missing user, plug-out, energy or duration; overlap (cut at the next
        plug-in; left out where another began at the same time); outside the horizon; kept

    Notes
    -----
    50338, "50338", 50338.0 and " 50338" are one user. The counts are logged, as a warning when more than 1 % of the
    rows were left out or cut, or more than 1 % of the energy was left out.

    Raises
    ------
    InvalidInputError    a column is missing, no report names a user, energies that are text, most sessions of a column
        of users overlap (a port number without its station), times that cannot be read in one way (see `hours_since`)
    """
    cells = _columns_of(reports, columns)
    energy_kwh, faults = number_cells(TABLE, "energy_kwh", cells["energy_kwh"], "kWh")
    faults += [] if faults else other_unit_faults(TABLE, "energy_kwh", energy_kwh, "kWh")
    faults += single_number_faults("sessions_from_reports", HOURS, hours)
    with gathered(faults):
        users = _users(cells["user"])
    times: dict[str, Any] = {name: cells[name] for name in ("plug_in", "plug_out") if name in cells}
    with gathered(faults):
        read = read_times({**times, "start": start}, table=TABLE, dayfirst=dayfirst, in_table=times)
        at = elapsed_hours(read, "start", TABLE, timezone)
    with gathered(faults):
        stay = duration_hours(TABLE, "duration", cells["duration"]) if "duration" in cells else None
    raise_if(faults)
    if stay is not None:
        at["plug_out"] = at["plug_in"] + stay
    sessions = pd.DataFrame(
        {
            "user": users.code,
            "arrival_h": at["plug_in"],
            "departure_h": at["plug_out"],
            "energy_mwh": energy_kwh / 1e3,
            "max_e_mwh": energy_kwh / 1e3,
        }
    )
    total_mwh = _sum(sessions["energy_mwh"])
    sessions, report = _usable(sessions, reports.columns, columns)
    n_changed = sum(report.values()) - report["read"]
    energy_lost = 1.0 - _sum(sessions["energy_mwh"]) / total_mwh if total_mwh else 0.0
    inside = (sessions["departure_h"] > 0) & (sessions["arrival_h"] < hours)
    report["outside"], report["kept"] = int(np.sum(~inside)), int(np.sum(inside))
    report |= {what: number for what, number in report_of(read, TABLE).items() if number}
    log_report(logger, "charging reports", report, n_changed, energy_lost)
    sessions = sessions[inside].sort_values(["user", "arrival_h"], kind="stable").reset_index(drop=True)
    return sessions.assign(user=users.labels[sessions["user"]].to_numpy()), pd.Series(report)


def _users(cells: Cells) -> Ids:
    users = read_ids(TABLE, "user", cells)
    if len(cells) and users.missing.all():
        remedy = 'say which column names users or outlets, columns={"user": ...}'
        raise InvalidInputError([Fault(TABLE, "user", (), f"all {len(cells)} names", "are missing", remedy)])
    return users


def _columns_of(reports: Any, columns: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the reports tell; a duration that the caller names tells the plug-out."""
    known = {**REPORT_COLUMNS, "duration": ("duration",)}
    if not isinstance(columns, Mapping | pd.Series) or "duration" not in columns:
        cells = session_columns(TABLE, reports, columns, known, tuple(REPORT_COLUMNS))
        cells.pop("duration", None)
        return cells
    cells = session_columns(TABLE, reports, columns, known, ("user", "plug_in", "energy_kwh", "duration"))
    if "plug_out" in cells:
        remedy = "leave the duration out, or the column of plug-outs"
        raise InvalidInputError([Fault(TABLE, "duration", (), "the duration", "stands beside a plug-out", remedy)])
    return cells


def _sum(energy: pd.Series) -> float:
    return float(energy[energy > 0].sum())


def _usable(
    sessions: pd.DataFrame, header: pd.Index, columns: Mapping[str, Any] | None
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Sessions that say who, when and how much, those of one user one after the other, and counts of the others."""
    report = {"read": len(sessions)}
    for reason, wrong in (
        ("no user", lambda s: s["user"] < 0),
        ("no plug-out", lambda s: s["arrival_h"].isna() | s["departure_h"].isna()),
        ("no energy", lambda s: ~(s["energy_mwh"] > 0)),
        ("no duration", lambda s: s["departure_h"] <= s["arrival_h"]),
    ):
        left_out = wrong(sessions).to_numpy(dtype=bool)
        sessions = sessions[~left_out]
        report[reason] = int(np.sum(left_out))
    user, arrival, departure = (sessions[name].to_numpy() for name in ("user", "arrival_h", "departure_h"))
    chosen = [place for name, place in dict({} if columns is None else columns).items() if name in ("user", "evse")]
    place = chosen[0] if chosen else next(name for name in REPORT_COLUMNS["user"] if name in header)
    refuse_colliding(TABLE, "user", place, bool(chosen), header, user, arrival, departure)
    gone = cut_at_next_plug_in(user, arrival, departure)
    report["overlap"] = int(np.sum(gone < departure))
    return sessions.assign(departure_h=gone)[gone > arrival], report
