"""Loads that cannot be shifted as they stand."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandapower.control import ConstControl
from pandapower.timeseries import DFData

import pandapower_evflex as evf
from tests.tables.bad import Bad

PROFILE_MW = [0.001, 0.003, 0.002, 0.0]


def load(**values):
    """Load 0 with a row in net.flexibility, one value of which is wrong."""

    def before(net):
        for column, value in {"q_mvar": 0.0, "shift_h": 1.0, **values}.items():
            if column not in net.load:
                net.load[column] = np.nan
            net.load[column] = net.load[column].astype(object if isinstance(value, str) else float)
            net.load.at[0, column] = value
        evf.create_flexibility(net, "load", 0, "up")

    return before


def without_shift(net):
    evf.create_flexibility(net, "load", 0, "up")


def with_controller(net):
    load()(net)
    ConstControl(net, "load", "p_mw", 0, profile_name=0, data_source=DFData(pd.DataFrame({0: PROFILE_MW})))


def run(p_mw=PROFILE_MW, **arguments):
    profiles = {("load", "p_mw"): pd.DataFrame({0: p_mw})}
    return lambda net: evf.run_flexibility_opf(net, profiles, period_h=1.0, progress=False, **arguments)


def two_days(net):
    days = [{("load", "p_mw"): pd.DataFrame({0: factor * np.array(PROFILE_MW)})} for factor in (1.0, 1.2)]
    forecasts = {name: (0.5, day) for name, day in zip(("mild", "cold"), days, strict=True)}
    evf.run_flexibility_opf(net, forecasts=forecasts, period_h=1.0, progress=False)


def case(before, column, remedy, rows=(0,), call=None):
    return Bad(call or run(), "load", column, rows, remedy, before)


BAD_SHIFTABLES = {
    "a load that is shifted nobody knows how far": case(without_shift, "shift_h", "90 minutes are 1.5"),
    "one of many loads without a shift": case(load(shift_h=np.nan), "shift_h", "90 minutes are 1.5"),
    "a shift backwards": case(load(shift_h=-1.0), "shift_h", "90 minutes are 1.5"),
    "an endless shift": case(load(shift_h=np.inf), "shift_h", "give a finite number"),
    "a shift that is no number": case(load(shift_h="two hours"), "shift_h", "give a number in h"),
    "a shift longer than the horizon": case(load(shift_h=4.5), "shift_h", "within the horizon"),
    "a greatest power below the profile": case(load(max_p_mw=0.002), "max_p_mw", "give at least 0.003 MW"),
    "a load of no power": case(load(max_p_mw=0.0), "max_p_mw", "5 kW is 0.005"),
    "a load that is shifted and scaled to nothing": case(load(scaling=0.0), "scaling", "a number above 0"),
    "a load that is shifted and feeds in": case(
        load(), "p_mw", "give a profile of 0 or more", call=run([0.001, -0.001, 0.002, 0.0])
    ),
    "reactive power of a load that draws nothing": case(load(q_mvar=0.001), "q_mvar", "a profile that is 0 where"),
    "a load that is shifted and that a controller drives": case(with_controller, "p_mw", "net.controller row 0"),
    "a load that is shifted with a profile in each forecast": case(
        load(), "p_mw", "the same profile in every forecast", call=two_days
    ),
    "a best effort beside a load that is shifted": case(
        load(), "", "leave on_infeasible out", (), run(on_infeasible="best_effort")
    ),
}  # fmt: skip
