r"""Whether the grid can carry what a full activation leaves to be made up.

(24) promises every car its energy at full power, car by car; the grid is not asked. Here it is: after a full activation
in one period, is there a schedule for the periods after it in which every EV still leaves with its need, every battery
ends as it must, every load that is shifted is served, and the grid keeps its limits?

Two tries. First the flexibility that is there already: charging anywhere between the schedule and what "up" draws in a
period keeps the limits (both ends are verified by power flow, and loads between them are taken to keep them too). What
this leaves open is decided by solving for the least energy that remains short.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.elements.chain import KW
from pandapower_evflex.elements.ev_chain import DOWN, ENERGY, START_FED_IN, UP
from pandapower_evflex.elements.ev_slots import Offers, Slots
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.solve.chains import chains_of
from pandapower_evflex.opf.solve.reduced_network import Block, ReducedNetwork
from pandapower_evflex.opf.verify import grid_state
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.scenarios import BASE, DIRECTIONS
from pandapower_evflex.solvers.chains.forms import Forms
from pandapower_evflex.solvers.chains.interior_point import solve_chains

#: shortfall at departure up to which a need counts as met [kWh]
SHORT_KWH = 1e-3
#: MWh by which no charging at all would end below a limit of the energy that has to be asked for
NOT_IMPLIED = 1e-3
#: relative excess up to which a limit of the grid counts as kept
KEPT = 1e-6


@dataclass(frozen=True)
class Recovery:
    """The question, answered only when asked: a period that needs a solve can take a second if there are many EVs."""

    case: Case
    schedule: Schedule

    def answer(self) -> Mapping[str, BoolArray | FloatArray]:
        """Per direction, whether a full activation in each period can be made up, under every forecast [n_period].

        After a call of a band nothing has to be: the edges lead to every need on their own.
        """
        if self.case.evs.has_band:
            return {direction: np.ones(self.case.horizon.n_periods, dtype=bool) for direction in DIRECTIONS}
        flow = BatchedPowerFlow(self.case.grid)
        each = [self.case.under(forecast).stores_joined.evs_alone(self.schedule) for forecast in self.case.forecasts]
        return {
            direction: np.all([_recoverable(case, flow, schedule, direction) for case, schedule in each], axis=0)
            for direction in DIRECTIONS
        }


def _recoverable(case: Case, flow: BatchedPowerFlow, schedule: Schedule, direction: str) -> BoolArray:
    activated = (schedule.p_up if direction == "up" else schedule.p_down).any(axis=1)
    answer, change = _within_flexibility(case, schedule, direction)
    extreme = schedule.p + (change.max(axis=0) if direction == "down" else change.min(axis=0))
    state = grid_state(case, flow, extreme, schedule.p)
    kept = state.converged & ~state.excess(case.limits).exceeds(KEPT)
    answer &= ~np.any(np.any(change != 0.0, axis=2) & ~kept, axis=1)
    for period in np.flatnonzero(activated & ~answer):
        answer[period] = _solves(case, flow, schedule, direction, int(period))
    return answer | ~activated


def _within_flexibility(case: Case, schedule: Schedule, direction: str) -> tuple[BoolArray, FloatArray]:
    """Making up as early as possible: answer per activated period, change of power [activated period, period, ev]."""
    slots, at = case.evs.slots, (case.evs.slots.period, case.evs.slots.ev)
    n_periods, n_ev = schedule.p.shape
    lowest = np.zeros_like(schedule.p)
    lowest[at] = slots.p_min
    energy_per_p, spare, more, follows = (np.zeros_like(schedule.p) for _ in range(4))
    energy_per_p[at] = slots.energy_per_p
    spare[at], more[at] = schedule.e[at] - slots.e_min, slots.e_max - schedule.e[at]
    follows[at] = slots.previous >= 0
    held = case.evs.held
    spare[held], more[held], follows[held] = np.inf, np.inf, 1.0
    room = schedule.p_up if direction == "down" else np.maximum(schedule.p - np.maximum(lowest, 0.0), 0.0)
    called = np.zeros_like(schedule.p)
    called[at] = np.abs(slots.energy_of(schedule.load(direction)[at]) - slots.energy_of(schedule.p[at]))
    left = np.zeros((n_periods, n_ev))  # energy still to be made up after an activation in each period
    answer, change = np.ones(n_periods, dtype=bool), np.zeros((n_periods, n_periods, n_ev))
    duration = case.evs.duration
    for t in range(n_periods):
        left *= follows[t]
        made_up = np.minimum(left, room[t] * energy_per_p[t])
        left = left - made_up
        with np.errstate(divide="ignore", invalid="ignore"):
            power = np.where(energy_per_p[t] > 0.0, made_up / energy_per_p[t], 0.0)
        change[:, t] = power if direction == "down" else -power
        begun = t + 1 - duration  # this activation ends now; its own periods were checked with the schedule
        if begun >= 0:
            left[begun] = duration * called[begun]
        allowed = spare[t] if direction == "down" else more[t]
        answer[: max(begun, 0)] &= ~np.any(left[: max(begun, 0)] > np.maximum(allowed, 0.0) + SHORT_KWH / KW, axis=1)
    return answer, change


def _solves(case: Case, flow: BatchedPowerFlow, schedule: Schedule, direction: str, period: int) -> bool:
    """Whether nothing remains short after the activation."""
    made_up = least_short(case, flow, schedule, direction, period)
    return made_up is not None and float(made_up.short_mwh.sum()) * KW <= 3.0 * SHORT_KWH


@dataclass(frozen=True)
class MadeUp:
    """Charging after an activation.

    Parameters
    ----------
    p : float [n_period, n_ev]     MW, of the periods after it
    short_mwh : float [n_stay]     what is still short at departures
    """

    p: FloatArray
    short_mwh: FloatArray


def least_short(case: Case, flow: BatchedPowerFlow, schedule: Schedule, direction: str, period: int) -> MadeUp | None:
    """The least energy short over all schedules that keep the grid's limits; None where none was found."""
    after, need = _after(case, schedule, direction, period)
    slots, n, short_mwh = after.evs.slots, len(after.evs.slots), np.zeros(len(case.evs.stays))
    if not n:
        return MadeUp(np.zeros_like(schedule.p), short_mwh)
    chains = chains_of(after.chain)
    departs = np.flatnonzero(np.append(slots.stay[1:] != slots.stay[:-1], True))
    # D of the last slot of a stay is what its car is short of: E + D >= need, D >= 0
    low, high = chains.problem.low, chains.problem.high.copy()
    short = np.zeros((len(departs), 1 + low.shape[1]))
    short[:, 1 + DOWN] = -1.0
    is_short, reached = Forms(departs, short), short.copy()
    reached[:, 1 + ENERGY] = -1.0
    reaches = Forms(departs, reached)
    c = np.zeros(low.shape)
    c[departs, DOWN], high[departs, DOWN] = 1.0, slots.e_max[departs] * KW
    problem = replace(
        chains.problem,
        c=c,
        constant=0.0,
        limits=Forms.join([chains.problem.limits, reaches, is_short]),
        b=np.concatenate([chains.problem.b, -need[departs] * KW, np.zeros(len(departs))]),
        high=high,
    )
    blocks = [Block(BASE, int(t), np.flatnonzero(slots.period == t)) for t in np.unique(slots.period)]
    x = low + START_FED_IN * (high - low)
    x[:, [UP, DOWN]] = 0.0
    x[:, ENERGY] = np.clip(schedule.e[slots.period, slots.ev] * KW, low[:, ENERGY], high[:, ENERGY])
    x[departs, DOWN] = 1.0
    network = ReducedNetwork(after, flow, chains, blocks)
    point = solve_chains(problem, network, x, relative_gap=SHORT_KWH, feasibility=1e-6)
    if point.status not in ("optimal", "converged"):
        return None
    short_mwh[slots.stay[departs]] = point.x[departs, DOWN] / KW
    return MadeUp(after.schedule_at(chains.loads, point.x).p, short_mwh)


def _after(case: Case, schedule: Schedule, direction: str, period: int) -> tuple[Case, FloatArray]:
    """The case from the next period on, with the energies after the activation and nothing offered; needs [n_slot]."""
    slots = case.evs.slots
    flex = schedule.p_up if direction == "up" else -schedule.p_down
    energy, end = schedule.e.copy(), period + case.evs.duration - 1
    drawn = np.zeros(energy.shape[1])
    for t in range(period, min(end, len(energy) - 1) + 1):
        now, p = slots.period == t, np.zeros(len(slots))
        p[now] = schedule.p[t, slots.ev[now]]
        called = p + np.where(now, flex[period, slots.ev], 0.0)
        drawn[slots.ev[now]] += (slots.energy_of(called) - slots.energy_of(p))[now]
        energy[t, slots.ev[now]] += drawn[slots.ev[now]]
    later = np.flatnonzero(slots.period > end)
    number = np.full(len(slots), -1)
    number[later] = np.arange(len(later))
    before = slots.previous[later]
    begins = (before >= 0) & (slots.period[before] <= end)
    e_before = np.where(begins, energy[slots.period[before], slots.ev[later]], 0.0)
    values = {name: getattr(slots, name)[later] for name in Slots.__dataclass_fields__}
    values["previous"] = np.where(before >= 0, number[before], -1)
    values["e_offset"] = values["e_offset"] + e_before
    need = values["e_min"]
    values["e_min"] = _reachable_floor(values)
    asked = (values["p_min"] < 0.0) | (values["e_min"] > 0.0)
    values["e_least"] = np.where(asked, values["e_min"] - NOT_IMPLIED, 0.0)
    nothing = Offers(np.zeros(len(later), dtype=bool), np.zeros(len(later)), np.zeros(len(later)))
    evs = replace(case.evs, slots=Slots(**values), offers=dict.fromkeys(DIRECTIONS, nothing), duration=1)
    return replace(case, evs=evs, scenarios=(BASE,)), need


def _reachable_floor(values: Mapping[str, Any]) -> FloatArray:
    """Energy below which nothing is fed in and no load deferred, as far as full power reaches it [n_slot]."""
    floor = values["e_floor"].copy()
    most = np.zeros(len(floor))
    for i, before in enumerate(values["previous"].tolist()):
        charged = values["e_offset"][i] + values["energy_per_p"][i] * values["p_max"][i]
        most[i] = min(values["e_max"][i], charged + (most[before] if before >= 0 else 0.0))
    return np.minimum(floor, most)
