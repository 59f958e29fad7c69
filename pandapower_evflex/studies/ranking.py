"""Which nets first: by what EVs do to them, and by what scheduling saves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.studies.row import COLUMNS
from pandapower_evflex.tables.kinds import shown

FUNCTION = "rank_nets"


def rank_nets(rows: pd.DataFrame) -> pd.DataFrame:
    """The nets of an adoption study, those first that EVs break first.

    Parameters
    ----------
    rows : DataFrame    as `read_studies` returns it

    Returns
    -------
    DataFrame [rank from 1], for ``to_csv``
        `net`; `share_full`, `share_uncontrolled` and `share_scheduled`, the smallest share at which filling up from
        arrival, the same energy from arrival, or every schedule breaks a limit in at least half of the seeds and days
        (NaN: at none);
        `broken_percent` of all studies break limits by charging from arrival, of `saved_percent` a schedule keeps them
        all; `excess_percent`, how far the worst is beyond its limit, and where (`element_type, element, quantity`);
        `energy_short_mwh`, the most that drivers are short of on a day; `x, y` of the net; `studies`, and of them
        `failed` without an answer

        Nets are in order of `share_uncontrolled`, then of `share_full`, then of `excess_percent`, the largest first

    Raises
    ------
    InvalidInputError    not the rows of studies

    Examples
    --------
    >>> import pandapower_evflex as evf, tempfile
    >>> studies = evf.adoption_studies("create_kerber_landnetz_freileitung_1", (0.0, 0.5), options={"min_vm_pu": 0.95})
    >>> with tempfile.TemporaryDirectory() as out:
    ...     report = evf.run_studies(studies, out, progress=False)
    ...     ranking = evf.rank_nets(evf.read_studies(out))
    >>> ranking.columns[:4].tolist()
    ['net', 'share_full', 'share_uncontrolled', 'share_scheduled']
    """
    check_rows(FUNCTION, rows)
    table = pd.DataFrame([_of_net(str(net), own) for net, own in rows.groupby("net", sort=False)], columns=_COLUMNS)
    table = table.astype({"element": "Int64"})
    order = table.assign(worst=-table["excess_percent"].fillna(0.0))
    ranked = table.loc[
        order.sort_values(["share_uncontrolled", "share_full", "worst", "net"], na_position="last").index
    ]
    return ranked.set_axis(pd.RangeIndex(1, len(ranked) + 1, name="rank"))


def check_rows(function: str, rows: Any) -> None:
    """
    Raises
    ------
    InvalidInputError
    """
    if not isinstance(rows, pd.DataFrame) or not set(COLUMNS) <= set(rows.columns):
        remedy = "give what read_studies returns"
        raise InvalidInputError([Fault(function, "rows", (), shown(rows), "are not the rows of studies", remedy)])


_COLUMNS = [
    "net", "share_full", "share_uncontrolled", "share_scheduled", "broken_percent", "saved_percent", "excess_percent",
    "element_type", "element", "quantity", "energy_short_mwh", "x", "y", "studies", "failed",
]  # fmt: skip


def _of_net(net: str, rows: pd.DataFrame) -> dict[str, Any]:
    known = rows[rows["uncontrolled_holds"].notna()]
    breaks = ~known["uncontrolled_holds"].astype(bool)
    scheduled = known["scheduled_holds"].fillna(False).astype(bool)
    values: dict[str, Any] = {
        "net": net,
        "share_full": _first_share(known["share"], ~known["full_holds"].astype(bool)),
        "share_uncontrolled": _first_share(known["share"], breaks),
        "share_scheduled": _first_share(known["share"], ~scheduled),
        "broken_percent": 100.0 * breaks.mean() if len(known) else np.nan,
        "saved_percent": 100.0 * scheduled[breaks].mean() if breaks.any() else np.nan,
        "energy_short_mwh": rows["energy_short_mwh"].max(),
        "x": rows["x"].mean(),
        "y": rows["y"].mean(),
        "studies": len(rows),
        "failed": len(rows) - len(known),
        "excess_percent": np.nan,
        "element_type": "",
        "element": pd.NA,
        "quantity": "",
    }
    if breaks.any():
        worst = known.loc[known.loc[breaks, "breaks_excess_percent"].fillna(np.inf).idxmax()]
        for name in ("excess_percent", "element_type", "element", "quantity"):
            values[name] = worst[f"breaks_{name}"]
    return values


def _first_share(shares: pd.Series, breaks: pd.Series) -> float:
    """The smallest share at which at least half of the studies break a limit."""
    of_share = breaks.groupby(shares).mean()
    return float(of_share.index[of_share >= 0.5].min()) if (of_share >= 0.5).any() else np.nan
