"""The fast method: EV chains and a reduced network, an AC-feasible schedule and a certified gap.

Voltages are no variables here: power flow and adjoints turn the network into a few rows over EV loads. When these rows
are convex, as they were in all tests on radial grids (proved for one branch only), the tangents at the end bound what
any schedule can reach, and the distance to that bound is the gap.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.elements.chain import KW, Chain
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.findings.describe import describe
from pandapower_evflex.opf.findings.obstacles import obstacles
from pandapower_evflex.opf.objective import weighted_flexibility_mw
from pandapower_evflex.opf.solve.budget import Watch
from pandapower_evflex.opf.solve.certifiable import why_uncertified
from pandapower_evflex.opf.solve.chains import Chains, chains_of, start_of
from pandapower_evflex.opf.solve.hopeless import is_proved_infeasible
from pandapower_evflex.opf.solve.pull_back import RESTORED, is_usable, nearest, restored
from pandapower_evflex.opf.solve.reduced_network import ReducedNetwork, blocks_of
from pandapower_evflex.opf.solve.run import Run
from pandapower_evflex.opf.solve.shadow_prices import prices_of_reduced
from pandapower_evflex.opf.solve.solution import OPTIMAL_GAP, AtOnce, Solution, status_of_stopped
from pandapower_evflex.opf.solve.waste import AT_ONCE, is_wasteful
from pandapower_evflex.opf.verify import scheduled_states
from pandapower_evflex.solvers.chains.interior_point import MAX_ITERATIONS, solve_chains
from pandapower_evflex.solvers.chains.problem import ChainPoint

#: relative gap to solve to; well below what a tie-break may cost, because what it picks depends on where it starts
AIMED_GAP = 1e-8
#: largest h of a row, absolute
FEASIBILITY = 1e-9
#: both where activations are held: chains of many slots per limit leave fewer digits
AIMED_GAP_HELD, FEASIBILITY_HELD = 5e-8, 5e-8
#: h that is kept free there, so that rounding breaks no limit
FREE_HELD = 5e-8
#: relative gap of a solve that needs no other; restoration may add to it
CERTIFIED = 0.5 * OPTIMAL_GAP
MAX_ROUNDS = 10


def solve_fast(run: Run) -> Solution:
    """Solve over growing lists of blocks until the power flow of all blocks keeps every limit.

    Stopped on the way, the best schedule so far is returned, with its gap.
    """
    case, flow, needed = run.case, run.flow, run.needed
    chains, iterations, elimination = chains_of(case.chain), 0, {"by_period": 0, "by_chain": 0}
    for number in range(1, MAX_ROUNDS + 1):
        run.bar.start_round(number, needed.n_blocks)
        free = FREE_HELD if chains.problem.ahead else 0.0
        watch = run.budget.watch(run.bar)
        with run.clock.phase("interior point"):
            network, point = _solved(run, chains, free, watch)
        iterations += point.iterations
        elimination = _added(elimination, point.elimination)
        end = end_of(point, watch)
        with run.clock.phase("check"):
            schedule = case.schedule_at(chains.loads, point.x)
            states = scheduled_states(case, flow, schedule)
        if end or not needed.join_violated(case, states):
            break
    with run.clock.phase("restoration"):
        if end:
            schedule = nearest(case, schedule)
        if end or any(state.excess(case.limits).exceeds(RESTORED).any() for state in states.values()):
            schedule, states = restored(case, flow, schedule)
    stats = {
        "rounds": number,
        "iterations": iterations,
        "n_blocks": needed.n_blocks,
        "n_network_rows": len(network.rows),
        "solver": "interior point over EV chains",
        "elimination": elimination,
    }
    n_sums = chains.problem.sums.n_rows
    prices = prices_of_reduced(case, network, point.lam[n_sums:], chains.scale)
    doubt = why_uncertified(case) or _doubt(network, point, n_sums)
    point.gap += free * float(point.lam[n_sums:].sum())  # what the limits as they are might give
    at_once = None if watch.stopped_by else _at_once(chains, point, bool(end or doubt))
    if not is_usable(case, schedule, states):
        findings = obstacles(case, schedule, states)
        text = describe(findings) if len(findings) else "nothing above the tolerance"
        status, why = "failed", "the fast method found no schedule"
        if watch.stopped_by:
            status, why = "iteration_limit", f"stopped by {end}: {why}"
        elif is_proved_infeasible(case, flow):
            status, why = "infeasible", "no schedule exists: needs and limits of the grid exclude each other"
        if at_once is not None:
            why = f"{why} (its last point {AT_ONCE})"
        message = f"{why}; at the last point of the solver:\n{text}"
        return Solution(status, message, None, {}, np.nan, prices, findings, stats, at_once)
    gap = np.nan if doubt else _relative_gap(case, chains, point, schedule)
    fell_back = _pulled_back(case, chains, point, schedule)
    if fell_back and at_once is not None:
        gap, doubt, fell_back = np.nan, f"the optimum {AT_ONCE}", f"an optimum that {AT_ONCE}"
    status, message = _status(gap, doubt, end or fell_back)
    at_once = at_once if fell_back else None
    return Solution(status, message, schedule, states, gap, prices, pd.DataFrame(), stats, at_once)


def _at_once(chains: Chains, point: ChainPoint, is_open: bool) -> AtOnce | None:
    """Where the interior point ended, if it wastes energy; ``is_open``: without a bound on what schedules reach."""
    if not is_wasteful(chains.loads, point.x):
        return None
    gap = np.inf if is_open else point.gap
    return AtOnce(point.x, (-chains.problem.objective(point.x) + gap) * chains.scale / KW, not is_open)


def _solved(run: Run, chains: Chains, free: float, watch: Watch) -> tuple[ReducedNetwork, ChainPoint]:
    """With correctors, and limits that give way; without a certificate, the better of it and a plain solve."""
    network, point = _solved_once(run, chains, free, watch)
    if _is_certified(chains, point) or watch.stopped_by:
        return network, point
    network_again, again = _solved_once(run, chains, free, watch, is_plain=True)
    iterations, elimination = point.iterations + again.iterations, _added(point.elimination, again.elimination)
    if again.status == "optimal" or again.gap < point.gap:
        network, point = network_again, again
    point.iterations, point.elimination = iterations, elimination
    return network, point


def _is_certified(chains: Chains, point: ChainPoint) -> bool:
    """By the solver, or well enough for the status "optimal"."""
    enough = CERTIFIED * max(1.0, abs(chains.problem.objective(point.x)))
    return point.status == "optimal" or (point.status == "converged" and point.gap <= enough)


def _solved_once(
    run: Run, chains: Chains, free: float, watch: Watch, is_plain: bool = False
) -> tuple[ReducedNetwork, ChainPoint]:
    network = ReducedNetwork(run.case, run.flow, chains, blocks_of(run.case, run.needed), -free, run.known)
    is_held = bool(chains.problem.ahead)
    point = solve_chains(
        chains.problem,
        network,
        _start(run.case.chain, network),
        relative_gap=AIMED_GAP_HELD if is_held else AIMED_GAP,
        feasibility=FEASIBILITY_HELD if is_held else FEASIBILITY,
        correctors=not is_plain,
        gives=not is_plain,
        keep_going=watch,
    )
    return network, point


def _added(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """How often each order of elimination was taken so far, and the operations of the last step."""
    return {**now, **{order: before[order] + now.get(order, 0) for order in ("by_period", "by_chain")}}


def end_of(point: ChainPoint, watch: Watch) -> str:
    """What ended the interior point before it was done, "" where nothing did."""
    return {
        "optimal": "",
        "converged": "",
        "stopped": watch.stopped_by,
        "iteration_limit": f"the limit of {MAX_ITERATIONS} iterations of the fast method",
        "stalled": "rounding: no further progress",
        "failed": "a step that could not be computed",
    }[point.status]


def _pulled_back(case: Case, chains: Chains, point: ChainPoint, schedule: Schedule) -> str:
    """What ended the run if pulling back has cost flexibility, else ""."""
    reached, found = weighted_flexibility_mw(case, schedule), -chains.problem.objective(point.x) * chains.scale / KW
    return "" if reached >= found * (1.0 - OPTIMAL_GAP) else "limits that were kept only after pulling back"


def _status(gap: float, doubt: str, end: str) -> tuple[str, str]:
    """Status and message of a schedule that keeps all limits."""
    if gap <= OPTIMAL_GAP:
        return "optimal", f"certified within {gap:.1g} of the best that any schedule can reach"
    if np.isfinite(gap):
        return status_of_stopped(gap, end)
    if not end:  # the first-order conditions hold, as at the end of exact
        return "optimal", f"solved to a local optimum; no gap is certified: {doubt}"
    return (
        "feasible",
        f"stopped by {end}: a schedule that keeps all limits, of unknown distance to the optimum: {doubt}",
    )


def _start(chain: Chain, network: ReducedNetwork) -> FloatArray:
    """Every unit at half power, or at the share of it that leaves the limits roughly kept."""
    share = 0.5
    for _ in range(12):
        x = start_of(chain, share)
        if network.roughly_holds(x):
            break
        share *= 0.6
    return x


def _doubt(network: ReducedNetwork, point: ChainPoint, n_sums: int) -> str:
    if near := network.doubt(point.h[n_sums:]):
        return near
    if not np.isfinite(point.gap):
        return "the interior point did not converge"
    if network.cut_feasible_point(point.x, point.h, point.rows, n_sums):
        return "a tangent cuts off a schedule that the power flow allows"
    return ""


def _relative_gap(case: Case, chains: Chains, point: ChainPoint, schedule: Schedule) -> float:
    """Distance of the schedule to the bound, as a share of the bound, or of 1 kW where the bound is less."""
    if not np.any(chains.problem.c):  # nothing is rewarded: every schedule reaches the same
        return 0.0
    bound = (-chains.problem.objective(point.x) + point.gap) * chains.scale / KW
    reached = weighted_flexibility_mw(case, schedule)
    return max(0.0, bound - reached) / max(abs(bound), chains.scale / KW)
