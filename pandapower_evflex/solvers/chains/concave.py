"""Concave functions of one variable by their slopes, for values of which every choice is of equal worth.

A function is a list of segments from left to right, rows of an array [n, 4], and the left end of its domain. A slope
has two parts, compared one after the other: RANK, whole numbers, of what is maximised first, and along the segment
from FIRST down to LAST that of a second function, which decides where the first leaves a choice. Slopes fall from
segment to segment; whole numbers in RANK make "equal" exact.
"""

from __future__ import annotations

import numpy as np

from pandapower_evflex.kernels.jit import jit

RANK, FIRST, LAST, LENGTH = 0, 1, 2, 3
#: columns of a segment
WIDTH = 4
#: relative difference of slopes, and of their falls, that counts as rounding; ranks are whole and differ or do not
STRAIGHT = 1e-11


@jit
def append(to, n, rank, first, last, length, negligible):
    """One more segment behind the first ``n``, or a longer last one; returns the new number.

    What has no length to speak of goes to its neighbour, and what goes on in a straight line joins it.
    """
    if length <= negligible:
        if n > 0 and length > 0.0:
            to[n - 1, LENGTH] += length
        return n
    if n > 0 and to[n - 1, RANK] == rank and abs(first - to[n - 1, LAST]) <= STRAIGHT * abs(first):
        fall, fall_before = first - last, to[n - 1, FIRST] - to[n - 1, LAST]
        if abs(fall * to[n - 1, LENGTH] - fall_before * length) <= STRAIGHT * abs(fall) * length:
            to[n - 1, LAST] = last
            to[n - 1, LENGTH] += length
            return n
    to[n, RANK], to[n, FIRST], to[n, LAST], to[n, LENGTH] = rank, first, last, length
    return n + 1


@jit
def append_part(function, n_function, left, start, end, rank, to, n, negligible):
    """Segments of the function between two positions, their rank raised by ``rank``; returns the new number."""
    position = left
    for k in range(n_function):
        length = function[k, LENGTH]
        lower, upper = max(start - position, 0.0), min(end - position, length)
        if upper > lower:
            first, last = function[k, FIRST], function[k, LAST]
            fall = (last - first) / length
            n = append(
                to, n, function[k, RANK] + rank, first + fall * lower, first + fall * upper, upper - lower, negligible
            )
        position += length
        if position >= end:
            break
    return n


@jit
def convolve(function, n_function, slopes, ranks, to, negligible):
    """Supremal convolution with segments of as much fall as length, from ``slopes``[j] to [j + 1]: both in one order.

    Returns the number of segments written.
    """
    n, k, j = np.int64(0), 0, 0
    top, slope = function[0, FIRST], slopes[0]
    while k < n_function or j < len(ranks):
        f_rank = f_last = rank = last = -np.inf  # of what there is no more, below everything
        if k < n_function:
            f_rank, f_last = function[k, RANK], function[k, LAST]
        if j < len(ranks):
            rank, last = ranks[j], slopes[j + 1]
        is_equal = f_rank == rank
        f_alone = f_rank > rank or (is_equal and (top > slope or f_last >= slope))
        alone = f_rank < rank or (is_equal and top < slope)
        first = slope if alone else top
        stop = last if alone else f_last
        if is_equal:
            stop = max(stop, slope if f_alone else top if alone else last)
        length = 0.0 if f_alone else first - stop
        if not alone:
            fall = function[k, FIRST] - f_last
            length += function[k, LENGTH] * ((first - stop) / fall if fall > 0.0 else 1.0)
            top = stop
            if top <= f_last:
                k += 1
                top = function[k, FIRST]
        if not f_alone:
            slope = stop
            if slope <= last:
                j += 1
        n = append(to, n, max(f_rank, rank), first, stop, length, negligible)
    return n
