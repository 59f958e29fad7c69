"""The stays of a lattice that meet a window, merged where they can shift alike, and what they can move out of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.cpo.checks import CHARGING, EMPTY, IDLE, Int8Array
from pandapower_evflex.kernels.jit import jit

#: numbers of longer windows, up to 3^n (n + 1), need not fit into 64 bits
MAX_NUMBERED_PERIODS = 36


@dataclass(frozen=True)
class StayClasses:
    """Stays that charge in a window, one row for all that are alike there.

    Parameters
    ----------
    cells : int8 [n_class, n_window_period]    states; empty before and after the stay
    idle_after : int16 [n_class]               idle cells between the window and the departure, as far as they matter
    count : float [n_class]                    how many stays are of the class
    """

    cells: Int8Array
    idle_after: NDArray[np.int16]
    count: FloatArray

    def limits(self, subsets: BoolArray) -> FloatArray:
        """R(A) of subsets of the window [n_subset, n_window_period]: the most that can be moved out of each."""
        return _limits(self.cells, self.idle_after, self.count, subsets)


def stay_classes(states: Int8Array, first: BoolArray, start: int, n_periods: int) -> StayClasses:
    """Classes of the stays in periods ``start`` to ``start + n_periods`` of a lattice with first cells of stays."""
    rows, count = _merged(_window_stays(states, first, start, n_periods))
    cells = np.ascontiguousarray(rows[:, :-1]).astype(np.int8)
    return StayClasses(cells, np.ascontiguousarray(rows[:, -1]), count.astype(float))


def _merged(rows: NDArray[np.int16]) -> tuple[NDArray[np.int16], IntArray]:
    """The different rows, and how many there are of each; as numbers to the base 3 they are sorted far faster."""
    n_periods = rows.shape[1] - 1
    if n_periods > MAX_NUMBERED_PERIODS:
        return np.unique(rows, axis=0, return_counts=True)
    # the idle cells behind the window come last, where they may exceed a digit
    numbers = rows @ 3 ** np.arange(n_periods + 1, dtype=np.int64)
    _, where, count = np.unique(numbers, return_index=True, return_counts=True)
    return rows[where], count


@jit
def _window_stays(states, first, start, n_periods):
    """Cells in the window of each stay that charges there, and behind them its idle cells after the window."""
    n_evse, n_all = states.shape
    end = start + n_periods
    n_stays = 0
    for n in range(n_evse):
        charges = False
        for k in range(start, end):
            if first[n, k]:
                charges = False
            if states[n, k] == CHARGING and not charges:
                charges = True
                n_stays += 1
    rows = np.zeros((n_stays, n_periods + 1), dtype=np.int16)
    row = 0
    for n in range(n_evse):
        n_charging = 0
        for k in range(start, end):
            if first[n, k] and n_charging:
                row += 1
                n_charging = 0
            if states[n, k] == CHARGING:
                n_charging += 1
            if n_charging:  # idle cells before it receive nothing
                rows[row, k - start] = states[n, k]
        if n_charging:
            for k in range(end, n_all):
                if first[n, k] or states[n, k] == EMPTY or rows[row, n_periods] == n_charging:
                    break
                if states[n, k] == IDLE:
                    rows[row, n_periods] += 1
            row += 1
    return rows


@jit
def _limits(cells, idle_after, count, subsets):
    """R(A), the bracket matching: a charging cell in A waits until an idle cell that is not in A.

    From set to set only the classes are matched anew whose stays meet a period in which the sets differ: of the nested
    sets of a base, which differ in one period, few.
    """
    n_class, n_periods = cells.shape
    begin, end = _spans(cells)
    total = np.zeros(len(subsets))
    shifted = np.zeros(n_class, dtype=np.int64)
    for a in range(len(subsets)):
        first, last = 0, n_periods - 1
        if a > 0:
            while first <= last and subsets[a, first] == subsets[a - 1, first]:
                first += 1
            while last > first and subsets[a, last] == subsets[a - 1, last]:
                last -= 1
        for c in range(n_class):
            if first < end[c] and last >= begin[c]:
                shifted[c] = _shifted(cells, idle_after, subsets, a, c, begin[c], end[c])
            total[a] += count[c] * shifted[c]
    return total


@jit
def _shifted(cells, idle_after, subsets, a, c, begin, end):
    """Charging cells of class c within set a that find an idle one outside of it."""
    waiting = 0
    moved = 0
    for k in range(begin, end):
        if subsets[a, k]:
            if cells[c, k] == CHARGING:
                waiting += 1
        elif waiting > 0 and cells[c, k] == IDLE:
            waiting -= 1
            moved += 1
    return moved + min(waiting, idle_after[c])


@jit
def _spans(cells):
    """First cell of each class that is not empty, and the one after the last."""
    n_class, n_periods = cells.shape
    begin = np.zeros(n_class, dtype=np.int64)
    end = np.full(n_class, n_periods, dtype=np.int64)
    for c in range(n_class):
        while begin[c] < n_periods and cells[c, begin[c]] == EMPTY:
            begin[c] += 1
        while end[c] > begin[c] and cells[c, end[c] - 1] == EMPTY:
            end[c] -= 1
    return begin, end
