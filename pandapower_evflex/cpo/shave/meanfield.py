r"""The largest shave of very many outlets that follow a chain, without simulating them.

The limits :math:`R(A)` of single outlets are independent, so that R(A) of N outlets tends to N times its mean. That
mean follows forward from the joint law of the state and of the charging cells that wait, and, after the window,
backward from the law of the idle cells before departure.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.cpo.chain.markov import checked_chain
from pandapower_evflex.cpo.checks import (
    CHARGING,
    EMPTY,
    IDLE,
    n_evse_faults,
    raise_if,
    scalar_faults,
    window_faults,
)
from pandapower_evflex.cpo.peak_shape import peak_shape
from pandapower_evflex.cpo.shave.subsets import largest_apex
from pandapower_evflex.kernels.jit import jit

FUNCTION = "mean_field_peak_shave"
#: a chain forgets its start within days
MOST_DAYS = 366
DAYS = f"give the number of days, 1 to {MOST_DAYS}"


def mean_field_peak_shave(
    P: Any, initial: Any, n_evse: int, start: int, n_periods: int, *, shape: Any = "triangle", n_days: int = 2
) -> float:
    """Largest peak that outlets which follow a chain can shave, in the limit of many of them.

    Parameters
    ----------
    P : float [n_period, 3, 3]    transition matrices of a day, see `estimate_transition_matrices`
    initial : float [3]           probabilities of the states in the first period
    n_evse : int                  outlets; the result is in proportion to them
    start, n_periods : int        window, in periods from 00:00 of the first day
    shape : of the peak, see `peak_shape`
    n_days : int                  days after which stays end: with 2, those of the first day go on across midnight

    Returns
    -------
    float    apex in outlets; `max_peak_shave` of ``simulate_lattice(P, initial, n_evse, n_days=n_days)`` tends to it
             and is below it in the mean

    Raises
    ------
    InvalidInputError    no chain, no number of outlets or days, no such window or shape

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> C, O = [0.45] * 96, [0.85] * 96
    >>> P = evf.estimate_transition_matrices(C, O, plug_ins_per_day=5)
    >>> round(evf.mean_field_peak_shave(P, evf.state_probabilities(C, O)[0], 60, start=44, n_periods=4), 1)
    30.8
    """
    faults, matrices, first = checked_chain(FUNCTION, P, initial)
    faults += n_evse_faults(FUNCTION, n_evse)
    faults += scalar_faults(FUNCTION, "n_days", n_days, DAYS, least=1, most=MOST_DAYS, whole=True)
    if not faults:
        faults = window_faults(FUNCTION, start, n_periods, int(n_days) * len(matrices))
    raise_if(faults)
    heights = peak_shape(shape, n_periods)
    n_all = int(n_days) * len(matrices)
    ahead = _idle_ahead(matrices, int(start) + int(n_periods), n_all, int(n_periods))
    states = _states_from(matrices, first, int(start), int(n_periods))
    limits = partial(_limits, matrices, states, ahead, int(start))
    return int(n_evse) * largest_apex(limits, heights) if n_evse else 0.0


def _states_from(matrices: FloatArray, first: FloatArray, start: int, n_window: int) -> FloatArray:
    """Probabilities of the states in the periods from ``start`` on [n_window, 3]."""
    states = [first]
    for k in range(start + n_window - 1):
        states.append(states[-1] @ matrices[k % len(matrices)])
    return np.array(states[start:])


@jit
def _idle_ahead(matrices, end, n_all, n_waiting):
    """Mean number of waiting cells that still find an idle one after the window [3, n_waiting + 1].

    ``h[x, w]``, from the state x in the last window period with w cells waiting, is E[min(w, idle cells ahead)].
    """
    n_periods = len(matrices)
    h = np.zeros((3, n_waiting + 1))
    for k in range(n_all - 1, end - 1, -1):  # h becomes that of the period before k
        step = matrices[(k - 1) % n_periods]
        new = np.zeros((3, n_waiting + 1))
        for x in (CHARGING, IDLE):
            for w in range(1, n_waiting + 1):
                new[x, w] = step[x, CHARGING] * h[CHARGING, w] + step[x, IDLE] * (1.0 + h[IDLE, w - 1])
        h = new
    return h


@jit
def _limits(matrices, states, ahead, start, subsets):
    """E[R(A)] of one outlet: cells that find an idle one in the window outside A, or after the window.

    The laws of the number w of waiting cells are those together with the states charging and idle; none waits in an
    empty outlet. ``states`` are the probabilities of the states in each period of the window [n_window, 3].
    """
    n_subset, n_window = subsets.shape
    n_periods = len(matrices)
    total = np.zeros(n_subset)
    charging, idle = np.zeros(n_window + 2), np.zeros(n_window + 2)
    charging_next, idle_next = np.zeros(n_window + 2), np.zeros(n_window + 2)
    for a in range(n_subset):
        charging[:], idle[:] = 0.0, 0.0
        for k in range(n_window):
            if k == 0:
                charging_next[0], idle_next[0] = states[0, CHARGING], states[0, IDLE]
            else:
                step = matrices[(start + k - 1) % n_periods]
                to_charging, to_idle = step[:, CHARGING], step[:, IDLE]
                for w in range(k + 1):
                    charging_next[w] = charging[w] * to_charging[CHARGING] + idle[w] * to_charging[IDLE]
                    idle_next[w] = charging[w] * to_idle[CHARGING] + idle[w] * to_idle[IDLE]
                charging_next[0] += states[k - 1, EMPTY] * to_charging[EMPTY]
                idle_next[0] += states[k - 1, EMPTY] * to_idle[EMPTY]
            if subsets[a, k]:  # a charging cell waits, too
                charging[1 : k + 2] = charging_next[: k + 1]
                charging[0] = 0.0
                idle[: k + 1] = idle_next[: k + 1]
            else:  # a waiting cell lands in an idle one
                charging[: k + 1] = charging_next[: k + 1]
                idle[0] = idle_next[0] + idle_next[1]
                idle[1 : k + 1] = idle_next[2 : k + 2]
                for w in range(1, k + 1):
                    total[a] += idle_next[w]
        for w in range(1, n_window + 1):
            total[a] += charging[w] * ahead[CHARGING, w] + idle[w] * ahead[IDLE, w]
        charging_next[:], idle_next[:] = 0.0, 0.0
    return total
