"""Text with which files say that a cell is empty."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray
from pandapower_evflex.times.words import PLACEHOLDERS

#: in lower case, without blanks around it; "0" may be a name or an energy
EMPTY_TEXT = PLACEHOLDERS - {"0"}


def is_empty_text(cell: Any) -> bool:
    """Whether a cell is text that stands for a missing value."""
    return isinstance(cell, str) and cell.strip().lower() in EMPTY_TEXT


def without_empty_text(values: Any) -> Any:
    """The cells with None in place of text that stands for a missing value; numbers and times as they are."""
    if getattr(values, "dtype", None) is not None and getattr(values.dtype, "kind", "O") in "biufmM":
        return values
    cells = np.asarray(values, dtype=object)
    empty: BoolArray = np.fromiter(map(is_empty_text, cells), dtype=bool, count=len(cells))
    cleared = cells.copy()
    cleared[empty] = None
    return pd.Series(cleared, index=values.index, dtype=object) if isinstance(values, pd.Series) else cleared
