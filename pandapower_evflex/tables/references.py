"""Which labels of other tables our tables hold: in columns, in their index, or as names of columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, Net
from pandapower_evflex.tables.checks import TABLES
from pandapower_evflex.tables.cpo_rates import RATE_TABLES
from pandapower_evflex.tables.format_version import KEY
from pandapower_evflex.tables.reference import Reference, references_of

SERIES_PREFIX = "evflex_"

#: bus of every EV in the last run
STORED_BUSES = f"{SERIES_PREFIX}ev_bus"

#: tables of results of which one row belongs to one row of ours
ROWS_OF = {"res_ev": "ev", "res_flexibility": "flexibility"}

#: tables whose labels are the columns of stored series, `evflex_<table>_...`
SERIES_OF = ("ev", "bus", "line", "trafo", "trafo3w", "load", "sgen", "storage", "gen")


#: in the order of TABLES: what a row refers to comes before it
REFERENCES = tuple(reference for schema in TABLES.values() for reference in references_of(schema))
_OF_RESULTS = Reference("res_flexibility", "element", "")


def present(net: Net, references: tuple[Reference, ...] = (*REFERENCES, _OF_RESULTS)) -> Iterator[Reference]:
    """References whose table the net holds, with the column."""
    for reference in references:
        if isinstance(net.get(reference.table), pd.DataFrame) and reference.column in net[reference.table]:
            yield reference


def labelled_columns(net: Net) -> Iterator[tuple[str, str]]:
    """Key and table of every frame on the net whose columns are labels: rates of sites, stored series."""
    for name in RATE_TABLES:
        if name in net:
            yield name, "cpo"
    for name in series_names(net):
        table = name.removeprefix(SERIES_PREFIX).split("_")[0]
        if table in SERIES_OF:
            yield name, table


def series_names(net: Net) -> list[str]:
    """Keys of what the last run stored."""
    return [key for key in net if isinstance(key, str) and key.startswith(SERIES_PREFIX) and key != KEY]


def bus_names(net: Net) -> list[str]:
    """Of these the frames of one row that hold the buses of units."""
    return [key for key in series_names(net) if key.endswith("_bus")]


def whole_labels(frame: pd.DataFrame) -> pd.DataFrame:
    """Column labels as whole numbers: SQLite gives them back as text."""
    return frame.set_axis(frame.columns.astype(np.int64), axis=1)


def mapped(values: pd.Series, lookup: Mapping[Any, Any], where: BoolArray) -> pd.Series:
    """Labels replaced by the lookup, others kept, in the dtype as it was."""
    cells = values.to_numpy(dtype=object, copy=True)
    cells[where] = [lookup.get(label, label) for label in cells[where]]
    return pd.Series(cells, index=values.index, name=values.name, dtype=object).astype(values.dtype)
