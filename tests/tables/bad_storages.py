"""Batteries that cannot offer flexibility as they stand."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandapower.control import ConstControl
from pandapower.create import create_storage
from pandapower.timeseries import DFData

import pandapower_evflex as evf
from tests.tables.bad import Bad

GOOD = {
    "p_mw": 0.0, "max_e_mwh": 0.1, "min_e_mwh": 0.01, "soc_percent": 50.0, "max_p_mw": 0.05, "min_p_mw": -0.05,
}  # fmt: skip


def storage(**values):
    """A battery with a row in net.flexibility, one value of which is wrong."""

    def before(net):
        create_storage(net, 5, **{**GOOD, **values})
        evf.create_flexibility(net, "storage", 0, "up")

    return before


def without(column):
    def before(net):
        storage()(net)
        del net.storage[column]

    return before


def with_controller(net):
    storage()(net)
    ConstControl(net, "storage", "p_mw", 0, profile_name=0, data_source=DFData(pd.DataFrame({0: [0.01] * 4})))


def run(**arguments):
    return lambda net: evf.run_flexibility_opf(net, n_periods=4, period_h=1.0, progress=False, **arguments)


def case(before, column, remedy, rows=(0,), **arguments):
    return Bad(run(**arguments), "storage", column, rows, remedy, before)


BAD_STORAGES = {
    "a battery without its energy": case(without("max_e_mwh"), "max_e_mwh", "100 kWh is 0.1"),
    "a battery of no energy": case(storage(max_e_mwh=0.0), "max_e_mwh", "100 kWh is 0.1"),
    "a lower energy limit above the capacity": case(storage(min_e_mwh=0.2), "min_e_mwh", "within the battery"),
    "a battery fuller than full": case(storage(soc_percent=120.0), "soc_percent", "0 to 100"),
    "a battery of unknown energy at the start": case(storage(soc_percent=np.nan), "soc_percent", "0 to 100"),
    "a battery that starts below its lower limit": case(storage(soc_percent=5.0), "soc_percent", "raise it"),
    "a battery without charging power": case(storage(max_p_mw=np.nan), "max_p_mw", "50 kW is 0.05"),
    "a battery without discharging power": case(storage(min_p_mw=np.nan), "min_p_mw", "positive when it charges"),
    "discharging power with the wrong sign": case(storage(min_p_mw=0.05), "min_p_mw", "positive when it charges"),
    "a charging efficiency as a share": case(storage(efficiency_percent=0.95), "efficiency_percent", "not 0.95"),
    "an efficiency of discharging above 100": case(
        storage(discharge_efficiency_percent=105.0), "discharge_efficiency_percent", "not 0.95"
    ),
    "a battery that is scaled": case(storage(scaling=2.0), "scaling", "set it to 1"),
    "a battery that a controller also drives": case(with_controller, "p_mw", "net.controller row 0"),
    "activations that are held of a battery with losses": case(
        storage(efficiency_percent=95.0), "min_p_mw", "set both efficiencies to 100", duration_h=2.0
    ),
    "a best effort beside a battery": case(
        storage(), "", "leave on_infeasible out", (), on_infeasible="best_effort"
    ),
}  # fmt: skip
