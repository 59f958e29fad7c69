"""Bids of sites: by the paper's rule, exactly on days, and in the limit of many outlets."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandapower.networks as nw
import pandas as pd
import pytest

import pandapower_evflex as evf
from tests.built_once import built_once
from tests.cpo.lattices import CASES, stored

POINTS = stored("equation_points")["d_rule_kW"]

#: of the notes on 330 days of the same site, which these 60 days are part of
JPL_EXACT = {8: 46.9, 10: 32.7, 11: 24.1, 12: 18.4, 13: 13.8, 14: 9.9, 15: 6.9}


kerber = built_once(nw.create_kerber_landnetz_freileitung_1)


def net_with(*sites, **options):
    """Sites of (n_evse, evse_p_mw, charging rate, occupancy rate)."""
    net = kerber()
    for n_evse, p_mw, c, o in sites:
        evf.set_cpo_rates(net, evf.create_cpo(net, 5, n_evse, p_mw, price_eur_per_mwh=500, **options), c, o)
    return net


@cache
def jpl():
    sessions = pd.read_csv(CASES / "jpl_2019q1_sessions.csv.gz")
    days = pd.bdate_range("2019-01-07", "2019-03-29")
    rates = evf.cpo_rates_from_sessions(sessions, 52, timezone="America/Los_Angeles", days=days)
    return net_with((52, 0.007, rates.charging_rate, rates.occupancy_rate)), rates


@pytest.mark.parametrize("point", POINTS, ids=range(len(POINTS)))
def test_the_paper_s_rule_with_its_cap(point):
    net = net_with((point["N"], point["P"] / 1e3, point["d_c"], point["d_o"]))
    bids = evf.cpo_peak_shaving(net, 11, 11 + point["dT_periods"] / 4)
    assert 1e3 * bids.at[0, "p_mw"] == pytest.approx(point["expect_capped_by_charging"], abs=1e-9)


def test_bids_go_straight_to_the_market():
    net = net_with((60, 0.025, 0.45, 0.85), (12, 0.022, 0.2, 0.7), name="car park")
    bids = evf.cpo_peak_shaving(net, 11, 12)
    assert bids.index.tolist() == [0, 1]
    assert bids.columns[:4].tolist() == ["name", "bus", "p_mw", "price_eur_per_mwh"]
    assert bids["p_mw"].tolist() == pytest.approx([0.3, 0.0528])  # the second: all that charges
    assert bids["price_eur_per_mwh"].tolist() == [500, 500]
    np.testing.assert_allclose(bids[["charging_density", "occupancy_density"]], [[0.45, 0.85], [0.2, 0.7]])


def test_what_the_flexibility_table_says_counts():
    net = net_with(*[(60, 0.025, 0.45, 0.85)] * 3)
    evf.create_flexibility(net, "cpo", 1, "down", price_eur_per_mwh=300, max_p_mw=0.1)
    evf.create_flexibility(net, "cpo", 2, "down", in_service=False)
    bids = evf.cpo_peak_shaving(net, 11, 12)
    assert bids["p_mw"].tolist() == pytest.approx([0.3, 0.1])
    assert bids["price_eur_per_mwh"].tolist() == [500, 300]
    net.cpo.loc[0, "in_service"] = False
    assert evf.cpo_peak_shaving(net, 11, 12).index.tolist() == [1]


@pytest.mark.parametrize("rule", ["paper", "exact", "meanfield"])
def test_sites_without_outlets_or_power_bid_nothing(rule):
    net = net_with((0, 0.025, 0.45, 0.85), (60, 0.0, 0.45, 0.85))
    assert evf.cpo_peak_shaving(net, 11, 12, rule=rule, n_days=3).p_mw.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("hour", JPL_EXACT)
def test_real_days_shave_what_was_found_on_more_days_of_the_site(hour):
    net, rates = jpl()
    found = evf.cpo_peak_shaving(net, hour, hour + 1, rule="exact", lattices=rates).at[0, "outlets"]
    assert found == pytest.approx(JPL_EXACT[hour], abs=1.7)
    for lattices in (None, rates):
        limit = evf.cpo_peak_shaving(net, hour, hour + 1, rule="meanfield", lattices=lattices).at[0, "outlets"]
        assert limit == pytest.approx(found, rel=0.06, abs=1.0)


def test_the_rule_is_warned_of_in_the_afternoon_only(caplog):
    net, rates = jpl()
    for lattices in (None, rates):
        evf.cpo_peak_shaving(net, 11, 12, lattices=lattices)
        assert not caplog.records
        evf.cpo_peak_shaving(net, 14, 15, lattices=lattices)
        assert ["the paper's rule promises 12.6" in record.getMessage() for record in caplog.records] == [True]
        caplog.clear()


def test_the_exact_rule_is_the_mean_or_a_quantile_of_the_days():
    net, rates = jpl()
    days = [
        evf.max_peak_shave(states, 44, 4, arrivals=arrivals)
        for states, arrivals in zip(rates.lattices, rates.arrivals, strict=True)
    ]
    for quantile, expected in (
        (None, np.mean(days)),
        (0.05, np.quantile(days, 0.05, method="weibull")),
        (1.0, np.max(days)),
    ):
        found = evf.cpo_peak_shaving(net, 11, 12, rule="exact", lattices={0: rates}, quantile=quantile)
        assert found.at[0, "outlets"] == pytest.approx(expected)


def test_simulated_days_are_repeated_by_their_seed_and_tend_to_the_limit():
    net = net_with((2000, 0.011, 0.45, 0.85))
    options = {"plug_ins_per_day": {0: 5.0}}
    one, again = (
        evf.cpo_peak_shaving(net, 22, 26, rule="exact", n_days=5, seed=0, **options).at[0, "outlets"] for _ in range(2)
    )
    limit = evf.cpo_peak_shaving(net, 22, 2, rule="meanfield", **options).at[0, "outlets"]
    assert one == again == pytest.approx(limit, rel=0.05)


def test_after_midnight_a_day_is_followed_by_the_next():
    """One car from 18 h charges from 23 to 24 h, and is idle until 3 h."""
    day = np.zeros((1, 24), dtype=np.int8)
    day[0, 18:23], day[0, 23], day[0, :3] = 2, 1, 2
    net = net_with((1, 0.011, [0.0] * 23 + [1.0], [1.0] * 3 + [0.0] * 15 + [1.0] * 6))
    days = np.stack([day, day, day])
    wraps = evf.cpo_peak_shaving(net, 23, 24, rule="exact", shape="rectangle", lattices=days)
    assert wraps.at[0, "outlets"] == 0.0  # the day alone: stays end at midnight
    wraps = evf.cpo_peak_shaving(net, 23, 1, rule="exact", shape=[1.0, 0.0], lattices=days)
    assert wraps.at[0, "outlets"] == 1.0


def test_a_window_takes_in_the_periods_that_it_touches():
    net = net_with((60, 0.025, 0.45, 0.85))
    touched, whole = (evf.cpo_peak_shaving(net, *hours) for hours in ((11.1, 11.9), (11, 12)))
    pd.testing.assert_frame_equal(touched, whole)


def test_other_periods_are_warned_of(caplog):
    evf.cpo_peak_shaving(net_with((60, 0.025, [0.45] * 24, [0.85] * 24)), 11, 13)
    assert sum("15 min" in record.getMessage() for record in caplog.records) == 1


SITE = (60, 0.025, 0.45, 0.85)
DAYS = np.ones((2, 60, 96), dtype=np.int8)
WRONG = {
    "no rule": ((11, 12), {"rule": "best"}, "rule"),
    "an empty window": ((11, 11), {}, "end_h"),
    "an overlong window": ((1, 25.5), {}, "end_h"),
    "an hour as text": (("11", 12), {}, "start_h"),
    "a quantile in percent": ((11, 12), {"rule": "exact", "quantile": 5}, "quantile"),
    "a quantile of one number": ((11, 12), {"rule": "meanfield", "quantile": 0.05}, "quantile"),
    "no days": ((11, 12), {"rule": "exact", "n_days": 0}, "n_days"),
    "a seed that is none": ((11, 12), {"rule": "exact", "seed": -1}, "seed"),
    "an unknown shape": ((11, 12), {"shape": "square"}, "shape"),
    "a shape of another length": ((11, 12), {"shape": [1.0]}, "shape"),
    "lattices of other outlets": ((11, 12), {"rule": "exact", "lattices": DAYS[:, :50]}, "lattices"),
    "lattices of other periods": ((11, 12), {"rule": "exact", "lattices": DAYS[:, :, :48]}, "lattices"),
    "one lattice": ((11, 12), {"rule": "exact", "lattices": DAYS[0]}, "lattices"),
    "lattices of another site": ((11, 12), {"rule": "exact", "lattices": {7: DAYS}}, "lattices"),
    "one day across midnight": ((23, 25), {"rule": "exact", "lattices": DAYS[:1]}, "lattices"),
    "states that are none": ((11, 12), {"rule": "exact", "lattices": 3 * DAYS}, "lattice"),
    "plug-ins that are none": ((11, 12), {"rule": "exact", "plug_ins_per_day": -1}, "plug_ins_per_day"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_windows_rules_and_days_are_refused_by_name(what):
    window, options, column = WRONG[what]
    with pytest.raises(evf.InvalidInputError) as error:
        evf.cpo_peak_shaving(net_with(SITE), *window, **options)
    assert [fault.column for fault in error.value.faults] == [column]


def test_sites_without_rates_and_nets_without_sites_are_refused():
    net = kerber()
    with pytest.raises(evf.InvalidInputError, match="create_cpo"):
        evf.cpo_peak_shaving(net, 11, 12)
    evf.create_cpo(net, 5, 60, 0.025)
    with pytest.raises(evf.InvalidInputError, match="set_cpo_rates"):
        evf.cpo_peak_shaving(net, 11, 12)


def test_sites_that_are_all_out_of_service_bid_nothing():
    assert evf.cpo_peak_shaving(net_with(SITE, in_service=False), 11, 12).empty


def test_outlets_in_kw_written_as_mw_are_asked_for_their_unit(caplog):
    net = net_with((10, 0.0074, 0.3, 0.6))
    evf.cpo_peak_shaving(net, 11, 12, rule="meanfield")
    assert "unusually much" not in caplog.text
    net.cpo["evse_p_mw"] = 7.4
    evf.cpo_peak_shaving(net, 11, 12, rule="meanfield")
    assert "cpo.evse_p_mw of rows 0: 7.4 MW is unusually much; is it given in MW?" in caplog.text
