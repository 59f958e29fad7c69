"""Calls of flexibility over a day, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.opf.report.moment import period_position
from pandapower_evflex.scenarios import DIRECTIONS
from pandapower_evflex.tables.faults import as_numbers
from pandapower_evflex.tables.kinds import is_one_of, shown

COLUMNS = ("period", "direction", "p_mw")
#: what a single call can be told and one of a day cannot: the column would say nothing
NOT_OF_A_DAY = ("evs", "share", "force", "duration_h")


def read_calls(function: str, calls: Any, labels: pd.Index, scenarios: Sequence[str]) -> dict[int, tuple[str, float]]:
    """By position of the period: direction and amount [MW], NaN for all that is offered.

    Raises
    ------
    InvalidInputError    names rows, values and remedies of all faults
    """
    if calls is None:
        return {}
    if not isinstance(calls, pd.DataFrame) or not set(COLUMNS) <= set(calls):
        remedy = f"give a DataFrame with the columns {', '.join(COLUMNS)}, or None"
        raise InvalidInputError([Fault(function, "activations", (), shown(calls), "is not a table of calls", remedy)])
    remedy = "leave the column out: a call of a day is for all that offer, as far as it is offered, for one period"
    told = [column for column in NOT_OF_A_DAY if column in calls]
    faults = [Fault(function, f"activations.{name}", (), "a column", "is not possible here", remedy) for name in told]
    amounts, not_number = as_numbers(calls["p_mw"])
    cells = zip(calls.index, calls["direction"], calls["p_mw"], amounts, not_number, strict=True)
    for row, direction, given, amount, wrong in cells:
        if not is_one_of(direction, tuple(DIRECTIONS)):
            remedy = f"use one of {tuple(DIRECTIONS)}"
            faults.append(Fault(function, "activations.direction", (row,), shown(direction), "is not known", remedy))
        elif direction not in scenarios:
            faults.append(not_sought(function, "activations.direction", direction, scenarios, (row,)))
        if wrong or amount < 0.0 or np.isinf(amount):
            remedy = "give positive MW, or NaN for all that is offered; the direction says which way"
            faults.append(
                Fault(function, "activations.p_mw", (row,), shown(given), "is not an amount of power", remedy)
            )
    positions = []
    for row, period in calls["period"].items():
        try:
            whole = isinstance(period, float | np.floating) and float(period).is_integer()  # as files have them
            positions.append(period_position(int(period) if whole else period, labels))
        except InvalidInputError as error:
            faults += [
                replace(fault, table=function, column="activations.period", rows=(row,)) for fault in error.faults
            ]
    if faults:
        raise InvalidInputError(faults)
    twice = pd.Series(positions, index=calls.index, dtype=int).duplicated(keep=False)
    if twice.any():
        rows, remedy = tuple(calls.index[twice]), "keep one call of a period, with the sum of both"
        value = ", ".join(str(period) for period in calls["period"][twice].unique())
        raise InvalidInputError([Fault(function, "activations.period", rows, value, "is called twice", remedy)])
    return {
        position: (direction, float(amount))
        for position, direction, amount in zip(positions, calls["direction"], amounts, strict=True)
    }


def not_sought(
    function: str, column: str, direction: str, scenarios: Sequence[str], rows: tuple[Any, ...] = ()
) -> Fault:
    """A call in a direction in which a run has sought no flexibility."""
    remedy = f'add "{direction}" to scenarios={tuple(scenarios)}'
    return Fault(function, column, rows, shown(direction), "is not among the scenarios of the plan", remedy)
