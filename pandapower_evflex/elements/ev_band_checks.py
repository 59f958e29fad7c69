"""What bands of EVs leave and what limits them, in numpy: nothing here knows the forms of `ev_band.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray, ObjectArray
from pandapower_evflex.elements.ev_band import is_tied
from pandapower_evflex.elements.ev_held_checks import name_of_floor
from pandapower_evflex.elements.ev_slots import Slots, Units
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.scenarios import DIRECTIONS


def _energies(slots: Slots, load: FloatArray, edge: str = "") -> FloatArray:
    """Energies at the end of every slot with these loads throughout, MWh; for the check apart from what it checks.

    At the upper edge ("up") what is fed in counts as without losses, which is more than is left; at the lower one
    ("down") every load counts as what it adds to the store, or takes from it.
    """
    e, by_charging = np.empty(len(slots)), slots.energy_per_p * load
    added = {
        "": slots.energy_of(load),
        "up": by_charging,
        "down": np.minimum(by_charging, np.where(slots.loses, slots.energy_per_discharge, slots.energy_per_p) * load),
    }[edge]
    for i in range(len(slots)):  # in order of time within each chain
        before = e[slots.previous[i]] if slots.previous[i] >= 0 else 0.0
        e[i] = before + slots.e_offset[i] + added[i]
    return e


def _edges(slots: Slots, schedule: Schedule) -> tuple[FloatArray, FloatArray]:
    """Energies at the lower and at the upper edge."""
    at = (slots.period, slots.ev)
    lower, upper = (_energies(slots, schedule.load(edge)[at], edge) for edge in ("down", "up"))
    return lower, upper


def band_point(evs: Units, schedule: Schedule) -> FloatArray:
    """A schedule as a point of the chain, MW and MWh [n_slot, 3 or 4]."""
    at = (evs.slots.period, evs.slots.ev)
    columns = [*_edges(evs.slots, schedule), schedule.p[at]]
    loses = evs.slots.loses & ~is_tied(evs.slots)
    if loses.any():
        columns.append(np.where(loses, schedule.load("down")[at], 0.0))
    return np.stack(columns, axis=1)


def band_violation(evs: Units, schedule: Schedule) -> float:
    """Largest violation of the band's equations, relative to P_max and to the energy of a period at P_max."""
    slots, at = evs.slots, (evs.slots.period, evs.slots.ev)
    if not len(slots):
        return 0.0
    p, p_up, p_down, e = (values[at] for values in (schedule.p, schedule.p_up, schedule.p_down, schedule.e))
    lower, upper = _edges(slots, schedule)
    by_power = [-p_up, -p_down, slots.p_min - (p - p_down), p + p_up - slots.p_max]
    for d, flex in (("up", p_up), ("down", p_down)):
        by_power.append(flex - np.where(evs.offers[d].offered, evs.offers[d].p_max, 0.0))
    by_energy = [np.abs(_energies(slots, p) - e), upper - slots.e_max, slots.e_min - lower]
    worst = max(
        np.max(np.stack(by_power) / slots.p_max), np.max(np.stack(by_energy) / (slots.energy_per_p * slots.p_max))
    )
    return max(0.0, float(worst))


def nearest_band(evs: Units, schedule: Schedule) -> Schedule:
    """Of a plan within its limits: the band clipped to the powers, and narrowed car by car until both edges hold."""
    slots, at = evs.slots, (evs.slots.period, evs.slots.ev)
    p = _within_upper_energy(slots, schedule.p[at])
    room = {"up": slots.p_max - p, "down": p - slots.p_min}
    flex, tied = {}, is_tied(slots)
    for d in DIRECTIONS:
        most = np.where(evs.offers[d].offered & ~tied, np.minimum(room[d], evs.offers[d].p_max), 0.0)
        flex[d] = np.clip(schedule.flex(d)[at], 0.0, np.maximum(most, 0.0))
    share = np.ones(int(slots.ev.max(initial=-1)) + 1)
    for d, sign, limit in (("up", 1.0, slots.e_max), ("down", -1.0, slots.e_min)):
        e = _energies(slots, p, d)
        moved = sign * (_energies(slots, p + sign * flex[d], d) - e)
        left = np.maximum(sign * (limit - e), 0.0)
        np.minimum.at(share, slots.ev, np.where(moved > left, left / np.where(moved > 0.0, moved, 1.0), 1.0))
    values: dict[str, Any] = {"p": schedule.p.copy(), "e": schedule.e.copy()}
    values["p"][at], values["e"][at] = p, _energies(slots, p)
    for d in DIRECTIONS:
        values[f"p_{d}"] = np.zeros_like(schedule.p)
        values[f"p_{d}"][at] = flex[d] * share[slots.ev]
    return Schedule(**values)


def _within_upper_energy(slots: Slots, p: FloatArray) -> FloatArray:
    """Less charging where the upper energy, which counts what was fed in without losses, fills the battery before."""
    if not slots.loses.any():
        return p
    kept, e = p.copy(), np.empty(len(slots))
    for i in range(len(slots)):  # in order of time within each chain
        before = slots.e_offset[i] + (e[slots.previous[i]] if slots.previous[i] >= 0 else 0.0)
        kept[i] = min(p[i], max((slots.e_max[i] - before) / slots.energy_per_p[i], slots.p_floor[i]))
        e[i] = before + slots.energy_per_p[i] * kept[i]
    return kept


def band_reasons(evs: Units, schedule: Schedule, direction: str, binding: float) -> ObjectArray:
    """Which of the EV's own limits binds in each slot, "" when none does: energies bind before they are reached."""
    slots, at = evs.slots, (evs.slots.period, evs.slots.ev)
    p, flex = schedule.p[at], schedule.flex(direction)[at]
    meets = where_energy_binds(evs, schedule, direction, binding) >= 0

    def binds(left: FloatArray) -> BoolArray:
        return left <= binding * slots.p_max

    capped = binds(evs.offers[direction].p_max - flex)
    if direction == "up":
        conditions = [binds(slots.p_max - p - flex) | capped, meets]
        names = ["max_p_mw", "battery full"]
    else:
        conditions = [binds(p - slots.p_min), binds(p - flex - slots.p_min), capped, meets]
        names = ["nothing scheduled", "all scheduled power", "max_p_mw", "must leave charged"]
    found = np.select(conditions, names, default="").astype(object)
    feeds_in = slots.p_floor < 0.0
    if direction == "down":
        found[feeds_in] = name_of_floor(found[feeds_in])
    return found


def where_energy_binds(evs: Units, schedule: Schedule, direction: str, binding: float) -> IntArray:
    """The first slot from each on in which the energy of an edge meets its limit, -1 where none does [n_slot]."""
    slots = evs.slots
    lower, upper = _edges(slots, schedule)
    room = slots.e_max - upper if direction == "up" else lower - slots.e_min
    found = np.where(room <= binding * slots.energy_per_p * slots.p_max, np.arange(len(slots)), -1)
    for i in range(len(slots) - 1, 0, -1):
        if slots.previous[i] >= 0 and found[slots.previous[i]] < 0:
            found[slots.previous[i]] = found[i]
    return found
