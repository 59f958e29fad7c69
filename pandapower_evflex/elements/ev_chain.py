r"""Equations (17) to (24) of the EVs as forms, in kW and kWh.

Columns are the energy E at the end of the period, the load T = P_ch + P_up in scenario "up" and D = P_ch - P_down in
scenario "down" (only where offered). The charging power is no variable: (17) gives it as
:math:`P_{ch} = (E_t - E_{t-1}) / \eta\Delta T`. With it the paper's constraints read

.. math::

    0 \le T - P_{ch} \le \bar P_{up},\ T \le P_{max}         & \qquad (23) \\
    E_{t-1} + \eta\Delta T\, T \le E_{max}                   & \qquad (22) \\
    0 \le P_{ch} - D \le \bar P_{down},\ D \ge \min(P_{min}, 0)   & \qquad (21) \\
    E_{t-1} + \eta\Delta T\, D \ge E_{min,t}                 & \qquad (24)

and imply (18) and (20) where both directions are offered; where one is not, its limit falls on the schedule itself.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.elements.chain import KW, Chain, Loads
from pandapower_evflex.elements.ev_forms import Limits, chain_over, forms_where, power_between
from pandapower_evflex.elements.ev_slots import EvCase, Slots
from pandapower_evflex.scenarios import DIRECTIONS
from pandapower_evflex.solvers.chains.forms import Forms

#: columns of x
ENERGY, UP, DOWN = 0, 1, 2
#: share of the range of the energy at which a start lies; share of P_max that it draws in scenario "down"
START_ENERGY, START_DOWN = 0.3, 0.2


def chain_of(evs: EvCase) -> Chain:
    """(17) to (24), and the reward of (4); slots whose energy no schedule can choose offer nothing."""
    slots = evs.slots
    offered = {d: evs.offers[d].offered & ~slots.pinned for d in DIRECTIONS}
    charging = power_between(slots, ENERGY, 1)
    loads = {
        "base": charging,
        "up": _activated(charging, offered["up"], UP),
        "down": _activated(charging, offered["down"], DOWN),
    }
    limits = [*_power_limits(evs, charging, loads, offered), *_energy_limits(slots, offered)]
    low, high, start = _ranges(slots, offered)
    quiet = start.copy()
    quiet[:, [UP, DOWN]] = low[:, [UP, DOWN]]
    return chain_over(
        evs,
        limits,
        states=("energy",),
        controls=("load_up", "load_down"),
        free=~slots.pinned[:, None],
        low=low,
        high=high,
        start=start,
        quiet=quiet,
        loads=loads,
        offered=offered,
        p_min=slots.p_floor,
    )


def _activated(charging: Loads, offered: BoolArray, column: int) -> Loads:
    """A variable of its own where flexibility is offered, the charging power elsewhere."""
    coefficient = charging.forms.coefficient.copy()
    coefficient[offered] = 0.0
    coefficient[offered, column + 1] = 1.0
    return Loads(Forms(charging.forms.slot, coefficient), np.where(offered, 0.0, charging.constant))


def _power_limits(evs: EvCase, charging: Loads, loads: Mapping[str, Loads], offered: Mapping[str, BoolArray]) -> Limits:
    """(20), (21), (23)"""
    slots, limits = evs.slots, []
    for d, sign in DIRECTIONS.items():
        chosen = offered[d]
        flex = sign * (loads[d].forms.coefficient - charging.forms.coefficient)
        flex_constant = sign * (loads[d].constant - charging.constant)
        limits.append((forms_where(chosen, -flex), flex_constant[chosen]))
        capped = chosen & (evs.offers[d].p_max < slots.p_max - slots.p_floor)
        cap = evs.offers[d].p_max * KW - flex_constant
        limits.append((forms_where(capped, flex), cap[capped]))
    least = loads["down"].forms
    limits.append((loads["up"].forms, slots.p_max * KW - loads["up"].constant))
    limits.append((Forms(least.slot, -least.coefficient), loads["down"].constant - slots.p_floor * KW))
    asked = slots.p_min > 0.0
    limits.append((forms_where(asked, -charging.forms.coefficient), (charging.constant - slots.p_min * KW)[asked]))
    moves = ~slots.power_is_fixed
    return [(forms.of(moves[forms.slot]), b[moves[forms.slot]]) for forms, b in limits]


def _energy_limits(slots: Slots, offered: Mapping[str, BoolArray]) -> Limits:
    """(18), (19), (22), (24), only where they can bind and nothing else implies them."""
    n = len(slots)
    energy = np.zeros((n, 4))
    energy[:, 1] = 1.0
    activated = {d: np.zeros((n, 4)) for d in DIRECTIONS}
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
        limits.append((forms_where(chosen, coefficient), b[chosen] * KW))
    return limits


def _ranges(slots: Slots, offered: Mapping[str, BoolArray]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Box that contains every feasible x, and a start between the extremes [n_slot, 3]."""
    n, p_max, p_floor = len(slots), slots.p_max * KW, slots.p_floor * KW
    low, high, start = np.zeros((n, 3)), np.zeros((n, 3)), np.zeros((n, 3))
    low[:, ENERGY] = np.minimum(slots.e_least, slots.e_max) * KW
    high[:, ENERGY] = np.minimum(slots.e_most, slots.e_max) * KW
    low[slots.pinned, ENERGY] = high[slots.pinned, ENERGY]
    least, most = np.maximum(slots.e_least, slots.e_min), np.minimum(slots.e_most, slots.e_max)
    start[:, ENERGY] = np.where(slots.pinned, most, least + START_ENERGY * (most - least)) * KW
    for d, column, share in (("up", UP, 1.0), ("down", DOWN, START_DOWN)):
        low[:, column] = np.where(offered[d], p_floor, 0.0)
        high[:, column] = np.where(offered[d], p_max, 0.0)
        start[:, column] = low[:, column] + share * (high[:, column] - low[:, column])
    return low, high, start
