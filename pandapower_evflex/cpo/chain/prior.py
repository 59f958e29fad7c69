"""What the chain of an outlet is like before its rates are known in detail."""

from __future__ import annotations

import numpy as np

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.cpo.checks import CHARGING, EMPTY, IDLE

#: share of the cars that leave as soon as they stop charging; counted at the JPL site (1 of 4.4), so check other sites:
#: with 0.10 and 0.40 the shave of that site at 11 h changes by +14 and -10 %
LEAVES_AT_ONCE = 0.25

#: share of the idle spells after which the outlet charges again; counted at the JPL site (0.050 of 0.95 a day), where
#: each time the next car was plugged in within the quarter hour; rates alone do not tell, so check other sites
CHARGES_AGAIN = 0.05

#: probability that a car arrives at an empty outlet in a quarter hour; the rates outweigh this start
ARRIVES = 0.02

#: probability of arriving without charging: not 0, so that every set of rates can be met
RARE = 1e-4

#: largest probability that a state ends within a period
MOST = 0.9


def workplace_prior(charging_rate: FloatArray, occupancy_rate: FloatArray, plug_ins: float) -> FloatArray:
    """Kernel [3, 3] whose stays and charging spells are of mean length by Little's law.

    Parameters
    ----------
    charging_rate, occupancy_rate : float [n_period]    of a day
    plug_ins : float                                    arrivals per outlet and day; a stay lasts at most a day
    """
    n = len(charging_rate)
    arrivals = max(plug_ins, occupancy_rate.mean(), 1e-9)
    stay, charge = occupancy_rate.sum() / arrivals, charging_rate.sum() / arrivals
    stops, goes = 1.0 / max(charge, 1.0), 1.0 / max(stay - charge, 1.0)
    kernel = np.full((3, 3), RARE)
    kernel[EMPTY, CHARGING] = min(ARRIVES * 96.0 / n, MOST)
    kernel[CHARGING, IDLE], kernel[CHARGING, EMPTY] = (1.0 - LEAVES_AT_ONCE) * stops, LEAVES_AT_ONCE * stops
    kernel[IDLE, EMPTY], kernel[IDLE, CHARGING] = (1.0 - CHARGES_AGAIN) * goes, CHARGES_AGAIN * goes
    off = ~np.eye(3, dtype=bool)
    kernel[off] *= np.repeat(np.minimum(1.0, MOST / np.where(off, kernel, 0.0).sum(axis=1)), 2)
    np.fill_diagonal(kernel, 1.0 - np.where(off, kernel, 0.0).sum(axis=1))
    return kernel


def scaled_prior(kernel: FloatArray, factor: float) -> FloatArray:
    """Kernels [n, 3, 3] with the odds of changing the state times a factor."""
    scaled = kernel * np.where(np.eye(3, dtype=bool), 1.0, factor)
    return scaled / scaled.sum(axis=2, keepdims=True)
