"""Profiles and tables in kW that were meant in MW: powers that no line and no transformer could bring to their buses.

The largest flow from the rest of the net to the buses of a profile is found with all ratings, loads and generation
`BEYOND` times what they are. What it leaves over in half of the periods is proof; a single peak may be meant. Open
switches and branches out of service count as closed and in service, and what has no rating carries everything, so that
a right profile is never accused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product as all_pairs
from typing import Any

import numpy as np
import pandas as pd
from pandapower.toolbox import element_bus_tuples
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, maximum_flow

from pandapower_evflex.arrays import FloatArray, IntArray, Net
from pandapower_evflex.case.asymmetric import with_sums_of_phases
from pandapower_evflex.case.net_tables import ASYMMETRIC
from pandapower_evflex.case.net_values import without_gaps
from pandapower_evflex.case.profiles import SUPPORTED, Profiles
from pandapower_evflex.case.ratings import SQRT3, positions, product, vn_kv
from pandapower_evflex.errors import Fault

#: power, in multiples of the ratings, beyond which a profile is refused: above any study of overload, well below 1000
BEYOND = 30.0
#: power, in multiples of the ratings, beyond which the unit is in doubt if limits are broken
DOUBTFUL = 3.0
#: power, in multiples of the table's values, beyond which the unit is in doubt if limits are broken
FAR_FROM_TABLE = 100.0
#: steps that the whole demand is counted in: the maximum flow takes whole numbers
STEPS = 1_000_000
#: what pandapower's converters write where a transformer has no rating
NO_RATING_MVA = 99.999
#: tables of elements that give and take whatever power is left
_UNLIMITED = ("ext_grid", "gen")


@dataclass(frozen=True)
class Ways:
    """Branches between buses, by position; the last nodes are the star points of three-winding transformers.

    Parameters
    ----------
    n_nodes : int
    first, second : int [n_branch]
    rating_mva : float [n_branch]    inf: not known, or a switch
    """

    n_nodes: int
    first: IntArray
    second: IntArray
    rating_mva: FloatArray

    @cached_property
    def part(self) -> IntArray:
        """Number of the connected part of each node."""
        ones = np.ones(len(self.first))
        graph = coo_matrix((ones, (self.first, self.second)), shape=(self.n_nodes, self.n_nodes))
        return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def unit_faults(net: Net, profiles: Profiles) -> list[Fault]:
    """Profiles of powers that are far beyond what the net could bring to their buses; the net's tables are right."""
    return _beyond_ratings(net, profiles, BEYOND, 0.5)


def unit_doubts(net: Net, profiles: Profiles) -> list[str]:
    """What profiles and tables may explain limits that the net breaks: no proof, but numbers that ask for the unit."""
    doubts = [
        f"{fault.table}: {fault.value} in period {fault.rows[0]} {fault.problem}; {fault.remedy}"
        for fault in _beyond_ratings(net, profiles, DOUBTFUL, 1.0)
    ]
    return doubts + _doubts_of_tables(net, profiles) or _far_from_tables(net, profiles)


def _doubts_of_tables(net: Net, profiles: Profiles) -> list[str]:
    """The same of values in pandapower's tables, which hold where there is no profile."""
    values = {}
    for table, column in sorted({*SUPPORTED, *all_pairs(ASYMMETRIC, ("p_mw", "q_mvar"))}):
        rows = _rows(net, table) if table in net else pd.DataFrame()
        left = rows.index.difference(profiles.elements.get((table, column), ()))
        if len(left):
            values[table, column] = rows.loc[left, [column]].T.reset_index(drop=True)
    faults = _beyond_ratings(net, replace(profiles, values=values), DOUBTFUL, 1.0)
    return [
        f"net.{fault.table.removeprefix('profiles[').removesuffix(']')}: {fault.value} {fault.problem}; {fault.remedy}"
        for fault in faults
    ]


def _rows(net: Net, table: str) -> pd.DataFrame:
    """A table with `p_mw` and `q_mvar`, of all phases where it has them by phase."""
    return with_sums_of_phases(net[table]) if table in ASYMMETRIC else without_gaps(net, table)


def _beyond_ratings(net: Net, profiles: Profiles, times: float, quantile: float) -> list[Fault]:
    if not profiles.values:
        return []
    ways, faults = _ways(net), []
    for (table, column), frame in profiles.values.items():
        powers = _powers(net, table, column, frame)
        if len(powers.columns) and not _is_far_below(net, ways, table, powers, times):
            faults += _beyond(net, ways, table, column, powers, times, quantile)
    return faults


def _far_from_tables(net: Net, profiles: Profiles) -> list[str]:
    """Profiles that peak, in the median of their elements, at many times the values in the table."""
    doubts = []
    for (table, column), frame in profiles.values.items():
        values = net[table].loc[frame.columns, column].abs().astype(float)
        ratio = (frame.abs().max() / values.where(values > 0.0)).dropna().median()
        if ratio >= FAR_FROM_TABLE:
            unit = _unit(column)
            doubts.append(
                f"the profile of {table}.{column} peaks at {ratio:.3g} times the values in net.{table} (median of its "
                f"elements): are the values in k{unit[1:]}? give {unit}, that is the values / 1000"
            )
    return doubts


def _unit(column: str) -> str:
    return "Mvar" if column == "q_mvar" else "MW"


def _powers(net: Net, table: str, column: str, frame: pd.DataFrame) -> pd.DataFrame:
    """What elements in service draw or feed in; without what follows from a characteristic."""
    if column == "q_mvar" and table == "sgen" and "cos_phi_p" in net:
        frame = frame.drop(columns=net["cos_phi_p"]["sgen"], errors="ignore")
    rows = net[table].index.get_indexer(frame.columns)
    live = net[table]["in_service"].to_numpy(dtype=bool)[rows]
    scaling = net[table]["scaling"].to_numpy(dtype=float)[rows]
    return pd.DataFrame(frame.to_numpy(dtype=float)[:, live] * scaling[live], frame.index, frame.columns[live])


def _beyond(
    net: Net, ways: Ways, table: str, column: str, powers: pd.DataFrame, times: float, quantile: float
) -> list[Fault]:
    at = _nodes(net, table, powers)
    at_node = coo_matrix((np.ones(len(at)), (np.arange(len(at)), at)), shape=(len(at), ways.n_nodes)).tocsr()
    of_buses = powers.to_numpy(dtype=float) @ at_node
    period = _period_at(np.abs(of_buses).sum(axis=1), quantile)
    demand = np.abs(of_buses[period])
    supply = _supply(net, ways, table)
    demand = np.where(_reached(ways, supply > 0.0), demand, 0.0)
    if not demand.any() or _carried(ways, demand, supply, times) >= demand.sum():
        return []
    unit = _unit(column)
    largest = powers.iloc[period].abs().idxmax()
    value = f"{demand.sum():.4g} {unit} (of {table} {largest} alone {abs(powers.at[period, largest]):.4g} {unit})"
    carried = _carried(ways, demand, supply, 1.0)
    problem = f"is more than {times:g} times the {carried:.3g} MVA of it that the net is rated to carry to their buses"
    remedy = f"are the values in k{unit[1:]}? give {unit}, that is the values / 1000"
    return [Fault(f"profiles[{table}.{column}]", "", (period,), value, problem, remedy)]


def _period_at(totals: FloatArray, quantile: float) -> int:
    """The period whose total is at a quantile of those above 0: 1 the peak, 0.5 the middle."""
    order = np.argsort(totals, kind="stable")
    order = order[np.count_nonzero(totals == 0.0) :] if totals.any() else order
    return int(order[round(quantile * (len(order) - 1))])


def _nodes(net: Net, table: str, powers: pd.DataFrame) -> IntArray:
    """Where the elements of the columns are."""
    return positions(net["bus"].index, net[table]["bus"].to_numpy()[net[table].index.get_indexer(powers.columns)])


def _is_far_below(net: Net, ways: Ways, table: str, powers: pd.DataFrame, times: float) -> bool:
    """Whether any way alone could carry all of it from a source without a limit: the usual case, in no time."""
    most = np.abs(powers.to_numpy(dtype=float)).sum(axis=1).max(initial=0.0)
    if most > times * ways.rating_mva.min(initial=np.inf):
        return False
    return bool(_reached(ways, _unlimited(net, table))[_nodes(net, table, powers)].all())


def _unlimited(net: Net, table: str) -> IntArray:
    """Nodes of the elements that give and take whatever power is left; of profiled ones the slack."""
    nodes = [np.empty(0, dtype=np.int64)]
    for name in _UNLIMITED:
        rows = net[name]
        rows = rows[rows["slack"].to_numpy(dtype=bool)] if name == table and "slack" in rows else rows
        nodes += [positions(net["bus"].index, rows["bus"])] if len(rows) else []
    nodes += [positions(net["bus"].index, net["dcline"][end]) for end in ("from_bus", "to_bus") if len(net["dcline"])]
    return np.concatenate(nodes)


def _supply(net: Net, ways: Ways, table: str) -> FloatArray:
    """What all other elements could give or take, MVA [n_node]: of what is not unlimited, the table values."""
    supply = np.zeros(ways.n_nodes)
    supply[_unlimited(net, table)] = np.inf
    for name in ("load", "sgen", "storage", *ASYMMETRIC):
        if name != table and len(net[name]):
            rows = _rows(net, name)
            powers = np.hypot(*(rows[column].to_numpy(dtype=float) for column in ("p_mw", "q_mvar")))
            np.add.at(
                supply, positions(net["bus"].index, rows["bus"]), powers * rows["scaling"].abs().to_numpy(dtype=float)
            )
    return supply


def _reached(ways: Ways, sources: Any) -> Any:
    """Nodes that any way leads to from a source."""
    return np.isin(ways.part, ways.part[sources])


def _carried(ways: Ways, demand: FloatArray, supply: FloatArray, times: float) -> float:
    """Largest flow to the demand with ``times`` the ratings, MVA; all of it where rounding alone may be missing."""
    step = demand.sum() / STEPS
    source, sink = ways.n_nodes, ways.n_nodes + 1
    nodes = np.arange(ways.n_nodes)
    least = np.floor(demand / step)
    rows = np.concatenate([ways.first, ways.second, np.full(len(nodes), source), nodes])
    columns = np.concatenate([ways.second, ways.first, nodes, np.full(len(nodes), sink)])
    rating = np.ceil(np.minimum(times * np.minimum(ways.rating_mva, 1e12), demand.sum()) / step)
    capacity = np.concatenate([rating, rating, np.ceil(times * supply / step), least])
    capacity = np.minimum(capacity, 2.0 * STEPS)
    graph = coo_matrix((capacity, (rows, columns)), shape=(sink + 1, sink + 1)).tocsr()
    graph.data = np.minimum(graph.data, 2.0 * STEPS)
    flow = maximum_flow(graph.astype(np.int32), source, sink).flow_value
    return float(demand.sum()) if flow == least.sum() else step * float(flow)


def _ways(net: Net) -> Ways:
    """Every element between two buses or more, and switches between buses."""
    columns: dict[str, list[str]] = {}
    for table, column in element_bus_tuples(bus_elements=False):
        columns.setdefault(table, []).append(column)
    parts, n_nodes = [], len(net["bus"])
    for table, ends in columns.items():
        rows = net.get(table)
        if table in ("switch", "trafo3w") or not isinstance(rows, pd.DataFrame) or not len(rows):
            continue
        first, second = (positions(net["bus"].index, rows[end]) for end in ends[:2])
        parts.append((first, second, _ratings(net, table, rows)))
    if len(net["switch"]):
        closed = net["switch"][net["switch"]["et"] == "b"]
        parts.append(
            (
                positions(net["bus"].index, closed["bus"]),
                positions(net["bus"].index, closed["element"]),
                np.full(len(closed), np.inf),
            )
        )
    star = n_nodes + np.arange(len(net["trafo3w"]))
    for side in ("hv", "mv", "lv") if len(star) else ():
        rows = net["trafo3w"]
        parts.append(
            (star, positions(net["bus"].index, rows[f"{side}_bus"]), rows[f"sn_{side}_mva"].to_numpy(dtype=float))
        )
    nothing = np.empty(0, dtype=np.int64)
    parts.append((nothing, nothing, np.empty(0)))
    first, second, rating = (np.concatenate(part) for part in zip(*parts, strict=True))
    known = (first >= 0) & (second >= 0)
    return Ways(n_nodes + len(star), first[known], second[known], np.nan_to_num(rating[known], nan=np.inf))


def _ratings(net: Net, table: str, rows: pd.DataFrame) -> FloatArray:
    """MVA; of all systems of a line or a transformer."""
    if table == "line":
        return SQRT3 * vn_kv(net, rows["from_bus"]) * product(rows, "max_i_ka", "df", "parallel")
    if table == "trafo":
        is_rated = ~np.isclose(rows["sn_mva"].to_numpy(dtype=float), NO_RATING_MVA)
        return np.where(is_rated, product(rows, "sn_mva", "df", "parallel"), np.inf)
    return np.full(len(rows), np.inf)
