"""The built-in suburb has the facts that the first paper prints, and behaves as the paper reports."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import numpy as np
import pandapower as pp
import pandas as pd
import pytest
from pandapower.topology import unsupplied_buses

import pandapower_evflex as evf
from pandapower_evflex.networks.households import household_loads, pv_shape
from pandapower_evflex.tables.cos_phi_p import reactive_power
from tests.examples import sampled, sweep
from tests.networks.solved import solved_suburb

SEEDS = range(3)


def _hours(index: pd.Index, first: int, last: int) -> np.ndarray:
    """Periods between two hours of the clock; past midnight when ``last`` is below ``first``."""
    hour = pd.DatetimeIndex(index).hour
    return (hour >= first) & (hour < last) if first < last else (hour >= first) | (hour < last)


def _net_load(profiles: dict[tuple[str, str], pd.DataFrame]) -> pd.Series:
    """Consumption of all houses less all generation."""
    return profiles["load", "p_mw"].sum(axis=1) - profiles["sgen", "p_mw"].sum(axis=1)


def _runpp(net: Any, profiles: dict[tuple[str, str], pd.DataFrame], period: int) -> None:
    """pandapower's power flow of one period."""
    for (table, column), frame in profiles.items():
        net[table][column] = frame.iloc[period]
    net.sgen["q_mvar"] = [float(reactive_power(net, sgen, net.sgen.at[sgen, "p_mw"])) for sgen in net.sgen.index]
    pp.runpp(net)


def test_holds_the_facts_that_the_paper_prints():
    net, profiles = evf.networks.suburban_lv(seed=0)
    assert len(net.bus) == 61 and (net.bus["vn_kv"] == 11.0).sum() == 1
    trafo = net.trafo.iloc[0]
    assert (trafo["sn_mva"], trafo["vn_hv_kv"], trafo["vn_lv_kv"]) == (0.315, 11.0, 0.4)
    assert trafo["vector_group"] == "Dyn11"
    assert len(net.load) == 120 and len(net.ev) == 24
    assert net.ev.groupby("phases").size().to_dict() == {1: 5, 3: 19}
    assert net.ev.groupby("phases")["max_p_mw"].unique().map(list).to_dict() == {1: [0.0037], 3: [0.011]}
    assert profiles["load", "p_mw"].shape == (96, 120)
    assert profiles["load", "p_mw"].index[0] == pd.Timestamp("2024-05-14 12:00")


def test_roofs_stay_below_the_largest_sizes_and_follow_vde_ar_n_4105():
    net, _ = evf.networks.suburban_lv(seed=0)
    assert net.sgen["sn_mva"].max() == 0.0104
    assert set(net.cos_phi_p["sgen"]) == set(net.sgen.index)
    at_rated = net.cos_phi_p[net.cos_phi_p["p_share"] == 1.0].set_index("sgen")["cos_phi"]
    expected = np.where(net.sgen["sn_mva"] <= 0.0046, 0.95, 0.90)
    np.testing.assert_array_equal(at_rated.reindex(net.sgen.index), expected)


@sweep
@pytest.mark.parametrize("n_buses", sampled([14, 250, 61], 2))
def test_three_radial_feeders_serve_forty_customers_each(n_buses):
    net, _ = evf.networks.suburban_lv(seed=0, n_buses=n_buses)
    assert len(net.bus) == n_buses
    assert len(net.line) + len(net.trafo) == n_buses - 1 and not unsupplied_buses(net)  # a tree
    assert (net.line["from_bus"] == net.trafo.at[0, "lv_bus"]).sum() == 3
    assert net.bus.loc[net.load["bus"], "name"].value_counts().tolist() == [40, 40, 40]


def test_more_buses_are_the_same_cables_in_more_pieces():
    lengths = [evf.networks.suburban_lv(0, n_buses=n)[0].line["length_km"].sum() for n in (61, 400)]
    np.testing.assert_allclose(lengths, lengths[0], rtol=1e-12)


@sweep
@pytest.mark.parametrize(("seed", "n_buses"), sampled(list(product(SEEDS, (61, 250))), 1))
def test_without_any_ev_the_limits_hold_with_margin(seed, n_buses):
    """By pandapower's own power flow, at the highest consumption and at the highest feed-in."""
    net, profiles = evf.networks.suburban_lv(seed, n_evs=0, n_buses=n_buses)
    net_load = _net_load(profiles)
    _runpp(net, profiles, int(net_load.argmax()))
    assert 18 <= net_load.idxmax().hour <= 21
    assert 45.0 < net.res_trafo.at[0, "loading_percent"] < 65.0
    assert net.res_bus["vm_pu"].min() > 0.93 and net.res_line["loading_percent"].max() < 60.0
    _runpp(net, profiles, int(net_load.argmin()))
    assert net.res_trafo.at[0, "p_hv_mw"] < 0 and net.res_trafo.at[0, "loading_percent"] < 60.0
    assert net.res_bus["vm_pu"].max() < 1.05


@sweep
@pytest.mark.parametrize("seed", sampled(SEEDS, 1))
def test_roofs_feed_back_at_noon_and_nowhere_near_the_rating(seed):
    _, profiles = evf.networks.suburban_lv(seed)
    net_load = _net_load(profiles)
    noon = net_load[_hours(net_load.index, 12, 13)]
    assert (noon < 0).all() and net_load.min() > -0.6 * 0.315
    assert (net_load[_hours(net_load.index, 20, 5)] > 0).all()


@sweep
@pytest.mark.parametrize("seed", sampled(SEEDS, 1, place=1))
def test_charging_at_arrival_overloads_the_transformer_in_the_evening(seed):
    net, profiles = evf.networks.suburban_lv(seed)
    without = evf.uncontrolled_charging(net, profiles, energy="full")
    overload = without.violations[without.violations["element_type"] == "trafo"]
    assert without.trafo_loading_percent[0].max() > 115.0
    assert _hours(without.p_mw.index[overload["period"]], 17, 23).all()


def test_full_upward_activation_fills_the_transformer_from_evening_to_morning():
    """Fig. 9 and section V-A: upward flexibility from 18:00 to 05:00 can load the transformer up to its limit."""
    loading = solved_suburb().result.trafo_loading_percent["up"][0]
    night = loading[_hours(loading.index, 18, 5)]
    assert (night > 99.9).mean() > 0.8 and night.min() > 90.0


def test_the_paper_s_hours_of_flexibility_are_those_at_home():
    """Section V-A: almost none from 12:00 to 14:00, most after the return home, upward more than downward."""
    result = solved_suburb().result
    up, down = result.p_up_mw.sum(axis=1), result.p_down_mw.sum(axis=1)
    assert up[_hours(up.index, 12, 14)].max() < 0.05 * up.max()
    assert (up > down)[_hours(up.index, 18, 5)].all()


def test_houses_are_individuals_whose_sum_follows_the_average():
    rng = np.random.default_rng(0)
    hours = 12.0 + 0.25 * (np.arange(96) + 0.5)
    p = household_loads(hours, 400, 0.25, rng)
    assert p.min() > 0 and np.unique(p[0]).size == 400
    spikiness = p.max(axis=0) / p.mean(axis=0)
    together = p.sum(axis=1)
    assert np.median(spikiness) > 3.0 > together.max() / together.mean()
    assert 18.0 <= hours[together.argmax()] % 24.0 <= 21.0
    assert 15.0 < 1e3 * together.sum() * 0.25 / 400 < 25.0  # kWh of a day
    correlation = np.corrcoef(p.T)[np.triu_indices(400, 1)]
    assert np.median(correlation) < 0.5


def test_hourly_houses_use_the_energy_of_quarter_hourly_ones():
    energies = []
    for period_h, n in ((0.25, 96), (1.0, 24)):
        hours = 12.0 + period_h * (np.arange(n) + 0.5)
        energies.append(household_loads(hours, 2000, period_h, np.random.default_rng(0)).sum() * period_h)
    assert energies[1] == pytest.approx(energies[0], rel=0.03)


def test_sun_shines_by_day_and_peaks_at_noon():
    hours = np.arange(0.0, 24.0, 0.25)
    shape = pv_shape(hours)
    assert (shape[(hours < 5.5) | (hours > 20.0)] == 0).all()
    assert 0 <= shape.min() and shape.max() < 1.0 and 12.0 <= hours[shape.argmax()] <= 13.5


@pytest.mark.parametrize(("n_periods", "period_h", "n_nights"), [(24, 1.0, 1), (96, 0.25, 1), (672, 0.25, 7)])
def test_horizon_and_nights(n_periods, period_h, n_nights):
    net, profiles = evf.networks.suburban_lv(0, n_periods=n_periods)
    time = profiles["load", "p_mw"].index
    assert len(time) == n_periods and time[1] - time[0] == pd.Timedelta(hours=period_h)
    assert all(frame.index.equals(time) for frame in profiles.values())
    assert (net.ev_session.groupby("ev").size() == n_nights).all()
    assert net.ev_session["departure_h"].max() < n_periods * period_h


@pytest.mark.parametrize(
    "wrong", [{"n_periods": 25}, {"n_periods": 0}, {"n_periods": 100}, {"n_buses": 13}], ids=lambda w: str(w)
)
def test_sizes_that_make_no_case_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        evf.networks.suburban_lv(0, **wrong)


@sweep
@pytest.mark.parametrize("n_evs", sampled([130, 3, 0], 2))
def test_any_number_of_evs(n_evs):
    net, _ = evf.networks.suburban_lv(0, n_evs=n_evs)
    assert len(net.ev) == len(net.ev_session) == n_evs
    assert net.ev["bus"].isin(net.load["bus"]).all()


def test_the_seed_decides_everything():
    first, second, other = (evf.networks.suburban_lv(seed) for seed in (5, 5, 6))
    for table in ("load", "sgen", "ev", "ev_session", "cos_phi_p"):
        pd.testing.assert_frame_equal(first[0][table], second[0][table])
    for key, frame in first[1].items():
        pd.testing.assert_frame_equal(frame, second[1][key])
    assert not first[1]["load", "p_mw"].equals(other[1]["load", "p_mw"])
    assert not first[0].ev_session.equals(other[0].ev_session)


def test_coordinates_are_as_far_apart_as_the_cables_are_long():
    net, _ = evf.networks.suburban_lv(0)
    places = pd.DataFrame([json.loads(geo)["coordinates"] for geo in net.bus["geo"]], index=net.bus.index)
    apart = places.loc[net.line["from_bus"]].to_numpy() - places.loc[net.line["to_bus"]].to_numpy()
    np.testing.assert_allclose(np.hypot(*apart.T), net.line["length_km"], rtol=1e-6)
