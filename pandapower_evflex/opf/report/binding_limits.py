"""Network limits that bind, and what more of them would add."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.ev_chain import KW
from pandapower_evflex.opf.solve.shadow_prices import LimitPrices
from pandapower_evflex.opf.verify import GridState
from pandapower_evflex.powerflow.sensitivities import OVERLOAD, OVERVOLTAGE, UNDERVOLTAGE, LimitRows

#: relative; an interior point ends this close to a limit that binds
BINDING_TOLERANCE = 1e-5

#: relative; a limit that close and with a price binds too: what a tie-break may cost can be taken from one period
PRICED_TOLERANCE = 1e-3

BINDING_COLUMNS = [
    "scenario", "period", "element_type", "element", "quantity", "bound", "side", "value", "limit",
    "shadow_price_mw", "shadow_price_per",
]  # fmt: skip


@dataclass(frozen=True)
class Binding:
    """Which limits of the grid bind in one scenario: bool [n_period, n_bus], [n_period, n_end]."""

    vm_min: BoolArray
    vm_max: BoolArray
    end: BoolArray

    def rows(self, t: int) -> LimitRows:
        """Those of one period."""
        kinds = ((OVERLOAD, self.end), (UNDERVOLTAGE, self.vm_min), (OVERVOLTAGE, self.vm_max))
        at = [(t, kind, position) for kind, binds in kinds for position in np.flatnonzero(binds[t]).tolist()]
        return LimitRows(*np.array(at, dtype=np.int64).reshape(-1, 3).T.copy())


def binding_of(case: Case, state: GridState, prices: LimitPrices) -> Binding:
    limits = case.limits
    return Binding(
        _binds(state.vm - limits.vm_min, prices.vm_min),
        _binds(limits.vm_max - state.vm, prices.vm_max),
        _binds(1.0 - state.loading / limits.end, prices.end),
    )


def _binds(room: FloatArray, price: FloatArray) -> BoolArray:
    matters = price > PRICED_TOLERANCE * price.max(initial=0.0)
    return (room <= BINDING_TOLERANCE) | (matters & (room <= PRICED_TOLERANCE))


def binding_limits(case: Case, states: Mapping[str, GridState], prices: Mapping[str, LimitPrices]) -> pd.DataFrame:
    """One row per network limit that binds in a scenario of the problem or in the schedule itself ("base")."""
    scenarios = dict.fromkeys((*case.scenarios, "base"))
    rows = [row for scenario in scenarios for row in _binding_rows(case, scenario, states[scenario], prices)]
    return pd.DataFrame(rows, columns=BINDING_COLUMNS)


def _binding_rows(
    case: Case, scenario: str, state: GridState, prices: Mapping[str, LimitPrices]
) -> list[dict[str, object]]:
    grid, ends, limits, price, rows = case.grid, case.grid.ends, case.limits, prices[scenario], []
    binding = binding_of(case, state, price)
    for bound, at, limit, label, of in (
        ("min", binding.vm_min, limits.vm_min, grid.vm_min_bus, price.vm_min),
        ("max", binding.vm_max, limits.vm_max, grid.vm_max_bus, price.vm_max),
    ):
        for t, i in zip(*np.nonzero(at), strict=True):
            place = ("bus", int(label[i]), "vm_pu", bound, "")
            rows.append((scenario, int(t), *place, state.vm[t, i], limit[t, i], 0.01 * of[t, i], "0.01 pu"))
    for t, i in zip(*np.nonzero(binding.end), strict=True):
        place = (ends.element_type[i], int(ends.element[i]), "loading_percent", "max", ends.side[i])
        units, unit = _units_of_limit(case, t, i)
        value = (100.0 * state.loading[t, i], 100.0 * limits.end[t, i], price.end[t, i] / units, unit)
        rows.append((scenario, int(t), *place, *value))
    return [dict(zip(BINDING_COLUMNS, row, strict=True)) for row in rows]


def _units_of_limit(case: Case, t: int, end: int) -> tuple[float, str]:
    """The limit in ampere for lines, in kVA for transformers."""
    ends, limit = case.grid.ends, case.limits.end[t, end]
    if ends.element_type[end] == "line":
        return 1e3 * float(ends.max_i_ka[end] * limit), "A"
    return KW * float(ends.rating[end] * limit), "kVA"
