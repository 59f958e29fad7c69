"""Batteries of `net.storage`: each is a car that may feed in and never leaves, so the equations are those of EVs.

Its one stay is the horizon. It arrives with `soc_percent` and leaves with at least as much; its minimum-energy curve is
:math:`E_{min,t} = \\max(E_{low}, E_{end} - \\eta\\Delta T P_{max} n_t)`, n_t periods left after t.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pandapower_evflex.arrays import ObjectArray
from pandapower_evflex.case.controllers import driven_by_controllers
from pandapower_evflex.case.periods import Horizon
from pandapower_evflex.elements.always_there import always_there, rest_of_day
from pandapower_evflex.elements.ev import BINDING, alone, chain, index, nearest, point, series, violation
from pandapower_evflex.elements.ev import reasons as reasons_of_evs
from pandapower_evflex.elements.ev_band_checks import where_energy_binds
from pandapower_evflex.elements.ev_held_checks import HORIZON_ENDS, TOO_SOON
from pandapower_evflex.elements.ev_slots import Units, slots_of
from pandapower_evflex.elements.ev_stays import Stay, discharge_efficiency
from pandapower_evflex.elements.inputs import Inputs, bus_rows
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.offering import typed_offering_rows

__all__ = [
    "KIND", "REPLACES", "alone", "chain", "index", "nearest", "point", "read", "reasons", "rest_of_day", "series",
    "violation",
]  # fmt: skip

KIND = "storage"
#: columns of the table, and their profiles, in whose place the schedule stands
REPLACES = ("p_mw",)
#: activations of several periods are those of cars
CAN_HOLD = True


def read(inputs: Inputs, faults: list[Fault]) -> Units | None:
    """The batteries with a row in `net.flexibility`."""
    rows = typed_offering_rows(inputs.net, KIND)
    if not len(rows):
        return None
    bus_row, dead = bus_rows(KIND, rows, inputs.grid)
    faults += dead + driven_by_controllers(inputs.net, KIND, "p_mw", rows.index)
    horizon, n = inputs.profiles.horizon, len(rows)
    rows = rows.assign(
        efficiency_percent=rows["efficiency_percent"].fillna(100.0) if "efficiency_percent" in rows else 100.0
    )
    eta, eta_discharge = rows["efficiency_percent"].to_numpy() / 100.0, discharge_efficiency(rows)
    stays = [
        _stay(number, row, eta[number], eta_discharge[number], horizon) for number, row in enumerate(rows.itertuples())
    ]
    slots = slots_of([[stay] for stay in stays], np.ones(n, dtype=bool))
    return Units(**always_there(inputs, KIND, rows, bus_row, np.zeros(n), stays, slots))


def _stay(number: int, row: Any, eta: float, eta_discharge: float, horizon: Horizon) -> Stay:
    e_start = row.max_e_mwh * row.soc_percent / 100.0
    return Stay(
        session=row.Index,
        ev=number,
        periods=np.arange(horizon.n_periods),
        n_after=0,
        e_arrival=e_start,
        e_need=e_start,
        e_low=float(np.nan_to_num(getattr(row, "min_e_mwh", 0.0))),
        e_max=row.max_e_mwh,
        p_min=row.min_p_mw,
        p_max=row.max_p_mw,
        trip=0.0,
        eta=eta,
        energy_per_p=eta * horizon.period_h,
        energy_per_discharge=horizon.period_h / eta_discharge,
    )


def reasons(data: Units, schedule: Schedule, direction: str) -> ObjectArray:
    """As those of EVs; what must be left at the end of the horizon is not the need of a driver."""
    found = reasons_of_evs(data, schedule, direction)
    at = (data.slots.period, data.slots.ev)
    e_low = np.array([stay.e_low for stay in data.stays])[data.slots.ev]
    least = np.where(data.slots.e_min > e_low, "must end charged", "battery empty")
    if data.has_band:  # what binds may bind later
        least = least[where_energy_binds(data, schedule, direction, BINDING)]
    found[at] = np.where(found[at] == "must leave charged", least, found[at])
    found[found == TOO_SOON] = HORIZON_ENDS
    return found
