"""What a charging site does (second paper): rates over the day (Fig. 1), a lattice (Fig. 2), a peak (Fig. 3)."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from pandapower_evflex.cpo.checks import checked_lattice, raise_if, scalar_faults
from pandapower_evflex.cpo.equations import rates_of_day, velocity_of_reduction
from pandapower_evflex.errors import Fault
from pandapower_evflex.plotting.axes import COLOUR, STATE_COLOUR, draw_steps, label_hours, new_axes, title_and_legend

#: cells of small lattices are told apart by white lines; in larger ones these would be all that is seen
MOST_RULED = 60
#: a year; a peak further from midnight than that is a slip
MOST_HOURS = 8784.0


def plot_cpo_rates(charging_rate: Any, occupancy_rate: Any, ax: Any | None = None) -> Any:
    """Charging and occupancy rate of a site over the day (figure 1): charging, idle and empty outlets.

    Parameters
    ----------
    charging_rate, occupancy_rate : float [n_period]    shares of the outlets per period of a day from 00:00, such as
                                                        those of `CpoRates` or a column of net.cpo_charging_rate

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InvalidInputError    rates that are missing, negative, above 1 (percent) or of different lengths, C above O

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> ax = evf.plotting.plot_cpo_rates([0.0, 0.6, 0.2, 0.1], [0.1, 0.8, 0.8, 0.2])
    """
    c, o = rates_of_day("plot_cpo_rates", charging_rate, occupancy_rate)
    ax = new_axes(ax)
    edges = np.linspace(0.0, 24.0, len(c) + 1)
    ax.stairs(100.0 * c, edges, fill=True, color=STATE_COLOUR["charging"], alpha=0.8, label="charging")
    ax.stairs(100.0 * o, edges, baseline=100.0 * c, fill=True, color=STATE_COLOUR["idle"], alpha=0.8, label="idle")
    draw_steps(ax, edges, 100.0 * c, color=STATE_COLOUR["charging"], label="charging rate C")
    draw_steps(ax, edges, 100.0 * o, color="black", label="occupancy rate O")
    ax.set(ylabel="outlets in %", ylim=(0.0, 100.0))
    title_and_legend(ax, "Charging and occupancy rate")
    label_hours(ax, 0.0, 24.0)
    ax.grid(True, alpha=0.3)
    return ax


def plot_lattice(lattice: Any, *, first_h: float = 0.0, period_h: float = 0.25, ax: Any | None = None) -> Any:
    """Charging schedules: one row per outlet, the first on top, one column per period (figure 2).

    Parameters
    ----------
    lattice : int [n_evse, n_period]    states: 0 empty, 1 charging, 2 idle
    first_h : float                     hour of the day at which the first period begins
    period_h : float                    [h]

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InvalidInputError    no such lattice, no cell in it, no such hour or period

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> ax = evf.plotting.plot_lattice([[0, 1, 1, 2, 0], [1, 2, 2, 2, 2]], first_h=8, period_h=1)
    """
    states = drawable_lattice("plot_lattice", lattice, first_h, period_h)
    first_h, period_h = float(first_h), float(period_h)
    n_evse, n_periods = states.shape
    ax = new_axes(ax, height=min(1.6 + 0.22 * n_evse, 8.0))
    last_h = first_h + n_periods * period_h
    colours = ListedColormap(list(STATE_COLOUR.values()))
    edges = (np.linspace(first_h, last_h, n_periods + 1), np.arange(n_evse + 1) + 0.5)
    ruled = {"edgecolors": "white", "linewidth": 0.4} if max(states.shape) <= MOST_RULED else {"rasterized": True}
    ax.pcolormesh(*edges, states, cmap=colours, vmin=0, vmax=2, **ruled)
    ax.set(ylabel="outlet", ylim=(n_evse + 0.5, 0.5))
    ax.yaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, min_n_ticks=1))
    ax.set_title("Charging schedules", pad=28)
    patches = [Patch(facecolor=colour, edgecolor="gray", label=state) for state, colour in STATE_COLOUR.items()]
    ax.legend(handles=patches, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, fontsize="small", frameon=False)
    label_hours(ax, first_h, last_h)
    return ax


def plot_peak(reduction: Any, *, first_h: float = 0.0, period_h: float = 0.25, ax: Any | None = None) -> Any:
    """A peak to shave, its velocity and the largest of it, the area v* of the peak (figure 3; equations 6 and 7).

    Parameters
    ----------
    reduction : float [n_window]    outlets to switch off in each period, such as ``12 * peak_shape("triangle", 4)``
    first_h : float                 hour of the day at which the first period begins
    period_h : float                [h]

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InvalidInputError    reductions that are missing, none at all, no such hour or period

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> ax = evf.plotting.plot_peak(12 * evf.peak_shape("triangle", 4), first_h=11)
    """
    raise_if(clock_faults("plot_peak", first_h, period_h))
    velocity = np.concatenate([[0.0], velocity_of_reduction(reduction)])
    if len(velocity) == 1:
        raise_if([Fault("plot_peak", "reduction", (), "0 periods", "do not make a peak", "give outlets per period")])
    ax = new_axes(ax, width=6.0)
    edges = float(first_h) + float(period_h) * np.arange(len(velocity))
    ax.stairs(np.diff(velocity), edges, fill=True, color=COLOUR["base"], alpha=0.6, label=r"peak $\Delta L^*(k)$")
    ax.plot(edges, velocity, color="black", marker="o", clip_on=False, label="velocity $v(k)$")
    ax.axhline(velocity[-1], color=COLOUR["limit"], linestyle="--", label=f"$v^* = {velocity[-1]:.4g}$")
    ax.set_ylabel("outlets")
    ax.margins(y=0.1)
    ax.set_ylim(bottom=min(0.0, velocity.min()))
    title_and_legend(ax, "Peak to shave and its velocity")
    label_hours(ax, edges[0], edges[-1])
    ax.grid(True, alpha=0.3)
    return ax


def drawable_lattice(function: str, lattice: Any, first_h: Any, period_h: Any) -> Any:
    """States [n_evse, n_period] with at least one cell; hours are checked, too."""
    raise_if(clock_faults(function, first_h, period_h))
    states, _ = checked_lattice(function, lattice, None)
    if not states.size:
        remedy = "give one row per outlet and one column per period"
        raise_if([Fault(function, "lattice", (), f"an array of shape {states.shape}", "has no cell", remedy)])
    return states


def clock_faults(function: str, first_h: Any, period_h: Any) -> list[Fault]:
    remedy = "give the hour of the day of the first period, such as 11.5"
    faults = scalar_faults(function, "first_h", first_h, remedy, least=-MOST_HOURS, most=MOST_HOURS)
    remedy = "give the length of a period in hours, 0.25 for quarter hours"
    return faults + scalar_faults(function, "period_h", period_h, remedy, above=0.0, most=24.0)
