"""The equations of the second paper's section II about states and velocities, (1) to (8) and (12), one function each.

A. M. Jerónimo et al., Modeling demand response of Charge Point Operators to consider flexibility in grid planning.
Outlets and periods; (9) to (15) are in `shaving_rule.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.cpo.checks import (
    CHARGING,
    array_of,
    checked_lattice,
    raise_if,
    scalar_faults,
    series_faults,
)
from pandapower_evflex.cpo.peak_shape import peak_shape
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.rate_values import checked_rates

#: difference that counts as rounding
ROUNDING = 1e-9


def state_probabilities(charging_rate: Any, occupancy_rate: Any) -> FloatArray:
    """(1): probabilities of an outlet to be empty, charging and idle, ``[1 - O, C, O - C]``.

    Parameters
    ----------
    charging_rate, occupancy_rate : float [n_period]    C and O, shares of the outlets

    Returns
    -------
    float [n_period, 3]

    Raises
    ------
    InvalidInputError    rates that are missing, negative, above 1 (percent) or of different lengths, C above O

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> evf.state_probabilities([0.5], [0.75]).tolist()
    [[0.25, 0.5, 0.25]]
    """
    c, o = rates_of_day("state_probabilities", charging_rate, occupancy_rate)
    return np.stack([1.0 - o, c, o - c], axis=1)


def rates_of_day(function: str, charging_rate: Any, occupancy_rate: Any) -> tuple[FloatArray, FloatArray]:
    """C and O [n_period], checked, rounding removed; ``function`` is named in faults."""
    cells = [np.atleast_1d(array_of(rate)) for rate in (charging_rate, occupancy_rate)]
    value = " and ".join(f"shape {rate.shape}" for rate in cells)
    if cells[0].shape != cells[1].shape or cells[0].ndim != 1 or not len(cells[0]):
        problem, remedy = "are not two series of one length", "give both rates for the same periods"
        raise_if([Fault(function, "charging_rate", (), f"rates of {value}", problem, remedy)])
    faults, c, o = checked_rates(cells[0], cells[1], ((function, "charging_rate"), (function, "occupancy_rate")))
    raise_if(faults)
    return c, o


def normalised_demand(lattice: Any) -> FloatArray:
    """(2): L(k), number of outlets that charge in each period.

    Parameters
    ----------
    lattice : int [n_evse, n_period]    0 empty, 1 charging, 2 idle

    Returns
    -------
    float [n_period]    outlets

    Raises
    ------
    InvalidInputError    another state, or not a table of cells

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> evf.normalised_demand([[1, 1, 2], [0, 1, 1]]).tolist()
    [1.0, 2.0, 1.0]
    """
    states, _ = checked_lattice("normalised_demand", lattice, None)
    return np.sum(states == CHARGING, axis=0, dtype=float)


def load_reduction(demand: Any, target: Any) -> FloatArray:
    """(3): what is to be reduced, L(k) - L*(k).

    Parameters
    ----------
    demand, target : float [n_period]    L and L*, outlets that charge and that may charge

    Returns
    -------
    float [n_period]    outlets

    Raises
    ------
    InvalidInputError    values that are missing, series of different lengths

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> evf.load_reduction([8, 9, 7], [8, 6, 7]).tolist()
    [0.0, 3.0, 0.0]
    """
    load, faults = series_faults("load_reduction", "demand", demand, "give numbers of outlets")
    wanted, more = series_faults("load_reduction", "target", target, "give numbers of outlets")
    if not faults + more and len(load) != len(wanted):
        value, problem = f"{len(wanted)} values", f"for {len(load)} of the demand"
        more.append(Fault("load_reduction", "target", (), value, problem, "give one per period"))
    raise_if(faults + more)
    return load - wanted


def shifting_velocity(waiting: Any) -> FloatArray:
    """(4): v(k), number of outlets with a charging cell waiting beyond period k.

    Parameters
    ----------
    waiting : int [n_evse, n_period]    cells of each outlet that wait at the end of each period

    Returns
    -------
    float [n_period]    outlets

    Raises
    ------
    InvalidInputError    not a table of numbers

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> evf.shifting_velocity([[1, 1, 0], [0, 1, 0]]).tolist()
    [1.0, 2.0, 0.0]
    """
    cells = array_of(waiting)
    if cells.ndim != 2 or cells.dtype.kind not in "biuf" or not np.isfinite(cells).all():
        value, remedy = f"an array of shape {cells.shape}", "give numbers, one row per outlet and one column per period"
        raise_if([Fault("shifting_velocity", "waiting", (), value, "is not a table of cells", remedy)])
    return np.asarray(cells.sum(axis=0), dtype=float)


def reduction_of_velocity(velocity: Any) -> FloatArray:
    """(5): reduction v(k) - v(k - 1) that follows from a velocity, from rest.

    Parameters
    ----------
    velocity : float [n_period]    v, outlets

    Returns
    -------
    float [n_period]    outlets; negative where what waited comes back

    Raises
    ------
    InvalidInputError    values that are missing

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> evf.reduction_of_velocity([1, 3, 2]).tolist()
    [1.0, 2.0, -1.0]
    """
    v, faults = series_faults("reduction_of_velocity", "velocity", velocity, "give numbers of outlets")
    raise_if(faults)
    return np.diff(v, prepend=0.0)


def velocity_of_reduction(reduction: Any) -> FloatArray:
    """(6): velocity at the end of each period, the running sum of the reductions so far.

    Parameters
    ----------
    reduction : float [n_period]    outlets

    Returns
    -------
    float [n_period]    v, outlets

    Raises
    ------
    InvalidInputError    values that are missing

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> evf.velocity_of_reduction([1, 2, -1]).tolist()
    [1.0, 3.0, 2.0]
    """
    dl, faults = series_faults("velocity_of_reduction", "reduction", reduction, "give numbers of outlets")
    raise_if(faults)
    return np.cumsum(dl)


def max_velocity(peak: float, n_periods: int, *, shape: Any = "triangle") -> float:
    """(7): v*, the area of a peak; of a triangle dT dL / 2.

    Parameters
    ----------
    peak : float        dL, apex in outlets
    n_periods : int     dT, length of the window
    shape : "triangle", "rectangle" or float [n_periods]
        of the peak, see `peak_shape`

    Returns
    -------
    float    outlets times periods

    Raises
    ------
    InvalidInputError    a negative peak, an empty window, a shape that does not fit

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> evf.max_velocity(12, 4)
    24.0
    """
    raise_if(scalar_faults("max_velocity", "peak", peak, "give outlets, 0 or more", least=0.0))
    return float(peak) * float(peak_shape(shape, n_periods).sum())


def is_flexible_enough(velocity: Any, velocity_limit: Any) -> bool:
    """(8) for series, (12) for maxima: whether the velocity stays within its limit, equality included.

    Parameters
    ----------
    velocity : float or float [n_period]          v or v*
    velocity_limit : float or float [n_period]    one limit, or one per period

    Returns
    -------
    bool

    Raises
    ------
    InvalidInputError    values that are missing, a number of limits that is neither one nor that of the velocities

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> evf.is_flexible_enough([1, 3, 2], 3), evf.is_flexible_enough(25, 24)
    (True, False)
    """
    function, remedy = "is_flexible_enough", "give numbers of outlets"
    v, faults = series_faults(function, "velocity", np.atleast_1d(array_of(velocity)), remedy)
    v_lim, more = series_faults(function, "velocity_limit", np.atleast_1d(array_of(velocity_limit)), remedy)
    if not faults + more and len(v_lim) not in (1, len(v)):
        value, problem = f"{len(v_lim)} values", f"for {len(v)} velocities"
        more.append(Fault(function, "velocity_limit", (), value, problem, "give one, or one per period"))
    raise_if(faults + more)
    return bool(np.all(v <= v_lim + ROUNDING * np.maximum(1.0, np.abs(v_lim))))
