"""Which switches clear a fault, and which only part what is dead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, Net
from pandapower_evflex.planning.fault.supply_graph import BRANCHES, Node

#: values of net.switch.type, in capitals: those that break the current of a fault, and those that do not
BREAKERS, ISOLATORS = ("CB", "FUSE"), ("LBS", "LS", "DS")
#: columns of the lower sides of transformers
LOWER_SIDES = {"trafo": ("lv_bus",), "trafo3w": ("mv_bus", "lv_bus")}


def type_names(net: Net) -> pd.Series:
    """Types of all switches in capitals, "" where there is none."""
    types = net["switch"]["type"] if "type" in net["switch"] else pd.Series(None, index=net["switch"].index)
    return types.where(types.notna(), "").astype(str).str.strip().str.upper()


def clearing_switches(net: Net, fed: Iterable[Node]) -> frozenset[Any]:
    """Labels of the switches that clear faults.

    Those of type "CB" and "fuse"; of those without a type, which are at the end of a line at the busbar of an external
    grid, or at the lower side of a transformer that is ``fed``: a line end there, or the transformer's own switch.
    """
    switch, types = net["switch"], type_names(net)
    at_head = untyped_breakers(net, fed)
    return frozenset(switch.index[types.isin(BREAKERS).to_numpy() | at_head].tolist())


def untyped_breakers(net: Net, fed: Iterable[Node]) -> BoolArray:
    """Which switches without a type count as breakers, by where they are [n_switch]."""
    switch = net["switch"]
    untyped = type_names(net).eq("").to_numpy()
    if not untyped.any():
        return np.zeros(len(switch), dtype=bool)
    alive = set(fed)
    external = net["ext_grid"].loc[net["ext_grid"]["in_service"].astype(bool), "bus"]
    lower = {
        (BRANCHES[table][1], element, bus)
        for table, columns in LOWER_SIDES.items()
        for column in columns
        for element, bus in net[table][column].items()
        if (table, element) in alive
    }
    heads = _busbars(net, {*external.tolist(), *(bus for _, _, bus in lower)})
    places = zip(switch["et"].tolist(), switch["element"].tolist(), switch["bus"].tolist(), strict=True)
    at_head = [et == "l" and bus in heads or (et, element, bus) in lower for et, element, bus in places]
    return untyped & np.array(at_head, dtype=bool)


def _busbars(net: Net, buses: set[Any]) -> set[Any]:
    """These buses and those that closed bus-bus switches make one with them."""
    rows = net["switch"][(net["switch"]["et"] == "b") & net["switch"]["closed"].astype(bool)]
    joined = nx.Graph(zip(rows["bus"].tolist(), rows["element"].tolist(), strict=True))
    joined.add_nodes_from(buses)
    return {bus for part in nx.connected_components(joined) if part & buses for bus in part}
