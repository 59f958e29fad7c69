"""What a method found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pandapower_evflex.opf.ev_chain import Schedule
from pandapower_evflex.opf.solve.screening import NeededBlocks
from pandapower_evflex.opf.solve.shadow_prices import LimitPrices
from pandapower_evflex.opf.verify import GridState

#: relative gap up to which a certified schedule is called optimal
OPTIMAL_GAP = 1e-6


@dataclass(frozen=True)
class Solution:
    """Schedule, power flows and prices, or the reason why there are none.

    Parameters
    ----------
    status, message : str               as in `FlexibilityOpfResult`
    schedule : Schedule or None         None: nothing usable was found
    states : {scenario: GridState}      of the schedule, base included
    gap : float                         relative and certified, nan: not
    prices : {scenario: LimitPrices}
    findings : DataFrame                what stands in the way
    needed : NeededBlocks               blocks that were built, for a tie-break or another method
    """

    status: str
    message: str
    schedule: Schedule | None
    states: Mapping[str, GridState]
    gap: float
    prices: Mapping[str, LimitPrices]
    findings: pd.DataFrame
    stats: dict[str, Any]
    needed: NeededBlocks
