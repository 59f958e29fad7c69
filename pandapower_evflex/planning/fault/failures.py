"""How often elements fail, and how long that lasts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.planning.fault.post_fault import FAILING

#: periods of a day are met once per this time
HOURS_PER_DAY = 24.0
COLUMNS = ["failure_rate_per_year", "repair_time_h", "switching_time_h"]


def repair_time_h(net: Net, table: str, element: Any) -> float:
    """NaN where it is not known."""
    return float(net[table].at[element, "repair_time_h"]) if "repair_time_h" in net[table] else np.nan


def events_per_fault(repair_h: float, given: float | None) -> float:
    """Congestion windows met by one fault: a daily window once per 24 h of repair; 1 where that is not known."""
    if given is not None:
        return float(given)
    return 1.0 if np.isnan(repair_h) else repair_h / HOURS_PER_DAY


def failures(net: Net, events: float | None) -> pd.DataFrame:
    """Rates and times of every element that fails, in service or not; NaN where the net does not know them."""
    found = []
    for table in FAILING:
        if "failure_rate_per_year" not in net[table]:
            continue
        rows = net[table].reindex(columns=COLUMNS).astype(float)
        rows = rows[rows["failure_rate_per_year"] > 0.0]
        rows.index = pd.Index([(table, label) for label in rows.index], tupleize_cols=False, dtype=object)
        found.append(rows)
    rates = pd.concat(found)
    return rates.assign(events_per_fault=[events_per_fault(hours, events) for hours in rates["repair_time_h"]])
