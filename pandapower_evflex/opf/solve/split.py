"""Where wasting energy pays: solved again with charging and feeding in split, one of them per slot.

A mixed-integer program names the directions; where it finds none in time, the point that charges and feeds in at once
names two sets of them. What comes out keeps all limits and is the best for its directions. Others may allow more, so
no gap is claimed, unless it has all that the wasteful point has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pandapower_evflex.elements.chain import KW
from pandapower_evflex.opf.objective import weighted_flexibility_mw
from pandapower_evflex.opf.solve.directions import best_directions
from pandapower_evflex.opf.solve.run import Run
from pandapower_evflex.opf.solve.solution import OPTIMAL_GAP, AtOnce, Solution
from pandapower_evflex.opf.solve.waste import AT_ONCE, ways_of


def without_waste(run: Run, wasteful: Solution, by_method: Callable[[Run], Solution]) -> tuple[Run, Solution]:
    """The best schedule found, and the run with its directions; the first where none of them gives more."""
    best, at_once = (run, wasteful), wasteful.at_once
    assert at_once is not None
    found = best_directions(run, at_once.x)
    for feeds_in in ways_of(run.case.chain, at_once.x) if found is None else (found,):
        one_way = replace(run, case=replace(run.case, feeds_in=feeds_in))
        solution = by_method(one_way)
        if _reached(one_way, solution) > _reached(*best):
            best = one_way, solution
    return best if best[1] is wasteful else (best[0], _said(at_once, *best))


def _reached(run: Run, solution: Solution) -> float:
    return -np.inf if solution.schedule is None else weighted_flexibility_mw(run.case, solution.schedule)


def _said(at_once: AtOnce, run: Run, solution: Solution) -> Solution:
    """Optimal where it has all that the wasteful point has: then nothing was gained by wasting."""
    missing = at_once.bound_mw - _reached(run, solution)
    gap = max(missing, 0.0) / max(at_once.bound_mw, 1.0 / KW)
    if gap <= OPTIMAL_GAP and solution.status == "optimal":
        return replace(solution, gap=gap if at_once.is_certified else np.nan)
    stopped = "" if solution.status == "optimal" else f" ({solution.message})"
    message = f"a schedule that keeps all limits; the optimum {AT_ONCE}, here each period does one of them{stopped}"
    return replace(solution, status="feasible", message=message, gap=np.nan)
