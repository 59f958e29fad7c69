r"""Equations of EVs whose activations are held for k periods, as forms in kW and kWh.

Columns are the energy E at the end of the period, and the powers u and d by which an activation that begins in the
period is above and below the schedule, for all of its k periods. With :math:`P_s = (E_s - E_{s-1}) / \eta\Delta T`,
for the periods s = t .. t + k - 1 of an activation that begins in t:

.. math::

    P_s + u_t \le P_{max},\ 0 \le u_t \le \bar P_{up}              & \qquad (23) \\
    E_{t+k-1} + k\,\eta\Delta T\, u_t \le E_{max}                   & \qquad (22) \\
    P_s - d_t \ge \min(P_{min}, 0),\ 0 \le d_t \le \bar P_{down}                   & \qquad (21) \\
    E_s - (s - t + 1)\,\eta\Delta T\, d_t \ge E_{min,s}             & \qquad (24)

(22) is asked at the end only where E does not fall and E_max does not rise. With k = 1 these are the equations of
`ev_chain.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.elements.chain import KW, Chain, Loads
from pandapower_evflex.elements.ev_forms import Limits, chain_over
from pandapower_evflex.elements.ev_slots import Slots, Units
from pandapower_evflex.scenarios import DIRECTIONS, rows_of
from pandapower_evflex.solvers.chains.forms import Forms

#: columns of x
ENERGY, UP, DOWN = 0, 1, 2
CONTROLS = {"up": UP, "down": DOWN}
#: share of the range of the energy at which a start lies; share of P_max that is activated there
START_ENERGY, START_FLEX = 0.3, {"up": 1.0, "down": 0.1}


def held_chain(evs: Units) -> Chain:
    """The equations, and the reward of (4); windows with a slot whose energy no schedule can choose offer nothing."""
    slots = evs.slots
    movable = evs.fits.copy()
    for after in range(min(evs.duration, len(slots))):
        movable[: len(slots) - after] &= ~slots.pinned[after:]
    offered = {d: evs.offered(d) & movable for d in DIRECTIONS}
    limits = [*_schedule_limits(evs)]
    for d in DIRECTIONS:
        limits += _activation_limits(evs, d, np.flatnonzero(offered[d]))
    low, high, start, quiet = _ranges(slots, offered)
    rows = rows_of(("base", "up", "down"), evs.duration)
    return chain_over(
        evs,
        limits,
        states=("energy",),
        controls=("up", "down"),
        free=~slots.pinned[:, None],
        low=low,
        high=high,
        start=start,
        quiet=quiet,
        loads={row.load: _loads(evs, row.activation, row.since, offered) for row in rows},
        offered=offered,
        p_min=slots.p_floor,
    )


def _energy(after: int) -> int:
    """Column of a form for the energy at the end of the slot so many slots after its own; -1: of the slot before."""
    return after + 1 if after <= 0 else 3 + after


def _power(evs: Units, at: IntArray, after: int) -> tuple[FloatArray, FloatArray]:
    """P of the slots ``after`` the given ones: coefficients of forms of the given ones, and constant [kW]."""
    slots, own = evs.slots, at + after
    coefficient = np.zeros((len(at), 3 + evs.duration))
    per_energy = 1.0 / slots.energy_per_p[own]
    coefficient[:, _energy(after - 1)] = np.where(slots.previous[own] >= 0, -per_energy, 0.0)
    coefficient[:, _energy(after)] = per_energy
    return coefficient, -slots.e_offset[own] * KW * per_energy


def _forms(evs: Units, at: IntArray, coefficient: FloatArray) -> Forms:
    return Forms(at, coefficient, evs.duration - 1)


def _loads(evs: Units, activation: str, since: int, offered: Mapping[str, BoolArray]) -> Loads:
    """Load of every slot where an activation began so many slots before, that of the schedule elsewhere."""
    every = np.arange(len(evs.slots))
    at, (coefficient, constant) = every.copy(), _power(evs, every, 0)
    if activation != "base":
        begun = np.flatnonzero(offered[activation])
        active = begun + since
        at[active] = begun
        coefficient[active], constant[active] = _power(evs, begun, since)
        coefficient[active, 1 + CONTROLS[activation]] = DIRECTIONS[activation]
    return Loads(_forms(evs, at, coefficient), constant)


def _schedule_limits(evs: Units) -> Limits:
    """(18) to (20) of the schedule itself, where it can be chosen."""
    slots = evs.slots
    moves, free = np.flatnonzero(~slots.power_is_fixed), ~slots.pinned
    power, constant = _power(evs, moves, 0)
    limits = [
        (_forms(evs, moves, power), slots.p_max[moves] * KW - constant),
        (_forms(evs, moves, -power), constant - slots.p_min[moves] * KW),
    ]
    for chosen, sign, b in (
        (free & (slots.e_most > slots.e_max), 1.0, slots.e_max),
        (free & (slots.e_min > slots.e_least), -1.0, -slots.e_min),
    ):
        energy = np.zeros((int(chosen.sum()), 3 + evs.duration))
        energy[:, _energy(0)] = sign
        limits.append((_forms(evs, np.flatnonzero(chosen), energy), b[chosen] * KW))
    return limits


def _activation_limits(evs: Units, direction: str, begun: IntArray) -> Limits:
    """(21) to (24) of the activations that begin in the given slots."""
    slots, sign, column = evs.slots, DIRECTIONS[direction], 1 + CONTROLS[direction]
    limits: Limits = []
    for after in range(evs.duration):
        power, constant = _power(evs, begun, after)
        power *= sign
        power[:, column] = 1.0
        own = begun + after
        most = (slots.p_max[own] if direction == "up" else -slots.p_floor[own]) * KW
        limits.append((_forms(evs, begun, power), most - sign * constant))
    flex = np.zeros((len(begun), 3 + evs.duration))
    flex[:, column] = 1.0
    cap = evs.offers[direction].p_max[begun]
    capped = cap < (slots.p_max - slots.p_floor)[begun]
    limits.append((_forms(evs, begun, -flex), np.zeros(len(begun))))
    limits.append((_forms(evs, begun[capped], flex[capped]), cap[capped] * KW))
    at_the_end = direction == "up" and not (slots.p_floor < 0.0).any() and not _rises(slots)
    for after in range(evs.duration - 1 if at_the_end else 0, evs.duration):
        own = begun + after
        e_limit = slots.e_max[own] if direction == "up" else -slots.e_min[own]
        tight = slots.e_most[own] > slots.e_max[own] if direction == "up" else slots.e_min[own] > slots.e_least[own]
        energy = np.zeros((len(begun), 3 + evs.duration))
        energy[:, _energy(after)] = sign
        energy[:, column] = (after + 1) * slots.energy_per_p[begun]
        limits.append((_forms(evs, begun[tight], energy[tight]), e_limit[tight] * KW))
    return limits


def _rises(slots: Slots) -> bool:
    """Whether more may be stored later than before: loads, which may be advanced."""
    follows = np.flatnonzero(slots.previous >= 0)
    return bool((slots.e_max[follows] > slots.e_max[slots.previous[follows]]).any())


def _ranges(slots: Slots, offered: Mapping[str, BoolArray]) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Box that contains every feasible x, and starts between the extremes, with flexibility and without [n_slot, 3]."""
    n = len(slots)
    low, high, start = np.zeros((n, 3)), np.zeros((n, 3)), np.zeros((n, 3))
    least, most = np.maximum(slots.e_least, slots.e_min), np.minimum(slots.e_most, slots.e_max)
    high[:, ENERGY] = most * KW
    low[:, ENERGY] = np.where(slots.pinned, most, np.minimum(slots.e_least, slots.e_max)) * KW
    start[:, ENERGY] = np.where(slots.pinned, most, least + START_ENERGY * (most - least)) * KW
    quiet = start.copy()
    for d, column in CONTROLS.items():
        high[:, column] = np.where(offered[d], (slots.p_max - slots.p_floor) * KW, 0.0)
        start[:, column] = START_FLEX[d] * high[:, column]
    return low, high, start, quiet
