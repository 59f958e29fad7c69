"""What no schedule can have: the least shortfall, or else the limits and trips that have to be given up first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.elements.chain import KW
from pandapower_evflex.elements.ev_stays import Stay
from pandapower_evflex.limits.by_period import ByLimit
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.effort.linearised import LinearisedShortfall, Wants, least_by_linear_programs
from pandapower_evflex.opf.effort.shortfall import (
    DECIDES,
    KEPT,
    MET_KWH,
    Shortfall,
    departures_of,
    is_asked,
    short_mwh,
    without_activation,
)
from pandapower_evflex.opf.report.why_not_more import MOVES, elements_of
from pandapower_evflex.opf.verify import GridState
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.powerflow.sensitivities import LimitRows, limit_gradients


@dataclass(frozen=True)
class Lost:
    """What is given up.

    Parameters
    ----------
    limits : of (period, kind, position)    limits of the grid that charging does not cure beside the others
    trips : of labels in net.ev_session     sessions that leave without the energy to the next, coupled one
    """

    limits: frozenset[tuple[int, int, int]] = frozenset()
    trips: frozenset[Any] = frozenset()

    def is_more_than(self, known: Lost) -> bool:
        return bool(self.limits - known.limits or self.trips - known.trips)

    def joined(self, other: Lost) -> Lost:
        return Lost(self.limits | other.limits, self.trips | other.trips)


def exceeded_by(limits: ByLimit, state: GridState, tolerance: float) -> frozenset[tuple[int, int, int]]:
    """Limits that a state exceeds by more, as (period, kind, position)."""
    return frozenset(state.excess(limits).places(tolerance))


def shortfall_or_lost(
    case: Case,
    needs: list[Stay],
    trips: Mapping[Any, float],
    low_curve: FloatArray,
    curable: frozenset[tuple[int, int, int]],
    flow: BatchedPowerFlow,
    keep_going: Callable[[], bool],
) -> Shortfall | Lost | None:
    """None where nothing was found.

    Parameters
    ----------
    case : Case                     whose stays need nothing
    needs : list of Stay            the same stays with their needs
    trips : {session: MWh}          that coupled stays need before
    low_curve : float [n_slot]      minimum-energy curve of the lower limit alone, MWh
    curable                         limits broken with every EV at its least load, as (period, kind, position)
    """
    case = without_activation(case)
    wants, sessions = _wants(case, needs, trips, low_curve)
    found = least_by_linear_programs(case, wants, curable, flow, keep_going)
    if found is None or not found.state.converged.all():
        return None
    limits = exceeded_by(case.limits, found.state, KEPT)
    lost = Lost(limits & curable, frozenset(sessions[i] for i in np.flatnonzero(found.no_trip > MET_KWH).tolist()))
    if lost.limits or lost.trips:
        return lost
    if limits:
        return None
    short = short_mwh(case, needs, found.schedule)
    return Shortfall(short, found.schedule, _reasons(case, flow, found, short))


def _wants(case: Case, needs: list[Stay], trips: Mapping[Any, float], low_curve: FloatArray) -> tuple[Wants, list[Any]]:
    """What is wanted, and the sessions of its trips."""
    slots, departures = case.evs.slots, departures_of(case, needs)
    asked = departures.of(is_asked(case, departures))
    low = np.flatnonzero(low_curve > slots.e_least + MET_KWH / KW)
    sessions = [needs[stay].session for stay in departures.stay.tolist()]
    trip = np.array([trips.get(session, 0.0) * KW for session in sessions])
    leads = trip > 0.0
    return (
        Wants(asked.slot, asked.need, asked.e_need, departures.slot[leads], trip[leads], low, low_curve[low] * KW),
        [session for session, does in zip(sessions, leads.tolist(), strict=True) if does],
    )


def _reasons(case: Case, flow: BatchedPowerFlow, found: LinearisedShortfall, short: FloatArray) -> list[list[str]]:
    """Elements of the grid whose limits decide, for every stay that is short and moves them."""
    slots, names = case.evs.slots, [[] for _ in short]  # type: tuple[Any, list[list[str]]]
    decides = np.flatnonzero(found.price > DECIDES * found.price.max(initial=0.0))
    rows = LimitRows(found.rows.case[decides], found.rows.kind[decides], found.rows.position[decides])
    gradient = np.abs(limit_gradients(flow, rows, found.state.v, case.limits))
    elements = elements_of(case.grid, rows)
    for number in np.argsort(-found.price[decides], kind="stable").tolist():
        of_period = np.flatnonzero(slots.period == rows.case[number])
        effect = gradient[number, case.evs.bus_row[slots.ev[of_period]]]
        moved = of_period[effect >= MOVES * effect.max(initial=0.0)]
        for stay in np.unique(slots.stay[moved]).tolist():
            if short[stay] > 0.0 and elements[number] not in names[stay]:
                names[stay].append(elements[number])
    return names
