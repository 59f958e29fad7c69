"""Adjoint gradients of limits equal differences of power flows."""

from __future__ import annotations

import numpy as np
import pytest

from pandapower_evflex.case.grid import read_grid
from pandapower_evflex.limits import LIMITS
from pandapower_evflex.limits.by_period import limits_of, rows_of, values_of
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.powerflow.sensitivities import LimitRows, limit_gradients
from tests.case.nets import NETS
from tests.examples import sampled, sweep

STEP = 1e-4  # MW
#: limits by default
FEW = 1_000


def every_limit(grid, n_cases):
    """Finite limits in every case, of branches with a rating; of a large net some of them."""
    limited = [np.flatnonzero(np.isfinite(table[0])) for table in limits_of(grid, 1)]
    rated = np.isfinite(grid.ends.rating)
    rows = [
        (case, kind, place)
        for case in range(n_cases)
        for kind, places in enumerate(limited)
        for place in places.tolist()
        if LIMITS[kind].quantity != "loading_percent" or rated[place]
    ]
    return LimitRows.of(sampled(rows, FEW))


@sweep
@pytest.mark.parametrize("trafo_loading", ["power", "current"])
@pytest.mark.parametrize("name", NETS)
def test_gradients_by_active_and_reactive_load_equal_differences(name, trafo_loading):
    grid = read_grid(NETS[name](), trafo_loading=trafo_loading)
    flow = BatchedPowerFlow(grid)
    s = np.array([0.6, 1.0])[:, None] * grid.s_fixed
    rows = every_limit(grid, 2)

    def values(injection):
        flows = flow.solve(injection)
        assert flows.converged.all()
        return rows.values(rows_of(limits_of(grid, 2), values_of(grid, flows.v)))

    gradient = limit_gradients(flow, rows, flow.solve(s).v)
    for bus in np.random.default_rng(0).choice(len(grid.vm_min), 5, replace=False):
        for direction, part in ((1.0, gradient.real), (1.0j, gradient.imag)):
            more, less = s.copy(), s.copy()
            more[:, bus] -= STEP * direction
            less[:, bus] += STEP * direction
            difference = (values(more) - values(less)) / (2.0 * STEP)
            scale = 1e-3 + np.abs(difference).max()
            assert np.max(np.abs(part[:, bus] - difference)) < 1e-5 * scale
