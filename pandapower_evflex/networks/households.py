"""Synthetic household loads and rooftop PV of a day in May, period by period."""

from __future__ import annotations

import numpy as np

from pandapower_evflex.arrays import FloatArray

#: kW of an average detached house at these hours of the day: a night valley, a morning bump, an evening peak; 20 kWh
_HOUR = np.array([0, 2, 5, 6.5, 8, 10, 12, 14, 16, 18, 19.5, 21, 22.5, 24])
_KW = np.array([0.78, 0.68, 0.66, 0.80, 0.84, 0.68, 0.70, 0.68, 0.82, 1.18, 1.32, 1.22, 1.00, 0.78])

#: sunrise and sunset in May at about 35 degrees north, and the exponent that makes the curve steeper than a sine
_SUNRISE, _SUNSET, _SHARPNESS = 5.75, 19.75, 1.4
#: share of its rated power that a roof reaches on an average day
_PV_PEAK = 0.75


def household_loads(hours: FloatArray, n: int, period_h: float, rng: np.random.Generator) -> FloatArray:
    """Active power [n_period, n] in MW of n houses that differ in size, rhythm and noise.

    Each house has its own scale (lognormal), its own shift of the day (normal, 0.7 h), a slow noise that is correlated
    over about an hour, and appliances of 1 to 2.5 kW that run half an hour a few times a day. All houses together
    follow the average curve.
    """
    scale = rng.lognormal(-0.5 * 0.35**2, 0.35, n)
    shift = rng.normal(0.0, 0.7, n)
    mean = np.interp((hours[:, None] + shift) % 24.0, _HOUR, _KW) * scale
    slow = _correlated_noise(len(hours), n, np.exp(-period_h / 1.0), rng)
    smooth = 0.75 * mean * np.exp(0.3 * slow - 0.5 * 0.3**2)
    appliances = _appliances(mean, period_h, rng)
    return (smooth + appliances) / 1e3


def _correlated_noise(n_periods: int, n: int, correlation: float, rng: np.random.Generator) -> FloatArray:
    """Standard normal noise, first-order autoregressive in time."""
    noise = rng.normal(size=(n_periods, n))
    for t in range(1, n_periods):
        noise[t] = correlation * noise[t - 1] + np.sqrt(1.0 - correlation**2) * noise[t]
    return noise


def _appliances(mean: FloatArray, period_h: float, rng: np.random.Generator) -> FloatArray:
    """Runs of half an hour at 1 to 2.5 kW that carry a quarter of the energy, more often when the load is high."""
    size, run_h = 1.75, 0.5
    starts = rng.random(mean.shape) < 0.25 * mean * period_h / (size * run_h)
    power = starts * rng.uniform(1.0, 2.5, mean.shape)
    length = max(1, round(run_h / period_h))
    total = power.copy()
    for k in range(1, length):
        total[k:] += power[:-k]
    return total * run_h / (length * period_h)


def pv_shape(hours: FloatArray) -> FloatArray:
    """Average PV power of a May day as a share of rated power [n_period]."""
    x = (hours % 24.0 - _SUNRISE) / (_SUNSET - _SUNRISE)
    is_day = (x > 0.0) & (x < 1.0)
    return np.where(is_day, _PV_PEAK * np.sin(np.pi * np.where(is_day, x, 0.0)) ** _SHARPNESS, 0.0)
