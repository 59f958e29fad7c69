"""What every function of the toolbox does to our tables: new labels, rows that go with what they refer to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import wraps
from typing import Any

import pandas as pd
from pandapower.toolbox import drop_elements_simple

from pandapower_evflex.arrays import Net
from pandapower_evflex.errors import InvalidInputError
from pandapower_evflex.opf.report.on_net import renew_period_table
from pandapower_evflex.opf.report.stored_series import NET_SHA256
from pandapower_evflex.tables.checks import TABLES
from pandapower_evflex.tables.cpo_rates import RATE_TABLES
from pandapower_evflex.tables.kinds import check_net
from pandapower_evflex.tables.links import link_faults, remember_all
from pandapower_evflex.tables.references import (
    REFERENCES,
    ROWS_OF,
    SERIES_OF,
    bus_names,
    labelled_columns,
    mapped,
    present,
    series_names,
    whole_labels,
)
from pandapower_evflex.tables.stored_frame import StoredFrame

#: pandapower's tables of costs, whose rows may be of EVs and sites too
COSTS = ("poly_cost", "pwl_cost")
#: pandapower's tables whose labels ours may hold
TARGETS = tuple(dict.fromkeys(["bus", *(table for table in SERIES_OF if table not in TABLES), "trafo"]))


def holds_our_tables(net: Net) -> bool:
    return any(name in net for name in (*TABLES, *RATE_TABLES)) or bool(series_names(net))


def refuse_stale(net: Net) -> None:
    """Links that point elsewhere by now would be carried along as if they were right.

    Raises
    ------
    InvalidInputError
    """
    faults = link_faults(net, TABLES)
    if faults:
        raise InvalidInputError(faults)


def carrying(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that changes a net in place: stale links are refused before, and remembered as they are after."""

    @wraps(function)
    def call(net: Net, *args: Any, **kwargs: Any) -> Any:
        check_net(function.__name__, net)
        refuse_stale(net)
        returned = function(net, *args, **kwargs)
        remember_all(net, TABLES)
        net.pop(NET_SHA256, None)  # results follow this change of the net
        return returned

    return call


def index_of(net: Net, tables: Iterable[str]) -> dict[str, pd.Index]:
    """Labels of those tables that are on the net."""
    return {table: net[table].index for table in tables if isinstance(net.get(table), pd.DataFrame)}


def gone_since(before: Mapping[str, pd.Index], net: Net) -> dict[str, pd.Index]:
    """Labels that each table has lost."""
    return {table: index.difference(net[table].index) for table, index in before.items()}


def relabel(net: Net, lookups: Mapping[str, Mapping[Any, Any]]) -> None:
    """Our tables and results hold the new labels {table: {old: new}}; the index of our own tables is left alone."""
    relabel_references(net, lookups)
    for result, table in ROWS_OF.items():
        if table in lookups and len(net.get(result, ())):
            net[result] = net[result].rename(index=dict(lookups[table]))
    for name, table in labelled_columns(net):
        if table in lookups:
            net[name] = StoredFrame(whole_labels(net[name]).rename(columns=dict(lookups[table])))


def relabel_references(net: Net, lookups: Mapping[str, Mapping[Any, Any]]) -> None:
    """Columns that refer to other tables."""
    for reference in present(net):
        frame = net[reference.table]
        values = frame[reference.column]
        for target, lookup in lookups.items():
            values = mapped(values, lookup, reference.points_to(frame, target) & values.isin(list(lookup)).to_numpy())
        net[reference.table] = frame.assign(**{reference.column: values})
    for name in bus_names(net) if "bus" in lookups else ():
        net[name] = StoredFrame(net[name].map(lambda bus: lookups["bus"].get(bus, bus)))


def drop_linked(net: Net, gone: Mapping[str, Collection[Any]]) -> None:
    """Drop our rows that refer to what is gone {table: labels}, rows that refer to those, their results and costs.

    A reference that may be missing is emptied, and its row stays.
    """
    dropped = {table: list(labels) for table, labels in gone.items()}
    for reference in present(net, REFERENCES):
        frame = net[reference.table]
        hit = pd.Series(False, index=frame.index)
        for target, labels in dropped.items():
            hit |= reference.points_to(frame, target) & frame[reference.column].isin(labels)
        if not hit.any():
            continue
        if reference.required:
            rows = frame.index[hit].tolist()
            drop_elements_simple(net, reference.table, rows)
            _drop_costs(net, reference.table, rows)
            dropped.setdefault(reference.table, []).extend(rows)
        else:
            net[reference.table] = frame.assign(**{reference.column: frame[reference.column].mask(hit)})
    drop_columns(net)


def _drop_costs(net: Net, table: str, rows: Collection[Any]) -> None:
    for name in COSTS:
        costs = net.get(name)
        if isinstance(costs, pd.DataFrame) and len(costs):
            net[name] = costs[~((costs["et"] == table) & costs["element"].isin(rows))]


def drop_columns(net: Net) -> None:
    """Results and rates keep what is still on the net; sums and extremes of each period are taken anew."""
    for name, table in labelled_columns(net):
        frame = whole_labels(net[name])
        net[name] = StoredFrame(frame.loc[:, frame.columns.isin(net[table].index)])
    renew_period_table(net)
