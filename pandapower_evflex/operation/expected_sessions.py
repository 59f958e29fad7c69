"""Which sessions a planner expects in the middle of a day: who is there, who is still to come, who is late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.elements.ev_stays import Stay


@dataclass(frozen=True)
class Known:
    """What is known before a period.

    Parameters
    ----------
    period : int                  the next one
    here : list of Stay or None   real stay of every EV that is plugged in in it
    energy : float [n_ev]         of those; of others what they left with, less the trip; NaN before the first stay
    over : set                    sessions that have ended, and of which nothing more is expected
    """

    period: int
    here: Sequence[Stay | None]
    energy: FloatArray
    over: set[int]


def expected_sessions(
    table: pd.DataFrame, planned: Sequence[Sequence[Stay]], known: Known, period_h: float
) -> pd.DataFrame:
    """`net.ev_session` as the planner sees it, hours from the start of the next period.

    An EV that is there leaves when it was planned to, or after this period where it has stayed longer. One that is late
    is expected after this period, until its planned departure has passed.

    Parameters
    ----------
    table : DataFrame             rows of all sessions, planned and real
    planned : list per EV of Stay
    """
    rows = []
    for ev, own in enumerate(planned):
        now, free_from = known.here[ev], 0
        is_first = True
        if now is not None:
            plan = next((stay for stay in own if stay.session == now.session), None)
            last = max(_end(plan or now) - known.period, 1)
            rows.append(_row(now.session, 0, last, known.energy[ev], (plan or now).e_need))
            free_from, is_first = last, False
        for stay in own:
            if stay.session in known.over or (now is not None and stay.session == now.session):
                continue
            first = max(int(stay.periods[0]) - known.period, 1, free_from) if len(stay.periods) else 0
            last = _end(stay) - known.period
            if not len(stay.periods) or first >= last:
                continue
            arrival = stay.e_arrival
            if stay.is_coupled and is_first:
                arrival = known.energy[ev]
            rows.append(_row(stay.session, first, last, arrival, stay.e_need))
            free_from, is_first = last, False
    sessions = table.loc[[session for session, *_ in rows]].copy()
    for number, column in enumerate(("arrival_h", "departure_h", "e_arrival_mwh", "e_departure_mwh"), start=1):
        values = np.array([row[number] for row in rows], dtype=float)
        sessions[column] = values * period_h if number < 3 else values
    if "energy_mwh" in sessions:
        sessions["energy_mwh"] = np.nan
    return sessions


def _row(session: int, first: int, last: int, arrival: float, need: float) -> tuple[int, int, int, float, float]:
    return session, first, last, arrival, need


def _end(stay: Stay) -> int:
    """The period before which it leaves; beyond the horizon where it stays longer."""
    return int(stay.periods[-1]) + 1 + stay.n_after
