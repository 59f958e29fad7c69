"""After a fault: isolate it by the nearest switches, and bring back what can be by closing ties.

The second paper's Figs. 5 and 7 show the final stage only; the search for it is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import networkx as nx
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.asymmetric import balanced_loads
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.planning.fault.supply_graph import (
    BRANCHES,
    Node,
    bus_labels,
    conducting,
    fault_zone,
    source_nodes,
    supplied,
    supply_graph,
)

#: all that is connected to any source, as one node of the graph of islands
SOURCE = -1
#: a tie: the label of the switch and the islands that it joins
Tie = tuple[Any, int, int]
#: difference of dark load [MW] up to which two states are equally dark
SAME_DARK_MW = 1e-9


@dataclass(frozen=True)
class Restoration:
    """The state of a net between a fault and its repair.

    Attributes
    ----------
    element_type, element               the faulted branch
    switches_opened, switches_closed    labels in net.switch: isolation, and the ties of the restoration
    zone : tuple of (table, label)      buses and branches that no switch parts from the fault: out of service
    dark_buses : tuple                  without supply until the repair, those of the zone included
    interrupted_buses : tuple           without supply until the ties are closed
    dark_mw : float                     load at dark_buses
    overload_percent : float            worst loading above its limit; 0 when nothing is overloaded or nobody asked,
                                        inf when the power flow does not converge
    """

    element_type: str
    element: Any
    switches_opened: tuple[Any, ...]
    switches_closed: tuple[Any, ...]
    zone: tuple[tuple[str, Any], ...]
    dark_buses: tuple[Any, ...]
    interrupted_buses: tuple[Any, ...]
    dark_mw: float
    overload_percent: float = 0.0

    @property
    def n_switchings(self) -> int:
        return len(self.switches_opened) + len(self.switches_closed)


def restore_supply(
    net: Net,
    element_type: str,
    element: Any,
    *,
    max_ties: int = 2,
    load_mw: pd.Series | None = None,
    worst_overload: Callable[[Restoration], float] | None = None,
) -> Restoration:
    """The best state after a fault of a line or transformer.

    The fault is isolated by the switches nearest to it: where a branch has none at its end, the bus and all that hangs
    on it without a switch stay dark too. Then sets of at most ``max_ties`` open switches are closed. A set must be
    radial: no tie may close a loop, all sources counted as one (a net that is meshed already stays so), and every tie
    must bring back buses. Sets are ranked by load left dark, worst overload, number of switchings.

    Parameters
    ----------
    net : pandapowerNet
    element_type, element : "line", "trafo", "trafo3w" or "impedance", and its index
    max_ties : int                ties closed at once
    load_mw : Series [bus]        load that counts; None: net.load as it stands
    worst_overload : function     of a candidate state; its worst loading above the limit in percent points, 0 when
                                  there is none, inf without convergence. Asked only where states leave the same load
                                  dark; None: overloads do not count

    Returns
    -------
    Restoration    with no tie closed where no path exists

    Raises
    ------
    InvalidInputError    an element that is not in the net or out of service, a negative number of ties
    """
    graph = supply_graph(net)
    _refuse_unknown(net, graph, element_type, element, max_ties)
    load = _load_by_bus(net) if load_mw is None else load_mw
    states = list(_states(graph, source_nodes(net), (element_type, element), max_ties, load))
    least = min(state.dark_mw for state in states)
    best = [state for state in states if state.dark_mw <= least + SAME_DARK_MW]
    if worst_overload is not None:
        best = [replace(state, overload_percent=worst_overload(state)) for state in best]
    return min(best, key=lambda state: (state.overload_percent, state.n_switchings, state.switches_closed))


def restored_by(net: Net, element_type: str, element: Any, switches_closed: Iterable[Any]) -> Restoration:
    """The state after a fault with these ties closed, such as a row of `PlanningStudy.faults` names them.

    Raises
    ------
    InvalidInputError    an element that is not in the net or out of service, switches that bring nothing back or close
                         a loop
    """
    ties = tuple(sorted(switches_closed))
    graph = supply_graph(net)
    _refuse_unknown(net, graph, element_type, element, len(ties))
    others = [(u, v, key) for u, v, key, edge in graph.edges(keys=True, data=True) if _is_other(edge, ties)]
    graph.remove_edges_from(others)
    states = _states(graph, source_nodes(net), (element_type, element), len(ties), _load_by_bus(net))
    for state in states:
        if state.switches_closed == ties:
            return state
    remedy = "give open switches that together supply what the fault has parted from its source"
    raise InvalidInputError(
        [Fault("restored_by", "switches_closed", ties, "closing these switches", "restores no supply", remedy)]
    )


def _is_other(edge: dict[str, Any], ties: tuple[Any, ...]) -> bool:
    return not edge["closed"] and edge["switch"] not in ties


def _states(
    graph: nx.MultiGraph, sources: set[Node], faulted: Node, max_ties: int, load: pd.Series
) -> Iterator[Restoration]:
    """The isolated state, then every radial set of ties by growing size."""
    zone = fault_zone(graph, faulted)
    isolated = conducting(graph, without=zone)
    lost = supplied(conducting(graph), sources) - supplied(isolated, sources)
    opened = _closed_around(graph, zone)
    place = _islands(isolated, sources)
    ties = _ties(graph, zone, place)
    lost_islands = {place[node] for node in lost if node in place and node[0] == "bus"}
    for size in range(max_ties + 1):
        for chosen in combinations(ties, size):
            back = _brought_back(chosen, lost_islands)
            if back is None:
                continue
            dark = bus_labels(node for node in lost if place.get(node) not in back)
            yield Restoration(
                element_type=faulted[0],
                element=faulted[1],
                switches_opened=opened,
                switches_closed=tuple(switch for switch, _, _ in chosen),
                zone=tuple(sorted(zone)),
                dark_buses=dark,
                interrupted_buses=tuple(bus for bus in bus_labels(lost) if bus not in set(dark)),
                dark_mw=float(load.reindex(dark).sum()),
            )


def _closed_around(graph: nx.MultiGraph, zone: set[Node]) -> tuple[Any, ...]:
    """Closed switches at the edge of the zone, and within it."""
    edges = graph.edges(zone, data=True)
    return tuple(sorted(edge["switch"] for _, _, edge in edges if edge["switch"] is not None and edge["closed"]))


def _islands(isolated: nx.Graph, sources: set[Node]) -> dict[Node, int]:
    """Number of the island of every node; all that is supplied is `SOURCE`."""
    place: dict[Node, int] = {}
    for number, nodes in enumerate(nx.connected_components(isolated)):
        place.update(dict.fromkeys(nodes, number if sources.isdisjoint(nodes) else SOURCE))
    return place


def _ties(graph: nx.MultiGraph, zone: set[Node], place: dict[Node, int]) -> list[Tie]:
    """Open switches between two islands, by label."""
    return sorted(
        (edge["switch"], place[u], place[v])
        for u, v, edge in graph.edges(data=True)
        if not edge["closed"] and not zone & {u, v} and place[u] != place[v]
    )


def _brought_back(chosen: tuple[Tie, ...], lost: set[int]) -> set[int] | None:
    """Islands that these ties supply; None when they close a loop, or one of them brings nothing back."""
    joined = nx.MultiGraph([(u, v) for _, u, v in chosen])
    joined.add_node(SOURCE)
    if joined.number_of_edges() and (not nx.is_connected(joined) or not nx.is_tree(joined)):
        return None  # not all hang on a source, or there are two ways
    if any(degree == 1 and island != SOURCE and island not in lost for island, degree in joined.degree):
        return None  # a dead end where nobody waits
    return set(joined.nodes)


def _load_by_bus(net: Net) -> pd.Series:
    load = balanced_loads(net)
    return (load["p_mw"] * load["scaling"]).groupby(load["bus"]).sum()


def _refuse_unknown(net: Net, graph: nx.MultiGraph, element_type: str, element: Any, max_ties: int) -> None:
    faults = []
    if element_type not in BRANCHES:
        remedy = "use " + " or ".join(f'"{table}"' for table in BRANCHES)
        faults.append(Fault("restore_supply", "element_type", (), repr(element_type), "is not known", remedy))
    elif (element_type, element) not in graph:
        remedy = f"use an index of net.{element_type} that is in service"
        faults.append(Fault("restore_supply", "element", (), repr(element), "cannot fail", remedy))
    if isinstance(max_ties, bool) or not isinstance(max_ties, int) or max_ties < 0:
        remedy = "give a whole number of 0 or more"
        faults.append(Fault("restore_supply", "max_ties", (), repr(max_ties), "is not a number of ties", remedy))
    if faults:
        raise InvalidInputError(faults)
