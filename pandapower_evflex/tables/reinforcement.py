"""`net.reinforcement`: what could be built, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import IntArray, Net
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.faults import element_faults, fault_where
from pandapower_evflex.tables.number_text import read_hint
from pandapower_evflex.tables.rows import NewRows
from pandapower_evflex.tables.schema import MEMORY, Column, TableSchema

TABLE = "reinforcement"
ELEMENT_TYPES = ("line", "trafo")
#: what a candidate can change
CHANGES = ["parallel", "std_type", "in_service"]


def _check_elements(net: Net, rows: pd.DataFrame) -> list[Fault]:
    return element_faults(net, TABLE, rows, ELEMENT_TYPES, "or create it there out of service first")


def _check_std_types(net: Net, rows: pd.DataFrame) -> list[Fault]:
    known = net["std_types"] if "std_types" in net and isinstance(net["std_types"], Mapping) else {}
    pairs = zip(rows["element_type"], rows["std_type"], strict=True)
    is_known = [isinstance(name, str) and name in known.get(table, ()) for table, name in pairs]
    wrong = rows["std_type"].notna().to_numpy() & ~np.array(is_known, dtype=bool)
    remedy = "use a standard type of the net (pandapower.create_std_type adds one)"
    return fault_where(TABLE, rows, "std_type", wrong, "is not a standard type for this kind of element", remedy)


def _check_std_type_numbers(net: Net, rows: pd.DataFrame) -> list[Fault]:
    """Text in a standard type where the table of the element has numbers."""
    known = net["std_types"] if "std_types" in net and isinstance(net["std_types"], Mapping) else {}
    wrong = np.zeros(len(rows), dtype=bool)
    texts: list[tuple[str, Any]] = []
    for i, (element_type, name) in enumerate(zip(rows["element_type"], rows["std_type"], strict=True)):
        of_kind = known.get(element_type)
        values = of_kind.get(name) if isinstance(of_kind, Mapping) and isinstance(name, str) else None
        values = values if isinstance(values, Mapping) else {}
        found = [(key, value) for key, value in values.items() if _is_text_for_number(net, element_type, key, value)]
        wrong[i], texts = bool(found), texts + found
    remedy = f"give the standard type numbers, without quotes{read_hint(value for _, value in texts)}"
    shown = ", ".join(dict.fromkeys(f"its {key} {value!r}" for key, value in texts))
    return fault_where(TABLE, rows, "std_type", wrong, "is not a number", remedy, shown)


def _is_text_for_number(net: Net, table: str, column: str, value: Any) -> bool:
    is_number = table in net and column in net[table] and pd.api.types.is_numeric_dtype(net[table][column])
    return is_number and isinstance(value, str)


def _check_service(net: Net, rows: pd.DataFrame) -> list[Fault]:
    wrong = rows["in_service"].eq(False).fillna(False)
    remedy = "give True for an element to put into service, nothing where it is; drop the row to withdraw the candidate"
    return fault_where(TABLE, rows, "in_service", wrong, "is not what a reinforcement does", remedy)


def _check_changes(net: Net, rows: pd.DataFrame) -> list[Fault]:
    wrong = rows[CHANGES].isna().all(axis=1)
    remedy = "give parallel, std_type or in_service=True"
    return fault_where(TABLE, rows, "element", wrong, "would stay as it is", remedy)


def _check_duplicates(net: Net, rows: pd.DataFrame) -> list[Fault]:
    wrong = rows.astype({name: str for name in CHANGES}).duplicated(["element_type", "element", *CHANGES])
    remedy = "keep one candidate per change; different changes of one element are welcome"
    return fault_where(TABLE, rows, "element", wrong, "has the same candidate twice", remedy)


REINFORCEMENT = TableSchema(
    TABLE,
    "Candidates of grid planning: lines and transformers that could be strengthened or put into service. `parallel` is "
    "the number of systems afterwards and `invest_eur` the total. Several candidates of one element are alternatives.",
    (
        Column("name", "object", "name of the candidate"),
        Column("element_type", "object", "table of the element", required=True, choices=ELEMENT_TYPES),
        Column(
            "element", "int64", "index in that table", required=True, hint="use an index of net.line or net.trafo",
        ),
        Column("invest_eur", "float64", "I_T, total investment", "EUR", required=True, lower=0.0),
        Column(
            "lifetime_years", "float64", "H, economic lifetime", "years", required=True, above=0.0, unusual_above=100.0,
            hint="give the economic lifetime, above 0 years",
        ),
        Column(
            "parallel", "Int64", "number of parallel systems afterwards; empty: as it is", lower=1,
            hint="give the number of systems afterwards, 1 or more",
        ),
        Column("std_type", "object", "standard type afterwards; empty: as it is"),
        Column("in_service", "boolean", "True: puts an element into service (a new cable or tie); empty: as it is"),
        MEMORY,
    ),
    (_check_elements, _check_std_types, _check_std_type_numbers, _check_service, _check_changes, _check_duplicates),
    group="element",
)  # fmt: skip


def create_reinforcement(
    net: Net,
    element_type: str,
    element: int,
    invest_eur: float,
    *,
    lifetime_years: float,
    parallel: int | None = None,
    std_type: str | None = None,
    in_service: bool | None = None,
    name: str | None = None,
    index: int | None = None,
    **kwargs: Any,
) -> int:
    """Add a candidate of grid planning to `net.reinforcement`; the element itself stays as it is.

    Parameters
    ----------
    net : pandapowerNet
    element_type, element : "line" or "trafo", and the index in that table
    invest_eur : float        I_T of the second paper's (18), the total
    lifetime_years : float    H of (18), the economic lifetime (not the target year)
    parallel : int            number of systems afterwards, not in addition; None: as it is
    std_type : str            standard type afterwards; None: as it is
    in_service : True         puts into service what the net holds out of service: a new cable, a new tie
    **kwargs                  further columns

    Returns
    -------
    int    index in net.reinforcement

    Raises
    ------
    InvalidInputError    all faults: table, column, rows, value and remedy; the net is unchanged

    Examples
    --------
    >>> import pandapower.networks as nw, pandapower_evflex as evf
    >>> net = nw.create_kerber_landnetz_freileitung_1()
    >>> evf.create_reinforcement(net, "line", 4, 20_000, lifetime_years=30, parallel=2)
    0
    """
    rows = create_reinforcements(
        net, element_type, [element], invest_eur, lifetime_years=lifetime_years, parallel=parallel, std_type=std_type,
        in_service=in_service, name=name, index=None if index is None else [index], **kwargs,
    )  # fmt: skip
    return int(rows[0])


def create_reinforcements(
    net: Net,
    element_type: Any,
    elements: Sequence[int],
    invest_eur: Any,
    *,
    lifetime_years: Any,
    parallel: Any = None,
    std_type: Any = None,
    in_service: Any = None,
    name: Any = None,
    index: Sequence[int] | None = None,
    **kwargs: Any,
) -> IntArray:
    """Add many candidates at once: arguments of `create_reinforcement` as scalars or one value per element.

    None or NaN in a row: as the element is.

    Parameters
    ----------
    net : pandapowerNet
    element_type, invest_eur, lifetime_years : as in `create_reinforcement`, a scalar or one value per element
    elements : sequence [n]    indices of lines or transformers
    others : as in `create_reinforcement`, each a scalar or one value per element; None or NaN: not given there

    Returns
    -------
    int array [n]    indices in net.reinforcement

    Raises
    ------
    InvalidInputError    all faults of all rows; the net is unchanged
    """
    values = {
        "name": name,
        "element_type": element_type,
        "element": elements,
        "invest_eur": invest_eur,
        "lifetime_years": lifetime_years,
        "parallel": parallel,
        "std_type": std_type,
        "in_service": in_service,
    }
    return NewRows(net, REINFORCEMENT, elements, index).append(values, kwargs)
