"""What the purchases for a window ask of every site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pandapower_evflex.planning.congestion.procurement import Purchase


@dataclass(frozen=True)
class SiteCall:
    """What one window asks of a site, for one event, and the share of the year in which it may happen."""

    cpo: Any
    share_of_year: float
    p_mw: float
    energy_mwh: float
    hours: float
    payment_eur: float


def calls_of(purchase: Purchase) -> list[SiteCall]:
    """One call for every site that a purchase takes power from; EVs have no site."""
    window = purchase.window
    return [
        SiteCall(
            cpo=bid.site.cpo,
            share_of_year=window.day.share_of_year,
            p_mw=float(p.max()),
            energy_mwh=float(p.sum()) * window.day.period_h,
            hours=float((p > 0.0).sum()) * window.day.period_h,
            payment_eur=float(payment),
        )
        for bid, p, payment in zip(purchase.bids, purchase.p_mw.T, purchase.payments_eur, strict=True)
        if bid.site is not None and p.any()
    ]
