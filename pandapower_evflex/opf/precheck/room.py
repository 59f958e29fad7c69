r"""Energy against room: what the cars behind a branch need in some window of time, and what it carries there.

On a radial grid without held voltages the power through a branch is at least that of everything behind it: losses only
add to it. So with the load :math:`P_t` of others behind the branch (negative where they feed in) and its limit
:math:`\bar S`, the cars behind it draw in period t no more than

.. math:: R_t = \min\bigl(\bar S - P_t, \sum_i \bar p_{i,t}\bigr)

Reactive power is left out in their favour; a limit of current is taken at the highest voltage allowed at that end. In a
window of periods W a car draws at least its need less what it can draw outside of W. Where the sum of that exceeds
:math:`\Delta T \sum_{t \in W} R_t` no schedule exists. Necessary for a schedule, not sufficient.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import depth_first_order

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.elements.ev_stays import Stay
from pandapower_evflex.limits import LOADING, OVERVOLTAGE
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.findings.remedies import NO_ROOM
from pandapower_evflex.opf.solve.certifiable import why_uncertified

#: missing energy, relative and in MWh, up to which the judgement is left to the solver
CLEARLY, CLEARLY_MWH = 1e-3, 1e-6
#: relative, by which sums over what is behind a bus may be too small
ROUNDING = 1e-9


def room_findings(case: Case) -> list[dict[str, Any]]:
    """Per overloaded branch the window that lacks most energy, one row per period of it; none where nothing is proved.

    `value` is the energy that cars need in the window and `limit` what the branch carries, MWh.
    """
    stays = [stay for stay in case.evs.stays if case.evs.controllable[stay.ev] and len(stay.periods)]
    if why_uncertified(case) or not stays or any(stay.p_min < 0.0 for stay in stays):
        return []
    plugged = np.zeros((len(stays), case.horizon.n_periods), dtype=bool)
    for number, stay in enumerate(stays):
        plugged[number, stay.periods] = True
    p_max = np.array([stay.p_max for stay in stays])
    need = energies_to_draw(case, stays)
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for end, room, behind in _rooms(case, stays, p_max[:, None] * plugged):
        window = _worst_window(case, plugged[behind], p_max[behind], need[behind], room)
        if window is not None:  # the sides of one element lack about the same
            rows = _rows(case, end, *window)
            found.setdefault((rows[0]["element_type"], rows[0]["element"]), rows)
    return [row for rows in found.values() for row in rows]


def energies_to_draw(case: Case, stays: list[Stay]) -> FloatArray:
    """Least energy that every stay draws from the grid within the horizon [n_stay], MWh."""
    slots = case.evs.slots
    most = np.full(len(case.evs.stays), np.nan)
    first = np.flatnonzero(np.append(True, slots.stay[1:] != slots.stay[:-1])) if len(slots) else np.empty(0, dtype=int)
    most[slots.stay[first]] = (slots.e_most - slots.energy_per_p * slots.p_max)[first]
    number = {id(stay): i for i, stay in enumerate(case.evs.stays)}
    arrival = np.array([most[number[id(stay)]] for stay in stays])
    missing = np.array([stay.e_need - stay.e_after for stay in stays]) - arrival
    eta = np.array([stay.eta for stay in stays])
    return np.maximum(missing, 0.0) / eta


def _rooms(case: Case, stays: list[Stay], most: FloatArray) -> Iterator[tuple[int, FloatArray, BoolArray]]:
    """Rated ends with too little room at times for what the cars behind may draw at ``most`` [n_stay, n_period], MW.

    With the power left for these cars [n_period], and which stays they are.
    """
    ends, feeders = case.grid.ends, _Feeders.of(case.grid)
    carries = case.limits[LOADING] * ends.rating * np.where(ends.squared_power, 1.0, _highest_voltage(case))
    others = feeders.sums_behind(-case.injections(case.chain.least).real)
    bus_of_stay = case.evs.bus_row[[stay.ev for stay in stays]]
    at_bus = np.zeros_like(others)
    np.add.at(at_bus.T, bus_of_stay, most)
    bus_of_end = feeders.fed_through[ends.branch]
    room = np.maximum(carries - others[:, bus_of_end], 0.0)
    is_short = (room < (1.0 + ROUNDING) * feeders.sums_behind(at_bus)[:, bus_of_end]).any(axis=0)
    for end in np.flatnonzero(np.isfinite(carries).all(axis=0) & (bus_of_end >= 0) & is_short).tolist():
        yield end, room[:, end], feeders.behind(bus_of_end[end], bus_of_stay)


def _highest_voltage(case: Case) -> FloatArray:
    """Highest voltage that a schedule may have at the bus of each rated end [n_period, n_end], pu."""
    grid, ends = case.grid, case.grid.ends
    highest = case.limits[OVERVOLTAGE].copy()
    highest[:, grid.slack] = np.abs(grid.set_points[grid.slack])
    return highest[:, np.where(ends.at_from, grid.from_bus[ends.branch], grid.to_bus[ends.branch])]


@dataclass(frozen=True)
class _Feeders:
    """A radial grid as a tree.

    Parameters
    ----------
    position : int [n_bus]       in an order in which everything behind a bus follows it directly
    size : int [n_bus]           number of buses behind it, itself included
    fed_through : int [n_branch] the bus that a branch feeds, -1: one of several in parallel
    """

    position: IntArray
    size: IntArray
    fed_through: IntArray

    @classmethod
    def of(cls, grid: Grid) -> _Feeders:
        n, root = len(grid.vm_min), len(grid.vm_min)
        a = np.concatenate([grid.from_bus, np.full(len(grid.slack), root)])
        b = np.concatenate([grid.to_bus, grid.slack])
        order, before = depth_first_order(csr_matrix((np.ones(len(a)), (a, b)), (n + 1, n + 1)), root, directed=False)
        size, position = np.ones(n + 1, dtype=np.int64), np.zeros(n + 1, dtype=np.int64)
        position[order] = np.arange(len(order))
        for bus in order[:0:-1].tolist():
            size[before[bus]] += size[bus]
        feeds_to = before[grid.to_bus] == grid.from_bus
        fed = np.where(feeds_to, grid.to_bus, grid.from_bus)
        _, number, count = np.unique(fed, return_inverse=True, return_counts=True)
        return cls(position[:n], size[:n], np.where(count[number] == 1, fed, -1))

    def behind(self, bus: int, buses: IntArray) -> BoolArray:
        """Which of the buses are fed through the given one."""
        ahead = self.position[buses] - self.position[bus]
        return (ahead >= 0) & (ahead < self.size[bus])

    def sums_behind(self, values: FloatArray) -> FloatArray:
        """Sum over everything behind each bus [n_period, n_bus]."""
        total = np.zeros((len(values), int(self.position.max()) + 2))
        np.add.at(total.T, self.position + 1, values.T)
        total = total.cumsum(axis=1)
        return total[:, self.position + self.size] - total[:, self.position]


def _worst_window(
    case: Case, plugged: BoolArray, p_max: FloatArray, need: FloatArray, room: FloatArray
) -> tuple[int, int, float, float] | None:
    """First period, period after the last, energy needed and carried in the window that lacks most; None: none does."""
    period_h = case.horizon.period_h
    drawn = np.minimum(room, p_max @ plugged) * period_h
    if np.all(room >= p_max @ plugged):
        return None
    carried = np.append(0.0, np.cumsum(drawn))
    hours = np.pad(np.cumsum(plugged, axis=1), ((0, 0), (1, 0))) * period_h
    arrives = np.unique(np.argmax(plugged, axis=1))
    departs = np.unique(plugged.shape[1] - np.argmax(plugged[:, ::-1], axis=1))
    worst: tuple[int, int, float, float] | None = None
    for first in arrives.tolist():
        after = departs[departs > first]
        inside = hours[:, after] - hours[:, [first]]
        outside = hours[:, [-1]] - inside
        needed = np.maximum(need[:, None] - p_max[:, None] * outside, 0.0).sum(axis=0)
        lacks = needed - (carried[after] - carried[first])
        k = int(np.argmax(lacks))
        room_here = float(carried[after[k]] - carried[first])
        if lacks[k] > CLEARLY * room_here + CLEARLY_MWH and (worst is None or lacks[k] > worst[2] - worst[3]):
            worst = (first, int(after[k]), float(needed[k]), room_here)
    return worst


def _rows(case: Case, end: int, first: int, after: int, needed: float, carried: float) -> list[dict[str, Any]]:
    ends = case.grid.ends
    place = {"element_type": ends.element_type[end], "element": int(ends.element[end]), "side": ends.side[end]}
    values = {"quantity": "energy_mwh", "value": needed, "limit": carried, "curable": False}
    return [{"finding": NO_ROOM, "period": period, **place, **values} for period in range(first, after)]
