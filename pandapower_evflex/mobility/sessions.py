"""When the cars of commuters are at home: synthetic stand-ins for the first paper's survey (Fig. 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import truncnorm

FloatArray = NDArray[np.float64]


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


#: weekdays of commuters: home around 17:00, gone around 07:00
ARRIVAL = TruncatedNormal(17.0, 1.5, 13.0, 22.0)
DEPARTURE = TruncatedNormal(7.0, 0.8, 5.0, 10.0)
#: state of charge in the evening, of cars that are not charged every day
SOC_ARRIVAL = TruncatedNormal(42.0, 12.0, 22.0, 80.0)

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
    (0.8 h, 05:00 to 10:00), the trip of the next day about 30 km (lognormal, 4 to 120 km), the state of charge in the
    evening about 42 % (12 %, 22 to 80 %).

    Parameters
    ----------
    evs : labels in net.ev
    n_days : int
    start_hour : float       hour of the day at which the horizon starts; 12 keeps every night in one piece
    seed : int or Generator

    Returns
    -------
    DataFrame with columns `ev, arrival_h, departure_h, soc_arrival_percent, trip_km`, hours from the start of the
    horizon, as `create_ev_sessions` takes them
    """
    rng = np.random.default_rng(seed)
    labels, day = np.repeat(np.asarray(evs), n_days), np.tile(np.arange(n_days), len(evs))
    n = len(labels)
    midnight = 24.0 * day - start_hour
    return pd.DataFrame(
        {
            "ev": labels,
            "arrival_h": midnight + ARRIVAL.sample(n, rng),
            "departure_h": midnight + 24.0 + DEPARTURE.sample(n, rng),
            "soc_arrival_percent": SOC_ARRIVAL.sample(n, rng),
            "trip_km": _sample_trips(n, rng),
        }
    )


def _sample_trips(n: int, rng: np.random.Generator) -> FloatArray:
    median = MEAN_TRIP_KM * np.exp(-0.5 * TRIP_SHAPE**2)
    return np.clip(rng.lognormal(np.log(median), TRIP_SHAPE, n), LEAST_TRIP_KM, MOST_TRIP_KM)
