"""All elements at once: a heat map of period and element, voltages along the net, energies of all EVs as a fan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.opf.beside import check_uncontrolled
from pandapower_evflex.opf.report.moment import period_position
from pandapower_evflex.opf.report.one_forecast import refuse_forecasts
from pandapower_evflex.opf.uncontrolled import UncontrolledCharging
from pandapower_evflex.planning.fault.supply_graph import conducting, source_nodes, supply_graph
from pandapower_evflex.plotting.axes import COLOUR, label_time, new_axes, period_edges, title_and_legend
from pandapower_evflex.plotting.results import check_result
from pandapower_evflex.tables.kinds import check_net, choice_faults, raise_if

#: quantity -> attribute of the result, label
QUANTITIES = {
    "vm_pu": ("vm_pu", "voltage in pu"),
    "line": ("line_loading_percent", "loading of lines in %"),
    "trafo": ("trafo_loading_percent", "loading of transformers in %"),
}
#: shares of the EVs that a band of the fan holds
BANDS = (1.0, 0.5)
#: scenario -> what legends call it
WORDS = {"base": "schedule", "up": "all upward", "down": "all downward"}


def plot_heat_map(
    result: Any,
    quantity: str = "line",
    scenario: str = "up",
    ax: Any | None = None,
    uncontrolled: UncontrolledCharging | None = None,
) -> Any:
    """Every element in every period: voltages, or loadings of lines or transformers.

    All scenarios of a result, and the charging without a schedule where it is given, have the same colours.

    Parameters
    ----------
    quantity : "vm_pu", "line" or "trafo"
    scenario : "base", "up", "down", or "uncontrolled"
    uncontrolled : UncontrolledCharging    what "uncontrolled" shows

    Returns
    -------
    the axes

    Raises
    ------
    InvalidInputError    no such quantity, scenario or elements
    """
    check_result("plot_heat_map", result)
    refuse_forecasts("plot_heat_map", result)
    raise_if(choice_faults("plot_heat_map", "quantity", quantity, tuple(QUANTITIES)))
    check_uncontrolled("plot_heat_map", uncontrolled, result)
    without = {} if uncontrolled is None else {"uncontrolled": uncontrolled}
    raise_if(choice_faults("plot_heat_map", "scenario", scenario, (*result.vm_pu, *without)))
    attribute, label = QUANTITIES[quantity]
    frames = {**getattr(result, attribute), **{name: getattr(one, attribute) for name, one in without.items()}}
    values = frames[scenario].dropna(axis=1, how="all")
    if not values.size:
        fault = Fault("plot_heat_map", "quantity", (), f'"{quantity}"', "has no values", "choose another one")
        raise InvalidInputError([fault])
    ax = new_axes(ax, width=9.0, height=4.6)
    edges = period_edges(values.index, result.settings["period_h"])
    rows = np.arange(len(values.columns) + 1) - 0.5
    low, high = _range(frames.values())
    colours = "viridis_r" if quantity == "vm_pu" else "inferno_r"
    mesh = ax.pcolormesh(edges, rows, values.T.to_numpy(), cmap=colours, vmin=low, vmax=high)
    step = max(1, len(values.columns) // 15)
    ax.set_yticks(range(0, len(values.columns), step), values.columns[::step])
    ax.set_ylabel("bus" if quantity == "vm_pu" else quantity)
    ax.figure.colorbar(mesh, ax=ax, label=label)
    words = without[scenario].label if scenario in without else WORDS[scenario]
    ax.set_title(f"{label[0].upper()}{label[1:]}, {words}")
    label_time(ax, values.index, result.settings["period_h"])
    ax.grid(False)
    return ax


def _range(frames: Iterable[pd.DataFrame]) -> tuple[float, float]:
    """Least and largest value of all that is known."""
    values = np.concatenate([frame.to_numpy(dtype=float).ravel() for frame in frames])
    return float(np.nanmin(values)), float(np.nanmax(values))


def plot_voltage_profile(
    net: Net, result: Any, period: Any, ax: Any | None = None, uncontrolled: UncontrolledCharging | None = None
) -> Any:
    """Voltages of one period along the lines, by distance from the source, in every scenario.

    Parameters
    ----------
    net : pandapowerNet    that was solved; distances are sums of `net.line.length_km` on the shortest way
    period : int or time   position from 0, or label of the result's index
    uncontrolled : UncontrolledCharging    drawn beside

    Returns
    -------
    the axes

    Raises
    ------
    InvalidInputError, IndexError    no such period
    """
    check_net("plot_voltage_profile", net)
    check_result("plot_voltage_profile", result)
    refuse_forecasts("plot_voltage_profile", result)
    check_uncontrolled("plot_voltage_profile", uncontrolled, result)
    t = period_position(period, result.p_mw.index)
    distance = _distances(net)
    lines = net["line"].loc[net["line"]["in_service"], ["from_bus", "to_bus"]].to_numpy()
    ax = new_axes(ax)
    for scenario in ("down", "base", "up"):
        if scenario in result.vm_pu:
            vm = result.vm_pu[scenario].iloc[t]
            _draw_voltages(ax, vm, distance, lines, color=COLOUR[scenario], label=WORDS[scenario])
    if uncontrolled is not None:
        style = {"color": COLOUR["uncontrolled"], "label": uncontrolled.label}
        _draw_voltages(ax, uncontrolled.vm_pu.iloc[t], distance, lines, **style)
    ax.set(xlabel="distance from the source in km", ylabel="voltage in pu")
    title_and_legend(ax, f"Voltage along the net, period {result.p_mw.index[t]}")
    ax.grid(True, alpha=0.3)
    return ax


def _draw_voltages(
    ax: Any, vm: pd.Series, distance: dict[Any, float], lines: np.ndarray, *, color: str, label: str
) -> None:
    """A point per bus that is supplied, and the lines between them."""
    known = [bus for bus in vm.index if bus in distance and np.isfinite(vm[bus])]
    ax.plot([distance[bus] for bus in known], vm[known], "o", color=color, markersize=4, label=label)
    for one, other in lines:
        if one in known and other in known:
            ax.plot([distance[one], distance[other]], vm[[one, other]], color=color, linewidth=0.8)


def _distances(net: Net) -> dict[Any, float]:
    """km from the nearest source to every bus that is supplied."""
    graph = conducting(supply_graph(net))
    for one, other, data in graph.edges(data=True):
        line = one if one[0] == "line" else other if other[0] == "line" else None
        data["km"] = 0.5 * float(net["line"].at[line[1], "length_km"]) if line else 0.0
    sources = {node for node in source_nodes(net) if node in graph}
    reached = nx.multi_source_dijkstra_path_length(graph, sources, weight="km") if sources else {}
    return {node[1]: km for node, km in reached.items() if node[0] == "bus"}


def plot_energies(result: Any, ax: Any | None = None, uncontrolled: UncontrolledCharging | None = None) -> Any:
    """State of charge of all plugged EVs as a fan: the median, half of them, all of them.

    Parameters
    ----------
    result : FlexibilityOpfResult
    uncontrolled : UncontrolledCharging    its median is drawn beside

    Returns
    -------
    the axes

    Raises
    ------
    InvalidInputError    no EV is plugged in
    """
    check_result("plot_energies", result)
    check_uncontrolled("plot_energies", uncontrolled, result)
    soc = result.soc_percent
    if not soc.notna().to_numpy().any():
        remedy = "give a result with sessions and a schedule"
        raise InvalidInputError([Fault("plot_energies", "result", (), "the result", "has no plugged EV", remedy)])
    ax = new_axes(ax)
    ends = period_edges(soc.index, result.settings["period_h"])[1:]
    for share in BANDS:
        low, high = (soc.quantile(0.5 + 0.5 * sign * share, axis=1).astype(float) for sign in (-1.0, 1.0))
        label = "all plugged EVs" if share == 1.0 else "half of them"
        ax.fill_between(ends, low, high, color=COLOUR["base"], alpha=0.25, linewidth=0.0, label=label)
    ax.plot(ends, soc.median(axis=1), color=COLOUR["base"], linewidth=2.0, label="median")
    if uncontrolled is not None:
        style = {"color": COLOUR["uncontrolled"], "linestyle": ":", "linewidth": 2.0}
        ax.plot(ends, uncontrolled.soc_percent.median(axis=1), label=f"median, {uncontrolled.label}", **style)
    ax.set(ylabel="state of charge in %", ylim=(0.0, 100.0))
    title_and_legend(ax, "Energies of the schedule")
    label_time(ax, soc.index, result.settings["period_h"])
    return ax
