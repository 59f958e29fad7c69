"""The shape of a peak over its window, as averages over its periods (second paper, figure 3)."""

from __future__ import annotations

from typing import Any

import numpy as np

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.cpo.checks import raise_if, scalar_faults, series_faults
from pandapower_evflex.errors import Fault

FUNCTION = "peak_shape"
REMEDY = 'give "triangle", "rectangle", or a value of 0 or more per period'


def peak_shape(shape: Any, n_periods: int) -> FloatArray:
    """Height of a peak in each period of its window, per unit of its apex.

    Parameters
    ----------
    shape : "triangle", "rectangle" or float [n_periods]
        name, or heights of 0 or more; they are taken as they are, so a reduction is apex times height
    n_periods : int    length of the window

    Returns
    -------
    float [n_periods]

    Notes
    -----
    Averages over periods, not samples: those of the triangle sum to ``n_periods / 2`` exactly, the factor 2 of (13).

    Raises
    ------
    InvalidInputError    an unknown name; heights of another number, negative, missing or all zero

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> evf.peak_shape("triangle", 4).tolist()
    [0.25, 0.75, 0.75, 0.25]
    """
    remedy = "give the length of the window in periods, 1 or more"
    raise_if(scalar_faults(FUNCTION, "n_periods", n_periods, remedy, least=1, whole=True))
    n = int(n_periods)
    if isinstance(shape, str):
        if shape not in NAMED:
            raise_if([Fault(FUNCTION, "shape", (), repr(shape), "is not known", REMEDY)])
        return NAMED[shape](n)
    heights, faults = series_faults(FUNCTION, "shape", shape, REMEDY, least=0.0)
    if not faults and len(heights) != n:
        problem, remedy = f"for a window of {n} periods", "give one per period"
        faults.append(Fault(FUNCTION, "shape", (), f"{len(heights)} heights", problem, remedy))
    if not faults and not heights.any():
        faults.append(Fault(FUNCTION, "shape", (), "0 in every period", "does not make a peak", REMEDY))
    raise_if(faults)
    return heights


def _triangle(n: int) -> FloatArray:
    edges = np.linspace(0.0, 1.0, n + 1)
    area = np.where(edges <= 0.5, edges**2, 0.5 - (1.0 - edges) ** 2)  # area of the unit triangle up to each edge
    return np.diff(area) * n


def _rectangle(n: int) -> FloatArray:
    return np.ones(n)


NAMED = {"triangle": _triangle, "rectangle": _rectangle}
