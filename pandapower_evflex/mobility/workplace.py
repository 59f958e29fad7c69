"""Charging sessions at a workplace: a synthetic stand-in for the garage of the second paper's Fig. 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.mobility.sessions import TruncatedNormal
from pandapower_evflex.tables.kinds import checked_generator, raise_if, shown, whole_number_faults
from pandapower_evflex.times.dates import are_dates, as_shown_there, midnights
from pandapower_evflex.times.reader import read_times

FUNCTION = "sample_workplace_sessions"
MOST_OUTLETS = 100_000
#: hours of the day, and hours of stay: of who stays all day, and of who makes room at noon
ARRIVAL = TruncatedNormal(8.2, 0.9, 6.0, 11.0)
LONG_STAY = TruncatedNormal(9.0, 1.0, 5.5, 12.0)
SHORT_STAY = TruncatedNormal(4.0, 0.7, 2.0, 5.5)
#: hours until the next car plugs in, and how long it stays
CHANGE = TruncatedNormal(0.5, 0.3, 0.1, 1.5)
SECOND_STAY = TruncatedNormal(4.5, 1.0, 2.0, 6.0)

#: shares of the outlets used in the morning, of first stays that are short, and of free outlets that are used again
USED_SHARE, SHORT_SHARE, SECOND_SHARE = 0.9, 0.25, 0.85

#: charging time [h], lognormal: median, deviation of the logarithm between cars, and of what all cars of a day share
MEDIAN_CHARGING, CAR_DEVIATION, DAY_DEVIATION = 3.3, 0.55, 0.2


def sample_workplace_sessions(
    n_evse: int,
    days: Sequence[Any],
    *,
    seed: int | np.random.Generator | None = None,
    dayfirst: bool | None = None,
) -> pd.DataFrame:
    """Draw the charging sessions of a workplace lot.

    Nine of ten outlets are taken in the morning (about 08:10, deviation 0.9 h). A quarter of these cars leave after
    about 4 h, and most of their outlets are taken again; the others stay about 9 h. A car charges for about 3.3 h
    (lognormal), longer on some days than on others: days are not independent, as in real lots.

    Parameters
    ----------
    n_evse : int         outlets
    days : dates         those on which people work, for instance `pandas.bdate_range("2024-03-04", periods=20)`
    seed : int or Generator
    dayfirst : bool      order of day and month in text, see `hours_since`

    Returns
    -------
    DataFrame [session by arrival]
        `evse, arrival, charging_end, departure`: local times without a zone, in whole minutes; `charging_end` is
        missing where the car still charges when it leaves. `cpo_rates_from_sessions` takes it

    Examples
    --------
    >>> import pandas as pd, pandapower_evflex as evf
    >>> days = pd.bdate_range("2024-03-04", periods=20)
    >>> sessions = evf.mobility.sample_workplace_sessions(16, days, seed=0)
    >>> rates = evf.cpo_rates_from_sessions(sessions, 16)
    >>> bool(rates.occupancy_rate[44] > 0.8)
    True
    """
    midnight, faults = _midnights(days, dayfirst)
    raise_if(faults + whole_number_faults(FUNCTION, "n_evse", n_evse, 0, MOST_OUTLETS))
    rng = checked_generator(FUNCTION, seed)
    n_evse = int(n_evse)
    day, outlet = (index.ravel() for index in np.indices((len(midnight), n_evse)))
    long_day = rng.normal(0.0, DAY_DEVIATION, len(midnight))
    n = len(day)
    short = rng.random(n) < SHORT_SHARE
    arrival = ARRIVAL.sample(n, rng)
    departure = arrival + np.where(short, SHORT_STAY.sample(n, rng), LONG_STAY.sample(n, rng))
    second_arrival = departure + CHANGE.sample(n, rng)
    second_departure = second_arrival + SECOND_STAY.sample(n, rng)
    used = rng.random(n) < USED_SHARE
    again = used & short & (rng.random(n) < SECOND_SHARE)
    stays = pd.DataFrame(
        {
            "day": np.concatenate([day[used], day[again]]),
            "outlet": np.concatenate([outlet[used], outlet[again]]),
            "arrival": np.concatenate([arrival[used], second_arrival[again]]),
            "departure": np.concatenate([departure[used], second_departure[again]]),
        }
    )
    charging = MEDIAN_CHARGING * np.exp(long_day[stays["day"]] + rng.normal(0.0, CAR_DEVIATION, len(stays)))
    stays["charging_end"] = (stays["arrival"] + charging).where(lambda end: end < stays["departure"])
    return _with_times(stays, midnight)


def _midnights(days: Any, dayfirst: bool | None) -> tuple[pd.DatetimeIndex, list[Fault]]:
    """Starts of the days."""
    if not are_dates(days):
        remedy = 'give dates, such as pandas.bdate_range("2024-03-04", periods=20)'
        return pd.DatetimeIndex([]), [Fault(FUNCTION, "days", (), shown(days), "are not dates", remedy)]
    try:
        read = read_times({"days": as_shown_there(days)}, table=FUNCTION, dayfirst=dayfirst)
        return midnights(read["days"], FUNCTION), []
    except InvalidInputError as error:
        return pd.DatetimeIndex([]), list(error.faults)


def _with_times(stays: pd.DataFrame, midnight: pd.DatetimeIndex) -> pd.DataFrame:
    """Hours of the day as times of whole minutes, in order of arrival."""
    width = len(str(stays["outlet"].max() + 1))
    sessions = pd.DataFrame({"evse": [f"outlet {outlet + 1:0{width}d}" for outlet in stays["outlet"]]})
    for name in ("arrival", "charging_end", "departure"):
        minutes = pd.to_timedelta((stays[name] * 60.0).round(), unit="min")
        sessions[name] = midnight[stays["day"]] + pd.TimedeltaIndex(minutes)
    return sessions.sort_values(["arrival", "evse"], kind="stable", ignore_index=True)
