"""Dates: days on which something happens."""

from __future__ import annotations

from collections.abc import Mapping, Set, Sized
from typing import Any

import pandas as pd

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.times.reader import Times


def are_dates(days: Any) -> bool:
    """Whether it is one row of values that may be dates."""
    is_row = pd.api.types.is_list_like(days) and isinstance(days, Sized) and not isinstance(days, Mapping | Set)
    return is_row and getattr(days, "ndim", 1) == 1 and not isinstance(days, pd.MultiIndex)


def as_shown_there(days: Any) -> Any:
    """Dates of timestamps with a time zone are those that the clock shows there."""
    dtype = getattr(days, "dtype", None)
    if not isinstance(dtype, pd.DatetimeTZDtype):
        return days
    return days.dt.tz_localize(None) if isinstance(days, pd.Series) else pd.DatetimeIndex(days).tz_localize(None)


def midnights(times: Times, table: str) -> pd.DatetimeIndex:
    """Starts of the days, in the order given.

    Raises
    ------
    InvalidInputError    a date is missing, or has a time zone of its own
    """
    n_missing = int(times.index.isna().sum())
    if n_missing:
        shown, remedy = f"{n_missing} of {len(times.index)} dates", "leave them out, or give a list of dates"
        raise InvalidInputError([Fault(table, "days", (), shown, "are missing", remedy)])
    if times.is_zoned.any():
        remedy = "give dates without a time zone"
        raise InvalidInputError([Fault(table, "days", (), "times with a zone", "are not days", remedy)])
    return times.index.normalize()
