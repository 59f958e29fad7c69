"""Studies of the paper's ring to draw."""

from __future__ import annotations

import copy
from functools import cache

import pandapower_evflex as evf

PRICES = {"voll_eur_per_mwh": 10_000.0, "loss_price_eur_per_mwh": 108.786, "discount_rate": 0.065, "progress": False}


@cache
def ring():
    """The paper's example, its net and profiles."""
    net, profiles = evf.networks.ring_10kv()
    return net, profiles, evf.run_planning(net, profiles, rebound=False, **PRICES)


@cache
def with_rebound():
    net, profiles, _ = ring()
    heavier = copy.deepcopy(net)
    heavier.cpo["n_evse"] = 200  # what comes back overloads the line again
    return evf.run_planning(heavier, profiles, load_growth_percent=1.0, **PRICES)


@cache
def years():
    net, profiles, _ = ring()
    dearer = copy.deepcopy(net)
    dearer.reinforcement["invest_eur"] = 60_000.0
    return evf.run_planning_horizon(dearer, profiles, 5, 2.0, **{**PRICES, "loss_price_eur_per_mwh": 80.0})
