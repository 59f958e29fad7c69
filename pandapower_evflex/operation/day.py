"""A day that goes on period by period: who is there with how much energy, the plan in force, and what has happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.elements.ev_stays import Stay
from pandapower_evflex.operation.expected_stays import Known
from pandapower_evflex.operation.grant import grant
from pandapower_evflex.operation.planner import UNCHANGED, Plan, Planner, with_needs_as_asked
from pandapower_evflex.opf.read import Study
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.scenarios import DIRECTIONS


@dataclass(frozen=True)
class Call:
    """A call as it went: position of the period, powers in MW, and why less was granted than asked for."""

    period: int
    direction: str
    asked_mw: float
    granted_mw: float
    message: str


class Day:
    """The state of a day.

    Parameters
    ----------
    truth : Study       what really happens
    plan : Study        what was expected ahead
    planner : Planner
    """

    def __init__(self, truth: Study, plan: Study, planner: Planner) -> None:
        self.truth, self.planned, self.real = truth, with_needs_as_asked(plan), with_needs_as_asked(truth)
        self._planner, self._flow = planner, BatchedPowerFlow(truth.case.grid)
        self.n_periods, n_ev = truth.case.horizon.n_periods, len(truth.case.evs.index)
        self.plan: Plan | None = None
        self.here: list[Stay | None] = []
        self._energy = np.full(n_ev, np.nan)
        self._over: set[Any] = set()
        shape = (self.n_periods, n_ev)
        self.p_planned, self.p, self.e = np.zeros(shape), np.zeros(shape), np.full(shape, np.nan)
        self.flex = {direction: np.zeros(shape) for direction in DIRECTIONS}
        self.log: list[dict[str, Any]] = [{} for _ in range(self.n_periods)]
        self.calls: list[Call] = []
        self.held_back: dict[Any, str] = {}

    def begin(self, period: int) -> None:
        """Who is there now, and what those bring who have just come; who follows a trip brings what it left."""
        self.here = [next((stay for stay in own if period in stay.periods), None) for own in self.real]
        for ev, stay in enumerate(self.here):
            if stay is not None and period == stay.periods[0] and not stay.is_coupled:
                self._energy[ev] = stay.e_arrival

    def is_surprised(self, period: int) -> bool:
        """Whether an EV is there otherwise than the plan expects it."""
        if self.plan is None or self.plan.schedule is None:
            return False
        plugged = self.plan.plugged[period - self.plan.first]
        for ev, stay in enumerate(self.here):
            if stay is not None and not plugged[ev]:
                return True
            if stay is not None and stay.periods[0] == period and _differs(stay, self.plan.arrival(ev, period)):
                return True
        return False

    def renew(self, period: int) -> None:
        """The plan for the rest of the day from what is known now; where none is found, the one before stands."""
        known = Known(period, self.here, self._energy.copy(), self._over)
        found = self._planner.renewed(known, self.plan)
        message = found.message
        self.held_back |= found.short
        if found.schedule is not None or self.plan is None:
            self.plan = found
        else:
            message = f"{message}; the plan before stands"
        self.log[period] = {"status": found.status, "message": message}

    def live(self, period: int, call: tuple[str, float] | None) -> None:
        """Charge one period: as planned, as called, and as far as the EVs that are there can take it."""
        is_here = np.array([stay is not None for stay in self.here], dtype=bool)
        plan = self.plan
        if plan is not None and plan.schedule is not None:
            at, schedule = period - plan.first, plan.schedule
            self.p_planned[period] = np.where(is_here, schedule.p[at], 0.0)
            for direction, flex in self.flex.items():
                flex[period] = np.where(is_here, schedule.flex(direction)[at], 0.0)
        controllable = self.truth.case.evs.controllable
        self.p_planned[period] = np.where(controllable, self.p_planned[period], self.truth.case.evs.fixed_p[period])
        wanted = self.p_planned[period].copy()
        if call is not None:
            wanted += self._called(period, is_here, *call)
        for ev, stay in enumerate(self.here):
            if stay is not None:
                self._charge(period, ev, stay, wanted[ev])
        self._leave(period)
        self.log[period] |= {
            "planned_mw": self.p_planned[period].sum(),
            "p_up_mw": self.flex["up"][period].sum(),
            "p_down_mw": self.flex["down"][period].sum(),
            "called_mw": (wanted - self.p_planned[period]).sum(),
            "charged_mw": self.p[period].sum(),
            "n_plugged": int(is_here.sum()),
        }

    def _called(self, period: int, is_here: BoolArray, direction: str, amount: float) -> FloatArray:
        """What the EVs that are there give, whatever the plan expected."""
        plan, asked = self.plan, None if np.isnan(amount) else amount
        if plan is None or plan.schedule is None or not is_here.any():
            why = "no EV is plugged in" if not is_here.any() else "no plan to call from"
            self.calls.append(Call(period, direction, 0.0 if asked is None else asked, 0.0, why))
            return np.zeros(len(is_here))
        at = period - plan.first
        got = grant(plan.case, self._flow, plan.schedule, at, direction, asked, is_here)
        given = float(got.given.sum())
        self.calls.append(Call(period, direction, got.asked_mw, given, "; ".join(got.notes) or "as asked"))
        return DIRECTIONS[direction] * got.given

    def _charge(self, period: int, ev: int, stay: Stay, wanted: float) -> None:
        room = max(stay.e_max - self._energy[ev], 0.0) / stay.energy_per_p
        self.p[period, ev] = min(max(wanted, 0.0), stay.p_max, room)
        self._energy[ev] += stay.energy_per_p * self.p[period, ev]
        self.e[period, ev] = self._energy[ev]

    def _leave(self, period: int) -> None:
        for ev, own in enumerate(self.real):
            for stay in own:
                if stay.periods[-1] == period:
                    self._over.add(stay.session)
                    self._energy[ev] = max(self._energy[ev] - stay.trip, 0.0)


def _differs(stay: Stay, expected: Stay | None) -> bool:
    """Whether an EV comes otherwise than expected."""
    if expected is None or stay.session != expected.session or stay.is_coupled != expected.is_coupled:
        return True
    names = ("e_need", "e_max", "p_max", *(() if stay.is_coupled else ("e_arrival",)))
    return any(abs(getattr(stay, name) - getattr(expected, name)) > UNCHANGED for name in names)
