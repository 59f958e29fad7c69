r"""Simulated days that differ as a whole, as real ones do: on some, fewer of the outlets of a site are in use.

The share of the outlets in use on a day is a factor B common to all of them, from a beta distribution of mean m, so
that their number is beta-binomial. Of the outlets of the chain a share p holds a car that can wait in a window; on a
day it is :math:`p B / m`, p on average: what single outlets do, and all means, stay those of the chain.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import beta, binom

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.cpo.checks import CHARGING, EMPTY, IDLE, Int8Array
from pandapower_evflex.kernels.jit import jit

#: mean share of the outlets in use on a day, where a site is never fuller, and correlation of two outlets in being in
#: use: of the largest number of cars at once on 235 weekdays of 2019 at the JPL garage. Fridays off and holidays make
#: them; garages of twelve Norwegian apartment houses had next to none
SHARE_IN_USE = 0.88
CORRELATION = 0.63
#: multiples of it fill the unit interval most evenly
GOLDEN = 0.5 * (5.0**0.5 - 1.0)


def factors_of_days(least_share: float, n_days: int) -> FloatArray:
    """B / m, each the mean of an equal part of its distribution [n_day]; their mean is 1.

    Parameters
    ----------
    least_share : float    of the outlets that are in use on average: a site that is always full has no days with fewer
    """
    m = max(SHARE_IN_USE, least_share)
    if m >= 1.0:
        return np.ones(n_days)
    size = 1.0 / CORRELATION - 1.0
    a, b = m * size, (1.0 - m) * size
    edges = beta.ppf(np.linspace(0.0, 1.0, n_days + 1), b, a)  # of 1 - B: numbers near 0 are finer than near 1
    unused = n_days * (1.0 - m) * np.diff(beta.cdf(edges, b + 1.0, a))
    factors: FloatArray = (1.0 - unused) / m
    return factors


def outlets_of_days(
    waits: BoolArray, n_evse: int, occupancy_rate: FloatArray, n_days: int, rng: np.random.Generator
) -> list[IntArray]:
    """Which simulated outlets are there on each day; those without a car that can wait are left out.

    Parameters
    ----------
    waits : bool [n]             outlets of the chain that hold a car that can wait, see `can_wait`
    n_evse : int                 outlets of the site
    """
    pool, share = np.flatnonzero(waits), float(waits.mean())
    factors = factors_of_days(max(float(occupancy_rate.max()), share), n_days)
    place = (GOLDEN * np.arange(n_days) + rng.random()) % 1.0  # spread evenly, whatever days are taken together
    numbers = binom.ppf(place, n_evse, np.clip(share * factors, 0.0, 1.0)).astype(np.int64)
    return [rng.choice(pool, number) if number else pool[:0] for number in numbers]


@jit
def can_wait(states: Int8Array, first: BoolArray, start: int, n_periods: int) -> BoolArray:
    """Outlets with a charging cell in the window and a later idle cell of the same stay [n]."""
    n_evse, n_all = states.shape
    found = np.zeros(n_evse, dtype=np.bool_)
    for n in range(n_evse):
        charges = False
        for k in range(start, n_all):
            if first[n, k] or states[n, k] == EMPTY:
                charges = False
            if k >= start + n_periods and not charges:
                break
            if states[n, k] == CHARGING and k < start + n_periods:
                charges = True
            elif states[n, k] == IDLE and charges:
                found[n] = True
                break
    return found
