"""A day in operation: the plan is renewed from actual energies, and every realised moment is checked."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.operation.calls import read_calls
from pandapower_evflex.operation.day import Day
from pandapower_evflex.operation.day_arguments import (
    FUNCTION,
    check_arguments,
    options_of,
    periods_between,
    refuse_other_elements,
)
from pandapower_evflex.operation.day_report import RollingHorizon, report
from pandapower_evflex.operation.planner import Planner
from pandapower_evflex.operation.real_sessions import real_sessions
from pandapower_evflex.operation.remaining_day import refuse_short_stays
from pandapower_evflex.opf.options import Options
from pandapower_evflex.opf.progress import Progress
from pandapower_evflex.opf.read import Study, read_study
from pandapower_evflex.opf.report.frames import period_labels


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
    there, of batteries, and what shiftable loads have drawn. An EV that is late is expected from the next period on;
    one that comes early, or unannounced, is known from its arrival on; one that stays longer is expected to leave after
    every next period.

    Parameters
    ----------
    net : pandapowerNet
        its `net.ev_session` is the plan; nothing on it changes
    profiles : {("load", "p_mw"): DataFrame[period x element index], ...}
        what loads and generation really are
    forecast : function of the hour
        profiles as the planner sees them at an hour from the start, with a row for every period of the day (those that
        have passed do not count); None: the truth. What a shiftable load has to draw is the truth in every forecast
    sessions : DataFrame
        what really happens, in the form of `net.ev_session` and with its index: a planned session that is missing
        never comes, one with a new index was not announced; columns that are missing are those of the plan; arrival
        and departure in hours from the start, or as timestamps where the day has dates; None: as planned. Sessions
        without a whole period are refused
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
        by default ``on_infeasible="best_effort"``: a late EV may be beyond help; with V2G and other elements, which
        have none, ``unreachable="reduce"``

    Returns
    -------
    RollingHorizon

    Raises
    ------
    InvalidInputError    as in `run_flexibility_opf`; sessions, calls or arguments that are none
    """
    check_arguments(net, forecast, sessions, activations, n_periods, cyclic, progress, opf)
    options = options_of(opf, net)
    periods = {"n_periods": n_periods, "period_h": period_h, "start": start, "dayfirst": dayfirst}
    plan, truth = _studies(net, profiles, sessions, options, periods)
    calls = read_calls(FUNCTION, activations, period_labels(truth.profiles), options.scenarios)
    step = periods_between(every_h, truth.case.horizon.period_h)
    day = Day(truth, plan, Planner(plan, net, options, forecast, truth))
    with Progress(progress) as bar:
        for period in range(day.n_periods):
            bar.step()
            day.begin(period)
            if period % step == 0 or period - 1 in calls or day.is_surprised(period):
                day.renew(period)
            day.live(period, calls.get(period))
    return report(day)


def _studies(
    net: Net, profiles: Any, sessions: pd.DataFrame | None, options: Options, periods: dict[str, Any]
) -> tuple[Study, Study]:
    """What is planned ahead, and what really happens."""
    plan = truth = read_study(net, profiles, options, cyclic=False, function=FUNCTION, **periods)
    refuse_other_elements(plan.case.others)
    if sessions is not None:
        real = copy.copy(net)
        planned = net.get("ev_session", sessions.iloc[:0])
        real["ev_session"] = real_sessions(sessions, planned, plan.case.horizon, periods["dayfirst"])
        truth = read_study(real, profiles, options, cyclic=False, function=FUNCTION, **periods)
    for study in (plan, truth):
        refuse_short_stays(FUNCTION, study.stays)
    return plan, truth
