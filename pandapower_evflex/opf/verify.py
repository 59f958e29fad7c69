"""The independent check of a schedule: a power flow of every scenario and period against every limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import BoolArray, ComplexArray, FloatArray
from pandapower_evflex.limits import LIMITS, LOADING
from pandapower_evflex.limits.by_period import ByLimit, excess_of, values_of
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.ev_chain import Schedule
from pandapower_evflex.powerflow.batched import BatchedPowerFlow

#: relative; a schedule that exceeds a limit by more does not keep it
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
    case: Case, flow: BatchedPowerFlow, p_ev: FloatArray, p_scheduled: FloatArray | None = None
) -> GridState:
    """Power flow of all periods with EV loads ``p_ev`` [n_period, n_ev]."""
    flows = flow.solve(case.injections(p_ev, p_scheduled))
    values = values_of(case.grid, flows.v)
    return GridState(flows.v, values, flows.converged, flows.mismatch_mva, flows.low_voltage)


def scheduled_states(case: Case, flow: BatchedPowerFlow, schedule: Schedule) -> dict[str, GridState]:
    """States under full activation of each scenario, and of the schedule itself ("base")."""
    names = dict.fromkeys((*case.scenarios, "base"))
    return {name: grid_state(case, flow, schedule.load(name), schedule.p) for name in names}


def ev_violation(case: Case, schedule: Schedule) -> float:
    """Largest violation of the EV equations (17) to (24), relative to P_max and to the energy of a period at P_max."""
    slots, at = case.evs.slots, (case.evs.slots.period, case.evs.slots.ev)
    if not len(slots):
        return 0.0
    p, p_up, p_down, e = (values[at] for values in (schedule.p, schedule.p_up, schedule.p_down, schedule.e))
    e_before = np.where(slots.previous >= 0, e[slots.previous], 0.0) + slots.e_offset
    by_power = [-p_up, -p_down, slots.p_min - p, p + p_up - slots.p_max, p_down - p]
    for name, flex in (("up", p_up), ("down", p_down)):
        offers = case.evs.offers[name]
        by_power.append(np.where(offers.offered, flex - offers.p_max, flex))
    by_energy = [
        np.abs(e_before + slots.energy_per_p * p - e),
        e_before + slots.energy_per_p * (p + p_up) - slots.e_max,
        slots.e_min - e_before - slots.energy_per_p * (p - p_down),
        np.where(slots.is_last, slots.e_min - e, 0.0),
    ]
    worst = max(
        np.max(np.stack(by_power) / slots.p_max), np.max(np.stack(by_energy) / (slots.energy_per_p * slots.p_max))
    )
    return max(0.0, float(worst))


def verification(case: Case, schedule: Schedule, states: Mapping[str, GridState]) -> dict[str, float]:
    """Largest mismatch and largest relative violation of each kind over all scenarios and periods, base included."""
    return {
        "n_power_flows": sum(len(state.v) for state in states.values()),
        "n_not_converged": sum(int(np.sum(~state.converged)) for state in states.values()),
        "max_mismatch_mva": max(float(np.max(state.mismatch_mva)) for state in states.values()),
        **_grid_violations(case, [state.excess(case.limits) for state in states.values()]),
        "max_ev_violation": ev_violation(case, schedule),
    }


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
