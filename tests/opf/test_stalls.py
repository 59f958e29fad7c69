"""Nets on which the interior point once stalled: nothing rewarded, limits that meet, no room at the floor."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pandapower as pp
import pytest
from scipy.optimize import brentq

import pandapower_evflex as evf
from pandapower_evflex.opf.solve import tie_break
from tests.examples import sampled, sweep
from tests.opf.feeder import EIGHT_HOURS, two_feeders_net
from tests.opf.odd_feeders import odd_feeder


def solved(seed, **arguments):
    net, own = odd_feeder(seed)
    return evf.run_flexibility_opf(net, progress=False, raise_on_failure=False, **{**own, **arguments})


@sweep
@pytest.mark.parametrize("seed", sampled([2, 15, 16, 27, 30, 32, 35, 38, 44, 56], 5))
def test_the_fast_method_and_its_tie_break_end_where_they_once_stalled(seed):
    fast = solved(seed, method="fast")
    assert fast.status == ("optimal_within_gap" if seed == 15 else "optimal")
    assert fast.message.endswith("schedule chosen by tie_break='smooth'")
    assert max(value for name, value in fast.verification.items() if name.endswith(("voltage", "load", "ation"))) < 1e-6
    exact = solved(seed, method="exact", tie_break=None)
    assert np.isclose(fast.objective_mw, exact.objective_mw, rtol=2e-6, atol=1e-9)


CONGESTED = [(24, 5), (24, 4), (60, 1), (60, 5), (60, 6)]


@sweep
@pytest.mark.parametrize(("n_evs", "seed"), sampled(CONGESTED, 1))
@pytest.mark.parametrize("guarantee", ["one_activation", "any_sequence"])
def test_lines_that_can_just_carry_what_the_drivers_need_leave_a_certificate(n_evs, seed, guarantee):
    """Limits of cars and lines leave each other no room: rounding spoilt the steps, at gaps up to 0.6 %."""
    net, profiles = evf.networks.suburban_lv(seed=seed, n_evs=n_evs)
    profiles = {key: frame.resample("30min").mean() for key, frame in profiles.items()}
    peak = evf.uncontrolled_charging(net, profiles).line_loading_percent.max()
    net.line["max_loading_percent"] = np.maximum(np.ceil(peak), 15.0)
    result = evf.run_flexibility_opf(
        net, profiles, method="fast", tie_break=None, guarantee=guarantee, progress=False, raise_on_failure=False
    )
    assert result.status == "optimal"
    assert result.gap < 1e-6


def test_a_stage_that_does_not_end_hands_over_to_those_before_it_and_says_so(monkeypatch):
    """The schedule keeps all limits and the flexibility all the same."""
    solve_stage = tie_break._solve

    def stalls_at_the_last(run, stage, *arguments):
        point = solve_stage(run, stage, *arguments)
        return point if stage != "shares" else replace(point, status="stalled")

    monkeypatch.setattr(tie_break, "_solve", stalls_at_the_last)
    fast, untied = solved(32, method="fast"), solved(32, method="fast", tie_break=None)
    assert fast.status == "optimal"
    assert "schedule chosen by tie_break='smooth' up to its stage shares: stalled" in fast.message
    assert np.isclose(fast.objective_mw, untied.objective_mw, rtol=2e-6)
    assert max(value for name, value in fast.verification.items() if name.endswith(("voltage", "load", "ation"))) < 1e-6


def load_at_the_limit_of_both_cables():
    """Equal loads of both feeders [MW] that load their cables to the limit, by `runpp`."""
    net = two_feeders_net()
    for end in net.ev["bus"].unique():
        pp.create_load(net, end, 0.0)

    def room(p_mw):
        net.load["p_mw"] = p_mw
        pp.runpp(net, tolerance_mva=1e-12)
        return (net.line["max_loading_percent"] - net.res_line["loading_percent"]).min()

    return brentq(room, 0.0, 0.1, xtol=1e-12)


@sweep
@pytest.mark.parametrize(
    ("method", "tie_break"), sampled(list(product(("fast", "auto", "exact"), ("smooth", "min_energy", "level"))), 5)
)
def test_tie_breaks_end_on_two_feeders_where_only_downward_flexibility_counts(method, tie_break):
    """Whatever is charged can be withdrawn: both cables are at their limit in all eight hours."""
    net = two_feeders_net()
    result = evf.run_flexibility_opf(net, weights={"up": 0}, method=method, tie_break=tie_break, **EIGHT_HOURS)
    assert result.status == "optimal"
    assert result.message.endswith(f"schedule chosen by tie_break={tie_break!r}")
    most = 2 * 8 * load_at_the_limit_of_both_cables()
    assert result.objective_mw == pytest.approx(most, rel=2e-6)
    assert result.p_down_mw.to_numpy().sum() == pytest.approx(most, rel=2e-6)


def test_a_tie_break_that_has_reached_the_path_goes_on_along_it():
    """Every pair s z was at its mean, and each further step only centred them again."""
    net, profiles = evf.networks.suburban_lv(seed=9)
    weights = {"up": np.random.default_rng(9).uniform(0.5, 1.0, 96), "down": 0.5}
    result = evf.run_flexibility_opf(
        net, profiles, weights=weights, guarantee="any_sequence", method="fast", progress=False
    )
    assert result.status == "optimal" and "; schedule chosen by tie_break='smooth'; " in result.message
