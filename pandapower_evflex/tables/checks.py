"""All tables of ours, and the check that every run starts with: users edit tables by hand, and pandapower's toolbox
reindexes and drops buses without knowing them."""

from __future__ import annotations

from pandapower_evflex.arrays import Net
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.cos_phi_p import COS_PHI_P
from pandapower_evflex.tables.cpo import CPO
from pandapower_evflex.tables.cpo_rates import moved_rate_faults, rate_faults
from pandapower_evflex.tables.ev import EV
from pandapower_evflex.tables.ev_session import EV_SESSION
from pandapower_evflex.tables.faults import frame_faults
from pandapower_evflex.tables.flexibility import FLEXIBILITY
from pandapower_evflex.tables.format_version import version_faults
from pandapower_evflex.tables.links import link_faults
from pandapower_evflex.tables.reinforcement import REINFORCEMENT
from pandapower_evflex.tables.schema import TableSchema
from pandapower_evflex.tables.session_checks import first_session_faults
from pandapower_evflex.tables.unusual import in_service, warn_of_unusual

#: in the order of their references
TABLES: dict[str, TableSchema] = {
    schema.name: schema for schema in (CPO, EV, EV_SESSION, FLEXIBILITY, COS_PHI_P, REINFORCEMENT)
}


def check_tables(net: Net) -> list[Fault]:
    """Everything wrong with our tables as they stand on the net, all gathered; a net without them is right.

    Beside what the create functions refuse, the first session of an EV must say with what energy the EV comes: while
    sessions are being created, an earlier one may still follow. Of right tables, values that are unusually large are
    logged as the create functions do.
    """
    faults = version_faults(net)
    faults += [
        fault for name, schema in TABLES.items() if name in net for fault in frame_faults(net, schema, net[name])
    ]
    for name, schema in TABLES.items() if not faults else ():
        if name in net:
            warn_of_unusual(schema, in_service(net[name]))
    if "ev_session" in net and not any(fault.table in ("ev", "ev_session") for fault in faults):
        faults += first_session_faults(net)
    faults += rate_faults(net)
    return faults + link_faults(net, TABLES) + moved_rate_faults(net)
