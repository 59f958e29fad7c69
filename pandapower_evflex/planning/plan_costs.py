"""What a plan costs: every fault studied once per set of candidates that can matter to it."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray, Net
from pandapower_evflex.planning.congestion.overload import AT_LIMIT
from pandapower_evflex.planning.costs import loss_cost
from pandapower_evflex.planning.fault.operating_state import OperatingState
from pandapower_evflex.planning.fault.outages import Outage, is_in_service, outages, place_of
from pandapower_evflex.planning.fault.reinforced import Built, annuities, candidates, reinforced_net
from pandapower_evflex.planning.fault_study import FaultOutcome, study_fault
from pandapower_evflex.planning.planning_case import PlanningCase
from pandapower_evflex.planning.reliability import Interruptions, interruptions_of


@dataclass(frozen=True)
class PlanCost:
    """Cost functions of one plan, EUR per year; its flexible outcome is the other entry of the same set."""

    reinforcements: Built
    flexibility: bool
    reliability: float
    losses: float
    investment: float
    procured: float

    @property
    def total(self) -> float:
        return self.reliability + self.losses + self.investment + self.procured


@dataclass(frozen=True)
class NormalState:
    """A year without faults: its losses, and what is overloaded before any fault."""

    losses_eur: float
    findings: list[tuple[str, str]]


class PlanCosts:
    """Costs of sets of candidates; what has been studied once is kept."""

    def __init__(self, case: PlanningCase, executor: Executor | None, step: Any) -> None:
        self.case = case
        self.annuity = annuities(case.net, case.settings.discount_rate)
        self._executor, self._step = executor, step
        self._outcomes: dict[tuple[Outage, Built], FaultOutcome] = {}
        self._normal: dict[Built, NormalState] = {}
        self._years: dict[tuple[Built, bool], Interruptions] = {}
        self._tables: dict[tuple[Built, bool], pd.DataFrame] = {}
        self.outages = outages(case.net, case.settings.events_per_fault)
        self._in_service = {outage for outage in self.outages if is_in_service(case.net, outage)}
        rows = candidates(case.net)
        topological = rows.index[rows["in_service"].notna()] if len(rows) else []
        self._topological = set(topological)
        self._weakening = {label for label in rows.index if not _only_strengthens(case.net, label)}
        self._element = {row.Index: (row.element_type, row.element) for row in rows.itertuples()}

    def faults(self, built: Built) -> list[Outage]:
        """Outages of elements in service, with these candidates built."""
        own = {self._element[label] for label in built if label in self._topological}
        return [out for out in self.outages if out in self._in_service or place_of(self.case.net, out) in own]

    def relevant(self, fault: Outage, built: Built) -> Built:
        """Those of the candidates built that can change what the fault costs."""
        matter = self.may_matter(fault, built)
        return tuple(label for label in built if label in matter)

    def may_matter(self, fault: Outage, built: Built) -> set[Any]:
        """Candidates, built or not, that can change what the fault costs.

        A new tie brings strain to lines that had none: those that only strengthen are judged beside the ties built.
        """
        strained = self._outcomes[fault, self.without_bound(built)].strained
        touching = {label for label, element in self._element.items() if element in strained}
        return touching | self._topological | self._weakening

    def without_bound(self, built: Built) -> Built:
        """Built candidates that can make a fault costlier, e.g. a tie whose restored load overloads a line."""
        return tuple(label for label in built if label in self._topological or label in self._weakening)

    def can_bound(self, built: Built) -> bool:
        """Whether no fault costs less with any part of this set."""
        return not self.without_bound(built)

    def study(self, sets: Iterable[Built]) -> None:
        """Study all faults of these sets, side by side with an executor."""
        sets = list(sets)
        for built in [(), *sets]:
            if built not in self._normal:
                self._normal[built] = normal_state(self.case, built)
        self._study_all([(fault, ()) for fault in self.faults(())])
        self._study_all([(fault, self.without_bound(built)) for built in sets for fault in self.faults(built)])
        self._study_all([(fault, self.relevant(fault, built)) for built in sets for fault in self.faults(built)])

    def _study_all(self, tasks: list[tuple[Outage, Built]]) -> None:
        tasks = [task for task in dict.fromkeys(tasks) if task not in self._outcomes]
        if self._executor is None:
            for task in tasks:
                self._outcomes[task] = study_fault(self.case, *task)
                self._step(1)
            return
        chunks = _chunks(tasks)
        futures = [self._executor.submit(_study_chunk, self.case, chunk) for chunk in chunks]
        for chunk, future in zip(chunks, futures, strict=True):
            self._outcomes |= dict(zip(chunk, future.result(), strict=True))
            self._step(len(chunk))

    def outcome(self, fault: Outage, built: Built) -> FaultOutcome:
        return self._outcomes[fault, self.relevant(fault, built)]

    def normal(self, built: Built) -> NormalState:
        return self._normal[built]

    def cost(self, built: Built, flexibility: bool) -> PlanCost:
        """Costs of a set that has been studied."""
        faults = self.fault_costs(built, flexibility)
        return PlanCost(
            built,
            flexibility,
            reliability=float(faults["reliability_eur_per_year"].sum()),
            losses=self.normal(built).losses_eur,
            investment=float(sum(self.annuity[label] for label in built)),
            procured=float(faults["flexibility_eur_per_year"].sum()),
        )

    def fault_costs(self, built: Built, flexibility: bool) -> pd.DataFrame:
        """What each fault costs a year, and what that is made of; one row per element that fails."""
        if (built, flexibility) not in self._tables:
            self._tables[built, flexibility] = self._fault_table(built, flexibility)
        return self._tables[built, flexibility]

    def _fault_table(self, built: Built, flexibility: bool) -> pd.DataFrame:
        faults = self.faults(built)
        outcomes = [self.outcome(fault, built) for fault in faults]
        frequency = [self.outages[fault] for fault in faults]
        rate, events = np.array([(own.per_year, own.events) for own in frequency]).reshape(-1, 2).T
        payment = np.array([own.congestion.payment_eur if flexibility else 0.0 for own in outcomes])
        year = self.interruptions(built, flexibility)
        voll = self.case.settings.voll_eur_per_mwh
        overload, dark = voll * year.shed_mwh.sum(axis=1), voll * year.outage_mwh.sum(axis=1)  # (19)
        return pd.DataFrame(
            {
                "element_type": [fault.element_type for fault in faults],
                "element": [fault.element for fault in faults],
                "failure_rate_per_year": rate,
                "events_per_fault": events,
                "overload_eur_per_year": overload,
                "dark_eur_per_year": dark,
                "reliability_eur_per_year": overload + dark,
                "flexibility_eur_per_year": rate * events * payment,  # (16)
                "customer_minutes_per_year": 60.0 * year.hours @ self.case.days.points.customers,
                "planned": np.array([fault.planned for fault in faults], dtype=bool),
            }
        )

    def interruptions(self, built: Built, flexibility: bool) -> Interruptions:
        """Of every load point by every fault in a year, faults in the order of `faults`."""
        if (built, flexibility) not in self._years:
            self._years[built, flexibility] = self._year(built, flexibility)
        return self._years[built, flexibility]

    def _year(self, built: Built, flexibility: bool) -> Interruptions:
        faults = self.faults(built)
        outcomes = [self.outcome(fault, built) for fault in faults]
        return interruptions_of(
            outcomes,
            [self.outages[fault] for fault in faults],
            self.case.days.mean_point_mw,
            flexibility=flexibility,
            momentary_h=self.case.settings.momentary_h,
        )


def _study_chunk(case: PlanningCase, chunk: list[tuple[Outage, Built]]) -> list[FaultOutcome]:
    return [study_fault(case, *task) for task in chunk]


def _chunks(tasks: list[tuple[Outage, Built]], size: int = 8) -> list[list[tuple[Outage, Built]]]:
    """Some tasks at once: each carries the net with it."""
    return [tasks[first : first + size] for first in range(0, len(tasks), size)]


def normal_state(case: PlanningCase, built: Built) -> NormalState:
    """Losses of a year without faults, by AC power flow."""
    state = OperatingState(case.built(built).grid(), case.days)
    flows = state.flows
    losses = state.losses_mw(flows.v)
    price = case.settings.loss_price_eur_per_mwh
    findings: list[tuple[str, str]] = []
    if not flows.converged.all():
        periods = int(np.sum(~flows.converged))
        findings.append(("no convergence", f"before any fault, the power flow does not converge in {periods} periods"))
        losses = np.where(flows.converged, losses, 0.0)
    broken = {state.element_of(i): excess for i, excess in _above(state.excess)}
    low = {("bus", state.bus_of(i)): excess for i, excess in _above(state.low)}
    for (table, label), excess in {**broken, **low}.items():
        text = (
            f"{table} {label} is {100 * excess:.2f} % beyond its limit before any fault; that costs nothing here, and "
            "after a fault only what goes beyond it does"
        )
        findings.append(("overload before any fault", text))
    total = sum(loss_cost(losses[day.periods], day.period_h, price, days=day.days) for day in case.days.types)
    return NormalState(float(total), findings)


def _above(excess: FloatArray) -> list[tuple[int, float]]:
    """Columns that are above their limit in any period, and by how much at most."""
    worst = excess.max(axis=0)
    return [(column, float(worst[column])) for column in np.flatnonzero(worst > AT_LIMIT).tolist()]


def _only_strengthens(net: Net, label: Any) -> bool:
    """Whether a candidate lowers the impedance of its element and does not lower its rating."""
    row = candidates(net).loc[label]
    before = net[row["element_type"]].loc[row["element"]]
    after = reinforced_net(net, (label,))[row["element_type"]].loc[row["element"]]
    return bool(np.all(_strength(row["element_type"], after) >= _strength(row["element_type"], before)))


def _strength(table: str, row: Any) -> FloatArray:
    """Rating and inverse impedances."""
    n = float(row["parallel"])
    if table == "line":
        return np.array([row["max_i_ka"] * n, n / max(row["r_ohm_per_km"], 1e-9), n / max(row["x_ohm_per_km"], 1e-9)])
    return np.array(
        [row["sn_mva"] * n, row["sn_mva"] * n / row["vk_percent"], row["sn_mva"] * n / max(row["vkr_percent"], 1e-9)]
    )
