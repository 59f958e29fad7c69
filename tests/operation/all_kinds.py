"""A feeder with every kind of flexible element, and what its stores keep, in numpy from their tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandapower.create import create_load, create_storage

import pandapower_evflex as evf
from tests.opf.feeder import feeder_net

HOURLY = {"period_h": 1.0, "progress": False}
HEAT_MW = np.array([0.0, 0.01, 0.02, 0.01, 0.0, 0.02, 0.01, 0.0])
SUN_MW = np.array([0.0, 0.01, 0.03, 0.05, 0.04, 0.02, 0.0, 0.0])
EFFICIENCY, SHIFT_H, FEEDS_IN_MW = 0.9, 2.0, 0.011
#: MWh and MW to which everything is kept
CLOSE = 1e-7


def with_battery(net, bus=3, soc_percent=50.0):
    """100 kWh, 50 kW, at 10 kWh at least."""
    values = {"max_e_mwh": 0.1, "min_e_mwh": 0.01, "max_p_mw": 0.05, "min_p_mw": -0.05}
    battery = create_storage(net, bus, 0.0, soc_percent=soc_percent, **values)
    evf.create_flexibilities(net, "storage", [battery] * 2, ["up", "down"])
    return net


def with_v2g(net, efficiency=EFFICIENCY):
    net.ev["min_p_mw"] = -FEEDS_IN_MW
    net.ev["efficiency_percent"] = 100.0 * efficiency
    return net


def with_heat_pump(net):
    load = create_load(net, net.load.bus.iloc[0], 0.0)
    net.load.loc[load, "shift_h"] = SHIFT_H
    net.load.loc[load, "max_p_mw"] = 0.03
    evf.create_flexibilities(net, "load", [load] * 2, ["up", "down"])
    return net


def every_kind(efficiency=EFFICIENCY):
    """Three V2G cars, a battery, a heat pump and PV behind a transformer; their profiles."""
    net = with_heat_pump(with_battery(with_v2g(feeder_net(3, sn_mva=0.08), efficiency)))
    net.storage["efficiency_percent"] = 100.0 * efficiency
    evf.create_flexibility(net, "sgen", 0, "up")
    p = {("load", "p_mw"): pd.DataFrame({0: np.full(8, 0.02), 1: HEAT_MW}), ("sgen", "p_mw"): pd.DataFrame({0: SUN_MW})}
    q = {("load", "q_mvar"): pd.DataFrame({0: np.full(8, 0.004), 1: np.zeros(8)})}
    return net, {**p, **q}


def stored(p, efficiency=EFFICIENCY):
    """What a load adds to a store within an hour."""
    return np.where(p > 0.0, efficiency * p, p / efficiency)


def assert_stores_kept(net, p, e):
    """Powers and energies {kind: [n_period, n_unit]} of a day from the start to the end."""
    efficiency = net.storage.efficiency_percent[0] / 100.0
    for kind, start, low, high in (
        ("ev", net.ev_session.e_arrival_mwh, net.ev.min_e_mwh, net.ev.max_e_mwh),
        ("storage", 0.05, 0.01, 0.1),
    ):
        assert np.allclose(
            np.asarray(start) + stored(p[kind], efficiency).cumsum(axis=0), e[kind], rtol=0.0, atol=CLOSE
        )
        assert (e[kind] > np.asarray(low) - CLOSE).all() and (e[kind] < np.asarray(high) + CLOSE).all()
    assert (p["ev"] > -FEEDS_IN_MW - CLOSE).all() and (p["ev"] < 0.022 + CLOSE).all()
    assert (np.abs(p["storage"]) < 0.05 + CLOSE).all()
    assert (p["load"] > -CLOSE).all() and (p["load"] < 0.03 + CLOSE).all()
    drawn, hours, served = p["load"].cumsum(axis=0)[:, 0], np.arange(9.0), np.append(0.0, HEAT_MW.cumsum())
    assert np.allclose(drawn, e["load"][:, 0], rtol=0.0, atol=CLOSE)
    assert (drawn < np.interp(hours[1:] + SHIFT_H, hours, served) + CLOSE).all()
    assert (drawn > np.interp(hours[1:] - SHIFT_H, hours, served) - CLOSE).all()
