"""Compiled loops of `fronts.py`: the matrix of a period is put together, its first unknowns eliminated."""

from __future__ import annotations

import numpy as np

from pandapower_evflex.kernels.jit import jit

#: number of pivots that are taken from a row in one pass
PANEL = 4


@jit
def factorise(
    n_out, bounds, entry_start, row, column, value, carried_start, carried, least,
    a, kept, share, extent, pivot, segment, packed_start, packed,
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
        _eliminate(a, out, bounds[f], least, share, extent, pivot, segment, first)
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
def _eliminate(a, n_out, bounds, least, share, extent, pivot, segment, begin):
    """L D L^T of the first n_out unknowns, four at a time; row k of a becomes D times that of L^T.

    segment [begin + k, b] holds what is not 0 of row k in range b. Where ``least`` is negative so is the pivot, and
    larger. Pivots of 0 are of unknowns that nothing holds: they are left out.
    """
    n_ranges = len(bounds) - 1
    for k in range(0, n_out, PANEL):
        end = k + PANEL
        if end > n_out:
            end = n_out
        for b in range(n_ranges):
            extent[b, 0], extent[b, 1] = bounds[b + 1], 0
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
                if first < last:
                    if first < extent[b, 0]:
                        extent[b, 0] = first
                    if last > extent[b, 1]:
                        extent[b, 1] = last
            for j in range(i + 1, end):
                if d != 0.0 and a[i, j] != 0.0:
                    factor = a[i, j] / d
                    for b in range(n_ranges):
                        first, last = segment[begin + i, b, 0], segment[begin + i, b, 1]
                        if first < j:
                            first = j
                        if first < last:
                            _subtract(factor, a, i, first, last, j)
        for b in range(n_ranges):
            for j in range(extent[b, 0], extent[b, 1]):
                touched = False
                for i in range(k, end):
                    d = pivot[begin + i]
                    share[i - k] = a[i, j] / d if d != 0.0 else 0.0
                    touched = touched or share[i - k] != 0.0
                if touched and j >= end:
                    for c in range(b, n_ranges):
                        first = extent[c, 0]
                        if first < j:
                            first = j
                        if first < extent[c, 1]:
                            _subtract_four(share, a, k, first, extent[c, 1], j)
        for i in range(PANEL):
            share[i] = 0.0


# Unsigned numbers index from the front only: with signed ones the loops below are not vectorised. A range that ends
# before it begins would run through all memory: callers see to first <= last.


@jit
def _subtract(share, a, k, first, last, j):
    """Row j of a less share times row k."""
    to, r = np.uint64(j), np.uint64(k)
    for q in range(np.uint64(first), np.uint64(last)):
        a[to, q] -= share * a[r, q]


@jit
def _subtract_four(share, a, k, first, last, j):
    """Row j of a less share times rows k to k + 3: one pass over the row instead of four."""
    to, r0, r1, r2, r3 = np.uint64(j), np.uint64(k), np.uint64(k + 1), np.uint64(k + 2), np.uint64(k + 3)
    s0, s1, s2, s3 = share[0], share[1], share[2], share[3]
    for q in range(np.uint64(first), np.uint64(last)):
        a[to, q] -= s0 * a[r0, q] + s1 * a[r1, q] + s2 * a[r2, q] + s3 * a[r3, q]


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
                for q in range(segment[number, b, 0], segment[number, b, 1]):
                    local[q] -= share * packed[at]
                    at += 1
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
                for q in range(segment[number, b, 0], segment[number, b, 1]):
                    total -= packed[at] * local[q]
                    at += 1
            if pivot[number] != 0.0:
                local[k] = total / pivot[number]
                x[own[begin + k]] = local[k]
