"""What one study finds: schedule, band, charging at arrival, and which limit it breaks most."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.case.periods import Horizon
from pandapower_evflex.elements.ev_slots import ANY_SEQUENCE
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.limits import LIMITS, LOADING
from pandapower_evflex.opf import read
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.findings.table import TOLERANCE
from pandapower_evflex.opf.guarantee import unproved
from pandapower_evflex.opf.objective import bound_mw, weighted_flexibility_mw
from pandapower_evflex.opf.options import Options
from pandapower_evflex.opf.outcome import Outcome, outcome_of
from pandapower_evflex.opf.report.binding_limits import BINDING_TOLERANCE, binding_limits
from pandapower_evflex.opf.solve.closed_form import solve_in_closed_form
from pandapower_evflex.opf.stopwatch import Stopwatch
from pandapower_evflex.opf.uncontrolled import charged_by, charging_at_arrival
from pandapower_evflex.opf.verify import GridState, grid_state
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.scenarios import DIRECTIONS, Scenario
from pandapower_evflex.studies.band import band_in_closed_form, with_bands
from pandapower_evflex.studies.extremes import NEAR_A_LIMIT, voltages_with_limits
from pandapower_evflex.studies.row import WINDOWS, window_column


@dataclass(frozen=True)
class Scheduled:
    """A schedule or a band, or why there is none.

    Parameters
    ----------
    status, message : str       as in `FlexibilityOpfResult`
    schedule : Schedule         None where there is none
    states : {Scenario: GridState}    its power flows
    study : opf.read.Study      as it was solved: a best effort lowers needs and relaxes limits
    outcome : Outcome           None where the closed form answers: its limits of the grid hold by themselves
    proved : bool               that calls within a band break no limit
    """

    status: str
    message: str
    schedule: Schedule | None
    states: Mapping[Scenario, GridState]
    study: read.Study
    outcome: Outcome | None = None
    proved: bool = True

    @property
    def is_strict(self) -> bool:
        """Every limit and every need is kept."""
        return self.schedule is not None and self.status != "best_effort"

    @property
    def is_screened(self) -> bool:
        """No solver was needed."""
        return self.outcome is None or not len(self.study.case.chain)

    @property
    def is_known(self) -> bool:
        """Whether there is a schedule was found out."""
        return self.schedule is not None or self.status == "infeasible"


def schedule_of(study: read.Study, flow: BatchedPowerFlow, options: Options) -> Scheduled:
    """The most flexibility: in closed form where the grid carries it, else by a solver."""
    if len(study.case.chain) and options.method != "exact":
        closed = solve_in_closed_form(study.case, flow)
        if closed is not None:
            return Scheduled(closed.status, closed.message, closed.schedule, closed.states, study)
    return _solved(study, options)


def band_of(scheduled: Scheduled, flow: BatchedPowerFlow, options: Options) -> Scheduled:
    """The widest band for any sequence of calls on the same case."""
    study = replace(scheduled.study, case=with_bands(scheduled.study.case))
    closed = band_in_closed_form(study.case, flow) if len(study.case.chain) else None
    if closed is not None:
        doubt = unproved(study.case, flow, *closed)
        return Scheduled("optimal", "", *closed, study, proved=not doubt)
    return _solved(study, replace(options, guarantee=ANY_SEQUENCE, on_infeasible="raise", tie_break=None))


def _solved(study: read.Study, options: Options) -> Scheduled:
    outcome = outcome_of(study, options, Stopwatch())
    schedule = outcome.schedule
    states = outcome.solution.states if outcome.solution is not None and schedule is not None else {}
    of = outcome.study if schedule is not None else study
    return Scheduled(outcome.status, outcome.message, schedule, states, of, outcome, not outcome.doubt)


def of_schedule(found: Scheduled) -> dict[str, Any]:
    """Flexibility by window, what binds, energies, the worst of the grid under the schedule itself."""
    case = found.study.case
    values: dict[str, Any] = {"bound_mwh": bound_mw(case) * case.horizon.period_h}
    if found.schedule is None:
        return values
    short = found.outcome.effort.short if found.outcome is not None and found.outcome.effort is not None else None
    relaxed = found.outcome.effort.relaxed if found.outcome is not None and found.outcome.effort is not None else ()
    reduced = found.study.reduced
    lowered = float((reduced["e_need_mwh"] - reduced["e_reduced_mwh"]).sum()) if len(reduced) else 0.0
    return {
        **values,
        **windows(case.horizon, {d: found.schedule.flex(d) for d in DIRECTIONS}),
        "flexibility_mwh": weighted_flexibility_mw(case, found.schedule) * case.horizon.period_h,
        "charged_mwh": float(sum(charged_in(case, found.schedule).values())),
        "energy_short_mwh": lowered + (0.0 if short is None else float(short["energy_mwh"].sum())),
        "relaxed": len(relaxed),
        "screened": found.is_screened,
        **_binding(found),
        **worst_of("scheduled", case, _base(found)),
    }


def _base(found: Scheduled) -> GridState:
    return next(state for row, state in found.states.items() if row.activation == "base")


def of_band(found: Scheduled) -> dict[str, Any]:
    """What it is worth, and as a share of the power that is plugged in."""
    case = found.study.case
    if found.schedule is None:
        return {}
    energy = weighted_flexibility_mw(case, found.schedule) * case.horizon.period_h
    return {
        "any_sequence_mwh": energy,
        "any_sequence_percent": band_percent(case, found.schedule),
        "any_sequence_proved": found.proved,
        "any_sequence_screened": found.is_screened,
    }


def band_percent(case: Case, band: Schedule) -> float:
    """Energy between the edges as a share of what full power of every plugged car would be; 100 without cars."""
    plugged = float(case.evs.slots.p_max.sum())
    return 100.0 * float((band.p_up + band.p_down).sum()) / plugged if plugged > 0.0 else 100.0


def windows(horizon: Horizon, flex: Mapping[str, FloatArray]) -> dict[str, float]:
    """Mean flexibility of all units in each window of the day, of [n_period, n_unit] by direction."""
    hour = ((horizon.start_h or 0.0) + horizon.period_h * (np.arange(horizon.n_periods) + 0.5)) % 24.0
    values = {}
    for direction in DIRECTIONS:
        total = flex[direction].sum(axis=1)
        for window in WINDOWS:
            inside = (hour >= window[0]) & (hour < window[1])
            values[window_column(direction, window)] = float(total[inside].mean()) if inside.any() else np.nan
    return values


def _binding(found: Scheduled) -> dict[str, Any]:
    """The element whose limits bind most often, and in which share of scenarios and periods."""
    case = found.study.case
    near = any(state.excess(case.limits).exceeds(NEAR_A_LIMIT).any() for state in found.states.values())
    if not near:
        return {"binding_share": 0.0}
    if found.outcome is not None and found.outcome.solution is not None:
        table = binding_limits(case, found.states, found.outcome.solution.prices)
        places = list(zip(table["element_type"], table["element"], strict=True))
    else:
        places = _at_their_limits(case, found.states)
    if not places:
        return {"binding_share": 0.0}
    counts = pd.Series(places).value_counts()
    kind, element = min(counts.index[counts == counts.max()])
    return {
        "binding_element_type": kind,
        "binding_element": int(element),
        "binding_share": float(counts.max()) / (len(found.states) * case.horizon.n_periods),
    }


def _at_their_limits(case: Case, states: Mapping[Scenario, GridState]) -> list[tuple[str, int]]:
    places = []
    for state in states.values():
        for _, kind, position in state.excess(case.limits).places(-BINDING_TOLERANCE):
            place = LIMITS[kind].place(case.grid, position)
            places.append((place.element_type, place.element))
    return places


def charged_in(case: Case, schedule: Schedule) -> dict[Any, float]:
    """What the schedule adds to the battery in every session within the horizon, MWh."""
    charged = charged_by(case, np.maximum(schedule.p, 0.0))
    if (schedule.p < 0.0).any():
        for stay in case.evs.stays:
            fed_in = np.minimum(schedule.p[stay.periods, stay.ev], 0.0)
            charged[stay.session] += float(stay.energy_per_discharge * fed_in.sum())
    return charged


def of_uncontrolled(found: Scheduled, strict: Case, flow: BatchedPowerFlow) -> dict[str, Any]:
    """Charging from arrival: the same energy (what is needed, where there is no schedule), and full batteries."""
    same = None if found.schedule is None else charged_in(found.study.case, found.schedule)
    p = charging_at_arrival(strict, "needed" if same is None else "result", same)
    full = charging_at_arrival(strict, "full", None)
    state = state_at(strict, flow, p)
    return {
        **worst_of("uncontrolled", strict, state),
        **worst_of("full", strict, state_at(strict, flow, full)),
        **most_broken(strict, state),
        "full_mwh": float(sum(charged_by(strict, full).values())),
    }


def state_at(case: Case, flow: BatchedPowerFlow, p_ev: FloatArray) -> GridState:
    """Power flows with these loads of EVs; nobody schedules other elements."""
    loads = case.uncontrolled
    loads[:, : p_ev.shape[1]] = p_ev
    return grid_state(case, flow, loads)


def keeps_limits(case: Case, state: GridState) -> bool:
    return bool(state.converged.all() and not state.excess(case.limits).exceeds(TOLERANCE).any())


def worst_of(name: str, case: Case, state: GridState) -> dict[str, Any]:
    """Lowest and highest voltage of buses with limits, highest loading; NaN where no power flow exists."""
    solved, vm = state.converged.all(), voltages_with_limits(case, state.vm)
    loading = state.values[LOADING]
    return {
        f"{name}_min_vm_pu": float(vm.min()) if solved else np.nan,
        f"{name}_max_vm_pu": float(vm.max()) if solved else np.nan,
        f"{name}_max_loading_percent": float(100.0 * loading.max(initial=0.0)) if solved else np.nan,
        f"{name}_holds": keeps_limits(case, state),
    }


def most_broken(case: Case, state: GridState) -> dict[str, Any]:
    """The limit that is exceeded most, relative to it: the first to break as all loads grow; {} where all hold."""
    lost = np.flatnonzero(~state.converged)
    if len(lost):
        return {"breaks_element_type": "net", "breaks_quantity": "no power flow", "breaks_period": int(lost[0])}
    excess = state.excess(case.limits)
    worst = [table.max(initial=-np.inf) for table in excess]
    kind = int(np.argmax(worst))
    if worst[kind] <= TOLERANCE:
        return {}
    limit, table = LIMITS[kind], excess.tables[kind]
    period, position = map(int, np.unravel_index(np.argmax(table), table.shape))
    place = limit.place(case.grid, position)
    return {
        "breaks_element_type": place.element_type,
        "breaks_element": int(place.element),
        "breaks_quantity": limit.quantity,
        "breaks_period": period,
        "breaks_value": float(limit.per_unit * state.values[limit][period, position]),
        "breaks_limit": float(limit.per_unit * case.limits[limit][period, position]),
        "breaks_excess_percent": 100.0 * float(table[period, position]),
    }


_log, _quiet_lock = logging.getLogger("pandapower_evflex"), threading.Lock()
_quiet: list[int] = []


@contextmanager
def without_warnings() -> Iterator[None]:
    """What a run would log is in the row; of thousands of nets nobody reads it. Threads may overlap."""
    with _quiet_lock:
        if not _quiet:
            _quiet.append(_log.level)
            _log.setLevel(logging.ERROR)
        _quiet.append(0)
    try:
        yield
    finally:
        with _quiet_lock:
            _quiet.pop()
            if len(_quiet) == 1:
                _log.setLevel(_quiet.pop())


def answer(study: read.Study, flow: BatchedPowerFlow, options: Options) -> dict[str, Any]:
    """All that a study finds, as values of its row."""
    found = schedule_of(study, flow, options)
    values = {"status": found.status, "message": found.message, **of_schedule(found)}
    values["scheduled_holds"] = found.is_strict if found.is_known else pd.NA
    values["any_sequence_holds"] = values["scheduled_holds"]
    if found.schedule is not None:
        band = band_of(found, flow, options)
        values |= of_band(band)
        if not band.is_known:
            values["any_sequence_holds"] = pd.NA
            values["message"] += f"; no band for any sequence of calls was found: {band.message}"
        elif band.schedule is None:
            values["any_sequence_holds"] = False
    return {**values, **of_uncontrolled(found, study.case, flow)}
