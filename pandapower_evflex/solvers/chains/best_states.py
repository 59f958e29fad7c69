r"""The states of a unit alone that leave it most activation, by dynamic programming from the last slot to the first.

All quantities are powers: energies are divided by what a period at power 1 adds. With a the state before a slot, e that
after it and p = e - a, the activations upward and downward of the slot are at most

.. math::

    u = \min(\bar u,\ \min(a + \bar p, \bar e) - e), \qquad
    d = \min(\bar d,\ e - \max(a + \underline p, \underline e))

and :math:`\sum c_u u + c_d d` is maximised. On either side of :math:`a = \bar e - \bar p` and of
:math:`a = \underline e - \underline p` each of them depends on e alone or on p alone. So the value of what follows, as
a function of a, is there a supremal convolution of concave functions by their slopes: exact, whatever rewards, caps and
lengths are.
Of all best states those with the least :math:`\sum p^2` are taken.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.kernels.jit import jit
from pandapower_evflex.solvers.chains.concave import (
    FIRST,
    LAST,
    LENGTH,
    RANK,
    WIDTH,
    append_part,
    convolve,
)

#: columns of a slot: what is added to the state before, or the first state itself; range of the state and of the power
OFFSET, LOW, HIGH, P_LOW, P_HIGH = 0, 1, 2, 3, 4
#: limits of the state under activation, of the activation itself, and rewards as whole numbers, 0 for none
E_MIN, E_MAX, CAP_UP, CAP_DOWN, RANK_UP, RANK_DOWN = 5, 6, 7, 8, 9, 10
#: least power under activation
P_FLOOR = 11
N_COLUMNS = 12
#: length of a segment, as a share of the largest state, that rounding may leave; gap that rounding of ranges may leave
NEGLIGIBLE, ROUNDING = 1e-13, 1e-7
#: columns of a strip of states before: its end; where pieces of the reward of the state end, from low to high, and
#: their ranks; where pieces of the reward of the power begin, from high to low, with the least power, and their ranks
END, STATE_ENDS, STATE_RANKS, POWERS, POWER_RANKS, STRIP_WIDTH = 0, 1, 4, 7, 11, 14


def best_states(slots: FloatArray, follows: BoolArray) -> FloatArray:
    """States [n_slot] of chains one after the other; NaN in a chain whose ranges leave no way through.

    Parameters
    ----------
    slots : float [n_slot, N_COLUMNS]
    follows : bool [n_slot]    the state before is that of the slot before
    """
    states, strips, memory = np.full(len(slots), np.nan), _strips(slots), _Memory()
    for first, end in pairwise([*np.flatnonzero(~follows), len(slots)]):
        chain = slots[first:end]
        reach = _reach(chain)
        if not np.isnan(reach).any():
            memory.choose(chain, strips[first:end], reach, states[first:end])
    return states


class _Memory:
    """Where the values of one chain after the other are kept."""

    def __init__(self) -> None:
        self._values, self._work = np.empty((1024, WIDTH)), np.empty((2, 256, WIDTH))

    def choose(self, slots: FloatArray, strips: FloatArray, reach: FloatArray, states: FloatArray) -> None:
        """Fills the states of a chain."""
        n, negligible = len(slots), NEGLIGIBLE * slots[-1, HIGH]
        parts, left = np.zeros((n, 2), dtype=np.int64), np.empty(n)
        length = reach[-1, 1] - reach[-1, 0]
        left[-1], parts[-1, 1] = reach[-1, 0], length > negligible
        self._values[0] = (0.0, 0.0, 0.0, length)  # behind the last slot nothing is to be had
        while not _values(slots, strips, reach, parts, left, self._values, self._work[0], self._work[1], negligible):
            self._values = np.concatenate([self._values, np.empty_like(self._values)])
            self._work = np.empty((2, 2 * self._work.shape[1], WIDTH))
        _choose(slots, parts, left, self._values, states)


def _reach(slots: FloatArray) -> FloatArray:
    """Range of the state after each slot of a chain that is reached from the start [n_slot, 2]; NaN: there is none."""
    lowest = np.cumsum(slots[:, OFFSET] + slots[:, P_LOW])
    highest = np.cumsum(slots[:, OFFSET] + slots[:, P_HIGH])
    low = lowest + np.maximum(np.maximum.accumulate(slots[:, LOW] - lowest), 0.0)
    high = highest + np.minimum(np.minimum.accumulate(slots[:, HIGH] - highest), 0.0)
    one = np.minimum(np.maximum(high, slots[:, LOW]), slots[:, HIGH])
    one[low > high + ROUNDING * slots[:, HIGH]] = np.nan
    return np.where((low > high)[:, None], one[:, None], np.stack([low, high], axis=1))


def _strips(slots: FloatArray) -> FloatArray:
    """The rewards of every slot where the state before is below both of its borders, between and above them.

    [n_slot, 3, STRIP_WIDTH]
    """
    full, owing = slots[:, E_MAX] - slots[:, P_HIGH], slots[:, E_MIN] - slots[:, P_FLOOR]
    up_by_power = np.stack([np.full(len(slots), True), owing <= full, np.full(len(slots), False)], axis=1)
    down_by_power = np.stack([np.full(len(slots), False), owing <= full, np.full(len(slots), True)], axis=1)
    e_min, e_max, cap_up, cap_down, up, down, p_floor = slots[:, E_MIN:N_COLUMNS].T[:, :, None]
    p_low, p_high = slots[:, P_LOW, None], slots[:, P_HIGH, None]
    strips = np.empty((len(slots), 3, STRIP_WIDTH))
    strips[:, :, END] = np.stack([np.minimum(full, owing), np.maximum(full, owing), np.full(len(slots), np.inf)], 1)
    # upward activation falls with the state beyond one point, downward activation rises with it up to another
    falls = np.where(up_by_power, np.inf, e_max - cap_up)
    rises = np.where(down_by_power, -np.inf, e_min + cap_down)
    strips[:, :, STATE_ENDS] = np.minimum(falls, rises)
    strips[:, :, STATE_ENDS + 1] = np.maximum(falls, rises)
    strips[:, :, STATE_ENDS + 2] = np.inf
    strips[:, :, STATE_RANKS] = down
    strips[:, :, STATE_RANKS + 1] = np.where(falls < rises, down - up, 0.0)
    strips[:, :, STATE_RANKS + 2] = -up
    # and so with the power; a higher power means a lower state before
    falls = np.where(up_by_power, p_high - cap_up, np.inf)
    rises = np.where(down_by_power, p_floor + cap_down, -np.inf)
    strips[:, :, POWERS], strips[:, :, POWERS + 3] = p_high, p_low
    strips[:, :, POWERS + 1] = np.minimum(np.maximum(np.maximum(falls, rises), p_low), p_high)
    strips[:, :, POWERS + 2] = np.minimum(np.maximum(np.minimum(falls, rises), p_low), p_high)
    strips[:, :, POWER_RANKS] = up
    strips[:, :, POWER_RANKS + 1] = np.where(falls < rises, up - down, 0.0)
    strips[:, :, POWER_RANKS + 2] = -down
    return strips


@jit
def _values(slots, strips, reach, parts, left, values, one, other, negligible):
    """What is to be had behind every slot of a chain, as a function of its state; that of the last slot is given.

    Fills ``parts``, rows of ``values`` from and to, and the left ends; returns whether the memory sufficed.
    """
    for i in range(len(slots) - 1, 0, -1):
        stop, slot = parts[i, 1], slots[i]
        most = 3 * (stop - parts[i, 0] + 16)
        if stop + most > len(values) or most > len(one):
            return False
        value, to, n_to, position = values[parts[i, 0] : stop], values[stop:], np.int64(0), left[i]
        low, high = reach[i - 1, 0] + slot[OFFSET], reach[i - 1, 1] + slot[OFFSET]
        right = position - slot[P_LOW]
        for k in range(len(value)):
            right += value[k, LENGTH]
        start, end = max(low, position - slot[P_HIGH]), min(high, right)
        if start >= end:
            start = end = min(max(start, low), high)
        border = start
        for s in range(3):
            strip, border_before = strips[i, s], border
            border = min(max(strip[END], border), end)
            if border > border_before:
                lower = max(position, border_before + slot[P_LOW])
                n = _best_of_strip(value, position, lower, border + slot[P_HIGH], strip, one, other, negligible)
                before = lower - slot[P_HIGH]
                n_to = append_part(one, n, before, border_before, border, 0.0, to, n_to, negligible)
        parts[i - 1, 0], parts[i - 1, 1], left[i - 1] = stop, stop + n_to, start - slot[OFFSET]
    return True


@jit
def _best_of_strip(value, left, lower, upper, strip, best, work, negligible):
    """Fills ``best`` with the value, between two states, and the rewards of a strip; returns how many segments."""
    n, start = np.int64(0), lower
    for k in range(3):
        end = min(max(strip[STATE_ENDS + k], start), upper)
        if end > start:
            n = append_part(value, len(value), left, start, end, strip[STATE_RANKS + k], work, n, negligible)
        start = end
    return convolve(work, n, strip[POWERS:POWER_RANKS], strip[POWER_RANKS:], best, negligible)


@jit
def _choose(slots, parts, left, values, states):
    """Where reward and value of what follows, less half the square of the power, are largest, slot after slot."""
    before = 0.0
    for i in range(len(slots)):
        before = _best_state(values[parts[i, 0] : parts[i, 1]], left[i], slots[i], before + slots[i, OFFSET])
        states[i] = before


@jit
def _best_state(value, left, slot, before):
    right = left
    for k in range(len(value)):
        right += value[k, LENGTH]
    start = min(max(before + slot[P_LOW], left), right)
    end = min(max(min(before + slot[P_HIGH], right), start), right)
    falls = min(before + slot[P_HIGH], slot[E_MAX]) - slot[CAP_UP]
    rises = max(before + slot[P_FLOOR], slot[E_MIN]) + slot[CAP_DOWN]
    position = left
    for k in range(len(value)):
        fall = (value[k, LAST] - value[k, FIRST]) / value[k, LENGTH]
        lower, position_after = max(position, start), position + value[k, LENGTH]
        for edge in range(3):
            upper = min(position_after, end)
            if edge < 2:
                upper = min(upper, min(falls, rises) if edge == 0 else max(falls, rises))
            if upper <= lower:
                continue
            middle = 0.5 * (lower + upper)
            rank = value[k, RANK] + slot[RANK_DOWN] * (middle < rises) - slot[RANK_UP] * (middle > falls)
            slope = value[k, FIRST] + fall * (lower - position) - (lower - before)
            if rank < 0.0 or (rank == 0.0 and slope <= 0.0):
                return lower
            if rank == 0.0 and slope + (fall - 1.0) * (upper - lower) < 0.0:
                return lower + slope / (1.0 - fall)
            lower = upper
        position = position_after
    return end
