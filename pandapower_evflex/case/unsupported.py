"""Elements that take part in a pandapower power flow, but that the balanced AC model here cannot represent."""

from __future__ import annotations

import numpy as np

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.in_service import live_rows, says_true
from pandapower_evflex.case.net_tables import NET_TABLES, VOLTAGE_DEPENDENT
from pandapower_evflex.case.pf_options import loads_ignore_voltage
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.faults import as_numbers, fault_where, is_readable

UNSUPPORTED_TABLES = {
    "svc": "replace it by a shunt of fixed size",
    "ssc": "replace it by an sgen with fixed reactive power",
    "tcsc": "replace it by an impedance of fixed size",
    "vsc": "replace it by a load or sgen at its AC bus",
    "vsc_stacked": "replace it by a load or sgen at its AC bus",
    "vsc_bipolar": "replace it by a load or sgen at its AC bus",
    "b2b_vsc": "replace it by a load or sgen at its AC bus",
    "bus_dc": "leave DC grids out",
    "line_dc": "leave DC grids out",
    "load_dc": "leave DC grids out",
    "source_dc": "leave DC grids out",
}


def unsupported_elements(net: Net) -> list[Fault]:
    """A fault for every kind of element in service that would otherwise be dropped silently."""
    faults = []
    for table, remedy in UNSUPPORTED_TABLES.items():
        if table not in net or not is_readable(net[table]) or not len(net[table]):
            continue
        rows = net[table][says_true(net[table], "in_service")]
        if len(rows):
            problem = "in service cannot be represented in the balanced AC model"
            faults.append(Fault(table, "", tuple(rows.index), f"{len(rows)} {table}", problem, remedy))
    return faults + _voltage_dependent_loads(net)


def _voltage_dependent_loads(net: Net) -> list[Fault]:
    if "load" not in net or not is_readable(net["load"]) or loads_ignore_voltage(net):
        return []
    rows, faults = net["load"][live_rows(net, NET_TABLES["load"])], []
    for column in (name for name in VOLTAGE_DEPENDENT if name in rows):
        share, not_number = as_numbers(rows[column])
        problem = "percent of a load that depends on the voltage cannot be represented"
        faults += fault_where("load", rows, column, not_number, "is not a number", "set the column to 0")
        depends = ~np.isnan(share) & (share != 0.0)
        faults += fault_where("load", rows, column, depends, problem, "set the column to 0")
    return faults
