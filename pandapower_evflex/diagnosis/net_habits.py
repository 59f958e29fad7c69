"""What the net holds that no run of ours looks at, and what a plan would miss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pandapower_evflex.case.asymmetric import unseen_phases
from pandapower_evflex.case.controllers import idle_controllers
from pandapower_evflex.diagnosis.diagnosis import finding, rows_of
from pandapower_evflex.diagnosis.examined import Examined
from pandapower_evflex.planning.fault.outages import OUTAGE_TABLES


def controllers(seen: Examined) -> Iterator[dict[str, Any]]:
    """Controllers in service, whose profiles are not given."""
    profiled = {} if seen.profiles is None else seen.profiles.elements
    text = idle_controllers(seen.net, profiled)
    if text:
        yield finding("warning", "controllers", text, "controller")


def phases(seen: Examined) -> Iterator[dict[str, Any]]:
    """Elements of single phases in a balanced model."""
    text = unseen_phases(seen.plain)
    if text:
        yield finding("note", "single phases", text)
    evs = seen.evs
    one = tuple(evs.index[evs["phases"] == 1]) if "phases" in evs else ()
    if one:
        text = (
            f"{rows_of('ev', one)}: charging on one phase; the model is balanced, and voltages and "
            "currents of a single phase are not looked at"
        )
        yield finding("note", "single phases", text, "ev", "phases", one)


def switches(seen: Examined) -> Iterator[dict[str, Any]]:
    """What a plan needs to isolate a fault and to bring supply back."""
    if seen.grid is None:
        return
    net, rows = seen.plain, seen.plain["switch"]
    fails = any("failure_rate_per_year" in net[table] and net[table]["failure_rate_per_year"].notna().any()
                for table in OUTAGE_TABLES)  # fmt: skip
    severity = "warning" if fails else "note"
    if not len(rows):
        text = (
            "net.switch is empty: for run_planning nothing parts a fault from its feeder, and nothing restores supply"
        )
        yield finding(severity, "missing switches", text, "switch")
        return
    if rows["closed"].all():
        text = "no switch is open: for run_planning there is no tie that could restore supply after a fault"
        yield finding(severity, "missing switches", text, "switch", "closed")
    if not rows["type"].isin(["CB", "fuse"]).any():
        text = 'no switch has the type "CB" or "fuse": for run_planning nothing says what clears a fault'
        yield finding(severity, "missing switches", text, "switch", "type")
