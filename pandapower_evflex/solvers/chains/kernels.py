"""Compiled loops of `forms.py` and `system.py`, over slots in order of chain and time.

A slot has m states and k controls; its columns are (states before, states, controls), 2 m + k of them. Forms that see
``ahead`` slots further have the state of each of these behind them; m is 1 there, see `banded.py`.
"""

from __future__ import annotations

import numpy as np

from pandapower_evflex.kernels.jit import jit

#: share of the diagonal before elimination below which a pivot is rounding noise of either sign
ROUNDING = 1e-13
#: least pivot of a state
LEAST = 1e-14


@jit
def values(slot, coefficient, ahead, x, value):
    n_states = coefficient.shape[1] - x.shape[1] - ahead
    n_own = n_states + x.shape[1]
    for r in range(len(slot)):
        i = slot[r]
        total = 0.0
        for q in range(x.shape[1]):
            total += coefficient[r, n_states + q] * x[i, q]
        for q in range(n_states):
            if coefficient[r, q] != 0.0:
                total += coefficient[r, q] * x[i - 1, q]
        for q in range(ahead):
            if coefficient[r, n_own + q] != 0.0:
                total += coefficient[r, n_own + q] * x[i + 1 + q, 0]
        value[r] = total


@jit
def add_transposed(slot, coefficient, ahead, y, to):
    n_states = coefficient.shape[1] - to.shape[1] - ahead
    n_own = n_states + to.shape[1]
    for r in range(len(slot)):
        i = slot[r]
        for q in range(to.shape[1]):
            to[i, q] += coefficient[r, n_states + q] * y[r]
        for q in range(n_states):
            if coefficient[r, q] != 0.0:
                to[i - 1, q] += coefficient[r, q] * y[r]
        for q in range(ahead):
            if coefficient[r, n_own + q] != 0.0:
                to[i + 1 + q, 0] += coefficient[r, n_own + q] * y[r]


@jit
def accumulate(slot, coefficient, weight, m):
    """Lower triangles of m [n_slot, 2 m + k, 2 m + k] += weight times form times form transposed."""
    width = coefficient.shape[1]
    for r in range(len(slot)):
        at = m[slot[r]]
        for p in range(width):
            share = weight[r] * coefficient[r, p]
            if share != 0.0:
                for q in range(p + 1):
                    at[p, q] += share * coefficient[r, q]


@jit
def eliminate_controls(a, first):
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
def _reduced_states(m, follows, pivot, low, least):
    """The matrix of the states with the controls eliminated: blocks of the diagonal, and those before it."""
    n_states = pivot.shape[1]
    first = 2 * n_states
    for i in range(len(m)):
        a = m[i]
        for q in range(n_states):
            least[i, q] += ROUNDING * a[n_states + q, n_states + q]
            if follows[i]:
                least[i - 1, q] += ROUNDING * a[q, q]
        eliminate_controls(a, first)
        for p in range(n_states):
            for q in range(n_states):
                own, before = a[n_states + max(p, q), n_states + min(p, q)], a[max(p, q), min(p, q)]
                across = a[n_states + p, q]
                for c in range(first, len(a)):
                    if a[c, c] > 0.0:
                        own -= a[c, n_states + p] * a[c, n_states + q] / a[c, c]
                        before -= a[c, p] * a[c, q] / a[c, c]
                        across -= a[c, n_states + p] * a[c, q] / a[c, c]
                pivot[i, p, q] += own
                if follows[i]:
                    pivot[i - 1, p, q] += before
                    low[i, p, q] = across


@jit
def _solve_block(d, v):
    """D^-1 v in place, D = L diag L^T in d."""
    for p in range(len(v)):
        for h in range(p):
            v[p] -= d[p, h] * v[h]
    for p in range(len(v)):
        v[p] /= d[p, p]
    for p in range(len(v) - 2, -1, -1):
        for h in range(p + 1, len(v)):
            v[p] -= d[h, p] * v[h]


@jit
def factorise(m, follows, free, pivot, low):
    """Controls eliminated in m; the states by block L D L^T along the slots.

    pivot [n_slot, m, m] holds D_i, itself as L D L^T; a row of low [n_slot, m, m] is that of a state in the block
    before D_i, times D_{i-1}^-1. Fixed states are identity rows.
    """
    n, n_states = len(m), pivot.shape[1]
    least = np.empty((n, n_states))
    for i in range(n):  # loops over elements compile in a fraction of the time that slices take
        for q in range(n_states):
            least[i, q] = LEAST
            for p in range(n_states):
                pivot[i, q, p] = low[i, q, p] = 0.0
    _reduced_states(m, follows, pivot, low, least)
    across = np.empty((n_states, n_states))
    for i in range(n):
        for q in range(n_states):
            if not free[i, q]:
                for p in range(n_states):
                    pivot[i, q, p] = pivot[i, p, q] = low[i, q, p] = 0.0
                    if i + 1 < n:
                        low[i + 1, p, q] = 0.0
                pivot[i, q, q] = 1.0
        if follows[i]:
            for q in range(n_states):
                for p in range(n_states):
                    across[q, p] = low[i, q, p]
                _solve_block(pivot[i - 1], low[i, q])
            for p in range(n_states):
                for q in range(n_states):
                    for h in range(n_states):
                        pivot[i, p, q] -= across[p, h] * low[i, q, h]
        for q in range(n_states):
            for p in range(q):
                for h in range(p):
                    pivot[i, q, p] -= pivot[i, q, h] * pivot[i, h, h] * pivot[i, p, h]
                pivot[i, q, p] /= pivot[i, p, p]
            for h in range(q):
                pivot[i, q, q] -= pivot[i, q, h] * pivot[i, q, h] * pivot[i, h, h]
            if free[i, q]:
                pivot[i, q, q] = max(pivot[i, q, q], least[i, q])


@jit
def _sweep(start, first, last, pivot, low, e):
    """A^-1 e in place, slots first to last; e is 0 before slot start."""
    n_states = e.shape[1]
    if n_states == 1:
        for i in range(start + 1, last):
            e[i, 0] -= low[i, 0, 0] * e[i - 1, 0]
        for i in range(start, last):
            e[i, 0] /= pivot[i, 0, 0]
        for i in range(last - 1, first, -1):
            e[i - 1, 0] -= low[i, 0, 0] * e[i, 0]
        return
    for i in range(start + 1, last):
        for q in range(n_states):
            for h in range(n_states):
                e[i, q] -= low[i, q, h] * e[i - 1, h]
    for i in range(start, last):
        _solve_block(pivot[i], e[i])
    for i in range(last - 1, first, -1):
        for q in range(n_states):
            for h in range(n_states):
                e[i - 1, h] -= low[i, q, h] * e[i, q]


@jit
def solve(m, follows, free, pivot, low, x):
    n, n_states, width = len(m), pivot.shape[1], m.shape[1]
    first = 2 * n_states
    e = np.zeros((n, n_states))
    for i in range(n):
        a = m[i]
        for q in range(n_states):
            e[i, q] += x[i, q]
        for c in range(first, width):  # x of the controls: L^-1 x
            for h in range(first, c):
                x[i, c - n_states] -= a[c, h] * x[i, h - n_states]
            share = x[i, c - n_states] / a[c, c] if a[c, c] > 0.0 else 0.0
            for q in range(n_states):
                e[i, q] -= a[c, n_states + q] * share
                if follows[i]:
                    e[i - 1, q] -= a[c, q] * share
    for i in range(n):
        for q in range(n_states):
            if not free[i, q]:
                e[i, q] = 0.0
    _sweep(np.int64(0), np.int64(0), n, pivot, low, e)  # a literal would be a signature of its own
    for i in range(n):
        a = m[i]
        for q in range(n_states):
            x[i, q] = e[i, q]
        for c in range(width - 1, first - 1, -1):
            value = 0.0
            if a[c, c] > 0.0:
                value = x[i, c - n_states]
                for q in range(n_states):
                    value -= a[c, n_states + q] * e[i, q]
                    if follows[i]:
                        value -= a[c, q] * e[i - 1, q]
                value /= a[c, c]
                for h in range(c + 1, width):
                    value -= a[h, c] * x[i, h - n_states]
            x[i, c - n_states] = value


@jit
def schur(
    units, side_by_side, start, row, value, chain, chain_start, m, follows, free, pivot, low, c
):  # fmt: skip
    """Sum over chains and pairs of their unknowns u, w of (u^T M^-1 w) times the rows' coefficients on both.

    Unknowns are numbered (m + k) slot + column of x.
    """
    n_units, n_states = len(units), pivot.shape[1]
    first, n_columns = 2 * n_states, m.shape[1] - n_states
    at = np.zeros((n_units, 2 * n_states))  # controls eliminated: coefficients on the states before and the states
    own = np.zeros((n_units, m.shape[1]))  # L^-1 of the control
    for a in range(n_units):
        i, column = units[a] // n_columns, n_states + units[a] % n_columns
        if column < first:
            at[a, column] = 1.0
        else:
            own[a, column] = 1.0
            for p in range(column, m.shape[1]):
                for h in range(column, p):
                    own[a, p] -= m[i, p, h] * own[a, h]
                if m[i, p, p] > 0.0:
                    for q in range(first):
                        at[a, q] -= m[i, p, q] * own[a, p] / m[i, p, p]
        for q in range(n_states):
            if not (follows[i] and free[i - 1, q]):
                at[a, q] = 0.0
            if not free[i, q]:
                at[a, n_states + q] = 0.0
    e = np.zeros((len(m), n_states))
    for number in range(len(chain_start) - 1):
        begin, end = chain_start[number], chain_start[number + 1]
        for a in range(chain[number], chain[number + 1]):
            i = units[a] // n_columns
            for j in range(begin, end):
                for q in range(n_states):
                    e[j, q] = 0.0
            for q in range(n_states):
                e[i, q] = at[a, n_states + q]
                if at[a, q] != 0.0:
                    e[i - 1, q] = at[a, q]
            _sweep(max(i - 1, begin), begin, end, pivot, low, e)
            for b in range(chain[number], a + 1):
                j = units[b] // n_columns
                green = 0.0
                for q in range(n_states):
                    green += at[b, n_states + q] * e[j, q]
                    if at[b, q] != 0.0:
                        green += at[b, q] * e[j - 1, q]
                if i == j:
                    for p in range(first, m.shape[1]):
                        if m[i, p, p] > 0.0:
                            green += own[a, p] * own[b, p] / m[i, p, p]
                if a == b:  # the transpose is added below
                    green *= 0.5
                k0, k1 = start[b], start[b + 1]
                for q in range(start[a], start[a + 1]):
                    share = green * value[q]
                    if side_by_side[b]:
                        part = c[row[q], row[k0] : row[k0] + k1 - k0]
                        for k in range(k1 - k0):
                            part[k] += share * value[k0 + k]
                    else:
                        for k in range(k0, k1):
                            c[row[q], row[k]] += share * value[k]
