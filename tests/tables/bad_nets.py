"""Values in pandapower's own tables that no run can start from."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pandas as pd

from tests.tables.bad import Bad, edited, load_profile, run


def spoilt(table, column, rows, remedy, before):
    return Bad(run, table, column, rows, remedy, before)


def some_profiled(net):
    """Profiles of all loads but load 1."""
    return run(net, {("load", "p_mw"): load_profile(net).drop(columns=1)})


def other_column_profiled(net):
    return run(net, {("load", "p_mw"): load_profile(net)})


def sgen_gap(net):
    pp.create_sgen(net, 5, p_mw=np.nan)


def limited(table, column, value, row=0):
    """A limit set by hand, in a column that may be new."""

    def change(net):
        if column not in net[table]:
            net[table][column] = np.nan
        net[table].loc[row, column] = value

    return change


def crossed_by_the_default(net):
    net.bus = net.bus.drop(columns="min_vm_pu", errors="ignore")
    net.bus["max_vm_pu"] = 1.1
    net.bus.loc[5, "max_vm_pu"] = 0.88


def crossed_by_a_switch(net):
    pp.create_switch(net, 5, 6, et="b")
    net.bus[["min_vm_pu", "max_vm_pu"]] = 0.9, 1.1
    net.bus.loc[5, "min_vm_pu"], net.bus.loc[6, "max_vm_pu"] = 1.02, 1.01


def no_impedance(net):
    net.line.loc[3, ["r_ohm_per_km", "x_ohm_per_km"]] = 0.0


def switch_of(net, element, et):
    """A switch as an import may leave it behind."""
    pp.create_switch(net, 5, 6, et="b", closed=False)
    net.switch["element"], net.switch["et"] = element, et


BAD_NETS = {
    "a load without a power": spoilt("load", "p_mw", (0,), "a profile of load.p_mw", edited("load", "p_mw", np.nan)),
    "an infinite load": spoilt("load", "p_mw", (0,), "give a finite number", edited("load", "p_mw", np.inf)),
    "a load's power as text": spoilt("load", "p_mw", (0,), "give a finite number", edited("load", "p_mw", "much")),
    "a load without a power beside profiles of the others": Bad(
        some_profiled, "load", "p_mw", (1,), "a profile of load.p_mw", edited("load", "p_mw", np.nan, row=1)
    ),
    "a load without reactive power beside its profile of active power": Bad(
        other_column_profiled, "load", "q_mvar", (1,), "a profile of load.q_mvar",
        edited("load", "q_mvar", np.nan, row=1),
    ),
    "a load without a scaling, though it has a profile": Bad(
        other_column_profiled, "load", "scaling", (2,), "give a finite number", edited("load", "scaling", np.nan, row=2)
    ),
    "a generator without a power": spoilt("sgen", "p_mw", (0,), "a profile of sgen.p_mw", sgen_gap),
    "a loading limit of 0 %": spoilt(
        "line", "max_loading_percent", (0,), "give percent, NaN where", limited("line", "max_loading_percent", 0.0)
    ),
    "a negative loading limit": spoilt(
        "trafo", "max_loading_percent", (0,), "give percent, NaN where", limited("trafo", "max_loading_percent", -5.0)
    ),
    "a line that may carry nothing": spoilt(
        "line", "max_i_ka", (2,), "give kA, NaN where", limited("line", "max_i_ka", 0.0, row=2)
    ),
    "a line's rating as text": spoilt(
        "line", "max_i_ka", (0,), "give kA, NaN where", edited("line", "max_i_ka", "much")
    ),
    "a derating of 0": spoilt("line", "df", (0,), "1 for the rating as it is", limited("line", "df", 0.0)),
    "no system of a line": spoilt("line", "parallel", (0,), "number of systems", limited("line", "parallel", 0)),
    "a transformer of 0 MVA": spoilt(
        "trafo", "sn_mva", (0,), "rated power in MVA", limited("trafo", "sn_mva", 0.0)
    ),
    "a transformer without a rated power": spoilt(
        "trafo", "sn_mva", (0,), "rated power in MVA", limited("trafo", "sn_mva", np.nan)
    ),
    "an upper voltage limit of 0": spoilt(
        "bus", "max_vm_pu", (5,), "give pu, NaN where", limited("bus", "max_vm_pu", 0.0, row=5)
    ),
    "a negative lower voltage limit": spoilt(
        "bus", "min_vm_pu", (5,), "give pu, NaN where", limited("bus", "min_vm_pu", -0.9, row=5)
    ),
    "voltage limits the wrong way round": spoilt(
        "bus", "min_vm_pu", (5,), "below the upper one", limited("bus", "min_vm_pu", 1.2, row=5)
    ),
    "an upper voltage limit below the lower one that holds without a column": spoilt(
        "bus", "min_vm_pu", (5,), "without a column: min_vm_pu 0.9", crossed_by_the_default
    ),
    "voltage limits of fused buses that leave no room": spoilt(
        "bus", "min_vm_pu", (5, 6), "below the upper limit of the other", crossed_by_a_switch
    ),
    "a line without a length": spoilt("line", "length_km", (0,), "km above 0", limited("line", "length_km", np.nan)),
    "a line of 0 km": spoilt("line", "length_km", (0,), "km above 0", limited("line", "length_km", 0.0)),
    "a line's length as text": spoilt("line", "length_km", (0,), "without quotes", edited("line", "length_km", "0,5")),
    "a line without any impedance": spoilt(
        "line", "x_ohm_per_km", (3,), "join the two buses by a switch",
        no_impedance,
    ),
    "a bus without a nominal voltage": spoilt(
        "bus", "vn_kv", (3,), "kV above 0", limited("bus", "vn_kv", np.nan, row=3)
    ),
    "a set point in percent": spoilt("ext_grid", "vm_pu", (0,), "1.02 for 2 %", limited("ext_grid", "vm_pu", 102.0)),
    "a transformer of negative voltage": spoilt(
        "trafo", "vn_lv_kv", (0,), "kV above 0", limited("trafo", "vn_lv_kv", -0.4)
    ),
    "a transformer without short-circuit voltage": spoilt(
        "trafo", "vk_percent", (0,), "4 to 12 for most", limited("trafo", "vk_percent", 0.0)
    ),
    "a transformer that is more resistance than impedance": spoilt(
        "trafo", "vkr_percent", (0,), "up to vk_percent", limited("trafo", "vkr_percent", 60.0)
    ),
    "a load at a missing bus": spoilt(
        "load", "bus", (2,), "use an index of net.bus", limited("load", "bus", 99, row=2)
    ),
    "a line to a missing bus": spoilt(
        "line", "to_bus", (2,), "use an index of net.bus", limited("line", "to_bus", 99, row=2)
    ),
    "a switch at a missing line": spoilt(
        "switch", "element", (0,), "use an index of net.line",
        lambda net: switch_of(net, 99, "l"),
    ),
    "a switch of an unknown kind": spoilt(
        "switch", "et", (0,), '"b", "l", "t" or "t3"', lambda net: switch_of(net, 0, "x")
    ),
    "in_service of a line as text": spoilt(
        "line", "in_service", (1,), "give True or False", edited("line", "in_service", "yes", row=1)
    ),
    "two loads of one label": spoilt(
        "load", "index", (0,), "its own index",
        lambda net: net.__setitem__("load", pd.concat([net.load, net.load.iloc[:1]])),
    ),
    "loads labelled by name": spoilt(
        "load", "index", (), "give whole numbers", lambda net: net.load.__setattr__("index", net.load.name)
    ),
    "lines without a column of reactances": spoilt(
        "line", "x_ohm_per_km", (), "put it back",
        lambda net: net.__setitem__("line", net.line.drop(columns="x_ohm_per_km")),
    ),
    "no table of motors": spoilt("motor", "", (), "create_empty_network", lambda net: net.pop("motor")),
    "a reference power of 0": spoilt(
        "net", "sn_mva", (), "give MVA above 0", lambda net: net.__setitem__("sn_mva", 0.0)
    ),
    "a frequency as text": spoilt("net", "f_hz", (), "without quotes", lambda net: net.__setitem__("f_hz", "50")),
}  # fmt: skip
