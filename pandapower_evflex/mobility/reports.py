"""Charging reports with timestamps, as charging points log them, as sessions of a horizon."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.tables.timestamps import hours_since

logger = logging.getLogger(__name__)

#: what a report must tell
REPORT_COLUMNS = ("user", "plug_in", "plug_out", "energy_kwh")


def sessions_from_reports(
    reports: pd.DataFrame,
    start: Any,
    hours: float,
    *,
    columns: Mapping[str, str] | None = None,
    timezone: str | None = None,
) -> tuple[pd.DataFrame, pd.Series]:
    """Sessions that touch a horizon, from a table of charging reports.

    Charging points know neither batteries nor states of charge: the need is the energy that was charged, counted from
    plug-in, and it is the most that the session can take (`energy_mwh` and `max_e_mwh` of `create_ev_sessions`).
    A session that began before the horizon keeps its whole need; `unreachable="reduce"` lowers what is left too late.

    Parameters
    ----------
    reports : DataFrame [report]    user or outlet, plug-in time, plug-out time, energy
    start : timestamp               start of the horizon
    hours : float                   length of the horizon
    columns : {"user": ..., "plug_in": ..., "plug_out": ..., "energy_kwh": ...}
        names of these columns in the reports; None: just these
    timezone : str                  zone of naive times; elapsed hours then respect daylight saving

    Returns
    -------
    sessions : DataFrame with `user, arrival_h, departure_h, energy_mwh, max_e_mwh`, by user and time
    report : Series of counts: read, kept, outside the horizon, and left out (no plug-out, energy or duration, overlap)

    Raises
    ------
    ValueError    a column is missing
    """
    names = {name: name for name in REPORT_COLUMNS} | dict(columns or {})
    missing = [name for name in names.values() if name not in reports]
    if missing:
        raise ValueError(f"the reports have no column {', '.join(missing)}; give columns={{...}}")
    energy = pd.to_numeric(reports[names["energy_kwh"]], errors="coerce").to_numpy(dtype=float) / 1e3
    sessions = pd.DataFrame(
        {
            "user": reports[names["user"]].to_numpy(),
            "arrival_h": hours_since(reports[names["plug_in"]], start, timezone),
            "departure_h": hours_since(reports[names["plug_out"]], start, timezone),
            "energy_mwh": energy,
            "max_e_mwh": energy,
        }
    )
    report = pd.Series({"read": len(sessions)})
    for reason, wrong in (
        ("no plug-out", lambda s: s["arrival_h"].isna() | s["departure_h"].isna()),
        ("no energy", lambda s: ~(s["energy_mwh"] > 0)),
        ("no duration", lambda s: s["departure_h"] <= s["arrival_h"]),
        ("outside", lambda s: (s["departure_h"] <= 0) | (s["arrival_h"] >= hours)),
        ("overlap", _overlaps),
    ):
        left_out = wrong(sessions).to_numpy(dtype=bool)
        sessions = sessions[~left_out]
        report[reason] = int(np.sum(left_out))
    report["kept"] = len(sessions)
    logger.info("charging reports: %s", ", ".join(f"{key} {value}" for key, value in report.items()))
    return sessions.sort_values(["user", "arrival_h"], kind="stable").reset_index(drop=True), report


def _overlaps(sessions: pd.DataFrame) -> pd.Series:
    """Sessions that begin before an earlier one of the same user has ended."""
    ordered = sessions.sort_values(["user", "arrival_h"], kind="stable")
    ended = ordered.groupby("user")["departure_h"].transform(lambda ends: ends.cummax().shift())
    return (ordered["arrival_h"] < ended).reindex(sessions.index)
