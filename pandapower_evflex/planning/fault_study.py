"""One fault: where the supply comes from afterwards, what is overloaded, what is not served, what is bought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.planning.congested_days import CongestedDays, CongestionOutcome
from pandapower_evflex.planning.congestion.overload import AT_LIMIT
from pandapower_evflex.planning.days import Days
from pandapower_evflex.planning.fault.failures import events_per_fault, repair_time_h
from pandapower_evflex.planning.fault.operating_state import OperatingState
from pandapower_evflex.planning.fault.reinforced import Built
from pandapower_evflex.planning.fault.restoration import Restoration, Shed, restore_supply
from pandapower_evflex.planning.planning_case import BuiltNet, PlanningCase


@dataclass(frozen=True)
class FaultOutcome:
    """What one fault does per event, averaged over the days of the year.

    Parameters
    ----------
    restoration : Restoration
    congestion : CongestionOutcome
    is_out : bool [n_point]        loads that lose their supply
    out_h : float [n_point]        hours until it is back, by switches or the repair; NaN: not known
    strained : set of (table, label)    elements that hang together with a limit that is broken or near, in any state
                                        considered: what is built elsewhere changes nothing
    """

    restoration: Restoration
    congestion: CongestionOutcome
    is_out: BoolArray
    out_h: FloatArray
    strained: frozenset[tuple[str, Any]]


def study_fault(case: PlanningCase, fault: tuple[str, Any], built: Built) -> FaultOutcome:
    """The outcome of a fault with these candidates built; nothing on the net is changed."""
    net = case.built(built).net
    restoration, days, strained = _best_state(case, case.built(built), fault)
    hours = dict(zip(restoration.interrupted_buses, restoration.hours_back, strict=True))
    hours |= dict.fromkeys(restoration.dark_buses, repair_time_h(net, *fault))
    at = case.days.points.bus
    return FaultOutcome(
        restoration=restoration,
        congestion=CongestionOutcome() if days is None else days.outcome(),
        is_out=at.isin(list(hours)),
        out_h=np.array([hours.get(bus, 0.0) for bus in at], dtype=float),
        strained=strained,
    )


def _best_state(
    case: PlanningCase, built: BuiltNet, fault: tuple[str, Any]
) -> tuple[Restoration, CongestedDays | None, frozenset[tuple[str, Any]]]:
    """The best restoration, its days, and what is strained in any of those considered."""
    net = built.net
    considered: dict[Any, CongestedDays | None] = {}
    events = events_per_fault(repair_time_h(net, *fault), case.settings.events_per_fault)

    def shed(choice: Restoration) -> Shed:
        state = _operating_state(built, choice, case.days)
        days = considered[choice.position] = None if state is None else CongestedDays(case, state)
        if days is None or days.state.keeps_all_limits(AT_LIMIT):  # the first look
            return Shed()
        beyond = max((excess for _, _, excess in days.overloads.others), default=0.0)
        return Shed(events * days.ens_mwh, beyond)

    best = restore_supply(
        net,
        *fault,
        max_ties=case.settings.max_ties,
        load_mw=case.days.mean_load_mw,
        shed=shed,
        supply=built.supply,
        split=case.settings.split,
    )
    strained = [days.state.strained() for days in considered.values() if days is not None]
    return best, considered[best.position], frozenset().union(*strained)


def _operating_state(built: BuiltNet, choice: Restoration, days: Days) -> OperatingState | None:
    """None where no source is left in service, or no branch with supply: nothing can be overloaded there."""
    if built.supply.sources <= set(choice.zone):
        return None
    grid = built.grid(choice)
    return OperatingState(grid, days) if len(grid.from_bus) else None
