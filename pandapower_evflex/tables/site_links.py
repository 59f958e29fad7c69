"""EVs on the outlets of sites: the charging of a site is in the load at its bus, so its EVs must be known as such."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.errors import Fault, listed
from pandapower_evflex.tables.faults import are_bools, as_numbers, fault_where, is_readable, numbers_of

logger = logging.getLogger(__name__)


def check_sites(net: Net, ev: pd.DataFrame) -> list[Fault]:
    """An EV hangs on an outlet of a site at its own bus."""
    if "cpo" not in net or not ev["cpo"].notna().any():
        return []
    linked = ev[ev["cpo"].notna()]
    bus = numbers_of(net, "cpo", "bus", linked["cpo"].astype(np.int64))
    wrong = ~np.isnan(bus) & (bus != linked["bus"].to_numpy(dtype=float))
    remedy = "give the EV the bus of its site, or leave cpo out"
    return fault_where("ev", linked, "cpo", wrong, "is a site at another bus", remedy)


def warn_of_unlinked_evs(net: Net, *, evs: Any = None, cpos: Any = None) -> None:
    """Log the EVs at the bus of a site that do not say whether they hang on its outlets: they may count twice.

    Parameters
    ----------
    evs, cpos : labels    only these; None: all of the table
    """
    ev, cpo = _in_service(net, "ev", evs), _in_service(net, "cpo", cpos)
    if ev is None or cpo is None or "cpo" not in ev:
        return
    at_site = np.isin(as_numbers(ev["bus"])[0], as_numbers(cpo["bus"])[0]) & ev["cpo"].isna().to_numpy()
    if at_site.any():
        logger.warning(
            "EVs %s are at the bus of a site (net.cpo) without saying so: if the load there contains their charging, "
            "it counts twice; give ev.cpo",
            listed(tuple(ev.index[at_site])),
        )


def _in_service(net: Net, table: str, labels: Any) -> pd.DataFrame | None:
    """Rows in service, None where a hand-edited table does not tell; the check before a run names why."""
    frame = net[table] if table in net else None
    if frame is None or not is_readable(frame) or not {"bus", "in_service"} <= set(frame):
        return None
    rows = frame if labels is None else frame.loc[labels]
    return rows[rows["in_service"].to_numpy(dtype=bool)] if are_bools(rows["in_service"]).all() else None
