"""What a plan found on the way: limits broken before any fault, what stays dark and why, what the net does not say."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.profile_units import unit_doubts
from pandapower_evflex.planning.fault.isolation import supply_of
from pandapower_evflex.planning.fault.outages import duration_h
from pandapower_evflex.planning.fault.restoration import Restoration
from pandapower_evflex.planning.fault.switch_types import type_names, untyped_breakers
from pandapower_evflex.planning.plan_costs import PlanCosts

logger = logging.getLogger(__name__)

#: findings that values in kW may explain
BROKEN_GRID = {"no convergence", "overload before any fault"}
#: findings that are not logged: on single faults, of which there may be many, and on what is left out on purpose
NOT_LOGGED = {"dark until the repair", "no breaker", "one tie more", "ties not compared", "switching time not known"}
#: kind, element_type, element, text
Row = tuple[str, Any, Any, str]


def findings_of(costs: PlanCosts) -> pd.DataFrame:
    """Findings in the net without any reinforcement; those that nobody expects are logged."""
    rows: list[Row] = [(kind, "", None, text) for kind, text in costs.normal(()).findings]
    rows += _of_switches(costs.case.net)
    rows += _of_times(costs)
    for fault in costs.faults(()):
        outcome = costs.outcome(fault, ())
        found = [*outcome.congestion.findings, *_of_restoration(costs, outcome.restoration)]
        rows += [(kind, fault.element_type, fault.element, text) for kind, text in found]
    if BROKEN_GRID & {kind for kind, *_ in rows}:
        doubts = [doubt for day in costs.case.days.profiles for doubt in unit_doubts(costs.case.net, day)]
        rows += [("unit in doubt", "", None, doubt) for doubt in dict.fromkeys(doubts)]
    findings = pd.DataFrame(rows, columns=["kind", "element_type", "element", "text"])
    for text in findings.loc[~findings["kind"].isin(NOT_LOGGED), "text"]:
        logger.warning(text)
    return findings


def _of_switches(net: Net) -> list[Row]:
    """What is taken for a breaker where the net does not say."""
    closed = net["switch"]["closed"].to_numpy(dtype=bool)  # an open one clears nothing, whatever it is
    untyped = int((type_names(net).eq("") & closed).sum())
    if not untyped:
        return []
    breakers = int((untyped_breakers(net, supply_of(net).fed) & closed).sum())
    text = (
        f"closed switches without a type: {untyped}; {breakers} of them, at the busbars of external grids and at the "
        'lower sides of transformers, count as breakers, the others only isolate; set net.switch.type ("CB", "fuse", '
        '"LBS") where that is wrong'
    )
    return [("switches without a type", "", None, text)]


def _of_times(costs: PlanCosts) -> list[Row]:
    """Faults after which somebody waits for nobody knows how long."""
    unknown = []
    for fault in costs.faults(()):
        outcome = costs.outcome(fault, ())
        is_dark = costs.case.days.points.bus.isin(outcome.restoration.dark_buses)
        if np.isnan(outcome.out_h[:, ~is_dark]).any():
            unknown.append(f"{fault.element_type} {fault.element}")
    if not unknown:
        return []
    shown = ", ".join(unknown[:3]) + (f" and {len(unknown) - 3} more" if len(unknown) > 3 else "")
    text = (
        f"switching_time_h is not known for faults of {shown}: whoever waits for switches counts as interrupted once, "
        "for 0 h"
    )
    return [("switching time not known", "", None, text)]


def _of_restoration(costs: PlanCosts, state: Restoration) -> Iterator[tuple[str, str]]:
    outage = state.outage
    name = f"{outage.element_type} {outage.element}"
    if state.dark_mw > 0.0:
        text = f"{state.dark_mw:.4g} MW have no way back until the repair"
        if outage.planned:
            text = f"{outage} leaves {state.dark_mw:.4g} MW without supply"
        elif state.without_switch:
            text = f"no switch parts {name} from its source; {state.dark_mw:.4g} MW are dark until the repair"
        if np.isnan(duration_h(costs.case.net, outage)):
            text += ", which costs nothing here: repair_time_h is not known"
        yield "dark until the repair", text
    if state.without_breaker and not state.without_switch and state.interrupted_mw > 0.0:
        text = (
            f"no breaker or fuse parts {name} from its source; {state.interrupted_mw:.4g} MW wait until it is isolated"
        )
        yield "no breaker", text
    if state.one_tie_more_mw > 0.0:
        n = costs.case.settings.max_ties
        text = f"after {outage}, {state.one_tie_more_mw:.4g} MW stay dark that max_ties={n + 1} would bring back"
        yield "one tie more", text
    if not state.all_compared:
        text = f"after {outage} there are too many sets of ties: only short ways were compared"
        yield "ties not compared", text
