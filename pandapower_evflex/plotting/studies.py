"""Increasing adoption over many nets, and which nets come first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.plotting.axes import COLOUR, new_axes, several_axes, title_and_legend
from pandapower_evflex.studies.ranking import check_rows, rank_nets
from pandapower_evflex.studies.row import OPERATIONS
from pandapower_evflex.tables.kinds import raise_if, whole_number_faults

#: label and colour of what the cars do
STYLE = {
    "scheduled": ("scheduled", COLOUR["base"]),
    "uncontrolled": ("same energy, from arrival", COLOUR["uncontrolled"]),
    "full": ("filled up, from arrival", COLOUR["limit"]),
    "any_sequence": ("band for any sequence of calls", COLOUR["up"]),
}
#: width of the bars of a net, one within the other
BARS = {"scheduled": 0.85, "uncontrolled": 0.55, "full": 0.25}
#: quantiles of the band around the median
LOW, HIGH = 0.1, 0.9


def plot_adoption(rows: pd.DataFrame, axes: Sequence[Any] | None = None) -> Any:
    """The share of EVs against the grid, the flexibility and what holds: medians, and bands of 10 to 90 %.

    The bands are over seeds, days and nets. Above: lowest voltage and highest loading. Below: flexibility, single
    activations and the band for any sequence of calls, as energy over the day; share of studies in which all limits and
    needs hold.

    Parameters
    ----------
    rows : DataFrame               as `read_studies` returns it
    axes : four matplotlib axes    None: of a new figure

    Returns
    -------
    the matplotlib figure

    Raises
    ------
    InvalidInputError    not the rows of studies
    """
    check_rows("plot_adoption", rows)
    drawn: Any = np.ravel(several_axes(axes, 2, 2, figsize=(10.0, 7.0), sharex=True))
    rows = rows[rows["share"].notna()]
    for operation in OPERATIONS:
        label, colour = STYLE[operation]
        _band(drawn[0], rows, f"{operation}_min_vm_pu", label, colour)
        _band(drawn[1], rows, f"{operation}_max_loading_percent", label, colour)
    _band(drawn[2], rows, "flexibility_mwh", "single activations", COLOUR["base"])
    _band(drawn[2], rows, "any_sequence_mwh", "any sequence of calls", COLOUR["up"])
    for operation in (*OPERATIONS, "any_sequence"):
        label, colour = STYLE[operation]
        holds = rows[f"{operation}_holds"].dropna().astype(float)
        of_share = 100.0 * holds.groupby(rows["share"]).mean()
        drawn[3].plot(100.0 * of_share.index, of_share, marker="o", markersize=3, color=colour, label=label)
    titles = (
        "lowest voltage [pu]",
        "highest loading [%]",
        "flexibility over the day [MWh]",
        "limits and needs hold [%]",
    )
    for ax, title in zip(drawn, titles, strict=True):
        ax.set_title(title, fontsize="medium")
        ax.grid(True, alpha=0.3)
    for ax in drawn[2:]:
        ax.set_xlabel("households with an EV [%]")
    drawn[3].set_ylim(-3.0, 103.0)
    for ax in drawn[1:]:
        ax.legend(fontsize="small", frameon=False)
    return drawn[0].figure


def _band(ax: Any, rows: pd.DataFrame, column: str, label: str, colour: str) -> None:
    """Median over the share, and the quantiles around it."""
    groups = rows[column].dropna().groupby(rows["share"])
    median = groups.median()
    ax.fill_between(100.0 * median.index, groups.quantile(LOW), groups.quantile(HIGH), color=colour, alpha=0.15, lw=0)
    ax.plot(100.0 * median.index, median, marker="o", markersize=3, color=colour, label=label)


def plot_ranking(rows: pd.DataFrame, most: int = 20, ax: Any | None = None) -> Any:
    """The nets that EVs break first: on a map where all have coordinates, else a bar each.

    Bars reach to the share at which every schedule, the same energy from arrival, or filling up from arrival breaks a
    limit, one within the other; an arrow stands for "at none that was tried".

    Parameters
    ----------
    rows : DataFrame    as `read_studies` returns it
    most : int          bars
    ax : matplotlib axes, None: of a new figure

    Returns
    -------
    the matplotlib axes

    Raises
    ------
    InvalidInputError    not the rows of studies, or no number of bars
    """
    check_rows("plot_ranking", rows)
    raise_if(whole_number_faults("plot_ranking", "most", most, 1, 10_000))
    ranking = rank_nets(rows)
    if len(ranking) > 1 and np.isfinite(ranking[["x", "y"]].to_numpy(dtype=float)).all():
        return _map(ranking, new_axes(ax, height=6.0))
    return _bars(ranking.head(int(most)), len(ranking), float(rows["share"].max()), ax)


def _bars(ranking: pd.DataFrame, n_nets: int, largest: float, ax: Any | None) -> Any:
    ax = new_axes(ax, height=1.2 + 0.3 * len(ranking))
    at = np.arange(len(ranking))
    for operation, width in BARS.items():
        column = f"share_{operation}"
        label, colour = STYLE[operation]
        shares = ranking[column].to_numpy(dtype=float)
        never = np.isnan(shares)
        ax.barh(at, 100.0 * np.where(never, largest, shares), width, color=colour, label=label)
        ax.plot(np.full(never.sum(), 100.0 * largest), at[never], ">", color=colour, clip_on=False)
    ax.set_yticks(at, [net if len(net) <= 40 else f"...{net[-37:]}" for net in ranking["net"].astype(str)])
    ax.invert_yaxis()
    ax.set_xlabel("households with an EV at which a limit breaks [%]")
    of_all = "" if n_nets == len(ranking) else f" ({len(ranking)} of {n_nets})"
    title_and_legend(ax, f"which nets first{of_all}")
    return ax


def _map(ranking: pd.DataFrame, ax: Any) -> Any:
    colours = ranking["broken_percent"].to_numpy(dtype=float)
    points = ax.scatter(ranking["x"], ranking["y"], c=colours, cmap="viridis_r", vmin=0.0, vmax=100.0, s=45)
    ax.figure.colorbar(points, ax=ax, label="studies in which charging from arrival breaks a limit [%]")
    for rank, net in ranking.head(5).iterrows():
        ax.annotate(f"{rank}: {net['net']}", (net["x"], net["y"]), xytext=(5, 5), textcoords="offset points")
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_title("which nets first")
    return ax
