"""Compiled loops of `banded.py`, over slots in order of chain and time.

The matrix of a slot has its unknowns in the order (state before, state, states of the slots after, controls); in band
[n_slot, w + 1] column b of slot i is the entry of its state and that of slot i - b.
"""

from __future__ import annotations

import numpy as np

from pandapower_evflex.kernels.jit import jit
from pandapower_evflex.solvers.chains.kernels import LEAST, ROUNDING, eliminate_controls


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
        eliminate_controls(a, n_states)
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
def halves(slot, row, coefficient, place, m, n_states, free, band, begin, y, c):
    """Forms of one chain, in order of slot, half way through a solve: y [n_slot of the chain, n_row] on the states.

    The part of their controls is added to c [n_row, n_row], symmetric.
    """
    n_rows, width = y.shape[1], coefficient.shape[1]
    n_controls = m.shape[1] - n_states
    own = np.zeros((n_controls, n_rows))
    touched = np.empty(n_rows, dtype=np.int64)
    is_touched = np.zeros(n_rows, dtype=np.bool_)
    r = 0
    while r < len(slot):
        i, n_touched = slot[r], 0
        a = m[i]
        while r < len(slot) and slot[r] == i:
            for p in range(width):
                if coefficient[r, p] == 0.0:
                    continue
                if place[p] < n_states:
                    y[i - 1 + place[p] - begin, row[r]] += coefficient[r, p]
                else:
                    own[place[p] - n_states, row[r]] += coefficient[r, p]
                    if not is_touched[row[r]]:
                        is_touched[row[r]] = True
                        touched[n_touched] = row[r]
                        n_touched += 1
            r += 1
        for t in range(n_touched):
            k = touched[t]
            is_touched[k] = False
            for q in range(n_controls):
                for h in range(q):
                    own[q, k] -= a[n_states + q, n_states + h] * own[h, k]
                pivot = a[n_states + q, n_states + q]
                if pivot > 0.0:
                    for p in range(n_states):
                        if a[n_states + q, p] != 0.0:
                            y[i - 1 + p - begin, k] -= a[n_states + q, p] * own[q, k] / pivot
                    for s in range(t + 1):
                        j = touched[s]
                        part = own[q, k] * own[q, j] / pivot
                        c[k, j] += part
                        if j != k:
                            c[j, k] += part
        for t in range(n_touched):
            for q in range(n_controls):
                own[q, touched[t]] = 0.0
    for i in range(len(y)):
        if not free[begin + i]:
            for k in range(n_rows):
                y[i, k] = 0.0
            continue
        for b in range(1, min(band.shape[1], i + 1)):
            share = band[begin + i, b]
            if share != 0.0:
                for k in range(n_rows):
                    y[i, k] -= share * y[i - b, k]
