"""Which stays a planner expects in the middle of a day: who is there, who is still to come, who is late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.elements.ev_stays import Stay


@dataclass(frozen=True)
class Known:
    """What is known before a period.

    Parameters
    ----------
    period : int                  the next one
    here : list of Stay or None   real stay of every unit that is plugged in in it, EVs first
    energy : float [n_unit]       of those; of others what they left with, less the trip; NaN before the first stay
    over : set                    sessions that have ended, and of which nothing more is expected
    """

    period: int
    here: Sequence[Stay | None]
    energy: FloatArray
    over: set[int]


def expected_stays(planned: Sequence[Sequence[Stay]], known: Known, n_periods: int) -> list[list[Stay]]:
    """Stays of every EV as the planner sees them, in periods that count from the next one of ``n_periods`` in all.

    An EV that is there has said what it needs; it leaves when it was planned to, or after this period where it has
    stayed longer. One that is late is expected after this period, until its planned departure has passed.

    Parameters
    ----------
    planned : list per EV of Stay, in order of time
    """
    return [_of_one(ev, own, known, n_periods - known.period) for ev, own in enumerate(planned)]


def _of_one(ev: int, planned: Sequence[Stay], known: Known, n_left: int) -> list[Stay]:
    now, free_from, is_first, energy = known.here[ev], 0, True, known.energy[ev]
    found: list[Stay] = []
    if now is not None:
        plan = next((stay for stay in planned if stay.session == now.session), now)
        free_from, is_first = max(_end(plan) - known.period, 1), False
        found.append(_from(now, 0, free_from, n_left, min(energy, now.e_max)))
    for before, stay in zip([None, *planned], planned, strict=False):
        if stay.session in known.over or (now is not None and stay.session == now.session):
            continue
        first, last = max(int(stay.periods[0]) - known.period, 1, free_from), _end(stay) - known.period
        if first >= last or first >= n_left:
            continue
        arrival = stay.e_arrival
        if stay.is_coupled and is_first:
            arrival = energy
            if np.isnan(arrival) and before is not None:  # the stay before never came: as if it had
                arrival = max(before.e_need - before.trip, 0.0)
            arrival = min(arrival, stay.e_max)
        found.append(_from(stay, first, last, n_left, arrival))
        free_from, is_first = last, False
    return found


def _from(stay: Stay, first: int, last: int, n_left: int, e_arrival: float) -> Stay:
    """The same stay in the periods from ``first`` until before ``last``."""
    periods = np.arange(first, min(last, n_left))
    return replace(stay, periods=periods, n_after=max(0, last - n_left), e_arrival=e_arrival)


def _end(stay: Stay) -> int:
    """The period before which it leaves; beyond the horizon where it stays longer."""
    return int(stay.periods[-1]) + 1 + stay.n_after
