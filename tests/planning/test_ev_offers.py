"""Sites and EVs of a flexibility OPF as suppliers of one net."""

from __future__ import annotations

import numpy as np
import pytest

import pandapower_evflex as evf
from tests.planning.plan_nets import PRICES, planned

OPTIONS = {"rebound": False, "progress": False}


def two_suppliers(price_eur_per_mwh=3_000.0):
    """The paper's ring with an EV of 100 kW at e that charges all day, and as much less of the other load there."""
    net, profiles = evf.networks.ring_10kv()
    ev = evf.create_ev(net, 4, max_p_mw=0.1, max_e_mwh=5.0)
    evf.create_ev_session(net, ev, 0.0, 24.0, e_arrival_mwh=0.0, e_departure_mwh=0.0)
    evf.create_flexibility(net, "ev", ev, "down", price_eur_per_mwh=price_eur_per_mwh)
    at_e = net.load.index[net.load.bus == 4][0]
    profiles["load", "p_mw"][at_e] -= 0.1
    result = evf.run_flexibility_opf(
        net, profiles, scenarios=("down",), guarantee="any_sequence", tie_break=None, max_line_loading_percent=200.0,
        progress=False,
    )  # fmt: skip
    np.testing.assert_allclose(result.p_down_mw[ev], 0.1, atol=1e-6)
    return net, profiles, result


@pytest.fixture(scope="module")
def suppliers():
    return two_suppliers()


def with_flexibility(study):
    """What it changes against buying nothing, nothing reinforced."""
    nothing, flexible = (study.plans[study.plans.reinforcements.map(len).eq(0)].iloc[i] for i in (0, 1))
    columns = ["reliability_eur_per_year", "flexibility_eur_per_year", "total_eur_per_year"]
    return (flexible[columns] - nothing[columns]).astype(float).tolist()


@pytest.mark.parametrize(("pricing", "paid"), [("pay_as_clear", 500.0), ("pay_as_bid", 375.0 + 75.0)])
def test_the_ev_is_called_first_and_sets_no_price(suppliers, pricing, paid):
    """675 kW are missing at the apex: 100 kW of the EV at 3 and 300 kW of the site at 5 EUR/kWh, triangles of an hour.

    ENS falls by 0.5 * 0.4 MWh, half a time a year, at 10 EUR/kWh; (16) pays the same energy.
    """
    net, profiles, result = suppliers
    study = planned(net, profiles, ev_offers=result, pricing=pricing, **OPTIONS)
    assert with_flexibility(study) == pytest.approx([-1000.0, paid, paid - 1000.0], rel=1e-4)
    (row,) = study.faults.itertuples()
    assert (row.procured_mw, row.missing_mw) == pytest.approx((0.4, 0.675), rel=1e-3)


def test_a_further_supplier_never_raises_the_cost_of_the_optimum(suppliers):
    net, profiles, result = suppliers
    costs = {}
    for price in (None, 9_900.0, 6_000.0, 3_000.0):
        net.flexibility["price_eur_per_mwh"] = np.nan if price is None else price
        study = planned(net, profiles, ev_offers=result, procurement="optimal", **OPTIONS)
        costs[price] = study.plans.total_eur_per_year[study.plans.reinforcements.map(len).eq(0)].min()
    net.flexibility["price_eur_per_mwh"] = 3_000.0
    assert costs[9_900.0] <= costs[None] + 1e-6
    assert costs[3_000.0] <= costs[6_000.0] + 1e-6 <= costs[9_900.0] + 2e-6
    assert costs[3_000.0] < costs[None] - 100.0


def test_the_result_given_is_that_of_the_net_where_it_ran_there(suppliers):
    net, profiles, result = suppliers
    one = planned(net, profiles, ev_offers=result, **OPTIONS)
    other = planned(net, profiles, **OPTIONS)
    np.testing.assert_allclose(one.plans.total_eur_per_year, other.plans.total_eur_per_year, rtol=1e-9)


def test_every_year_of_a_horizon_has_both_suppliers(suppliers):
    """Loads grow by 1 % from the second year on; the EV stays as its schedule says."""
    net, profiles, result = suppliers
    horizon = evf.run_planning_horizon(
        net, profiles, 2, 1.0, ev_offers=result, **{**PRICES, **OPTIONS}, pricing="pay_as_bid"
    )
    assert with_flexibility(horizon.studies[0]) == pytest.approx([-1000.0, 450.0, -550.0], rel=1e-4)
    for year, growth in enumerate([0.0, 1.0]):
        study = planned(net, profiles, ev_offers=result, pricing="pay_as_bid", load_growth_percent=growth, **OPTIONS)
        assert with_flexibility(horizon.studies[year]) == pytest.approx(with_flexibility(study))
    (row,) = horizon.studies[1].faults.itertuples()
    assert row.missing_mw > 0.675 and row.procured_mw == pytest.approx(0.4, rel=1e-3)


def test_what_does_not_fit_is_refused(suppliers):
    net, profiles, result = suppliers
    half = {key: frame.iloc[::2] for key, frame in profiles.items()}
    with pytest.raises(evf.InvalidInputError, match="a result of 96 periods of 0.25 h does not fit the profiles"):
        planned(net, half, ev_offers=result, **OPTIONS)
    with pytest.raises(evf.InvalidInputError, match="a result of 96 periods"):
        evf.run_planning_horizon(net, half, 2, 1.0, ev_offers=result, **{**PRICES, **OPTIONS})
    with pytest.raises(evf.InvalidInputError, match="is not a result"):
        planned(net, profiles, ev_offers=result.p_down_mw, **OPTIONS)
    without, _ = evf.networks.ring_10kv()
    with pytest.raises(evf.InvalidInputError, match="are elsewhere in this net"):
        planned(without, profiles, ev_offers=result, **OPTIONS)


def test_single_activations_are_said_to_be_such(caplog):
    net, profiles, _ = two_suppliers()
    result = evf.run_flexibility_opf(net, profiles, scenarios=("down",), max_line_loading_percent=200.0, progress=False)
    planned(net, profiles, ev_offers=result, **OPTIONS)
    assert "promises single activations" in caplog.text
