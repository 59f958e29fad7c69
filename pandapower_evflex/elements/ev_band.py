r"""Bands for any sequence of calls as forms, in kW and kWh.

An operator may set any load between D and T in every period, unannounced. What is in the batteries then lies between
two energies, that of a car kept at its lower edge throughout and that of one kept at its upper edge:

.. math::

    E^{D}_t = E^{D}_{t-1} + \eta\Delta T\, D_t \ge E_{min,t}, \qquad
    E^{T}_t = E^{T}_{t-1} + \eta\Delta T\, T_t \le E_{max}, \qquad
    P_{min} \le D \le P_{ch} \le T \le P_{max}

Columns are both energies and the plan P_ch. Where a direction is not offered, its edge is the plan. A car that must
leave full has no band before that: any call would change what it leaves with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray, ObjectArray
from pandapower_evflex.elements.chain import KW, Chain, Loads
from pandapower_evflex.elements.ev_forms import Limits, chain_over, forms_where, power_between
from pandapower_evflex.elements.ev_slots import Slots, Units
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.scenarios import DIRECTIONS
from pandapower_evflex.solvers.chains.forms import Forms

#: columns of x
LOWER, UPPER, PLAN = 0, 1, 2
#: width of the band at the start, as a share of the range of the energy
START_WIDTH = 0.6


def band_chain_of(evs: Units) -> Chain:
    """The edges, the plan between them, and the reward of (4)."""
    slots = evs.slots
    tied = is_tied(slots) | ~(evs.offers["up"].offered | evs.offers["down"].offered)
    offered = {d: evs.offers[d].offered & ~tied for d in DIRECTIONS}
    loads = _loads(slots, tied, offered)
    limits = [*_power_limits(evs, loads, offered), *_energy_limits(slots, tied)]
    low, high = _box(slots, tied)
    return chain_over(
        evs,
        limits,
        states=("energy_lower", "energy_upper"),
        controls=("load",),
        free=np.stack([~slots.pinned & ~tied, ~slots.pinned], axis=1),
        low=low,
        high=high,
        start=_start(slots, tied, START_WIDTH),
        quiet=_start(slots, tied, 0.0),
        loads=loads,
        offered=offered,
        p_min=slots.p_min,
    )


def is_tied(slots: Slots) -> BoolArray:
    """Slots before an energy that no schedule can choose, and those of it: both edges must meet there."""
    tied = slots.pinned.copy()
    for i in range(len(slots) - 1, 0, -1):
        if slots.previous[i] >= 0:
            tied[slots.previous[i]] |= tied[i]
    return tied


def _loads(slots: Slots, tied: BoolArray, offered: Mapping[str, BoolArray]) -> dict[str, Loads]:
    """Lower and upper edge from their energies; the plan is a column of its own where both are offered."""
    lower, upper = power_between(slots, LOWER, 2), power_between(slots, UPPER, 2)
    plan = np.zeros((len(slots), 5))
    plan[:, PLAN + 2] = 1.0
    both = offered["up"] & offered["down"]
    down = _chosen(~tied, lower, upper)
    base = _chosen(offered["up"], lower, upper)
    base.forms.coefficient[both] = plan[both]
    base.constant[both] = 0.0
    return {"base": base, "up": upper, "down": down}


def _chosen(where: BoolArray, one: Loads, other: Loads) -> Loads:
    coefficient = np.where(where[:, None], one.forms.coefficient, other.forms.coefficient)
    return Loads(Forms(one.forms.slot, coefficient), np.where(where, one.constant, other.constant))


def _power_limits(evs: Units, loads: Mapping[str, Loads], offered: Mapping[str, BoolArray]) -> Limits:
    """Order of the edges and the plan, P_min, P_max and what is offered at most."""
    slots, base, limits = evs.slots, loads["base"], []
    for d, sign in DIRECTIONS.items():
        flex = sign * (loads[d].forms.coefficient - base.forms.coefficient)
        constant = sign * (loads[d].constant - base.constant)
        capped = offered[d] & (evs.offers[d].p_max < slots.p_max - slots.p_floor)
        limits.append((forms_where(offered[d], -flex), constant[offered[d]]))
        limits.append((forms_where(capped, flex), (evs.offers[d].p_max * KW - constant)[capped]))
    up, down, moves = loads["up"], loads["down"], ~slots.power_is_fixed
    limits.append((forms_where(moves, up.forms.coefficient), (slots.p_max * KW - up.constant)[moves]))
    limits.append((forms_where(moves, -down.forms.coefficient), (down.constant - slots.p_min * KW)[moves]))
    return limits


def _energy_limits(slots: Slots, tied: BoolArray) -> Limits:
    """The battery at the upper edge and the minimum-energy curve at the lower one, only where they can bind."""
    lower, upper = np.zeros((len(slots), 5)), np.zeros((len(slots), 5))
    lower[:, LOWER + 2] = upper[:, UPPER + 2] = 1.0
    filled = ~slots.pinned & (slots.e_most > slots.e_max)
    owing = ~slots.pinned & (slots.e_min > slots.e_least)
    least = np.where(tied[:, None], upper, lower)
    return [
        (forms_where(filled, upper), slots.e_max[filled] * KW),
        (forms_where(owing, -least), -slots.e_min[owing] * KW),
    ]


def _box(slots: Slots, tied: BoolArray) -> tuple[FloatArray, FloatArray]:
    low, high = np.zeros((len(slots), 3)), np.zeros((len(slots), 3))
    most = np.minimum(slots.e_most, slots.e_max) * KW
    low[:, [LOWER, UPPER]] = (np.minimum(slots.e_least, slots.e_max) * KW)[:, None]
    high[:, [LOWER, UPPER]] = most[:, None]
    low[tied, LOWER] = high[tied, LOWER]
    low[slots.pinned, UPPER] = high[slots.pinned, UPPER]
    low[:, PLAN], high[:, PLAN] = slots.p_floor * KW, slots.p_max * KW
    return low, high


def _start(slots: Slots, tied: BoolArray, width: float) -> FloatArray:
    """Lower edge: constant charging in every stay; upper edge: the same towards a share of what more there is room for.

    With a width of 0 nothing draws less at its peak.
    """
    least, most = np.maximum(slots.e_least, slots.e_min), np.minimum(slots.e_most, slots.e_max)
    _, stay, n = np.unique(slots.stay, return_inverse=True, return_counts=True)
    first = np.cumsum(n) - n
    done = (np.arange(len(slots)) - first[stay] + 1.0) / n[stay] if len(n) else np.empty(0)
    last = (first + n - 1)[stay] if len(n) else np.empty(0, dtype=np.int64)
    begin = (slots.e_least - slots.energy_per_p * slots.p_floor)[first][stay] if len(n) else np.empty(0)

    def charged_evenly(e_end: FloatArray) -> FloatArray:
        return np.clip(begin + done * (e_end[last] - begin), least, np.maximum(most, least))

    lower = np.where(slots.pinned, most, charged_evenly(least))
    upper = np.where(slots.pinned, most, lower + width * (charged_evenly(most) - lower))
    x = np.zeros((len(slots), 3))
    x[:, LOWER], x[:, UPPER] = np.where(tied, most, lower) * KW, upper * KW
    load = 0.5 * (power_between(slots, LOWER, 2).kw(x) + power_between(slots, UPPER, 2).kw(x))
    x[:, PLAN] = np.clip(load, slots.p_floor * KW, slots.p_max * KW)
    return x


def _energies(slots: Slots, load: FloatArray) -> FloatArray:
    """Energies at the end of every slot with these loads throughout, MWh; for the check apart from what it checks."""
    e = np.empty(len(slots))
    for i in range(len(slots)):  # in order of time within each chain
        before = e[slots.previous[i]] if slots.previous[i] >= 0 else 0.0
        e[i] = before + slots.e_offset[i] + slots.energy_per_p[i] * load[i]
    return e


def _edges(slots: Slots, schedule: Schedule) -> tuple[FloatArray, FloatArray]:
    """Energies at the lower and at the upper edge."""
    at = (slots.period, slots.ev)
    return _energies(slots, schedule.load("down")[at]), _energies(slots, schedule.load("up")[at])


def band_point(evs: Units, schedule: Schedule) -> FloatArray:
    """A schedule as a point of the chain, MW and MWh [n_slot, 3]."""
    return np.stack([*_edges(evs.slots, schedule), schedule.p[evs.slots.period, evs.slots.ev]], axis=1)


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
    p = schedule.p[at]
    room = {"up": slots.p_max - p, "down": p - slots.p_min}
    flex, tied = {}, is_tied(slots)
    for d in DIRECTIONS:
        most = np.where(evs.offers[d].offered & ~tied, np.minimum(room[d], evs.offers[d].p_max), 0.0)
        flex[d] = np.clip(schedule.flex(d)[at], 0.0, np.maximum(most, 0.0))
    e = _energies(slots, p)
    share = np.ones(int(slots.ev.max(initial=-1)) + 1)
    for d, sign, limit in (("up", 1.0, slots.e_max), ("down", -1.0, slots.e_min)):
        moved = sign * (_energies(slots, p + sign * flex[d]) - e)
        left = np.maximum(sign * (limit - e), 0.0)
        np.minimum.at(share, slots.ev, np.where(moved > left, left / np.where(moved > 0.0, moved, 1.0), 1.0))
    nothing = np.zeros_like(schedule.p)
    values: dict[str, Any] = {"p": schedule.p, "e": schedule.e, "p_up": nothing, "p_down": nothing.copy()}
    for d in DIRECTIONS:
        values[f"p_{d}"][at] = flex[d] * share[slots.ev]
    return Schedule(**values)


def band_reasons(evs: Units, schedule: Schedule, direction: str, binding: float) -> ObjectArray:
    """Which of the EV's own limits binds in each slot, "" when none does: energies bind before they are reached."""
    slots, at = evs.slots, (evs.slots.period, evs.slots.ev)
    p, flex = schedule.p[at], schedule.flex(direction)[at]
    lower, upper = _edges(slots, schedule)
    e_scale = binding * slots.energy_per_p * slots.p_max
    room = slots.e_max - upper if direction == "up" else lower - slots.e_min
    meets = room <= e_scale
    for i in range(len(slots) - 1, 0, -1):
        if slots.previous[i] >= 0:
            meets[slots.previous[i]] |= meets[i]

    def binds(left: FloatArray) -> BoolArray:
        return left <= binding * slots.p_max

    capped = binds(evs.offers[direction].p_max - flex)
    if direction == "up":
        conditions = [binds(slots.p_max - p - flex) | capped, meets]
        names = ["max_p_mw", "battery full"]
    else:
        conditions = [binds(p - slots.p_min), binds(p - flex - slots.p_min), capped, meets]
        names = ["nothing scheduled", "all scheduled power", "max_p_mw", "must leave charged"]
    return np.select(conditions, names, default="").astype(object)
