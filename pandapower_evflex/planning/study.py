"""What a planning study found: plans, their costs, and what is behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from pandapower_evflex.planning.congestion.window_profiles import overloads_of
from pandapower_evflex.planning.fault.reinforced import Built
from pandapower_evflex.planning.findings import findings_of
from pandapower_evflex.planning.plan_costs import PlanCost, PlanCosts
from pandapower_evflex.planning.reliability import INDICES, indices, load_points
from pandapower_evflex.planning.site_income import site_table
from pandapower_evflex.planning.study_overview import overview

COSTS = {
    "reliability_eur_per_year": "reliability",
    "losses_eur_per_year": "losses",
    "investment_eur_per_year": "investment",
    "flexibility_eur_per_year": "procured",
    "total_eur_per_year": "total",
}
FAULT_COLUMNS = [
    "element_type", "element", "switches_closed", "dark_mw", "overloaded_element_type", "overloaded_element",
    "start_h", "end_h", "missing_mw", "ens_mwh", "procured_mw", "price_eur_per_mwh", "ens_with_flexibility_mwh",
    "rebound_mw", "day", "switches_opened", "planned",
]  # fmt: skip
#: EUR per year below which two plans cost the same: the one that builds and buys less is taken
SAME_COST_EUR = 1e-6


@dataclass(frozen=True, repr=False)
class PlanningStudy:
    """Outcome of `run_planning`; it pickles and holds no net.

    Attributes
    ----------
    plans : DataFrame         one row per plan evaluated: `reinforcements` (tuple of net.reinforcement indices),
                              `flexibility`, `reliability_eur_per_year` (19), `losses_eur_per_year`,
                              `investment_eur_per_year` (18), `flexibility_eur_per_year` (16), `total_eur_per_year` (17)
    best : int                row of the cheapest plan; of equally cheap ones that which builds and buys less
    deltas : DataFrame        costs of the plans minus those of doing nothing: the paper's Table I
    faults : DataFrame        results without any reinforcement: one row per fault, congestion window and overloaded
                              element, and one row per fault that leaves load without supply. Columns:
                              `element_type, element, switches_closed, dark_mw` (mean over the
                              year), `overloaded_element_type, overloaded_element` ("net", None: no power flow
                              converges), `start_h, end_h` (hours of the day), `missing_mw` (what is asked for;
                              of voltages and meshes to first order, more than is shed where a limit is far off),
                              `ens_mwh` (of this element alone), `procured_mw`, `price_eur_per_mwh`,
                              `ens_with_flexibility_mwh` (of all elements of the window, from its start to the next
                              window, rebound included), `rebound_mw` (largest load that comes back; not
                              counted with rebound=False), `day`, `switches_opened` (to isolate the fault; last the
                              one that splits an island), `planned` (outages)
    fault_costs : DataFrame   one row per fault or planned outage and plan: `plan, element_type, element`, its rate and
                              windows met, what it costs a year, `planned`; R is `overload_eur_per_year` plus
                              `dark_eur_per_year`
    findings : DataFrame      `kind, element_type, element, text`: what is overloaded before any fault, what no shedding
                              cures, loads without a way back and what would give them one, switches whose type or
                              time is not known, states without a power flow, values that may be in kW
    gap_eur_per_year : float  by which a plan that was not evaluated could be cheaper than the best one; 0 when all
                              plans were evaluated or excluded
    overloads : DataFrame     the windows of `faults` period by period: `row` (of `faults`), `start_h, end_h`,
                              `missing_mw` (of this element), `not_served_mw` and `left_mw` (of all elements of the
                              window without and with flexibility, up to the next window); periods in which nothing is
                              missing are left out
    annuity_eur : Series      of every candidate (18)
    sites : DataFrame         whom the best plan pays, one row per site in service: `name, bus, p_mw` (largest power
                              called), `energy_mwh_per_year, hours` (called in a year), `price_eur_per_mwh` (mean paid),
                              `income_eur_per_year` (their sum is the plan's flexibility cost where no EV bids beside
                              them), `faults` (elements whose fault calls it)
    reliability : DataFrame   one row per plan, as `plans`: `saifi_per_year`, `saidi_h_per_year`, `caidi_h`, `asai`,
                              `eens_mwh_per_year`, `maifi_per_year`, by customers of the loads in service
    load_points : DataFrame   nothing reinforced, no flexibility; one row per load in service: `bus, customers`,
                              `interruptions_per_year`, `hours_per_year` (sustained ones), `energy_mwh_per_year`,
                              `momentary_per_year`; asymmetric loads follow with labels beyond those of net.load
    provenance : dict         name and SHA-256 of the net, versions of the packages, settings
    """

    plans: pd.DataFrame
    best: int
    deltas: pd.DataFrame
    faults: pd.DataFrame
    fault_costs: pd.DataFrame
    findings: pd.DataFrame
    gap_eur_per_year: float = 0.0
    annuity_eur: pd.Series = field(default_factory=lambda: pd.Series(dtype=float), repr=False)
    overloads: pd.DataFrame = field(default_factory=lambda: overloads_of(()), repr=False)
    sites: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    reliability: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    load_points: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    provenance: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        return overview(self)

    def __repr__(self) -> str:
        return f"<PlanningStudy: {len(self.plans)} plans, {len(self.faults)} fault rows; print() shows more>"


def study_of(costs: PlanCosts, sets: Iterable[Built], gap: float) -> PlanningStudy:
    evaluated = [costs.cost(built, flexibility) for built in sets for flexibility in (False, True)]
    plans = pd.DataFrame(
        {
            "reinforcements": pd.Series([plan.reinforcements for plan in evaluated], dtype=object),
            "flexibility": [plan.flexibility for plan in evaluated],
            **{column: [getattr(plan, name) for plan in evaluated] for column, name in COSTS.items()},
        }
    )
    best = _best(evaluated)
    reference = next(i for i, plan in enumerate(evaluated) if not plan.reinforcements and not plan.flexibility)
    deltas = plans[["reinforcements", "flexibility"]].join(
        plans[list(COSTS)] - plans.loc[reference, list(COSTS)].astype(float)
    )
    rows = _fault_rows(costs)
    faults = pd.DataFrame(rows, columns=FAULT_COLUMNS).astype({"overloaded_element": "Int64"})  # labels stay whole
    overloads = overloads_of([row.get("profile") for row in rows])
    return PlanningStudy(
        plans, best, deltas, faults, _fault_costs(costs, evaluated),
        findings_of(costs), gap, pd.Series(costs.annuity, dtype=float), overloads, site_table(costs, evaluated[best]),
        _reliability(costs, evaluated), load_points(costs.interruptions((), False), costs.case.days.points),
    )  # fmt: skip


def _best(plans: list[PlanCost]) -> int:
    least = min(plan.total for plan in plans)
    equal = [i for i, plan in enumerate(plans) if plan.total <= least + SAME_COST_EUR]
    return min(equal, key=lambda i: (len(plans[i].reinforcements), plans[i].flexibility, i))


def _fault_rows(costs: PlanCosts) -> list[dict[str, Any]]:
    rows = []
    for fault in costs.faults(()):
        outcome = costs.outcome(fault, ())
        if not outcome.congestion.rows and outcome.restoration.dark_mw <= 0.0:
            continue
        common = {
            "element_type": fault.element_type,
            "element": fault.element,
            "planned": fault.planned,
            "switches_closed": outcome.restoration.switches_closed,
            "dark_mw": outcome.restoration.dark_mw,
            "switches_opened": outcome.restoration.switches_opened,
        }
        rows += [{**common, **row} for row in outcome.congestion.rows or [{}]]
    return rows


def _reliability(costs: PlanCosts, plans: list[PlanCost]) -> pd.DataFrame:
    customers = costs.case.days.points.customers
    rows = [indices(costs.interruptions(plan.reinforcements, plan.flexibility), customers) for plan in plans]
    return pd.DataFrame(rows, columns=INDICES)


def _fault_costs(costs: PlanCosts, plans: list[PlanCost]) -> pd.DataFrame:
    tables = [
        costs.fault_costs(plan.reinforcements, plan.flexibility).assign(plan=number)
        for number, plan in enumerate(plans)
    ]
    return pd.concat(tables, ignore_index=True)
