"""What `read` of an element's module gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray, IntArray, Net
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.case.profiles import Profiles
from pandapower_evflex.case.ratings import positions
from pandapower_evflex.elements.ev_slots import ONE_ACTIVATION
from pandapower_evflex.errors import Fault
from pandapower_evflex.scenarios import Scenario


@dataclass(frozen=True)
class Inputs:
    """The net with gaps filled, its grid and its profiles, and what is asked for.

    Parameters
    ----------
    weights : {direction: [n_period]}    of all elements; None: the direction is no scenario
    guarantee : str                      see `Units`
    duration : int                       periods for which an activation is held
    forecasts : {forecast: Profiles}     "" where there is one set of profiles
    """

    net: Net
    grid: Grid
    profiles: Profiles
    scenarios: tuple[Scenario, ...]
    weights: Mapping[str, FloatArray | None] = field(default_factory=dict)
    guarantee: str = ONE_ACTIVATION
    duration: int = 1
    forecasts: Mapping[Any, Profiles] = field(default_factory=dict)

    def weight(self, direction: str, n_units: int) -> FloatArray | None:
        """Weights [n_period, n_unit] of one direction, None where it is no scenario."""
        weight = self.weights[direction]
        return None if weight is None else np.tile(weight[:, None], (1, n_units))


def powers_of(profiles: Profiles, kind: str, rows: pd.DataFrame, column: str) -> FloatArray:
    """Profiles of one column, values of the table where there is none [n_period, n_unit], scaling included."""
    values = np.tile(
        pd.to_numeric(rows[column], errors="coerce").to_numpy(dtype=float), (profiles.horizon.n_periods, 1)
    )
    frame = profiles.values.get((kind, column))
    if frame is not None:
        has_profile = rows.index.isin(frame.columns)
        values[:, has_profile] = frame[rows.index[has_profile]].to_numpy(dtype=float)
    scaling = rows["scaling"].to_numpy(dtype=float) if "scaling" in rows else 1.0
    return np.asarray(values * scaling)


def differing_forecasts(inputs: Inputs, kind: str, rows: pd.DataFrame, column: str, what: str) -> list[Fault]:
    """One schedule is of one profile; ``what`` names the units in the plural."""
    first = powers_of(inputs.profiles, kind, rows, column)
    differs = np.zeros(len(rows), dtype=bool)
    for profiles in inputs.forecasts.values():
        differs |= np.any(powers_of(profiles, kind, rows, column) != first, axis=0)
    if not differs.any():
        return []
    remedy = (
        f"give these {what} the same profile in every forecast, or set their rows of net.flexibility out of service"
    )
    problem = f"of {what} that are scheduled differs between forecasts"
    return [Fault(kind, column, tuple(rows.index[differs]), "the profile", problem, remedy)]


def reactive_ratio(p: FloatArray, q: FloatArray) -> FloatArray:
    """q/p of every period; where there is no power, that of the horizon."""
    total = p.sum(axis=0)
    of_horizon = np.divide(q.sum(axis=0), total, out=np.zeros_like(total), where=total > 0.0)
    return np.divide(q, p, out=np.tile(of_horizon, (len(p), 1)), where=p > 0.0)


def bus_rows(kind: str, units: pd.DataFrame, grid: Grid) -> tuple[IntArray, list[Fault]]:
    """Internal bus of each unit of a table; one at a bus without supply is a fault."""
    at = positions(pd.Index(grid.bus_index), units["bus"])
    rows = np.where(at >= 0, grid.bus_row[at], -1)
    dead = units.index[rows < 0]
    if not len(dead):
        return rows, []
    buses = ", ".join(str(bus) for bus in units.loc[dead, "bus"])
    name = "EV" if kind == "ev" else kind
    remedy = f"connect the bus, or set the {name}'s in_service to False"
    return rows, [Fault(kind, "bus", tuple(dead), buses, "is out of service or without supply", remedy)]
