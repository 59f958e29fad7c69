"""What goes in: sessions (Fig. 3), PV (Fig. 4) and its power factor (Fig. 5 of the first paper)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import gaussian_kde

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.profiles import read_profiles
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.mobility.sessions import START_HOUR
from pandapower_evflex.plotting.axes import COLOUR, SUN, draw_steps, label_time, new_axes, period_edges, several_axes
from pandapower_evflex.tables.arguments import single_number_faults
from pandapower_evflex.tables.kinds import check_net, raise_if, shown
from pandapower_evflex.tables.number_frames import frame_of_numbers


def plot_sessions(net: Net, start_hour: float = 0.0, axes: Sequence[Any] | None = None) -> Any:
    """Densities of arrival and departure over the hours of the day, and the trips (figure 3).

    Parameters
    ----------
    net : pandapowerNet
    start_hour : float            hour of the day at which the horizon starts
    axes : two matplotlib axes    None: of a new figure

    Returns
    -------
    the matplotlib figure
    """
    check_net("plot_sessions", net)
    raise_if(single_number_faults("plot_sessions", START_HOUR, start_hour))
    if not len(net.get("ev_session", ())):
        remedy = "add sessions with create_ev_session(net, ev, arrival_h, departure_h)"
        raise InvalidInputError([Fault("plot_sessions", "net", (), "net.ev_session", "is empty or missing", remedy)])
    axes = several_axes(axes, 1, 2, figsize=(10.0, 3.6))
    times, trips = axes
    sessions = net["ev_session"]
    for column, label in (("arrival_h", "arrival"), ("departure_h", "departure")):
        _draw_density(times, (sessions[column].to_numpy(dtype=float) + start_hour) % 24.0, label)
    times.set(xlabel="hour of the day", ylabel="density per hour", title="Arrival and departure", xlim=(0, 24))
    times.set_xticks(range(0, 25, 3))
    times.set_ylim(bottom=0.0)
    times.legend(loc="upper center")
    trips.hist(sessions["trip_km"].dropna(), bins=12, color=COLOUR["base"], edgecolor="white")
    trips.set(xlabel="trip in km", ylabel="sessions", title="Trips")
    trips.yaxis.get_major_locator().set_params(integer=True)
    for ax in axes:
        ax.grid(True, alpha=0.3)
    return times.figure


def _draw_density(ax: Any, at: Any, label: str) -> None:
    """Smoothed density round the clock, with a tick for each session."""
    hours = np.linspace(0.0, 24.0, 481)
    line = None
    if len(np.unique(at)) > 1:
        smoothed = gaussian_kde(at)
        density = sum(smoothed(hours + turn) for turn in (-24.0, 0.0, 24.0))
        (line,) = ax.plot(hours, density, label=label)
    ax.plot(at, np.zeros(len(at)), "|", color=line.get_color() if line else "gray", markersize=10)


def plot_pv_profile(
    net: Net,
    profiles: Mapping[tuple[str, str], pd.DataFrame],
    ax: Any | None = None,
    *,
    period_h: float | None = None,
    start: Any = None,
    dayfirst: bool | None = None,
) -> Any:
    """Generation as a share of rated power, its average over all generators with a profile (figure 4).

    Parameters
    ----------
    net : pandapowerNet    reads net.sgen.sn_mva
    profiles : {("sgen", "p_mw"): DataFrame[period x sgen], ...}
    period_h, start, dayfirst : as in `run_flexibility_opf`, where the profiles have no times

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InvalidInputError    powers that are not numbers; rows that do not tell the length of a period
    """
    check_net("plot_pv_profile", net)
    if not isinstance(profiles, Mapping) or ("sgen", "p_mw") not in profiles:
        remedy = 'give {("sgen", "p_mw"): DataFrame[period x sgen]}'
        raise InvalidInputError(
            [Fault("plot_pv_profile", "profiles", (), shown(profiles), "has no profile of sgen.p_mw", remedy)]
        )
    frame = frame_of_numbers("plot_pv_profile", "profiles", profiles["sgen", "p_mw"])
    ax = new_axes(ax)
    rated = net["sgen"]["sn_mva"].reindex(frame.columns).to_numpy()
    read = read_profiles(net, {("sgen", "p_mw"): frame}, period_h=period_h, start=start, dayfirst=dayfirst).horizon
    index = pd.RangeIndex(len(frame)) if read.time is None else read.time
    share = frame.to_numpy().sum(axis=1) / rated.sum()
    draw_steps(ax, period_edges(index, read.period_h), 100.0 * share, color=SUN, linewidth=2.0)
    ax.set(ylabel="generation in % of rated power", title="Average rooftop PV generation", ylim=(0, 100))
    label_time(ax, index, read.period_h)
    return ax


def plot_cos_phi_p(net: Net, ax: Any | None = None) -> Any:
    """Every different cos phi(P) characteristic of the net (figure 5).

    Parameters
    ----------
    net : pandapowerNet
    ax : matplotlib Axes    to draw on; None: new ones

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InvalidInputError    the net has none
    """
    check_net("plot_cos_phi_p", net)
    if not len(net.get("cos_phi_p", ())):
        remedy = "add characteristics with create_cos_phi_p(net, sgen)"
        raise InvalidInputError([Fault("plot_cos_phi_p", "net", (), "net.cos_phi_p", "is empty or missing", remedy)])
    ax = new_axes(ax, width=6.0)
    drawn: dict[tuple[float, ...], int] = {}
    for _, rows in net["cos_phi_p"].sort_values("p_share").groupby("sgen"):
        key = tuple(rows["p_share"]) + tuple(rows["cos_phi"])
        drawn[key] = drawn.get(key, 0) + 1
    for key, count in drawn.items():
        shares, factors = np.split(np.array(key), 2)
        x = np.concatenate([[0.0], shares, [1.0]])
        y = np.interp(x, shares, factors)
        ax.plot(100.0 * x, y, marker="o", label=f"down to {factors[-1]:.2f}: {count} generators")
    ax.set(xlabel="active power in % of rated power", ylabel="cos phi (under-excited)", title="Power factor of PV")
    ax.legend()
    ax.grid(True, alpha=0.3)
    return ax
