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
from pandapower_evflex.case.forecasts import NO_NAME, Forecast, in_forecast, read_forecasts
from pandapower_evflex.case.grid import Grid, read_grid
from pandapower_evflex.case.idle_costs import idle_costs
from pandapower_evflex.case.injections import base_injections, without_scheduled
from pandapower_evflex.case.net_values import gap_faults
from pandapower_evflex.case.pf_options import trafo_loading
from pandapower_evflex.case.phase_net import phase_net
from pandapower_evflex.case.plain_net import plain_net
from pandapower_evflex.case.profile_units import unit_doubts, unit_faults
from pandapower_evflex.case.profiles import Profiles, read_profiles
from pandapower_evflex.elements import ELEMENTS, ev, replaced_by_schedule
from pandapower_evflex.elements.ev import compile_evs
from pandapower_evflex.elements.ev_slots import Units
from pandapower_evflex.elements.ev_stays import (
    Stay,
    discharge_efficiency,
    idle_sessions,
    overfull_stays,
    read_stays,
    unreachable_stays,
    with_reduced_needs,
)
from pandapower_evflex.elements.inputs import Inputs, bus_rows
from pandapower_evflex.elements.part import Part
from pandapower_evflex.errors import Fault, InvalidInputError, listed
from pandapower_evflex.limits import OVERVOLTAGE, UNDERVOLTAGE
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.duration import periods_held
from pandapower_evflex.opf.findings.table import session_findings
from pandapower_evflex.opf.options import FUNCTION, Options, option_faults, read_weights, weight_of_all
from pandapower_evflex.opf.report.worst_phase import OnePhase
from pandapower_evflex.scenarios import DIRECTIONS, rows_of
from pandapower_evflex.tables.checks import check_tables
from pandapower_evflex.tables.ev import EV
from pandapower_evflex.tables.faults import fault_where
from pandapower_evflex.tables.kinds import check_net, gathered, shown
from pandapower_evflex.tables.offering import OFFERING, offering_faults, offering_rows, warn_of_missing_offers
from pandapower_evflex.tables.schema import TableSchema

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
        faults += _best_effort_faults(options)
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


def _best_effort_faults(options: Options) -> list[Fault]:
    """What a limit would stand at differs by forecast."""
    if options.on_infeasible != "best_effort":
        return []
    remedy = 'use on_infeasible="raise", or a best effort for each forecast alone'
    return [Fault(FUNCTION, "on_infeasible", (), "'best_effort'", "is not possible with forecasts", remedy)]


@dataclass(frozen=True)
class _Cars:
    """The EVs in service as read, before their stays are compiled into slots.

    Parameters
    ----------
    evs : DataFrame
    bus_row : int array per EV   of the grid
    weights : {"up" | "down": array [n_period, n_ev]}
    stays : list per EV of Stay
    duration : int               periods that a call lasts
    """

    evs: pd.DataFrame
    bus_row: np.ndarray
    weights: dict[str, np.ndarray]
    stays: list[list[Stay]]
    duration: int


def _compile(net: Net, forecasts: Mapping[Any, Forecast], grid: Grid, options: Options, faults: list[Fault]) -> Study:
    first = next(iter(forecasts.values())).profiles
    horizon = first.horizon
    cars = _read_cars(net, forecasts, grid, options, faults)
    stays, reduced, findings = _reachable(cars, options)
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
    _refuse_no_room(case, options)
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


def _read_cars(net: Net, forecasts: Mapping[Any, Forecast], grid: Grid, options: Options, faults: list[Fault]) -> _Cars:
    """EVs, sessions and weights; their faults with the ``faults`` so far.

    Raises
    ------
    InvalidInputError
    """
    horizon = next(iter(forecasts.values())).profiles.horizon
    table = net["ev"] if "ev" in net else _empty(EV)
    evs = table[table["in_service"].astype(bool)]
    bus_row, bus_faults = bus_rows(ev.KIND, evs, grid)
    weights, weight_faults = read_weights(options.weights, evs.index, horizon)
    sessions = _sessions_in_service(net)
    stays, stay_faults = read_stays(evs, sessions, horizon)
    duration, duration_faults = periods_held(FUNCTION, options.duration_h, horizon)
    faults = [*faults, *bus_faults, *weight_faults, *stay_faults, *duration_faults]
    faults = faults or [
        in_forecast(fault, name) for name, one in forecasts.items() for fault in unit_faults(net, one.profiles)
    ]
    if faults:
        raise InvalidInputError(faults)
    if (weights["down"] > weights["up"]).any():
        logger.warning(
            "where downward flexibility weighs more than upward, load is scheduled in order to be able to withdraw it"
        )
    return _Cars(evs, bus_row, weights, stays, duration)


def _reachable(cars: _Cars, options: Options) -> tuple[list[list[Stay]], pd.DataFrame, list[dict[str, Any]]]:
    """Stays, with needs reduced where asked for; what was reduced; what no charging can satisfy."""
    index, stays = cars.evs.index, cars.stays
    unreachable, overfull = unreachable_stays(stays), overfull_stays(stays)
    idle = idle_sessions(stays, unreachable)
    if idle:
        logger.info("sessions %s have no whole period plugged in and need none: they are left out", listed(idle))
    reduced = reduced_frame(index, unreachable if options.reduces else [])
    if options.reduces:
        stays = with_reduced_needs(stays, unreachable)
        unreachable = []
    return stays, reduced, session_findings(index, unreachable, overfull)


def _inputs(net: Net, forecasts: Mapping[Any, Forecast], grid: Grid, options: Options, duration: int) -> Inputs:
    """What elements other than EVs are read from."""
    first = next(iter(forecasts.values())).profiles
    weights = {
        d: weight_of_all(options.weights, d, first.horizon) if d in options.scenarios else None for d in DIRECTIONS
    }
    scenarios = rows_of(options.scenarios, duration, forecasts)
    profiles = {name: one.profiles for name, one in forecasts.items()}
    return Inputs(net, grid, first, scenarios, weights, options.guarantee, duration, profiles)


def _read_others(inputs: Inputs, cars: _Cars, options: Options) -> list[tuple[Any, Any]]:
    """Elements other than EVs, each with its data or None.

    Raises
    ------
    InvalidInputError    also where an argument is for EVs alone
    """
    faults: list[Fault] = []
    others = [(element, element.read(inputs, faults)) for element in ELEMENTS if element is not ev]
    if cars.duration > 1:
        faults += _held_faults(cars.evs, others, f"duration_h={options.duration_h:g}")
    if options.on_infeasible == "best_effort":
        argument = 'on_infeasible="best_effort"'
        faults += [_for_evs_alone(kind, argument) for kind in dict.fromkeys(kind for kind, _ in _scheduled(others))]
    faults += _feeding_in_faults(cars.evs, options)
    if faults:
        raise InvalidInputError(faults)
    return others


def _refuse_no_room(case: Case, options: Options) -> None:
    """Voltage limits that a margin moves past each other; without one they were compared with the net.

    Raises
    ------
    InvalidInputError
    """
    low, high = (case.limits[limit][0] for limit in (UNDERVOLTAGE, OVERVOLTAGE))
    crossed = np.flatnonzero(low > high)
    if options.margin_percent and len(crossed):
        buses = listed(case.grid.vm_min_bus[crossed].tolist())
        problem = f"leaves no voltage between the limits of buses {buses}"
        remedy = "give less, or limits on both sides of 1 pu"
        raise InvalidInputError([Fault(FUNCTION, "margin_percent", (), options.margin_percent, problem, remedy)])


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


def _empty(schema: TableSchema) -> pd.DataFrame:
    return pd.DataFrame({column.name: pd.Series(dtype=column.dtype) for column in schema.columns})


def _feeding_in_faults(evs: pd.DataFrame, options: Options) -> list[Fault]:
    """What is not there yet for elements that feed in."""
    feeding = evs["min_p_mw"].to_numpy(dtype=float) < 0.0
    remedy = "leave the argument out, or set min_p_mw to 0"
    faults = []
    for argument, is_given in (('on_infeasible="best_effort"', options.on_infeasible == "best_effort"),):
        if is_given:
            problem = f"is not modelled with {argument}"
            faults += fault_where("ev", evs, "min_p_mw", feeding, problem, remedy, "feeding in")
    return faults


def _held_faults(evs: pd.DataFrame, others: list[tuple[Any, Any]], argument: str) -> list[Fault]:
    """Kinds whose activations last one period, and units that lose by feeding in."""
    efficiency = evs["efficiency_percent"].to_numpy(dtype=float) / 100.0
    losing = (evs["min_p_mw"].to_numpy(dtype=float) < 0.0) & (efficiency * discharge_efficiency(evs) < 1.0 - 1e-12)
    problem, remedy = f"with losses is not modelled with {argument}", "leave it out, or set both efficiencies to 100"
    faults = fault_where("ev", evs, "min_p_mw", losing, problem, remedy, "feeding in")
    for element, data in others:
        if data is None:
            continue
        if not getattr(element, "CAN_HOLD", False):
            faults.append(_for_evs_alone(element.KIND, argument))
        elif isinstance(data, Units) and data.slots.loses.any():
            labels = tuple(data.index[np.unique(data.slots.ev[data.slots.loses])])
            faults.append(Fault(element.KIND, "min_p_mw", labels, "feeding in", problem, remedy))
    return faults


def _for_evs_alone(kind: str, argument: str) -> Fault:
    name = argument.split("=")[0]
    remedy = f'leave {name} out, or set the rows of net.flexibility with element_type "{kind}" out of service'
    return Fault(kind, "", (), argument, "is for EVs alone", remedy)


def _sessions_in_service(net: Net) -> pd.DataFrame:
    if "ev_session" not in net:
        return pd.DataFrame({"ev": [], "arrival_h": [], "departure_h": []})
    return net["ev_session"][net["ev_session"]["in_service"].astype(bool)]


def reduced_frame(evs: pd.Index, unreachable: list[tuple[Stay, float]]) -> pd.DataFrame:
    rows = [(stay.session, evs[stay.ev], stay.e_need, min(stay.e_need, reached)) for stay, reached in unreachable]
    return pd.DataFrame(rows, columns=["session", "ev", "e_need_mwh", "e_reduced_mwh"]).set_index("session")
