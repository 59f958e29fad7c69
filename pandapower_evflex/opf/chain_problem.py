"""The EV part of the problem as chains of slots, in kW and kWh: the same equations as in `ev_chain`, as forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.ev_chain import KW, Schedule, objective_scale, offers_of_free_slots, schedule_from_slots
from pandapower_evflex.solvers.chains.problem import ChainProblem
from pandapower_evflex.solvers.chains.system import Forms

#: columns of x
ENERGY, UP, DOWN = 0, 1, 2


@dataclass(frozen=True)
class Loads:
    """EV load of every slot in one scenario: forms, and the part that no variable moves (kW)."""

    forms: Forms
    constant: FloatArray

    def kw(self, x: FloatArray) -> FloatArray:
        return self.forms.values(x) + self.constant


@dataclass(frozen=True)
class EvChains:
    """Problem and loads per scenario ("base" is the charging power); ``scale`` turns the objective into kW."""

    problem: ChainProblem
    loads: Mapping[str, Loads]
    offered: Mapping[str, BoolArray]
    scale: float


def build_chains(case: Case) -> EvChains:
    """(4) and (17) to (24), without the network."""
    slots = case.evs.slots
    n, free = len(slots), ~slots.pinned
    offers = offers_of_free_slots(case)
    offered = {d: offers[d].offered for d in ("up", "down")}
    charging = _charging_power(case)
    loads = {
        "base": charging,
        "up": _activated(charging, offered["up"], UP),
        "down": _activated(charging, offered["down"], DOWN),
    }
    limits = [*_power_limits(case, charging, loads, offered), *_energy_limits(case, offered)]
    scale = objective_scale(offers)
    c, constant = np.zeros((n, 3)), 0.0
    for d, sign in (("up", -1.0), ("down", 1.0)):
        weight = sign * np.where(offered[d], offers[d].weight, 0.0) / scale
        loads[d].forms.add_transposed(weight, c)
        charging.forms.add_transposed(-weight, c)
        constant += float(weight @ (loads[d].constant - charging.constant))
    low, high = np.zeros((n, 3)), np.zeros((n, 3))
    low[:, ENERGY] = np.minimum(slots.e_least, slots.e_max) * KW
    high[:, ENERGY] = np.minimum(slots.e_most, slots.e_max) * KW
    for d, column in (("up", UP), ("down", DOWN)):
        high[:, column] = np.where(offered[d], slots.p_max * KW, 0.0)
    low[~free, ENERGY] = high[~free, ENERGY]
    problem = ChainProblem(
        follows=slots.previous >= 0,
        free=free,
        c=c,
        limits=Forms.join([forms for forms, _ in limits]),
        b=np.concatenate([b for _, b in limits]),
        low=low,
        high=high,
        constant=constant,
    )
    follows = np.flatnonzero(problem.follows)
    assert np.array_equal(slots.previous[follows], follows - 1)
    return EvChains(problem, loads, offered, scale)


def _charging_power(case: Case) -> Loads:
    """(17), solved for P_ch."""
    slots = case.evs.slots
    per_energy = 1.0 / slots.energy_per_p
    coefficient = np.zeros((len(slots), 4))
    coefficient[:, 0] = np.where(slots.previous >= 0, -per_energy, 0.0)
    coefficient[:, 1] = per_energy
    return Loads(Forms(np.arange(len(slots)), coefficient), -slots.e_offset * KW * per_energy)


def _activated(charging: Loads, offered: BoolArray, column: int) -> Loads:
    """A variable of its own where flexibility is offered, the charging power elsewhere."""
    coefficient = charging.forms.coefficient.copy()
    coefficient[offered] = 0.0
    coefficient[offered, column + 1] = 1.0
    return Loads(Forms(charging.forms.slot, coefficient), np.where(offered, 0.0, charging.constant))


def _power_limits(
    case: Case, charging: Loads, loads: Mapping[str, Loads], offered: Mapping[str, BoolArray]
) -> list[tuple[Forms, FloatArray]]:
    """(20), (21), (23)"""
    slots = case.evs.slots
    limits = []
    for d, sign in (("up", 1.0), ("down", -1.0)):
        chosen = offered[d]
        flex = sign * (loads[d].forms.coefficient - charging.forms.coefficient)
        flex_constant = sign * (loads[d].constant - charging.constant)
        limits.append((_where(chosen, -flex), flex_constant[chosen]))
        capped = chosen & (case.evs.offers[d].p_max < slots.p_max)
        cap = case.evs.offers[d].p_max * KW - flex_constant
        limits.append((_where(capped, flex), cap[capped]))
    least = loads["down"].forms
    limits.append((loads["up"].forms, slots.p_max * KW - loads["up"].constant))
    limits.append((Forms(least.slot, -least.coefficient), loads["down"].constant))
    asked = slots.p_min > 0.0
    limits.append((_where(asked, -charging.forms.coefficient), (charging.constant - slots.p_min * KW)[asked]))
    moves = ~slots.power_is_fixed
    return [(forms.of(moves[forms.slot]), b[moves[forms.slot]]) for forms, b in limits]


def _where(chosen: BoolArray, coefficient: FloatArray) -> Forms:
    """Of the chosen slots, coefficients [n_slot, 4]."""
    return Forms(np.flatnonzero(chosen), coefficient[chosen])


def _energy_limits(case: Case, offered: Mapping[str, BoolArray]) -> list[tuple[Forms, FloatArray]]:
    """(18), (19), (22), (24), only where they can bind and nothing else implies them."""
    slots = case.evs.slots
    n = len(slots)
    energy = np.zeros((n, 4))
    energy[:, 1] = 1.0
    activated = {d: np.zeros((n, 4)) for d in ("up", "down")}
    for d, column in (("up", UP), ("down", DOWN)):
        activated[d][:, 0] = np.where(slots.previous >= 0, 1.0, 0.0)
        activated[d][:, column + 1] = slots.energy_per_p
    filled = slots.e_most > slots.e_max
    owing = slots.e_min > slots.e_least
    limits = []
    for chosen, coefficient, b in (
        (offered["up"] & filled, activated["up"], slots.e_max - slots.e_offset),
        (offered["down"] & owing, -activated["down"], slots.e_offset - slots.e_min),
        (~offered["up"] & ~slots.pinned & filled, energy, slots.e_max),
        ((~offered["down"] | slots.is_last) & ~slots.pinned & owing, -energy, -slots.e_min),
    ):
        limits.append((_where(chosen, coefficient), b[chosen] * KW))
    return limits


def start_of(case: Case, chains: EvChains, p_up_kw: FloatArray) -> FloatArray:
    """A start between the extremes, with the given loads in scenario "up"."""
    slots = case.evs.slots
    x = np.zeros((len(slots), 3))
    least, most = np.maximum(slots.e_least, slots.e_min), np.minimum(slots.e_most, slots.e_max)
    x[:, ENERGY] = np.where(slots.pinned, most, least + 0.3 * (most - least)) * KW
    x[:, UP] = np.where(chains.offered["up"], p_up_kw, 0.0)
    x[:, DOWN] = np.where(chains.offered["down"], 0.2 * p_up_kw, 0.0)
    return x


def schedule_at(case: Case, chains: EvChains, x: FloatArray) -> Schedule:
    return schedule_from_slots(case, {name: loads.kw(x) / KW for name, loads in chains.loads.items()})
