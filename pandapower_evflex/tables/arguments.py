"""Numbers given to functions that see no net: finite, within bounds, all faults at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.faults import as_numbers, column_faults, fault_where
from pandapower_evflex.tables.kinds import shown
from pandapower_evflex.tables.rows import as_cells
from pandapower_evflex.tables.schema import Column

#: a rate above 1 is most likely given in percent
DISCOUNT_RATE = Column(
    "discount_rate", "float64", "r", lower=0.0, upper=1.0, required=True,
    hint="give a fraction of 0 to 1 a year, 0.065 for 6.5 %",
)  # fmt: skip


#: beyond it, a number given as an argument is a slip: no price, power or time of a grid is that large
ABSURD = 1e15


def number_faults(function: str, column: Column, value: Any) -> list[Fault]:
    """Faults of a scalar or of a list of numbers; they name positions, and none for a scalar."""
    is_list = pd.api.types.is_list_like(value)
    if is_list and not _is_row(value):
        return [
            Fault(
                function,
                column.name,
                (),
                shown(value),
                "is not a number or a list of numbers",
                "give a number, or one per item",
            )
        ]
    if isinstance(value, np.ma.MaskedArray):
        value = np.ma.filled(value.astype(float), np.nan)
    cells = as_cells(np.ravel(value)) if is_list else as_cells([_scalar(value)])
    found = column_faults(None, function, column, pd.DataFrame({column.name: pd.Series(cells, dtype=cells.dtype)}))
    found = found or _absurd_faults(function, column, cells)
    return found if is_list else [replace(fault, rows=()) for fault in found]


def _is_row(value: Any) -> bool:
    """A list, an array of one dimension, a Series, an Index of numbers, but neither text nor a table."""
    if isinstance(value, bytes | bytearray | memoryview | str | Mapping | Set | pd.DataFrame):
        return False
    if isinstance(value, pd.Series | pd.Index | np.ndarray):
        return value.ndim == 1
    return isinstance(value, Sequence) and not any(pd.api.types.is_list_like(item) for item in value)


def _absurd_faults(function: str, column: Column, cells: NDArray[Any]) -> list[Fault]:
    floats, _ = as_numbers(cells)
    frame = pd.DataFrame({column.name: pd.Series(cells, dtype=cells.dtype)})
    remedy = column.hint or f"give a number below {ABSURD:g}"
    return fault_where(function, frame, column.name, np.abs(floats) > ABSURD, f"is beyond {ABSURD:g}", remedy)


def single_number_faults(function: str, column: Column, value: Any) -> list[Fault]:
    """Faults of what must be one number."""
    if pd.api.types.is_list_like(value):
        return [Fault(function, column.name, (), shown(value), "is not a number", "give one number")]
    return number_faults(function, column, value)


def _scalar(value: Any) -> Any:
    """The number in an array without dimensions."""
    return value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value


def refuse_wrong(function: str, arguments: Mapping[Column, Any]) -> None:
    """Raise with all faults of all arguments, which must be of one shape or scalars.

    Raises
    ------
    InvalidInputError    names ``function``
    """
    faults = [fault for column, value in arguments.items() for fault in number_faults(function, column, value)]
    if faults:
        raise InvalidInputError(faults)
    try:
        np.broadcast_shapes(*(np.shape(value) for value in arguments.values()))
    except ValueError:
        shapes = ", ".join(f"{column.name} {np.shape(value)}" for column, value in arguments.items())
        faults.append(Fault(function, "", (), shapes, "do not fit together", "give scalars, or one value per fault"))
    if faults:
        raise InvalidInputError(faults)


def as_floats(value: Any) -> FloatArray:
    """Numbers that were found right, as an array, NaN where it is masked."""
    if isinstance(value, np.ma.MaskedArray):
        value = np.ma.filled(value.astype(float), np.nan)
    return np.asarray(value, dtype=float)
