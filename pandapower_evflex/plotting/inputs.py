"""What goes in: sessions (Fig. 3), PV (Fig. 4) and its power factor (Fig. 5 of the first paper)."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import gaussian_kde

from pandapower_evflex.plotting.axes import draw_steps, label_time, new_axes, period_edges


def plot_sessions(net: Any, start_hour: float = 0.0) -> Any:
    """Densities of arrival and departure over the hours of the day, and the trips (Fig. 3).

    Parameters
    ----------
    start_hour : float    hour of the day at which the horizon starts

    Returns
    -------
    the matplotlib figure
    """
    figure, (times, trips) = plt.subplots(1, 2, figsize=(10.0, 3.6), layout="constrained")
    sessions = net["ev_session"]
    hours = np.linspace(0.0, 24.0, 481)
    for column, label in (("arrival_h", "arrival"), ("departure_h", "departure")):
        at = (sessions[column].to_numpy(dtype=float) + start_hour) % 24.0
        if len(np.unique(at)) > 1:
            times.plot(hours, gaussian_kde(at)(hours), label=label)
        times.plot(at, np.zeros(len(at)), "|", color="gray", markersize=8)
    times.set(xlabel="hour of the day", ylabel="density per hour", title="Arrival and departure", xlim=(0, 24))
    times.set_xticks(range(0, 25, 4))
    times.set_ylim(bottom=0.0)
    times.legend()
    times.grid(True, alpha=0.3)
    trips.hist(sessions["trip_km"].dropna(), bins=12, color="#2a9d8f", edgecolor="white")
    trips.set(xlabel="trip in km", ylabel="sessions", title="Trips")
    trips.grid(True, alpha=0.3)
    return figure


def plot_pv_profile(net: Any, profiles: dict[tuple[str, str], pd.DataFrame], ax: Any | None = None) -> Any:
    """Generation as a share of rated power, its average over all generators (Fig. 4)."""
    ax = new_axes(ax)
    frame = profiles["sgen", "p_mw"]
    rated = net["sgen"]["sn_mva"].reindex(frame.columns).to_numpy()
    period_h = (frame.index[1] - frame.index[0]) / pd.Timedelta(hours=1) if len(frame) > 1 else 1.0
    share = frame.to_numpy().sum(axis=1) / rated.sum()
    draw_steps(ax, period_edges(frame.index, period_h), 100.0 * share, color="#e9a820", linewidth=2.0)
    ax.set(ylabel="generation in % of rated power", title="Average rooftop PV generation", ylim=(0, 100))
    label_time(ax, frame.index)
    return ax


def plot_cos_phi_p(net: Any, ax: Any | None = None) -> Any:
    """Every different cos phi(P) characteristic of the net (Fig. 5)."""
    ax = new_axes(ax, width=6.0)
    drawn: dict[tuple[float, ...], int] = {}
    for _, rows in net["cos_phi_p"].sort_values("p_share").groupby("sgen"):
        key = tuple(rows["p_share"]) + tuple(rows["cos_phi"])
        drawn[key] = drawn.get(key, 0) + 1
    for key, count in drawn.items():
        shares, factors = np.split(np.array(key), 2)
        x = np.concatenate([[0.0], shares, [1.0]])
        y = np.interp(x, shares, factors)
        ax.plot(100.0 * x, y, marker="o", label=f"{count} generators, to {factors[-1]:.2f}")
    ax.set(xlabel="active power in % of rated power", ylabel="cos phi (under-excited)", title="Power factor of PV")
    ax.legend()
    ax.grid(True, alpha=0.3)
    return ax
