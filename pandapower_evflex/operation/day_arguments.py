"""The arguments of `run_rolling_horizon`, checked before anything is solved."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.elements.part import Part
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.opf.flexibility import run_flexibility_opf
from pandapower_evflex.opf.options import Options, names_of
from pandapower_evflex.tables.faults import as_numbers
from pandapower_evflex.tables.kinds import check_net, progress_faults, shown
from pandapower_evflex.tables.offering import OFFERING, offering_rows

FUNCTION = "run_rolling_horizon"
#: number of periods between two plans that no day has
MOST_STEPS = 1e9
#: a leap year of quarter hours
MOST_PERIODS = 35_136
#: arguments of `run_flexibility_opf` that the day itself decides
OWN = ("net", "profiles", "n_periods", "period_h", "start", "dayfirst", "cyclic", "raise_on_failure", "progress")


def check_arguments(
    net: Any,
    forecast: Any,
    sessions: Any,
    activations: Any,
    n_periods: Any,
    cyclic: Any,
    progress: Any,
    opf: Mapping[str, Any],
) -> None:
    """Kinds of the arguments.

    Raises
    ------
    InvalidInputError    all that are none, or that exclude each other
    """
    check_net(FUNCTION, net)
    faults = []
    known = [name for name in inspect.signature(run_flexibility_opf).parameters if name not in OWN]
    for name in opf:
        if name not in known:
            remedy = "leave it out, or give an argument of run_flexibility_opf"
            faults.append(Fault(FUNCTION, str(name), (), shown(opf[name]), "is not an argument of the run", remedy))
    if opf.get("forecasts") is not None:
        remedy = "leave it out; forecast= is how the planner sees the day, margin_percent= keeps room for its errors"
        faults.append(Fault(FUNCTION, "forecasts", (), shown(opf["forecasts"]), "is not possible here", remedy))
    if cyclic is not False:
        remedy = "leave it out: a day in operation ends"
        faults.append(Fault(FUNCTION, "cyclic", (), shown(cyclic), "is not possible here", remedy))
    if isinstance(activations, pd.DataFrame) and len(activations) and opf.get("duration_h") is not None:
        remedy = "leave duration_h out, or run the day without activations: only calls of one period are made here"
        value = f"{shown(opf['duration_h'])} with activations"
        faults.append(Fault(FUNCTION, "duration_h", (), value, "is not possible", remedy))
    faults += _forecast_faults(forecast) + progress_faults(FUNCTION, progress)
    if isinstance(n_periods, int) and n_periods > MOST_PERIODS:
        remedy = "give the day in parts: the plan is renewed over and over"
        faults.append(Fault(FUNCTION, "n_periods", (), n_periods, f"periods are more than {MOST_PERIODS}", remedy))
    if sessions is not None and not isinstance(sessions, pd.DataFrame):
        remedy = "give a DataFrame in the form of net.ev_session, or None"
        faults.append(Fault(FUNCTION, "sessions", (), shown(sessions), "is not a table", remedy))
    if faults:
        raise InvalidInputError(faults)


def _forecast_faults(forecast: Any) -> list[Fault]:
    if forecast is None:
        return []
    remedy = "give a function of the hour that returns profiles, or None"
    if not callable(forecast):
        return [Fault(FUNCTION, "forecast", (), shown(forecast), "is not a function", remedy)]
    try:
        inspect.signature(forecast).bind(0.0)
    except TypeError as error:
        return [Fault(FUNCTION, "forecast", (), shown(forecast), f"cannot be called with the hour: {error}", remedy)]
    except ValueError:  # some built-in functions have no signature
        pass
    return []


def options_of(arguments: Mapping[str, Any], net: Net) -> Options:
    """As `run_flexibility_opf` takes its arguments; a late EV may be beyond help."""
    late = {"on_infeasible": "best_effort"} if _has_evs_alone(net) else {"unreachable": "reduce"}
    given = {**late, **arguments}
    if "scenarios" in given:
        given["scenarios"] = names_of(given["scenarios"])
    return Options(**{**given, "progress": False})


def _has_evs_alone(net: Net) -> bool:
    """A best effort is for EVs that charge; beside others needs are lowered to what an EV can reach by itself."""
    feeds_in = "ev" in net and "min_p_mw" in net["ev"] and bool((as_numbers(net["ev"]["min_p_mw"])[0] < 0.0).any())
    return not feeds_in and not any(len(offering_rows(net, kind)) for kind in OFFERING)


def refuse_other_elements(parts: Iterable[Part]) -> None:
    """Kinds of elements that have no rest of a day.

    Raises
    ------
    InvalidInputError    names the tables of the others
    """
    faults = []
    for part in parts:
        if not hasattr(part.element, "rest_of_day"):
            remedy = f'set the rows of net.flexibility with element_type "{part.kind}" out of service'
            problem = "is not possible in run_rolling_horizon"
            faults.append(Fault(part.kind, "", (), "a flexible element", problem, f"{remedy}: it then stays as it is"))
    if faults:
        raise InvalidInputError(faults)


def periods_between(every_h: Any, period_h: float) -> int:
    """Of two plans.

    Raises
    ------
    InvalidInputError    no number of hours, or no multiple of the period
    """
    remedy = f"give a multiple of the period of {period_h:g} h"
    hours = as_numbers([every_h])[0][0] if isinstance(every_h, Real) and not isinstance(every_h, bool) else np.nan
    if not 0.0 < hours < np.inf:
        raise InvalidInputError([Fault(FUNCTION, "every_h", (), shown(every_h), "is not a number of hours", remedy)])
    steps = min(hours / period_h, MOST_STEPS)
    if steps > 1.0 and abs(steps - round(steps)) > 1e-6:
        raise InvalidInputError([Fault(FUNCTION, "every_h", (), hours, "is not a step of the day", remedy)])
    return max(1, round(steps))
