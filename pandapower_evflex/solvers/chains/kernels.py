"""Compiled loops of `system.py`, over slots in order of chain and time."""

from __future__ import annotations

import numpy as np

from pandapower_evflex.kernels.jit import jit

#: columns of M per slot: products of (energy before, E, T, D)
_PP, _PO, _OO, _TP, _TO, _TT, _DP, _DO, _DD = range(9)
#: share of the diagonal before elimination below which a pivot is rounding noise of either sign
_ROUNDING = 1e-13


@jit
def values(slot, coefficient, x, value):
    for r in range(len(slot)):
        i = slot[r]
        a = coefficient[r]
        total = a[1] * x[i, 0] + a[2] * x[i, 1] + a[3] * x[i, 2]
        if a[0] != 0.0:
            total += a[0] * x[i - 1, 0]
        value[r] = total


@jit
def add_transposed(slot, coefficient, y, to):
    for r in range(len(slot)):
        i = slot[r]
        a = coefficient[r]
        to[i, 0] += a[1] * y[r]
        to[i, 1] += a[2] * y[r]
        to[i, 2] += a[3] * y[r]
        if a[0] != 0.0:
            to[i - 1, 0] += a[0] * y[r]


@jit
def accumulate(slot, coefficient, weight, m):
    for r in range(len(slot)):
        p, o, t, d = coefficient[r]
        w = weight[r]
        at = m[slot[r]]
        at[_PP] += w * p * p
        at[_PO] += w * p * o
        at[_OO] += w * o * o
        if t != 0.0:
            at[_TP] += w * t * p
            at[_TO] += w * t * o
            at[_TT] += w * t * t
        if d != 0.0:
            at[_DP] += w * d * p
            at[_DO] += w * d * o
            at[_DD] += w * d * d


@jit
def factorise(m, follows, free, pivot, low):
    """A = L diag(pivot) L^T along the slots; fixed energies are identity rows."""
    n = len(m)
    pivot[:] = 0.0
    low[:] = 0.0
    least = np.full(n, 1e-14)
    for i in range(n):
        pp, po, oo, tp, to, tt, dp, do, dd = m[i]
        least[i] += _ROUNDING * oo
        if follows[i]:
            least[i - 1] += _ROUNDING * pp
        if tt > 0.0:
            pp -= tp * tp / tt
            po -= tp * to / tt
            oo -= to * to / tt
        if dd > 0.0:
            pp -= dp * dp / dd
            po -= dp * do / dd
            oo -= do * do / dd
        pivot[i] += oo
        if follows[i]:
            pivot[i - 1] += pp
            low[i] = po
    for i in range(n):
        if not free[i]:
            pivot[i], low[i] = 1.0, 0.0
            if i + 1 < n:
                low[i + 1] = 0.0
    for i in range(n):
        if free[i]:
            if follows[i] and free[i - 1]:
                ratio = low[i] / pivot[i - 1]
                pivot[i] -= ratio * low[i]
                low[i] = ratio
            else:
                low[i] = 0.0
            pivot[i] = max(pivot[i], least[i])


@jit
def _sweep(first, last, pivot, low, e):
    """A^-1 e in place, slots first to last."""
    for i in range(first + 1, last):
        e[i] -= low[i] * e[i - 1]
    for i in range(first, last):
        e[i] /= pivot[i]
    for i in range(last - 1, first, -1):
        e[i - 1] -= low[i] * e[i]


@jit
def solve(m, follows, free, pivot, low, x):
    n = len(m)
    e = np.zeros(n)
    for i in range(n):
        e[i] += x[i, 0]
        for column, p, o, own in ((1, _TP, _TO, _TT), (2, _DP, _DO, _DD)):
            if m[i, own] > 0.0:
                share = x[i, column] / m[i, own]
                e[i] -= m[i, o] * share
                if follows[i]:
                    e[i - 1] -= m[i, p] * share
    for i in range(n):
        if not free[i]:
            e[i] = 0.0
    _sweep(np.int64(0), n, pivot, low, e)  # a literal would be a signature of its own
    for i in range(n):
        x[i, 0] = e[i]
        before = e[i - 1] if follows[i] else 0.0
        for column, p, o, own in ((1, _TP, _TO, _TT), (2, _DP, _DO, _DD)):
            if m[i, own] > 0.0:
                x[i, column] = (x[i, column] - m[i, p] * before - m[i, o] * e[i]) / m[i, own]
            else:
                x[i, column] = 0.0


@jit
def schur(
    units, side_by_side, start, row, value, chain, chain_start, m, follows, free, pivot, low, c
):  # fmt: skip
    """Sum over chains and pairs of their unknowns u, w of (u^T M^-1 w) times the rows' coefficients on both.

    Unknowns are numbered 3 slot + (0: E, 1: T, 2: D).
    """
    n_units = len(units)
    at = np.empty((n_units, 2))  # T and D eliminated: coefficients on the energy before and on E
    for a in range(n_units):
        i, kind = units[a] // 3, units[a] % 3
        p, o = 0.0, 1.0
        if kind == 1:
            p, o = -m[i, _TP] / m[i, _TT], -m[i, _TO] / m[i, _TT]
        elif kind == 2:
            p, o = -m[i, _DP] / m[i, _DD], -m[i, _DO] / m[i, _DD]
        at[a, 0] = p if follows[i] and free[i - 1] else 0.0
        at[a, 1] = o if free[i] else 0.0
    e = np.zeros(len(m))
    for number in range(len(chain_start) - 1):
        first, last = chain_start[number], chain_start[number + 1]
        for a in range(chain[number], chain[number + 1]):
            i, kind = units[a] // 3, units[a] % 3
            e[first:last] = 0.0
            e[i] = at[a, 1]
            if at[a, 0] != 0.0:
                e[i - 1] = at[a, 0]
            _sweep(first, last, pivot, low, e)
            for b in range(chain[number], a + 1):
                j = units[b] // 3
                green = at[b, 1] * e[j]
                if at[b, 0] != 0.0:
                    green += at[b, 0] * e[j - 1]
                if a == b and kind > 0:
                    green += 1.0 / m[i, _TT if kind == 1 else _DD]
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
