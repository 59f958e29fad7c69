"""Nights at home follow their documented distributions and go straight into the tables."""

from __future__ import annotations

import numpy as np
import pandapower.networks as nw
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.mobility.sessions import MEAN_TRIP_KM

N = 4000


@pytest.fixture(scope="module")
def nights() -> pd.DataFrame:
    return evf.mobility.sample_sessions(range(N), seed=0)


def test_bounds_hold(nights):
    assert nights["arrival_h"].between(13 - 12, 22 - 12).all()
    assert nights["departure_h"].between(24 + 5 - 12, 24 + 10 - 12).all()
    assert nights["soc_arrival_percent"].between(20.5, 35).all()
    assert nights["trip_km"].between(4, 120).all()


@pytest.mark.parametrize(
    ("column", "mean", "tolerance"),
    [("arrival_h", 17.0 - 12, 0.1), ("departure_h", 31.0 - 12, 0.1), ("trip_km", MEAN_TRIP_KM, 1.0)],
)
def test_means_are_those_of_the_survey(nights, column, mean, tolerance):
    """Four standard errors fit into the tolerance."""
    assert nights[column].std() / np.sqrt(N) < tolerance / 3
    assert nights[column].mean() == pytest.approx(mean, abs=tolerance)


def test_the_start_of_the_horizon_only_shifts_the_hours():
    at_noon, at_midnight = (evf.mobility.sample_sessions(range(5), 2, start_hour=h, seed=1) for h in (12.0, 0.0))
    for column in ("arrival_h", "departure_h"):
        np.testing.assert_allclose(at_midnight[column] - at_noon[column], 12.0)


def test_days_follow_each_other_without_overlap():
    nights = evf.mobility.sample_sessions([4, 9], n_days=7, seed=0)
    assert nights["ev"].tolist() == [4] * 7 + [9] * 7
    for _, own in nights.groupby("ev"):
        assert (own["arrival_h"].to_numpy()[1:] > own["departure_h"].to_numpy()[:-1]).all()
        assert own["soc_arrival_percent"].notna().tolist() == [True] + [False] * 6


def test_columns_are_arguments_of_create_ev_sessions():
    net = nw.create_kerber_landnetz_freileitung_1()
    fleet = evf.mobility.sample_fleet(5, seed=0)
    evs = evf.create_evs(net, [3, 4, 5, 6, 7], **fleet.to_dict("list"))
    nights = evf.mobility.sample_sessions(evs, n_days=2, seed=0)
    rows = evf.create_ev_sessions(net, nights["ev"], **nights.drop(columns="ev").to_dict("list"))
    written = net.ev_session.loc[rows]
    np.testing.assert_array_equal(written["ev"], nights["ev"])
    np.testing.assert_allclose(written["trip_km"], nights["trip_km"])
    battery = net.ev["max_e_mwh"].loc[written["ev"]].to_numpy()
    np.testing.assert_allclose(100.0 * written["e_arrival_mwh"] / battery, nights["soc_arrival_percent"])


def test_the_seed_decides():
    draws = [evf.mobility.sample_sessions(range(9), seed=seed) for seed in (3, 3, 4)]
    pd.testing.assert_frame_equal(draws[0], draws[1])
    assert not draws[0].equals(draws[2])


def test_a_generator_goes_on_where_it_stopped():
    rng = np.random.default_rng(0)
    assert not evf.mobility.sample_sessions([0], seed=rng).equals(evf.mobility.sample_sessions([0], seed=rng))
