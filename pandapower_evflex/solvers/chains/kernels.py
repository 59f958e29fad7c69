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
def values(slot, coefficient, step, column, x, value):
    """Column q of a form is on the number in ``column[q]`` of x, ``step[q]`` slots behind its own."""
    for r in range(len(slot)):
        i, total = slot[r], 0.0
        for q in range(len(step)):
            c = coefficient[r, q]
            if c != 0.0:
                total += c * x[i + step[q], column[q]]
        value[r] = total


@jit
def add_transposed(slot, coefficient, step, column, y, to):
    for r in range(len(slot)):
        i = slot[r]
        for q in range(len(step)):
            c = coefficient[r, q]
            if c != 0.0:
                to[i + step[q], column[q]] += c * y[r]


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
def factorise_band(a, least):
    """L D L^T in place; a [n, width] holds A[j, j - d] in a[j, d]. Pivots are at least ``least`` [n]."""
    width = a.shape[1]
    for j in range(len(a)):
        for d in range(width - 1, 0, -1):
            if d <= j:
                for h in range(d + 1, width):
                    if h <= j:
                        a[j, d] -= a[j, h] * a[j - d, h - d]
        for d in range(1, width):
            if d <= j:
                low = a[j, d] / a[j - d, 0]
                a[j, 0] -= low * a[j, d]
                a[j, d] = low
        if a[j, 0] < least[j]:
            a[j, 0] = least[j]


@jit
def solve_band(a, first, last, x):
    """A^-1 x in place, from unknown ``first`` to before ``last``, which nothing couples to those outside."""
    width = a.shape[1]
    for j in range(first + 1, last):
        for d in range(1, width):
            if d <= j:
                x[j] -= a[j, d] * x[j - d]
    for j in range(first, last):
        x[j] /= a[j, 0]
    for j in range(last - 1, first, -1):
        for d in range(1, width):
            if d <= j:
                x[j - d] -= a[j, d] * x[j]


@jit
def schur(slot, side_by_side, start, row, value, chain, chain_start, at, own, a, c):
    """Sum over chains and pairs of their unknowns u, w of (u^T M^-1 w) times the rows' coefficients on both.

    at [n_unit, 2 m] and own [n_unit, k] are the unknowns with the controls eliminated, a the factors of the states.
    """
    m = at.shape[1] // 2
    e = np.zeros(len(a))
    for number in range(len(chain_start) - 1):
        begin, end = m * chain_start[number], m * chain_start[number + 1]
        for u in range(chain[number], chain[number + 1]):
            i = m * (slot[u] - 1)
            for j in range(begin, end):
                e[j] = 0.0
            for q in range(2 * m):
                if at[u, q] != 0.0:
                    e[i + q] = at[u, q]
            solve_band(a, begin, end, e)
            for w in range(chain[number], u + 1):
                j = m * (slot[w] - 1)
                green = 0.0
                for q in range(2 * m):
                    if at[w, q] != 0.0:
                        green += at[w, q] * e[j + q]
                if i == j:
                    for p in range(own.shape[1]):
                        green += own[u, p] * own[w, p]
                if u == w:  # the transpose is added below
                    green *= 0.5
                k0, k1 = start[w], start[w + 1]
                for q in range(start[u], start[u + 1]):
                    share = green * value[q]
                    if side_by_side[w]:
                        part = c[row[q], row[k0] : row[k0] + k1 - k0]
                        for k in range(k1 - k0):
                            part[k] += share * value[k0 + k]
                    else:
                        for k in range(k0, k1):
                            c[row[q], row[k]] += share * value[k]
