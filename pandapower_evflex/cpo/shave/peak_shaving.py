"""What each site on a net can shave in a window of the day, as bids (second paper, section II-C)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray, Net
from pandapower_evflex.cpo.chain.markov import count_transition_matrices, estimate_transition_matrices
from pandapower_evflex.cpo.checks import raise_if, scalar_faults
from pandapower_evflex.cpo.densities import site_faults, window_hours
from pandapower_evflex.cpo.equations import state_probabilities
from pandapower_evflex.cpo.peak_shape import peak_shape
from pandapower_evflex.cpo.shave.meanfield import mean_field_peak_shave
from pandapower_evflex.cpo.shave.site_days import (
    FUNCTION,
    SiteDays,
    lattices_of_sites,
    over_days,
    plug_in_faults,
    plug_ins_of,
    quantile_faults,
    real_apexes,
    simulated_apexes,
    warn_of_few_days,
    warn_of_power,
)
from pandapower_evflex.cpo.shaving_rule import (
    charging_density,
    occupancy_density,
    shaving_limit_outlets,
    warn_of_period,
)
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.cpo import CPO, charging_mw_per_outlet
from pandapower_evflex.tables.cpo_offers import cpo_offers
from pandapower_evflex.tables.cpo_rates import DEFAULT_PERIODS, rates_of
from pandapower_evflex.tables.faults import frame_faults
from pandapower_evflex.tables.flexibility import FLEXIBILITY
from pandapower_evflex.tables.kinds import check_net, checked_generator
from pandapower_evflex.tables.links import link_faults, remember_all
from pandapower_evflex.tables.unusual import in_service, warn_of_unusual

logger = logging.getLogger(__name__)

RULES = ("paper", "exact", "meanfield")

#: the paper's rule promises more than the exact limit when it is above it by this share
TOLERANCE = 1e-6


@dataclass(frozen=True)
class _Window:
    """Whole periods of a day that hold a window, and the peak in them."""

    start: int
    heights: FloatArray
    text: str

    @property
    def n_periods(self) -> int:
        return len(self.heights)


@dataclass(frozen=True)
class _Site:
    """A site with its rates [n_period], and what else is known of it."""

    cpo: int
    n_evse: int
    charging_rate: FloatArray
    occupancy_rate: FloatArray
    days: SiteDays | None
    plug_ins: Any

    def chain(self) -> FloatArray:
        """Transition matrices; counted where there are real days."""
        prior = None
        if self.days is not None:
            prior = count_transition_matrices(self.days.lattices)
        c, o = self.charging_rate, self.occupancy_rate
        return estimate_transition_matrices(c, o, prior=prior, plug_ins_per_day=self.plug_ins)

    def first(self) -> FloatArray:
        """Probabilities of the states in the first period."""
        return state_probabilities(self.charging_rate, self.occupancy_rate)[0]

    def densities(self, window: _Window) -> tuple[float, float]:
        d_c = charging_density(self.charging_rate, window.start, window.n_periods)
        d_o = occupancy_density(self.occupancy_rate, window.start, window.n_periods)
        return d_c, max(d_c, d_o)  # equal up to rounding where all cars charge


def cpo_peak_shaving(
    net: Net,
    start_h: float,
    end_h: float,
    *,
    rule: str = "paper",
    shape: Any = "triangle",
    quantile: float | None = None,
    n_days: int = 200,
    lattices: Any = None,
    plug_ins_per_day: Any = None,
    seed: Any = None,
) -> pd.DataFrame:
    """Largest peak that each site can shave in a window of the day.

    Parameters
    ----------
    net : pandapowerNet      with sites (`create_cpo`) and their rates (`set_cpo_rates`)
    start_h, end_h : float   hours of the day from 00:00 local; across midnight 22 to 26 or 22 to 2. The whole periods
                             of the rates count in which the window lies, in part or in full
    rule : "paper", "exact", "meanfield"

        * "paper": (15) with its cap, `shaving_limit_outlets`. Before noon at a workplace it is far too low, after noon
          too high: whenever it promises more than the sites can do, by their lattices or else in the limit of many
          outlets, a warning is logged
        * "exact": `max_peak_shave` on real days (`lattices`) or on simulated ones, their mean or a quantile
        * "meanfield": `mean_field_peak_shave`, from the rates, without simulation
    shape : "triangle", "rectangle" or float [n periods of the window]
        of the peak, see `peak_shape`
    quantile : float         of "exact", over the days: 0.05 is what the next day allows with 95 %; None: the mean.
                             Simulated days differ as those of the JPL garage do: take real days where there are some
    n_days : int             simulated days, each with its following night and day; on a day a share of the outlets is
                             in use that is beta-distributed, their number beta-binomial; means are those of the rates
    lattices : CpoRates or int [n_day, n_evse, n_period], or {cpo: these}
        real days, in which stays end at midnight; where the window goes on after it, each day is followed by the next.
        "meanfield" counts how states follow each other in them
    plug_ins_per_day : float or {cpo: float}
        arrivals per outlet and day, see `estimate_transition_matrices`
    seed : int, Generator or None of numpy

    Returns
    -------
    DataFrame [cpo]    sites in service that offer less charging: `name`, `bus`, `p_mw` (apex of the peak, at most what
                       net.flexibility allows), `price_eur_per_mwh` (NaN: the site has set none), `outlets` (the apex
                       by the rule), `paper_outlets`, `charging_density`, `occupancy_density`

    Raises
    ------
    InvalidInputError    no sites, no rates, no such window, rule, shape, quantile or lattices

    Examples
    --------
    The paper's site, between 11 and 12 h:

    >>> import pandapower.networks as nw, pandapower_evflex as evf
    >>> net = nw.create_kerber_landnetz_freileitung_1()
    >>> cpo = evf.create_cpo(net, 5, n_evse=60, evse_p_mw=0.025, price_eur_per_mwh=5000)
    >>> evf.set_cpo_rates(net, cpo, charging_rate=0.45, occupancy_rate=0.85)
    >>> evf.cpo_peak_shaving(net, 11, 12).p_mw.round(9).tolist()
    [0.3]
    """
    raise_if(_faults(net, start_h, end_h, rule, quantile, n_days, plug_ins_per_day))
    for schema in (CPO, FLEXIBILITY):
        if schema.name in net:
            warn_of_unusual(schema, in_service(net[schema.name]))
    remember_all(net, {"cpo": CPO, "flexibility": FLEXIBILITY})
    offers = cpo_offers(net, net["cpo"].index.tolist())
    cpos = offers.index.tolist()
    sites = net["cpo"].loc[cpos]
    charging, occupancy = rates_of(net, cpos)
    n_day_periods = len(charging) or DEFAULT_PERIODS
    window = _window(start_h, end_h, n_day_periods, shape)
    days = lattices_of_sites(FUNCTION, lattices, cpos, sites["n_evse"].to_dict(), n_day_periods)
    warn_of_power(sites, days)
    warn_of_few_days(days, quantile)
    rng = checked_generator(FUNCTION, seed)
    rows = []
    for i, cpo in enumerate(cpos):
        plug_ins = plug_ins_of(plug_ins_per_day, cpo)
        site = _Site(cpo, int(sites.at[cpo, "n_evse"]), charging[:, i], occupancy[:, i], days.get(cpo), plug_ins)
        d_c, d_o = site.densities(window)
        paper = shaving_limit_outlets(d_c, d_o, site.n_evse, window.n_periods, shape=window.heights)
        limit = _limit(site, window, rule, quantile, int(n_days), rng) if site.n_evse else 0.0
        if rule == "paper":
            _warn_of_promise(site, window, paper, limit)
        rows.append((paper if rule == "paper" else limit, paper, d_c, d_o))
    if rule == "paper" and cpos:
        warn_of_period(24.0 / n_day_periods)
    columns = ["outlets", "paper_outlets", "charging_density", "occupancy_density"]
    shaved = pd.DataFrame(rows, columns=columns, index=offers.index, dtype=float)
    p_mw = np.fmin(shaved["outlets"] * charging_mw_per_outlet(sites), offers["max_p_mw"])
    priced = {"p_mw": p_mw.astype(float), "price_eur_per_mwh": offers["price_eur_per_mwh"]}
    return pd.concat([sites[["name", "bus"]], pd.DataFrame(priced, index=offers.index), shaved], axis=1)


def _limit(
    site: _Site, window: _Window, rule: str, quantile: float | None, n_days: int, rng: np.random.Generator
) -> float:
    """What the cars of a site can shave [outlets]: on real days, on simulated ones, or in the limit of many outlets."""
    start, heights = window.start, window.heights
    if rule != "meanfield" and site.days is not None:
        apexes = real_apexes(FUNCTION, site.days, start, heights, site.cpo)
    elif rule == "exact":
        chain = site.chain(), site.first()
        apexes = simulated_apexes(chain, site.occupancy_rate, site.n_evse, start, heights, n_days, rng)
    else:
        P, first = site.chain(), site.first()
        return mean_field_peak_shave(P, first, site.n_evse, start, window.n_periods, shape=heights)
    return over_days(apexes, quantile, are_real=site.days is not None)


def _warn_of_promise(site: _Site, window: _Window, paper: float, limit: float) -> None:
    if paper > limit * (1.0 + TOLERANCE) + TOLERANCE:
        message = "cpo %s, %s: the paper's rule promises %.1f outlets, its cars can shave %.1f; take rule='exact'"
        logger.warning(message, site.cpo, window.text, paper, limit)


def _window(start_h: Any, end_h: Any, n_day_periods: int, shape: Any) -> _Window:
    """The whole periods in which the window lies."""
    hours, length = window_hours(FUNCTION, start_h, end_h)
    first, last = hours * n_day_periods / 24.0, (hours + length) * n_day_periods / 24.0
    start, end = int(np.floor(first + 1e-9)), int(np.ceil(last - 1e-9))
    n_periods = min(max(end - start, 1), n_day_periods)
    return _Window(start % n_day_periods, peak_shape(shape, n_periods), f"{float(start_h):g} to {float(end_h):g} h")


def _faults(
    net: Net, start_h: Any, end_h: Any, rule: Any, quantile: Any, n_days: Any, plug_ins_per_day: Any
) -> list[Fault]:
    check_net(FUNCTION, net)
    faults = site_faults(net, None)
    if "flexibility" in net:
        wrong = frame_faults(net, FLEXIBILITY, net["flexibility"])
        faults += wrong or link_faults(net, {"flexibility": FLEXIBILITY})
    try:
        window_hours(FUNCTION, start_h, end_h)
    except InvalidInputError as error:
        faults += list(error.faults)
    if not isinstance(rule, str) or rule not in RULES:
        faults.append(Fault(FUNCTION, "rule", (), repr(rule), "is not known", f"use one of {', '.join(RULES)}"))
    faults += quantile_faults(FUNCTION, quantile, rule) + plug_in_faults(FUNCTION, net, plug_ins_per_day)
    remedy = "give the number of days to simulate, 1 or more"
    return faults + scalar_faults(FUNCTION, "n_days", n_days, remedy, least=1, whole=True)
