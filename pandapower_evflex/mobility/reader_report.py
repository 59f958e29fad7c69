"""What the sessions of a file do not tell, counted."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np
import pandas as pd

from pandapower_evflex.tables.losses import log_report

#: column -> what a row without it is counted as
MISSING = {
    "evse": "no outlet",
    "user": "no user",
    "arrival": "no arrival",
    "departure": "no departure",
    "charging_end": "no charging end",
    "energy_kwh": "no energy",
}

#: columns that a stay needs
OF_A_STAY = ("evse", "arrival", "departure")


def with_report(
    logger: logging.Logger, name: str, sessions: pd.DataFrame, left_out: Mapping[str, int] | None = None
) -> pd.DataFrame:
    """The sessions with the counts in ``attrs["report"]``, which are logged: rows read, and rows without a value.

    A row that tells all that another one tells is left out: no outlet has two cars with the same times. A negative
    energy is read as missing.

    Parameters
    ----------
    left_out : {reason: number of records that are not in the frame}
    """
    again = (sessions.duplicated() & sessions[list(OF_A_STAY)].notna().all(axis=1)).to_numpy()
    left_out = dict(left_out or {})
    left_out["repeated"] = left_out.get("repeated", 0) + int(np.sum(again))
    n_read = len(sessions) - int(np.sum(again)) + sum(left_out.values())
    sessions = sessions[~again].reset_index(drop=True)
    told: dict[str, int] = {}
    if "energy_kwh" in sessions:
        is_negative = (sessions["energy_kwh"] < 0.0).to_numpy()
        told["negative energy"] = int(np.sum(is_negative))
        sessions["energy_kwh"] = sessions["energy_kwh"].mask(is_negative)
    missing = {reason: sessions[column].isna().to_numpy() for column, reason in MISSING.items() if column in sessions}
    told |= {reason: int(np.sum(rows)) for reason, rows in missing.items()}
    sessions.attrs["report"] = {"read": n_read, **left_out, **told}
    n_changed = int(np.sum(np.any(list(missing.values()), axis=0)))
    log_report(logger, name, sessions.attrs["report"], n_changed)
    return sessions
