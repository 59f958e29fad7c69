"""What promising the same in every forecast costs against each forecast alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.case.forecasts import EXPECTED, WORST
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.limits.by_period import ByLimit
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.objective import weighted_flexibility_mw
from pandapower_evflex.scenarios import Scenario

COLUMNS = ["probability", "objective_mw", "mean_p_up_mw", "mean_p_down_mw"]


def table_of(case: Case, alone: Mapping[Any, Schedule]) -> pd.DataFrame:
    """See `FlexibilityOpfResult.by_forecast`."""
    rows = {
        name: (
            case.probability[name],
            weighted_flexibility_mw(case, schedule),
            schedule.p_up.sum(axis=1).mean(),
            schedule.p_down.sum(axis=1).mean(),
        )
        for name, schedule in alone.items()
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS)
    expected = table[COLUMNS[1:]].mul(table["probability"], axis=0).sum()
    worst = table.loc[[table["objective_mw"].idxmin()]].set_axis([WORST])
    return pd.concat([table, expected.to_frame(EXPECTED).T.assign(probability=1.0)[COLUMNS], worst]).rename_axis(
        "forecast"
    )


def nothing_known(probability: Mapping[Any, float]) -> pd.DataFrame:
    """Of a run without a schedule, and of one without forecasts."""
    index = [*probability, EXPECTED, WORST] if probability else []
    table = pd.DataFrame(np.nan, index=pd.Index(index, dtype=object, name="forecast"), columns=COLUMNS)
    table["probability"] = pd.Series(dict(probability), dtype=float)
    return table


def most_limiting(prices: Mapping[Scenario, ByLimit]) -> Any:
    """The forecast whose limits cost most flexibility, by their shadow prices; "" where none costs any."""
    cost: dict[Any, float] = {}
    for row, tables in prices.items():
        cost[row.forecast] = cost.get(row.forecast, 0.0) + sum(float(table.sum()) for table in tables)
    name = max(cost, key=lambda forecast: cost[forecast], default="")
    return name if cost.get(name, 0.0) > 0.0 else ""
