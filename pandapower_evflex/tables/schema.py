"""One schema per table: it makes the columns, fills defaults, checks values and writes the documentation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.errors import Fault


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    dtype : "float64", "int64", "bool", "object", or "Int64" and "boolean", in which values may be missing
    default : value of rows that do not give one
    required : rows must have a value, given or by default
    optional : the column appears only when first given
    lower, upper : closed bounds; NaN passes unless ``required``
    above : open lower bound
    unusual_above : a warning is logged from here
    choices : allowed values
    foreign_key : table whose index the values must be in
    hint : remedy where a value is missing or out of bounds
    """

    name: str
    dtype: str
    description: str
    unit: str = ""
    default: Any = None
    required: bool = False
    optional: bool = False
    lower: float | None = None
    above: float | None = None
    upper: float | None = None
    unusual_above: float | None = None
    choices: tuple[Any, ...] = ()
    foreign_key: str = ""
    hint: str = ""

    @property
    def remedy(self) -> str:
        """What to do about a value that is missing or not allowed."""
        if self.hint or not self.range:
            return self.hint or "give a value"
        return f"use an {self.range}" if self.foreign_key else f"use {self.range}"

    @property
    def range(self) -> str:
        """What values are allowed, as text."""
        if self.choices:
            return " or ".join(f'"{choice}"' if isinstance(choice, str) else str(choice) for choice in self.choices)
        if self.foreign_key:
            return f"index of net.{self.foreign_key}"
        bounds = ((">=", self.lower), (">", self.above), ("<=", self.upper))
        return ", ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)


LINKED_TO = "linked_to"

#: every table has it; see `tables.links`
MEMORY = Column(
    LINKED_TO, "object", "what the row pointed to when it was written or last solved, to notice labels that others "
    "changed; written by the create functions, by runs and by `evf.toolbox`", optional=True,
)  # fmt: skip

#: check of several columns or rows together; it sees the rows whose values are right one by one
Check = Callable[[Any, pd.DataFrame], list[Fault]]


@dataclass(frozen=True)
class TableSchema:
    """All columns of a table of ours, and the checks that need more than one value.

    Parameters
    ----------
    group : column whose rows of the same value the checks look at together; "" when they look at single rows
    arguments : arguments of the create function that are no columns
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    checks: tuple[Check, ...] = ()
    group: str = ""
    arguments: tuple[str, ...] = ()

    @property
    def known_names(self) -> tuple[str, ...]:
        """Everything that the create function takes beside further columns."""
        return (*(column.name for column in self.columns), *self.arguments, "index")

    def markdown(self) -> str:
        """The table of the documentation."""
        lines = [
            "| column | dtype | unit | default | range | description |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        for c in self.columns:
            lines.append(f"| `{c.name}` | {c.dtype} | {c.unit} | {_shown_default(c)} | {c.range} | {c.description} |")
        return "\n".join(lines)


def _shown_default(column: Column) -> str:
    if column.optional:
        return "optional column"
    if column.default is None or (isinstance(column.default, float) and np.isnan(column.default)):
        return "required" if column.required else ""
    return f"{column.default:g}" if isinstance(column.default, float) else str(column.default)
