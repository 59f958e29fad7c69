"""Who waits when: a shave that knows its whole window in advance, as the largest flow of charging cells.

A charging cell flows along its stay until it lands: at most one cell lands in each period of a stay, as many as may
charge in a period of the window, and behind the window as many as the stay has idle cells there. All cells land exactly
where the shave is possible. Flows are whole.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import maximum_flow

from pandapower_evflex.arrays import BoolArray, IntArray
from pandapower_evflex.cpo.checks import CHARGING, EMPTY, Int8Array

_SOURCE, _SINK = 0, 1


def landings(cells: Int8Array, first: BoolArray, idle_after: IntArray, most: IntArray) -> BoolArray | None:
    """Where cells land so that no more than ``most`` charge in a period, None where more must.

    Parameters
    ----------
    cells, first : [n_evse, n_window]    states in the window, and first cells of stays
    idle_after : int [n_evse]            idle cells behind the window of the stay at its end
    most : int [n_window]                outlets that may charge
    """
    n_evse, n_window = cells.shape
    period = _SINK + 1 + np.arange(n_window)
    cell = period[-1] + 1 + np.arange(cells.size).reshape(cells.shape)
    is_stay, charges = cells != EMPTY, cells == CHARGING
    goes_on = is_stay[:, :-1] & is_stay[:, 1:] & ~first[:, 1:]
    edges: list[tuple[Any, Any, Any]] = [
        (_SOURCE, cell[charges], 1),
        (cell[:, :-1][goes_on], cell[:, 1:][goes_on], n_window),
        (cell[is_stay], np.broadcast_to(period, cells.shape)[is_stay], 1),
        (cell[:, -1], _SINK, idle_after),
        (period, _SINK, most),
    ]
    parts = [np.broadcast_arrays(*edge) for edge in edges]
    rows, columns, capacity = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    size = int(cell.flat[-1]) + 1
    graph = coo_array((capacity.astype(np.int32), (rows, columns)), shape=(size, size)).tocsr()
    found = maximum_flow(graph, _SOURCE, _SINK)
    if found.flow_value < np.count_nonzero(charges):
        return None
    flow = found.flow[cell[0, 0] :, period[0] : cell[0, 0]].tocoo()
    lands = np.zeros(cells.shape, dtype=bool)
    lands.flat[flow.row[flow.data > 0]] = True
    return lands
