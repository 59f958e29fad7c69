"""Days of a rural SimBench net and of the suburb on which tie-breaks once stalled. Slow: `python -m pytest -m slow`."""

from __future__ import annotations

import copy
import functools

import pytest
import simbench

import pandapower_evflex as evf

pytestmark = pytest.mark.slow

#: every 13th day from June to August
SUMMER = range(152, 243, 13)


@functools.cache
def rural_year():
    net = simbench.get_simbench_net("1-LV-rural2--2-sw")
    return net, simbench.get_absolute_values(net, profiles_instead_of_study_cases=True)


def rural_night(day, seed):
    """24 h from noon in quarter hours, and a car at every third load that comes home in the afternoon."""
    net, year = rural_year()
    net = copy.deepcopy(net)
    rows = slice(96 * day + 48, 96 * (day + 1) + 48)
    profiles = {key: frame.iloc[rows].reset_index(drop=True) for key, frame in year.items() if len(frame.columns)}
    buses = net.load["bus"].iloc[seed % 3 :: 3]
    fleet = evf.mobility.sample_fleet(len(buses), seed=seed)
    evs = evf.create_evs(net, buses.tolist(), **fleet.to_dict("list"))
    nights = evf.mobility.sample_sessions(evs, seed=seed)
    evf.create_ev_sessions(net, nights.pop("ev"), **nights.to_dict("list"))
    return net, profiles


def assert_the_status_is_true(result):
    """The interior point ends by itself, limits are kept, and runpp has the same voltages."""
    assert result.status in ("optimal", "optimal_within_gap"), result.message
    assert result.status == "optimal_within_gap" or not result.gap > 1e-6
    assert max(value for name, value in result.verification.items() if name.startswith("max_")) < 1e-6
    assert result.verification["against_runpp"] < 1e-8
    assert "stalled" not in result.message


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("day", SUMMER)
def test_a_summer_night_in_the_country_ends_with_a_status_that_is_true(day, seed):
    net, profiles = rural_night(day, seed)
    assert_the_status_is_true(evf.run_flexibility_opf(net, profiles, period_h=0.25, method="fast", progress=False))


@pytest.mark.parametrize("seed", range(10))
def test_a_night_in_the_suburb_ends_with_a_status_that_is_true(seed):
    net, profiles = evf.networks.suburban_lv(seed)
    assert_the_status_is_true(evf.run_flexibility_opf(net, profiles, method="fast", progress=False))
