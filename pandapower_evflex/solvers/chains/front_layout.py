"""Where rows stand in the fronts of `fronts.py`; the same for many steps."""

from __future__ import annotations

import numpy as np

from pandapower_evflex.arrays import IntArray
from pandapower_evflex.solvers.chains.fronts import Fronts


class FrontLayout:
    """The unknowns of the fronts with those of their rows, which stand before what is kept.

    Parameters
    ----------
    front_of_row : int [n_row]                  -1: the row touches nothing
    row_start : int [n_front + 1], row : int    rows front by front
    n_out : int [n_front], bounds : int [n_front, n_range + 1]      unknowns eliminated; where ranges begin
    own_start : int [n_front + 1], own : int    unknowns of each front; those of rows come after all others
    carried : int                               as in `Fronts`, among the rows
    """

    def __init__(self, fronts: Fronts, front_of_row: IntArray) -> None:
        self.front_of_row = front_of_row
        n_static, n_fronts, start = fronts.n_static, len(fronts.n_static), fronts.unknown_start
        order = np.argsort(front_of_row, kind="stable")
        self.row = order[np.searchsorted(front_of_row[order], 0) :]
        n_rows = np.bincount(front_of_row[self.row], minlength=n_fronts)
        self.row_start = np.cumsum([0, *n_rows])
        self.n_out, self.own_start = n_static + n_rows, start + self.row_start

        def place(front: IntArray, index: IntArray) -> IntArray:
            return np.where(index < n_static[front], index, index + n_rows[front])

        self.own = np.empty(self.own_start[-1], dtype=np.int64)
        front = np.repeat(np.arange(n_fronts), np.diff(start))
        self.own[self.own_start[front] + place(front, np.arange(start[-1]) - start[front])] = fronts.unknown
        front = front_of_row[self.row]
        at = n_static[front] + np.arange(len(self.row)) - self.row_start[front]
        self.own[self.own_start[front] + at] = len(fronts.is_state) + self.row
        front = np.repeat(np.arange(n_fronts), np.diff(fronts.carried_start))
        self.carried = place(front, fronts.carried)
        ranges = fronts.ranges.copy()
        ranges[:, -3] = n_rows
        self.bounds = np.concatenate([np.zeros((n_fronts, 1), dtype=np.int64), np.cumsum(ranges, axis=1)], axis=1)
