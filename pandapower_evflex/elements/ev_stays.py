"""Sessions of ``net.ev_session`` as stays: whole periods, limits and needs, one after the other for each EV.

Energies in MWh, powers in MW; a per-unit base of 1 MVA makes them per unit at once.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.case.periods import Horizon
from pandapower_evflex.errors import Fault

logger = logging.getLogger(__name__)

#: distance to a period's edge [periods] up to which an arrival or departure is on it
EDGE_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Stay:
    """One session seen in whole periods.

    Parameters
    ----------
    session : label in net.ev_session
    ev : int                  position of the EV among the EVs in service
    periods : int [n]         plugged periods inside the horizon, in order of time (a cyclic stay wraps round)
    n_after : int             whole plugged periods after the end of the horizon
    e_arrival : float         nan when it follows from the stay before
    e_need : float            energy at departure, paper eq. (19) capped at the battery
    e_low, e_max, p_min, p_max, trip : float
    eta : float               charging efficiency, 0..1
    held : tuple of int       positions in `periods` at which the EV draws its least power, whatever the schedule
    energy_per_p : float      eta * period_h, energy of a period per unit of power
    energy_per_discharge : float    period_h / eta_d, energy that a unit of power fed in for a period takes
    """

    session: Any
    ev: int
    periods: IntArray
    n_after: int
    e_arrival: float
    e_need: float
    e_low: float
    e_max: float
    p_min: float
    p_max: float
    trip: float
    eta: float
    energy_per_p: float
    energy_per_discharge: float
    held: tuple[int, ...] = ()

    @property
    def is_coupled(self) -> bool:
        """The arrival energy is what the stay before left, less its trip."""
        return bool(np.isnan(self.e_arrival))

    @property
    def n_whole(self) -> int:
        return len(self.periods) + self.n_after

    @property
    def is_held(self) -> BoolArray:
        held = np.zeros(len(self.periods), dtype=bool)
        held[list(self.held)] = True
        return held

    @property
    def e_after(self) -> float:
        """Most energy charged after the end of the horizon."""
        return self.energy_per_p * self.p_max * self.n_after

    @property
    def e_discharged(self) -> float:
        """Energy that a period of feeding in at most takes."""
        return self.energy_per_discharge * max(-self.p_min, 0.0)

    @property
    def e_at_full_power(self) -> float:
        """Most energy charged in the whole stay."""
        n_held = len(self.held)
        return self.energy_per_p * (self.p_max * (self.n_whole - n_held) + self.p_min * n_held)

    def energy_of(self, p: float) -> float:
        """What a load adds to the store, MWh."""
        return p * (self.energy_per_p if p > 0.0 else self._energy_per_fed_in)

    def power_of(self, energy: float) -> float:
        """The load that adds so much to the store, MW."""
        return energy / (self.energy_per_p if energy > 0.0 else self._energy_per_fed_in)

    @property
    def _energy_per_fed_in(self) -> float:
        """As `Slots.energy_per_fed_in`."""
        return self.energy_per_discharge if self.p_min < 0.0 else self.energy_per_p

    def reach(self, e_start: float) -> float:
        """Energy at departure when charging at full power throughout."""
        return min(self.e_max, e_start + self.e_at_full_power)


def read_stays(evs: pd.DataFrame, sessions: pd.DataFrame, horizon: Horizon) -> tuple[list[list[Stay]], list[Fault]]:
    """Stays of each EV in order of arrival; sessions wholly outside the horizon are left out.

    Parameters
    ----------
    evs, sessions : DataFrame    in-service rows of net.ev and net.ev_session, already checked
    horizon : Horizon

    Returns
    -------
    list (per EV) of lists of Stay, and the faults found (sessions that do not fit a cyclic horizon)
    """
    stays: list[list[Stay]] = [[] for _ in range(len(evs))]
    faults: list[Fault] = []
    position = {label: i for i, label in enumerate(evs.index)}
    order = np.argsort(sessions["arrival_h"].to_numpy(dtype=float), kind="stable")
    ordered = sessions.iloc[order[sessions["ev"].isin(evs.index).to_numpy()[order]]]
    numbers = _session_numbers(evs, ordered)
    outside = []
    for session, row in zip(ordered.index, numbers, strict=True):
        ev = position[row.ev]
        first = int(np.ceil(row.arrival_h / horizon.period_h - EDGE_TOLERANCE))
        last = int(np.floor(row.departure_h / horizon.period_h + EDGE_TOLERANCE))
        if not horizon.cyclic and (row.departure_h <= 0 or first >= horizon.n_periods):
            outside.append(session)
            continue
        if horizon.cyclic and last - first > horizon.n_periods:
            faults.append(_too_long(session, row, horizon))
            continue
        periods, n_after = _whole_periods(first, last, horizon)
        stays[ev].append(_stay(session, ev, periods, n_after, row, horizon))
    if outside:
        logger.info("%d sessions lie outside the horizon and are left out", len(outside))
    for label, own in zip(evs.index, stays, strict=True):
        faults += _chain_faults(label, own, horizon)
    return [_with_trips_driven(own) for own in stays], faults


def _with_trips_driven(stays: list[Stay]) -> list[Stay]:
    """A stay whose trip leads to a coupled stay needs at least what the trip uses."""
    leads_to_coupled = [after.is_coupled for after in stays[1:]] + [False] * bool(stays)
    return [
        replace(stay, e_need=max(stay.e_need, stay.trip)) if leads else stay
        for stay, leads in zip(stays, leads_to_coupled, strict=True)
    ]


class _Numbers(NamedTuple):
    """Numbers of a session, with those of its EV where it has none of its own: MWh, MW, shares."""

    ev: Any
    arrival_h: float
    departure_h: float
    e_arrival: float
    e_need: float
    e_low: float
    e_max: float
    p_min: float
    p_max: float
    trip: float
    eta: float
    eta_discharge: float


def _session_numbers(evs: pd.DataFrame, sessions: pd.DataFrame) -> list[_Numbers]:
    """Of each session."""
    at = evs.index.get_indexer(sessions["ev"])

    def of_ev(name: str) -> FloatArray:
        return np.asarray(evs[name].to_numpy(dtype=float)[at])

    def own(name: str) -> FloatArray:
        return sessions[name].to_numpy(dtype=float) if name in sessions else np.full(len(sessions), np.nan)

    trip = np.nan_to_num(own("trip_km")) * np.nan_to_num(of_ev("consumption_kwh_per_km") / 1e3)
    e_max = _or_else(own("max_e_mwh"), of_ev("max_e_mwh"))
    e_low = np.minimum(of_ev("min_e_mwh"), e_max)
    need = _or_else(own("e_departure_mwh"), own("e_arrival_mwh") + own("energy_mwh"))
    need = _or_else(need, np.minimum(e_max, e_low + trip))  # (19); without a trip: the lower limit
    columns: dict[str, Any] = {
        "ev": sessions["ev"],
        "arrival_h": own("arrival_h"),
        "departure_h": own("departure_h"),
        "e_arrival": own("e_arrival_mwh"),
        "e_need": need,
        "e_low": e_low,
        "e_max": e_max,
        "p_min": of_ev("min_p_mw"),
        "p_max": _or_else(own("max_p_mw"), of_ev("max_p_mw")),
        "trip": trip,
        "eta": of_ev("efficiency_percent") / 100.0,
        "eta_discharge": discharge_efficiency(evs)[at],
    }
    return [_Numbers(*row) for row in zip(*(columns[name].tolist() for name in _Numbers._fields), strict=True)]


def discharge_efficiency(units: pd.DataFrame) -> FloatArray:
    """Share of what leaves the store that is fed in [n_unit]; that of charging where nothing else is said."""
    charging = units["efficiency_percent"].to_numpy(dtype=float)
    name = "discharge_efficiency_percent"
    own = units[name].to_numpy(dtype=float) if name in units else np.full(len(units), np.nan)
    return _or_else(own, charging) / 100.0


def _or_else(values: FloatArray, others: FloatArray) -> FloatArray:
    return np.where(np.isnan(values), others, values)


def _whole_periods(first: int, last: int, horizon: Horizon) -> tuple[IntArray, int]:
    if horizon.cyclic:
        return np.arange(first, max(first, last)) % horizon.n_periods, 0
    start, stop = max(first, 0), min(last, horizon.n_periods)
    return np.arange(start, max(start, stop)), max(0, last - max(horizon.n_periods, first))


def _stay(session: Any, ev: int, periods: IntArray, n_after: int, row: Any, horizon: Horizon) -> Stay:
    return Stay(
        session=session,
        ev=ev,
        periods=periods,
        n_after=n_after,
        e_arrival=row.e_arrival,
        e_need=row.e_need,
        e_low=row.e_low,
        e_max=row.e_max,
        p_min=row.p_min,
        p_max=row.p_max,
        trip=row.trip,
        eta=row.eta,
        energy_per_p=row.eta * horizon.period_h,
        energy_per_discharge=horizon.period_h / row.eta_discharge,
    )


def _too_long(session: Any, row: Any, horizon: Horizon) -> Fault:
    return Fault(
        "ev_session",
        "departure_h",
        (session,),
        row.departure_h,
        f"lies more than the horizon of {horizon.n_periods * horizon.period_h:g} h after the arrival",
        "shorten the session or lengthen the horizon of the cyclic run",
    )


def _chain_faults(label: Any, stays: list[Stay], horizon: Horizon) -> list[Fault]:
    """Faults that only the horizon shows: no known energy at the start, stays that overlap round a cyclic day."""
    faults = []
    if stays and stays[0].is_coupled:
        faults.append(
            Fault(
                "ev_session",
                "e_arrival_mwh",
                (stays[0].session,),
                np.nan,
                f"is missing in the first session of EV {label} inside the horizon",
                "give e_arrival_mwh or soc_arrival_percent",
            )
        )
    plugged = np.concatenate([stay.periods for stay in stays]) if stays else np.empty(0, dtype=int)
    if horizon.cyclic and len(np.unique(plugged)) < len(plugged):
        faults.append(
            Fault(
                "ev_session",
                "departure_h",
                tuple(stay.session for stay in stays),
                f"EV {label}",
                "has sessions that overlap when hours go on modulo the horizon",
                "let one end before the next begins",
            )
        )
    return faults
