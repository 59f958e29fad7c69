"""Generators curtailed in the schedule itself: only where no schedule is found without, and then the least energy.

Three problems at most. The day with every generator at what is available; where it has no schedule, the least energy
curtailed with which the grid and the other elements keep their limits; and the most flexibility with as little energy.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from pandapower_evflex.elements.chain import KW
from pandapower_evflex.elements.ev_slots import Offers, Units
from pandapower_evflex.elements.part import Part
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.solve.solution import Solution
from pandapower_evflex.scenarios import BASE, DIRECTIONS, in_forecasts

logger = logging.getLogger(__name__)

#: energy [MWh] up to which it is tried once more without curtailment: less than an interior point tells from none
NEGLIGIBLE_MWH = 1e-6
#: MW from which on a generator counts as curtailed
COUNTS_MW = 1e-6

#: solves a case, without a tie-break where the second argument is False
Solve = Callable[[Case, bool], Solution]


def may_curtail(case: Case) -> bool:
    """Whether there is a unit whose schedule can be curtailed."""
    return any(_can_be_curtailed(part) and np.any(part.data.most > 0.0) for part in case.parts)


def curtails(case: Case) -> bool:
    """Whether the schedule of this case curtails."""
    return any(_can_be_curtailed(part) and part.data.curtails for part in case.parts)


def _can_be_curtailed(part: Part) -> bool:
    return hasattr(part.element, "curtailing")


def solve_with_least_curtailment(
    case: Case, solve: Solve, is_broken: bool, gave_up: Callable[[Solution], bool]
) -> tuple[Case, Solution]:
    """The case that was solved, and its solution.

    Parameters
    ----------
    is_broken : bool        the grid breaks limits by itself: the least energy is sought first
    gave_up : function      whether a solve ended by limits of the user
    """
    if not may_curtail(case):
        return case, solve(case, True)
    if not is_broken:
        without = solve(case, True)
        if without.schedule is not None or gave_up(without):
            return case, without
    least = solve(seeking_least(case), False)
    if least.schedule is None:
        return case, least if is_broken else without
    energy_mwh = _curtailed_mwh(case, least.schedule)
    if is_broken and energy_mwh <= NEGLIGIBLE_MWH:
        without = solve(case, True)
        if without.schedule is not None or gave_up(without):
            return case, without
    curtailed = _curtailing(case, least.schedule)
    solution = solve(curtailed, True)
    if solution.schedule is not None:
        note = _note(case, solution.schedule)
        logger.warning(note)
        solution = replace(solution, message=f"{solution.message}; {note}")
    return curtailed, solution


def seeking_least(case: Case) -> Case:
    """Nothing is activated or held, and what is not curtailed is all that counts."""
    others = tuple(
        Part(
            part.kind,
            part.element.seeking_least(part.data) if _can_be_curtailed(part) else _offering_nothing(part.data),
        )
        for part in case.others
    )
    rows = in_forecasts([BASE], case.forecasts)
    return replace(case, evs=_offering_nothing(case.evs), others=others, scenarios=rows)


def _offering_nothing(data: Any) -> Any:
    if not isinstance(data, Units):
        return data
    n = len(data.slots)
    nothing = Offers(np.zeros(n, dtype=bool), np.zeros(n), np.zeros(n))
    return replace(data, offers=dict.fromkeys(DIRECTIONS, nothing), duration=1)


def _curtailing(case: Case, least: Schedule) -> Case:
    """The schedule may curtail as much energy as the least one."""
    others = [
        Part(part.kind, part.element.curtailing(part.data, least.of(units))) if _can_be_curtailed(part) else part
        for part, units, _ in case.by_part()
    ]
    return replace(case, others=tuple(others[1:]))


def _curtailed_mwh(case: Case, schedule: Schedule) -> float:
    power = sum(float(schedule.p[:, units].sum()) for part, units, _ in case.by_part() if _can_be_curtailed(part))
    return power * case.horizon.period_h


def _note(case: Case, schedule: Schedule) -> str:
    """How much is curtailed in the schedule, and when."""
    power = np.sum(
        [schedule.p[:, units].sum(axis=1) for part, units, _ in case.by_part() if _can_be_curtailed(part)], axis=0
    )
    n, kwh = int(np.sum(power > COUNTS_MW)), KW * _curtailed_mwh(case, schedule)
    return f"the schedule curtails {kwh:.4g} kWh of feed-in in {n} period{'s' * (n != 1)}: none was found without"
