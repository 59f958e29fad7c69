"""Voltage magnitudes, (14) of the first paper: bounds of variables in the exact problem."""

from __future__ import annotations

import numpy as np

from pandapower_evflex.arrays import BoolArray, ComplexArray, FloatArray, IntArray
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.limits.limit import Limit, Place, Slopes
from pandapower_evflex.nlp.layout import Layout
from pandapower_evflex.nlp.problem import ProblemBuilder

#: change of a voltage limit [pu] for which its price is given
PRICED_PU = 0.01
#: h from which on a limit is near: 1 %
NEAR = -0.01


def _magnitude(grid: Grid, v: ComplexArray) -> FloatArray:
    return np.abs(v)


def _slopes(grid: Grid, v: ComplexArray, case: IntArray, position: IntArray) -> Slopes:
    node = position[:, None]
    return Slopes(node, np.zeros(node.shape), np.abs(v[case[:, None], node]))


def _price_unit(grid: Grid, position: int, limit: float) -> tuple[float, str]:
    return PRICED_PU / limit, f"{PRICED_PU} pu"


def _lower_of(grid: Grid) -> FloatArray:
    return np.where(grid.free_vm, grid.vm_min, -np.inf)


def _upper_of(grid: Grid) -> FloatArray:
    return np.where(grid.free_vm, grid.vm_max, np.inf)


def _add_lower(
    builder: ProblemBuilder, grid: Grid, va: IntArray, vm: IntArray, limit: FloatArray, limited: BoolArray
) -> None:
    builder.x.tighten(vm, lower=limit)


def _add_upper(
    builder: ProblemBuilder, grid: Grid, va: IntArray, vm: IntArray, limit: FloatArray, limited: BoolArray
) -> None:
    builder.x.tighten(vm, upper=limit)


def _lower_prices(
    grid: Grid, x: Layout, g: Layout, bound: FloatArray, rows: FloatArray, limit: FloatArray, limited: BoolArray
) -> FloatArray:
    return _bound_prices(-bound[x["vm"]], limit)


def _upper_prices(
    grid: Grid, x: Layout, g: Layout, bound: FloatArray, rows: FloatArray, limit: FloatArray, limited: BoolArray
) -> FloatArray:
    return _bound_prices(bound[x["vm"]], limit)


def _bound_prices(multipliers: FloatArray, limit: FloatArray) -> FloatArray:
    """Multipliers are per pu, and those of fixed voltages belong to no limit."""
    limited = np.isfinite(limit)
    return np.where(limited, np.maximum(multipliers, 0.0) * np.where(limited, limit, 0.0), 0.0)


UNDERVOLTAGE = Limit(
    finding="undervoltage",
    quantity="vm_pu",
    bound="min",
    squared=False,
    doubt="",
    per_unit=1.0,
    nominal=1.0,
    near=NEAR,
    of_grid=_lower_of,
    value=_magnitude,
    slopes=_slopes,
    place=lambda grid, row: Place("bus", int(grid.vm_min_bus[row])),
    checks=lambda grid: {"max_undervoltage": np.ones(len(grid.vm_min), dtype=bool)},
    price_unit=_price_unit,
    add_to=_add_lower,
    prices=_lower_prices,
)

OVERVOLTAGE = Limit(
    finding="overvoltage",
    quantity="vm_pu",
    bound="max",
    squared=False,
    doubt="an upper voltage limit is near",  # losses bend the voltage the other way
    per_unit=1.0,
    nominal=1.0,
    near=NEAR,
    of_grid=_upper_of,
    value=_magnitude,
    slopes=_slopes,
    place=lambda grid, row: Place("bus", int(grid.vm_max_bus[row])),
    checks=lambda grid: {"max_overvoltage": np.ones(len(grid.vm_max), dtype=bool)},
    price_unit=_price_unit,
    add_to=_add_upper,
    prices=_upper_prices,
)
