"""Generators that cannot be curtailed as they stand."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandapower.control import ConstControl
from pandapower.create import create_bus, create_sgen
from pandapower.timeseries import DFData

import pandapower_evflex as evf
from tests.tables.bad import Bad

SUN_MW = [0.0, 0.003, 0.002, 0.001]


def generator(**values):
    """A generator with a row in net.flexibility, one value of which is wrong."""

    def before(net):
        create_sgen(net, 5, 0.002, sn_mva=0.004)
        for column, value in values.items():
            net.sgen[column] = pd.Series([value], dtype=object if isinstance(value, str | bool) else float)
        evf.create_flexibility(net, "sgen", 0, "up")

    return before


def with_characteristic(**values):
    def before(net):
        generator(**values)(net)
        evf.create_cos_phi_p(net, 0)

    return before


def with_reactive_profile(net):
    profiles = {("sgen", column): pd.DataFrame({0: SUN_MW}) for column in ("p_mw", "q_mvar")}
    evf.run_flexibility_opf(net, profiles, period_h=1.0, progress=False)


def without_supply(net):
    generator()(net)
    net.sgen["bus"] = create_bus(net, 0.4, in_service=False)


def with_controller(net):
    generator()(net)
    ConstControl(net, "sgen", "p_mw", 0, profile_name=0, data_source=DFData(pd.DataFrame({0: SUN_MW})))


def run(p_mw=SUN_MW, **arguments):
    profiles = {("sgen", "p_mw"): pd.DataFrame({0: p_mw})}
    return lambda net: evf.run_flexibility_opf(net, profiles, period_h=1.0, progress=False, **arguments)


def without_profile(net):
    evf.run_flexibility_opf(net, n_periods=4, period_h=1.0, progress=False)


def two_days(net):
    days = [{("sgen", "p_mw"): pd.DataFrame({0: factor * np.array(SUN_MW)})} for factor in (1.0, 0.4)]
    forecasts = {name: (0.5, day) for name, day in zip(("clear", "clouds"), days, strict=True)}
    evf.run_flexibility_opf(net, forecasts=forecasts, period_h=1.0, progress=False)


def case(before, column, remedy, rows=(0,), call=None):
    return Bad(call or run(), "sgen", column, rows, remedy, before)


BAD_SGENS = {
    "a generator that offers to feed in more": Bad(
        lambda net: evf.create_flexibility(net, "sgen", 0, "down"), "flexibility", "direction", (1,),
        'it can only offer "up", less feed-in', generator(),
    ),
    "a generator that draws power": case(
        generator(), "p_mw", "a profile of 0 or more", call=run([0.0, -0.001, 0.0, 0.0])
    ),
    "a generator that draws power without a profile": case(
        generator(p_mw=-0.002), "p_mw", "a profile of 0 or more", call=without_profile
    ),
    "a least feed-in below 0": case(generator(min_p_mw=-0.001), "min_p_mw", "leave it empty for 0"),
    "a least feed-in that is no number": case(generator(min_p_mw="nothing"), "min_p_mw", "give a number in MW"),
    "an endless least feed-in": case(generator(min_p_mw=np.inf), "min_p_mw", "leave it out (NaN)"),
    "a generator that is curtailed and scaled to nothing": case(generator(scaling=0.0), "scaling", "a number above 0"),
    "a generator that is curtailed at a bus without supply": case(
        without_supply, "bus", "set the sgen's in_service to False"
    ),
    "a generator that is curtailed and that a controller drives": case(with_controller, "p_mw", "net.controller row 0"),
    "a generator that is curtailed with a profile in each forecast": case(
        generator(), "p_mw", "the same profile in every forecast", call=two_days
    ),
    "reactive power that is chosen without a characteristic": case(
        generator(control_q=True), "control_q", "create_cos_phi_p(net, sgen)"
    ),
    "reactive power that is chosen beside a profile": case(
        with_characteristic(control_q=True), "control_q", "leave the profile out", call=with_reactive_profile
    ),
    "a choice of reactive power that is neither": case(
        with_characteristic(control_q="yes"), "control_q", "give True or False"
    ),
    "activations that are held of a generator whose reactive power is chosen": case(
        with_characteristic(control_q=True), "control_q", "leave duration_h out", call=run(duration_h=2.0)
    ),
    "a best effort beside a generator that is curtailed": case(
        generator(), "", "leave on_infeasible out", (), run(on_infeasible="best_effort")
    ),
}  # fmt: skip
