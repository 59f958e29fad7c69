"""Congestion windows: runs of periods in which a limit breaks, and those that must be relieved together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.planning.congestion.overload import Overload
from pandapower_evflex.planning.days import DayType


@dataclass(frozen=True)
class Window:
    """Consecutive periods of one day type; across midnight they go on at its start.

    Parameters
    ----------
    day : DayType
    first, n_periods : int    within the day
    """

    day: DayType
    first: int
    n_periods: int

    @property
    def cases(self) -> IntArray:
        """Numbers of its periods among those of all days [n_periods]."""
        return self.day.first + (self.first + np.arange(self.n_periods)) % self.day.n_periods

    @property
    def hours(self) -> tuple[float, float]:
        return self.day.hours(self.first, self.n_periods)

    @property
    def duration_h(self) -> float:
        return self.n_periods * self.day.period_h

    @property
    def never_ends(self) -> bool:
        """Whether it is all of a whole day."""
        return self.day.is_whole and self.n_periods == self.day.n_periods


def runs(day: DayType, broken: BoolArray) -> list[Window]:
    """Windows of a day [n_period of the day]; one that reaches midnight goes on after it where the day is whole."""
    if broken.all():
        return [Window(day, 0, len(broken))]
    edges = np.diff(np.concatenate([[0], broken.astype(np.int8), [0]]))
    starts, ends = np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist()
    if len(starts) > 1 and starts[0] == 0 and ends[-1] == len(broken) and day.is_whole:
        ends[-1] += ends.pop(0)
        starts.pop(0)
    return [Window(day, start, end - start) for start, end in zip(starts, ends, strict=True)]


@dataclass(frozen=True)
class Congestion:
    """A window, and the overloads that fall into it."""

    window: Window
    overloads: tuple[Overload, ...]

    @property
    def single(self) -> Overload | None:
        """The only overload, if one branch alone feeds all that must be relieved."""
        return self.overloads[0] if len(self.overloads) == 1 and self.overloads[0].is_radial else None

    def missing_mw(self, overload: Overload) -> FloatArray:
        """[n_periods of the window]"""
        return overload.missing_mw[self.window.cases]

    @property
    def limits(self) -> tuple[FloatArray, FloatArray]:
        """What each overload misses [n_limit, n_periods], and what of a MW at a bus counts [.., n_row]."""
        cases = self.window.cases
        missing = np.array([own.missing_mw[cases] for own in self.overloads])
        return missing, np.array([own.effect[cases] for own in self.overloads])


def congestions(days: tuple[DayType, ...], overloads: list[Overload]) -> list[Congestion]:
    """Windows in which anything is overloaded, per day type."""
    found = []
    for day in days:
        missing = [overload.missing_mw[day.periods] > 0.0 for overload in overloads]
        broken = np.any(missing, axis=0) if missing else np.zeros(day.n_periods, dtype=bool)
        if not broken.any():
            continue
        for window in runs(day, broken):
            inside = [own for own in overloads if own.missing_mw[window.cases].any()]
            found.append(Congestion(window, tuple(inside)))
    return found
