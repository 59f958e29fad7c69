"""The fast method: EV chains and a reduced network, an AC-feasible schedule and a certified gap.

Voltages are no variables here: power flow and adjoints turn the network into a few rows over EV loads. When these rows
are convex, as they were in all tests on radial grids (proved for one branch only), the tangents at the end bound what
any schedule can reach, and the distance to that bound is the gap.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from pandapower_evflex.case.compile import Case
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.nlp.layout import FloatArray
from pandapower_evflex.opf.chain_problem import EvChains, build_chains, schedule_at, start_of
from pandapower_evflex.opf.ev_chain import KW, Schedule
from pandapower_evflex.opf.objective import weighted_flexibility_mw
from pandapower_evflex.opf.progress import Progress
from pandapower_evflex.opf.reduced_network import ReducedNetwork, blocks_of
from pandapower_evflex.opf.restoration import RESTORED, restored
from pandapower_evflex.opf.screening import NeededBlocks
from pandapower_evflex.opf.stopwatch import Stopwatch
from pandapower_evflex.opf.verify import GridState, scheduled_states, violations_of
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.solvers.chain_interior_point import solve_chains
from pandapower_evflex.solvers.chain_problem import ChainPoint

#: relative; what a tie-break picks depends on the optimum it starts from, so this is well below what it may cost
AIMED_GAP = 1e-8
#: of h, absolute
FEASIBILITY = 1e-9
MAX_ROUNDS = 10


@dataclass(frozen=True)
class FastSolution:
    """What the fast method found.

    Parameters
    ----------
    schedule : Schedule or None        None: nothing usable was found
    states : {scenario: GridState}
    last_schedule, last_states         where it stopped, usable or not
    gap : float                        relative and certified, nan: not
    doubt : str                        why there is no gap, "" where there is one
    is_stationary : bool               the point satisfies the first-order conditions: a local optimum, as exact finds
    chains, network, point             where it stopped, for a tie-break or the exact method
    needed : NeededBlocks
    """

    schedule: Schedule | None
    states: Mapping[str, GridState]
    last_schedule: Schedule
    last_states: Mapping[str, GridState]
    gap: float
    doubt: str
    is_stationary: bool
    chains: EvChains
    network: ReducedNetwork
    point: ChainPoint
    needed: NeededBlocks
    stats: dict[str, Any]


def is_radial(grid: Grid) -> bool:
    """Whether every energised bus is fed on one way from one slack; parallel branches count as one."""
    pairs = np.sort(np.stack([grid.from_bus, grid.to_bus], axis=1), axis=1)
    pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
    n = len(grid.vm_min)
    n_parts, _ = connected_components(coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n)))
    return len(pairs) == n - n_parts and n_parts == len(grid.slack)


def why_uncertified(case: Case) -> str:
    """What is known before any solve to leave no certificate, "" for nothing."""
    if len(case.grid.held):
        return "a generator holds its voltage"
    if not is_radial(case.grid):
        return "the grid is meshed"
    return ""


def solve_fast(
    case: Case,
    flow: BatchedPowerFlow,
    needed: NeededBlocks,
    bar: Progress,
    clock: Stopwatch,
    budget_s: float,
) -> FastSolution:
    """Solve over growing lists of blocks until the power flow of all blocks keeps every limit.

    Parameters
    ----------
    budget_s : float    CPU time; the best so far is returned, with its gap
    """
    chains, doubt, end = build_chains(case), why_uncertified(case), time.process_time() + budget_s
    iterations = 0
    for number in range(1, MAX_ROUNDS + 1):
        bar.start_round(number, needed.n_blocks)
        network = ReducedNetwork(case, flow, chains, blocks_of(case, needed))
        with clock.phase("interior point"):
            x = _start(case, flow, chains, network)
            point = solve_chains(
                chains.problem,
                network,
                x,
                relative_gap=AIMED_GAP,
                feasibility=FEASIBILITY,
                keep_going=_until(end, bar),
            )
        iterations += point.iterations
        with clock.phase("check"):
            schedule = schedule_at(case, chains, point.x)
            states = scheduled_states(case, flow, schedule)
        if point.status not in ("optimal", "converged") or not needed.join_violated(case, states):
            break
    is_stationary = point.status in ("optimal", "converged")
    doubt = doubt or _doubt(network, point)
    with clock.phase("restoration"):
        if not is_stationary or any(violations_of(case, state).blocks(RESTORED).any() for state in states.values()):
            schedule, states = restored(case, flow, schedule)
    holds = all(s.converged.all() and not violations_of(case, s).blocks(1e-7).any() for s in states.values())
    gap = np.nan if doubt or not holds else _relative_gap(case, chains, point, schedule)
    stats = {
        "rounds": number,
        "iterations": iterations,
        "n_blocks": needed.n_blocks,
        "n_network_rows": len(network.rows),
        "solver": "interior point over EV chains",
    }
    return FastSolution(
        schedule=schedule if holds else None,
        states=states if holds else {},
        last_schedule=schedule,
        last_states=states,
        gap=gap,
        doubt=doubt,
        is_stationary=is_stationary,
        chains=chains,
        network=network,
        point=point,
        needed=needed,
        stats=stats,
    )


def _until(end: float, bar: Progress) -> Callable[[], bool]:
    def keep_going() -> bool:
        bar.step()
        return time.process_time() < end

    return keep_going


def _start(case: Case, flow: BatchedPowerFlow, chains: EvChains, network: ReducedNetwork) -> FloatArray:
    """EVs at half power, or at the share of it that leaves the limits roughly kept."""
    p_kw, share = case.evs.slots.p_max * KW, 0.5
    for _ in range(12):
        x = start_of(case, chains, share * p_kw)
        if network.roughly_holds(x):
            break
        share *= 0.6
    return x


def _doubt(network: ReducedNetwork, point: ChainPoint) -> str:
    if network.near_overvoltage(point.h):
        return "an upper voltage limit is near"
    if not np.isfinite(point.gap):
        return "the interior point did not converge"
    if network.cut_feasible_point(point.x, point.h, point.rows):
        return "a tangent cuts off a schedule that the power flow allows"
    return ""


def _relative_gap(case: Case, chains: EvChains, point: ChainPoint, schedule: Schedule) -> float:
    """From the bound at the point to the schedule."""
    bound = (-chains.problem.objective(point.x) + point.gap) * chains.scale / KW
    reached = weighted_flexibility_mw(case, schedule)
    return max(0.0, bound - reached) / max(abs(bound), 1e-9)
