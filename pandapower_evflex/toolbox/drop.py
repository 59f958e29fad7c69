"""Buses and elements that go: our rows at them go too, or move with the bus that takes their place."""

from __future__ import annotations

import pandapower.toolbox as pandapower_toolbox
import pandas as pd

from pandapower_evflex.toolbox.carry import TARGETS, carrying, drop_linked, gone_since, index_of, relabel_references
from pandapower_evflex.toolbox.labels import bus_of, buses_of


@carrying
def drop_buses(net, buses, drop_elements=True):
    """`pandapower.toolbox.drop_buses`; EVs and sites at the buses go, with their sessions, offers, rates and results.

    Parameters
    ----------
    net : pandapowerNet
    buses : labels
    drop_elements : bool    False: EVs and sites stay, as pandapower's elements do, and a run names them

    Raises
    ------
    InvalidInputError    buses that are not in the net; nothing is dropped
    """
    buses = buses_of("drop_buses", "buses", net, buses)
    before = index_of(net, TARGETS)
    pandapower_toolbox.drop_buses(net, buses, drop_elements)
    drop_linked(net, {**gone_since(before, net), "bus": buses if drop_elements else ()})


@carrying
def drop_elements_at_buses(net, buses, bus_elements=True, branch_elements=True, drop_measurements=True):
    """`pandapower.toolbox.drop_elements_at_buses`; EVs and sites count as bus elements.

    Candidates go with their lines and transformers, characteristics with their generators.

    Parameters
    ----------
    net : pandapowerNet
    buses : labels
    bus_elements, branch_elements, drop_measurements : bool    which of the elements there go

    Raises
    ------
    InvalidInputError    buses that are not in the net; nothing is dropped
    """
    buses = buses_of("drop_elements_at_buses", "buses", net, buses)
    before = index_of(net, TARGETS)
    pandapower_toolbox.drop_elements_at_buses(net, buses, bus_elements, branch_elements, drop_measurements)
    drop_linked(net, {**gone_since(before, net), "bus": buses if bus_elements else ()})


@carrying
def fuse_buses(net, b1, b2, drop=True, fuse_bus_measurements=True):
    """`pandapower.toolbox.fuse_buses`; EVs and sites at ``b2`` move to ``b1``.

    Parameters
    ----------
    net : pandapowerNet
    b1 : int             the bus that stays
    b2 : int or labels   those that it takes the place of
    drop : bool          drop them, and the branches within

    Raises
    ------
    InvalidInputError    buses that are not in the net; nothing is moved
    """
    b1 = bus_of("fuse_buses", "b1", net, b1)
    gone = set(buses_of("fuse_buses", "b2", net, b2 if pd.api.types.is_list_like(b2) else [b2])) - {b1}
    before = index_of(net, TARGETS)
    pandapower_toolbox.fuse_buses(net, b1, gone, drop, fuse_bus_measurements)
    relabel_references(net, {"bus": dict.fromkeys(gone, b1)})
    drop_linked(net, {**gone_since(before, net), "bus": ()})
