"""Equations (1) to (13) and (15) of the second paper, with their readings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pandapower_evflex as evf
from tests.cpo.lattices import stored

POINTS = stored("equation_points")


@pytest.mark.parametrize("n_periods", [int(n) for n in POINTS["triangle_shape"]])
def test_a_triangle_is_averaged_over_its_periods(n_periods):
    found = evf.peak_shape("triangle", n_periods)
    np.testing.assert_allclose(found, POINTS["triangle_shape"][str(n_periods)], atol=1e-12)


@given(st.integers(1, 400))
def test_a_triangle_has_half_the_area_of_its_box(n_periods):
    assert evf.peak_shape("triangle", n_periods).sum() == pytest.approx(n_periods / 2, rel=1e-12)


@pytest.mark.parametrize("point", POINTS["d_rule_kW"], ids=range(len(POINTS["d_rule_kW"])))
def test_the_rule_with_and_without_the_cap_by_the_charging_load(point):
    site = (point["d_c"], point["d_o"], point["N"])
    uncapped = evf.peak_limit_outlets(*site, point["dT_periods"]) * point["P"]
    assert uncapped == pytest.approx(point["expect"], rel=1e-12)
    capped = evf.shaving_limit_mw(*site, point["P"] / 1e3, point["dT_periods"])
    assert 1e3 * capped == pytest.approx(point["expect_capped_by_charging"], rel=1e-12)


def test_the_rule_for_any_shape():
    point = POINTS["shape_generalisation"]
    outlets = evf.shaving_limit_outlets(point["d_c"], point["d_o"], point["N"], 4, shape=point["shape"])
    assert outlets * point["P"] == pytest.approx(point["expect"], rel=1e-12)


@pytest.mark.parametrize("minutes", [5, 15, 30, 60])
def test_the_same_hour_yields_in_proportion_to_the_period(minutes):
    """The rule allows the energy (d_o - d_c) N P times one period: 12 outlets are those of quarter hours."""
    found = evf.shaving_limit_outlets(0.45, 0.85, 60, 60 // minutes, period_h=minutes / 60)
    assert found == pytest.approx(min(12.0 * minutes / 15, 27.0))


def test_densities_of_half_open_windows():
    point = POINTS["densities_half_open"]
    n = point["t2"] - point["t1"]
    found = evf.charging_density(point["C"], point["t1"], n), evf.occupancy_density(point["O"], point["t1"], n)
    assert found == pytest.approx(point["expect"])
    assert evf.charging_density([0.1, 0.2, 0.3, 0.4], 3, 2) == pytest.approx(0.25)  # across midnight


def test_the_paper_s_example():
    """300 kW from 60 outlets of 25 kW between 11 and 12 h."""
    assert evf.velocity_limit(0.45, 0.85, 60) == pytest.approx(24.0)
    assert evf.max_velocity(12.0, 4) == pytest.approx(24.0)
    assert evf.is_flexible_enough(evf.max_velocity(12.0, 4), evf.velocity_limit(0.45, 0.85, 60))
    assert not evf.is_flexible_enough(evf.max_velocity(12.1, 4), evf.velocity_limit(0.45, 0.85, 60))
    assert evf.shaving_limit_mw(0.45, 0.85, 60, 0.025, 4) == pytest.approx(0.3)


def test_rates_are_state_probabilities():
    np.testing.assert_allclose(evf.state_probabilities([0.45, 0.0], [0.85, 1.0]), [[0.15, 0.45, 0.4], [0, 0, 1]])


def test_demand_reduction_and_velocity_belong_together():
    demand = evf.normalised_demand([[0, 1, 1, 2], [1, 1, 2, 2]])
    assert demand.tolist() == [1, 2, 1, 0]
    reduction = evf.load_reduction(demand, [1, 0, 1, 0])
    velocity = evf.velocity_of_reduction(reduction)
    assert velocity.tolist() == [0, 2, 2, 2]
    np.testing.assert_array_equal(evf.reduction_of_velocity(velocity), reduction)
    assert evf.shifting_velocity([[0, 1], [1, 1]]).tolist() == [1, 2]


@pytest.mark.parametrize(("period_h", "n_warnings"), [(0.25, 0), (0.5, 1), (1 / 12, 1)])
def test_the_rule_warns_of_periods_other_than_a_quarter_hour(period_h, n_warnings, caplog):
    evf.shaving_limit_outlets(0.45, 0.85, 60, round(1 / period_h), period_h=period_h)
    assert len(caplog.records) == n_warnings


NUMBERS = {
    "n_evse": [-3, 2.5, np.nan, np.inf, "60", True],
    "charging_density": [-0.1, 45, np.nan, "0.4", 0.9],
    "occupancy_density": [-0.1, 85, np.nan, None],
    "n_periods": [0, -1, 1.5, np.nan],
    "evse_p_mw": [-22, np.nan, np.inf],
    "period_h": [0, -0.25, np.nan, 25],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in NUMBERS.items() for value in values])
def test_wrong_numbers_of_a_site_are_refused_by_name(name, value):
    site = {"charging_density": 0.45, "occupancy_density": 0.85, "n_evse": 60, "evse_p_mw": 0.025, "n_periods": 4}
    with pytest.raises(evf.InvalidInputError) as error:
        evf.shaving_limit_mw(**{**site, name: value})
    assert [fault.column for fault in error.value.faults] == [name]


SERIES = {
    "demand": lambda bad: evf.load_reduction(bad, [0.0, 1.0]),
    "target": lambda bad: evf.load_reduction([0.0, 1.0], bad),
    "waiting": evf.shifting_velocity,
    "velocity": evf.reduction_of_velocity,
    "reduction": evf.velocity_of_reduction,
    "velocity_limit": lambda bad: evf.is_flexible_enough([1.0, 2.0], bad),
    "charging_rate": lambda bad: evf.charging_density(bad, 0, 1),
    "occupancy_rate": lambda bad: evf.occupancy_density(bad, 0, 1),
}


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("bad", [[np.nan, 1.0], ["a", "b"], [[[1.0]]]], ids=["missing", "text", "nested"])
def test_wrong_series_are_refused_by_name(name, bad):
    with pytest.raises(evf.InvalidInputError) as error:
        SERIES[name](bad)
    assert error.value.faults[0].column == name


def test_sites_without_outlets_or_power_shave_nothing():
    assert evf.shaving_limit_outlets(0.45, 0.85, 0, 4) == 0.0
    assert evf.shaving_limit_mw(0.45, 0.85, 60, 0, 4) == 0.0
