"""Network limits that bind, and what more of them would add."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.limits import LIMITS
from pandapower_evflex.limits.by_period import ByLimit
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.verify import GridState
from pandapower_evflex.powerflow.sensitivities import LimitRows
from pandapower_evflex.scenarios import Scenario

#: relative distance up to which a limit binds: an interior point ends this close to it
BINDING_TOLERANCE = 1e-5

#: relative; a limit this close also binds if its shadow price is positive: the tie-break may give up its whole
#: allowance in one period
PRICED_TOLERANCE = 1e-3

BINDING_COLUMNS = [
    "scenario", "forecast", "period", "start", "element_type", "element", "quantity", "bound", "side", "value", "limit",
    "shadow_price_mw", "shadow_price_per",
]  # fmt: skip


def binding_of(case: Case, state: GridState, prices: ByLimit) -> ByLimit:
    """Which limits of the grid bind in one scenario, tables of bool."""
    return state.excess(case.limits).map(lambda _, excess, price: _binds(-excess, price), prices)


def _binds(room: FloatArray, price: FloatArray) -> BoolArray:
    matters = price > PRICED_TOLERANCE * price.max(initial=0.0)
    return (room <= BINDING_TOLERANCE) | (matters & (room <= PRICED_TOLERANCE))


def binding_rows(binding: ByLimit, periods: IntArray) -> LimitRows:
    """The limits that bind in the given periods, period by period."""
    places = binding.at(periods).places(0.5)
    return LimitRows.of(sorted((int(periods[t]), kind, position) for t, kind, position in places))


def binding_limits(
    case: Case, states: Mapping[Scenario, GridState], prices: Mapping[Scenario, ByLimit]
) -> pd.DataFrame:
    """One row per network limit that binds in a scenario of the problem or in the schedule itself ("base").

    `start` is the period in which the activation began that loads the limit in `period`.
    """
    rows = [
        row for scenario in case.checked_scenarios for row in _rows(case, scenario, states[scenario], prices[scenario])
    ]
    return pd.DataFrame(rows, columns=BINDING_COLUMNS)


def _rows(case: Case, scenario: Scenario, state: GridState, prices: ByLimit) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    binding, n = binding_of(case, state, prices), case.horizon.n_periods
    activated = case.differs[scenario]
    for limit in LIMITS:
        allowed, value = case.limits[limit], state.values[limit]
        for t, i in zip(*np.nonzero(binding[limit] & activated[:, None]), strict=True):
            place = limit.place(case.grid, i)
            share, unit = limit.price_unit(case.grid, int(i), float(allowed[t, i]))
            rows.append((
                scenario.name, scenario.forecast, int(t), scenario.start(int(t), n), place.element_type,
                place.element, limit.quantity, limit.bound, place.side, limit.per_unit * value[t, i],
                limit.per_unit * allowed[t, i], share * prices[limit][t, i], unit,
            ))  # fmt: skip
    return rows
