"""Shaving a peak by hopping: charging cells wait for later idle cells of their stay (second paper, II-B)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.cpo.checks import CHARGING, Int8Array, checked_lattice, raise_if, series_faults, window_faults
from pandapower_evflex.cpo.shave.hopping import POLICIES, hop, idle_cells_ahead
from pandapower_evflex.cpo.shave.landings import landings
from pandapower_evflex.cpo.shave.shaving import apex_of
from pandapower_evflex.cpo.shave.subsets import MAX_LISTED_PERIODS
from pandapower_evflex.errors import Fault

FUNCTION = "shave_peak"

#: a reduction above a whole number of outlets by less is rounding
ROUNDING = 1e-9


@dataclass(frozen=True)
class PeakShave:
    """A lattice after its cars have made room for a peak.

    Attributes
    ----------
    lattice : int8 [n_evse, n_period]    states afterwards
    velocity : int [n_period]            v(k) of (4): charging cells that wait beyond period k, in outlets
    success : bool                       whether the load falls by the reduction in every period of the window
    first_failing_period : int or None   of the lattice; from it on, all was deferred that could be
    rebound : int [n_period]             load added after the window, where the waiting cells land, in outlets
    velocity_limit : int [n_window]      V_lim(k) of (8) in each period of the window: the most cells that could wait
                                         beyond it, given which waited before; below what (6) asks, the shave fails
    """

    lattice: Int8Array = field(repr=False)
    velocity: IntArray = field(repr=False)
    success: bool
    first_failing_period: int | None
    rebound: IntArray = field(repr=False)
    velocity_limit: IntArray = field(repr=False)


def shave_peak(
    lattice: Any, reduction: Any, start: int, *, policy: str = "most_slack", arrivals: Any = None
) -> PeakShave:
    """Reduce the load of a lattice in a window, period by period.

    In each period, as many of the cars that could charge wait as the reduction takes, in the order of the policy, and
    no car waits for more cells than are idle before it leaves. After the window, waiting cells land in the next idle
    ones.

    Parameters
    ----------
    lattice : int [n_evse, n_period]    states: 0 empty, 1 charging, 2 idle; stays end with the lattice
    reduction : float [n_window]        outlets to switch off in each period of the window, 0 or more; outlets are
                                        whole, so 2.5 takes 3
    start : int                         first period of the window
    policy : "most_slack", "nearest_idle", "outlet_order"
        which cars wait: those with the most idle cells ahead that nothing waits for yet, those that can land soonest,
        or the first outlets. Where the most slack fails, the cars that wait are found for the whole window at once, as
        a flow, so that this policy fails only where all must
    arrivals : bool [n_evse, n_period]  first cells of stays, for stays that follow each other without an empty cell

    Returns
    -------
    PeakShave

    Raises
    ------
    InvalidInputError    no such lattice or window; reductions that are negative or missing; an unknown policy

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> shave = evf.shave_peak([[0, 1, 1, 1, 2, 2, 0]], [1, 1], 1)
    >>> shave.success, shave.lattice.tolist(), shave.velocity.tolist()
    (True, [[0, 2, 2, 1, 1, 1, 0]], [0, 1, 2, 2, 1, 0, 0])
    """
    states, first = checked_lattice(FUNCTION, lattice, arrivals)
    wanted, faults = series_faults(FUNCTION, "reduction", reduction, "give outlets of 0 or more, per period", least=0.0)
    if not isinstance(policy, str) or policy not in POLICIES:
        remedy = f"use one of {', '.join(POLICIES)}"
        faults.append(Fault(FUNCTION, "policy", (), repr(policy), "is not known", remedy))
    raise_if(faults or _window_faults(start, len(wanted), states.shape[1]))
    end = int(start) + len(wanted)
    load = np.count_nonzero(states == CHARGING, axis=0)
    most = _most(load[int(start) : end], wanted)
    no_plan = np.zeros((len(states), len(wanted)), dtype=bool)
    shaved, velocity, limit, failing = hop(states, first, int(start), most, POLICIES[policy], no_plan, 0)
    if failing >= 0 and policy == "most_slack":
        plan, n_planned = _plan(states, first, int(start), most, failing - int(start))
        if n_planned:
            shaved, velocity, limit, failing = hop(states, first, int(start), most, POLICIES[policy], plan, n_planned)
    return PeakShave(
        shaved, velocity, failing < 0, None if failing < 0 else int(failing), _rebound(shaved, load, end), limit
    )


def rebound_of_most_slack(lattice: Int8Array, start: int, reduction: FloatArray) -> IntArray | None:
    """`PeakShave.rebound` where the most slack alone succeeds, else None: without the search for a better plan."""
    states, first = checked_lattice(FUNCTION, lattice, None)
    end = start + len(reduction)
    load = np.count_nonzero(states == CHARGING, axis=0)
    no_plan = np.zeros((len(states), len(reduction)), dtype=bool)
    most = _most(load[start:end], reduction)
    shaved, _, _, failing = hop(states, first, start, most, POLICIES["most_slack"], no_plan, 0)
    return _rebound(shaved, load, end) if failing < 0 else None


def _most(load: IntArray, reduction: FloatArray) -> IntArray:
    """Outlets that may charge; -1: no load is low enough."""
    return np.floor(np.maximum(load - reduction, -1.0) + ROUNDING).astype(np.int64)


def _rebound(shaved: Int8Array, load: IntArray, end: int) -> IntArray:
    after = np.count_nonzero(shaved == CHARGING, axis=0) - load
    return np.where(np.arange(len(load)) < end, 0, after)


def _plan(states: Int8Array, first: BoolArray, start: int, most: IntArray, known: int) -> tuple[BoolArray, int]:
    """Who charges in the window [n_evse, n_window] so that no more than ``most`` do in as many of its first periods as
    that is possible, and in how many; 0 where it is in no more than ``known``.
    """
    possible, at_most = known, len(most)
    while possible < at_most:  # what is possible in some periods is possible in fewer
        n = (possible + at_most + 1) // 2
        if _is_possible(states, first, start, most[:n]):
            possible = n
        else:
            at_most = n - 1
    plan = np.zeros((len(states), len(most)), dtype=bool)
    if possible == known:
        return plan, 0
    plan[:, :possible] = _landings(states, first, start, most[:possible])
    return plan, possible


def _is_possible(states: Int8Array, first: BoolArray, start: int, most: IntArray) -> bool:
    """Whether no more than ``most`` need charge: by all sets of a few periods, or as a flow through many."""
    n = len(most)
    if n > MAX_LISTED_PERIODS:
        return _landings(states, first, start, most) is not None
    load = np.count_nonzero(states[:, start : start + n] == CHARGING, axis=0)
    return apex_of(states, first, start, (load - most).astype(float)) >= 1.0 - ROUNDING


def _landings(states: Int8Array, first: BoolArray, start: int, most: IntArray) -> BoolArray | None:
    if most.min() < 0:
        return None
    window = slice(start, start + len(most))
    idle_after = idle_cells_ahead(states, first, start, len(most))[0][:, -1]
    return landings(states[:, window], first[:, window], idle_after, most)


def _window_faults(start: Any, n_window: int, n_all: int) -> list[Fault]:
    """The window is as long as the reduction."""
    faults = window_faults(FUNCTION, start, n_window, n_all)
    return [replace(fault, column="reduction") if fault.column == "n_periods" else fault for fault in faults]
