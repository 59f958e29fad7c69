"""Values of a case as frames under the labels of the net."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.case.profiles import Profiles
from pandapower_evflex.elements.part import Part
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.verify import GridState

Frames = dict[Any, pd.DataFrame]
#: frames of every kind, and the arrays of a `Schedule` that they hold
_SERIES = {"p_mw": "p", "p_up_mw": "p_up", "p_down_mw": "p_down", "e_mwh": "e"}


def unit_labels(part: Part) -> Any:
    """Of the units of one kind in their table."""
    return part.element.index(part.data)


def unit_frames(case: Case, part: Part, schedule: Schedule, rows: pd.Index) -> Frames:
    """The series of one kind, with the signs of its table."""
    values = {name: getattr(schedule, of) for name, of in _SERIES.items()}
    if hasattr(part.element, "frames"):
        values = part.element.frames(part.data, schedule, case.q_follows_flexibility)
    return {name: pd.DataFrame(value, index=rows, columns=unit_labels(part)) for name, value in values.items()}


def voltage_frame(case: Case, state: GridState, rows: pd.Index) -> pd.DataFrame:
    """Voltages of all pandapower buses, NaN where there is no supply (as in pandapower)."""
    grid = case.grid
    vm = np.where(grid.bus_row >= 0, state.vm[:, grid.bus_row], np.nan)
    return pd.DataFrame(vm, index=rows, columns=grid.bus_index)


def period_labels(profiles: Profiles) -> pd.Index:
    horizon = profiles.horizon
    return pd.RangeIndex(horizon.n_periods) if horizon.time is None else horizon.time
