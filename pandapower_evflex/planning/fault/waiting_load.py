"""What is without supply once a fault is isolated, and what sets of ties bring back of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.planning.fault.isolation import SOURCE, Isolation
from pandapower_evflex.planning.fault.restoration import Restoration
from pandapower_evflex.planning.fault.supply_graph import bus_labels
from pandapower_evflex.planning.fault.tie_sets import ties_needed

#: decimals of MWh and MW to which states are compared
SAME_DIGITS = 7


class WaitingLoad:
    """Load that waits once a fault is isolated, section by section."""

    def __init__(self, isolation: Isolation, load_mw: pd.Series, repair_h: float) -> None:
        self.isolation, self.load, self.repair_h = isolation, load_mw, repair_h
        self.section_mw = {own: self._load_at(buses) for own, buses in isolation.lost_buses.items()}
        self.lost_mw = self._load_at(bus_labels(isolation.lost))
        self.island_mw: dict[int, float] = {}
        for own, island in isolation.island_of.items():
            if island != SOURCE:
                self.island_mw[island] = self.island_mw.get(island, 0.0) + self.section_mw[own]

    def _load_at(self, buses: Iterable[Any]) -> float:
        return float(self.load.reindex(list(buses)).sum())

    @property
    def islands(self) -> set[int]:
        """Islands with load that only ties bring back."""
        return {island for island, mw in self.island_mw.items() if mw > 0.0}

    def outlook(self, ties: tuple[Any, ...]) -> tuple[float, float, int, tuple[Any, ...]]:
        """What a set leaves unserved before anything is shed: dark MW (0 where the repair time is known), MWh."""
        back = self._hours(ties)
        dark = self.lost_mw - sum(self.section_mw[own] for own in back)
        energy = sum(self.section_mw[own] * hours for own, hours in back.items() if hours == hours)
        known = not np.isnan(self.repair_h)
        dark_mwh = dark * self.repair_h if known else 0.0
        n_switchings = len(ties) + (self.isolation.split is not None)
        return 0.0 if known else round(dark, SAME_DIGITS), round(energy + dark_mwh, SAME_DIGITS), n_switchings, ties

    def dark_islands_mw(self, ties: tuple[Any, ...]) -> float:
        """Load outside the zone that a set leaves dark."""
        back = self.isolation.hours_back(ties)
        return sum(mw for own, mw in self.section_mw.items() if own not in back)

    def _hours(self, ties: Iterable[Any]) -> dict[int, float]:
        """Hours until a section is back; nothing waits beyond the repair."""
        back = self.isolation.hours_back(ties)
        if np.isnan(self.repair_h):
            return back
        return {own: float(np.minimum(hours, self.repair_h)) for own, hours in back.items()}

    def state(self, ties: tuple[Any, ...]) -> Restoration:
        isolation = self.isolation
        back = self._hours(ties)
        hours = {bus: own_h for own, own_h in back.items() for bus in isolation.lost_buses[own]}
        interrupted = () if isolation.outage.planned else tuple(sorted(hours))
        dark = tuple(bus for bus in bus_labels(isolation.lost) if bus not in hours)
        return Restoration(
            outage=isolation.outage,
            switches_tripped=tuple(sorted(isolation.tripped)),
            switches_opened=isolation.opened if isolation.split is None else (*isolation.opened, isolation.split),
            switches_closed=ties,
            zone=tuple(sorted(isolation.zone)),
            dark_buses=dark,
            interrupted_buses=interrupted,
            hours_back=tuple(hours[bus] for bus in interrupted),
            dark_mw=self._load_at(dark),
            interrupted_mw=self._load_at(interrupted),
            without_switch=not isolation.supply.sources.isdisjoint(isolation.zone),
            without_breaker=isolation.trips_source,
            split=isolation.split,
        )

    def one_tie_more_mw(self, max_ties: int) -> float:
        """Load that one tie more in a row would bring back."""
        needed = max_ties + 1
        return sum(mw for island, mw in self.island_mw.items() if ties_needed(self.isolation.ties, island) == needed)
