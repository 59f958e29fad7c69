r"""How branch flows and voltages answer to loads: one adjoint solve per quantity.

A quantity f of the voltages y = (theta, ln v) changes with the injections s by :math:`df = \mu^T ds` where

.. math:: J^T \mu = \partial f / \partial y

and J is the Jacobian of the power flow (see `jacobian`), factorised once for all quantities of one power flow.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import ComplexArray, FloatArray, IntArray
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.limits import LIMITS
from pandapower_evflex.limits.by_period import ByLimit, limits_of
from pandapower_evflex.limits.limit import Slopes
from pandapower_evflex.powerflow.batched import BatchedPowerFlow


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
    grid, jacobian = flow.grid, flow.jacobian
    slopes = _slopes_of_rows(grid, rows, v, limits)
    rhs = np.zeros((len(rows), v.shape[1], 2))
    by_node = (np.arange(len(rows))[:, None], slopes.node)
    np.add.at(rhs[..., 0], by_node, slopes.angle)
    np.add.at(rhs[..., 1], by_node, slopes.ln_vm)
    jacobian.solve_transposed(v, rows.case, rhs)
    np.negative(rhs, out=rhs)  # a load is a negative injection
    rhs[:, grid.slack] = 0.0
    rhs[:, jacobian.plan.bus[jacobian.holds], 1] = 0.0
    return np.asarray(rhs.view(np.complex128)[..., 0])


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
