"""What the run promises: feasible under activation, verified, monotone, and silent when asked."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.limits import LOADING
from pandapower_evflex.nlp.derivative_check import derivative_errors
from pandapower_evflex.opf.read import read_study
from pandapower_evflex.opf.solve.exact import build_flexibility_opf
from pandapower_evflex.opf.solve.screening import NeededBlocks
from pandapower_evflex.opf.verify import grid_state, states_of_forecasts
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.solvers import ipopt
from tests.opf.feeder import EIGHT_HOURS, constant, feeder_net
from tests.opf.options import exact_options

#: relative, of the objective between formulations of the same problem
SAME = 1e-7


def compiled(net, profiles=None, *, n_periods=8, period_h=1.0, **options):
    if profiles is not None:
        n_periods = period_h = None
    study = read_study(net, profiles, exact_options(**options), n_periods=n_periods, period_h=period_h, cyclic=False)
    return study.case


def all_blocks(case):
    """Every block with every limit: no screening."""
    needed = NeededBlocks.none(case)
    for scenario in case.scenarios:
        needed.needed[scenario][:] = True
        needed.limited[scenario][LOADING][:] = np.isfinite(case.grid.ends.limit)
    return needed.blocks(states_of_forecasts(case, BatchedPowerFlow(case.grid), case.evs.fixed_p))


@pytest.mark.parametrize("q_follows", [True, False])
def test_derivatives_of_a_whole_problem_equal_differences(q_follows):
    net = feeder_net()
    evf.create_flexibility(net, "ev", 1, "up", max_p_mw=0.01)
    case = compiled(net, n_periods=2, scenarios=("up", "down", "base"), q_follows_flexibility=q_follows)
    problem, _ = build_flexibility_opf(case, all_blocks(case))
    rng = np.random.default_rng(0)
    x = problem.x_start + 0.02 * rng.normal(size=problem.n)
    errors = derivative_errors(problem, x, rng.normal(size=problem.m))
    assert max(errors.gradient, errors.jacobian, errors.hessian) < 1e-7


@pytest.mark.parametrize("scenarios", [("down", "up"), ("up",), ("up", "down", "base")])
def test_screening_changes_no_optimum(scenarios):
    net = feeder_net(5)
    case = compiled(net, scenarios=scenarios)
    problem, _ = build_flexibility_opf(case, all_blocks(case))
    whole = -ipopt.solve(problem).objective / 1e3
    result = evf.run_flexibility_opf(net, scenarios=scenarios, method="exact", tie_break=None, **EIGHT_HOURS)
    offset = _constant_of_objective(case)
    assert np.isclose(result.objective_mw, whole + offset, rtol=SAME)
    assert len(result.binding)


def _constant_of_objective(case):
    """P_ch holds the arrival energy as a constant, which the solver's objective leaves out."""
    slots, total = case.evs.slots, 0.0
    for sign, name in ((1.0, "up"), (-1.0, "down")):
        offers = case.evs.offers[name]
        total += sign * np.sum((offers.weight * offers.offered) * slots.e_offset / slots.energy_per_p)
    return total


def test_hundred_partial_activations_keep_every_limit():
    """Full activation up and down is checked by the run; in between, limits hold in every drawn mixture."""
    net = feeder_net(6)
    result = evf.run_flexibility_opf(net, **EIGHT_HOURS)
    case = compiled(net)
    flow, rng = BatchedPowerFlow(case.grid), np.random.default_rng(0)
    p, up, down = (frame.to_numpy() for frame in (result.p_mw, result.p_up_mw, result.p_down_mw))
    worst = 0.0
    for _ in range(100):
        share = rng.uniform(-1.0, 1.0, p.shape)
        state = grid_state(case, flow, p + np.maximum(share, 0) * up + np.minimum(share, 0) * down)
        assert state.converged.all()
        worst = max(worst, *(np.max(excess) for excess in state.excess(case.limits)))
    assert worst < 1e-6


def test_every_solved_case_verifies():
    for trafo_loading in ("power", "current"):
        checked = evf.run_flexibility_opf(feeder_net(6), trafo_loading=trafo_loading, **EIGHT_HOURS).verification
        assert checked["max_mismatch_mva"] < 1e-8
        assert checked["n_power_flows"] == 3 * 8
        kinds = [v for k, v in checked.items() if k.endswith(("voltage", "overload", "violation"))]
        assert max(kinds) < 1e-6


def test_a_larger_limit_never_lessens_the_flexibility():
    objectives = []
    for limit in (70.0, 85.0, 100.0, 120.0, np.inf):
        net = feeder_net(6)
        net.trafo["max_loading_percent"] = limit if np.isfinite(limit) else np.nan
        objectives.append(evf.run_flexibility_opf(net, **EIGHT_HOURS).objective_mw)
    assert np.all(np.diff(objectives) >= -1e-9)
    assert objectives[-1] > objectives[0]


def test_two_half_hours_are_worth_one_hour_each():
    """Constant data in half periods: the same flexibility in each half, so twice the sum and the same energy."""
    hours = evf.run_flexibility_opf(feeder_net(6), **EIGHT_HOURS)
    halves = evf.run_flexibility_opf(feeder_net(6), n_periods=16, period_h=0.5, progress=False)
    # finer periods may gain a little: the energy limits of a shorter activation are looser
    assert halves.objective_mwh >= hours.objective_mwh * (1 - 1e-6)


def test_reactive_power_of_the_schedule_alone_is_optimistic():
    net = feeder_net(6)
    follows = evf.run_flexibility_opf(net, **EIGHT_HOURS).objective_mw
    as_printed = evf.run_flexibility_opf(net, q_follows_flexibility=False, **EIGHT_HOURS).objective_mw
    assert as_printed > follows


def test_weights_move_flexibility_to_where_it_is_worth_more():
    net = feeder_net(6)
    weight = pd.DataFrame(1.0, index=range(8), columns=[0])
    weight[0] = 5.0
    even = evf.run_flexibility_opf(net, scenarios=("up",), **EIGHT_HOURS)
    moved = evf.run_flexibility_opf(net, scenarios=("up",), weights={"up": weight}, **EIGHT_HOURS)
    assert moved.p_up_mw[0].sum() > even.p_up_mw[0].sum() - 1e-9
    assert moved.objective_mw > even.objective_mw
    in_time = evf.run_flexibility_opf(net, weights={"up": [0, 0, 0, 1, 0, 0, 0, 0], "down": 0.0}, **EIGHT_HOURS)
    assert in_time.objective_mw == pytest.approx(in_time.p_up_mw.iloc[3].sum(), rel=1e-9)


def test_an_uncontrollable_ev_charges_at_arrival_as_a_fixed_load():
    net = feeder_net(2)
    net.ev.loc[0, "controllable"] = False
    result = evf.run_flexibility_opf(net, **EIGHT_HOURS)
    assert result.p_mw[0].tolist() == pytest.approx([0.02, 0, 0, 0, 0, 0, 0, 0])
    assert (result.p_up_mw[0] == 0).all() and (result.p_down_mw[0] == 0).all()
    assert result.e_mwh[0].iloc[-1] == pytest.approx(0.04)
    assert result.limited_by(3).loc[0].tolist() == ["not offered", "not offered"]


def test_a_cyclic_night_equals_the_same_night_in_one_piece():
    night = feeder_net(3)
    cyclic = feeder_net(3)
    cyclic.ev_session["arrival_h"] += 5.0  # 5 to 13 of 8 hours: plugged all day, going round
    cyclic.ev_session["departure_h"] += 5.0
    one_piece = evf.run_flexibility_opf(night, **EIGHT_HOURS)
    goes_round = evf.run_flexibility_opf(cyclic, cyclic=True, **EIGHT_HOURS)
    assert np.isclose(goes_round.objective_mw, one_piece.objective_mw, rtol=SAME)


def test_the_result_pickles_without_net_and_solver():
    result = evf.run_flexibility_opf(feeder_net(), **EIGHT_HOURS)
    copied = pickle.loads(pickle.dumps(result))
    pd.testing.assert_frame_equal(copied.p_up_mw, result.p_up_mw)
    assert copied.status == "optimal"
    assert len(pickle.dumps(result)) < 300_000


def test_without_a_tie_break_the_message_says_that_the_schedule_is_one_of_many():
    assert "one of many" in evf.run_flexibility_opf(feeder_net(), tie_break=None, **EIGHT_HOURS).message


def test_progress_is_silent_on_request_and_shown_on_request(capsys):
    net = feeder_net()
    evf.run_flexibility_opf(net, **EIGHT_HOURS)
    assert capsys.readouterr() == ("", "")
    evf.run_flexibility_opf(net, **{**EIGHT_HOURS, "progress": True})
    out, err = capsys.readouterr()
    assert out == ""
    assert "flexibility OPF" in err


def test_reasons_agree_with_the_schedule():
    net = feeder_net(6)
    evf.create_flexibility(net, "ev", 5, "down")
    result = evf.run_flexibility_opf(net, **EIGHT_HOURS)
    known = {"away", "not offered", "max_p_mw", "battery full", "must leave charged", "nothing scheduled"}
    elements = {f"{r.element_type} {r.element}" for r in result.binding.itertuples()}
    for t in range(8):
        reasons = result.limited_by(t)
        assert reasons.loc[5, "up"] == "not offered"
        for ev, reason in reasons["up"].drop(5).items():
            if reason == "max_p_mw":
                assert result.p_mw[ev][t] + result.p_up_mw[ev][t] == pytest.approx(0.022, rel=1e-4)
            assert reason in known or set(reason.split(", ")) <= elements
    with pytest.raises(IndexError):
        result.limited_by(8)


def test_to_profiles_has_the_form_of_pandapower_profiles():
    result = evf.run_flexibility_opf(feeder_net(), **EIGHT_HOURS)
    profiles = result.to_profiles()
    assert profiles["ev", "p_mw"].index.equals(pd.RangeIndex(8))
    assert set(profiles) == {("ev", c) for c in ("p_mw", "p_up_mw", "p_down_mw", "e_mwh", "soc_percent")}


def test_an_overvoltage_that_charging_cures_is_reported_and_solved():
    net = feeder_net(6, load_mw=0.0, pv_mw=0.08)
    net.bus["max_vm_pu"] = 1.03
    profiles = constant(net, "sgen", "p_mw", [0.08] * 4 + [0.0] * 4)
    result = evf.run_flexibility_opf(net, profiles, period_h=1.0, progress=False)
    assert result.status == "optimal"
    assert set(result.findings["finding"]) == {"overvoltage"}
    assert result.findings["curable"].all()
    assert "cures" in result.message
    assert (result.vm_pu["down"].max().max()) <= 1.03 + 1e-6
    assert (result.p_mw.iloc[:4].sum(axis=1) - result.p_down_mw.iloc[:4].sum(axis=1)).min() > 0
    assert {(row.bound, row.quantity) for row in result.binding.itertuples()} >= {("max", "vm_pu")}
