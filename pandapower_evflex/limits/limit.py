"""A kind of limit of the grid as a record: all that solvers, checks and reports ask of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import BoolArray, ComplexArray, FloatArray, IntArray
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.nlp.layout import Layout
from pandapower_evflex.nlp.problem import ProblemBuilder


@dataclass(frozen=True)
class Slopes:
    """Derivatives of values by the few voltages that they depend on, one row each.

    Parameters
    ----------
    node : int [n_row, n_node]          buses of the grid
    angle, ln_vm : float [n_row, n_node]    by the angle [rad] and by the logarithm of the magnitude
    """

    node: IntArray
    angle: FloatArray
    ln_vm: FloatArray


@dataclass(frozen=True)
class Place:
    """Where in the net a limit is, as in pandapower's tables; with the side of a branch ("from", "lv", ...)."""

    element_type: str
    element: int
    side: str = ""

    def __str__(self) -> str:
        return f"{self.element_type} {self.element}"


@dataclass(frozen=True, eq=False)
class Limit:
    """A value at every place of the grid that must stay on one side of its limit.

    As a row of a problem it is :math:`h \\le 0` with h = value / limit - 1, or 1 - value / limit for a lower limit; in
    squares, :math:`h = (value / limit)^2 - 1`, where the square is what is smooth and convex in the loads.

    Parameters
    ----------
    finding : str            what a broken one is called, "overload" for instance
    quantity : str           column in pandapower's results, "vm_pu" for instance
    bound : "min" or "max"
    squared : bool           whether its row is in squares
    doubt : str              "" where h is convex in the loads on radial grids without held voltages, so that a tangent
                             bounds it; else what is said where such a limit is near
    per_unit : float         what 1 is in the unit of the quantity (100 for percent)
    nominal : float          from which a margin is measured: 0 for loadings, 1 for voltages
    near : float             a solver that adds rows as they are needed adds this one when h exceeds it
    of_grid(grid)            the limits of the net [n_place]; -inf or inf where there is none
    value(grid, v)           [n_case, n_place], of voltages [n_case, n_bus]
    slopes(grid, v, case, position)     of the value, of its square where `squared`, at a place of a case each
    place(grid, position)    the `Place`
    checks(grid)             names in `verification` and which places each is over [n_place]
    price_unit(grid, position, limit)    the share of the limit that one unit of it is, and the unit: (0.01, "A")
    add_to(builder, grid, va, vm, limit, limited)    adds it to the exact problem
    prices(grid, x, g, bound_multipliers, multipliers, limit, limited)    of that, per 100 % of the limit
    """

    finding: str
    quantity: str
    bound: str
    squared: bool
    doubt: str
    per_unit: float
    nominal: float
    near: float
    of_grid: Callable[[Grid], FloatArray]
    value: Callable[[Grid, ComplexArray], FloatArray]
    slopes: Callable[[Grid, ComplexArray, IntArray, IntArray], Slopes]
    place: Callable[[Grid, int], Place]
    checks: Callable[[Grid], Mapping[str, BoolArray]]
    price_unit: Callable[[Grid, int, float], tuple[float, str]]
    add_to: Callable[[ProblemBuilder, Grid, IntArray, IntArray, FloatArray, BoolArray], None]
    prices: Callable[[Grid, Layout, Layout, FloatArray, FloatArray, FloatArray, BoolArray], FloatArray]

    @property
    def is_convex(self) -> bool:
        return not self.doubt

    @property
    def none(self) -> float:
        """What stands where there is no limit."""
        return -np.inf if self.bound == "min" else np.inf

    def with_margin(self, limit: FloatArray, share: float) -> FloatArray:
        """Limits of which a share is kept free: of loadings, and of the distance of voltages from 1 pu."""
        reserve = share * np.abs(np.where(np.isfinite(limit), limit, self.nominal) - self.nominal)
        return limit + reserve if self.bound == "min" else limit - reserve

    def excess(self, value: FloatArray, limit: FloatArray) -> FloatArray:
        """How far a limit is exceeded, relative to it; negative is room, -inf where there is no limit."""
        sign = -1.0 if self.bound == "min" else 1.0
        with np.errstate(invalid="ignore"):
            return np.where(np.isfinite(limit), sign * (value - limit) / limit, -np.inf)

    def h(self, excess: FloatArray) -> FloatArray:
        """The row that must not be above 0."""
        return np.where(np.isneginf(excess), -np.inf, (1.0 + excess) ** 2 - 1.0) if self.squared else excess

    def slopes_of_h(self, grid: Grid, v: ComplexArray, case: IntArray, position: IntArray, limit: FloatArray) -> Slopes:
        """Slopes of h, one row per entry of ``case``, ``position`` and ``limit``."""
        slopes = self.slopes(grid, v, case, position)
        scale = 1.0 / limit**2 if self.squared else (-1.0 if self.bound == "min" else 1.0) / limit
        return Slopes(slopes.node, slopes.angle * scale[:, None], slopes.ln_vm * scale[:, None])

    def price_of_h(self, multipliers: FloatArray) -> FloatArray:
        """What 100 % more of the limit is worth, of multipliers of h."""
        return 2.0 * multipliers if self.squared else multipliers
