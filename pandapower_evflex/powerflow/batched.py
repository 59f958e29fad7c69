r"""Many AC power flows of one grid at once.

Newton's method in polar voltages with relative voltage steps: with :math:`c_{km} = V_k (Y_{km} V_m)^*` and
:math:`S_k = \sum_m c_{km}` the Jacobian has the 2x2 blocks

.. math::

    \frac{\partial (P_k, Q_k)}{\partial (\theta_m, \ln v_m)} =
    \begin{pmatrix} \Im c_{km} & \Re c_{km} \\ -\Re c_{km} & \Im c_{km} \end{pmatrix}, \quad
    \frac{\partial (P_k, Q_k)}{\partial (\theta_k, \ln v_k)} =
    \begin{pmatrix} \Im c_{kk} - Q_k & P_k + \Re c_{kk} \\ P_k - \Re c_{kk} & Q_k + \Im c_{kk} \end{pmatrix},

eliminated in one fixed order for all cases (Tinney and Hart 1967, doi 10.1109/TPAS.1967.291823).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import BoolArray, ComplexArray, FloatArray, IntArray
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.kernels.jit import jit
from pandapower_evflex.powerflow.elimination import plan_elimination
from pandapower_evflex.powerflow.starts import Starts

#: largest step of theta [rad] and ln v, so that a stressed case does not jump to the low-voltage branch
LARGEST_STEP = 0.3
#: the same on the last try
CAUTIOUS_STEP = 0.05
#: unit roundoff of double precision
ROUNDOFF = 0.5 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class PowerFlows:
    """Solutions of many cases.

    Parameters
    ----------
    v : complex [n_case, n_bus]       last iterate, also where not converged
    converged : bool [n_case]         at an operating point: a low-voltage solution is none
    mismatch_mva : float [n_case]     largest power mismatch of any bus
    low_voltage : bool [n_case]       only a low-voltage solution was found
    """

    v: ComplexArray
    converged: BoolArray
    mismatch_mva: FloatArray
    low_voltage: BoolArray


class BatchedPowerFlow:
    """Power flows of one grid; the order of elimination is planned once.

    Examples
    --------
    >>> import numpy as np, pandapower.networks as nw
    >>> from pandapower_evflex.case.grid import read_grid
    >>> grid = read_grid(nw.create_cigre_network_lv())
    >>> flows = BatchedPowerFlow(grid).solve(np.linspace(0, 1, 5)[:, None] * grid.s_fixed)
    >>> flows.converged.all()
    np.True_
    """

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.starts = Starts(grid)
        n_bus = grid.y_bus.shape[0]
        self.plan = plan_elimination(grid.y_bus, np.setdiff1d(np.arange(n_bus), grid.slack))
        self.holds = np.zeros(n_bus, dtype=np.bool_)
        self.holds[grid.held] = True
        row_of_entry = np.repeat(np.arange(n_bus), np.diff(grid.y_bus.indptr))
        self.held_block = self.plan.entry_block[self.holds[row_of_entry[self.plan.entry_index]]]

    def start(self, s: ComplexArray) -> ComplexArray:
        """Where the power flows of these injections start, [n_case, n_bus]."""
        return self.starts.voltages(self.starts.order[0], s)

    def solve(
        self,
        s: ComplexArray,
        v_start: ComplexArray | None = None,
        tolerance_mva: float = 1e-10,
        max_iteration: int = 30,
        starts: Sequence[str] | None = None,
    ) -> PowerFlows:
        """Voltages for bus injections.

        Parameters
        ----------
        s : complex [n_case, n_bus]     injections, generation positive, pu of 1 MVA; Q at buses that hold their
                                        voltage and S at the slack are ignored
        v_start : complex [n_bus] or [n_case, n_bus]    tried before the grid's own starts
        tolerance_mva : float           largest mismatch of any bus; where double precision does not get as far as that,
                                        the mismatch of a bus that rounding alone may leave
        starts : of Starts.order        None: all of them, one after the other where a case does not converge, and the
                                        first once more with small steps
        """
        s = np.ascontiguousarray(s, dtype=np.complex128)
        n_case = len(s)
        v = np.ones_like(s)
        flows = PowerFlows(v, np.zeros(n_case, np.bool_), np.full(n_case, np.inf), np.zeros(n_case, np.bool_))
        if v_start is not None:
            v[:] = v_start
            self._solve(np.arange(n_case), s, flows, tolerance_mva, max_iteration, LARGEST_STEP)
        names = self.starts.order if starts is None else tuple(starts)
        for name, step in [*((name, LARGEST_STEP) for name in names), (names[0], CAUTIOUS_STEP)]:
            cases = np.flatnonzero(~flows.converged)
            if not len(cases):
                break
            v[cases] = self.starts.voltages(name, s[cases])
            n_iteration = max_iteration if step == LARGEST_STEP else 3 * max_iteration
            self._solve(cases, s, flows, tolerance_mva, n_iteration, step)
        return flows

    def _solve(
        self, cases: IntArray, s: ComplexArray, flows: PowerFlows, tolerance: float, max_iteration: int, step: float
    ) -> None:
        """Newton's method for the listed cases, from the voltages in ``flows``, in place."""
        y, plan = self.grid.y_bus, self.plan
        _solve_cases(
            cases, s, flows.v, flows.mismatch_mva, flows.converged, flows.low_voltage,
            y.data, y.indices, y.indptr, self.holds,
            plan.bus, plan.diagonal, plan.entry_index, plan.entry_block, self.held_block,
            plan.start, plan.later, plan.upper, plan.lower, plan.update_start, plan.target, plan.n_blocks,
            tolerance, max_iteration, step,
        )  # fmt: skip


@jit
def _solve_cases(
    cases, s, v, mismatch, converged, low_voltage,
    y_data, y_column, y_start, holds,
    bus, diagonal, entry_index, entry_block, held_block,
    start, later, upper, lower, update_start, target, n_blocks,
    tolerance, max_iteration, largest_step,
):  # fmt: skip
    """Newton's method for the listed cases, in place.

    A solution is an operating point only where every pivot block of its Jacobian has a positive determinant. A pivot
    block is how the power of a bus answers to its own voltage with those of later buses held; its determinant changes
    sign at the nose of that bus's PV curve, and is negative at the lower of the two solutions.
    """
    n = len(bus)
    c = np.empty(len(y_data), dtype=np.complex128)
    s_calc = np.empty(v.shape[1], dtype=np.complex128)
    block = np.empty((n_blocks, 4))
    rhs = np.empty((n, 2))
    for case in cases:
        v_case = v[case]
        solved, n_negative = False, -1  # pivots of the Jacobian of the last step, which ends next to the solution
        for _ in range(max_iteration + 1):
            powers(v_case, y_data, y_column, y_start, c, s_calc)
            worst = _mismatches(s[case], s_calc, holds, bus, rhs)
            if not math.isfinite(worst):
                break
            mismatch[case] = worst
            solved = worst <= tolerance or _is_rounding(rhs, c, y_start, bus, tolerance)
            if solved and n_negative >= 0:
                break
            fill_blocks(c, s_calc, holds, bus, diagonal, entry_index, entry_block, held_block, block)
            n_negative = eliminate(block, rhs, diagonal, start, later, upper, lower, update_start, target)
            if solved:
                break
            _update(v_case, rhs, bus, largest_step)
        converged[case] = solved and n_negative == 0
        low_voltage[case] = (low_voltage[case] or (solved and n_negative > 0)) and not converged[case]
        if not converged[case]:
            _leave_finite(v_case, mismatch, case)


@jit
def _is_rounding(rhs, c, y_start, bus, tolerance):
    """Whether every mismatch is below the tolerance, or one that rounding of its own sum may leave.

    S_k is a sum of n products c_km of three numbers, two of them voltages that are rounded themselves: that is good to
    (n + 8) u sum_m |c_km|, u the unit roundoff (Higham 2002, section 3.1 and lemma 3.5).
    """
    for p in range(len(bus)):
        d = max(abs(rhs[p, 0]), abs(rhs[p, 1]))
        if d > tolerance:
            k = bus[p]
            total = 0.0
            for e in range(y_start[k], y_start[k + 1]):
                total += abs(c[e])
            if d > (y_start[k + 1] - y_start[k] + 8) * ROUNDOFF * total:
                return False
    return True


@jit
def powers(v, y_data, y_column, y_start, c, s_calc):
    """c_km = V_k conj(Y_km V_m) for every entry, and their sums S_k."""
    for k in range(len(v)):
        total = 0.0j
        for e in range(y_start[k], y_start[k + 1]):
            c[e] = v[k] * (y_data[e] * v[y_column[e]]).conjugate()
            total += c[e]
        s_calc[k] = total


@jit
def _mismatches(s, s_calc, holds, bus, rhs):
    """Right-hand side (dP, dQ) in order of elimination, and its largest entry."""
    worst = 0.0
    for p in range(len(bus)):
        k = bus[p]
        d_p = s[k].real - s_calc[k].real
        d_q = 0.0 if holds[k] else s[k].imag - s_calc[k].imag
        rhs[p, 0] = d_p
        rhs[p, 1] = d_q
        worst = max(worst, abs(d_p), abs(d_q))
        if d_p != d_p or d_q != d_q:  # NaN passes every comparison above
            return math.nan
    return worst


@jit
def fill_blocks(c, s_calc, holds, bus, diagonal, entry_index, entry_block, held_block, block):
    block[:] = 0.0
    for i in range(len(entry_index)):
        c_km = c[entry_index[i]]
        b = entry_block[i]
        block[b, 0] = c_km.imag
        block[b, 1] = c_km.real
        block[b, 2] = -c_km.real
        block[b, 3] = c_km.imag
    for p in range(len(bus)):
        k, b = bus[p], diagonal[p]
        block[b, 0] -= s_calc[k].imag
        block[b, 1] += s_calc[k].real
        block[b, 2] += s_calc[k].real
        block[b, 3] += s_calc[k].imag
    for i in range(len(held_block)):  # a bus that holds its voltage has ln v fixed in place of its row of Q
        block[held_block[i], 2] = 0.0
        block[held_block[i], 3] = 0.0
    for p in range(len(bus)):
        if holds[bus[p]]:
            block[diagonal[p], 3] = 1.0


@jit
def eliminate(block, rhs, diagonal, start, later, upper, lower, update_start, target):
    """Solve in place by block LU: afterwards rhs holds (d theta, d ln v). Returns how many pivots have det <= 0."""
    n = len(diagonal)
    n_negative = 0
    for p in range(n):
        a, b, c, d = block[diagonal[p]]
        det = a * d - b * c
        if not det > 0.0:
            n_negative += 1
        i00, i01, i10, i11 = d / det, -b / det, -c / det, a / det
        block[diagonal[p], 0] = i00
        block[diagonal[p], 1] = i01
        block[diagonal[p], 2] = i10
        block[diagonal[p], 3] = i11
        n_later = start[p + 1] - start[p]
        for i in range(n_later):
            low = lower[start[p] + i]
            l00 = block[low, 0] * i00 + block[low, 1] * i10
            l01 = block[low, 0] * i01 + block[low, 1] * i11
            l10 = block[low, 2] * i00 + block[low, 3] * i10
            l11 = block[low, 2] * i01 + block[low, 3] * i11
            q = later[start[p] + i]
            rhs[q, 0] -= l00 * rhs[p, 0] + l01 * rhs[p, 1]
            rhs[q, 1] -= l10 * rhs[p, 0] + l11 * rhs[p, 1]
            for j in range(n_later):
                up = upper[start[p] + j]
                t = target[update_start[p] + i * n_later + j]
                block[t, 0] -= l00 * block[up, 0] + l01 * block[up, 2]
                block[t, 1] -= l00 * block[up, 1] + l01 * block[up, 3]
                block[t, 2] -= l10 * block[up, 0] + l11 * block[up, 2]
                block[t, 3] -= l10 * block[up, 1] + l11 * block[up, 3]
    for p in range(n - 1, -1, -1):
        r0, r1 = rhs[p, 0], rhs[p, 1]
        for j in range(start[p], start[p + 1]):
            up, q = upper[j], later[j]
            r0 -= block[up, 0] * rhs[q, 0] + block[up, 1] * rhs[q, 1]
            r1 -= block[up, 2] * rhs[q, 0] + block[up, 3] * rhs[q, 1]
        inverse = block[diagonal[p]]
        rhs[p, 0] = inverse[0] * r0 + inverse[1] * r1
        rhs[p, 1] = inverse[2] * r0 + inverse[3] * r1
    return n_negative


@jit
def _update(v, rhs, bus, largest_step):
    """Step in theta and ln v, cut to the largest allowed."""
    size = 0.0
    for p in range(len(bus)):
        size = max(size, abs(rhs[p, 0]), abs(rhs[p, 1]))
    scale = min(1.0, largest_step / size) if size > 0.0 else 1.0
    for p in range(len(bus)):
        d_theta, d_ln = scale * rhs[p, 0], scale * rhs[p, 1]
        v[bus[p]] *= math.exp(d_ln) * complex(math.cos(d_theta), math.sin(d_theta))


@jit
def _leave_finite(v, mismatch, case):
    """NaN never travels: a case that ran away is left at no voltage that means anything, but finite."""
    for k in range(len(v)):
        if not (math.isfinite(v[k].real) and math.isfinite(v[k].imag)):
            v[k] = 1.0
    if not math.isfinite(mismatch[case]):
        mismatch[case] = 1e300
