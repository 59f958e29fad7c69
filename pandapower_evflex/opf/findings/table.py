"""What is wrong with a state or a session, as rows of one table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.elements.ev_stays import Stay
from pandapower_evflex.limits import LIMITS, Limit
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.verify import GridState

#: relative excess up to which a limit counts as kept: pandapower's own tables would round it away
TOLERANCE = 1e-6

COLUMNS = [
    "finding", "ev", "session", "scenario", "forecast", "period", "element_type", "element", "quantity", "side",
    "value", "limit", "curable",
]  # fmt: skip


def findings_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS) if rows else no_rows(COLUMNS)


def no_rows(columns: list[str], index: str | None = None) -> pd.DataFrame:
    """As `pandas.DataFrame(columns=columns)`, which makes a series of every column first; name of the index."""
    labels = None if index is None else pd.Index([], dtype=object, name=index)
    return pd.DataFrame(np.empty((0, len(columns)), dtype=object), index=labels, columns=columns)


def in_forecast(forecast: Any) -> dict[str, Any]:
    """The column of the forecast, where there are several."""
    return {} if forecast == "" else {"forecast": forecast}


def exceeded_limits(case: Case, state: GridState) -> list[dict[str, Any]]:
    """Every limit that a state exceeds, one row per element and period."""
    excess, rows = state.excess(case.limits), []
    for t in np.flatnonzero(~state.converged).tolist():
        rows.append({"finding": "no power flow solution", "period": int(t), "curable": False})
    for t in np.flatnonzero(excess.exceeds(TOLERANCE) & state.converged).tolist():
        for kind, limit in enumerate(LIMITS):
            for position in worst_places(case.grid, limit, excess[limit][t]):
                rows.append(limit_finding(case, state, t, kind, position))
    return rows


def worst_places(grid: Grid, limit: Limit, excess: FloatArray) -> list[int]:
    """The place that exceeds the limit most at each element that breaks it: one end of a line, for instance."""
    worst: dict[str, int] = {}
    for position in np.flatnonzero(excess > TOLERANCE).tolist():
        element = str(limit.place(grid, position))
        if element not in worst or excess[position] > excess[worst[element]]:
            worst[element] = int(position)
    return list(worst.values())


def limit_finding(
    case: Case, state: GridState, t: int, kind: int, position: int, curable: bool = False
) -> dict[str, Any]:
    """A broken limit; of buses fused into one row, the bus whose limit it is."""
    limit = LIMITS[kind]
    place = limit.place(case.grid, position)
    return {
        "finding": limit.finding,
        "period": t,
        "element_type": place.element_type,
        "element": place.element,
        "quantity": limit.quantity,
        "side": place.side,
        "value": limit.per_unit * state.values[limit][t, position],
        "limit": limit.per_unit * case.limits[limit][t, position],
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
