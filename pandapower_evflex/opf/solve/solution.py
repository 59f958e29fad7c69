"""What a method found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.limits.by_period import ByLimit
from pandapower_evflex.opf.verify import GridState
from pandapower_evflex.scenarios import Scenario

#: relative gap up to which a certified schedule is called optimal
OPTIMAL_GAP = 1e-6
#: relative gap up to which a schedule of a stopped solver is called optimal within its gap
LARGEST_GAP = 0.05


@dataclass(frozen=True)
class AtOnce:
    """Where a solver charges and discharges at once.

    Parameters
    ----------
    x : float [n_slot, m + k]    point of the chain
    bound_mw : float             objective there, with the certified gap where there is one; inf: the solver was stopped
    is_certified : bool          no schedule has more
    """

    x: FloatArray
    bound_mw: float
    is_certified: bool


@dataclass(frozen=True)
class Solution:
    """Schedule, power flows and prices, or the reason why there are none.

    Parameters
    ----------
    status, message : str               as in `FlexibilityOpfResult`
    schedule : Schedule or None         None: nothing usable was found
    states : {scenario: GridState}      of the schedule, base included
    gap : float                         relative and certified, nan: not
    prices : {scenario: ByLimit}
    findings : DataFrame                what stands in the way
    at_once : AtOnce or None            where the solver ended at more than a schedule can do
    """

    status: str
    message: str
    schedule: Schedule | None
    states: Mapping[Scenario, GridState]
    gap: float
    prices: Mapping[Scenario, ByLimit]
    findings: pd.DataFrame
    stats: dict[str, Any]
    at_once: AtOnce | None = None

    @property
    def reason(self) -> str:
        """The first words of the message: why there is no schedule, or what stopped the solver."""
        return re.split(r"[;:]", self.message.splitlines()[0])[0]


def status_of_stopped(gap: float, end: str) -> tuple[str, str]:
    """Status and message of a schedule that keeps all limits, at a gap that leaves it short of "optimal"."""
    status = "optimal_within_gap" if gap <= LARGEST_GAP else "feasible"
    percent = f"{100.0 * gap:.0f} %" if gap >= 0.1 else f"{100.0 * gap:.2g} %"
    far = "a schedule that keeps all limits and may be that far below the best that any can reach"
    return status, f"stopped at {percent} gap{f' by {end}' if end else ''}: {far}"
