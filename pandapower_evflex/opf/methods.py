"""Which method solves a case: fast, exact, or fast with exact behind it; then the tie-break."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.case.compile import Case
from pandapower_evflex.opf.ev_chain import Schedule, schedule_from_slots
from pandapower_evflex.opf.exact import ExactSolution, solve_exact
from pandapower_evflex.opf.fast import FastSolution, solve_fast, why_uncertified
from pandapower_evflex.opf.findings import describe
from pandapower_evflex.opf.infeasible import obstacles
from pandapower_evflex.opf.objective import weighted_flexibility_mw
from pandapower_evflex.opf.options import Options
from pandapower_evflex.opf.progress import Progress
from pandapower_evflex.opf.screening import NeededBlocks, screen
from pandapower_evflex.opf.shadow_prices import LimitPrices, prices_of_reduced
from pandapower_evflex.opf.stopwatch import Stopwatch
from pandapower_evflex.opf.tie_break import break_tie
from pandapower_evflex.opf.verify import GridState, scheduled_states
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.solvers.chain_kernels import schur

#: relative gap up to which a certified schedule is called optimal
OPTIMAL_GAP = 1e-6
#: CPU seconds that exact takes about, per bus and block and per EV-period; "auto" gives the fast method no more
EXACT_S_PER_BLOCK_BUS = 5e-4
EXACT_S_PER_SLOT = 1e-3

ONE_OF_MANY = "P_ch is one of many schedules with this flexibility (no tie-break)"


@dataclass(frozen=True)
class Solution:
    """Schedule, power flows and prices, or the reason why there are none."""

    status: str
    message: str
    schedule: Schedule | None
    states: Mapping[str, GridState]
    gap: float
    prices: Mapping[str, LimitPrices]
    findings: pd.DataFrame
    stats: dict[str, Any]
    needed: NeededBlocks


def solve(
    case: Case, flow: BatchedPowerFlow, without_evs: GridState, options: Options, bar: Progress, clock: Stopwatch
) -> Solution:
    """By the method of the options, with its tie-break."""
    with clock.phase("screening"):
        needed = screen(case, flow, without_evs)
    if not len(case.evs.slots):
        return _nothing_to_schedule(case, flow, needed)
    solution = None
    if _tries_fast(case, options):
        certain = options.method == "auto"
        limit = options.solver_options.get("max_cpu_time", np.inf)
        # compiling, or reading what is compiled, would use the budget of a first call up
        budgeted = certain and bool(schur.signatures)
        budget = min(limit, 5.0 + _exact_seconds(case, needed)) if budgeted else limit
        fast = solve_fast(case, flow, needed, bar, clock, budget)
        if not certain or (fast.schedule is not None and fast.gap <= OPTIMAL_GAP):
            solution = _from_fast(case, fast)
    if solution is None:
        solution = _from_exact(solve_exact(case, flow, without_evs, needed, options, bar, clock))
    if options.tie_break is None or solution.schedule is None:
        return solution
    with clock.phase("tie-break"):
        return _tie_broken(case, flow, solution, options, bar)


def _tries_fast(case: Case, options: Options) -> bool:
    if options.method == "exact":
        return False
    return options.method == "fast" or not why_uncertified(case)


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


def _from_fast(case: Case, fast: FastSolution) -> Solution:
    prices = prices_of_reduced(case, fast.network, fast.point.lam, fast.chains.scale)
    findings = pd.DataFrame()
    if fast.schedule is None:
        findings = obstacles(case, fast.last_schedule, fast.last_states)
        text = describe(findings) if len(findings) else "nothing above the tolerance"
        status, message = "failed", f"the fast method found no schedule; at its last point:\n{text}"
    elif fast.gap <= OPTIMAL_GAP:
        status, message = "optimal", f"certified within {fast.gap:.1g} of the best that any schedule can reach"
    elif np.isfinite(fast.gap):
        status = "optimal_within_gap"
        message = f"within {fast.gap:.1g} of the best that any schedule can reach, when the time was over"
    elif fast.is_stationary:
        status, message = "optimal", f"solved to a local optimum; no gap is certified: {fast.doubt}"
    else:
        status = "iteration_limit"
        message = f"a schedule that keeps all limits, of unknown distance to the optimum: {fast.doubt}"
    return Solution(status, message, fast.schedule, fast.states, fast.gap, prices, findings, fast.stats, fast.needed)


def _from_exact(exact: ExactSolution) -> Solution:
    message = "solved to a local optimum" if exact.status == "optimal" else exact.message
    return Solution(
        exact.status, message, exact.schedule, exact.states, np.nan, exact.prices, exact.findings, exact.stats,
        exact.needed,
    )  # fmt: skip


def _tie_broken(case: Case, flow: BatchedPowerFlow, solution: Solution, options: Options, bar: Progress) -> Solution:
    """The same flexibility to 1e-6, and one schedule; where the tie-break fails, the schedule stays and it is said."""
    assert solution.schedule is not None and options.tie_break is not None
    flexibility = weighted_flexibility_mw(case, solution.schedule)
    chosen = break_tie(
        case, flow, options.tie_break, solution.schedule, flexibility, solution.needed,
        _until(options.solver_options.get("max_cpu_time", np.inf), bar),
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


def _until(seconds: float, bar: Progress) -> Callable[[], bool]:
    end = time.process_time() + seconds

    def keep_going() -> bool:
        bar.step()
        return time.process_time() < end

    return keep_going
