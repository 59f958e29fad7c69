"""The built-in suburb, solved once for all tests that look at its answer."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import pandas as pd

import pandapower_evflex as evf


class Solved(NamedTuple):
    """A net with its results, what was asked and what came out; not to be changed by a test."""

    net: Any
    profiles: dict[tuple[str, str], pd.DataFrame]
    result: evf.FlexibilityOpfResult
    without: Any


@cache
def solved_suburb() -> Solved:
    """96 periods, both activations, and beside them batteries filled from arrival."""
    net, profiles = evf.networks.suburban_lv(seed=0)
    result = evf.run_flexibility_opf(net, profiles, progress=False)
    return Solved(net, profiles, result, evf.uncontrolled_charging(net, profiles, energy="full"))


@cache
def solved_band() -> evf.FlexibilityOpfResult:
    """The same day as a band for any sequence of calls."""
    net, profiles = evf.networks.suburban_lv(seed=0)
    return evf.run_flexibility_opf(net, profiles, guarantee="any_sequence", progress=False)
