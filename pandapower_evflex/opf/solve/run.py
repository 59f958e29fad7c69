"""What travels together through the solve of a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.options import Options
from pandapower_evflex.opf.progress import Progress
from pandapower_evflex.opf.solve.budget import Budget
from pandapower_evflex.opf.solve.known_limits import KnownLimits
from pandapower_evflex.opf.solve.screening import NeededBlocks
from pandapower_evflex.opf.stopwatch import Stopwatch
from pandapower_evflex.opf.verify import GridState
from pandapower_evflex.powerflow.batched import BatchedPowerFlow


@dataclass(frozen=True, kw_only=True)
class Run:
    """A case on its way to a solution.

    Parameters
    ----------
    case : Case
    flow : BatchedPowerFlow       of its grid
    least : {forecast: GridState}    with every unit at its least load
    needed : NeededBlocks         grows while methods find limits that bind
    options : Options
    budget : Budget               how far the run may go
    bar : Progress
    clock : Stopwatch
    known : KnownLimits           grows too
    """

    case: Case
    flow: BatchedPowerFlow
    least: Mapping[Any, GridState]
    needed: NeededBlocks
    options: Options
    budget: Budget
    bar: Progress
    clock: Stopwatch
    known: KnownLimits = field(default_factory=KnownLimits)
