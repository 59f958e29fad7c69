"""Time zones, and naive times in them."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.errors import Fault, InvalidInputError


def known_zone(function: str, timezone: Any) -> tzinfo:
    """The time zone of a name, or as given; ``function`` is named in faults.

    Raises
    ------
    InvalidInputError
    """
    try:
        if not isinstance(timezone, (str, tzinfo)):
            raise TypeError(timezone)  # pandas would take a number for seconds
        return localized(pd.DatetimeIndex(["2000-01-01"]), timezone).tz  # with a time: some fail with one only
    except Exception as error:  # pandas raises what its time zone library does
        remedy = 'give a name such as "Europe/Berlin"'
        raise InvalidInputError([Fault(function, "timezone", (), timezone, "is not a time zone", remedy)]) from error


def localized(times: pd.DatetimeIndex, zone: Any) -> pd.DatetimeIndex:
    """Naive times in a zone: of an hour that occurs twice the first, one that never occurs as the next that does."""
    return times.tz_localize(zone, ambiguous=np.ones(len(times), dtype=bool), nonexistent="shift_forward")
