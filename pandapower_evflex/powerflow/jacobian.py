r"""Newton's method for power flows of one grid, and its Jacobians, factorised in one fixed order.

In polar voltages with relative voltage steps, and with :math:`c_{km} = V_k (Y_{km} V_m)^*` and
:math:`S_k = \sum_m c_{km}`, its 2x2 blocks are

.. math::

    \frac{\partial (P_k, Q_k)}{\partial (\theta_m, \ln v_m)} =
    \begin{pmatrix} \Im c_{km} & \Re c_{km} \\ -\Re c_{km} & \Im c_{km} \end{pmatrix}, \quad
    \frac{\partial (P_k, Q_k)}{\partial (\theta_k, \ln v_k)} =
    \begin{pmatrix} \Im c_{kk} - Q_k & P_k + \Re c_{kk} \\ P_k - \Re c_{kk} & Q_k + \Im c_{kk} \end{pmatrix}

(Tinney and Hart 1967, doi 10.1109/TPAS.1967.291823).
"""

from __future__ import annotations

import math

import numpy as np

from pandapower_evflex.arrays import BoolArray, ComplexArray, FloatArray, IntArray
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.kernels.jit import jit
from pandapower_evflex.powerflow.elimination import plan_elimination

#: numbers in the Jacobians that are kept at once
MOST_NUMBERS = 2**22
#: unit roundoff of double precision
ROUNDOFF = 0.5 * float(np.finfo(np.float64).eps)


class Jacobian:
    """Jacobians of the power flows of one grid, blocks [n_block, 4] in the order of ``plan``.

    Where a bus holds its voltage, a fixed ln v stands in place of its row of Q.
    """

    def __init__(self, grid: Grid) -> None:
        y = grid.y_bus
        n_bus = y.shape[0]
        self.plan = plan = plan_elimination(y, np.setdiff1d(np.arange(n_bus), grid.slack))
        self._y, self._column, self._start = _parts(y.data), y.indices.astype(np.int64), y.indptr.astype(np.int64)
        self._block_of_entry = np.full(len(y.data), -1)
        self._block_of_entry[plan.entry_index] = plan.entry_block
        self._fill_in = np.setdiff1d(np.arange(plan.n_blocks), plan.entry_block)
        #: whether each unknown bus, in order of elimination, holds its voltage
        self.holds = np.isin(plan.bus, grid.held)

    def newton(
        self,
        cases: IntArray,
        s: ComplexArray,
        v: ComplexArray,
        mismatch: FloatArray,
        *,
        tolerance: float,
        max_iteration: int,
        largest_step: float,
    ) -> tuple[BoolArray, IntArray]:
        """Solve the listed cases from v [n_case, n_bus], in place, as the largest mismatch of each.

        Returns which of them are solved, and how many pivots of the Jacobian next to the solution have no positive
        determinant, -1 where there was no step.
        """
        solved, n_negative = np.zeros(len(cases), dtype=np.bool_), np.full(len(cases), -1)
        block = np.empty((1, self.plan.n_blocks, 4))
        self._run(cases, s, v, mismatch, solved, n_negative, block, tolerance, max_iteration, largest_step)
        return solved, n_negative

    def solve_transposed(self, v: ComplexArray, case: IntArray, rhs: FloatArray) -> None:
        """J^T x = rhs in place [n_rhs, n_bus, 2], each at its case of the voltages v [n_case, n_bus].

        Slack buses keep what they have.
        """
        plan, (cases, of_rhs) = self.plan, np.unique(case, return_inverse=True)
        at_once = max(1, MOST_NUMBERS // (4 * max(plan.n_blocks, 1)))
        for first in range(0, len(cases), at_once):
            some = cases[first : first + at_once]
            chosen = np.flatnonzero((of_rhs >= first) & (of_rhs < first + at_once))
            _solve_transposed(
                self._factors(v[some]), chosen, of_rhs[chosen] - first, rhs, plan.bus, plan.diagonal, plan.start,
                plan.later, plan.upper, plan.lower,
            )  # fmt: skip

    def _factors(self, v: ComplexArray) -> FloatArray:
        """L D U of the Jacobian at each of the voltages v."""
        n = len(v)
        block = np.empty((n, self.plan.n_blocks, 4))
        solved, n_negative = np.zeros(n, dtype=np.bool_), np.full(n, -1)
        # any mismatch will do: the first Jacobian is factorised, and no step taken
        self._run(np.arange(n), v, v, np.empty(n), solved, n_negative, block, np.inf, 0, 0.0)
        return block

    def _run(
        self, cases: IntArray, s: ComplexArray, v: ComplexArray, mismatch: FloatArray, solved: BoolArray,
        n_negative: IntArray, block: FloatArray, tolerance: float, max_iteration: int, largest_step: float,
    ) -> None:  # fmt: skip
        plan = self.plan
        newton(
            cases, _parts(s), _parts(v), mismatch, solved, n_negative, block, np.empty((len(plan.bus), 2)),
            self._y, self._column, self._start, self._block_of_entry, self._fill_in, plan.bus, self.holds,
            plan.diagonal, plan.start, plan.later, plan.upper, plan.lower, plan.target,
            tolerance, max_iteration, largest_step,
        )  # fmt: skip


def _parts(a: ComplexArray) -> FloatArray:
    """Real and imaginary parts of a contiguous array, as a view [..., 2]."""
    return a.view(np.float64).reshape(*a.shape, 2)


@jit
def newton(
    cases, s, v, mismatch, solved, n_negative, block, rhs,
    y, column, start_of_row, block_of_entry, fill_in, bus, holds,
    diagonal, start, later, upper, lower, target,
    tolerance, max_iteration, largest_step,
):  # fmt: skip
    """One function of four steps: compiled apart, each would be optimised once more in here, in twice the time.

    S_k is a sum of n products c_km of three numbers, two of them voltages that are rounded themselves: its parts are
    good to (n + 8) u times the sum of those of c_km (Higham 2002, section 3.1 and lemma 3.5). A mismatch below that is
    rounding.
    """
    n = len(bus)
    for number in range(len(cases)):
        case, x = cases[number], block[number % len(block)]
        for _ in range(max_iteration + 1):
            for i in range(len(fill_in)):
                x[fill_in[i], 0] = x[fill_in[i], 1] = x[fill_in[i], 2] = x[fill_in[i], 3] = 0.0
            # blocks, and right sides (dP, dQ)
            worst, is_exact = 0.0, True
            for p in range(n):
                k = bus[p]
                p_k, q_k, size = 0.0, 0.0, 0.0
                for e in range(start_of_row[k], start_of_row[k + 1]):
                    m, b = column[e], block_of_entry[e]
                    i0 = y[e, 0] * v[case, m, 0] - y[e, 1] * v[case, m, 1]
                    i1 = y[e, 0] * v[case, m, 1] + y[e, 1] * v[case, m, 0]
                    c0, c1 = v[case, k, 0] * i0 + v[case, k, 1] * i1, v[case, k, 1] * i0 - v[case, k, 0] * i1
                    p_k, q_k, size = p_k + c0, q_k + c1, size + abs(c0) + abs(c1)
                    if b >= 0:
                        x[b, 0] = x[b, 3] = c1
                        x[b, 1], x[b, 2] = c0, -c0
                        if holds[p]:
                            x[b, 2] = x[b, 3] = 0.0
                b = diagonal[p]
                x[b, 0], x[b, 1] = x[b, 0] - q_k, x[b, 1] + p_k
                rhs[p, 0], rhs[p, 1] = s[case, k, 0] - p_k, 0.0
                if holds[p]:
                    x[b, 3] = 1.0
                else:
                    x[b, 2], x[b, 3] = x[b, 2] + p_k, x[b, 3] + q_k
                    rhs[p, 1] = s[case, k, 1] - q_k
                allowed = (start_of_row[k + 1] - start_of_row[k] + 8) * ROUNDOFF * size
                for h in range(2):
                    d = abs(rhs[p, h])
                    if not d <= worst:  # NaN, too
                        worst = d
                    if d > tolerance and not d <= allowed:
                        is_exact = False
            if not math.isfinite(worst):
                break
            mismatch[case], solved[number] = worst, is_exact
            if is_exact and n_negative[number] >= 0:
                break
            # L D U, with the inverses of D, and L^-1 of the right side
            n_negative[number] = 0
            t = 0
            for p in range(n):
                b = diagonal[p]
                det = x[b, 0] * x[b, 3] - x[b, 1] * x[b, 2]
                if not det > 0.0:
                    n_negative[number] += 1
                d0, d1 = x[b, 3] / det, -x[b, 1] / det
                d2, d3 = -x[b, 2] / det, x[b, 0] / det
                x[b, 0], x[b, 1] = d0, d1
                x[b, 2], x[b, 3] = d2, d3
                for i in range(start[p], start[p + 1]):
                    b, q = lower[i], later[i]
                    l0, l1 = x[b, 0] * d0 + x[b, 1] * d2, x[b, 0] * d1 + x[b, 1] * d3
                    l2, l3 = x[b, 2] * d0 + x[b, 3] * d2, x[b, 2] * d1 + x[b, 3] * d3
                    x[b, 0], x[b, 1] = l0, l1
                    x[b, 2], x[b, 3] = l2, l3
                    rhs[q, 0] -= l0 * rhs[p, 0] + l1 * rhs[p, 1]
                    rhs[q, 1] -= l2 * rhs[p, 0] + l3 * rhs[p, 1]
                    for j in range(start[p], start[p + 1]):
                        b, to = upper[j], target[t]
                        x[to, 0] -= l0 * x[b, 0] + l1 * x[b, 2]
                        x[to, 1] -= l0 * x[b, 1] + l1 * x[b, 3]
                        x[to, 2] -= l2 * x[b, 0] + l3 * x[b, 2]
                        x[to, 3] -= l2 * x[b, 1] + l3 * x[b, 3]
                        t += 1
                for j in range(start[p], start[p + 1]):
                    b = upper[j]
                    u0, u1 = x[b, 0], x[b, 1]
                    u2, u3 = x[b, 2], x[b, 3]
                    x[b, 0], x[b, 1] = d0 * u0 + d1 * u2, d0 * u1 + d1 * u3
                    x[b, 2], x[b, 3] = d2 * u0 + d3 * u2, d2 * u1 + d3 * u3
            if is_exact:
                break
            # the rest of the solve, and the step, cut to the largest allowed
            size = largest_step
            for p in range(n - 1, -1, -1):
                b, r0, r1 = diagonal[p], rhs[p, 0], rhs[p, 1]
                r0, r1 = x[b, 0] * r0 + x[b, 1] * r1, x[b, 2] * r0 + x[b, 3] * r1
                for i in range(start[p], start[p + 1]):
                    b, q = upper[i], later[i]
                    r0 -= x[b, 0] * rhs[q, 0] + x[b, 1] * rhs[q, 1]
                    r1 -= x[b, 2] * rhs[q, 0] + x[b, 3] * rhs[q, 1]
                rhs[p, 0], rhs[p, 1] = r0, r1
                if abs(r0) > size:
                    size = abs(r0)
                if abs(r1) > size:
                    size = abs(r1)
            for p in range(n):
                k, cut = bus[p], largest_step / size
                turn, stretch = cut * rhs[p, 0], math.exp(cut * rhs[p, 1])
                v0, v1 = v[case, k, 0], v[case, k, 1]
                cos, sin = stretch * math.cos(turn), stretch * math.sin(turn)
                v[case, k, 0], v[case, k, 1] = v0 * cos - v1 * sin, v0 * sin + v1 * cos


@jit
def _solve_transposed(factors, chosen, case, rhs, bus, diagonal, start, later, upper, lower):
    for number in range(len(chosen)):
        x, r = factors[case[number]], rhs[chosen[number]]
        for p in range(len(diagonal)):
            b, k = diagonal[p], bus[p]
            r0, r1 = r[k, 0], r[k, 1]
            if r0 == 0.0 and r1 == 0.0:  # a limit sees the few buses between it and the slack
                continue
            r[k, 0], r[k, 1] = x[b, 0] * r0 + x[b, 2] * r1, x[b, 1] * r0 + x[b, 3] * r1
            for i in range(start[p], start[p + 1]):
                q, b = bus[later[i]], upper[i]
                r[q, 0] -= x[b, 0] * r0 + x[b, 2] * r1
                r[q, 1] -= x[b, 1] * r0 + x[b, 3] * r1
        for p in range(len(diagonal) - 1, -1, -1):
            k = bus[p]
            for i in range(start[p], start[p + 1]):
                q, b = bus[later[i]], lower[i]
                r[k, 0] -= x[b, 0] * r[q, 0] + x[b, 2] * r[q, 1]
                r[k, 1] -= x[b, 1] * r[q, 0] + x[b, 3] * r[q, 1]
