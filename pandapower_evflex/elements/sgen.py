"""Curtailable generators as a kind of element: read, scheduled, judged and told (`generators.py` has the data)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from pandapower_evflex.arrays import FloatArray, IntArray, ObjectArray
from pandapower_evflex.case.controllers import driven_by_controllers
from pandapower_evflex.elements.chain import REACTIVE, Chain
from pandapower_evflex.elements.ev_held_checks import HORIZON_ENDS
from pandapower_evflex.elements.ev_slots import ANY_SEQUENCE, Offers, offers_of
from pandapower_evflex.elements.generators import NOTHING, Generators
from pandapower_evflex.elements.inputs import Inputs, bus_rows, differing_forecasts, powers_of, reactive_ratio
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.elements.sgen_chain import ENERGY_ROOM, chain_of, columns_of
from pandapower_evflex.elements.sgen_faults import chooses_q, draws_faults, held_faults, range_faults
from pandapower_evflex.elements.sgen_held import held_chain_of
from pandapower_evflex.errors import Fault
from pandapower_evflex.scenarios import DIRECTIONS
from pandapower_evflex.tables.cos_phi_p import greatest_ratios
from pandapower_evflex.tables.offering import typed_offering_rows

KIND = "sgen"
#: columns of the table, and their profiles, in whose place the schedule stands
REPLACES = ("p_mw", "q_mvar")
#: activations of several periods: the least that is available in them
CAN_HOLD = True
#: the load of a unit comes on top of what its profile injects
IS_DEVIATION = True
#: relative distance up to which a limit binds
BINDING = 1e-5


def read(inputs: Inputs, faults: list[Fault]) -> Generators | None:
    """The generators with a row in `net.flexibility`."""
    rows = typed_offering_rows(inputs.net, KIND)
    if not len(rows):
        return None
    bus_row, dead = bus_rows(KIND, rows, inputs.grid)
    p, q = (powers_of(inputs.profiles, KIND, rows, column) for column in REPLACES)
    faults += dead + draws_faults(rows, p) + range_faults(inputs, rows) + held_faults(inputs, rows)
    for column in REPLACES:
        faults += driven_by_controllers(inputs.net, KIND, column, rows.index)
        faults += differing_forecasts(inputs, KIND, rows, column, "generators")
    least = rows["min_p_mw"].fillna(0.0).to_numpy(dtype=float) if "min_p_mw" in rows else np.zeros(len(rows))
    most = np.maximum(p - least, 0.0)
    q_ratio = np.where(chooses_q(rows), greatest_ratios(inputs.net, rows.index), np.nan)
    unit, period = np.nonzero(most.T > NOTHING)
    weight = {d: inputs.weight(d, len(rows)) for d in DIRECTIONS}
    flexibility = inputs.net["flexibility"]
    return Generators(
        index=rows.index.to_numpy(),
        bus=rows["bus"].to_numpy(),
        bus_row=bus_row,
        available=p,
        reactive=q,
        most=most,
        tan_phi=np.where(np.isnan(q_ratio), reactive_ratio(p, q), 0.0),
        q_ratio=q_ratio,
        unit=unit,
        period=period,
        offers={d: offers_of(d, rows, flexibility, unit, period, weight[d], KIND) for d in DIRECTIONS},
        period_h=inputs.profiles.horizon.period_h,
        energy_mwh=0.0,
        start=np.zeros(p.shape),
        has_band=inputs.guarantee == ANY_SEQUENCE,
        duration=inputs.duration,
    )


def rest_of_day(data: Generators, first: int, e: FloatArray) -> Generators:
    """The periods from ``first`` on; there are no energies to go on from."""
    later = data.period >= first
    powers = ("available", "reactive", "most", "tan_phi", "start")
    return replace(
        data,
        unit=data.unit[later],
        period=data.period[later] - first,
        offers={
            d: Offers(**{name: getattr(own, name)[later] for name in Offers.__dataclass_fields__})
            for d, own in data.offers.items()
        },
        **{name: getattr(data, name)[first:] for name in powers},
    )


def realised(
    data: Generators, period: int, load: FloatArray, q: FloatArray, planned: Generators, at: int
) -> tuple[FloatArray, FloatArray]:
    """Curtailed by as much as was planned, as far as that is available, at the planned reactive power within range."""
    curtailed, wanted = np.zeros(data.most.shape), np.zeros(data.most.shape)
    curtailed[period] = np.clip(load, 0.0, data.most[period])
    wanted[period] = q - planned.reactive[at] + data.reactive[period]
    return curtailed[period], data.within_q(curtailed, wanted)[period]


def index(data: Generators) -> IntArray:
    return data.index


def chain(data: Generators) -> Chain:
    return held_chain_of(data) if data.duration > 1 else chain_of(data)


def series(data: Generators, load: Mapping[str, FloatArray]) -> Schedule:
    """From loads per scenario and slot [MW], the solver's noise clipped."""
    at, curtailed, up = (data.period, data.unit), np.zeros(data.most.shape), np.zeros(data.most.shape)
    if data.curtails:
        curtailed[at] = np.clip(load["base"], 0.0, data.most[at])
    up[at] = np.clip(load["up"] - curtailed[at], 0.0, np.minimum(data.cap, data.room(curtailed))[at])
    q = {}
    if REACTIVE["base"] in load and data.chooses_q.any():
        for activation, name in REACTIVE.items():
            chosen = np.zeros(up.shape)
            chosen[at] = load[name]
            q[activation] = data.within_q(curtailed + up * (activation == "up"), chosen)
    return Schedule(curtailed, up, np.zeros(up.shape), np.full(up.shape, np.nan), q)


def point(data: Generators, schedule: Schedule) -> FloatArray:
    at = (data.period, data.unit)
    if data.duration > 1:
        return np.stack([schedule.p[at], schedule.p_up[at], np.zeros(len(data.unit))], axis=1)
    columns = columns_of(data)
    x = np.zeros((len(data.unit), len(columns)))
    x[:, columns.at(columns.activated)], x[:, columns.at(columns.curtailed)] = schedule.load("up")[at], schedule.p[at]
    if data.chooses_q.any():
        for activation, name in REACTIVE.items():
            x[:, columns.at(name)] = schedule.q[activation][at]
    return x


def alone(data: Generators) -> Schedule:
    """Nothing curtailed in the schedule, all that is offered under activation."""
    nothing, up = np.zeros(data.most.shape), data.cap
    at = (data.period, data.unit)
    up[at] = np.where(data.offers["up"].weight > 0.0, up[at], 0.0)
    return Schedule(nothing, up, nothing, np.full(up.shape, np.nan), _least_changed_q(data, nothing, up))


def _least_changed_q(
    data: Generators, curtailed: FloatArray, up: FloatArray, q: Mapping[str, FloatArray] = MappingProxyType({})
) -> dict[str, FloatArray]:
    """Reactive loads nearest to the given ones, or to those of the available feed-in."""
    if not data.chooses_q.any():
        return {}
    return {name: data.within_q(curtailed + up * (name == "up"), q.get(name, 0.0)) for name in REACTIVE}


def nearest(data: Generators, schedule: Schedule) -> Schedule:
    curtailed = np.clip(schedule.p, 0.0, data.most if data.curtails else 0.0)
    up = np.clip(schedule.p_up, 0.0, np.minimum(data.cap, data.room(curtailed)))
    q = _least_changed_q(data, curtailed, up, schedule.q)
    return Schedule(curtailed, up, np.zeros(up.shape), schedule.e, q)


def violation(data: Generators, schedule: Schedule) -> float:
    """Largest violation, relative to the largest available feed-in of each generator."""
    feed_in = data.available - schedule.p
    least = np.minimum(data.available, data.available - data.most)
    largest = np.maximum(data.available.max(axis=0), NOTHING)
    by_power = [
        feed_in - data.available,
        least - (feed_in - schedule.p_up),
        -schedule.p_up,
        schedule.p_up - data.cap,
        np.abs(schedule.p_down),
        *_of_held(data, feed_in - least, schedule.p_up),
    ]
    if not data.curtails:
        by_power.append(np.abs(schedule.p))
    for activation, q in schedule.q.items():
        fed_in = feed_in - (schedule.p_up if activation == "up" else 0.0)
        drawn = q - data.reactive
        outside = np.maximum(-drawn, drawn - np.nan_to_num(data.q_ratio) * fed_in)
        by_power.append(np.where(data.chooses_q, outside, np.abs(q)))
    worst = max(float(np.max(value / largest)) for value in by_power)
    if data.curtails:
        worst = max(worst, float(schedule.p.sum()) * data.period_h / (data.energy_mwh * (1.0 + ENERGY_ROOM)) - 1.0)
    return max(0.0, worst)


def _of_held(data: Generators, above: FloatArray, up: FloatArray) -> list[FloatArray]:
    """Activations that go on for further periods: by how much they would curtail more than there is ``above`` least."""
    n = len(up)
    within = [up[: n - since] - above[since:] for since in range(1, data.duration)]
    return [np.pad(value, ((0, n - len(value)), (0, 0))) for value in within]


def reasons(data: Generators, schedule: Schedule, direction: str) -> ObjectArray:
    """Which of its own limits binds [n_period, n_unit], "" where none does."""
    if direction == "down":
        return np.full(schedule.p.shape, "not offered", dtype=object)
    at, up = (data.period, data.unit), data.offers["up"]
    left = (data.room(schedule.p) - schedule.p_up)[at]
    capped = up.p_max - schedule.p_up[at]
    of_slot = np.full(len(data.unit), "", dtype=object)
    of_slot[capped <= BINDING * data.most[at]] = "max_p_mw"
    of_slot[left <= BINDING * data.most[at]] = "all available power"
    of_slot[data.period > len(data.most) - data.duration] = HORIZON_ENDS
    of_slot[~up.offered | (up.weight == 0.0)] = "not offered"
    found = np.full(schedule.p.shape, "nothing available", dtype=object)
    found[at] = of_slot
    return found


def seeking_least(data: Generators) -> Generators:
    """What is left of the feed-in counts as flexibility, so that most of it is least energy curtailed."""
    n = len(data.unit)
    every = Offers(np.ones(n, dtype=bool), np.full(n, np.inf), np.ones(n))
    return replace(data, offers={**data.offers, "up": every}, energy_mwh=np.inf, start=0.5 * data.most, duration=1)


def curtailing(data: Generators, schedule: Schedule) -> Generators:
    """The schedule may curtail as much energy as this one, which curtails the least."""
    return replace(data, energy_mwh=float(schedule.p.sum() * data.period_h), start=schedule.p)


def frames(data: Generators, schedule: Schedule, q_follows_flexibility: bool) -> dict[str, FloatArray]:
    """Series of a result with pandapower's signs: positive feeds in."""
    curtailed = {
        "q_mvar": schedule.p,
        "q_up_mvar": schedule.load("up") if q_follows_flexibility else schedule.p,
        "q_down_mvar": schedule.load("down") if q_follows_flexibility else schedule.p,
    }
    return {
        "p_mw": data.available - schedule.p,
        "p_up_mw": schedule.p_up,
        "p_down_mw": schedule.p_down,
        **{
            name: data.reactive - data.tan_phi * load - schedule.reactive(activation)
            for (name, load), activation in zip(curtailed.items(), ("base", "up", "down"), strict=True)
        },
    }
