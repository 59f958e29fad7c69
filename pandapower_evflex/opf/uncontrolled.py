"""What happens without any schedule: everyone charges at full power from arrival."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray, Net
from pandapower_evflex.elements.ev_slots import charge_at_arrival
from pandapower_evflex.elements.ev_stays import Stay
from pandapower_evflex.errors import Fault, InvalidInputError, listed
from pandapower_evflex.limits.loading import element_loading_percent
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.findings.table import exceeded_limits, findings_frame
from pandapower_evflex.opf.options import Options
from pandapower_evflex.opf.read import read_study
from pandapower_evflex.opf.report.frames import period_labels, voltage_frame
from pandapower_evflex.opf.report.other_evs import refuse_other_evs
from pandapower_evflex.opf.report.results import FlexibilityOpfResult
from pandapower_evflex.opf.report.sessions import battery_mwh, charging_limits, session_summary
from pandapower_evflex.opf.verify import grid_state
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.tables.checks import TABLES
from pandapower_evflex.tables.links import remember_all

logger = logging.getLogger(__name__)

FUNCTION = "uncontrolled_charging"

#: what legends call it, by what the cars charge
LABELS = {
    "needed": "needed energy, from arrival",
    "full": "filled up, from arrival",
    "result": "same energy, from arrival",
}


@dataclass(frozen=True)
class UncontrolledCharging:
    """Charging at arrival and what it does to the grid.

    Parameters
    ----------
    energy : "needed", "full" or "result"         what every car charges, see `uncontrolled_charging`
    p_mw : DataFrame [period x ev]
    charged_mwh : Series [session]                energy that goes into the battery within the horizon
    soc_percent : DataFrame [period x ev]         at the end of each period, NaN while the car is away
    vm_pu : DataFrame [period x bus]              as `vm_pu["base"]` of a result, NaN where no power flow exists
    min_vm_pu : Series [period]                   lowest voltage of the buses with limits (of all where none has any),
                                                  NaN where no power flow exists
    line_loading_percent, trafo_loading_percent : DataFrame [period x element], NaN where no power flow exists
    violations : DataFrame                        broken limits: period, element_type, element, value, limit, ...
    period_h : float
    """

    energy: str
    p_mw: pd.DataFrame
    charged_mwh: pd.Series
    soc_percent: pd.DataFrame
    vm_pu: pd.DataFrame
    min_vm_pu: pd.Series
    line_loading_percent: pd.DataFrame
    trafo_loading_percent: pd.DataFrame
    violations: pd.DataFrame
    period_h: float

    @property
    def label(self) -> str:
        """What it is, with the energy drawn from the grid, for legends and tables."""
        return f"{LABELS[self.energy]} ({1e3 * self.drawn_mwh:.0f} kWh)"

    @property
    def drawn_mwh(self) -> float:
        """Energy that all cars draw from the grid within the horizon."""
        return float(self.p_mw.to_numpy().sum()) * self.period_h

    def __str__(self) -> str:
        broken = self.violations.drop_duplicates(["element_type", "element"])
        named = listed([f"{kind} {one}" for kind, one in broken[["element_type", "element"]].to_numpy()])
        limits = f"limits of {named} in {self.violations['period'].nunique()} periods" if named else "no limit"
        return f"{self.label}: at most {1e3 * self.p_mw.sum(axis=1).max():.4g} kW at once; it breaks {limits}"

    def __repr__(self) -> str:
        n_periods, n_evs = self.p_mw.shape
        return f"<UncontrolledCharging: {self.label}, {n_evs} EVs, {n_periods} periods; print() shows more>"


def uncontrolled_charging(
    net: Net,
    profiles: Mapping[Any, pd.DataFrame] | None = None,
    *,
    energy: str | FlexibilityOpfResult = "needed",
    fill: bool | None = None,
    n_periods: int | None = None,
    period_h: float | None = None,
    start: Any = None,
    dayfirst: bool | None = None,
    cyclic: bool = False,
    trafo_loading: str = "power",
    max_line_loading_percent: float | None = None,
    max_trafo_loading_percent: float | None = None,
    min_vm_pu: float | None = None,
    max_vm_pu: float | None = None,
) -> UncontrolledCharging:
    """Let every EV charge at full power from arrival, and run the power flow of every period.

    A fair comparison charges the same energy: give the schedule's result as ``energy``.

    Parameters
    ----------
    net, profiles, n_periods, period_h, start, dayfirst, cyclic, trafo_loading : as in `run_flexibility_opf`
    energy : "needed", "full" or FlexibilityOpfResult
        until the departure energy is reached, until the battery is full (as plugged-in cars do), or until each session
        has what the schedule of that result gives it within the horizon
    fill : bool
        deprecated: True is ``energy="full"``, False is ``energy="needed"``
    max_line_loading_percent, max_trafo_loading_percent, min_vm_pu, max_vm_pu : float
        as in `run_flexibility_opf`: what counts as a violation

    Returns
    -------
    UncontrolledCharging    powers, energies, voltages and loadings of every period, and which limits they break

    Raises
    ------
    InvalidInputError    as in `run_flexibility_opf`; a result without a schedule, or of other sessions
    """
    kind = _kind_of(energy, fill)
    options = Options(
        scenarios=("base",),
        trafo_loading=trafo_loading,
        max_line_loading_percent=max_line_loading_percent,
        max_trafo_loading_percent=max_trafo_loading_percent,
        min_vm_pu=min_vm_pu,
        max_vm_pu=max_vm_pu,
        unreachable="reduce",
    )
    periods = {"n_periods": n_periods, "period_h": period_h, "start": start, "dayfirst": dayfirst}
    study = read_study(net, profiles, options, cyclic=cyclic, function=FUNCTION, **periods)
    case = study.case
    labels = period_labels(study.profiles)
    energies = None
    if isinstance(energy, FlexibilityOpfResult):
        refuse_other_evs(net, energy)
        energies = _energies_of(energy, case, labels)
    p, e = _from_arrival(case, kind, energies)
    loads = case.uncontrolled
    loads[:, : p.shape[1]] = p
    state = grid_state(case, BatchedPowerFlow(case.grid), loads)

    def where_solved(values: FloatArray) -> FloatArray:
        return np.where(state.converged[:, None], values, np.nan)

    def loading(table: str) -> pd.DataFrame:
        values = element_loading_percent(case.grid, state.loading, table)
        return pd.DataFrame(where_solved(values), index=labels, columns=case.grid.labels[table])

    vm_pu = voltage_frame(case, state, labels)
    vm_pu.loc[~state.converged] = np.nan
    violations = findings_frame(exceeded_limits(case, state))
    for doubt in study.unit_doubts() if len(violations) else ():
        logger.warning(doubt)
    limited = np.isfinite(case.grid.vm_min) | np.isfinite(case.grid.vm_max)
    lowest = where_solved(state.vm[:, limited] if limited.any() else state.vm).min(axis=1)
    remember_all(net, TABLES)
    return UncontrolledCharging(
        energy=kind,
        p_mw=pd.DataFrame(p, index=labels, columns=case.evs.index),
        charged_mwh=pd.Series(charged_by(case, p), dtype=float, name="charged_mwh").rename_axis("session"),
        soc_percent=pd.DataFrame(100.0 * e / battery_mwh(case), index=labels, columns=case.evs.index),
        vm_pu=vm_pu,
        min_vm_pu=pd.Series(lowest, index=labels),
        line_loading_percent=loading("line"),
        trafo_loading_percent=loading("trafo"),
        violations=violations.drop(columns=["ev", "session", "scenario", "forecast", "curable"]),
        period_h=case.horizon.period_h,
    )


def _kind_of(energy: Any, fill: Any) -> str:
    """ "needed", "full" or "result"; ``fill`` is read for one more version."""
    if fill is not None:
        remedy = 'leave fill out and give energy="full" or energy="needed"'
        if not isinstance(fill, bool | np.bool_):
            raise InvalidInputError([Fault(FUNCTION, "fill", (), repr(fill), "is not True or False", remedy)])
        if not isinstance(energy, str) or energy != "needed":
            raise InvalidInputError([Fault(FUNCTION, "fill", (), fill, "is given beside energy", remedy)])
        kind = "full" if fill else "needed"
        message = f"fill={fill} is deprecated and will be removed after version 0.2: use energy={kind!r}"
        warnings.warn(message, FutureWarning, stacklevel=3)
        return kind
    if isinstance(energy, FlexibilityOpfResult):
        return "result"
    if isinstance(energy, str) and energy in ("needed", "full"):
        return energy
    remedy = 'use "needed", "full", or the result of run_flexibility_opf'
    value = repr(energy) if isinstance(energy, str) else f"a {type(energy).__name__}"
    raise InvalidInputError([Fault(FUNCTION, "energy", (), value, "is not known", remedy)])


def _energies_of(result: FlexibilityOpfResult, case: Case, labels: pd.Index) -> dict[Any, float]:
    """Energy that the schedule charges into each session within the horizon, by session.

    Raises
    ------
    InvalidInputError    no schedule, other periods, other sessions, EVs that charge otherwise
    """
    if "charged_mwh" not in result.summary or result.p_mw.isna().to_numpy().any():
        remedy = "give the result of a run that found a schedule"
        raise InvalidInputError(
            [Fault(FUNCTION, "energy", (), result.status, "is a result without a schedule", remedy)]
        )
    differing = _differing(result, case, labels)
    if differing:
        remedy = "give the result of a run on this net, with the same sessions and periods"
        problem = "differ between the net and the result"
        raise InvalidInputError([Fault(FUNCTION, "energy", (), differing, problem, remedy)])
    return result.summary.set_index("session")["charged_mwh"].fillna(0.0).to_dict()


def _differing(result: FlexibilityOpfResult, case: Case, labels: pd.Index) -> str:
    """Periods, or else sessions of one of the two alone or of other cars or hours, or else other limits of charging."""
    theirs = result.p_mw.index
    dated = isinstance(theirs, pd.DatetimeIndex) and isinstance(labels, pd.DatetimeIndex)
    if len(theirs) != len(labels) or result.settings["period_h"] != case.horizon.period_h:
        return f"{len(theirs)} periods"
    if dated and not theirs.equals(labels):
        return f"periods from {theirs[0]}"
    then, now = _stays(result.summary), _stays(session_summary(case, None))
    differing = sorted({session for session, *_ in then ^ now})
    return f"sessions {listed(differing)}" if differing else _other_limits(result, case)


def _other_limits(result: FlexibilityOpfResult, case: Case) -> str:
    """Columns of EVs or sessions whose values were others in the result, with one of them; "" where none is."""
    now = charging_limits(case)
    then = result.settings["charging_limits"].reindex(now.index)
    changed = ~np.isclose(then, now, rtol=1e-9, atol=0.0, equal_nan=True)
    parts = []
    for column, wrong in zip(now, changed.T, strict=True):
        if wrong.any():
            first = now.index[wrong][0]
            values = f"{now.at[first, column]:g}, in the result {then.at[first, column]:g}"
            parts.append(f"{column} of sessions {listed(now.index[wrong])} ({first}: {values})")
    return "; ".join(parts)


def _stays(summary: pd.DataFrame) -> set[tuple[Any, ...]]:
    """Session, car and hours of each stay."""
    columns = summary.reset_index()[["session", "ev", "arrival_h", "departure_h"]]
    return set(columns.itertuples(index=False, name=None))


def charging_at_arrival(case: Case, kind: str, energies: Mapping[Any, float] | None) -> FloatArray:
    """Power of every EV [n_period, n_ev]."""
    return _from_arrival(case, kind, energies)[0]


def _from_arrival(case: Case, kind: str, energies: Mapping[Any, float] | None) -> tuple[FloatArray, FloatArray]:
    """Power of every EV and energy of its battery at the end of each period, NaN while away [n_period, n_ev]."""
    stays_of: list[list[Stay]] = [[] for _ in case.evs.index]
    for stay in case.evs.stays:
        stays_of[stay.ev].append(stay)
    n_periods = case.horizon.n_periods
    p, e = np.zeros((2, n_periods, len(stays_of)))
    for ev, own in enumerate(stays_of):
        p[:, ev], e[:, ev] = charge_at_arrival(own, n_periods, fill=kind == "full", energies=energies)
    return p, e


def charged_by(case: Case, p: FloatArray) -> dict[Any, float]:
    """What charging adds to the battery in every session, MWh."""
    return {stay.session: float(stay.energy_per_p * p[stay.periods, stay.ev].sum()) for stay in case.evs.stays}
