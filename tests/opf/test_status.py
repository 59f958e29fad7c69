"""A status says no more than what was found out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import pandapower_evflex as evf
from pandapower_evflex.opf import flexibility
from pandapower_evflex.opf.report.by_runpp import busiest_by_runpp
from pandapower_evflex.opf.solve import exact, methods
from pandapower_evflex.opf.solve.screening import NeededBlocks
from tests.opf.feeder import EIGHT_HOURS, feeder_net
from tests.opf.test_fast import meshed


def solve(net, method="exact", **arguments):
    return evf.run_flexibility_opf(net, method=method, raise_on_failure=False, **{**EIGHT_HOURS, **arguments})


def largest_violation(result):
    return max(value for name, value in result.verification.items() if name.startswith("max_"))


@pytest.mark.parametrize("max_iter", [8, 10])
def test_exact_that_is_stopped_returns_its_last_point_where_that_keeps_all_limits(max_iter):
    result, best = solve(feeder_net(6), solver_options={"max_iter": max_iter}), solve(feeder_net(6))
    assert result.status == "feasible"
    assert result.message.startswith(f"stopped by max_iter={max_iter}: a schedule that keeps all limits")
    assert largest_violation(result) < 1e-6
    assert 0.0 < result.objective_mw <= best.objective_mw * (1.0 + 1e-6)
    assert np.isnan(result.gap)


def test_auto_says_the_gap_that_fast_has_certified_for_the_better_schedule_of_exact():
    """Both are stopped: fast's bound holds for exact's schedule too."""
    best = solve(feeder_net(6)).objective_mw
    for max_iter in (3, 5, 7):
        result = solve(feeder_net(6), "auto", solver_options={"max_iter": max_iter})
        assert result.objective_mw >= best * (1.0 - result.gap) - 1e-9
        assert result.message.startswith("stopped at ") and f"by max_iter={max_iter}" in result.message


@pytest.mark.parametrize("verify", [True, False])
def test_an_optimum_of_a_loose_tolerance_that_breaks_limits_is_not_called_optimal(monkeypatch, verify):
    """Power flows of the schedule at 1 % more load than Ipopt saw."""
    seen = exact.scheduled_states
    monkeypatch.setattr(exact, "scheduled_states", lambda case, flow, schedule: seen(case, flow, more(schedule, 1.01)))
    result = solve(feeder_net(6), verify=verify, tie_break=None)
    assert result.status == "feasible"
    assert "breaks limits" in result.message or "rounds" in result.message
    assert largest_violation(result) < 1e-6


def more(schedule, factor):
    return replace(schedule, p=schedule.p * factor, p_up=schedule.p_up * factor, p_down=schedule.p_down * factor)


@pytest.mark.parametrize("verify", [True, False])
def test_a_schedule_that_breaks_limits_is_no_solution_whether_verify_is_on_or_off(monkeypatch, verify):
    solved = methods.solve_exact

    def breaks(*arguments):
        solution = solved(*arguments)
        return replace(solution, schedule=more(solution.schedule, 1.01))

    monkeypatch.setattr(methods, "solve_exact", breaks)
    net = feeder_net(6)
    result = solve(net, verify=verify, tie_break=None)
    assert result.status == "failed" and result.p_mw.isna().all().all()
    assert result.message.startswith("the schedule does not verify: limits exceeded by")


def test_without_verify_a_difference_from_runpp_is_told(monkeypatch):
    other = lambda net, result: replace(busiest_by_runpp(net, result), difference=2e-6)  # noqa: E731
    monkeypatch.setattr(flexibility, "busiest_by_runpp", other)
    result = solve(feeder_net(3), verify=False)
    assert result.status == "optimal" and "differs from that of runpp by 2e-06 pu" in result.message


def test_rounds_that_go_on_finding_broken_limits_do_not_end_at_an_optimum(monkeypatch):
    """The schedule of the first round, without any limit of the grid, breaks the transformer's by itself."""
    monkeypatch.setattr(exact, "MAX_ROUNDS", 1)
    monkeypatch.setattr(methods, "screen", lambda case, *_: NeededBlocks.none(case))
    result = solve(feeder_net(6), tie_break=None)
    assert result.status == "failed"
    assert result.message.startswith("in each of 1 rounds limits were broken that had been left out; at the last point")
    assert "overload of trafo 0" in result.message and "what to do" in result.message


@pytest.mark.parametrize(("certified", "status"), [(9e-7, "optimal_within_gap"), (7e-7, "optimal")])
def test_optimal_means_a_millionth_of_gap_and_tie_break_together(monkeypatch, certified, status):
    """Of 1e-6 the gap leaves the tie-break enough, or else the word optimal is not kept."""
    solved = methods.solve_fast
    monkeypatch.setattr(methods, "solve_fast", lambda *arguments: replace(solved(*arguments), gap=certified))
    result = solve(feeder_net(6), "fast")
    assert result.status == status
    assert (certified < result.gap <= 1e-6) == (status == "optimal")
    assert ("with what the tie-break costs" in result.message) == (status != "optimal")


def test_statistics_of_a_run_that_both_methods_solved_name_both():
    stats = solve(meshed(6), "auto", solver_options={"max_iter": 300}).stats
    assert set(stats["methods"]) == {"fast", "exact"}
    assert "interior point over EV chains, then Ipopt" in stats["solver"]
    assert stats["iterations"] == sum(own["iterations"] for own in stats["methods"].values())
