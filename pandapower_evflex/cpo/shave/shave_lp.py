"""The largest shave as a linear program, with a cap on the load that comes back."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.cpo.checks import CHARGING, IDLE, Int8Array, array_of, checked_lattice, raise_if, window_faults
from pandapower_evflex.cpo.peak_shape import peak_shape
from pandapower_evflex.errors import Fault

FUNCTION = "max_shave_lp"


def max_shave_lp(
    lattice: Any, start: int, n_periods: int, *, shape: Any = "triangle", arrivals: Any = None, max_rebound: Any = None
) -> float:
    """Largest peak that can be shaved from a lattice while the load afterwards stays within a cap.

    Parameters
    ----------
    lattice, start, n_periods, shape, arrivals
        as in `max_peak_shave`
    max_rebound : float or float [n]    outlets by which the load may exceed that of the lattice after the window: in
                                        all periods, or in the first n of them; infinite or None: not capped

    Returns
    -------
    float    largest apex in outlets. Without a cap it is `max_peak_shave`, by other means and slower; with one, cars
             that charge after the window may wait, too

    Raises
    ------
    InvalidInputError    no such lattice, window or shape; a cap that is negative or missing, or of too many periods

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> lattice = [[1, 1, 2, 2], [1, 2, 2, 0]]
    >>> evf.max_shave_lp(lattice, 0, 1, shape="rectangle"), evf.max_shave_lp(
    ...     lattice, 0, 1, shape="rectangle", max_rebound=[0, 1, 0])
    (2.0, 1.0)
    """
    states, first = checked_lattice(FUNCTION, lattice, arrivals)
    n_all = states.shape[1]
    raise_if(window_faults(FUNCTION, start, n_periods, n_all))
    heights = peak_shape(shape, n_periods)
    cap = _caps(max_rebound, n_all - int(start) - int(n_periods))
    scale = float(heights.max())  # to 1: coefficients that differ by many orders are no good to HiGHS
    return _solve(states[:, int(start) :], first[:, int(start) :], heights / scale, cap) / scale


def _caps(max_rebound: Any, n_after: int) -> FloatArray:
    """Cap in each period after the window, infinite where there is none."""
    caps = np.full(n_after, np.inf)
    if max_rebound is None:
        return caps
    given = array_of(max_rebound)
    remedy = f"give outlets of 0 or more: one number, or one for each of up to {n_after} periods after the window"
    if given.dtype.kind not in "iuf" or given.ndim > 1 or np.any(np.isnan(given)) or np.any(given < 0):
        raise_if([Fault(FUNCTION, "max_rebound", (), repr(max_rebound), "is not a cap", remedy)])
    if given.ndim and len(given) > n_after:
        raise_if([Fault(FUNCTION, "max_rebound", (), f"{len(given)} values", "are too many", remedy)])
    caps[: len(given) if given.ndim else n_after] = given
    return caps


def _solve(states: Int8Array, first: BoolArray, shape: FloatArray, cap: FloatArray) -> float:
    """Variables: what waits beyond each cell, what leaves each (negative: lands), and the apex; the shape is 1 high."""
    n_evse, n_all = states.shape
    n = n_evse * n_all
    leaves = n + np.arange(n).reshape(n_evse, n_all)
    waits = np.arange(n).reshape(n_evse, n_all)
    stays_on = np.zeros(states.shape, dtype=bool)
    stays_on[:, :-1] = (states[:, 1:] != 0) & ~first[:, 1:] & (states[:, :-1] != 0)
    # waits[k] - waits[k - 1] = leaves[k]
    parts: list[tuple[Any, Any, Any]] = [(waits.ravel(), waits.ravel(), 1.0), (waits.ravel(), leaves.ravel(), -1.0)]
    parts += [(waits[:, 1:].ravel(), waits[:, :-1].ravel(), -1.0)]
    balance = _matrix(parts, (n, 2 * n + 1))
    # - sum of leaves + apex shape <= 0 in the window; - sum of leaves <= cap after it
    period = np.broadcast_to(np.arange(n_all), states.shape)
    window = np.arange(len(shape))
    parts = [(period.ravel(), leaves.ravel(), -1.0), (window, np.full(len(shape), 2 * n), shape)]
    right = np.concatenate([np.zeros(len(shape)), cap])
    capped = np.isfinite(right)
    bounds = np.zeros((2 * n + 1, 2))
    bounds[waits[stays_on], 1] = np.inf
    bounds[leaves.ravel(), 0], bounds[leaves.ravel(), 1] = -1.0 * (states == IDLE).ravel(), (states == CHARGING).ravel()
    bounds[2 * n, 1] = n_evse
    cost = np.zeros(2 * n + 1)
    cost[2 * n] = -1.0
    found = linprog(
        cost, A_ub=_matrix(parts, (n_all, 2 * n + 1))[capped], b_ub=right[capped], A_eq=balance, b_eq=np.zeros(n),
        bounds=bounds, method="highs",
    )  # fmt: skip
    if found.status != 0:
        raise RuntimeError(f"HiGHS on a program that has a solution: {found.message}")
    return max(0.0, float(found.x[2 * n]))


def _matrix(parts: list[tuple[Any, Any, Any]], size: tuple[int, int]) -> Any:
    rows, columns = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    values = np.concatenate([np.broadcast_to(part[2], part[0].shape) for part in parts])
    return coo_array((values, (rows, columns)), shape=size).tocsr()
