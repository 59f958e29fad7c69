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

#: number of bisections for the share of an activation that stays
MAX_HALVINGS = 40
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
            schedule = replace(schedule, **{name: getattr(schedule, name) * share[:, None]})
    return schedule, scheduled_states(case, flow, schedule)


def _largest_share(case: Case, flow: BatchedPowerFlow, schedule: Schedule, direction: str) -> FloatArray:
    """Largest share of the activation that keeps all limits, by bisection; 1 where not even none does [n_period]."""

    def holds(share: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        p_ev = schedule.p + share[:, None] * (schedule.load(direction) - schedule.p)
        state = grid_state(case, flow, p_ev, schedule.p)
        return state.converged & ~state.excess(case.limits).exceeds(RESTORED)

    n = case.horizon.n_periods
    low, high = np.zeros(n), np.ones(n)
    low[holds(high)] = 1.0
    searched = (low < 1.0) & holds(np.zeros(n))
    if not searched.any():
        return np.ones(n)
    for _ in range(MAX_HALVINGS):
        middle = np.where(searched, 0.5 * (low + high), 1.0)
        good = holds(middle)
        low, high = np.where(searched & good, middle, low), np.where(searched & ~good, middle, high)
    return np.where(searched, low, 1.0)
