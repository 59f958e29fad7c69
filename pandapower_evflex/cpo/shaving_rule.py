"""The second paper's rule for what a site can shave, (9) to (15); outlets and periods unless the name has a unit.

A. M. Jerónimo et al., Modeling demand response of Charge Point Operators to consider flexibility in grid planning.
Windows are half-open, and peaks are averages over periods: see the notes of the functions where the paper reads
differently.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from pandapower_evflex.cpo.checks import MOST_WHOLE, n_evse_faults, raise_if, scalar_faults, series_faults
from pandapower_evflex.cpo.equations import ROUNDING
from pandapower_evflex.cpo.peak_shape import peak_shape
from pandapower_evflex.errors import Fault

logger = logging.getLogger(__name__)

#: period of the paper [h]; the rule is about energy and so depends on the period
PERIOD_H = 0.25

SHARE = "give a share of the outlets from 0 to 1: 0.45, not 45 percent"


def charging_density(charging_rate: Any, start: int, n_periods: int) -> float:
    """(9): d_c, mean charging rate over a window, across midnight where it leads there.

    Parameters
    ----------
    charging_rate : float [n_period]    C of a day, shares of the outlets
    start : int                         first period of the window
    n_periods : int                     its length

    Returns
    -------
    float    share of the outlets

    Raises
    ------
    InvalidInputError    rates that are missing, negative or above 1 (percent), an empty window, more than a day

    Notes
    -----
    The paper sums over dT + 1 periods and divides by dT; here both are dT.

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> evf.charging_density([0.0, 0.25, 0.75, 0.5], start=1, n_periods=2)
    0.5
    """
    return _density("charging_density", "charging_rate", charging_rate, start, n_periods)


def occupancy_density(occupancy_rate: Any, start: int, n_periods: int) -> float:
    """(10): d_o, mean occupancy rate over a window, across midnight where it leads there.

    Parameters
    ----------
    occupancy_rate : float [n_period]    O of a day, shares of the outlets
    start : int                          first period of the window
    n_periods : int                      its length

    Returns
    -------
    float    share of the outlets

    Raises
    ------
    InvalidInputError    as in `charging_density`, whose note holds here too

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> evf.occupancy_density([0.5, 0.75, 1.0, 0.75], start=3, n_periods=2)
    0.625
    """
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
    """(11): limit (d_o - d_c) N of the largest velocity, the idle outlets.

    Parameters
    ----------
    charging_density, occupancy_density : float    d_c and d_o, shares of the outlets
    n_evse : int                                   N, number of outlets

    Returns
    -------
    float    outlets

    Raises
    ------
    InvalidInputError    densities that are missing, negative, above 1 (percent), d_c above d_o; a number of outlets
        that is none

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> round(evf.velocity_limit(0.45, 0.85, 60), 9)
    24.0
    """
    raise_if(_site_faults("velocity_limit", charging_density, occupancy_density, n_evse))
    return max(float(occupancy_density) - float(charging_density), 0.0) * int(n_evse)


def peak_limit_outlets(
    charging_density: float, occupancy_density: float, n_evse: int, n_periods: int, *, shape: Any = "triangle"
) -> float:
    """(13): largest peak that passes the test (12), 2 (d_o - d_c) N / dT for a triangle; not capped.

    Parameters
    ----------
    charging_density, occupancy_density : float    d_c and d_o, shares of the outlets
    n_evse : int       N, number of outlets
    n_periods : int    dT, length of the window in periods
    shape : "triangle", "rectangle" or float [n_periods]
        of the peak, see `peak_shape`

    Returns
    -------
    float    outlets: the limit (11) over the sum of the shape. It can exceed what charges, see `shaving_limit_outlets`

    Raises
    ------
    InvalidInputError    as in `velocity_limit`; an empty window; a shape that does not fit

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> round(evf.peak_limit_outlets(0.45, 0.85, 60, 4), 9)
    12.0
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
    """(15) in MW: what `shaving_limit_outlets` allows, times the power of one outlet.

    Parameters
    ----------
    charging_density, occupancy_density : float    d_c and d_o, shares of the outlets
    n_evse : int          N, number of outlets
    evse_p_mw : float     P, power of one outlet [MW]
    n_periods : int       dT, length of the window in periods
    shape : "triangle", "rectangle" or float [n_periods]
        of the peak, see `peak_shape`
    period_h : float      [h]; other than 0.25 it is warned of in the log

    Returns
    -------
    float    MW

    Raises
    ------
    InvalidInputError    as in `shaving_limit_outlets`; a negative power

    Examples
    --------
    The paper's site: 300 kW.

    >>> import pandapower_evflex as evf
    >>> round(evf.shaving_limit_mw(0.45, 0.85, 60, 0.025, n_periods=4), 9)
    0.3
    """
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
