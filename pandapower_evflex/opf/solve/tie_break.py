r"""One schedule out of the many of equal flexibility, by the stages that `tie_break` names.

With equal weights every kW that is scheduled moves one kW from upward to downward flexibility, so the optimum leaves
the charging power open: from little more than the energy needed to full batteries. Each stage keeps the flexibility
within `FLOOR` of the optimum, and what the stages before have reached:

* "energy": least energy charged.
* "squares": least sum of P_ch^2. Unique in P_ch; energy beyond the need would only add squares.
* "level": least sum of squares of the net's total load, losses left out.
* "shares": P_ch as it is; up and down shared with the least squares of their share of P_max. Unique and fair.

The edges of a band have energies of their own, and none can be chosen after the plan: the squares of up and down stand
beside those of P_ch in the stage that picks the plan, with a weight so small that they only share.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.elements.chain import KW, REACTIVE, SPLIT, Loads
from pandapower_evflex.elements.ev_held import CONTROLS
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.solve.budget import Watch
from pandapower_evflex.opf.solve.chains import Chains, chains_of
from pandapower_evflex.opf.solve.known_limits import KnownLimits
from pandapower_evflex.opf.solve.reduced_network import ReducedNetwork, blocks_of
from pandapower_evflex.opf.solve.run import Run
from pandapower_evflex.opf.solve.solution import OPTIMAL_GAP
from pandapower_evflex.opf.verify import GridState, element_violations, scheduled_states
from pandapower_evflex.scenarios import DIRECTIONS, Scenario
from pandapower_evflex.solvers.chains.forms import Forms, Rows
from pandapower_evflex.solvers.chains.interior_point import solve_chains
from pandapower_evflex.solvers.chains.problem import ChainPoint, ChainProblem

STAGES = {"min_energy": ("energy", "shares"), "smooth": ("squares", "shares"), "level": ("energy", "level", "shares")}
#: the same for bands, where "band" is the least sum of squares of up and down alone
STAGES_OF_BAND = {"min_energy": ("energy", "band"), "smooth": ("squares",), "level": ("energy", "level")}
#: stages after one that leaves no interior
LAST = ("shares", "band")
#: weight of the squares of up and down of a band beside those of the plan
BAND_WEIGHT = 1e-3
#: weight of the squares of reactive power beside those of the plan: it departs from what follows P only as needed
REACTIVE_WEIGHT = 1e-3
#: flexibility that a tie-break may cost, relative
FLOOR = 5e-7
#: the same for the last stage, a little more: otherwise it has no interior
LAST_FLOOR = 6.5e-7
#: least share of these that a gap must leave: with less a tie-break has too little to choose from
LEAST_SHARE = 0.25
#: energy that a later stage may charge beyond the least, relative and in kWh
ENERGY_ROOM = 1e-6
#: excess of h that a stage and the last stage may leave: limits that bind to rounding would leave no interior
ROOM = (1e-8, 2e-8)
#: relative gap of a stage; where squares add up to one P_max^2, powers are then accurate to 1e-3 of P_max
STAGE_GAP = 1e-6
FEASIBILITY = 1e-9
#: the same where activations are held, see `fast.py`
FEASIBILITY_HELD = 5e-8
#: least initial slack [kW]; the start is almost feasible, and larger slacks take many iterations to shrink
SLACK_START = 1e-3
#: multipliers of the limits at the start of a stage, times the root of the slack [kW]: with multipliers of 1 up to six
#: iterations pass before the pairs of slacks are even. Counted on seven days and nets of the built-in kind.
ROOT_START = {"energy": 1.0, "squares": 0.2, "level": 0.2, "shares": 8.0}
#: status of a stage that has its answer
ENDED = ("optimal", "converged")
#: weight of the squares of single EVs beside those of their sum, so that equal sums have one answer
SINGLE_EV_WEIGHT = 1e-3
MAX_ROUNDS = 5
#: relative violation of the limits of elements up to which a schedule stands although a later stage did not end
KEPT = 1e-7
#: range of an activation [kW] up to which it counts as one value
NARROW_KW = 1e-5


@dataclass(frozen=True)
class TieBroken:
    """The schedule chosen, or None; ``why_not`` says why there is none, or which stages it does not have."""

    schedule: Schedule | None
    states: dict[Scenario, GridState]
    why_not: str
    iterations: int


def break_tie(run: Run, kind: str, schedule: Schedule, flexibility_mw: float, gap: float) -> TieBroken:
    """All stages, again with more blocks where the schedule chosen violates a limit that the optimum kept.

    Where a stage does not end, that of the stages before stands. What is lost and the certified ``gap`` of the schedule
    stay within `OPTIMAL_GAP` together where that leaves the stages a part of their room.
    """
    case, flow, needed = run.case, run.flow, run.needed
    share = min(1.0, (OPTIMAL_GAP - gap) / LAST_FLOOR) if gap <= OPTIMAL_GAP - LEAST_SHARE * LAST_FLOOR else 1.0
    stages = (STAGES_OF_BAND if case.evs.has_band else STAGES)[kind]
    iterations = 0
    for _ in range(MAX_ROUNDS):
        chains = chains_of(case.chain)
        x, energy_kwh, why_not = point_of(case, schedule), np.inf, ""
        for stage in stages:
            problem, of_stage = _stage(case, chains, stage, x, flexibility_mw, energy_kwh, share)
            watch = run.budget.watch(run.bar)
            point = _solve(run, stage, problem, of_stage, x, watch)
            iterations += point.iterations
            if point.status not in ENDED:
                why_not = f"stage {stage}: {watch.stopped_by or point.status}"
                if stage == stages[0]:
                    return TieBroken(None, {}, why_not, iterations)
                break
            x, chains_now = point.x, of_stage
            if stage == "energy":
                energy_kwh = problem.objective(x) * (1.0 + ENERGY_ROOM) + ENERGY_ROOM
        chosen = case.schedule_at(chains_now.loads, x)
        states = scheduled_states(case, flow, chosen)
        if why_not and max(element_violations(case, chosen).values()) > KEPT:
            return TieBroken(None, {}, why_not, iterations)
        if not needed.join_violated(case, states):
            return TieBroken(chosen, states, why_not, iterations)
    return TieBroken(None, {}, "limits that the optimum kept bind again and again", iterations)


def _solve(run: Run, stage: str, problem: ChainProblem, chains: Chains, x: FloatArray, watch: Watch) -> ChainPoint:
    """Where that start leads nowhere, from multipliers of 1; then with no limits but those that the solve meets."""
    blocks, room = blocks_of(run.case, run.needed), ROOM[stage in LAST]
    iterations, itself = 0, KnownLimits(modes=run.known.modes)
    starts = [(run.known, ROOT_START[stage])] if stage in ROOT_START else []
    for known, root_start in (*starts, (run.known, None), (itself, None)):
        network = ReducedNetwork(run.case, run.flow, chains, blocks, room, known)
        point = solve_chains(
            problem,
            network,
            x,
            relative_gap=STAGE_GAP,
            feasibility=FEASIBILITY_HELD if problem.ahead else FEASIBILITY,
            slack_start=SLACK_START,
            root_start=root_start,
            correctors=True,
            keep_going=watch,
        )
        iterations += point.iterations
        if watch.stopped_by or point.status in ENDED:
            break
    point.iterations = iterations
    return point


def point_of(case: Case, schedule: Schedule) -> FloatArray:
    """The schedule as a point of the chains, kW and kWh."""
    points = [part.element.point(part.data, schedule.of(units)) for part, units, _ in case.by_part()]
    width = len(case.chain.columns)
    return np.concatenate([np.pad(x, ((0, 0), (0, width - x.shape[1]))) for x in points]) * KW


def _stage(
    case: Case, chains: Chains, stage: str, x: FloatArray, flexibility_mw: float, energy_kwh: float, share: float
) -> tuple[ChainProblem, Chains]:
    """Objective of one stage over the limits of the first, with the floor of the flexibility."""
    if stage == "shares":
        chains = with_fixed_schedule(chains, x)
    first, charging = chains.problem, chains.loads["base"]
    floor = share * (LAST_FLOOR if stage in LAST else FLOOR)
    sums = [_floor_row(first, flexibility_mw * KW / chains.scale, floor)]
    problem = replace(first, c=np.zeros_like(first.c), constant=0.0)
    energy, constant_kwh = _energy_row(case, charging)
    if stage == "energy":
        c = np.zeros_like(first.c)
        energy.add_transposed(np.ones(1), c)
        problem = replace(problem, c=c, constant=constant_kwh)
    elif stage == "squares":
        problem = _with_squares(problem, _squares_of_plan(case, chains, 1.0))
    elif stage == "level":
        problem = _with_level(case, _with_squares(problem, _squares_of_plan(case, chains, SINGLE_EV_WEIGHT)), charging)
    elif stage == "band":
        problem = _with_squares(problem, _squares_of_band(case, chains, 1.0))
    else:
        problem = _with_shares(case, problem, chains)
    if np.isfinite(energy_kwh) and stage in ("level", "band"):
        sums.append((energy, energy_kwh - constant_kwh))
    own = Rows.join([first.sums, *[row for row, _ in sums]])
    return replace(problem, sums=own, sums_b=np.append(first.sums_b, [b for _, b in sums])), chains


def _energy_row(case: Case, charging: Loads) -> tuple[Rows, float]:
    """Energy drawn in all slots [kWh], and the part of it that no schedule changes."""
    period_h, forms = case.horizon.period_h, charging.forms
    row = Rows(1, np.zeros(len(forms), dtype=np.int64), forms.times(np.full(len(forms), period_h)))
    return row, period_h * float(charging.constant.sum())


def _floor_row(first: ChainProblem, flexibility_kw: float, share: float) -> tuple[Rows, float]:
    """Flexibility not below its floor: c x <= -(1 - share) F with the first objective."""
    n = len(first.c)
    before, after = np.zeros((n, first.free.shape[1])), np.zeros((n, first.ahead))
    coefficient = np.concatenate([before, first.c, after], axis=1)
    used = np.any(coefficient != 0.0, axis=1)
    forms = Forms(np.flatnonzero(used), coefficient[used], first.ahead)
    bound = share * max(flexibility_kw, 1.0) - flexibility_kw - first.constant
    return Rows(1, np.zeros(int(used.sum()), dtype=np.int64), forms), bound


def _with_squares(problem: ChainProblem, squares: list[tuple[Forms, FloatArray, FloatArray]]) -> ChainProblem:
    """The problem with squares of forms, in kW, in its objective: forms, weight and target of each."""
    return replace(
        problem,
        squares=Forms.join([forms for forms, _, _ in squares]),
        weight=np.concatenate([weight for _, weight, _ in squares]),
        target=np.concatenate([target for _, _, target in squares]),
    )


def _squares_of_plan(case: Case, chains: Chains, weight: float) -> list[tuple[Forms, FloatArray, FloatArray]]:
    """P_ch, or its two parts where feeding in loses, up and down of a band, and reactive power that is chosen."""
    parts = [chains.loads[name] for name in (SPLIT if SPLIT[0] in chains.loads else ("base",))]
    weights = np.full(len(case.chain), weight * _weight_of_squares(case))
    squares = [(part.forms, weights, -part.constant) for part in parts]
    chosen = [chains.loads[name] for name in REACTIVE.values() if name in chains.loads]
    squares += [(part.forms, REACTIVE_WEIGHT * weights, -part.constant) for part in chosen]
    return squares + (_squares_of_band(case, chains, weight * BAND_WEIGHT) if case.evs.has_band else [])


def _squares_of_band(case: Case, chains: Chains, weight: float) -> list[tuple[Forms, FloatArray, FloatArray]]:
    """Up and down as shares of P_max."""
    plan, squares = chains.loads["base"], []
    for d in DIRECTIONS:
        chosen = np.flatnonzero(chains.offered[d])
        flex = chains.loads[d].forms.coefficient[chosen] - plan.forms.coefficient[chosen]
        target = (plan.constant - chains.loads[d].constant)[chosen]
        squares.append((Forms(chosen, flex), 2.0 * weight / (case.chain.p_max[chosen] * KW) ** 2, target))
    return squares


def _with_level(case: Case, problem: ChainProblem, charging: Loads) -> ChainProblem:
    """The problem with squares of the total load per period in its objective."""
    chain, n_periods = case.chain, case.horizon.n_periods
    order = np.argsort(chain.period, kind="stable")
    forms = charging.forms.of(order)
    constant = np.bincount(chain.period, charging.constant, minlength=n_periods)
    others = -case.expected.real
    others[:, case.grid.slack] = 0.0
    return replace(
        problem,
        shared=Rows(n_periods, chain.period[order], forms),
        shared_weight=np.full(n_periods, _weight_of_squares(case)),
        shared_target=-(constant + others.sum(axis=1) * KW),
    )


def _weight_of_squares(case: Case) -> float:
    """Weight of squares that are shares of the largest P_max, so that the objective is of order one."""
    p_max = max(float(case.chain.p_max.max(initial=0.0)) * KW, 1.0)
    return 2.0 / p_max**2


def with_fixed_schedule(chains: Chains, x: FloatArray) -> Chains:
    """Chains with a fixed schedule: each activation is chosen between none and what its element allows."""
    first, p, m = chains.problem, chains.loads["base"].kw(x), chains.problem.free.shape[1]
    n, rest = len(x), x.copy()
    offered: dict[str, BoolArray] = {}
    limits, low, high, c = [], np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    for d, column in CONTROLS.items():
        lower, upper = _without_or_more(chains, d, x, p, _range_of(first, x, column))
        offered[d] = chains.offered[d] & (upper - lower > NARROW_KW)
        rest[:, column] = np.where(offered[d], 0.0, np.clip(x[:, column], lower, upper))
        chosen = np.flatnonzero(offered[d])
        unit = np.zeros((len(chosen), m + x.shape[1]))
        unit[:, m + column] = 1.0
        limits += [(Forms(chosen, unit), upper[chosen]), (Forms(chosen, -unit), -lower[chosen])]
        low[:, column], high[:, column] = np.where(offered[d], (lower, upper), 0.0)
        c[chosen, column] = first.c[chosen, column]
    problem = replace(
        first,
        free=np.zeros_like(first.free),
        c=c,
        limits=Forms.join([forms for forms, _ in limits]),
        b=np.concatenate([b for _, b in limits]),
        low=low,
        high=high,
        constant=first.objective(rest),
        sums=Rows.none(),
        sums_b=np.empty(0),
    )
    loads = {}
    for name, load in chains.loads.items():
        unit = np.zeros((n, m + x.shape[1]))
        for d, column in CONTROLS.items():
            unit[:, m + column] = np.where(offered[d][load.forms.slot], load.forms.coefficient[:, m + column], 0.0)
        loads[name] = Loads(Forms(load.forms.slot, unit), load.kw(rest))
    return Chains(problem, loads, offered, chains.scale)


def _without_or_more(
    chains: Chains, direction: str, x: FloatArray, p: FloatArray, allowed: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """The allowed range of a control, from the value that activates nothing [n_slot]."""
    load, column = chains.loads[direction], CONTROLS[direction]
    share = load.forms.coefficient[:, chains.problem.free.shape[1] + column]
    rest = load.kw(x) - share * x[:, column]
    nothing = np.divide(p - rest, share, out=x[:, column].copy(), where=share != 0.0)
    activates = DIRECTIONS[direction] * share > 0.0
    lower = np.where(activates, nothing, np.minimum(allowed[0], nothing))
    return lower, np.where(activates, np.maximum(allowed[1], nothing), nothing)


def _range_of(problem: ChainProblem, x: FloatArray, column: int) -> tuple[FloatArray, FloatArray]:
    """Range that the limits leave to one control of every slot with the states of x [n_slot]."""
    lower, upper = np.full(len(x), -np.inf), np.full(len(x), np.inf)
    column += problem.free.shape[1]
    a = problem.limits.coefficient[:, column]
    forms, a = problem.limits.of(a != 0.0), a[a != 0.0]
    value = x[forms.slot, column - problem.free.shape[1]]
    end = (problem.b[problem.limits.coefficient[:, column] != 0.0] - forms.values(x)) / a + value
    np.minimum.at(upper, forms.slot[a > 0.0], end[a > 0.0])
    np.maximum.at(lower, forms.slot[a < 0.0], end[a < 0.0])
    return lower, upper


def _with_shares(case: Case, problem: ChainProblem, chains: Chains) -> ChainProblem:
    """The problem with squares of P_up / P_max and P_down / P_max in its objective."""
    chosen = {d: np.flatnonzero(chains.offered[d]) for d in ("up", "down")}
    forms = Forms.join([chains.loads[d].forms.of(chosen[d]) for d in ("up", "down")])
    p_max = np.concatenate([case.chain.p_max[chosen[d]] for d in ("up", "down")]) * KW
    target = [(chains.loads["base"].constant - chains.loads[d].constant)[chosen[d]] for d in ("up", "down")]
    return replace(problem, squares=forms, weight=2.0 / p_max**2, target=np.concatenate(target))
