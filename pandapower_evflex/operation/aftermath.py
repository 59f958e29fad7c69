"""The day after a call: the plan goes on, full cars stop, cars that would be short recover as early as they can.

Batteries and shiftable loads are cars here, see `Case.stores_joined`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.elements.ev_slots import Units, fill_energies_while_held
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.solve.pull_back import restored
from pandapower_evflex.opf.solve.recovery import SHORT_KWH, least_short
from pandapower_evflex.opf.verify import grid_state
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.scenarios import DIRECTIONS

#: relative excess up to which a limit of the grid counts as kept
KEPT = 1e-6
SHORT_MWH = 1e-3 * SHORT_KWH


@dataclass(frozen=True)
class Aftermath:
    """What follows a call.

    Parameters
    ----------
    schedule : Schedule          as it goes on, with what is left of the flexibilities after the call
    short_mwh : float [n_stay]   what is missing at departures
    late_mwh : float             what loads draw later than they may be deferred, the most of each
    is_planned_anew : bool       recovery took another plan of all EVs, since their own flexibility was not enough
    """

    schedule: Schedule
    short_mwh: FloatArray
    late_mwh: float
    is_planned_anew: bool = False


def aftermath(
    case: Case, flow: BatchedPowerFlow, schedule: Schedule, period: int, direction: str, given: FloatArray
) -> Aftermath:
    """After ``given`` [n_ev, MW] was called in one period.

    Recovery: first within the flexibility that is there upward, which the grid has been checked for; where that leaves
    an EV short, a load later than it may be deferred or a limit broken, by the plan of all EVs with the least energy
    short. Beside another plan the grid carries less of the flexibilities: what breaks a limit is taken back, period by
    period.
    """
    evs, sign = case.evs, DIRECTIONS[direction]
    p = schedule.p.copy()
    p[period] += sign * given
    recovered = _recovered(evs, schedule, p, period)
    e, p = _carried_on(evs, recovered, period)
    short, late = _short(evs, e, period), _late(evs, e, period)
    is_over = not (evs.slots.period > period).any()
    if is_over or (short.sum() + late <= SHORT_MWH and _grid_carries(case, flow, p, period)):
        return Aftermath(_with_what_is_left(evs, schedule, p, e, period), short, late)
    called: dict[str, Any] = {"p_up": np.zeros_like(p), "p_down": np.zeros_like(p)}
    called[f"p_{direction}"][period] = given
    found = least_short(case, flow, replace(schedule, **called), direction, period)
    if found is None:
        return Aftermath(_with_what_is_left(evs, schedule, p, e, period), short, late)
    slots = evs.slots
    later = slots.period > period
    p[slots.period[later], slots.ev[later]] = found.p[slots.period[later], slots.ev[later]]
    e, p = _carried_on(evs, p, period)
    back_to_plan = _up_to_the_plan(evs, schedule, p, e, period)
    if _grid_carries(case, flow, back_to_plan, period):  # it may be what is charged that cures a limit
        e, p = _carried_on(evs, back_to_plan, period)
    left, _ = restored(case, flow, _with_what_is_left(evs, schedule, p, e, period))
    return Aftermath(left, _short(evs, e, period), _late(evs, e, period), is_planned_anew=True)


def aftermath_of_all(
    case: Case, flow: BatchedPowerFlow, schedule: Schedule, period: int, direction: str, given: FloatArray
) -> Aftermath:
    """The same for all kinds of units: after ``given`` [n_unit], units without energies go on as planned."""
    alone, own = case.stores_joined.evs_alone(schedule)
    n = own.p.shape[1]
    after = aftermath(alone, flow, own, period, direction, given[:n])
    others = schedule.of(slice(n, None))
    p, later = others.p.copy(), np.arange(len(schedule.p))[:, None] > period
    p[period] += DIRECTIONS[direction] * given[n:]
    up, down = (np.where(later, flex, 0.0) for flex in (others.p_up, others.p_down))
    whole = Schedule.joined([after.schedule, Schedule(p, up, down, others.e, others.q)])
    return replace(after, schedule=whole)


def _recovered(evs: Units, schedule: Schedule, p: FloatArray, period: int) -> FloatArray:
    """The plan with what would be missing made up in the first periods that have upward flexibility left."""
    slots, p = evs.slots, p.copy()
    e, _ = _carried_on(evs, p, period)
    missing = np.maximum(slots.e_min - e[slots.period, slots.ev], 0.0)
    for i in range(len(slots) - 1, 0, -1):  # the largest that any later slot of the chain misses
        if slots.previous[i] >= 0:
            missing[slots.previous[i]] = max(missing[slots.previous[i]], missing[i])
    made_up = np.zeros(len(slots))
    charge, fed_in = slots.energy_per_p.tolist(), slots.energy_per_fed_in.tolist()
    for i in range(len(slots)):
        t, ev = slots.period[i], slots.ev[i]
        made_up[i] = made_up[slots.previous[i]] if slots.previous[i] >= 0 else 0.0
        if t > period and missing[i] > made_up[i]:
            stored = _energy_of(p[t, ev], charge[i], fed_in[i])
            whole = _power_of(stored + missing[i] - made_up[i], charge[i], fed_in[i])
            p[t, ev] = min(whole, p[t, ev] + schedule.p_up[t, ev])
            made_up[i] += _energy_of(p[t, ev], charge[i], fed_in[i]) - stored
    return p


def _up_to_the_plan(evs: Units, schedule: Schedule, p: FloatArray, e: FloatArray, period: int) -> FloatArray:
    """Charging to the lower of the energies ``e`` that it leads to and those of the plan, after the call."""
    slots, at, p = evs.slots, (evs.slots.period, evs.slots.ev), p.copy()
    later = slots.period > period
    energy = np.where(later, np.minimum(e[at], schedule.e[at]), e[at])
    before = slots.e_offset + np.where(slots.previous >= 0, energy[slots.previous], 0.0)
    p[at] = np.where(later, slots.power_of(energy - before), p[at])
    return p


def _carried_on(evs: Units, p: FloatArray, period: int) -> tuple[FloatArray, FloatArray]:
    """Energies of a plan, and the plan without what a full battery does not take after the call.

    Nor is more fed in than the minimum-energy curve leaves.
    """
    slots, p, e = evs.slots, p.copy(), evs.fixed_e.copy()
    charge, fed_in, floor = slots.energy_per_p.tolist(), slots.energy_per_fed_in.tolist(), slots.p_floor.tolist()
    for i in range(len(slots)):  # in order of time within each chain
        t, ev, before = slots.period[i], slots.ev[i], slots.previous[i]
        energy = slots.e_offset[i] + (e[slots.period[before], ev] if before >= 0 else 0.0)
        if t > period:
            least = _power_of(slots.e_min[i] - energy, charge[i], fed_in[i]) if floor[i] < 0.0 else 0.0
            most = _power_of(slots.e_max[i] - energy, charge[i], fed_in[i])
            p[t, ev] = max(min(p[t, ev], most), min(max(least, floor[i]), 0.0))
        e[t, ev] = energy + _energy_of(p[t, ev], charge[i], fed_in[i])
    if evs.held.any():
        fill_energies_while_held(evs, e)
    return e, p


def _energy_of(power: float, charge: float, fed_in: float) -> float:
    """What a load adds to the store, `Slots.energy_of` of one slot."""
    return power * (charge if power > 0.0 else fed_in)


def _power_of(energy: float, charge: float, fed_in: float) -> float:
    return energy / (charge if energy > 0.0 else fed_in)


def _short(evs: Units, e: FloatArray, period: int) -> FloatArray:
    """What is missing to the minimum-energy curve in the last slot of a stay [n_stay]."""
    slots, short = evs.slots, np.zeros(len(evs.stays))
    departs = np.flatnonzero(np.append(slots.stay[1:] != slots.stay[:-1], True)) if len(slots) else np.empty(0, int)
    missing = slots.e_min[departs] - e[slots.period[departs], slots.ev[departs]]
    short[slots.stay[departs]] = np.where(missing > SHORT_MWH, missing, 0.0)
    short[slots.stay[departs[slots.period[departs] < period]]] = 0.0
    return short


def _late(evs: Units, e: FloatArray, period: int) -> float:
    """What loads have not drawn after the call although it may be deferred no longer, MWh: the most of each."""
    slots, most = evs.slots, np.zeros(len(evs.index))
    missing = slots.e_floor - e[slots.period, slots.ev]
    waits = (slots.period > period) & (slots.p_min >= 0.0)  # what feeds in is kept above its floor
    np.maximum.at(most, slots.ev[waits], missing[waits])
    return float(most[most > SHORT_MWH].sum())


def _grid_carries(case: Case, flow: BatchedPowerFlow, p: FloatArray, period: int) -> bool:
    state = grid_state(case, flow, p)
    kept = state.converged & ~state.excess(case.limits).exceeds(KEPT)
    return bool(kept[period + 1 :].all())


def _with_what_is_left(evs: Units, schedule: Schedule, p: FloatArray, e: FloatArray, period: int) -> Schedule:
    """Flexibilities of later periods from the new energies, never more than what was promised."""
    slots, at = evs.slots, (evs.slots.period, evs.slots.ev)
    before = e[at] - slots.energy_of(p[at])
    up, down = schedule.load("up")[at], schedule.load("down")[at]
    if not evs.has_band:  # within a band every call leaves all of it
        up = np.minimum(up, slots.power_of(slots.e_max - before))
        down = np.maximum(down, slots.power_of(slots.e_min - before))
    left = {}
    later: BoolArray = slots.period > period
    for direction, room in (("up", up - p[at]), ("down", p[at] - down)):
        promised = schedule.flex(direction)
        left[direction] = np.zeros_like(promised)
        left[direction][at] = np.where(later, np.clip(room, 0.0, promised[at]), 0.0)
    return Schedule(p, left["up"], left["down"], e)
