"""Compiled loops of `fronts.py`: the matrix of a period is put together, its first unknowns eliminated."""

from __future__ import annotations

import numpy as np

from pandapower_evflex.kernels.jit import jit, jit_sum

#: number of pivots that are taken in one pass, and of rows that they are taken from
PANEL, TILE = 4, 4
#: zeros between two runs of a row up to which they are one: more would be taken from all rows that they reach
GAP = 16


@jit
def factorise(
    n_out, bounds, entry_start, row, column, value, carried_start, carried, least,
    a, kept, share, runs, pivot, segment, packed_start, packed,
):  # fmt: skip
    """All fronts in order of time; see `fronts.py`, where all memory is laid out."""
    first, n_packed, n_ranges = np.int64(0), 0, segment.shape[1]  # a bare 0 is a literal, and a signature of its own
    for f in range(len(n_out)):
        n, out = bounds[f, n_ranges], n_out[f]
        for j in range(n):
            for q in range(j, n):
                a[j, q] = 0.0
        for e in range(entry_start[f], entry_start[f + 1]):
            a[row[e], column[e]] += value[e]
        for p in range(carried_start[f], carried_start[f + 1]):
            for q in range(p, carried_start[f + 1]):
                i, j = carried[p], carried[q]
                if i > j:
                    i, j = j, i
                a[i, j] += kept[p - carried_start[f], q - carried_start[f]]
        _eliminate(a, out, bounds[f], least, share, runs, pivot, segment, first)
        for k in range(out):
            packed_start[first + k] = n_packed
            for b in range(n_ranges):
                for q in range(segment[first + k, b, 0], segment[first + k, b, 1]):
                    packed[n_packed] = a[k, q]
                    n_packed += 1
        for p in range(out, n):
            for q in range(p, n):
                kept[p - out, q - out] = a[p, q]
        first += out


@jit
def _eliminate(a, n_out, bounds, least, share, runs, pivot, segment, begin):
    """L D L^T of the first n_out unknowns, four at a time; row k of a becomes D times that of L^T.

    segment [begin + k, b] holds what is not 0 of row k in range b. Where ``least`` is negative so is the pivot, and
    larger. Pivots of 0 are of unknowns that nothing holds: they are left out.
    """
    n_ranges = len(bounds) - 1
    for k in range(0, n_out, PANEL):
        end = k + PANEL
        if end > n_out:
            end = n_out
        for i in range(k, end):
            d, bound = a[i, i], least[begin + i]
            if (bound >= 0.0 and d < bound) or (bound < 0.0 and d > bound):
                d = bound
            pivot[begin + i] = d
            for b in range(n_ranges):
                first, last = bounds[b], bounds[b + 1]
                if first <= i:
                    first = i + 1
                while first < last and (a[i, first] == 0.0 or d == 0.0):
                    first += 1
                while last > first and a[i, last - 1] == 0.0:
                    last -= 1
                if last < first:
                    last = first
                segment[begin + i, b, 0], segment[begin + i, b, 1] = first, last
            for j in range(i + 1, end):
                if d != 0.0 and a[i, j] != 0.0:
                    factor = a[i, j] / d
                    for b in range(n_ranges):
                        first, last = segment[begin + i, b, 0], segment[begin + i, b, 1]
                        if first < j:
                            first = j
                        if first < last:
                            _subtract(factor, a, i, first, last, j)
        n_runs = _runs(bounds, segment, begin + k, begin + end, end, runs)
        for r in range(n_runs):
            for i in range(PANEL):
                inverse = 0.0
                if k + i < end and pivot[begin + k + i] != 0.0:
                    inverse = 1.0 / pivot[begin + k + i]
                _scale(share, a, i, k + i, runs[r, 0], runs[r, 1], inverse)
                for j in range(runs[r, 1], runs[r, 1] + TILE - 1):  # rows of the last tile beyond the run
                    share[i, j] = 0.0
            for j in range(runs[r, 0], runs[r, 1], TILE):
                for c in range(r, n_runs):
                    first = runs[c, 0]
                    if first < j:
                        first = j
                    _subtract_tile(share, a, k, first, runs[c, 1], j)


@jit
def _runs(bounds, segment, begin, end, first_column, runs):
    """Where pivots ``begin`` to ``end`` are not 0, from ``first_column`` on: runs [:, 2], and their number."""
    n_runs = 0
    for b in range(len(bounds) - 1):
        first, last = bounds[b + 1], bounds[b]
        for i in range(begin, end):
            if segment[i, b, 0] < segment[i, b, 1]:
                first, last = min(first, segment[i, b, 0]), max(last, segment[i, b, 1])
        if first < first_column:
            first = first_column
        if first < last and n_runs > 0 and first - runs[n_runs - 1, 1] < GAP:
            runs[n_runs - 1, 1] = last
        elif first < last:
            runs[n_runs, 0], runs[n_runs, 1] = first, last
            n_runs += 1
    return n_runs


# Unsigned numbers index from the front only: with signed ones the loops below are not vectorised. A range that ends
# before it begins would run through all memory: callers see to first <= last.


@jit
def _subtract(share, a, k, first, last, j):
    """Row j of a less share times row k."""
    to, r = np.uint64(j), np.uint64(k)
    for q in range(np.uint64(first), np.uint64(last)):
        a[to, q] -= share * a[r, q]


@jit
def _scale(share, a, i, k, first, last, factor):
    """Row i of share: factor times row k of a."""
    to, r = np.uint64(i), np.uint64(k)
    for q in range(np.uint64(first), np.uint64(last)):
        share[to, q] = factor * a[r, q]


@jit
def _subtract_tile(share, a, k, first, last, j):
    """Rows j to j + 3 of a less share times rows k to k + 3: each number is loaded once for sixteen products."""
    r0, r1, r2, r3 = np.uint64(k), np.uint64(k + 1), np.uint64(k + 2), np.uint64(k + 3)
    t0, t1, t2, t3 = np.uint64(j), np.uint64(j + 1), np.uint64(j + 2), np.uint64(j + 3)
    s00, s01, s02, s03 = share[0, j], share[1, j], share[2, j], share[3, j]
    s10, s11, s12, s13 = share[0, j + 1], share[1, j + 1], share[2, j + 1], share[3, j + 1]
    s20, s21, s22, s23 = share[0, j + 2], share[1, j + 2], share[2, j + 2], share[3, j + 2]
    s30, s31, s32, s33 = share[0, j + 3], share[1, j + 3], share[2, j + 3], share[3, j + 3]
    for q in range(np.uint64(first), np.uint64(last)):
        v0, v1, v2, v3 = a[r0, q], a[r1, q], a[r2, q], a[r3, q]
        a[t0, q] -= s00 * v0 + s01 * v1 + s02 * v2 + s03 * v3
        a[t1, q] -= s10 * v0 + s11 * v1 + s12 * v2 + s13 * v3
        a[t2, q] -= s20 * v0 + s21 * v1 + s22 * v2 + s23 * v3
        a[t3, q] -= s30 * v0 + s31 * v1 + s32 * v2 + s33 * v3


@jit
def solve(n_out, own_start, own, pivot, segment, packed_start, packed, local, x):
    """In place, x [n_unknown + n_row]; what nothing holds stays 0."""
    n_pivots, n_ranges = 0, segment.shape[1]
    for f in range(len(n_out)):
        begin, n = own_start[f], own_start[f + 1] - own_start[f]
        for j in range(n):
            local[j] = x[own[begin + j]]
        for k in range(n_out[f]):
            number = n_pivots + k
            share, at = 0.0, packed_start[number]
            if pivot[number] != 0.0:
                share = local[k] / pivot[number]
            else:
                local[k] = 0.0
            for b in range(n_ranges):
                first, last = segment[number, b, 0], segment[number, b, 1]
                if first < last:
                    _subtract_packed(share, packed, at, first, last, local)
                at += last - first
        for j in range(n):
            x[own[begin + j]] = local[j]
        n_pivots += n_out[f]
    for f in range(len(n_out) - 1, -1, -1):
        begin, n = own_start[f], own_start[f + 1] - own_start[f]
        n_pivots -= n_out[f]
        for j in range(n):
            local[j] = x[own[begin + j]]
        for k in range(n_out[f] - 1, -1, -1):
            number = n_pivots + k
            total, at = local[k], packed_start[number]
            for b in range(n_ranges):
                first, last = segment[number, b, 0], segment[number, b, 1]
                if first < last:
                    total -= _product(packed, at, first, last, local)
                at += last - first
            if pivot[number] != 0.0:
                local[k] = total / pivot[number]
                x[own[begin + k]] = local[k]


@jit
def _subtract_packed(share, packed, at, first, last, local):
    """Numbers first to last of local less share times those of packed from ``at`` on."""
    start, at = np.uint64(first), np.uint64(at)
    for q in range(np.uint64(last - first)):
        local[start + q] -= share * packed[at + q]


@jit_sum
def _product(packed, at, first, last, local):
    """Sum of numbers first to last of local times those of packed from ``at`` on."""
    total, start, at = 0.0, np.uint64(first), np.uint64(at)
    for q in range(np.uint64(last - first)):
        total += packed[at + q] * local[start + q]
    return total
