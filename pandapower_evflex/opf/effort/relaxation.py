"""Limits that the grid breaks without controllable EVs stand at the value they have there; the cars that would worsen
them wait."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, FloatArray, ObjectArray
from pandapower_evflex.case.limits import Limits, Relaxed
from pandapower_evflex.elements.ev_stays import Stay
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.precheck.curable import broken_limits
from pandapower_evflex.opf.report.results import RELAXED_COLUMNS
from pandapower_evflex.opf.verify import grid_state, violations_of
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.powerflow.sensitivities import OVERLOAD, UNDERVOLTAGE

#: relative; a limit that a schedule can exceed by no more needs no row in a solver
EXCEEDED = 1e-9


@dataclass(frozen=True)
class Relaxation:
    """Limits that are relaxed, and EVs that wait.

    Parameters
    ----------
    kept : Limits                       what schedules keep now
    is_relaxed : {"vm_min", "vm_max", "end": bool}    where that is not the limit of the net
    waits : object [n_period, n_ev]     elements because of which an EV draws its least power, "" where it is free
    """

    kept: Limits
    is_relaxed: dict[str, BoolArray]
    waits: ObjectArray

    def holding(self, stays: list[list[Stay]]) -> list[list[Stay]]:
        """The stays with the periods in which their EV waits."""
        held = self.waits != ""
        return [
            [replace(stay, held=tuple(np.flatnonzero(held[stay.periods, stay.ev]).tolist())) for stay in own]
            for own in stays
        ]

    def frame(self, case: Case) -> pd.DataFrame:
        """As `FlexibilityOpfResult.relaxed`; ``case`` has the limits of the net."""
        grid, ends, rows = case.grid, case.grid.ends, []
        for bound, name, label in (("min", "vm_min", grid.vm_min_bus), ("max", "vm_max", grid.vm_max_bus)):
            limit, allowed = getattr(case.limits, name), getattr(self.kept, name)
            for t, i in zip(*np.nonzero(self.is_relaxed[name]), strict=True):
                rows.append((int(t), "bus", int(label[i]), "vm_pu", bound, "", limit[t, i], allowed[t, i]))
        for t, i in zip(*np.nonzero(self.is_relaxed["end"]), strict=True):
            place = (ends.element_type[i], int(ends.element[i]), "loading_percent", "max", ends.side[i])
            rows.append((int(t), *place, 100.0 * case.limits.end[t, i], 100.0 * self.kept.end[t, i]))
        return pd.DataFrame(rows, columns=RELAXED_COLUMNS).sort_values("period", kind="stable", ignore_index=True)


def least_loads(case: Case) -> FloatArray:
    """[n_period, n_ev], the least power of every plugged EV."""
    p = case.evs.fixed_p.copy()
    p[case.evs.slots.period, case.evs.slots.ev] = case.evs.slots.p_min
    return p


def relax(case: Case, flow: BatchedPowerFlow, given_up: Collection[tuple[int, int, int]] = ()) -> Relaxation:
    """What the grid breaks with every EV at its least load.

    Parameters
    ----------
    given_up : of (period, kind, position)    limits that charging might cure, but not beside the others
    """
    state = grid_state(case, flow, least_loads(case))
    violations = violations_of(case.limits, state)
    kept = Limits(*(getattr(case.limits, name).copy() for name in ("vm_min", "vm_max", "end")))
    is_relaxed = {name: np.zeros(getattr(kept, name).shape, dtype=bool) for name in ("vm_min", "vm_max", "end")}
    waits = np.full(case.evs.fixed_p.shape, "", dtype=object)
    for t in np.flatnonzero(violations.blocks(0.0)).tolist():
        broken = broken_limits(case, flow, state, violations, t, tolerance=0.0)
        for number, curable in enumerate(broken.curable.tolist()):
            kind, i = int(broken.rows.kind[number]), int(broken.rows.position[number])
            if curable and (t, kind, i) not in given_up:
                continue
            name = "end" if kind == OVERLOAD else "vm_min" if kind == UNDERVOLTAGE else "vm_max"
            getattr(kept, name)[t, i] = (state.loading if kind == OVERLOAD else state.vm)[t, i]
            is_relaxed[name][t, i] = True
            _let_wait(waits[t], broken.evs[broken.worsened[number]], _element(case, kind, i))
    return Relaxation(kept, is_relaxed, waits)


def _let_wait(waits: ObjectArray, evs: Any, element: str) -> None:
    for ev in evs.tolist():
        named = waits[ev].split(", ") if waits[ev] else []
        waits[ev] = ", ".join(dict.fromkeys([*named, element]))


def _element(case: Case, kind: int, position: int) -> str:
    grid = case.grid
    if kind == OVERLOAD:
        return f"{grid.ends.element_type[position]} {grid.ends.element[position]}"
    return f"bus {(grid.vm_min_bus if kind == UNDERVOLTAGE else grid.vm_max_bus)[position]}"


def with_relaxed_limits(case: Case, flow: BatchedPowerFlow, relaxation: Relaxation) -> Case:
    """The case, whose EVs wait already, under the relaxed limits.

    A relaxed limit that the EVs left cannot exceed, all of them at full power, is hidden from solvers: at its value
    without EVs it would leave them without an interior.
    """
    kept = relaxation.kept
    full = case.evs.fixed_p.copy()
    full[case.evs.slots.period, case.evs.slots.ev] = case.evs.slots.p_max
    exceeded = violations_of(kept, grid_state(case, flow, full))
    seen = {}
    for name, by, none in (
        ("vm_min", exceeded.under, -np.inf), ("vm_max", exceeded.over, np.inf), ("end", exceeded.overload, np.inf),
    ):  # fmt: skip
        hidden = relaxation.is_relaxed[name] & ~(by > EXCEEDED)
        seen[name] = np.where(hidden, none, getattr(kept, name))
    return replace(case, relaxed=Relaxed(kept, Limits(**seen)))
