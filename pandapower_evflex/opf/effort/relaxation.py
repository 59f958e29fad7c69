"""Limits that the grid breaks without controllable EVs stand at the value they have there; the cars that would worsen
them wait."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray, ObjectArray
from pandapower_evflex.elements.ev_stays import Stay
from pandapower_evflex.limits import LIMITS
from pandapower_evflex.limits.by_period import ByLimit, Relaxed
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.precheck.curable import broken_limits
from pandapower_evflex.opf.report.results import RELAXED_COLUMNS
from pandapower_evflex.opf.verify import grid_state
from pandapower_evflex.powerflow.batched import BatchedPowerFlow

#: relative excess up to which a limit needs no row in a solver
EXCEEDED = 1e-9


@dataclass(frozen=True)
class Relaxation:
    """Limits that are relaxed, and EVs that wait.

    Parameters
    ----------
    kept : ByLimit                      what schedules keep now
    is_relaxed : ByLimit of bool        where that is not the limit of the net
    waits : object [n_period, n_ev]     elements because of which an EV draws its least power, "" where it is free
    """

    kept: ByLimit
    is_relaxed: ByLimit
    waits: ObjectArray

    def holding(self, stays: list[list[Stay]]) -> list[list[Stay]]:
        """The stays with the periods in which their EV waits."""
        held = self.waits != ""
        return [
            [replace(stay, held=tuple(np.flatnonzero(held[stay.periods, stay.ev]).tolist())) for stay in own]
            for own in stays
        ]

    def frame(self, case: Case) -> pd.DataFrame:
        """The frame `FlexibilityOpfResult.relaxed`; ``case`` has the limits of the net."""
        rows = []
        for limit in LIMITS:
            for t, position in zip(*np.nonzero(self.is_relaxed[limit]), strict=True):
                place = limit.place(case.grid, position)
                of_element = (place.element_type, place.element, limit.quantity, limit.bound, place.side)
                values = [limit.per_unit * table[limit][t, position] for table in (case.limits, self.kept)]
                rows.append((int(t), *of_element, *values))
        return pd.DataFrame(rows, columns=RELAXED_COLUMNS).sort_values("period", kind="stable", ignore_index=True)


def least_loads(case: Case) -> FloatArray:
    """[n_period, n_unit], with `min_p_mw` of every plugged EV."""
    p = case.chain.least
    p[case.evs.slots.period, case.evs.slots.ev] = case.evs.slots.p_min
    return p


def relax(case: Case, flow: BatchedPowerFlow, given_up: Collection[tuple[int, int, int]] = ()) -> Relaxation:
    """What the grid breaks with every EV at its least load.

    Parameters
    ----------
    given_up : of (period, kind, position)    limits that charging might cure, but not beside the others
    """
    state = grid_state(case, flow, least_loads(case))
    excess = state.excess(case.limits)
    kept = case.limits.map(lambda _, table: table.copy())
    is_relaxed = kept.map(lambda _, table: np.zeros(table.shape, dtype=bool))
    waits = np.full(case.evs.fixed_p.shape, "", dtype=object)
    for t in np.flatnonzero(excess.exceeds(0.0)).tolist():
        broken = broken_limits(case, flow, state, excess, t, tolerance=0.0)
        for number, curable in enumerate(broken.curable.tolist()):
            kind, i = int(broken.rows.kind[number]), int(broken.rows.position[number])
            if curable and (t, kind, i) not in given_up:
                continue
            kept.tables[kind][t, i] = state.values.tables[kind][t, i]
            is_relaxed.tables[kind][t, i] = True
            element = str(LIMITS[kind].place(case.grid, i))
            _let_wait(waits[t], broken.evs[broken.worsened[number]], element)
    return Relaxation(kept, is_relaxed, waits)


def _let_wait(waits: ObjectArray, evs: Any, element: str) -> None:
    for ev in evs.tolist():
        named = waits[ev].split(", ") if waits[ev] else []
        waits[ev] = ", ".join(dict.fromkeys([*named, element]))


def with_relaxed_limits(case: Case, flow: BatchedPowerFlow, relaxation: Relaxation) -> Case:
    """The case, whose EVs wait already, under the relaxed limits.

    A relaxed limit that the EVs left cannot exceed, all of them at full power, is hidden from solvers: at its value
    without EVs it would leave them without an interior.
    """
    kept = relaxation.kept
    exceeded = grid_state(case, flow, case.chain.greatest).excess(kept)
    seen = kept.map(
        lambda limit, table, is_relaxed, excess: np.where(is_relaxed & ~(excess > EXCEEDED), limit.none, table),
        relaxation.is_relaxed,
        exceeded,
    )
    return replace(case, relaxed=Relaxed(kept, seen))
