"""What every EV could offer if there were no grid: the schedule with the most flexibility, of these the smoothest.

Exact, car by car, without a solver: limits of the battery, minimum-energy curve, chained sessions, caps on offers and
weights that vary are all in it. The sum over cars is an upper bound on what any grid lets them offer.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.elements.ev_slots import Offers, Slots, Units
from pandapower_evflex.scenarios import DIRECTIONS
from pandapower_evflex.solvers.chains import best_states as columns
from pandapower_evflex.solvers.chains.best_states import best_states

#: whole numbers up to which weights are rounded: finer than 1e-11 of the largest weight of a chain
FINEST = 2.0**37


def best_alone(evs: Units) -> dict[str, FloatArray]:
    """Loads per scenario and slot [MW]; NaN where no schedule keeps the limits of an EV."""
    slots = evs.slots
    follows = slots.previous >= 0
    rewarded = {d: evs.offers[d].offered & ~slots.pinned & (evs.offers[d].weight > 0.0) for d in DIRECTIONS}
    table = _table(evs, follows, rewarded)
    state = best_states(table, follows) * slots.energy_per_p
    before = slots.e_offset + np.where(follows, state[slots.previous], 0.0)
    p = (state - before) / slots.energy_per_p
    most = np.minimum(slots.p_max, (slots.e_max - before) / slots.energy_per_p)
    least = np.maximum(_stored(slots, slots.p_floor), (slots.e_min - before) / slots.energy_per_p)
    up = np.minimum(most, p + evs.offers["up"].p_max)
    down = np.maximum(least, p - evs.offers["down"].p_max)
    return {"base": p, "up": np.where(rewarded["up"], up, p), "down": np.where(rewarded["down"], down, p)}


def _table(evs: Units, follows: BoolArray, rewarded: Mapping[str, BoolArray]) -> FloatArray:
    """The slots as `best_states` reads them; one EV has one efficiency, so its energies share one unit.

    Where feeding in loses, powers are what reaches or leaves the store. What an EV offers so is never less.
    """
    slots = evs.slots
    table = np.empty((len(slots), columns.N_COLUMNS))
    pinned = np.minimum(slots.e_most, slots.e_max)
    energies = {
        columns.OFFSET: slots.e_offset,
        columns.LOW: np.where(slots.pinned, pinned, slots.e_min),
        columns.HIGH: np.where(slots.pinned, pinned, slots.e_max),
        columns.E_MIN: slots.e_min,
        columns.E_MAX: slots.e_max,
    }
    for column, energy in energies.items():
        table[:, column] = energy / slots.energy_per_p
    table[:, columns.P_HIGH] = slots.p_max
    for column, p in ((columns.P_LOW, slots.p_min), (columns.P_FLOOR, slots.p_floor)):
        table[:, column] = _stored(slots, p)
    scale = _largest_of_chain(slots, follows, evs.offers, rewarded)
    for d, cap, rank in (("up", columns.CAP_UP, columns.RANK_UP), ("down", columns.CAP_DOWN, columns.RANK_DOWN)):
        table[:, cap] = evs.offers[d].p_max
        table[:, rank] = np.where(rewarded[d], np.rint(FINEST * evs.offers[d].weight / scale), 0.0)
    return table


def _stored(slots: Slots, p: FloatArray) -> FloatArray:
    """What a load adds to the store, as charging power."""
    return slots.energy_of(p) / slots.energy_per_p


def _largest_of_chain(
    slots: Slots, follows: BoolArray, offers: Mapping[str, Offers], rewarded: Mapping[str, BoolArray]
) -> FloatArray:
    """Largest weight of the chain of every slot, 1 where nothing is rewarded."""
    chain: IntArray = np.cumsum(~follows) - 1
    largest = np.zeros(int(chain[-1]) + 1 if len(chain) else 0)
    for d in DIRECTIONS:
        np.maximum.at(largest, chain[rewarded[d]], offers[d].weight[rewarded[d]])
    return np.where(largest > 0.0, largest, 1.0)[chain]
