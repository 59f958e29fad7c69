r"""`ChainSystem` for forms that see the states of several slots: the matrix over the states is banded along a chain.

A held activation of w periods touches the states at their w + 1 edges, and no other activation's. With the controls of
every slot eliminated, what is left over the states of a chain has the half-width w, and its :math:`L D L^T` costs
O(slots w^2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.solvers.chains import banded_kernels
from pandapower_evflex.solvers.chains.forms import Forms, Rows

#: share of all rows from which on a chain is treated as if all of them touched it
MOST = 0.6


class BandedSystem:
    """Solves M x = r and forms W M^-1 W^T.

    Parameters
    ----------
    follows : bool [n_slot]      the state before is that of the slot before; False: a constant
    free : bool [n_slot]         False: the state is fixed
    n_controls : int             k, of every slot
    ahead : int                  of the forms
    """

    def __init__(self, follows: BoolArray, free: BoolArray, n_controls: int, ahead: int) -> None:
        n = len(free)
        self.free, self._seen = free, ahead + 2
        #: place of every column of a form in the matrix of its slot
        self._place = np.array(
            [0, 1, *range(self._seen, self._seen + n_controls), *range(2, self._seen)], dtype=np.int64
        )
        self._m = np.zeros((n, len(self._place), len(self._place)))
        self._band = np.ones((n, ahead + 2))
        self._chain_start = np.append(np.flatnonzero(~follows), n)
        self._shape = (n, 1 + n_controls)
        self._parts: _Parts | None = None

    def factorise(self, forms: Forms, weight: FloatArray) -> None:
        """Factorise M = sum of weight times form times form transposed."""
        self._m[:] = 0.0
        banded_kernels.accumulate(forms.slot, forms.coefficient, self._place, weight, self._m)
        banded_kernels.factorise(self._m, self._seen, self.free, self._band)

    def solve(self, r: FloatArray) -> FloatArray:
        """M^-1 r, [n_slot, 1 + k]."""
        x = r.copy()
        banded_kernels.solve(self._m, self._seen, self.free, self._band, x)
        return x

    def schur(self, rows: Rows, n_wide: int = 0) -> FloatArray:
        """W M^-1 W^T [n_rows, n_rows]; all rows are treated alike, ``n_wide`` of which touch most slots."""
        if self._parts is None or not self._parts.fits(rows):
            self._parts = _Parts.of(rows, self._chain_start)
        parts, schur = self._parts, np.zeros((rows.n_rows, rows.n_rows))
        for entries, own, row, begin, end in parts.chains:
            shape = (end - begin, self._shape[1] - 1, len(own))
            y, x = np.zeros(shape[::2]), np.zeros(shape)
            c = schur if len(own) == rows.n_rows else np.zeros((len(own), len(own)))
            banded_kernels.schur(
                rows.forms.slot[entries], row, rows.forms.coefficient[entries], self._place,
                self._m, self._seen, self.free, self._band, begin, y, x, c,
            )  # fmt: skip
            if c is not schur:
                banded_kernels.add_block(schur, own, c)
        return schur + np.tril(schur, -1).T


@dataclass(frozen=True)
class _Parts:
    """The entries of rows chain by chain; the same for many factorisations.

    Parameters
    ----------
    row, slot : int [n_form]    of the rows that it was made for
    chains : list               per chain: its entries in order of slot, the rows that touch it, the number among these
                                of every entry, first slot, and end
    """

    row: IntArray
    slot: IntArray
    chains: list[tuple[IntArray, IntArray, IntArray, int, int]]

    def fits(self, rows: Rows) -> bool:
        return np.array_equal(rows.row, self.row) and np.array_equal(rows.forms.slot, self.slot)

    @classmethod
    def of(cls, rows: Rows, chain_start: IntArray) -> _Parts:
        order = np.argsort(rows.forms.slot, kind="stable")
        ends = np.searchsorted(rows.forms.slot[order], chain_start)
        chains = []
        for number, (begin, end) in enumerate(zip(chain_start[:-1], chain_start[1:], strict=True)):
            entries = order[ends[number] : ends[number + 1]]
            if len(entries):
                own, row = np.unique(rows.row[entries], return_inverse=True)
                if len(own) > MOST * rows.n_rows:
                    own, row = np.arange(rows.n_rows), rows.row[entries]
                chains.append((entries, own, row.reshape(-1), int(begin), int(end)))
        return cls(rows.row, rows.forms.slot, chains)
