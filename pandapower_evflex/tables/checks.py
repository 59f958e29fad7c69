"""All tables of ours, and the check that every run starts with: users edit tables by hand, and pandapower's toolbox
reindexes and drops buses without knowing them."""

from __future__ import annotations

from typing import Any

from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.cos_phi_p import COS_PHI_P
from pandapower_evflex.tables.ev import EV
from pandapower_evflex.tables.ev_session import EV_SESSION
from pandapower_evflex.tables.flexibility import FLEXIBILITY
from pandapower_evflex.tables.schema import TableSchema, frame_faults

#: in the order of their references
TABLES: dict[str, TableSchema] = {schema.name: schema for schema in (EV, EV_SESSION, FLEXIBILITY, COS_PHI_P)}


def check_tables(net: Any) -> list[Fault]:
    """Everything wrong with our tables as they stand on the net, all gathered."""
    faults: list[Fault] = []
    for name, schema in TABLES.items():
        if name in net and (name == "ev" or not any(fault.table == "ev" for fault in faults)):
            faults += frame_faults(net, schema, net[name])
    if "ev_session" in net and "ev" not in net:
        faults.append(Fault("ev_session", "ev", (), "net.ev", "is missing", "create EVs with create_ev first"))
    return faults
