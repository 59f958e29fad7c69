r"""The largest shave of very many outlets that follow a chain, without simulating them.

The limits :math:`R(A)` of single outlets are independent, so that R(A) of N outlets tends to N times its mean. That
mean follows forward from the joint law of the state and of the charging cells that wait, and, after the window,
backward from the law of the idle cells before departure.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from pandapower_evflex.cpo.checks import (
    CHARGING,
    EMPTY,
    IDLE,
    FloatArray,
    n_evse_faults,
    number_faults,
    raise_if,
    window_faults,
)  # fmt: skip
from pandapower_evflex.cpo.markov import checked_chain
from pandapower_evflex.cpo.peak_shape import peak_shape
from pandapower_evflex.cpo.subsets import largest_apex
from pandapower_evflex.kernels.jit import jit

FUNCTION = "mean_field_peak_shave"


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
    faults += number_faults(FUNCTION, "n_days", n_days, "give the number of days, 1 or more", least=1, whole=True)
    if not faults:
        faults = window_faults(FUNCTION, start, n_periods, int(n_days) * len(matrices))
    raise_if(faults)
    heights = peak_shape(shape, n_periods)
    n_all = int(n_days) * len(matrices)
    ahead = _idle_ahead(matrices, int(start) + int(n_periods), n_all, int(n_periods))
    limits = partial(_limits, matrices, _state_at(matrices, first, int(start)), ahead, int(start))
    return int(n_evse) * largest_apex(limits, heights) if n_evse else 0.0


def _state_at(matrices: FloatArray, first: FloatArray, start: int) -> FloatArray:
    """Probabilities of the states in period ``start``."""
    state = first
    for k in range(start):
        state = state @ matrices[k % len(matrices)]
    return state


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
def _limits(matrices, state, ahead, start, subsets):
    """E[R(A)] of one outlet: cells that find an idle one in the window outside A, or after the window."""
    n_subset, n_window = subsets.shape
    n_periods = len(matrices)
    total = np.zeros(n_subset)
    for a in range(n_subset):
        law = np.zeros((3, n_window + 1))  # of the state and the number of waiting cells
        new = np.zeros((3, n_window + 1))
        for k in range(n_window):
            most = k + 1
            new[:, : most + 1] = 0.0
            if k == 0:
                law[:, 0] = state
            step = matrices[(start + k - 1) % n_periods]
            for w in range(most):
                for y in range(3):
                    p = law[y, w] if k == 0 else _from(law, step, y, w)
                    if y == EMPTY:
                        new[EMPTY, 0] += p
                    elif y == CHARGING:
                        new[CHARGING, w + 1 if subsets[a, k] else w] += p
                    elif subsets[a, k] or w == 0:
                        new[IDLE, w] += p
                    else:
                        new[IDLE, w - 1] += p
                        total[a] += p
            law, new = new, law
        for x in (CHARGING, IDLE):
            for w in range(1, n_window + 1):
                total[a] += law[x, w] * ahead[x, w]
    return total


@jit
def _from(law, step, y, w):
    return law[0, w] * step[0, y] + law[1, w] * step[1, y] + law[2, w] * step[2, y]
