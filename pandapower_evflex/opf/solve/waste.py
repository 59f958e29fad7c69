"""Schedules that would charge and feed in at once: energy is wasted where that pays."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.elements.chain import KW, SPLIT, Chain, Loads
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.objective import weighted_flexibility_mw
from pandapower_evflex.opf.solve.chains import chains_of
from pandapower_evflex.opf.solve.solution import OPTIMAL_GAP

#: what is said of a schedule that had to do without
AT_ONCE = "charges and discharges at once"
#: power [kW] from which on both at once are more than what an interior point leaves
BOTH_KW = 1e-4


def is_wasteful(loads: Mapping[str, Loads], x: FloatArray) -> bool:
    """Whether some unit charges and feeds in within one period at a point of the chain.

    It pays where downward flexibility weighs more than upward, or where a limit is kept by more load. A schedule does
    not: its load is the least that leads to the same energies. So it has less than the point, or breaks a limit.
    """
    if SPLIT[0] not in loads:
        return False
    return bool(np.any(np.minimum(*(loads[name].kw(x) for name in SPLIT)) > BOTH_KW))


def ways_of(chain: Chain, x: FloatArray) -> tuple[BoolArray, BoolArray]:
    """Directions of every slot at a point that wastes energy, True feeds in.

    That of the load, by which limits of the grid are kept, and that of the energy, on which later periods rest.
    """
    charged, fed_in = (chain.loads[name].kw(x) for name in SPLIT)
    from_store = chain.loads[SPLIT[0]].forms.coefficient[:, len(chain.states) + chain.columns.index(SPLIT[1])]
    return charged < fed_in, charged < from_store * fed_in


def costs_waste(case: Case, x: FloatArray, schedule: Schedule) -> bool:
    """Whether a schedule without waste has less flexibility than the wasteful point that it comes from."""
    if not is_wasteful(case.chain.loads, x):
        return False
    return weighted_flexibility_mw(case, schedule) < objective_mw(case, x) * (1.0 - OPTIMAL_GAP)


def objective_mw(case: Case, x: FloatArray) -> float:
    """(4) at a point of the chain."""
    chains = chains_of(case.chain)
    return float(-chains.problem.objective(x) * chains.scale / KW)
