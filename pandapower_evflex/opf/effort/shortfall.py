r"""How much energy must remain short: needs that the grid cannot serve, lowered by the least.

Over the charging power alone, since without any activation every schedule keeps more limits than with one:

.. math:: \min \sum_i s_i, \quad \text{then} \quad \min \sum_i (s_i / E_{need,i})^2, \qquad
          E_i + s_i \ge E_{need,i}, \; s_i \ge 0

with the energy at departure E, within the limits of the cars and of the grid. What a trip to a coupled session uses is
not lowered. The minimum-energy curve below the lower limit E_low is followed as far as that costs no need.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.elements.chain import KW
from pandapower_evflex.elements.ev_chain import DOWN, UP
from pandapower_evflex.elements.ev_slots import ONE_ACTIVATION, Offers
from pandapower_evflex.elements.ev_stays import Stay
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.report.why_not_more import MOVES, elements_of
from pandapower_evflex.opf.solve.chains import Chains, chains_of
from pandapower_evflex.opf.solve.reduced_network import ReducedNetwork, blocks_of
from pandapower_evflex.opf.solve.screening import screen
from pandapower_evflex.opf.verify import grid_state, states_of_forecasts
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.powerflow.sensitivities import LimitRows
from pandapower_evflex.scenarios import BASE, DIRECTIONS
from pandapower_evflex.solvers.chains.forms import Forms, Rows
from pandapower_evflex.solvers.chains.interior_point import solve_chains
from pandapower_evflex.solvers.chains.problem import ChainPoint, ChainProblem

#: shortfall [kWh] up to which a need counts as met
MET_KWH = 1e-3
#: what the second stage may add to the least sum, relative and in kWh
SUM_ROOM, SUM_ROOM_KWH = 1e-6, 1e-4
#: cost of a kWh below the curve of the lower limit, where a kWh short costs 1
CURVE_COST = 1e-4
#: share of the largest multiplier beyond which a limit of the grid is named as a reason
DECIDES = 1e-3
#: relative excess of a limit beyond which a schedule is refused
KEPT = 1e-6
FIRST_GAP, SECOND_GAP, FEASIBILITY = 1e-7, 1e-6, 1e-9
MAX_ROUNDS = 8


@dataclass(frozen=True)
class Shortfall:
    """Least energy short.

    Parameters
    ----------
    mwh : float [n_stay]         per stay of `Units.stays`
    schedule : Schedule          that leaves so much short, nothing activated
    reasons : list of list       elements of the grid that hold each stay back
    """

    mwh: FloatArray
    schedule: Schedule
    reasons: list[list[str]]


@dataclass(frozen=True)
class Departures:
    """Last slot of every stay that has one, the energy needed there and at departure, kWh."""

    stay: IntArray
    slot: IntArray
    need: FloatArray
    e_need: FloatArray

    def of(self, chosen: BoolArray) -> Departures:
        return Departures(self.stay[chosen], self.slot[chosen], self.need[chosen], self.e_need[chosen])


def least_shortfall(
    case: Case,
    needs: list[Stay],
    low_curve: FloatArray,
    flow: BatchedPowerFlow,
    keep_going: Callable[[], bool],
) -> Shortfall | None:
    """None where no schedule was found.

    Parameters
    ----------
    case : Case                      whose stays need nothing
    needs : list of Stay             the same stays with their needs
    low_curve : float [n_slot]       minimum-energy curve of the lower limit alone, MWh
    """
    case = without_activation(case)
    departures = departures_of(case, needs)
    chains = chains_of(case.chain)
    first = _elastic(case, chains, departures, low_curve * KW)
    needed = screen(case, flow, states_of_forecasts(case, flow, case.chain.least))
    x = _start(case, departures, low_curve * KW)
    point: ChainPoint | None = None
    for _ in range(MAX_ROUNDS):
        network = ReducedNetwork(case, flow, chains, blocks_of(case, needed))
        point = _solve(first, network, x, FIRST_GAP, keep_going)
        if point is None:
            return None
        short = float(np.sum(point.x[departures.slot, DOWN]))
        if short > MET_KWH:
            again = ReducedNetwork(case, flow, chains, blocks_of(case, needed))
            fairest = _solve(_fairest(first, departures, short), again, point.x, SECOND_GAP, keep_going)
            if fairest is not None:
                network, point = again, fairest
        schedule = case.schedule_at(chains.loads, point.x)
        state = grid_state(case, flow, schedule.p)
        if not needed.join_violated(case, {BASE: state}):
            break
    assert point is not None
    if not state.converged.all() or state.excess(case.limits).exceeds(KEPT).any():
        return None
    return Shortfall(short_mwh(case, needs, schedule), schedule, _reasons(case, network, point, len(needs)))


def without_activation(case: Case) -> Case:
    n = len(case.evs.slots)
    nothing = Offers(np.zeros(n, dtype=bool), np.zeros(n), np.zeros(n))
    evs = replace(case.evs, offers=dict.fromkeys(DIRECTIONS, nothing), guarantee=ONE_ACTIVATION, duration=1)
    return replace(case, evs=evs, scenarios=(BASE,))


def departures_of(case: Case, needs: list[Stay]) -> Departures:
    slots = case.evs.slots
    slot = np.flatnonzero(np.append(slots.stay[1:] != slots.stay[:-1], True)) if len(slots) else np.empty(0, dtype=int)
    need, e_need = [], []
    for i in slot.tolist():
        stay = needs[int(slots.stay[i])]
        later = stay.is_held[int(np.flatnonzero(stay.periods == slots.period[i])[0]) + 1 :].sum()
        need.append((stay.e_need - stay.e_after - stay.energy_per_p * stay.p_min * later) * KW)
        e_need.append(stay.e_need * KW)
    return Departures(slots.stay[slot], slot, np.array(need), np.array(e_need))


def is_asked(case: Case, departures: Departures) -> BoolArray:
    """Where a need is above what is there without any charging."""
    return departures.need > case.evs.slots.e_least[departures.slot] * KW


def _elastic(case: Case, chains: Chains, departures: Departures, low_kwh: FloatArray) -> ChainProblem:
    """Least sum of what is short; D of a last slot is s, T what a slot lacks of the curve of the lower limit."""
    slots, n = case.evs.slots, len(case.evs.slots)
    asked = is_asked(case, departures)
    at, need = departures.slot[asked], departures.need[asked]
    low = np.flatnonzero(low_kwh > slots.e_least * KW + MET_KWH)
    c, high = np.zeros((n, 3)), chains.problem.high.copy()
    c[at, DOWN], high[at, DOWN] = 1.0, need
    c[low, UP], high[low, UP] = CURVE_COST, low_kwh[low]
    energy, short, below = np.eye(4)[[1, 3, 2]]
    limits = [
        (Forms(at, np.tile(-energy - short, (len(at), 1))), -need),
        (Forms(at, np.tile(-short, (len(at), 1))), np.zeros(len(at))),
        (Forms(low, np.tile(-energy - below, (len(low), 1))), -low_kwh[low]),
        (Forms(low, np.tile(-below, (len(low), 1))), np.zeros(len(low))),
    ]
    return replace(
        chains.problem,
        c=c,
        constant=0.0,
        limits=Forms.join([chains.problem.limits, *[forms for forms, _ in limits]]),
        b=np.concatenate([chains.problem.b, *[b for _, b in limits]]),
        high=high,
    )


def _fairest(first: ChainProblem, departures: Departures, short_kwh: float) -> ChainProblem:
    """The same total shortfall, shared with the least squares of shortfall over need."""
    at = departures.slot[first.c[departures.slot, DOWN] > 0.0]
    e_need = departures.e_need[first.c[departures.slot, DOWN] > 0.0]
    short = np.tile([0.0, 0.0, 0.0, 1.0], (len(at), 1))
    c = first.c.copy()
    c[at, DOWN] = 0.0
    return replace(
        first,
        c=c,
        squares=Forms(at, short),
        weight=2.0 / e_need**2,
        target=np.zeros(len(at)),
        sums=Rows(1, np.zeros(len(at), dtype=np.int64), Forms(at, short)),
        sums_b=np.array([short_kwh * (1.0 + SUM_ROOM) + SUM_ROOM_KWH]),
    )


def _start(case: Case, departures: Departures, low_kwh: FloatArray) -> FloatArray:
    """Hardly anything is charged, everything is short: a point that keeps every limit of the cars."""
    slots = case.evs.slots
    most, least = np.minimum(slots.e_most, slots.e_max), np.maximum(slots.e_least, slots.e_min)
    energy = np.where(slots.pinned, most, least) * KW
    x = np.stack([energy, np.maximum(low_kwh - energy, 0.0) + 1.0, np.zeros(len(slots))], axis=1)
    x[departures.slot, DOWN] = np.maximum(departures.need - energy[departures.slot], 0.0) + 1.0
    return x


def _solve(
    problem: ChainProblem, network: ReducedNetwork, x: FloatArray, gap: float, keep_going: Callable[[], bool]
) -> ChainPoint | None:
    point = solve_chains(problem, network, x, relative_gap=gap, feasibility=FEASIBILITY, keep_going=keep_going)
    return point if point.status in ("optimal", "converged") else None


def short_mwh(case: Case, needs: list[Stay], schedule: Schedule) -> FloatArray:
    """What every controllable EV lacks of its need at departure [n_stay], 0 where it is met."""
    short = np.zeros(len(needs))
    for number, stay in enumerate(needs):
        if case.evs.controllable[stay.ev] and len(stay.periods):
            short[number] = stay.e_need - stay.e_after - schedule.e[stay.periods[-1], stay.ev]
    return np.where(short * KW > MET_KWH, short, 0.0)


def _reasons(case: Case, network: ReducedNetwork, point: ChainPoint, n_stays: int) -> list[list[str]]:
    """Elements of the grid whose limits decide, for every stay that they hold back."""
    n_sums = point.rows.n_rows - len(network.rows)
    names: list[list[str]] = [[] for _ in range(n_stays)]
    elements = elements_of(case.grid, LimitRows.of(network.rows))
    effect = np.abs(point.rows.forms.coefficient).max(axis=1, initial=0.0)
    multiplier = point.lam[n_sums:]
    for row in np.argsort(-multiplier).tolist():
        if multiplier[row] <= DECIDES * multiplier.max():
            break
        of_row = point.rows.row == row + n_sums
        moved = of_row & (effect >= MOVES * effect[of_row].max(initial=0.0))
        for stay in np.unique(case.evs.slots.stay[point.rows.forms.slot[moved]]).tolist():
            if elements[row] not in names[stay]:
                names[stay].append(elements[row])
    return names
