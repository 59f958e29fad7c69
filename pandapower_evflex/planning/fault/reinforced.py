"""Nets with some of their candidates built."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any

import pandas as pd
from pandapower.std_types import load_std_type

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.plain_net import plain_net
from pandapower_evflex.planning.costs import investment_annuity

#: labels in net.reinforcement, in order
Built = tuple[Any, ...]


def with_tables_of_its_own(net: Net, tables: Iterable[str]) -> Any:
    """A copy of a net that shares all tables but these with it."""
    copied = copy.copy(net)
    for table in tables:
        copied[table] = net[table].copy()
    return copied


def reinforced_net(net: Net, built: Built) -> Any:
    """The net with these candidates built; it shares what they do not change."""
    if not built:
        return net
    rows = net["reinforcement"].loc[list(built)]
    after = with_tables_of_its_own(net, set(rows["element_type"]))
    for row in rows.itertuples():
        table, element = after[row.element_type], row.element
        if pd.notna(row.std_type):
            for name, value in load_std_type(after, row.std_type, row.element_type).items():
                if name in table:
                    table.at[element, name] = value
            table.at[element, "std_type"] = row.std_type
        if pd.notna(row.parallel):
            table.at[element, "parallel"] = int(row.parallel)
        if pd.notna(row.in_service):
            table.at[element, "in_service"] = True
    return after


def with_candidates_in_service(net: Net, rows: pd.DataFrame) -> Any:
    """The net with every element in service that a candidate switches on: its values count."""
    switched = rows[rows["in_service"].eq(True).fillna(False).to_numpy(dtype=bool)] if len(rows) else rows
    tables = [table for table in switched["element_type"].unique() if "in_service" in net[table]]
    after = with_tables_of_its_own(net, tables)
    for table in tables:
        after[table].loc[switched["element"][switched["element_type"] == table].tolist(), "in_service"] = True
    return after


def plain_of_candidates(net: Net) -> Any:
    """`plain_net` that leaves what candidates switch on as it is."""
    plain = plain_net(net)
    rows = candidates(net)
    switched_on = plain_net(with_candidates_in_service(net, rows))
    for table in rows["element_type"].unique():
        if switched_on[table] is not plain[table]:
            plain[table] = switched_on[table].assign(in_service=plain[table]["in_service"])
    return plain


def annuities(net: Net, discount_rate: float) -> dict[Any, float]:
    """What every candidate costs a year (18)."""
    rows = candidates(net)
    return {
        row.Index: investment_annuity(row.invest_eur, discount_rate, row.lifetime_years) for row in rows.itertuples()
    }


def candidates(net: Net) -> pd.DataFrame:
    """net.reinforcement, empty where the net has none."""
    return net["reinforcement"] if "reinforcement" in net else no_candidates()


def no_candidates() -> pd.DataFrame:
    return pd.DataFrame({"element_type": [], "element": []})


def are_alternatives(net: Net, built: Built) -> bool:
    """Whether two of them are for one element."""
    return bool(candidates(net).loc[list(built)].duplicated(["element_type", "element"]).any())


def all_combinations(net: Net) -> Iterator[Built]:
    """Every set of candidates without two alternatives, nothing first, the small ones before the large ones."""
    labels = candidates(net).index.tolist()
    for size in range(len(labels) + 1):
        for built in combinations(labels, size):
            if not are_alternatives(net, built):
                yield built


def n_combinations(net: Net) -> int:
    """How many sets `all_combinations` gives."""
    number = 1
    for _, alternatives in candidates(net).groupby(["element_type", "element"]):
        number *= 1 + len(alternatives)
    return number
