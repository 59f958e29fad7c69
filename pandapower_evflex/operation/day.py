"""A day that goes on period by period: who is there with how much energy, the plan in force, and what has happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.elements.ev_stays import Stay
from pandapower_evflex.elements.part import Part
from pandapower_evflex.operation.aftermath import aftermath_of_all
from pandapower_evflex.operation.expected_stays import Known
from pandapower_evflex.operation.grant import grant, reactive_while_called
from pandapower_evflex.operation.planner import UNCHANGED, Plan, Planner, with_needs_as_asked
from pandapower_evflex.operation.stores import Stores
from pandapower_evflex.opf.read import Study
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.scenarios import DIRECTIONS

AS_ASKED = "as asked"
#: MW up to which a call came as it was granted
NOTICED = 1e-6


@dataclass(frozen=True)
class Call:
    """A call as it went: position of the period, powers in MW, and why less was granted than asked for."""

    period: int
    direction: str
    asked_mw: float
    granted_mw: float
    message: str


class Day:
    """The state of a day; units are those of the case, EVs first, and those without energies last.

    Parameters
    ----------
    truth : Study       what really happens
    plan : Study        what was expected ahead
    planner : Planner
    """

    def __init__(self, truth: Study, plan: Study, planner: Planner) -> None:
        self.truth, self.planned = truth, with_needs_as_asked(plan)
        self._planner, self._flow = planner, BatchedPowerFlow(truth.case.grid)
        self._stores, self._evs = Stores.of(truth), truth.case.evs
        self.real = self._stores.stays
        self.n_periods, n_unit = truth.case.chain.fixed_p.shape
        self.plan: Plan | None = None
        self.here: list[Stay | None] = []
        self._energy = np.full(n_unit, np.nan)
        self._over: set[Any] = set()
        self._after_call: Callable[[], Plan] | None = None
        shape = (self.n_periods, n_unit)
        self.p_planned, self.p, self.e = np.zeros(shape), np.zeros(shape), np.full(shape, np.nan)
        self.q, self.called = np.zeros(shape), np.zeros(shape)
        self.flex = {direction: np.zeros(shape) for direction in DIRECTIONS}
        self.log: list[dict[str, Any]] = [{} for _ in range(self.n_periods)]
        self.calls: list[Call] = []
        self.held_back: dict[Any, str] = {}

    def begin(self, period: int) -> None:
        """Who is there now, and what those bring who have just come; who follows a trip brings what it left."""
        self.here = [next((stay for stay in own if period in stay.periods), None) for own in self.real]
        for unit, stay in enumerate(self.here):
            if stay is not None and period == stay.periods[0] and not stay.is_coupled:
                self._energy[unit] = stay.e_arrival

    def is_surprised(self, period: int) -> bool:
        """Whether an EV is there otherwise than the plan expects it."""
        if self.plan is None or self.plan.schedule is None:
            return False
        plugged = self.plan.plugged[period - self.plan.first]
        for ev, stay in enumerate(self.here[: len(plugged)]):
            if stay is not None and not plugged[ev]:
                return True
            if stay is not None and stay.periods[0] == period and _differs(stay, self.plan.arrival(ev, period)):
                return True
        return False

    def renew(self, period: int) -> None:
        """The plan for the rest of the day from what is known now.

        Where none is found, the one before stands; after a call it makes up what the call moved.
        """
        known = Known(period, self.here, self._energy.copy(), self._over)
        found = self._planner.renewed(known, self.plan)
        message = found.message
        self.held_back |= found.short
        if found.schedule is not None or self.plan is None:
            self.plan = found
        else:
            self.plan = self.plan if self._after_call is None else self._after_call()
            message = f"{message}; the plan before stands"
        self._after_call = None
        self.log[period] = {"status": found.status, "message": message}

    def live(self, period: int, call: tuple[str, float] | None) -> None:
        """One period as planned, as called, and as far as the units that are there can."""
        is_here = np.ones(self.p.shape[1], dtype=bool)
        is_here[: len(self.here)] = [stay is not None for stay in self.here]
        plan, wanted = self.plan, self.truth.case.uncontrolled[period]
        if plan is not None and plan.schedule is not None:
            at, schedule = period - plan.first, plan.schedule
            wanted = np.where(is_here, schedule.p[at], 0.0)
            for direction, flex in self.flex.items():
                flex[period] = np.where(is_here, schedule.flex(direction)[at], 0.0)
        fixed = ~self._evs.controllable
        wanted[: len(fixed)][fixed] = self._evs.fixed_p[period][fixed]
        self.p_planned[period] = wanted
        if call is not None:
            self.called[period] = self._called(period, is_here, *call)
        wanted = wanted + self.called[period]
        for unit, stay in enumerate(self.here):
            if stay is not None:
                self._live_on(period, unit, stay, wanted[unit])
        self._realise_others(period, wanted)
        if call is not None:
            self._see_what_came(period, call[0])
        self._leave(period)
        self.log[period] |= {"n_plugged": int(is_here[: len(fixed)].sum())}

    def _called(self, period: int, is_here: BoolArray, direction: str, amount: float) -> FloatArray:
        """What the units that are there give, whatever the plan expected."""
        plan, asked = self.plan, None if np.isnan(amount) else amount
        if plan is None or plan.schedule is None or not is_here.any():
            why = "no EV is plugged in" if not is_here.any() else "no plan to call from"
            self.calls.append(Call(period, direction, 0.0 if asked is None else asked, 0.0, why))
            return np.zeros(len(is_here))
        at = period - plan.first
        got = grant(plan.case, self._flow, plan.schedule, at, direction, asked, is_here)
        given = float(got.given.sum())
        self.calls.append(Call(period, direction, got.asked_mw, given, "; ".join(got.notes) or AS_ASKED))
        self._after_call = partial(_made_up, plan, self._flow, at, direction, got.given)
        self.q[period] = _row(reactive_while_called(plan.schedule, at, direction, got.given), at)
        return DIRECTIONS[direction] * got.given

    def _live_on(self, period: int, unit: int, stay: Stay, wanted: float) -> None:
        """A unit with energies: it is charged no more than it holds, and feeds in no more than it can spare."""
        room, spare = self._stores.most[period, unit], self._stores.least[period, unit]
        least, most = (stay.power_of(energy - self._energy[unit]) for energy in (spare, room))
        most, least = min(max(most, 0.0), stay.p_max), min(max(least, stay.p_min), 0.0)
        self.p[period, unit] = min(max(wanted, least), most)
        self._energy[unit] += stay.energy_of(self.p[period, unit])
        self.e[period, unit] = self._energy[unit]

    def _realise_others(self, period: int, wanted: FloatArray) -> None:
        """Units without energies: what of the plan is there to be done."""
        plan = self.plan
        if plan is None or plan.schedule is None:
            return
        at = period - plan.first
        if not self.called[period].any():
            self.q[period] = _row(plan.schedule.reactive("base"), at)
        for (part, units, _), planned in zip(self.truth.case.by_part(), plan.case.parts, strict=True):
            if not hasattr(part.element, "realised"):
                continue

            def lives(load: FloatArray, part: Part = part, units: slice = units, planned: Part = planned) -> Any:
                return part.element.realised(part.data, period, load, self.q[period, units], planned.data, at)

            here = lives(self.p_planned[period, units])[0]
            for direction, flex in self.flex.items():
                activated = lives(here + DIRECTIONS[direction] * flex[period, units])[0]
                flex[period, units] = np.abs(activated - here)
            self.p_planned[period, units] = here
            self.p[period, units], self.q[period, units] = lives(wanted[units])
            self.called[period, units] = self.p[period, units] - here

    def _see_what_came(self, period: int, direction: str) -> None:
        """Of a call: generators may have less to curtail than was foreseen."""
        call, given = self.calls[-1], DIRECTIONS[direction] * float(self.called[period].sum())
        missing = call.granted_mw - given
        if missing > NOTICED:
            why = f"{1e3 * missing:.4g} kW less were there to be curtailed than foreseen"
            message = why if call.message == AS_ASKED else f"{call.message}; {why}"
            self.calls[-1] = replace(call, granted_mw=given, message=message)

    def _leave(self, period: int) -> None:
        for ev, own in enumerate(self.real[: len(self._evs.index)]):
            for stay in own:
                if stay.periods[-1] == period:
                    self._over.add(stay.session)
                    self._energy[ev] = max(self._energy[ev] - stay.trip, 0.0)


def _made_up(plan: Plan, flow: BatchedPowerFlow, at: int, direction: str, given: FloatArray) -> Plan:
    """The plan as it goes on after a call."""
    assert plan.schedule is not None
    after = aftermath_of_all(plan.case, flow, plan.schedule, at, direction, given)
    return replace(plan, schedule=after.schedule, lacks_mw=np.nan)


def _row(values: FloatArray | float, at: int) -> FloatArray | float:
    return values[at] if isinstance(values, np.ndarray) else values


def _differs(stay: Stay, expected: Stay | None) -> bool:
    """Whether an EV comes otherwise than expected."""
    if expected is None or stay.session != expected.session or stay.is_coupled != expected.is_coupled:
        return True
    names = ("e_need", "e_max", "p_max", *(() if stay.is_coupled else ("e_arrival",)))
    return any(abs(getattr(stay, name) - getattr(expected, name)) > UNCHANGED for name in names)
