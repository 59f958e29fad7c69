r"""Shiftable loads of `net.load`: each is a car whose battery is what has been drawn since the start of the horizon.

With :math:`C` the cumulated energy of its profile, constant before the horizon and after it, and :math:`s` its
`shift_h`, the energy drawn until the end of period t and under activation in it lies in

.. math::

    \max(C(t - s),\ C_{end} - \Delta T P_{max} n_t) \le E_t \le C(t + s), \qquad E_{end} = C_{end}

n_t periods left after t: a load that was deferred can still be served by the end of the horizon.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from pandapower_evflex.arrays import FloatArray, ObjectArray
from pandapower_evflex.case.controllers import driven_by_controllers
from pandapower_evflex.elements.always_there import always_there
from pandapower_evflex.elements.always_there import rest_of_day as rest_of_units
from pandapower_evflex.elements.ev import alone, chain, index, nearest, point, series
from pandapower_evflex.elements.ev import reasons as reasons_of_evs
from pandapower_evflex.elements.ev_held_checks import HORIZON_ENDS, TOO_SOON
from pandapower_evflex.elements.ev_slots import Slots, Units, slots_of
from pandapower_evflex.elements.ev_stays import Stay
from pandapower_evflex.elements.inputs import Inputs, bus_rows, differing_forecasts, powers_of, reactive_ratio
from pandapower_evflex.elements.load_faults import faults_of_profiles
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.offering import typed_offering_rows

__all__ = [
    "KIND", "REPLACES", "alone", "chain", "index", "nearest", "point", "read", "reasons", "rest_of_day", "series",
    "uncontrolled", "violation",
]  # fmt: skip

KIND = "load"
#: columns of the table, and their profiles, in whose place the schedule stands
REPLACES = ("p_mw", "q_mvar")
#: activations of several periods are those of cars, within the energy band
CAN_HOLD = True
#: MW; scale of the powers of a load that draws nothing
NOTHING = 1e-3


@dataclass(frozen=True, kw_only=True)
class ShiftableLoads(Units):
    """Loads as cars, and what they were made of.

    Parameters
    ----------
    profile : float [n_period, n_unit]    MW, scaling included; of the whole day
    shift_h, max_p : float [n_unit]       h, MW
    period_h : float
    first : int                           period of the profile in which the slots begin
    drawn : float [n_unit]                MWh before it
    """

    profile: FloatArray
    shift_h: FloatArray
    max_p: FloatArray
    period_h: float
    first: int
    drawn: FloatArray


def read(inputs: Inputs, faults: list[Fault]) -> ShiftableLoads | None:
    """The loads with a row in `net.flexibility`."""
    rows = typed_offering_rows(inputs.net, KIND)
    if not len(rows):
        return None
    bus_row, dead = bus_rows(KIND, rows, inputs.grid)
    horizon, n = inputs.profiles.horizon, len(rows)
    p, q = (powers_of(inputs.profiles, KIND, rows, column) for column in REPLACES)
    max_p = rows["max_p_mw"].to_numpy(dtype=float) if "max_p_mw" in rows else np.full(n, np.nan)
    faults += dead
    for column in REPLACES:
        faults += driven_by_controllers(inputs.net, KIND, column, rows.index)
        faults += differing_forecasts(inputs, KIND, rows, column, "loads")
    faults += faults_of_profiles(rows, p, q, max_p, horizon)
    max_p = np.where(np.isnan(max_p), p.max(axis=0), max_p)
    max_p = np.where(max_p > 0.0, max_p, NOTHING)
    stays = [_stay(number, label, p[:, number], max_p[number], horizon) for number, label in enumerate(rows.index)]
    slots = slots_of([[stay] for stay in stays], np.ones(n, dtype=bool))
    shift_h = rows["shift_h"].to_numpy(dtype=float)
    deferred, advanced = energy_band(p, shift_h, horizon.period_h)
    slots = _within_band(slots, deferred, advanced)
    return ShiftableLoads(
        **always_there(inputs, KIND, rows, bus_row, reactive_ratio(p, q), stays, slots),
        profile=p,
        shift_h=shift_h,
        max_p=max_p,
        period_h=horizon.period_h,
        first=0,
        drawn=np.zeros(n),
    )


def _within_band(slots: Slots, deferred: FloatArray, advanced: FloatArray) -> Slots:
    """Slots of loads that are cars, with the energy band [n_period, n_unit] around it."""
    floor = deferred.T.ravel()
    return replace(slots, e_min=np.maximum(floor, slots.e_min), e_max=advanced.T.ravel(), e_floor=floor)


def rest_of_day(data: ShiftableLoads, first: int, e: FloatArray) -> ShiftableLoads:
    """As of all units; the energy band is that of the whole day."""
    rest = rest_of_units(data, first, e)
    first += data.first
    deferred, advanced = (edge[first:] for edge in energy_band(data.profile, data.shift_h, data.period_h))
    slots = _within_band(rest.slots, deferred, np.maximum(advanced, e))  # rounding may have drawn a little more
    slots = replace(slots, e_min=np.minimum(slots.e_min, slots.e_most))
    return replace(rest, slots=slots, first=first, drawn=e)


def energy_band(p: FloatArray, shift_h: FloatArray, period_h: float) -> tuple[FloatArray, FloatArray]:
    """Least and greatest energy at the end of every period [n_period, n_unit], MWh: deferred and advanced."""
    hours = period_h * np.arange(len(p) + 1)
    cumulated = np.vstack([np.zeros(p.shape[1]), np.cumsum(period_h * p, axis=0)])

    def shifted(sign: float) -> FloatArray:
        columns = [
            np.interp(hours[1:] + sign * shift, hours, of_unit)
            for shift, of_unit in zip(shift_h, cumulated.T, strict=True)
        ]
        return np.stack(columns, axis=1)

    return shifted(-1.0), shifted(1.0)


def _stay(number: int, label: Any, p: FloatArray, max_p: float, horizon: Any) -> Stay:
    energy = horizon.period_h * p.sum()
    return Stay(
        session=label,
        ev=number,
        periods=np.arange(horizon.n_periods),
        n_after=0,
        e_arrival=0.0,
        e_need=energy,
        e_low=0.0,
        e_max=energy,
        p_min=0.0,
        p_max=max_p,
        trip=0.0,
        eta=1.0,
        energy_per_p=horizon.period_h,
        energy_per_discharge=horizon.period_h,
    )


def uncontrolled(data: ShiftableLoads) -> FloatArray:
    """What the loads draw where nobody schedules them [n_period, n_unit], MW."""
    return data.profile[data.first :]


def violation(data: ShiftableLoads, schedule: Schedule) -> float:
    """Largest violation of powers and of the energy band, relative to the greatest power and its energy in a period."""
    p, up, down, h, max_p = schedule.p, schedule.p_up, schedule.p_down, data.period_h, data.max_p
    n = len(data.profile)
    drawn = data.drawn + h * np.cumsum(p, axis=0)
    total, needed = h * data.profile.sum(axis=0), _needed_before_the_end(data)
    hours = h * np.arange(data.first + 1, n + 1)

    def served(until: FloatArray) -> FloatArray:
        """Energy of the profile until some hours [n_period, n_unit]: an integral, period by period."""
        share = np.clip(until[:, None, :] / h - np.arange(n)[None, :, None], 0.0, 1.0)
        return np.asarray(h * np.einsum("tku,ku->tu", share, data.profile))

    most = served(hours[:, None] + data.shift_h)
    least = np.maximum(served(hours[:, None] - data.shift_h), needed)
    by_power = [-p, -up, -down, p + up - max_p, down - p, *_beyond_offers(data, schedule)]
    called = partial(np.cumsum, axis=0) if data.has_band else np.asarray  # in every period, or in one
    by_energy = [drawn + h * called(up) - most, least - drawn + h * called(down)]
    by_energy += [schedule.e - drawn, drawn - schedule.e]
    by_energy.append(np.abs(drawn[-1:] - total))
    for since in range(1, data.duration):  # activations that go on for so many periods more
        begun, now = slice(None, len(p) - since), slice(since, None)
        by_power += [p[now] + up[begun] - max_p, down[begun] - p[now]]
        moved = (since + 1) * h
        by_energy += [drawn[now] + moved * up[begun] - most[now], least[now] - drawn[now] + moved * down[begun]]
    worst = max(*(np.max(value / max_p) for value in by_power), *(np.max(value / (h * max_p)) for value in by_energy))
    return max(0.0, float(worst))


def _needed_before_the_end(data: ShiftableLoads) -> FloatArray:
    """Energy at the end of every period from which full power serves the rest [n_period, n_unit]."""
    n_left = np.arange(len(data.profile) - data.first)[::-1, None]
    total: FloatArray = data.period_h * data.profile.sum(axis=0)
    return total - data.period_h * data.max_p * n_left


def _beyond_offers(data: ShiftableLoads, schedule: Schedule) -> list[FloatArray]:
    """Flexibility beyond what is offered, by direction [n_period, n_unit]."""
    found = []
    for direction, offers in data.offers.items():
        cap = np.zeros(schedule.p.shape)
        cap[data.slots.period, data.slots.ev] = np.where(offers.offered & data.fits, offers.p_max, 0.0)
        found.append(schedule.flex(direction) - cap)
    return found


def reasons(data: ShiftableLoads, schedule: Schedule, direction: str) -> ObjectArray:
    """As those of EVs; energy is limited by how far it may be shifted, and by the end of the horizon."""
    found = reasons_of_evs(data, schedule, direction)
    if data.has_band:  # both edges would have to end with the same energy
        return np.where(np.isin(found, ["battery full", "must leave charged"]), "must be served", found).astype(object)
    deferred = energy_band(data.profile, data.shift_h, data.period_h)[0][data.first :]
    by_end = _needed_before_the_end(data) >= deferred
    found = np.where(found == "battery full", "fully advanced", found)
    found = np.where(found == "must leave charged", np.where(by_end, "must be served", "fully deferred"), found)
    found = np.where(found == TOO_SOON, HORIZON_ENDS, found)
    return found.astype(object)
