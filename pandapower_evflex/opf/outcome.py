"""How a study ends: a schedule that was checked by power flow, or why there is none."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.case.forecasts import NO_NAME
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.errors import counted
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.effort.best_effort import BestEffort, best_effort
from pandapower_evflex.opf.findings.describe import describe
from pandapower_evflex.opf.findings.remedies import FINAL
from pandapower_evflex.opf.findings.table import findings_frame, in_forecast
from pandapower_evflex.opf.guarantee import unproved
from pandapower_evflex.opf.options import Options
from pandapower_evflex.opf.precheck.base_check import base_findings
from pandapower_evflex.opf.precheck.room import room_findings
from pandapower_evflex.opf.progress import Progress
from pandapower_evflex.opf.read import Study
from pandapower_evflex.opf.report.by_forecast import most_limiting
from pandapower_evflex.opf.solve.budget import Budget
from pandapower_evflex.opf.solve.curtailment import curtails, may_curtail, solve_with_least_curtailment
from pandapower_evflex.opf.solve.methods import ONE_OF_MANY, solve
from pandapower_evflex.opf.solve.solution import Solution
from pandapower_evflex.opf.stopwatch import Stopwatch
from pandapower_evflex.opf.verify import VERIFIED, GridState, largest_violation, states_of_forecasts, verification
from pandapower_evflex.powerflow.batched import BatchedPowerFlow

logger = logging.getLogger(__name__)

SOLVED = ("optimal", "optimal_within_gap", "feasible", "best_effort")


@dataclass(frozen=True)
class Outcome:
    """How a study ends.

    Parameters
    ----------
    study : Study             with the case that was solved, needs lowered and limits relaxed by a best effort
    status, message : str     as in `FlexibilityOpfResult`
    findings : DataFrame      limits violated without controllable EVs, sessions that fail, what is in the way
    solution : Solution       None where no solver ran
    checked : mapping         power flows of the schedule, {} without one that keeps all limits
    doubt : str               why a band is not proved between its edges, "" where it is, and for single activations
    effort : BestEffort       None where none was needed
    flow : BatchedPowerFlow   of the grid of the study; None without a schedule
    """

    study: Study
    status: str
    message: str
    findings: pd.DataFrame
    solution: Solution | None = None
    checked: Mapping[str, Any] | None = None
    doubt: str = ""
    effort: BestEffort | None = None
    flow: BatchedPowerFlow | None = None

    @property
    def schedule(self) -> Schedule | None:
        """The schedule, where the study is solved."""
        return self.solution.schedule if self.solution is not None and self.status in SOLVED else None

    @property
    def gap(self) -> float:
        return self.solution.gap if self.solution is not None and self.status in SOLVED else np.nan


def outcome_of(study: Study, options: Options, clock: Stopwatch) -> Outcome:
    """Base check, solve, and the power flows of the schedule."""
    case, budget = study.case, Budget.of(options.solver_options)
    with clock.phase("base power flow"):
        flow = BatchedPowerFlow(case.grid)
        without_evs = states_of_forecasts(case, flow, case.chain.least)
        idle = states_of_forecasts(case, flow, case.chain.idle) if case.chain.feeds_in else without_evs
        of_grid = [row for name, state in idle.items() for row in _grid_findings(case, flow, name, state)]
        findings = findings_frame(study.findings + of_grid)
    tries_its_best = options.on_infeasible == "best_effort" and not len(findings[findings["finding"].isin(FINAL)])
    hopeless = findings[~findings["curable"].astype(bool)]
    if len(hopeless) and tries_its_best:
        return _best_effort(study, options, budget, clock, flow, findings)
    if len(hopeless):
        return Outcome(study, "infeasible", "no schedule exists:\n" + describe(hopeless), findings)
    if len(findings):
        by = "charging or curtailment" if may_curtail(case) else "charging"
        logger.warning("to be cured by %s:\n%s", by, describe(findings))
    with Progress(options.progress) as bar, clock.phase("solve"):
        solved, solution = solve_with_least_curtailment(
            case,
            lambda one, breaks_tie: solve(
                one, flow, without_evs, options if breaks_tie else replace(options, tie_break=None), budget, bar, clock
            ),
            len(of_grid) > 0,
            lambda one: budget.stopped(one.status),
        )
        study = replace(study, case=solved)
    if solution.status not in SOLVED:
        if tries_its_best and not budget.stopped(solution.status):
            return _best_effort(study, options, budget, clock, flow, findings)
        found = pd.concat([findings, solution.findings], ignore_index=True) if len(findings) else solution.findings
        return Outcome(study, solution.status, solution.message, found, solution)
    return _checked(study, options, clock, flow, findings, solution)


def _grid_findings(case: Case, flow: BatchedPowerFlow, forecast: Any, state: GridState) -> list[dict[str, Any]]:
    """What the grid shows without controllable EVs, under one forecast."""
    alone = case.under(forecast)
    rows = base_findings(alone, flow, state) + room_findings(alone)
    return [{**row, **in_forecast(forecast)} for row in rows]


def _best_effort(
    study: Study,
    options: Options,
    budget: Budget,
    clock: Stopwatch,
    flow: BatchedPowerFlow,
    findings: pd.DataFrame,
) -> Outcome:
    with Progress(options.progress) as bar, clock.phase("solve"):
        effort = best_effort(study, flow, options, budget, bar, clock)
    if isinstance(effort, str):
        message = f"no schedule keeps all limits and needs; stopped by {effort} before the best effort was found"
        return Outcome(study, "iteration_limit", message, findings)
    solved = _checked(replace(study, case=effort.case), options, clock, flow, findings, effort.solution)
    return replace(solved, effort=effort)


def _checked(
    study: Study,
    options: Options,
    clock: Stopwatch,
    flow: BatchedPowerFlow,
    findings: pd.DataFrame,
    solution: Solution,
) -> Outcome:
    assert solution.schedule is not None
    with clock.phase("results"):
        checked = verification(study.case, solution.schedule, solution.states)
        if largest_violation(checked) > VERIFIED:
            message = f"the schedule does not verify: {_what_fails(checked)}"
            return Outcome(study, "failed", message, findings, solution)
        doubt = _unproved(study.case, flow, solution)
        said = (_message(study, solution, options, findings), _limiting(study.case, solution), doubt)
        message = "; ".join(filter(None, said))
    return Outcome(study, solution.status, message, findings, solution, checked, doubt, flow=flow)


def _unproved(case: Case, flow: BatchedPowerFlow, solution: Solution) -> str:
    """Why calls within a band are not proved to keep all limits, "" where they are, and for single activations."""
    assert solution.schedule is not None
    if not case.evs.has_band:
        return ""
    why = unproved(case, flow, solution.schedule, solution.states)
    return f"the band is not proved between its edges: {why}" if why else ""


def _limiting(case: Case, solution: Solution) -> str:
    """Which forecast decides, "" without forecasts."""
    if case.forecasts == (NO_NAME,):
        return ""
    worst = most_limiting(solution.prices)
    return f"kept in {len(case.forecasts)} forecasts" + ("" if worst == NO_NAME else f", of which {worst} limits most")


def _what_fails(checked: Mapping[str, Any]) -> str:
    if checked["n_not_converged"]:
        return f"{checked['n_not_converged']} of {checked['n_power_flows']} power flows have no solution"
    return f"limits exceeded by {largest_violation(checked):.2g} (relative)"


def _message(study: Study, solution: Solution, options: Options, findings: pd.DataFrame) -> str:
    parts = [solution.message, *([ONE_OF_MANY] if options.tie_break is None else [])]
    if options.margin_percent:
        parts.append(f"{float(options.margin_percent):g} % of every limit are kept free")
    if len(study.reduced):
        parts.append(f"the needs of {counted(len(study.reduced), 'session')} were reduced, see result.reduced")
    if len(findings) and solution.status != "best_effort":
        cures = "curtailment and charging cure" if curtails(study.case) else "charging cures"
        parts.append(f"{cures} {counted(len(findings), 'limit')} violated without EVs, see result.findings")
    return "; ".join(parts)
