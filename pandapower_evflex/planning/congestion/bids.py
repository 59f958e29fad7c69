"""Who can relieve a congestion, with how much, at what price."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, ComplexArray, FloatArray, Net
from pandapower_evflex.cpo.shave.site_days import over_days
from pandapower_evflex.cpo.shaving_rule import warn_of_period
from pandapower_evflex.errors import listed
from pandapower_evflex.opf.report.on_net import SERIES_PREFIX
from pandapower_evflex.planning.congestion.sites import Site, sites_of
from pandapower_evflex.planning.congestion.windows import Window
from pandapower_evflex.planning.days import Days
from pandapower_evflex.planning.fault.operating_state import OperatingState
from pandapower_evflex.planning.settings import Settings
from pandapower_evflex.tables.cos_phi_p import tan_phi

logger = logging.getLogger(__name__)

#: share by which a load may be below the charging that it contains, as profiles are rounded
SMALL_LOAD = 1e-3
#: frames that a flexibility OPF leaves on the net
EV_DOWN, EV_POWER = f"{SERIES_PREFIX}ev_p_down_mw", f"{SERIES_PREFIX}ev_p_mw"


@dataclass(frozen=True)
class EvOffer:
    """An EV that offers less charging, with what a flexibility OPF found it can do [n_period]."""

    ev: Any
    bus: Any
    name: Any
    tan_phi: float
    price_eur_per_mwh: float
    max_p_mw: float
    p_down_mw: FloatArray


@dataclass(frozen=True)
class Bid:
    """An offer for one window.

    Parameters
    ----------
    name : str
    row : int                   bus in the grid
    p_mw : float                apex of what can be shaved
    price_eur_per_mwh : float
    most_mw : float [n_period of the window]    in each period, whatever the shape
    most_mwh : float            energy of the window
    tan_phi : float             reactive power per active power
    site : Site or None         None: an EV, whose need is met whatever is called
    on_days_mw : float [n_day]  apex that can be shaved on each of its days, infinite where the rule knows no days
    """

    name: str
    row: int
    p_mw: float
    price_eur_per_mwh: float
    most_mw: FloatArray
    most_mwh: float
    tan_phi: float
    site: Site | None
    on_days_mw: FloatArray

    def share_not_delivered(self, p_mw: float) -> float:
        """Expected share of an apex that its cars cannot shave, days being equally likely."""
        return float(np.maximum(1.0 - self.on_days_mw / p_mw, 0.0).mean()) if p_mw > 0.0 else 0.0


class SiteOffers:
    """All sites and EVs of a net that have a price."""

    def __init__(self, net: Net, days: Days, settings: Settings, charging: Charging | None = None) -> None:
        self.rule, self.quantile = settings.rule, settings.quantile
        sites = sites_of(net, settings)
        unpriced = [site.cpo for site in sites if np.isnan(site.price_eur_per_mwh)]
        if unpriced:
            logger.info("sites %s have no price and are left out of the market", listed(unpriced))
        self.sites = [site for site in sites if site.cpo not in unpriced]
        if self.sites and self.rule == "paper":
            warn_of_period(24.0 / len(self.sites[0].charging_rate))
        _warn_of_small_loads(self.sites, days)
        self.evs = _ev_offers(net, days, charging)

    def __len__(self) -> int:
        return len(self.sites) + len(self.evs)

    def bids(self, state: OperatingState, rows: BoolArray, window: Window, profile: FloatArray) -> list[Bid]:
        """Bids of all sites and EVs at these rows of the grid; the largest value of the profile is 1."""
        found = []
        for site in self.sites:
            row = state.row_of(site.bus)
            if row >= 0 and rows[row]:
                found.append(self._site_bid(site, row, window, profile))
        for ev in self.evs:
            row = state.row_of(ev.bus)
            if row >= 0 and rows[row]:
                found.append(_ev_bid(ev, row, window))
        return [bid for bid in found if bid.p_mw > 0.0]

    def _site_bid(self, site: Site, row: int, window: Window, profile: FloatArray) -> Bid:
        on_days = site.shaving_mw(window, self.rule, profile)
        apex = over_days(on_days, self.quantile, are_real=site.days is not None)
        p = float(np.fmin(apex, site.max_p_mw))
        if self.rule == "paper":  # the energy of its triangle, whenever it charges
            most, energy = np.fmin(site.charging_mw(window), site.max_p_mw), 0.5 * p * window.duration_h
        else:
            most, energy = p * profile, p * float(profile.sum()) * window.day.period_h
        on_days = on_days if self.rule == "exact" else np.full(1, np.inf)
        return Bid(str(site.name), row, p, site.price_eur_per_mwh, most, energy, site.tan_phi, site, on_days)


def _warn_of_small_loads(sites: list[Site], days: Days) -> None:
    """The load at the bus of a site contains its charging."""
    small = []
    for site in sites:
        load = days.load[:, days.buses.get_loc(site.bus)].real
        charging = np.concatenate([site.charging_mw(Window(day, 0, day.n_periods)) for day in days.types])
        if np.any(load < charging * (1.0 - SMALL_LOAD)):
            small.append(site.cpo)
    if small:
        logger.warning(
            "the loads at the buses of sites %s are smaller than their charging: they should contain it", listed(small)
        )


def _ev_bid(ev: EvOffer, row: int, window: Window) -> Bid:
    p = float(np.fmin(ev.p_down_mw[window.cases].min(), ev.max_p_mw))
    most = np.full(window.n_periods, p)
    always = np.full(1, np.inf)
    return Bid(str(ev.name), row, p, ev.price_eur_per_mwh, most, p * window.duration_h, ev.tan_phi, None, always)


def _priced_evs(net: Net) -> pd.DataFrame:
    """Rows of net.flexibility in which EVs offer less charging at a price."""
    if "flexibility" not in net or "ev" not in net:
        return pd.DataFrame()
    rows = net["flexibility"]
    chosen = (rows["element_type"] == "ev") & (rows["direction"] == "down") & rows["in_service"].astype(bool)
    return rows[chosen & rows["price_eur_per_mwh"].notna()]


@dataclass(frozen=True)
class Charging:
    """What a flexibility OPF scheduled, and by how much less its EVs can charge [period x ev], MW."""

    p_mw: pd.DataFrame
    p_down_mw: pd.DataFrame


def charging_on(net: Net, n_periods: int) -> Charging | None:
    """That of the last run on the net; None where there is none with as many periods."""
    frames = [net[name] for name in (EV_POWER, EV_DOWN) if name in net]
    return Charging(*frames) if len(frames) == 2 and all(len(frame) == n_periods for frame in frames) else None


def _ev_offers(net: Net, days: Days, charging: Charging | None) -> list[EvOffer]:
    """EVs with a price, once a flexibility OPF has run for the periods of the plan."""
    rows = _priced_evs(net)
    if not len(rows):
        return []
    if charging is None:
        why = "the flexibility OPF had other periods" if EV_DOWN in net else "no flexibility OPF has run on the net"
        logger.warning("EVs %s are left out: %s; run run_flexibility_opf first", listed(rows["element"].tolist()), why)
        return []
    frame = charging.p_down_mw
    offers = []
    for row in rows.itertuples():
        ev = net["ev"].loc[row.element]
        if row.element not in frame or not bool(ev["in_service"]) or pd.notna(ev.get("cpo")):
            continue  # an EV on the outlet of a site counts there
        name = ev["name"] if pd.notna(ev["name"]) else f"ev {row.element}"
        p_down = np.maximum(frame[row.element].fillna(0.0).to_numpy(dtype=float), 0.0)
        offers.append(
            EvOffer(
                row.element,
                int(ev["bus"]),
                name,
                float(tan_phi(ev["cos_phi"])),
                float(row.price_eur_per_mwh),
                float(row.max_p_mw),
                p_down,
            )
        )
    return offers


def ev_load(net: Net, n_periods: int, charging: Charging | None) -> ComplexArray:
    """Charging that a flexibility OPF scheduled, of EVs that no site counts [n_period, n_bus], MW and Mvar."""
    load = np.zeros((n_periods, len(net["bus"])), dtype=np.complex128)
    for ev, p in () if charging is None else charging.p_mw.items():
        row = net["ev"].loc[ev]
        if pd.isna(row.get("cpo")):
            load[:, net["bus"].index.get_loc(row["bus"])] += p.fillna(0.0).to_numpy(dtype=float) * (
                1.0 + 1.0j * tan_phi(row["cos_phi"])
            )
    return load
