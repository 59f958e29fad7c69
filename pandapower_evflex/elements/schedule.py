"""Loads and states of all units over the periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.scenarios import DIRECTIONS

_POWERS = ("p", "p_up", "p_down", "e")


@dataclass(frozen=True)
class Schedule:
    """Powers [n_period, n_unit] in MW and states, energies in MWh (nan while away, or where there is none).

    ``q`` holds by activation the reactive load [Mvar] beside what follows the active power; {} where there is none.
    """

    p: FloatArray
    p_up: FloatArray
    p_down: FloatArray
    e: FloatArray
    q: Mapping[str, FloatArray] = field(default_factory=dict)

    def load(self, activation: str, since: int = 0) -> FloatArray:
        """Load under full activation, ``since`` periods after the activation began; it is held until then.

        Only cyclic days have activations that go round the horizon.
        """
        if activation == "base":
            return self.p
        return self.p + DIRECTIONS[activation] * np.roll(self.flex(activation), since, axis=0)

    def flex(self, direction: str) -> FloatArray:
        return {"up": self.p_up, "down": self.p_down}[direction]

    def reactive(self, activation: str) -> FloatArray | float:
        """Reactive load beside what follows the active power, Mvar."""
        return self.q.get(activation, 0.0)

    def of(self, units: slice) -> Schedule:
        q = {activation: values[:, units] for activation, values in self.q.items()}
        return Schedule(**{name: getattr(self, name)[:, units] for name in _POWERS}, q=q)

    def from_period(self, first: int) -> Schedule:
        """The rest of the day."""
        q = {activation: values[first:] for activation, values in self.q.items()}
        return Schedule(**{name: getattr(self, name)[first:] for name in _POWERS}, q=q)

    @classmethod
    def joined(cls, parts: Sequence[Schedule]) -> Schedule:
        """Units one after the other."""
        names = dict.fromkeys(activation for part in parts for activation in part.q)
        q = {
            name: np.concatenate([part.q.get(name, np.zeros(part.p.shape)) for part in parts], axis=1) for name in names
        }
        powers = {name: np.concatenate([getattr(part, name) for part in parts], axis=1) for name in _POWERS}
        return cls(**powers, q=q)
