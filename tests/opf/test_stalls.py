"""Nets on which the interior point once stalled: nothing rewarded, limits that meet, no room at the floor."""

from __future__ import annotations

import numpy as np
import pytest

import pandapower_evflex as evf
from tests.opf.odd_feeders import odd_feeder


def solved(seed, **arguments):
    net, own = odd_feeder(seed)
    return evf.run_flexibility_opf(net, progress=False, raise_on_failure=False, **{**own, **arguments})


@pytest.mark.parametrize("seed", [2, 16, 27, 30, 32, 56])
def test_the_fast_method_and_its_tie_break_end_where_they_once_stalled(seed):
    fast = solved(seed, method="fast")
    assert fast.status == "optimal"
    assert fast.message.endswith("schedule chosen by tie_break='smooth'")
    exact = solved(seed, method="exact", tie_break=None)
    assert np.isclose(fast.objective_mw, exact.objective_mw, rtol=2e-6, atol=1e-9)
