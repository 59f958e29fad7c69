"""The EVs of a run: their rows, weights and stays as read, before they are compiled into slots."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.forecasts import Forecast, in_forecast
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.case.profile_units import unit_faults
from pandapower_evflex.elements import ev
from pandapower_evflex.elements.ev_needs import idle_sessions, overfull_stays, unreachable_stays, with_reduced_needs
from pandapower_evflex.elements.ev_stays import Stay, read_stays
from pandapower_evflex.elements.inputs import bus_rows
from pandapower_evflex.errors import Fault, InvalidInputError, listed
from pandapower_evflex.opf.duration import periods_held
from pandapower_evflex.opf.findings.table import no_rows, session_findings
from pandapower_evflex.opf.options import FUNCTION, Options, read_weights
from pandapower_evflex.tables.ev import EV
from pandapower_evflex.tables.schema import TableSchema

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cars:
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


def read_cars(net: Net, forecasts: Mapping[Any, Forecast], grid: Grid, options: Options, faults: list[Fault]) -> Cars:
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
    n_sessions = int(sessions["ev"].isin(evs.index).sum())
    if n_sessions and not any(stays):
        message = "all %d sessions lie outside the horizon of %g h: their hours count from its start"
        logger.warning(message, n_sessions, horizon.n_periods * horizon.period_h)
    if (weights["down"] > weights["up"]).any():
        logger.warning(
            "where downward flexibility weighs more than upward, load is scheduled in order to be able to withdraw it"
        )
    return Cars(evs, bus_row, weights, stays, duration)


def reachable(cars: Cars, options: Options) -> tuple[list[list[Stay]], pd.DataFrame, list[dict[str, Any]]]:
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


def reduced_frame(evs: pd.Index, unreachable: list[tuple[Stay, float]]) -> pd.DataFrame:
    columns = ["ev", "e_need_mwh", "e_reduced_mwh"]
    if not unreachable:
        return no_rows(columns, "session")
    rows = [(evs[stay.ev], stay.e_need, min(stay.e_need, reached)) for stay, reached in unreachable]
    sessions = pd.Index([stay.session for stay, _ in unreachable], name="session")
    return pd.DataFrame(rows, columns=columns, index=sessions)


def _empty(schema: TableSchema) -> pd.DataFrame:
    return pd.DataFrame({column.name: pd.Series(dtype=column.dtype) for column in schema.columns})


def _sessions_in_service(net: Net) -> pd.DataFrame:
    if "ev_session" not in net:
        return pd.DataFrame({"ev": [], "arrival_h": [], "departure_h": []})
    return net["ev_session"][net["ev_session"]["in_service"].astype(bool)]
