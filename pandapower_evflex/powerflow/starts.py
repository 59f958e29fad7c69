"""Where Newton's method starts, in an order that is a matter of the grid.

* "dc": angles of the linear power flow, magnitudes of the set points, as `pandapower.runpp` starts
* "no load": voltages without any load
* "flat": magnitudes of 1, angles of transformers alone

Without voltage-holding generators voltages without load are near to every solution, and cost nothing per case. With
many of them they can lie far from any (`case1354pegase`: 0.56 to 1.20 pu), so those grids start as pandapower does.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix
from scipy.sparse.linalg import splu, spsolve

from pandapower_evflex.arrays import ComplexArray, FloatArray, IntArray
from pandapower_evflex.case.dc_model import dc_model
from pandapower_evflex.case.grid import Grid


class Starts:
    """Start voltages of one grid; what does not depend on the loads is worked out once, when it is asked for."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        #: starts in the order in which they are tried
        self.order = ("dc", "no load", "flat") if len(grid.held) else ("no load", "dc", "flat")

    def voltages(self, name: str, s: ComplexArray) -> ComplexArray:
        """[n_case, n_bus] for injections of that shape; read-only where it is one row for all."""
        if name == "dc":
            magnitude = self._magnitudes(float(np.mean(np.abs(self.grid.set_points[self.grid.fixed_vm]))))
            return magnitude * np.exp(1j * self._dc_angles(s.real))
        v = self.no_load if name == "no load" else self._flat
        return np.broadcast_to(v, (len(s), len(v)))

    @cached_property
    def no_load(self) -> ComplexArray:
        """Voltages without any load: they know every tap and phase shift. [n_bus]

        Generators are sources too, at their set points, with the angle that the slack alone would give them: left
        floating, long lines and compensation carry them far from any solution.
        """
        grid = self.grid
        v = _between_sources(grid.y_bus, grid.set_points, grid.slack)
        if not len(grid.held):
            return v
        sources = grid.set_points.copy()
        sources[grid.held] = np.abs(sources[grid.held]) * np.exp(1j * np.angle(v[grid.held]))
        return _between_sources(grid.y_bus, sources, grid.fixed_vm)

    @cached_property
    def _flat(self) -> ComplexArray:
        return self._magnitudes(1.0) * np.exp(1j * self._dc_angles(np.zeros((1, len(self.grid.set_points))))[0])

    def _magnitudes(self, elsewhere: float) -> FloatArray:
        magnitude = np.full(len(self.grid.set_points), elsewhere)
        fixed = self.grid.fixed_vm
        magnitude[fixed] = np.abs(self.grid.set_points[fixed])
        return magnitude

    @cached_property
    def _others(self) -> IntArray:
        return np.setdiff1d(np.arange(len(self.grid.set_points)), self.grid.slack)

    @cached_property
    def _dc(self) -> tuple[csr_matrix, FloatArray]:
        """B and p0 of the linear power flow p = B theta + p0."""
        grid = self.grid
        return dc_model(grid.b_branch, grid.p_shift, grid.from_bus, grid.to_bus, grid.p_shunt)

    @cached_property
    def _dc_factor(self) -> Any:
        return splu(csc_matrix(self._dc[0][self._others][:, self._others]))

    def _dc_angles(self, p: FloatArray) -> FloatArray:
        """[n_case, n_bus] of active injections; where the linear power flow has no solution those of no load."""
        grid, others, (b, p_0) = self.grid, self._others, self._dc
        theta = np.tile(np.angle(grid.set_points), (len(p), 1))
        if not len(others) or not len(p):
            return theta
        from_slack = b[others][:, grid.slack] @ theta[0, grid.slack]
        try:
            theta[:, others] = self._dc_factor.solve((p - p_0)[:, others].T - from_slack[:, None]).T
        except RuntimeError:  # exactly singular
            theta[:] = np.nan
        return np.where(np.isfinite(theta), theta, np.angle(self.no_load))


def _between_sources(y_bus: csr_matrix, voltages: ComplexArray, sources: IntArray) -> ComplexArray:
    """Voltages of all other buses, without any load there."""
    v = voltages.copy()
    others = np.setdiff1d(np.arange(len(v)), sources)
    if len(others):
        rows = y_bus[others]
        v[others] = spsolve(csc_matrix(rows[:, others]), -rows[:, sources] @ v[sources])
    return v
