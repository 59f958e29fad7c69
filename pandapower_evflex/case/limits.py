"""The limits of the grid in every period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import FloatArray, IntArray
from pandapower_evflex.case.grid import Grid


@dataclass(frozen=True)
class Limits:
    """Limits per period; -inf and inf where there is none, as where a voltage is fixed.

    Parameters
    ----------
    vm_min, vm_max : float [n_period, n_bus]    pu
    end : float [n_period, n_end]               share of the rating of each rated branch end
    """

    vm_min: FloatArray
    vm_max: FloatArray
    end: FloatArray

    @classmethod
    def of(cls, grid: Grid, n_periods: int) -> Limits:
        """The limits of the net, the same in every period."""
        vm_min = np.where(grid.free_vm, grid.vm_min, -np.inf)
        vm_max = np.where(grid.free_vm, grid.vm_max, np.inf)
        return cls(*(np.tile(value, (n_periods, 1)) for value in (vm_min, vm_max, grid.ends.limit)))

    def at(self, periods: IntArray) -> Limits:
        """Those of the given periods, in that order."""
        return Limits(self.vm_min[periods], self.vm_max[periods], self.end[periods])


@dataclass(frozen=True)
class Relaxed:
    """Limits that stand in for those of the net.

    Parameters
    ----------
    kept : Limits    what every schedule keeps
    seen : Limits    the same without those that no schedule can exceed any more: rows for a solver
    """

    kept: Limits
    seen: Limits
