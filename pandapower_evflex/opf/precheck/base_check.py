"""What the grid shows without any controllable EV, before a solver runs.

Limits that no charging can cure are named instead of being given to a solver, which would need minutes to say
"infeasible" and nothing else; see `curable`. Overvoltage and reverse-flow overload that charging may cure are reported,
and solved. Nor does a solver run where the power flow has no solution or, from two starts, two: then nobody knows the
operating point.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pandapower_evflex.arrays import BoolArray
from pandapower_evflex.limits import LIMITS
from pandapower_evflex.limits.by_period import ByLimit
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.findings.remedies import LOW_VOLTAGE_ONLY, NO_POWER_FLOW, TWO_POWER_FLOWS
from pandapower_evflex.opf.findings.table import TOLERANCE, limit_finding, worst_places
from pandapower_evflex.opf.precheck.curable import BrokenLimits, broken_limits
from pandapower_evflex.opf.verify import GridState
from pandapower_evflex.powerflow.batched import BatchedPowerFlow

#: difference of voltages [pu] beyond which two converged power flows are two solutions
SAME_SOLUTION = 1e-5


def base_findings(case: Case, flow: BatchedPowerFlow, state: GridState) -> list[dict[str, Any]]:
    """Violated limits of all periods with every element idle, one row per element and period."""
    excess = state.excess(case.limits)
    rows = _without_operating_point(case, flow, state)
    for t in np.flatnonzero(excess.exceeds(TOLERANCE) & state.converged).tolist():
        rows += _findings_of_period(case, state, excess, broken_limits(case, flow, state, excess, t), t)
    return rows


def _without_operating_point(case: Case, flow: BatchedPowerFlow, state: GridState) -> list[dict[str, Any]]:
    """Periods without a power flow solution, and with more than one that could be the operating point."""
    kinds = {
        NO_POWER_FLOW: ~state.converged & ~state.low_voltage,
        LOW_VOLTAGE_ONLY: state.low_voltage,
        TWO_POWER_FLOWS: _has_two(case, flow, state),
    }
    return [
        {"finding": kind, "period": int(t), "curable": False}
        for kind, periods in kinds.items()
        for t in np.flatnonzero(periods)
    ]


def _has_two(case: Case, flow: BatchedPowerFlow, state: GridState) -> BoolArray:
    """Whether the power flow, started elsewhere, ends elsewhere."""
    other = flow.solve(case.injections(case.chain.idle), starts=flow.starts.order[1:])
    difference = np.abs(other.v - state.v).max(axis=1)
    return state.converged & other.converged & (difference > SAME_SOLUTION)


def _findings_of_period(
    case: Case, state: GridState, excess: ByLimit, broken: BrokenLimits, t: int
) -> list[dict[str, Any]]:
    named = {
        (kind, position)
        for kind, limit in enumerate(LIMITS)
        for position in worst_places(case.grid, limit, excess[limit][t])
    }
    judged = zip(broken.rows.kind.tolist(), broken.rows.position.tolist(), broken.curable.tolist(), strict=True)
    return [
        limit_finding(case, state, t, kind, position, curable)
        for kind, position, curable in judged
        if (kind, position) in named
    ]
