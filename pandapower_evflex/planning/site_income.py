"""Whom to pay: what the sites are called for in a year, and what they earn by it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pandapower_evflex.planning.plan_costs import PlanCost, PlanCosts

CALL_COLUMNS = ["cpo", "fault", "p_mw", "energy_mwh", "hours", "payment_eur"]


def site_table(costs: PlanCosts, plan: PlanCost) -> pd.DataFrame:
    """One row per site in service: what a plan calls it for in an average year; 0 where it buys nothing.

    Columns as in `PlanningStudy.sites`; `price_eur_per_mwh` is NaN where nothing is bought.
    """
    cpo = costs.case.net.get("cpo", pd.DataFrame({"name": [], "bus": [], "in_service": []}))
    sites = cpo[cpo["in_service"].astype(bool)]
    of_site = pd.DataFrame(_calls(costs, plan), columns=CALL_COLUMNS).groupby("cpo")
    year = of_site[["energy_mwh", "hours", "payment_eur"]].sum().astype(float).reindex(sites.index, fill_value=0.0)
    return pd.DataFrame(
        {
            "name": sites["name"],
            "bus": sites["bus"],
            "p_mw": of_site["p_mw"].max().astype(float).reindex(sites.index, fill_value=0.0),
            "energy_mwh_per_year": year["energy_mwh"],
            "hours": year["hours"],
            "price_eur_per_mwh": year["payment_eur"] / year["energy_mwh"].where(year["energy_mwh"] > 0.0),
            "income_eur_per_year": year["payment_eur"],
            "faults": of_site["fault"].nunique().reindex(sites.index, fill_value=0),
        }
    )


def _calls(costs: PlanCosts, plan: PlanCost) -> list[tuple[Any, ...]]:
    """Calls of a year: every fault at its rate."""
    if not plan.flexibility:
        return []
    rows = []
    for fault in costs.faults(plan.reinforcements):
        frequency = costs.outages[fault]
        for call in costs.outcome(fault, plan.reinforcements).congestion.calls:
            per_year = frequency.per_year * frequency.events * call.share_of_year
            amounts = (per_year * amount for amount in (call.energy_mwh, call.hours, call.payment_eur))
            rows.append((call.cpo, fault, call.p_mw, *amounts))
    return rows
