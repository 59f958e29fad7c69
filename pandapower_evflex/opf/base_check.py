"""What the grid shows without any controllable EV, before a solver runs.

An EV only consumes. Where no plugged EV can lower a violated quantity by charging, no schedule can cure it: squared
branch flows are convex and voltages concave in the load (proved for one branch, seen in every test), so a quantity
that does not improve from the first kilowatt on never does. Such violations are named instead of being given to a
solver, which would need minutes to say "infeasible" and nothing else. Over-voltage and reverse-flow overload at a time
with EVs that lower them are reported, and solved.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandapower_evflex.case.compile import Case
from pandapower_evflex.opf.findings import TOLERANCE, bus_finding, end_finding, worst_ends
from pandapower_evflex.opf.verify import GridState, Violations, violations_of
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.powerflow.flows import end_loading

#: MW; small enough for a derivative, large against the power flow's tolerance
PROBE_MW = 1e-4


def base_findings(case: Case, flow: BatchedPowerFlow, state: GridState) -> list[dict[str, Any]]:
    """Violated limits of all periods without controllable EVs, one row per element and period."""
    violations = violations_of(case, state)
    rows = [
        {"finding": "no power flow solution without EVs", "period": int(t), "curable": False}
        for t in np.flatnonzero(~state.converged)
    ]
    for t in np.flatnonzero(violations.blocks(TOLERANCE) & state.converged).tolist():
        rows += _findings_of_period(case, flow, state, violations, int(t))
    return rows


def _findings_of_period(
    case: Case, flow: BatchedPowerFlow, state: GridState, violations: Violations, t: int
) -> list[dict[str, Any]]:
    grid = case.grid
    d_vm, d_loading = _response_to_charging(case, flow, state, t)
    rows = []
    for bus in np.flatnonzero(violations.under[t] > TOLERANCE).tolist():
        curable = bool(np.any(d_vm[:, bus] > 0))
        rows.append(bus_finding(grid, "undervoltage", bus, t, state.vm[t, bus], curable))
    for bus in np.flatnonzero(violations.over[t] > TOLERANCE).tolist():
        curable = bool(np.any(d_vm[:, bus] < 0))
        rows.append(bus_finding(grid, "overvoltage", bus, t, state.vm[t, bus], curable))
    for end in worst_ends(grid, violations.overload[t]):
        curable = bool(np.any(d_loading[:, end] < 0))
        rows.append(end_finding(grid, end, t, state.loading[t, end], curable))
    return rows


def _response_to_charging(
    case: Case, flow: BatchedPowerFlow, state: GridState, t: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Change of voltages and loadings when each plugged controllable EV in turn charges a little."""
    evs = np.unique(case.evs.slots.ev[case.evs.slots.period == t])
    s = np.tile(case.injections(case.evs.fixed_p)[t], (len(evs), 1))
    s[np.arange(len(evs)), case.evs.bus_row[evs]] -= PROBE_MW * (1.0 + 1j * case.evs.tan_phi[evs])
    if not len(evs):
        return np.empty((0, s.shape[1])), np.empty((0, state.loading.shape[1]))
    flows = flow.solve(s)
    d_vm = np.abs(flows.v) - state.vm[t]
    d_vm[np.abs(d_vm) < 1e-11] = 0.0  # rounding of the power flow
    d_loading = end_loading(case.grid, flows.v) - state.loading[t]
    d_loading[np.abs(d_loading) < 1e-11] = 0.0
    return d_vm, d_loading
