"""Sessions that cannot be met, that cost flexibility, or that no run looks at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from pandapower_evflex.diagnosis.diagnosis import finding, finding_of, rows_of
from pandapower_evflex.diagnosis.examined import Examined
from pandapower_evflex.elements.ev_needs import overfull_stays, unreachable_stays
from pandapower_evflex.elements.ev_stays import Stay, read_stays

#: MWh
ROUNDING = 1e-9


def sessions(seen: Examined) -> Iterator[dict[str, Any]]:
    """Needs beyond full power, cars below their minimum, sessions without a whole period or outside the horizon."""
    evs, rows = seen.evs, seen.live("ev_session")
    idle = tuple(evs.index.difference(rows["ev"] if "ev" in rows else []))
    if idle:
        text = f"{rows_of('ev', idle)}: no session in service; never plugged in"
        yield finding("note", "EVs without a session", text, "ev", "", idle)
    if not len(evs) or not len(seen.sessions):
        return
    stays, faults = read_stays(evs, seen.sessions, seen.horizon)
    for fault in faults:
        yield finding_of("error", "sessions", fault)
    if not faults:
        yield from _unmet(evs.index, stays)
        yield from _below_minimum(evs.index, stays)
    yield from _outside(seen)


def _unmet(labels: Any, stays: list[list[Stay]]) -> Iterator[dict[str, Any]]:
    for stay, reached in unreachable_stays(stays):
        how = "at full power throughout" if stay.n_whole else "since it has no whole period plugged in"
        text = (
            f"EV {labels[stay.ev]}, session {stay.session}: needs {1e3 * stay.e_need:.2f} kWh at departure and has at "
            f'most {1e3 * reached:.2f} {how}; lower the need, stay longer, or run with unreachable="reduce"'
        )
        yield finding("error", "sessions that cannot be met", text, "ev_session", "", (stay.session,))
    for stay, energy in overfull_stays(stays):
        text = (
            f"EV {labels[stay.ev]}, session {stay.session}: min_p_mw alone charges it to {1e3 * energy:.2f} kWh, more "
            f"than its battery of {1e3 * stay.e_max:.2f}; lower min_p_mw"
        )
        yield finding("error", "sessions that cannot be met", text, "ev_session", "", (stay.session,))


def _below_minimum(labels: Any, stays: list[list[Stay]]) -> Iterator[dict[str, Any]]:
    for stay in (stay for own in stays for stay in own):
        if not stay.is_coupled and stay.e_arrival < stay.e_low - ROUNDING:
            text = (
                f"EV {labels[stay.ev]}, session {stay.session}: arrives with {1e3 * stay.e_arrival:.2f} kWh, below its "
                f"minimum of {1e3 * stay.e_low:.2f}; it charges at full power at once and offers nothing downward "
                "until it is there"
            )
            yield finding("warning", "below the minimum on arrival", text, "ev_session", "", (stay.session,))


def _outside(seen: Examined) -> Iterator[dict[str, Any]]:
    rows, end_h = seen.sessions, seen.horizon.n_periods * seen.horizon.period_h
    late = rows["arrival_h"].to_numpy(dtype=float) >= end_h
    early = rows["departure_h"].to_numpy(dtype=float) <= 0.0
    outside = tuple(rows.index[np.logical_or(late, early)])
    if outside:
        text = f"{rows_of('ev_session', outside)}: outside the {end_h:g} h of the profiles, left out"
        yield finding("warning", "sessions outside the horizon", text, "ev_session", "", outside)
