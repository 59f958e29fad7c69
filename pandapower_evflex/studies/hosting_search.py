"""Which numbers of cars hold: a scan, and bisection."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.opf import read
from pandapower_evflex.opf.options import Options
from pandapower_evflex.opf.uncontrolled import charging_at_arrival
from pandapower_evflex.studies.answer import (
    Scheduled,
    band_of,
    band_percent,
    keeps_limits,
    most_broken,
    schedule_of,
    state_at,
    without_warnings,
)
from pandapower_evflex.studies.fleet import Fleet
from pandapower_evflex.studies.net_day import NetDay, run_options

UNCONTROLLED, SCHEDULED, ANY_SEQUENCE = OPERATIONS = ("uncontrolled", "scheduled", "any_sequence")
#: what breaks, as columns
BREAKS = ("element_type", "element", "quantity", "period")


@dataclass(frozen=True)
class Search:
    """Scan and bisection for one seed."""

    net_day: NetDay
    operation: str
    shares: Sequence[float]
    min_band_percent: float
    options: Mapping[str, Any]

    def of(self, seed: int) -> tuple[dict[str, Any], pd.DataFrame]:
        """The row of a seed and all that was tried, by number of cars."""
        with without_warnings():
            return self._of(seed)

    def _of(self, seed: int) -> tuple[dict[str, Any], pd.DataFrame]:
        fleet, n = self.net_day.fleet(seed), len(self.net_day.households)
        tried: dict[int, Any] = {}

        def holds(number: int) -> bool:
            if number not in tried:
                tried[number] = self._holds(fleet, number / n)
            return tried[number] is True

        scanned = sorted({self.net_day.households.n_cars(share) for share in self.shares})
        first, last, broken = capacity(scanned, holds)
        row = {
            "seed": seed,
            "share": np.nan if last is None else last / n,
            "n_evs": pd.NA if last is None else last,
            "from_share": np.nan if first is None else first / n,
            "next_share": np.nan if broken is None else broken / n,
            **self._breaks(fleet, broken),
        }
        scan = pd.DataFrame(
            {"seed": seed, "share": np.array(sorted(tried)) / n, "n_evs": sorted(tried),
             "holds": pd.array([tried[number] for number in sorted(tried)], dtype="boolean")}
        )  # fmt: skip
        return row, scan

    def _breaks(self, fleet: Fleet, n_cars: int | None) -> dict[str, Any]:
        """What uncontrolled charging of so many cars breaks most."""
        broken: dict[str, Any] = {}
        if n_cars is not None:
            study = self.net_day.with_cars(fleet, n_cars / len(self.net_day.households))
            broken = most_broken(study.case, self._at_arrival(study))
        missing = {"element_type": "", "element": pd.NA, "quantity": "", "period": pd.NA}
        return {f"breaks_{name}": broken.get(f"breaks_{name}", missing[name]) for name in BREAKS}

    def _at_arrival(self, study: read.Study) -> Any:
        return state_at(study.case, self.net_day.flow, charging_at_arrival(study.case, "needed", None))

    def _holds(self, fleet: Fleet, share: float) -> Any:
        """True, False, or NA where a solver stopped before it knew."""
        study = self.net_day.with_cars(fleet, share)
        if keeps_limits(study.case, self._at_arrival(study)):
            return True if self.operation != ANY_SEQUENCE else self._has_band(study)
        if self.operation == UNCONTROLLED:
            return False
        found = schedule_of(study, self.net_day.flow, self._strict)
        if found.schedule is None:
            return False if found.is_known else pd.NA
        return True if self.operation == SCHEDULED else self._has_band(study)

    def _has_band(self, study: read.Study) -> Any:
        flow = self.net_day.flow
        band = band_of(Scheduled("", "", None, {}, study), flow, self._strict)
        if band.schedule is None:
            return False if band.is_known else pd.NA
        return bool(band.proved and band_percent(band.study.case, band.schedule) >= self.min_band_percent)

    @property
    def _strict(self) -> Options:
        return replace(run_options(self.options), on_infeasible="raise", unreachable="reduce", tie_break=None)


def capacity(numbers: Sequence[int], holds: Callable[[int], bool]) -> tuple[int | None, int | None, int | None]:
    """First and last number of the first run of numbers that hold, and the number after it, which does not.

    Bisection narrows the last two down to neighbours; (None, None, None) where none holds, and no third where all do.
    """
    held = [holds(number) for number in numbers]
    if not any(held):
        return None, None, None
    start = held.index(True)
    end = next((place for place in range(start, len(held)) if not held[place]), None)
    if end is None:
        return numbers[start], numbers[-1], None
    last, broken = numbers[end - 1], numbers[end]
    while broken - last > 1:
        middle = (last + broken) // 2
        last, broken = (middle, broken) if holds(middle) else (last, middle)
    return numbers[start], last, broken
