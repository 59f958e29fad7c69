"""The widest band of cars that charge in one stay each, in closed form: flat edges, where the grid carries them.

A band from D to T is worth the energy between its edges. No upper edge takes more than the battery or full power, no
lower one less than the need, so

.. math::

    \\sum_t (T_t - D_t) \\le \\min(n P, (E_{max} - E_0) / \\eta\\Delta T) - \\max(0, (E_{need} - E_0) / \\eta\\Delta T)

and flat edges reach it, where the flat lower edge keeps the minimum-energy curve. The plan is the lower edge.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.elements.ev_band import is_tied
from pandapower_evflex.elements.ev_slots import ANY_SEQUENCE, Units
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.solve.pull_back import USABLE
from pandapower_evflex.opf.verify import VERIFIED, GridState, element_violations, grid_state
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.scenarios import Scenario


def with_bands(case: Case) -> Case:
    """The same cars, asked for a band."""
    return replace(case, evs=replace(case.evs, guarantee=ANY_SEQUENCE))


def flat_band(evs: Units) -> Schedule | None:
    """The band with the most energy between its edges if there were no grid; None where it is not a flat one."""
    slots = evs.slots
    uniform = all(
        np.all(offer.offered & (offer.p_max >= slots.p_max) & (offer.weight == 1.0)) for offer in evs.offers.values()
    )
    if not uniform or evs.held.any() or slots.p_min.any() or _is_chained(evs) or is_tied(slots).any():
        return None
    first = np.flatnonzero(slots.previous < 0)
    stay = np.cumsum(slots.previous < 0) - 1
    n = np.bincount(stay, minlength=len(first))
    last = first + n - 1
    start = slots.e_offset[first]
    lower = np.maximum(slots.e_min[last] - start, 0.0) / n
    upper = np.minimum(slots.p_max[first] * slots.energy_per_p[first], (slots.e_max[last] - start) / n)
    lower, upper = lower[stay], np.maximum(upper, lower)[stay]
    number = np.arange(len(slots)) - first[stay] + 1
    if np.any(start[stay] + lower * number < slots.e_min - 1e-12):
        return None
    return _schedule(evs, lower / slots.energy_per_p, upper / slots.energy_per_p, start[stay] + lower * number)


def _is_chained(evs: Units) -> bool:
    """A car with several stays in the horizon, of which one depends on the other."""
    slots = evs.slots
    follows = slots.previous >= 0
    return bool(np.any(slots.stay[follows] != slots.stay[slots.previous[follows]]))


def _schedule(evs: Units, lower: FloatArray, upper: FloatArray, energy: FloatArray) -> Schedule:
    at = (evs.slots.period, evs.slots.ev)
    p, e = evs.fixed_p.copy(), evs.fixed_e.copy()
    up = np.zeros_like(p)
    p[at], e[at], up[at] = lower, energy, upper - lower
    return Schedule(p, up, np.zeros_like(p), e)


def band_in_closed_form(case: Case, flow: BatchedPowerFlow) -> tuple[Schedule, dict[Scenario, GridState]] | None:
    """The flat band of a case with EVs alone, and its power flows; None where the grid does not carry it."""
    if case.others or case.forecasts != ("",):
        return None
    schedule = flat_band(case.evs)
    if schedule is None or max(element_violations(case, schedule).values()) > VERIFIED:
        return None
    lowest = grid_state(case, flow, schedule.p)
    highest = grid_state(case, flow, schedule.p + schedule.p_up, schedule.p)
    for state in (highest, lowest):
        if not state.converged.all() or state.excess(case.limits).exceeds(USABLE).any():
            return None
    states = {row: highest if row.activation == "up" else lowest for row in case.checked_scenarios}
    return schedule, states
