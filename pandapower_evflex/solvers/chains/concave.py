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
def add_by_slope(function, n_function, rank, first, last, to, negligible):
    """Supremal convolution with one segment of equal length and fall, first - last: lengths add where slopes are equal.

    Returns the number of segments written.
    """
    n, slope = np.int64(0), first
    for k in range(n_function):
        f_rank, f_first, f_last, f_length = function[k, 0], function[k, 1], function[k, 2], function[k, 3]
        if f_rank < rank or (f_rank == rank and f_first < slope):
            reach = last if f_rank < rank else max(f_first, last)
            n = append(to, n, rank, slope, reach, slope - reach, negligible)
            slope = reach
        if f_rank != rank or slope <= last or f_last >= slope:
            n = append(to, n, f_rank, f_first, f_last, f_length, negligible)
            continue
        density = f_length / (f_first - f_last)  # f_last < slope <= f_first: the segment falls
        n = append(to, n, rank, f_first, slope, density * (f_first - slope), negligible)
        reach = max(f_last, last)
        n = append(to, n, rank, slope, reach, (density + 1.0) * (slope - reach), negligible)
        n = append(to, n, rank, reach, f_last, density * (reach - f_last), negligible)
        slope = reach
    return append(to, n, rank, slope, last, slope - last, negligible)


@jit
def length_of(function, n):
    """Of the domain."""
    length = 0.0
    for k in range(n):
        length += function[k, LENGTH]
    return length
