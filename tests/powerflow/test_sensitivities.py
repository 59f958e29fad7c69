"""Adjoint gradients of limits equal differences of power flows."""

from __future__ import annotations

import numpy as np
import pytest

from pandapower_evflex.case.grid import read_grid
from pandapower_evflex.case.limits import Limits
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.powerflow.flows import end_loading
from pandapower_evflex.powerflow.sensitivities import (
    OVERLOAD,
    OVERVOLTAGE,
    UNDERVOLTAGE,
    LimitRows,
    limit_gradients,
    limit_values,
)
from tests.case.nets import NETS

STEP = 1e-4  # MW


def rows_of(grid, n_cases):
    """Every finite limit in every case."""
    free = np.setdiff1d(np.arange(len(grid.vm_min)), np.concatenate([grid.slack, grid.held]))
    positions = [
        (OVERLOAD, np.flatnonzero(np.isfinite(grid.ends.limit) & np.isfinite(grid.ends.rating))),
        (UNDERVOLTAGE, free[np.isfinite(grid.vm_min[free])]),
        (OVERVOLTAGE, free[np.isfinite(grid.vm_max[free])]),
    ]
    table = [(c, kind, i) for c in range(n_cases) for kind, at in positions for i in at]
    return LimitRows(*np.array(table, dtype=np.int64).T)


@pytest.mark.parametrize("trafo_loading", ["power", "current"])
@pytest.mark.parametrize("name", NETS)
def test_gradients_by_active_and_reactive_load_equal_differences(name, trafo_loading):
    grid = read_grid(NETS[name](), trafo_loading=trafo_loading)
    flow = BatchedPowerFlow(grid)
    s = np.array([0.6, 1.0])[:, None] * grid.s_fixed
    rows = rows_of(grid, 2)

    def values(injection):
        flows = flow.solve(injection)
        assert flows.converged.all()
        return rows.values(limit_values(Limits.of(grid, 1), np.abs(flows.v), end_loading(grid, flows.v)))

    gradient = limit_gradients(flow, rows, flow.solve(s).v)
    for bus in np.random.default_rng(0).choice(len(grid.vm_min), 5, replace=False):
        for direction, part in ((1.0, gradient.real), (1.0j, gradient.imag)):
            more, less = s.copy(), s.copy()
            more[:, bus] -= STEP * direction
            less[:, bus] += STEP * direction
            difference = (values(more) - values(less)) / (2.0 * STEP)
            scale = 1e-3 + np.abs(difference).max()
            assert np.max(np.abs(part[:, bus] - difference)) < 1e-5 * scale
