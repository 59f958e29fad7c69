"""The report of a planning study."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from pandapower_evflex.planning.study import PlanningStudy
from pandapower_evflex.planning.study_overview import overview
from pandapower_evflex.reporting.page import folded, heading, paragraphs, picture, section, table, with_plotting
from pandapower_evflex.reporting.provenance_part import provenance_part

TITLE = "What to build and what to buy"


def parts_of_study(study: PlanningStudy) -> Iterator[str]:
    yield heading(TITLE, f"plan {study.best} is the cheapest of {len(study.plans)}", "good")
    yield section("In short", paragraphs(overview(study).split("\n")))
    yield section("Pictures", *with_plotting(_pictures, study))
    yield section("Plans, EUR a year", table(_readable(study.plans)))
    yield section("Against doing nothing, EUR a year", table(_readable(study.deltas)))
    yield section("Whom the best plan pays", table(study.sites))
    yield section("Interruptions", table(study.reliability))
    yield section("What limits: nothing reinforced", table(study.faults))
    yield section("Findings", table(study.findings, index=False))
    yield section("Fault by fault", folded("Costs of every fault and plan", table(study.fault_costs)))
    yield section("Load points", folded("Interruptions of every load", table(study.load_points)))
    yield provenance_part(study.provenance, study.provenance.get("settings", {}))


def _readable(plans: pd.DataFrame) -> pd.DataFrame:
    return plans.rename(columns=lambda name: name.replace("_eur_per_year", ""))


def _pictures(plotting: Any, study: PlanningStudy) -> list[str]:
    drawn = [picture(plotting.plot_plan_costs(study), "Costs of the plans")]
    if len(study.overloads):
        caption = "The overload with most energy not served, nothing reinforced"
        drawn.append(picture(plotting.plot_energy_not_served(study), caption))
    return drawn
