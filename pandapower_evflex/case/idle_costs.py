"""Costs that a user gave to our elements, as `pandapower.runopp` would minimise them: nothing here does."""

from __future__ import annotations

import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.errors import listed
from pandapower_evflex.tables.checks import TABLES


def idle_costs(net: Net) -> str:
    """A sentence on rows of `net.poly_cost` and `net.pwl_cost` that belong to our tables; "" for none."""
    found: dict[str, list[int]] = {}
    for name in ("poly_cost", "pwl_cost"):
        costs = net.get(name)
        if isinstance(costs, pd.DataFrame) and len(costs) and {"et", "element"} <= set(costs):
            for table, elements in costs.groupby("et")["element"]:
                if table in TABLES:
                    found.setdefault(f"net.{name} of {table}", []).extend(elements)
    if not found:
        return ""
    shown = "; ".join(f"{key} {listed(elements)}" for key, elements in found.items())
    return f"costs are not minimised ({shown}): net.flexibility holds what each offer is worth, in weight"
