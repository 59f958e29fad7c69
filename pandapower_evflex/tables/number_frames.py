"""Frames of numbers that functions without a net are given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.errors import Fault, InvalidInputError, listed
from pandapower_evflex.tables.faults import as_numbers, shown_values
from pandapower_evflex.tables.number_text import read_hint


def frame_of_numbers(function: str, argument: str, frame: Any) -> pd.DataFrame:
    """The frame as floats.

    Raises
    ------
    InvalidInputError    not a frame, or cells that are not numbers, by column and rows
    """
    if not isinstance(frame, pd.DataFrame):
        shown, remedy = f"a {type(frame).__name__}", "give a DataFrame of numbers"
        raise InvalidInputError([Fault(function, argument, (), shown, "is not a table", remedy)])
    read = [as_numbers(column) for _, column in frame.items()]
    wrong = np.column_stack([not_number for _, not_number in read]) if read else np.zeros(frame.shape, dtype=bool)
    if wrong.any():
        shown = frame.to_numpy(dtype=object)[wrong]
        place = f"{argument}[{listed(frame.columns[wrong.any(axis=0)].tolist())}]"
        rows = tuple(frame.index[wrong.any(axis=1)].tolist())
        remedy = f"give numbers, without quotes{read_hint(shown)}"
        raise InvalidInputError([Fault(function, place, rows, shown_values(shown), "is not a number", remedy)])
    floats = np.column_stack([values for values, _ in read]) if read else np.zeros(frame.shape)
    return pd.DataFrame(floats, index=frame.index, columns=frame.columns)
