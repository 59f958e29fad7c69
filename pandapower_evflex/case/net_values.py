"""Values of pandapower's own tables that no power flow can start from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.in_service import live_rows
from pandapower_evflex.case.net_tables import NET_TABLES
from pandapower_evflex.case.profiles import SUPPORTED
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.faults import as_numbers, fault_where, is_readable
from pandapower_evflex.tables.number_text import read_hint

#: what every element in service needs; of these, profiles give p_mw and q_mvar
POWERS = {
    "load": ("p_mw", "q_mvar", "scaling"),
    "sgen": ("p_mw", "q_mvar", "scaling"),
    "storage": ("p_mw", "q_mvar", "scaling"),
    "gen": ("p_mw", "scaling"),
    "shunt": ("p_mw", "q_mvar"),
    "ward": ("ps_mw", "qs_mvar", "pz_mw", "qz_mvar"),
    "xward": ("ps_mw", "qs_mvar", "pz_mw", "qz_mvar"),
}


def gap_faults(net: Net, profiled: Mapping[tuple[str, str], Collection[Any]]) -> list[Fault]:
    """Powers of elements in service that are NaN, infinite or no numbers, and that no profile replaces.

    Parameters
    ----------
    profiled : {(table, column): elements}
    """
    faults = []
    for table, columns in POWERS.items():
        if table not in net or not is_readable(net[table]) or not len(net[table]):
            continue
        rows, live = net[table], live_rows(net, NET_TABLES[table])
        for column in (name for name in columns if name in rows):
            floats, not_number = as_numbers(rows[column])
            wrong = (not_number | ~np.isfinite(floats)) & live
            if not wrong.any():
                continue
            wrong &= ~rows.index.isin(list(profiled.get((table, column), ())))
            or_profile = f" or a profile of {table}.{column}" if (table, column) in SUPPORTED else ""
            remedy = f"give a finite number{or_profile}, or set in_service of the element to False"
            remedy += read_hint(rows[column][wrong & not_number])
            faults += fault_where(table, rows, column, wrong, "is not a finite number", remedy)
    return faults


def without_gaps(net: Net, table: str) -> pd.DataFrame:
    """The table with 0 where a power is not a finite number.

    For rows whose values nobody reads, profiled or out of service: pandapower spoils their buses all the same.
    """
    rows, filled = net[table], {}
    for column in (name for name in POWERS.get(table, ()) if len(rows) and name in rows):
        floats, _ = as_numbers(rows[column])
        if not np.isfinite(floats).all():
            filled[column] = np.where(np.isfinite(floats), floats, 0.0)
    return rows.assign(**filled) if filled else rows
