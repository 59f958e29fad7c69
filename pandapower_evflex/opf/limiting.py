"""Why there is no more flexibility: network limits that bind, and the reason of each EV and direction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.case.compile import Case
from pandapower_evflex.nlp.layout import FloatArray
from pandapower_evflex.opf.ev_chain import Schedule
from pandapower_evflex.opf.verify import GridState

#: relative; an interior point ends this close to a limit that binds
BINDING_TOLERANCE = 1e-5

BINDING_COLUMNS = [
    "scenario", "period", "element_type", "element", "quantity", "bound", "side", "value", "limit",
]  # fmt: skip


def binding_limits(case: Case, states: Mapping[str, GridState]) -> pd.DataFrame:
    """One row per network limit that binds in a scenario of the problem."""
    rows = [row for scenario in case.scenarios for row in _binding_of(case, scenario, states[scenario])]
    return pd.DataFrame(rows, columns=BINDING_COLUMNS)


def _binding_of(case: Case, scenario: str, state: GridState) -> list[dict[str, Any]]:
    grid, rows = case.grid, []
    free = np.setdiff1d(np.arange(len(grid.vm_min)), np.concatenate([grid.slack, grid.held]))
    for bound, limit, sign in (("min", grid.vm_min, 1.0), ("max", grid.vm_max, -1.0)):
        room = sign * (state.vm[:, free] - limit[free])
        for t, i in zip(*np.nonzero(room <= BINDING_TOLERANCE), strict=True):
            named = grid.bus_index[grid.bus_row == free[i]]
            place = ("bus", int(named[0]) if len(named) else -1, "vm_pu", bound, "")
            rows.append((scenario, int(t), *place, state.vm[t, free[i]], limit[free[i]]))
    ends = grid.ends
    for t, i in zip(*np.nonzero(state.loading >= ends.limit * (1.0 - BINDING_TOLERANCE)), strict=True):
        place = (ends.element_type[i], int(ends.element[i]), "loading_percent", "max", ends.side[i])
        rows.append((scenario, int(t), *place, 100.0 * state.loading[t, i], 100.0 * ends.limit[i]))
    return [dict(zip(BINDING_COLUMNS, row, strict=True)) for row in rows]


def limiting_reasons(
    case: Case, schedule: Schedule, states: Mapping[str, GridState], direction: str
) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Reason [n_period, n_ev] of one direction; EV limits come first, then the network elements that bind."""
    evs, slots, offers = case.evs, case.evs.slots, case.evs.offers[direction]
    reasons = np.full(schedule.p.shape, "away", dtype=object)
    for stay in evs.stays:
        reasons[stay.periods, stay.ev] = "not offered"
    network = np.full(case.horizon.n_periods, "network", dtype=object)
    if direction in case.scenarios:
        network[:] = [_elements_of(case, states[direction], t) for t in range(case.horizon.n_periods)]
    at = (slots.period, slots.ev)
    own = _ev_reasons(case, schedule, direction)
    reasons[at] = np.where(~offers.offered, "not offered", np.where(own == "", network[slots.period], own))
    return reasons


def _ev_reasons(case: Case, schedule: Schedule, direction: str) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Which of the EV's own limits binds in each slot, "" when none does."""
    slots, offers = case.evs.slots, case.evs.offers[direction]
    at = (slots.period, slots.ev)
    p, e = schedule.p[at], schedule.e[at]
    flex = (schedule.p_up if direction == "up" else schedule.p_down)[at]
    e_before = np.where(slots.previous >= 0, e[slots.previous], 0.0) + slots.e_offset

    def binds(room: FloatArray, scale: FloatArray) -> np.ndarray[Any, np.dtype[np.bool_]]:
        return room <= BINDING_TOLERANCE * scale

    p_scale, e_scale = slots.p_max, slots.energy_per_p * slots.p_max
    capped = binds(offers.p_max - flex, p_scale)
    if direction == "up":
        conditions = [
            binds(slots.p_max - p - flex, p_scale) | capped,
            binds(slots.e_max - e_before - slots.energy_per_p * (p + flex), e_scale),
        ]
        names = ["max_p_mw", "battery full"]
    else:
        conditions = [
            binds(p - flex, p_scale),
            capped,
            binds(e_before + slots.energy_per_p * (p - flex) - slots.e_min, e_scale),
        ]
        names = ["nothing scheduled", "max_p_mw", "must leave charged"]
    return np.select(conditions, names, default="").astype(object)


def _elements_of(case: Case, state: GridState, t: int) -> str:
    """Network elements that bind in period t, named as "trafo 0", "line 3", "bus 7"."""
    grid, ends = case.grid, case.grid.ends
    loaded = np.flatnonzero(state.loading[t] >= ends.limit * (1.0 - BINDING_TOLERANCE))
    names = [f"{ends.element_type[i]} {ends.element[i]}" for i in loaded]
    free = np.setdiff1d(np.arange(len(grid.vm_min)), np.concatenate([grid.slack, grid.held]))
    vm = state.vm[t, free]
    at_limit = (vm - grid.vm_min[free] <= BINDING_TOLERANCE) | (grid.vm_max[free] - vm <= BINDING_TOLERANCE)
    for row in free[at_limit]:
        named = grid.bus_index[grid.bus_row == row]
        names.append(f"bus {named[0]}" if len(named) else "auxiliary bus")
    return ", ".join(dict.fromkeys(names)) or "network"
