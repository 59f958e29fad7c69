"""Cars of one phase, which the balanced model spreads over three: the worst moments again, with all on one phase.

Which phase a car is on is mostly not known. All of them on the same one, and the one that is worst there, is the most
that they can unbalance the grid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import BoolArray, ComplexArray, FloatArray, IntArray
from pandapower_evflex.case.phase_net import PhaseNet
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.verify import GridState
from pandapower_evflex.powerflow import by_phase
from pandapower_evflex.scenarios import Scenario

NOT_LOOKED_AT = "single phases are not looked at"
PHASES = "abc"
#: moments of the second look, which the first look ranks
N_SECOND_LOOK = 4
#: difference of balanced voltages [pu] up to which power-grid-model has the same grid
SAME = 1e-6


@dataclass(frozen=True)
class OnePhase:
    """Cars of one phase of a net.

    Parameters
    ----------
    is_one_phase : bool [n_ev]
    read : function    the net by phase, or why there is none
    """

    is_one_phase: BoolArray
    read: Callable[[], PhaseNet | str]

    @property
    def balanced(self) -> str:
        """What the message of every run says, "" without such cars."""
        n = int(self.is_one_phase.sum())
        cars = "1 car charges" if n == 1 else f"{n} cars charge"
        return f"the model is balanced, {cars} on one phase" if n else ""


@dataclass(frozen=True)
class WorstPhase:
    """Lowest voltage of a single phase, NaN where it was not looked for, and a sentence on it."""

    vm_pu: float
    note: str


def worst_phase(
    one_phase: OnePhase, case: Case, schedule: Schedule, states: Mapping[Scenario, GridState]
) -> WorstPhase:
    """The lowest phase voltage of the worst moments of every scenario, the schedule itself among them."""
    if not one_phase.balanced:
        return WorstPhase(np.nan, "")
    if not by_phase.is_installed():
        why = f"power-grid-model is not installed ({by_phase.HOW_TO_INSTALL})"
        return _without_voltages(one_phase, f"{NOT_LOOKED_AT}: {why}")
    net = one_phase.read()
    if isinstance(net, str):
        return _without_voltages(one_phase, f"{NOT_LOOKED_AT}: {net}")
    return _Search(one_phase, net, case, schedule, states).lowest()


def _without_voltages(one_phase: OnePhase, why: str) -> WorstPhase:
    return WorstPhase(np.nan, f"{one_phase.balanced}; {why}")


@dataclass(frozen=True)
class _Search:
    """Moments, numbers of scenario and period, and their voltages by phase."""

    one_phase: OnePhase
    net: PhaseNet
    case: Case
    schedule: Schedule
    states: Mapping[Scenario, GridState]

    def lowest(self) -> WorstPhase:
        """First the lowest balanced voltage and the greatest load of these cars by scenario, then what both say."""
        if not len(self.rows):
            return _without_voltages(self.one_phase, "all of them are at buses of fixed voltage")
        balanced, load = self._by_moment()
        first = np.stack([balanced.argmin(axis=1), load.argmax(axis=1)], axis=1)
        moments = [(k, t) for k, own in enumerate(first) for t in np.unique(own).tolist()]
        found = self._phase_voltages(moments)
        if isinstance(found, str):
            return _without_voltages(self.one_phase, found)
        drop = np.array([balanced[at] - vm.min() for at, vm in zip(moments, found, strict=True)])
        of_load = np.array([load[at] for at in moments])
        per_mw = np.max(drop[of_load > 0.0] / of_load[of_load > 0.0], initial=0.0)
        ranked = np.argsort(balanced - per_mw * load, axis=None)[:N_SECOND_LOOK]
        second = [at for at in zip(*np.unravel_index(ranked, load.shape), strict=True) if at not in moments]
        more = self._phase_voltages(second) if second else np.empty((0, *found.shape[1:]))
        if isinstance(more, str):
            return _without_voltages(self.one_phase, more)
        return self._said([*moments, *second], np.concatenate([found, more]))

    @property
    def rows(self) -> IntArray:
        """Rows of the grid whose phases may differ, those of fixed voltage left out."""
        return np.flatnonzero(self.net.zone_is_unbalanced & self.case.grid.free_vm)

    def _by_moment(self) -> tuple[FloatArray, FloatArray]:
        """Lowest balanced voltage, and load of all cars of one phase [n_scenario, n_period]."""
        vm = np.stack([state.vm[:, self.rows].min(axis=1) for state in self.states.values()])
        load = [self._load(scenario)[:, self._cars].sum(axis=1) for scenario in self.states]
        return vm, np.stack(load)

    @property
    def _cars(self) -> IntArray:
        return np.flatnonzero(self.one_phase.is_one_phase)

    def _load(self, scenario: Scenario) -> FloatArray:
        return self.schedule.load(scenario.activation, scenario.since)

    def _phase_voltages(self, moments: list[tuple[int, int]]) -> FloatArray | str:
        """Voltages [n_moment, n_row, 3], of that phase lowest on which all cars are worst; or why there are none."""
        s, one = self._injections(moments)
        balanced = by_phase.balanced_voltages(self.net, s)
        if balanced is None:
            return f"{NOT_LOOKED_AT}: power-grid-model finds no balanced power flow"
        ours = np.stack([list(self.states.values())[k].vm[t] for k, t in moments])
        supplied = self.case.grid.bus_row[self.case.grid.bus_row >= 0]
        difference = np.abs(balanced - ours)[:, supplied].max()
        if difference > SAME:
            return f"{NOT_LOOKED_AT}: balanced voltages of power-grid-model differ by {difference:.1g} pu"
        found = []
        for phase in range(3 if np.any(self.net.unbalanced) else 1):
            by_phases = np.repeat(((s - one) / 3.0)[:, :, None], 3, axis=2) + self.net.unbalanced
            by_phases[:, :, phase] += one
            vm = by_phase.voltages_by_phase(self.net, by_phases)
            if vm is None:
                return "with all of them on the worst phase there is no power flow"
            found.append(vm[:, self.rows])
        lowest = np.stack([vm.min(axis=(1, 2)) for vm in found]).argmin(axis=0)
        return np.stack(found)[lowest, np.arange(len(moments))]

    def _injections(self, moments: list[tuple[int, int]]) -> tuple[ComplexArray, ComplexArray]:
        """Of everything, and of the cars of one phase alone [n_moment, n_bus]."""
        case, scenarios, cars = self.case, list(self.states), self._cars
        s = np.empty((len(moments), len(case.grid.vm_min)), dtype=np.complex128)
        one = np.zeros_like(s)
        for number, (k, t) in enumerate(moments):
            load = self._load(scenarios[k])
            q = self.schedule.reactive(scenarios[k].activation)
            s[number] = case.injections(load, self.schedule.p, scenarios[k].forecast, q)[t]
            p, p_for_q = load[t, cars], (load if case.q_follows_flexibility else self.schedule.p)[t, cars]
            np.subtract.at(one[number], case.chain.bus_row[cars], p + 1j * p_for_q * case.chain.tan_phi[t, cars])
        return s, one

    def _said(self, moments: list[tuple[int, int]], vm: FloatArray) -> WorstPhase:
        number, row, phase = np.unravel_index(vm.argmin(), vm.shape)
        k, period = moments[number]
        at, value = self.rows[row], float(vm.min())
        bus = self.case.grid.bus_index[self.case.grid.bus_row == at]
        n_below = int(np.sum(vm.min(axis=(0, 2)) < self.case.grid.vm_min[self.rows]))
        below = f", {n_below} bus{'es' if n_below > 1 else ''} below the lower limit" if n_below else ""
        named = f"bus {bus[0]}" if len(bus) else "the open end of a line"
        where = f"phase {PHASES[phase]} of {named}, period {period}, {list(self.states)[k]}"
        note = f"{self.one_phase.balanced}; with all of them on the worst phase its voltage falls to {value:.4f} pu"
        return WorstPhase(value, f"{note} ({where}){below}")
