"""Loads and states of all units over the periods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.scenarios import DIRECTIONS


@dataclass(frozen=True)
class Schedule:
    """Powers [n_period, n_unit] in MW and states, energies in MWh (nan while away, or where there is none)."""

    p: FloatArray
    p_up: FloatArray
    p_down: FloatArray
    e: FloatArray

    def load(self, activation: str, since: int = 0) -> FloatArray:
        """Load under full activation, ``since`` periods after the activation began; it is held until then.

        Only cyclic days have activations that go round the horizon.
        """
        if activation == "base":
            return self.p
        return self.p + DIRECTIONS[activation] * np.roll(self.flex(activation), since, axis=0)

    def flex(self, direction: str) -> FloatArray:
        return {"up": self.p_up, "down": self.p_down}[direction]

    def of(self, units: slice) -> Schedule:
        return Schedule(*(getattr(self, name)[:, units] for name in self.__dataclass_fields__))

    @classmethod
    def joined(cls, parts: Sequence[Schedule]) -> Schedule:
        """Units one after the other."""
        names = cls.__dataclass_fields__
        return cls(*(np.concatenate([getattr(part, name) for part in parts], axis=1) for name in names))
