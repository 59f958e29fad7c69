r"""How branch flows and voltages answer to loads: one adjoint solve per quantity.

A quantity f of the voltages y = (theta, ln v) changes with the injections s by :math:`df = \mu^T ds` where

.. math:: J^T \mu = \partial f / \partial y

and J is the Jacobian of the power flow (see `batched`). The pattern of J is symmetric, so its transpose is eliminated
in the same order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import ComplexArray, FloatArray, IntArray
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.case.limits import Limits
from pandapower_evflex.kernels.jit import jit
from pandapower_evflex.powerflow.batched import BatchedPowerFlow, eliminate, fill_blocks, powers


@dataclass(frozen=True)
class LimitRows:
    """Limits h <= 0, one per row: a branch end in squares, or a bus voltage.

    Parameters
    ----------
    case : int [n_row]       position among the power flows
    kind : int [n_row]       OVERLOAD, UNDERVOLTAGE or OVERVOLTAGE
    position : int [n_row]   rated end, or bus
    """

    case: IntArray
    kind: IntArray
    position: IntArray

    def __len__(self) -> int:
        return len(self.case)

    def values(self, h: Mapping[int, FloatArray]) -> FloatArray:
        """Of a table of `limit_values` [n_row]."""
        value = np.empty(len(self))
        for kind, of_kind in h.items():
            chosen = self.kind == kind
            value[chosen] = of_kind[self.case[chosen], self.position[chosen]]
        return value


OVERLOAD, UNDERVOLTAGE, OVERVOLTAGE = 0, 1, 2


def limit_values(limits: Limits, vm: FloatArray, loading: FloatArray) -> dict[int, FloatArray]:
    """h of every limit by kind, [n_case, n_end] and [n_case, n_bus]; -inf where there is none.

    (loading / limit)^2 - 1, 1 - v / v_min, v / v_max - 1: squares, because the magnitude of a current is not convex in
    the load where the flow is an export.

    Parameters
    ----------
    limits : Limits                    of every case
    vm : float [n_case, n_bus]
    loading : float [n_case, n_end]    of `end_loading`
    """
    with np.errstate(invalid="ignore"):
        return {
            OVERLOAD: np.where(np.isfinite(limits.end), (loading / limits.end) ** 2 - 1.0, -np.inf),
            UNDERVOLTAGE: np.where(np.isfinite(limits.vm_min), 1.0 - vm / limits.vm_min, -np.inf),
            OVERVOLTAGE: np.where(np.isfinite(limits.vm_max), vm / limits.vm_max - 1.0, -np.inf),
        }


def limit_gradients(
    flow: BatchedPowerFlow, rows: LimitRows, v: ComplexArray, limits: Limits | None = None
) -> ComplexArray:
    """Derivatives of every row's h by the loads, d h / d P_load + j d h / d Q_load, per pu [n_row, n_bus].

    Zero at the slack, and by Q where the voltage is held.

    Parameters
    ----------
    v : complex [n_case, n_bus]    solved voltages
    limits : Limits                of every case; None: those of the grid
    """
    grid, plan = flow.grid, flow.plan
    ends = grid.ends
    own = np.where(ends.at_from, grid.from_bus[ends.branch], grid.to_bus[ends.branch])
    other = np.where(ends.at_from, grid.to_bus[ends.branch], grid.from_bus[ends.branch])
    y_own = np.where(ends.at_from, grid.y_ff[ends.branch], grid.y_tt[ends.branch])
    y_other = np.where(ends.at_from, grid.y_ft[ends.branch], grid.y_tf[ends.branch])
    limit = _limits_of_rows(grid, rows, limits)
    gradient = np.zeros((len(rows), v.shape[1]), dtype=np.complex128)
    transposed = np.arange(plan.n_blocks)
    transposed[plan.upper], transposed[plan.lower] = plan.lower, plan.upper
    _adjoints(
        rows.case, rows.kind, rows.position, v, gradient,
        own, other, y_own, y_other, ends.squared_power, limit,
        grid.y_bus.data, grid.y_bus.indices, grid.y_bus.indptr, flow.holds, transposed,
        plan.bus, plan.diagonal, plan.entry_index, plan.entry_block, flow.held_block,
        plan.start, plan.later, plan.upper, plan.lower, plan.update_start, plan.target,
    )  # fmt: skip
    return gradient


def _limits_of_rows(grid: Grid, rows: LimitRows, limits: Limits | None) -> FloatArray:
    """What h is a share of: a flow or current, a voltage, pu [n_row]."""
    of = Limits.of(grid, 1) if limits is None else limits
    case = np.zeros_like(rows.case) if limits is None else rows.case
    limit = np.full(len(rows), np.inf)
    for kind, table in ((OVERLOAD, of.end), (UNDERVOLTAGE, of.vm_min), (OVERVOLTAGE, of.vm_max)):
        at = rows.kind == kind
        limit[at] = table[case[at], rows.position[at]]
        if kind == OVERLOAD:
            limit[at] *= grid.ends.rating[rows.position[at]]
    return np.where(np.isfinite(limit), limit, np.inf)


@jit
def _adjoints(
    case, kind, position, v, gradient,
    own, other, y_own, y_other, squared_power, limit,
    y_data, y_column, y_start, holds, transposed,
    bus, diagonal, entry_index, entry_block, held_block,
    start, later, upper, lower, update_start, target,
):  # fmt: skip
    """J^T mu = df/dy for every row, in place; rows of one case share its Jacobian."""
    n, n_bus = len(bus), v.shape[1]
    c = np.empty(len(y_data), dtype=np.complex128)
    s_calc = np.empty(n_bus, dtype=np.complex128)
    jacobian = np.empty((len(transposed), 4))
    block = np.empty((len(transposed), 4))
    rhs = np.empty((n, 2))
    slope = np.empty((n_bus, 2))
    last = -1
    for row in range(len(case)):
        v_case = v[case[row]]
        if case[row] != last:
            powers(v_case, y_data, y_column, y_start, c, s_calc)
            fill_blocks(c, s_calc, holds, bus, diagonal, entry_index, entry_block, held_block, jacobian)
            last = case[row]
        slope[:] = 0.0
        i = position[row]
        if kind[row] == 0:
            k, m = own[i], other[i]
            _end_slope(v_case, k, m, y_own[i] / limit[row], y_other[i] / limit[row], squared_power[i], slope)
        elif kind[row] == 1:
            slope[i, 1] = -abs(v_case[i]) / limit[row]
        else:
            slope[i, 1] = abs(v_case[i]) / limit[row]
        for b in range(len(transposed)):
            t = transposed[b]
            block[b, 0] = jacobian[t, 0]
            block[b, 1] = jacobian[t, 2]
            block[b, 2] = jacobian[t, 1]
            block[b, 3] = jacobian[t, 3]
        for p in range(n):
            rhs[p, 0] = slope[bus[p], 0]
            rhs[p, 1] = slope[bus[p], 1]
        eliminate(block, rhs, diagonal, start, later, upper, lower, update_start, target)
        for p in range(n):  # a load is a negative injection
            q = 0.0 if holds[bus[p]] else rhs[p, 1]
            gradient[row, bus[p]] = complex(-rhs[p, 0], -q)


@jit
def _end_slope(v, k, m, y_kk, y_km, squared_power, slope):
    """d f / d (theta, ln v) of f = |I|^2, or |S|^2 = |V_k|^2 |I|^2, in shares of the squared limit."""
    own_part, other_part = y_kk * v[k], y_km * v[m]
    current = own_part + other_part
    factor = abs(v[k]) ** 2 if squared_power else 1.0
    d_own = 2.0 * factor * current.conjugate() * own_part
    d_other = 2.0 * factor * current.conjugate() * other_part
    slope[k, 0] += -d_own.imag
    slope[k, 1] += d_own.real
    slope[m, 0] += -d_other.imag
    slope[m, 1] += d_other.real
    if squared_power:
        slope[k, 1] += 2.0 * factor * abs(current) ** 2
