"""What charging sites do on the days of a plan: how much they can shave in a window, and when it comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray, Net
from pandapower_evflex.cpo.chain.markov import (
    count_transition_matrices,
    estimate_transition_matrices,
    simulate_lattice,
)
from pandapower_evflex.cpo.checks import CHARGING, EMPTY
from pandapower_evflex.cpo.equations import state_probabilities
from pandapower_evflex.cpo.peak_shape import peak_shape
from pandapower_evflex.cpo.shave.lattice import rebound_of_most_slack
from pandapower_evflex.cpo.shave.meanfield import mean_field_peak_shave
from pandapower_evflex.cpo.shave.site_days import (
    SiteDays,
    plug_ins_of,
    real_apexes,
    simulated_apexes,
    warn_of_few_days,
    warn_of_power,
)
from pandapower_evflex.cpo.shaving_rule import charging_density, occupancy_density, shaving_limit_outlets
from pandapower_evflex.planning.congestion.windows import Window
from pandapower_evflex.planning.days import FUNCTION
from pandapower_evflex.planning.settings import Settings
from pandapower_evflex.planning.site_arguments import days_of_sites
from pandapower_evflex.tables.cos_phi_p import tan_phi
from pandapower_evflex.tables.cpo import charging_mw_per_outlet
from pandapower_evflex.tables.cpo_offers import cpo_offers
from pandapower_evflex.tables.cpo_rates import rates_of

#: days simulated by rule="exact", and the seed of every simulation: a plan must not depend on chance
N_DAYS, SEED = 200, 0
#: outlets simulated to find when deferred charging comes back
N_OUTLETS = 1000
#: longest mean stay that is assumed when deferred charging comes back [h]
LONGEST_MEAN_STAY_H = 12.0
#: rounding of the edges of a window [h]
EDGE_H = 1e-9


@dataclass
class Site:
    """A site in service that offers less charging.

    Parameters
    ----------
    cpo, bus, name : of net.cpo
    n_evse : int
    growth : float                     outlets then over outlets now
    charging_p_mw, tan_phi, price_eur_per_mwh, max_p_mw : float
    charging_rate, occupancy_rate : float [n_rate]    of the day from 00:00
    days : SiteDays or None            real days; None: rule="exact" simulates some
    plug_ins : float or None           arrivals per outlet and day, where they are known
    """

    cpo: Any
    bus: Any
    name: Any
    n_evse: int
    growth: float
    charging_p_mw: float
    tan_phi: float
    price_eur_per_mwh: float
    max_p_mw: float
    charging_rate: FloatArray
    occupancy_rate: FloatArray
    days: SiteDays | None = None
    plug_ins: float | None = None
    _known: dict[Any, Any] = field(default_factory=dict, repr=False)

    @property
    def installed_mw(self) -> float:
        return self.n_evse * self.growth * self.charging_p_mw

    def charging_mw(self, window: Window) -> FloatArray:
        """Mean charging load in the periods of a window."""
        rates = _resampled(self.charging_rate, window)
        return rates * self.installed_mw

    def shaving_mw(self, window: Window, rule: str, profile: FloatArray) -> FloatArray:
        """Largest apex that it can shave [n_day], for a profile of the window whose largest value is 1.

        With rule="exact" on each of its days; else one number, with rule="paper" of a triangle.
        """
        start, n_periods = self._rate_periods(window)
        heights = peak_shape("triangle", n_periods)
        if rule != "paper":
            heights = _on_rates(profile, window, start, n_periods, len(self.charging_rate))
        key = (rule, start, heights.tobytes())
        if key not in self._known:
            self._known[key] = np.atleast_1d(self._outlets(rule, start, heights))
        power: FloatArray = self._known[key] * self.growth * self.charging_p_mw
        return power

    def _outlets(self, rule: str, start: int, heights: FloatArray) -> Any:
        if not self.n_evse:
            return 0.0
        n_periods = len(heights)
        if rule == "paper":
            d_c = charging_density(self.charging_rate, start, n_periods)
            d_o = max(d_c, occupancy_density(self.occupancy_rate, start, n_periods))
            return shaving_limit_outlets(d_c, d_o, self.n_evse, n_periods, shape=heights)
        if self.days is not None:
            return real_apexes(FUNCTION, self.days, start, heights, self.cpo)
        P, first = self._chain()
        if rule == "meanfield":
            return mean_field_peak_shave(P, first, self.n_evse, start, n_periods, shape=heights)
        rng = np.random.default_rng(SEED)
        return simulated_apexes((P, first), self.occupancy_rate, self.n_evse, start, heights, N_DAYS, rng)

    def payback(self, window: Window) -> FloatArray:
        """When a MWh deferred in a window comes back [n_period of the day type], MW per MWh.

        Cars wait by most slack and go on charging where they would have been idle, as `shave_peak` lets them do on a
        simulated day of many outlets; what the cars of the site cannot defer comes back at once.
        """
        start, n_periods = self._rate_periods(window)
        key = ("payback", start, n_periods, window.day.n_periods)
        if key not in self._known:
            self._known[key] = self._simulated_payback(window, start, n_periods)
        return np.asarray(self._known[key])

    def _simulated_payback(self, window: Window, start: int, n_periods: int) -> FloatArray:
        P, first = self._chain_of_daily_cars()
        lattice = simulate_lattice(P, first, N_OUTLETS, n_days=3, seed=SEED)
        heights = peak_shape("triangle", n_periods)
        n_rate = len(self.charging_rate)
        cells = np.zeros(n_rate)
        apex = float(np.count_nonzero(lattice[:, start : start + n_periods] == CHARGING, axis=0).min())
        while apex >= 1.0:
            rebound = rebound_of_most_slack(lattice, start, np.floor(apex * heights))
            if rebound is not None:
                cells += np.bincount(np.arange(lattice.shape[1]) % n_rate, weights=rebound, minlength=n_rate)
                break
            apex *= 0.7
        if not cells.any():
            cells[(start + n_periods) % n_rate] = 1.0
        day = window.day
        hours = 24.0 / n_rate
        overlap = _overlaps(day.start_h + day.period_h * np.arange(day.n_periods), day.period_h, n_rate)
        energy = overlap @ (cells / cells.sum() / hours)  # MWh of each period per MWh
        return energy / day.period_h

    def _chain(self) -> tuple[FloatArray, FloatArray]:
        if "chain" not in self._known:
            first = state_probabilities(self.charging_rate, self.occupancy_rate)[0]
            prior = None if self.days is None else count_transition_matrices(self.days.lattices)
            self._known["chain"] = (
                estimate_transition_matrices(
                    self.charging_rate, self.occupancy_rate, prior=prior, plug_ins_per_day=self.plug_ins
                ),
                first,
            )
        chain: tuple[FloatArray, FloatArray] = self._known["chain"]
        return chain

    def _chain_of_daily_cars(self) -> tuple[FloatArray, FloatArray]:
        """The chain, with more plug-ins where stays would be longer than cars stay: flat rates tell nothing of them."""
        P, first = self._chain()
        states = state_probabilities(self.charging_rate, self.occupancy_rate)
        plug_ins = float(np.sum(states[:, EMPTY] * (1.0 - P[:, EMPTY, EMPTY])))
        least = float(np.mean(self.occupancy_rate)) * 24.0 / LONGEST_MEAN_STAY_H
        if plug_ins >= least or self.days is not None or self.plug_ins is not None:
            return P, first
        P = estimate_transition_matrices(self.charging_rate, self.occupancy_rate, plug_ins_per_day=least)
        return P, first

    def _rate_periods(self, window: Window) -> tuple[int, int]:
        """The whole periods of the rates in which a window lies."""
        hours = 24.0 / len(self.charging_rate)
        start, end = window.hours
        first = int(np.floor((start + EDGE_H) / hours))
        last = int(np.ceil((end - EDGE_H) / hours))
        return first % len(self.charging_rate), min(last - first, len(self.charging_rate))


def sites_of(net: Net, settings: Settings) -> list[Site]:
    """Sites in service that offer less charging, with or without a price."""
    if "cpo" not in net or not len(net["cpo"]):
        return []
    offers = cpo_offers(net, net["cpo"].index.tolist())
    cpos: Sequence[Any] = offers.index.tolist()
    charging, occupancy = rates_of(net, cpos)
    days = {} if settings.lattices is None else days_of_sites(net, settings.lattices)
    warn_of_power(net["cpo"].loc[cpos], days)
    warn_of_few_days(days, settings.quantile)
    power = charging_mw_per_outlet(net["cpo"])
    sites = []
    for i, cpo in enumerate(cpos):
        row = net["cpo"].loc[cpo]
        sites.append(
            Site(
                cpo=cpo,
                bus=int(row["bus"]),
                name=row["name"] if pd.notna(row["name"]) else f"cpo {cpo}",
                n_evse=int(row["n_evse"]),
                growth=1.0 + settings.site_growth_percent / 100.0,
                charging_p_mw=float(power[cpo]),
                tan_phi=float(tan_phi(row["cos_phi"])),
                price_eur_per_mwh=float(offers.at[cpo, "price_eur_per_mwh"]),
                max_p_mw=float(offers.at[cpo, "max_p_mw"]),
                charging_rate=charging[:, i],
                occupancy_rate=occupancy[:, i],
                days=days.get(cpo),
                plug_ins=plug_ins_of(settings.plug_ins_per_day, cpo),
            )
        )
    return sites


def _overlaps(start_h: Any, length_h: float, n_rate: int) -> FloatArray:
    """Hours that each period from ``start_h`` on shares with each period of the rates [n, n_rate]; days repeat."""
    edges = np.arange(2 * n_rate + 1) * 24.0 / n_rate
    start = np.mod(start_h, 24.0)[:, None]
    clipped = np.clip(edges[None], start, start + length_h)
    hours: FloatArray = np.diff(clipped, axis=1).reshape(len(start_h), 2, n_rate).sum(axis=1)
    return hours


def _resampled(rates: FloatArray, window: Window) -> FloatArray:
    """Mean rate in every period of a window."""
    start = window.hours[0] + window.day.period_h * np.arange(window.n_periods)
    return _overlaps(start, window.day.period_h, len(rates)) @ rates / window.day.period_h


def _on_rates(profile: FloatArray, window: Window, first: int, n_periods: int, n_rate: int) -> FloatArray:
    """A profile of the window on the periods of the rates: the largest value of those that each one meets."""
    start = window.hours[0] + window.day.period_h * np.arange(window.n_periods)
    meets = _overlaps(start, window.day.period_h, n_rate)[:, (first + np.arange(n_periods)) % n_rate] > EDGE_H
    return np.where(meets, profile[:, None], 0.0).max(axis=0)
