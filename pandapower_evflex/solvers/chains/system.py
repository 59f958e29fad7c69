r"""Linear algebra of an interior point over chains, unit by unit: O(slots) per solve, whatever the number of units.

Sums of weighted squares of forms give a symmetric matrix M in which the controls of a slot are coupled only to each
other and to the states at its two ends. Eliminating them, by a small Cholesky factor per slot, leaves a matrix over the
states S, block tridiagonal along every chain:

.. math:: A = M_{SS} - M_{SC} M_{CC}^{-1} M_{CS}

Rows w that couple many chains (network limits, sums) are treated by their Schur complement :math:`W M^{-1} W^T`, to
which every chain adds the part of the rows that touch it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.solvers.chains import kernels
from pandapower_evflex.solvers.chains.controls import Controls
from pandapower_evflex.solvers.chains.forms import Forms, Rows


class ChainSystem:
    """Solves M x = r and forms W M^-1 W^T.

    Parameters
    ----------
    follows : bool [n_slot]      the states before are those of the slot before; False: constants
    free : bool [n_slot, m]      False: the state is fixed
    n_controls : int             k, of every slot
    """

    def __init__(self, follows: BoolArray, free: BoolArray, n_controls: int) -> None:
        self.free = free
        n, self.n_states = free.shape
        self.n_columns = self.n_states + n_controls
        self.follows = follows.copy()
        # a chain breaks where nothing follows; slots are in order of chain and time
        self._chain = np.cumsum(~follows) - 1 if n else np.empty(0, dtype=np.int64)
        self._pattern: _Pattern | None = None
        self._chain_start = np.append(np.flatnonzero(~follows), n)

    def factorise(self, forms: Forms, weight: FloatArray) -> None:
        """Factorise M = sum of weight times form times form transposed."""
        m, first = self.n_states, 2 * self.n_states
        a = np.zeros((len(self.free), m + self.n_columns, m + self.n_columns))
        kernels.accumulate(forms.slot, forms.coefficient, weight, a)
        a = np.ascontiguousarray(a.transpose(1, 2, 0))
        self._controls = Controls.eliminated(a, first)
        states = self._controls.reduced(a[:first, :first])
        least, band = np.empty_like(self.free, dtype=float), np.zeros((len(self.free), m, 2 * m))
        for p in range(m):
            least[:, p] = kernels.LEAST + kernels.ROUNDING * self._at_end(a[p, p], a[m + p, m + p])
            for q in range(p + 1):
                band[:, p, p - q] = self._at_end(states[p, q], states[m + p, m + q])
            for q in range(m):
                band[self.follows, p, m + p - q] = states[m + p, q, self.follows]
        self._fix(band, least)
        self._band = band.reshape(-1, 2 * m)
        kernels.factorise_band(self._band, least.reshape(-1))

    def _at_end(self, before: FloatArray, own: FloatArray) -> FloatArray:
        """What the slot that follows and the slot itself add to the states at its end."""
        total = own.copy()
        total[:-1] += np.where(self.follows[1:], before[1:], 0.0)
        return total

    def _fix(self, band: FloatArray, least: FloatArray) -> None:
        """Fixed states are identity rows."""
        m, fixed = self.n_states, ~self.free
        band[fixed] = 0.0
        for p in range(m):
            for q in range(p):
                band[fixed[:, q], p, p - q] = 0.0
            for q in range(m):
                band[1:][fixed[:-1, q], p, m + p - q] = 0.0
        band[..., 0][fixed] = least[fixed] = 1.0

    def solve(self, r: FloatArray) -> FloatArray:
        """M^-1 r, [n_slot, m + k]."""
        m = self.n_states
        controls = r[:, m:].T.copy()
        lost = self._controls.forward(controls)
        e = r[:, :m].copy()
        for q in range(m):
            e[:, q] -= self._at_end(lost[q], lost[m + q])
        e[~self.free] = 0.0
        kernels.solve_band(self._band, 0, e.size, e.reshape(-1))
        x_states = np.zeros_like(lost)
        x_states[:m, 1:], x_states[m:] = e[:-1].T, e.T
        self._controls.backward(controls, x_states)
        x = np.empty_like(r, order="C")
        x[:, :m], x[:, m:] = e, controls.T
        return x

    def schur(self, rows: Rows, n_wide: int = 0) -> FloatArray:
        """W M^-1 W^T [n_rows, n_rows]; the first ``n_wide`` rows touch most slots and get one solve each."""
        schur = np.empty((rows.n_rows, rows.n_rows))
        for wide in range(n_wide):
            r = np.zeros((len(self.free), self.n_columns))
            rows.forms.of(rows.row == wide).add_transposed(np.ones(int(np.sum(rows.row == wide))), r)
            r[:, : self.n_states][~self.free] = 0.0
            schur[wide] = schur[:, wide] = rows.values(self.solve(r))
        narrow = rows.row >= n_wide
        schur[n_wide:, n_wide:] = self._schur_of_narrow(
            Rows(rows.n_rows - n_wide, rows.row[narrow] - n_wide, rows.forms.of(narrow)) if n_wide else rows
        )
        return schur

    def _schur_of_narrow(self, rows: Rows) -> FloatArray:
        if self._pattern is None or not self._pattern.fits(rows):
            self._pattern = _Pattern.of(rows, self._chain, len(self._chain_start), self.n_columns)
        pattern = self._pattern
        c = np.zeros((rows.n_rows, rows.n_rows))
        at, own = self._halves(pattern.units)
        kernels.schur(
            pattern.units // self.n_columns, pattern.side_by_side, pattern.start, pattern.row,
            rows.forms.coefficient[pattern.entry, pattern.column], pattern.chain, self._chain_start,
            at, own, self._band, c,
        )  # fmt: skip
        return (c + c.T)[np.ix_(pattern.number, pattern.number)]

    def _halves(self, units: IntArray) -> tuple[FloatArray, FloatArray]:
        """Unknowns with the controls eliminated: on (states before, states), and of the controls themselves."""
        m, n_controls = self.n_states, self.n_columns - self.n_states
        slot, column = units // self.n_columns, units % self.n_columns
        at, own = np.zeros((len(units), 2 * m)), np.zeros((len(units), n_controls))
        state = np.flatnonzero(column < m)
        at[state, m + column[state]] = 1.0
        control = np.flatnonzero(column >= m)
        at[control], own[control] = self._controls.of_units(slot[control], column[control] - m)
        at[:, :m] *= self.follows[slot, None] & self.free[slot - 1]
        at[:, m:] *= self.free[slot]
        return at, own


@dataclass(frozen=True)
class _Pattern:
    """Rows by unknown: which rows have a coefficient on which unknown; the same for many factorisations.

    Parameters
    ----------
    rows : Rows                        it was made for
    used : bool [n_form, 2 m + k]            their coefficients that are not zero
    number : int [n_rows]              rows of one block side by side: the kernel runs along them
    entry, column : int                coefficients in order of unknown and number, and `row`, the number of their rows
    units : int [n_unit]               unknowns touched, (m + k) slot + column; entries start[a]:start[a + 1]
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
    def of(cls, rows: Rows, chain_of_slot: IntArray, n_starts: int, n_columns: int) -> _Pattern:
        used = rows.forms.coefficient != 0.0
        entry, column = np.nonzero(used)
        slot, row = rows.forms.slot[entry], rows.row[entry]
        n_states = used.shape[1] - n_columns
        is_before = column < n_states  # a state of the slot before
        unit = n_columns * (slot - is_before) + column - n_states * ~is_before
        first = np.full(rows.n_rows, n_columns * len(chain_of_slot))
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
            chain=np.searchsorted(chain_of_slot[units // n_columns], np.arange(n_starts)),
        )
