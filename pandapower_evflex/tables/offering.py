"""pandapower's own tables whose rows may offer flexibility, and which of their rows do."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.battery import STORAGE
from pandapower_evflex.tables.curtailable import SGEN
from pandapower_evflex.tables.faults import as_numbers, frame_faults, is_readable, typed
from pandapower_evflex.tables.schema import TableSchema
from pandapower_evflex.tables.shiftable import LOAD

#: columns that count for the rows that offer; the tables are created by pandapower
OFFERING: dict[str, TableSchema] = {schema.name: schema for schema in (STORAGE, LOAD, SGEN)}


def offering_rows(net: Net, kind: str) -> pd.DataFrame:
    """Rows of a table, in service, that a row of `net.flexibility`, in service, names; none where there is no table."""
    table, offers = net.get(kind), net.get("flexibility")
    if not is_readable(table) or "in_service" not in table:
        return pd.DataFrame()
    if not is_readable(offers) or not {"element_type", "element", "in_service"} <= set(offers):
        return table.iloc[:0]
    own = offers[(offers["element_type"] == kind) & offers["in_service"].isin([True])]
    elements, _ = as_numbers(own["element"])
    return table[table.index.isin(elements) & table["in_service"].isin([True])]


def offering_faults(net: Net) -> list[Fault]:
    """Everything wrong with rows of pandapower's tables that offer flexibility."""
    faults = []
    for kind, schema in OFFERING.items():
        rows = offering_rows(net, kind)
        missing = [c.name for c in schema.columns if not c.optional and c.name not in rows]
        if len(rows):  # pandapower adds such columns where they are first given: each row lacks its value
            faults += frame_faults(net, schema, rows.assign(**dict.fromkeys(missing, np.nan)))
    return faults


def typed_offering_rows(net: Net, kind: str) -> pd.DataFrame:
    """The same rows in the dtypes of their schema, once they have no fault."""
    return typed(OFFERING[kind], offering_rows(net, kind))
