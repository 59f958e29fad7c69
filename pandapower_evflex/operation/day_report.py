"""What really happened in a day, as tables; every moment is checked by power flow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.case.injections import load_sign
from pandapower_evflex.elements.ev_stays import Stay
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.limits import LOADING, UNDERVOLTAGE
from pandapower_evflex.limits.loading import element_loading_percent
from pandapower_evflex.operation.day import Day
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.findings.table import exceeded_limits, findings_frame
from pandapower_evflex.opf.report.frames import period_labels, unit_frames, voltage_frame
from pandapower_evflex.opf.verify import grid_state
from pandapower_evflex.powerflow.batched import BatchedPowerFlow

#: energy [MWh] up to which a need counts as met: a best effort leaves 1 Wh and a little more to the solver
MET = 5e-6
CALLS = ["period", "direction", "asked_mw", "granted_mw", "message"]
LACKING = ["element_type", "element", "energy_mwh"]
POWERS = ["planned_mw", "p_up_mw", "p_down_mw", "called_mw", "charged_mw"]
EV = "ev"
#: position of a unit, its stay, and MWh
Missing = tuple[int, Stay, float]


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
    activations : DataFrame                        `period, direction, asked_mw, granted_mw, message` of every call;
                                                   what generators had not to curtail is left out of `granted_mw`
    short : DataFrame                              `ev, session, energy_mwh, reason, period`: who left without its need,
                                                   and after which period
    violations : DataFrame                         limits that a realised moment breaks
    log : DataFrame [period]
        `status, message` where the plan was renewed; `planned_mw, p_up_mw, p_down_mw, called_mw, charged_mw` of all
        EVs, with other elements of all of them: consumption less feed-in; `n_plugged`, `e_mwh` of the EVs that are
        there, `short_mwh` of those that leave after the period; `min_vm_pu, max_line_loading_percent,
        max_trafo_loading_percent` and `n_violations`
    settings : dict
        `period_h`, and `min_vm_pu, max_line_loading_percent, max_trafo_loading_percent` where one limit holds for all
    series : dict
        elements other than EVs, {"storage": {"p_mw", "e_mwh", "planned_mw", "p_up_mw", "p_down_mw"}, ...} as above with
        the signs of the tables; of generators `q_mvar` in place of `e_mwh`, and `planned_mw` is what was available less
        what the plan curtails; `e_mwh` of a shiftable load is what it has drawn
    lacking : DataFrame
        `element_type, element, energy_mwh`: what batteries lack at the end of the day, and loads have not drawn
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
    series: Mapping[str, Mapping[str, pd.DataFrame]] = field(default_factory=dict)
    lacking: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=LACKING))

    def __repr__(self) -> str:
        kwh = 1e3 * float(self.short["energy_mwh"].sum())
        short = f"{len(self.short)} sessions short by {kwh:.4g} kWh"
        calls = f"{len(self.p_mw)} periods, {len(self.activations)} calls"
        return f"<RollingHorizon: {calls}, {short}, {len(self.violations)} limits broken>"


def report(day: Day) -> RollingHorizon:
    """All tables of a day that is over."""
    case, labels = replace(day.truth.case, margin=0.0), period_labels(day.truth.profiles)  # a margin may be used
    state = grid_state(case, BatchedPowerFlow(case.grid), day.p, q=day.q)

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
    own = _by_kind(day, case, labels)
    log = pd.DataFrame(day.log, index=labels)
    log[POWERS] = _log_of_powers(day, own)
    log["n_plugged"] = log.pop("n_plugged")
    log["e_mwh"] = own[EV]["e_mwh"].sum(axis=1)
    log["short_mwh"] = _per_period(day, missing)
    log["min_vm_pu"] = grid["vm_pu"].min(axis=1)
    for name in ("line_loading_percent", "trafo_loading_percent"):
        log[f"max_{name}"] = grid[name].max(axis=1)
    log["n_violations"] = np.bincount(broken["period"].astype(int), minlength=day.n_periods)
    return RollingHorizon(
        **own.pop(EV),
        **grid,
        activations=_calls(day, labels),
        short=_short(day, missing, labels),
        violations=broken.drop(columns=["ev", "session", "scenario", "forecast", "curable"]),
        log=log,
        settings={"period_h": float(case.horizon.period_h), **_common_limits(case)},
        series=own,
        lacking=_lacking(day, missing),
    )


def _by_kind(day: Day, case: Case, labels: pd.Index) -> dict[str, dict[str, pd.DataFrame]]:
    """What every kind of element was planned to do, and did."""
    up, down = day.flex["up"], day.flex["down"]
    lived, planned = (Schedule(p, up, down, day.e, {"base": day.q}) for p in (day.p, day.p_planned))
    found = {}
    for part, units, _ in case.by_part():
        frames = unit_frames(case, part, lived.of(units), labels)
        kept = [name for name in ("p_mw", "e_mwh", "p_up_mw", "p_down_mw", "q_mvar") if name in frames]
        as_planned = unit_frames(case, part, planned.of(units), labels)["p_mw"]
        found[part.kind] = {**{name: frames[name] for name in kept}, "planned_mw": as_planned}
    return found


def _log_of_powers(day: Day, own: Mapping[str, Mapping[str, pd.DataFrame]]) -> pd.DataFrame:
    """Sums of all elements, consumption positive."""

    def total(name: str, has_sign: bool = False) -> Any:
        signs = {kind: load_sign(kind) if has_sign and kind != EV else 1.0 for kind in own}
        return sum(signs[kind] * frames[name].sum(axis=1).to_numpy() for kind, frames in own.items())

    values = (
        total("planned_mw", True), total("p_up_mw"), total("p_down_mw"), day.called.sum(axis=1), total("p_mw", True),
    )  # fmt: skip
    return pd.DataFrame(dict(zip(POWERS, values, strict=True)), index=own[EV]["p_mw"].index)


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


def _missing(day: Day) -> list[Missing]:
    """Stays of all units that left without their need, or that cannot have it any more, and what is missing, MWh."""
    missing = []
    for unit, own in enumerate(day.real):
        for stay in own:
            energy = stay.e_need - stay.e_after - day.e[stay.periods[-1], unit]
            missing += [(unit, stay, energy)] * bool(energy > MET)
    return missing


def _per_period(day: Day, missing: list[Missing]) -> FloatArray:
    short = np.zeros(day.n_periods)
    for _, stay, energy in missing:
        short[stay.periods[-1]] += energy
    return short


def _short(day: Day, missing: list[Missing], periods: pd.Index) -> pd.DataFrame:
    labels = day.truth.case.evs.index
    rows = [
        (labels[unit], stay.session, energy, _why(day, stay), periods[stay.periods[-1]])
        for unit, stay, energy in missing
        if unit < len(labels)
    ]
    return pd.DataFrame(rows, columns=["ev", "session", "energy_mwh", "reason", "period"])


def _lacking(day: Day, missing: list[Missing]) -> pd.DataFrame:
    """Units other than EVs; their stay bears their label."""
    kinds = [(part.kind, units) for part, units, _ in day.truth.case.by_part() if part.kind != EV]
    rows = [
        (kind, stay.session, energy)
        for kind, units in kinds
        for unit, stay, energy in missing
        if units.start <= unit < units.stop
    ]
    return pd.DataFrame(rows, columns=LACKING)


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
