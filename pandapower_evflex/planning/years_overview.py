"""A horizon of planning in some ten lines: what flexibility saves, and when what is built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from pandapower_evflex.planning.years import PlanningHorizon


def overview_of_years(horizon: PlanningHorizon) -> str:
    """The lines that `print(horizon)` shows."""
    value = horizon.present_value_eur
    n_years, n_candidates = len(horizon.yearly_cost_eur), len(horizon.build_years)
    return "\n".join(
        [
            f"{n_years} years, {n_candidates} candidates, {len(horizon.plans)} plans evaluated",
            f"present value: {value['without_flexibility']:,.0f} EUR without flexibility, "
            f"{value['with_flexibility']:,.0f} EUR with it; it saves {horizon.value_of_flexibility_eur:,.0f} EUR",
            *(_candidate(row, horizon.years_deferred[row.Index]) for row in horizon.build_years.itertuples()),
        ]
    )


def _candidate(row: Any, years_deferred: float) -> str:
    """When one candidate is built without flexibility and with it."""
    without, with_it = _year(row.without_flexibility), _year(row.with_flexibility)
    if without == with_it:
        return f"candidate {row.Index}: {without}, with flexibility too"
    by = f" ({years_deferred:+g} years)" if pd.notna(years_deferred) else ""
    return f"candidate {row.Index}: {without}, with flexibility {with_it}{by}"


def _year(year: Any) -> str:
    return "never built" if pd.isna(year) else f"built in year {year:g}"
