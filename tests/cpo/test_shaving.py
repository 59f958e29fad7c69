"""The largest shave of a lattice is that of a linear program over its cells, however it is found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pandapower_evflex as evf
from pandapower_evflex.cpo.shave import subsets
from pandapower_evflex.cpo.shave.stay_classes import stay_classes
from tests.cpo.lattices import random_lattice, shave_by_lp, small_lattices, stored
from tests.examples import examples

#: HiGHS solves to 1e-7
TOLERANCE = 1e-6

WINDOWS = [(case, window) for case in stored("lattices")["cases"] for window in case["windows"]]


@pytest.fixture(params=["listed", "generated"])
def way(request, monkeypatch):
    """Sets of periods all listed, or generated one by one as in long windows."""
    monkeypatch.setattr(subsets, "MAX_LISTED_PERIODS", 10 if request.param == "listed" else 0)


@pytest.mark.parametrize(
    ("case", "window"), WINDOWS, ids=[f"{case['name']} {window['t1']}-{window['t2']}" for case, window in WINDOWS]
)
def test_cases_solved_elsewhere(case, window, way):
    codes = np.array([[int(code) for code in row] for row in case["lattice"]])
    states, n = np.where(codes > 2, codes - 2, codes), window["t2"] - window["t1"]
    found = evf.max_peak_shave(states, window["t1"], n, shape=window["shape"], arrivals=codes > 2)
    assert found == pytest.approx(window["max_shave_outlets"], abs=TOLERANCE)


@examples(few=25, many=600)
@given(small_lattices(), st.data())
def test_listed_and_generated_sets_and_a_linear_program_agree(lattice, data):
    states, arrivals = lattice
    start = data.draw(st.integers(0, states.shape[1] - 1))
    n = data.draw(st.integers(1, states.shape[1] - start))
    heights = data.draw(st.lists(st.sampled_from([0.0, 0.3, 1.0]), min_size=n, max_size=n).filter(any))
    expected = shave_by_lp(states, arrivals & (states > 0), start, np.array(heights))
    classes = evf.max_peak_shave(states, start, n, shape=heights, arrivals=arrivals & (states > 0))
    assert classes == pytest.approx(expected, abs=TOLERANCE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subsets, "MAX_LISTED_PERIODS", 0)
        generated = evf.max_peak_shave(states, start, n, shape=heights, arrivals=arrivals & (states > 0))
    assert generated == pytest.approx(classes, abs=1e-9)


@pytest.mark.parametrize("n_periods", [11, 16, 40])
def test_long_windows_are_those_of_a_linear_program(n_periods):
    states = random_lattice(np.random.default_rng(n_periods), 25, 60)
    found = evf.max_peak_shave(states, 10, n_periods)
    expected = shave_by_lp(states, np.zeros(states.shape, dtype=bool), 10, evf.peak_shape("triangle", n_periods))
    assert found == pytest.approx(expected, abs=TOLERANCE)


def test_more_outlets_shave_in_proportion():
    states = random_lattice(np.random.default_rng(1), 30, 96)
    once, thrice = (evf.max_peak_shave(np.tile(states, (n, 1)), 40, 4) for n in (1, 3))
    assert thrice == pytest.approx(3 * once)


def test_one_period_shaves_the_charging_cars_with_an_idle_cell_ahead():
    assert evf.max_peak_shave([[1, 2], [1, 1], [2, 1], [1, 0]], 0, 1, shape=[1.0]) == 1.0


def test_a_stay_behind_another_takes_nothing_from_it():
    assert evf.max_peak_shave([[1, 2]], 0, 1, shape="rectangle", arrivals=[[True, True]]) == 0.0


def test_a_site_without_outlets_shaves_nothing():
    assert evf.max_peak_shave(np.zeros((0, 96), dtype=np.int8), 40, 4) == 0.0
    assert evf.max_peak_shave(np.zeros((0, 96), dtype=np.int8), 40, 40) == 0.0


LATTICE = np.array([[0, 1, 1, 2], [1, 1, 2, 2]])
WRONG = {
    "no lattice": ((np.zeros(4, dtype=int), 0, 2), {}, "lattice"),
    "text": ((np.array([["1"]]), 0, 1), {}, "lattice"),
    "states that are none": (([[0, 3]], 0, 1), {}, "lattice"),
    "negative states": (([[0, -1]], 0, 1), {}, "lattice"),
    "half a state": (([[0.0, 0.5]], 0, 1), {}, "lattice"),
    "missing states": (([[0.0, np.nan]], 0, 1), {}, "lattice"),
    "a window before the lattice": ((LATTICE, -1, 2), {}, "start"),
    "a window behind the lattice": ((LATTICE, 4, 1), {}, "start"),
    "half a period": ((LATTICE, 0.5, 1), {}, "start"),
    "an empty window": ((LATTICE, 0, 0), {}, "n_periods"),
    "a window that is too long": ((LATTICE, 2, 3), {}, "n_periods"),
    "a window of no number": ((LATTICE, 2, np.nan), {}, "n_periods"),
    "an unknown shape": ((LATTICE, 0, 2), {"shape": "cube"}, "shape"),
    "a shape of another length": ((LATTICE, 0, 2), {"shape": [1, 1, 1]}, "shape"),
    "a negative shape": ((LATTICE, 0, 2), {"shape": [1, -1]}, "shape"),
    "a missing height": ((LATTICE, 0, 2), {"shape": [1, np.nan]}, "shape"),
    "a flat nothing": ((LATTICE, 0, 2), {"shape": [0, 0]}, "shape"),
    "arrivals of another shape": ((LATTICE, 0, 2), {"arrivals": [[True]]}, "arrivals"),
    "arrivals as numbers": ((LATTICE, 0, 2), {"arrivals": LATTICE}, "arrivals"),
    "arrivals without a car": ((LATTICE, 0, 2), {"arrivals": LATTICE == 0}, "arrivals"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_lattices_windows_and_shapes_are_refused_by_name(what):
    args, options, column = WRONG[what]
    with pytest.raises(evf.InvalidInputError) as error:
        evf.max_peak_shave(*args, **options)
    assert {fault.column for fault in error.value.faults} == {column}


def test_limits_of_many_sets_are_those_of_each_alone():
    rng = np.random.default_rng(7)
    states = random_lattice(rng, 40, 60, mean_stay=8)
    first = (states > 0) & (np.pad(states, ((0, 0), (1, 0)))[:, :-1] == 0)
    classes = stay_classes(states, first, 10, 30)
    order = rng.permutation(30)
    nested = np.tri(30, dtype=bool)[:, np.argsort(order)]
    sets = np.vstack([nested, rng.random((50, 30)) < 0.5, np.zeros((2, 30), dtype=bool), nested])
    alone = [classes.limits(sets[[a]])[0] for a in range(len(sets))]
    np.testing.assert_array_equal(classes.limits(sets), alone)
    assert len(set(alone)) > 20
