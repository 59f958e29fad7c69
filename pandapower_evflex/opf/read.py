"""Everything that is read and checked before a solver runs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.asymmetric import unseen_phases
from pandapower_evflex.case.controllers import idle_controllers
from pandapower_evflex.case.forecasts import NO_NAME, Forecast, read_forecasts
from pandapower_evflex.case.grid import Grid, read_grid
from pandapower_evflex.case.idle_costs import idle_costs
from pandapower_evflex.case.injections import base_injections, without_scheduled
from pandapower_evflex.case.net_values import gap_faults
from pandapower_evflex.case.pf_options import trafo_loading
from pandapower_evflex.case.phase_net import phase_net
from pandapower_evflex.case.plain_net import plain_net
from pandapower_evflex.case.profile_units import unit_doubts
from pandapower_evflex.case.profiles import Profiles, read_profiles
from pandapower_evflex.elements import ELEMENTS, ev, replaced_by_schedule
from pandapower_evflex.elements.ev import compile_evs
from pandapower_evflex.elements.ev_slots import Units
from pandapower_evflex.elements.ev_stays import Stay
from pandapower_evflex.elements.inputs import Inputs
from pandapower_evflex.elements.part import Part
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.opf.cars import Cars, reachable, read_cars
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.options import FUNCTION, Options, option_faults, weight_of_all
from pandapower_evflex.opf.refused import best_effort_faults, forecast_faults, held_faults, refuse_no_room
from pandapower_evflex.opf.report.worst_phase import OnePhase
from pandapower_evflex.scenarios import DIRECTIONS, rows_of
from pandapower_evflex.tables.checks import check_tables
from pandapower_evflex.tables.kinds import check_net, gathered, shown
from pandapower_evflex.tables.offering import OFFERING, offering_faults, offering_rows, warn_of_missing_offers

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Study:
    """A compiled case with what was found on the way.

    Parameters
    ----------
    case : Case
    profiles : Profiles          of several forecasts their periods alone
    forecasts : {name: Forecast} "" is the name of the only one where profiles are given
    stays : list per EV of Stay  what `evs_of` made the EVs of the case of
    evs_of : function of stays   the EVs with other stays; its keywords are those of `compile_evs`
    findings : list of dict      sessions that no charging can satisfy
    reduced : DataFrame          sessions whose need was lowered
    not_run : str                controllers that would change the state of the net, "" for none
    trafo_loading : str          what loadings of transformers are measured by
    unit_doubts : function       profiles that may be in kW, asked for where the grid is broken
    one_phase : OnePhase         cars of one phase, and the net by phase
    """

    case: Case
    profiles: Profiles
    forecasts: Mapping[Any, Forecast]
    stays: list[list[Stay]]
    evs_of: partial[Units]
    findings: list[dict[str, Any]]
    reduced: pd.DataFrame
    not_run: str
    trafo_loading: str
    unit_doubts: Callable[[], list[str]]
    one_phase: OnePhase


def read_study(
    net: Net,
    profiles: Any,
    options: Options,
    *,
    n_periods: int | None,
    period_h: float | None,
    cyclic: bool,
    start: Any = None,
    dayfirst: bool | None = None,
    forecasts: Any = None,
    function: str = FUNCTION,
) -> Study:
    """Read net, tables and profiles for a public ``function``; every fault of the input in one error.

    Raises
    ------
    InvalidInputError    nothing on the net was changed
    """
    check_net(function, net)
    faults = option_faults(options)
    if not isinstance(cyclic, bool | np.bool_):
        faults.append(Fault(FUNCTION, "cyclic", (), shown(cyclic), "is not understood", "give True or False"))
        cyclic = False
    table_faults = [*check_tables(net), *offering_faults(net)]
    has_evs = "ev" in net and not (isinstance(net["ev"], pd.DataFrame) and not len(net["ev"]))
    if not has_evs and not any(len(offering_rows(net, kind)) for kind in OFFERING):
        remedy = "add EVs with create_ev(net, bus, ...), or rows of net.flexibility for other elements"
        table_faults.append(Fault("ev", "", (), "the table", "is empty or missing", remedy))
    faults += table_faults
    plain = plain_net(net)
    periods = {"n_periods": n_periods, "period_h": period_h, "cyclic": cyclic, "start": start, "dayfirst": dayfirst}
    read: dict[Any, Forecast] | None = None
    with gathered(faults):
        read = _read_forecasts(plain, profiles, forecasts, periods)
    if forecasts is not None:
        faults += forecast_faults(options)
    for one in (read or {}).values():
        faults += [fault for fault in gap_faults(net, one.profiles.elements) if fault not in faults]
    grid: Grid | None = None
    if not option_faults(options):
        measured = trafo_loading(net, options.trafo_loading, Options.trafo_loading)
        options = replace(options, trafo_loading=measured)
        with gathered(faults):
            grid = read_grid(net, trafo_loading=options.trafo_loading, given=options.given_limits, plain=plain)
    if table_faults or read is None or grid is None:
        raise InvalidInputError(faults)
    warn_of_missing_offers(net)
    return _compile(plain, read, grid, options, faults)


def _read_forecasts(net: Net, profiles: Any, forecasts: Any, periods: dict[str, Any]) -> dict[Any, Forecast]:
    """All forecasts, or the profiles as the only one."""
    if forecasts is None:
        return {NO_NAME: Forecast(1.0, read_profiles(net, profiles, **periods))}
    return read_forecasts(net, profiles, forecasts, **periods)


def _compile(net: Net, forecasts: Mapping[Any, Forecast], grid: Grid, options: Options, faults: list[Fault]) -> Study:
    first = next(iter(forecasts.values())).profiles
    horizon = first.horizon
    cars = read_cars(net, forecasts, grid, options, faults)
    stays, reduced, findings = reachable(cars, options)
    evs_of = partial(
        compile_evs,
        cars.evs,
        net.get("flexibility"),
        bus_row=cars.bus_row,
        horizon=horizon,
        weights={d: cars.weights[d] if d in options.scenarios else None for d in DIRECTIONS},
        guarantee=options.guarantee,
        duration=cars.duration,
    )
    inputs = _inputs(net, forecasts, grid, options, cars.duration)
    others = _read_others(inputs, cars, options)
    case = Case(
        grid=grid,
        horizon=horizon,
        evs=evs_of(stays),
        s_base={
            name: base_injections(net, grid, without_scheduled(one.profiles, _scheduled(_on_their_own(others))))
            for name, one in forecasts.items()
        },
        scenarios=inputs.scenarios,
        q_follows_flexibility=options.q_follows_flexibility,
        others=tuple(Part(element.KIND, data) for element, data in others if data is not None),
        margin=options.margin_percent / 100.0,
        probability={name: one.probability for name, one in forecasts.items()},
    )
    refuse_no_room(case, options)
    not_run = idle_controllers(net, first.elements)
    for note in filter(None, (not_run, idle_costs(net), unseen_phases(net))):
        logger.warning(note)
    is_one_phase = cars.evs["phases"].to_numpy() == 1
    return Study(
        case,
        first if NO_NAME in forecasts else Profiles(horizon, {}),
        forecasts,
        stays,
        evs_of,
        findings,
        reduced,
        not_run,
        options.trafo_loading,
        partial(_unit_doubts, net, forecasts),
        OnePhase(is_one_phase, partial(phase_net, net, grid, cars.bus_row[is_one_phase])),
    )


def _inputs(net: Net, forecasts: Mapping[Any, Forecast], grid: Grid, options: Options, duration: int) -> Inputs:
    """What elements other than EVs are read from."""
    first = next(iter(forecasts.values())).profiles
    weights = {
        d: weight_of_all(options.weights, d, first.horizon) if d in options.scenarios else None for d in DIRECTIONS
    }
    scenarios = rows_of(options.scenarios, duration, forecasts)
    profiles = {name: one.profiles for name, one in forecasts.items()}
    return Inputs(net, grid, first, scenarios, weights, options.guarantee, duration, profiles)


def _read_others(inputs: Inputs, cars: Cars, options: Options) -> list[tuple[Any, Any]]:
    """Elements other than EVs, each with its data or None.

    Raises
    ------
    InvalidInputError    also where an argument is for EVs alone
    """
    faults: list[Fault] = []
    others = [(element, element.read(inputs, faults)) for element in ELEMENTS if element is not ev]
    if cars.duration > 1:
        faults += held_faults(cars.evs, others, f"duration_h={options.duration_h:g}")
    faults += best_effort_faults(cars.evs, [kind for kind, _ in _scheduled(others)], options)
    if faults:
        raise InvalidInputError(faults)
    return others


def _unit_doubts(net: Net, forecasts: Mapping[Any, Forecast]) -> list[str]:
    """Of all forecasts, each once."""
    return list(dict.fromkeys(doubt for one in forecasts.values() for doubt in unit_doubts(net, one.profiles)))


def _scheduled(others: list[tuple[Any, Any]]) -> dict[tuple[str, str], pd.Index]:
    """Rows of pandapower's tables, by column, in whose place a schedule stands."""
    return {
        (element.KIND, column): pd.Index(element.index(data))
        for element, data in others
        if data is not None
        for column in replaced_by_schedule(element.KIND)
    }


def _on_their_own(others: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Those whose load is all that they draw: nothing else is injected for them."""
    return [(element, data) for element, data in others if not getattr(element, "IS_DEVIATION", False)]
