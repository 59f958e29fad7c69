"""What the chains of EVs share, whatever is promised: the record's common fields, and (17) as a form."""

from __future__ import annotations

from typing import Any

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.elements.chain import KW, Chain, Loads
from pandapower_evflex.elements.ev_slots import Slots, Units
from pandapower_evflex.scenarios import DIRECTIONS
from pandapower_evflex.solvers.chains.forms import Forms

#: forms and what each must not exceed
Limits = list[tuple[Forms, FloatArray]]


def chain_over(evs: Units, limits: Limits, **own: Any) -> Chain:
    """A chain over the slots of the EVs; ``own`` are the fields of `Chain` that a promise decides."""
    slots, follows = evs.slots, evs.slots.previous >= 0
    assert np.array_equal(slots.previous[follows], np.flatnonzero(follows) - 1)
    return Chain(
        bus_row=evs.bus_row,
        tan_phi=np.broadcast_to(evs.tan_phi, evs.fixed_p.shape),
        fixed_p=evs.fixed_p,
        unit=slots.ev,
        period=slots.period,
        follows=follows,
        limits=Forms.join([forms for forms, _ in limits]),
        bound=np.concatenate([b for _, b in limits]),
        weight={d: evs.offers[d].weight for d in DIRECTIONS},
        p_max=slots.p_max,
        **own,
    )


def power_between(slots: Slots, state: int, n_states: int) -> Loads:
    """(17), solved for the load that leads from one energy to the next; slots have three columns, states among them."""
    per_energy = 1.0 / slots.energy_per_p
    coefficient = np.zeros((len(slots), n_states + 3))
    coefficient[:, state] = np.where(slots.previous >= 0, -per_energy, 0.0)
    coefficient[:, state + n_states] = per_energy
    return Loads(Forms(np.arange(len(slots)), coefficient), -slots.e_offset * KW * per_energy)


def forms_where(chosen: BoolArray, coefficient: FloatArray) -> Forms:
    """Forms of the chosen slots, from coefficients of all [n_slot, n_column]."""
    return Forms(np.flatnonzero(chosen), coefficient[chosen])
