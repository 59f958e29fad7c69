"""What solves of a case have found out about its limits: which come near, and how they bend."""

from __future__ import annotations

from dataclasses import dataclass, field

from pandapower_evflex.opf.solve.limit_curvature import Modes
from pandapower_evflex.scenarios import Scenario

#: a row: scenario, period, kind of limit, position
Place = tuple[Scenario, int, int, int]


@dataclass(frozen=True)
class KnownLimits:
    """Grows while solves of one case meet limits, so that the next one begins with them.

    Parameters
    ----------
    places : dict of Place         in the order in which they were met; values mean nothing
    modes : {(activation, kind, position): Modes}
    """

    places: dict[Place, None] = field(default_factory=dict)
    modes: dict[tuple[str, int, int], Modes] = field(default_factory=dict)
