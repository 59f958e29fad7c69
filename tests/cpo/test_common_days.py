"""Days differ as a whole: what is promised for 19 of 20 days is there on so many of other days."""

from __future__ import annotations

import logging
from functools import cache

import numpy as np
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.cpo.checks import checked_lattice
from pandapower_evflex.cpo.shave.common_days import (
    CORRELATION,
    SHARE_IN_USE,
    can_wait,
    factors_of_days,
    outlets_of_days,
)
from tests.cpo.lattices import CASES
from tests.cpo.test_peak_shaving import net_with

HOURS = (8, 11, 14)
DAYS = pd.bdate_range("2019-01-07", "2019-03-29")
FIRST, SECOND = (0, 30), (30, 60)


@cache
def sessions():
    times = ["arrival", "charging_end", "departure"]
    return pd.read_csv(CASES / "jpl_2019q1_sessions.csv.gz", parse_dates=times)


@cache
def rates_of(first, last):
    days = DAYS[first:last]
    return evf.cpo_rates_from_sessions(sessions(), 52, timezone="America/Los_Angeles", days=days)


@cache
def real_apexes(hour):
    """What the cars of the JPL garage could shave in an hour of each day [n_day]."""
    rates = rates_of(0, 60)
    days = zip(rates.lattices, rates.arrivals, strict=True)
    return np.array([evf.max_peak_shave(states, 4 * hour, 4, arrivals=first) for states, first in days])


def promised(rates, hour, **options):
    """In outlets, on 19 of 20 days."""
    net = net_with((52, 0.007, rates.charging_rate, rates.occupancy_rate))
    return evf.cpo_peak_shaving(net, hour, hour + 1, rule="exact", quantile=0.05, **options).at[0, "outlets"]


@pytest.mark.parametrize("hour", HOURS)
@pytest.mark.parametrize("known", [FIRST, SECOND], ids=["first", "second"])
def test_a_promise_from_the_rates_of_one_half_of_the_days_is_kept_on_the_other(known, hour):
    others = np.delete(real_apexes(hour), slice(*known))
    kept = np.mean(others >= promised(rates_of(*known), hour, seed=0) - 1e-9)
    assert 0.93 <= kept <= 0.97


@pytest.mark.parametrize("hour", HOURS)
def test_a_promise_from_half_of_the_real_days_is_kept_on_the_others(hour):
    """On average over many ways to halve them: on 30 days a share of 0.95 is 28 or 29."""
    rng, kept = np.random.default_rng(0), []
    for _ in range(300):
        mixed = rng.permutation(real_apexes(hour))
        kept.append(np.mean(mixed[30:] >= np.quantile(mixed[:30], 0.05, method="weibull")))
    assert 0.93 <= np.mean(kept) <= 0.97


@pytest.mark.parametrize("hour", HOURS)
def test_the_quantile_of_real_days_is_what_the_next_day_keeps(hour):
    rates = rates_of(*FIRST)
    expected = np.quantile(real_apexes(hour)[:30], 0.05, method="weibull")
    assert promised(rates, hour, lattices=rates) == pytest.approx(expected)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.99])
@pytest.mark.parametrize("n_days", [1, 7, 500])
def test_the_factors_of_days_are_one_on_average_and_spread_as_the_outlets_in_use_do(share, n_days):
    factors = factors_of_days(share, n_days)
    m = max(share, SHARE_IN_USE)
    assert factors.mean() == pytest.approx(1.0, abs=1e-12)
    assert 0.0 <= factors.min() and factors.max() <= 1.0 / m + 1e-12
    if n_days == 500:
        assert factors.var() == pytest.approx(CORRELATION * (1.0 - m) / m, rel=1e-2)


def test_a_site_that_is_always_full_has_no_days_with_fewer_cars():
    assert factors_of_days(1.0, 5).tolist() == [1.0] * 5


@pytest.mark.parametrize(("share", "fullest"), [(0.45, 0.88), (0.17, 0.3), (0.97, 0.9)])
def test_cars_that_can_wait_are_as_many_as_without_the_factor_on_average(share, fullest):
    """And their number varies as that of a beta-binomial which is thinned."""
    rng, n = np.random.default_rng(1), 52
    waits = np.arange(10_000) < 10_000 * share
    days = outlets_of_days(waits, n, np.array([0.1, fullest]), 4000, rng)
    number = np.array([len(rows) for rows in days])
    assert all(waits[rows].all() for rows in days[:20])
    assert number.mean() == pytest.approx(n * share, rel=2e-3)
    m = max(fullest, SHARE_IN_USE, share)
    of_factor = CORRELATION * (1.0 - m) / m * share**2  # variance of the share on a day
    assert number.var() == pytest.approx(n * share * (1.0 - share) + n * (n - 1) * of_factor, rel=0.05)


def test_a_car_can_wait_where_it_alone_can_shave_something_in_a_period_of_the_window():
    rng = np.random.default_rng(2)
    states, first = checked_lattice("", rng.integers(0, 3, (300, 12)), None)
    alone = [any(evf.max_peak_shave(row[None], k, 1) > 0.0 for k in range(3, 8)) for row in states]
    assert can_wait(states, first, 3, 5).tolist() == alone
    assert 0 < sum(alone) < 300


def test_more_is_promised_of_a_site_whose_days_are_alike():
    """A site that is full at some hour of every day; elsewhere it is the same."""
    charging, partly = np.full(96, 0.3), np.full(96, 0.7)
    full = partly.copy()
    full[0] = 1.0
    options = {"rule": "exact", "quantile": 0.05, "seed": 0, "plug_ins_per_day": 2.0}
    varies, alike = (
        evf.cpo_peak_shaving(net_with((60, 0.01, charging, occupancy)), 11, 12, **options).p_mw[0]
        for occupancy in (partly, full)
    )
    assert varies < 0.7 * alike


def test_days_that_are_too_few_for_a_quantile_are_named(caplog):
    rates = rates_of(0, 10)
    with caplog.at_level(logging.WARNING, "pandapower_evflex"):
        found = promised(rates, 11, lattices=rates)
    assert found == real_apexes(11)[:10].min()
    assert "cpo 0: 10 days do not tell what can be shaved on all but 5 % of days" in caplog.text
