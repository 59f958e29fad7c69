"""The nonlinear problem over growing lists of blocks, until the power flow of all blocks keeps every limit.

A point that is optimal for the blocks built and feasible for all is a local optimum of the whole: leaving out blocks
only relaxes. So the check afterwards suffices, and blocks that cannot bind are never built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.nlp.problem import Problem, ProblemBuilder
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.findings.describe import describe
from pandapower_evflex.opf.findings.obstacles import obstacles
from pandapower_evflex.opf.solve.ac_polar import Blocks, add_network
from pandapower_evflex.opf.solve.budget import Budget
from pandapower_evflex.opf.solve.chain_variables import ChainVariables, add_chain
from pandapower_evflex.opf.solve.chains import objective_scale
from pandapower_evflex.opf.solve.pull_back import nearest_usable
from pandapower_evflex.opf.solve.run import Run
from pandapower_evflex.opf.solve.screening import NeededBlocks
from pandapower_evflex.opf.solve.shadow_prices import prices_of_exact
from pandapower_evflex.opf.solve.solution import AtOnce, Solution
from pandapower_evflex.opf.solve.waste import AT_ONCE, costs_waste, is_wasteful, objective_mw
from pandapower_evflex.opf.verify import VERIFIED, GridState, largest_violation, scheduled_states, verification
from pandapower_evflex.scenarios import Scenario
from pandapower_evflex.solvers import ipopt
from pandapower_evflex.solvers.result import SolverResult

#: most rounds; each adds every block found violated, and more have not been met
MAX_ROUNDS = 20

_REASONS = {
    "infeasible": "no schedule was found that serves every EV within the limits of the grid; in the way:",
    "iteration_limit": "{why} before a schedule was found; at the last point:",
    "failed": "{why}; at the last point:",
}


def build_flexibility_opf(case: Case, blocks: Blocks) -> tuple[Problem, ChainVariables]:
    """The first paper's problem over the given blocks: equations (4) to (24)."""
    builder = ProblemBuilder()
    chain = add_chain(builder, case.chain, objective_scale(case.chain))
    add_network(builder, case, chain, blocks)
    return builder.build(), chain


def solve_exact(run: Run) -> Solution:
    """Solve over the needed blocks, check all by power flow, add the violated ones, solve again."""
    case, flow, needed, tol = run.case, run.flow, run.needed, run.options.tol
    stats: dict[str, Any] = {"rounds": 0, "iterations": 0}
    for number in range(1, MAX_ROUNDS + 1):
        with run.clock.phase("build"):
            blocks = needed.blocks(run.least)
            problem, chain = build_flexibility_opf(case, blocks)
        run.bar.start_round(number, needed.n_blocks)
        with run.clock.phase("ipopt"):
            solved = ipopt.solve(problem, tol=tol, options=run.budget.for_ipopt(), on_iteration=run.bar.step)
        stats = _stats(stats, number, needed, problem, solved)
        schedule = case.schedule_at(case.chain.loads, chain.at(solved.x))
        with run.clock.phase("check"):
            states = scheduled_states(case, flow, schedule)
        if solved.status != "optimal" or not needed.join_violated(case, states):
            break
    prices = prices_of_exact(case, blocks, problem, solved, objective_scale(case.chain))
    x = chain.at(solved.x)
    at_once = _at_once(case, x) if solved.status == "optimal" else None
    if solved.status == "optimal" and largest_violation(verification(case, schedule, states)) <= VERIFIED:
        message = "solved to a local optimum"
        if costs_waste(case, x, schedule):
            message = f"a schedule that keeps all limits; the local optimum {AT_ONCE}, and a schedule does not"
            return Solution("feasible", message, schedule, states, np.nan, prices, pd.DataFrame(), stats, at_once)
        return Solution("optimal", message, schedule, states, np.nan, prices, pd.DataFrame(), stats)
    why = _why_ended(solved, run.budget, tol, number)
    never_started = solved.status == "failed" and not solved.iterations  # for instance a linear solver that is missing
    usable = None if never_started else nearest_usable(case, flow, schedule)
    if usable is not None:
        message = f"{why}: a schedule that keeps all limits, of unknown distance to the optimum"
        return Solution("feasible", message, *usable, np.nan, prices, pd.DataFrame(), stats, at_once)
    return replace(_without_solution(case, schedule, states, solved, why, stats), at_once=at_once)


def _at_once(case: Case, x: FloatArray) -> AtOnce | None:
    """A local optimum that wastes energy."""
    return AtOnce(x, objective_mw(case, x), False) if is_wasteful(case.chain.loads, x) else None


def _why_ended(solved: SolverResult, budget: Budget, tol: float, rounds: int) -> str:
    """What ended the solve before an optimum that keeps all limits."""
    if solved.stopped_by:
        return f"stopped by {budget.named(solved.stopped_by, ipopt.DEFAULT_OPTIONS.get(solved.stopped_by))}"
    if solved.status != "optimal":
        return f"the solver ended without an optimum ({solved.message.rstrip('.')})"
    if rounds == MAX_ROUNDS:
        return f"in each of {MAX_ROUNDS} rounds limits were broken that had been left out"
    return f"the optimum of Ipopt breaks limits by more than 1e-6, as it may with tol={tol:g}"


def _stats(
    before: Mapping[str, Any], number: int, needed: NeededBlocks, problem: Problem, solved: SolverResult
) -> dict[str, Any]:
    return {
        "rounds": number,
        "iterations": before["iterations"] + solved.iterations,
        "n_blocks": needed.n_blocks,
        "n_variables": problem.n,
        "n_constraints": problem.m,
        "solver": ipopt.version(),
    }


def _without_solution(
    case: Case,
    schedule: Schedule,
    states: Mapping[Scenario, GridState],
    solved: SolverResult,
    why: str,
    stats: dict[str, Any],
) -> Solution:
    findings = obstacles(case, schedule, states)
    status = "failed" if solved.status == "optimal" else solved.status
    text = describe(findings) if len(findings) else "nothing above the tolerance"
    message = f"{_REASONS[status].format(why=why)}\n{text}\n({solved.message})"
    return Solution(status, message, None, {}, np.nan, {}, findings, stats)
