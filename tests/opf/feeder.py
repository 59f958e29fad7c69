"""A short low-voltage feeder whose limits are easy to set."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandapower.create import (
    create_bus,
    create_empty_network,
    create_ext_grid,
    create_line,
    create_load,
    create_sgen,
    create_switch,
    create_transformer,
)

import pandapower_evflex as evf
from tests.built_once import built_once


@built_once
def feeder_net(n_evs=3, *, load_mw=0.02, sn_mva=0.1, pv_mw=0.0):
    """20/0.4 kV, busbar, two cables in a row; a load and generation at the end, EVs at both cable ends."""
    net = create_empty_network()
    mv, lv, middle, end, twin = (create_bus(net, vn_kv=v) for v in (20.0, 0.4, 0.4, 0.4, 0.4))
    create_ext_grid(net, mv)
    create_transformer(net, mv, lv, "0.25 MVA 20/0.4 kV")
    net.trafo["sn_mva"] = sn_mva
    create_line(net, lv, middle, 0.15, "NAYY 4x150 SE")
    create_line(net, middle, end, 0.15, "NAYY 4x150 SE")
    create_switch(net, end, twin, et="b")
    create_load(net, end, load_mw, 0.2 * load_mw)
    create_sgen(net, twin, pv_mw)
    buses = np.resize([middle, end, twin], n_evs)
    evf.create_evs(net, buses, max_p_mw=0.022, max_e_mwh=0.06, min_e_mwh=0.01, cos_phi=0.98)
    evf.create_ev_sessions(net, range(n_evs), 0.0, 8.0, e_arrival_mwh=0.02, e_departure_mwh=0.04)
    return net


def two_feeders_net(*, max_loading_percent=15.0, max_e_mwh=0.2):
    """20/0.4 kV and a cable to either side of the busbar, three EVs at the end of each."""
    net = create_empty_network()
    mv, lv, left, right = (create_bus(net, vn_kv=v) for v in (20.0, 0.4, 0.4, 0.4))
    create_ext_grid(net, mv)
    create_transformer(net, mv, lv, "0.25 MVA 20/0.4 kV")
    for end in (left, right):
        create_line(net, lv, end, 0.05, "NAYY 4x150 SE")
    net.line["max_loading_percent"] = max_loading_percent
    evf.create_evs(net, [left] * 3 + [right] * 3, max_p_mw=0.022, max_e_mwh=max_e_mwh, min_e_mwh=0.01)
    evf.create_ev_sessions(net, range(6), 0.0, 8.0, e_arrival_mwh=0.02, e_departure_mwh=0.04)
    return net


def constant(net, table, column, values):
    """A profile of the first element of a table."""
    return {(table, column): pd.DataFrame({net[table].index[0]: values})}


EIGHT_HOURS = {"n_periods": 8, "period_h": 1.0, "progress": False}
