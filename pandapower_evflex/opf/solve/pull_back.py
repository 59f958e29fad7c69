"""From a schedule that nearly keeps the limits of the grid to one that does: less is activated where it must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.verify import VERIFIED, GridState, element_violations, grid_state, scheduled_states
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.scenarios import DIRECTIONS, Scenario

#: shares of an activation that are tried in turn: most limits are broken by little
TRIED = (1.0 - 1e-6, 1.0 - 1e-4, 1.0 - 1e-2, 0.0)
#: distance of the share of an activation that stays to the largest one
SHARE_TOLERANCE = 1e-12
#: relative excess up to which a limit counts as kept while pulling back
RESTORED = 1e-9
#: relative excess of a limit of the grid beyond which a schedule is not usable
USABLE = 1e-7


def is_usable(case: Case, schedule: Schedule, states: Mapping[Scenario, GridState]) -> bool:
    """It keeps every limit, of the elements too."""
    kept = (s.converged.all() and not s.excess(case.limits).exceeds(USABLE).any() for s in states.values())
    return all(kept) and max(element_violations(case, schedule).values()) <= VERIFIED


def nearest_usable(
    case: Case, flow: BatchedPowerFlow, schedule: Schedule
) -> tuple[Schedule, dict[Scenario, GridState]] | None:
    """From the last point of a solver that was stopped; None where what the schedule itself breaks is left."""
    schedule, states = restored(case, flow, nearest(case, schedule))
    return (schedule, states) if is_usable(case, schedule, states) else None


def nearest(case: Case, schedule: Schedule) -> Schedule:
    """The nearest schedule within the limits of the elements."""
    return Schedule.joined([part.element.nearest(part.data, schedule.of(units)) for part, units, _ in case.by_part()])


def restored(case: Case, flow: BatchedPowerFlow, schedule: Schedule) -> tuple[Schedule, dict[Scenario, GridState]]:
    """Pull the activation of violating periods back towards the schedule until the power flow holds.

    The EVs keep their limits: every activation between none and the given one is allowed. What the schedule itself
    violates stays, and shows in the states.
    """
    asked = {scenario.activation for scenario in case.scenarios}
    for direction in DIRECTIONS:
        if direction in asked:
            share = _largest_share(case, flow, schedule, direction)
            name = f"p_{direction}"
            q = {**schedule.q, direction: np.asarray(_reactive(schedule, direction, share))} if schedule.q else {}
            schedule = replace(schedule, **{name: getattr(schedule, name) * share[:, None]}, q=q)
    return schedule, scheduled_states(case, flow, schedule)


def _reactive(schedule: Schedule, direction: str, share: FloatArray) -> FloatArray | float:
    """Reactive load under a share of an activation [n_period]: as far from that of the schedule."""
    if not schedule.q:
        return 0.0
    return np.asarray((1.0 - share[:, None]) * schedule.q["base"] + share[:, None] * schedule.q[direction])


def _largest_share(case: Case, flow: BatchedPowerFlow, schedule: Schedule, direction: str) -> FloatArray:
    """Largest share of the activation that keeps all limits while it is held, by bisection [n_period].

    1 where not even none does.
    """
    n = case.horizon.n_periods
    rows = [scenario for scenario in case.scenarios if scenario.activation == direction]

    def holds(share: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        good = np.ones(n, dtype=bool)
        for row in rows:
            activated = np.roll(share[:, None] * schedule.flex(direction), row.since, axis=0)
            load = schedule.p + DIRECTIONS[direction] * activated
            state = grid_state(case, flow, load, schedule.p, row.forecast, _reactive(schedule, direction, share))
            kept = state.converged & ~state.excess(case.limits).exceeds(RESTORED)
            good &= np.roll(kept | ~activated.any(axis=1) if row.since else kept, -row.since)
        return good

    high, low = np.ones(n), np.where(holds(np.ones(n)), 1.0, np.nan)
    for share in TRIED:
        if not np.isnan(low).any():
            break
        unknown = np.isnan(low)
        good = unknown & holds(np.where(unknown, share, low))
        low[good] = share
        high[unknown & ~good] = share
    searched = ~np.isnan(low)
    while np.any(searched & (high - low > SHARE_TOLERANCE)):
        middle = np.where(searched, 0.5 * (low + high), 1.0)
        good = holds(middle)
        low, high = np.where(searched & good, middle, low), np.where(searched & ~good, middle, high)
    return np.where(searched, low, 1.0)
