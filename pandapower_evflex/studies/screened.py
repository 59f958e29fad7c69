"""The row of a study whose limits hold: no case is built, and one batch of power flows answers all its operations.

Most cars draw the same in most periods of the day under most operations, and nothing in many: of the seven operations
of a row only what differs is solved, from the voltages of the net without cars. Of activations and edges of the band a
row says no more than that they keep the limits: most periods have room for all of them by a bound (`room`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pandapower_evflex.arrays import ComplexArray, IntArray
from pandapower_evflex.limits.by_period import values_of
from pandapower_evflex.opf.findings.table import TOLERANCE
from pandapower_evflex.opf.solve.closed_form import CARRIED
from pandapower_evflex.opf.solve.methods import NOTHING_TO_SCHEDULE
from pandapower_evflex.studies.answer import windows
from pandapower_evflex.studies.car_loads import BASE, DOWN, FULL, LOADS, LOWER, SAME, UP, UPPER, CarLoads
from pandapower_evflex.studies.extremes import Extremes
from pandapower_evflex.studies.net_day import NetDay

#: operations that keep every limit in a row of this kind, with room: the others draw no more than `UP`
HELD = (BASE, UP, DOWN, LOWER, UPPER, SAME)


def screened_values(day: NetDay, cars: CarLoads) -> dict[str, Any] | None:
    """As `answer` says it, of these cars; None where a limit is near that a solver or a proof has to look at."""
    n = len(cars.tan_phi)
    if day.study.case.others or (n and not cars.plugged_mw.any()):
        return None
    states = _States.of(day, cars)
    if states is None or not states.have_room(HELD):
        return None
    period_h = day.study.case.horizon.period_h
    up, down = cars.mw[UP] - cars.mw[BASE], cars.mw[BASE] - cars.mw[DOWN]
    flexibility = period_h * float(up.sum() + down.sum())
    band, plugged = float((cars.mw[UPPER] - cars.mw[LOWER]).sum()), float(cars.plugged_mw.sum())
    return {
        "status": "optimal",
        "message": CARRIED if n else NOTHING_TO_SCHEDULE,
        "screened": True,
        "flexibility_mwh": flexibility,
        "bound_mwh": flexibility,
        **windows(day.study.case.horizon, {"up": up, "down": down}),
        "charged_mwh": float(cars.charged_mwh.sum()),
        "full_mwh": float(cars.full_mwh.sum()),
        "energy_short_mwh": float(cars.short_mwh.sum()),
        "binding_share": 0.0,
        "any_sequence_mwh": period_h * band,
        "any_sequence_percent": 100.0 * band / plugged if n else 100.0,
        "any_sequence_proved": True,
        "any_sequence_screened": True,
        **{f"{name}_holds": True for name in ("scheduled", "any_sequence")},
        **states.worst_of("scheduled", BASE),
        **states.worst_of("uncontrolled", SAME),
        **states.worst_of("full", FULL),
    }


@dataclass(frozen=True)
class _States:
    """The power flows of all operations, each once.

    Parameters
    ----------
    extremes : Extremes                          of each
    row : {name of `LOADS`: int [n_period]}      which of them a period of an operation is
    """

    extremes: Extremes
    row: Mapping[str, IntArray]

    @classmethod
    def of(cls, day: NetDay, cars: CarLoads) -> _States | None:
        """None where a power flow has no solution."""
        case = day.study.case
        idle, extremes = day.idle
        if not idle.converged.all():
            return None
        row, period, loads = distinct(
            _in_doubt(day, cars, {name: cars.mva(name, case.q_follows_flexibility) for name in LOADS})
        )
        if len(period):
            flows = day.flow.solve(case.s_base[""][period] - cars.at_buses(loads), v_start=idle.v[period])
            if not flows.converged.all():
                return None
            extremes = extremes.joined(Extremes.of(case, values_of(case.grid, flows.v), day.near))
        return cls(extremes, row)

    def have_room(self, names: Sequence[str]) -> bool:
        return all(self.extremes.has_room[self.row[name]].all() for name in names)

    def worst_of(self, column: str, name: str) -> dict[str, Any]:
        """As `answer.worst_of`."""
        row, extremes = self.row[name], self.extremes
        return {
            f"{column}_min_vm_pu": float(extremes.lowest[row].min()),
            f"{column}_max_vm_pu": float(extremes.highest[row].max()),
            f"{column}_max_loading_percent": 100.0 * float(extremes.loading[row].max()),
            f"{column}_holds": bool(extremes.excess[row].max() <= TOLERANCE),
        }


def _in_doubt(day: NetDay, cars: CarLoads, loads: dict[str, ComplexArray]) -> dict[str, ComplexArray]:
    """Without the loads of calls in periods that have room for the largest loads of all cars together.

    Of these operations a row says no more than that they hold, which the periods without cars stand for.
    """
    if day.room is None:
        return loads
    largest = np.max([np.abs(loads[name]) for name in HELD], axis=0)
    has_room = day.room.for_loads(cars.at_buses(largest))
    return loads | {name: np.where(has_room[:, None], 0.0, loads[name]) for name in (UP, DOWN, LOWER, UPPER)}


def distinct(loads: Mapping[str, ComplexArray]) -> tuple[dict[str, IntArray], IntArray, ComplexArray]:
    """Loads by name [n_period, n_car] as rows, each once: the first are those of no load, one per period.

    Returns the row of every name and period, and periods and loads of the rows after the first.
    """
    n = len(next(iter(loads.values())))
    row: dict[str, IntArray] = {}
    periods: list[IntArray] = []
    n_rows = n
    for name, own in loads.items():
        row[name] = np.arange(n)
        is_new = own.any(axis=1)
        for before in list(row)[:-1]:
            same = is_new & (own == loads[before]).all(axis=1)
            row[name][same] = row[before][same]
            is_new &= ~same
        row[name][is_new] = n_rows + np.arange(is_new.sum())
        n_rows += int(is_new.sum())
        periods.append(np.flatnonzero(is_new))
    new = np.concatenate([own[at] for own, at in zip(loads.values(), periods, strict=True)])
    return row, np.concatenate(periods), new
