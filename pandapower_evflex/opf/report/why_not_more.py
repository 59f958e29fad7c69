"""Why an EV offers no more: its own limits, or the network elements that bind and that it loads further."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pandapower_evflex.arrays import BoolArray, ComplexArray, IntArray, ObjectArray
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.limits import LIMITS
from pandapower_evflex.limits.by_period import ByLimit
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.report.binding_limits import binding_of, binding_rows
from pandapower_evflex.opf.verify import GridState
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.powerflow.sensitivities import LimitRows, limit_gradients
from pandapower_evflex.scenarios import DIRECTIONS, Scenario

#: what is said where the schedule leaves room: it was stopped before the optimum
NOTHING_BINDS = "no limit binds"
#: share of the strongest effect on a limit beyond which an EV is said to move it
MOVES = 0.2

#: share of the strongest effect below which an effect is rounding noise
NOT_MOVED = 1e-9


def limiting_reasons(
    case: Case,
    schedule: Schedule,
    states: Mapping[Scenario, GridState],
    prices: Mapping[Scenario, ByLimit],
    direction: str,
    flow: BatchedPowerFlow,
) -> ObjectArray:
    """Reason [n_period, n_unit] of one direction; limits of elements come first, then those of the grid that bind."""
    parts = [part.element.reasons(part.data, schedule.of(units), direction) for part, units, _ in case.by_part()]
    reasons, chain = np.concatenate(parts, axis=1), case.chain
    limited = np.flatnonzero(reasons[chain.period, chain.unit] == "")
    reasons[chain.period[limited], chain.unit[limited]] = _network_reasons(
        case, states, prices, direction, flow, limited
    )
    return reasons


def _network_reasons(
    case: Case,
    states: Mapping[Scenario, GridState],
    prices: Mapping[Scenario, ByLimit],
    direction: str,
    flow: BatchedPowerFlow,
    limited: IntArray,
) -> ObjectArray:
    """Binding network elements that the EVs of the given slots move, as "trafo 0", "line 3", "bus 7".

    While an activation is held, in any of its periods.
    """
    n, names = case.horizon.n_periods, [dict[str, None]() for _ in limited]
    for scenario in case.scenarios:
        if scenario.activation != direction:
            continue
        period = (case.chain.period[limited] + scenario.since) % n  # of the activation that begins in a slot
        binding = binding_of(case, states[scenario], prices[scenario])
        rows = binding_rows(binding, np.unique(period))
        elements = np.array(elements_of(case.grid, rows), dtype=object)
        gradient = limit_gradients(flow, rows, states[scenario].v)
        for t in np.unique(rows.case).tolist():
            here, own = np.flatnonzero(period == t), rows.case == t
            moved = _moved_by(case, gradient[own], limited[here], direction)
            for number, of in zip(here.tolist(), moved, strict=True):
                names[number].update(dict.fromkeys(elements[own][of]))
    return np.array([", ".join(own) or NOTHING_BINDS for own in names], dtype=object)


def _moved_by(case: Case, gradient: ComplexArray, slot: IntArray, direction: str) -> BoolArray:
    """Which limits an EV brings nearer by more of its flexibility [n_ev, n_row].

    Those that it moves by `MOVES` of what the bus with the strongest effect does, or else the one that it moves most:
    through the voltage, every load moves every limit a little.
    """
    sign = DIRECTIONS[direction]
    tan_phi = case.chain.tan_phi_of_slot[slot] if case.q_follows_flexibility else np.zeros(len(slot))
    at_unit = gradient[:, case.chain.bus_row[case.chain.unit[slot]]]
    slope = sign * (at_unit.real + at_unit.imag * tan_phi)
    strongest = np.abs(gradient).max(axis=1, keepdims=True)
    share = np.divide(slope, strongest, out=np.zeros_like(slope), where=strongest > 0.0)
    most = share.max(axis=0)
    return ((share >= np.minimum(most, MOVES)) & (share > NOT_MOVED)).T


def elements_of(grid: Grid, rows: LimitRows) -> list[str]:
    """Names of the elements, one per row: "trafo 0", "bus 7"."""
    return [
        str(LIMITS[kind].place(grid, position))
        for kind, position in zip(rows.kind.tolist(), rows.position.tolist(), strict=True)
    ]
