"""Compiled loops of `banded.py`, over slots in order of chain and time.

The matrix of a slot has its unknowns in the order (state before, state, states of the slots after, controls); in band
[n_slot, w + 1] column b of slot i is the entry of its state and that of slot i - b.
"""

from __future__ import annotations

import numpy as np

from pandapower_evflex.kernels.jit import jit
from pandapower_evflex.solvers.chains.kernels import LEAST, ROUNDING


@jit
def accumulate(slot, coefficient, place, weight, m):
    """Lower triangles of m += weight times form times form transposed; column p of a form has the given place in m."""
    width = coefficient.shape[1]
    at, value = np.empty(width, dtype=np.int64), np.empty(width)
    for r in range(len(slot)):
        n = 0
        for p in range(width):
            if coefficient[r, p] != 0.0:
                at[n], value[n] = place[p], coefficient[r, p]
                n += 1
        for p in range(n):
            share = weight[r] * value[p]
            for q in range(p + 1):
                m[slot[r], max(at[p], at[q]), min(at[p], at[q])] += share * value[q]


@jit
def _eliminate_controls(a, first):
    """L D L^T of the controls in place of a[first:, first:], and L^-1 a[first:, :first] in place of that.

    Controls that no form touches have D = 0: they stay 0.
    """
    for q in range(first, len(a)):
        size = a[q, q]
        if size <= 0.0:
            for p in range(q + 1):
                a[q, p] = 0.0
            continue
        for p in range(first, q):
            for h in range(first, p):
                a[q, p] -= a[q, h] * a[h, h] * a[p, h]
            a[q, p] = a[q, p] / a[p, p] if a[p, p] > 0.0 else 0.0
        for h in range(first, q):
            a[q, q] -= a[q, h] * a[q, h] * a[h, h]
        a[q, q] = max(a[q, q], ROUNDING * size)
        for p in range(first, q):
            for s in range(first):
                a[q, s] -= a[q, p] * a[p, s]


@jit
def factorise(m, n_states, free, band):
    """Controls eliminated in m; L D L^T of what is left on the states in place of the band, D in its first column.

    n_states is the number of states that a slot sees, the one before included. Fixed states are identity rows.
    """
    n, width = band.shape
    least = np.empty(n)
    for i in range(n):
        least[i] = LEAST
        for b in range(width):
            band[i, b] = 0.0
    for i in range(n):
        a = m[i]
        for p in range(n_states):
            if 0 <= i - 1 + p < n:
                least[i - 1 + p] += ROUNDING * a[p, p]
        _eliminate_controls(a, n_states)
        for p in range(n_states):
            r = i - 1 + p
            if r < 0 or r >= n:  # no form sees them
                continue
            for q in range(p + 1):
                value = a[p, q]
                for c in range(n_states, len(a)):
                    if a[c, c] > 0.0:
                        value -= a[c, p] * a[c, q] / a[c, c]
                band[r, p - q] += value
    for i in range(n):
        if not free[i]:
            for b in range(width):
                band[i, b] = 0.0
                if b > 0 and i + b < n:
                    band[i + b, b] = 0.0
            band[i, 0] = 1.0
    for i in range(n):
        first = max(0, i - width + 1)
        for j in range(first, i):  # L_ij D_j
            value = band[i, i - j]
            for h in range(max(first, j - width + 1), j):
                value -= band[i, i - h] * band[j, j - h]
            band[i, i - j] = value
        pivot = band[i, 0]
        for j in range(first, i):
            share = band[i, i - j] / band[j, 0]
            pivot -= share * band[i, i - j]
            band[i, i - j] = share
        band[i, 0] = max(pivot, least[i]) if free[i] else 1.0


@jit
def solve(m, n_states, free, band, x):
    """x [n_slot, 1 + k] = M^-1 x."""
    n, width = band.shape
    e = np.zeros(n)
    for i in range(n):
        e[i] += x[i, 0]
        a = m[i]
        for c in range(n_states, len(a)):  # x of the controls: L^-1 x
            at = c - n_states + 1
            for h in range(n_states, c):
                x[i, at] -= a[c, h] * x[i, h - n_states + 1]
            if a[c, c] > 0.0:
                share = x[i, at] / a[c, c]
                for p in range(n_states):
                    if a[c, p] != 0.0:
                        e[i - 1 + p] -= a[c, p] * share
    for i in range(n):
        if not free[i]:
            e[i] = 0.0
        for b in range(1, min(width, i + 1)):
            e[i] -= band[i, b] * e[i - b]
    for i in range(n):
        e[i] /= band[i, 0]
    for i in range(n - 1, -1, -1):
        for b in range(1, min(width, i + 1)):
            e[i - b] -= band[i, b] * e[i]
    for i in range(n):
        a = m[i]
        x[i, 0] = e[i]
        for c in range(len(a) - 1, n_states - 1, -1):
            at = c - n_states + 1
            if a[c, c] <= 0.0:
                x[i, at] = 0.0
                continue
            value = x[i, at]
            for p in range(n_states):
                if a[c, p] != 0.0:
                    value -= a[c, p] * e[i - 1 + p]
            value /= a[c, c]
            for h in range(c + 1, len(a)):
                value -= a[h, c] * x[i, h - n_states + 1]
            x[i, at] = value


@jit
def schur(slot, row, coefficient, place, m, n_states, free, band, begin, y, x, c):
    """Lower triangle of c [n_row, n_row] += W M^-1 W^T of one chain whose first slot is ``begin``, all rows at once.

    The forms of the rows are in order of slot; y [n_slot of the chain, n_row], x [n_slot of the chain, k, n_row] are 0.
    """
    n_slots, width = len(y), coefficient.shape[1]
    n_controls = m.shape[1] - n_states
    is_touched = np.zeros((n_slots, n_controls), dtype=np.bool_)
    for r in range(len(slot)):
        for p in range(width):
            if coefficient[r, p] != 0.0:
                if place[p] < n_states:
                    y[slot[r] - 1 + place[p] - begin, row[r]] += coefficient[r, p]
                else:
                    x[slot[r] - begin, place[p] - n_states, row[r]] += coefficient[r, p]
                    is_touched[slot[r] - begin, place[p] - n_states] = True
    for i in range(n_slots):  # L^-1 of the controls
        for q in range(n_controls):
            if is_touched[i, q]:
                for h in range(q + 1, n_controls):
                    _add(x[i, h], -m[begin + i, n_states + h, n_states + q], x[i, q])
                    is_touched[i, h] = True
                pivot = m[begin + i, n_states + q, n_states + q]
                for p in range(n_states):
                    if m[begin + i, n_states + q, p] != 0.0 and pivot > 0.0:
                        _add(y[i - 1 + p], -m[begin + i, n_states + q, p] / pivot, x[i, q])
    _solve_states(free, band, begin, y)
    for i in range(n_slots):
        is_needed = False
        for q in range(n_controls):
            is_needed = is_needed or is_touched[i, q]
        for q in range(n_controls - 1, -1, -1):
            if not is_needed:
                continue
            pivot = m[begin + i, n_states + q, n_states + q]
            if pivot <= 0.0:
                x[i, q] *= 0.0
                continue
            for p in range(n_states):
                if m[begin + i, n_states + q, p] != 0.0:
                    _add(x[i, q], -m[begin + i, n_states + q, p], y[i - 1 + p])
            x[i, q] *= 1.0 / pivot
            for h in range(q + 1, n_controls):
                _add(x[i, q], -m[begin + i, n_states + h, n_states + q], x[i, h])
    for r in range(len(slot)):
        i, part = slot[r] - begin, c[row[r], : row[r] + 1]
        for p in range(width):
            if coefficient[r, p] != 0.0:
                if place[p] < n_states:
                    _add(part, coefficient[r, p], y[i - 1 + place[p]])
                else:
                    _add(part, coefficient[r, p], x[i, place[p] - n_states])


@jit
def _add(to, share, values):
    if share != 0.0:
        for k in range(len(to)):
            to[k] += share * values[k]


@jit
def _solve_states(free, band, begin, y):
    """A^-1 y in place, for the states of one chain."""
    n, width = len(y), band.shape[1]
    for i in range(n):
        if not free[begin + i]:
            y[i] *= 0.0
            continue
        for b in range(1, min(width, i + 1)):
            _add(y[i], -band[begin + i, b], y[i - b])
    for i in range(n):
        y[i] *= 1.0 / band[begin + i, 0]
    for i in range(n - 1, -1, -1):
        for b in range(1, min(width, i + 1)):
            _add(y[i - b], -band[begin + i, b], y[i])


@jit
def add_block(to, own, c):
    """to[own, own] += c, lower triangles; own ascends."""
    for j in range(len(own)):
        for k in range(j + 1):
            to[own[j], own[k]] += c[j, k]
