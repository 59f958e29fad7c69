"""What is bought in the congestion windows after a fault, and what it does to the grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, ComplexArray, FloatArray
from pandapower_evflex.market.clearing import clear_flexibility
from pandapower_evflex.planning.congestion.bids import Bid, SiteOffers
from pandapower_evflex.planning.congestion.overload import Overload
from pandapower_evflex.planning.congestion.relief_program import relieve
from pandapower_evflex.planning.congestion.sheds import Relief
from pandapower_evflex.planning.congestion.windows import Congestion, Window
from pandapower_evflex.planning.fault.operating_state import OperatingState
from pandapower_evflex.planning.settings import Settings

#: EUR below which two outcomes cost the same
SAME_COST_EUR = 1e-9


@dataclass(frozen=True)
class Purchase:
    """Flexibility bought for one window.

    Parameters
    ----------
    bids : list of Bid
    p_mw : float [n_period of the window, n_bid]    taken away in each period
    apex_mw : float                                 D_m: largest sum
    price_eur_per_mwh : float                       pi*: paid to all, or the mean weighted by energy
    payments_eur : float [n_bid]                    to each, for one event
    """

    window: Window
    bids: list[Bid]
    p_mw: FloatArray
    apex_mw: float
    price_eur_per_mwh: float
    payments_eur: FloatArray

    @property
    def payment_eur(self) -> float:
        """For one event."""
        return float(self.payments_eur.sum())

    @property
    def energy_mwh(self) -> float:
        return float(self.p_mw.sum()) * self.window.day.period_h

    def not_delivered(self, n_case: int, n_row: int) -> FloatArray:
        """What is bought and expected not to be delivered, since days differ [n_case, n_row]."""
        missing = np.zeros((n_case, n_row))
        for bid, p in zip(self.bids, self.p_mw.T, strict=True):
            missing[self.window.cases, bid.row] += p * bid.share_not_delivered(float(p.max(initial=0.0)))
        return missing

    def injection(self, n_case: int, n_row: int) -> ComplexArray:
        """Change of the injections in the window [n_case, n_row]."""
        change = np.zeros((n_case, n_row), dtype=np.complex128)
        for bid, p in zip(self.bids, self.p_mw.T, strict=True):
            change[self.window.cases, bid.row] += p * (1.0 + 1.0j * bid.tan_phi)
        return change

    def injection_with_rebound(self, n_case: int, n_row: int) -> ComplexArray:
        """Change of the injections: less load in the window and more after it [n_case, n_row]."""
        change = self.injection(n_case, n_row)
        for bid, p in zip(self.bids, self.p_mw.T, strict=True):
            change[self.window.day.periods, bid.row] -= self._comes_back(bid, p) * (1.0 + 1.0j * bid.tan_phi)
        return change

    def rebound_mw(self) -> float:
        """Largest load that comes back in any period after the window."""
        back = [self._comes_back(bid, p) for bid, p in zip(self.bids, self.p_mw.T, strict=True)]
        return float(np.sum(back, axis=0).max(initial=0.0)) if back else 0.0

    def _comes_back(self, bid: Bid, p: FloatArray) -> FloatArray:
        """[n_period of the day]; an EV of a flexibility OPF needs nothing back."""
        if bid.site is None or not p.any():
            return np.zeros(self.window.day.n_periods)
        return bid.site.payback(self.window) * float(p.sum()) * self.window.day.period_h


def buy(
    state: OperatingState,
    congestion: Congestion,
    offers: SiteOffers,
    settings: Settings,
    cost_of: Callable[[Purchase], float],
) -> Purchase:
    """The purchase for a window by the rules of the settings.

    Parameters
    ----------
    cost_of : function    of a purchase: its payment and the energy not served with it, EUR per event; asked only for
                          procurement="optimal"
    """
    single = congestion.single
    if single is not None:
        return _by_market(state, congestion, single, offers, settings, cost_of)
    purchase = _by_program(state, congestion, offers, settings)
    if settings.procurement != "optimal":
        return purchase
    return min([purchase, nothing(congestion.window)], key=cost_of)


def nothing(window: Window) -> Purchase:
    return Purchase(window, [], np.zeros((window.n_periods, 0)), 0.0, 0.0, np.zeros(0))


def demand_of(missing: FloatArray, rule: str) -> tuple[float, FloatArray]:
    """Power asked for, and the profile of the overload with a largest value of 1 [n_period of a window].

    With the paper's rule the apex of the triangle of the same energy, 2 ENS / dT; else the largest overload.
    """
    profile = missing / missing.max()
    return (2.0 * float(missing.mean()) if rule == "paper" else float(missing.max())), profile


def _by_market(
    state: OperatingState,
    congestion: Congestion,
    overload: Overload,
    offers: SiteOffers,
    settings: Settings,
    cost_of: Callable[[Purchase], float],
) -> Purchase:
    """What the market gives; with procurement="optimal" the cheapest of all prices up to which offers are taken."""
    window = congestion.window
    demand, profile = demand_of(congestion.missing_mw(overload), settings.rule)
    behind = overload.effect[window.cases].max(axis=0) > 0.0
    bids = offers.bids(state, behind, window, profile)

    def cleared(of: list[Bid]) -> Purchase:
        return _cleared(window, of, demand, profile, settings)

    if settings.procurement != "optimal":
        return cleared(bids)
    prices = sorted({bid.price_eur_per_mwh for bid in bids})
    choices = [cleared([bid for bid in bids if bid.price_eur_per_mwh <= price]) for price in prices]
    best = min([nothing(window), *choices], key=cost_of)
    return _without_bad_rebound(best, cleared, cost_of) if settings.rebound else best


def _without_bad_rebound(
    best: Purchase, cleared: Callable[[list[Bid]], Purchase], cost_of: Callable[[Purchase], float]
) -> Purchase:
    """Drop offers one by one while that lowers the cost: the rebound of an offer can cost more than it saves."""
    cost = cost_of(best)
    while True:
        bought = [bid for bid, p in zip(best.bids, best.p_mw.T, strict=True) if p.any()]
        if not bought:
            return best
        choices = [cleared([bid for bid in bought if bid is not own]) for own in bought]
        costs = [cost_of(choice) for choice in choices]
        if min(costs) >= cost - SAME_COST_EUR:
            return best
        best, cost = choices[int(np.argmin(costs))], min(costs)


def _cleared(window: Window, bids: list[Bid], demand: float, profile: FloatArray, settings: Settings) -> Purchase:
    table = pd.DataFrame(
        {
            "name": [bid.name for bid in bids],
            "p_mw": [bid.p_mw for bid in bids],
            "price_eur_per_mwh": [bid.price_eur_per_mwh for bid in bids],
        }
    ).astype({"p_mw": float, "price_eur_per_mwh": float})
    cleared = clear_flexibility(
        table, demand, price_cap_eur_per_mwh=settings.voll_eur_per_mwh, pricing=settings.pricing
    )
    accepted = cleared.accepted_mw.to_numpy(dtype=float)
    # delivered in the shape of the overload: with the paper's rule the apex is that of a triangle of the same energy
    heights = profile / (2.0 * profile.mean()) if settings.rule == "paper" else profile
    apex, price = float(accepted.sum()), cleared.clearing_price_eur_per_mwh
    paid = table["price_eur_per_mwh"].to_numpy() if settings.pricing == "pay_as_bid" else np.full(len(bids), price)
    energy = accepted * float(heights.mean()) * window.duration_h
    payments = np.where(energy > 0.0, energy * paid, 0.0)  # (16), (21)
    return Purchase(window, bids, heights[:, None] * accepted, apex, price, payments)


def _by_program(state: OperatingState, congestion: Congestion, offers: SiteOffers, settings: Settings) -> Purchase:
    """Several overloads at once: one least-cost program over flexibility and load to shed, paid as bid."""
    window = congestion.window
    missing, effect = congestion.limits
    bids: list[Bid] = []
    for profile, rows in _profiles_by_rows(missing, effect):
        bids += offers.bids(state, rows, window, profile)
    bids = [bid for bid in bids if bid.price_eur_per_mwh < settings.voll_eur_per_mwh]
    if not bids:
        return nothing(window)
    reliefs = [Relief(bid.row, bid.price_eur_per_mwh, bid.most_mw, bid.most_mwh, bid.tan_phi) for bid in bids]
    sheds = relieve(state, congestion, state.s, state.load, reliefs, settings.voll_eur_per_mwh)
    p = sheds.bought_mw
    energy = p.sum(axis=0) * window.day.period_h
    payments = energy * [bid.price_eur_per_mwh for bid in bids]
    price = float(payments.sum() / energy.sum()) if energy.any() else 0.0
    return Purchase(window, bids, p, float(p.sum(axis=1).max(initial=0.0)), price, payments)


def _profiles_by_rows(missing: FloatArray, effect: FloatArray) -> list[tuple[FloatArray, BoolArray]]:
    """For rows behind the same overloads, the profile of what these miss at most."""
    behind = effect.max(axis=1) > 0.0
    found = []
    for pattern in np.unique(behind, axis=1).T:
        if pattern.any():
            profile = missing[pattern].max(axis=0)
            found.append((profile / profile.max(), (behind == pattern[:, None]).all(axis=0)))
    return found
