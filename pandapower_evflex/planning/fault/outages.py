"""What may be out: elements that fail or are taken out as planned, how often, and for how long."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from pandapower_evflex.arrays import Net
from pandapower_evflex.planning.fault.supply_graph import BRANCHES

#: tables of elements that fail or are taken out
OUTAGE_TABLES = ("line", "trafo", "trafo3w", "bus", "switch")
#: columns of rate and duration, of faults and of planned outages
RATES = {False: "failure_rate_per_year", True: "planned_outage_rate_per_year"}
DURATIONS = {False: "repair_time_h", True: "planned_outage_time_h"}
#: periods of a day are met once per this time
HOURS_PER_DAY = 24.0
#: table of the branch at whose end a switch is, by net.switch.et
BRANCH_OF = {letter: table for table, (_, letter) in BRANCHES.items()}


class Outage(NamedTuple):
    """A fault of an element, or its planned outage."""

    element_type: str
    element: Any
    planned: bool = False

    def __str__(self) -> str:
        kind = "the planned outage" if self.planned else "a fault"
        return f"{kind} of {self.element_type} {self.element}"


def place_of(net: Net, outage: Outage) -> tuple[str, Any]:
    """The element itself; of a switch the branch at whose end it is, or its bus."""
    if outage.element_type != "switch":
        return outage.element_type, outage.element
    row = net["switch"].loc[outage.element]
    table = BRANCH_OF.get(row["et"])
    return ("bus", row["bus"]) if table is None else (table, row["element"])


def is_in_service(net: Net, outage: Outage) -> bool:
    """A switch is in service where what it connects is."""
    table, element = place_of(net, outage)
    places = [(table, element)]
    if outage.element_type == "switch":
        row = net["switch"].loc[outage.element]
        places += [("bus", row["bus"])] + ([("bus", row["element"])] if table == "bus" else [])
    return all(bool(net[own].at[label, "in_service"]) for own, label in places)


def duration_h(net: Net, outage: Outage) -> float:
    """Until the repair, or as planned; NaN where it is not known."""
    return _hours(net, (outage.element_type, outage.element), DURATIONS[outage.planned])


def switching_time_h(net: Net, outage: Outage) -> float:
    """Of switches without a time of their own: that of the element, or of what a switch is at; NaN: not known."""
    return _hours(net, place_of(net, outage), "switching_time_h")


def _hours(net: Net, place: tuple[str, Any], column: str) -> float:
    table, element = place
    return float(net[table].at[element, column]) if column in net[table] else np.nan


def events_per_outage(duration_h: float, given: float | None) -> float:
    """Congestion windows met by one outage in full: a daily one once per 24 h; 1 where its length is not known."""
    if given is not None:
        return float(given)
    return 1.0 if np.isnan(duration_h) else duration_h / HOURS_PER_DAY


class Frequency(NamedTuple):
    """How often an outage occurs, and how many congestion windows of one kind each one meets.

    Parameters
    ----------
    lasts : bool    the windows met follow from how long the outage lasts; it may begin within one
    """

    per_year: float
    events: float
    lasts: bool = False


def outages(net: Net, events: float | None) -> dict[Outage, Frequency]:
    """Every outage that has a rate, in service or not, faults first."""
    return {
        outage: _frequency(float(rate), duration_h(net, outage), events)
        for planned, column in RATES.items()
        for table in OUTAGE_TABLES
        if column in net[table]
        for outage, rate in ((Outage(table, label, planned), rate) for label, rate in net[table][column].items())
        if rate > 0.0
    }


def _frequency(per_year: float, length_h: float, events: float | None) -> Frequency:
    return Frequency(per_year, events_per_outage(length_h, events), lasts=events is None and not np.isnan(length_h))
