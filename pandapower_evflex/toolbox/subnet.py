"""Part of a net, with the EVs, sites, offers and candidates in it."""

from __future__ import annotations

import copy

import pandapower.toolbox as pandapower_toolbox
import pandas as pd

from pandapower_evflex.tables.checks import TABLES
from pandapower_evflex.tables.cpo_rates import RATE_TABLES
from pandapower_evflex.tables.format_version import KEY
from pandapower_evflex.tables.kinds import check_net
from pandapower_evflex.tables.links import remember_all
from pandapower_evflex.tables.references import series_names
from pandapower_evflex.toolbox.carry import COSTS, TARGETS, drop_linked, gone_since, index_of, refuse_stale
from pandapower_evflex.toolbox.labels import buses_of

RESULTS = ("res_period", "res_flexibility", "res_ev")


def select_subnet(net, buses, include_switch_buses=False, include_results=False, keep_everything_else=False):
    """`pandapower.toolbox.select_subnet`; EVs and sites at the buses come along, with what refers to them.

    Parameters
    ----------
    net : pandapowerNet
    buses : labels
    include_switch_buses, keep_everything_else : bool    see pandapower
    include_results : bool    also the stored series of what is in the part, and `res_ev`, `res_flexibility`,
                              `res_period` for it

    Returns
    -------
    pandapowerNet

    Raises
    ------
    InvalidInputError    buses that are not in the net
    """
    check_net("select_subnet", net)
    buses = buses_of("select_subnet", "buses", net, buses)
    refuse_stale(net)
    ours = {*TABLES, *RATE_TABLES, KEY, *RESULTS, *series_names(net)}.intersection(net)
    others = net.__class__({name: value for name, value in net.items() if name not in ours})
    costs = [name for name in COSTS if isinstance(net.get(name), pd.DataFrame)]
    others.update({name: net[name][~net[name]["et"].isin(TABLES)] for name in costs})
    part = pandapower_toolbox.select_subnet(others, buses, include_switch_buses, include_results, keep_everything_else)
    kept = ours if include_results else ours.difference(RESULTS, series_names(net))
    for name in sorted(kept):
        part[name] = copy.deepcopy(net[name])
    for name in costs:
        part[name] = net[name][net[name].index.isin(part[name].index) | net[name]["et"].isin(TABLES)]
    drop_linked(part, gone_since(index_of(net, TARGETS), part))
    remember_all(part, TABLES)
    return part
