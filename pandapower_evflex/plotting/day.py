"""The day of the whole fleet: figures 7 to 10 of the first paper."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.opf.beside import check_uncontrolled, values_beside
from pandapower_evflex.opf.report.one_forecast import refuse_forecasts
from pandapower_evflex.opf.uncontrolled import UncontrolledCharging
from pandapower_evflex.plotting.axes import (
    COLOUR,
    KIND_COLOUR,
    KIND_NAME,
    draw_steps,
    label_time,
    new_axes,
    period_edges,
    title_and_legend,
)
from pandapower_evflex.plotting.results import check_result
from pandapower_evflex.tables.arguments import single_number_faults
from pandapower_evflex.tables.kinds import raise_if
from pandapower_evflex.tables.schema import Column

LIMIT = Column("limit", "float64", "", "pu", required=True, above=0.0, hint="give pu, or None")
LIMIT_PERCENT = Column("limit_percent", "float64", "", "percent", required=True, above=0.0, hint="give percent")


def plot_flexibility(result: Any, ax: Any | None = None) -> Any:
    """Aggregate flexibility of every period in kW, upward positive and downward negative (figure 7).

    Each bar is a single activation of one period: bars do not add up to a deliverable energy. With other elements
    beside the EVs their kinds are stacked; upward is then more load or less feed-in, downward less load or more of it.

    Parameters
    ----------
    result : FlexibilityOpfResult
    ax : matplotlib Axes    to draw on; None: new ones

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InvalidInputError    no result
    """
    check_result("plot_flexibility", result)
    ax = new_axes(ax)
    period_h = result.settings["period_h"]
    edges = period_edges(result.p_mw.index, period_h)
    if result.series:
        _stack_kinds(ax, edges, result)
    else:
        for sign, name, label in ((1.0, "up", "upward (more charging)"), (-1.0, "down", "downward (less charging)")):
            values = sign * 1e3 * result.total(f"p_{name}_mw").to_numpy()
            ax.stairs(values, edges, baseline=0.0, fill=True, color=COLOUR[name], alpha=0.75, label=label)
    ax.axhline(0.0, color="black", linewidth=0.8)
    ax.set_ylabel("flexibility of each period in kW")
    title_and_legend(ax, "Aggregate active power flexibility")
    label_time(ax, result.p_mw.index, period_h)
    return ax


def _stack_kinds(ax: Any, edges: Any, result: Any) -> None:
    """Kinds on top of each other, EVs next to the axis: the sums are drawn from the largest down."""
    frames = {"ev": {"p_up_mw": result.p_up_mw, "p_down_mw": result.p_down_mw}, **result.series}
    frames = {kind: own for kind, own in frames.items() if len(own["p_up_mw"].columns)}
    for sign, name in ((1.0, "p_up_mw"), (-1.0, "p_down_mw")):
        sums = np.cumsum([1e3 * own[name].sum(axis=1, skipna=False).to_numpy() for own in frames.values()], axis=0)
        for kind, values in reversed(list(zip(frames, sums, strict=True))):
            label = KIND_NAME.get(kind, kind) if sign > 0.0 else None
            colour = KIND_COLOUR.get(kind, "grey")
            ax.stairs(sign * values, edges, baseline=0.0, fill=True, color=colour, label=label)


def plot_min_voltage(
    result: Any,
    limit: float | None = None,
    ax: Any | None = None,
    *,
    uncontrolled: UncontrolledCharging | pd.Series | None = None,
) -> Any:
    """Lowest voltage of any bus after full activation in either direction, and without activation (figure 8).

    Parameters
    ----------
    limit : float    in pu, drawn beside
    uncontrolled : UncontrolledCharging, or Series [period] of lowest voltages in pu, drawn beside

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InvalidInputError    voltages that are no numbers or below 0, or of other periods than those of the result
    """
    check_result("plot_min_voltage", result)
    refuse_forecasts("plot_min_voltage", result)
    check_uncontrolled("plot_min_voltage", uncontrolled, result, pd.Series)
    raise_if([] if limit is None else single_number_faults("plot_min_voltage", LIMIT, limit))
    if isinstance(uncontrolled, pd.Series):
        lowest = uncontrolled.to_frame()
        uncontrolled = values_beside("plot_min_voltage", lowest, "voltages", lowest.columns, least=0.0).iloc[:, 0]
    ax = new_axes(ax)
    period_h = result.settings["period_h"]
    edges = period_edges(result.p_mw.index, period_h)
    for name, label in (("down", "all downward"), ("base", _schedule(result, uncontrolled)), ("up", "all upward")):
        if name in result.vm_pu:
            draw_steps(ax, edges, result.vm_pu[name].min(axis=1), color=COLOUR[name], label=label)
    _draw_uncontrolled(ax, edges, uncontrolled, "min_vm_pu")
    if limit is not None:
        ax.axhline(limit, color=COLOUR["limit"], linestyle="--", label="limit")
    ax.set_ylabel("lowest voltage in pu")
    title_and_legend(ax, "Lowest voltage after full activation")
    label_time(ax, result.p_mw.index, period_h)
    return ax


def plot_trafo_loading(
    result: Any,
    limit_percent: float = 100.0,
    uncontrolled: UncontrolledCharging | pd.DataFrame | None = None,
    ax: Any | None = None,
) -> Any:
    """Loading of the most loaded transformer after full activation (figure 9).

    Parameters
    ----------
    limit_percent : float
    uncontrolled : UncontrolledCharging, or DataFrame [period x trafo] of loadings in percent, drawn beside

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InvalidInputError    loadings that are no numbers or below 0, or of other periods or transformers than those of
        the result
    """
    check_result("plot_trafo_loading", result)
    refuse_forecasts("plot_trafo_loading", result)
    raise_if(single_number_faults("plot_trafo_loading", LIMIT_PERCENT, limit_percent))
    check_uncontrolled("plot_trafo_loading", uncontrolled, result, pd.DataFrame)
    if isinstance(uncontrolled, pd.DataFrame):
        trafos = next(iter(result.trafo_loading_percent.values())).columns
        uncontrolled = values_beside("plot_trafo_loading", uncontrolled, "transformers", trafos, least=0.0)
    ax = new_axes(ax)
    period_h = result.settings["period_h"]
    edges = period_edges(result.p_mw.index, period_h)
    ax.axhline(limit_percent, color=COLOUR["limit"], linestyle="--", label="limit")
    for name, label in (("up", "all upward"), ("base", _schedule(result, uncontrolled)), ("down", "all downward")):
        if name in result.trafo_loading_percent:
            loading = result.trafo_loading_percent[name].max(axis=1)
            draw_steps(ax, edges, loading, color=COLOUR[name], label=label)
    _draw_uncontrolled(ax, edges, uncontrolled, "trafo_loading_percent")
    ax.set_ylabel("transformer loading in %")
    ax.set_ylim(bottom=0.0)
    title_and_legend(ax, "Transformer loading after full activation")
    label_time(ax, result.p_mw.index, period_h)
    return ax


def plot_charging_power(
    result: Any, uncontrolled: UncontrolledCharging | pd.DataFrame | None = None, ax: Any | None = None
) -> Any:
    """Aggregate scheduled charging power in kW (figure 10).

    Without a tie-break the schedule is one of many with the same flexibility.

    Parameters
    ----------
    uncontrolled : UncontrolledCharging, or DataFrame [period x ev] of powers in MW, drawn beside

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InvalidInputError    powers that are no numbers, or of other periods or EVs than those of the result
    """
    check_result("plot_charging_power", result)
    check_uncontrolled("plot_charging_power", uncontrolled, result, pd.DataFrame)
    if isinstance(uncontrolled, pd.DataFrame):
        uncontrolled = values_beside("plot_charging_power", uncontrolled, "EVs", result.p_mw.columns)
    ax = new_axes(ax)
    period_h = result.settings["period_h"]
    edges = period_edges(result.p_mw.index, period_h)
    scheduled = 1e3 * result.p_mw.sum(axis=1, skipna=False).to_numpy()
    label = _schedule(result, uncontrolled)
    ax.stairs(scheduled, edges, baseline=0.0, fill=True, color=COLOUR["base"], alpha=0.75, label=label)
    _draw_uncontrolled(ax, edges, uncontrolled, "p_mw")
    ax.set_ylabel("charging power in kW")
    ax.set_ylim(bottom=min(0.0, 1.05 * scheduled.min(initial=0.0)))  # V2G may feed in
    title_and_legend(ax, "Aggregate scheduled charging power")
    label_time(ax, result.p_mw.index, period_h)
    return ax


def _schedule(result: Any, uncontrolled: Any) -> str:
    """With its energy where charging of another energy may stand beside it."""
    if not isinstance(uncontrolled, UncontrolledCharging):
        return "schedule"
    energy_mwh = result.p_mw.to_numpy().sum() * result.settings["period_h"]
    return f"schedule ({1e3 * energy_mwh:.0f} kWh)"


def _draw_uncontrolled(ax: Any, edges: Any, uncontrolled: Any, quantity: str) -> None:
    """Sum of powers in kW, highest loading, or lowest voltage of every period."""
    if uncontrolled is None:
        return
    label, values = "uncontrolled", uncontrolled
    if isinstance(uncontrolled, UncontrolledCharging):
        label, values = uncontrolled.label, getattr(uncontrolled, quantity)
    if quantity == "p_mw":
        values = 1e3 * values.sum(axis=1, skipna=False)
    elif quantity == "trafo_loading_percent":
        values = values.max(axis=1)
    draw_steps(ax, edges, values, color=COLOUR["uncontrolled"], linestyle=":", linewidth=2.0, label=label)
