"""What the grid does without EVs, and where it is too small for one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray, Net
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.case.injections import base_injections
from pandapower_evflex.case.ratings import SQRT3, product, vn_kv
from pandapower_evflex.diagnosis.diagnosis import finding, rows_of
from pandapower_evflex.diagnosis.examined import Examined
from pandapower_evflex.errors import listed
from pandapower_evflex.limits import LIMITS
from pandapower_evflex.limits.by_period import excess_of, limits_of, values_of
from pandapower_evflex.limits.limit import Limit
from pandapower_evflex.planning.fault.supply_graph import Node, conducting, source_nodes, supplied, supply_graph
from pandapower_evflex.powerflow.batched import BatchedPowerFlow

CHECK = "limits broken without EVs"
#: relative
TOLERANCE = 1e-6


def limits_without_evs(seen: Examined) -> Iterator[dict[str, Any]]:
    """A power flow of every period with the loads and generation of the net alone; the model is balanced."""
    if seen.grid is None or seen.profiles is None:
        return
    grid, injections = seen.grid, base_injections(seen.plain, seen.grid, seen.profiles)
    flows = BatchedPowerFlow(grid).solve(injections)
    lost = np.flatnonzero(~flows.converged)
    if len(lost):
        text = f"no operating point in {_periods(lost)}; look at loads and generation (pandapower.diagnostic)"
        yield finding("error", CHECK, text, "net")
    limits = limits_of(grid, len(injections))
    values = values_of(grid, flows.v)
    excess = excess_of(limits, values)
    exports = injections.sum(axis=1).real > 0.0
    for limit in LIMITS:
        beyond = (excess[limit] > TOLERANCE) & flows.converged[:, None]
        for position in _worst_of_elements(grid, limit, beyond, excess[limit]):
            periods = np.flatnonzero(beyond[:, position])
            t = periods[np.argmax(excess[limit][periods, position])]
            place = limit.place(grid, position)
            value, allowed = (limit.per_unit * float(table[t, position]) for table in (values[limit], limits[limit]))
            unit = "pu" if limit.quantity == "vm_pu" else "%"
            may_cure = exports[periods].all() or limit.bound == "max" and limit.quantity == "vm_pu"
            text = (
                f"{limit.finding} of {place} in {_periods(periods)}: {value:.4g} {unit}, limit {allowed:.4g} {unit}; "
                f"{'charging may cure it' if may_cure else _STANDS}"
            )
            severity = "warning" if may_cure else "error"
            yield finding(severity, CHECK, text, place.element_type, limit.quantity, (place.element,))


_STANDS = 'more load does not cure it: strengthen the net, or on_infeasible="best_effort" lets it stand'


def _worst_of_elements(grid: Grid, limit: Limit, beyond: Any, excess: FloatArray) -> list[int]:
    """One place of every element that breaks the limit: the end that is furthest beyond it."""
    worst: dict[str, int] = {}
    for position in np.flatnonzero(beyond.any(axis=0)).tolist():
        name = str(limit.place(grid, position))
        if name not in worst or excess[:, position].max() > excess[:, worst[name]].max():
            worst[name] = position
    return list(worst.values())


def _periods(periods: Any) -> str:
    first, last = int(periods[0]), int(periods[-1])
    return f"period {first}" if len(periods) == 1 else f"{len(periods)} periods from {first} to {last}"


def supply(seen: Examined) -> Iterator[dict[str, Any]]:
    """EVs and sites at buses without supply, and those that draw more than the way to them is rated for."""
    if seen.grid is None:
        return
    net, graph = seen.plain, conducting(supply_graph(seen.plain))
    fed = supplied(graph, source_nodes(net))
    power = _full_power(seen)
    for table, rows in (("ev", seen.evs), ("cpo", seen.live("cpo"))):
        known = rows["bus"].isin(net["bus"].index) if len(rows) else pd.Series(dtype=bool)
        dark = tuple(label for label in rows.index[known] if ("bus", rows.at[label, "bus"]) not in fed)
        if dark:
            text = f"{rows_of(table, dark)}: no supply at the bus; close a switch or put a line in service"
            yield finding("error", "no supply", text, table, "bus", dark)
    yield from _too_small(net, graph, power.loc[[bus for bus in power.index if ("bus", bus) in fed]])


def _full_power(seen: Examined) -> pd.Series:
    """MW of the largest EV at each bus."""
    evs = seen.evs
    if not len(evs):
        return pd.Series(dtype=float)
    return evs.groupby("bus")["max_p_mw"].max().astype(float)


def _too_small(net: Net, graph: nx.Graph, power: pd.Series) -> Iterator[dict[str, Any]]:
    """Full power beyond what flows to the bus by the ratings: the widest way first, all ways where that is too small.

    The flow counts MVA and no load beside the EV, so that nothing right is named.
    """
    if not len(power):
        return
    with_capacity = nx.Graph()
    ratings = _ratings_mva(net)
    for one, other in graph.edges:
        capacity = min(ratings.get(one, np.inf), ratings.get(other, np.inf))
        with_capacity.add_edge(one, other, capacity=capacity)
    source: Node = ("net", "source")
    for node in source_nodes(net):
        with_capacity.add_edge(source, node, capacity=np.inf)
    widest = _widest(with_capacity, source)
    for bus, p_mw in power.items():
        node = ("bus", bus)
        if p_mw <= widest.get(node, np.inf):
            continue
        carried, (_, beyond) = nx.minimum_cut(with_capacity, source, node)
        if p_mw > carried * (1.0 + TOLERANCE):
            evs = tuple(net["ev"].index[(net["ev"]["bus"] == bus) & net["ev"]["max_p_mw"].gt(carried)])
            narrow = _cut(with_capacity, beyond)
            text = (
                f"{rows_of('ev', evs)} at bus {bus}: up to {1e3 * p_mw:.4g} kW, and {narrow} "
                f"{'carries' if ',' not in narrow else 'carry'} {1e3 * carried:.4g} kVA; is max_p_mw in MW, and the "
                "line the right one?"
            )
            yield finding("warning", "EVs larger than their line", text, "ev", "max_p_mw", evs)


def _widest(graph: nx.Graph, source: Node) -> dict[Node, float]:
    """The largest capacity of a single way to each node: along a spanning tree of the largest capacities."""
    tree = nx.maximum_spanning_tree(graph, weight="capacity")
    widest: dict[Node, float] = {source: np.inf}
    for one, other in nx.bfs_edges(tree, source):
        widest[other] = min(widest[one], tree.edges[one, other]["capacity"])
    return widest


def _cut(graph: nx.Graph, beyond: set[Node]) -> str:
    """The branches at which the flow ends."""
    nodes = {node for edge in graph.edges if (edge[0] in beyond) != (edge[1] in beyond) for node in edge}
    return listed([f"{table} {element}" for table, element in sorted(nodes, key=str) if table in ("line", "trafo")])


def _ratings_mva(net: Net) -> dict[Node, float]:
    """Of lines and transformers with a limit; what has none carries everything."""
    ratings: dict[Node, float] = {}
    line, trafo = net["line"], net["trafo"]
    of_lines = SQRT3 * vn_kv(net, line["from_bus"]) * product(line, "max_i_ka", "df", "parallel")
    for table, rows, mva in (("line", line, of_lines), ("trafo", trafo, product(trafo, "sn_mva", "df", "parallel"))):
        limit = rows["max_loading_percent"].to_numpy(dtype=float) if "max_loading_percent" in rows else 100.0
        allowed = np.nan_to_num(mva * limit / 100.0, nan=np.inf)
        ratings |= {(table, label): float(value) for label, value in zip(rows.index.tolist(), allowed, strict=True)}
    return ratings
