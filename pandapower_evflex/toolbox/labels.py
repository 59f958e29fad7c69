"""Labels that the functions of the toolbox are given, checked before anything on the net changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.kinds import is_label, raise_if, shown


def buses_of(function: str, argument: str, net: Net, buses: Any) -> list[Any]:
    """Labels of buses of the net, which are read more than once.

    Raises
    ------
    InvalidInputError    not a list, or labels that net.bus has not
    """
    if not pd.api.types.is_list_like(buses):
        remedy = "give a list of labels of net.bus, of one label too"
        raise_if([Fault(function, argument, (), shown(buses), "is not a list of buses", remedy)])
    return _known_buses(function, argument, net, buses)


def bus_of(function: str, argument: str, net: Net, bus: Any) -> Any:
    """One label of a bus of the net.

    Raises
    ------
    InvalidInputError
    """
    return _known_buses(function, argument, net, [bus])[0]


def _known_buses(function: str, argument: str, net: Net, buses: Iterable[Any]) -> list[Any]:
    labels = list(buses)
    unknown = [bus for bus in labels if not is_label(bus, net["bus"].index)]
    if unknown:
        value = ", ".join(map(shown, unknown))
        raise_if([Fault(function, argument, (), value, "is not in net.bus", "give labels of net.bus")])
    return labels


def refuse_no_lookup(function: str, argument: str, lookup: Any) -> None:
    """What is no mapping of labels to whole numbers.

    Raises
    ------
    InvalidInputError
    """
    remedy = "give {old: new label} with whole numbers as new labels"
    if not isinstance(lookup, Mapping | pd.Series):
        raise_if([Fault(function, argument, (), shown(lookup), "does not say which label becomes which", remedy)])
    wrong = [label for label in dict(lookup).values() if not _is_whole(label)]
    if wrong:
        value = ", ".join(map(shown, wrong))
        raise_if([Fault(function, argument, (), value, "is not a whole number", remedy)])


def refuse_no_start(function: str, start: Any) -> None:
    """What cannot be the first label.

    Raises
    ------
    InvalidInputError
    """
    if not _is_whole(start):
        problem, remedy = "is not a whole number", "give the first label, such as 0"
        raise_if([Fault(function, "start", (), shown(start), problem, remedy)])


def refuse_no_table(function: str, net: Net, element_type: Any) -> None:
    """What is not the name of a table of the net.

    Raises
    ------
    InvalidInputError
    """
    if not isinstance(element_type, str) or not isinstance(net.get(element_type), pd.DataFrame):
        problem, remedy = "is not a table of the net", 'give a name such as "line" or "ev"'
        raise_if([Fault(function, "element_type", (), shown(element_type), problem, remedy)])


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
