"""The linear program agrees with the exact limit, and a cap on the rebound can only cost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pandapower_evflex as evf
from tests.cpo.lattices import random_lattice, shave_by_lp, small_lattices
from tests.examples import examples


@examples(few=25, many=400)
@given(small_lattices(), st.data())
def test_without_a_cap_it_is_the_exact_limit(lattice, data):
    states, arrivals = lattice[0], lattice[1] & (lattice[0] > 0)
    start = data.draw(st.integers(0, states.shape[1] - 1))
    n = data.draw(st.integers(1, states.shape[1] - start))
    expected = evf.max_peak_shave(states, start, n, arrivals=arrivals)
    assert evf.max_shave_lp(states, start, n, arrivals=arrivals) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("n_periods", [4, 16])
def test_long_windows_of_a_site(n_periods):
    states = random_lattice(np.random.default_rng(2), 60, 96)
    assert evf.max_shave_lp(states, 40, n_periods) == pytest.approx(evf.max_peak_shave(states, 40, n_periods), abs=1e-6)


@examples(few=40, many=800)
@given(small_lattices(), st.data())
def test_with_a_cap_it_is_that_of_a_program_over_pairs_of_cells(lattice, data):
    states, arrivals = lattice[0], lattice[1] & (lattice[0] > 0)
    start = data.draw(st.integers(0, states.shape[1] - 1))
    n = data.draw(st.integers(1, states.shape[1] - start))
    n_after = states.shape[1] - start - n
    cap = data.draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0]), max_size=n_after))
    expected = shave_by_lp(states, arrivals, start, evf.peak_shape("triangle", n), cap)
    found = evf.max_shave_lp(states, start, n, arrivals=arrivals, max_rebound=cap)
    assert found == pytest.approx(expected, abs=1e-6)


def test_a_tighter_cap_never_shaves_more():
    states = random_lattice(np.random.default_rng(3), 40, 60)
    caps = [None, np.inf, 40.0, 3.0, 1.0, 0.0]
    found = [evf.max_shave_lp(states, 20, 8, max_rebound=cap) for cap in caps]
    assert np.all(np.diff(found) <= 1e-7)
    assert found[0] == pytest.approx(found[1]) == pytest.approx(found[2])


def test_what_may_not_come_back_cannot_be_shaved():
    assert evf.max_shave_lp([[1, 2, 2]], 0, 1, shape="rectangle", max_rebound=0) == 0.0
    assert evf.max_shave_lp([[1, 2, 2]], 0, 1, shape="rectangle", max_rebound=[0]) == pytest.approx(1.0)


@pytest.mark.parametrize("cap", [-1, np.nan, "one", [0, 0, 0], [[0]], True])
def test_a_cap_that_is_none_is_refused(cap):
    with pytest.raises(evf.InvalidInputError) as error:
        evf.max_shave_lp([[1, 2, 2]], 0, 1, max_rebound=cap)
    assert [fault.column for fault in error.value.faults] == ["max_rebound"]
