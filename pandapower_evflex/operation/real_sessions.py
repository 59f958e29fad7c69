"""What really happens in a day, as a table of sessions that stands beside the planned one."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.case.periods import Horizon
from pandapower_evflex.errors import Fault, InvalidInputError, listed
from pandapower_evflex.tables.faults import as_numbers
from pandapower_evflex.tables.kinds import shown
from pandapower_evflex.times.hours import ALL_OR_NONE, elapsed_hours
from pandapower_evflex.times.reader import read_times

logger = logging.getLogger(__name__)

TABLE = "run_rolling_horizon.sessions"
#: columns that may hold timestamps
TIMES = ("arrival_h", "departure_h")


def real_sessions(sessions: pd.DataFrame, planned: pd.DataFrame, horizon: Horizon, dayfirst: Any) -> pd.DataFrame:
    """Real sessions with what they leave out: of the planned session with the same label, else the usual.

    Timestamps become hours from the start of the day, where the day has dates.

    Raises
    ------
    InvalidInputError    labels that occur twice, are of another kind than those planned, or stand for a session of
                         another EV in the plan; timestamps in a day without dates
    """
    faults = _label_faults(sessions, planned)
    if faults:
        raise InvalidInputError(faults)
    new, missing = sessions.index.difference(planned.index), planned.index.difference(sessions.index)
    if len(new) or len(missing):
        logger.info("%d sessions were not announced, %d planned ones never come", len(new), len(missing))
    filled = _in_hours(sessions.copy(), horizon, dayfirst)
    for column in planned.columns.difference(sessions.columns):
        filled[column] = planned[column].reindex(sessions.index)
    if "in_service" not in sessions:
        filled["in_service"] = True
    return filled


def _label_faults(sessions: pd.DataFrame, planned: pd.DataFrame) -> list[Fault]:
    twice = sessions.index[sessions.index.duplicated()].unique()
    if len(twice):
        return [Fault(TABLE, "index", tuple(twice), "labels", "occur twice", "give every session a label of its own")]
    text = [label for label in sessions.index if isinstance(label, str)]
    if text and not any(isinstance(label, str) for label in planned.index):
        remedy = "keep the index of net.ev_session; sessions.index.astype(int) makes numbers of text"
        return [Fault(TABLE, "index", tuple(text), "labels", "are text", remedy)]
    known = sessions.index.intersection(planned.index)
    if "ev" not in sessions or not len(known):
        return []
    own, not_number = as_numbers(sessions.loc[known, "ev"])  # what is no number is refused with the rest of the table
    others = known[(own != planned.loc[known, "ev"].to_numpy(dtype=float)) & ~not_number & ~np.isnan(own)]
    if not len(others):
        return []
    remedy = "keep the index of net.ev_session, and new labels for sessions that are not in it"
    value = listed(sessions.loc[others, "ev"].tolist())
    return [Fault(TABLE, "ev", tuple(others), value, "is another EV than in net.ev_session", remedy)]


def _in_hours(sessions: pd.DataFrame, horizon: Horizon, dayfirst: Any) -> pd.DataFrame:
    are_times = {name: as_numbers(sessions[name])[1] for name in TIMES if name in sessions}
    are_times = {name: at for name, at in are_times.items() if at.any()}
    if not are_times:
        return sessions
    if horizon.time is None:
        remedy = "give hours from the start of the day as numbers, or timestamps together with start="
        problem, first = "is not a number of hours", {name: sessions[name][at] for name, at in are_times.items()}
        faults = [Fault(TABLE, name, tuple(c.index), shown(c.iloc[0]), problem, remedy) for name, c in first.items()]
        raise InvalidInputError(faults)
    times = {name: sessions.loc[at, name].astype(object) for name, at in are_times.items()}
    read = read_times({**times, "start": horizon.time[0]}, table=TABLE, dayfirst=dayfirst)
    found = elapsed_hours(read, "start", TABLE, None, ALL_OR_NONE)
    for name, at in are_times.items():
        hours = as_numbers(sessions[name])[0]
        hours[at] = found[name]
        sessions[name] = hours
    return sessions
