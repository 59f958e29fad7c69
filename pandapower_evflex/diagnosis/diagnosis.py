"""What was found, as a table that reads well when it is printed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from pandapower_evflex.errors import Fault, listed

#: what keeps a run from a schedule, what is probably not meant, what is good to know
SEVERITIES = ("error", "warning", "note")
COLUMNS = ["severity", "check", "table", "column", "rows", "text"]
NOTHING = "nothing found: tables, links, sessions, profiles, and the limits of the grid without EVs"


class Diagnosis(pd.DataFrame):
    """Findings, one row each, errors first; what is selected from it is an ordinary frame."""

    @property
    def _constructor(self) -> Callable[..., pd.DataFrame]:
        return pd.DataFrame

    def __str__(self) -> str:
        """A line per finding, below its severity and check."""
        if not len(self):
            return NOTHING
        counts = self["severity"].value_counts()
        numbers = [(int(counts[name]), name) for name in SEVERITIES if name in counts]
        lines = [", ".join(f"{n} {name}{'s' if n > 1 else ''}" for n, name in numbers)]
        for (severity, check), rows in self.groupby(["severity", "check"], sort=False):
            lines += [f"{severity}: {check}", *(f"    {line}" for text in rows["text"] for line in text.split("\n"))]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """In notebooks, with whole texts."""
        with pd.option_context("display.max_colwidth", None):
            return pd.DataFrame(self).to_html()


def diagnosis_of(rows: Sequence[dict[str, Any]]) -> Diagnosis:
    """Rows in the order of their severity, each once."""
    once = {(row["check"], row["text"]): row for row in reversed(rows)}
    ordered = sorted(reversed(once.values()), key=lambda row: SEVERITIES.index(row["severity"]))
    return Diagnosis(pd.DataFrame(ordered, columns=COLUMNS))


def finding(
    severity: str, check: str, text: str, table: str = "", column: str = "", rows: Sequence[Any] = ()
) -> dict[str, Any]:
    """One row."""
    values = (severity, check, table, column, tuple(rows), text)
    return dict(zip(COLUMNS, values, strict=True))


def rows_of(table: str, rows: Sequence[Any]) -> str:
    """For instance "ev of rows 3, 5"."""
    return f"{table} of row{'s' if len(rows) > 1 else ''} {listed(tuple(rows))}"


def finding_of(severity: str, check: str, fault: Fault) -> dict[str, Any]:
    """What a run would refuse, as one row."""
    return finding(severity, check, str(fault), fault.table, fault.column, fault.rows)
