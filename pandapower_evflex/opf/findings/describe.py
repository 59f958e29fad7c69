"""Findings as lines a grid engineer reads: every element and session where they are few, else sums with the worst."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from pandapower_evflex.opf.findings.remedies import NO_ROOM, UNSOLVED

#: number of lines beyond which the findings are summed up
MAX_LINES = 10
#: most elements that a sum names
MAX_NAMED = 8


def describe(findings: pd.DataFrame) -> str:
    """One line per session and per element with its worst period; a long list is summed up by kind instead."""
    sessions = findings[findings["session"].notna()]
    general = findings[findings["element_type"].isna() & findings["session"].isna()]
    grid = findings[findings["element_type"].notna()]
    lines = [_session_line(row) for row in sessions.itertuples()]
    for (finding, scenario), rows in _groups(general, "finding", "scenario"):
        lines.append(_general_line(finding, scenario, rows))
    for (finding, scenario, kind, element), rows in _groups(grid, "finding", "scenario", "element_type", "element"):
        lines.append(_element_line(f"{finding} {_of(finding)} {kind} {element:.0f}", scenario, rows))
    if len(lines) <= MAX_LINES:
        return "\n".join(lines)
    return _sums(sessions, general, grid) + f"\nall {len(findings)} rows are in findings"


def _sums(sessions: pd.DataFrame, general: pd.DataFrame, grid: pd.DataFrame) -> str:
    """One line per kind of finding and element."""
    lines = []
    for (finding,), rows in _groups(sessions, "finding"):
        by = (rows["limit"] - rows["value"]).abs()
        worst = next(rows.loc[[by.idxmax()]].itertuples())
        lines.append(f"{finding}: {len(rows)} sessions, {by.sum() * 1e3:.2f} kWh in sum; worst {_session_line(worst)}")
    for (finding, scenario), rows in _groups(general, "finding", "scenario"):
        lines.append(_general_line(finding, scenario, rows))
    for (finding, scenario, kind), rows in _groups(grid, "finding", "scenario", "element_type"):
        elements = list(dict.fromkeys(rows["element"].astype(int)))
        what = f"{finding} {_of(finding)} {_named(kind, elements)}"
        lines.append(_element_line(what, scenario, rows, name_worst=len(elements) > 1))
    return "\n".join(lines)


def _groups(rows: pd.DataFrame, *keys: str) -> Any:
    return rows.groupby(list(keys), sort=False, dropna=False)


def _named(kind: str, elements: Sequence[int]) -> str:
    """For instance "12 lines (0, 1, 4, ...)"."""
    if len(elements) == 1:
        return f"{kind} {elements[0]}"
    shown = ", ".join(str(element) for element in sorted(elements)[:MAX_NAMED])
    more = ", ..." if len(elements) > MAX_NAMED else ""
    return f"{len(elements)} {'buses' if kind == 'bus' else kind + 's'} ({shown}{more})"


def _session_line(row: Any) -> str:
    by = abs(row.limit - row.value) * 1e3
    of = f"{row.value * 1e3:.2f} of {row.limit * 1e3:.2f} kWh"
    what = {
        "unreachable": f"reaches {of} at full power, {by:.2f} short",
        "unreachable within the grid": f"gets {of}, {by:.2f} short",
        "no whole period": f"has no whole period plugged in; has {of} at departure",
    }.get(row.finding, f"the least charging power overfills the battery of {row.limit * 1e3:.2f} kWh by {by:.2f}")
    last = "" if pd.isna(row.period) else f" (last period {row.period:.0f})"
    return f"EV {row.ev:.0f}, session {row.session:.0f}{last}: {what}"


def _element_line(what: str, scenario: Any, rows: pd.DataFrame, name_worst: bool = False) -> str:
    worst = rows.loc[(rows["value"] - rows["limit"]).abs().idxmax()]
    if worst["quantity"] == "energy_mwh":
        rows = rows[(rows["element"] == worst["element"])]
        return f"{what}{_in_forecasts(rows, worst['forecast'])} in {_when(rows)}: {_energies(worst)}"
    unit = "pu" if worst["quantity"] == "vm_pu" else "%"
    by = abs(worst["value"] - worst["limit"])
    values = f"{worst['value']:.4g} {unit}, limit {worst['limit']:.4g} {unit}, by {by:.3g} {unit}"
    element = f"{worst['element_type']} {worst['element']:.0f} " if name_worst else ""
    where = f"{_where(scenario)}{_in_forecasts(rows, worst['forecast'])}"
    return f"{what}{where} in {_when(rows, worst['period'])}: {element}{values}"


def _energies(row: pd.Series) -> str:
    """What cars need against what the grid leaves them."""
    name = f"{row['element_type']} {row['element']:.0f}"
    need = f"cars need at least {row['value'] * 1e3:.4g} kWh"
    return f"{need} then, {name} carries at most {row['limit'] * 1e3:.4g} kWh for them"


def _of(finding: str) -> str:
    return "behind" if finding == NO_ROOM else "of"


def _general_line(finding: str, scenario: Any, rows: pd.DataFrame) -> str:
    where = "" if finding in UNSOLVED else _where(scenario)  # these findings say themselves that no EV is there
    return f"{finding}{where}{_in_forecasts(rows)} in {_when(rows)}"


def _in_forecasts(rows: pd.DataFrame, worst: Any = None) -> str:
    """Of runs with several, "" of others."""
    names = list(dict.fromkeys(rows["forecast"].dropna()))
    if len(names) < 2:
        return "".join(f", forecast {name}" for name in names)
    return f" in {len(names)} forecasts" + ("" if worst is None else f" (worst {worst})")


def _where(scenario: Any) -> str:
    return " without controllable EVs" if pd.isna(scenario) else f" in scenario {scenario}"


def _when(rows: pd.DataFrame, worst: int | None = None) -> str:
    periods = sorted(set(rows["period"].astype(int)))
    if len(periods) == 1:
        return f"period {periods[0]}"
    peak = "" if worst is None else f", worst in {worst:.0f}"
    return f"{len(periods)} periods from {periods[0]} to {periods[-1]}{peak}"
