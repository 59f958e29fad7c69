"""How much of a call is granted: what is offered, what the grid carries, and what can be made up until departure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.operation.aftermath import SHORT_MWH, aftermath
from pandapower_evflex.operation.sharing import shared
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.verify import grid_state
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.scenarios import DIRECTIONS

#: relative excess up to which a limit of the grid counts as kept
KEPT = 1e-6
#: bisections for the share of a call that the grid carries and that can be made up
MAX_HALVINGS = 12


@dataclass(frozen=True)
class Grant:
    """What a call gets.

    Parameters
    ----------
    asked_mw : float
    given : float [n_unit]   MW, positive
    notes : list of str      why less was granted than asked for
    """

    asked_mw: float
    given: FloatArray
    notes: list[str]


def grant(
    case: Case,
    flow: BatchedPowerFlow,
    schedule: Schedule,
    t: int,
    direction: str,
    asked_mw: float | None,
    called: BoolArray,
    *,
    share: str = "proportional",
    force: bool = False,
) -> Grant:
    """Of ``asked_mw`` in period ``t``, None for all that is offered, by the units that are ``called`` [n_unit]."""
    case = case.stores_joined
    offered = np.where(called, _most(case, schedule, t, direction, force), 0.0)
    asked = float(offered.sum()) if asked_mw is None else float(asked_mw)
    given = shared(case.evs, schedule, t, direction, offered, asked, share)
    total = float(offered.sum())
    notes = [f"{1e3 * total:.4g} kW are offered"] if asked > total * (1.0 + 1e-9) or total == 0.0 else []
    carried = _largest(given, lambda part: _carries(case, flow, schedule, t, direction, part))
    notes += ["the grid carries no more"] if carried is not given else []
    if direction == "up" or case.evs.has_band:
        return Grant(asked, carried, notes)
    alone, own = case.evs_alone(schedule)
    n = own.p.shape[1]  # what has no energies has nothing to make up
    granted = _largest(carried, lambda part: _is_made_up(alone, flow, own, t, direction, part[:n], force))
    why = "no more can be deferred" if force else "no more can be made up until the departures"
    notes += [why] if granted is not carried else []
    return Grant(asked, granted, notes)


def _most(case: Case, schedule: Schedule, t: int, direction: str, force: bool) -> FloatArray:
    """What every unit can give [n_unit], MW."""
    most: FloatArray = schedule.flex(direction)[t].copy()
    if not force:
        return most
    slots, n = case.evs.slots, len(case.evs.index)
    now, p = slots.period == t, schedule.p[slots.period, slots.ev]
    before = schedule.e[slots.period, slots.ev] - slots.energy_of(p)
    highest = np.minimum(slots.p_max, slots.power_of(slots.e_max - before))
    lowest = np.maximum(slots.p_floor, slots.power_of(slots.e_floor - before))
    room = highest - p if direction == "up" else p - lowest
    most[:n] = 0.0
    most[slots.ev[now]] = np.maximum(room, 0.0)[now]
    return most


def _carries(case: Case, flow: BatchedPowerFlow, schedule: Schedule, t: int, direction: str, given: FloatArray) -> bool:
    """Whether the grid keeps every limit in the period of the call."""
    p = schedule.p.copy()
    p[t] += DIRECTIONS[direction] * given
    state = grid_state(case, flow, p, schedule.p, q=reactive_while_called(schedule, t, direction, given))
    return bool(state.converged[t] and not state.excess(case.limits).exceeds(KEPT)[t])


def reactive_while_called(schedule: Schedule, t: int, direction: str, given: FloatArray) -> FloatArray | float:
    """Reactive loads beside what follows the active power, by how much of what is promised is called."""
    promised = float(schedule.flex(direction)[t].sum())
    share = min(float(given.sum()) / promised, 1.0) if promised > 0.0 else 0.0
    base, called = schedule.reactive("base"), schedule.reactive(direction)
    return base + share * (called - base)


def _is_made_up(
    case: Case, flow: BatchedPowerFlow, schedule: Schedule, t: int, direction: str, given: FloatArray, force: bool
) -> bool:
    """Whether all that has to be follows; needs may be missed by a call that is forced, loads be late by none."""
    after = aftermath(case, flow, schedule, t, direction, given)
    missing = after.late_mwh if force else after.late_mwh + after.short_mwh.sum()
    return bool(missing <= 3.0 * SHORT_MWH)


def _largest(given: FloatArray, holds: Any) -> FloatArray:
    """The largest share of it for which something holds, the same for all; itself where that is all."""
    if not given.any() or holds(given):
        return given
    low, high = 0.0, 1.0
    for _ in range(MAX_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if holds(middle * given) else (low, middle)
    return low * given
