"""The independent check of a schedule: a power flow of every scenario and period against every limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pandapower_evflex.arrays import BoolArray, ComplexArray, FloatArray
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.limits import LIMITS, LOADING
from pandapower_evflex.limits.by_period import ByLimit, excess_of, values_of
from pandapower_evflex.opf.case import Case
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.scenarios import Scenario

#: relative excess beyond which a schedule does not keep a limit
VERIFIED = 1e-6


@dataclass(frozen=True)
class GridState:
    """Power flow of all periods of one scenario.

    Parameters
    ----------
    v : complex [n_period, n_bus]
    values : ByLimit                      what the limits are over
    converged : bool [n_period]
    mismatch_mva : float [n_period]
    low_voltage : bool [n_period]         only a low-voltage solution was found
    """

    v: ComplexArray
    values: ByLimit
    converged: BoolArray
    mismatch_mva: FloatArray
    low_voltage: BoolArray

    @property
    def vm(self) -> FloatArray:
        """Voltage magnitudes [n_period, n_bus]."""
        return np.abs(self.v)

    @property
    def loading(self) -> FloatArray:
        """Share of the rating at every rated branch end [n_period, n_end]."""
        return self.values[LOADING]

    def excess(self, limits: ByLimit) -> ByLimit:
        """How far limits are exceeded, relative to them."""
        return excess_of(limits, self.values)


def grid_state(
    case: Case,
    flow: BatchedPowerFlow,
    p_ev: FloatArray,
    p_scheduled: FloatArray | None = None,
    forecast: Any = "",
    q: FloatArray | float = 0.0,
) -> GridState:
    """Power flow of all periods with EV loads ``p_ev`` [n_period, n_ev], and reactive loads ``q`` beside them."""
    flows = flow.solve(case.injections(p_ev, p_scheduled, forecast, q))
    values = values_of(case.grid, flows.v)
    return GridState(flows.v, values, flows.converged, flows.mismatch_mva, flows.low_voltage)


def states_of_forecasts(case: Case, flow: BatchedPowerFlow, p_ev: FloatArray) -> dict[Any, GridState]:
    """The same load under every forecast."""
    return {forecast: grid_state(case, flow, p_ev, forecast=forecast) for forecast in case.forecasts}


def scheduled_states(case: Case, flow: BatchedPowerFlow, schedule: Schedule) -> dict[Scenario, GridState]:
    """States under full activation of each scenario, and of the schedule itself ("base")."""
    return {
        scenario: grid_state(
            case,
            flow,
            schedule.load(scenario.activation, scenario.since),
            schedule.p,
            scenario.forecast,
            schedule.reactive(scenario.activation),
        )
        for scenario in case.checked_scenarios
    }


def verification(case: Case, schedule: Schedule, states: Mapping[Scenario, GridState]) -> dict[str, float]:
    """Largest mismatch and largest relative violation of each kind over all scenarios and periods, base included."""
    return {
        "n_power_flows": sum(len(state.v) for state in states.values()),
        "n_not_converged": sum(int(np.sum(~state.converged)) for state in states.values()),
        "max_mismatch_mva": max(float(np.max(state.mismatch_mva)) for state in states.values()),
        **_grid_violations(case, [state.excess(case.limits) for state in states.values()]),
        **{f"max_{kind}_violation": value for kind, value in element_violations(case, schedule).items()},
    }


def element_violations(case: Case, schedule: Schedule) -> dict[str, float]:
    """Largest violation of the equations of every kind of element, relative to its largest power."""
    return {part.kind: part.element.violation(part.data, schedule.of(units)) for part, units, _ in case.by_part()}


def _grid_violations(case: Case, excesses: Sequence[ByLimit]) -> dict[str, float]:
    """The worst of every check that a kind of limit names."""
    worst = {}
    for limit in LIMITS:
        for name, places in limit.checks(case.grid).items():
            found = [float(np.max(excess[limit][:, places], initial=0.0)) for excess in excesses]
            worst[name] = max(0.0, *found)
    return worst


def largest_violation(checked: Mapping[str, float]) -> float:
    """The worst of all kinds; infinite when a power flow did not converge."""
    if checked["n_not_converged"]:
        return np.inf
    return max(value for name, value in checked.items() if name.startswith("max_") and name != "max_mismatch_mva")
