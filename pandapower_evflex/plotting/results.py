"""Whether what a picture is to show is what it is taken for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.opf.report.results import FlexibilityOpfResult
from pandapower_evflex.opf.uncontrolled import UncontrolledCharging
from pandapower_evflex.tables.kinds import shown


def check_result(function: str, result: Any) -> None:
    """Raise where it is no result of `run_flexibility_opf`.

    Raises
    ------
    InvalidInputError    names ``function``
    """
    if not isinstance(result, FlexibilityOpfResult):
        remedy = "give what run_flexibility_opf returned"
        raise InvalidInputError([Fault(function, "result", (), shown(result), "is not a result", remedy)])


def check_names(function: str, names: Any) -> None:
    """Raise where names of candidates cannot be looked up.

    Raises
    ------
    InvalidInputError    names ``function``
    """
    if names is not None and not isinstance(names, Mapping | pd.Series):
        remedy = "give a dict or a Series, such as net.reinforcement.name, or None"
        raise InvalidInputError([Fault(function, "names", (), shown(names), "are not names", remedy)])


def check_uncontrolled(
    function: str, uncontrolled: Any, result: FlexibilityOpfResult, values: type[pd.DataFrame] | type[pd.Series]
) -> None:
    """Raise where neither the charging without a schedule nor its values of each period of the result are given.

    Parameters
    ----------
    values : type    of a table of values, DataFrame or Series

    Raises
    ------
    InvalidInputError    names ``function``
    """
    if uncontrolled is None:
        return
    remedy = f"give what uncontrolled_charging returned, a {values.__name__} of its values, or None"
    if not isinstance(uncontrolled, UncontrolledCharging | values):
        raise InvalidInputError([Fault(function, "uncontrolled", (), shown(uncontrolled), "is not a table", remedy)])
    table: pd.DataFrame | pd.Series = (
        uncontrolled.p_mw if isinstance(uncontrolled, UncontrolledCharging) else uncontrolled
    )
    n_periods = len(result.p_mw)
    if len(table) != n_periods:
        problem = f"are not the {n_periods} periods of the result"
        remedy = "give the same profiles and periods to both"
        raise InvalidInputError([Fault(function, "uncontrolled", (), f"{len(table)} periods", problem, remedy)])
