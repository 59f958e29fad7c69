r"""The least shortfall by linear programs over the energies, where the interior point finds none.

Limits of the grid are linearised at the powers of the program before; a region about these shrinks, so that what
curvature adds vanishes. Every limit of the grid may be exceeded at a price far above that of an unmet need: with
:math:`h_i(p) \approx h_i(p_0) + g_i^T (p - p_0)` in kW of the car with the strongest effect,

.. math:: \min \; \sum_i c_i u_i + C \sum_j t_j + \sum_j s_j, \qquad h_i(p) \le u_i, \;
          E_j + s_j \ge E_{need,j}, \; E_j + t_j \ge E_{trip,j}

where an EV charges t on the way. So there always is a solution, and it says what cannot be had: limits that charging
could lower, but not all of them below their value, and trips to coupled sessions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix, csr_matrix, diags, eye, hstack, vstack

from pandapower_evflex.arrays import FloatArray, IntArray
from pandapower_evflex.elements.chain import KW, LOADS
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.limits.by_period import ByLimit, rows_of
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.solve.by_energy import powers_of_energies, slopes_by_slot, state_at
from pandapower_evflex.opf.verify import GridState
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.powerflow.sensitivities import LimitRows, limit_gradients

#: costs, where an unmet need costs 1 per kWh: of a kW beyond a limit that stands, of a kW beyond a limit that charging
#: may cure, of a kWh that a trip lacks, of a kWh below the curve of the lower limit
LIMIT_COST, CURE_COST, TRIP_COST, CURVE_COST = 1e5, 1e3, 10.0, 1e-4
#: h from which on a limit has a row, and how many of one kind join a period at once
NEAR, JOIN_AT_ONCE = -0.02, 3
#: change of power from one program to the next that is allowed, as a share of full power, tried from large to small
REGIONS = (1.0, 1.0, 1.0, *(0.5**k for k in range(1, 11)))
#: relative excess of a limit, and change of the shortfall [kWh], up to which the steps have converged
KEPT, SAME_KWH = 1e-8, 1e-5
#: what the second stage may add to the least sum, relative and in kWh
SUM_ROOM, SUM_ROOM_KWH = 1e-6, 1e-4
#: number of tangents of each square at the start
N_TANGENTS = 12
#: least slope [h per kW] that a row is scaled by; below it no car has an effect
NO_EFFECT = 1e-10


@dataclass(frozen=True)
class Wants:
    """What is asked of the energies at last slots of stays, kWh.

    Parameters
    ----------
    slot, need, e_need : [n]         what is missing below the need costs 1; squares are of shares of e_need
    trip_slot, trip : [n_trip]       energy that the way to a coupled session uses
    low_slot, low : [n_low]          minimum-energy curve of the lower limit
    """

    slot: IntArray
    need: FloatArray
    e_need: FloatArray
    trip_slot: IntArray
    trip: FloatArray
    low_slot: IntArray
    low: FloatArray


@dataclass(frozen=True)
class LinearisedShortfall:
    """End of the programs.

    Parameters
    ----------
    schedule : Schedule            nothing activated
    state : GridState              its power flow
    short, no_trip : float         of `Wants`, kWh
    rows : LimitRows, price : float [n_row]    limits of the grid that decide, `case` is the period
    """

    schedule: Schedule
    state: GridState
    short: FloatArray
    no_trip: FloatArray
    rows: LimitRows
    price: FloatArray


@dataclass
class _Programs:
    """The linear programs of one case; ``p_kw`` [n_slot] is the point of the next one."""

    case: Case
    flow: BatchedPowerFlow
    wants: Wants
    curable: Collection[tuple[int, int, int]]
    p_kw: FloatArray
    at: set[tuple[int, int, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        slots, n = self.case.evs.slots, len(self.case.evs.slots)
        per_energy = 1.0 / slots.energy_per_p
        self._power, self._power_0 = powers_of_energies(self.case)
        after = np.array([np.flatnonzero(slots.previous == i) for i in self.wants.trip_slot], dtype=np.int64).reshape(
            -1
        )
        trips = np.arange(len(after))
        self._on_the_way = csr_matrix((-per_energy[after], (after, trips)), (n, len(after)))
        self._e_high = np.minimum(slots.e_most, slots.e_max) * KW

    def state(self, p_kw: FloatArray) -> GridState:
        return state_at(self.case, self.flow, p_kw)

    def solve(
        self, region: float, squares: _Squares | None
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, LimitRows]:
        """Powers [n_slot], shortfalls, what trips lack, prices of the rows, and the rows."""
        slots, wants, n = self.case.evs.slots, self.wants, len(self.case.evs.slots)
        rows, h, slope = self._linearised()
        sizes = (n, len(wants.slot), len(wants.trip_slot), len(wants.low_slot), len(rows), len(wants.slot))
        ends = np.cumsum(sizes)
        of = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]

        def placed(*parts: tuple[int, csr_matrix]) -> csr_matrix:
            known = dict(parts)
            height = parts[0][1].shape[0]
            return hstack([known.get(k, csr_matrix((height, size))) for k, size in enumerate(sizes)], format="csr")

        p_low = np.maximum(slots.p_min * KW, self.p_kw - region * slots.p_max * KW)
        p_high = np.minimum(slots.p_max * KW, self.p_kw + region * slots.p_max * KW)
        parts = [
            (placed((0, self._power), (2, self._on_the_way)), p_high - self._power_0),
            (placed((0, -self._power), (2, -self._on_the_way)), self._power_0 - p_low),
            (
                placed((0, slope @ self._power), (2, slope @ self._on_the_way), (4, -eye(len(rows)))),
                slope @ (self.p_kw - self._power_0) - h,
            ),
        ]
        for k, slot, energy in (
            (1, wants.slot, wants.need),
            (2, wants.trip_slot, wants.trip),
            (3, wants.low_slot, wants.low),
        ):
            picked = csr_matrix((np.ones(len(slot)), (np.arange(len(slot)), slot)), (len(slot), n))
            parts.append((placed((0, -picked), (k, -eye(len(slot)))), -energy))
        cost = np.zeros(ends[-1])
        cost[of[1]], cost[of[2]], cost[of[3]] = 1.0, TRIP_COST, CURVE_COST
        cost[of[4]] = [
            CURE_COST if row in self.curable else LIMIT_COST
            for row in zip(rows.case.tolist(), rows.kind.tolist(), rows.position.tolist(), strict=True)
        ]
        if squares is not None:
            cost[of[1]], cost[of[5]] = 0.0, 1.0
            parts += squares.parts(placed, len(wants.slot))
        lower, upper = np.zeros(ends[-1]), np.full(ends[-1], np.inf)
        upper[of[0]] = self._e_high
        solved = linprog(
            cost,
            vstack([a for a, _ in parts], format="csr"),
            np.concatenate([b for _, b in parts]),
            bounds=np.stack([lower, upper], axis=1),
            method="highs",
        )
        if solved.x is None:
            raise _NoProgram
        price = -solved.ineqlin.marginals[2 * n : 2 * n + len(rows)]
        p_kw = self._power @ solved.x[of[0]] + self._on_the_way @ solved.x[of[2]] + self._power_0
        return p_kw, solved.x[of[1]], solved.x[of[2]], price, rows

    def _linearised(self) -> tuple[LimitRows, FloatArray, csr_matrix]:
        """Rows, their h and slopes [n_row, n_slot] at the point, in kW of the car with the strongest effect."""
        state = self.state(self.p_kw)
        limits = self.case.seen_limits
        table = rows_of(limits, state.values)
        self._join(table)
        rows = LimitRows.of(sorted(self.at))
        h = rows.values(table)
        gradient = limit_gradients(self.flow, rows, state.v, limits)
        row, slot, slope = slopes_by_slot(self.case, rows, gradient)
        strongest = np.zeros(len(rows))
        np.maximum.at(strongest, row, np.abs(slope))
        scale = 1.0 / np.maximum(strongest, NO_EFFECT)
        matrix = coo_matrix((slope * scale[row], (row, slot)), (len(rows), len(self.case.evs.slots))).tocsr()
        return rows, h * scale, matrix

    def _join(self, table: ByLimit) -> None:
        plugged = np.isin(np.arange(self.case.horizon.n_periods), self.case.evs.slots.period)
        for kind, h in enumerate(table):
            for t in np.flatnonzero(plugged & (h > NEAR).any(axis=1)).tolist():
                worst = np.argsort(-h[t], kind="stable")
                new = [i for i in worst[h[t][worst] > NEAR].tolist() if (t, kind, i) not in self.at]
                self.at.update((t, kind, i) for i in new[:JOIN_AT_ONCE])

    def pulled_back(self, p_kw: FloatArray) -> FloatArray:
        """Powers of periods without a power flow, halfway back to the point again and again."""
        period = self.case.evs.slots.period
        for _ in range(20):
            lost = ~self.state(p_kw).converged[period]
            if not lost.any():
                break
            p_kw = np.where(lost, 0.5 * (p_kw + self.p_kw), p_kw)
        return p_kw


class _NoProgram(Exception):
    """The linear program has no solution: the limits of the cars leave none."""


@dataclass
class _Squares:
    """Tangents of the squares of shortfall over need, at a grid and at what was met."""

    e_need: FloatArray
    most: float
    points: list[FloatArray]

    def parts(self, placed: Callable[..., csr_matrix], n: int) -> list[tuple[csr_matrix, FloatArray]]:
        parts = [(placed((1, csr_matrix(np.ones((1, n))))), np.array([self.most]))]
        for s in self.points:  # t >= (2 s_k s - s_k^2) / need^2
            slope = 2.0 * s / self.e_need**2
            parts.append((placed((1, diags(slope).tocsr()), (5, -eye(n))), s**2 / self.e_need**2))
        return parts


def least_by_linear_programs(
    case: Case,
    wants: Wants,
    curable: Collection[tuple[int, int, int]],
    flow: BatchedPowerFlow,
    keep_going: Callable[[], bool],
) -> LinearisedShortfall | None:
    """None where the time is up, or the limits of the cars leave nothing.

    Parameters
    ----------
    case : Case                     whose stays need nothing
    curable : of (period, kind, position)    limits that may be exceeded at a lower price
    """
    programs = _Programs(case, flow, wants, curable, case.evs.slots.p_min * KW)
    try:
        found = _stage(programs, None, keep_going)
        if found is not None and found.short.sum() > SUM_ROOM_KWH:
            most = found.short.sum() * (1.0 + SUM_ROOM) + SUM_ROOM_KWH
            grid = [share * wants.e_need for share in np.linspace(0.0, 1.0, N_TANGENTS)]
            fairer = _stage(programs, _Squares(wants.e_need, most, [*grid, found.short]), keep_going)
            found = fairer if fairer is not None and _no_worse(case, fairer, found) else found
    except _NoProgram:
        return None
    return found


def _no_worse(case: Case, fairer: LinearisedShortfall, found: LinearisedShortfall) -> bool:
    return _excess(case, fairer.state) <= max(_excess(case, found.state), 10.0 * KEPT)


def _excess(case: Case, state: GridState) -> float:
    if not state.converged.all():
        return np.inf
    return max(float(np.max(h, initial=0.0)) for h in rows_of(case.limits, state.values))


def _stage(programs: _Programs, squares: _Squares | None, keep_going: Callable[[], bool]) -> LinearisedShortfall | None:
    before, result = np.inf, None
    for region in REGIONS:
        if not keep_going():
            return None
        p_kw, short, no_trip, price, rows = programs.solve(region, squares)
        programs.p_kw = programs.pulled_back(p_kw)
        state = programs.state(p_kw)
        p = p_kw / KW
        schedule = programs.case.schedule(dict.fromkeys(LOADS, p))
        result = LinearisedShortfall(schedule, state, short, no_trip, rows, price)
        if squares is not None:
            squares.points.append(short)
        value = float(short.sum() if squares is None else np.sum((short / squares.e_need) ** 2))
        excess = _excess(programs.case, state)
        if excess <= KEPT and abs(before - value) <= SAME_KWH * (1.0 if squares is None else 1e-2):
            break
        before = value
    return result
