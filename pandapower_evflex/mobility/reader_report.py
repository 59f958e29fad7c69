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


def with_report(
    logger: logging.Logger, name: str, sessions: pd.DataFrame, left_out: Mapping[str, int] | None = None
) -> pd.DataFrame:
    """The sessions with the counts in ``attrs["report"]``, which are logged: rows read, and rows without a value.

    Parameters
    ----------
    left_out : {reason: number of records that are not in the frame}
    """
    left_out = left_out or {}
    missing = {reason: sessions[column].isna().to_numpy() for column, reason in MISSING.items() if column in sessions}
    sessions.attrs["report"] = {
        "read": len(sessions) + sum(left_out.values()),
        **left_out,
        **{reason: int(np.sum(rows)) for reason, rows in missing.items()},
    }
    n_changed = int(np.sum(np.any(list(missing.values()), axis=0)))
    log_report(logger, name, sessions.attrs["report"], n_changed)
    return sessions
