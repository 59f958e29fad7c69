"""Compiled loops of `front_kernels.py` that put the matrix of one front together, its upper triangle a.

Unknowns from place ``n_static`` of `Fronts.index` on stand behind the ``n_rows`` rows of the front. What squares and
curvature have on the diagonal of each unknown is summed up in ``size``.
"""

from __future__ import annotations

from pandapower_evflex.kernels.jit import jit


@jit
def add_squares(slot, first, last, index, n_static, n_rows, m, own, begin, size, a):
    """The lower triangles m [n_slot, 2 m + k, 2 m + k] of slots ``first`` to ``last``, those of the front."""
    for number in range(first, last):
        s = slot[number]
        for p in range(index.shape[1]):
            i = index[s, p]
            if i < 0:
                continue
            if i >= n_static:
                i += n_rows
            size[own[begin + i]] += m[s, p, p]
            a[i, i] += m[s, p, p]
            for q in range(p):
                j, value = index[s, q], m[s, p, q]
                if j < 0 or value == 0.0:
                    continue
                if j >= n_static:
                    j += n_rows
                if i < j:
                    a[i, j] += value
                else:
                    a[j, i] += value


@jit
def add_curvature(
    block, first, last, start, slot, coefficient, port, matrix, index, n_static, n_rows, own, begin, size,
    at, weight, at_port, a,
):  # fmt: skip
    """Of each block, all pairs of coefficients, times the number of its matrix at their ports."""
    for number in range(first, last):
        b, n = block[number], 0
        for e in range(start[b], start[b + 1]):
            for p in range(index.shape[1]):
                i = index[slot[e], p]
                if coefficient[e, p] != 0.0 and i >= 0:
                    if i >= n_static:
                        i += n_rows
                    at[n], weight[n], at_port[n] = i, coefficient[e, p], port[e]
                    n += 1
        for e in range(n):
            i, share, of_port = at[e], weight[e], at_port[e]
            for other in range(n):
                j = at[other]
                if i <= j:
                    value = share * weight[other] * matrix[b, of_port, at_port[other]]
                    a[i, j] += value
                    if i == j:
                        size[own[begin + i]] += value


@jit
def add_rows(row, first, start, slot, coefficient, delta, index, n_static, n_rows, a):
    """Coefficients of the rows from ``first`` on, and less delta on their diagonal."""
    for number in range(n_rows):
        r, i = row[first + number], n_static + number
        a[i, i] -= delta[r]
        for e in range(start[r], start[r + 1]):
            for p in range(index.shape[1]):
                j = index[slot[e], p]
                if coefficient[e, p] == 0.0 or j < 0:
                    continue
                if j < n_static:
                    a[j, i] += coefficient[e, p]
                else:
                    a[i, j + n_rows] += coefficient[e, p]
