"""Rates of a site from its sessions against counting them period by period in pandas."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from methods_vs_casadi import cpu_seconds

import pandapower_evflex as evf

TIMES = ["arrival", "charging_end", "departure"]


def straightforward(sessions: pd.DataFrame, n_evse: int, days: pd.DatetimeIndex) -> np.ndarray:
    """Rates [2, 96]: who is there and who charges in the middle of each quarter hour of each day."""
    times = {name: pd.to_datetime(sessions[name]) for name in TIMES}
    charging_end = times["charging_end"].fillna(times["departure"])
    counts = np.zeros((2, 96))
    for day in days:
        for k in range(96):
            now = day + pd.Timedelta(minutes=15 * k + 7.5)
            there = (times["arrival"] <= now) & (now < times["departure"])
            counts[:, k] += (there & (now < charging_end)).sum(), there.sum()
    return counts / len(days) / n_evse


def main() -> None:
    print("## Rates from sessions against pandas, period by period\n")
    print("| outlets | days | sessions | ms | pandas ms | ratio |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    for n_evse, n_days in ((16, 20), (52, 60), (52, 330)):
        days = pd.bdate_range("2024-01-01", periods=n_days)
        sessions = evf.mobility.sample_workplace_sessions(n_evse, days, seed=0).astype(dict.fromkeys(TIMES, str))
        estimate = partial(evf.cpo_rates_from_sessions, sessions, n_evse)
        estimate()
        own, rates = min((cpu_seconds(estimate) for _ in range(5)), key=lambda timed: timed[0])
        other, counted = cpu_seconds(partial(straightforward, sessions, n_evse, days))
        np.testing.assert_allclose([rates.charging_rate, rates.occupancy_rate], counted, atol=1e-12)
        numbers = f"{n_evse} | {n_days} | {len(sessions)} | {1e3 * own:.0f} | {1e3 * other:.0f}"
        print(f"| {numbers} | 1/{other / own:.0f} |", flush=True)
    print()
