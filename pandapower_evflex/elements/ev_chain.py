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

What feeds in with losses has a column more, the power g that is fed in: charging c and feeding in g of one period give

.. math::

    E_t - E_{t-1} = \eta\Delta T\, c - \Delta T\, g / \eta_d, \qquad P_{ch} = c - g, \qquad c, g \ge 0

which is the least load that leads to :math:`E_t` where one of them is 0, and more load where both are not: energy that
is wasted. (24) is then asked in two forms, with :math:`\eta D` and with :math:`D / \eta_d`.
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
ENERGY, UP, DOWN, FED_IN = 0, 1, 2, 3
#: share of the range of the energy at which a start lies; share of P_max that it draws in scenario "down"
START_ENERGY, START_DOWN = 0.3, 0.2
#: share of the greatest power that it feeds in
START_FED_IN = 0.1


def chain_of(evs: Units) -> Chain:
    """(17) to (24), and the reward of (4); slots whose energy no schedule can choose offer nothing."""
    slots = evs.slots
    offered = {d: evs.offers[d].offered & ~slots.pinned for d in DIRECTIONS}
    charging = power_between(slots, ENERGY, 1)
    own_loads: dict[str, Loads] = {}
    controls: tuple[str, ...] = ("load_up", "load_down")
    if slots.loses.any():
        controls = (*controls, "fed_in")
        own_loads = _charged_and_fed_in(slots, charging)
        charging = difference(*own_loads.values())
    loads = {
        "base": charging,
        "up": _activated(charging, offered["up"], UP),
        "down": _activated(charging, offered["down"], DOWN),
    }
    limits = [*_power_limits(evs, charging, loads, offered), *_energy_limits(slots, offered, charging)]
    limits += _split_limits(slots, own_loads)
    low, high, start = _ranges(slots, offered, len(controls))
    quiet = start.copy()
    quiet[:, [UP, DOWN]] = low[:, [UP, DOWN]]
    return chain_over(
        evs,
        limits,
        states=("energy",),
        controls=controls,
        free=~slots.pinned[:, None],
        low=low,
        high=high,
        start=start,
        quiet=quiet,
        loads={**loads, **own_loads},
        offered=offered,
        p_min=slots.p_floor,
    )


def _charged_and_fed_in(slots: Slots, charging: Loads) -> dict[str, Loads]:
    """c and g of every slot; where nothing is lost, c is their difference."""
    fed_in = np.zeros((len(slots), 5))
    fed_in[slots.loses, 1 + FED_IN] = 1.0
    charged = np.pad(charging.forms.coefficient, ((0, 0), (0, 1)))
    charged[:, 1 + FED_IN] = np.where(slots.loses, slots.energy_per_discharge / slots.energy_per_p, 0.0)
    every = charging.forms.slot
    return {
        "charged": Loads(Forms(every, charged), charging.constant),
        "fed_in": Loads(Forms(every, fed_in), np.zeros(len(slots))),
    }


def difference(one: Loads, other: Loads) -> Loads:
    forms = Forms(one.forms.slot, one.forms.coefficient - other.forms.coefficient)
    return Loads(forms, one.constant - other.constant)


def _split_limits(slots: Slots, own_loads: Mapping[str, Loads]) -> Limits:
    """c and g between none and what the unit can."""
    limits: Limits = []
    for name, load in own_loads.items():
        most = (slots.p_max if name == "charged" else -slots.p_floor) * KW
        limits.append((forms_where(slots.loses, load.forms.coefficient), (most - load.constant)[slots.loses]))
        limits.append((forms_where(slots.loses, -load.forms.coefficient), load.constant[slots.loses]))
    return limits


def _activated(charging: Loads, offered: BoolArray, column: int) -> Loads:
    """A variable of its own where flexibility is offered, the charging power elsewhere."""
    coefficient = charging.forms.coefficient.copy()
    coefficient[offered] = 0.0
    coefficient[offered, column + 1] = 1.0
    return Loads(Forms(charging.forms.slot, coefficient), np.where(offered, 0.0, charging.constant))


def _power_limits(evs: Units, charging: Loads, loads: Mapping[str, Loads], offered: Mapping[str, BoolArray]) -> Limits:
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


def _energy_limits(slots: Slots, offered: Mapping[str, BoolArray], charging: Loads) -> Limits:
    """(18), (19), (22), (24), only where they can bind and nothing else implies them."""
    shape = charging.forms.coefficient.shape
    energy = np.zeros(shape)
    energy[:, 1] = 1.0
    activated = {d: np.zeros(shape) for d in DIRECTIONS}
    for d, column in (("up", UP), ("down", DOWN)):
        activated[d][:, 0] = np.where(slots.previous >= 0, 1.0, 0.0)
        activated[d][:, column + 1] = slots.energy_per_p
    filled = slots.e_most > slots.e_max
    owing = slots.e_min > slots.e_least
    lossy = activated["down"].copy()
    lossy[:, DOWN + 1] = slots.energy_per_discharge
    stands_alone = ~offered["down"] | slots.is_last | slots.loses
    limits = []
    for chosen, coefficient, b in (
        (offered["up"] & filled, activated["up"], slots.e_max - slots.e_offset),
        (offered["down"] & owing, -activated["down"], slots.e_offset - slots.e_min),
        (offered["down"] & owing & slots.loses, -lossy, slots.e_offset - slots.e_min),
        (~offered["up"] & ~slots.pinned & filled, energy, slots.e_max),
        (stands_alone & ~slots.pinned & owing, -energy, -slots.e_min),
    ):
        limits.append((forms_where(chosen, coefficient), b[chosen] * KW))
    return limits


def _ranges(
    slots: Slots, offered: Mapping[str, BoolArray], n_controls: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Box that contains every feasible x, and a start between the extremes [n_slot, 1 + k]."""
    n, p_max, p_floor = len(slots), slots.p_max * KW, slots.p_floor * KW
    low, high, start = (np.zeros((n, 1 + n_controls)) for _ in range(3))
    if n_controls > DOWN:
        high[:, FED_IN] = np.where(slots.loses, -p_floor, 0.0)
        start[:, FED_IN] = START_FED_IN * high[:, FED_IN]
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
