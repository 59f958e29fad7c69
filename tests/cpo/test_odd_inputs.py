"""Odd but sound input gives what plain input gives: other types, tables, whole numbers that are floats."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

import pandapower_evflex as evf
from tests.cpo.lattices import random_lattice

STATES = random_lattice(np.random.default_rng(5), 12, 48)
START, N = 20, 4

SAME = {
    "a list": STATES.tolist(),
    "whole floats": STATES.astype(float),
    "another byte order": STATES.astype(">i4"),
    "read only": np.broadcast_to(STATES, STATES.shape),
    "by columns": np.asfortranarray(STATES),
    "a slice": np.repeat(STATES, 2, axis=0)[::2],
    "objects": STATES.astype(object),
    "a frame": pd.DataFrame(STATES, index=[f"outlet {n}" for n in range(12)]),
    "a frame that may miss values": pd.DataFrame(STATES).astype("Int64"),
    "a frame of categories": pd.DataFrame(STATES).astype("category"),
}


@pytest.mark.parametrize("what", SAME)
def test_lattices_of_other_types_shave_the_same(what):
    given = SAME[what]
    assert evf.max_peak_shave(given, START, N) == evf.max_peak_shave(STATES, START, N) > 0.0
    shaves = [evf.shave_peak(lattice, [1, 2, 2, 1], START) for lattice in (given, STATES)]
    np.testing.assert_array_equal(shaves[0].lattice, shaves[1].lattice)
    np.testing.assert_array_equal(evf.normalised_demand(given), evf.normalised_demand(STATES))


@pytest.mark.parametrize("number", [float, np.int8, np.float32, Fraction])
def test_whole_numbers_of_any_type_are_whole_numbers(number):
    start, n = number(START), number(N)
    assert evf.max_peak_shave(STATES, start, n) == evf.max_peak_shave(STATES, START, N)
    assert evf.max_shave_lp(STATES, start, n) == pytest.approx(evf.max_peak_shave(STATES, START, N))
    assert evf.shave_peak(STATES, [1] * N, start).success
    P = evf.estimate_transition_matrices([0.3] * 96, [0.6] * 96)
    assert evf.simulate_lattice(P, [0.4, 0.3, 0.3], number(3), n_days=number(2)).shape == (3, 192)


@pytest.mark.parametrize("huge", [1e3, 1e30, 1e300])
def test_more_than_any_lattice_has_fails_without_overflow(huge):
    shave = evf.shave_peak(STATES, [huge] * N, START)
    assert shave.first_failing_period == START
    most = evf.shave_peak(STATES, [13] * N, START)
    np.testing.assert_array_equal(shave.lattice, most.lattice)


@pytest.mark.parametrize("scale", [1e-30, 1e30, 1e300])
def test_the_scale_of_a_shape_goes_through_both_ways_of_the_limit(scale):
    shape = np.array([1.0, 2.0, 0.0, 1.0])
    apexes = [find(STATES, START, N, shape=scale * shape) for find in (evf.max_peak_shave, evf.max_shave_lp)]
    np.testing.assert_allclose(apexes, evf.max_peak_shave(STATES, START, N, shape=shape) / scale)


def test_a_site_without_outlets_shaves_nothing():
    none = np.zeros((0, 96), dtype=np.int8)
    assert evf.max_peak_shave(none, START, N) == evf.max_shave_lp(none, START, N) == 0.0
    assert not evf.shave_peak(none, [1], START).success and evf.shave_peak(none, [0], START).success


def test_names_of_columns_may_be_a_series_and_outlets_any_labels():
    sessions = pd.DataFrame(
        {
            "in": ["2024-05-14 08:00", "2024-05-14 09:00"],
            "charging_end": ["2024-05-14 11:00"] * 2,
            "departure": ["2024-05-14 17:00"] * 2,
            "evse": [("A", 1), ("A", 2)],
        }
    )
    rates = evf.cpo_rates_from_sessions(sessions, 2, columns=pd.Series({"arrival": "in"}))
    assert rates.report["used"] == 2 and rates.lattices.shape == (1, 2, 96)
