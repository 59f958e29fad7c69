"""Hopping keeps every stay's charging, and with the most slack first it reaches whatever can be reached."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import pandapower_evflex as evf
from pandapower_evflex.cpo.shave import lattice as lattice_module
from pandapower_evflex.cpo.shave.hopping import POLICIES
from tests.cpo.lattices import random_lattice, shave_by_lp, small_lattices, stays_of
from tests.examples import examples


@st.composite
def tasks(draw):
    states, arrivals = draw(small_lattices())
    start = draw(st.integers(0, states.shape[1] - 1))
    n = draw(st.integers(1, states.shape[1] - start))
    return states, arrivals & (states > 0), start, np.array(draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)))


@examples(few=50, many=1200)
@given(tasks(), st.sampled_from(sorted(POLICIES)))
def test_cells_only_move_later_within_their_stay(task, policy):
    states, arrivals, start, reduction = task
    shave = evf.shave_peak(states, reduction, start, policy=policy, arrivals=arrivals)
    np.testing.assert_array_equal(shave.lattice == 0, states == 0)
    moved = (states == 1).astype(int) - (shave.lattice == 1)
    for n, begin, end in stays_of(states, arrivals):
        waiting = np.cumsum(moved[n, begin:end])
        assert np.all(waiting >= 0) and waiting[-1] == 0
    np.testing.assert_array_equal(np.cumsum(moved.sum(axis=0)), shave.velocity)
    assert not moved[:, :start].any()


@examples(few=50, many=1200)
@given(tasks(), st.sampled_from(sorted(POLICIES)))
def test_success_is_a_load_that_falls_by_the_reduction(task, policy):
    states, arrivals, start, reduction = task
    shave = evf.shave_peak(states, reduction, start, policy=policy, arrivals=arrivals)
    load, after = (evf.normalised_demand(cells) for cells in (states, shave.lattice))
    end = start + len(reduction)
    falls = (load - after)[start:end] >= reduction
    assert shave.success == falls.all()
    assert shave.first_failing_period == (None if falls.all() else start + int(np.argmin(falls)))
    np.testing.assert_array_equal(shave.rebound[end:], (after - load)[end:])
    assert not shave.rebound[:end].any()


@examples(few=50, many=1200)
@given(tasks(), st.sampled_from(sorted(POLICIES)))
def test_the_limit_of_the_velocity_can_be_reached_and_not_be_exceeded(task, policy):
    """Asked for one outlet more than the limit leaves in a period, the shave fails there; for no more, it does not."""
    states, arrivals, start, reduction = task
    shave = evf.shave_peak(states, reduction, start, policy=policy, arrivals=arrivals)
    assert len(shave.velocity_limit) == len(reduction)
    assert np.all(shave.velocity[start : start + len(reduction)] <= shave.velocity_limit)
    before = 0
    for k, (velocity, limit) in enumerate(zip(shave.velocity[start:], shave.velocity_limit, strict=False)):
        if shave.first_failing_period is not None and start + k >= shave.first_failing_period:
            assert start + k > shave.first_failing_period or velocity == limit < before + reduction[k]
            break
        for more, succeeds in ((0, True), (1, False)):
            asked = limit - before + more
            if more and policy == "most_slack":
                continue  # asked for more, it may let others wait from the start
            if asked >= 0:  # else cells must land, whatever is asked
                first = np.append(reduction[:k], asked)
                assert evf.shave_peak(states, first, start, policy=policy, arrivals=arrivals).success == succeeds
        before = velocity


@examples(few=83, many=2000)
@given(tasks())
def test_the_most_slack_fails_only_where_every_policy_must(task):
    states, arrivals, start, reduction = task
    assume(reduction.any())
    possible = shave_by_lp(states, arrivals, start, reduction.astype(float)) >= 1.0 - 1e-6
    assert evf.shave_peak(states, reduction, start, arrivals=arrivals).success == possible


@pytest.fixture(params=["sets", "flows"])
def way(request, monkeypatch):
    """Whether a shave is possible by all sets of periods, or as a flow, as in long windows."""
    monkeypatch.setattr(lattice_module, "MAX_LISTED_PERIODS", 10 if request.param == "sets" else 0)


@pytest.mark.parametrize(
    ("cells", "reduction"),
    [
        (["1121112", "1112111", "1021122"], [1, 0, 0, 2]),
        # the same with what comes after it: the plan reaches as far as it can, and no further
        (["1121112", "1112111", "1021122"], [1, 0, 0, 2, 3]),
    ],
)
def test_where_the_most_slack_fails_a_plan_for_the_whole_window_does_what_is_possible(cells, reduction, way):
    states = np.array([list(row) for row in cells], dtype=int)
    shave = evf.shave_peak(states, reduction, 1)
    load, after = (evf.normalised_demand(lattice) for lattice in (states, shave.lattice))
    np.testing.assert_array_less(np.array([1, 0, 0, 2]) - 1, (load - after)[1:5])
    assert shave.first_failing_period == (None if len(reduction) == 4 else 5)


@pytest.mark.slow
def test_no_policy_beats_it_on_thousands_of_small_lattices(way):
    rng = np.random.default_rng(5)
    for _ in range(4000):
        states = rng.choice([0, 1, 2], p=[0.1, 0.55, 0.35], size=(rng.integers(3, 5), rng.integers(6, 9)))
        start, n = int(rng.integers(0, 2)), int(rng.integers(3, 6))
        reduction = rng.choice([0, 0, 1, 2], size=min(n, states.shape[1] - start))
        possible = not reduction.any() or shave_by_lp(states, states < 0, start, reduction.astype(float)) >= 1.0 - 1e-6
        assert evf.shave_peak(states, reduction, start).success == possible


@pytest.mark.parametrize("seed", range(20))
def test_the_most_slack_first_reaches_the_largest_whole_shave_of_larger_lattices(seed):
    states = random_lattice(np.random.default_rng(seed), 60, 96)
    apex = evf.max_peak_shave(states, 40, 6)
    reduction = np.floor(apex * evf.peak_shape("triangle", 6) + 1e-9)
    assert evf.shave_peak(states, reduction, 40).success


def test_other_policies_fail_where_the_most_slack_succeeds():
    """The first car must leave soon; the second can wait in both periods."""
    states = [[1, 2, 0, 0], [1, 1, 2, 2]]
    assert evf.shave_peak(states, [1, 1], 0).success
    for policy in ("nearest_idle", "outlet_order"):
        assert evf.shave_peak(states, [1, 1], 0, policy=policy).first_failing_period == 1


def test_more_than_charge_cannot_be_taken_away_from_long_windows():
    states = random_lattice(np.random.default_rng(3), 20, 48)
    shave = evf.shave_peak(states, np.full(20, 21.0), 10)
    assert (shave.success, shave.first_failing_period) == (False, 10)


def test_nothing_asked_changes_nothing():
    states = random_lattice(np.random.default_rng(0), 20, 48)
    shave = evf.shave_peak(states, np.zeros(4), 10)
    np.testing.assert_array_equal(shave.lattice, states)
    assert shave.success and not shave.velocity.any() and not shave.rebound.any()


def test_half_an_outlet_takes_a_whole_one():
    assert evf.shave_peak([[1, 2], [1, 2]], [0.5], 0).velocity.tolist() == [1, 0]


def test_more_than_charges_fails_in_that_period_with_everything_deferred():
    shave = evf.shave_peak([[1, 1, 2, 2]], [1, 2], 0)
    assert (shave.success, shave.first_failing_period) == (False, 1)
    assert shave.lattice.tolist() == [[2, 2, 1, 1]]


WRONG = {
    "a negative reduction": (([[1, 2]], [-1], 0), {}, "reduction"),
    "a missing reduction": (([[1, 2]], [np.nan], 0), {}, "reduction"),
    "no reduction": (([[1, 2]], [], 0), {}, "reduction"),
    "a reduction beyond the lattice": (([[1, 2]], [1, 1], 1), {}, "reduction"),
    "a start beyond the lattice": (([[1, 2]], [1], 2), {}, "start"),
    "an unknown policy": (([[1, 2]], [1], 0), {"policy": "random"}, "policy"),
    "a state that is none": (([[1, 5]], [1], 0), {}, "lattice"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_tasks_are_refused_by_name(what):
    args, options, column = WRONG[what]
    with pytest.raises(evf.InvalidInputError) as error:
        evf.shave_peak(*args, **options)
    assert [fault.column for fault in error.value.faults] == [column]
