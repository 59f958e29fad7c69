"""Wrong EVs."""

from __future__ import annotations

import numpy as np
import pandas as pd

import pandapower_evflex as evf
from tests.tables.bad import Bad


def ev(bus=5, **values):
    """create_ev, which would be row 2, with one wrong value."""
    return lambda net: evf.create_ev(net, bus, **{"max_p_mw": 0.011, "max_e_mwh": 0.06, **values})


def evs(buses=(5, 6, 7), **values):
    """create_evs, which would be rows 2 to 4."""
    return lambda net: evf.create_evs(net, buses, **{"max_p_mw": 0.011, "max_e_mwh": 0.06, **values})


def loads(labels, **values):
    return lambda net: evf.evs_from_loads(net, labels, **{"max_e_mwh": 0.06, **values})


def load_out_of_service(net):
    net.load.loc[3, "in_service"] = False


BAD_EVS = {
    "Series in two orders": Bad(
        evs(pd.Series([5, 6, 7]), max_p_mw=pd.Series([0.011, 0.022, 0.003], index=[2, 0, 1])),
        "ev",
        "max_p_mw",
        (),
        "give .loc[bus.index]",
    ),
    "an EV at a bus that does not exist": Bad(ev(bus=9999), "ev", "bus", (2,), "use an index of net.bus"),
    "an EV without a bus": Bad(ev(bus=None), "ev", "bus", (2,), "use an index of net.bus"),
    "an EV at half a bus": Bad(ev(bus=5.5), "ev", "bus", (2,), "use an index of net.bus"),
    "one of many EVs at a bus that does not exist": Bad(evs([5, 9999, 7]), "ev", "bus", (3,), "index of net.bus"),
    "an index that is taken": Bad(ev(index=0), "ev", "index", (0,), "give labels that are free"),
    "an index given twice": Bad(evs(index=[7, 8, 7]), "ev", "index", (7,), "give labels that are free"),
    "an index that is no whole number": Bad(ev(index=2.5), "ev", "index", (), "give one whole number per row"),
    "an unknown standard type": Bad(ev(std_type="Tesla Model Z"), "ev", "std_type", (2,), "use one of Tesla Model Y"),
    "two phases": Bad(ev(phases=2), "ev", "phases", (2,), "use 1 or 3"),
    "no charging power": Bad(ev(max_p_mw=None), "ev", "max_p_mw", (2,), "or a std_type"),
    "no battery": Bad(ev(max_e_mwh=None), "ev", "max_e_mwh", (2,), "or a std_type"),
    "a charging power in kW": Bad(ev(max_p_mw=11.0), "ev", "max_p_mw", (2,), "11 kW is 0.011"),
    "a battery in kWh": Bad(ev(max_e_mwh=60.0), "ev", "max_e_mwh", (2,), "60 kWh is 0.060"),
    "a negative charging power": Bad(ev(max_p_mw=-0.011), "ev", "max_p_mw", (2,), "give the charging power in MW"),
    "a charging power of 0": Bad(ev(max_p_mw=0.0), "ev", "max_p_mw", (2,), "give the charging power in MW"),
    "a charging power as text": Bad(ev(max_p_mw="0.011"), "ev", "max_p_mw", (2,), "without quotes"),
    "a charging power that is a truth value": Bad(ev(max_p_mw=True), "ev", "max_p_mw", (2,), "give a number in MW"),
    "an infinite battery": Bad(ev(max_e_mwh=np.inf), "ev", "max_e_mwh", (2,), "give a finite number"),
    "a lower energy limit above the battery": Bad(ev(min_e_mwh=0.07), "ev", "min_e_mwh", (2,), "within the battery"),
    "a negative lower energy limit": Bad(ev(min_e_mwh=-0.01), "ev", "min_e_mwh", (2,), "give 0 MWh or more"),
    "feeding in, in kW": Bad(ev(min_p_mw=-11), "ev", "min_p_mw", (2,), "V2G"),
    "an efficiency of feeding in without power to feed in": Bad(
        ev(discharge_efficiency_percent=95.0), "ev", "discharge_efficiency_percent", (2,), "greatest power fed in"
    ),
    "a share where a percentage of feeding in is meant": Bad(
        ev(min_p_mw=-0.005, discharge_efficiency_percent=0.95), "ev", "discharge_efficiency_percent", (2,), "not 0.95"
    ),
    "a least power above the greatest": Bad(ev(min_p_mw=0.02), "ev", "min_p_mw", (2,), "below the greatest"),
    "an efficiency given as a fraction": Bad(
        ev(efficiency_percent=0.9), "ev", "efficiency_percent", (2,), "95, not 0.95"
    ),
    "an efficiency above 100 %": Bad(ev(efficiency_percent=110.0), "ev", "efficiency_percent", (2,), "from 0 to 100"),
    "a power factor of 0": Bad(ev(cos_phi=0.0), "ev", "cos_phi", (2,), "(0, 1]"),
    "a power factor above 1": Bad(ev(cos_phi=1.2), "ev", "cos_phi", (2,), "(0, 1]"),
    "a consumption in Wh/km": Bad(
        ev(consumption_kwh_per_km=170.0), "ev", "consumption_kwh_per_km", (2,), "170 Wh/km is 0.17"
    ),
    "controllable that is neither true nor false": Bad(
        ev(controllable="yes"), "ev", "controllable", (2,), "give True or False"
    ),
    "a site that does not exist": Bad(ev(cpo=3), "ev", "cpo", (2,), "use an index of net.cpo"),
    "values of another number than EVs": Bad(evs(max_p_mw=[0.011, 0.011]), "ev", "max_p_mw", (), "or one each"),
    "standard types of another number than EVs": Bad(evs(std_type=["MG4"] * 2), "ev", "std_type", (), "or one each"),
    "a slip in an argument's name": Bad(ev(max_p_kw=11.0), "ev", "max_p_kw", (), "use max_p_mw"),
    "an argument without its unit": Bad(ev(efficiency=95.0), "ev", "efficiency", (), "use efficiency_percent"),
    "EVs from unknown loads": Bad(loads([2, 999]), "load", "index", (999,), "use an index of net.load"),
    "EVs from one load twice": Bad(loads([2, 2]), "load", "index", (2,), "name each load once"),
    "EVs from a load out of service": Bad(
        loads([2, 3]), "load", "in_service", (3,), "in service first", load_out_of_service
    ),
    "EVs from loads without a battery": Bad(
        loads([2, 3], max_e_mwh=None), "ev", "max_e_mwh", (2, 3), "60 kWh is 0.060"
    ),
}
