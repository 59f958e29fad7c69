"""Hours from a start, with daylight saving respected."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def hours_since(timestamps: Any, start: Any, timezone: str | None = None) -> NDArray[np.float64]:
    """Elapsed hours between ``start`` and each timestamp.

    Parameters
    ----------
    timestamps, start : timestamps or text that pandas reads
    timezone : str
        zone of naive timestamps, for instance "Europe/Berlin"; elapsed time then counts across changes of daylight
        saving time. A time that occurs twice is taken as the first, one that never occurs as the next that does.
        None: naive times are taken as they are

    Returns
    -------
    float [n]    NaN where the timestamp is missing

    Raises
    ------
    ValueError    one side has a time zone and the other has none

    Examples
    --------
    >>> hours_since(["2024-03-31 12:00"], "2024-03-30 12:00", timezone="Europe/Berlin").tolist()
    [23.0]
    """
    times = _localized(pd.DatetimeIndex(pd.to_datetime(np.atleast_1d(np.asarray(timestamps, dtype=object)))), timezone)
    origin = _localized(pd.DatetimeIndex([pd.Timestamp(start)]), timezone)
    if (times.tz is None) != (origin.tz is None):
        raise ValueError("the timestamps and the start must both have a time zone, or neither; or give timezone=...")
    return ((times - origin[0]) / pd.Timedelta(hours=1)).to_numpy(dtype=float)


def _localized(times: pd.DatetimeIndex, timezone: str | None) -> pd.DatetimeIndex:
    if timezone is None or times.tz is not None:
        return times
    return times.tz_localize(timezone, ambiguous=np.ones(len(times), dtype=bool), nonexistent="shift_forward")


def as_hours(values: Any, start: Any) -> Any:
    """Values as they are when they are hours, or since ``start`` when they are timestamps."""
    return values if start is None else hours_since(values, start)
