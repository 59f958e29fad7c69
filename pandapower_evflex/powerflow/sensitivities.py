r"""How branch flows and voltages answer to loads: one adjoint solve per quantity.

A quantity f of the voltages y = (theta, ln v) changes with the injections s by :math:`df = \mu^T ds` where

.. math:: J^T \mu = \partial f / \partial y

and J is the Jacobian of the power flow (see `batched`). The pattern of J is symmetric, so its transpose is eliminated
in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import ComplexArray, FloatArray, IntArray
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.kernels.jit import jit
from pandapower_evflex.limits import LIMITS
from pandapower_evflex.limits.by_period import ByLimit, limits_of
from pandapower_evflex.limits.limit import Slopes
from pandapower_evflex.powerflow.batched import BatchedPowerFlow, eliminate, fill_blocks, powers


@dataclass(frozen=True)
class LimitRows:
    """Limits h <= 0, one per row.

    Parameters
    ----------
    case : int [n_row]       position among the power flows
    kind : int [n_row]       position in `LIMITS`
    position : int [n_row]   place among those of its kind: a rated end of a branch, or a bus
    """

    case: IntArray
    kind: IntArray
    position: IntArray

    @classmethod
    def of(cls, places: Iterable[tuple[int, int, int]]) -> LimitRows:
        """From (case, kind, position)."""
        case, kind, position = np.array(list(places), dtype=np.int64).reshape(-1, 3).T.copy()
        return cls(case, kind, position)

    def __len__(self) -> int:
        return len(self.case)

    def values(self, tables: ByLimit) -> FloatArray:
        """The value of every row, from tables over cases and places [n_row]."""
        value = np.empty(len(self))
        for kind, table in enumerate(tables):
            chosen = self.kind == kind
            value[chosen] = table[self.case[chosen], self.position[chosen]]
        return value


def limit_gradients(
    flow: BatchedPowerFlow, rows: LimitRows, v: ComplexArray, limits: ByLimit | None = None
) -> ComplexArray:
    """Derivatives of every row's h by the loads, d h / d P_load + j d h / d Q_load, per pu [n_row, n_bus].

    Zero at the slack, and by Q where the voltage is held.

    Parameters
    ----------
    v : complex [n_case, n_bus]    solved voltages
    limits : ByLimit               of every case; None: those of the grid
    """
    grid, plan = flow.grid, flow.plan
    slopes = _slopes_of_rows(grid, rows, v, limits)
    gradient = np.zeros((len(rows), v.shape[1]), dtype=np.complex128)
    transposed = np.arange(plan.n_blocks)
    transposed[plan.upper], transposed[plan.lower] = plan.lower, plan.upper
    _adjoints(
        rows.case, slopes.node, slopes.angle, slopes.ln_vm, v, gradient,
        grid.y_bus.data, grid.y_bus.indices, grid.y_bus.indptr, flow.holds, transposed,
        plan.bus, plan.diagonal, plan.entry_index, plan.entry_block, flow.held_block,
        plan.start, plan.later, plan.upper, plan.lower, plan.update_start, plan.target,
    )  # fmt: skip
    return gradient


def _slopes_of_rows(grid: Grid, rows: LimitRows, v: ComplexArray, limits: ByLimit | None) -> Slopes:
    """Slopes of h; rows with fewer nodes than others are padded with slopes of 0."""
    allowed = limits_of(grid, 1) if limits is None else limits
    parts = []
    for kind in np.unique(rows.kind).tolist():
        chosen = np.flatnonzero(rows.kind == kind)
        case, position = rows.case[chosen], rows.position[chosen]
        limit = allowed.tables[kind][case if limits is not None else np.zeros_like(case), position]
        parts.append((chosen, LIMITS[kind].slopes_of_h(grid, v, case, position, limit)))
    shape = (len(rows), max((slopes.node.shape[1] for _, slopes in parts), default=0))
    node, angle, ln_vm = np.zeros(shape, dtype=np.int64), np.zeros(shape), np.zeros(shape)
    for chosen, slopes in parts:
        n = slopes.node.shape[1]
        node[chosen, :n], angle[chosen, :n], ln_vm[chosen, :n] = slopes.node, slopes.angle, slopes.ln_vm
    return Slopes(node, angle, ln_vm)


@jit
def _adjoints(
    case, node, by_angle, by_ln_vm, v, gradient,
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
        for number in range(node.shape[1]):
            slope[node[row, number], 0] += by_angle[row, number]
            slope[node[row, number], 1] += by_ln_vm[row, number]
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
