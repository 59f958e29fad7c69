"""EVs as arrays: one entry per plugged EV and period ("slot"), chained in time by ``previous``.

The equations that these arrays serve (first paper, section III-B 3 and 4, in the reading of the documentation), with
E_prev = E[previous] + e_offset and dT eta = energy_per_p:

    E = E_prev + eta dT P_ch                                  (17)
    E_prev + eta dT (P_ch + P_up)   <= E_max                  (22)
    E_prev + eta dT (P_ch - P_down) >= E_min                  (24), with the minimum-energy curve of (1)
    E_min_t = min(reach_t, max(E_low, E_need - eta dT P_max n_t)),   n_t periods left after t
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.case.periods import Horizon
from pandapower_evflex.elements.ev_stays import Stay

#: what is promised: a full activation of one period at a time, or every load of a band in every period
ONE_ACTIVATION, ANY_SEQUENCE = "one_activation", "any_sequence"
#: energy range [MWh] up to which the energy counts as fixed
PINNED_MWH = 1e-9


@dataclass(frozen=True)
class Slots:
    """Plugged EV-periods of the controllable EVs, stay by stay in order of time; powers in MW, energies in MWh."""

    ev: IntArray  #: position among the EVs in service
    stay: IntArray  #: position in Units.stays
    period: IntArray
    previous: IntArray  #: slot whose energy comes before, -1: e_offset is the energy itself
    e_offset: FloatArray  #: arrival energy, or minus the trip since `previous`
    e_min: FloatArray  #: minimum-energy curve at the end of the period
    e_least: FloatArray  #: energy that is there at the end of the period without any charging, in every schedule
    e_most: FloatArray  #: energy at the end of the period at full power from arrival, in no schedule more
    e_max: FloatArray
    e_floor: FloatArray  #: nothing is fed in, and no load deferred, below it, whatever can be made up later
    p_min: FloatArray
    p_max: FloatArray
    energy_per_p: FloatArray  #: eta * period_h
    energy_per_discharge: FloatArray  #: period_h / eta_d

    def __len__(self) -> int:
        return len(self.ev)

    @property
    def p_floor(self) -> FloatArray:
        """Least load under activation (21): none, or what can be fed in."""
        return np.minimum(self.p_min, 0.0)

    @property
    def loses(self) -> BoolArray:
        """Slots in which power that is fed in takes more from the store than as much charging adds."""
        more = self.energy_per_discharge > self.energy_per_p * (1.0 + 1e-12)
        return more & (self.p_min < 0.0) & ~self.power_is_fixed

    @property
    def energy_per_fed_in(self) -> FloatArray:
        """Energy that a unit of power fed in takes from the store: `energy_per_p` where nothing is lost."""
        return np.where(self.loses, self.energy_per_discharge, self.energy_per_p)

    def energy_of(self, p: FloatArray) -> FloatArray:
        """What a load adds to the store, MWh."""
        return p * np.where(p > 0.0, self.energy_per_p, self.energy_per_fed_in)

    def power_of(self, energy: FloatArray) -> FloatArray:
        """The load that adds so much to the store, MW."""
        return energy / np.where(energy > 0.0, self.energy_per_p, self.energy_per_fed_in)

    @property
    def is_last(self) -> BoolArray:
        """Slots whose energy no other slot continues."""
        return ~np.isin(np.arange(len(self)), self.previous)

    @property
    def power_is_fixed(self) -> BoolArray:
        """Slots between two energies that no schedule can choose."""
        return self.pinned & ((self.previous < 0) | self.pinned[self.previous])

    @property
    def pinned(self) -> BoolArray:
        """Slots whose energy no schedule can choose: a full battery, or full power throughout to reach the need.

        They offer nothing, and left in the problem they would leave it without an interior.
        """
        width = np.minimum(self.e_most, self.e_max) - np.maximum(self.e_min, self.e_least)
        return width <= PINNED_MWH


@dataclass(frozen=True)
class Offers:
    """What each slot offers in one direction: P_flex <= p_max, rewarded by weight (C of eq. 4)."""

    offered: BoolArray
    p_max: FloatArray
    weight: FloatArray


@dataclass(frozen=True)
class Units:
    """The units of one kind that are in service: EVs, batteries or shiftable loads.

    Parameters
    ----------
    index : int [n_unit]            labels in their table
    bus, bus_row : int [n_unit]     label in net.bus, and row of the grid
    tan_phi : float [n_unit] or [n_period, n_unit]   reactive over active power, consumer sense (inductive positive)
    stays : list of Stay            of all units, needs final
    slots : Slots                   of the controllable units
    offers : {"up": Offers, "down": Offers}
    held : bool [n_period, n_unit]  controllable EVs that draw their least power: no slot
    fixed_p : float [n_period, n_unit]   power of uncontrollable and held EVs
    fixed_e : float [n_period, n_unit]   energy of uncontrollable EVs (nan: other EV, or away)
    guarantee : str                 `ONE_ACTIVATION` or `ANY_SEQUENCE`
    duration : int                  periods for which an activation is held
    """

    index: IntArray
    bus: IntArray
    bus_row: IntArray
    tan_phi: FloatArray
    controllable: BoolArray
    stays: list[Stay]
    slots: Slots
    offers: Mapping[str, Offers]
    held: BoolArray
    fixed_p: FloatArray
    fixed_e: FloatArray
    guarantee: str = ONE_ACTIVATION
    duration: int = 1

    @property
    def has_band(self) -> bool:
        return self.guarantee == ANY_SEQUENCE

    @cached_property
    def fits(self) -> BoolArray:
        """Slots from which an activation of the whole duration lies in their stay [n_slot]."""
        return starts_of_windows(self.slots, self.duration, len(self.fixed_p))

    def offered(self, direction: str) -> BoolArray:
        """Slots that offer an activation which begins there [n_slot]."""
        return self.offers[direction].offered & self.fits


def starts_of_windows(slots: Slots, duration: int, n_periods: int) -> BoolArray:
    """Whether this slot and those after it are of one stay and of successive periods, ``duration`` of them [n_slot].

    Round the horizon, period 0 succeeds the last one: only stays of a cyclic day have both. A period without a slot,
    because its EV waits there, breaks a window.
    """
    n = len(slots)
    goes_on = np.zeros(n, dtype=bool)  # to the next slot
    goes_on[: n - 1] = (slots.stay[1:] == slots.stay[:-1]) & ((slots.period[1:] - slots.period[:-1]) % n_periods == 1)
    fits = np.ones(n, dtype=bool)
    for after in range(min(duration - 1, n)):
        fits[: n - after] &= goes_on[after:]
        fits[n - after :] = False
    return fits & (n >= duration)


def slots_of(stays: list[list[Stay]], controllable: BoolArray) -> Slots:
    """Slots of all stays of controllable EVs; ``Slots.stay`` counts over the stays of all EVs."""
    parts: list[dict[str, FloatArray | IntArray]] = []
    n_slots = n_stays = 0
    for own, is_controllable in zip(stays, controllable, strict=True):
        link, offset, e_guaranteed, e_best = -1, 0.0, 0.0, 0.0
        for number, stay in enumerate(own, start=n_stays):
            if not is_controllable:
                break
            if stay.is_coupled:
                e_start, e_start_most = e_guaranteed, e_best
            else:
                link, offset, e_start, e_start_most = -1, stay.e_arrival, stay.e_arrival, stay.e_arrival
            part = _slots_of_stay(stay, number, n_slots, link, offset, e_start, e_start_most)
            parts.append(part)
            charged = stay.energy_per_p * stay.p_min * np.cumsum(stay.is_held)
            if len(part["period"]):
                n_slots += len(part["period"])
                link, offset = n_slots - 1, charged[-1] - charged[~stay.is_held][-1]
            elif len(charged):
                offset += charged[-1]
            offset -= stay.trip
            e_kept = e_start - stay.e_discharged * len(stay.periods)
            e_guaranteed = max(max(e_kept, min(stay.e_need, stay.reach(e_start))) - stay.trip, 0.0)
            e_best = max(stay.reach(e_start_most) - stay.trip, 0.0)
        n_stays += len(own)
    names = [name for name in Slots.__dataclass_fields__]
    kinds = {"ev": np.int64, "stay": np.int64, "period": np.int64, "previous": np.int64}
    return Slots(
        **{
            name: np.concatenate([part[name] for part in parts]).astype(kinds.get(name, float))
            if parts
            else np.empty(0, dtype=kinds.get(name, float))
            for name in names
        }
    )


def _slots_of_stay(
    stay: Stay, number: int, n_before: int, link: int, offset: float, e_start: float, e_start_most: float
) -> dict[str, FloatArray | IntArray]:
    """Slots of one stay; ``e_start`` is there at arrival in every schedule, more than ``e_start_most`` in none."""
    held = stay.is_held
    at = np.flatnonzero(~held)
    n = len(at)
    most = stay.energy_per_p * np.cumsum(np.where(held, stay.p_min, stay.p_max))[at]
    while_held = stay.energy_per_p * stay.p_min * np.cumsum(held)
    next_slot = np.append(at, len(held))[1:] - 1
    previous = n_before + np.arange(n) - 1
    e_offset = np.diff(while_held[at], prepend=0.0)
    if n:
        previous[0], e_offset[0] = link, offset + e_offset[0]
    reach = np.minimum(stay.e_max, e_start + most)
    e_min = np.minimum(reach, np.maximum(stay.e_low, stay.e_need - (stay.e_at_full_power - most)))
    names = ("p_min", "p_max", "energy_per_p", "energy_per_discharge")
    constant = {name: getattr(stay, name) for name in names}
    return {
        "ev": np.full(n, stay.ev),
        "stay": np.full(n, number),
        "period": stay.periods[at],
        "previous": previous,
        "e_offset": e_offset,
        "e_min": e_min,
        "e_least": e_start - stay.e_discharged * (at + 1.0),
        "e_most": e_start_most + most,
        "e_max": stay.e_max - (while_held[next_slot] - while_held[at]),
        "e_floor": np.full(n, stay.e_low if stay.p_min < 0.0 else 0.0),
        **{name: np.full(n, value) for name, value in constant.items()},
    }


def charge_at_arrival(
    stays: list[Stay], n_periods: int, *, fill: bool = False, energies: Mapping[Any, float] | None = None
) -> tuple[FloatArray, FloatArray]:
    """Power [n_period] and energy at the end of each period of one EV that charges at full power from arrival.

    Parameters
    ----------
    fill : bool                     until the battery is full, else until the departure energy is reached
    energies : {session: energy}    until this much is charged, whatever the need

    Returns
    -------
    p (zero while away), e (nan while away)
    """
    p, e = np.zeros(n_periods), np.full(n_periods, np.nan)
    energy = np.nan
    for stay in stays:
        energy = energy if stay.is_coupled else stay.e_arrival
        target = stay.e_max if fill else stay.e_need
        if energies is not None:
            target = energy + energies.get(stay.session, 0.0)
        missing = max(target - energy, 0.0) / stay.energy_per_p
        p[stay.periods] = np.clip(missing - stay.p_max * np.arange(len(stay.periods)), 0.0, stay.p_max)
        e[stay.periods] = energy + stay.energy_per_p * np.cumsum(p[stay.periods])
        if len(stay.periods):
            energy = e[stay.periods[-1]]
        energy = max(energy - stay.trip, 0.0)
    return p, e


def fill_energies_while_held(case: Units, e: FloatArray) -> None:
    """Energies [n_period, n_unit] of EVs that draw their least power, in place; those of all slots are there."""
    energy = np.nan
    for stay in case.stays:
        energy = energy if stay.is_coupled else stay.e_arrival
        for period in stay.periods:
            if case.held[period, stay.ev]:
                e[period, stay.ev] = energy + stay.energy_per_p * stay.p_min
            energy = e[period, stay.ev]
        energy = max(energy - stay.trip, 0.0)


def offers_of(
    direction: str,
    evs: pd.DataFrame,
    flexibility: pd.DataFrame | None,
    unit: IntArray,
    period: IntArray,
    weight: FloatArray | None,
    kind: str = "ev",
) -> Offers:
    """Offers of one direction by slots, each of a ``unit`` in a ``period`` [n_slot].

    ``weight`` [n_period, n_unit] multiplies that of the table, None: not a scenario.

    A unit without a row in net.flexibility offers both directions at weight 1; with rows, only what those in service
    say.
    """
    n_ev = len(evs)
    offered, p_max, own_weight = np.ones(n_ev, dtype=bool), np.full(n_ev, np.inf), np.ones(n_ev)
    if flexibility is not None:
        rows = flexibility[flexibility["element_type"] == kind]
        offered[evs.index.isin(rows["element"])] = False
        rows = rows[rows["in_service"].astype(bool) & (rows["direction"] == direction)]
        rows = rows[rows["element"].isin(evs.index)]
        position = evs.index.get_indexer(rows["element"])
        offered[position] = True
        own_weight[position] = rows["weight"].to_numpy(dtype=float)
        p_max[position] = rows["max_p_mw"].fillna(np.inf).to_numpy(dtype=float)
    if weight is None:
        offered[:] = False
        weight = np.zeros((int(period.max(initial=-1)) + 1, n_ev))
    return Offers(offered[unit], p_max[unit], own_weight[unit] * weight[period, unit])


def energy_curves(case: Units, horizon: Horizon) -> FloatArray:
    """Minimum-energy curve [n_period, n_unit] of the controllable EVs, nan while away."""
    curve = np.full((horizon.n_periods, len(case.index)), np.nan)
    curve[case.slots.period, case.slots.ev] = case.slots.e_min
    return curve
