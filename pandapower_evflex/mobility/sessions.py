"""When the cars of commuters are at home: synthetic stand-ins for the first paper's survey (Fig. 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import truncnorm

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.arguments import single_number_faults
from pandapower_evflex.tables.faults import are_whole, as_numbers
from pandapower_evflex.tables.kinds import checked_generator, raise_if, shown, whole_number_faults
from pandapower_evflex.tables.rows import as_cells
from pandapower_evflex.tables.schema import Column


@dataclass(frozen=True)
class TruncatedNormal:
    """Hours of the day, or percent."""

    mean: float
    deviation: float
    least: float
    most: float

    def sample(self, n: int, rng: np.random.Generator) -> FloatArray:
        a, b = (self.least - self.mean) / self.deviation, (self.most - self.mean) / self.deviation
        return truncnorm.rvs(a, b, loc=self.mean, scale=self.deviation, size=n, random_state=rng)


FUNCTION = "sample_sessions"
MOST_DAYS = 3_660
START_HOUR = Column(
    "start_hour", "float64", "", "h", required=True, lower=0.0, upper=24.0, hint="give an hour of the day"
)
#: weekdays of commuters: home around 17:00, gone around 07:00
ARRIVAL = TruncatedNormal(17.0, 1.5, 13.0, 22.0)
DEPARTURE = TruncatedNormal(7.0, 0.8, 5.0, 10.0)
#: state of charge on the first evening: who charges for the next trip only, as (19) asks, is back near the reserve
SOC_ARRIVAL = TruncatedNormal(23.0, 3.0, 20.5, 35.0)

#: km a day; lognormal with a mean of 30, cut to what a commute is
MEAN_TRIP_KM, TRIP_SHAPE, LEAST_TRIP_KM, MOST_TRIP_KM = 30.0, 0.55, 4.0, 120.0


def sample_sessions(
    evs: Sequence[int],
    n_days: int = 1,
    *,
    start_hour: float = 12.0,
    seed: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Draw one night at home per EV and day.

    Arrival is about 17:00 (truncated normal, deviation 1.5 h, 13:00 to 22:00), departure about 07:00 of the next day
    (0.8 h, 05:00 to 10:00), the trip of the next day about 30 km (lognormal, 4 to 120 km).

    The state of charge on the first evening is about 23 % (3 %, 20.5 to 35 %): what is left after yesterday's trip in a
    car that was charged for that trip and a reserve of 20 %. All cars in need on the same evening is the hard case. On
    later evenings it is left out (NaN): it follows from the morning's energy less the day's trip.

    Parameters
    ----------
    evs : labels in net.ev
    n_days : int
    start_hour : float       hour of the day at which the horizon starts; 12 keeps every night in one piece
    seed : int or Generator

    Returns
    -------
    DataFrame [EV by EV, day by day]
        `ev, arrival_h, departure_h, soc_arrival_percent, trip_km`; hours count from the start of the horizon

    Examples
    --------
    >>> import pandapower.networks as nw, pandapower_evflex as evf
    >>> net = nw.create_kerber_landnetz_freileitung_1()
    >>> fleet = evf.mobility.sample_fleet(3, seed=0)
    >>> evs = evf.create_evs(net, [3, 5, 7], **fleet.to_dict("list"))
    >>> nights = evf.mobility.sample_sessions(evs, seed=0)
    >>> evf.create_ev_sessions(net, nights.pop("ev"), **nights.to_dict("list")).tolist()
    [0, 1, 2]
    """
    labels, faults = _labels(evs)
    faults += whole_number_faults(FUNCTION, "n_days", n_days, 0, MOST_DAYS)
    raise_if(faults + single_number_faults(FUNCTION, START_HOUR, start_hour))
    rng = checked_generator(FUNCTION, seed)
    n_days = int(n_days)
    labels, day = np.repeat(labels, n_days), np.tile(np.arange(n_days), len(labels))
    n = len(labels)
    midnight = 24.0 * day - start_hour
    return pd.DataFrame(
        {
            "ev": labels,
            "arrival_h": midnight + ARRIVAL.sample(n, rng),
            "departure_h": midnight + 24.0 + DEPARTURE.sample(n, rng),
            "soc_arrival_percent": np.where(day == 0, SOC_ARRIVAL.sample(n, rng), np.nan),
            "trip_km": _sample_trips(n, rng),
        }
    )


def _labels(evs: Any) -> tuple[NDArray[Any], list[Fault]]:
    """Labels of EVs, one each."""
    is_row = pd.api.types.is_list_like(evs) and not isinstance(evs, Mapping | Set | pd.DataFrame | pd.MultiIndex)
    cells = as_cells(evs) if is_row and getattr(evs, "ndim", 1) == 1 else np.array([None], dtype=object)
    floats, not_number = as_numbers(cells)
    if not not_number.any() and are_whole(floats).all():
        return floats.astype(np.int64), []
    problem, remedy = "are not labels of EVs", "give indices of net.ev, as create_evs returns them"
    return np.empty(0, dtype=np.int64), [Fault(FUNCTION, "evs", (), shown(evs), problem, remedy)]


def _sample_trips(n: int, rng: np.random.Generator) -> FloatArray:
    median = MEAN_TRIP_KM * np.exp(-0.5 * TRIP_SHAPE**2)
    return np.clip(rng.lognormal(np.log(median), TRIP_SHAPE, n), LEAST_TRIP_KM, MOST_TRIP_KM)
