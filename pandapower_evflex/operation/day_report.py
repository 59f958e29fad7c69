"""What really happened in a day, as tables; every moment is checked by power flow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.elements.ev_stays import Stay
from pandapower_evflex.limits import LOADING, UNDERVOLTAGE
from pandapower_evflex.limits.loading import element_loading_percent
from pandapower_evflex.operation.day import Day
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.findings.table import exceeded_limits, findings_frame
from pandapower_evflex.opf.report.results import period_labels, voltage_frame
from pandapower_evflex.opf.verify import grid_state
from pandapower_evflex.powerflow.batched import BatchedPowerFlow

#: energy [MWh] up to which a need counts as met: a best effort leaves 1 Wh and a little more to the solver
MET = 5e-6
CALLS = ["period", "direction", "asked_mw", "granted_mw", "message"]


@dataclass(frozen=True, repr=False)
class RollingHorizon:
    """What really happened.

    Attributes
    ----------
    p_mw, e_mwh : DataFrame [period x ev]          charging, and energies at the end of the period (NaN while away)
    planned_mw : DataFrame [period x ev]           charging by the plan in force, before any call
    p_up_mw, p_down_mw : DataFrame [period x ev]   flexibility that was there in each period, before any call
    vm_pu, line_loading_percent, trafo_loading_percent : DataFrame [period x element]
        by power flow; NaN in periods of which it has no solution, which `violations` names
    activations : DataFrame                        `period, direction, asked_mw, granted_mw, message` of every call
    short : DataFrame                              `ev, session, energy_mwh, reason, period`: who left without its need,
                                                   and after which period
    violations : DataFrame                         limits that a realised moment breaks
    log : DataFrame [period]
        `status, message` where the plan was renewed; `planned_mw, p_up_mw, p_down_mw, called_mw, charged_mw` of all
        EVs; `n_plugged`, `e_mwh` of those that are there, `short_mwh` of those that leave after the period; `min_vm_pu,
        max_line_loading_percent, max_trafo_loading_percent` and `n_violations`
    settings : dict
        `period_h`, and `min_vm_pu, max_line_loading_percent, max_trafo_loading_percent` where one limit holds for all
    """

    p_mw: pd.DataFrame
    e_mwh: pd.DataFrame
    planned_mw: pd.DataFrame
    p_up_mw: pd.DataFrame
    p_down_mw: pd.DataFrame
    vm_pu: pd.DataFrame
    line_loading_percent: pd.DataFrame
    trafo_loading_percent: pd.DataFrame
    activations: pd.DataFrame
    short: pd.DataFrame
    violations: pd.DataFrame
    log: pd.DataFrame
    settings: Mapping[str, float]

    def __repr__(self) -> str:
        kwh = 1e3 * float(self.short["energy_mwh"].sum())
        short = f"{len(self.short)} sessions short by {kwh:.4g} kWh"
        calls = f"{len(self.p_mw)} periods, {len(self.activations)} calls"
        return f"<RollingHorizon: {calls}, {short}, {len(self.violations)} limits broken>"


def report(day: Day) -> RollingHorizon:
    """All tables of a day that is over."""
    case, labels = replace(day.truth.case, margin=0.0), period_labels(day.truth.profiles)  # a margin may be used
    state = grid_state(case, BatchedPowerFlow(case.grid), day.p)

    def frame(values: FloatArray, names: Any = case.evs.index) -> pd.DataFrame:
        return pd.DataFrame(values, index=labels, columns=names)

    def loading(table: str) -> pd.DataFrame:
        return frame(element_loading_percent(case.grid, state.loading, table), case.grid.labels[table])

    broken = findings_frame(exceeded_limits(case, state))
    missing = _missing(day)
    grid = {
        "vm_pu": voltage_frame(case, state, labels),
        "line_loading_percent": loading("line"),
        "trafo_loading_percent": loading("trafo"),
    }
    for values in grid.values():
        values.loc[~state.converged] = np.nan
    log = pd.DataFrame(day.log, index=labels)
    log["e_mwh"] = np.nansum(day.e, axis=1)
    log["short_mwh"] = _per_period(day, missing)
    log["min_vm_pu"] = grid["vm_pu"].min(axis=1)
    for name in ("line_loading_percent", "trafo_loading_percent"):
        log[f"max_{name}"] = grid[name].max(axis=1)
    log["n_violations"] = np.bincount(broken["period"].astype(int), minlength=day.n_periods)
    return RollingHorizon(
        p_mw=frame(day.p),
        e_mwh=frame(day.e),
        planned_mw=frame(day.p_planned),
        p_up_mw=frame(day.flex["up"]),
        p_down_mw=frame(day.flex["down"]),
        **grid,
        activations=_calls(day, labels),
        short=_short(day, missing, labels),
        violations=broken.drop(columns=["ev", "session", "scenario", "forecast", "curable"]),
        log=log,
        settings={"period_h": float(case.horizon.period_h), **_common_limits(case)},
    )


def _common_limits(case: Case) -> dict[str, float]:
    """Limits that are the same wherever there is one, else NaN."""
    ends = case.grid.ends
    limits = {"min_vm_pu": case.limits[UNDERVOLTAGE]}
    for table in ("line", "trafo"):
        limits[f"max_{table}_loading_percent"] = 100.0 * case.limits[LOADING][:, ends.element_type == table]
    finite = {name: np.unique(values[np.isfinite(values)].round(9)) for name, values in limits.items()}
    return {name: float(values[0]) if len(values) == 1 else np.nan for name, values in finite.items()}


def _calls(day: Day, labels: pd.Index) -> pd.DataFrame:
    rows = [(labels[c.period], c.direction, c.asked_mw, c.granted_mw, c.message) for c in day.calls]
    return pd.DataFrame(rows, columns=CALLS)


def _missing(day: Day) -> list[tuple[Stay, float]]:
    """Stays that left without their need, or that cannot have it any more, and what is missing, MWh."""
    stays = [stay for own in day.real for stay in own]
    missing = [stay.e_need - stay.e_after - day.e[stay.periods[-1], stay.ev] for stay in stays]
    return [(stay, energy) for stay, energy in zip(stays, missing, strict=True) if energy > MET]


def _per_period(day: Day, missing: list[tuple[Stay, float]]) -> FloatArray:
    short = np.zeros(day.n_periods)
    for stay, energy in missing:
        short[stay.periods[-1]] += energy
    return short


def _short(day: Day, missing: list[tuple[Stay, float]], periods: pd.Index) -> pd.DataFrame:
    labels = day.truth.case.evs.index
    rows = [
        (labels[stay.ev], stay.session, energy, _why(day, stay), periods[stay.periods[-1]]) for stay, energy in missing
    ]
    return pd.DataFrame(rows, columns=["ev", "session", "energy_mwh", "reason", "period"])


def _why(day: Day, stay: Stay) -> str:
    """What differs from the plan ahead, and what the plan of the day named."""
    plan = next((one for one in day.planned[stay.ev] if one.session == stay.session), None)
    differs = ["was not announced"] if plan is None else _differences(stay, plan)
    named = day.held_back.get(stay.session, "")
    return ", ".join(filter(None, [*differs, named])) or "cannot be reached at full power"


def _differences(stay: Stay, plan: Stay) -> list[str]:
    came_with_less = not stay.is_coupled and not plan.is_coupled and stay.e_arrival < plan.e_arrival
    texts = {
        "came late": stay.periods[0] > plan.periods[0],
        "left early": _end(stay) < _end(plan),
        "came with less": came_with_less,
        "needs more": stay.e_need > plan.e_need + MET,
        "charges more slowly": stay.p_max < plan.p_max,
    }
    return [text for text, holds in texts.items() if holds]


def _end(stay: Stay) -> int:
    return int(stay.periods[-1]) + 1 + stay.n_after
