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
import pandas as pd
from numpy.typing import NDArray

from pandapower_evflex.case.compile import Case
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.case.stays import Stay
from pandapower_evflex.opf.verify import GridState, Violations, violations_of
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.powerflow.flows import end_loading

#: relative; what pandapower's own tables would round away
TOLERANCE = 1e-6

#: MW; small enough for a derivative, large against the power flow's tolerance
PROBE_MW = 1e-4

#: a message lists no more
MAX_LINES = 25

COLUMNS = [
    "finding", "ev", "session", "scenario", "period", "element_type", "element", "quantity", "side",
    "value", "limit", "curable",
]  # fmt: skip


def findings_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS)


def base_findings(case: Case, flow: BatchedPowerFlow, state: GridState) -> list[dict[str, Any]]:
    """Violated limits of all periods without controllable EVs, one row per element and period."""
    violations = violations_of(case, state)
    rows = [
        {"finding": "no power flow solution without EVs", "period": int(t), "curable": False}
        for t in np.flatnonzero(~state.converged)
    ]
    for t in np.flatnonzero(violations.blocks(TOLERANCE) & state.converged):
        rows += _findings_of_period(case, flow, state, violations, int(t))
    return rows


def _findings_of_period(
    case: Case, flow: BatchedPowerFlow, state: GridState, violations: Violations, t: int
) -> list[dict[str, Any]]:
    grid = case.grid
    d_vm, d_loading = _response_to_charging(case, flow, state, t)
    rows = []
    for bus in np.flatnonzero(violations.under[t] > TOLERANCE):
        curable = bool(np.any(d_vm[:, bus] > 0))
        rows.append(bus_finding(grid, "undervoltage", bus, t, state.vm[t, bus], grid.vm_min[bus], curable))
    for bus in np.flatnonzero(violations.over[t] > TOLERANCE):
        curable = bool(np.any(d_vm[:, bus] < 0))
        rows.append(bus_finding(grid, "overvoltage", bus, t, state.vm[t, bus], grid.vm_max[bus], curable))
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


def worst_ends(grid: Grid, overload: NDArray[np.float64]) -> list[int]:
    """The most exceeded end of each overloaded element."""
    worst: dict[tuple[str, int], int] = {}
    for end in np.flatnonzero(overload > TOLERANCE):
        key = (grid.ends.element_type[end], int(grid.ends.element[end]))
        if key not in worst or overload[end] > overload[worst[key]]:
            worst[key] = int(end)
    return list(worst.values())


def bus_finding(
    grid: Grid, finding: str, bus: int, t: int, value: float, limit: float, curable: bool
) -> dict[str, Any]:
    names = grid.bus_index[grid.bus_row == bus]
    element = int(names[0]) if len(names) else -1
    quantities = {"element_type": "bus", "element": element, "quantity": "vm_pu", "side": ""}
    return {"finding": finding, "period": t, **quantities, "value": value, "limit": limit, "curable": curable}


def end_finding(grid: Grid, end: int, t: int, loading: float, curable: bool) -> dict[str, Any]:
    ends = grid.ends
    return {
        "finding": "overload",
        "period": t,
        "element_type": ends.element_type[end],
        "element": int(ends.element[end]),
        "quantity": "loading_percent",
        "side": ends.side[end],
        "value": 100.0 * loading,
        "limit": 100.0 * ends.limit[end],
        "curable": curable,
    }


def session_findings(
    labels: pd.Index, unreachable: list[tuple[Stay, float]], overfull: list[tuple[Stay, float]]
) -> list[dict[str, Any]]:
    """Sessions that no charging can satisfy, in MWh."""

    def row(finding: str, stay: Stay, value: float, limit: float) -> dict[str, Any]:
        period = int(stay.periods[-1]) if len(stay.periods) else None
        return {
            "finding": finding,
            "ev": labels[stay.ev],
            "session": stay.session,
            "period": period,
            "quantity": "e_mwh",
            "value": value,
            "limit": limit,
            "curable": False,
        }

    return [
        row("unreachable" if stay.n_whole else "no whole period", stay, reached, stay.e_need)
        for stay, reached in unreachable
    ] + [row("min_p_mw overfills the battery", stay, e_end, stay.e_max) for stay, e_end in overfull]


def describe(findings: pd.DataFrame) -> str:
    """The findings as lines a grid engineer reads: one per session, one per element with its worst period."""
    lines = [_session_line(row) for row in findings[findings["session"].notna()].itertuples()]
    unsolved = findings[findings["element_type"].isna() & findings["session"].isna()]
    for (finding, scenario), rows in unsolved.groupby(["finding", "scenario"], sort=False, dropna=False):
        lines.append(f"{finding}{_where(scenario)} in {_when(rows)}")
    grid = findings[findings["element_type"].notna()]
    keys = ["finding", "scenario", "element_type", "element"]
    lines += [_element_line(*key, rows) for key, rows in grid.groupby(keys, sort=False, dropna=False)]
    more = len(lines) - MAX_LINES
    return "\n".join(lines if more <= 0 else [*lines[:MAX_LINES], f"and {more} more, see findings"])


def _session_line(row: Any) -> str:
    by = abs(row.limit - row.value) * 1e3
    of = f"{row.value * 1e3:.2f} of {row.limit * 1e3:.2f} kWh"
    what = {
        "unreachable": f"reaches {of} at full power, {by:.2f} short",
        "unreachable within the grid": f"gets {of}, {by:.2f} short",
        "no whole period": f"has no whole period plugged in; has {of} at departure",
    }.get(row.finding, f"the least charging power overfills the battery of {row.limit * 1e3:.2f} kWh by {by:.2f}")
    return f"EV {row.ev}, session {row.session} (last period {row.period}): {what}"


def _element_line(finding: str, scenario: Any, kind: str, element: int, rows: pd.DataFrame) -> str:
    by = (rows["value"] - rows["limit"]).abs()
    worst = rows.loc[by.idxmax()]
    unit = "pu" if worst["quantity"] == "vm_pu" else "%"
    values = f"{worst['value']:.4g} {unit}, limit {worst['limit']:.4g} {unit}, by {by.max():.3g} {unit}"
    return f"{finding} of {kind} {element:.0f}{_where(scenario)} in {_when(rows, worst['period'])}: {values}"


def _where(scenario: Any) -> str:
    return " without controllable EVs" if pd.isna(scenario) else f" in scenario {scenario}"


def _when(rows: pd.DataFrame, worst: int | None = None) -> str:
    periods = sorted(set(rows["period"]))
    if len(periods) == 1:
        return f"period {periods[0]}"
    return f"{len(periods)} periods from {periods[0]} to {periods[-1]}" + (f", worst in {worst}" if worst else "")
