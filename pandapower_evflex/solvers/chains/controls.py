r"""Controls of single slots eliminated, all slots at once: :math:`M_{CC} = L D L^T` of every slot.

Slots run along the last axis of every array here; the first are (states before, states) and the controls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import FloatArray, IntArray
from pandapower_evflex.solvers.chains.kernels import ROUNDING


@dataclass(frozen=True)
class Controls:
    """Factors of the controls.

    Parameters
    ----------
    low : float [k, k, n_slot]        L below its diagonal of ones
    inverse : float [k, n_slot]       of D; 0 where no form touches the control, which stays 0
    states : float [k, 2 m, n_slot]   L^-1 M_CS
    """

    low: FloatArray
    inverse: FloatArray
    states: FloatArray

    @classmethod
    def eliminated(cls, m: FloatArray, first: int) -> Controls:
        """From the lower triangles m [2 m + k, 2 m + k, n_slot]; controls are the rows from ``first`` on."""
        a, states = m[first:, first:].copy(), m[first:, :first].copy()
        inverse = np.zeros((len(a), m.shape[2]))
        for q in range(len(a)):
            held = a[q, q] > 0.0
            least = ROUNDING * a[q, q]
            for p in range(q):  # L D first
                for h in range(p):
                    a[q, p] -= a[q, h] * a[p, h]
                states[q] -= a[q, p] * inverse[p] * states[p]
            for p in range(q):
                share = a[q, p] * inverse[p]
                a[q, q] -= share * a[q, p]
                a[q, p] = share
            np.divide(1.0, np.maximum(a[q, q], least), out=inverse[q], where=held)
            a[q, :q, ~held] = 0.0
            states[q, :, ~held] = 0.0
        return cls(a, inverse, states)

    def reduced(self, m_states: FloatArray) -> FloatArray:
        """M_SS less what the controls take away, [2 m, 2 m, n_slot]; the lower triangles."""
        reduced = m_states.copy()
        for a, inverse in zip(self.states, self.inverse, strict=True):
            reduced -= (a * inverse)[:, None] * a
        return reduced

    def forward(self, r: FloatArray) -> FloatArray:
        """Turns r [k, n_slot] into L^-1 r, and returns what the right side of the states loses, [2 m, n_slot]."""
        lost = np.zeros(self.states.shape[1:])
        for q in range(len(r)):
            for p in range(q):
                r[q] -= self.low[q, p] * r[p]
            lost += self.states[q] * (self.inverse[q] * r[q])
        return lost

    def backward(self, r: FloatArray, x_states: FloatArray) -> None:
        """Turns L^-1 r into the controls, given (states before, states) [2 m, n_slot]."""
        for q in range(len(r) - 1, -1, -1):
            r[q] = (r[q] - np.sum(self.states[q] * x_states, axis=0)) * self.inverse[q]
            for p in range(q + 1, len(r)):
                r[q] -= self.low[p, q] * r[p]

    def of_units(self, slot: IntArray, control: IntArray) -> tuple[FloatArray, FloatArray]:
        """Single controls, for W M^-1 W^T: what they are on the states [n_unit, 2 m], and D^-1/2 L^-1 [n_unit, k]."""
        own = np.zeros((len(self.low), len(slot)))
        own[control, np.arange(len(slot))] = 1.0
        of_slots = Controls(self.low[:, :, slot], self.inverse[:, slot], self.states[:, :, slot])
        at = -of_slots.forward(own)
        return at.T, (own * np.sqrt(of_slots.inverse)).T
