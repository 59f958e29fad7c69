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
    rows: list[tuple[Stay, int, int, float, float]] = []  # who, from, to, arrival energy, need
    for ev, own in enumerate(planned):
        now, free_from, is_first = known.here[ev], 0, True
        if now is not None:
            plan = next((stay for stay in own if stay.session == now.session), now)
            free_from, is_first = max(_end(plan) - known.period, 1), False
            rows.append((now, 0, free_from, known.energy[ev], plan.e_need))
        for before, stay in zip([None, *own], own, strict=False):
            if stay.session in known.over or (now is not None and stay.session == now.session):
                continue
            first, last = max(int(stay.periods[0]) - known.period, 1, free_from), _end(stay) - known.period
            if first >= last:
                continue
            arrival = stay.e_arrival
            if stay.is_coupled and is_first:
                arrival = known.energy[ev]
                if np.isnan(arrival) and before is not None:  # the stay before never came: as if it had
                    arrival = max(before.e_need - before.trip, 0.0)
            rows.append((stay, first, last, arrival, stay.e_need))
            free_from, is_first = last, False
    return _as_table(table, rows, period_h)


def _as_table(
    table: pd.DataFrame, rows: Sequence[tuple[Stay, int, int, float, float]], period_h: float
) -> pd.DataFrame:
    """The rows of these sessions, all of them in service, with what the car and the outlet that are there can do."""
    sessions = table.loc[[stay.session for stay, *_ in rows]].copy()
    sessions["arrival_h"] = period_h * np.array([first for _, first, *_ in rows], dtype=float)
    sessions["departure_h"] = period_h * np.array([last for _, _, last, *_ in rows], dtype=float)
    sessions["e_arrival_mwh"] = np.array([arrival for *_, arrival, _ in rows], dtype=float)
    sessions["e_departure_mwh"] = np.array([need for *_, need in rows], dtype=float)
    sessions["max_e_mwh"] = np.array([stay.e_max for stay, *_ in rows], dtype=float)
    sessions["max_p_mw"] = np.array([stay.p_max for stay, *_ in rows], dtype=float)
    sessions["in_service"] = True
    if "energy_mwh" in sessions:
        sessions["energy_mwh"] = np.nan
    return sessions


def _end(stay: Stay) -> int:
    """The period before which it leaves; beyond the horizon where it stays longer."""
    return int(stay.periods[-1]) + 1 + stay.n_after
