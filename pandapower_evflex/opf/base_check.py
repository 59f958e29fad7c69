"""What the grid shows without any controllable EV, before a solver runs.

Limits that no charging can cure are named instead of being given to a solver, which would need minutes to say
"infeasible" and nothing else; see `curable`. Overvoltage and reverse-flow overload that charging may cure are reported,
and solved.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pandapower_evflex.case.compile import Case
from pandapower_evflex.opf.curable import BrokenLimits, broken_limits
from pandapower_evflex.opf.findings import TOLERANCE, bus_finding, end_finding, worst_ends
from pandapower_evflex.opf.remedies import NO_POWER_FLOW
from pandapower_evflex.opf.verify import GridState, Violations, violations_of
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.powerflow.sensitivities import OVERLOAD, UNDERVOLTAGE


def base_findings(case: Case, flow: BatchedPowerFlow, state: GridState) -> list[dict[str, Any]]:
    """Violated limits of all periods without controllable EVs, one row per element and period."""
    violations = violations_of(case.limits, state)
    rows = [{"finding": NO_POWER_FLOW, "period": int(t), "curable": False} for t in np.flatnonzero(~state.converged)]
    for t in np.flatnonzero(violations.blocks(TOLERANCE) & state.converged).tolist():
        rows += _findings_of_period(case, state, violations, broken_limits(case, flow, state, violations, t), t)
    return rows


def _findings_of_period(
    case: Case, state: GridState, violations: Violations, broken: BrokenLimits, t: int
) -> list[dict[str, Any]]:
    named = set(worst_ends(case.grid, violations.overload[t]))
    found = []
    for kind, at, curable in zip(
        broken.rows.kind.tolist(), broken.rows.position.tolist(), broken.curable.tolist(), strict=True
    ):
        if kind == OVERLOAD:
            if at in named:
                found.append(end_finding(case, at, t, state.loading[t, at], curable))
        else:
            name = "undervoltage" if kind == UNDERVOLTAGE else "overvoltage"
            found.append(bus_finding(case, name, at, t, state.vm[t, at], curable))
    return found
