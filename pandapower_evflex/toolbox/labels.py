"""Labels that the functions of the toolbox are given, checked before anything on the net changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.kinds import raise_if, shown, unknown_labels


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
    if unknown := unknown_labels(labels, net["bus"].index):
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


def new_labels(index: pd.Index, new_indices: Any, old_indices: Any, lookup: Any) -> dict[Any, Any]:
    """{old: new label} of the rows of a table, said in one of the ways of `reindex_elements`.

    Rows that would share a label could not be told apart any more, nor what refers to them.

    Raises
    ------
    InvalidInputError
    """
    function, old = "reindex_elements", list(index) if old_indices is None else old_indices
    if (new_indices is None) == (lookup is None):
        remedy = "give one of the two"
        raise_if([Fault(function, "new_indices", (), "it", "is said by lookup or new_indices", remedy)])
    if not pd.api.types.is_list_like(old) or unknown_labels(old, index):
        remedy = "give labels of the table"
        raise_if([Fault(function, "old_indices", (), shown(old), "is not all in the table", remedy)])
    argument = "lookup"
    if lookup is None:
        argument = "new_indices"
        if not pd.api.types.is_list_like(new_indices) or len(new_indices) != len(old):
            problem, remedy = f"is not a label for each of {len(old)} rows", "give a list of as many whole numbers"
            raise_if([Fault(function, argument, (), shown(new_indices), problem, remedy)])
        lookup = dict(zip(old, new_indices, strict=True))
    refuse_no_lookup(function, argument, lookup)
    given, moved = dict(lookup), set(old)
    labels = {label: given[label] if label in given and label in moved else label for label in index}
    after = pd.Index(labels.values())
    if after.has_duplicates:
        value = ", ".join(map(shown, after[after.duplicated()].unique()))
        remedy = "give every row its own label"
        raise_if([Fault(function, argument, (), value, "would be the label of several rows", remedy)])
    return labels


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
