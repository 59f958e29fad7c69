"""Further columns of our tables are welcome, but not `max_p_kw` or `trip`, which would be silently without effect."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.schema import MEMORY, TableSchema

#: a name so much alike a known one is taken for a slip of the pen (ratio of difflib)
ALIKE = 0.85


def names_alike(name: str, known: Iterable[str]) -> list[str]:
    """What a name may stand for: known ones of which it is the start, before the unit; else the one most alike."""
    known = list(known)
    unit_left_out = [other for other in known if other.startswith(f"{name.lower()}_")]
    return unit_left_out or difflib.get_close_matches(name.lower(), known, n=1, cutoff=ALIKE)


def slip_faults(schema: TableSchema, names: Iterable[Any]) -> list[Fault]:
    """Columns of one of our tables that are none of the schema's and may be meant for one.

    Some arguments of the create functions are read there only: as columns they would say nothing. Times beside their
    hours (`start`) are harmless.
    """
    if MEMORY not in schema.columns:
        return []  # pandapower's own
    known, faults = schema.known_names, []
    for name in names:
        if not isinstance(name, str) or (name in known and not _is_read_at_creation(schema, name)):
            continue
        if name in known:
            energy = name.replace("soc_", "e_").replace("_percent", "_mwh")
            remedy = f"set {energy}; create_{schema.name}s takes states of charge and keeps the energy"
            faults.append(Fault(schema.name, name, (), "the argument", "is no column", remedy))
        elif meant := names_alike(name, known):
            remedy = f"use {' or '.join(meant)}; a column of its own needs a name that cannot be mistaken"
            faults.append(Fault(schema.name, name, (), "the name", "is not known", remedy))
    return faults


def _is_read_at_creation(schema: TableSchema, name: str) -> bool:
    return name in schema.arguments and name.endswith("_percent")
