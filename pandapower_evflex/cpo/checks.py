"""What numbers, series, lattices and windows the functions of this folder take, and what they say of others."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.faults import as_numbers, shown_values
from pandapower_evflex.tables.number_text import read_hint

Int8Array = NDArray[np.int8]

#: most outlets, periods or days; a larger number is a slip, and would fill the memory
MOST_WHOLE = 1_000_000
#: states of an outlet in a period
EMPTY, CHARGING, IDLE = 0, 1, 2


def raise_if(faults: list[Fault]) -> None:
    if faults:
        raise InvalidInputError(faults)


def array_of(values: Any) -> NDArray[Any]:
    """What is given as an array, NaN where it is masked; a scalar without a value where its rows differ in length."""
    if isinstance(values, np.ma.MaskedArray):
        return np.asarray(np.ma.filled(values.astype(float), np.nan))
    try:
        return np.asarray(values)
    except ValueError:
        return np.asarray(None)


def scalar_faults(
    function: str, name: str, value: Any, remedy: str, *, least: float = -np.inf, above: float = -np.inf,
    most: float = np.inf, whole: bool = False,
) -> list[Fault]:  # fmt: skip
    """Faults of an argument that must be a finite number within bounds, not a truth value or text."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        return [Fault(function, name, (), repr(value), "is not a number", remedy)]
    try:
        number = float(value)
    except OverflowError:
        number = np.inf
    if not np.isfinite(number):
        return [Fault(function, name, (), number, "is not finite", remedy)]
    if whole and not number.is_integer():
        return [Fault(function, name, (), f"{number:g}", "is not a whole number", remedy)]
    if number < least:
        return [Fault(function, name, (), f"{number:g}", f"is below {least:g}", remedy)]
    if number <= above:
        return [Fault(function, name, (), f"{number:g}", f"is not above {above:g}", remedy)]
    most = min(most, MOST_WHOLE) if whole else most
    if number > most:
        return [Fault(function, name, (), f"{number:g}", f"is above {most:g}", remedy)]
    return []


def series_faults(
    function: str, name: str, values: Any, remedy: str, *, least: float = -np.inf
) -> tuple[FloatArray, list[Fault]]:
    """A series of finite numbers, and what is wrong with it."""
    cells = array_of(values)
    if cells.ndim != 1:
        return np.zeros(0), [Fault(function, name, (), f"an array of shape {cells.shape}", "is not a series", remedy)]
    floats, not_number = as_numbers(cells)
    found = (
        ("is not a number", not_number),
        ("is not finite", ~np.isfinite(floats) & ~not_number),
        (f"is below {least:g}", floats < least),
    )
    faults = []
    for problem, wrong in found:
        if wrong.any():
            rows, shown = tuple(np.flatnonzero(wrong).tolist()), cells.astype(object)[wrong]
            faults.append(Fault(function, name, rows, shown_values(shown), problem, f"{remedy}{read_hint(shown)}"))
    return floats, faults


def n_evse_faults(function: str, n_evse: Any) -> list[Fault]:
    remedy = "give the number of outlets, a whole number of 0 or more"
    return scalar_faults(function, "n_evse", n_evse, remedy, least=0, whole=True)


def checked_lattice(function: str, lattice: Any, arrivals: Any) -> tuple[Int8Array, BoolArray]:
    """States [n_evse, n_period] and which cells are the first of a stay, those after an empty cell included.

    Raises
    ------
    InvalidInputError    no such array, states other than 0, 1, 2, arrivals of another shape or in empty cells
    """
    cells = _with_numbers(array_of(lattice))
    if cells.ndim != 2 or cells.dtype.kind not in "iuf" or not cells.shape[1]:
        value = f"an array of shape {cells.shape} and type {cells.dtype}"
        remedy = "give whole numbers, one row per outlet and one column per period"
        raise InvalidInputError([Fault(function, "lattice", (), value, "is not a lattice", remedy)])
    wrong = ~np.isin(cells, (EMPTY, CHARGING, IDLE)) if not _are_states(cells) else np.zeros(cells.shape, dtype=bool)
    if wrong.any():
        rows, shown = tuple(np.flatnonzero(wrong.any(axis=1)).tolist()), shown_values(cells[wrong].astype(object))
        remedy = "a state is 0 (empty), 1 (charging) or 2 (idle)"
        raise InvalidInputError([Fault(function, "lattice", rows, shown, "is not a state", remedy)])
    states = np.require(cells, np.int8, ["C", "W"])  # read-only arrays would be compiled for once more
    first = np.ones(states.shape, dtype=bool)
    first[:, 1:] = states[:, :-1] == EMPTY
    first &= states != EMPTY
    return states, first if arrivals is None else first | _checked_arrivals(function, states, arrivals)


def _with_numbers(cells: NDArray[Any]) -> NDArray[Any]:
    """Objects as the numbers that all of them are, as in a table with columns that may miss values."""
    if cells.dtype != object or cells.ndim != 2:
        return cells
    floats, not_number = as_numbers(cells.ravel())
    return cells if not_number.any() else floats.reshape(cells.shape)


def _are_states(cells: NDArray[Any]) -> bool:
    return cells.dtype.kind in "iu" and (not cells.size or bool(cells.min() >= EMPTY and cells.max() <= IDLE))


def _checked_arrivals(function: str, states: Int8Array, arrivals: Any) -> BoolArray:
    flags = array_of(arrivals)
    if flags.dtype != bool or flags.shape != states.shape:
        value = f"an array of shape {flags.shape} and type {flags.dtype}"
        remedy = f"give True in first cells of stays, False elsewhere, in the shape {states.shape} of the lattice"
        raise InvalidInputError([Fault(function, "arrivals", (), value, "does not fit the lattice", remedy)])
    empty = tuple(np.flatnonzero((flags & (states == EMPTY)).any(axis=1)).tolist())
    if empty:
        remedy = "mark first cells of stays, where a car is"
        raise InvalidInputError([Fault(function, "arrivals", empty, "True", "in a cell without a car", remedy)])
    return flags


def window_faults(function: str, start: Any, n_periods: Any, n_all: int) -> list[Fault]:
    """A window of whole periods within ``n_all``."""
    remedy = f"the lattice has periods 0 to {n_all - 1}"
    faults = scalar_faults(function, "start", start, f"give the first period of the window; {remedy}", least=0,
                           most=n_all - 1, whole=True)  # fmt: skip
    faults += scalar_faults(function, "n_periods", n_periods, "give the length of the window in periods, 1 or more",
                            least=1, whole=True)  # fmt: skip
    if not faults and start + n_periods > n_all:
        problem, remedy = f"from period {start} on reach beyond the end", f"let the window end earlier: {remedy}"
        faults.append(Fault(function, "n_periods", (), f"{n_periods} periods", problem, remedy))
    return faults
