"""The market for less load: which offers are taken and at what price (second paper, equation 14)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray, IntArray
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.arguments import single_number_faults
from pandapower_evflex.tables.faults import column_faults, shown_values
from pandapower_evflex.tables.kinds import choice_faults
from pandapower_evflex.tables.schema import Column

FUNCTION = "clear_flexibility"
#: share of the demand below which what is missing is rounding and buys nothing
ROUNDING = 1e-12

_P = Column("p_mw", "float64", "power offered", "MW", required=True, lower=0.0)
_PRICE = Column(
    "price_eur_per_mwh", "float64", "bid", "EUR/MWh", required=True, lower=0.0,
    hint="give what is asked for less load, 0 or more; leave out who makes no bid",
)  # fmt: skip
_DEMAND = Column("demand_mw", "float64", "", "MW", required=True, lower=0.0)
_CAP = Column("price_cap_eur_per_mwh", "float64", "", "EUR/MWh", required=True, lower=0.0)
_CHOICES = {"pricing": ("pay_as_clear", "pay_as_bid"), "procurement": ("merit_order", "optimal")}


@dataclass(frozen=True)
class ClearedFlexibility:
    """Outcome of an auction for less load.

    Attributes
    ----------
    accepted_mw : Series on the index of the offers, zeros kept
    clearing_price_eur_per_mwh : float    pi* of (16): paid to all, or with pay-as-bid the mean price weighted by power;
                                          0 when nothing is bought
    payment_eur_per_h : float             paid for an hour at the full power accepted
    """

    accepted_mw: pd.Series
    clearing_price_eur_per_mwh: float
    payment_eur_per_h: float


def clear_flexibility(
    offers: pd.DataFrame,
    demand_mw: float,
    *,
    price_cap_eur_per_mwh: float,
    pricing: str = "pay_as_clear",
    procurement: str = "merit_order",
) -> ClearedFlexibility:
    r"""Buy less load from the cheapest offers.

    Parameters
    ----------
    offers : DataFrame               `p_mw`, `price_eur_per_mwh`, optionally `name`; any unique index
    demand_mw : float                :math:`\Delta L_m` of (14), what is wanted at most
    price_cap_eur_per_mwh : float    :math:`\gamma`, cost of energy not served; only offers strictly below it are taken
    pricing : "pay_as_clear"         all are paid the price of the last accepted offer
              "pay_as_bid"           each is paid its own
    procurement : "merit_order"      the paper's (14): everything below the cap until the demand is met
                  "optimal"          what costs least together with the demand left unserved at the cap

    Returns
    -------
    ClearedFlexibility    `accepted_mw`, `clearing_price_eur_per_mwh`, `payment_eur_per_h`

    Raises
    ------
    InvalidInputError    all faults: negative or missing powers and prices, a negative demand or cap, unknown options

    Notes
    -----
    .. math:: D_m = \min\Big\{\sum_{\pi_g < \gamma} D_g, \Delta L_m\Big\}      (14)

    Offers are taken in order of price, at the same price in order of name, else of the index; the last one in part.
    Offers of 0 MW set no price.

    Buying everything below the cap is not optimal when all are paid the last price: of 100 kW at 1 and 100 kW at 9.9
    with a cap of 10 EUR/kWh, the second raises the payment for the first and costs more than it saves. Scanning the
    prices of the offers suffices for the optimum: at clearing price :math:`\pi` the cost of buying D is
    :math:`\pi D + \gamma (\Delta L - D)`, which falls with D, so one buys all that is offered up to
    :math:`\pi` (or the demand); and between two offered prices nothing is added while the payment grows. With
    pay-as-bid each offer stands alone and merit order is optimal. Of equally cheap outcomes the one that serves most.

    Examples
    --------
    >>> import pandas as pd, pandapower_evflex as evf
    >>> offers = pd.DataFrame({"p_mw": [0.1, 0.1], "price_eur_per_mwh": [1_000, 9_900]}, index=["a", "b"])
    >>> evf.clear_flexibility(offers, 0.2, price_cap_eur_per_mwh=10_000).payment_eur_per_h
    1980.0
    >>> best = evf.clear_flexibility(offers, 0.2, price_cap_eur_per_mwh=10_000, procurement="optimal")
    >>> best.accepted_mw.to_dict(), best.payment_eur_per_h
    ({'a': 0.1, 'b': 0.0}, 100.0)
    """
    options = {"pricing": pricing, "procurement": procurement}
    faults = _offer_faults(offers) + single_number_faults(FUNCTION, _DEMAND, demand_mw)
    faults += single_number_faults(FUNCTION, _CAP, price_cap_eur_per_mwh) + _option_faults(options)
    if faults:
        raise InvalidInputError(faults)
    p = offers["p_mw"].to_numpy(dtype=float)
    price = offers["price_eur_per_mwh"].to_numpy(dtype=float)
    order = _merit_order(offers, price)
    willing = order[(price[order] < price_cap_eur_per_mwh) & (p[order] > 0.0)]
    accepted = _taken(p, willing, demand_mw)
    if pricing == "pay_as_clear" and procurement == "optimal":
        accepted = _cheapest(p, price, willing, demand_mw, price_cap_eur_per_mwh)
    paid = price if pricing == "pay_as_bid" else np.full(len(p), price[accepted > 0.0].max(initial=0.0))
    payment, bought = float(paid @ accepted), float(accepted.sum())
    clearing_price = float(paid.max(initial=0.0)) if pricing == "pay_as_clear" else payment / bought if bought else 0.0
    return ClearedFlexibility(pd.Series(accepted, offers.index, name="accepted_mw"), clearing_price, payment)


def _merit_order(offers: pd.DataFrame, price: FloatArray) -> IntArray:
    """Positions of the offers by price, name and index; those without a name after the others."""
    names = offers["name"].tolist() if "name" in offers else [None] * len(offers)
    texts = ["" if pd.isna(name) else str(name) for name in names]
    labels = [(type(label).__name__, label) for label in offers.index.tolist()]
    keys = [(price[i], texts[i] == "", texts[i], labels[i]) for i in range(len(offers))]
    return np.array(sorted(range(len(offers)), key=keys.__getitem__), dtype=np.int64)


def _taken(p: FloatArray, order: IntArray, demand: float) -> FloatArray:
    """Power taken of each offer when they are called in this order until the demand is met."""
    missing = demand - np.concatenate([[0.0], np.cumsum(p[order])[:-1]])[: len(order)]
    accepted = np.zeros(len(p))
    accepted[order] = np.where(missing > ROUNDING * demand, np.minimum(p[order], missing), 0.0)
    return accepted


def _cheapest(p: FloatArray, price: FloatArray, order: IntArray, demand: float, cap: float) -> FloatArray:
    """Power taken at the clearing price of least payment + cap * unserved."""
    prices = np.unique(price[order])[::-1]
    if not len(prices):
        return np.zeros(len(p))
    outcomes = [_taken(p, order[price[order] <= clearing], demand) for clearing in prices]
    saved = [(cap - price[taken > 0.0].max(initial=0.0)) * taken.sum() for taken in outcomes]
    return outcomes[int(np.argmax(saved))]


def _offer_faults(offers: Any) -> list[Fault]:
    if not isinstance(offers, pd.DataFrame):
        remedy = "give a DataFrame with p_mw and price_eur_per_mwh"
        return [Fault("offers", "", (), f"a {type(offers).__name__}", "is not a table", remedy)]
    faults = []
    for column in (_P, _PRICE):
        if column.name not in offers:
            faults.append(Fault("offers", column.name, (), "the column", "is missing", f"give it in {column.unit}"))
        else:
            faults += column_faults(None, "offers", column, offers)
    twice = offers.index[offers.index.duplicated()].unique().tolist()
    if twice:
        shown = shown_values(np.array(twice, dtype=object))
        faults.append(Fault("offers", "index", tuple(twice), shown, "occurs more than once", "give each offer its own"))
    return faults


def _option_faults(options: dict[str, str]) -> list[Fault]:
    return [f for name, value in options.items() for f in choice_faults(FUNCTION, name, value, _CHOICES[name])]
