"""The two loops in which `front_kernels.py` spends its time.

Unsigned numbers index from the front only: with signed ones these loops are not vectorised. A range that ends before
it begins would run through all memory: callers see to first <= last.
"""

from __future__ import annotations

import numpy as np

from pandapower_evflex.kernels.jit import jit, jit_fused, jit_sum

#: number of pivots that are taken in one pass, and of rows that they are taken from
PANEL, TILE = 8, 4
#: columns of a vector, or two of them: loops over multiples of it have no rest
WIDTH = 8


@jit_fused
def divide_panel(a, k, first, last, low, inverse, packed, at, share):
    """Rows k to k + 7 of a divided by L, in one run: D L^T to packed from ``at`` on, L^T to share."""
    to, width = np.uint64(at), np.uint64(last - first)
    r0, r1, r2, r3 = np.uint64(k), np.uint64(k + 1), np.uint64(k + 2), np.uint64(k + 3)
    r4, r5, r6, r7 = np.uint64(k + 4), np.uint64(k + 5), np.uint64(k + 6), np.uint64(k + 7)
    t0, t1, t2, t3 = to, to + width, to + np.uint64(2) * width, to + np.uint64(3) * width
    f = np.uint64(4) * width
    t4, t5, t6, t7 = t0 + f, t1 + f, t2 + f, t3 + f
    l01, l02, l03, l04, l05, l06, l07 = low[0, 1], low[0, 2], low[0, 3], low[0, 4], low[0, 5], low[0, 6], low[0, 7]
    l12, l13, l14, l15, l16, l17 = low[1, 2], low[1, 3], low[1, 4], low[1, 5], low[1, 6], low[1, 7]
    l23, l24, l25, l26, l27 = low[2, 3], low[2, 4], low[2, 5], low[2, 6], low[2, 7]
    l34, l35, l36, l37, l45, l46, l47 = low[3, 4], low[3, 5], low[3, 6], low[3, 7], low[4, 5], low[4, 6], low[4, 7]
    l56, l57, l67 = low[5, 6], low[5, 7], low[6, 7]
    start = np.uint64(first)
    for q in range(width):
        c = start + q
        v0 = a[r0, c]
        v1 = a[r1, c] - l01 * v0
        v2 = a[r2, c] - l02 * v0 - l12 * v1
        v3 = a[r3, c] - l03 * v0 - l13 * v1 - l23 * v2
        v4 = a[r4, c] - l04 * v0 - l14 * v1 - l24 * v2 - l34 * v3
        v5 = a[r5, c] - l05 * v0 - l15 * v1 - l25 * v2 - l35 * v3 - l45 * v4
        v6 = a[r6, c] - l06 * v0 - l16 * v1 - l26 * v2 - l36 * v3 - l46 * v4 - l56 * v5
        v7 = a[r7, c] - l07 * v0 - l17 * v1 - l27 * v2 - l37 * v3 - l47 * v4 - l57 * v5 - l67 * v6
        packed[t0 + q], packed[t1 + q], packed[t2 + q], packed[t3 + q] = v0, v1, v2, v3
        packed[t4 + q], packed[t5 + q], packed[t6 + q], packed[t7 + q] = v4, v5, v6, v7
    for i in range(PANEL):
        row, d = to + np.uint64(i) * width, inverse[i]
        to_share = np.uint64(i)
        for q in range(width):
            share[to_share, start + q] = d * packed[row + q]


@jit_fused
def subtract_tile(share, packed, at, width, a, first, last, j):
    """Rows j to j + 3 of a less their shares of the eight rows of a run: each number is loaded once for 32 products."""
    t0, t1, t2, t3 = np.uint64(j), np.uint64(j + 1), np.uint64(j + 2), np.uint64(j + 3)
    r0, w = np.uint64(at), np.uint64(width)
    r1, r2, r3 = r0 + w, r0 + np.uint64(2) * w, r0 + np.uint64(3) * w
    r4, r5, r6, r7 = r0 + np.uint64(4) * w, r0 + np.uint64(5) * w, r0 + np.uint64(6) * w, r0 + np.uint64(7) * w
    s00, s01, s02, s03 = share[0, j], share[0, j + 1], share[0, j + 2], share[0, j + 3]
    s10, s11, s12, s13 = share[1, j], share[1, j + 1], share[1, j + 2], share[1, j + 3]
    s20, s21, s22, s23 = share[2, j], share[2, j + 1], share[2, j + 2], share[2, j + 3]
    s30, s31, s32, s33 = share[3, j], share[3, j + 1], share[3, j + 2], share[3, j + 3]
    s40, s41, s42, s43 = share[4, j], share[4, j + 1], share[4, j + 2], share[4, j + 3]
    s50, s51, s52, s53 = share[5, j], share[5, j + 1], share[5, j + 2], share[5, j + 3]
    s60, s61, s62, s63 = share[6, j], share[6, j + 1], share[6, j + 2], share[6, j + 3]
    s70, s71, s72, s73 = share[7, j], share[7, j + 1], share[7, j + 2], share[7, j + 3]
    start = np.uint64(first)
    for q in range(np.uint64(last - first)):
        c = start + q
        v0, v1, v2, v3 = packed[r0 + q], packed[r1 + q], packed[r2 + q], packed[r3 + q]
        v4, v5, v6, v7 = packed[r4 + q], packed[r5 + q], packed[r6 + q], packed[r7 + q]
        a[t0, c] = a[t0, c] - s00 * v0 - s10 * v1 - s20 * v2 - s30 * v3 - s40 * v4 - s50 * v5 - s60 * v6 - s70 * v7
        a[t1, c] = a[t1, c] - s01 * v0 - s11 * v1 - s21 * v2 - s31 * v3 - s41 * v4 - s51 * v5 - s61 * v6 - s71 * v7
        a[t2, c] = a[t2, c] - s02 * v0 - s12 * v1 - s22 * v2 - s32 * v3 - s42 * v4 - s52 * v5 - s62 * v6 - s72 * v7
        a[t3, c] = a[t3, c] - s03 * v0 - s13 * v1 - s23 * v2 - s33 * v3 - s43 * v4 - s53 * v5 - s63 * v6 - s73 * v7


@jit
def add_sizes(a, k, end, n, mark):
    """mark [n]: from column ``end`` on the sums of the sizes of rows k to ``end``, the last perhaps more than once."""
    last = end - 1
    r0, r1, r2, r3 = np.uint64(k), np.uint64(min(k + 1, last)), np.uint64(min(k + 2, last)), np.uint64(min(k + 3, last))
    r4, r5 = np.uint64(min(k + 4, last)), np.uint64(min(k + 5, last))
    r6, r7 = np.uint64(min(k + 6, last)), np.uint64(min(k + 7, last))
    for c in range(np.uint64(end), np.uint64(n)):
        mark[c] = (
            abs(a[r0, c]) + abs(a[r1, c]) + abs(a[r2, c]) + abs(a[r3, c])
            + abs(a[r4, c]) + abs(a[r5, c]) + abs(a[r6, c]) + abs(a[r7, c])
        )  # fmt: skip


@jit_fused
def subtract_rows(part, packed, at, first, last, local):
    """Numbers first to last of local less the rows of a run, each times its part."""
    to, w, r0 = np.uint64(first), np.uint64(last - first), np.uint64(at)
    r1, r2, r3 = r0 + w, r0 + np.uint64(2) * w, r0 + np.uint64(3) * w
    r4, r5, r6, r7 = r0 + np.uint64(4) * w, r0 + np.uint64(5) * w, r0 + np.uint64(6) * w, r0 + np.uint64(7) * w
    p0, p1, p2, p3, p4, p5, p6, p7 = part[0], part[1], part[2], part[3], part[4], part[5], part[6], part[7]
    for q in range(w):
        local[to + q] = (
            local[to + q] - p0 * packed[r0 + q] - p1 * packed[r1 + q] - p2 * packed[r2 + q] - p3 * packed[r3 + q]
            - p4 * packed[r4 + q] - p5 * packed[r5 + q] - p6 * packed[r6 + q] - p7 * packed[r7 + q]
        )  # fmt: skip


@jit_sum
def add_products(packed, at, first, last, local, part):
    """To part, the products of the rows of a run with numbers first to last of local."""
    to, w, r0 = np.uint64(first), np.uint64(last - first), np.uint64(at)
    r1, r2, r3 = r0 + w, r0 + np.uint64(2) * w, r0 + np.uint64(3) * w
    r4, r5, r6, r7 = r0 + np.uint64(4) * w, r0 + np.uint64(5) * w, r0 + np.uint64(6) * w, r0 + np.uint64(7) * w
    p0 = p1 = p2 = p3 = p4 = p5 = p6 = p7 = 0.0
    for q in range(w):
        x = local[to + q]
        p0 += packed[r0 + q] * x
        p1 += packed[r1 + q] * x
        p2 += packed[r2 + q] * x
        p3 += packed[r3 + q] * x
        p4 += packed[r4 + q] * x
        p5 += packed[r5 + q] * x
        p6 += packed[r6 + q] * x
        p7 += packed[r7 + q] * x
    part[0] += p0
    part[1] += p1
    part[2] += p2
    part[3] += p3
    part[4] += p4
    part[5] += p5
    part[6] += p6
    part[7] += p7
