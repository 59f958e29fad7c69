"""The days after a fault: what is not served, what is bought, and what that leaves."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np

from pandapower_evflex.arrays import ComplexArray, FloatArray
from pandapower_evflex.planning.congestion.overload import AT_LIMIT, Overload, Overloads, find_overloads, joined
from pandapower_evflex.planning.congestion.procurement import Purchase, buy, demand_of, nothing
from pandapower_evflex.planning.congestion.relief_program import relieve
from pandapower_evflex.planning.congestion.shed_points import ShedPoints, shed_points
from pandapower_evflex.planning.congestion.site_calls import SiteCall, calls_of
from pandapower_evflex.planning.congestion.window_profiles import window_profile
from pandapower_evflex.planning.congestion.windows import Congestion, Window, congestions, runs
from pandapower_evflex.planning.fault.operating_state import OperatingState
from pandapower_evflex.planning.planning_case import PlanningCase


@dataclass(frozen=True)
class CongestionOutcome:
    """Congestion after one fault, averaged over the days of the year, for one window of each kind.

    Parameters
    ----------
    ens_mwh, ens_with_flexibility_mwh : float
    payment_eur : float               for flexibility
    shed, shed_with_flexibility : ShedPoints or None    what every load point loses; None: nothing
    calls : list of SiteCall          what the purchases ask of every site
    rows : list of dict               per window and overloaded element
    findings : list of (kind, text)
    """

    ens_mwh: float = 0.0
    ens_with_flexibility_mwh: float = 0.0
    payment_eur: float = 0.0
    shed: ShedPoints | None = None
    shed_with_flexibility: ShedPoints | None = None
    calls: list[SiteCall] = field(default_factory=list, repr=False)
    rows: list[dict[str, Any]] = field(default_factory=list, repr=False)
    findings: list[tuple[str, str]] = field(default_factory=list, repr=False)


class CongestedDays:
    """The days after a fault, with the energy not served in them."""

    def __init__(self, case: PlanningCase, state: OperatingState) -> None:
        self.case, self.state, self.settings = case, state, case.settings
        self.days = case.days.types
        self.share = case.days.share_of_year
        self.period_h = case.days.period_h
        self.findings: list[tuple[str, str]] = []

    @cached_property
    def overloads(self) -> Overloads:
        return find_overloads(self.state, self.state.s, self.state.load)

    @cached_property
    def found(self) -> list[Congestion]:
        return congestions(self.days, self.overloads.curable)

    @cached_property
    def shed_mw(self) -> FloatArray:
        """What cannot be served without flexibility [n_period, n_row]."""
        shed = np.zeros(self.state.load.shape)
        for congestion in self.found:
            shed[congestion.window.cases] += self._shed(congestion, self.state.s, self.state.load)
        return shed

    @property
    def ens_mwh(self) -> float:
        """Energy not served without flexibility, per event."""
        return float(self.share @ self._energy(self.shed_mw))

    def _energy(self, shed_mw: FloatArray) -> FloatArray:
        """Energy of every period [MWh]."""
        return shed_mw.sum(axis=1) * self.period_h

    def outcome(self) -> CongestionOutcome:
        if self.state.keeps_all_limits(AT_LIMIT):
            return CongestionOutcome()
        self._report(self.overloads)
        purchases = self._purchases(self.found, self.shed_mw)
        left_mw = self._left(self.found, purchases, self.shed_mw)
        not_served, left = self._energy(self.shed_mw), self._energy(left_mw)
        return CongestionOutcome(
            ens_mwh=float(self.share @ not_served),
            ens_with_flexibility_mwh=float(self.share @ left),
            payment_eur=sum(p.window.day.share_of_year * p.payment_eur for p in purchases),
            shed=shed_points(self.case.days, self.state, self.shed_mw),
            shed_with_flexibility=shed_points(self.case.days, self.state, left_mw),
            calls=[call for purchase in purchases for call in calls_of(purchase)],
            rows=self._rows(self.found, purchases, not_served, left),
            findings=list(dict.fromkeys(self.findings)),
        )

    def _report(self, overloads: Overloads) -> None:
        for element_type, element, excess in overloads.others:
            if element_type == "bus":
                text = f"the voltage of bus {element} is {100 * excess:.2f} % too low; no load can be shed for it"
            else:
                text = f"{element_type} {element} is {100 * excess:.2f} % above its limit, by export: no shedding"
            self.findings.append(("not curable", text))
        if any(overload.element_type == "net" for overload in overloads.curable):
            text = "no power flow with all loads converges in some periods: they are shed alike until one does"
            self.findings.append(("no convergence", text))

    def _shed(self, congestion: Congestion, s: ComplexArray, load: ComplexArray) -> FloatArray:
        """Shed of every row in a window, without flexibility [n_period of the window, n_row]."""
        single = congestion.single
        if single is None:
            return relieve(self.state, congestion, s, load, [], self.settings.voll_eur_per_mwh).shed_mw
        cases = congestion.window.cases
        behind = single.effect[cases] * np.maximum(load[cases].real, 0.0)
        total = behind.sum(axis=1)
        share = np.divide(congestion.missing_mw(single), total, out=np.zeros(len(cases)), where=total > 0.0)
        return share[:, None] * behind

    def _purchases(self, found: list[Congestion], shed_mw: FloatArray) -> list[Purchase]:
        """One per window, in their order; the cost of each counts what was bought before it."""
        purchases: list[Purchase] = []
        for congestion in found:
            if not len(self.case.offers):
                purchases.append(nothing(congestion.window))
                continue
            cost_of = partial(self._cost_with, found, purchases, shed_mw)
            purchases.append(buy(self.state, congestion, self.case.offers, self.settings, cost_of))
        return purchases

    def _cost_with(
        self, found: list[Congestion], bought: list[Purchase], shed_mw: FloatArray, choice: Purchase
    ) -> float:
        """Payment and energy not served with one purchase more, EUR per event."""
        left = self._energy(self._left(found, [*bought, choice], shed_mw))
        share = choice.window.day.share_of_year
        return share * choice.payment_eur + self.settings.voll_eur_per_mwh * float(self.share @ left)

    def _left(self, found: list[Congestion], purchases: list[Purchase], shed_mw: FloatArray) -> FloatArray:
        """What cannot be served with what was bought [n_period, n_row]."""
        if not any(purchase.p_mw.any() for purchase in purchases):
            return shed_mw
        not_delivered = np.sum([purchase.not_delivered(*shed_mw.shape) for purchase in purchases], axis=0)
        return self._left_if_delivered(found, purchases, shed_mw) + not_delivered

    def _left_if_delivered(self, found: list[Congestion], purchases: list[Purchase], shed_mw: FloatArray) -> FloatArray:
        if self.settings.rebound:
            return self._left_by_power_flow(purchases)
        left = shed_mw.copy()
        for congestion, purchase in zip(found, purchases, strict=False):
            cases = purchase.window.cases
            if congestion.single is not None:  # every MW counts
                before = shed_mw[cases].sum(axis=1)
                after = np.maximum(before - purchase.p_mw.sum(axis=1), 0.0)
                left[cases] *= np.divide(after, before, out=np.zeros(len(cases)), where=before > 0.0)[:, None]
            elif purchase.p_mw.any():
                left[cases] = self._left_by_power_flow([purchase])[cases]
        return left

    def _left_by_power_flow(self, purchases: list[Purchase]) -> FloatArray:
        """With the shaved profiles of the sites: every limit is checked again in every period."""
        s, load = self.state.s.copy(), self.state.load.copy()
        for purchase in purchases:
            change = (purchase.injection_with_rebound if self.settings.rebound else purchase.injection)(*s.shape)
            s += change
            load -= change
        load = np.where(load.real > 0.0, load, 0.0)
        left = np.zeros(load.shape)
        for congestion in congestions(self.days, find_overloads(self.state, s, load).curable):
            left[congestion.window.cases] += self._shed(congestion, s, load)
        return left

    def _rows(
        self, found: list[Congestion], purchases: list[Purchase], not_served: FloatArray, left: FloatArray
    ) -> list[dict[str, Any]]:
        owner = _latest_window(self.days, [congestion.window.cases for congestion in found])
        without_mw, left_mw = not_served / self.period_h, left / self.period_h
        rows = []
        for number, (congestion, purchase) in enumerate(zip(found, purchases, strict=True)):
            ens_left = float(left[owner == number].sum())
            for overload in joined(congestion.overloads):
                for window in _own_windows(congestion, overload):
                    missing = overload.missing_mw[window.cases]
                    start, end = window.hours
                    rows.append(
                        {
                            "day": window.day.name,
                            "overloaded_element_type": overload.element_type,
                            "overloaded_element": overload.element,
                            "start_h": start,
                            "end_h": end,
                            "missing_mw": demand_of(missing, self.settings.rule)[0],
                            "ens_mwh": float(missing.sum()) * window.day.period_h,
                            "procured_mw": purchase.apex_mw,
                            "price_eur_per_mwh": purchase.price_eur_per_mwh,
                            "ens_with_flexibility_mwh": ens_left,
                            "rebound_mw": purchase.rebound_mw(),
                            "profile": window_profile(
                                window,
                                congestion.window.first,
                                overload.missing_mw,
                                without_mw,
                                left_mw,
                                owner == number,
                            ),
                        }
                    )
        return rows


def _own_windows(congestion: Congestion, overload: Overload) -> list[Window]:
    """Windows of one element within a window in which several may be overloaded."""
    day = congestion.window.day
    broken = np.zeros(day.n_periods, dtype=bool)
    broken[congestion.window.cases - day.first] = congestion.missing_mw(overload) > 0.0
    return runs(day, broken)


def _latest_window(days: Any, windows: list[Any]) -> FloatArray:
    """For every period the number of the window that started last before it, within its day."""
    owner = np.full(sum(day.n_periods for day in days), -1)
    for day in days:
        inside = {
            int(cases[0]): number for number, cases in enumerate(windows) if day.first <= cases[0] < day.periods.stop
        }
        if not inside:
            continue
        current = inside[max(inside)]
        for period in range(day.periods.start, day.periods.stop):
            current = inside.get(period, current)
            owner[period] = current
    return owner
