"""Compiled loops of `frontal.py`: L D L^T of the first unknowns of one front after the other, and solves with it.

Pivots are taken `PANEL` at a time. What is not 0 of the rows of D L^T in a panel is stored as a few blocks, its *runs*:
columns from ``runs[r, 0]`` to ``runs[r, 1]`` of all rows of the panel, row by row in ``packed`` from ``runs[r, 2]`` on.
They are multiples of `WIDTH` wide, so that loops over columns have no rest; what they hold beyond is 0.
"""

from __future__ import annotations

import numpy as np

from pandapower_evflex.kernels.jit import jit
from pandapower_evflex.solvers.chains.front_sums import add_curvature, add_rows, add_squares
from pandapower_evflex.solvers.chains.front_tiles import (
    add_products,
    add_sizes,
    divide_panel,
    subtract_rows,
    subtract_tile,
)
from pandapower_evflex.solvers.chains.kernels import ROUNDING

#: number of pivots that are taken in one pass, and of rows that they are taken from, as in `front_tiles.py`; eight and
#: two, or eight and four, are no faster
PANEL, TILE = 4, 4
#: columns of a vector, or two of them: loops over multiples of it have no rest
WIDTH = 8
#: zeros between two runs up to which they are one: more would be taken from all rows that they reach
GAP = 16


@jit
def factorise(
    n_static, n_out, bounds, own_start, own, carried_start, carried,
    slot_start, slot, index, m,
    block_start, block, form_of_block, block_slot, block_coefficient, port, matrix, at, weight, at_port,
    row_start, row, form_of_row, row_slot, row_coefficient, delta,
    least, size, mark, a, kept, share, low, inverse, run_start, runs, packed,
):  # fmt: skip
    """All fronts in order of time; see `frontal.py`, where all memory is laid out."""
    n_panels, n_ranges = np.int64(0), bounds.shape[1] - 1  # a bare 0 is a literal, and a signature of its own
    run_start[0] = 0
    n_packed = np.int64(0)
    for f in range(len(n_out)):
        n, out, n_rows, begin = bounds[f, n_ranges], n_out[f], n_out[f] - n_static[f], own_start[f]
        for j in range(n):
            for q in range(j, n + WIDTH):
                a[j, q] = 0.0
        for p in range(carried_start[f], carried_start[f + 1]):
            for q in range(p, carried_start[f + 1]):
                i, j = carried[p], carried[q]
                if i > j:
                    i, j = j, i
                a[i, j] += kept[p - carried_start[f], q - carried_start[f]]
        add_squares(slot, slot_start[f], slot_start[f + 1], index, n_static[f], n_rows, m, own, begin, size, a)
        add_curvature(
            block, block_start[f], block_start[f + 1], form_of_block, block_slot, block_coefficient, port, matrix,
            index, n_static[f], n_rows, own, begin, size, at, weight, at_port, a,
        )  # fmt: skip
        add_rows(row, row_start[f], form_of_row, row_slot, row_coefficient, delta, index, n_static[f], n_rows, a)
        for k in range(0, out, PANEL):
            end = k + PANEL
            if end > out:
                end = out
            _divide_corner(a, k, end, least, size, own, begin, low, inverse, n_panels)
            add_sizes(a, k, end, n, mark)
            n_runs = _find_runs(mark, end, bounds, f, runs, run_start[n_panels])
            run_start[n_panels + 1] = run_start[n_panels] + n_runs
            for r in range(run_start[n_panels], run_start[n_panels + 1]):
                runs[r, 2] = n_packed
                n_packed += PANEL * (runs[r, 1] - runs[r, 0])
                divide_panel(a, k, runs[r, 0], runs[r, 1], low, inverse, n_panels, packed, runs[r, 2], share)
            for r in range(run_start[n_panels], run_start[n_panels + 1]):
                for j in range(runs[r, 0], runs[r, 1], TILE):
                    for c in range(r, run_start[n_panels + 1]):
                        first = runs[c, 0]
                        if first < j:  # whole tiles: below the diagonal nothing is read
                            first = j - (j - first) % WIDTH
                        subtract_tile(
                            share, packed, runs[c, 2] + first - runs[c, 0], runs[c, 1] - runs[c, 0], a, first,
                            runs[c, 1], j,
                        )  # fmt: skip
            n_panels += 1
        for p in range(out, n):
            for q in range(p, n):
                kept[p - out, q - out] = a[p, q]


@jit
def _divide_corner(a, k, end, least, size, own, begin, low, inverse, panel):
    """L D L^T of the first rows and columns of a panel: L^T in ``low`` without its diagonal of ones, the inverse of D.

    Where ``least`` is negative so is the pivot, and larger. Pivots of 0 are of unknowns that nothing holds: they are
    left out.
    """
    for i in range(PANEL):
        inverse[panel, i] = 0.0
        for j in range(PANEL):
            low[panel, i, j] = 0.0
    for i in range(k, end):
        unknown = own[begin + i]
        d, bound = a[i, i], least[unknown]
        if bound >= 0.0:
            bound += ROUNDING * size[unknown]
            if d < bound:
                d = bound
        elif d > bound:
            d = bound
        if d == 0.0:
            continue
        inverse[panel, i - k] = 1.0 / d
        for j in range(i + 1, end):
            low[panel, i - k, j - k] = a[i, j] * inverse[panel, i - k]
        for j in range(i + 1, end):
            for q in range(j, end):
                a[j, q] -= low[panel, i - k, j - k] * a[i, q]


@jit
def _find_runs(mark, end, bounds, f, runs, start):
    """Where ``mark`` is not 0 from column ``end`` on, as runs of whole tiles from runs[start] on; their number."""
    n_runs = 0
    for b in range(bounds.shape[1] - 1):
        first, last = bounds[f, b], bounds[f, b + 1]
        if first < end:
            first = end
        while first < last and mark[first] == 0.0:
            first += 1
        while first < last and mark[last - 1] == 0.0:
            last -= 1
        r = start + n_runs
        if first < last and n_runs > 0 and first - runs[r - 1, 1] < GAP:
            runs[r - 1, 1] = last
        elif first < last:
            runs[r, 0], runs[r, 1] = first, last
            n_runs += 1
    for r in range(start, start + n_runs):
        runs[r, 1] += -(runs[r, 1] - runs[r, 0]) % WIDTH
    return n_runs


@jit
def solve(n_out, own_start, own, low, inverse, run_start, runs, packed, local, x):
    """In place, x [n_unknown + n_row]; what nothing holds stays 0."""
    panel, part = 0, np.zeros(PANEL)
    for f in range(len(n_out)):
        begin, n = own_start[f], own_start[f + 1] - own_start[f]
        for j in range(n):
            local[j] = x[own[begin + j]]
        for k in range(0, n_out[f], PANEL):
            n_rows = min(PANEL, n_out[f] - k)
            for i in range(PANEL):
                part[i] = 0.0
            for i in range(n_rows):
                for j in range(i + 1, n_rows):
                    local[k + j] -= low[panel, i, j] * local[k + i]
                part[i] = local[k + i] * inverse[panel, i]
            for r in range(run_start[panel], run_start[panel + 1]):
                subtract_rows(part, packed, runs[r, 2], runs[r, 0], runs[r, 1], local)
            panel += 1
        for j in range(n):
            x[own[begin + j]] = local[j]
    for f in range(len(n_out) - 1, -1, -1):
        begin, n = own_start[f], own_start[f + 1] - own_start[f]
        for j in range(n):
            local[j] = x[own[begin + j]]
        for k in range(PANEL * ((n_out[f] - 1) // PANEL), -1, -PANEL):
            panel -= 1
            n_rows = min(PANEL, n_out[f] - k)
            for i in range(PANEL):
                part[i] = 0.0
            for r in range(run_start[panel], run_start[panel + 1]):
                add_products(packed, runs[r, 2], runs[r, 0], runs[r, 1], local, part)
            for i in range(n_rows):
                part[i] = (local[k + i] - part[i]) * inverse[panel, i]
            for i in range(n_rows - 1, -1, -1):
                for j in range(i + 1, n_rows):
                    part[i] -= low[panel, i, j] * part[j]
                local[k + i] = part[i]
                x[own[begin + k + i]] = part[i]
