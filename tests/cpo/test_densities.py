"""Densities are the means of the rates over a half-open window of the day."""

from __future__ import annotations

import copy
from functools import cache

import numpy as np
import pandapower.networks as nw
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pandapower_evflex as evf
from tests.examples import examples

RNG = np.random.default_rng(0)
OCCUPANCY = RNG.uniform(0.2, 1.0, 96)
CHARGING = OCCUPANCY * RNG.uniform(0.0, 1.0, 96)


@cache
def _net():
    net = nw.create_kerber_landnetz_freileitung_1()
    evf.create_cpos(net, [5, 6, 7], [60, 12, 0], 0.025, in_service=[True, True, False], index=[3, 1, 2])
    evf.set_cpo_rates(net, 3, CHARGING, OCCUPANCY)
    evf.set_cpo_rates(net, 1, 0.3, 0.6)
    return net


def net_with_sites():
    return copy.deepcopy(_net())


def test_the_paper_s_window_is_half_open():
    """11:00 to 12:00 are four quarter hours, (9) and (10) with as many terms as they divide by."""
    net = net_with_sites()
    found = evf.cpo_densities(net, 11, 12)
    assert found.index.tolist() == [3, 1]
    assert found.columns.tolist() == ["charging_density", "occupancy_density"]
    np.testing.assert_allclose(found.loc[3], [CHARGING[44:48].mean(), OCCUPANCY[44:48].mean()])
    np.testing.assert_allclose(found.loc[1], [0.3, 0.6])


def test_a_case_worked_out_elsewhere():
    net = net_with_sites()
    net.cpo = net.cpo.loc[[3]]
    del net["cpo_charging_rate"], net["cpo_occupancy_rate"]
    evf.set_cpo_rates(net, 3, [0.4, 0.5, 0.3, 0.2], [0.8, 0.9, 0.9, 0.7])
    np.testing.assert_allclose(evf.cpo_densities(net, 6, 18).loc[3], [0.4, 0.9])


@examples(few=25, many=400)
@given(first=st.integers(0, 95), n=st.integers(1, 96))
def test_windows_of_whole_periods_wrap_around_midnight(first, n):
    expected = [rate[np.arange(first, first + n) % 96].mean() for rate in (CHARGING, OCCUPANCY)]
    start, end = first / 4, (first + n) / 4
    found = evf.cpo_densities(_net(), start, end)
    np.testing.assert_allclose(found.loc[3], expected)
    if 24 < end < start + 24:
        np.testing.assert_allclose(evf.cpo_densities(_net(), start, end - 24), found)


@examples(few=20, many=300)
@given(start=st.floats(0, 23.9), length=st.floats(0.01, 24.0))
def test_a_window_is_the_time_weighted_mean_of_its_parts(start, length):
    """Also where it starts and ends within periods."""
    middle = start + length / 3
    whole, one, other = (
        evf.cpo_densities(_net(), *w) for w in ((start, start + length), (start, middle), (middle, start + length))
    )
    np.testing.assert_allclose(whole, one / 3 + other * 2 / 3, atol=1e-9)


def test_sites_out_of_service_are_asked_for_by_name():
    net = net_with_sites()
    evf.set_cpo_rates(net, 2, 0.1, 0.2)
    found = evf.cpo_densities(net, 22, 2, cpos=[2, 1])
    np.testing.assert_allclose(found, [[0.1, 0.2], [0.3, 0.6]])
    assert found.index.tolist() == [2, 1]
    pd.testing.assert_frame_equal(evf.cpo_densities(net, 22, 2, cpos=1), found.loc[[1]])
    pd.testing.assert_frame_equal(evf.cpo_densities(net, 22, 2, cpos=iter([2, 1])), found)


WRONG = {
    "an empty window": ((11, 11), {}, "end_h", "let the window end after its start"),
    "a window of more than a day": ((1, 25.25), {}, "end_h", "by no more than 24 h"),
    "a window that ends days before its start": ((50, 2), {}, "end_h", "22 to 26 or 22 to 2"),
    "an hour that is missing": ((np.nan, 12), {}, "start_h", "such as 11.5"),
    "an hour without end": ((11, np.inf), {}, "end_h", "such as 11.5"),
    "an hour as text": (("11:00", 12), {}, "start_h", "such as 11.5"),
    "an unknown site": ((11, 12), {"cpos": [3, 9]}, "cpos", "use indices of net.cpo"),
    "a site that is not a number": ((11, 12), {"cpos": ["a"]}, "cpos", "use indices of net.cpo"),
    "True for the site 1": ((11, 12), {"cpos": [True]}, "cpos", "use indices of net.cpo"),
    "a site without rates": ((11, 12), {"cpos": [2]}, "", "set_cpo_rates"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_windows_and_sites_are_refused_by_name(what):
    window, options, column, remedy = WRONG[what]
    with pytest.raises(evf.InvalidInputError) as error:
        evf.cpo_densities(_net(), *window, **options)
    assert [fault.column for fault in error.value.faults] == [column]
    assert remedy in error.value.faults[0].remedy


def test_all_faults_are_gathered():
    with pytest.raises(evf.InvalidInputError) as error:
        evf.cpo_densities(_net(), 11, 11, cpos=[9])
    assert [fault.column for fault in error.value.faults] == ["cpos", "end_h"]


def test_rates_and_sites_edited_by_hand_are_checked():
    net = net_with_sites()
    net.cpo_charging_rate.loc[44, 3] = np.nan
    with pytest.raises(evf.InvalidInputError, match="cpo_charging_rate.3 of row 44: nan is missing"):
        evf.cpo_densities(net, 11, 12)
    net = net_with_sites()
    net.cpo.loc[3, "n_evse"] = -1
    with pytest.raises(evf.InvalidInputError, match="cpo.n_evse of row 3"):
        evf.cpo_densities(net, 11, 12)
    del net["cpo"]
    with pytest.raises(evf.InvalidInputError, match="create_cpo"):
        evf.cpo_densities(net, 11, 12)
