"""What held activations of EVs leave and what limits them, in numpy: nothing here knows the forms of `ev_held.py`."""

from __future__ import annotations

import numpy as np

from pandapower_evflex.arrays import FloatArray, ObjectArray
from pandapower_evflex.elements.ev_slots import Units
from pandapower_evflex.elements.schedule import Schedule

#: why an activation cannot begin here although its direction is offered
TOO_SOON, HORIZON_ENDS = "leaves too soon", "horizon ends too soon"


def name_of_floor(reasons: ObjectArray) -> ObjectArray:
    """What feeds in is limited downward by the power that it feeds in at most."""
    by_power = np.isin(reasons, ["nothing scheduled", "all scheduled power"])
    return np.where(by_power, "min_p_mw", reasons).astype(object)


def held_violation(evs: Units, schedule: Schedule) -> float:
    """Largest violation of the equations of the activations, relative to the largest power of the EV.

    Period after period of every activation; the schedule itself is not asked.
    """
    slots, at, fits = evs.slots, (evs.slots.period, evs.slots.ev), evs.fits
    begun = np.flatnonzero(fits)
    energy_per_p, p_max = slots.energy_per_p[begun], slots.p_max[begun]
    flex = {d: schedule.flex(d)[at] for d in ("up", "down")}
    broken = [-np.concatenate([flex["up"], flex["down"]]) / np.tile(slots.p_max, 2)]
    for d, offers in evs.offers.items():
        cap = np.where(offers.offered & fits, offers.p_max, 0.0)
        broken.append((flex[d] - cap) / slots.p_max)
    up, down = flex["up"][begun], flex["down"][begun]
    for number in range(1, evs.duration + 1):
        own = begun + number - 1
        p, e = schedule.p[slots.period[own], slots.ev[own]], schedule.e[slots.period[own], slots.ev[own]]
        broken += [(p + up) / p_max - 1.0, (slots.p_floor[own] - p + down) / p_max]
        broken.append((e + number * energy_per_p * up - slots.e_max[own]) / (energy_per_p * p_max))
        broken.append((slots.e_min[own] - e + number * energy_per_p * down) / (energy_per_p * p_max))
    return float(max(np.max(values, initial=0.0) for values in broken))


def held_rooms(evs: Units, p: FloatArray, e: FloatArray) -> dict[str, tuple[FloatArray, FloatArray]]:
    """What power and energy leave to activations that begin in each slot: {direction: (by power, by energy)} [n_slot].

    Parameters
    ----------
    p, e : float [n_slot]    MW, MWh at the end of the period
    """
    slots, begun, k = evs.slots, np.flatnonzero(evs.fits), evs.duration
    if slots.loses.any():
        before = e - slots.energy_of(p)
        most, least = slots.power_of(slots.e_max - before), slots.power_of(slots.e_min - before)
        return {"up": (slots.p_max - p, most - p), "down": (p - slots.p_floor, p - least)}
    rooms = {d: (np.zeros(len(slots)), np.zeros(len(slots))) for d in ("up", "down")}
    windows = begun[:, None] + np.arange(k)
    energy = slots.energy_per_p[begun, None] * np.arange(1, k + 1)
    rooms["up"][0][begun] = np.min(slots.p_max[windows] - p[windows], axis=1, initial=np.inf)
    rooms["up"][1][begun] = np.min((slots.e_max - e)[windows] / energy, axis=1, initial=np.inf)
    rooms["down"][0][begun] = np.min((p - slots.p_floor)[windows], axis=1, initial=np.inf)
    rooms["down"][1][begun] = np.min((e - slots.e_min)[windows] / energy, axis=1, initial=np.inf)
    return rooms


def held_reasons(evs: Units, schedule: Schedule, direction: str, binding: float) -> ObjectArray:
    """Which of the EV's own limits binds in each slot up to a relative distance, "" when none does."""
    slots, at = evs.slots, (evs.slots.period, evs.slots.ev)
    by_power, by_energy = held_rooms(evs, schedule.p[at], schedule.e[at])[direction]
    flex, close = schedule.flex(direction)[at], binding * slots.p_max
    capped, full, energy = (room - flex <= close for room in (evs.offers[direction].p_max, by_power, by_energy))
    if direction == "up":
        conditions, names = [full | capped, energy], ["max_p_mw", "battery full"]
    else:
        conditions = [by_power <= close, full, capped, energy]
        names = ["nothing scheduled", "all scheduled power", "max_p_mw", "must leave charged"]
    found = np.select(conditions, names, default="").astype(object)
    if direction == "down":
        found[slots.p_floor < 0.0] = name_of_floor(found[slots.p_floor < 0.0])
    found[~evs.fits] = TOO_SOON
    return found
