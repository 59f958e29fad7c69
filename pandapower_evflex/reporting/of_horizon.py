"""The report of a planning horizon."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pandapower_evflex.planning.years import PlanningHorizon
from pandapower_evflex.planning.years_overview import overview_of_years
from pandapower_evflex.reporting.page import folded, heading, paragraphs, picture, section, table, with_plotting
from pandapower_evflex.reporting.provenance_part import provenance_part

TITLE = "When to build, and what flexibility puts off"


def parts_of_horizon(horizon: PlanningHorizon) -> Iterator[str]:
    first = horizon.studies[0]
    yield heading(TITLE, f"{len(horizon.studies)} years", "good")
    yield section("In short", paragraphs(overview_of_years(horizon).split("\n")))
    yield section("Pictures", *with_plotting(_pictures, horizon))
    built = horizon.build_years.assign(years_deferred=horizon.years_deferred).rename_axis("candidate")
    yield section("Year in which each candidate is built", table(built))
    yield section("What stands in each year", table(horizon.path.rename_axis("year")))
    yield section("Operation and annuities of each year, EUR, not discounted", table(horizon.yearly_cost_eur))
    yield section("Plan by plan", folded("Every plan of every year", table(horizon.plans, index=False)))
    yield provenance_part(first.provenance, first.provenance.get("settings", {}))


def _pictures(plotting: Any, horizon: PlanningHorizon) -> list[str]:
    caption = "What each year costs, and from which year on each candidate stands"
    return [picture(plotting.plot_horizon(horizon), caption)]
