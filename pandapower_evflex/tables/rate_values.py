"""What charging and occupancy rates may be: shares of outlets, one per period of a day, charging within occupancy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.faults import as_numbers, shown_values
from pandapower_evflex.tables.number_text import read_hint

MINUTES_PER_DAY = 1440

#: a rate beyond its bounds by less is rounding, and is set to the bound
ROUNDING = 1e-9

#: (table, column) that a fault names
Place = tuple[str, str]

#: text that ends in a time of day of whole minutes, with or without a zone
CLOCK = r"(?:^|[ T])(\d?\d:\d\d)(?::00)?(?:[+-]\d\d:\d\d)?$"


def period_count_faults(place: Place, n: int) -> list[Fault]:
    """A day has a whole number of periods of whole minutes."""
    if n and MINUTES_PER_DAY % n == 0:
        return []
    remedy = "give one value per period of a whole number of minutes: 96 for quarter hours, 24 for hours"
    return [Fault(*place, (), f"{n} values", "do not divide a day", remedy)]


def label_faults(place: Place, rates: pd.Series) -> list[Fault]:
    """Labels that put the values elsewhere than their positions, which are what counts: periods from 00:00."""
    labels, n = rates.index, len(rates)
    at = _time_of_day(labels)
    if at is None:
        wrong = labels.inferred_type in ("integer", "floating") and not labels.is_monotonic_increasing
        value, problem = "labels", "are not in order; values count by position, from 00:00"
    else:
        day = pd.Timedelta(days=1)
        wrong = bool(n) and not bool((at == pd.timedelta_range(0, periods=n, freq=day / n)).all())
        value, problem = "times", f"are not those of {n} periods from 00:00, by which the values count"
    remedy = "give a value per period from 00:00, or .to_numpy() of them if that is their order"
    return [Fault(*place, (), value, problem, remedy)] if wrong else []


def _time_of_day(labels: pd.Index) -> pd.TimedeltaIndex | None:
    """Since 00:00 of the wall clock, None where labels are no times."""
    if isinstance(labels, pd.DatetimeIndex):
        wall = labels.tz_localize(None)
        return pd.TimedeltaIndex(wall - wall.normalize())
    if isinstance(labels, pd.TimedeltaIndex):
        return pd.TimedeltaIndex(labels - labels.floor("D"))
    if labels.inferred_type not in ("time", "string", "period", "datetime", "datetime64"):
        return None
    clock = labels.map(str).str.extract(CLOCK)[0]
    return None if clock.isna().any() else pd.TimedeltaIndex(pd.to_timedelta(clock + ":00"))


def checked_rates(
    charging: Any, occupancy: Any, places: tuple[Place, Place]
) -> tuple[list[Fault], FloatArray, FloatArray]:
    """Faults of the rates of one site, and the rates with rounding removed.

    Parameters
    ----------
    charging, occupancy : cells [n_period]    C and O of the second paper
    places : what to name in faults of each
    """
    c, c_faults, c_wrong = _checked_shares(charging, places[0])
    o, o_faults, o_wrong = _checked_shares(occupancy, places[1])
    above = ~c_wrong & ~o_wrong & (c > o + ROUNDING)
    remedy = "an outlet that charges is occupied: give a charging rate of at most the occupancy rate"
    order_faults = _faults_where(places[0], charging, above, "is above the occupancy rate", remedy)
    return c_faults + o_faults + order_faults, np.minimum(c, o), o


def _checked_shares(cells: Any, place: Place) -> tuple[FloatArray, list[Fault], BoolArray]:
    """Shares within 0 and 1, what is wrong with them, and where."""
    values, not_number = as_numbers(cells)
    remedy = "give shares of the outlets from 0 to 1"
    texts = np.asarray(cells, dtype=object)[not_number]
    found = (
        ("is not a number", f"give numbers, without quotes{read_hint(texts)}", not_number),
        ("is missing", "give a rate for every period", np.isnan(values) & ~not_number),
        ("is negative", remedy, values < -ROUNDING),
        ("is above 1", f"{remedy}: 0.45, not 45 percent", values > 1.0 + ROUNDING),
    )
    faults = [
        fault for problem, remedy, wrong in found for fault in _faults_where(place, cells, wrong, problem, remedy)
    ]
    wrong = np.any([wrong for *_, wrong in found], axis=0)
    return np.clip(values, 0.0, 1.0), faults, wrong


def _faults_where(place: Place, cells: Any, wrong: BoolArray, problem: str, remedy: str) -> list[Fault]:
    """One fault for all periods in which ``wrong`` holds."""
    if not wrong.any():
        return []
    shown = shown_values(np.asarray(cells, dtype=object)[wrong])
    return [Fault(*place, tuple(np.flatnonzero(wrong).tolist()), shown, problem, remedy)]
