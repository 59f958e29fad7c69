"""Sites that sell a share of their days: what is sold, and what is not delivered on the others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.cpo.checks import checked_lattice
from pandapower_evflex.cpo.shave import site_days
from tests.planning.plan_nets import planned, ring

OPTIONS = {
    "voll_eur_per_mwh": 10_000, "loss_price_eur_per_mwh": 108.786, "discount_rate": 0.065, "rebound": False,
    "rule": "exact", "progress": False,
}  # fmt: skip
#: outlets that charge from 10 to 15 h and are idle until 20 h, one number per day
OUTLETS = np.array([30, 20, 10, 5])


def four_days():
    """Outlets that can wait all through the congested hour from 11 to 12 h: their number is what can be shaved."""
    lattices = np.zeros((len(OUTLETS), 60, 96), dtype=np.int8)
    for day, n in zip(lattices, OUTLETS, strict=True):
        day[:n, 40:60], day[:n, 60:80] = 1, 2
    return lattices


@pytest.fixture
def looks(monkeypatch):
    """How many times the states of days are looked through."""
    seen = []
    monkeypatch.setattr(site_days, "checked_lattice", lambda *given: (seen.append(given), checked_lattice(*given))[1])
    return seen


@pytest.mark.parametrize("quantile", [None, 0.0, 0.5, 0.6])
def test_what_is_sold_and_cannot_be_shaved_on_a_day_is_not_served(quantile, looks):
    """By hand: an outlet has 25 kW, the overload is the only one of the day, and every MW counts."""
    net, profiles = evf.networks.ring_10kv()
    study = evf.run_planning(net, profiles, lattices=four_days(), quantile=quantile, **OPTIONS)
    assert len(looks) == 1
    fault = study.faults.iloc[0]
    sold = np.mean(OUTLETS) if quantile is None else np.quantile(OUTLETS, quantile, method="weibull")
    assert fault.procured_mw == pytest.approx(0.025 * sold)
    bought_mwh = fault.ens_mwh * fault.procured_mw / fault.missing_mw  # in the shape of the overload
    share_not_delivered = np.mean([max(0.0, sold - n) / sold for n in OUTLETS])
    left = fault.ens_mwh - bought_mwh * (1.0 - share_not_delivered)
    assert fault.ens_with_flexibility_mwh == pytest.approx(left)
    r_without, r_with = study.plans.reliability_eur_per_year[study.plans.reinforcements.map(len) == 0]
    assert r_with / r_without == pytest.approx(left / fault.ens_mwh)


def test_less_is_sold_for_more_days():
    net, profiles = evf.networks.ring_10kv()
    sold = [
        evf.run_planning(net, profiles, quantile=quantile, **OPTIONS).faults.procured_mw.iloc[0]
        for quantile in (0.0, 0.05, 0.5)
    ]
    assert sold[0] <= sold[1] < sold[2]


def test_plug_ins_of_all_sites_are_those_of_each():
    net, profiles = evf.networks.ring_10kv()
    rows = [
        evf.run_planning(net, profiles, plug_ins_per_day=given, **OPTIONS).faults.procured_mw.iloc[0]
        for given in (2.0, {0: 2.0}, None)
    ]
    assert rows[0] == rows[1] != rows[2]


def test_the_paper_s_rule_knows_no_days():
    net, profiles = evf.networks.ring_10kv()
    with pytest.raises(evf.InvalidInputError) as error:
        evf.run_planning(net, profiles, quantile=0.05, lattices=four_days(), **{**OPTIONS, "rule": "paper"})
    assert [fault.column for fault in error.value.faults] == ["quantile", "lattices"]


#: outlets of two sites that can wait in the first and in the second window, one pair per day
WAITING = {0: [(20, 10), (16, 12), (8, 4), (12, 12)], 1: [(18, 6), (10, 10), (14, 2), (6, 8)]}
SITE_PRICES = (3_000.0, 4_000.0)


def two_windows():
    """0.4 MW are missing from 10 to 12 h and from 18 to 20 h on the only way back; outlets of 10 kW."""
    net = ring([1.0, 1.0, 1.0], np.array([90.0, 90.0, 90.0, 2.6]) / (np.sqrt(3.0) * 10.0), 3)
    net.line[["r_ohm_per_km", "x_ohm_per_km"]] = 1e-5
    net.load["q_mvar"] = 0.0
    net.line["failure_rate_per_year"] = [1.0, np.nan, np.nan, np.nan]
    quarter = np.arange(96)
    shape = np.where((quarter >= 40) & (quarter < 48) | (quarter >= 72) & (quarter < 80), 1.0, 0.5)
    lattices = {}
    for bus, price in zip((1, 2), SITE_PRICES, strict=True):
        cpo = evf.create_cpo(net, bus, 40, 0.01, price_eur_per_mwh=price)
        days = lattices[cpo] = np.zeros((4, 40, 96), dtype=np.int8)
        for day, (first, second) in zip(days, WAITING[cpo], strict=True):
            day[:first, 36:50], day[:first, 50:70] = 1, 2
            day[:second, 70:82], day[:second, 82:96] = 1, 2
        evf.set_cpo_rates(net, cpo, (days == 1).mean(axis=(0, 1)), (days > 0).mean(axis=(0, 1)))
    return net, {("load", "p_mw"): pd.DataFrame(np.outer(shape, np.ones(3)), columns=net.load.index)}, lattices


@pytest.mark.parametrize("quantile", [None, 0.3])
def test_two_sites_in_two_windows_cost_what_is_counted_by_hand(quantile):
    """The cheaper site first, both paid the price of the last; a day's shortfall of each is not served."""
    net, profiles, lattices = two_windows()
    study = planned(net, profiles, rule="exact", lattices=lattices, quantile=quantile, rebound=False, period_h=0.25)
    not_served_mwh = paid_eur = 0.0
    for window in (0, 1):
        left, price, bought_mw = 0.4, 0.0, 0.0
        for site, site_price in enumerate(SITE_PRICES):
            can_mw = 0.01 * np.array([day[window] for day in WAITING[site]])
            sold = can_mw.mean() if quantile is None else np.quantile(can_mw, quantile, method="weibull")
            sold = min(sold, left)
            left, price, bought_mw = left - sold, site_price, bought_mw + sold
            not_served_mwh += 2.0 * np.maximum(sold - can_mw, 0.0).mean()
        not_served_mwh += 2.0 * left
        paid_eur += 2.0 * price * bought_mw
    flexible = study.plans[study.plans.flexibility].iloc[0]
    assert flexible.reliability_eur_per_year == pytest.approx(10_000.0 * not_served_mwh, rel=1e-4)
    assert flexible.flexibility_eur_per_year == pytest.approx(paid_eur, rel=1e-6)
