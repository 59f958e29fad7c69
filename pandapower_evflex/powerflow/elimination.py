"""A fixed order of elimination for the power flow Jacobian of one grid, as flat arrays a kernel can run through.

The pattern is that of the admittance matrix without the slack buses, one 2x2 block per entry. A radial grid is
eliminated from its ends without any fill; a meshed one with the little that a minimum-degree order leaves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix, identity
from scipy.sparse.linalg import splu

from pandapower_evflex.arrays import IntArray


@dataclass(frozen=True)
class Elimination:
    """Block positions in the order of elimination; "later" neighbours of a pivot are eliminated after it.

    Parameters
    ----------
    bus : int [n]                    bus of each pivot
    diagonal : int [n]               block of (pivot, pivot)
    entry_index : int                admittance entries in use, as positions in the data of y_bus
    entry_block : int                their blocks
    start : int [n + 1]              later neighbours of pivot p are start[p]:start[p + 1]
    later : int                      pivot number of each later neighbour
    upper, lower : int               blocks (pivot, later) and (later, pivot)
    update_start : int [n + 1]       targets of pivot p are update_start[p]:update_start[p + 1]
    target : int                     blocks (later i, later j), i outer, j inner
    n_blocks : int
    """

    bus: IntArray
    diagonal: IntArray
    entry_index: IntArray
    entry_block: IntArray
    start: IntArray
    later: IntArray
    upper: IntArray
    lower: IntArray
    update_start: IntArray
    target: IntArray
    n_blocks: int


def plan_elimination(y_bus: csr_matrix, unknown: IntArray) -> Elimination:
    """Order and block positions for the buses ``unknown`` of the admittance matrix."""
    n = len(unknown)
    order = _minimum_degree(y_bus[unknown][:, unknown]) if n else np.empty(0, dtype=np.int64)
    bus = unknown[order]
    pivot = np.full(y_bus.shape[0], -1)
    pivot[bus] = np.arange(n)
    coo = y_bus.tocoo()
    rows, columns = pivot[coo.row], pivot[coo.col]
    used = (rows >= 0) & (columns >= 0)
    later = _later_neighbours(rows[used], columns[used], n)
    blocks: dict[tuple[int, int], int] = {(p, p): p for p in range(n)}
    for p, neighbours in enumerate(later):
        for q in neighbours:
            blocks[p, q] = len(blocks)
            blocks[q, p] = len(blocks)
    pairs = [(p, q) for p, neighbours in enumerate(later) for q in neighbours]
    targets = [[blocks[i, j] for i in neighbours for j in neighbours] for neighbours in later]
    return Elimination(
        bus=bus,
        diagonal=np.arange(n),
        entry_index=np.flatnonzero(used),
        entry_block=_ints(blocks[key] for key in zip(rows[used].tolist(), columns[used].tolist(), strict=True)),
        start=_starts([len(neighbours) for neighbours in later]),
        later=_ints(q for _, q in pairs),
        upper=_ints(blocks[p, q] for p, q in pairs),
        lower=_ints(blocks[q, p] for p, q in pairs),
        update_start=_starts([len(part) for part in targets]),
        target=_ints(block for part in targets for block in part),
        n_blocks=len(blocks),
    )


def _minimum_degree(y: csr_matrix) -> IntArray:
    """Column order of SuperLU for the symmetric pattern (multiple minimum degree)."""
    pattern = csc_matrix((np.ones(y.nnz), y.indices, y.indptr), shape=y.shape)
    dominant = pattern + pattern.T + 4.0 * y.shape[0] * identity(y.shape[0], format="csc")
    return np.argsort(splu(csc_matrix(dominant), permc_spec="MMD_AT_PLUS_A").perm_c).astype(np.int64)


def _later_neighbours(rows: IntArray, columns: IntArray, n: int) -> list[list[int]]:
    """Symbolic elimination: neighbours of each pivot that come later, fill included."""
    neighbours: list[set[int]] = [set() for _ in range(n)]
    for i, j in zip(rows.tolist(), columns.tolist(), strict=True):
        if i != j:
            neighbours[min(i, j)].add(max(i, j))
    for p in range(n):
        ordered = sorted(neighbours[p])
        if ordered:  # eliminating p joins its later neighbours; the first of them inherits the rest
            neighbours[ordered[0]].update(ordered[1:])
    return [sorted(part) for part in neighbours]


def _ints(values: object) -> IntArray:
    return np.fromiter(values, dtype=np.int64)  # type: ignore[call-overload]


def _starts(counts: list[int]) -> IntArray:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
