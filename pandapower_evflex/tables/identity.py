"""By what a bus or an element is known again after labels have changed: its name, and what meets there.

Hashes are sums over what meets, so that no order counts; 64 bits, deterministic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandapower.toolbox import element_bus_tuples

from pandapower_evflex.arrays import Net
from pandapower_evflex.tables.faults import is_readable

HashArray = NDArray[np.uint64]


@dataclass(frozen=True)
class Identities:
    """Hashes that identify the rows of a table.

    Parameters
    ----------
    index : labels
    name : of the row itself
    named : of a bus the names of the elements at it that have one, of an element the names of its buses
    labelled : the same of their labels
    """

    index: pd.Index
    name: HashArray
    named: HashArray
    labelled: HashArray


class Identity:
    """What is where on a net, at one moment; of the last net it is known while its content stays the same."""

    def __init__(self, net: Net) -> None:
        self.net = net

    @cached_property
    def _known(self) -> dict[str, Any]:
        return _known_of(self.net)

    def _kept(self, name: str, worked_out: Callable[[], Any]) -> Any:
        if name not in self._known:
            self._known[name] = worked_out()
        return self._known[name]

    @cached_property
    def _ends(self) -> list[tuple[HashArray, HashArray, HashArray, Any]]:
        return list(_ends(self.net))

    @property
    def labels(self) -> int:
        """Which element is at which bus, by their labels: unchanged, no label was."""
        return int(self._kept("labels of the net", self._labels))

    @property
    def places(self) -> int:
        """At which buses elements are, whatever their own labels: buses renumbered change it, elements do not."""
        return int(self._kept("places of the net", self._places))

    def _labels(self) -> int:
        parts = [mixed(kind, label, bus).sum() for kind, label, _, bus in self._ends]
        return int(np.array(parts, dtype=np.uint64).sum())

    def _places(self) -> int:
        parts = []
        for table in dict.fromkeys(table for table, _ in element_bus_tuples()):
            columns = [column for other, column in element_bus_tuples() if other == table]
            frame = self.net.get(table)
            if isinstance(frame, pd.DataFrame) and len(frame) and set(columns) <= set(frame):
                length = frame["length_km"].to_numpy(dtype=float) if "length_km" in frame else np.zeros(len(frame))
                buses = [_whole(frame[column]) for column in columns]
                parts.append(mixed(_text(table), *buses, np.round(length, 6).view(np.uint64)).sum())
        return int(np.array(parts, dtype=np.uint64).sum())

    @cached_property
    def _bus_names(self) -> HashArray:
        return hashed_names(self.net["bus"])

    def of(self, table: str) -> Identities:
        """Identities of the buses, or of the elements of a table."""
        found = self._kept(table, self._buses if table == "bus" else partial(self._elements, table))
        assert isinstance(found, Identities)
        return found

    def _buses(self) -> Identities:
        index = self.net["bus"].index
        named, labelled = np.zeros(len(index), dtype=np.uint64), np.zeros(len(index), dtype=np.uint64)
        for kind, label, name, bus in self._ends:
            at = index.get_indexer(pd.Index(bus))
            here, has_name = at >= 0, (at >= 0) & (name != 0)
            np.add.at(named, at[has_name], mixed(kind, name)[has_name])
            np.add.at(labelled, at[here], mixed(kind, label)[here])
        return Identities(index, self._bus_names, named, labelled)

    def _elements(self, table: str) -> Identities:
        frame = self.net[table]
        named, labelled = np.zeros(len(frame), dtype=np.uint64), np.zeros(len(frame), dtype=np.uint64)
        all_named = np.ones(len(frame), dtype=bool)
        for column in (column for other, column in element_bus_tuples() if other == table):
            bus = _whole(frame[column])
            at = self.net["bus"].index.get_indexer(pd.Index(bus))
            name = np.where(at >= 0, self._bus_names[at], 0).astype(np.uint64)
            all_named &= name != 0
            named += mixed(_text(column), name)
            labelled += mixed(_text(column), bus)
        return Identities(frame.index, hashed_names(frame), np.where(all_named, named, 0).astype(np.uint64), labelled)


#: content of the last net that was asked for, and what was worked out of it
_last: tuple[list[Any], dict[str, Any]] = ([], {})
#: columns that identities are made of, beside those of buses
_COLUMNS = ("name", "length_km", "et", "element")


def _known_of(net: Net) -> dict[str, Any]:
    """What is known of a net with the same labels, names, buses and lengths; empty where that was another one."""
    global _last
    buses: dict[str, list[str]] = {"bus": [], "switch": []}
    for table, column in element_bus_tuples():
        buses.setdefault(table, []).append(column)
    content = [_content(net, table, columns) for table, columns in buses.items()]
    if not _same(_last[0], content):
        _last = (content, {})
    return _last[1]


def _content(net: Net, table: str, buses: list[str]) -> list[Any]:
    frame = net.get(table)
    if not isinstance(frame, pd.DataFrame) or not len(frame):
        return []
    wanted = [column for column in (*buses, *_COLUMNS) if column in frame]
    return [wanted, _comparable(frame.index), *(_comparable(frame[column]) for column in wanted)]


def _comparable(values: Any) -> Any:
    """Values that are equal only where all of them are: bytes of numbers, cells of other kinds."""
    cells = values.to_numpy()
    return list(cells) if cells.dtype.kind == "O" else (cells.dtype.str, cells.tobytes())


def _same(before: list[Any], now: list[Any]) -> bool:
    try:
        return before == now
    except (TypeError, ValueError):  # cells that cannot be compared, such as pd.NA
        return False


def _ends(net: Net) -> Iterator[tuple[HashArray, HashArray, HashArray, Any]]:
    """Kind, label, name and bus of every end of every element."""
    for table, column in (*element_bus_tuples(), ("switch", "element")):
        frame = net.get(table)
        if not is_readable(frame) or not len(frame) or column not in frame:
            continue
        if column == "element":
            frame = frame[frame["et"] == "b"]
        yield _text(f"{table} {column}"), _whole(frame.index), hashed_names(frame), _whole(frame[column])


def hashed_names(frame: pd.DataFrame) -> HashArray:
    """0 where there is no name."""
    if "name" not in frame:
        return np.zeros(len(frame), dtype=np.uint64)
    texts = np.array([_name_text(name) for name in frame["name"].tolist()], dtype=object)
    return np.where(texts == "", 0, pd.util.hash_array(texts, categorize=False)).astype(np.uint64)


def _name_text(name: Any) -> str:
    """Text as it is; numbers as text, since Excel makes one of the other."""
    if isinstance(name, str):
        return name
    return f"{name:g}" if isinstance(name, (int, float)) and name == name else ""


def mixed(*parts: Any) -> HashArray:
    """One hash per row of several."""
    arrays = np.broadcast_arrays(*(np.atleast_1d(np.asarray(part)).astype(np.uint64) for part in parts))
    total = np.zeros(arrays[0].shape, dtype=np.uint64)
    for array in arrays:
        total = pd.util.hash_array(total * np.uint64(31) + array)
    return total


def _text(text: str) -> HashArray:
    return pd.util.hash_array(np.array([text], dtype=object), categorize=False)


def _whole(values: Any) -> Any:
    """As whole numbers, -1 where there is none."""
    plain = np.asarray(values)
    if plain.dtype.kind in "iu":
        return plain.astype(np.int64)
    return np.asarray(pd.to_numeric(pd.Series(np.asarray(values)), errors="coerce").fillna(-1).to_numpy(dtype=np.int64))
