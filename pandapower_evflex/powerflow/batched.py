"""Many AC power flows of one grid at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import BoolArray, ComplexArray, FloatArray, IntArray
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.powerflow.jacobian import Jacobian
from pandapower_evflex.powerflow.starts import Starts

#: largest step of theta [rad] and ln v, so that a stressed case does not jump to the low-voltage branch
LARGEST_STEP = 0.3
#: the same on the last try
CAUTIOUS_STEP = 0.05


@dataclass(frozen=True)
class PowerFlows:
    """Solutions of many cases.

    Parameters
    ----------
    v : complex [n_case, n_bus]       last iterate, also where not converged
    converged : bool [n_case]         at an operating point: a low-voltage solution is none
    mismatch_mva : float [n_case]     largest power mismatch of any bus
    low_voltage : bool [n_case]       only a low-voltage solution was found
    """

    v: ComplexArray
    converged: BoolArray
    mismatch_mva: FloatArray
    low_voltage: BoolArray


class BatchedPowerFlow:
    """Power flows of one grid; the order of elimination is planned once.

    Examples
    --------
    >>> import numpy as np, pandapower.networks as nw
    >>> from pandapower_evflex.case.grid import read_grid
    >>> grid = read_grid(nw.create_cigre_network_lv())
    >>> flows = BatchedPowerFlow(grid).solve(np.linspace(0, 1, 5)[:, None] * grid.s_fixed)
    >>> flows.converged.all()
    np.True_
    """

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.starts = Starts(grid)
        self.jacobian = Jacobian(grid)

    def start(self, s: ComplexArray) -> ComplexArray:
        """Where the power flows of these injections start, [n_case, n_bus]."""
        return self.starts.voltages(self.starts.order[0], s)

    def solve(
        self,
        s: ComplexArray,
        v_start: ComplexArray | None = None,
        tolerance_mva: float = 1e-10,
        max_iteration: int = 30,
        starts: Sequence[str] | None = None,
    ) -> PowerFlows:
        """Voltages for bus injections.

        Parameters
        ----------
        s : complex [n_case, n_bus]     injections, generation positive, pu of 1 MVA; Q at buses that hold their
                                        voltage and S at the slack are ignored
        v_start : complex [n_bus] or [n_case, n_bus]    tried before the grid's own starts
        tolerance_mva : float           largest mismatch of any bus; where double precision does not get as far as that,
                                        the mismatch of a bus that rounding alone may leave
        starts : of Starts.order        None: all of them, one after the other where a case does not converge, and the
                                        first once more with small steps
        """
        s = np.array(s, dtype=np.complex128, order="C")  # also where it is read-only: a signature of its own else
        n_case = len(s)
        v = np.ones_like(s)
        flows = PowerFlows(v, np.zeros(n_case, np.bool_), np.full(n_case, np.inf), np.zeros(n_case, np.bool_))
        if v_start is not None:
            v[:] = v_start
            self._solve(np.arange(n_case), s, flows, tolerance_mva, max_iteration, LARGEST_STEP)
        names = self.starts.order if starts is None else tuple(starts)
        for name, step in [*((name, LARGEST_STEP) for name in names), (names[0], CAUTIOUS_STEP)]:
            cases = np.flatnonzero(~flows.converged)
            if not len(cases):
                break
            v[cases] = self.starts.voltages(name, s[cases])
            n_iteration = max_iteration if step == LARGEST_STEP else 3 * max_iteration
            self._solve(cases, s, flows, tolerance_mva, n_iteration, step)
        return flows

    def _solve(
        self, cases: IntArray, s: ComplexArray, flows: PowerFlows, tolerance: float, max_iteration: int, step: float
    ) -> None:
        """Newton's method for the listed cases, from the voltages in ``flows``, in place.

        A solution is an operating point only where every pivot block of its Jacobian has a positive determinant. A
        pivot block is how the power of a bus answers to its own voltage with those of later buses held; its determinant
        changes sign at the nose of that bus's PV curve, and is negative at the lower of the two solutions.
        """
        v, mismatch = flows.v, flows.mismatch_mva
        solved, n_negative = self.jacobian.newton(
            cases, s, v, mismatch, tolerance=tolerance, max_iteration=max_iteration, largest_step=step
        )
        converged = solved & (n_negative == 0)
        flows.converged[cases] = converged
        flows.low_voltage[cases] = (flows.low_voltage[cases] | (solved & (n_negative > 0))) & ~converged
        # NaN never travels: a case that ran away is left at no voltage that means anything, but finite
        lost = cases[~converged]
        v[lost] = np.where(np.isfinite(v[lost]), v[lost], 1.0)
        mismatch[lost] = np.where(np.isfinite(mismatch[lost]), mismatch[lost], 1e300)
