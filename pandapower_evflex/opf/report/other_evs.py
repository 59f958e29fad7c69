"""Whether a result is of the net as it stands now, of its EVs and at the same buses."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.injections import INJECTION_SIGN
from pandapower_evflex.case.provenance import net_sha256
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.checks import TABLES
from pandapower_evflex.tables.ev import EV
from pandapower_evflex.tables.faults import column_faults, fault_where, is_readable
from pandapower_evflex.tables.links import link_faults, moved_columns

logger = logging.getLogger(__name__)

REMEDY = "run run_flexibility_opf again"


def refuse_other_evs(net: Net, result: Any) -> None:
    """Refuse a result of other EVs: a schedule is written only for those that it was made for.

    Whatever else has changed in the net since the run is said in a warning.

    Raises
    ------
    InvalidInputError    EVs that came or went since, EVs at other buses, labels that were changed
    """
    faults = _ev_faults(net, result) or _unit_faults(net, result.settings.get("other_units", {}))
    if faults:
        raise InvalidInputError(faults)
    then = result.provenance.get("net_sha256")
    if then and then != net_sha256(net):
        logger.warning("the net has changed since the run, or came through Excel or SQLite: %s", REMEDY)


def _ev_faults(net: Net, result: Any) -> list[Fault]:
    ev = net.get("ev")
    if ev is None and not len(result.p_mw.columns):
        return []
    if not is_readable(ev) or not {"bus", "in_service"} <= set(ev):
        return [Fault("ev", "", (), "the table", "cannot be read", "put its columns and whole labels back")]
    evs, now = result.p_mw.columns, ev.index[ev["in_service"].astype(bool)]
    faults = link_faults(net, TABLES) + moved_columns(ev, "result", evs, "evf.toolbox.reindex_elements")
    gone, come = evs.difference(now), now.difference(evs)
    if len(gone):
        problem = "charge in the result, but are not in service in net.ev"
        faults.append(Fault("ev", "index", tuple(gone), "EVs", problem, f"put them back, or {REMEDY}"))
    if len(come):
        remedy = f"{REMEDY}, or set their in_service to False"
        faults.append(Fault("ev", "index", tuple(come), "EVs", "are not in the result", remedy))
    if faults:
        return faults
    bus = next(column for column in EV.columns if column.name == "bus")
    return column_faults(net, "ev", bus, ev.loc[now]) or _moved_faults(ev, result.settings.get("ev_bus", {}))


def _moved_faults(ev: pd.DataFrame, buses: dict[Any, int]) -> list[Fault]:
    then = pd.Series(buses, dtype=object).reindex(ev.index)
    moved = then.notna() & (ev["bus"] != then)
    return fault_where("ev", ev, "bus", moved, "is not the bus that the EV has in the result", REMEDY)


def _unit_faults(net: Net, other_units: Mapping[str, pd.DataFrame]) -> list[Fault]:
    """Rows of pandapower's tables that are out of service or at other buses now; what is gone is found elsewhere."""
    faults = []
    for kind, units in other_units.items():
        if kind not in INJECTION_SIGN or not is_readable(net.get(kind)):
            continue
        rows = net[kind].loc[net[kind].index.intersection(units.index)]
        idle = ~rows["in_service"].isin([True])
        problem, remedy = "is scheduled in the result, but out of service now", f"set it to True, or {REMEDY}"
        faults += fault_where(kind, rows, "in_service", idle, problem, remedy)
        moved = rows["bus"] != units["bus"].reindex(rows.index)
        faults += fault_where(kind, rows, "bus", moved, f"is not the bus that the {kind} has in the result", REMEDY)
    return faults
