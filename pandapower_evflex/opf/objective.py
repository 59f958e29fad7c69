"""The objective of the flexibility OPF at a schedule."""

from __future__ import annotations

import numpy as np

from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.ev_chain import Schedule


def weighted_flexibility_mw(case: Case, schedule: Schedule) -> float:
    """(4): sum over periods, EVs and activation scenarios of C P."""
    at = (case.evs.slots.period, case.evs.slots.ev)
    up, down = case.evs.offers["up"], case.evs.offers["down"]
    return float(np.sum(up.weight * schedule.p_up[at]) + np.sum(down.weight * schedule.p_down[at]))
