"""Rings with a day of loads, charging sites and candidates, for plans: random ones whose faults overload something."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandapower as pp
import pandas as pd

import pandapower_evflex as evf

PRICES: dict[str, Any] = {
    "voll_eur_per_mwh": 10_000.0,
    "loss_price_eur_per_mwh": 80.0,
    "discount_rate": 0.065,
    "progress": False,
}
#: periods of a day; few, so that many plans can be made
N_PERIODS = 24


def planned(net: Any, profiles: Any, **changed: Any) -> Any:
    return evf.run_planning(net, profiles, **{**PRICES, **changed})


def ring(
    load_mw: Any, max_i_ka: Any, tie: int, *, low: int = 0, r_ohm_per_km: float = 0.1, failures: Any = None
) -> Any:
    """Stations in a row between two external grids, switches at both ends of every line, line `tie` open at its end.

    Parameters
    ----------
    load_mw : float [n_station]
    max_i_ka : float [n_station + 1]    of the lines, from the first grid to the second one
    low : int                           number of the first label of every table
    """
    n = len(load_mw) + 2
    net = pp.create_empty_network()
    pp.create_buses(net, n, 10.0, index=range(low, low + n))
    pp.create_ext_grid(net, low)
    pp.create_ext_grid(net, low + n - 1)
    for number in range(n - 1):
        start, end = low + number, low + number + 1
        line = pp.create_line_from_parameters(
            net, start, end, 1.0, r_ohm_per_km, 0.1, 0.0, float(max_i_ka[number]), index=low + number
        )
        pp.create_switch(net, start, line, "l", closed=True, index=low + 2 * number)
        pp.create_switch(net, end, line, "l", closed=number != tie, index=low + 2 * number + 1)
    for number, p in enumerate(load_mw):
        pp.create_load(net, low + number + 1, p_mw=float(p), q_mvar=0.2 * float(p), index=low + number)
    net.line["failure_rate_per_year"] = 0.1 if failures is None else failures
    return net


def add_tie(net: Any, start: int, end: int, max_i_ka: float = 0.5, failure_rate_per_year: float = np.nan) -> int:
    """A line out of service, open at its end: a new tie once it is built."""
    line = pp.create_line_from_parameters(net, start, end, 1.0, 0.1, 0.1, 0.0, max_i_ka, in_service=False)
    net.line.loc[line, "failure_rate_per_year"] = failure_rate_per_year
    pp.create_switch(net, start, line, "l", closed=True)
    pp.create_switch(net, end, line, "l", closed=False)
    return int(line)


def day_of(net: Any, seed: int, n_periods: int = N_PERIODS) -> dict[tuple[str, str], pd.DataFrame]:
    """A hump before noon or in the evening for every load, active and reactive power alike."""
    rng = np.random.default_rng(seed)
    hour = (np.arange(n_periods) + 0.5) * 24.0 / n_periods
    peak, width = rng.choice([11.5, 18.5], len(net.load)), rng.uniform(2.0, 5.0, len(net.load))
    shape = 0.5 + 0.5 * np.exp(-(((hour[:, None] - peak) / width) ** 2))
    time = pd.date_range("2024-05-14", periods=n_periods, freq=pd.Timedelta(hours=24 / n_periods))
    return {
        ("load", column): pd.DataFrame(shape * net.load[column].to_numpy(), index=time, columns=net.load.index)
        for column in ("p_mw", "q_mvar")
    }


def add_sites(net: Any, buses: Any, prices: Any, n_evse: Any = 60) -> list[Any]:
    """Sites of 25 kW outlets at which most cars are charging before noon and in the evening."""
    hour = np.arange(96) / 4
    occupancy = 0.3 + 0.5 * np.exp(-(((hour - 13.0) / 6.0) ** 2))
    charging = occupancy * (0.35 + 0.25 * np.exp(-(((hour - 10.5) / 3.0) ** 2)))
    cpos = []
    for bus, price, n in zip(buses, prices, np.broadcast_to(n_evse, len(buses)), strict=True):
        cpo = evf.create_cpo(net, int(bus), int(n), 0.025, price_eur_per_mwh=float(price))
        evf.set_cpo_rates(net, cpo, charging, occupancy)
        cpos.append(cpo)
    return cpos


def random_ring(seed: int, *, n_sites: int = 2, n_candidates: int = 2, tie: bool = False) -> tuple[Any, Any]:
    """A ring of five stations in which some faults overload some lines."""
    rng = np.random.default_rng(seed)
    load = rng.uniform(0.8, 2.2, 5)
    rating_mva = rng.uniform(0.55, 1.1, 6) * load.sum()
    net = ring(load, rating_mva / (np.sqrt(3.0) * 10.0), int(rng.integers(1, 5)))
    net.line["failure_rate_per_year"] = rng.uniform(0.02, 0.5, 6)
    net.line["repair_time_h"] = rng.choice([np.nan, 6.0, 24.0], 6)
    for line in rng.choice(6, n_candidates, replace=False):
        evf.create_reinforcement(net, "line", int(line), rng.uniform(2e3, 4e4), lifetime_years=30.0, parallel=2)
    if tie:
        line = add_tie(net, 1, 4, float(rng.uniform(0.1, 0.6)))
        evf.create_reinforcement(net, "line", line, rng.uniform(2e3, 2e4), lifetime_years=40.0, in_service=True)
    if n_sites:
        buses = rng.choice(np.arange(1, 6), n_sites, replace=False)
        add_sites(net, buses, rng.uniform(500.0, 9_500.0, n_sites), rng.integers(10, 60, n_sites))
    return net, day_of(net, seed)
