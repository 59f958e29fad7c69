"""Colours, and time axes that read as hours of the day."""

from __future__ import annotations

from typing import Any

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MultipleLocator

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.kinds import shown

#: colours of the scenarios throughout
COLOUR = {"up": "#7b3fa0", "down": "#222222", "base": "#2a9d8f", "limit": "#c1121f", "uncontrolled": "#e08214"}
#: colour of generation
SUN = "#e9a820"
#: colours and names of the kinds of elements
KIND_COLOUR = {"ev": "#7b3fa0", "storage": "#2a9d8f", "load": "#d1495b", "sgen": SUN}
KIND_NAME = {"ev": "EVs", "storage": "batteries", "load": "shifted loads", "sgen": "curtailed generators"}
#: colours of the states of an outlet, told apart by colour-blind eyes and in grey: light, dark, between
STATE_COLOUR = {"empty": "#f2f2f2", "charging": "#0072b2", "idle": "#f0b040"}


def new_axes(ax: Any | None, *, width: float = 8.0, height: float = 3.8) -> Any:
    """``ax``, or the axes of a new figure.

    Raises
    ------
    InvalidInputError    something else is given
    """
    if ax is None:
        return plt.subplots(figsize=(width, height), layout="constrained")[1]
    if not isinstance(ax, Axes):
        remedy = "give axes of matplotlib, as plt.subplots() makes them, or None"
        raise InvalidInputError([Fault("plot", "ax", (), shown(ax), "cannot be drawn into", remedy)])
    return ax


def several_axes(axes: Any | None, n_rows: int, n_columns: int, **figure: Any) -> Any:
    """``axes``, or those of a new figure.

    Raises
    ------
    InvalidInputError    something else is given, or not as many
    """
    if axes is None:
        return plt.subplots(n_rows, n_columns, layout="constrained", **figure)[1]
    given = list(axes) if isinstance(axes, list | tuple | np.ndarray) else []
    n = n_rows * n_columns
    if len(given) != n or not all(isinstance(ax, Axes) for ax in given):
        number = {2: "two", 4: "four"}[n]
        remedy = f"give {number} axes of matplotlib, as plt.subplots({n_rows}, {n_columns}) makes them, or None"
        raise InvalidInputError([Fault("plot", "axes", (), shown(axes), "cannot be drawn into", remedy)])
    return axes


def period_edges(index: pd.Index, period_h: float) -> Any:
    """Edges of all periods: times, or hours from the start."""
    if isinstance(index, pd.DatetimeIndex):
        return index.append(pd.DatetimeIndex([index[-1] + pd.Timedelta(hours=period_h)]))
    return period_h * (index[0] + np.arange(len(index) + 1))


def draw_steps(ax: Any, edges: Any, values: pd.Series | FloatArray, **style: Any) -> None:
    """Constant within each period."""
    ax.stairs(np.asarray(values, dtype=float), edges, baseline=None, **{"linewidth": 1.5, **style})


def label_time(ax: Any, index: pd.Index, period_h: float) -> None:
    """Clock times for a day, dates as well for more, hours where nothing else is known."""
    if isinstance(index, pd.DatetimeIndex):
        a_day = len(index) * period_h <= 36.0
        locator = mdates.HourLocator(byhour=range(0, 24, 3), tz=index.tz) if a_day else mdates.AutoDateLocator()
        ax.xaxis.set_major_locator(locator)
        formatter = mdates.DateFormatter("%H:%M", tz=index.tz)
        ax.xaxis.set_major_formatter(formatter if a_day else mdates.ConciseDateFormatter(locator, tz=index.tz))
        ax.set_xlabel("time of day" if a_day else "")
    else:
        ax.set_xlabel("hours from the start")
    ax.grid(True, alpha=0.3)
    ax.margins(x=0)


def label_hours(ax: Any, first_h: float, last_h: float) -> None:
    """Clock times on an axis that counts hours from midnight, also beyond 24."""
    length = last_h - first_h
    step = next((step for step in (0.25, 0.5, 1.0, 3.0, 6.0) if length <= 9.0 * step), 12.0)
    ax.xaxis.set_major_locator(MultipleLocator(step))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda hour, _: _clock_time(hour)))
    ax.set_xlim(first_h, last_h)
    ax.set_xlabel("time of day")


def _clock_time(hour: float) -> str:
    minutes = round(60.0 * hour) % (24 * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def title_and_legend(ax: Any, title: str) -> None:
    """The legend between title and axes, where it hides nothing, in as many rows as the width of the axes asks for."""
    n_labels = len(ax.get_legend_handles_labels()[1])
    ax.figure.canvas.figure.draw_without_rendering()  # a layout makes room for the labels of the axes only now
    for n_columns in range(min(5, max(n_labels, 1)), 0, -1):
        legend = ax.legend(
            loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=n_columns, fontsize="small", frameon=False
        )
        if legend.get_window_extent().width <= ax.get_window_extent().width:
            break
    n_rows = -(-n_labels // n_columns)
    ax.set_title(title, pad=12 + 16 * n_rows)
