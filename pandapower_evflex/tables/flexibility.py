"""`net.flexibility`: who offers what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import IntArray, Net
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.faults import element_faults, fault_where
from pandapower_evflex.tables.offering import OFFERING
from pandapower_evflex.tables.rows import NewRows
from pandapower_evflex.tables.schema import MEMORY, Column, TableSchema

TABLE = "flexibility"
ELEMENT_TYPES = ("ev", "cpo", *OFFERING)


def _check_elements(net: Net, rows: pd.DataFrame) -> list[Fault]:
    return element_faults(net, TABLE, rows, ELEMENT_TYPES, "or create the row there first")


def _check_directions(net: Net, rows: pd.DataFrame) -> list[Fault]:
    by_site = (rows["element_type"] == "cpo") & (rows["direction"] == "up")
    by_generator = (rows["element_type"] == "sgen") & (rows["direction"] == "down")
    return [
        *fault_where(
            TABLE, rows, "direction", by_site, "cannot be offered by a charging site", 'a site can only offer "down"'
        ),
        *fault_where(
            TABLE, rows, "direction", by_generator, "cannot be offered by a generator, which is scheduled to feed in "
            "what is available", 'it can only offer "up", less feed-in',
        ),
    ]  # fmt: skip


def _check_prices(net: Net, rows: pd.DataFrame) -> list[Fault]:
    """A site that pays to be shed is most likely a slip of the sign."""
    wrong = (rows["element_type"] == "cpo") & (rows["price_eur_per_mwh"] < 0)
    remedy = "give what the operator asks for less charging, 0 or more; NaN for the price of net.cpo"
    return fault_where(TABLE, rows, "price_eur_per_mwh", wrong, "is below 0 EUR/MWh", remedy)


def _check_duplicates(net: Net, rows: pd.DataFrame) -> list[Fault]:
    wrong = rows.duplicated(["element_type", "element", "direction"])
    remedy = "keep one row per element and direction"
    return fault_where(TABLE, rows, "element", wrong, "has two offers in the same direction", remedy)


FLEXIBILITY = TableSchema(
    TABLE,
    "Offers of flexibility. Up is more charging, down is less charging. An EV without a row offers both at weight 1; "
    "the row of a site replaces the price of `net.cpo` and caps its bid. Elements of pandapower's tables offer what "
    "their rows here say, nothing without.",
    (
        Column("name", "object", "name of the offer"),
        Column("element_type", "object", "table of the element", required=True, choices=ELEMENT_TYPES),
        Column(
            "element", "int64", "index in that table", required=True, hint="use an index of the table that "
            "element_type names",
        ),
        Column(
            "direction", "object", 'a cpo offers "down" only, an sgen "up" only', required=True, choices=("up", "down"),
        ),
        Column("price_eur_per_mwh", "float64", "bid in the market", "EUR/MWh", default=np.nan),
        Column("weight", "float64", "C of the first paper's objective (4)", default=1.0, required=True, lower=0.0),
        Column(
            "max_p_mw", "float64", "cap on the offer; NaN: none", "MW", default=np.nan, above=0.0, unusual_above=3.0,
            hint="give MW above 0, or NaN for no cap; in_service=False withdraws the offer",
        ),
        Column("in_service", "bool", "takes part", default=True),
        MEMORY,
    ),
    (_check_elements, _check_directions, _check_prices, _check_duplicates),
    group="element",
)  # fmt: skip


def create_flexibility(
    net: Net,
    element_type: str,
    element: int,
    direction: str,
    *,
    price_eur_per_mwh: float | None = np.nan,
    weight: float = 1.0,
    max_p_mw: float | None = np.nan,
    name: str | None = None,
    index: int | None = None,
    in_service: bool = True,
    **kwargs: Any,
) -> int:
    """Add an offer to `net.flexibility`.

    An EV without any row offers both directions at weight 1, with rows only what they say. The row of a site (cpo)
    replaces its price in `net.cpo` and caps its bid.

    Parameters
    ----------
    net : pandapowerNet
    element_type, element : "ev", "cpo", "storage", "load" or "sgen", and the index in that table
    direction : "up" (more consumption or less feed-in) or "down" (less consumption or more feed-in)
    price_eur_per_mwh : float    bid in the market
    weight : float               C of the first paper's objective
    max_p_mw : float             cap on the offer, NaN: none

    Returns
    -------
    int    index in net.flexibility

    Raises
    ------
    InvalidInputError    the net is unchanged
    """
    rows = create_flexibilities(
        net, element_type, [element], direction, price_eur_per_mwh=price_eur_per_mwh, weight=weight, max_p_mw=max_p_mw,
        name=name, index=None if index is None else [index], in_service=in_service, **kwargs,
    )  # fmt: skip
    return int(rows[0])


def create_flexibilities(
    net: Net,
    element_type: Any,
    elements: Sequence[int],
    direction: Any,
    *,
    price_eur_per_mwh: Any = np.nan,
    weight: Any = 1.0,
    max_p_mw: Any = np.nan,
    name: Any = None,
    index: Sequence[int] | None = None,
    in_service: Any = True,
    **kwargs: Any,
) -> IntArray:
    """Add many offers at once; every argument of `create_flexibility` as a scalar or one value per element.

    None or NaN in a row: the default.

    Parameters
    ----------
    net : pandapowerNet
    element_type, direction : as in `create_flexibility`, a scalar or one value per element
    elements : sequence [n]    indices in the table of the element type
    others : as in `create_flexibility`, each a scalar or one value per element; None or NaN: not given there

    Returns
    -------
    int array [n]    indices in net.flexibility

    Raises
    ------
    InvalidInputError    all faults of all rows; the net is unchanged
    """
    values = {
        "name": name,
        "element_type": element_type,
        "element": elements,
        "direction": direction,
        "price_eur_per_mwh": price_eur_per_mwh,
        "weight": weight,
        "max_p_mw": max_p_mw,
        "in_service": in_service,
    }
    return NewRows(net, FLEXIBILITY, elements, index).append(values, kwargs)
