"""Congestion windows period by period, as `PlanningStudy.overloads` holds them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.planning.congestion.windows import Window

COLUMNS = ["start_h", "end_h", "missing_mw", "not_served_mw", "left_mw"]
#: decimals that hours are rounded to, so that rounding does not move a period by a day
HOUR_DIGITS = 9


def window_profile(
    window: Window, first: int, missing: FloatArray, not_served: FloatArray, left: FloatArray, owned: BoolArray
) -> dict[str, FloatArray]:
    """Periods in which an element is overloaded, or anything of its congestion is not served.

    Parameters
    ----------
    window : Window                             of the element
    first : int                                 period of its day at which the congestion starts
    missing, not_served, left : float [n_period]    MW of this element, MW of all without and with flexibility; periods
                                                    of all days
    owned : bool [n_period]                     periods from this congestion to the next one
    """
    day = window.day
    own = np.zeros(len(owned), dtype=bool)
    own[window.cases] = True
    cases = np.flatnonzero(own & (missing > 0.0) | owned & ((not_served > 0.0) | (left > 0.0)))
    cases = cases[np.argsort((cases - day.first - first) % day.n_periods)]
    # hours go on from the start of the window, beyond 24 where it reaches midnight
    ahead_h = (window.first - first) % day.n_periods * day.period_h
    begin = window.hours[0] - ahead_h
    hour = np.array([day.hours(int(case) - day.first, 1)[0] for case in cases])
    start = begin + np.round(hour - begin, HOUR_DIGITS) % 24.0
    values = {"missing_mw": np.where(own, missing, 0.0), "not_served_mw": not_served, "left_mw": left}
    columns = {name: np.where(owned | own, value, 0.0)[cases] for name, value in values.items()}
    return {"start_h": start, "end_h": start + day.period_h, **columns}


def overloads_of(profiles: Sequence[dict[str, FloatArray] | None]) -> pd.DataFrame:
    """Profiles of all rows of `PlanningStudy.faults`, one after the other; None: a row without overload."""
    found = {row: profile for row, profile in enumerate(profiles) if profile is not None}
    if not found:
        return pd.DataFrame(columns=["row", *COLUMNS], dtype=float).astype({"row": int})
    rows = np.repeat(list(found), [len(profile["start_h"]) for profile in found.values()])
    values = {name: np.concatenate([profile[name] for profile in found.values()]) for name in COLUMNS}
    return pd.DataFrame({"row": rows, **values})
