"""A fault takes supply away: what trips, what is isolated, and how long every part waits to come back."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import networkx as nx
import numpy as np

from pandapower_evflex.arrays import Net
from pandapower_evflex.planning.fault.outages import Outage
from pandapower_evflex.planning.fault.supply_graph import Node, conducting, source_nodes, supplied, supply_graph
from pandapower_evflex.planning.fault.switch_types import clearing_switches

#: all that is connected to any source, as one node of the graph of islands
SOURCE = -1
#: a tie: the label of the switch and the islands that it joins
Tie = tuple[Any, int, int]
#: other end and switch of all connections of every node
Links = dict[Node, list[tuple[Node, Any]]]


@dataclass(frozen=True)
class Supply:
    """A net before any fault.

    Parameters
    ----------
    graph : MultiGraph      `supply_graph`
    sources, fed : sets of nodes
    clearing : labels of the switches that clear faults
    switching_h : switching times of the switches that have one of their own
    stuck : probability of failing to open, of the switches that have one
    """

    graph: nx.MultiGraph
    sources: frozenset[Node]
    fed: frozenset[Node]
    clearing: frozenset[Any]
    switching_h: Mapping[Any, float]
    stuck: Mapping[Any, float]

    def nodes_of(self, outage: Outage) -> set[Node]:
        """Nodes of an element in service; of a switch those that it connects."""
        if outage.element_type == "switch":
            return set(self._ends.get(outage.element, ()))
        return {(outage.element_type, outage.element)} & set(self.graph)

    @cached_property
    def _ends(self) -> dict[Any, tuple[Node, Node]]:
        return {switch: (u, v) for u, v, switch in self.graph.edges(data="switch") if switch is not None}

    @cached_property
    def closed(self) -> Links:
        """What is connected as the switches are."""
        return self._links(lambda edge: bool(edge["closed"]))

    @cached_property
    def without_switches(self) -> Links:
        """Connections that no switch can open."""
        return self._links(lambda edge: edge["switch"] is None)

    def _links(self, belongs: Callable[[dict[str, Any]], bool]) -> Links:
        links: Links = {node: [] for node in self.graph}
        for u, v, edge in self.graph.edges(data=True):
            if belongs(edge):
                links[u].append((v, edge["switch"]))
                links[v].append((u, edge["switch"]))
        return links


def supply_of(net: Net) -> Supply:
    """How a net is supplied, with the types and times of its switches."""
    graph = supply_graph(net)
    sources = source_nodes(net) & set(graph)
    fed = supplied(conducting(graph), sources)
    switch = net["switch"]
    times, stuck = (
        switch[column].dropna().astype(float).to_dict() if column in switch else {}
        for column in ("switching_time_h", "stuck_probability")
    )
    return Supply(graph, frozenset(sources), frozenset(fed), clearing_switches(net, fed), times, stuck)


@dataclass(frozen=True)
class Isolation:
    """A fault that is isolated, or an element taken out as planned, before any tie is closed.

    Parameters
    ----------
    supply : Supply
    outage : Outage
    switching_h : float        of switches without a time of their own; NaN: not known
    zone : set of nodes        what no switch parts from the fault
    tripped : labels           breakers and fuses that clear it: at the edge of all that nothing else clears
    opened : labels            closed switches at the edge of the zone, and within it
    at_edge : labels           breakers and fuses at the edge of what trips: nobody waits for them to open. Those behind
                               which there is no source carry no current; nobody waits for them to close either
    trips_source : bool        no breaker or fuse lies between the fault and a source
    lost : set of nodes        without supply from the trip on, those of the zone included
    place : {node: island}     of all nodes but those of the zone, once it is isolated; all that is supplied is `SOURCE`
    split : label              a further switch that is opened, so that the parts of an island can come back apart
    """

    supply: Supply
    outage: Outage
    switching_h: float
    zone: frozenset[Node]
    tripped: frozenset[Any]
    opened: tuple[Any, ...]
    at_edge: frozenset[Any]
    trips_source: bool
    lost: frozenset[Node]
    place: Mapping[Node, int]
    split: Any = None

    @cached_property
    def ties(self) -> list[Tie]:
        """Open switches between two islands, by label."""
        place, zone = self.place, self.zone
        return sorted(
            (edge["switch"], place[u], place[v])
            for u, v, edge in self.supply.graph.edges(data=True)
            if not edge["closed"] and u not in zone and v not in zone and place[u] != place[v]
        )

    def splits(self) -> Iterator[Isolation]:
        """With one further switch open, which parts one island into two: by its label."""
        waiting = {node for node in self.lost - self.zone if self.place[node] != SOURCE}
        closed = self.supply.graph.subgraph(waiting).edges(data=True)
        links = [(edge["switch"], u, v) for u, v, edge in closed if edge["closed"] and edge["switch"] is not None]
        for switch, u, v in sorted(links):
            place = _places(self.supply, self.zone, switch)
            if place[u] != place[v]:
                yield replace(self, split=switch, place=place)

    def time_of(self, switch: Any) -> float:
        """Hours until somebody or something has moved a switch; NaN: not known.

        Before a planned outage they are moved one after the other, and nobody is without supply meanwhile.
        """
        return 0.0 if self.outage.planned else self.supply.switching_h.get(switch, self.switching_h)

    def hours_back(self, ties: Iterable[Any]) -> dict[int, float]:
        """Hours after which every section with a lost bus is supplied again; NaN where a time is not known.

        A section is what nothing parts, and comes back as a whole: when it is parted from the fault, and the slowest
        switch on its way to a source is closed again. Of several ways it takes the fastest. What stays dark is absent.
        """
        section, wait = self._sections
        between = nx.MultiGraph(self._reclosed)
        between.add_edges_from(self._closings[tie] for tie in ties)
        back = _earliest(between, wait, {section[node] for node in self.supply.sources - self.zone})
        return {own: back[own] for own in self.lost_buses if own in back}

    @cached_property
    def lost_buses(self) -> dict[int, list[Any]]:
        """Buses without supply of every section outside the zone."""
        section, _ = self._sections
        found: dict[int, list[Any]] = {}
        for table, label in self.lost - self.zone:
            if table == "bus":
                found.setdefault(section[table, label], []).append(label)
        return found

    @cached_property
    def island_of(self) -> dict[int, int]:
        """Island of every section with a lost bus."""
        return {own: self.place["bus", buses[0]] for own, buses in self.lost_buses.items()}

    @cached_property
    def _sections(self) -> tuple[dict[Node, int], dict[int, float]]:
        """Section of every node outside the zone, and how long each waits to be parted from the zone."""
        section = parts_of(self.supply.closed, self.zone, self.tripped | self._further)
        wait = dict.fromkeys(section.values(), 0.0)
        for u, v, edge in self.supply.graph.edges(data=True):
            at_zone = (u in self.zone) != (v in self.zone)
            if edge["closed"] and (at_zone or edge["switch"] in self._further) and edge["switch"] not in self.at_edge:
                for own in {section[node] for node in (u, v) if node not in self.zone}:
                    wait[own] = float(np.maximum(wait[own], self.time_of(edge["switch"])))
        return section, wait

    @property
    def _further(self) -> frozenset[Any]:
        return frozenset() if self.split is None else frozenset({self.split})

    @cached_property
    def _closings(self) -> dict[Any, tuple[int, int, dict[str, float]]]:
        """Switches that can be closed, again or anew, between the sections outside the zone."""
        section, _ = self._sections
        return {
            edge["switch"]: (section[u], section[v], {"hours": self.time_of(edge["switch"])})
            for u, v, edge in self.supply.graph.edges(data=True)
            if (not edge["closed"] or edge["switch"] in self.tripped) and u in section and v in section
        }

    @cached_property
    def _reclosed(self) -> nx.MultiGraph:
        """The sections, and what has tripped between them."""
        between = nx.MultiGraph()
        between.add_nodes_from(self._sections[1])
        again = self.tripped - self._further
        between.add_edges_from(self._closings[switch] for switch in again if switch in self._closings)
        return between


def isolate(
    supply: Supply,
    outage: Outage,
    switching_h: float = np.nan,
    *,
    stuck: frozenset[Any] = frozenset(),
    split: Any = None,
) -> Isolation:
    """Trip what clears a fault, then part its zone by the switches nearest to it.

    Parameters
    ----------
    stuck : labels    breakers that fail to open; by hand they can be opened once what is upstream of them has tripped
    split : label     see `Isolation`
    """
    graph = supply.graph
    faulted = supply.nodes_of(outage)
    zone = reached(supply.without_switches, faulted)
    down = set() if outage.planned else reached(supply.closed, faulted, cut=supply.clearing - stuck)
    off = zone if outage.planned else down
    alive = reached(supply.closed, supply.sources - off, off)
    edge_of_down = [
        (u, v, edge["switch"])
        for u, v, edge in graph.edges(down, data=True)
        if edge["closed"] and (u in down) != (v in down)
    ]
    around = graph.edges(zone, data=True)
    return Isolation(
        supply=supply,
        outage=outage,
        switching_h=switching_h,
        zone=frozenset(zone),
        tripped=frozenset(switch for u, v, switch in edge_of_down if u in alive or v in alive),
        opened=tuple(
            sorted({edge["switch"] for _, _, edge in around if edge["switch"] is not None and edge["closed"]})
        ),
        at_edge=frozenset(switch for _, _, switch in edge_of_down),
        trips_source=not supply.sources.isdisjoint(down),
        lost=supply.fed - alive,
        place=_places(supply, zone, split),
        split=split,
    )


def _places(supply: Supply, zone: set[Node] | frozenset[Node], split: Any) -> dict[Node, int]:
    """Island of every node outside the zone."""
    island = parts_of(supply.closed, zone, () if split is None else {split})
    fed = {island[source] for source in supply.sources - zone}
    return {node: SOURCE if number in fed else number for node, number in island.items()}


def reached(
    links: Links, starts: Iterable[Node], without: Collection[Node] = (), cut: Collection[Any] = ()
) -> set[Node]:
    """Nodes connected with these, not through the nodes left out, nor through the switches cut."""
    found = set(starts)
    stack = list(found)
    while stack:
        for other, switch in links[stack.pop()]:
            if other not in found and other not in without and (switch is None or switch not in cut):
                found.add(other)
                stack.append(other)
    return found


def parts_of(links: Links, without: Collection[Node], cut: Collection[Any] = ()) -> dict[Node, int]:
    """Number of the connected part of every node that is not left out."""
    part: dict[Node, int] = {}
    for node in links:
        if node not in part and node not in without:
            part.update(dict.fromkeys(reached(links, [node], without, cut), len(part)))
    return part


def _earliest(closings: nx.MultiGraph, wait: Mapping[int, float], starts: set[int]) -> dict[int, float]:
    """Hours at which every section is fed, by Dijkstra with the slowest step of a way in place of its length."""
    heap = [(bool(np.isnan(wait[own])), wait[own], own) for own in starts]
    heapq.heapify(heap)
    fed: dict[int, float] = {}
    while heap:
        _, hours, own = heapq.heappop(heap)
        if own in fed:
            continue
        fed[own] = hours
        for _, other, step in closings.edges(own, data="hours"):
            then = float(np.max([hours, step, wait[other]]))  # NaN where one of them is
            heapq.heappush(heap, (bool(np.isnan(then)), then, other))
    return fed
