"""Whether what a picture is to show is what it is taken for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.opf.report.results import FlexibilityOpfResult
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
