"""Random small feeders with weights, caps, least powers and sessions that leave a solver little to hold on to."""

from __future__ import annotations

from typing import Any

import numpy as np

import pandapower_evflex as evf
from tests.opf.feeder import feeder_net, two_feeders_net

N_PERIODS = 8


def odd_feeder(seed: int) -> tuple[Any, dict[str, Any]]:
    """A net, and the arguments of `run_flexibility_opf` for it."""
    rng = np.random.default_rng(seed)
    n_ev = int(rng.integers(1, 9))
    if rng.random() < 0.5:
        limit, e_mwh = rng.choice([8.0, 10.0, 15.0, 25.0]), rng.choice([0.06, 0.1, 0.2])
        net, n_ev = two_feeders_net(max_loading_percent=limit, max_e_mwh=e_mwh), 6
    else:
        load_mw, sn_mva = rng.choice([0.0, 0.02, 0.03]), rng.choice([0.05, 0.07, 0.1, 1.0])
        net = feeder_net(n_ev, load_mw=load_mw, sn_mva=sn_mva, pv_mw=rng.choice([0, 0.02]))
    arrival = rng.integers(0, 4, n_ev).astype(float)
    departure = arrival + rng.integers(2, 9, n_ev)
    e = rng.uniform(0.005, 0.05, n_ev)
    most = np.minimum(0.06, e + 0.022 * (np.minimum(departure, N_PERIODS) - arrival))
    net.ev_session["arrival_h"], net.ev_session["departure_h"] = arrival, np.minimum(departure, 12)
    net.ev_session["e_arrival_mwh"] = e
    net.ev_session["e_departure_mwh"] = np.clip(e + rng.choice([0.0, 0.3, 0.6, 1.0], n_ev) * (most - e), 0, 0.06)
    if rng.random() < 0.3:
        net.ev["min_p_mw"] = rng.choice([0.0, 0.001, 0.002], n_ev)
    if rng.random() < 0.4:
        _add_offers(net, rng, n_ev)
    arguments = {"weights": _weights(rng), "n_periods": N_PERIODS, "period_h": 1.0, "unreachable": "reduce"}
    if rng.random() < 0.2:
        arguments["scenarios"] = [("up",), ("down",), ("base",), ("up", "down", "base")][rng.integers(4)]
    if rng.random() < 0.2:
        arguments["q_follows_flexibility"] = False
    if rng.random() < 0.15:
        arguments["cyclic"] = True
    return net, arguments


def _add_offers(net: Any, rng: np.random.Generator, n_ev: int) -> None:
    for ev in range(n_ev):
        for direction in ("up", "down"):
            if rng.random() < 0.7:
                cap, weight = rng.choice([np.nan, 0.0005, 0.002, 0.01]), rng.choice([0.0, 1.0, 2.0])
                evf.create_flexibility(net, "ev", ev, direction, max_p_mw=cap, weight=weight)


def _weights(rng: np.random.Generator) -> Any:
    kind, n = rng.integers(7), N_PERIODS
    return [
        None,
        {"up": 0.0},
        {"down": 0.0},
        {"up": 0.0, "down": 0.0},
        {"up": rng.uniform(0, 2, n), "down": rng.uniform(0, 2, n)},
        {"up": 0.2, "down": 1.0},
        {"up": (rng.random(n) < 0.5).astype(float), "down": (rng.random(n) < 0.5).astype(float)},
    ][kind]
