"""Why an EV offers no more: its own limits, or the network elements that bind and that it loads further."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pandapower_evflex.arrays import BoolArray, ComplexArray, FloatArray, IntArray, ObjectArray
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.limits import LIMITS
from pandapower_evflex.limits.by_period import ByLimit
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.ev_chain import Schedule
from pandapower_evflex.opf.report.binding_limits import BINDING_TOLERANCE, binding_of, binding_rows
from pandapower_evflex.opf.verify import GridState
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.powerflow.sensitivities import LimitRows, limit_gradients

#: share of the strongest effect on a limit from which on an EV is said to move it
MOVES = 0.2

#: of the strongest effect; what is left of none after rounding
NOT_MOVED = 1e-9


def limiting_reasons(
    case: Case,
    schedule: Schedule,
    states: Mapping[str, GridState],
    prices: Mapping[str, ByLimit],
    direction: str,
) -> ObjectArray:
    """Reason [n_period, n_ev] of one direction; EV limits come first, then the network elements that bind."""
    evs, slots, offers = case.evs, case.evs.slots, case.evs.offers[direction]
    reasons = np.full(schedule.p.shape, "away", dtype=object)
    for stay in evs.stays:
        reasons[stay.periods, stay.ev] = "not offered"
    of_slot = _ev_reasons(case, schedule, direction)
    of_slot[~offers.offered | (offers.weight == 0.0)] = "not offered"  # weight 0: nobody asks for it
    limited = np.flatnonzero(of_slot == "")
    of_slot[limited] = _network_reasons(case, states, prices, direction, limited)
    reasons[slots.period, slots.ev] = of_slot
    return reasons


def _ev_reasons(case: Case, schedule: Schedule, direction: str) -> ObjectArray:
    """Which of the EV's own limits binds in each slot, "" when none does."""
    slots, offers = case.evs.slots, case.evs.offers[direction]
    at = (slots.period, slots.ev)
    p, e = schedule.p[at], schedule.e[at]
    flex = (schedule.p_up if direction == "up" else schedule.p_down)[at]
    e_before = np.where(slots.previous >= 0, e[slots.previous], 0.0) + slots.e_offset

    def binds(room: FloatArray, scale: FloatArray) -> BoolArray:
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
            binds(p, p_scale),
            binds(p - flex, p_scale),
            capped,
            binds(e_before + slots.energy_per_p * (p - flex) - slots.e_min, e_scale),
        ]
        names = ["nothing scheduled", "all scheduled power", "max_p_mw", "must leave charged"]
    return np.select(conditions, names, default="").astype(object)


def _network_reasons(
    case: Case, states: Mapping[str, GridState], prices: Mapping[str, ByLimit], direction: str, limited: IntArray
) -> ObjectArray:
    """Binding network elements that the EVs of the given slots move, as "trafo 0", "line 3", "bus 7"."""
    names, period = np.full(len(limited), "network", dtype=object), case.evs.slots.period[limited]
    if direction not in case.scenarios:
        return names
    state, binding = states[direction], binding_of(case, states[direction], prices[direction])
    flow = BatchedPowerFlow(case.grid)
    for t in np.unique(period).tolist():
        rows, here = binding_rows(binding, t), period == t
        if len(rows):
            elements = np.array(elements_of(case.grid, rows), dtype=object)
            gradient = limit_gradients(flow, rows, state.v)
            moved = _moved_by(case, gradient, case.evs.slots.ev[limited[here]], direction)
            names[here] = [", ".join(dict.fromkeys(elements[of])) or "network" for of in moved]
    return names


def _moved_by(case: Case, gradient: ComplexArray, ev: IntArray, direction: str) -> BoolArray:
    """Which limits an EV brings nearer by more of its flexibility [n_ev, n_row].

    Those that it moves by `MOVES` of what the bus with the strongest effect does, or else the one that it moves most:
    through the voltage, every load moves every limit a little.
    """
    sign = 1.0 if direction == "up" else -1.0
    tan_phi = case.evs.tan_phi[ev] if case.q_follows_flexibility else np.zeros(len(ev))
    at_ev = gradient[:, case.evs.bus_row[ev]]
    slope = sign * (at_ev.real + at_ev.imag * tan_phi)
    strongest = np.abs(gradient).max(axis=1, keepdims=True)
    share = np.divide(slope, strongest, out=np.zeros_like(slope), where=strongest > 0.0)
    most = share.max(axis=0)
    return ((share >= np.minimum(most, MOVES)) & (share > NOT_MOVED)).T


def elements_of(grid: Grid, rows: LimitRows) -> list[str]:
    """As "trafo 0", "bus 7", one per row."""
    return [
        str(LIMITS[kind].place(grid, position))
        for kind, position in zip(rows.kind.tolist(), rows.position.tolist(), strict=True)
    ]
