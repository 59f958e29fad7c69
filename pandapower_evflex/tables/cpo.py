"""`net.cpo`: one row per site of a charge point operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import IntArray, Net
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.faults import fault_where
from pandapower_evflex.tables.rows import NewRows
from pandapower_evflex.tables.schema import MEMORY, Column, TableSchema
from pandapower_evflex.tables.site_links import warn_of_unlinked_evs


def _charging_within_outlet(net: Net, rows: pd.DataFrame) -> list[Fault]:
    if "charging_p_mw" not in rows:
        return []
    wrong = rows["charging_p_mw"].astype(float) > rows["evse_p_mw"]
    return fault_where("cpo", rows, "charging_p_mw", wrong, "is above evse_p_mw", "give at most that of the outlet")


CPO = TableSchema(
    "cpo",
    "Sites of charge point operators (CPO). The load at the bus of a site contains its charging.",
    (
        Column("name", "object", "name of the site"),
        Column("bus", "int64", "bus of the site", required=True, foreign_key="bus"),
        Column(
            "n_evse", "int64", "N, number of outlets", required=True, lower=0,
            hint="give the number of outlets, a whole number of 0 or more",
        ),
        Column(
            "evse_p_mw", "float64", "P, power of one outlet", "MW", required=True, lower=0.0, upper=10.0,
            unusual_above=1.0, hint="give the power of one outlet in MW, 0 or more (22 kW is 0.022)",
        ),
        Column(
            "charging_p_mw", "float64", "mean power of a car that charges; NaN: that of the outlet", "MW",
            default=np.nan, lower=0.0, upper=10.0, unusual_above=1.0, optional=True,
            hint="give the mean power of a charging car in MW (3.6 kW is 0.0036), or leave it out",
        ),
        Column(
            "price_eur_per_mwh", "float64", "bid in the market; NaN: none", "EUR/MWh", default=np.nan, lower=0.0,
            hint="give what the operator asks for less charging, 0 or more; NaN for no bid",
        ),
        Column(
            "cos_phi", "float64", "power factor, inductive", default=1.0, required=True, above=0.0, upper=1.0,
            hint="give a power factor in (0, 1]",
        ),
        Column("in_service", "bool", "takes part", default=True),
        MEMORY,
    ),
    checks=(_charging_within_outlet,),
)  # fmt: skip


def charging_mw_per_outlet(sites: pd.DataFrame) -> pd.Series:
    """Power that an outlet with a charging car takes [MW]: on average where it is known, else what it can."""
    if "charging_p_mw" not in sites:
        return sites["evse_p_mw"]
    return sites["charging_p_mw"].astype(float).fillna(sites["evse_p_mw"])


def create_cpo(
    net: Net,
    bus: int,
    n_evse: int,
    evse_p_mw: float,
    *,
    charging_p_mw: float | None = np.nan,
    price_eur_per_mwh: float | None = np.nan,
    cos_phi: float = 1.0,
    name: str | None = None,
    index: int | None = None,
    in_service: bool = True,
    **kwargs: Any,
) -> int:
    """Add a site of a charge point operator to `net.cpo`.

    Its charging is part of the load at the bus: a site adds nothing to a power flow, and `run_flexibility_opf` ignores
    it. An EV on an outlet of the site says so (`create_ev(..., cpo=)`); one at the same bus that does not is warned of,
    since its charging then counts twice.

    Parameters
    ----------
    net : pandapowerNet
    bus : int
    n_evse : int                 N of the second paper, number of outlets; a site of 0 outlets sheds nothing
    evse_p_mw : float            P, power of one outlet [MW]
    charging_p_mw : float        mean power of a car that charges [MW], as `CpoRates.charging_p_mw` counts it; what the
                                 site can shave is then counted in it. NaN: `evse_p_mw`, often twice of what cars draw
    price_eur_per_mwh : float    bid in the market for less charging; NaN: none
    cos_phi : float              power factor, inductive
    **kwargs                     further columns

    Returns
    -------
    int    index in net.cpo

    Raises
    ------
    InvalidInputError    all faults: table, column, rows, value and remedy; the net is unchanged

    Examples
    --------
    >>> import pandapower.networks as nw, pandapower_evflex as evf
    >>> net = nw.create_kerber_landnetz_freileitung_1()
    >>> cpo = evf.create_cpo(net, 5, n_evse=60, evse_p_mw=0.025, price_eur_per_mwh=500)
    >>> evf.set_cpo_rates(net, cpo, charging_rate=0.45, occupancy_rate=0.85)
    >>> net.cpo_charging_rate.shape
    (96, 1)
    """
    rows = create_cpos(
        net, [bus], n_evse, evse_p_mw, charging_p_mw=charging_p_mw, price_eur_per_mwh=price_eur_per_mwh,
        cos_phi=cos_phi, name=name,
        index=None if index is None else [index], in_service=in_service, **kwargs,
    )  # fmt: skip
    return int(rows[0])


def create_cpos(
    net: Net,
    buses: Sequence[int],
    n_evse: Any,
    evse_p_mw: Any,
    *,
    charging_p_mw: Any = np.nan,
    price_eur_per_mwh: Any = np.nan,
    cos_phi: Any = 1.0,
    name: Any = None,
    index: Sequence[int] | None = None,
    in_service: Any = True,
    **kwargs: Any,
) -> IntArray:
    """Add many sites at once: arguments of `create_cpo` as scalars or one value per bus, None or NaN: the default.

    Parameters
    ----------
    net : pandapowerNet
    buses : sequence [n]    labels in net.bus
    others : as in `create_cpo`, each a scalar or one value per bus; None or NaN: not given there

    Returns
    -------
    int array [n]    indices in net.cpo

    Raises
    ------
    InvalidInputError    all faults of all rows; the net is unchanged
    """
    values = {
        "name": name,
        "bus": buses,
        "n_evse": n_evse,
        "evse_p_mw": evse_p_mw,
        "charging_p_mw": charging_p_mw,
        "price_eur_per_mwh": price_eur_per_mwh,
        "cos_phi": cos_phi,
        "in_service": in_service,
    }
    labels = NewRows(net, CPO, buses, index).append(values, kwargs)
    warn_of_unlinked_evs(net, cpos=labels)
    return labels
