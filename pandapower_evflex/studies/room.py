r"""Which periods have room for all that cars may draw, whoever draws it: a bound in place of power flows.

With the loads :math:`\ell` of cars, voltages :math:`v` are those without cars, :math:`w`, and what the currents at all
buses change, through :math:`Z`, the inverse of the admittance matrix without the slack buses:

.. math::

    v - w = Z \left( \frac{s - \ell}{v} - \frac{s}{w} \right)^*
          = -Z \left( \frac{\ell}{v} + \frac{s (v - w)}{v w} \right)^*

If no voltage moves by more than a share :math:`\varepsilon` of :math:`w`, bus k moves by

.. math::

    \frac{|v_k - w_k|}{|w_k|} \le \frac{a_k + \varepsilon b_k}{1 - \varepsilon}, \quad
    a_k = \sum_j \frac{|Z_{kj}|}{|w_k w_j|} |\ell_j|, \quad b_k = \sum_j \frac{|Z_{kj}|}{|w_k w_j|} |s_j|

With the largest a and b the right side is :math:`\varepsilon` itself at the smaller root of
:math:`\varepsilon (1 - \varepsilon) = a + \varepsilon b`: there the equation maps such voltages onto such voltages, and
two of them nearer to each other, so that one of them is the solution (Bernstein et al. 2018, doi
10.1109/TPWRS.2018.2823277, who count from voltages without any load). Currents of branches follow in the same way.
Smaller loads, of whichever cars, have smaller bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.limits import LIMITS, LOADING, OVERVOLTAGE, UNDERVOLTAGE
from pandapower_evflex.limits.by_period import ByLimit
from pandapower_evflex.limits.loading import end_admittances, end_buses
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.verify import GridState
from pandapower_evflex.studies.extremes import has_room

#: buses up to which a day is worth dense matrices: they are 4 MB then, made in less than 0.1 s
MOST_BUSES = 400


@dataclass(frozen=True)
class Room:
    """Of a grid on a day without cars; all numbers are magnitudes.

    Parameters
    ----------
    case : Case
    near : list of float                     see `near_limits`
    vm : [n_period, n_bus]                   voltages without cars
    loading : [n_period, n_end]              and loadings
    z, z_end : [n_bus, n_bus or n_end]       what a current at a bus does to voltages, and to currents by their ratings
    b, b_end : [n_period, n_bus or n_end]    see above: what the loads without cars do
    """

    case: Case
    near: Sequence[float]
    vm: FloatArray
    loading: FloatArray
    z: FloatArray
    z_end: FloatArray
    b: FloatArray
    b_end: FloatArray

    @classmethod
    def of(cls, case: Case, state: GridState, near: Sequence[float]) -> Room | None:
        """None for a grid with voltages that are held, for one too large, and with limits that nothing is known of."""
        grid, n_bus = case.grid, len(case.grid.vm_min)
        if len(grid.held) or n_bus > MOST_BUSES or {*LIMITS} > {UNDERVOLTAGE, OVERVOLTAGE, LOADING}:
            return None
        others, z = np.setdiff1d(np.arange(n_bus), grid.slack), np.zeros((n_bus, n_bus), dtype=complex)
        try:
            z[np.ix_(others, others)] = np.linalg.inv(grid.y_bus[others][:, others].toarray())
        except np.linalg.LinAlgError:
            return None
        (own, other), (y_own, y_other) = end_buses(grid), end_admittances(grid)
        z_end = np.abs(y_own[:, None] * z[own] + y_other[:, None] * z[other]).T / grid.ends.rating
        vm, z_bus = state.vm, np.abs(z).T
        current = np.abs(case.s_base[""]) / vm
        return cls(case, near, vm, state.loading, z_bus, z_end, current @ z_bus / vm, current @ z_end)

    def for_loads(self, mva: FloatArray) -> BoolArray:
        """Whether no limit is near in a period [n_period] with these loads at buses, or any smaller ones.

        Parameters
        ----------
        mva : [n_period, n_bus]    sums of the magnitudes of the loads of cars
        """
        is_bounded, worst = self.worst(mva)
        return is_bounded & has_room(self.case, worst, self.near)

    def worst(self, mva: FloatArray) -> tuple[BoolArray, ByLimit]:
        """In which periods there is a bound, and what no value of a limit is beyond there."""
        at = np.flatnonzero(mva.any(axis=0))
        current = mva[:, at] / self.vm[:, at]
        a = current @ self.z[at] / self.vm
        most_a, most_b = a.max(axis=1), self.b.max(axis=1)
        root = (1.0 - most_b) ** 2 - 4.0 * most_a
        is_bounded = (root > 0.0) & (most_b < 1.0)
        share = (0.5 * (1.0 - most_b - np.sqrt(np.where(is_bounded, root, 0.0))))[:, None]
        moved = (a + share * self.b) / (1.0 - share)
        loading = (current @ self.z_end[at] + share * self.b_end) / (1.0 - share)
        of_power = self.case.grid.ends.squared_power
        bus = end_buses(self.case.grid)[0][of_power]
        loading[:, of_power] *= self.vm[:, bus]
        loading += self.loading
        loading[:, of_power] *= 1.0 + moved[:, bus]
        worst = {UNDERVOLTAGE: self.vm * (1.0 - moved), OVERVOLTAGE: self.vm * (1.0 + moved), LOADING: loading}
        return is_bounded, ByLimit(tuple(worst[limit] for limit in LIMITS))
