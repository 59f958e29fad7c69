"""One fault: where the supply comes from afterwards, what is overloaded, what is not served, what is bought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.planning.congested_days import CongestedDays, CongestionOutcome
from pandapower_evflex.planning.congestion.overload import AT_LIMIT
from pandapower_evflex.planning.fault.operating_state import OperatingState
from pandapower_evflex.planning.fault.outages import Outage, duration_h, events_per_outage
from pandapower_evflex.planning.fault.reinforced import Built
from pandapower_evflex.planning.fault.restoration import Restoration, Shed
from pandapower_evflex.planning.fault.restoring import restore_supply, with_stuck_breakers
from pandapower_evflex.planning.planning_case import BuiltNet, PlanningCase


@dataclass(frozen=True)
class FaultOutcome:
    """What one outage does per event, averaged over the days of the year.

    Parameters
    ----------
    restoration : Restoration
    congestion : CongestionOutcome
    probability : float [n_case]       that all breakers open, and that some of them do not; their sum is 1
    is_out : bool [n_case, n_point]    loads that lose their supply
    out_h : float [n_case, n_point]    hours until it is back, by switches or the repair; NaN: not known
    strained : set of (table, label)    elements that hang together with a limit that is broken or near, in any state
                                        considered: what is built elsewhere changes nothing
    """

    restoration: Restoration
    congestion: CongestionOutcome
    probability: FloatArray
    is_out: BoolArray
    out_h: FloatArray
    strained: frozenset[tuple[str, Any]]


def study_fault(case: PlanningCase, outage: Outage, built: Built) -> FaultOutcome:
    """The outcome of an outage with these candidates built; nothing on the net is changed."""
    own = case.built(built)
    restoration, days, strained = _best_state(case, own, outage)
    cases = with_stuck_breakers(own.net, restoration, own.supply, case.days.mean_load_mw)
    probability, states = zip(*cases, strict=True)
    hours = [_hours_by_bus(state, duration_h(own.net, outage)) for state in states]
    at = case.days.points.bus
    return FaultOutcome(
        restoration=restoration,
        congestion=CongestionOutcome() if days is None else days.outcome(),
        probability=np.array(probability),
        is_out=np.array([at.isin(list(own_h)) for own_h in hours]),
        out_h=np.array([[own_h.get(bus, 0.0) for bus in at] for own_h in hours], dtype=float),
        strained=strained,
    )


def _hours_by_bus(state: Restoration, repair_h: float) -> dict[Any, float]:
    """Hours without supply of the buses that lose it."""
    hours = dict(zip(state.interrupted_buses, state.hours_back, strict=True))
    return hours | dict.fromkeys(state.dark_buses, repair_h)


def _best_state(
    case: PlanningCase, built: BuiltNet, outage: Outage
) -> tuple[Restoration, CongestedDays | None, frozenset[tuple[str, Any]]]:
    """The best restoration, its days, and what is strained in any of those considered."""
    net = built.net
    considered: dict[Any, CongestedDays | None] = {}
    events = events_per_outage(duration_h(net, outage), case.settings.events_per_fault)

    def shed(choice: Restoration) -> Shed:
        state = _operating_state(case, built, choice)
        days = considered[choice.position] = None if state is None else CongestedDays(case, state)
        if days is None or days.state.keeps_all_limits(AT_LIMIT):  # the first look
            return Shed()
        beyond = max((excess for _, _, excess in days.overloads.others), default=0.0)
        return Shed(events * days.ens_mwh, beyond)

    best = restore_supply(
        net,
        outage.element_type,
        outage.element,
        planned=outage.planned,
        max_ties=case.settings.max_ties,
        load_mw=case.days.mean_load_mw,
        shed=shed,
        supply=built.supply,
        split=case.settings.split,
    )
    strained = [days.state.strained() for days in considered.values() if days is not None]
    return best, considered[best.position], frozenset().union(*strained)


def _operating_state(case: PlanningCase, built: BuiltNet, choice: Restoration) -> OperatingState | None:
    """None where no source is left in service, or no branch with supply: nothing can be overloaded there."""
    if built.supply.sources <= set(choice.zone):
        return None
    grid = built.grid(choice)
    return case.standing.on(OperatingState(grid, case.days)) if len(grid.from_bus) else None
