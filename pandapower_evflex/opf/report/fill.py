"""How a result is filled: from a schedule and its power flows, or with NaN; the only place where pu become MW again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pandapower_evflex.case.forecasts import NO_NAME, Forecast
from pandapower_evflex.case.profiles import Profile, Profiles
from pandapower_evflex.elements.ev_slots import energy_curves
from pandapower_evflex.elements.part import Part
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.limits.by_period import ByLimit
from pandapower_evflex.limits.loading import element_loading_percent
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.findings.table import no_rows
from pandapower_evflex.opf.objective import bound_mw, weighted_flexibility_mw
from pandapower_evflex.opf.report.binding_limits import BINDING_COLUMNS, binding_limits
from pandapower_evflex.opf.report.by_forecast import most_limiting
from pandapower_evflex.opf.report.frames import Frames, period_labels, unit_frames, unit_labels, voltage_frame
from pandapower_evflex.opf.report.results import FlexibilityOpfResult
from pandapower_evflex.opf.report.sessions import battery_mwh, charging_limits, session_summary
from pandapower_evflex.opf.report.why_not_more import limiting_reasons
from pandapower_evflex.opf.solve.recovery import Recovery
from pandapower_evflex.opf.verify import GridState
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.scenarios import DIRECTIONS, Scenario


def solved_result(
    case: Case,
    profiles: Profiles,
    forecasts: Mapping[Any, Forecast],
    schedule: Schedule,
    states: Mapping[Scenario, GridState],
    prices: Mapping[Scenario, ByLimit],
    flow: BatchedPowerFlow,
    trafo_loading: str,
    **outcome: Any,
) -> FlexibilityOpfResult:
    """Frames of a schedule and its power flows; ``outcome`` holds status, message, verification, stats, ..."""
    horizon, index = case.horizon, case.evs.index
    rows = period_labels(profiles)

    def ev_frame(values: NDArray[Any]) -> pd.DataFrame:
        return pd.DataFrame(values, index=rows, columns=index)

    def element_frames(table: str) -> Frames:
        labels = case.grid.labels[table]
        return {
            scenario.key: pd.DataFrame(
                element_loading_percent(case.grid, state.loading, table), index=rows, columns=labels
            )
            for scenario, state in first.items()
        }

    first = {scenario: state for scenario, state in states.items() if not scenario.since}
    (_, own, _), *others = case.by_part()
    evs = schedule.of(own)
    reasons = {d: limiting_reasons(case, schedule, states, prices, d, flow) for d in DIRECTIONS}
    objective = weighted_flexibility_mw(case, schedule)
    return FlexibilityOpfResult(
        objective_mw=objective,
        objective_mwh=objective * horizon.period_h,
        bound_mw=bound_mw(case),
        p_mw=ev_frame(evs.p),
        p_up_mw=ev_frame(evs.p_up),
        p_down_mw=ev_frame(evs.p_down),
        e_mwh=ev_frame(evs.e),
        soc_percent=ev_frame(100.0 * evs.e / battery_mwh(case)),
        e_min_mwh=ev_frame(energy_curves(case.evs, horizon)),
        vm_pu={scenario.key: voltage_frame(case, state, rows) for scenario, state in first.items()},
        line_loading_percent=element_frames("line"),
        trafo_loading_percent=element_frames("trafo"),
        trafo3w_loading_percent=element_frames("trafo3w"),
        binding=binding_limits(case, states, prices),
        summary=session_summary(case, evs),
        profiles=profiles.values,
        forecasts=_named(forecasts),
        settings={**_settings(case, trafo_loading), "worst_forecast": most_limiting(prices)},
        reasons={
            part.kind: {
                d: pd.DataFrame(reasons[d][:, units], index=rows, columns=unit_labels(part)) for d in DIRECTIONS
            }
            for part, units, _ in case.by_part()
        },
        recovery=Recovery(case, schedule),
        series={part.kind: unit_frames(case, part, schedule.of(units), rows) for part, units, _ in others},
        **outcome,
    )


def unsolved_result(
    case: Case, profiles: Profiles, forecasts: Mapping[Any, Forecast], trafo_loading: str, **outcome: Any
) -> FlexibilityOpfResult:
    """The same shapes, filled with NaN."""
    rows, index = period_labels(profiles), case.evs.index

    def nan_frame(columns: Any) -> pd.DataFrame:
        return pd.DataFrame(np.nan, index=rows, columns=columns)

    zeros = np.zeros(case.chain.fixed_p.shape)
    nothing = Schedule(zeros, zeros, zeros, zeros)
    names = list(dict.fromkeys(scenario.key for scenario in case.checked_scenarios))
    ev_series = ("p_mw", "p_up_mw", "p_down_mw", "e_mwh", "soc_percent", "e_min_mwh")
    grid_series = {
        "vm_pu": case.grid.bus_index,
        **{f"{table}_loading_percent": labels for table, labels in case.grid.labels.items()},
    }
    frames: dict[str, Any] = {series: nan_frame(index) for series in ev_series}
    frames |= {series: {name: nan_frame(labels) for name in names} for series, labels in grid_series.items()}
    return FlexibilityOpfResult(
        objective_mw=np.nan,
        objective_mwh=np.nan,
        bound_mw=bound_mw(case),
        **frames,
        binding=no_rows(BINDING_COLUMNS),
        summary=session_summary(case, None),
        verification={},
        profiles=profiles.values,
        forecasts=_named(forecasts),
        settings=_settings(case, trafo_loading),
        reasons={
            part.kind: {d: pd.DataFrame("no schedule", index=rows, columns=unit_labels(part)) for d in DIRECTIONS}
            for part in case.parts
        },
        recovery=None,
        guarantee_proved=False,
        series={
            part.kind: {name: nan_frame(unit_labels(part)) for name in unit_frames(case, part, nothing.of(units), rows)}
            for part, units, _ in list(case.by_part())[1:]
        },
        **outcome,
    )


def _named(forecasts: Mapping[Any, Forecast]) -> dict[Any, tuple[float, Profile]]:
    """As they are given, {} for the only one."""
    return {name: (one.probability, one.profiles.values) for name, one in forecasts.items() if name != NO_NAME}


def _settings(case: Case, trafo_loading: str) -> dict[str, Any]:
    return {
        "period_h": case.horizon.period_h,
        "cyclic": case.horizon.cyclic,
        "guarantee": case.evs.guarantee,
        "duration_h": case.evs.duration * case.horizon.period_h,
        "scenarios": tuple(dict.fromkeys(scenario.name for scenario in case.scenarios)),
        "q_follows_flexibility": case.q_follows_flexibility,
        "trafo_loading": trafo_loading,
        "ev_bus": dict(zip(case.evs.index.tolist(), case.evs.bus.tolist(), strict=True)),
        "charging_limits": charging_limits(case),
        "other_units": {part.kind: _units(case, part) for part in case.others},
        "other_tan_phi": {
            part.kind: pd.DataFrame(part.chain.tan_phi, columns=pd.Index(unit_labels(part))) for part in case.others
        },
    }


def _units(case: Case, part: Part) -> pd.DataFrame:
    """Bus of every unit."""
    row_of_bus = pd.Series(case.grid.bus_index, index=case.grid.bus_row)
    first = row_of_bus[~row_of_bus.index.duplicated()]
    buses = getattr(part.data, "bus", first[part.chain.bus_row].to_numpy())
    return pd.DataFrame({"bus": buses}, index=pd.Index(unit_labels(part)))
