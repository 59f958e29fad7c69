"""A result of several forecasts as one of them sees it, and what takes no other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.opf.solve.recovery import Recovery
from pandapower_evflex.tables.kinds import is_label, shown

#: per scenario and forecast
_OF_GRID = ("vm_pu", "line_loading_percent", "trafo_loading_percent", "trafo3w_loading_percent")
#: most names in a message
NAMED = 5


def seen_in(result: Any, name: Any) -> Any:
    """See `FlexibilityOpfResult.in_forecast`."""
    if not is_label(name, list(result.forecasts)):
        remedy = (
            f"use one of {_names(result)}"
            if result.forecasts
            else "leave it out: this run knows only the profiles given"
        )
        problem = "is not a forecast of this run"
        raise InvalidInputError([Fault("in_forecast", "name", (), shown(name), problem, remedy)])
    frames: dict[str, Any] = {
        of: {scenario: frame for (scenario, forecast), frame in getattr(result, of).items() if forecast == name}
        for of in _OF_GRID
    }
    recovery = result.recovery and Recovery(result.recovery.case.under(name), result.recovery.schedule)
    return replace(
        result,
        **frames,
        binding=_of(result.binding, name).assign(forecast=""),
        findings=_of(result.findings, name),
        profiles=result.forecasts[name][1],
        forecasts={},
        settings={**result.settings, "worst_forecast": ""},
        recovery=recovery,
    )


def _of(rows: pd.DataFrame, name: Any) -> pd.DataFrame:
    """Rows of a forecast, and those of none."""
    return rows[(rows["forecast"] == name) | rows["forecast"].isna()].reset_index(drop=True)


def refuse_forecasts(function: str, result: Any) -> None:
    """Where voltages, loadings or profiles of one forecast are needed.

    Raises
    ------
    InvalidInputError    a result of several forecasts
    """
    if getattr(result, "forecasts", {}):
        remedy = f"give result.in_forecast(name), of {_names(result)}"
        value = f"a result of {len(result.forecasts)} forecasts"
        raise InvalidInputError([Fault(function, "result", (), value, "has a grid state for each", remedy)])


def _names(result: Any) -> str:
    names = [repr(name) for name in result.forecasts]
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
