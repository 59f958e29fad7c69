"""Sites, their rates and their EVs on the net; the flexibility OPF knows nothing of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.tables.checks import check_tables
from pandapower_evflex.tables.cpo_offers import cpo_offers
from pandapower_evflex.tables.cpo_rates import rates_of
from tests.tables.bad import good_net, run


def net_with_sites():
    net = good_net()
    evf.create_cpos(net, [7, 8], [12, 60], [0.022, 0.025], price_eur_per_mwh=[300.0, None])
    return net


def test_many_sites_at_once_equal_one_after_the_other():
    at_once, one_by_one = net_with_sites(), good_net()
    evf.create_cpo(one_by_one, 7, 12, 0.022, price_eur_per_mwh=300.0)
    evf.create_cpo(one_by_one, 8, 60, 0.025)
    pd.testing.assert_frame_equal(at_once.cpo, one_by_one.cpo)
    assert check_tables(at_once) == []


def test_no_outlets_and_no_power_are_allowed():
    net = good_net()
    evf.create_cpos(net, [7, 8], [0, 12], [0.022, 0.0])
    assert net.cpo.n_evse.tolist() == [0, 12]
    assert net.cpo.n_evse.dtype == np.int64
    assert check_tables(net) == []


def test_rates_are_flat_frames_of_periods_and_sites():
    net = net_with_sites()
    evf.set_cpo_rates(net, 1, 0.4, 0.8)
    evf.set_cpo_rates(net, 0, pd.Series(0.2, index=range(7, 103)), np.linspace(0.2, 0.9, 96))
    for frame in (net.cpo_charging_rate, net.cpo_occupancy_rate):
        assert frame.shape == (96, 2)
        assert list(frame.columns) == [1, 0]
        assert isinstance(frame.index, pd.RangeIndex)
    c, o = rates_of(net, [0, 1])
    assert c[5].tolist() == [0.2, 0.4]
    assert o[95].tolist() == [0.9, 0.8]


def test_the_period_of_scalars_is_that_of_the_other_sites():
    net = net_with_sites()
    evf.set_cpo_rates(net, 0, [0.1] * 24, 0.5)
    evf.set_cpo_rates(net, 1, 0.4, 0.8)
    assert net.cpo_charging_rate.shape == (24, 2)


def test_rates_of_a_single_site_can_be_replaced_by_those_of_another_period():
    net = net_with_sites()
    evf.set_cpo_rates(net, 0, 0.4, 0.8)
    evf.set_cpo_rates(net, 0, [0.1] * 24, 0.5)
    assert net.cpo_charging_rate[0].tolist() == [0.1] * 24


def test_rounding_is_removed_and_nothing_more():
    net = net_with_sites()
    evf.set_cpo_rates(net, 0, [0.5, -1e-12], [0.5 - 1e-12, 1 + 1e-12])
    assert net.cpo_charging_rate[0].tolist() == [0.5 - 1e-12, 0.0]
    assert net.cpo_occupancy_rate[0].tolist() == [0.5 - 1e-12, 1.0]
    with pytest.raises(evf.InvalidInputError, match=r"charging_rate of row 0: 0\.5 is above the occupancy"):
        evf.set_cpo_rates(net, 0, [0.5, 0.1], [0.5 - 1e-8, 1.0])


def test_all_faults_of_the_rates_are_gathered():
    with pytest.raises(evf.InvalidInputError) as error:
        evf.set_cpo_rates(net_with_sites(), 0, [0.5, np.nan, 45, 0.1], [0.4, -0.3, 0.9, 0.2])
    named = [(fault.column, fault.rows) for fault in error.value.faults]
    assert named == [
        ("charging_rate", (1,)),
        ("charging_rate", (2,)),
        ("occupancy_rate", (1,)),
        ("charging_rate", (0,)),
    ]


def test_rates_that_were_never_set_are_missed_by_name():
    net = net_with_sites()
    with pytest.raises(
        evf.InvalidInputError, match=r"rows 0, 1: a day of rates is missing; give it with set_cpo_rates"
    ):
        rates_of(net, [0, 1])
    evf.set_cpo_rates(net, 0, 0.4, 0.8)
    with pytest.raises(evf.InvalidInputError, match="row 1: a day of rates is missing"):
        rates_of(net, [0, 1])


@pytest.mark.parametrize("site_first", [True, False])
def test_an_ev_at_the_bus_of_a_site_without_the_link_is_warned_of(caplog, site_first):
    net = good_net()
    for create in (lambda: evf.create_cpo(net, 9, 12, 0.022), lambda: evf.create_ev(net, 9, "MG4"))[
        :: 1 if site_first else -1
    ]:
        create()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "EVs 2 are at the bus of a site" in caplog.text


@pytest.mark.parametrize("values", [{"cpo": 0}, {"bus": 10}, {"in_service": False}])
def test_an_ev_with_the_link_elsewhere_or_out_of_service_is_not_warned_of(caplog, values):
    net = good_net()
    evf.create_cpo(net, 9, 12, 0.022)
    evf.create_ev(net, values.pop("bus", 9), "MG4", **values)
    assert not caplog.records
    assert check_tables(net) == []


def test_the_flexibility_opf_ignores_sites():
    """Neither the sites nor their offers change the schedule, the other results or the plain net."""
    without, net = good_net(), good_net()
    evf.create_cpos(net, [5, 7], 12, 0.022)
    net.ev["cpo"] = net.ev["cpo"].where(net.ev["bus"] != 5, 0)
    evf.create_flexibility(net, "cpo", 1, "down", price_eur_per_mwh=100.0, max_p_mw=0.05)
    evf.set_cpo_rates(net, 0, 0.4, 0.8)
    one, other = run(without), run(net)
    assert one.objective_mw == other.objective_mw
    pd.testing.assert_frame_equal(one.p_mw, other.p_mw)
    pd.testing.assert_frame_equal(one.vm_pu["down"], other.vm_pu["down"])
    plain = evf.with_evs_as_loads(net, other, 0)
    assert not [name for name in plain if isinstance(name, str) and "cpo" in name]


def test_the_row_of_a_site_replaces_its_price_and_caps_its_bid():
    net = good_net()
    prices = [300.0, 200.0, 100.0, 50.0, None]
    sites = evf.create_cpos(net, [7] * 5, 12, 0.022, price_eur_per_mwh=prices, in_service=[True] * 3 + [False, True])
    evf.create_flexibility(net, "ev", 0, "down", price_eur_per_mwh=1.0, max_p_mw=0.001)
    without_rows = cpo_offers(net, sites)
    assert without_rows.index.tolist() == [0, 1, 2, 4]
    np.testing.assert_array_equal(without_rows["price_eur_per_mwh"], [300.0, 200.0, 100.0, np.nan])
    assert without_rows["max_p_mw"].isna().all()
    evf.create_flexibilities(
        net, "cpo", [0, 1, 2, 3], "down", price_eur_per_mwh=[250.0, None, 90.0, 40.0], max_p_mw=[None, 0.1, None, None],
        in_service=[True, True, False, True],
    )  # fmt: skip
    found = cpo_offers(net, [4, 1, 0, 2, 3])
    assert found.index.tolist() == [4, 1, 0]
    np.testing.assert_array_equal(found["price_eur_per_mwh"], [np.nan, 200.0, 250.0])
    np.testing.assert_array_equal(found["max_p_mw"], [np.nan, 0.1, np.nan])
