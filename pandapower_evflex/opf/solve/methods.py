"""Which method solves a case: closed form, fast, exact, or one behind the other; then the tie-break."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.elements.chain import KW, LOADS
from pandapower_evflex.elements.ev_slots import ONE_ACTIVATION
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.objective import weighted_flexibility_mw
from pandapower_evflex.opf.options import Options
from pandapower_evflex.opf.progress import Progress
from pandapower_evflex.opf.solve.budget import Budget
from pandapower_evflex.opf.solve.certifiable import why_uncertified
from pandapower_evflex.opf.solve.closed_form import WON, solve_in_closed_form
from pandapower_evflex.opf.solve.exact import solve_exact
from pandapower_evflex.opf.solve.fast import solve_fast
from pandapower_evflex.opf.solve.pull_back import is_usable
from pandapower_evflex.opf.solve.run import Run
from pandapower_evflex.opf.solve.screening import screen
from pandapower_evflex.opf.solve.shadow_prices import no_prices
from pandapower_evflex.opf.solve.solution import OPTIMAL_GAP, Solution, status_of_stopped
from pandapower_evflex.opf.solve.split import without_waste
from pandapower_evflex.opf.solve.tie_break import break_tie
from pandapower_evflex.opf.stopwatch import Stopwatch
from pandapower_evflex.opf.verify import GridState, scheduled_states
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.solvers import ipopt

NO_HAND_OVER = "the exact method did not take over: Ipopt cannot be imported"
CHOSEN = "schedule chosen by tie_break={!r}"
NOTHING_TO_SCHEDULE = "no controllable EV is plugged in for a whole period: there is nothing to schedule"
ONE_OF_MANY = "P_ch is one of many schedules with this flexibility (no tie-break)"


def solve(
    case: Case,
    flow: BatchedPowerFlow,
    least: Mapping[Any, GridState],
    options: Options,
    budget: Budget,
    bar: Progress,
    clock: Stopwatch,
) -> Solution:
    """By the method of the options, with its tie-break; ``least`` has the states with every unit at its least load."""
    closed, is_single = None, options.guarantee == ONE_ACTIVATION and case.evs.duration == 1
    if len(case.chain) and options.method != "exact" and is_single:
        with clock.phase("closed form"):
            closed = solve_in_closed_form(case, flow)
    if closed is not None and options.tie_break in WON:
        chosen = [CHOSEN.format(options.tie_break)] if options.tie_break else []
        return replace(closed, message="; ".join([closed.message, *chosen]))
    with clock.phase("screening"):
        needed = screen(case, flow, least)
    run = Run(
        case=case, flow=flow, least=least, needed=needed, options=options, budget=budget, bar=bar, clock=clock
    )  # fmt: skip
    if not len(case.chain):
        return _nothing_to_schedule(run)
    solution = closed or _by_method(run)
    if solution.at_once is not None:
        with clock.phase("split"):
            run, solution = without_waste(run, solution, _by_method)
    if options.tie_break is None or solution.schedule is None:
        return solution
    with clock.phase("tie-break"):
        return _tie_broken(run, solution, options.tie_break)


def _by_method(run: Run) -> Solution:
    if run.options.method == "fast":
        return solve_fast(run)
    if run.options.method == "exact":
        return solve_exact(run)
    return _solve_auto(run) if ipopt.is_installed() else _solve_auto_without_ipopt(run)


def _solve_auto(run: Run) -> Solution:
    """Fast, and exact where no gap is certified; what fast has found stays where exact finds nothing better.

    Where a certificate is out of the question, fast comes first only in runs that a limit may end.
    """
    fast = None
    if run.budget.is_limited or not why_uncertified(run.case):
        fast = solve_fast(replace(run, budget=run.budget.share(0.5)))
        if fast.gap <= OPTIMAL_GAP or fast.status == "infeasible" or fast.at_once is not None:
            return fast
    exact = solve_exact(run)
    if fast is None:
        return exact
    chosen = exact if fast.schedule is None else _better(run.case, fast, exact)
    return replace(chosen, stats=_stats_of_both(chosen, fast, exact))


def _stats_of_both(chosen: Solution, fast: Solution, exact: Solution) -> dict[str, Any]:
    """Sizes of the method whose schedule stands, the work of both."""
    return {
        **chosen.stats,
        "iterations": fast.stats["iterations"] + exact.stats["iterations"],
        "solver": f"{fast.stats['solver']}, then {exact.stats['solver']}",
        "methods": {"fast": fast.stats, "exact": exact.stats},
    }


def _solve_auto_without_ipopt(run: Run) -> Solution:
    """Fast, with all the time there is; where exact would have followed, it is said."""
    fast = solve_fast(run)
    return fast if fast.gap <= OPTIMAL_GAP else replace(fast, message=f"{fast.message}; {NO_HAND_OVER}")


def _better(case: Case, fast: Solution, exact: Solution) -> Solution:
    """The solution of exact where it is no worse, else that of fast."""
    assert fast.schedule is not None
    if exact.schedule is None:
        return replace(fast, message=f"{fast.message}; the exact method found none ({exact.reason})")
    reached = {
        name: weighted_flexibility_mw(case, s.schedule) for name, s in (("fast", fast), ("exact", exact)) if s.schedule
    }
    if reached["fast"] > reached["exact"] * (1.0 + OPTIMAL_GAP):
        ended = "ended at a local optimum with less" if exact.status == "optimal" else "found one with less"
        return replace(fast, message=f"{fast.message}; the exact method {ended}")
    if exact.status == "optimal" or not fast.gap < 1.0:
        return exact
    bound = reached["fast"] / (1.0 - fast.gap)
    gap = (bound - reached["exact"]) / bound if bound > 0.0 else fast.gap
    status, message = status_of_stopped(gap, exact.reason.removeprefix("stopped by "))
    return replace(exact, status=status, message=message, gap=gap)


def _nothing_to_schedule(run: Run) -> Solution:
    """No controllable EV is plugged in for a whole period."""
    schedule = run.case.schedule({name: np.empty(0) for name in LOADS})
    prices = {scenario: no_prices(run.case) for scenario in run.case.checked_scenarios}
    states = scheduled_states(run.case, run.flow, schedule)
    return Solution("optimal", NOTHING_TO_SCHEDULE, schedule, states, 0.0, prices, pd.DataFrame(), {"n_blocks": 0})


def _tie_broken(run: Run, solution: Solution, kind: str) -> Solution:
    """The same flexibility to 1e-6, and one schedule; where the tie-break fails, the schedule stays and it is said."""
    assert solution.schedule is not None
    case = run.case
    flexibility = weighted_flexibility_mw(case, solution.schedule)
    chosen = break_tie(run, kind, solution.schedule, flexibility, solution.gap)
    if chosen.schedule is not None and not is_usable(case, chosen.schedule, chosen.states):
        chosen = replace(chosen, schedule=None, why_not="its schedule breaks limits")
    stats = {**solution.stats, "tie_break_iterations": chosen.iterations}
    if chosen.schedule is None:
        message = f"{solution.message}; the tie-break failed ({chosen.why_not}): {ONE_OF_MANY}"
        return replace(solution, message=message, stats=stats)
    but = f" up to its {chosen.why_not}, the schedule of the stages before stands" if chosen.why_not else ""
    lost = (flexibility - weighted_flexibility_mw(case, chosen.schedule)) / max(flexibility, 1.0 / KW)
    gap, status, message = solution.gap + max(lost, 0.0), solution.status, solution.message
    if status == "optimal" and gap > OPTIMAL_GAP:
        status, message = "optimal_within_gap", f"{message}, {gap:.2g} with what the tie-break costs"
    return replace(
        solution,
        status=status,
        message=f"{message}; {CHOSEN.format(kind)}{but}",
        schedule=chosen.schedule,
        states=chosen.states,
        gap=gap,
        stats=stats,
    )
