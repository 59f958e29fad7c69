"""What the grid allows: one record per kind of limit, and loops over them everywhere else."""

from __future__ import annotations

from pandapower_evflex.limits.limit import Limit
from pandapower_evflex.limits.loading import LOADING
from pandapower_evflex.limits.voltage import OVERVOLTAGE, UNDERVOLTAGE

#: every kind of limit; its position is its number in `LimitRows`
LIMITS: list[Limit] = [UNDERVOLTAGE, OVERVOLTAGE, LOADING]

__all__ = ["LIMITS", "LOADING", "OVERVOLTAGE", "UNDERVOLTAGE", "Limit"]
