"""One fault: where the supply comes from afterwards, what is overloaded, what is not served, what is bought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.asymmetric import balanced_loads
from pandapower_evflex.planning.congested_days import CongestedDays, CongestionOutcome
from pandapower_evflex.planning.congestion.overload import AT_LIMIT
from pandapower_evflex.planning.fault.operating_state import OperatingState
from pandapower_evflex.planning.fault.post_fault import post_fault_net
from pandapower_evflex.planning.fault.reinforced import Built, reinforced_net
from pandapower_evflex.planning.fault.restoration import Restoration, restore_supply
from pandapower_evflex.planning.fault.supply_graph import bus_labels, source_nodes
from pandapower_evflex.planning.planning_case import PlanningCase


@dataclass(frozen=True)
class FaultOutcome:
    """What one fault does per event, averaged over the days of the year.

    Parameters
    ----------
    restoration : Restoration
    congestion : CongestionOutcome
    dark_mw, interrupted_mw : float     mean loads without supply until the repair, and until the ties close
    n_dark, n_interrupted : int         loads there
    strained : set of (table, label)    elements that hang together with a limit that is broken or near, in any state
                                        considered: what is built elsewhere changes nothing
    """

    restoration: Restoration
    congestion: CongestionOutcome
    dark_mw: float
    interrupted_mw: float
    n_dark: int
    n_interrupted: int
    strained: frozenset[tuple[str, Any]]


def study_fault(case: PlanningCase, fault: tuple[str, Any], built: Built) -> FaultOutcome:
    """The outcome of a fault with these candidates built; nothing on the net is changed."""
    net = reinforced_net(case.net, built)
    restoration, state, strained = _best_state(case, net, fault)
    mean = case.days.mean_load_mw
    dark, interrupted = list(restoration.dark_buses), list(restoration.interrupted_buses)
    loads = balanced_loads(net)["bus"]
    return FaultOutcome(
        restoration=restoration,
        congestion=CongestionOutcome() if state is None else CongestedDays(case, state).outcome(),
        dark_mw=float(mean.loc[dark].sum()),
        interrupted_mw=float(mean.loc[interrupted].sum()),
        n_dark=int(loads.isin(dark).sum()),
        n_interrupted=int(loads.isin(interrupted).sum()),
        strained=strained,
    )


def _best_state(
    case: PlanningCase, net: Net, fault: tuple[str, Any]
) -> tuple[Restoration, OperatingState | None, frozenset[tuple[str, Any]]]:
    """The best restoration, its power flows, and what is strained in any of those considered."""
    states: dict[tuple[Any, ...], OperatingState | None] = {}

    def worst_overload(choice: Restoration) -> float:
        states[choice.switches_closed] = _operating_state(post_fault_net(net, choice), case)
        return _worst_overload_percent(states[choice.switches_closed])

    best = restore_supply(
        net, *fault, max_ties=case.settings.max_ties, load_mw=case.days.mean_load_mw, worst_overload=worst_overload
    )
    strained = [state.strained() for state in states.values() if state is not None]
    return best, states[best.switches_closed], frozenset().union(*strained)


def _operating_state(net: Net, case: PlanningCase) -> OperatingState | None:
    """None where no source is left in service, or no branch with supply: nothing can be overloaded there."""
    if not net["bus"].loc[list(bus_labels(source_nodes(net))), "in_service"].any():
        return None
    state = OperatingState(net, case.days)
    return state if len(state.grid.from_bus) else None


def _worst_overload_percent(state: OperatingState | None) -> float:
    """Excess of the worst branch over its limit; 0 within rounding, infinite without a power flow solution."""
    if state is None:
        return 0.0
    if not state.flows.converged.all():
        return float("inf")
    worst = float(state.branch_excess(state.flows.v).max())
    return round(100.0 * worst, 7) if worst > AT_LIMIT else 0.0
