"""Nets on which the interior point once stalled: nothing rewarded, limits that meet, no room at the floor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import pandapower_evflex as evf
from pandapower_evflex.opf.solve import tie_break
from tests.opf.odd_feeders import odd_feeder


def solved(seed, **arguments):
    net, own = odd_feeder(seed)
    return evf.run_flexibility_opf(net, progress=False, raise_on_failure=False, **{**own, **arguments})


@pytest.mark.parametrize("seed", [2, 15, 16, 27, 30, 32, 38, 56])
def test_the_fast_method_and_its_tie_break_end_where_they_once_stalled(seed):
    fast = solved(seed, method="fast")
    assert fast.status == ("optimal_within_gap" if seed == 15 else "optimal")
    assert fast.message.endswith("schedule chosen by tie_break='smooth'")
    assert max(value for name, value in fast.verification.items() if name.endswith(("voltage", "load", "ation"))) < 1e-6
    exact = solved(seed, method="exact", tie_break=None)
    assert np.isclose(fast.objective_mw, exact.objective_mw, rtol=2e-6 if seed != 15 else 2e-5, atol=1e-9)


def test_a_stage_that_does_not_end_hands_over_to_those_before_it_and_says_so(monkeypatch):
    """The schedule keeps all limits and the flexibility all the same."""
    solve_stage = tie_break._solve

    def stalls_at_the_last(problem, network, x, keep_going):
        point = solve_stage(problem, network, x, keep_going)
        return point if problem.free.any() else replace(point, status="stalled")

    monkeypatch.setattr(tie_break, "_solve", stalls_at_the_last)
    fast, untied = solved(32, method="fast"), solved(32, method="fast", tie_break=None)
    assert fast.status == "optimal"
    assert "schedule chosen by tie_break='smooth' up to its stage shares: stalled" in fast.message
    assert np.isclose(fast.objective_mw, untied.objective_mw, rtol=2e-6)
    assert max(value for name, value in fast.verification.items() if name.endswith(("voltage", "load", "ation"))) < 1e-6
