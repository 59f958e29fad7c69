"""Buses and elements that go: our rows at them go too, or move with the bus that takes their place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandapower.toolbox as pandapower_toolbox
import pandas as pd

from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.kinds import is_label, raise_if, shown
from pandapower_evflex.toolbox.carry import TARGETS, carrying, drop_linked, gone_since, index_of, relabel_references


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
    buses = _several("drop_buses", buses)
    unknown = [bus for bus in buses if not is_label(bus, net["bus"].index)]
    if unknown:
        value = ", ".join(map(shown, unknown))
        raise_if([Fault("drop_buses", "buses", (), value, "is not in net.bus", "give labels of net.bus")])
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
    InvalidInputError    buses that are not a list of labels
    """
    buses = _several("drop_elements_at_buses", buses)
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
    """
    b2 = list(b2) if isinstance(b2, Iterable) and not isinstance(b2, str) else b2
    given = set(b2) if isinstance(b2, list) else {b2}
    before = index_of(net, TARGETS)
    pandapower_toolbox.fuse_buses(net, b1, b2, drop, fuse_bus_measurements)
    relabel_references(net, {"bus": dict.fromkeys(given - {b1}, b1)})
    drop_linked(net, {**gone_since(before, net), "bus": ()})


def _several(function: str, buses: Any) -> list[Any]:
    """Labels of buses, which are read more than once.

    Raises
    ------
    InvalidInputError
    """
    if not pd.api.types.is_list_like(buses):
        remedy = "give a list of labels of net.bus, of one label too"
        raise_if([Fault(function, "buses", (), shown(buses), "is not a list of buses", remedy)])
    return list(buses)
