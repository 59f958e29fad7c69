"""Compiled loops of `shave_peak`."""

from __future__ import annotations

import numpy as np

from pandapower_evflex.cpo.checks import CHARGING, EMPTY, IDLE
from pandapower_evflex.kernels.jit import jit

_MOST_SLACK, _NEAREST_IDLE, _OUTLET_ORDER = range(3)
POLICIES = {"most_slack": _MOST_SLACK, "nearest_idle": _NEAREST_IDLE, "outlet_order": _OUTLET_ORDER}


@jit
def hop(states, first, start, most, policy, lands, n_planned):
    """Defer charging so that at most ``most`` outlets charge in each window period, from ``start`` on.

    In the first ``n_planned`` periods only cars wait that do not charge in the plan ``lands`` [n_evse, n_window]; there
    are enough of them, since cars that waited less than planned may still do as planned.

    Returns
    -------
    int8 [n_evse, n_period]    states afterwards
    int64 [n_period]           cells that wait beyond each period
    int64 [n_window]           the most that could, given those that waited before
    int                        first period in which more charge, -1: none
    """
    n_evse, n_all = states.shape
    n_window = len(most)
    shaved = states.copy()
    velocity = np.zeros(n_all, dtype=np.int64)
    limit = np.zeros(n_window, dtype=np.int64)
    failing = -1
    ahead, to_idle = idle_cells_ahead(states, first, start, n_window)
    waiting = np.zeros(n_evse, dtype=np.int32)
    rank = np.empty(n_evse, dtype=np.int32)
    for w in range(n_window):
        k = start + w
        charging = 0
        for n in range(n_evse):
            rank[n] = -1
            limit[w] += waiting[n]
            is_charging = states[n, k] == CHARGING
            if not is_charging and (states[n, k] != IDLE or waiting[n] == 0):
                continue
            charging += 1
            slack = ahead[n, w] - waiting[n] - is_charging
            if slack >= 0 and not (w < n_planned and lands[n, w]):
                rank[n] = _rank(policy, slack, to_idle[n, w], n_all)
                limit[w] += is_charging
            elif not is_charging:  # its stay has no idle cell to spare: one of its waiting cells must land here
                limit[w] -= 1
        needed = charging - most[w]
        _defer(states, shaved, waiting, rank, k, needed, n_all)
        charging = 0
        for n in range(n_evse):
            charging += shaved[n, k] == CHARGING
            velocity[k] += waiting[n]
        if charging > most[w] and failing < 0:
            failing = k
    _land(states, shaved, waiting, velocity, start + n_window)
    return shaved, velocity, limit, failing


@jit
def _rank(policy, slack, to_idle, n_all):
    """Cars of lower rank wait first, from 0."""
    if policy == _MOST_SLACK:
        return n_all - slack
    if policy == _NEAREST_IDLE:
        return to_idle
    return 0


@jit
def _defer(states, shaved, waiting, rank, k, needed, n_all):
    """Let the ``needed`` cars of lowest rank wait, the first outlets of equal rank; the other waiting ones land."""
    at = np.zeros(n_all + 2, dtype=np.int64)
    for n in range(len(rank)):
        if rank[n] >= 0:
            at[rank[n] + 1] += 1
    for r in range(n_all + 1):
        at[r + 1] += at[r]
    for n in range(len(rank)):
        waits = False
        if rank[n] >= 0:
            waits = at[rank[n]] < needed
            at[rank[n]] += 1
        if waits and states[n, k] == CHARGING:
            waiting[n] += 1
            shaved[n, k] = IDLE
        elif not waits and states[n, k] == IDLE and waiting[n] > 0:
            waiting[n] -= 1
            shaved[n, k] = CHARGING


@jit
def _land(states, shaved, waiting, velocity, end):
    """Waiting cells land in the next idle cells of their stay; there are enough of them."""
    for n in range(len(waiting)):
        k = end
        while waiting[n] > 0:
            if states[n, k] == IDLE:
                waiting[n] -= 1
                shaved[n, k] = CHARGING
            velocity[k] += waiting[n]
            k += 1


@jit
def idle_cells_ahead(states, first, start, n_window):
    """For each window cell, how many idle cells its stay has after it, and how far the first of them is (0: none)."""
    n_evse, n_all = states.shape
    ahead = np.zeros((n_evse, n_window), dtype=np.int32)
    to_idle = np.zeros((n_evse, n_window), dtype=np.int32)
    for n in range(n_evse):
        idle = 0
        nearest = 0
        last = start + n_window - 1  # the stay at the end of the window goes on behind it
        if states[n, last] != EMPTY:
            while last + 1 < n_all and states[n, last + 1] != EMPTY and not first[n, last + 1]:
                last += 1
        for k in range(last, start - 1, -1):
            if states[n, k] == EMPTY:
                idle, nearest = 0, 0
            if k < start + n_window:
                ahead[n, k - start] = idle
                to_idle[n, k - start] = nearest - k if nearest else 0
            if states[n, k] == IDLE:
                idle += 1
                nearest = k
            if first[n, k]:
                idle, nearest = 0, 0
    return ahead, to_idle
