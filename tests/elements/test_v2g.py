"""Cars that feed in: against a linear program in their own variables, and what is not modelled for them."""

from __future__ import annotations

import numpy as np
import pytest

import pandapower_evflex as evf
from tests.elements.test_storage_oracle import N, best_by_linear_program, random_battery
from tests.opf.feeder import EIGHT_HOURS, feeder_net

SEEDS = [*range(3), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 30))]


def net_with_car(battery, **own):
    net = feeder_net(1, load_mw=0.0)
    del net["ev"], net["ev_session"]
    values = {name: value for name, value in battery.items() if name != "soc_percent"}
    ev = evf.create_ev(net, 3, **{**values, **own})
    e_arrival = battery["soc_percent"] / 100.0 * battery["max_e_mwh"]
    evf.create_ev_session(net, ev, 0.0, N, e_arrival_mwh=e_arrival, e_departure_mwh=e_arrival)
    return net


@pytest.mark.parametrize("method", ["fast", "exact"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_car_that_feeds_in_with_losses_offers_what_a_linear_program_says(seed, method):
    battery, rng = random_battery(seed), np.random.default_rng(200 + seed)
    up = rng.uniform(0.5, 1.0, N)
    weights = {"up": up, "down": up * rng.uniform(0.2, 1.0, N)}
    result = evf.run_flexibility_opf(
        net_with_car(battery), n_periods=N, period_h=1.0, weights=weights, method=method, tie_break=None, progress=False
    )
    assert result.status == "optimal", result.message
    assert result.objective_mw == pytest.approx(best_by_linear_program(battery, np.inf, weights), rel=2e-6)
    assert result.bound_mw >= result.objective_mw * (1.0 - 1e-9)
    row = result.summary.iloc[0]
    assert row["e_arrival_mwh"] == pytest.approx(battery["soc_percent"] / 100.0 * battery["max_e_mwh"])


def test_without_losses_the_closed_form_is_exact():
    battery = {**random_battery(4), "efficiency_percent": 100.0, "discharge_efficiency_percent": 100.0}
    one = {"up": np.ones(N), "down": np.ones(N)}
    bound = evf.flexibility_bound(net_with_car(battery), n_periods=N, period_h=1.0)
    assert bound.is_exact
    assert bound.objective_mw == pytest.approx(best_by_linear_program(battery, np.inf, one), rel=1e-9)


def test_with_losses_the_bound_says_that_it_is_loose():
    bound = evf.flexibility_bound(net_with_car(random_battery(0)), n_periods=N, period_h=1.0)
    assert not bound.is_exact


def test_equal_powers_without_losses_and_without_a_need_are_symmetric():
    """From half full, what room there is upward mirrors what energy there is downward."""
    battery = {"max_e_mwh": 0.1, "min_e_mwh": 0.0, "soc_percent": 50.0, "max_p_mw": 0.02, "min_p_mw": -0.02}
    best = []
    for direction in ("up", "down"):
        net = net_with_car(battery)
        net.ev_session["e_departure_mwh"] = 0.0
        arguments = {"n_periods": N, "period_h": 1.0, "progress": False, "method": "exact"}
        best.append(evf.run_flexibility_opf(net, scenarios=(direction,), tie_break=None, **arguments).objective_mw)
    assert best[0] == pytest.approx(best[1], rel=1e-6) and best[0] > 0.1


def test_a_car_that_may_feed_in_never_lowers_the_optimum_behind_a_limit():
    best = []
    for least in (0.0, -0.011):
        net = feeder_net(3, sn_mva=0.06)
        net.ev["min_p_mw"] = least
        net.ev["efficiency_percent"] = 92.0
        best.append(evf.run_flexibility_opf(net, method="fast", **EIGHT_HOURS))
    assert all(result.status in ("optimal", "optimal_within_gap") for result in best)
    assert best[1].objective_mw > best[0].objective_mw
    assert best[1].recoverable.notna().all().all()


@pytest.mark.parametrize("argument", [{"duration_h": 2.0}, {"on_infeasible": "best_effort"}])
def test_what_is_not_modelled_for_cars_that_feed_in_is_refused_by_name(argument):
    with pytest.raises(evf.InvalidInputError, match="feeding in.*not modelled"):
        evf.run_flexibility_opf(net_with_car(random_battery(1)), n_periods=N, period_h=1.0, **argument, progress=False)
