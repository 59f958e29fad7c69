"""A net before a fault and after it, with the way round (Figs. 5 to 7 of the second paper)."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.cpo.checks import raise_if
from pandapower_evflex.errors import Fault
from pandapower_evflex.planning.fault.post_fault import post_fault_net
from pandapower_evflex.planning.fault.restoration import Restoration
from pandapower_evflex.planning.fault.restoring import restored_by
from pandapower_evflex.planning.fault.supply_graph import (
    BRANCHES,
    Node,
    conducting,
    downstream,
    source_nodes,
    supplied,
    supply_graph,
)
from pandapower_evflex.plotting.grid_picture import GridPicture
from pandapower_evflex.tables.kinds import check_net

POST_FAULT = "plot_post_fault"


def plot_normal_state(net: Net, ax: Any | None = None) -> Any:
    """A net as its switches are, open ones marked, with its charging sites (figure 6).

    Places are those of `net.bus.geo`; where a bus in service has none, the net is drawn as a tree from its sources.

    Parameters
    ----------
    net : pandapowerNet
    ax : matplotlib Axes    to draw on; None: new ones

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InvalidInputError    a net without a bus in service

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> net, _ = evf.networks.ring_10kv()
    >>> ax = evf.plotting.plot_normal_state(net)
    """
    check_net("plot_normal_state", net)
    graph = supply_graph(net)
    fed = supplied(conducting(graph), source_nodes(net))
    picture = GridPicture(net, "plot_normal_state", ax)
    states = {node: _state_without_fault(graph, fed, node) for node in graph if node[0] in BRANCHES}
    picture.draw_branches(states)
    dark = [node[1] for node in graph if node[0] == "bus" and node not in fed]
    return picture.finish(dark, (), (), (), f"{net['name'] or 'Net'}: normal state")


def plot_post_fault(net: Net, fault: Any, ax: Any | None = None) -> Any:
    """A net after a fault (Figs. 5 and 7): isolated, supplied the other way round, and what is overloaded then.

    The buses between the overloaded and the faulted element, the paper's set :math:`N_{s-m}`, have a pale halo: load
    there counts in full against the overload, and the charging sites there can sell flexibility.

    Parameters
    ----------
    net : pandapowerNet    as `run_planning` was given it
    fault : Series         row of `PlanningStudy.faults`, or anything with its `element_type, element, switches_closed`

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InvalidInputError    no such row, a fault or ties that this net does not have

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> net, profiles = evf.networks.ring_10kv()
    >>> study = evf.run_planning(net, profiles, voll_eur_per_mwh=10_000, loss_price_eur_per_mwh=80, discount_rate=0.065,
    ...                          progress=False)
    >>> ax = evf.plotting.plot_post_fault(net, study.faults.loc[0])
    """
    check_net("plot_post_fault", net)
    state, overloaded = _checked(net, fault)
    after = post_fault_net(net, state)
    graph = supply_graph(after)
    ways, sources = conducting(graph), source_nodes(after)
    fed = supplied(ways, sources)
    states = _states_after(supply_graph(net), graph, fed, state, overloaded)
    behind = downstream(ways, sources, overloaded) if overloaded in ways and overloaded[0] in BRANCHES else set()
    low = [overloaded[1]] if overloaded[0] == "bus" else []
    picture = GridPicture(net, POST_FAULT, ax)
    picture.draw_branches(states)
    kind = "Planned outage" if state.planned else "Fault"
    title = f"{kind} of {_name_of(net, state.element_type, state.element)}"
    title += f", overload of {_name_of(net, *overloaded)}" if overloaded[0] in net else ""
    return picture.finish(
        state.dark_buses, [node[1] for node in behind if node[0] == "bus"], low, _changed(state), title
    )


def _checked(net: Net, fault: Any) -> tuple[Restoration, Node]:
    """The state after the fault, and the overloaded element, ("", None) without one."""
    needed = ("element_type", "element", "switches_closed")
    missing = [name for name in needed if not hasattr(fault, name)]
    if missing or isinstance(fault, pd.DataFrame):
        remedy = "give one row of study.faults, such as study.faults.loc[0]"
        raise_if([Fault(POST_FAULT, "fault", (), f"a {type(fault).__name__}", "is not a fault of a study", remedy)])
    if not pd.api.types.is_list_like(fault.switches_closed):
        remedy = "give labels of net.switch in a tuple, () for none"
        raise_if([Fault(POST_FAULT, "switches_closed", (), repr(fault.switches_closed), "is not a list", remedy)])
    opened, planned = getattr(fault, "switches_opened", ()), bool(getattr(fault, "planned", False))
    state = restored_by(net, fault.element_type, fault.element, fault.switches_closed, opened, planned)
    table: Any = getattr(fault, "overloaded_element_type", None)
    element: Any = getattr(fault, "overloaded_element", None)
    if not isinstance(table, str) or table == "net":
        return state, ("", None)
    if table not in (*BRANCHES, "bus") or element not in net[table].index:
        remedy = "give a row of the study of this net"
        raise_if([Fault(POST_FAULT, "overloaded_element", (), f"{table} {element}", "is not in the net", remedy)])
    return state, (table, int(element))


def _name_of(net: Net, table: str, element: Any) -> str:
    name = net[table].at[element, "name"] if "name" in net[table] else None
    return str(name) if isinstance(name, str) and name else f"{table} {element}"


def _changed(state: Restoration) -> list[tuple[Any, str]]:
    opened = [(switch, "has opened") for switch in state.switches_opened]
    return opened + [(switch, "has closed") for switch in state.switches_closed]


def _state_without_fault(graph: nx.MultiGraph, fed: set[Node], branch: Node) -> str:
    ends = [edge for _, _, edge in graph.edges(branch, data=True)]
    if not all(edge["closed"] for edge in ends) or len(ends) < 2:
        return "open"
    return "fed" if branch in fed else "dark"


def _states_after(
    before: nx.MultiGraph, after: nx.MultiGraph, fed: set[Node], state: Restoration, overloaded: Node
) -> dict[Node, str]:
    """State of every branch that was in service before the fault."""
    interrupted = {("bus", bus) for bus in state.interrupted_buses}
    states = {}
    for branch in (node for node in before if node[0] in BRANCHES):
        if branch == (state.element_type, state.element):
            states[branch] = "faulted"
        elif branch == overloaded:
            states[branch] = "overloaded"
        elif branch not in after:
            states[branch] = "dark"
        else:
            states[branch] = _state_without_fault(after, fed, branch)
            if states[branch] == "fed" and interrupted.intersection(after[branch]):
                states[branch] = "restored"
    return states
