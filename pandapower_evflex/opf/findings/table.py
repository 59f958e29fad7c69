"""What is wrong with a state or a session, as rows of one table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.elements.ev_stays import Stay
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.verify import GridState, violations_of

#: relative; what pandapower's own tables would round away
TOLERANCE = 1e-6

COLUMNS = [
    "finding", "ev", "session", "scenario", "period", "element_type", "element", "quantity", "side",
    "value", "limit", "curable",
]  # fmt: skip


def findings_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS)


def exceeded_limits(case: Case, state: GridState) -> list[dict[str, Any]]:
    """Every limit that a state exceeds, one row per element and period."""
    violations, rows = violations_of(case.limits, state), []
    for t in np.flatnonzero(~state.converged).tolist():
        rows.append({"finding": "no power flow solution", "period": int(t), "curable": False})
    for t in np.flatnonzero(violations.blocks(TOLERANCE) & state.converged).tolist():
        for bus in np.flatnonzero(violations.under[t] > TOLERANCE).tolist():
            rows.append(bus_finding(case, "undervoltage", bus, t, state.vm[t, bus]))
        for bus in np.flatnonzero(violations.over[t] > TOLERANCE).tolist():
            rows.append(bus_finding(case, "overvoltage", bus, t, state.vm[t, bus]))
        for end in worst_ends(case.grid, violations.overload[t]):
            rows.append(end_finding(case, end, t, state.loading[t, end]))
    return rows


def worst_ends(grid: Grid, overload: FloatArray) -> list[int]:
    """The most exceeded end of each overloaded element."""
    worst: dict[tuple[str, int], int] = {}
    for end in np.flatnonzero(overload > TOLERANCE).tolist():
        key = (grid.ends.element_type[end], int(grid.ends.element[end]))
        if key not in worst or overload[end] > overload[worst[key]]:
            worst[key] = int(end)
    return list(worst.values())


def bus_finding(case: Case, finding: str, row: int, t: int, value: float, curable: bool = False) -> dict[str, Any]:
    """Of buses fused into one row, the bus whose limit is violated."""
    label, limit = {
        "undervoltage": (case.grid.vm_min_bus, case.limits.vm_min),
        "overvoltage": (case.grid.vm_max_bus, case.limits.vm_max),
    }[finding]
    quantities = {"element_type": "bus", "element": int(label[row]), "quantity": "vm_pu", "side": ""}
    return {"finding": finding, "period": t, **quantities, "value": value, "limit": limit[t, row], "curable": curable}


def end_finding(case: Case, end: int, t: int, loading: float, curable: bool = False) -> dict[str, Any]:
    ends = case.grid.ends
    return {
        "finding": "overload",
        "period": t,
        "element_type": ends.element_type[end],
        "element": int(ends.element[end]),
        "quantity": "loading_percent",
        "side": ends.side[end],
        "value": 100.0 * loading,
        "limit": 100.0 * case.limits.end[t, end],
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
