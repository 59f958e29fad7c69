r"""Generators of `net.sgen` that may be curtailed, PV above all.

The load of a unit is what is curtailed: 0 leaves the feed-in at what is available, which stays among the injections
that are not scheduled. With :math:`\bar G_t` the available feed-in less `min_p_mw`,

.. math::

    0 \le C_t, \qquad C_t + P_{up,t} \le \bar G_t

and no state links the periods. "Up" is less feed-in. The schedule itself curtails nothing (C = 0) unless no schedule
exists otherwise; then :math:`\Delta T \sum C` is the least energy with which one does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.elements.ev_slots import Offers

#: MW up to which nothing is available to be curtailed
NOTHING = 1e-7


@dataclass(frozen=True)
class Generators:
    """Generators that may be curtailed.

    Parameters
    ----------
    index, bus, bus_row : int [n_unit]      labels in net.sgen and net.bus, and row of the grid
    available, reactive : float [n_period, n_unit]    MW and Mvar fed in by themselves
    most : float [n_period, n_unit]         MW that may be curtailed
    tan_phi : float [n_period, n_unit]      reactive over active power at what is available, which curtailment keeps; 0
                                            of units whose reactive power is chosen
    q_ratio : float [n_unit]                of these most reactive over active power, NaN of others
    unit, period : int [n_slot]             where anything is to be curtailed
    offers : {"up": Offers, "down": Offers}
    period_h : float
    energy_mwh : float                      that the schedule curtails in sum at most: 0, or as little as it can be
    start : float [n_period, n_unit]        MW; what a schedule curtails with which a solver may begin
    has_band : bool                         one of many kinds that promise bands, which have two energies
    duration : int                          periods for which an activation is held
    """

    index: IntArray
    bus: IntArray
    bus_row: IntArray
    available: FloatArray
    reactive: FloatArray
    most: FloatArray
    tan_phi: FloatArray
    q_ratio: FloatArray
    unit: IntArray
    period: IntArray
    offers: Mapping[str, Offers]
    period_h: float
    energy_mwh: float
    start: FloatArray
    has_band: bool = False
    duration: int = 1

    @property
    def curtails(self) -> bool:
        """Whether the schedule itself may curtail."""
        return self.energy_mwh > 0.0

    @property
    def chooses_q(self) -> BoolArray:
        """Units whose reactive power is chosen [n_unit]."""
        return ~np.isnan(self.q_ratio)

    def within_q(self, curtailed: FloatArray, q: FloatArray | float = 0.0) -> FloatArray:
        """Reactive load beside that of the available feed-in [n_period, n_unit], within its range while curtailed."""
        most = np.nan_to_num(self.q_ratio) * (self.available - curtailed)
        return np.where(self.chooses_q, np.clip(q - self.reactive, 0.0, most) + self.reactive, 0.0)

    @property
    def cap(self) -> FloatArray:
        """Most upward flexibility [n_period, n_unit], MW."""
        cap, up = np.zeros(self.most.shape), self.offers["up"]
        at = (self.period, self.unit)
        cap[at] = np.where(up.offered, np.minimum(up.p_max, self.room(0.0)[at]), 0.0)
        return cap

    @property
    def most_of_slots(self) -> FloatArray:
        """MW that may be curtailed [n_slot]."""
        return self.most[self.period, self.unit]

    def room(self, curtailed: FloatArray | float) -> FloatArray:
        """What can be curtailed more, held from each period on [n_period, n_unit]; 0 where the horizon ends before."""
        left = np.where(self.most > NOTHING, self.most - curtailed, 0.0)
        room = left.copy()
        for after in range(1, self.duration):
            room[:-after] = np.minimum(room[:-after], left[after:])
            room[-after:] = 0.0
        return room
