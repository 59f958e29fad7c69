"""Branch loadings from voltages."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandapower_evflex.arrays import ComplexArray, FloatArray
from pandapower_evflex.case.grid import Grid


def end_loading(grid: Grid, v: ComplexArray) -> FloatArray:
    """Loading of every rated branch end as a share of its rating [n_case, n_end]; 0 where the rating is unknown.

    Parameters
    ----------
    v : complex [n_case, n_bus]
    """
    ends = grid.ends
    v_from, v_to = v[:, grid.from_bus[ends.branch]], v[:, grid.to_bus[ends.branch]]
    at_from, branch = ends.at_from, ends.branch
    y_own = np.where(at_from, grid.y_ff[branch], grid.y_tt[branch])
    y_other = np.where(at_from, grid.y_ft[branch], grid.y_tf[branch])
    v_own = np.where(at_from, v_from, v_to)
    current = np.abs(y_own * v_own + y_other * np.where(at_from, v_to, v_from))
    return np.where(ends.squared_power, np.abs(v_own), 1.0) * current / ends.rating


def element_loading_percent(grid: Grid, loading: FloatArray, element_type: str, index: NDArray[Any]) -> FloatArray:
    """Loading of elements in percent, the worst of their ends [n_case, n_index]; NaN for elements out of service.

    Parameters
    ----------
    loading : float [n_case, n_end]    of `end_loading`
    element_type : "line", "trafo" or "trafo3w"
    index : labels in that table
    """
    result = np.full((len(loading), len(index)), -np.inf)
    chosen = np.flatnonzero((grid.ends.element_type == element_type) & np.isfinite(grid.ends.rating))
    position = {label: i for i, label in enumerate(index.tolist())}
    columns = np.array([position.get(label, -1) for label in grid.ends.element[chosen].tolist()], dtype=np.int64)
    known = columns >= 0
    np.maximum.at(result.T, columns[known], 100.0 * loading[:, chosen[known]].T)
    return np.where(np.isfinite(result), result, np.nan)
