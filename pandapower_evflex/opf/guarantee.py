r"""Whether the grid carries every call of a band, and not only its edges and the plan.

Calls are shared along a segment, :math:`p_i = D_i + \theta (T_i - D_i)`, or from the plan towards either edge; reactive
power that is chosen moves along. Between two points that keep it a limit is kept where it is convex in the loads, as
loadings and lower voltage limits are taken to be on radial grids without held voltages, or where it is monotone: where
every car that is called moves it in the same direction, at all points that were checked. Limits that are far at all of
them are left aside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from pandapower_evflex.arrays import BoolArray, ComplexArray, FloatArray
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.limits import LIMITS
from pandapower_evflex.limits.by_period import rows_of
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.solve.certifiable import why_uncertified
from pandapower_evflex.opf.verify import GridState
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.powerflow.sensitivities import LimitRows, limit_gradients
from pandapower_evflex.scenarios import Scenario

#: share of the strongest effect on a limit below which an effect has no direction
NO_EFFECT = 1e-9
#: width of a band [MW] below which a car is not called
NOT_CALLED = 1e-9
#: between which points calls are shared, less load first
SEGMENTS = (("down", "up"), ("down", "base"), ("base", "up"))


def unproved(case: Case, flow: BatchedPowerFlow, schedule: Schedule, states: Mapping[Scenario, GridState]) -> str:
    """Where a call within the band may break a limit although its ends keep it, "" for nowhere."""
    rows = LimitRows.of(dict.fromkeys(_near(case, states)))
    if not len(rows):
        return ""
    mixed = ~_is_monotone(case, flow, schedule, states, rows)
    if not mixed.any():
        return ""
    row = int(np.flatnonzero(mixed)[0])
    limit = LIMITS[rows.kind[row]]
    where = f"{limit.bound} {limit.quantity} of {limit.place(case.grid, int(rows.position[row]))}"
    more = f" and {mixed.sum() - 1} more" if mixed.sum() > 1 else ""
    return f"{where} in period {rows.case[row]}{more} is near, and neither convex nor monotone there"


def _near(case: Case, states: Mapping[Scenario, GridState]) -> Iterator[tuple[int, int, int]]:
    """(period, kind, position) of limits near at any of the points and not convex."""
    for state in states.values():
        for kind, (limit, table) in enumerate(zip(LIMITS, rows_of(case.seen_limits, state.values), strict=True)):
            near = table > limit.near
            if near.any() and not (limit.is_convex and not why_uncertified(case)):
                for t, position in zip(*np.nonzero(near), strict=True):
                    yield int(t), kind, int(position)


def _is_monotone(
    case: Case, flow: BatchedPowerFlow, schedule: Schedule, states: Mapping[Scenario, GridState], rows: LimitRows
) -> BoolArray:
    """Whether all cars that may be called move a limit in one direction, at every point [n_row]."""
    segments = [_change(case, schedule, *ends)[rows.case] for ends in SEGMENTS]
    slopes = []
    for state in states.values():
        gradient = limit_gradients(flow, rows, state.v, case.seen_limits)[:, case.chain.bus_row]
        slopes += [gradient.real * change.real + gradient.imag * change.imag for change in segments]
    slope: FloatArray = np.stack(slopes)
    slope[np.abs(slope) <= NO_EFFECT * np.abs(slope).max(axis=(0, 2), keepdims=True)] = 0.0
    monotone: BoolArray = np.all(slope >= 0.0, axis=(0, 2)) | np.all(slope <= 0.0, axis=(0, 2))
    return monotone


def _change(case: Case, schedule: Schedule, one: str, other: str) -> ComplexArray:
    """What a call moves between two points of the band, active and reactive load [n_period, n_unit]."""
    p = schedule.load(other) - schedule.load(one)
    q = schedule.reactive(other) - schedule.reactive(one)
    if case.q_follows_flexibility:
        q = q + p * case.chain.tan_phi
    return np.where(np.abs(p) > NOT_CALLED, p + 1j * q, 0.0)
