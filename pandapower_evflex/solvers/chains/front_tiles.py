"""The loops in which `front_kernels.py` spends its time, over four rows at once.

Unsigned numbers index from the front only: with signed ones these loops are not vectorised. A range that ends before
it begins would run through all memory: callers see to first <= last.
"""

from __future__ import annotations

import numpy as np

from pandapower_evflex.kernels.jit import jit, jit_fused, jit_sum


@jit
def add_sizes(a, k, end, n, mark):
    """mark [n]: from column ``end`` on the sums of the sizes of rows k to ``end``, the last perhaps more than once."""
    last = end - 1
    r0, r1, r2, r3 = np.uint64(k), np.uint64(min(k + 1, last)), np.uint64(min(k + 2, last)), np.uint64(last)
    for c in range(np.uint64(end), np.uint64(n)):
        mark[c] = abs(a[r0, c]) + abs(a[r1, c]) + abs(a[r2, c]) + abs(a[r3, c])


@jit_fused
def divide_panel(a, k, first, last, low, inverse, panel, packed, at, share):
    """Rows k to k + 3 of a divided by L, in one run: D L^T to packed from ``at`` on, L^T to share."""
    r0, r1, r2, r3 = np.uint64(k), np.uint64(k + 1), np.uint64(k + 2), np.uint64(k + 3)
    w, t0 = np.uint64(last - first), np.uint64(at)
    t1, t2, t3 = t0 + w, t0 + np.uint64(2) * w, t0 + np.uint64(3) * w
    l01, l02, l03 = low[panel, 0, 1], low[panel, 0, 2], low[panel, 0, 3]
    l12, l13, l23 = low[panel, 1, 2], low[panel, 1, 3], low[panel, 2, 3]
    d0, d1, d2, d3 = inverse[panel, 0], inverse[panel, 1], inverse[panel, 2], inverse[panel, 3]
    s0, s1, s2, s3, start = np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(first)
    for q in range(w):
        c = start + q
        v0 = a[r0, c]
        v1 = a[r1, c] - l01 * v0
        v2 = a[r2, c] - l02 * v0 - l12 * v1
        v3 = a[r3, c] - l03 * v0 - l13 * v1 - l23 * v2
        packed[t0 + q], packed[t1 + q], packed[t2 + q], packed[t3 + q] = v0, v1, v2, v3
        share[s0, c], share[s1, c], share[s2, c], share[s3, c] = d0 * v0, d1 * v1, d2 * v2, d3 * v3


@jit_fused
def subtract_tile(share, packed, at, width, a, first, last, j):
    """Rows j to j + 3 of a less their shares of the four rows of a run: each number is loaded once for 16 products.

    14 to 20 products a nanosecond in runs of 40 to 128 columns, 6 in those of 8 (Sapphire Rapids at some 3 GHz, whose
    vectors of 256 bits could do 24).
    """
    t0, t1, t2, t3 = np.uint64(j), np.uint64(j + 1), np.uint64(j + 2), np.uint64(j + 3)
    w, r0 = np.uint64(width), np.uint64(at)
    r1, r2, r3 = r0 + w, r0 + np.uint64(2) * w, r0 + np.uint64(3) * w
    s00, s01, s02, s03 = share[0, j], share[0, j + 1], share[0, j + 2], share[0, j + 3]
    s10, s11, s12, s13 = share[1, j], share[1, j + 1], share[1, j + 2], share[1, j + 3]
    s20, s21, s22, s23 = share[2, j], share[2, j + 1], share[2, j + 2], share[2, j + 3]
    s30, s31, s32, s33 = share[3, j], share[3, j + 1], share[3, j + 2], share[3, j + 3]
    start = np.uint64(first)
    for q in range(np.uint64(last - first)):
        c = start + q
        v0, v1, v2, v3 = packed[r0 + q], packed[r1 + q], packed[r2 + q], packed[r3 + q]
        a[t0, c] = a[t0, c] - s00 * v0 - s10 * v1 - s20 * v2 - s30 * v3
        a[t1, c] = a[t1, c] - s01 * v0 - s11 * v1 - s21 * v2 - s31 * v3
        a[t2, c] = a[t2, c] - s02 * v0 - s12 * v1 - s22 * v2 - s32 * v3
        a[t3, c] = a[t3, c] - s03 * v0 - s13 * v1 - s23 * v2 - s33 * v3


@jit_fused
def subtract_rows(part, packed, at, first, last, local):
    """Numbers first to last of local less the rows of a run, each times its part."""
    to, w, r0 = np.uint64(first), np.uint64(last - first), np.uint64(at)
    r1, r2, r3 = r0 + w, r0 + np.uint64(2) * w, r0 + np.uint64(3) * w
    p0, p1, p2, p3 = part[0], part[1], part[2], part[3]
    for q in range(w):
        of_rows = p0 * packed[r0 + q] + p1 * packed[r1 + q] + p2 * packed[r2 + q] + p3 * packed[r3 + q]
        local[to + q] -= of_rows


@jit_sum
def add_products(packed, at, first, last, local, part):
    """To part, the products of the rows of a run with numbers first to last of local."""
    to, w, r0 = np.uint64(first), np.uint64(last - first), np.uint64(at)
    r1, r2, r3 = r0 + w, r0 + np.uint64(2) * w, r0 + np.uint64(3) * w
    p0 = p1 = p2 = p3 = 0.0
    for q in range(w):
        x = local[to + q]
        p0 += packed[r0 + q] * x
        p1 += packed[r1 + q] * x
        p2 += packed[r2 + q] * x
        p3 += packed[r3 + q] * x
    part[0] += p0
    part[1] += p1
    part[2] += p2
    part[3] += p3
