"""Build years against brute force over all of them, and the laws of waiting."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pandapower_evflex as evf
from tests.examples import examples


def all_sets(candidates):
    return [s for n in range(len(candidates) + 1) for s in itertools.combinations(candidates, n)]


def costs_frame(values, sets, years=None):
    """Labels stay tuples of their own length."""
    return pd.DataFrame(values, index=years, columns=pd.Index(sets, tupleize_cols=False))


def brute_force(costs, annuity, rate):
    """Least present value over the vectors of build years; n_years stands for never."""
    sets = {frozenset(label): position for position, label in enumerate(costs.columns)}
    values = costs.to_numpy()
    best = np.inf
    for years in itertools.product(range(len(costs) + 1), repeat=len(annuity)):
        total = 0.0
        for y in range(len(costs)):
            built = frozenset(c for c, year in zip(annuity, years, strict=True) if year <= y)
            cost = values[y, sets[built]] if built in sets else np.inf
            total += (cost + sum(annuity[c] for c in built)) / (1 + rate) ** y
        best = min(best, total)
    return best


@st.composite
def studies(draw):
    candidates = list("abc")[: draw(st.integers(0, 3))]
    sets = all_sets(candidates)
    sets = [sets[0], *(s for s in sets[1:] if draw(st.integers(0, 4)))]  # some sets are not on offer
    n_years = draw(st.integers(1, 4))
    values = draw(
        st.lists(
            st.lists(st.integers(0, 20), min_size=len(sets), max_size=len(sets)), min_size=n_years, max_size=n_years
        )
    )
    annuity = {c: float(draw(st.integers(0, 8))) for c in candidates}
    return costs_frame(np.array(values, float), sets, range(2030, 2030 + n_years)), annuity


@examples(few=30, many=600)
@given(study=studies(), rate=st.sampled_from([0.0, 0.065, 1.0]))
def test_equals_brute_force_over_all_build_years(study, rate):
    costs, annuity = study
    schedule = evf.schedule_investments(costs, annuity, rate)
    assert schedule.present_value_eur == pytest.approx(brute_force(costs, annuity, rate), abs=1e-9)


@examples(few=30, many=600)
@given(study=studies(), rate=st.sampled_from([0.0, 0.065]))
def test_path_build_years_and_present_value_agree_and_nothing_is_taken_away(study, rate):
    costs, annuity = study
    schedule = evf.schedule_investments(costs, annuity, rate)
    path = schedule.path
    assert path.index.tolist() == costs.index.tolist()
    assert all(set(before) <= set(after) for before, after in itertools.pairwise(path))
    value = sum(
        (costs.at[year, built] + sum(annuity[c] for c in built)) / (1 + rate) ** y
        for y, (year, built) in enumerate(path.items())
    )
    assert schedule.present_value_eur == pytest.approx(value, abs=1e-9)
    for candidate, year in schedule.build_years.items():
        assert [candidate in built for built in path] == [year is not None and y >= year for y in path.index]


def test_ten_candidates_and_thirty_years_are_scheduled_at_once():
    """Candidates that do not influence each other: each is built when what it saves a year exceeds its annuity."""
    n, years = 10, 30
    rng = np.random.default_rng(0)
    annuity = dict(enumerate(rng.uniform(1.0, 40.0, n)))
    saved = rng.uniform(0.1, 2.0, n) * np.arange(years)[:, None]
    sets = all_sets(range(n))
    costs = costs_frame(np.array([[-row[list(built)].sum() for built in sets] for row in saved]), sets)
    found = evf.schedule_investments(costs, annuity, 0.065).build_years
    for c in range(n):
        pays = np.flatnonzero(saved[:, c] > annuity[c])
        assert found[c] == (pays[0] if len(pays) else None)


def test_of_equally_cheap_schedules_the_one_that_builds_less():
    costs = costs_frame([[5.0, 3.0], [5.0, 3.0]], [(), ("a",)])
    assert evf.schedule_investments(costs, {"a": 2.0}, 0.0).path.tolist() == [(), ()]


def test_flexibility_defers_and_the_years_deferred_have_a_value():
    """The cost of doing nothing grows; flexibility halves it and the cable comes later."""
    growth = np.arange(6.0)
    without = costs_frame(np.column_stack([1000.0 * growth, 0.0 * growth]), [(), (4,)])
    with_it = costs_frame(np.column_stack([500.0 * growth, 0.0 * growth]), [(), (4,)])
    schedules = [evf.schedule_investments(costs, pd.Series({4: 1531.55}), 0.065) for costs in (without, with_it)]
    assert [schedule.build_years[4] for schedule in schedules] == [2, 4]
    assert schedules[1].present_value_eur < schedules[0].present_value_eur


def test_a_frame_made_of_a_dict_is_understood():
    """pandas turns the tuples into a MultiIndex filled with NaN."""
    costs = pd.DataFrame({(): [9.0, 9.0], (0,): [7.0, 7.0], (0, 1): [0.0, 0.0]})
    schedule = evf.schedule_investments(costs, {0: 1.0, 1: 1.0}, 0.0)
    assert schedule.path.tolist() == [(0, 1), (0, 1)] and schedule.present_value_eur == 4.0


GOOD = costs_frame([[5.0, 3.0], [5.0, 3.0]], [(), ("a",)])
WRONG = {
    "a rate in percent": (GOOD, {"a": 1.0}, 6.5, "discount_rate", ()),
    "a rate for every year": (GOOD, {"a": 1.0}, [0.05, 0.06], "discount_rate", ()),
    "a missing rate": (GOOD, {"a": 1.0}, np.nan, "discount_rate", ()),
    "a hole in the costs": (GOOD.mask(GOOD == 3.0), {"a": 1.0}, 0.0, "yearly_cost_eur", (("a",),)),
    "costs without years": (GOOD.iloc[:0], {"a": 1.0}, 0.0, "yearly_cost_eur", ()),
    "costs that are no table": ([1.0], {"a": 1.0}, 0.0, "yearly_cost_eur", ()),
    "columns that are not tuples": (GOOD.set_axis([0, 1], axis=1), {"a": 1.0}, 0.0, "yearly_cost_eur", (0, 1)),
    "one set twice": (costs_frame([[1.0, 2.0]], [("a", "b"), ("b", "a")]), {"a": 1.0, "b": 1.0}, 0.0,
                      "yearly_cost_eur", (("b", "a"),)),
    "no annuity": (GOOD, {}, 0.0, "annuity_eur", ("a",)),
    "a negative annuity": (GOOD, {"a": -1.0}, 0.0, "annuity_eur", ("a",)),
    "annuities of nobody": (GOOD, [1.0], 0.0, "annuity_eur", ()),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_wrong_input_is_named(what):
    costs, annuity, rate, column, rows = WRONG[what]
    with pytest.raises(evf.InvalidInputError) as error:
        evf.schedule_investments(costs, annuity, rate)
    assert [(fault.column, fault.rows) for fault in error.value.faults] == [(column, rows)]
