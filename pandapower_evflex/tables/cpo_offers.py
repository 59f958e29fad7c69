"""What sites offer: their price in `net.cpo`, or what their rows of `net.flexibility` say."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pandapower_evflex.arrays import Net


def cpo_offers(net: Net, cpos: Sequence[int]) -> pd.DataFrame:
    """Price and cap of the sites that offer less charging.

    A site without a row in net.flexibility offers at the price of net.cpo; with rows, in service or not, only what
    those in service say. A row without a price keeps that of net.cpo.

    Parameters
    ----------
    net : pandapowerNet            tables that are right
    cpos : indices of net.cpo

    Returns
    -------
    DataFrame [cpo] with `price_eur_per_mwh` (NaN: no bid) and `max_p_mw` (NaN: no cap); sites out of service and those
    that offer nothing are left out
    """
    sites = net["cpo"].loc[list(cpos)]
    offers = pd.DataFrame({"price_eur_per_mwh": sites["price_eur_per_mwh"], "max_p_mw": float("nan")})
    offering = sites["in_service"].to_numpy(dtype=bool)
    if "flexibility" in net:
        rows = net["flexibility"]
        rows = rows[(rows["element_type"] == "cpo") & rows["element"].isin(sites.index)]
        own = rows[rows["in_service"].to_numpy(dtype=bool)].set_index("element")[list(offers)]
        offering = offering & (~sites.index.isin(rows["element"]) | sites.index.isin(own.index))
        offers = own.reindex(sites.index).fillna({"price_eur_per_mwh": sites["price_eur_per_mwh"]})
    return offers[offering]
