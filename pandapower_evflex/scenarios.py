"""What may happen in a period: rows that solvers, checks and results go over.

A block of a problem is one row in one period. What is activated, for how long and under which profiles are columns, so
that a forecast or a held activation is a further row and not a further name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

#: directions of flexibility, and the sign with which a kW of load counts: upward is more load
DIRECTIONS = {"up": 1.0, "down": -1.0}


@dataclass(frozen=True)
class Scenario:
    """One row.

    Parameters
    ----------
    name : str          key in results
    activation : str    load of the elements that is drawn: "up", "down", or "base" where nothing is activated
    forecast : str      profiles that hold, "" for those that were given
    held : int          periods for which the activation lasts
    """

    name: str
    activation: str
    forecast: str = ""
    held: int = 1


UP, BASE, DOWN = (Scenario(name, name) for name in ("up", "base", "down"))
#: from the highest load to the lowest
SCENARIOS = (UP, BASE, DOWN)


def rows_of(names: Iterable[str]) -> tuple[Scenario, ...]:
    """The rows asked for, each once."""
    known = {scenario.name: scenario for scenario in SCENARIOS}
    return tuple(known[name] for name in dict.fromkeys(names))
