"""Nets on which the interior point once stalled: nothing rewarded, limits that meet, no room at the floor."""

from __future__ import annotations

import numpy as np
import pytest

import pandapower_evflex as evf
from tests.opf.odd_feeders import odd_feeder


def solved(seed, **arguments):
    net, own = odd_feeder(seed)
    return evf.run_flexibility_opf(net, progress=False, raise_on_failure=False, **{**own, **arguments})


@pytest.mark.parametrize("seed", [2, 16, 27, 30, 56])
def test_the_fast_method_and_its_tie_break_end_where_they_once_stalled(seed):
    fast = solved(seed, method="fast")
    assert fast.status == "optimal"
    assert fast.message.endswith("schedule chosen by tie_break='smooth'")
    exact = solved(seed, method="exact", tie_break=None)
    assert np.isclose(fast.objective_mw, exact.objective_mw, rtol=2e-6, atol=1e-9)


@pytest.mark.parametrize("seed", [32])
def test_a_stage_that_does_not_end_hands_over_to_those_before_it_and_says_so(seed):
    """The schedule keeps all limits and the flexibility, whether the last stage ends or not."""
    fast, untied = solved(seed, method="fast"), solved(seed, method="fast", tie_break=None)
    assert fast.status == "optimal" and "schedule chosen by tie_break='smooth'" in fast.message
    assert np.isclose(fast.objective_mw, untied.objective_mw, rtol=2e-6)
    assert max(value for name, value in fast.verification.items() if name.endswith(("voltage", "load", "ation"))) < 1e-6
