"""Where wasting energy pays: solved again with charging and feeding in split, one of them per slot.

A mixed-integer program names the directions; where no schedule comes of them, the point that charges and feeds in at
once names two sets. What comes out keeps all limits and is the best for its directions. Others may allow more, so no
gap is claimed, unless it has all that the wasteful point has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from pandapower_evflex.arrays import BoolArray
from pandapower_evflex.elements.chain import KW
from pandapower_evflex.opf.objective import weighted_flexibility_mw
from pandapower_evflex.opf.solve.directions import best_directions
from pandapower_evflex.opf.solve.run import Run
from pandapower_evflex.opf.solve.solution import OPTIMAL_GAP, AtOnce, Solution
from pandapower_evflex.opf.solve.waste import AT_ONCE, ways_of


def without_waste(run: Run, wasteful: Solution, by_method: Callable[[Run], Solution]) -> tuple[Run, Solution]:
    """The best schedule found, and the run with its directions; the first where none of them gives more."""
    at_once = wasteful.at_once
    assert at_once is not None
    named = best_directions(run, at_once.x)
    best, gap = (run, wasteful), np.nan
    if named is not None:
        best, gap = _best_of([named.feeds_in], run, wasteful, by_method), named.gap
    if best[1] is wasteful:
        best, gap = _best_of(ways_of(run.case.chain, at_once.x), run, wasteful, by_method), np.nan
    return best if best[1] is wasteful else (best[0], _said(at_once, gap, *best))


def _best_of(
    ways: Sequence[BoolArray], run: Run, wasteful: Solution, by_method: Callable[[Run], Solution]
) -> tuple[Run, Solution]:
    """The first where no set of directions gives more."""
    best = run, wasteful
    for feeds_in in ways:
        one_way = replace(run, case=replace(run.case, feeds_in=feeds_in))
        solution = by_method(one_way)
        if _reached(one_way, solution) > _reached(*best):
            best = one_way, solution
    return best


def _reached(run: Run, solution: Solution) -> float:
    return -np.inf if solution.schedule is None else weighted_flexibility_mw(run.case, solution.schedule)


def _said(at_once: AtOnce, gap_of_directions: float, run: Run, solution: Solution) -> Solution:
    """Optimal where it has all that the wasteful point has: then nothing was gained by wasting."""
    missing = at_once.bound_mw - _reached(run, solution)
    gap = max(missing, 0.0) / max(at_once.bound_mw, 1.0 / KW)
    if gap <= OPTIMAL_GAP and solution.status == "optimal":
        return replace(solution, gap=gap if at_once.is_certified else np.nan)
    stopped = "" if solution.status == "optimal" else f" ({solution.message})"
    by = f", chosen by a mixed-integer program to a gap of {gap_of_directions:.1g}" if gap_of_directions >= 0.0 else ""
    message = f"a schedule that keeps all limits; the optimum {AT_ONCE}, here each period does one of them{by}{stopped}"
    return replace(solution, status="feasible", message=message, gap=np.nan)
