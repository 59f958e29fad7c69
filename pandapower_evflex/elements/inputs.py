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


def bus_rows(kind: str, units: pd.DataFrame, grid: Grid) -> tuple[IntArray, list[Fault]]:
    """Internal bus of each unit of a table; one at a bus without supply is a fault."""
    rows = pd.Series(grid.bus_row, index=grid.bus_index)[units["bus"]].to_numpy()
    dead = units.index[rows < 0]
    if not len(dead):
        return rows, []
    buses = ", ".join(str(bus) for bus in units.loc[dead, "bus"])
    name = "EV" if kind == "ev" else kind
    remedy = f"connect the bus, or set the {name}'s in_service to False"
    return rows, [Fault(kind, "bus", tuple(dead), buses, "is out of service or without supply", remedy)]
