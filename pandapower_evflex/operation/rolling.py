"""A day in operation: the plan is renewed from actual energies, and every realised moment is checked."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, FloatArray, Net
from pandapower_evflex.elements.ev_stays import Stay
from pandapower_evflex.errors import Fault, InvalidInputError, listed
from pandapower_evflex.limits.loading import element_loading_percent
from pandapower_evflex.operation.activation import activate_flexibility
from pandapower_evflex.operation.calls import read_calls
from pandapower_evflex.operation.expected_sessions import Known, expected_sessions
from pandapower_evflex.operation.remaining_day import later_weights, refuse_short_stays
from pandapower_evflex.opf.findings.table import exceeded_limits, findings_frame
from pandapower_evflex.opf.flexibility import SOLVED, run_flexibility_opf, solve_study
from pandapower_evflex.opf.options import Options, names_of
from pandapower_evflex.opf.progress import Progress
from pandapower_evflex.opf.read import Study, read_study
from pandapower_evflex.opf.report.results import FlexibilityOpfResult, period_labels, voltage_frame
from pandapower_evflex.opf.stopwatch import Stopwatch
from pandapower_evflex.opf.verify import grid_state
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.scenarios import DIRECTIONS
from pandapower_evflex.tables.faults import as_numbers
from pandapower_evflex.tables.kinds import check_net, shown

FUNCTION = "run_rolling_horizon"
#: energy [MWh] up to which a need counts as met
MET = 1e-6
#: number of periods between two plans that no day has
MOST_STEPS = 1e9
#: arguments of `run_flexibility_opf` that the day itself decides
OWN = ("net", "profiles", "n_periods", "period_h", "start", "dayfirst", "cyclic", "raise_on_failure", "progress")


@dataclass(frozen=True, repr=False)
class RollingHorizon:
    """What really happened.

    Attributes
    ----------
    p_mw, e_mwh : DataFrame [period x ev]          charging, and energies at the end of the period (NaN while away)
    p_up_mw, p_down_mw : DataFrame [period x ev]   flexibility that was there in each period, before any call
    vm_pu, line_loading_percent, trafo_loading_percent : DataFrame [period x element]    by power flow
    activations : DataFrame                        `period, direction, asked_mw, granted_mw, message` of every call
    short : DataFrame                              `ev, session, energy_mwh, reason`: who left without its need
    violations : DataFrame                         limits that a realised moment breaks
    log : DataFrame [period]                       `status, message, planned_mw, called_mw, charged_mw, n_plugged`
    """

    p_mw: pd.DataFrame
    e_mwh: pd.DataFrame
    p_up_mw: pd.DataFrame
    p_down_mw: pd.DataFrame
    vm_pu: pd.DataFrame
    line_loading_percent: pd.DataFrame
    trafo_loading_percent: pd.DataFrame
    activations: pd.DataFrame
    short: pd.DataFrame
    violations: pd.DataFrame
    log: pd.DataFrame

    def __repr__(self) -> str:
        kwh = 1e3 * float(self.short["energy_mwh"].sum())
        short = f"{len(self.short)} sessions short by {kwh:.4g} kWh"
        calls = f"{len(self.p_mw)} periods, {len(self.activations)} calls"
        return f"<RollingHorizon: {calls}, {short}, {len(self.violations)} limits broken>"


def run_rolling_horizon(
    net: Net,
    profiles: Mapping[Any, pd.DataFrame] | None = None,
    *,
    forecast: Callable[[float], Mapping[Any, pd.DataFrame]] | None = None,
    sessions: pd.DataFrame | None = None,
    activations: pd.DataFrame | None = None,
    every_h: float = 0.25,
    n_periods: int | None = None,
    period_h: float | None = None,
    start: Any = None,
    dayfirst: bool | None = None,
    cyclic: bool = False,
    progress: bool | None = None,
    **opf: Any,
) -> RollingHorizon:
    """Go through a day period by period: renew the plan, answer calls, charge, and see what the grid does.

    The planner knows `net.ev_session`, the forecast, and what has happened so far: the energies of the EVs that are
    there. An EV that is late is expected from the next period on; one that comes early, or unannounced, is known from
    its arrival on; one that stays longer is expected to leave after every next period.

    Parameters
    ----------
    net : pandapowerNet
        its `net.ev_session` is the plan; nothing on it changes
    profiles : {("load", "p_mw"): DataFrame[period x element index], ...}
        what loads and generation really are
    forecast : function of the hour
        profiles as the planner sees them at an hour from the start, with a row for every period of the day (those that
        have passed do not count); None: the truth
    sessions : DataFrame
        what really happens, in the form of `net.ev_session` and with its index: a planned session that is missing
        never comes, one with a new index was not announced; columns that are missing are those of the plan; None: as
        planned. Sessions without a whole period are refused
    activations : DataFrame
        calls, at most one of a period: `period` (position or label), `direction` ("up" or "down"), `p_mw` (NaN: all
        that is offered)
    every_h : float
        how often the plan is renewed; a multiple of the period, or below it: every period. After a call it is renewed
        in any case
    n_periods, period_h, start, dayfirst : as in `run_flexibility_opf`
    cyclic : bool
        refused: a day in operation ends
    progress : bool
        as in `run_flexibility_opf`
    opf : keyword arguments of `run_flexibility_opf`
        by default ``on_infeasible="best_effort"``: a late EV may be beyond help

    Returns
    -------
    RollingHorizon

    Raises
    ------
    InvalidInputError    as in `run_flexibility_opf`; sessions, calls or arguments that are none
    """
    periods = {"n_periods": n_periods, "period_h": period_h, "start": start, "dayfirst": dayfirst}
    arguments = {"on_infeasible": "best_effort", **_checked(net, forecast, sessions, cyclic, opf)}
    day = _Day.of(net, profiles, forecast, sessions, arguments, periods)
    calls = read_calls(FUNCTION, activations, day.labels)
    step = _periods_between(every_h, day.period_h)
    with Progress(progress) as bar:
        for period in range(day.n_periods):
            bar.step()
            day.begin(period)
            if period % step == 0 or period - 1 in calls:
                day.renew(period)
            day.live(period, calls.get(period))
    return day.report()


def _checked(net: Any, forecast: Any, sessions: Any, cyclic: Any, opf: Mapping[str, Any]) -> Mapping[str, Any]:
    check_net(FUNCTION, net)
    faults = []
    known = [name for name in inspect.signature(run_flexibility_opf).parameters if name not in OWN]
    for name in opf:
        if name not in known:
            remedy = "leave it out, or give an argument of run_flexibility_opf"
            faults.append(Fault(FUNCTION, str(name), (), shown(opf[name]), "is not an argument of the run", remedy))
    if cyclic is not False:
        remedy = "leave it out: a day in operation ends"
        faults.append(Fault(FUNCTION, "cyclic", (), shown(cyclic), "is not possible here", remedy))
    if forecast is not None and not callable(forecast):
        remedy = "give a function of the hour that returns profiles, or None"
        faults.append(Fault(FUNCTION, "forecast", (), shown(forecast), "is not a function", remedy))
    if sessions is not None and not isinstance(sessions, pd.DataFrame):
        remedy = "give a DataFrame in the form of net.ev_session, or None"
        faults.append(Fault(FUNCTION, "sessions", (), shown(sessions), "is not a table", remedy))
    if faults:
        raise InvalidInputError(faults)
    return opf


def _completed(sessions: pd.DataFrame, planned: pd.DataFrame) -> pd.DataFrame:
    """Real sessions with what they leave out: of the planned session with the same label, else the usual.

    Raises
    ------
    InvalidInputError    a label that stands for a session of another EV in the plan
    """
    known = sessions.index.intersection(planned.index)
    if "ev" in sessions:
        others = known[(sessions.loc[known, "ev"] != planned.loc[known, "ev"]).to_numpy()]
        if len(others):
            remedy = "keep the index of net.ev_session, and new labels for sessions that are not in it"
            value = listed(sessions.loc[others, "ev"])
            fault = Fault(FUNCTION, "sessions.ev", tuple(others), value, "is another EV than in net.ev_session", remedy)
            raise InvalidInputError([fault])
    completed = sessions.copy()
    for column in planned.columns.difference(sessions.columns):
        completed[column] = planned[column].reindex(sessions.index)
    if "in_service" not in sessions:
        completed["in_service"] = True
    return completed


def _periods_between(every_h: Any, period_h: float) -> int:
    remedy = f"give a multiple of the period of {period_h:g} h"
    hours = as_numbers([every_h])[0][0] if isinstance(every_h, Real) and not isinstance(every_h, bool) else np.nan
    if not 0.0 < hours < np.inf:
        raise InvalidInputError([Fault(FUNCTION, "every_h", (), shown(every_h), "is not a number of hours", remedy)])
    steps = min(hours / period_h, MOST_STEPS)
    if steps > 1.0 and abs(steps - round(steps)) > 1e-6:
        raise InvalidInputError([Fault(FUNCTION, "every_h", (), hours, "is not a step of the day", remedy)])
    return max(1, round(steps))


def options_of(arguments: Mapping[str, Any]) -> Options:
    """As `run_flexibility_opf` takes its arguments."""
    given = dict(arguments)
    if "scenarios" in given:
        given["scenarios"] = names_of(given["scenarios"])
    return Options(**given)


class _Day:
    """The state of the day: who is there with how much energy, the plan in force, and what has happened."""

    def __init__(
        self, net: Net, plan: Study, truth: Study, forecast: Any, table: pd.DataFrame, arguments: Mapping[str, Any]
    ) -> None:
        self.net, self._forecast, self._table, self._arguments = net, forecast, table, arguments
        self._planned, self._real, self._truth = plan.stays, truth.stays, truth
        horizon, n_ev = truth.case.horizon, len(truth.case.evs.index)
        self.n_periods, self.period_h, self.labels = horizon.n_periods, horizon.period_h, period_labels(truth.profiles)
        self._needs = {stay.session: stay.e_need for own in truth.stays for stay in own}
        self._needs |= truth.reduced["e_need_mwh"].to_dict()
        self._here: list[Stay | None] = []
        self._energy = np.full(n_ev, np.nan)
        self._over: set[int] = set()
        self._result: FlexibilityOpfResult | None = None
        self._first = 0
        self._plan = np.zeros((0, n_ev))
        shape = (self.n_periods, n_ev)
        self._p, self._e = np.zeros(shape), np.full(shape, np.nan)
        self._flex = {"up": np.zeros(shape), "down": np.zeros(shape)}
        self._log: list[dict[str, Any]] = [{} for _ in range(self.n_periods)]
        self._calls: list[tuple[Any, ...]] = []

    @classmethod
    def of(
        cls,
        net: Net,
        profiles: Any,
        forecast: Any,
        sessions: Any,
        arguments: Mapping[str, Any],
        periods: dict[str, Any],
    ) -> _Day:
        options = options_of(arguments)
        plan = read_study(net, profiles, options, cyclic=False, function=FUNCTION, **periods)
        real = copy.deepcopy(net)
        table = net["ev_session"]
        if sessions is not None:
            sessions = _completed(sessions, table)
            real["ev_session"] = sessions
            truth = read_study(real, profiles, options, cyclic=False, function=FUNCTION, **periods)
            new = sessions.index.difference(table.index)
            table = pd.concat([table, sessions.loc[new].reindex(columns=table.columns)]) if len(new) else table
        else:
            truth = plan
        for study in (plan, truth):
            refuse_short_stays(FUNCTION, study.stays)
        return cls(real, plan, truth, forecast, table, arguments)

    def begin(self, period: int) -> None:
        """Who is there now, and what those bring who have just come; who follows a trip brings what it left."""
        self._here = [next((stay for stay in own if period in stay.periods), None) for own in self._real]
        for ev, stay in enumerate(self._here):
            if stay is not None and period == stay.periods[0] and not stay.is_coupled:
                self._energy[ev] = stay.e_arrival

    def renew(self, period: int) -> None:
        """The plan for the rest of the day from what is known now."""
        known = Known(period, self._here, self._energy, self._over)
        self.net["ev_session"] = expected_sessions(self._table, self._planned, known, self.period_h)
        rest = {key: frame.iloc[period:].reset_index(drop=True) for key, frame in self._foreseen(period).items()}
        weights = later_weights(self._arguments.get("weights"), period)
        options = options_of({**self._arguments, "weights": weights, "progress": False})
        study = read_study(
            self.net, rest, options, n_periods=self.n_periods - period, period_h=self.period_h, cyclic=False
        )
        result = solve_study(study, options, Stopwatch())
        self._log[period] = {"status": result.status, "message": result.message.splitlines()[0]}
        self._result = result if result.status in SOLVED else None
        if self._result is not None:
            self._first, self._plan = period, result.p_mw.to_numpy()

    def _foreseen(self, period: int) -> Mapping[Any, pd.DataFrame]:
        """Profiles of the whole day as they are expected before a period."""
        if self._forecast is None:
            return self._truth.profiles.values
        profiles = self._forecast(period * self.period_h)
        is_read = isinstance(profiles, Mapping) and all(isinstance(one, pd.DataFrame) for one in profiles.values())
        if not is_read or any(len(one) not in (0, self.n_periods) for one in profiles.values()):
            remedy = f"return profiles as run_flexibility_opf takes them, with {self.n_periods} rows each"
            value = f"at {period * self.period_h:g} h {shown(profiles)}"
            raise InvalidInputError([Fault(FUNCTION, "forecast", (), value, "is not a day of profiles", remedy)])
        return profiles

    def live(self, period: int, call: tuple[str, float] | None) -> None:
        """Charge one period: as planned, as called, and as far as the EVs that are there can take it."""
        is_here, at = np.array([stay is not None for stay in self._here]), period - self._first
        wanted = np.where(is_here, self._plan[at], 0.0) if len(self._plan) else np.zeros(len(is_here))
        if self._result is not None:
            for direction in self._flex:
                flex = getattr(self._result, f"p_{direction}_mw").to_numpy()[at]
                self._flex[direction][period] = np.where(is_here, flex, 0.0)
        planned = wanted.sum()
        if call is not None:
            wanted = wanted + self._called(period, at, is_here, *call)
        for ev, stay in enumerate(self._here):
            if stay is not None:
                self._charge(period, ev, stay, wanted[ev])
        for ev, own in enumerate(self._real):
            for stay in own:
                if stay.periods[-1] == period:
                    self._over.add(stay.session)
                    self._energy[ev] = max(self._energy[ev] - stay.trip, 0.0)
        self._log[period] |= {
            "planned_mw": planned,
            "called_mw": wanted.sum() - planned,
            "charged_mw": self._p[period].sum(),
            "n_plugged": int(is_here.sum()),
        }

    def _called(self, period: int, at: int, is_here: BoolArray, direction: str, amount: float) -> FloatArray:
        """What the EVs that are there give, whatever the plan expected."""
        nothing, asked = np.zeros(len(self._real)), None if np.isnan(amount) else amount
        if self._result is None or not is_here.any():
            why = "no EV is plugged in" if self._result is not None else "no plan to call from"
            self._calls.append((self.labels[period], direction, amount, 0.0, why))
            return nothing
        present = self._truth.case.evs.index[is_here].tolist()
        call = activate_flexibility(self.net, self._result, at, direction, asked, evs=present)
        self._calls.append((self.labels[period], direction, call.asked_mw, call.granted_mw, call.message))
        return DIRECTIONS[direction] * call.p_mw.to_numpy()

    def _charge(self, period: int, ev: int, stay: Stay, wanted: float) -> None:
        room = max(stay.e_max - self._energy[ev], 0.0) / stay.energy_per_p
        self._p[period, ev] = min(max(wanted, 0.0), stay.p_max, room)
        self._energy[ev] += stay.energy_per_p * self._p[period, ev]
        self._e[period, ev] = self._energy[ev]

    def report(self) -> RollingHorizon:
        case, labels = replace(self._truth.case, margin=0.0), self.labels  # what really happens may use it
        state = grid_state(case, BatchedPowerFlow(case.grid), self._p)
        columns, grid = case.evs.index, case.grid

        def frame(values: FloatArray, names: Any = columns) -> pd.DataFrame:
            return pd.DataFrame(values, index=labels, columns=names)

        def loading(table: str) -> pd.DataFrame:
            return frame(element_loading_percent(grid, state.loading, table), grid.labels[table])

        violations = findings_frame(exceeded_limits(case, state))
        return RollingHorizon(
            p_mw=frame(self._p),
            e_mwh=frame(self._e),
            p_up_mw=frame(self._flex["up"]),
            p_down_mw=frame(self._flex["down"]),
            vm_pu=voltage_frame(case, state, labels),
            line_loading_percent=loading("line"),
            trafo_loading_percent=loading("trafo"),
            activations=pd.DataFrame(self._calls, columns=["period", "direction", "asked_mw", "granted_mw", "message"]),
            short=self._short(),
            violations=violations.drop(columns=["ev", "session", "scenario", "curable"]),
            log=pd.DataFrame(self._log, index=labels),
        )

    def _short(self) -> pd.DataFrame:
        rows = []
        for ev, (own, planned) in enumerate(zip(self._real, self._planned, strict=True)):
            for stay in own:
                missing = self._needs[stay.session] - stay.e_after - self._e[stay.periods[-1], ev]
                if missing > MET:
                    plan = next((one for one in planned if one.session == stay.session), None)
                    label = self._truth.case.evs.index[ev]
                    rows.append((label, stay.session, missing, _why_short(stay, plan)))
        return pd.DataFrame(rows, columns=["ev", "session", "energy_mwh", "reason"])


def _why_short(stay: Stay, plan: Stay | None) -> str:
    """What differs from the plan, "" for nothing."""
    if plan is None:
        return "was not announced"
    came_late, left_early = stay.periods[0] > plan.periods[0], stay.periods[-1] < plan.periods[-1]
    with_less = not stay.is_coupled and stay.e_arrival < plan.e_arrival
    reasons = (("came late", came_late), ("left early", left_early), ("came with less", with_less))
    return ", ".join(text for text, holds in reasons if holds)
