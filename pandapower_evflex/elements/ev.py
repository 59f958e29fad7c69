"""EVs: the first of the flexible elements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray, IntArray, ObjectArray
from pandapower_evflex.case.periods import Horizon
from pandapower_evflex.elements.chain import Chain
from pandapower_evflex.elements.ev_alone import best_alone
from pandapower_evflex.elements.ev_band import band_chain_of
from pandapower_evflex.elements.ev_band_checks import band_point, band_reasons, band_violation, nearest_band
from pandapower_evflex.elements.ev_chain import chain_of
from pandapower_evflex.elements.ev_held import held_chain
from pandapower_evflex.elements.ev_held_checks import held_reasons, held_rooms, held_violation
from pandapower_evflex.elements.ev_needs import with_needs_of_next
from pandapower_evflex.elements.ev_slots import (
    ONE_ACTIVATION,
    Slots,
    Units,
    charge_at_arrival,
    fill_energies_while_held,
    offers_of,
    slots_of,
)
from pandapower_evflex.elements.ev_stays import Stay
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.tables.cos_phi_p import tan_phi

KIND = "ev"
#: relative distance up to which a limit binds
BINDING = 1e-5


def index(evs: Units) -> IntArray:
    return evs.index


def chain(evs: Units) -> Chain:
    """(17) to (24), or the band, and the reward of (4) as forms."""
    if evs.has_band:
        return band_chain_of(evs)
    return held_chain(evs) if evs.duration > 1 else chain_of(evs)


def compile_evs(
    evs: pd.DataFrame,
    flexibility: pd.DataFrame | None,
    stays: list[list[Stay]],
    bus_row: IntArray,
    horizon: Horizon,
    weights: Mapping[str, FloatArray | None],
    guarantee: str = ONE_ACTIVATION,
    duration: int = 1,
) -> Units:
    """Arrays of the EVs in service.

    Parameters
    ----------
    evs : DataFrame                          in-service rows of net.ev
    flexibility : DataFrame or None          net.flexibility
    stays : list per EV of Stay              needs reachable
    bus_row : int [n_ev]                     internal bus of each EV
    weights : {direction: [n_period, n_ev]}  None: the direction is no scenario
    guarantee : str                          see `Units`
    duration : int                           periods for which an activation is held
    """
    stays = with_needs_of_next(stays)
    controllable = evs["controllable"].to_numpy(dtype=bool)
    slots = slots_of(stays, controllable)
    n_ev = len(evs)
    fixed_p, fixed_e = np.zeros((horizon.n_periods, n_ev)), np.full((horizon.n_periods, n_ev), np.nan)
    for i in np.flatnonzero(~controllable):
        fixed_p[:, i], fixed_e[:, i] = charge_at_arrival(stays[i], horizon.n_periods)
    held = np.zeros(fixed_p.shape, dtype=bool)
    for i in np.flatnonzero(controllable):
        for stay in stays[i]:
            held[stay.periods[list(stay.held)], i] = True
            fixed_p[stay.periods[list(stay.held)], i] = stay.p_min
    return Units(
        index=evs.index.to_numpy(),
        bus=evs["bus"].to_numpy(),
        bus_row=bus_row,
        tan_phi=tan_phi(evs["cos_phi"].to_numpy(dtype=float)),
        controllable=controllable,
        stays=[stay for own in stays for stay in own],
        slots=slots,
        offers={d: offers_of(d, evs, flexibility, slots.ev, slots.period, weights[d]) for d in ("up", "down")},
        held=held,
        fixed_p=fixed_p,
        fixed_e=fixed_e,
        guarantee=guarantee,
        duration=duration,
    )


def series(evs: Units, load: Mapping[str, FloatArray]) -> Schedule:
    """From loads per scenario and slot [MW]; the solver's 1e-9 are clipped so that P_up, P_down >= 0 and (17) hold.

    Limits hold after it as well: a charging power moved by clipping moves the energies after it by as little.
    """
    slots = evs.slots
    p_slot = np.clip(_without_waste(slots, load), slots.p_min, slots.p_max)
    flex = {}
    for direction, sign in (("up", 1.0), ("down", -1.0)):
        activated = np.clip(load[direction], slots.p_floor, slots.p_max)
        offers, offered = evs.offers[direction], evs.offered(direction) & ~slots.pinned
        flex[direction] = np.where(offered, np.clip(sign * (activated - p_slot), 0.0, offers.p_max), 0.0)
    e_slot = _sums_along_chains(slots, slots.e_offset + slots.energy_of(p_slot))
    p, e = evs.fixed_p.copy(), evs.fixed_e.copy()
    p_up, p_down = np.zeros_like(p), np.zeros_like(p)
    at = (slots.period, slots.ev)
    p[at], e[at], p_up[at], p_down[at] = p_slot, e_slot, flex["up"], flex["down"]
    if evs.held.any():
        fill_energies_while_held(evs, e)
    return Schedule(p, p_up, p_down, e)


def _without_waste(slots: Slots, load: Mapping[str, FloatArray]) -> FloatArray:
    """The least load that leads to the same energies."""
    if "fed_in" not in load or not slots.loses.any():
        return load["base"]
    stored = slots.energy_per_p * load["charged"] - slots.energy_per_discharge * load["fed_in"]
    return np.where(slots.loses, slots.power_of(stored), load["base"])


def _sums_along_chains(slots: Slots, added: FloatArray) -> FloatArray:
    """Sums of what every slot adds, from the first slot of its chain on; the slots of a chain follow each other."""
    sums = np.cumsum(added)
    first = np.flatnonzero(slots.previous < 0)
    before = sums[first] - added[first]
    return sums - np.repeat(before, np.diff(np.append(first, len(sums))))


def point(evs: Units, schedule: Schedule) -> FloatArray:
    """A schedule as a point of the chain, MW and MWh [n_slot, 3]."""
    if evs.has_band:
        return band_point(evs, schedule)
    at = (evs.slots.period, evs.slots.ev)
    if evs.duration > 1:
        return np.stack([schedule.e[at], schedule.p_up[at], schedule.p_down[at]], axis=1)
    columns = [schedule.e[at], schedule.load("up")[at], schedule.load("down")[at]]
    if evs.slots.loses.any():
        columns.append(np.where(evs.slots.loses, np.maximum(-schedule.p[at], 0.0), 0.0))
    return np.stack(columns, axis=1)


def alone(evs: Units) -> Schedule:
    """The schedule with the most flexibility if there were no grid; NaN where an EV cannot keep its own limits.

    More than any schedule has where something is lost by feeding in.
    """
    slots, best = evs.slots, best_alone(evs)
    if not slots.loses.any():
        return series(evs, best)
    # a bound: as if nothing were lost, in what reaches the store
    p, p_up, p_down = evs.fixed_p.copy(), np.zeros(evs.fixed_p.shape), np.zeros(evs.fixed_p.shape)
    e, at = evs.fixed_e.copy(), (slots.period, slots.ev)
    stored = slots.energy_per_p * best["base"]
    p[at], e[at] = slots.power_of(stored), _sums_along_chains(slots, slots.e_offset + stored)
    p_up[at], p_down[at] = (np.maximum(x, 0.0) for x in (best["up"] - best["base"], best["base"] - best["down"]))
    return Schedule(p, p_up, p_down, e)


def nearest(evs: Units, schedule: Schedule) -> Schedule:
    """The nearest energies that keep (18) to (20), one period after the other, and no more flexibility than they leave.

    For a schedule of an interior point that was stopped before the EVs kept their limits.
    """
    slots, at = evs.slots, (evs.slots.period, evs.slots.ev)
    wanted, e, before = schedule.e[at], np.empty(len(slots)), np.empty(len(slots))
    at_least = slots.energy_of(slots.p_min)
    for i in range(len(slots)):  # in order of time within each chain
        before[i] = slots.e_offset[i] + (e[slots.previous[i]] if slots.previous[i] >= 0 else 0.0)
        least = max(slots.e_min[i], before[i] + at_least[i])
        most = min(slots.e_max[i], before[i] + slots.energy_per_p[i] * slots.p_max[i])
        e[i] = min(max(wanted[i], least), most)
    p = slots.power_of(e - before)
    room = {d: np.minimum(*rooms) for d, rooms in held_rooms(evs, p, e).items()}
    values: dict[str, Any] = {"p": schedule.p.copy(), "e": schedule.e.copy()}
    values["p"][at], values["e"][at] = p, e
    for direction, most_flex in room.items():
        flex = getattr(schedule, f"p_{direction}").copy()
        flex[at] = np.clip(flex[at], 0.0, np.maximum(most_flex, 0.0))
        values[f"p_{direction}"] = flex
    found = Schedule(**values)
    return nearest_band(evs, replace(found, p_up=schedule.p_up, p_down=schedule.p_down)) if evs.has_band else found


def violation(evs: Units, schedule: Schedule) -> float:
    """Largest violation of the EV equations (17) to (24), relative to P_max and to the energy of a period at P_max."""
    if evs.has_band:
        return band_violation(evs, schedule)
    slots, at = evs.slots, (evs.slots.period, evs.slots.ev)
    if not len(slots):
        return 0.0
    p, p_up, p_down, e = (values[at] for values in (schedule.p, schedule.p_up, schedule.p_down, schedule.e))
    e_before = np.where(slots.previous >= 0, e[slots.previous], 0.0) + slots.e_offset
    by_power = [-p_up, -p_down, slots.p_min - p, p + p_up - slots.p_max, slots.p_floor - (p - p_down)]
    for name, flex in (("up", p_up), ("down", p_down)):
        offers = evs.offers[name]
        by_power.append(np.where(offers.offered, flex - offers.p_max, flex))
    by_energy = [
        np.abs(e_before + slots.energy_of(p) - e),
        e_before + slots.energy_of(p + p_up) - slots.e_max,
        slots.e_min - e_before - slots.energy_of(p - p_down),
        np.where(slots.is_last, slots.e_min - e, 0.0),
    ]
    worst = max(
        np.max(np.stack(by_power) / slots.p_max), np.max(np.stack(by_energy) / (slots.energy_per_p * slots.p_max))
    )
    return max(0.0, float(worst), held_violation(evs, schedule) if evs.duration > 1 else 0.0)


def reasons(evs: Units, schedule: Schedule, direction: str) -> ObjectArray:
    """Which of its own limits binds [n_period, n_ev], "" where none does: then it is the network."""
    slots, offers = evs.slots, evs.offers[direction]
    found = np.full(schedule.p.shape, "away", dtype=object)
    for stay in evs.stays:
        found[stay.periods, stay.ev] = "not offered"
    if evs.has_band:
        of_slot = band_reasons(evs, schedule, direction, BINDING)
    else:
        of_slot = held_reasons(evs, schedule, direction, BINDING)
    of_slot[~offers.offered | (offers.weight == 0.0)] = "not offered"  # weight 0: nobody asks for it
    found[slots.period, slots.ev] = of_slot
    return found
