"""The plan of a day, renewed from what is known; what it is made from is read once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, Net
from pandapower_evflex.case.forecasts import NO_NAME
from pandapower_evflex.case.plain_net import plain_net
from pandapower_evflex.elements.ev_slots import Units
from pandapower_evflex.elements.ev_stays import Stay
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.operation.expected_stays import Known, expected_stays
from pandapower_evflex.operation.remaining_study import remaining_study, with_profiles
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.objective import weighted_flexibility_mw
from pandapower_evflex.opf.options import Options
from pandapower_evflex.opf.outcome import outcome_of
from pandapower_evflex.opf.read import Study
from pandapower_evflex.opf.solve.solution import OPTIMAL_GAP
from pandapower_evflex.opf.stopwatch import Stopwatch
from pandapower_evflex.tables.kinds import shown

Forecast = Callable[[float], Mapping[Any, pd.DataFrame]]

#: difference of energies [MWh] and powers [MW] up to which nothing has changed: rounding of sums over a day
UNCHANGED = 1e-12
#: flexibility that a local optimum, of which no gap is certified, may lack by its tie-break alone, relative
UNCERTIFIED = 6.5e-7
STANDS = "nothing has changed: the plan before stands"


@dataclass(frozen=True)
class Plan:
    """A plan for the rest of a day.

    Parameters
    ----------
    first : int              period from which it counts
    case : Case              of the periods from there on
    schedule : Schedule      None where no plan was found
    status, message : str    as in `FlexibilityOpfResult`
    lacks_mw : float         weighted flexibility that the best plan may have more; nan: not known
    short : dict             what holds back sessions that it leaves short
    """

    first: int
    case: Case
    schedule: Schedule | None
    status: str
    message: str
    lacks_mw: float
    short: Mapping[Any, str]

    @cached_property
    def plugged(self) -> BoolArray:
        """EVs that are expected to be there [n_period, n_ev]."""
        plugged = np.zeros(self.case.evs.fixed_p.shape, dtype=bool)
        for stay in self.case.evs.stays:
            plugged[stay.periods, stay.ev] = True
        return plugged

    def arrival(self, ev: int, period: int) -> Stay | None:
        """The stay of an EV that is expected to begin in a period of the day."""
        own = (stay for stay in self.case.evs.stays if stay.ev == ev and len(stay.periods))
        return next((stay for stay in own if stay.periods[0] == period - self.first), None)


class Planner:
    """Renews the plan; what does not change over the day is read and compiled once.

    A plan stands as long as nothing has changed: the rest of an optimal plan is an optimal plan of the rest, because
    flexibilities of single periods add up. It is solved anew as soon as what it may lack, which stays while the rest
    shrinks, is more than `OPTIMAL_GAP` of the rest.
    """

    def __init__(self, study: Study, net: Net, options: Options, forecast: Forecast | None, truth: Study) -> None:
        self._study, self._plain, self._options, self._forecast = study, plain_net(net), options, forecast
        self._foreseen = truth
        self._planned = with_needs_as_asked(study)
        self._values: dict[Any, pd.DataFrame] | None = None

    def renewed(self, known: Known, plan: Plan | None) -> Plan:
        """The plan from what is known before a period; ``plan`` is the one in force."""
        first = known.period
        self._look_ahead(first)
        stays = expected_stays(self._planned, known, self._study.case.horizon.n_periods)
        study = remaining_study(self._foreseen, first, stays, known.energy, self._options)
        if plan is not None:
            kept = _as_it_was(plan, study, first)
            if kept is not None:
                return kept
        found = outcome_of(study, self._options, Stopwatch())
        lacks = np.nan
        if found.status == "optimal" and found.effort is None and found.schedule is not None:
            gap = found.gap if np.isfinite(found.gap) else UNCERTIFIED
            lacks = gap * weighted_flexibility_mw(found.study.case, found.schedule)
        short = {} if found.effort is None else found.effort.short.set_index("session")["reason"].to_dict()
        message = found.message.splitlines()[0]
        return Plan(first, found.study.case, found.schedule, found.status, message, lacks, short)

    def _look_ahead(self, period: int) -> None:
        """Ask for the forecast, and read it where it is not the one before."""
        if self._forecast is None:
            return
        now_h = period * self._study.case.horizon.period_h
        profiles = self._forecast(now_h)
        frames = _frames(profiles, now_h, self._study.case.horizon.n_periods)
        if self._values is not None and _are_equal(frames, self._values):
            return
        try:
            self._foreseen = with_profiles(self._study, self._plain, frames, self._options)
        except InvalidInputError as error:
            faults = [replace(fault, table=f"forecast({now_h:g}): {fault.table}") for fault in error.faults]
            raise InvalidInputError(faults) from error
        self._values = {key: frame.copy() for key, frame in frames.items()}


def _frames(profiles: Any, now_h: float, n_periods: int) -> dict[Any, pd.DataFrame]:
    """What a forecast returned, if it is profiles of the whole day."""
    is_mapping = isinstance(profiles, Mapping)
    if is_mapping and all(isinstance(f, pd.DataFrame) and len(f) in (0, n_periods) for f in profiles.values()):
        return dict(profiles)
    value = "{" + ", ".join(f"{key!r}: {_kind(one)}" for key, one in profiles.items()) + "}" if is_mapping else None
    remedy = f"return profiles as run_flexibility_opf takes them, with {n_periods} rows each"
    problem = "is not a day of profiles"
    raise InvalidInputError([Fault(f"forecast({now_h:g})", "", (), value or shown(profiles), problem, remedy)])


def _kind(one: Any) -> str:
    return f"{len(one)} rows" if isinstance(one, pd.DataFrame) else f"a {type(one).__name__}"


def _are_equal(a: Mapping[Any, pd.DataFrame], b: Mapping[Any, pd.DataFrame]) -> bool:
    return a.keys() == b.keys() and all(frame.equals(b[key]) for key, frame in a.items())


def with_needs_as_asked(study: Study) -> list[list[Stay]]:
    """Stays with what was asked for, reachable or not."""
    asked = study.reduced["e_need_mwh"].to_dict()
    return [[replace(stay, e_need=asked.get(stay.session, stay.e_need)) for stay in own] for own in study.stays]


def _as_it_was(plan: Plan, study: Study, first: int) -> Plan | None:
    """The rest of the plan where nothing has changed and it is still the best to `OPTIMAL_GAP`, else None."""
    at, case, schedule = first - plan.first, study.case, plan.schedule
    if study.findings or schedule is None or not np.isfinite(plan.lacks_mw):
        return None
    if case.evs.has_band or case.evs.duration > 1:  # what they promise depends on the periods before
        return None
    now, then = (one.s_base[NO_NAME] for one in (case, plan.case))
    if not np.array_equal(case.chain.tan_phi, plan.case.chain.tan_phi[at:]):
        return None
    if not np.array_equal(now, then[at:]) or not _same_stores(case.stores_joined.evs, plan, at):
        return None
    rest = schedule.from_period(at)
    reached = weighted_flexibility_mw(case, rest)
    if plan.lacks_mw > OPTIMAL_GAP * reached:
        return None
    return Plan(first, case, rest, plan.status, STANDS, plan.lacks_mw, plan.short)


def _same_stores(now: Units, plan: Plan, at: int) -> bool:
    """Whether EVs, batteries and loads are where the plan expected them, ``at`` periods after it was made."""
    assert plan.schedule is not None
    then, e = plan.case.stores_joined.evs, plan.schedule.e
    a, b, later = now.slots, then.slots, then.slots.period >= at
    if not (np.array_equal(a.ev, b.ev[later]) and np.array_equal(a.period + at, b.period[later])):
        return False
    before = b.previous[later]
    is_cut = (before >= 0) & ~later[before]
    goes_on = (before >= 0) & ~is_cut
    offset = b.e_offset[later].copy()
    offset[is_cut] += e[b.period[before[is_cut]], b.ev[before[is_cut]]]
    numbers = ("e_min", "e_max", "p_min", "p_max", "energy_per_p")
    return (
        np.array_equal(a.previous >= 0, goes_on)
        and np.allclose(a.e_offset, offset, 0.0, UNCHANGED)
        and all(np.allclose(getattr(a, name), getattr(b, name)[later], 0.0, UNCHANGED) for name in numbers)
        and np.array_equal(now.fixed_p, then.fixed_p[at:])
    )
