"""`net.storage`, pandapower's own table: what a battery with a row in `net.flexibility` must say."""

from __future__ import annotations

import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.faults import fault_where
from pandapower_evflex.tables.schema import Column, TableSchema


def _check_energy(net: Net, rows: pd.DataFrame) -> list[Fault]:
    if "min_e_mwh" not in rows:
        return []
    wrong = rows["min_e_mwh"] > rows["max_e_mwh"]
    return fault_where("storage", rows, "min_e_mwh", wrong, "is above max_e_mwh", "lower it to within the battery")


def _check_start(net: Net, rows: pd.DataFrame) -> list[Fault]:
    if "min_e_mwh" not in rows:
        return []
    start = rows["soc_percent"] / 100.0 * rows["max_e_mwh"]
    wrong = (start < rows["min_e_mwh"]) & (rows["min_e_mwh"] <= rows["max_e_mwh"])
    remedy = "soc_percent is the share of max_e_mwh at the start of the horizon: raise it, or lower min_e_mwh"
    return fault_where("storage", rows, "soc_percent", wrong, "is an energy below min_e_mwh", remedy)


def _check_scaling(net: Net, rows: pd.DataFrame) -> list[Fault]:
    if "scaling" not in rows:
        return []
    wrong = rows["scaling"] != 1.0
    remedy = "set it to 1 and give powers and energies of the battery as it is"
    return fault_where("storage", rows, "scaling", wrong, "would scale a schedule that is in MW already", remedy)


STORAGE = TableSchema(
    "storage",
    "Batteries that offer flexibility, positive when they charge. pandapower's table; these columns count for those "
    "with a row in `net.flexibility`: a schedule stands in place of their `p_mw` and its profile.",
    (
        Column(
            "max_e_mwh", "float64", "usable energy", "MWh", required=True, above=0.0,
            hint="give the usable energy in MWh (100 kWh is 0.1)",
        ),
        Column("min_e_mwh", "float64", "lower limit of the energy; missing: 0", "MWh", optional=True, lower=0.0),
        Column(
            "soc_percent", "float64", "energy at the start of the horizon, of `max_e_mwh`; at its end at least as much",
            "%", required=True, lower=0.0, upper=100.0,
            hint="give the state of charge at the start in percent, 0 to 100",
        ),
        Column(
            "max_p_mw", "float64", "greatest charging power", "MW", required=True, above=0.0,
            hint="give the greatest charging power in MW (50 kW is 0.05)",
        ),
        Column(
            "min_p_mw", "float64", "greatest discharging power, as a number below 0", "MW", required=True, upper=0.0,
            hint="a storage is positive when it charges: give the greatest discharging power as a number of 0 or below "
            "(50 kW is -0.05)",
        ),
        Column(
            "efficiency_percent", "float64", "charging efficiency; missing: 100", "%", optional=True, above=1.0,
            upper=100.0, hint="percent from 0 to 100 is meant: 95, not 0.95",
        ),
        Column(
            "discharge_efficiency_percent", "float64", "share of what leaves the battery that is fed in; missing: "
            "`efficiency_percent`", "%", optional=True, above=1.0, upper=100.0,
            hint="percent from 0 to 100 is meant: 95, not 0.95",
        ),
        Column("scaling", "float64", "must be 1", optional=True, required=True),
    ),
    (_check_energy, _check_start, _check_scaling),
)  # fmt: skip
