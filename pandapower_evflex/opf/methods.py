"""Which method solves a case: fast, exact, or fast with exact behind it; then the tie-break."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pandas as pd

from pandapower_evflex.case.compile import Case
from pandapower_evflex.opf.ev_chain import schedule_from_slots
from pandapower_evflex.opf.exact import solve_exact
from pandapower_evflex.opf.fast import solve_fast, why_uncertified
from pandapower_evflex.opf.objective import weighted_flexibility_mw
from pandapower_evflex.opf.options import Options
from pandapower_evflex.opf.progress import Progress
from pandapower_evflex.opf.screening import NeededBlocks, screen
from pandapower_evflex.opf.shadow_prices import LimitPrices
from pandapower_evflex.opf.solution import OPTIMAL_GAP, Solution
from pandapower_evflex.opf.stopwatch import Stopwatch
from pandapower_evflex.opf.tie_break import break_tie
from pandapower_evflex.opf.verify import GridState, scheduled_states
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.solvers.chain_kernels import schur

#: CPU seconds that exact takes about, per bus and block and per EV-period; "auto" gives the fast method no more
EXACT_S_PER_BLOCK_BUS = 5e-4
EXACT_S_PER_SLOT = 1e-3

ONE_OF_MANY = "P_ch is one of many schedules with this flexibility (no tie-break)"


def solve(
    case: Case, flow: BatchedPowerFlow, without_evs: GridState, options: Options, bar: Progress, clock: Stopwatch
) -> Solution:
    """By the method of the options, with its tie-break."""
    with clock.phase("screening"):
        needed = screen(case, flow, without_evs)
    if not len(case.evs.slots):
        return _nothing_to_schedule(case, flow, needed)
    solution = _by_method(case, flow, without_evs, needed, options, bar, clock)
    if options.tie_break is None or solution.schedule is None:
        return solution
    with clock.phase("tie-break"):
        return _tie_broken(case, flow, solution, options, bar)


def _by_method(
    case: Case,
    flow: BatchedPowerFlow,
    without_evs: GridState,
    needed: NeededBlocks,
    options: Options,
    bar: Progress,
    clock: Stopwatch,
) -> Solution:
    is_auto = options.method == "auto"
    if options.method == "fast" or (is_auto and not why_uncertified(case)):
        budget = options.solver_options.get("max_cpu_time", np.inf)
        # compiling, or reading what is compiled, would use the budget of a first call up
        if is_auto and schur.signatures:
            budget = min(budget, 5.0 + _exact_seconds(case, needed))
        solution = solve_fast(case, flow, needed, bar, clock, budget)
        if not is_auto or solution.gap <= OPTIMAL_GAP:
            return solution
    return solve_exact(case, flow, without_evs, needed, options, bar, clock)


def _nothing_to_schedule(case: Case, flow: BatchedPowerFlow, needed: NeededBlocks) -> Solution:
    """No controllable EV is plugged in for a whole period."""
    schedule = schedule_from_slots(case, {name: np.empty(0) for name in ("up", "base", "down")})
    prices = {name: LimitPrices.none(case) for name in ("up", "base", "down")}
    message = "no controllable EV is plugged in for a whole period: there is nothing to schedule"
    states = scheduled_states(case, flow, schedule)
    return Solution("optimal", message, schedule, states, 0.0, prices, pd.DataFrame(), {"n_blocks": 0}, needed)


def _exact_seconds(case: Case, needed: NeededBlocks) -> float:
    block_buses = needed.n_blocks * len(case.grid.vm_min)
    return EXACT_S_PER_BLOCK_BUS * block_buses + EXACT_S_PER_SLOT * len(case.evs.slots)


def _tie_broken(case: Case, flow: BatchedPowerFlow, solution: Solution, options: Options, bar: Progress) -> Solution:
    """The same flexibility to 1e-6, and one schedule; where the tie-break fails, the schedule stays and it is said."""
    assert solution.schedule is not None and options.tie_break is not None
    flexibility = weighted_flexibility_mw(case, solution.schedule)
    chosen = break_tie(
        case, flow, options.tie_break, solution.schedule, flexibility, solution.needed,
        bar.until(time.process_time() + options.solver_options.get("max_cpu_time", np.inf)),
    )  # fmt: skip
    stats = {**solution.stats, "tie_break_iterations": chosen.iterations}
    if chosen.schedule is None:
        message = f"{solution.message}; the tie-break failed ({chosen.why_not}): {ONE_OF_MANY}"
        return replace(solution, message=message, stats=stats)
    lost = (flexibility - weighted_flexibility_mw(case, chosen.schedule)) / max(flexibility, 1e-9)
    return replace(
        solution,
        message=f"{solution.message}; schedule chosen by tie_break={options.tie_break!r}",
        schedule=chosen.schedule,
        states=chosen.states,
        gap=solution.gap + max(lost, 0.0),
        stats=stats,
    )
