"""The other kinds of flexible elements in the suburb of the demo: a battery, two V2G cars, three heat pumps, its PV."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
from pandapower.create import create_load, create_storage

from pandapower_evflex.arrays import FloatArray, Net
from pandapower_evflex.tables.flexibility import create_flexibilities

Profiles = dict[tuple[str, str], pd.DataFrame]

#: MWh and MW of the battery, and of V2G cars percent of what is charged or fed in
BATTERY_MWH, BATTERY_MW, EFFICIENCY_PERCENT = 0.1, 0.03, 95.0
N_V2G, N_HEAT_PUMPS = 2, 3
#: MW, hours, and reactive over active power of a heat pump
HEAT_PUMP_MW, SHIFT_H, TAN_PHI = 0.004, 2.0, 0.2
#: share of its power that a heat pump draws by day, and what it draws more in a cold night
BY_DAY, BY_NIGHT = 0.25, 0.45


def with_all_kinds(net: Net, profiles: Profiles) -> tuple[Net, Profiles]:
    """The same day with every kind of element; the battery stands at the end of the first feeder."""
    net, profiles = copy.deepcopy(net), dict(profiles)
    far = net.line["to_bus"].iloc[-1]
    battery = create_storage(
        net, far, 0.0, max_e_mwh=BATTERY_MWH, min_e_mwh=0.1 * BATTERY_MWH, soc_percent=50.0, max_p_mw=BATTERY_MW,
        min_p_mw=-BATTERY_MW, name="battery",
    )  # fmt: skip
    net.storage.loc[battery, "efficiency_percent"] = EFFICIENCY_PERCENT
    v2g = net.ev.index[:N_V2G]
    net.ev.loc[v2g, "min_p_mw"] = -net.ev.loc[v2g, "max_p_mw"]
    net.ev.loc[v2g, "efficiency_percent"] = EFFICIENCY_PERCENT
    pumps = _heat_pumps(net, profiles)
    for kind, elements in (("storage", [battery]), ("load", pumps)):
        create_flexibilities(net, kind, np.repeat(elements, 2).tolist(), ["up", "down"] * len(elements))
    create_flexibilities(net, "sgen", net.sgen.index, "up")
    return net, profiles


def _heat_pumps(net: Net, profiles: Profiles) -> list[int]:
    """At the houses of the first loads, with their profiles."""
    p = profiles["load", "p_mw"]
    buses = net.load["bus"].iloc[:: len(net.load) // N_HEAT_PUMPS].iloc[:N_HEAT_PUMPS]
    pumps = [create_load(net, bus, 0.0, name=f"heat pump {i}") for i, bus in enumerate(buses)]
    net.load.loc[pumps, ["shift_h", "max_p_mw"]] = SHIFT_H, HEAT_PUMP_MW
    drawn = HEAT_PUMP_MW * _share(p.index)
    for column, factor in (("p_mw", 1.0), ("q_mvar", TAN_PHI)):
        own = pd.DataFrame({pump: factor * drawn for pump in pumps}, index=p.index)
        profiles["load", column] = pd.concat([profiles["load", column], own], axis=1)
    return pumps


def _share(times: pd.Index) -> FloatArray:
    """Of the greatest power: a little by day, most before sunrise."""
    hour = pd.DatetimeIndex(times).hour + pd.DatetimeIndex(times).minute / 60.0
    return np.asarray(BY_DAY + BY_NIGHT * 0.5 * (1.0 + np.cos(2.0 * np.pi * (hour - 4.0) / 24.0)))
