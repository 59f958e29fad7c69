"""The independent check of a schedule: a power flow of every scenario and period against every limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import BoolArray, ComplexArray, FloatArray
from pandapower_evflex.case.limits import Limits
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.ev_chain import Schedule
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.powerflow.flows import end_loading

#: relative; a schedule that exceeds a limit by more does not keep it
VERIFIED = 1e-6


@dataclass(frozen=True)
class GridState:
    """Power flow of all periods of one scenario.

    Parameters
    ----------
    v : complex [n_period, n_bus]
    vm : float [n_period, n_bus]
    loading : float [n_period, n_end]     share of the rating at every rated branch end
    converged : bool [n_period]
    mismatch_mva : float [n_period]
    low_voltage : bool [n_period]         only a low-voltage solution was found
    """

    v: ComplexArray
    vm: FloatArray
    loading: FloatArray
    converged: BoolArray
    mismatch_mva: FloatArray
    low_voltage: BoolArray


@dataclass(frozen=True)
class Violations:
    """How far limits are exceeded, relative to the limit; negative is room, -inf where there is no limit.

    Parameters
    ----------
    under, over : float [n_period, n_bus]
    overload : float [n_period, n_end]
    """

    under: FloatArray
    over: FloatArray
    overload: FloatArray

    def blocks(self, tolerance: float) -> BoolArray:
        """Periods in which any limit is exceeded by more than ``tolerance``."""
        parts = (self.under, self.over, self.overload)
        return np.any(np.concatenate([part > tolerance for part in parts], axis=1), axis=1)


def grid_state(
    case: Case, flow: BatchedPowerFlow, p_ev: FloatArray, p_scheduled: FloatArray | None = None
) -> GridState:
    """Power flow of all periods with EV loads ``p_ev`` [n_period, n_ev]."""
    flows = flow.solve(case.injections(p_ev, p_scheduled))
    loading = end_loading(case.grid, flows.v)
    return GridState(flows.v, np.abs(flows.v), loading, flows.converged, flows.mismatch_mva, flows.low_voltage)


def scheduled_states(case: Case, flow: BatchedPowerFlow, schedule: Schedule) -> dict[str, GridState]:
    """States under full activation of each scenario, and of the schedule itself ("base")."""
    names = dict.fromkeys((*case.scenarios, "base"))
    return {name: grid_state(case, flow, schedule.load(name), schedule.p) for name in names}


def violations_of(limits: Limits, state: GridState) -> Violations:
    """Of the limits of buses whose voltage is free and of all rated branch ends."""
    with np.errstate(invalid="ignore"):
        under = np.where(np.isfinite(limits.vm_min), (limits.vm_min - state.vm) / limits.vm_min, -np.inf)
        over = np.where(np.isfinite(limits.vm_max), (state.vm - limits.vm_max) / limits.vm_max, -np.inf)
        overload = np.where(np.isfinite(limits.end), (state.loading - limits.end) / limits.end, -np.inf)
    return Violations(under, over, overload)


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
    violations = [violations_of(case.limits, state) for state in states.values()]
    is_line = case.grid.ends.element_type == "line"

    def worst(parts: list[FloatArray]) -> float:
        return max(0.0, *(float(np.max(part, initial=0.0)) for part in parts))

    return {
        "n_power_flows": sum(len(state.vm) for state in states.values()),
        "n_not_converged": sum(int(np.sum(~state.converged)) for state in states.values()),
        "max_mismatch_mva": max(float(np.max(state.mismatch_mva)) for state in states.values()),
        "max_undervoltage": worst([v.under for v in violations]),
        "max_overvoltage": worst([v.over for v in violations]),
        "max_line_overload": worst([v.overload[:, is_line] for v in violations]),
        "max_trafo_overload": worst([v.overload[:, ~is_line] for v in violations]),
        "max_ev_violation": ev_violation(case, schedule),
    }


def largest_violation(checked: Mapping[str, float]) -> float:
    """The worst of all kinds; infinite when a power flow did not converge."""
    if checked["n_not_converged"]:
        return np.inf
    kinds = ("max_undervoltage", "max_overvoltage", "max_line_overload", "max_trafo_overload", "max_ev_violation")
    return max(checked[kind] for kind in kinds)
