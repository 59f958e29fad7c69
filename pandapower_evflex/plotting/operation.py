"""The day itself: plan, calls and truth in one picture, and what a call leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.operation.activation import Activation
from pandapower_evflex.operation.day_report import RollingHorizon
from pandapower_evflex.opf.report.results import sum_of_units
from pandapower_evflex.plotting.axes import COLOUR, draw_steps, label_time, period_edges, several_axes
from pandapower_evflex.plotting.results import check_result
from pandapower_evflex.tables.kinds import shown

CAR, BATTERY, REALISED = "#8c8c8c", "#009e73", COLOUR["uncontrolled"]
BESIDE = {"loc": "center left", "bbox_to_anchor": (1.01, 0.5), "fontsize": "small", "frameon": False}
#: power of several kinds of elements
NET_LOAD = "consumption less feed-in in kW"
#: colours of lines and transformers
LOADED = {"line": "#0072b2", "trafo": COLOUR["base"]}


def plot_rolling_day(day: RollingHorizon, axes: Sequence[Any] | None = None) -> Any:
    """Draw a day in operation: what was planned, called and charged, the batteries, and the grid.

    From above: power as planned and as it was, of all elements together, within the flexibility of each period, with
    the calls; the energy of every EV that is plugged in and of every battery, with those that left short; the lowest
    voltage; the highest loadings. Periods that break a limit are shaded.

    Parameters
    ----------
    day : RollingHorizon            of `run_rolling_horizon`
    axes : four matplotlib axes     None: of a new figure

    Returns
    -------
    the matplotlib figure

    Raises
    ------
    InvalidInputError    no such day, or no axes
    """
    if not isinstance(day, RollingHorizon):
        remedy = "give what run_rolling_horizon returned"
        raise InvalidInputError([Fault("plot_rolling_day", "day", (), shown(day), "is not a day", remedy)])
    layout = {"figsize": (10.0, 9.5), "sharex": True, "height_ratios": [2.0, 1.6, 1.0, 1.2]}
    axes = several_axes(axes, 4, 1, **layout)
    powers, energies, voltage, loading = axes
    period_h = day.settings["period_h"]
    edges = period_edges(day.p_mw.index, period_h)
    _draw_powers(powers, day, edges)
    _draw_energies(energies, day, edges)
    _draw_voltage(voltage, day, edges)
    _draw_loadings(loading, day, edges)
    for ax in axes:
        label_time(ax, day.p_mw.index, period_h)
        ax.legend(**BESIDE)
    for ax in axes[:-1]:
        ax.set_xlabel("")
    powers.set_title(_day_title(day))
    return powers.figure


def _day_title(day: RollingHorizon) -> str:
    n_calls, n_short, n_broken = len(day.activations), len(day.short), int((day.log["n_violations"] > 0).sum())
    calls = f"{n_calls} call{'s' * (n_calls != 1)}, " if n_calls else ""
    kwh = 1e3 * float(day.short["energy_mwh"].sum())
    short = f"{n_short} session{'s' * (n_short != 1)} short by {kwh:.3g} kWh" if n_short else "nobody short"
    limits = f"limits broken in {n_broken} period{'s' * (n_broken != 1)}" if n_broken else "no limit broken"
    return f"A day in operation: {calls}{short}, {limits}"


def _draw_powers(ax: Any, day: RollingHorizon, edges: Any) -> None:
    plan, up, down = (1e3 * day.log[name].to_numpy() for name in ("planned_mw", "p_up_mw", "p_down_mw"))
    ax.stairs(plan + up, edges, baseline=plan - down, fill=True, color=COLOUR["up"], alpha=0.2, label="flexibility")
    draw_steps(ax, edges, plan, color=COLOUR["base"], linewidth=2.0, label="planned")
    draw_steps(ax, edges, 1e3 * day.log["charged_mw"], color=REALISED, linewidth=1.4, label="charged")
    middle = _middles(edges)
    at = day.p_mw.index.get_indexer(day.activations["period"])
    for direction, marker in (("up", "^"), ("down", "v")):
        chosen = (day.activations["direction"] == direction).to_numpy()
        if chosen.any():
            sign = 1.0 if direction == "up" else -1.0
            asked = plan[at[chosen]] + sign * 1e3 * day.activations["asked_mw"].to_numpy(dtype=float)[chosen]
            style = {"marker": marker, "linestyle": "none", "color": COLOUR[direction], "fillstyle": "none"}
            ax.plot(middle[at[chosen]], asked, label=f"called {direction}", **style)
    ax.set_ylabel(NET_LOAD if day.series else "charging power in kW")
    ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]))


def _middles(edges: Any) -> Any:
    return edges[:-1] + (edges[1:] - edges[:-1]) / 2


def _draw_energies(ax: Any, day: RollingHorizon, edges: Any) -> None:
    """Energies at the end of each period."""
    for number, ev in enumerate(day.e_mwh):
        ax.plot(edges[1:], 1e3 * day.e_mwh[ev], color=CAR, linewidth=0.8, label=None if number else "each EV")
    batteries = day.series.get("storage", {}).get("e_mwh", day.e_mwh.iloc[:, :0])
    for number, battery in enumerate(batteries):
        style = {"color": BATTERY, "linewidth": 1.2, "label": None if number else "each battery"}
        ax.plot(edges[1:], 1e3 * batteries[battery], **style)
    for number, row in enumerate(day.short.itertuples()):
        left = day.p_mw.index.get_loc(row.period)
        there = 1e3 * day.e_mwh[row.ev].iloc[left]
        style = {"color": COLOUR["limit"], "linewidth": 2.5, "label": None if number else "missing at departure"}
        ax.plot([edges[left + 1]] * 2, [there, there + 1e3 * row.energy_mwh], **style)
    ax.set_ylabel("energy in kWh")
    ax.set_ylim(bottom=0.0)


def _draw_voltage(ax: Any, day: RollingHorizon, edges: Any) -> None:
    draw_steps(ax, edges, day.log["min_vm_pu"], color="black", label="lowest voltage")
    _draw_limit(ax, day.settings["min_vm_pu"])
    _shade(ax, day, edges, ("vm_pu",))
    ax.set_ylabel("pu")


def _draw_loadings(ax: Any, day: RollingHorizon, edges: Any) -> None:
    limits: set[float] = set()
    for table, name in (("trafo", "transformer"), ("line", "line")):
        loading = day.log[f"max_{table}_loading_percent"]
        if loading.notna().any():
            draw_steps(ax, edges, loading, color=LOADED[table], label=f"most loaded {name}")
            limits.add(day.settings[f"max_{table}_loading_percent"])
    for limit in limits:
        _draw_limit(ax, limit)
    _shade(ax, day, edges, ("loading_percent",))
    ax.set_ylabel("loading in %")
    ax.set_ylim(bottom=0.0)
    ax.yaxis.set_major_locator(MaxNLocator(5))


def _draw_limit(ax: Any, limit: float) -> None:
    if np.isfinite(limit):
        ax.axhline(limit, color=COLOUR["limit"], linestyle="--", linewidth=1.2, label="limit")


def _shade(ax: Any, day: RollingHorizon, edges: Any, quantities: Sequence[str]) -> None:
    chosen = day.violations["quantity"].isin(quantities) | day.violations["quantity"].isna()  # no power flow at all
    for number, period in enumerate(sorted(set(day.violations.loc[chosen, "period"].astype(int)))):
        style = {"color": COLOUR["limit"], "alpha": 0.2, "linewidth": 0.0}
        ax.axvspan(edges[period], edges[period + 1], label=None if number else "limit broken", **style)


def plot_activation(result: Any, call: Activation, axes: Sequence[Any] | None = None) -> Any:
    """Draw what a call moves: the power of all elements with and without it, and the flexibility before and after.

    Parameters
    ----------
    result : FlexibilityOpfResult     that was called from
    call : Activation                 of `activate_flexibility`
    axes : two matplotlib axes        None: of a new figure

    Returns
    -------
    the matplotlib figure

    Raises
    ------
    InvalidInputError    no result, no call, a call from another result, or no axes
    """
    check_result("plot_activation", result)
    if not isinstance(call, Activation):
        remedy = "give what activate_flexibility returned"
        raise InvalidInputError([Fault("plot_activation", "call", (), shown(call), "is not a call", remedy)])
    if not (call.plan_mw.index.equals(result.p_mw.index) and call.plan_mw.columns.equals(result.p_mw.columns)):
        remedy = "give the result that the call was made from"
        raise InvalidInputError([Fault("plot_activation", "call", (), "the call", "is of another result", remedy)])
    axes = several_axes(axes, 2, 1, figsize=(9.0, 6.0), sharex=True)
    powers, left = axes
    index, period_h = result.p_mw.index, result.settings["period_h"]
    edges, at = period_edges(index, period_h), len(index) - len(call.p_up_mw) - 1
    before, after = (1e3 * sum_of_units(*of).to_numpy() for of in ((result, "p_mw"), (call, "plan_mw")))
    powers.axvspan(edges[at], edges[at + 1], color=CAR, alpha=0.25, linewidth=0.0, label="call")
    draw_steps(powers, edges, before, color=COLOUR["base"], linewidth=2.0, label="planned")
    draw_steps(powers, edges, after, color=REALISED, linewidth=1.4, label="with the call")
    powers.set(ylabel=NET_LOAD if call.series else "charging power in kW", title=_title(call))
    powers.set_ylim(bottom=min(0.0, powers.get_ylim()[0]))
    left.axvspan(edges[at], edges[at + 1], color=CAR, alpha=0.25, linewidth=0.0)
    for name, sign in (("up", 1.0), ("down", -1.0)):
        promised, still = (sign * 1e3 * sum_of_units(of, f"p_{name}_mw").to_numpy() for of in (result, call))
        ends = edges[at + 1 :]
        if len(still):
            left.stairs(still, ends, fill=True, color=COLOUR[name], alpha=0.35, label=f"{name}, left")
        draw_steps(left, edges, promised, color=COLOUR[name], linewidth=1.2, label=f"{name}, promised")
    left.axhline(0.0, color="black", linewidth=0.8)
    left.set_ylabel("flexibility in kW")
    for ax in axes:
        label_time(ax, index, period_h)
        ax.legend(**BESIDE)
    powers.set_xlabel("")
    return powers.figure


def _title(call: Activation) -> str:
    short = f", {len(call.short)} cars {1e3 * call.short['energy_mwh'].sum():.3g} kWh short" if len(call.short) else ""
    return f"{1e3 * call.granted_mw:.3g} of {1e3 * call.asked_mw:.3g} kW granted{short}"
