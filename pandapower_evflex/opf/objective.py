"""The objective of the flexibility OPF at a schedule, and the most that any schedule reaches."""

from __future__ import annotations

import numpy as np

from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.opf.case import Case
from pandapower_evflex.scenarios import DIRECTIONS


def weighted_flexibility_mw(case: Case, schedule: Schedule) -> float:
    """(4): sum over periods, EVs and activation scenarios of C P."""
    chain = case.chain
    at = (chain.period, chain.unit)
    return float(sum(np.sum(chain.weight[d] * schedule.flex(d)[at]) for d in DIRECTIONS))


def bound_mw(case: Case) -> float:
    """(4) if there were no grid: no schedule reaches more. NaN where an element cannot keep its own limits."""
    return weighted_flexibility_mw(case, case.alone)
