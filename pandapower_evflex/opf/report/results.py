"""The answer: schedule, flexibilities, grid states and what limits them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.case.injections import load_sign
from pandapower_evflex.case.profiles import Profile
from pandapower_evflex.errors import EvflexError, Fault, InvalidInputError
from pandapower_evflex.opf.report.by_forecast import nothing_known, table_of
from pandapower_evflex.opf.report.frames import Frames
from pandapower_evflex.opf.report.moment import period_position
from pandapower_evflex.opf.report.one_forecast import seen_in
from pandapower_evflex.opf.report.overview import overview
from pandapower_evflex.opf.solve.each_alone import EachAlone
from pandapower_evflex.opf.solve.recovery import Recovery
from pandapower_evflex.scenarios import DIRECTIONS
from pandapower_evflex.tables.kinds import is_one_of, shown

RELAXED_COLUMNS = ["period", "element_type", "element", "quantity", "bound", "side", "limit", "allowed"]
SHORT_COLUMNS = ["ev", "session", "energy_mwh", "reason"]


@dataclass(frozen=True, repr=False)
class FlexibilityOpfResult:
    """Result of `run_flexibility_opf`; holds neither the net nor a solver, so it pickles.

    Frames have one row per period (labelled by time when the profiles were) and one column per EV in service or per
    grid element. Powers in MW (positive: consumption), energies in MWh at the end of the period (NaN while away).
    **Up means more charging, down less.** The flexibilities of different periods are single activations, each measured
    from the base schedule: their sum is an objective, not a deliverable energy. With ``guarantee="any_sequence"``
    `p_mw - p_down_mw` to `p_mw + p_up_mw` is a band for any sequence of calls instead. With `duration_h` those of a
    period are activations that begin there and are held that long.

    Attributes
    ----------
    status : {"optimal", "optimal_within_gap", "feasible", "best_effort", "infeasible", "iteration_limit", "failed"}
        "optimal": no schedule is better by more than `gap`, or, where that is NaN, a local optimum of a non-convex
        problem; "optimal_within_gap": stopped early at a certified gap of up to 5 %; "feasible": stopped early, keeps
        all limits, distance to the optimum unknown, or `gap` at most; "best_effort": some limits are relaxed or some
        needs lowered, see `relaxed` and `short`; the others come without a schedule
    message : str                     of a run that was stopped: first the gap reached and what stopped it
    objective_mw : float              sum over periods, EVs and activation scenarios of C P; eq. (4)
    objective_mwh : float             the same times the length of a period
    gap : float                       certified relative gap, nan when none is
    bound_mw : float                  what the cars could offer without a grid: `objective_mw` is never more (see
                                      `flexibility_bound`); with lowered needs that of the lower ones; nan where a car
                                      cannot keep its own limits
    p_mw, p_up_mw, p_down_mw, e_mwh, soc_percent, e_min_mwh : DataFrame [period x ev]
    vm_pu, line_loading_percent, trafo_loading_percent, trafo3w_loading_percent : dict of DataFrame [period x element]
        per scenario; "base", the schedule itself, is always there; of held activations the first period of the one
        that begins there
        with several forecasts the keys are (scenario, name of the forecast)
    binding : DataFrame               network limits that bind, in the schedule itself ("base") too; `start` is the
                                      period in which the activation began that is held in `period`
    summary : DataFrame               one row per session with a whole period, indexed by its EV
    verification : dict               a power flow of every scenario and period: largest mismatch and violations; of the
                                      busiest moment largest difference of a voltage to `runpp`, pu ("against_runpp",
                                      nan where runpp does not converge); lowest voltage of a single phase with all
                                      cars of one phase on the worst one ("worst_phase_vm_pu", nan where there are
                                      none, or where `message` says why they are not looked at)
    reduced : DataFrame               sessions whose need was lowered (``unreachable="reduce"``)
    relaxed : DataFrame               best effort: limits that stand at the value they have without controllable EVs
    short : DataFrame                 best effort: sessions whose need was lowered, and what holds them back
    guarantee_proved : bool           that what is promised breaks no limit: full activations of single periods, which
                                      are checked; of a band every call between its edges (else `message` says why
                                      not). False without a schedule
    findings : DataFrame              limits violated without controllable EVs, sessions that fail, what is in the way
    stats : dict                      sizes, iterations, seconds by phase, versions
    profiles : dict                   the profiles that were solved, as given to `with_evs_as_loads`; {} with forecasts
    forecasts : dict                  {name: (probability, profiles)}, {} for a run with profiles alone
    settings : dict                   period_h, guarantee, duration_h, scenarios, q_follows_flexibility, trafo_loading,
                                      ev_bus ({EV: its bus}), charging_limits (see the function), renewed_from (of a
                                      plan renewed after a call: its first period in the day), worst_forecast (the
                                      one whose limits cost most flexibility, "" where none does)
    provenance : dict                 name and SHA-256 of the net, versions of the packages
    series : dict                     elements other than EVs, {kind: {"p_mw", "p_up_mw", "p_down_mw", "e_mwh"}}; of
                                      generators "q_mvar", "q_up_mvar", "q_down_mvar" in place of "e_mwh"; `p_mw` and
                                      `q_mvar` have the signs of the tables
    """

    status: str
    message: str
    objective_mw: float
    objective_mwh: float
    gap: float
    bound_mw: float
    p_mw: pd.DataFrame
    p_up_mw: pd.DataFrame
    p_down_mw: pd.DataFrame
    e_mwh: pd.DataFrame
    soc_percent: pd.DataFrame
    e_min_mwh: pd.DataFrame
    vm_pu: Frames
    line_loading_percent: Frames
    trafo_loading_percent: Frames
    trafo3w_loading_percent: Frames
    binding: pd.DataFrame
    summary: pd.DataFrame
    verification: Mapping[str, float]
    reduced: pd.DataFrame
    relaxed: pd.DataFrame
    short: pd.DataFrame
    guarantee_proved: bool
    findings: pd.DataFrame
    stats: Mapping[str, Any]
    profiles: Mapping[tuple[str, str], pd.DataFrame]
    settings: Mapping[str, Any]
    reasons: Mapping[str, Frames] = field(repr=False)
    recovery: Recovery | None = field(repr=False)
    series: Mapping[str, Frames] = field(default_factory=dict)
    forecasts: Mapping[Any, tuple[float, Profile]] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def recoverable(self) -> pd.DataFrame:
        """Per period and direction, whether the grid can carry what a full activation leaves to be made up.

        Worked out when it is first asked for; NaN without a schedule.
        """
        if self.recovery is None:
            return pd.DataFrame(np.nan, index=self.p_mw.index, columns=list(DIRECTIONS))
        return pd.DataFrame(dict(self.recovery.answer()), index=self.p_mw.index)

    @cached_property
    def by_forecast(self) -> pd.DataFrame:
        """What each forecast alone would allow with this schedule kept: more than what is promised in all of them.

        One row per forecast: `probability, objective_mw, mean_p_up_mw, mean_p_down_mw` (means over the periods of the
        sum of all units), then "expected", weighted by the probabilities, and "worst", the least objective. Worked out
        when it is first asked for; NaN without a schedule, empty without forecasts.
        """
        if self.recovery is None or not self.forecasts:
            return nothing_known({name: probability for name, (probability, _) in self.forecasts.items()})
        case, schedule = self.recovery.case, self.recovery.schedule
        return table_of(case, EachAlone(case, schedule).answer())

    def in_forecast(self, name: Any) -> FlexibilityOpfResult:
        """The same schedule and promise, with the grid states, limits and profiles of one forecast.

        What wants one power flow per scenario takes it: `with_evs_as_loads`, `write_period`, `activate_flexibility`,
        pictures of voltages and loadings.

        Raises
        ------
        InvalidInputError    no such forecast
        """
        seen: FlexibilityOpfResult = seen_in(self, name)
        return seen

    def total(self, name: str) -> pd.Series:
        """Sum of all units [period]: EVs and the other elements; positive draws from the grid.

        Parameters
        ----------
        name : "p_mw", "p_up_mw" or "p_down_mw"    feed-in of generators counts as below 0 in "p_mw"
        """
        return sum_of_units(self, name)

    def limited_by(self, period: Any, element_type: str = "ev") -> pd.DataFrame:
        """Why each EV, or other element, offers no more in one period.

        Parameters
        ----------
        period : int or time    position from 0, or label of the result's index
        element_type : str      "ev", or a key of `series`

        Returns
        -------
        DataFrame indexed by EV with columns "up" and "down": "away", "not offered" (also where its weight is 0),
        "max_p_mw", "battery full", "must leave charged", "nothing scheduled", "all scheduled power" (all of it is
        offered downward already), "leaves too soon" (before an activation of `duration_h` would end) or the network
        elements that bind and that more flexibility of this EV would load further; "no limit binds" where the run was
        stopped before it used what is left

        Raises
        ------
        IndexError, InvalidInputError    no such position, no such label, no such elements
        """
        position = period_position(period, self.p_mw.index)
        if not is_one_of(element_type, self.reasons):
            remedy = f"use one of {', '.join(map(repr, self.reasons))}"
            fault = Fault("limited_by", "element_type", (), shown(element_type), "is not in this result", remedy)
            raise InvalidInputError([fault])
        return pd.DataFrame(
            {direction: frame.iloc[position] for direction, frame in self.reasons[element_type].items()}
        )

    def to_profiles(self) -> dict[tuple[str, str], pd.DataFrame]:
        """All series in the form of pandapower profiles: {("ev", "p_mw"): DataFrame[period x ev], ...}.

        Other flexible elements stand beside the EVs, {("storage", "p_mw"): ...}, with the signs of their tables.

        Raises
        ------
        EvflexError    the run found no schedule
        """
        if self.p_mw.isna().any(axis=None) or any(own["p_mw"].isna().any(axis=None) for own in self.series.values()):
            raise EvflexError(f"the result holds no schedule: {self.message}")
        names = ("p_mw", "p_up_mw", "p_down_mw", "e_mwh", "soc_percent")
        evs = {("ev", name): getattr(self, name) for name in names}
        others = {(kind, name): frame for kind, frames in self.series.items() for name, frame in frames.items()}
        return {key: frame.reset_index(drop=True) for key, frame in {**evs, **others}.items()}

    def __str__(self) -> str:
        return overview(self)

    def __repr__(self) -> str:
        n_periods, n_evs = self.p_mw.shape
        return f"<FlexibilityOpfResult: {self.status}, {n_evs} EVs, {n_periods} periods; print() shows more>"


#: series with the signs of the tables
LOADS_OF_TABLES = ("p_mw", "plan_mw", "planned_mw")


def sum_of_units(result: Any, name: str) -> pd.Series:
    """Sum of the powers of all units [period], NaN without a schedule; what its table counts positive where it feeds in
    is turned."""
    total = getattr(result, name).sum(axis=1, skipna=False)
    for kind, frames in result.series.items():
        sign = load_sign(kind) if name in LOADS_OF_TABLES else 1.0
        total = total + sign * frames[name].sum(axis=1, skipna=False).to_numpy()
    return total
