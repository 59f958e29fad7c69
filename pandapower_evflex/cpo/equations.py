"""The equations of the second paper's section II, one function each; outlets and periods unless the name has a unit.

A. M. Jerónimo et al., Modeling demand response of Charge Point Operators to consider flexibility in grid planning.
Windows are half-open, and peaks are averages over periods: see the notes of the functions where the paper reads
differently.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.cpo.checks import (
    CHARGING,
    MOST_WHOLE,
    array_of,
    checked_lattice,
    n_evse_faults,
    raise_if,
    scalar_faults,
    series_faults,
)
from pandapower_evflex.cpo.peak_shape import peak_shape
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.rate_values import checked_rates

logger = logging.getLogger(__name__)

#: period of the paper [h]; the rule is about energy and so depends on the period
PERIOD_H = 0.25

#: difference that counts as rounding
ROUNDING = 1e-9

SHARE = "give a share of the outlets from 0 to 1: 0.45, not 45 percent"


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
    """(2): L(k), number of outlets that charge in each period [n_period], from states [n_evse, n_period]."""
    states, _ = checked_lattice("normalised_demand", lattice, None)
    return np.sum(states == CHARGING, axis=0, dtype=float)


def load_reduction(demand: Any, target: Any) -> FloatArray:
    """(3): what is to be reduced, L(k) - L*(k), in outlets [n_period]."""
    load, faults = series_faults("load_reduction", "demand", demand, "give numbers of outlets")
    wanted, more = series_faults("load_reduction", "target", target, "give numbers of outlets")
    if not faults + more and len(load) != len(wanted):
        value, problem = f"{len(wanted)} values", f"for {len(load)} of the demand"
        more.append(Fault("load_reduction", "target", (), value, problem, "give one per period"))
    raise_if(faults + more)
    return load - wanted


def shifting_velocity(waiting: Any) -> FloatArray:
    """(4): v(k), number of outlets with a charging cell waiting beyond period k, from numbers [n_evse, n_period]."""
    cells = array_of(waiting)
    if cells.ndim != 2 or cells.dtype.kind not in "biuf" or not np.isfinite(cells).all():
        value, remedy = f"an array of shape {cells.shape}", "give numbers, one row per outlet and one column per period"
        raise_if([Fault("shifting_velocity", "waiting", (), value, "is not a table of cells", remedy)])
    return np.asarray(cells.sum(axis=0), dtype=float)


def reduction_of_velocity(velocity: Any) -> FloatArray:
    """(5): reduction v(k) - v(k - 1) that follows from a velocity [n_period], from rest."""
    v, faults = series_faults("reduction_of_velocity", "velocity", velocity, "give numbers of outlets")
    raise_if(faults)
    return np.diff(v, prepend=0.0)


def velocity_of_reduction(reduction: Any) -> FloatArray:
    """(6): velocity at the end of each period, the running sum of the reductions so far [n_period]."""
    dl, faults = series_faults("velocity_of_reduction", "reduction", reduction, "give numbers of outlets")
    raise_if(faults)
    return np.cumsum(dl)


def max_velocity(peak: float, n_periods: int, *, shape: Any = "triangle") -> float:
    """(7): v*, the area of a peak of ``peak`` outlets [outlets x periods]; of a triangle dT dL / 2."""
    raise_if(scalar_faults("max_velocity", "peak", peak, "give outlets, 0 or more", least=0.0))
    return float(peak) * float(peak_shape(shape, n_periods).sum())


def is_flexible_enough(velocity: Any, velocity_limit: Any) -> bool:
    """(8) for series, (12) for maxima: whether the velocity stays within its limit, equality included."""
    function, remedy = "is_flexible_enough", "give numbers of outlets"
    v, faults = series_faults(function, "velocity", np.atleast_1d(array_of(velocity)), remedy)
    v_lim, more = series_faults(function, "velocity_limit", np.atleast_1d(array_of(velocity_limit)), remedy)
    if not faults + more and len(v_lim) not in (1, len(v)):
        value, problem = f"{len(v_lim)} values", f"for {len(v)} velocities"
        more.append(Fault(function, "velocity_limit", (), value, problem, "give one, or one per period"))
    raise_if(faults + more)
    return bool(np.all(v <= v_lim + ROUNDING * np.maximum(1.0, np.abs(v_lim))))


def charging_density(charging_rate: Any, start: int, n_periods: int) -> float:
    """(9): d_c, mean charging rate over ``n_periods`` periods from ``start`` on, across midnight where they lead.

    The paper sums over dT + 1 periods and divides by dT; here both are dT.
    """
    return _density("charging_density", "charging_rate", charging_rate, start, n_periods)


def occupancy_density(occupancy_rate: Any, start: int, n_periods: int) -> float:
    """(10): d_o, mean occupancy rate over the same window as `charging_density`."""
    return _density("occupancy_density", "occupancy_rate", occupancy_rate, start, n_periods)


def _density(function: str, name: str, rate: Any, start: Any, n_periods: Any) -> float:
    shares, faults = series_faults(function, name, rate, SHARE, least=0.0)
    if not faults and np.any(shares > 1.0 + ROUNDING):
        faults.append(Fault(function, name, (), f"{shares.max():g}", "is above 1", SHARE))
    n = len(shares)
    faults += scalar_faults(
        function, "start", start, "give the first period of the window", least=-MOST_WHOLE, whole=True
    )
    remedy = "give 1 period up to a day of them"
    faults += scalar_faults(function, "n_periods", n_periods, remedy, least=1, most=max(n, 1), whole=True)
    raise_if(faults)
    first = int(start) % n
    return float(shares[np.arange(first, first + int(n_periods)) % n].mean())


def velocity_limit(charging_density: float, occupancy_density: float, n_evse: int) -> float:
    """(11): limit (d_o - d_c) N of the largest velocity, the idle outlets."""
    raise_if(_site_faults("velocity_limit", charging_density, occupancy_density, n_evse))
    return max(float(occupancy_density) - float(charging_density), 0.0) * int(n_evse)


def peak_limit_outlets(
    charging_density: float, occupancy_density: float, n_evse: int, n_periods: int, *, shape: Any = "triangle"
) -> float:
    """(13): largest peak that passes the test (12), 2 (d_o - d_c) N / dT for a triangle; in outlets, not capped.

    In general it is the limit (11) over the sum of the shape. It can exceed what charges: see `shaving_limit_outlets`.
    """
    raise_if(_site_faults("peak_limit_outlets", charging_density, occupancy_density, n_evse))
    return velocity_limit(charging_density, occupancy_density, n_evse) / float(peak_shape(shape, n_periods).sum())


def shaving_limit_outlets(
    charging_density: float,
    occupancy_density: float,
    n_evse: int,
    n_periods: int,
    *,
    shape: Any = "triangle",
    period_h: float = PERIOD_H,
) -> float:
    """(15): D_g, largest peak that a site can shave by the paper's rule, in outlets.

    Parameters
    ----------
    charging_density, occupancy_density : float    d_c and d_o, shares of the outlets
    n_evse : int              N, number of outlets
    n_periods : int           dT, length of the window in periods
    shape : "triangle", "rectangle" or float [n_periods]
        of the peak, see `peak_shape`
    period_h : float          [h]; other than 0.25 it is warned of in the log

    Returns
    -------
    float    ``min(2 (d_o - d_c) N / dT, d_c N)``: not more than charges can be switched off

    Notes
    -----
    The rule allows the energy (d_o - d_c) N P times *one period*, however long the window is. With shorter periods the
    same hour therefore yields less: it is a rule for quarter hours.

    Raises
    ------
    InvalidInputError    densities that are missing, negative, above 1 (percent), d_c above d_o; a number of outlets
        that is none; an empty window; a shape that does not fit

    Examples
    --------
    The paper's site: 12 outlets.

    >>> import pandapower_evflex as evf
    >>> round(evf.shaving_limit_outlets(0.45, 0.85, n_evse=60, n_periods=4), 9)
    12.0
    """
    remedy = "give the length of a period in hours, 0.25 for quarter hours"
    faults = _site_faults("shaving_limit_outlets", charging_density, occupancy_density, n_evse)
    faults += scalar_faults("shaving_limit_outlets", "period_h", period_h, remedy, above=0.0, most=24.0)
    raise_if(faults)
    warn_of_period(period_h)
    rule = peak_limit_outlets(charging_density, occupancy_density, n_evse, n_periods, shape=shape)
    return min(rule, float(charging_density) * int(n_evse))


def warn_of_period(period_h: float) -> None:
    """Warn in the log of periods for which the rule was not made."""
    if abs(period_h - PERIOD_H) > ROUNDING:
        message = "periods of %g min: the paper's rule is meant for 15 min and changes in proportion to the period"
        logger.warning(message, 60.0 * period_h)


def shaving_limit_mw(
    charging_density: float,
    occupancy_density: float,
    n_evse: int,
    evse_p_mw: float,
    n_periods: int,
    *,
    shape: Any = "triangle",
    period_h: float = PERIOD_H,
) -> float:
    """D_g of `shaving_limit_outlets` times the power of one outlet [MW]."""
    remedy = "give the power of one outlet in MW, 0 or more (22 kW is 0.022)"
    raise_if(scalar_faults("shaving_limit_mw", "evse_p_mw", evse_p_mw, remedy, least=0.0))
    outlets = shaving_limit_outlets(
        charging_density, occupancy_density, n_evse, n_periods, shape=shape, period_h=period_h
    )
    return outlets * float(evse_p_mw)


def _site_faults(function: str, d_c: Any, d_o: Any, n_evse: Any) -> list[Fault]:
    faults = scalar_faults(function, "charging_density", d_c, SHARE, least=0.0, most=1.0)
    faults += scalar_faults(function, "occupancy_density", d_o, SHARE, least=0.0, most=1.0)
    if not faults and d_c > d_o + ROUNDING:
        problem = f"is above the occupancy density {float(d_o):g}"
        faults.append(
            Fault(function, "charging_density", (), f"{float(d_c):g}", problem, "an outlet that charges is occupied")
        )
    return faults + n_evse_faults(function, n_evse)
