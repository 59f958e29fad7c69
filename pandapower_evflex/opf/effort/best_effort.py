"""A schedule where none keeps all limits and needs: limits that the grid breaks by itself stand where they are, and
needs are lowered by the least."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray, ObjectArray
from pandapower_evflex.elements.chain import KW, LOADS
from pandapower_evflex.elements.ev_needs import (
    arriving_empty,
    trips_to_coupled,
    unreachable_stays,
    with_reduced_needs,
)
from pandapower_evflex.elements.ev_stays import Stay
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.errors import counted
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.effort.lost import Lost, exceeded_by, shortfall_or_lost
from pandapower_evflex.opf.effort.relaxation import Relaxation, least_loads, relax, with_relaxed_limits
from pandapower_evflex.opf.effort.shortfall import KEPT, MET_KWH, Shortfall, least_shortfall, short_mwh
from pandapower_evflex.opf.options import Options
from pandapower_evflex.opf.progress import Progress
from pandapower_evflex.opf.read import Study
from pandapower_evflex.opf.report.results import SHORT_COLUMNS
from pandapower_evflex.opf.solve.budget import Budget, Watch
from pandapower_evflex.opf.solve.methods import solve
from pandapower_evflex.opf.solve.shadow_prices import no_prices
from pandapower_evflex.opf.solve.solution import Solution
from pandapower_evflex.opf.stopwatch import Stopwatch
from pandapower_evflex.opf.verify import (
    grid_state,
    largest_violation,
    scheduled_states,
    states_of_forecasts,
    verification,
)
from pandapower_evflex.powerflow.batched import BatchedPowerFlow

#: most elements that a reason names
NAMED = 3
#: extra by which a lowered need is lowered, relative and in kWh: without it the solver would have no interior
HAIR, HAIR_KWH = 1e-5, 1e-3
#: most sets of limits and trips that are given up one after the other
MAX_ROUNDS = 8
NOT_LEAST = "all limits that charging might cure are relaxed, no schedule was found that cures some of them"
NO_SEARCH = "nothing but the least power is charged: the search for the least shortfall failed"


@dataclass(frozen=True)
class BestEffort:
    """Case with relaxed limits and lowered needs, its solution, and what was given up."""

    case: Case
    solution: Solution
    relaxed: pd.DataFrame
    short: pd.DataFrame
    waits: ObjectArray


def best_effort(
    study: Study, flow: BatchedPowerFlow, options: Options, budget: Budget, bar: Progress, clock: Stopwatch
) -> BestEffort | str:
    """Where the strict problem failed; the grid has a power flow without EVs in every period.

    Returns
    -------
    BestEffort, or the option whose limit was reached before one was found
    """
    with clock.phase("best effort"):
        plan = _plan(study, flow, budget, bar)
        if isinstance(plan, str):
            return plan
        stays, needs, short, relaxation = plan.stays, plan.needs, plan.short, plan.relaxation
        lowered = _lowered(study, stays, needs, short)
        case = _case(study, flow, relaxation, lowered)
    solution = solve(case, flow, states_of_forecasts(case, flow, case.chain.least), options, budget, bar, clock)
    if not _keeps_limits(case, solution):
        solution = _without_flexibility(case, flow, short.schedule, solution)
    relaxed, shortages = relaxation.frame(study.case), _short_frame(case, needs, lowered, short, relaxation)
    n_low = sum(a.e_low < b.e_low for a, b in zip(_flat(lowered), _flat(stays), strict=True))
    solution = _named(solution, relaxed, shortages, n_low, plan.doubt)
    return BestEffort(case, solution, relaxed, shortages, _waiting(relaxation.waits, case))


@dataclass(frozen=True)
class _Plan:
    """What is given up: relaxed limits, and needs of the stays short by the least.

    Parameters
    ----------
    needs, stays : lists of Stay   as asked, and lowered to what full power reaches where an EV waits
    doubt : str                    why less may have been enough, "" where it may not
    """

    relaxation: Relaxation
    needs: list[list[Stay]]
    stays: list[list[Stay]]
    short: Shortfall
    doubt: str = ""


def _plan(study: Study, flow: BatchedPowerFlow, budget: Budget, bar: Progress) -> _Plan | str:
    """Limits that charging cannot cure beside the others are given up one set after the other, and trips too."""
    lost = Lost()
    for _ in range(MAX_ROUNDS):
        relaxation = relax(study.case, flow, lost.limits)
        needs = relaxation.holding(arriving_empty(study.stays, lost.trips))
        stays = with_reduced_needs(needs, unreachable_stays(needs))
        watch = budget.watch(bar)
        found = _least_shortfall(study, flow, relaxation, stays, needs, watch)
        if isinstance(found, Shortfall):
            return _Plan(relaxation, needs, stays, found)
        if watch.stopped_by:
            return watch.stopped_by
        if found is None or not found.is_more_than(lost):
            break
        lost = lost.joined(found)
    everything = Lost(_curable(study.case, flow, relax(study.case, flow)), lost.trips)
    relaxation = relax(study.case, flow, everything.limits)
    needs = relaxation.holding(arriving_empty(study.stays, everything.trips))
    stays = with_reduced_needs(needs, unreachable_stays(needs))
    found = _least_shortfall(study, flow, relaxation, stays, needs, budget.watch(bar))
    if not isinstance(found, Shortfall):
        return _Plan(relaxation, needs, stays, _nothing_charged(study, stays, needs), NO_SEARCH)
    return _Plan(relaxation, needs, stays, found, NOT_LEAST)


def _curable(case: Case, flow: BatchedPowerFlow, relaxation: Relaxation) -> frozenset[tuple[int, int, int]]:
    """Limits broken with every EV at its least load that are not relaxed."""
    return exceeded_by(relaxation.kept, grid_state(case, flow, least_loads(case)), 0.0)


def _case(study: Study, flow: BatchedPowerFlow, relaxation: Relaxation, stays: list[list[Stay]]) -> Case:
    return with_relaxed_limits(replace(study.case, evs=study.evs_of(stays)), flow, relaxation)


def _least_shortfall(
    study: Study,
    flow: BatchedPowerFlow,
    relaxation: Relaxation,
    stays: list[list[Stay]],
    needs: list[list[Stay]],
    watch: Watch,
) -> Shortfall | Lost | None:
    """By the interior point; where it ends without one, by linear programs, which also say what is lost."""
    bare = _changed(study, stays, lambda stay: replace(stay, e_need=0.0, e_low=0.0))
    case = _case(study, flow, relaxation, bare)
    curable = _curable(study.case, flow, relaxation)
    if not len(case.evs.slots):
        left = exceeded_by(case.limits, grid_state(case, flow, case.chain.least), KEPT)
        return Lost(left) if left else _nothing_charged(study, stays, needs)
    low_curve = _low_curve(study, stays)
    short = least_shortfall(case, _flat(needs), low_curve, flow, watch)
    if short is not None or watch.stopped_by:
        return short
    return shortfall_or_lost(case, _flat(needs), trips_to_coupled(stays), low_curve, curable, flow, watch)


def _changed(study: Study, stays: list[list[Stay]], change: Callable[[Stay], Stay]) -> list[list[Stay]]:
    """The stays with those of controllable EVs changed; the other EVs charge as before."""
    free = study.case.evs.controllable
    return [[change(stay) if free[stay.ev] else stay for stay in own] for own in stays]


def _flat(stays: list[list[Stay]]) -> list[Stay]:
    return [stay for own in stays for stay in own]


def _low_curve(study: Study, stays: list[list[Stay]]) -> FloatArray:
    """Minimum-energy curve of the lower limit E_low alone [n_slot]."""
    return study.evs_of(_changed(study, stays, lambda stay: replace(stay, e_need=0.0))).slots.e_min


def _nothing_charged(study: Study, stays: list[list[Stay]], needs: list[list[Stay]]) -> Shortfall:
    """Every EV at its least load: keeps every limit that is left."""
    case = replace(study.case, evs=study.evs_of(stays))
    least = case.evs.slots.p_min
    schedule = case.schedule(dict.fromkeys(LOADS, least))
    flat = _flat(needs)
    return Shortfall(short_mwh(case, flat, schedule), schedule, [[] for _ in flat])


def _lowered(study: Study, stays: list[list[Stay]], needs: list[list[Stay]], short: Shortfall) -> list[list[Stay]]:
    """Needs that the schedule with the least shortfall serves, and lower limits that it keeps."""
    energy, curve = short.schedule.e, _low_curve(study, stays)
    slots = study.evs_of(stays).slots
    below = energy[slots.period, slots.ev] < curve - MET_KWH / KW
    lowest = np.full(len(short.mwh), np.inf)
    np.minimum.at(lowest, slots.stay[below], energy[slots.period, slots.ev][below] - HAIR_KWH / KW)
    number, result = 0, []
    for own, own_needs in zip(stays, needs, strict=True):
        lowered = []
        for stay, need in zip(own, own_needs, strict=True):
            e_need = stay.e_need
            if short.mwh[number] > 0.0:
                hair = HAIR * need.e_need + HAIR_KWH / KW
                e_need = max(min(e_need, need.e_need - short.mwh[number] - hair), 0.0)
            lowered.append(replace(stay, e_need=e_need, e_low=max(min(stay.e_low, lowest[number]), 0.0)))
            number += 1
        result.append(lowered)
    return result


def _keeps_limits(case: Case, solution: Solution) -> bool:
    if solution.schedule is None:
        return False
    return largest_violation(verification(case, solution.schedule, solution.states)) <= KEPT


def _without_flexibility(case: Case, flow: BatchedPowerFlow, schedule: Schedule, failed: Solution) -> Solution:
    """The schedule with the least shortfall, nothing offered, where no solver finds a better one."""
    message = f"no flexibility is offered, the search for it failed: {failed.reason}"
    prices = {scenario: no_prices(case) for scenario in case.checked_scenarios}
    states = scheduled_states(case, flow, schedule)
    return replace(
        failed, message=message, schedule=schedule, states=states, gap=np.nan, prices=prices, findings=pd.DataFrame()
    )


def _named(solution: Solution, relaxed: pd.DataFrame, short: pd.DataFrame, n_low: int, doubt: str) -> Solution:
    """The solution with status and message of a best effort."""
    parts = []
    if len(relaxed):
        n = len(relaxed[["element_type", "element"]].drop_duplicates())
        parts.append(
            f"limits of {counted(n, 'element')} that the grid breaks without controllable EVs are relaxed in "
            f"{counted(relaxed['period'].nunique(), 'period')}, see result.relaxed"
        )
    if len(short):
        kwh = short["energy_mwh"].sum() * KW
        leave = "1 session leaves" if len(short) == 1 else f"{len(short)} sessions leave"
        parts.append(f"{leave} {kwh:.2f} kWh short in sum, see result.short")
    if n_low:
        stay = "1 session stays" if n_low == 1 else f"{n_low} sessions stay"
        parts.append(f"{stay} below min_e_mwh for longer than full power would need")
    message = "; ".join(["best effort", *parts, *filter(None, [doubt]), solution.message])
    return replace(solution, status="best_effort", message=message)


def _short_frame(
    case: Case, needs: list[list[Stay]], lowered: list[list[Stay]], short: Shortfall, relaxation: Relaxation
) -> pd.DataFrame:
    """By how much needs were lowered."""
    rows = []
    for stay, left, mwh, names in zip(_flat(needs), _flat(lowered), short.mwh.tolist(), short.reasons, strict=True):
        if mwh > 0.0:
            waited = [name for text in relaxation.waits[stay.periods, stay.ev] if text for name in text.split(", ")]
            elements = list(dict.fromkeys([*waited, *names]))
            more = [f"{len(elements) - NAMED} more"] if len(elements) > NAMED else []
            reason = ", ".join([*elements[:NAMED], *more]) or "network"
            rows.append((case.evs.index[stay.ev], stay.session, stay.e_need - left.e_need, reason))
    return pd.DataFrame(rows, columns=SHORT_COLUMNS)


def _waiting(waits: ObjectArray, case: Case) -> ObjectArray:
    """Only where the EV is plugged in and could choose."""
    return np.where(case.evs.held, waits, "")
