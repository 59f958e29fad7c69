"""Who gives how much of a call."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.elements.ev_slots import Slots, Units
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.scenarios import DIRECTIONS

SHARES = ("proportional", "slack")


def shared(
    evs: Units, schedule: Schedule, period: int, direction: str, offered: FloatArray, asked: float, share: str
) -> FloatArray:
    """Power that every unit gives [n_unit], MW; all that is offered where more is asked for.

    Parameters
    ----------
    offered : float [n_unit]  most that each can give; units without energies come last
    share : str               "proportional" to what is offered, or "slack": by those whose energies lose least of
                              their flexibility in the same direction in later periods
    """
    total = float(offered.sum())
    if asked >= total:
        return offered
    if share == "proportional":
        return offered * (asked / total)
    return _by_slack(evs, schedule, period, direction, offered, asked)


def _by_slack(
    evs: Units, schedule: Schedule, period: int, direction: str, offered: FloatArray, asked: float
) -> FloatArray:
    """A linear program: least sum of later flexibility lost.

    A call moves the energies after it by its own, so a later activation f that has room r [MWh] in the battery, or
    above the minimum-energy curve, loses max(0, f - (r - moved) / (eta dT)). What is fed in moves 1 / eta_d in place of
    eta: of calls that go over 0 the larger of both, and what has no energies loses nothing.
    """
    slots, sign = evs.slots, DIRECTIONS[direction]
    at = (slots.period, slots.ev)
    flex, load = schedule.flex(direction)[at], schedule.load(direction)[at]
    before = schedule.e[at] - slots.energy_of(schedule.p[at])
    limit = slots.e_max if direction == "up" else slots.e_min
    per_p = _largest_slope(slots, schedule.p[at], load)
    room = sign * (limit - before - slots.energy_of(load)) / per_p  # MW that the activation could add
    later = np.flatnonzero(_continues(evs, period) & (flex > 0.0))
    n_ev, n = len(offered), len(later)
    first = np.zeros(n_ev)
    first[slots.ev[slots.period == period]] = per_p[slots.period == period]
    moved = first[slots.ev[later]] / per_p[later]
    # lost >= a moved - room
    rows, columns = np.tile(np.arange(n), 2), np.concatenate([slots.ev[later], n_ev + np.arange(n)])
    a = coo_matrix((np.concatenate([moved, -np.ones(n)]), (rows, columns)), (n, n_ev + n))
    cost = np.concatenate([np.zeros(n_ev), np.ones(n)])
    bounds = [*((0.0, most) for most in offered), *((0.0, most) for most in flex[later])]
    total = np.concatenate([np.ones(n_ev), np.zeros(n)])[None]
    solved = linprog(cost, a, np.maximum(room[later], 0.0), total, [asked], bounds, method="highs")
    if solved.x is None:  # more than all of a later activation cannot be lost; only rounding gets here
        return offered * (asked / offered.sum())
    given: FloatArray = np.clip(solved.x[:n_ev], 0.0, offered)
    return given


def _largest_slope(slots: Slots, p: FloatArray, load: FloatArray) -> FloatArray:
    """Most energy [MWh] that a MW moves between two loads [n_slot]."""
    return np.where(np.minimum(p, load) < 0.0, slots.energy_per_fed_in, slots.energy_per_p)


def _continues(evs: Units, period: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Slots whose energy goes on from that of the given period."""
    slots = evs.slots
    goes_on = np.zeros(len(slots), dtype=bool)
    for i in np.flatnonzero(slots.previous >= 0).tolist():
        before = slots.previous[i]
        goes_on[i] = goes_on[before] or slots.period[before] == period
    return goes_on
