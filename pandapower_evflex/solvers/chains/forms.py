"""Linear functions of single slots of a chain, and rows of them that couple chains.

A slot has m states and k controls; x has a row per slot with (states, controls), m + k of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.solvers.chains import kernels


@dataclass(frozen=True)
class Forms:
    """Linear functions of one slot each: slot [n], coefficients on (states before, states, controls) [n, 2 m + k].

    Those on the states before are 0 where the slot follows no other. Where m is 1, forms may see the states of the next
    ``ahead`` slots too: coefficients on these follow, 0 where no such slot is in the chain. All forms of a problem see
    equally far.
    """

    slot: IntArray
    coefficient: FloatArray
    ahead: int = 0

    def __len__(self) -> int:
        return len(self.slot)

    @classmethod
    def none(cls) -> Forms:
        return cls(np.empty(0, dtype=np.int64), np.empty((0, 4)))

    @classmethod
    def join(cls, parts: list[Forms]) -> Forms:
        parts = [part for part in parts if len(part)] or parts[:1]
        slot, coefficient = ([getattr(part, name) for part in parts] for name in ("slot", "coefficient"))
        return cls(np.concatenate(slot), np.concatenate(coefficient), parts[0].ahead)

    def of(self, chosen: IntArray | BoolArray | slice) -> Forms:
        return Forms(self.slot[chosen], self.coefficient[chosen], self.ahead)

    def times(self, factor: FloatArray) -> Forms:
        """Every form times a number of its own."""
        return Forms(self.slot, factor[:, None] * self.coefficient, self.ahead)

    def values(self, x: FloatArray) -> FloatArray:
        """Values of the forms at the point x [n_slot, m + k]."""
        value = np.empty(len(self.slot))
        if len(value):
            kernels.values(*self.for_kernels(x.shape[1]), x, value)
        return value

    def add_transposed(self, y: FloatArray, to: FloatArray) -> None:
        """to += sum of y times the form, [n_slot, m + k]."""
        if len(self.slot):
            kernels.add_transposed(*self.for_kernels(to.shape[1]), y, to)

    def for_kernels(self, width: int) -> tuple[IntArray, FloatArray, IntArray, IntArray]:
        """Slots and coefficients, and what each column is on where x has ``width`` numbers a slot, see `kernels.py`."""
        return self.slot, self.coefficient, *_places(self.coefficient.shape[1], width, self.ahead)


@cache
def _places(n_columns: int, width: int, ahead: int) -> tuple[IntArray, IntArray]:
    """What columns of forms are on, with ``width`` numbers a slot: how many slots behind its own, and which number."""
    n_before, later = max(n_columns - width - ahead, 0), 1 + np.arange(ahead)  # an empty list may have fewer columns
    step = np.concatenate([np.full(n_before, -1), np.zeros(width, dtype=np.int64), later])
    return step, np.concatenate([np.arange(n_before), np.arange(width), 0 * later])


@dataclass(frozen=True)
class Rows:
    """Rows that couple chains: row number of every form, in order."""

    n_rows: int
    row: IntArray
    forms: Forms

    @classmethod
    def none(cls) -> Rows:
        return cls(0, np.empty(0, dtype=np.int64), Forms.none())

    @classmethod
    def join(cls, parts: list[Rows]) -> Rows:
        parts = [part for part in parts if part.n_rows] or parts[:1]
        if len(parts) == 1:
            return parts[0]
        offsets = np.cumsum([0, *[part.n_rows for part in parts]])
        row = np.concatenate([part.row + offset for part, offset in zip(parts, offsets[:-1], strict=True)])
        return cls(int(offsets[-1]), row, Forms.join([part.forms for part in parts]))

    def of(self, chosen: BoolArray) -> Rows:
        """Some of the rows, numbered anew; side by side they are a view."""
        number = np.flatnonzero(chosen)
        if len(number) == self.n_rows:
            return self
        first, last = (number[0], number[-1] + 1) if len(number) else (0, 0)
        if last - first == len(number):
            entries = slice(*np.searchsorted(self.row, (first, last)))
            return Rows(len(number), self.row[entries] - first, self.forms.of(entries))
        of_row = np.cumsum(chosen) - 1
        chosen = chosen[self.row]
        return Rows(len(number), of_row[self.row[chosen]], self.forms.of(chosen))

    def touches_as(self, other: Rows) -> bool:
        """Whether as many rows have forms on the same slots in the same order."""
        mine, others = (self.row, self.forms.slot), (other.row, other.forms.slot)
        return self.n_rows == other.n_rows and all(
            a is b or np.array_equal(a, b) for a, b in zip(mine, others, strict=True)
        )

    def values(self, x: FloatArray) -> FloatArray:
        return np.bincount(self.row, self.forms.values(x), minlength=self.n_rows).astype(float)

    def add_transposed(self, y: FloatArray, to: FloatArray) -> None:
        self.forms.add_transposed(y[self.row], to)
