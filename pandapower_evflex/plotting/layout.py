"""Where the buses of a net are drawn: their coordinates, or a tree from the sources where they have none."""

from __future__ import annotations

import json
from collections.abc import Iterable

import networkx as nx
import numpy as np
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.planning.fault.supply_graph import Node, conducting, source_nodes, supply_graph


def coordinates(net: Net) -> pd.DataFrame:
    """`x, y` of the buses that have some in `net.bus.geo` [bus]."""
    geo = net["bus"]["geo"].dropna() if "geo" in net["bus"] else pd.Series(dtype=object)
    geo = geo[geo.map(lambda text: isinstance(text, str) and bool(text))]
    points = [json.loads(text)["coordinates"][:2] for text in geo]
    return pd.DataFrame(np.array(points, dtype=float).reshape(-1, 2), index=geo.index, columns=["x", "y"])


def places_of(net: Net) -> pd.DataFrame:
    """`x, y` of all buses in service [bus]: from `net.bus.geo` if it has all of them, else a tree from the sources."""
    buses = net["bus"].index[net["bus"]["in_service"].to_numpy(dtype=bool)]
    known = coordinates(net)
    return known.loc[buses] if buses.isin(known.index).all() else tree_layout(net)


def tree_layout(net: Net) -> pd.DataFrame:
    """Sources on top, each bus below the one that feeds it, feeders side by side [bus]."""
    graph = supply_graph(net)
    closed, everything = conducting(graph), nx.Graph(graph)
    depth: dict[Node, float] = {}
    across: dict[Node, float] = {}
    # what is fed by closed switches first; then what hangs on open ones, then islands
    roots = sorted(node for node in source_nodes(net) if node in graph)
    _grow(closed, roots, depth, across)
    _grow(everything, list(depth), depth, across)
    for part in nx.connected_components(everything):
        if depth.keys().isdisjoint(part):
            _grow(everything, [min(node for node in part if node[0] == "bus")], depth, across)
    own = {node[1]: (across[node], -depth[node]) for node in sorted(depth) if node[0] == "bus"}
    return pd.DataFrame.from_dict(own, orient="index", columns=["x", "y"], dtype=float)


def _grow(graph: nx.Graph, roots: list[Node], depth: dict[Node, float], across: dict[Node, float]) -> None:
    """Place what can be reached from the roots and has no place yet: a leaf per column, others above their middle."""
    children: dict[Node, list[Node]] = {}
    for root in roots:
        depth.setdefault(root, 0.0)
    queue = list(roots)
    for node in queue:  # grows while it is read
        children[node] = sorted(own for own in graph[node] if own not in depth)
        for own in children[node]:
            depth[own] = depth[node] + (1.0 if own[0] == "bus" else 0.0)
        queue += children[node]
    _columns(roots, children, across)


def _columns(roots: Iterable[Node], children: dict[Node, list[Node]], across: dict[Node, float]) -> None:
    """Columns of leaves from left to right, by depth first."""
    column = max(across.values(), default=-1.0) + 1.0
    stack = [(root, False) for root in reversed(list(roots))]
    while stack:
        node, is_done = stack.pop()
        fed = children[node]
        if is_done:
            across.setdefault(node, float(np.mean([across[own] for own in fed])))
        elif fed:
            stack.append((node, True))
            stack += [(own, False) for own in reversed(fed)]
        elif node not in across:
            across[node], column = column, column + 1.0
