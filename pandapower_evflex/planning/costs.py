"""The cost functions of the second paper: reliability R, losses S, investment I, flexibility F of a year.

Pure functions of numbers. The objective (17) of a plan is R' + S + I + F in EUR per year.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.arguments import DISCOUNT_RATE, as_floats, refuse_wrong, single_number_faults
from pandapower_evflex.tables.kinds import is_label, raise_if, shown
from pandapower_evflex.tables.number_frames import frame_of_numbers
from pandapower_evflex.tables.schema import Column


def _number(name: str, unit: str, **bounds: Any) -> Column:
    return Column(name, "float64", "", unit, required=True, **bounds)


_INVEST = _number("invest_eur", "EUR", lower=0.0)
_LIFETIME = _number("lifetime_years", "years", above=0.0)
_OVERLOAD = _number("overload_mw", "MW", lower=0.0, hint="give what is missing, 0 where nothing is")
_PERIOD = _number("period_h", "h", above=0.0, upper=24.0)
_PEAK = _number("peak_mw", "MW", lower=0.0)
_DURATION = _number("duration_h", "h", lower=0.0)
_FAILURES = _number("failure_rate_per_year", "1/year", lower=0.0)
_VOLL = _number("voll_eur_per_mwh", "EUR/MWh", lower=0.0)
_ENS = _number("ens_mwh", "MWh")
_PRICE = _number("price_eur_per_mwh", "EUR/MWh", lower=0.0)
_POWER = _number("p_mw", "MW", lower=0.0)
_EVENTS = _number("events_per_fault", "", lower=0.0)
_SHAPE = _number("shape_mean", "", lower=0.0, upper=1.0)
_LOSSES = _number("losses_mw", "MW")
_LOSS_PRICE = _number("loss_price_eur_per_mwh", "EUR/MWh", lower=0.0)
_DAYS = _number("days", "days", lower=0.0, upper=366.0)


def _scalar_or_array(values: Any) -> Any:
    return float(values) if np.ndim(values) == 0 else values


def investment_annuity(invest_eur: Any, discount_rate: Any, lifetime_years: Any) -> Any:
    r"""What an investment costs every year of its lifetime (second paper, equation 18).

    Parameters
    ----------
    invest_eur : float or array        I_T [EUR]
    discount_rate : float or array     r, a fraction; without interest (0) it is I_T / H
    lifetime_years : float or array    H, the economic lifetime

    Returns
    -------
    float or array    EUR per year

    Raises
    ------
    InvalidInputError    a negative investment, a rate outside 0 to 1 (percent), a lifetime that is not above 0

    Notes
    -----
    .. math:: \Delta I = \frac{r (1+r)^H}{(1+r)^H - 1} I_T = \frac{r}{1 - (1+r)^{-H}} I_T

    The paper prints 2.78 kEUR for 20 kEUR at 6.5 %, which belongs to 10 years and not to the stated 30.

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> round(evf.investment_annuity(20_000, 0.065, 30), 2), round(evf.investment_annuity(20_000, 0.065, 10), 2)
    (1531.55, 2782.09)
    """
    arguments = {_INVEST: invest_eur, DISCOUNT_RATE: discount_rate, _LIFETIME: lifetime_years}
    refuse_wrong("investment_annuity", arguments)
    invest, r, lifetime = np.broadcast_arrays(*(as_floats(value) for value in arguments.values()))
    repaid = -np.expm1(-lifetime * np.log1p(r))  # 1 - (1+r)^-H, also where r is tiny
    share = np.divide(r, repaid, out=np.asarray(1.0 / lifetime), where=repaid > 0.0)
    return _scalar_or_array(share * invest)


def energy_not_served(overload_mw: Any, period_h: float) -> float:
    """Energy not served because an overload must be removed, exactly.

    Parameters
    ----------
    overload_mw : array [n_period]    load to remove in each period, 0 where there is no overload
    period_h : float

    Returns
    -------
    float    MWh

    Raises
    ------
    InvalidInputError    a negative overload

    Notes
    -----
    The paper approximates it by a triangle, `energy_not_served_triangle`.

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> round(evf.energy_not_served([0.16875, 0.50625, 0.50625, 0.16875], 0.25), 6)
    0.3375
    """
    refuse_wrong("energy_not_served", {_OVERLOAD: overload_mw, _PERIOD: period_h})
    return float(np.sum(as_floats(overload_mw) * as_floats(period_h)))


def energy_not_served_triangle(peak_mw: Any, duration_h: Any) -> Any:
    r"""Energy under a triangle of overload (second paper, section IV and figure 8).

    Parameters
    ----------
    peak_mw : float or array       :math:`\Delta L_m`, or less what flexibility takes away [MW]
    duration_h : float or array    :math:`\Delta T_m` in **hours** (13 and 15 want periods)

    Returns
    -------
    float or array    MWh

    Raises
    ------
    InvalidInputError    a negative peak or duration

    Notes
    -----
    .. math:: \mathrm{ENS} = \tfrac{1}{2} \Delta L_m \Delta T_m

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> evf.energy_not_served_triangle(0.675, 1.0)
    0.3375
    """
    refuse_wrong("energy_not_served_triangle", {_PEAK: peak_mw, _DURATION: duration_h})
    return _scalar_or_array(0.5 * as_floats(peak_mw) * as_floats(duration_h))


def reliability_cost(
    failure_rate_per_year: Any, voll_eur_per_mwh: Any, ens_mwh: Any, *, events_per_fault: Any = 1.0
) -> float:
    r"""Expected cost of the energy not served in a year (second paper, equation 19).

    Parameters
    ----------
    failure_rate_per_year : float or array [n_fault]    :math:`\lambda_m`
    voll_eur_per_mwh : float or array                   :math:`\gamma`, value of lost load; 10 EUR/kWh are 10 000
    ens_mwh : float or array [n_fault]                  energy not served per event, or its change (20): ENS' - ENS
    events_per_fault : float or array                   congestion windows that one fault meets; 1 in the paper

    Returns
    -------
    float    EUR per year of all faults together

    Raises
    ------
    InvalidInputError    negative rates or prices, missing values

    Notes
    -----
    .. math:: R = \sum_m \lambda_m \, \gamma \, \mathrm{ENS}_m

    Linear in the energy: with a change of energy it is the change of the cost.

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> evf.reliability_cost(0.5, 10_000, -0.150)
    -750.0
    """
    arguments = {_FAILURES: failure_rate_per_year, _VOLL: voll_eur_per_mwh, _ENS: ens_mwh, _EVENTS: events_per_fault}
    refuse_wrong("reliability_cost", arguments)
    rate, voll, ens, events = (as_floats(value) for value in arguments.values())
    return float(np.sum(rate * events * voll * ens))  # (19)


def flexibility_cost(
    failure_rate_per_year: Any,
    price_eur_per_mwh: Any,
    p_mw: Any,
    duration_h: Any,
    *,
    events_per_fault: Any = 1.0,
    shape_mean: Any = 0.5,
) -> float:
    r"""Expected cost of the flexibility bought in a year (second paper, equation 16; of one fault 21).

    Parameters
    ----------
    failure_rate_per_year : float or array [n_fault]    :math:`\lambda_m`
    price_eur_per_mwh : float or array [n_fault]        :math:`\pi^*_m`, the clearing price
    p_mw : float or array [n_fault]                     :math:`D_m`, the power bought (not the power asked for), apex
    duration_h : float or array [n_fault]               :math:`\Delta T_m` in **hours**
    events_per_fault : float or array                   congestion windows that one fault meets; 1 in the paper
    shape_mean : float or array [n_fault]               mean of what is shed over its apex; 1/2 is the paper's triangle

    Returns
    -------
    float    EUR per year of all faults together

    Raises
    ------
    InvalidInputError    negative rates, prices, powers or durations, missing values

    Notes
    -----
    .. math:: F = \tfrac{1}{2} \sum_m \lambda_m \, \pi^*_m \, D_m \, \Delta T_m

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> evf.flexibility_cost(0.5, 5_000, 0.3, 1.0)
    375.0
    """
    arguments = {
        _FAILURES: failure_rate_per_year,
        _PRICE: price_eur_per_mwh,
        _POWER: p_mw,
        _DURATION: duration_h,
        _EVENTS: events_per_fault,
        _SHAPE: shape_mean,
    }
    refuse_wrong("flexibility_cost", arguments)
    rate, price, p, duration, events, mean = (as_floats(value) for value in arguments.values())
    return float(np.sum(mean * rate * events * price * p * duration))  # (16), (21)


def loss_cost(losses_mw: Any, period_h: float, loss_price_eur_per_mwh: float, *, days: float = 365.0) -> float:
    """Cost of a year's losses from those of a day: S of (17), for which the paper gives no formula.

    Parameters
    ----------
    losses_mw : array [n_period]      losses of the whole net in each period of the day
    period_h : float
    loss_price_eur_per_mwh : float
    days : float                      how often a year has this day

    Returns
    -------
    float    EUR per year

    Raises
    ------
    InvalidInputError    a negative price, missing values, more than 366 days

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> evf.loss_cost([0.1] * 96, 0.25, 100.0)
    87600.0
    """
    arguments = {_LOSSES: losses_mw, _PERIOD: period_h, _LOSS_PRICE: loss_price_eur_per_mwh, _DAYS: days}
    raise_if(
        [
            fault
            for column, value in ((_PERIOD, period_h), (_LOSS_PRICE, loss_price_eur_per_mwh), (_DAYS, days))
            for fault in single_number_faults("loss_cost", column, value)
        ]
    )
    refuse_wrong("loss_cost", arguments)
    losses, hours, price, n_days = (as_floats(value) for value in arguments.values())
    return float(n_days * price * np.sum(losses * hours))


def cost_deltas(costs: pd.DataFrame, reference: Any) -> pd.DataFrame:
    """What plans change against one of them, in the cost functions and in total: the paper's Table I.

    Parameters
    ----------
    costs : DataFrame [plan x cost function]    EUR per year
    reference : label of the plan to compare with, doing nothing as a rule

    Returns
    -------
    DataFrame [plan x cost function]

    Raises
    ------
    InvalidInputError    a reference that is not a plan, costs that are not numbers
    """
    costs = frame_of_numbers("cost_deltas", "costs", costs)
    if costs.index.has_duplicates or not is_label(reference, costs.index.tolist()):
        remedy = "name one of the rows, which differ"
        raise InvalidInputError([Fault("cost_deltas", "reference", (), shown(reference), "is not in costs", remedy)])
    return costs - costs.loc[reference]
