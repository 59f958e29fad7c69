"""All arrays of one problem: the grid, its limits, and the EVs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pandapower_evflex.arrays import ComplexArray, FloatArray
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.case.periods import Horizon
from pandapower_evflex.elements.ev_slots import EvCase
from pandapower_evflex.limits.by_period import ByLimit, Relaxed, limits_of


@dataclass(frozen=True)
class Case:
    """All arrays of one problem.

    Parameters
    ----------
    grid : Grid
    horizon : Horizon
    evs : EvCase
    s_base : complex [n_period, n_bus]   injection of everything but EVs, pu
    scenarios : activation scenarios, of "down", "up", "base"
    q_follows_flexibility : bool         reactive power of EVs follows the activated power (True) or P_ch alone (eq. 8)
    relaxed : Relaxed or None            limits that stand in for those of the grid
    """

    grid: Grid
    horizon: Horizon
    evs: EvCase
    s_base: ComplexArray
    scenarios: tuple[str, ...]
    q_follows_flexibility: bool
    relaxed: Relaxed | None = None

    @cached_property
    def limits(self) -> ByLimit:
        """What every schedule keeps."""
        return self.relaxed.kept if self.relaxed else limits_of(self.grid, self.horizon.n_periods)

    @property
    def seen_limits(self) -> ByLimit:
        """Of these, the ones that a schedule could exceed."""
        return self.relaxed.seen if self.relaxed else self.limits

    def injections(self, p_ev: FloatArray, p_scheduled: FloatArray | None = None) -> ComplexArray:
        """Bus injections [n_case, n_bus] with EV loads ``p_ev`` [n_period, n_ev].

        ``p_scheduled`` is the power that the reactive power follows where it does not follow ``p_ev``.
        """
        p_for_q = p_ev if self.q_follows_flexibility or p_scheduled is None else p_scheduled
        s = self.s_base.copy()
        np.subtract.at(s.T, self.evs.bus_row, (p_ev + 1j * p_for_q * self.evs.tan_phi).T)
        return s
