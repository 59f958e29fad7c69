"""The errors of the package: what is wrong, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from pandapower.optimal_powerflow import OPFNotConverged

#: more rows than this are counted, not listed, in a message
MAX_LISTED_ROWS = 10


def listed(rows: Sequence[Any]) -> str:
    """The rows as text, shortened when there are many."""
    text = ", ".join(str(row) for row in rows[:MAX_LISTED_ROWS])
    return text if len(rows) <= MAX_LISTED_ROWS else f"{text} and {len(rows) - MAX_LISTED_ROWS} more"


def counted(number: int, noun: str) -> str:
    """For instance "1 session", "2 sessions"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


@dataclass(frozen=True)
class Fault:
    """One thing wrong in the input.

    Parameters
    ----------
    table, column : str     where it is; column "" when the whole table is meant
    rows : tuple            index labels of the rows at fault, () when it is not a matter of rows
    value : object          the offending value, or a short text of several
    problem, remedy : str   what is wrong and what to do
    """

    table: str
    column: str
    rows: tuple[Any, ...]
    value: Any
    problem: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.table}.{self.column}" if self.column else self.table
        rows = f" of row{'s' if len(self.rows) > 1 else ''} {listed(self.rows)}" if self.rows else ""
        return f"{place}{rows}: {self.value!s} {self.problem}; {self.remedy}"


class EvflexError(Exception):
    """Root of all errors of this package."""


class InvalidInputError(EvflexError, ValueError):
    """The input is wrong; nothing was solved and nothing on the net was changed.

    Attributes
    ----------
    faults : tuple of Fault     everything that was found, not only the first
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(tuple(faults))
        self.faults: tuple[Fault, ...] = tuple(faults)

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class FlexibilityOPFNotConverged(EvflexError, OPFNotConverged):
    """No schedule was found, with the reason.

    Attributes
    ----------
    findings : DataFrame    what stands in the way, one row each
    result : FlexibilityOpfResult or None   the result with its status and NaN frames
    """

    def __init__(self, message: str, findings: pd.DataFrame | None = None, result: Any = None) -> None:
        super().__init__(message, findings, result)
        self.message = message
        self.findings = pd.DataFrame() if findings is None else findings
        self.result = result

    def __str__(self) -> str:
        return self.message


__all__ = ["EvflexError", "Fault", "FlexibilityOPFNotConverged", "InvalidInputError"]
