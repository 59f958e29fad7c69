"""All arrays of one problem: the grid, its limits, and the EVs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from pandapower_evflex.arrays import BoolArray, ComplexArray, FloatArray
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.case.periods import Horizon
from pandapower_evflex.elements import ev
from pandapower_evflex.elements.chain import KW, LOADS, REACTIVE, SPLIT, Chain, Loads
from pandapower_evflex.elements.ev_slots import Units
from pandapower_evflex.elements.joined_units import joined_units
from pandapower_evflex.elements.one_way import one_way
from pandapower_evflex.elements.part import Part
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.limits.by_period import ByLimit, Relaxed, limits_of
from pandapower_evflex.scenarios import BASE, Scenario, in_forecasts


@dataclass(frozen=True)
class Case:
    """All arrays of one problem.

    Parameters
    ----------
    grid : Grid
    horizon : Horizon
    evs : Units
    s_base : {forecast: complex [n_period, n_bus]}    injection of everything that is not scheduled, pu; "" where there
                                                      is one set of profiles
    scenarios : tuple of Scenario        which are asked for
    q_follows_flexibility : bool         reactive power of EVs follows the activated power (True) or P_ch alone (eq. 8)
    relaxed : Relaxed or None            limits that stand in for those of the grid
    others : tuple of Part               flexible elements other than EVs
    margin : float                       share of every limit of the grid that is kept free
    probability : {forecast: float}
    feeds_in : bool [n_slot] or None     slots that lose by feeding in only feed in, or only charge; None: either
    """

    grid: Grid
    horizon: Horizon
    evs: Units
    s_base: Mapping[Any, ComplexArray]
    scenarios: tuple[Scenario, ...]
    q_follows_flexibility: bool
    relaxed: Relaxed | None = None
    others: tuple[Part, ...] = ()
    margin: float = 0.0
    probability: Mapping[Any, float] = field(default_factory=lambda: {"": 1.0})
    feeds_in: BoolArray | None = None

    @property
    def checked_scenarios(self) -> tuple[Scenario, ...]:
        """Those whose power flow is checked: the schedule itself too."""
        return tuple(dict.fromkeys((*self.scenarios, *in_forecasts([BASE], self.forecasts))))

    @property
    def forecasts(self) -> tuple[Any, ...]:
        return tuple(self.s_base)

    def under(self, forecast: Any) -> Case:
        """With one forecast alone."""
        if self.forecasts == ("",):
            return self
        rows = tuple(replace(row, forecast="") for row in self.scenarios if row.forecast == forecast)
        return replace(self, s_base={"": self.s_base[forecast]}, scenarios=rows, probability={"": 1.0})

    @cached_property
    def differs(self) -> dict[Scenario, BoolArray]:
        """Periods in which anything is still activated: in the others a row is as "base" [n_period]."""
        differs = {}
        for scenario in self.checked_scenarios:
            held = np.ones(self.horizon.n_periods, dtype=bool)
            if scenario.since:
                slot = self.chain.loads[scenario.load].forms.slot
                held[:] = False
                held[self.chain.period[slot != np.arange(len(slot))]] = True
            differs[scenario] = held
        return differs

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """All kinds of elements, EVs first: their units are the first columns of every schedule."""
        return (Part(ev.KIND, self.evs), *self.others)

    @cached_property
    def chain(self) -> Chain:
        """All units, one kind after the other."""
        chain = Chain.joined([part.chain for part in self.parts])
        return chain if self.feeds_in is None else one_way(chain, self.feeds_in)

    def by_part(self) -> Iterator[tuple[Part, slice, slice]]:
        """Every kind with its columns of a schedule, and its slots in the chain."""
        unit = slot = 0
        for part in self.parts:
            units, slots = len(part.chain.bus_row), len(part.chain)
            yield part, slice(unit, unit + units), slice(slot, slot + slots)
            unit, slot = unit + units, slot + slots

    @cached_property
    def alone(self) -> Schedule:
        """What the elements could do if there were no grid: no schedule has more flexibility."""
        return Schedule.joined([part.element.alone(part.data) for part in self.parts])

    @property
    def uncontrolled(self) -> FloatArray:
        """What other elements than EVs draw where nobody schedules them [n_period, n_unit]: batteries wait."""
        loads = self.chain.idle
        for part, units, _ in self.by_part():
            if hasattr(part.element, "uncontrolled"):
                loads[:, units] = part.element.uncontrolled(part.data)
        return loads

    @cached_property
    def limits(self) -> ByLimit:
        """What every schedule keeps."""
        return self.relaxed.kept if self.relaxed else limits_of(self.grid, self.horizon.n_periods, self.margin)

    @property
    def seen_limits(self) -> ByLimit:
        """Those limits that a schedule could exceed."""
        return self.relaxed.seen if self.relaxed else self.limits

    def injections(
        self, p: FloatArray, p_scheduled: FloatArray | None = None, forecast: Any = "", q: FloatArray | float = 0.0
    ) -> ComplexArray:
        """Bus injections [n_period, n_bus] with loads ``p`` of all units [n_period, n_unit].

        ``p_scheduled`` is the power that the reactive power follows where it does not follow ``p``; ``q`` comes on top.
        """
        p_for_q = p if self.q_follows_flexibility or p_scheduled is None else p_scheduled
        s = self.s_base[forecast].copy()
        np.subtract.at(s.T, self.chain.bus_row, (p + 1j * (p_for_q * self.chain.tan_phi + q)).T)
        return s

    def fixed_injections(self, blocks: Sequence[tuple[Scenario, int]]) -> ComplexArray:
        """What no schedule moves, of a row and a period each [n_block, n_bus]."""
        fixed = {forecast: self.injections(self.chain.fixed_p, forecast=forecast) for forecast in self.forecasts}
        own = [fixed[scenario.forecast][period] for scenario, period in blocks]
        return np.array(own, dtype=np.complex128).reshape(len(own), len(self.grid.vm_min))

    @property
    def expected(self) -> ComplexArray:
        """Injections without anything that is scheduled, expected over the forecasts [n_period, n_bus]."""
        parts = [share * self.injections(self.chain.fixed_p, forecast=f) for f, share in self.probability.items()]
        return np.asarray(np.sum(parts, axis=0))

    @property
    def stores_joined(self) -> Case:
        """Batteries and shiftable loads among the EVs, whose equations they share; the columns stay as they are."""
        stores = [part for part in self.parts if isinstance(part.data, Units)]
        assert stores == list(self.parts[: len(stores)])
        return replace(self, evs=joined_units([part.data for part in stores]), others=self.parts[len(stores) :])

    def evs_alone(self, schedule: Schedule) -> tuple[Case, Schedule]:
        """Only the EVs are left to choose: the other elements draw what they are scheduled to."""
        if not self.others:
            return self, schedule
        n_ev = len(self.evs.bus_row)
        drawn = schedule.p.copy()
        drawn[:, :n_ev] = 0.0
        s_base = {"": self.injections(drawn, q=schedule.reactive("base"))}
        return replace(self, s_base=s_base, others=()), schedule.of(slice(0, n_ev))

    def schedule(self, load: Mapping[str, FloatArray]) -> Schedule:
        """From loads per scenario and slot [MW], within the limits of the elements to the solver's noise."""
        return Schedule.joined([
            part.element.series(part.data, {name: values[slots] for name, values in load.items()})
            for part, _, slots in self.by_part()
        ])  # fmt: skip

    def schedule_at(self, loads: Mapping[str, Loads], x: FloatArray) -> Schedule:
        """At a point of the chain."""
        names = (*LOADS, *SPLIT, *REACTIVE.values())
        return self.schedule({name: loads[name].kw(x) / KW for name in names if name in loads})
