r"""The states of a unit alone that leave it most activation, by dynamic programming from the last slot to the first.

All quantities are powers: energies are divided by what a period at power 1 adds. With a the state before a slot, e that
after it and p = e - a, the activations upward and downward of the slot are at most

.. math::

    u = \min(\bar u,\ \min(a + \bar p, \bar e) - e), \qquad d = \min(\bar d,\ e - \max(a, \underline e))

and :math:`\sum c_u u + c_d d` is maximised. On either side of :math:`a = \bar e - \bar p` and of
:math:`a = \underline e` each of them depends on e alone or on p alone. So the value of what follows, as a function of
a, is there a supremal convolution of concave functions by their slopes: exact, whatever rewards, caps and lengths are.
Of all best states those with the least :math:`\sum p^2` are taken.
"""

from __future__ import annotations

import numpy as np

from pandapower_evflex.kernels.jit import jit
from pandapower_evflex.solvers.chains.concave import (
    FIRST,
    LAST,
    LENGTH,
    RANK,
    WIDTH,
    add_by_slope,
    append,
    append_part,
    length_of,
)

#: columns of a slot: what is added to the state before, or the first state itself; range of the state and of the power
OFFSET, LOW, HIGH, P_LOW, P_HIGH = 0, 1, 2, 3, 4
#: limits of the state under activation, of the activation itself, and rewards as whole numbers, 0 for none
E_MIN, E_MAX, CAP_UP, CAP_DOWN, RANK_UP, RANK_DOWN = 5, 6, 7, 8, 9, 10
N_COLUMNS = 11
#: length of a segment, as a share of the largest state, that rounding may leave; gap that rounding of ranges may leave
NEGLIGIBLE, ROUNDING = 1e-13, 1e-7


@jit
def best_states(slots, follows):
    """States [n_slot] of chains one after the other; NaN in a chain whose ranges leave no way through.

    Parameters
    ----------
    slots : float [n_slot, N_COLUMNS]
    follows : bool [n_slot]    the state before is that of the slot before
    """
    n_slots = len(slots)
    states, reach = np.empty(n_slots), _reach(slots, follows)
    parts, left = np.empty((n_slots, 2), np.int64), np.empty(n_slots)
    values, work = np.empty((4 * n_slots + 16, WIDTH)), np.empty((4, 256, WIDTH))
    end = n_slots
    while end > 0:
        first = end - 1
        while follows[first]:
            first -= 1
        if np.isnan(reach[end - 1, 0]):
            for i in range(first, end):
                states[i] = np.nan
        else:
            values, work = _values(slots, first, end, reach, parts, left, values, work)
            before = 0.0
            for i in range(first, end):
                before += slots[i, OFFSET]
                before = _best_state(values, parts[i, 0], parts[i, 1], left[i], slots, i, before)
                states[i] = before
        end = first
    return states


@jit
def _reach(slots, follows):
    """Range of the state after each slot that is reached from the start [n_slot, 2]; NaN from where there is none."""
    reach = np.empty((len(slots), 2))
    low = high = 0.0
    for i in range(len(slots)):
        if not follows[i]:
            low = high = 0.0
        low, high = low + slots[i, OFFSET], high + slots[i, OFFSET]
        low, high = max(slots[i, LOW], low + slots[i, P_LOW]), min(slots[i, HIGH], high + slots[i, P_HIGH])
        if low > high + ROUNDING * slots[i, HIGH]:
            low = high = np.nan
        elif low > high:
            low = high = min(max(high, slots[i, LOW]), slots[i, HIGH])
        reach[i, 0], reach[i, 1] = low, high
    return reach


@jit
def _values(slots, first, end, reach, parts, left, values, work):
    """What is to be had behind every slot of a chain, as a function of its state.

    Fills ``parts``, rows of ``values`` from and to, and the left ends; returns both arrays, longer where they must be.
    """
    negligible = NEGLIGIBLE * slots[end - 1, HIGH]
    none = np.int64(0)  # a bare 0 would be a literal, compiled a second time
    start, length = reach[end - 1, 0], reach[end - 1, 1] - reach[end - 1, 0]
    n, now, kept = append(work[0], none, 0.0, 0.0, 0.0, length, negligible), none, none
    for i in range(end - 1, first - 1, -1):
        if kept + n > values.shape[0]:
            longer = np.empty((2 * (kept + n), WIDTH))
            _copy(values, kept, longer, none)
            values = longer
        _copy(work[now], n, values, kept)
        parts[i, 0], parts[i, 1], left[i] = kept, kept + n, start
        kept += n
        if i == first:
            break
        if 3 * (n + 16) > work.shape[1]:
            wider = np.empty((4, 6 * (n + 16), WIDTH))
            _copy(work[now], n, wider[now], none)
            work = wider
        offset = slots[i, OFFSET]
        low, high = reach[i - 1, 0] + offset, reach[i - 1, 1] + offset
        n, start = _value_before(work, now, n, start, slots, i, low, high, negligible)
        start -= offset
        now = 1 - now
    return values, work


@jit
def _copy(segments, n, to, at):
    for k in range(n):
        for column in range(WIDTH):
            to[at + k, column] = segments[k, column]


@jit
def _value_before(work, now, n, left, slots, i, low, high, negligible):
    """Best reward from slot i on as a function of the state before it, between ``low`` and ``high``.

    From work[now] into work[1 - now]; returns the number of segments and the left end.
    """
    p_low, p_high = slots[i, P_LOW], slots[i, P_HIGH]
    start, end = max(low, left - p_high), min(high, left + length_of(work[now], n) - p_low)
    if start >= end:
        return 0, min(max(start, low), high)
    full, owing, n_out = slots[i, E_MAX] - p_high, slots[i, E_MIN], np.int64(0)
    border = start
    for strip in range(3):
        border_before = border
        border = end if strip == 2 else min(max(min(full, owing) if strip == 0 else max(full, owing), start), end)
        if border <= border_before:
            continue
        middle = 0.5 * (border_before + border)
        up_by_power, down_by_power = middle <= full, middle >= owing
        lower, upper = max(left, border_before + p_low), border + p_high
        n_strip = _with_reward_of_state(
            work, now, n, left, lower, upper, slots, i, up_by_power, down_by_power, negligible
        )
        at, n_strip = _over_powers(work, n_strip, slots, i, up_by_power, down_by_power, negligible)
        n_out = append_part(
            work[at], n_strip, lower - p_high, border_before, border, 0.0, work[1 - now], n_out, negligible
        )
    return n_out, start


@jit
def _with_reward_of_state(work, now, n, left, lower, upper, slots, i, up_by_power, down_by_power, negligible):
    """The value between two states with the rewards that depend on the state alone, into work[2]."""
    falls = np.inf if up_by_power else slots[i, E_MAX] - slots[i, CAP_UP]  # upward activation falls beyond it
    rises = -np.inf if down_by_power else slots[i, E_MIN] + slots[i, CAP_DOWN]  # downward activation rises up to it
    n_to, start = np.int64(0), lower
    for k in range(3):
        end = upper if k == 2 else min(max(min(falls, rises) if k == 0 else max(falls, rises), lower), upper)
        if end > start:
            middle = 0.5 * (start + end)
            rank = slots[i, RANK_DOWN] * (middle < rises) - slots[i, RANK_UP] * (middle > falls)
            n_to = append_part(work[now], n, left, start, end, rank, work[2], n_to, negligible)
        start = end
    return n_to


@jit
def _over_powers(work, n, slots, i, up_by_power, down_by_power, negligible):
    """Supremal convolution of work[2] with the rewards that depend on the power alone; greatest powers come first.

    Returns which part of ``work`` holds the answer, and its number of segments.
    """
    falls = slots[i, P_HIGH] - slots[i, CAP_UP] if up_by_power else np.inf
    rises = slots[i, CAP_DOWN] if down_by_power else -np.inf
    low, high = slots[i, P_LOW], slots[i, P_HIGH]
    at, upper = 2, high
    for k in range(3):
        lower = low if k == 2 else min(max(max(falls, rises) if k == 0 else min(falls, rises), low), high)
        if upper > lower:
            middle = 0.5 * (upper + lower)
            rank = slots[i, RANK_UP] * (middle > falls) - slots[i, RANK_DOWN] * (middle < rises)
            n = add_by_slope(work[at], n, rank, upper, lower, work[5 - at], negligible)
            at = 5 - at
        upper = lower
    return at, n


@jit
def _best_state(values, begin, stop, left, slots, i, before):
    """Where reward and value of what follows, less half the square of the power, are largest."""
    right = left
    for k in range(begin, stop):
        right += values[k, LENGTH]
    start = min(max(before + slots[i, P_LOW], left), right)
    end = min(max(min(before + slots[i, P_HIGH], right), start), right)
    falls = min(before + slots[i, P_HIGH], slots[i, E_MAX]) - slots[i, CAP_UP]
    rises = max(before, slots[i, E_MIN]) + slots[i, CAP_DOWN]
    position = left
    for k in range(begin, stop):
        fall = (values[k, LAST] - values[k, FIRST]) / values[k, LENGTH]
        lower, position_after = max(position, start), position + values[k, LENGTH]
        for edge in range(3):
            upper = min(position_after, end)
            if edge < 2:
                upper = min(upper, min(falls, rises) if edge == 0 else max(falls, rises))
            if upper <= lower:
                continue
            middle = 0.5 * (lower + upper)
            rank = values[k, RANK] + slots[i, RANK_DOWN] * (middle < rises) - slots[i, RANK_UP] * (middle > falls)
            slope = values[k, FIRST] + fall * (lower - position) - (lower - before)
            if rank < 0.0 or (rank == 0.0 and slope <= 0.0):
                return lower
            if rank == 0.0 and slope + (fall - 1.0) * (upper - lower) < 0.0:
                return lower + slope / (1.0 - fall)
            lower = upper
        position = position_after
    return end
