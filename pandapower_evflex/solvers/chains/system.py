r"""Linear algebra of an interior point over EV chains: O(slots) per solve, whatever the number of EVs.

Unknowns are (E, T, D) per slot. A *form* is a linear function of one slot, with coefficients on the energy before, E,
T and D. Sums of weighted squares of forms give a symmetric matrix M in which T and D of a slot are coupled only to the
energies at its two ends. Eliminating them leaves one tridiagonal matrix over the energies, a block per chain:

.. math:: A = M_{EE} - M_{ET} M_{TT}^{-1} M_{TE} - M_{ED} M_{DD}^{-1} M_{DE}

Rows w that couple many chains (network limits, sums) are treated by their Schur complement :math:`W M^{-1} W^T`, to
which every chain adds the part of the rows that touch it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.solvers.chains import kernels


@dataclass(frozen=True)
class Forms:
    """Linear functions of one slot each: slot [m], coefficients on (energy before, E, T, D) [m, 4]."""

    slot: IntArray
    coefficient: FloatArray

    def __len__(self) -> int:
        return len(self.slot)

    @classmethod
    def none(cls) -> Forms:
        return cls(np.empty(0, dtype=np.int64), np.empty((0, 4)))

    @classmethod
    def join(cls, parts: list[Forms]) -> Forms:
        return cls(np.concatenate([part.slot for part in parts]), np.concatenate([part.coefficient for part in parts]))

    def of(self, chosen: IntArray | BoolArray) -> Forms:
        return Forms(self.slot[chosen], self.coefficient[chosen])

    def values(self, x: FloatArray) -> FloatArray:
        """Values of the forms at the point x [n_slot, 3]."""
        value = np.empty(len(self.slot))
        kernels.values(self.slot, self.coefficient, x, value)
        return value

    def add_transposed(self, y: FloatArray, to: FloatArray) -> None:
        """to += sum of y times the form, [n_slot, 3]."""
        kernels.add_transposed(self.slot, self.coefficient, y, to)


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
        offsets = np.cumsum([0, *[part.n_rows for part in parts]])
        row = np.concatenate([part.row + offset for part, offset in zip(parts, offsets[:-1], strict=True)])
        return cls(int(offsets[-1]), row, Forms.join([part.forms for part in parts]))

    def values(self, x: FloatArray) -> FloatArray:
        return np.bincount(self.row, self.forms.values(x), minlength=self.n_rows).astype(float)

    def add_transposed(self, y: FloatArray, to: FloatArray) -> None:
        self.forms.add_transposed(y[self.row], to)


class ChainSystem:
    """Solves M x = r and forms W M^-1 W^T.

    Parameters
    ----------
    follows : bool [n_slot]    the energy before is that of the slot before; False: a constant
    free : bool [n_slot]       False: the energy is fixed
    """

    def __init__(self, follows: BoolArray, free: BoolArray) -> None:
        self.free = free
        n = len(follows)
        self.follows = follows.copy()
        self._m = np.zeros((n, 9))
        self._pivot = np.ones(n)
        self._low = np.zeros(n)
        # a chain breaks where nothing follows; slots are in order of chain and time
        self._chain = np.cumsum(~follows) - 1 if n else np.empty(0, dtype=np.int64)
        self._pattern: _Pattern | None = None
        self._chain_start = np.append(np.flatnonzero(~follows), n)

    def factorise(self, forms: Forms, weight: FloatArray) -> None:
        """Factorise M = sum of weight times form times form transposed."""
        self._m[:] = 0.0
        kernels.accumulate(forms.slot, forms.coefficient, weight, self._m)
        kernels.factorise(self._m, self.follows, self.free, self._pivot, self._low)

    def solve(self, r: FloatArray) -> FloatArray:
        """M^-1 r, [n_slot, 3]."""
        x = r.copy()
        kernels.solve(self._m, self.follows, self.free, self._pivot, self._low, x)
        return x

    def schur(self, rows: Rows, n_wide: int = 0) -> FloatArray:
        """W M^-1 W^T [n_rows, n_rows]; the first ``n_wide`` rows touch most slots and get one solve each."""
        schur = np.empty((rows.n_rows, rows.n_rows))
        for wide in range(n_wide):
            r = np.zeros((len(self.free), 3))
            rows.forms.of(rows.row == wide).add_transposed(np.ones(int(np.sum(rows.row == wide))), r)
            r[~self.free, 0] = 0.0
            schur[wide] = schur[:, wide] = rows.values(self.solve(r))
        narrow = rows.row >= n_wide
        schur[n_wide:, n_wide:] = self._schur_of_narrow(
            Rows(rows.n_rows - n_wide, rows.row[narrow] - n_wide, rows.forms.of(narrow)) if n_wide else rows
        )
        return schur

    def _schur_of_narrow(self, rows: Rows) -> FloatArray:
        if self._pattern is None or not self._pattern.fits(rows):
            self._pattern = _Pattern.of(rows, self._chain, len(self._chain_start))
        pattern = self._pattern
        c = np.zeros((rows.n_rows, rows.n_rows))
        kernels.schur(
            pattern.units, pattern.side_by_side, pattern.start, pattern.row,
            rows.forms.coefficient[pattern.entry, pattern.column], pattern.chain, self._chain_start,
            self._m, self.follows, self.free, self._pivot, self._low, c,
        )  # fmt: skip
        return (c + c.T)[np.ix_(pattern.number, pattern.number)]


@dataclass(frozen=True)
class _Pattern:
    """Rows by unknown: which rows have a coefficient on which unknown; the same for many factorisations.

    Parameters
    ----------
    rows : Rows                        it was made for
    used : bool [n_form, 4]            their coefficients that are not zero
    number : int [n_rows]              rows of one block side by side: the kernel runs along them
    entry, column : int                coefficients in order of unknown and number, and `row`, the number of their rows
    units : int [n_unit]               unknowns touched, 3 slot + (0: E, 1: T, 2: D); entries start[a]:start[a + 1]
    side_by_side : bool [n_unit]       the rows of an unknown are consecutive numbers
    chain : int [n_chain + 1]          first unknown of each chain
    """

    rows: Rows
    used: BoolArray
    number: IntArray
    entry: IntArray
    column: IntArray
    row: IntArray
    units: IntArray
    start: IntArray
    side_by_side: BoolArray
    chain: IntArray

    def fits(self, rows: Rows) -> bool:
        return (
            rows.n_rows == self.rows.n_rows
            and np.array_equal(rows.row, self.rows.row)
            and np.array_equal(rows.forms.slot, self.rows.forms.slot)
            and np.array_equal(rows.forms.coefficient != 0.0, self.used)
        )

    @classmethod
    def of(cls, rows: Rows, chain_of_slot: IntArray, n_starts: int) -> _Pattern:
        used = rows.forms.coefficient != 0.0
        entry, column = np.nonzero(used)
        slot, row = rows.forms.slot[entry], rows.row[entry]
        unit = 3 * slot + column - 1 - 2 * (column == 0)  # the energy before is that of the slot before
        first = np.full(rows.n_rows, 3 * len(chain_of_slot))
        np.minimum.at(first, row, unit)
        number = np.empty(rows.n_rows, dtype=np.int64)
        number[np.argsort(first, kind="stable")] = np.arange(rows.n_rows)
        order = np.argsort(unit * rows.n_rows + number[row])
        unit, row = unit[order], number[row[order]]
        is_first = np.append(True, unit[1:] != unit[:-1]) if len(unit) else np.empty(0, dtype=bool)
        start = np.append(np.flatnonzero(is_first), len(unit))
        jumps = np.append(row[1:] - row[:-1] != 1, False)
        jumps[start[1:] - 1] = False
        units = unit[is_first]
        return cls(
            rows=rows,
            used=used,
            number=number,
            entry=entry[order],
            column=column[order],
            row=row,
            units=units,
            start=start,
            side_by_side=~np.logical_or.reduceat(jumps, start[:-1]) if len(units) else is_first,
            chain=np.searchsorted(chain_of_slot[units // 3], np.arange(n_starts)),
        )
