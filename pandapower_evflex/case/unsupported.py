"""Elements that take part in a pandapower power flow, but that the balanced AC model here cannot represent."""

from __future__ import annotations

from typing import Any

import numpy as np

from pandapower_evflex.errors import Fault

UNSUPPORTED_TABLES = {
    "dcline": "replace it by a load and an sgen at its ends",
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
    "asymmetric_load": "replace it by a balanced load",
    "asymmetric_sgen": "replace it by a balanced sgen",
}

#: load columns of voltage-dependent shares; one column in old nets, two in new ones
VOLTAGE_DEPENDENT = (
    "const_z_percent",
    "const_i_percent",
    "const_z_p_percent",
    "const_i_p_percent",
    "const_z_q_percent",
    "const_i_q_percent",
)


def unsupported_elements(net: Any) -> list[Fault]:
    """A fault for every kind of element in service that would otherwise be dropped silently."""
    faults = []
    for table, remedy in UNSUPPORTED_TABLES.items():
        if table not in net or not len(net[table]):
            continue
        rows = net[table]
        if "in_service" in rows:
            rows = rows[rows["in_service"].astype(bool)]
        if len(rows):
            problem = "in service cannot be represented in the balanced AC model"
            faults.append(Fault(table, "", tuple(rows.index), f"{len(rows)} {table}", problem, remedy))
    load = net["load"]
    for column in VOLTAGE_DEPENDENT:
        if column in load:
            share = load[column].fillna(0.0).to_numpy(dtype=float)
            rows = load.index[(share != 0.0) & load["in_service"].to_numpy(dtype=bool)]
            if len(rows):
                value = ", ".join(f"{v:g}" for v in np.unique(share[share != 0.0])[:5])
                problem = "percent of a load that depends on the voltage cannot be represented"
                faults.append(Fault("load", column, tuple(rows), value, problem, "set the column to 0"))
    return faults
