"""The order in which the fast method eliminates changes the work, not the answer."""

from __future__ import annotations

import numpy as np
import pytest

import pandapower_evflex as evf
from pandapower_evflex.solvers.chains.fronts import Fronts

SAME = 2e-6
UNTIED = {"method": "fast", "tie_break": None, "progress": False}
#: weights of upward and downward flexibility in every period of a day
WEIGHTS = {
    "equal": (1.0, 1.0),
    "evening": (1.0 + np.exp(-(((np.arange(96) / 4.0 - 19.0) / 3.0) ** 2)), 1.0),
    "mostly up": (2.0, 0.5),
}


def in_order(order, monkeypatch, net, profiles, **arguments):
    with monkeypatch.context() as patch:
        patch.setattr(Fronts, "operations", lambda self: 0.0 if order == "by_period" else np.inf)
        result = evf.run_flexibility_opf(net, profiles, **UNTIED, **arguments)
    assert result.stats["elimination"][order] == result.stats["iterations"]
    return result


def test_both_orders_end_at_the_objective_of_exact(monkeypatch):
    net, profiles = evf.networks.suburban_lv(seed=3, n_periods=24)
    exact = evf.run_flexibility_opf(net, profiles, method="exact", tie_break=None, progress=False)
    for order in ("by_period", "by_chain"):
        fast = in_order(order, monkeypatch, net, profiles)
        assert fast.status == "optimal"
        assert np.isclose(fast.objective_mw, exact.objective_mw, rtol=SAME)


@pytest.mark.slow
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("seed", range(24))
def test_both_orders_end_at_the_same_optimum_on_the_built_in_day(seed, weights, monkeypatch):
    net, profiles = evf.networks.suburban_lv(seed=seed)
    up, down = WEIGHTS[weights]
    results = [
        in_order(order, monkeypatch, net, profiles, weights={"up": up, "down": down})
        for order in ("by_period", "by_chain")
    ]
    assert all(result.status == "optimal" for result in results)
    assert np.isclose(results[0].objective_mw, results[1].objective_mw, rtol=SAME)


def test_the_order_is_chosen_by_counting_few_evs_by_period_and_many_by_chain():
    for n_evs, order, other in ((24, "by_period", "by_chain"), (200, "by_chain", "by_period")):
        net, profiles = evf.networks.suburban_lv(seed=0, n_periods=24, n_evs=n_evs)
        taken = evf.run_flexibility_opf(net, profiles, **UNTIED).stats["elimination"]
        assert taken[order] > taken[other]
        assert taken["operations"][order] < taken["operations"][other]
