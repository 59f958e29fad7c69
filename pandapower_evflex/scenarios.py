"""What may happen in a period: rows that solvers, checks and results go over.

A block of a problem is one row in one period. What is activated, for how long and under which profiles are columns, so
that a forecast or a held activation is a further row and not a further name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

#: directions of flexibility, and the sign with which a kW of load counts: upward is more load
DIRECTIONS = {"up": 1.0, "down": -1.0}


@dataclass(frozen=True)
class Scenario:
    """One row.

    Parameters
    ----------
    name : str          key in results
    activation : str    load of the elements that is drawn: "up", "down", or "base" where nothing is activated
    forecast : label    profiles that hold, "" where there is one set of them
    held : int          periods for which the activation lasts
    since : int         periods since it began
    """

    name: str
    activation: str
    forecast: Any = ""
    held: int = 1
    since: int = 0

    @property
    def load(self) -> str:
        """Which of the loads of a `Chain` are drawn."""
        return f"{self.activation}+{self.since}" if self.since else self.activation

    @property
    def key(self) -> Any:
        """Key in results: with the forecast where there are several."""
        return self.name if self.forecast == "" else (self.name, self.forecast)

    def __str__(self) -> str:
        return self.name if self.forecast == "" else f"{self.name}, forecast {self.forecast}"

    def start(self, period: int, n_periods: int) -> int:
        """Period in which the activation of a period began; cyclic days wrap."""
        return (period - self.since) % n_periods


UP, BASE, DOWN = (Scenario(name, name) for name in ("up", "base", "down"))
#: from the highest load to the lowest
SCENARIOS = (UP, BASE, DOWN)


def rows_of(names: Iterable[str], held: int = 1, forecasts: Iterable[Any] = ("",)) -> tuple[Scenario, ...]:
    """The rows asked for, each once; an activation that is held has a row for every period that it may be in."""
    return in_forecasts(_rows_of_one(names, held), forecasts)


def in_forecasts(rows: Iterable[Scenario], forecasts: Iterable[Any]) -> tuple[Scenario, ...]:
    """The rows under every forecast."""
    rows = tuple(rows)
    return tuple(replace(row, forecast=forecast) for forecast in forecasts for row in rows)


def _rows_of_one(names: Iterable[str], held: int) -> tuple[Scenario, ...]:
    known = {scenario.name: scenario for scenario in SCENARIOS}
    return tuple(
        replace(known[name], held=held, since=since) if name in DIRECTIONS else known[name]
        for name in dict.fromkeys(names)
        for since in range(held if name in DIRECTIONS else 1)
    )


def from_highest(rows: Iterable[Scenario]) -> tuple[Scenario, ...]:
    """From the highest load to the lowest."""
    return tuple(sorted(rows, key=lambda row: -DIRECTIONS.get(row.activation, 0.0)))
