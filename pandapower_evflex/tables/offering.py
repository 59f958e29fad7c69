"""pandapower's own tables whose rows may offer flexibility, and which of their rows do."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.errors import Fault, listed
from pandapower_evflex.tables.battery import STORAGE
from pandapower_evflex.tables.curtailable import SGEN
from pandapower_evflex.tables.faults import as_numbers, frame_faults, is_readable, typed
from pandapower_evflex.tables.schema import TableSchema
from pandapower_evflex.tables.shiftable import LOAD

logger = logging.getLogger(__name__)

#: columns that only this package knows: given without an offer, one was probably meant
ONLY_WITH_AN_OFFER = {"load": "shift_h", "sgen": "control_q"}
#: columns that count for the rows that offer; the tables are created by pandapower
OFFERING: dict[str, TableSchema] = {schema.name: schema for schema in (STORAGE, LOAD, SGEN)}


def offering_rows(net: Net, kind: str) -> pd.DataFrame:
    """Rows of a table, in service, that a row of `net.flexibility`, in service, names; none where there is no table."""
    table, offers = net.get(kind), net.get("flexibility")
    if not is_readable(table) or "in_service" not in table:
        return pd.DataFrame()
    if not is_readable(offers) or not {"element_type", "element", "in_service"} <= set(offers):
        return table.iloc[:0]
    of_kind = offers["element_type"] == kind
    if not of_kind.any():
        return table.iloc[:0]
    own = offers[of_kind & offers["in_service"].isin([True])]
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


def warn_of_missing_offers(net: Net) -> None:
    """Say in the log which rows have columns for flexibility, and no row in `net.flexibility` at all."""
    offers = net.get("flexibility")
    for kind, column in ONLY_WITH_AN_OFFER.items():
        table = net.get(kind)
        if not is_readable(table) or not {column, "in_service"} <= set(table):
            continue
        given = table[column].notna() & ~table[column].isin([0, False]) & table["in_service"].isin([True])
        offered = offers.loc[offers["element_type"] == kind, "element"] if is_readable(offers) else []
        idle = table.index[given].difference(pd.Index(offered))
        if len(idle):
            message = (
                "%s of net.%s does not count for %s: no row of net.flexibility offers them, see create_flexibility"
            )
            logger.warning(message, column, kind, listed(list(idle)))
