r"""Bands for any sequence of calls as forms, in kW and kWh.

An operator may set any load between D and T in every period, unannounced. What is in the batteries then lies between
two energies, that of a car kept at its lower edge throughout and that of one kept at its upper edge:

.. math::

    E^{D}_t = E^{D}_{t-1} + \eta\Delta T\, D_t \ge E_{min,t}, \qquad
    E^{T}_t = E^{T}_{t-1} + \eta\Delta T\, T_t \le E_{max}, \qquad
    P_{min} \le D \le P_{ch} \le T \le P_{max}

Columns are both energies and the plan P_ch. Where a direction is not offered, its edge is the plan. A car that must
leave full has no band before that: any call would change what it leaves with.

What feeds in with losses has its lower edge D in a column of its own, and what such a slot adds to the lower energy is
the lesser of two forms:

.. math::

    E^{D}_t - E^{D}_{t-1} \le \eta\Delta T\, D_t, \qquad E^{D}_t - E^{D}_{t-1} \le \Delta T\, D_t / \eta_d

The upper energy keeps :math:`\eta` for both signs: exact for charging and more than there is after feeding in, so that
no battery is overfilled. A car that must leave full can then feed in nothing before that.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.elements.chain import KW, Chain, Loads
from pandapower_evflex.elements.ev_forms import Limits, chain_over, forms_where, power_between
from pandapower_evflex.elements.ev_slots import Slots, Units
from pandapower_evflex.scenarios import DIRECTIONS
from pandapower_evflex.solvers.chains.forms import Forms

#: columns of x
LOWER, UPPER, PLAN, EDGE = 0, 1, 2, 3
N_STATES = 2
#: controls: the plan, and the load of an edge that no state gives; that of kinds with fewer columns first
CONTROLS: tuple[str, ...] = ("load", "edge")
#: width of the band at the start, as a share of the range of the energy
START_WIDTH = 0.6


def band_chain_of(evs: Units) -> Chain:
    """The edges, the plan between them, and the reward of (4)."""
    slots, tied = evs.slots, is_tied(evs.slots)
    offered = {d: evs.offers[d].offered & ~tied for d in DIRECTIONS}
    loses = slots.loses & ~tied
    one_energy = tied | ~(offered["up"] | offered["down"] | loses)
    n_controls = 2 if loses.any() else 1
    loads = _loads(slots, one_energy, loses, offered, n_controls)
    limits = [*_power_limits(evs, loads, offered), *_energy_limits(slots, one_energy, loses, loads)]
    low, high = _box(slots, one_energy, loses, n_controls)
    return chain_over(
        evs,
        limits,
        states=("energy_lower", "energy_upper"),
        controls=CONTROLS[:n_controls],
        free=np.stack([~slots.pinned & ~one_energy, ~slots.pinned], axis=1),
        low=low,
        high=high,
        start=_start(slots, one_energy, loses, n_controls, START_WIDTH),
        quiet=_start(slots, one_energy, loses, n_controls, 0.0),
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


def _loads(
    slots: Slots, one_energy: BoolArray, loses: BoolArray, offered: Mapping[str, BoolArray], n_controls: int
) -> dict[str, Loads]:
    """Lower and upper edge from their energies; the plan is a column of its own where both are offered."""
    lower, upper = _power_between(slots, LOWER, n_controls), _power_between(slots, UPPER, n_controls)
    moves = offered["up"] | offered["down"]
    lower = _chosen(loses & moves, _column(slots, EDGE, n_controls), _chosen(loses & ~moves, upper, lower))
    down = _chosen(~one_energy, lower, upper)
    base = _chosen(offered["up"], lower, upper)
    base = _chosen(offered["up"] & offered["down"], _column(slots, PLAN, n_controls), base)
    return {"base": base, "up": upper, "down": down}


def _power_between(slots: Slots, state: int, n_controls: int) -> Loads:
    load = power_between(slots, state, N_STATES)
    return Loads(Forms(load.forms.slot, np.pad(load.forms.coefficient, ((0, 0), (0, n_controls - 1)))), load.constant)


def _column(slots: Slots, column: int, n_controls: int) -> Loads:
    """A load that is a column of x, where there is one."""
    coefficient = np.zeros((len(slots), 2 * N_STATES + n_controls))
    coefficient[:, N_STATES + column : N_STATES + column + 1] = 1.0
    return Loads(Forms(np.arange(len(slots)), coefficient), np.zeros(len(slots)))


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
    p_min = np.where(is_tied(slots) & slots.loses, 0.0, slots.p_min)
    limits.append((forms_where(moves, up.forms.coefficient), (slots.p_max * KW - up.constant)[moves]))
    limits.append((forms_where(moves, -down.forms.coefficient), (down.constant - p_min * KW)[moves]))
    return limits


def _energy_limits(slots: Slots, one_energy: BoolArray, loses: BoolArray, loads: Mapping[str, Loads]) -> Limits:
    """The battery at the upper edge and the minimum-energy curve at the lower one, only where they can bind.

    With losses, what the lower energy may gain in both forms.
    """
    down = loads["down"]
    lower, upper = np.zeros_like(down.forms.coefficient), np.zeros_like(down.forms.coefficient)
    lower[:, LOWER + N_STATES] = upper[:, UPPER + N_STATES] = 1.0
    filled = ~slots.pinned & (slots.e_most > slots.e_max)
    owing = ~slots.pinned & ((slots.e_min > slots.e_least) | loses)
    least = np.where(one_energy[:, None], upper, lower)
    limits = [
        (forms_where(filled, upper), slots.e_max[filled] * KW),
        (forms_where(owing, -least), -slots.e_min[owing] * KW),
    ]
    gain = lower.copy()
    gain[:, LOWER] = np.where(slots.previous >= 0, -1.0, 0.0)
    for energy_per_p in (slots.energy_per_p, slots.energy_per_discharge):
        most = slots.e_offset * KW + energy_per_p * down.constant
        limits.append((forms_where(loses, gain - energy_per_p[:, None] * down.forms.coefficient), most[loses]))
    return limits


def _box(slots: Slots, one_energy: BoolArray, loses: BoolArray, n_controls: int) -> tuple[FloatArray, FloatArray]:
    low, high = (np.zeros((len(slots), N_STATES + n_controls)) for _ in range(2))
    most = np.minimum(slots.e_most, slots.e_max) * KW
    low[:, [LOWER, UPPER]] = (np.minimum(slots.e_least, slots.e_max) * KW)[:, None]
    high[:, [LOWER, UPPER]] = most[:, None]
    low[loses, LOWER] = np.minimum(slots.e_least, slots.e_min)[loses] * KW
    low[one_energy, LOWER] = high[one_energy, LOWER]
    low[slots.pinned, UPPER] = high[slots.pinned, UPPER]
    low[:, PLAN], high[:, PLAN] = slots.p_floor * KW, slots.p_max * KW
    if n_controls > 1:
        low[:, EDGE], high[:, EDGE] = (np.where(loses, p, 0.0) * KW for p in (slots.p_floor, slots.p_max))
    return low, high


def _start(slots: Slots, one_energy: BoolArray, loses: BoolArray, n_controls: int, width: float) -> FloatArray:
    """Lower edge: constant charging in every stay; upper edge: the same towards a share of what more there is room for.

    With a width of 0 nothing draws less at its peak.
    """
    least, most = np.maximum(slots.e_least, slots.e_min), np.minimum(slots.e_most, slots.e_max)
    _, stay, n = np.unique(slots.stay, return_inverse=True, return_counts=True)
    first = np.cumsum(n) - n
    done = (np.arange(len(slots)) - first[stay] + 1.0) / n[stay] if len(n) else np.empty(0)
    last = (first + n - 1)[stay] if len(n) else np.empty(0, dtype=np.int64)
    begin = (slots.e_least - slots.energy_of(slots.p_floor))[first][stay] if len(n) else np.empty(0)

    def charged_evenly(e_end: FloatArray) -> FloatArray:
        return np.clip(begin + done * (e_end[last] - begin), least, np.maximum(most, least))

    lower = np.where(slots.pinned, most, charged_evenly(least))
    upper = np.where(slots.pinned, most, lower + width * (charged_evenly(most) - lower))
    x = np.zeros((len(slots), N_STATES + n_controls))
    x[:, LOWER], x[:, UPPER] = np.where(one_energy, most, lower) * KW, upper * KW
    loads = [_power_between(slots, state, n_controls).kw(x) for state in (LOWER, UPPER)]
    x[:, PLAN] = np.clip(0.5 * (loads[0] + loads[1]), slots.p_floor * KW, slots.p_max * KW)
    if n_controls > 1:
        x[:, EDGE] = np.where(loses, np.clip(loads[0], slots.p_floor * KW, slots.p_max * KW), 0.0)
    return x
