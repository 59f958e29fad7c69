"""Loadings of lines and transformers, (15) and (16) of the first paper: squares at each rated end.

In squares, because the magnitude of a current is not convex in the load where the flow is an export.
"""

from __future__ import annotations

import numpy as np

from pandapower_evflex.arrays import BoolArray, ComplexArray, FloatArray, IntArray
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.kernels import SQUARED_CURRENT, SQUARED_POWER
from pandapower_evflex.limits.limit import Limit, Place, Slopes
from pandapower_evflex.nlp.layout import Layout
from pandapower_evflex.nlp.problem import ProblemBuilder

#: 1 pu is 1 MVA
KVA = 1e3


def end_loading(grid: Grid, v: ComplexArray) -> FloatArray:
    """Loading of every rated branch end as a share of its rating [n_case, n_end]; 0 where the rating is unknown.

    Parameters
    ----------
    v : complex [n_case, n_bus]
    """
    ends, (own, other), (y_own, y_other) = grid.ends, end_buses(grid), end_admittances(grid)
    current, of_other = v[:, own], v[:, other]
    current *= y_own  # in place: this is the dearest pass over the results of power flows
    of_other *= y_other
    current += of_other
    loading = np.abs(current) / ends.rating
    loading[:, ends.squared_power] *= np.abs(v[:, own[ends.squared_power]])
    return loading


def element_loading_percent(grid: Grid, loading: FloatArray, element_type: str) -> FloatArray:
    """Loading of all elements in percent, the worst of their ends [n_case, n_label]; NaN out of service.

    Parameters
    ----------
    loading : float [n_case, n_end]    of `end_loading`
    element_type : "line", "trafo" or "trafo3w"
    """
    labels = grid.labels[element_type]
    result = np.full((len(loading), len(labels)), -np.inf)
    chosen = np.flatnonzero((grid.ends.element_type == element_type) & np.isfinite(grid.ends.rating))
    position = {label: i for i, label in enumerate(labels.tolist())}
    columns = np.array([position.get(label, -1) for label in grid.ends.element[chosen].tolist()], dtype=np.int64)
    known = columns >= 0
    np.maximum.at(result.T, columns[known], 100.0 * loading[:, chosen[known]].T)
    return np.where(np.isfinite(result), result, np.nan)


def end_admittances(grid: Grid) -> tuple[ComplexArray, ComplexArray]:
    """I = y_own V_own + y_other V_other at every rated end."""
    ends, branch = grid.ends, grid.ends.branch
    y_own = np.where(ends.at_from, grid.y_ff[branch], grid.y_tt[branch])
    return y_own, np.where(ends.at_from, grid.y_ft[branch], grid.y_tf[branch])


def end_buses(grid: Grid) -> tuple[IntArray, IntArray]:
    """The bus of every rated end, and the bus at the other end of its branch."""
    ends = grid.ends
    start, end = grid.from_bus[ends.branch], grid.to_bus[ends.branch]
    return np.where(ends.at_from, start, end), np.where(ends.at_from, end, start)


def _slopes(grid: Grid, v: ComplexArray, case: IntArray, position: IntArray) -> Slopes:
    """Slopes of the squared loading: |I|^2, or |S|^2 = |V|^2 |I|^2, in shares of the squared rating."""
    ends, (own, other), (y_own, y_other) = grid.ends, end_buses(grid), end_admittances(grid)
    k, m = own[position], other[position]
    v_own = v[case, k]
    own_part = y_own[position] * v_own / ends.rating[position]
    other_part = y_other[position] * v[case, m] / ends.rating[position]
    current = own_part + other_part
    is_power = ends.squared_power[position]
    factor = np.where(is_power, np.abs(v_own) ** 2, 1.0)
    d_own, d_other = (2.0 * factor * current.conj() * part for part in (own_part, other_part))
    by_own = d_own.real + np.where(is_power, 2.0 * factor * np.abs(current) ** 2, 0.0)
    by_angle = -np.stack([d_own.imag, d_other.imag], axis=1)
    return Slopes(np.stack([k, m], axis=1), by_angle, np.stack([by_own, d_other.real], axis=1))


def _place(grid: Grid, end: int) -> Place:
    ends = grid.ends
    return Place(str(ends.element_type[end]), int(ends.element[end]), str(ends.side[end]))


def _checks(grid: Grid) -> dict[str, BoolArray]:
    is_line = grid.ends.element_type == "line"
    return {"max_line_overload": is_line, "max_trafo_overload": ~is_line}


def _price_unit(grid: Grid, end: int, limit: float) -> tuple[float, str]:
    """Ampere of lines, kVA of transformers."""
    ends = grid.ends
    if ends.element_type[end] == "line":
        return 1.0 / (1e3 * float(ends.max_i_ka[end]) * limit), "A"
    return 1.0 / (KVA * float(ends.rating[end]) * limit), "kVA"


def _kinds(grid: Grid) -> tuple[tuple[str, BoolArray], ...]:
    """Names of rows and the ends that they are of: currents, and apparent powers."""
    squared_power = grid.ends.squared_power
    return ("line_limit", ~squared_power), ("trafo_limit", squared_power)


def _add(
    builder: ProblemBuilder, grid: Grid, va: IntArray, vm: IntArray, limit: FloatArray, limited: BoolArray
) -> None:
    """Squares in shares of the squared limit."""
    k, m = end_buses(grid)
    y_own, y_other = end_admittances(grid)
    parameters = np.stack([y_own.real, y_own.imag, y_other.real, y_other.imag], axis=1)
    for (name, kind), kernel in zip(_kinds(grid), (SQUARED_CURRENT, SQUARED_POWER), strict=True):
        block, end = np.nonzero(limited & kind)
        rows = builder.g.add(name, len(block), upper=1.0)
        columns = np.stack([va[block, k[end]], va[block, m[end]], vm[block, k[end]], vm[block, m[end]]], axis=-1)
        allowed = grid.ends.rating[end] * limit[block, end]
        builder.add_term(kernel, rows, columns, parameters[end] / allowed[:, None])


def _prices(
    grid: Grid, x: Layout, g: Layout, bound: FloatArray, rows: FloatArray, limit: FloatArray, limited: BoolArray
) -> FloatArray:
    prices = np.zeros(limited.shape)
    for name, kind in _kinds(grid):
        prices[limited & kind] = 2.0 * np.maximum(rows[g[name]], 0.0)
    return prices


LOADING = Limit(
    finding="overload",
    quantity="loading_percent",
    bound="max",
    squared=True,
    doubt="",
    per_unit=100.0,
    nominal=0.0,
    near=-0.02,
    of_grid=lambda grid: grid.ends.limit,
    value=end_loading,
    slopes=_slopes,
    place=_place,
    checks=_checks,
    price_unit=_price_unit,
    add_to=_add,
    prices=_prices,
)
