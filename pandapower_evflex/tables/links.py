"""Links that point to something else than was meant, because labels were changed by what does not know our tables.

Each row of ours remembers, in its column `linked_to`, its own label, the labels that it points to, and by what their
bearers are known (`identity`). A link is stale when its label is as remembered, something else bears that label now,
and what was meant is found under another label. A link that was edited is the user's; what is ambiguous is no evidence.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import Net, ObjectArray
from pandapower_evflex.errors import Fault, listed
from pandapower_evflex.tables.faults import as_numbers, is_readable
from pandapower_evflex.tables.format_version import KEY
from pandapower_evflex.tables.identity import Identities, Identity
from pandapower_evflex.tables.reference import Reference, references_of
from pandapower_evflex.tables.schema import LINKED_TO, TableSchema
from pandapower_evflex.tables.stored_frame import StoredFrame

logger = logging.getLogger(__name__)

OURS = ("ev", "cpo")
#: nets of which it was said that rows remember nothing, by identity and rows
_SAID: WeakValueDictionary[tuple[int, str], Any] = WeakValueDictionary()
_MASK = 0xFFFFFFFF


@dataclass(frozen=True)
class Remembered:
    """A link as it was: its label, and of its target the labels and places of the net, name, named, labelled.

    The target is a row of ours: its own remembered label alone.
    """

    label: int
    marks: tuple[int, ...]


def remember_all(net: Net, schemas: Mapping[str, TableSchema]) -> None:
    """Let every row of every table, in the order of their references, remember what it points to."""
    identity = Identity(net)
    for schema in schemas.values():
        remember(net, schema, identity=identity)


def remember(
    net: Net, schema: TableSchema, rows: Iterable[Any] | None = None, identity: Identity | None = None
) -> None:
    """Let rows of a table (None: all) remember what they point to; a table that cannot be read is left alone."""
    frame = net.get(schema.name)
    if not is_readable(frame) or not len(frame):
        return
    frame = frame if LINKED_TO in frame else frame.assign(**{LINKED_TO: None})
    at = slice(None) if rows is None else frame.index.get_indexer(pd.Index(list(rows)))
    chosen = frame if rows is None else frame.iloc[at]
    identity = identity or Identity(net)
    texts = np.array([str(label) for label in chosen.index], dtype=object)
    for reference in references_of(schema):
        texts = texts + _texts(net, identity, reference, chosen)
    before = frame[LINKED_TO].to_numpy(dtype=object)
    after = before.copy()
    after[at] = texts
    same = LINKED_TO in net[schema.name] and pd.Series(before).equals(pd.Series(after))
    if same and type(net[schema.name]) is StoredFrame:
        return
    net[schema.name] = StoredFrame(frame.assign(**{LINKED_TO: after}))


def _texts(net: Net, identity: Identity, reference: Reference, rows: pd.DataFrame) -> ObjectArray:
    """What rows remember of one link, "" where there is none."""
    texts = np.full(len(rows), "", dtype=object)
    labels, _ = as_numbers(rows[reference.column])
    for target in _targets(net, reference, rows):
        here = reference.points_to(rows, target) & ~np.isnan(labels)
        table = net[target]
        at = table.index.get_indexer(pd.Index(labels[here]))
        marks = iter((_own_marks if target in OURS else _marks)(net, identity, target, at[at >= 0]))
        texts[here] = [
            f"; {reference.column} {int(label)} {next(marks) if i >= 0 else ''}"
            for label, i in zip(labels[here], at, strict=True)
        ]
    return texts


def _targets(net: Net, reference: Reference, rows: pd.DataFrame) -> list[str]:
    """Tables that the rows point to, as far as they can be read."""
    types = [] if reference.target else [cell for cell in rows["element_type"] if isinstance(cell, str)]
    names = [reference.target] if reference.target else list(dict.fromkeys(types))
    return [name for name in names if isinstance(name, str) and is_readable(net.get(name))]


def _own_marks(net: Net, identity: Identity, target: str, at: Any) -> list[str]:
    """The labels that our rows at these positions remember as their own."""
    own = own_labels(net[target].iloc[at])
    return [str(label if own[label] is None else own[label]) for label in net[target].index[at]]


def _marks(net: Net, identity: Identity, target: str, at: Any) -> list[str]:
    """Marks of the buses or elements at these positions; a name that two rows share does not count."""
    found = identity.of(target)
    hashes = (_where_unique(found.name)[at], _where_unique(found.named)[at], found.labelled[at])
    whole = f"{identity.labels & _MASK:08x} {identity.places & _MASK:08x}"
    return [
        whole + "".join(f" {mark & _MASK:08x}" for mark in marks) for marks in zip(*map(_ints, hashes), strict=True)
    ]


def _ints(values: Any) -> list[int]:
    return [int(value) for value in values]


def _where_unique(hashes: Any) -> Any:
    _, inverse, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    return np.where(counts[inverse] == 1, hashes, 0)


def own_labels(table: pd.DataFrame) -> dict[Any, int | None]:
    """{label: the label that the row remembers as its own}, None where it remembers none."""
    if LINKED_TO not in table:
        return dict.fromkeys(table.index)
    return {label: _parsed(text)[0] for label, text in zip(table.index, table[LINKED_TO], strict=True)}


def _parsed(text: Any) -> tuple[int | None, dict[str, Remembered]]:
    """Own label and links; what cannot be read is not remembered."""
    if not isinstance(text, str):
        return None, {}
    own, *links = text.split("; ")
    try:
        remembered = {}
        for link in links:
            column, label, *marks = link.split()
            base = 16 if len(marks) > 1 else 10
            remembered[column] = Remembered(int(label), tuple(int(mark, base) for mark in marks))
        return int(own), remembered
    except ValueError:
        return None, {}


def link_faults(net: Net, schemas: Mapping[str, TableSchema]) -> list[Fault]:
    """Stale links of all tables that can be read; rows that remember nothing are logged."""
    identity = Identity(net)
    faults, unchecked = [], {}
    for name, schema in schemas.items():
        frame = net.get(name)
        if not is_readable(frame) or not len(frame):
            continue
        memory = [_parsed(text) for text in frame[LINKED_TO]] if LINKED_TO in frame else [(None, {})] * len(frame)
        unchecked[name] = [label for label, (own, _) in zip(frame.index, memory, strict=True) if own is None]
        for reference in references_of(schema):
            if {reference.column, *([] if reference.target else ["element_type"])} <= set(frame):
                faults += _stale(net, identity, reference, frame, memory)
    _say_once(net, [f"net.{name} rows {listed(rows)}" for name, rows in unchecked.items() if rows])
    return faults


def _say_once(net: Net, unchecked: list[str]) -> None:
    """Log rows that remember nothing, once for each net."""
    new = [rows for rows in unchecked if _SAID.get((id(net), rows)) is not net]
    if new:
        logger.warning(
            "%s: nothing is remembered of what they point to, so that it is not checked whether buses or elements were "
            "renumbered since; a run remembers it", ", ".join(new),
        )  # fmt: skip
        _SAID.update({(id(net), rows): net for rows in new})


def _stale(net: Net, identity: Identity, reference: Reference, frame: pd.DataFrame, memory: Any) -> list[Fault]:
    labels, _ = as_numbers(frame[reference.column])
    found: dict[tuple[str, bool], list[tuple[Any, int, Any]]] = {}
    for target in _targets(net, reference, frame):
        points = reference.points_to(frame, target)
        own, targets = own_labels(net[target]) if target in OURS else {}, net[target].index
        for i in np.flatnonzero(points & np.isfinite(labels)):
            row_own, links = memory[i]
            link, label, row = links.get(reference.column), int(labels[i]), frame.index[i]
            if link is None or link.label != label or not link.marks or label not in targets:
                continue
            came = KEY not in net or row_own != row
            if target in OURS:
                now = _moved_row(own, label, link.marks[0], came)
            else:
                now = _moved(identity, target, label, link.marks, came)
            if now is not None:
                found.setdefault((target, came), []).append((row, label, now))
    return [_fault(reference, target, came, moved) for (target, came), moved in found.items()]


def _moved_row(own: Mapping[Any, int | None], label: int, mark: int, came: bool) -> Any:
    """Where the row of ours is that was meant; None: where it was, or nobody knows."""
    others = [other for other, remembered in own.items() if remembered == mark and other != label]
    if own[label] == mark and not (came and others):
        return None
    return others[0] if len(others) == 1 and own[label] is not None else None


def _moved(identity: Identity, target: str, label: int, marks: tuple[int, ...], came: bool) -> Any:
    """Where the bus or element is that was meant; None: where it was, or nobody knows.

    Parameters
    ----------
    marks : see `Remembered`
    came : the row has another label than it had, or comes from another net
    """
    labels, places, name, named, labelled = marks
    if identity.labels & _MASK == labels:
        return None  # names may have changed, no label has
    now = _masked(identity.of(target))
    at = now.index.get_loc(label)
    buses_moved = identity.places & _MASK != places
    if name:
        same = np.flatnonzero(now.name == name)
        others = same[same != at]
        if len(same) > len(others):
            return now.index[others[0]] if came and len(others) == 1 else None
        if len(same) == 1:
            renamed = named and now.named[at] == named and now.named[same[0]] != named
            return None if renamed else now.index[same[0]]
    was_renamed = bool(name) and not (now.name == name).any()
    if named and not was_renamed:
        if now.named[at] == named:
            return None
        same = np.flatnonzero(now.named == named)
        if len(same) == 1 and (target != "bus" or buses_moved):
            return now.index[same[0]]
    if now.labelled[at] == labelled or buses_moved != (target == "bus"):
        return None
    same = np.flatnonzero(now.labelled == labelled)
    return now.index[same[0]] if len(same) == 1 else None


def _masked(found: Identities) -> Identities:
    mask = np.uint64(_MASK)
    return Identities(found.index, found.name & mask, found.named & mask, found.labelled & mask)


def _fault(reference: Reference, target: str, came: bool, moved: list[tuple[Any, int, Any]]) -> Fault:
    rows, labels, now = (tuple(dict.fromkeys(part)) for part in zip(*moved, strict=True))
    by = "reindex_buses or create_continuous_bus_index" if target == "bus" else "reindex_elements"
    by = f"merge_nets, {by}" if came else by
    problem = f"no longer label the {target} that was meant, which is now {listed(now)}"
    remedy = (
        f"change labels with {by} of evf.toolbox, which carry net.{reference.table} along, or set "
        f"net.{reference.table}.{reference.column} to the new labels; if they are right as they are, drop the column "
        f"{LINKED_TO} of net.{reference.table}"
    )
    return Fault(reference.table, reference.column, rows, listed(labels), problem, remedy)


def moved_columns(table: pd.DataFrame, name: str, columns: Iterable[Any], by: str) -> list[Fault]:
    """A frame with one column per row of ours whose rows were given other labels; ``by`` would have kept it."""
    own = own_labels(table)
    found = []
    for label in columns:
        others = [other for other, remembered in own.items() if remembered == label and other != label]
        if own.get(label) not in (None, label) and len(others) == 1:
            found.append((label, others[0]))
    if not found:
        return []
    labels, now = (tuple(part) for part in zip(*found, strict=True))
    problem = f"no longer label the rows that they did, which are now {listed(now)}"
    remedy = f"change labels with {by}, which carries them along; then set or run these anew"
    return [Fault(name, "columns", labels, listed(labels), problem, remedy)]
