"""What is drawn or told beside a result: the same periods, the same EVs, the same net."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.errors import Fault, InvalidInputError, listed
from pandapower_evflex.opf.report.results import FlexibilityOpfResult
from pandapower_evflex.opf.uncontrolled import UncontrolledCharging
from pandapower_evflex.tables.kinds import shown
from pandapower_evflex.tables.number_frames import frame_of_numbers

SAME = "give the same profiles and periods to both"


def check_uncontrolled(function: str, uncontrolled: Any, result: FlexibilityOpfResult, *values: type) -> None:
    """Raise where neither the charging without a schedule that belongs to the result nor its values are given.

    Parameters
    ----------
    values : types of tables of values that serve too, DataFrame or Series

    Raises
    ------
    InvalidInputError    names ``function``: another kind of thing, other periods, other EVs or buses
    """
    if uncontrolled is None:
        return
    tables = "".join(f", a {kind.__name__} of its values," for kind in values)
    remedy = f"give what uncontrolled_charging returned{tables} or None"
    if not isinstance(uncontrolled, (UncontrolledCharging, *values)):
        problem = "is not charging without a schedule"
        raise InvalidInputError([Fault(function, "uncontrolled", (), shown(uncontrolled), problem, remedy)])
    if not isinstance(uncontrolled, UncontrolledCharging):
        table: Any = uncontrolled
        _refuse_other_periods(function, table.index, result)
        return
    _refuse_other_periods(function, uncontrolled.p_mw.index, result)
    _refuse_other_columns(function, "EVs", uncontrolled.p_mw.columns, result.p_mw.columns)
    for voltages in result.vm_pu.values():
        _refuse_other_columns(function, "buses", uncontrolled.vm_pu.columns, voltages.columns)


def values_beside(
    function: str, uncontrolled: pd.DataFrame, what: str, expected: pd.Index, least: float | None = None
) -> pd.DataFrame:
    """Numbers of a table [period x element] that is drawn instead of charging without a schedule.

    Parameters
    ----------
    what : whose columns they are, for faults
    expected : columns of the result
    least : what no value may lie below

    Raises
    ------
    InvalidInputError    other columns than those of the result, text, values below ``least``
    """
    _refuse_other_columns(function, what, uncontrolled.columns, expected)
    floats = frame_of_numbers(function, "uncontrolled", uncontrolled)
    wrong = floats < (-np.inf if least is None else least)
    if wrong.to_numpy().any():
        rows = tuple(floats.index[wrong.any(axis=1)].tolist())
        value = float(floats.min(axis=None))
        remedy = "give what uncontrolled_charging or runpp returned"
        raise InvalidInputError([Fault(function, "uncontrolled", rows, value, f"is below {least:g}", remedy)])
    return floats


def _refuse_other_periods(function: str, labels: pd.Index, result: FlexibilityOpfResult) -> None:
    """Rows count by position where they are numbered from 0, or where only one of both has dates."""
    periods = result.p_mw.index
    if len(labels) != len(periods):
        problem = f"are not the {len(periods)} periods of the result"
        raise InvalidInputError([Fault(function, "uncontrolled", (), f"{len(labels)} periods", problem, SAME)])
    is_numbered = labels.equals(pd.RangeIndex(len(periods)))
    is_dated = isinstance(labels, pd.DatetimeIndex)
    by_position = is_numbered or (is_dated and not isinstance(periods, pd.DatetimeIndex))
    if not (by_position and labels.is_monotonic_increasing) and not labels.equals(periods):
        differing = np.flatnonzero([one != other for one, other in zip(labels, periods, strict=True)])
        if not len(differing):  # the same times, kept in other units or of another zone
            return
        row = int(differing[0])
        problem = f"is not {periods[row]} as in the result"
        raise InvalidInputError([Fault(function, "uncontrolled", (row,), f"the period {labels[row]}", problem, SAME)])


def _refuse_other_columns(function: str, what: str, columns: pd.Index, expected: pd.Index) -> None:
    differing = sorted(set(columns) ^ set(expected), key=str)
    if differing or len(columns) != len(expected):
        problem = f"are not {listed(list(expected))} as in the result"
        remedy = f"give a column for each of them, of the same net: {what} {listed(differing)} are in one of the two"
        if not differing:
            remedy = "give each of them once"
        value = f"the {what} {listed(list(columns))}"
        raise InvalidInputError([Fault(function, "uncontrolled", (), value, problem, remedy)])
