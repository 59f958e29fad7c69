"""Compiled loops of `fronts.py`: assemble the matrix of a period, eliminate its first unknowns, hand on the rest."""

from __future__ import annotations

import numpy as np

from pandapower_evflex.kernels.jit import jit
from pandapower_evflex.solvers.chains.kernels import LEAST, ROUNDING

#: least s / lambda of a row: its pivot stays negative
_SMALLEST = 1e-300


@jit
def _longest(start):
    longest = 0
    for f in range(len(start) - 1):
        longest = max(longest, start[f + 1] - start[f])
    return longest


@jit
def _copy(row, first, last, to, at):
    """to[at:] = row[first:last]; as a slice it would take seconds to compile."""
    for q in range(last - first):
        to[at + q] = row[first + q]


@jit
def _place(index, n_static, n_rows):
    """Place in the front, with its rows before the unknowns that are kept."""
    return index if index < n_static else index + n_rows


@jit
def _add_slots(slots, index, n_static, n_rows, m, a):
    """Squares of forms of single slots; upper triangle."""
    for i in slots:
        for p in range(m.shape[1]):
            if index[i, p] >= 0:
                row = _place(index[i, p], n_static, n_rows)
                for q in range(p + 1):
                    if index[i, q] >= 0:
                        column = _place(index[i, q], n_static, n_rows)
                        a[min(row, column), max(row, column)] += m[i, p, q]


@jit
def _entries(first, last, slot, coefficient, index, n_static, n_rows, form, place, value):
    """Coefficients of forms on unknowns of a front: the form, the place in the front, the value; their number."""
    n = 0
    for f in range(first, last):
        for q in range(coefficient.shape[1]):
            if coefficient[f, q] != 0.0 and index[slot[f], q] >= 0:
                form[n], value[n] = f, coefficient[f, q]
                place[n] = _place(index[slot[f], q], n_static, n_rows)
                n += 1
    return n


@jit
def _add_curvature(matrix, port, form, place, value, a):
    """Every pair of forms of one block."""
    for p in range(len(place)):
        of_port, to = matrix[port[form[p]]], a[place[p]]
        for q in range(len(place)):
            if place[q] >= place[p]:
                to[place[q]] += value[p] * value[q] * of_port[port[form[q]]]


# Unsigned numbers index from the front only: with signed ones the loops below are not vectorised. A range that ends
# before it begins would run through all memory: callers see to first <= last.


@jit
def _subtract(share, row, first, last, to):
    """to[: last - first] -= share times row[first:last]"""
    begin = np.uint64(first)
    for q in range(np.uint64(0), np.uint64(last - first)):
        to[q] -= share * row[begin + q]


@jit
def _subtract_four(share, a, k, first, last, j):
    """Row j of a less share times rows k to k + 3: one pass over the row instead of four."""
    to, r0, r1, r2, r3 = np.uint64(j), np.uint64(k), np.uint64(k + 1), np.uint64(k + 2), np.uint64(k + 3)
    s0, s1, s2, s3 = share[0], share[1], share[2], share[3]
    for q in range(np.uint64(first), np.uint64(last)):
        a[to, q] -= s0 * a[r0, q] + s1 * a[r1, q] + s2 * a[r2, q] + s3 * a[r3, q]


@jit
def _find_segments(row, k, d, bounds, segment):
    """What is not 0 of row k in each range between two bounds."""
    for b in range(len(bounds) - 1):
        first, last = max(bounds[b], k + 1), max(bounds[b + 1], k + 1)
        while first < last and (row[first] == 0.0 or d == 0.0):
            first += 1
        while last > first and row[last - 1] == 0.0:
            last -= 1
        segment[b, 0], segment[b, 1] = first, last


@jit
def _eliminate(a, n_out, bounds, least, pivot, segment):
    """L D L^T of the first n_out unknowns, four at a time; row k of a becomes D times that of L^T.

    ``segment`` [n_out, n_range, 2] holds what is not 0 of row k in each range between two bounds. Where ``least`` is
    negative so is the pivot, and larger. Pivots of 0 are of unknowns that nothing holds: they are left out.
    """
    n_ranges = len(bounds) - 1
    share, low, high = np.zeros(4), np.empty(n_ranges, np.int64), np.empty(n_ranges, np.int64)
    for k in range(0, n_out, 4):
        end = min(k + 4, n_out)
        for i in range(k, end):
            pivot[i] = max(a[i, i], least[i]) if least[i] >= 0.0 else min(a[i, i], least[i])
            _find_segments(a[i], i, pivot[i], bounds, segment[i])
            for b in range(n_ranges):
                for j in range(segment[i, b, 0], min(segment[i, b, 1], end)):
                    factor = a[i, j] / pivot[i]
                    for c in range(b, n_ranges):
                        first, last = max(segment[i, c, 0], j), segment[i, c, 1]
                        if first < last:
                            _subtract(factor, a[i], first, last, a[j, first:])
        for b in range(n_ranges):
            low[b], high[b] = bounds[b + 1], 0
            for i in range(k, end):
                if segment[i, b, 0] < segment[i, b, 1]:
                    low[b], high[b] = min(low[b], segment[i, b, 0]), max(high[b], segment[i, b, 1])
        for b in range(n_ranges):
            for j in range(max(low[b], end), high[b]):
                touched = False
                for i in range(k, end):
                    share[i - k] = a[i, j] / pivot[i] if pivot[i] != 0.0 else 0.0
                    touched = touched or share[i - k] != 0.0
                if touched:
                    _subtract_four(share, a, k, j, high[b], j)
                    for c in range(b + 1, n_ranges):
                        if low[c] < high[c]:
                            _subtract_four(share, a, k, low[c], high[c], j)
        for i in range(4):
            share[i] = 0.0


@jit
def factorise(
    n_static, unknown_start, unknown, ranges, slot_start, slots, carried_start, carried, index, is_state, m,
    row_start, rows, entry_start, entry_slot, entry_coefficient, delta,
    block_start, blocks, form_start, form_slot, form_coefficient, port, matrix,
    pivot, segment, packed_start, packed,
):  # fmt: skip
    """All fronts in order of time; returns the packed rows of L^T, in a larger array where ``packed`` is too small."""
    largest = _longest(unknown_start) + _longest(row_start)
    a, kept = np.zeros((largest + 3, largest)), np.empty((largest, largest))  # three rows more: see `_subtract_four`
    size, least, bounds = np.zeros(len(is_state)), np.empty(largest), np.empty(ranges.shape[1] + 1, np.int64)
    n_entries = max(entry_coefficient.size, form_coefficient.size)
    form, place, value = np.empty(n_entries, np.int64), np.empty(n_entries, np.int64), np.empty(n_entries)
    first_pivot, n_packed = 0, 0
    for f in range(len(n_static)):
        own, of_front = unknown[unknown_start[f] : unknown_start[f + 1]], rows[row_start[f] : row_start[f + 1]]
        n_rows = len(of_front)
        n, n_out = len(own) + n_rows, n_static[f] + n_rows
        for j in range(n):
            for q in range(j, n):
                a[j, q] = 0.0
        _add_slots(slots[slot_start[f] : slot_start[f + 1]], index, n_static[f], n_rows, m, a)
        for b in blocks[block_start[f] : block_start[f + 1]]:
            n_entries = _entries(
                form_start[b], form_start[b + 1], form_slot, form_coefficient, index, n_static[f], n_rows,
                form, place, value,
            )  # fmt: skip
            _add_curvature(matrix[b], port, form[:n_entries], place[:n_entries], value[:n_entries], a)
        for j in range(len(own)):
            at = _place(j, n_static[f], n_rows)
            size[own[j]] += a[at, at]
            least[at] = ROUNDING * size[own[j]] + (LEAST if is_state[own[j]] else 0.0)
        for number in range(n_rows):
            r, row = of_front[number], n_static[f] + number
            n_entries = _entries(
                entry_start[r], entry_start[r + 1], entry_slot, entry_coefficient, index, n_static[f], n_rows,
                form, place, value,
            )  # fmt: skip
            for e in range(n_entries):
                a[min(place[e], row), max(place[e], row)] += value[e]
            a[row, row] = least[row] = -max(delta[r], _SMALLEST)
        to = carried[carried_start[f] : carried_start[f + 1]]
        for p in range(len(to)):
            row = _place(to[p], n_static[f], n_rows)
            for q in range(p, len(to)):
                column = _place(to[q], n_static[f], n_rows)
                a[min(row, column), max(row, column)] += kept[p, q]
        bounds[0] = 0
        for b in range(ranges.shape[1]):
            bounds[b + 1] = bounds[b] + (n_rows if b == ranges.shape[1] - 3 else ranges[f, b])
        of_pivots = segment[first_pivot : first_pivot + n_out]
        _eliminate(a, n_out, bounds, least, pivot[first_pivot : first_pivot + n_out], of_pivots)
        for k in range(n_out):
            packed_start[first_pivot + k] = n_packed
            if n_packed + n > len(packed):
                larger = np.empty(2 * (n_packed + n) + 1024)
                _copy(packed, 0, n_packed, larger, 0)
                packed = larger
            for b in range(of_pivots.shape[1]):
                first, last = of_pivots[k, b, 0], of_pivots[k, b, 1]
                _copy(a[k], first, last, packed, n_packed)
                n_packed += last - first
        for p in range(n_out, n):
            _copy(a[p], p, n, kept[p - n_out], p - n_out)
        first_pivot += n_out
    return packed


@jit
def _unknowns(f, n_static, unknown_start, unknown, row_start, rows, n_unknowns, own):
    """Unknowns of a front with those of its rows, which are numbered after all others; how many are eliminated."""
    n = 0
    for j in range(unknown_start[f], unknown_start[f] + n_static[f]):
        own[n] = unknown[j]
        n += 1
    for r in rows[row_start[f] : row_start[f + 1]]:
        own[n] = n_unknowns + r
        n += 1
    n_out = n
    for j in range(unknown_start[f] + n_static[f], unknown_start[f + 1]):
        own[n] = unknown[j]
        n += 1
    return n_out, n


@jit
def solve(n_static, unknown_start, unknown, row_start, rows, n_unknowns, pivot, segment, packed_start, packed, x):
    """In place, x [n_unknown + n_row]; what nothing holds stays 0."""
    largest = _longest(unknown_start) + _longest(row_start)
    local, own = np.empty(largest), np.empty(largest, np.int64)
    first_pivot = 0
    for f in range(len(n_static)):
        n_out, n = _unknowns(f, n_static, unknown_start, unknown, row_start, rows, n_unknowns, own)
        for j in range(n):
            local[j] = x[own[j]]
        for k in range(n_out):
            at, number = packed_start[first_pivot + k], first_pivot + k
            if pivot[number] == 0.0:
                local[k] = 0.0
                continue
            share = local[k] / pivot[number]
            for b in range(segment.shape[1]):
                first, last = segment[number, b, 0], segment[number, b, 1]
                _subtract(share, packed, at, at + last - first, local[first:])
                at += last - first
        for j in range(n):
            x[own[j]] = local[j]
        first_pivot += n_out
    for f in range(len(n_static) - 1, -1, -1):
        n_out, n = _unknowns(f, n_static, unknown_start, unknown, row_start, rows, n_unknowns, own)
        first_pivot -= n_out
        for j in range(n):
            local[j] = x[own[j]]
        for k in range(n_out - 1, -1, -1):
            at, number = packed_start[first_pivot + k], first_pivot + k
            if pivot[number] == 0.0:
                continue
            total = local[k]
            for b in range(segment.shape[1]):
                first, last = segment[number, b, 0], segment[number, b, 1]
                for q in range(last - first):
                    total -= packed[at + q] * local[first + q]
                at += last - first
            local[k] = total / pivot[number]
            x[own[k]] = local[k]
