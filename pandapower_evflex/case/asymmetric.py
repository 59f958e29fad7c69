"""Loads and generators with a power per phase: the balanced model takes the sum of the phases, as `runpp` does."""

from __future__ import annotations

import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.in_service import live_rows
from pandapower_evflex.case.net_tables import ASYMMETRIC, NET_TABLES, P_OF_PHASES, Q_OF_PHASES

#: what is read of a load
_BALANCED = ["bus", "p_mw", "q_mvar", "scaling"]


def balanced_loads(net: Net) -> pd.DataFrame:
    """Loads in service, then the sums of the phases of asymmetric ones: bus, p_mw, q_mvar, scaling.

    The rows of `net.load` keep their labels, the others have labels of their own beyond them.
    """
    balanced, asymmetric = (
        net[table][net[table]["in_service"].to_numpy(dtype=bool)] for table in ("load", "asymmetric_load")
    )
    first = net["load"].index.max() + 1 if len(net["load"]) else 0
    sums = with_sums_of_phases(asymmetric).set_axis(range(first, first + len(asymmetric)))
    return pd.concat([balanced[_BALANCED], sums[_BALANCED]]) if len(sums) else balanced[_BALANCED]


def with_sums_of_phases(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of an asymmetric table with p_mw and q_mvar."""
    return rows.assign(p_mw=rows[list(P_OF_PHASES)].sum(axis=1), q_mvar=rows[list(Q_OF_PHASES)].sum(axis=1))


def unseen_phases(net: Net) -> str:
    """A sentence on elements in service that have a power per phase, "" where there are none."""
    counts = {table: int(live_rows(net, NET_TABLES[table]).sum()) for table in ASYMMETRIC if len(net[table])}
    found = " and ".join(f"{count} {table}" for table, count in counts.items() if count)
    if not found:
        return ""
    return (
        f"{found} in service: the sum of their phases counts, since the model is balanced, as runpp is; "
        "voltages and currents of single phases are not looked at"
    )
