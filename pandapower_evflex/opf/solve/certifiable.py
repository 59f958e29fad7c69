"""On which grids a gap can be certified."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from pandapower_evflex.case.grid import Grid
from pandapower_evflex.opf.case import Case


def is_radial(grid: Grid) -> bool:
    """Whether every energised bus is fed on one way from one slack; parallel branches count as one."""
    pairs = np.sort(np.stack([grid.from_bus, grid.to_bus], axis=1), axis=1)
    pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
    n = len(grid.vm_min)
    n_parts, _ = connected_components(coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n)))
    return len(pairs) == n - n_parts and n_parts == len(grid.slack)


def why_uncertified(case: Case) -> str:
    """What is known before any solve to leave no certificate, "" for nothing."""
    if len(case.grid.held):
        return "a generator holds its voltage"
    if not is_radial(case.grid):
        return "the grid is meshed"
    return ""
