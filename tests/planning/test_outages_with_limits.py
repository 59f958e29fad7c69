"""Which ties are closed and what a fault costs where limits bind, by `runpp` over every set of ties."""

from __future__ import annotations

import copy
from itertools import islice

import numpy as np
import pandapower as pp
import pytest

from tests.planning.outage_analysis import Outages, flood
from tests.planning.plan_nets import planned
from tests.planning.test_outages import random_feeders

#: lowest voltage allowed [pu]
LOW = 0.96


def weak_feeders(seed):
    """Long lines of little rating; no limit is broken before any fault."""
    net = random_feeders(seed, meshed=False)
    rng = np.random.default_rng(seed)
    net.load["q_mvar"] = 0.2 * net.load.p_mw
    net.line["r_ohm_per_km"], net.line["x_ohm_per_km"] = 0.1, 0.1
    net.line["length_km"] = rng.uniform(0.5, 3.0, len(net.line))
    net.bus["min_vm_pu"] = LOW
    net.switch["stuck_probability"] = np.nan
    for table in ("line", "trafo"):
        net[table]["planned_outage_rate_per_year"] = np.nan
    pp.runpp(net)
    most_ka = rng.uniform(0.3, 0.9, len(net.line)) * net.load.p_mw.sum() / (np.sqrt(3.0) * 10.0)
    net.line["max_i_ka"] = np.maximum(most_ka, 1.02 * net.res_line.i_ka.fillna(0.0))
    return net, net.res_bus.vm_pu.min() > LOW and net.res_trafo.loading_percent.fillna(0.0).le(100.0).all()


class Limits:
    """What must be shed in a state: 0, the power behind one overloaded branch, or NaN: not known."""

    def __init__(self, net):
        self.net = net

    def shed_mw(self, sources, closed, ties):
        after = copy.deepcopy(self.net)
        links = closed + list(ties)
        after.switch["closed"] = after.switch.index.isin([link[2] for link in links])
        fed = flood(sources, links)
        for table in ("bus", "line", "trafo"):
            after[table]["in_service"] = [(table, label) in fed for label in after[table].index]
        if not after.bus.in_service.any():
            return 0.0
        try:
            pp.runpp(after)
        except pp.LoadflowNotConverged:
            return np.nan
        low = (after.res_bus.vm_pu < LOW).any()
        over = [
            (table, label)
            for table in ("line", "trafo")
            for label in after[table].index[after[f"res_{table}"].loading_percent.fillna(0.0) > 100.0 + 1e-5]
        ]
        if not over and not low:
            return 0.0
        if low or len(over) > 1:
            return np.nan
        return self._behind(after, sources, links, over[0])

    def _behind(self, after, sources, links, branch):
        """Loads behind the branch go down alike, until `runpp` shows it at its limit."""
        rest = flood(sources, [link for link in links if branch not in link[:2]])
        fed_otherwise = [label for table, label in rest if table == "bus"]
        own = after.load.bus.isin(after.bus.index[after.bus.in_service]) & ~after.load.bus.isin(fed_otherwise)
        if not own.any():
            return np.nan  # there is another way: no load counts in full
        before = after.load.loc[own, ["p_mw", "q_mvar"]].copy()
        below, above = 0.0, 1.0
        for _ in range(30):
            share = 0.5 * (below + above)
            after.load.loc[own, ["p_mw", "q_mvar"]] = (1.0 - share) * before
            pp.runpp(after)
            is_over = after[f"res_{branch[0]}"].loading_percent[branch[1]] > 100.0
            below, above = (share, above) if is_over else (below, share)
        return above * before.p_mw.sum()


class OutagesWithLimits(Outages):
    """The usual analysis; sets whose shed is not known are left out, with the least that they could cost."""

    def cost(self, element, table):
        """MWh of the cheapest set, how much of it is shed; None where a set that is not known could be cheaper."""
        limits, unknown = Limits(self.net), []

        def shed(*state):
            mw = limits.shed_mw(*state)
            if np.isnan(mw):
                unknown.append(state)
            return np.inf if np.isnan(mw) else mw

        best = self.best(element, table, shed=shed)
        least = min(
            (self.cheapest(element, table, only=tuple(sorted(tie[2] for tie in ties))).key[0] for *_, ties in unknown),
            default=np.inf,
        )
        without = self.cheapest(element, table, only=best.key[2]).key[0]
        return (best.key[0], best.key[0] - without) if best.key[0] < least + 1e-6 else None


def compared(seed, every=1):
    """How many faults cost the same, of which one in ``every`` is looked at, and how many of these shed."""
    net, is_sound = weak_feeders(seed)
    if not is_sound:
        return 0, 0
    own = OutagesWithLimits(net)
    study = planned(net, None)
    costs = study.fault_costs[study.fault_costs.plan == 0].set_index(["element_type", "element"])
    n, n_shed = 0, 0
    for rate, element, table, _ in islice(own.events(), 0, None, every):
        found = own.cost(element, table)
        if found is None:
            continue
        expected = pytest.approx(rate * 10_000.0 * found[0], rel=1e-5, abs=1e-3)
        assert costs.reliability_eur_per_year[table, element] == expected, (table, element)
        n, n_shed = n + 1, n_shed + (found[1] > 1e-6)
    return n, n_shed


def test_what_faults_cost_where_limits_bind_is_that_of_an_analysis_by_runpp():
    n, n_shed = compared(1, every=3)
    assert n > 2 and n_shed > 0


@pytest.mark.slow
def test_what_faults_cost_where_limits_bind_in_many_nets():
    numbers = np.array([compared(seed) for seed in range(2, 40)])
    assert numbers[:, 0].sum() > 100 and numbers[:, 1].sum() > 10
