"""Numbers given to functions that see no net: finite, within bounds, all faults at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.faults import column_faults
from pandapower_evflex.tables.rows import as_cells
from pandapower_evflex.tables.schema import Column

#: a rate above 1 is most likely given in percent
DISCOUNT_RATE = Column(
    "discount_rate", "float64", "r", lower=0.0, upper=1.0, required=True,
    hint="give a fraction of 0 to 1 a year, 0.065 for 6.5 %",
)  # fmt: skip


def number_faults(function: str, column: Column, value: Any) -> list[Fault]:
    """Faults of a scalar or of a list of numbers; they name positions, and none for a scalar."""
    is_list = pd.api.types.is_list_like(value)
    cells = as_cells(np.ravel(value)) if is_list else as_cells([_scalar(value)])
    found = column_faults(None, function, column, pd.DataFrame({column.name: cells}))
    return found if is_list else [replace(fault, rows=()) for fault in found]


def single_number_faults(function: str, column: Column, value: Any) -> list[Fault]:
    """Faults of what must be one number."""
    if pd.api.types.is_list_like(value):
        shown = f"a {type(value).__name__}"
        return [Fault(function, column.name, (), shown, "is not a number", "give one number")]
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
    try:
        np.broadcast_shapes(*(np.shape(value) for value in arguments.values()))
    except ValueError:
        shapes = ", ".join(f"{column.name} {np.shape(value)}" for column, value in arguments.items())
        faults.append(Fault(function, "", (), shapes, "do not fit together", "give scalars, or one value per fault"))
    if faults:
        raise InvalidInputError(faults)


def as_floats(value: Any) -> NDArray[np.float64]:
    """Numbers that were found right, as an array."""
    return np.asarray(value, dtype=float)
