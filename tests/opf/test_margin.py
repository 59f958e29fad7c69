"""A margin: a part of every limit of the grid that the plan leaves free."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

import pandapower_evflex as evf
from tests.examples import sampled, sweep
from tests.opf.feeder import EIGHT_HOURS, constant, feeder_net


def run(net, profiles=None, **kwargs):
    return evf.run_flexibility_opf(net, profiles, **{**EIGHT_HOURS, "tie_break": None, **kwargs})


def test_no_margin_is_what_a_run_without_it_is():
    plain, none = (run(feeder_net(6, sn_mva=0.05), tie_break="smooth", **more) for more in ({}, {"margin_percent": 0}))
    assert none.objective_mw == plain.objective_mw
    pd.testing.assert_frame_equal(none.p_mw, plain.p_mw)


@pytest.mark.parametrize("guarantee", ["one_activation", "any_sequence"])
def test_more_margin_is_never_more_flexibility(guarantee):
    net = feeder_net(6, sn_mva=0.05)
    objectives = [run(net, margin_percent=m, guarantee=guarantee).objective_mw for m in (0, 2, 20)]
    assert all(np.diff(objectives) < 0.0)


@sweep
@pytest.mark.parametrize("method", sampled(["fast", "exact"], 1))
def test_a_margin_is_what_lower_limits_are(method):
    net = feeder_net(6, sn_mva=0.05)
    lowered = run(net, method=method, max_trafo_loading_percent=80, max_line_loading_percent=80, min_vm_pu=0.92)
    assert run(net, method=method, margin_percent=20).objective_mw == pytest.approx(lowered.objective_mw, rel=1e-6)


def test_runpp_finds_the_margin_free_in_every_scenario_and_period():
    net = feeder_net(6, sn_mva=0.08)
    net.bus["min_vm_pu"] = 0.96
    result = run(net, margin_percent=10)
    binds = result.binding.groupby("quantity")["limit"].unique()
    assert binds["vm_pu"] == pytest.approx([0.964])
    for scenario in ("base", "up", "down"):
        for period in sampled(range(8), 3):
            plain = evf.with_evs_as_loads(net, result, period, scenario)
            pp.runpp(plain)
            assert plain.res_bus["vm_pu"].iloc[1:].min() >= 0.964 - 1e-6
            p, q = (
                plain.res_trafo[[f"{of}_hv_{unit}", f"{of}_lv_{unit}"]] for of, unit in (("p", "mw"), ("q", "mvar"))
            )
            assert np.hypot(p.to_numpy(), q.to_numpy()).max() <= 0.9 * 0.08 + 1e-7
            assert plain.res_line["loading_percent"].max() <= 90.0 + 1e-4


def test_limits_beyond_1_pu_are_moved_away_from_it():
    """Towards 1 pu they would leave less free than none."""
    net = feeder_net(6, sn_mva=0.5)
    net.ext_grid["vm_pu"] = 1.05
    net.bus["min_vm_pu"] = 1.02
    assert run(net, margin_percent=10).vm_pu["up"].min().min() == pytest.approx(1.022, abs=1e-5)


def test_what_the_grid_breaks_by_itself_is_judged_with_the_margin():
    net = feeder_net(6, sn_mva=0.05)
    profiles = constant(net, "load", "p_mw", [0.047] + [0.01] * 7)
    assert run(net, profiles, n_periods=None).status == "optimal"
    with pytest.raises(evf.FlexibilityOPFNotConverged, match="margin_percent=10 keeps that much of every limit free"):
        run(net, profiles, n_periods=None, margin_percent=10)
    relaxed = run(net, profiles, n_periods=None, margin_percent=10, on_infeasible="best_effort").relaxed
    assert set(relaxed["limit"]) == {90.0}
    assert set(relaxed["period"]) == {0}


def test_the_message_says_what_is_kept_free():
    assert "5 % of every limit are kept free" in run(feeder_net(6), margin_percent=5).message


def test_a_day_in_operation_is_judged_by_the_limits_themselves():
    """A load 4 % of the rating above its forecast uses the margin, and breaks nothing."""
    net = feeder_net(6, sn_mva=0.05)
    truth = constant(net, "load", "p_mw", [0.022] * 8)
    forecast = constant(net, "load", "p_mw", [0.020] * 8)
    options = {"forecast": lambda now_h: forecast, "every_h": 8.0, "period_h": 1.0, "progress": False}
    calls = pd.DataFrame({"period": [2], "direction": ["up"], "p_mw": [np.nan]})
    plain = evf.run_rolling_horizon(net, truth, activations=calls, **options)
    assert len(plain.violations)
    kept = evf.run_rolling_horizon(net, truth, activations=calls, margin_percent=10.0, **options)
    assert not len(kept.violations)
    assert kept.trafo_loading_percent.max().max() > 90.0
