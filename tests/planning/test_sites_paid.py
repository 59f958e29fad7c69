"""Whom to pay: what every site is called for in a year and earns by it."""

from __future__ import annotations

import numpy as np
import pytest

import pandapower_evflex as evf
from tests.planning.test_plan import PRICES, fig6


def flexible_ring(**arguments):
    """With the printed lifetime of ten years the paper's ring buys flexibility."""
    net, profiles = evf.networks.ring_10kv()
    net.reinforcement["lifetime_years"] = 10.0
    return net, evf.run_planning(net, profiles, **PRICES, progress=False, **arguments)


def test_the_site_of_the_paper_s_ring_is_paid_for_half_an_hour_a_year():
    """0.3 MW at the apex of a triangle of one hour, 0.15 MWh at 5000 EUR/MWh, by one fault every two years."""
    net, study = flexible_ring(rebound=False)
    (site,) = study.sites.itertuples()
    assert (site.Index, site.name, site.bus, site.faults) == (0, net.cpo.name[0], net.cpo.bus[0], 1)
    assert site.energy_mwh_per_year == pytest.approx(0.5 * 0.15)
    assert site.hours == pytest.approx(0.5 * 1.0)
    assert site.price_eur_per_mwh == pytest.approx(5000.0)
    assert site.income_eur_per_year == pytest.approx(375.0)


@pytest.mark.parametrize("pricing", ["pay_as_clear", "pay_as_bid"])
@pytest.mark.parametrize("rule", ["paper", "exact"])
def test_incomes_add_up_to_what_the_best_plan_pays(pricing, rule):
    """Two more sites of other prices at the same bus; what each earns is what its own energy is paid."""
    net, profiles = evf.networks.ring_10kv()
    net.reinforcement["lifetime_years"] = 1.0
    net.cpo["n_evse"] //= 3
    for price in (3000.0, 8000.0):
        site = evf.create_cpo(net, net.cpo.bus[0], net.cpo.n_evse[0], net.cpo.evse_p_mw[0], price_eur_per_mwh=price)
        evf.set_cpo_rates(net, site, net.cpo_charging_rate[0], net.cpo_occupancy_rate[0])
    study = evf.run_planning(net, profiles, **PRICES, pricing=pricing, rule=rule, rebound=False, progress=False)
    sites, best = study.sites, study.plans.loc[study.best]
    assert best.flexibility and (sites.income_eur_per_year > 0.0).sum() >= 2
    assert sites.income_eur_per_year.sum() == pytest.approx(best.flexibility_eur_per_year)
    paid = sites[sites.income_eur_per_year > 0.0]
    if pricing == "pay_as_bid":
        np.testing.assert_allclose(paid.price_eur_per_mwh, net.cpo.price_eur_per_mwh[paid.index])
    else:
        assert paid.price_eur_per_mwh.nunique() == 1


def test_a_plan_that_buys_nothing_pays_nobody():
    net, profiles, prices, _ = fig6()
    study = evf.run_planning(net, profiles, **prices, rebound=False, progress=False)
    assert not study.plans.flexibility[study.best]
    assert study.sites.index.equals(net.cpo.index)
    assert (study.sites[["p_mw", "energy_mwh_per_year", "hours", "income_eur_per_year", "faults"]] == 0).all().all()
    assert study.sites.price_eur_per_mwh.isna().all()
    assert "to pay: nobody" in str(study)


def test_printing_a_study_answers_what_limits_what_to_build_and_whom_to_pay():
    _, study = flexible_ring(rebound=False)
    text = str(study)
    assert "what limits: after a fault of line 0, line 4 from 11 to 12 h" in text
    assert "to build: nothing" in text and "to pay: site 0 (d) 375 EUR a year" in text
    assert "total" in text and len(text.splitlines()) <= 10 and "\n" not in repr(study)


def test_without_sites_there_is_nobody_to_pay():
    net, profiles = evf.networks.ring_10kv()
    for table in ("cpo", "cpo_charging_rate", "cpo_occupancy_rate"):
        del net[table]
    study = evf.run_planning(net, profiles, **PRICES, progress=False)
    assert not len(study.sites) and "income_eur_per_year" in study.sites
