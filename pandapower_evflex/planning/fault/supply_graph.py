"""What hangs on what: buses and branches of a net as nodes, their connections as edges that may hold a switch.

A branch is a node of its own, so that each of its ends can be open, and so that a fault in it has a place. Two switches
in a row at the end of a branch have a node between them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import networkx as nx

from pandapower_evflex.arrays import Net

#: table and label
Node = tuple[str, Any]

#: table -> columns of its buses, and its letter in net.switch.et
BRANCHES = {
    "line": (("from_bus", "to_bus"), "l"),
    "trafo": (("hv_bus", "lv_bus"), "t"),
    "trafo3w": (("hv_bus", "mv_bus", "lv_bus"), "t3"),
    "impedance": (("from_bus", "to_bus"), None),
}


def supply_graph(net: Net) -> nx.MultiGraph:
    """Everything in service.

    Returns
    -------
    MultiGraph    nodes ("bus", i), ("line", i), ("trafo", i), ...; edges with `switch` (label in net.switch, None where
                  the connection is fixed) and `closed`
    """
    graph = nx.MultiGraph()
    buses = net["bus"].index[net["bus"]["in_service"].to_numpy(dtype=bool)]
    graph.add_nodes_from(("bus", bus) for bus in buses.tolist())
    switch = net["switch"]
    at_end: dict[tuple[Any, ...], list[tuple[int, bool]]] = {}
    columns = (switch[name].tolist() for name in ("et", "element", "bus", "closed"))
    for label, et, element, bus, closed in zip(switch.index.tolist(), *columns, strict=True):
        if et == "b":
            _connect(graph, ("bus", bus), ("bus", element), [(label, bool(closed))])
        else:
            at_end.setdefault((et, element, bus), []).append((label, bool(closed)))
    for table, (ends, letter) in BRANCHES.items():
        rows = net[table][net[table]["in_service"].to_numpy(dtype=bool)]
        for end in ends:
            for element, bus in zip(rows.index.tolist(), rows[end].tolist(), strict=True):
                _connect(graph, (table, element), ("bus", bus), at_end.get((letter, element, bus), []))
    return graph


def _connect(graph: nx.MultiGraph, node: Node, bus: Node, switches: list[tuple[int, bool]]) -> None:
    """Connect to a bus in service, through all switches in a row."""
    if bus not in graph or node[0] == "bus" and node not in graph:
        return
    for label, closed in switches[:-1]:
        between = ("switch", label)
        graph.add_edge(node, between, switch=label, closed=closed)
        node = between
    last, closed = switches[-1] if switches else (None, True)
    graph.add_edge(node, bus, switch=last, closed=closed)


def source_nodes(net: Net) -> set[Node]:
    """Buses of what holds the voltage: external grids, and generators that are slack."""
    sources = net["ext_grid"].loc[net["ext_grid"]["in_service"].astype(bool), "bus"].tolist()
    gen = net["gen"]
    if len(gen):
        sources += gen.loc[gen["in_service"].astype(bool) & gen["slack"].astype(bool), "bus"].tolist()
    return {("bus", bus) for bus in sources}


def conducting(graph: nx.MultiGraph, *, without: Iterable[Node] = (), closed: Iterable[int] = ()) -> nx.Graph:
    """What is connected with these nodes taken out and these switches closed in addition."""
    also = set(closed)
    connected = nx.Graph()
    connected.add_nodes_from(graph)
    connected.add_edges_from(
        (u, v) for u, v, edge in graph.edges(data=True) if edge["closed"] or edge["switch"] in also
    )
    connected.remove_nodes_from(list(without))
    return connected


def supplied(connected: nx.Graph, sources: Iterable[Node]) -> set[Node]:
    """Everything connected to a source."""
    reached: set[Node] = set()
    for source in sources:
        if source in connected and source not in reached:
            reached |= nx.node_connected_component(connected, source)
    return reached


def downstream(connected: nx.Graph, sources: Iterable[Node], branch: Node) -> set[Node]:
    """What loses supply when a branch is taken out as well: with the fault, the set N_s-m of the second paper.

    In a meshed net it is empty where there is another way.
    """
    starts = list(sources)
    before = supplied(connected, starts)
    rest = connected.copy()
    rest.remove_nodes_from([branch])
    return before - supplied(rest, starts) - {branch}


def bus_labels(nodes: Iterable[Node]) -> tuple[Any, ...]:
    """Labels of the buses among nodes, in order."""
    return tuple(sorted(node[1] for node in nodes if node[0] == "bus"))
