"""New labels for buses and elements, in our tables too."""

from __future__ import annotations

import numpy as np
import pandapower.toolbox as pandapower_toolbox

from pandapower_evflex.tables.checks import TABLES
from pandapower_evflex.toolbox.carry import TARGETS, carrying, index_of, relabel
from pandapower_evflex.toolbox.labels import new_labels, refuse_no_lookup, refuse_no_start, refuse_no_table


@carrying
def reindex_buses(net, bus_lookup, allow_duplicate_index=False):
    """`pandapower.toolbox.reindex_buses`; EVs, sites and stored voltages follow their buses.

    Parameters
    ----------
    net : pandapowerNet
    bus_lookup : {old: new label}    buses left out keep theirs
    allow_duplicate_index : bool

    Returns
    -------
    dict    the lookup, with all buses

    Raises
    ------
    InvalidInputError    not a lookup of whole numbers; nothing is renumbered
    """
    refuse_no_lookup("reindex_buses", "bus_lookup", bus_lookup)
    lookup = pandapower_toolbox.reindex_buses(net, dict(bus_lookup), allow_duplicate_index)
    relabel(net, {"bus": lookup})
    return lookup


@carrying
def create_continuous_bus_index(net, start=0, store_old_index=False):
    """`pandapower.toolbox.create_continuous_bus_index`; EVs, sites and stored voltages follow their buses.

    Parameters
    ----------
    net : pandapowerNet
    start : int                the first label
    store_old_index : bool     keep the old labels in the column `old_index`

    Returns
    -------
    dict    {old: new label}

    Raises
    ------
    InvalidInputError    a start that is not a whole number
    """
    refuse_no_start("create_continuous_bus_index", start)
    lookup = pandapower_toolbox.create_continuous_bus_index(net, start, store_old_index)
    relabel(net, {"bus": lookup})
    return lookup


@carrying
def reindex_elements(net, element_type, new_indices=None, old_indices=None, lookup=None):
    """`pandapower.toolbox.reindex_elements`; what refers to the elements in our tables and results follows.

    Parameters
    ----------
    net : pandapowerNet
    element_type : str    a table of pandapower or of ours: sessions follow "ev", rates "cpo", candidates "line", ...
    new_indices, old_indices, lookup : see pandapower

    Raises
    ------
    InvalidInputError    no such table, labels that are not whole numbers, old ones that are not there, two rows that
        would have one label; nothing is renumbered
    """
    refuse_no_table("reindex_elements", net, element_type)
    _renumber(net, element_type, None, None, new_labels(net[element_type].index, new_indices, old_indices, lookup))


@carrying
def create_continuous_elements_index(net, start=0, add_df_to_reindex=set()):  # noqa: B006  pandapower's signature
    """`pandapower.toolbox.create_continuous_elements_index`; our tables are numbered anew as well.

    Parameters
    ----------
    net : pandapowerNet
    start : int
    add_df_to_reindex : set of str    further tables; ours need not be named

    Raises
    ------
    InvalidInputError    a start that is not a whole number
    """
    refuse_no_start("create_continuous_elements_index", start)
    ours = {*TABLES, "res_ev", "res_flexibility"}
    before = {table: np.sort(index) for table, index in index_of(net, TARGETS).items()}
    pandapower_toolbox.create_continuous_elements_index(net, start, add_df_to_reindex - ours)
    after = index_of(net, before)
    relabel(net, {table: dict(zip(before[table], after[table], strict=True)) for table in before})
    for table in index_of(net, TABLES):
        net[table] = net[table].sort_index()
        _renumber(net, table, list(range(start, start + len(net[table]))))


def _renumber(net, table, *labels):
    old = net[table].index
    pandapower_toolbox.reindex_elements(net, table, *labels)
    relabel(net, {table: dict(zip(old, net[table].index, strict=True))})
