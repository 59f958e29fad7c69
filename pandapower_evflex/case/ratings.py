"""Where branch loadings are measured, and against what: both ends of lines, all sides of transformers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray, Net, ObjectArray
from pandapower_evflex.case.net_limits import GivenLimits

SQRT3 = np.sqrt(3.0)
Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class RatedEnds:
    """One row per measured end of a line, trafo or trafo3w in service.

    Parameters
    ----------
    branch : int            row of the model's branches
    at_from : bool          measured at the branch's from side
    squared_power : bool    |S| is measured, else |I|
    rating : float          pu; 100 % loading
    limit : float           fraction of the rating, inf: none
    max_i_ka : float        rating of lines as a current, of all systems; nan for transformers
    element_type : str      "line", "trafo", "trafo3w"
    element : int           label in that table
    side : str              "from", "to", "hv", "mv", "lv"
    """

    branch: IntArray
    at_from: BoolArray
    squared_power: BoolArray
    rating: FloatArray
    limit: FloatArray
    max_i_ka: FloatArray
    element_type: ObjectArray
    element: IntArray
    side: ObjectArray


def rated_ends(
    net: Net,
    branch_rows: dict[str, IntArray],
    trafo_loading: str,
    given: GivenLimits,
) -> RatedEnds:
    """All rated ends of branches in service.

    A line is loaded by current, a transformer by apparent power over `sn_mva` ("power", first paper eq. 16) or by
    current over its rated current ("current"), each as in pandapower's `loading_percent`.
    """
    parts = _line_ends(net, branch_rows, given.max_line_loading_percent)
    for table, sides in (("trafo", ("hv", "lv")), ("trafo3w", ("hv", "mv", "lv"))):
        parts += _trafo_ends(net, table, sides, branch_rows, trafo_loading, given.max_trafo_loading_percent)
    joined = {name: np.concatenate([part[name] for part in parts]) for name in RatedEnds.__dataclass_fields__}
    live = joined["branch"] >= 0
    ends = {name: values[live] for name, values in joined.items()}
    unrated = np.isnan(ends["rating"])
    ends["limit"] = np.where(unrated | np.isnan(ends["limit"]), np.inf, ends["limit"])
    ends["rating"] = np.where(unrated, np.inf, ends["rating"])
    return RatedEnds(**ends)


def _line_ends(net: Net, branch_rows: dict[str, IntArray], max_loading_percent: float | None) -> list[Columns]:
    line = net["line"]
    max_i_ka = product(line, "max_i_ka", "df", "parallel")
    return [
        _ends(
            line,
            "line",
            side,
            branch=branch_rows.get("line", np.empty(0, dtype=np.int64)),
            at_from=side == "from",
            squared_power=False,
            # both ends carry the same base current, that of the from bus, as pandapower's loading does
            rating=max_i_ka * SQRT3 * vn_kv(net, line[f"{side}_bus"]),
            limit=_limit(line, max_loading_percent),
            max_i_ka=max_i_ka,
        )
        for side in ("from", "to")
    ]


def _trafo_ends(
    net: Net,
    table: str,
    sides: tuple[str, ...],
    branch_rows: dict[str, IntArray],
    trafo_loading: str,
    max_loading_percent: float | None,
) -> list[Columns]:
    trafo = net[table]
    n = len(trafo)
    if not n:
        return []
    rows = branch_rows[table]
    ends = []
    for number, side in enumerate(sides):
        if table == "trafo":
            rating = product(trafo, "sn_mva", "df", "parallel")
            branch, at_from = rows, side == "hv"
        else:  # three branches to an auxiliary bus, hv side first; hv is seen from its outer end, mv and lv likewise
            rating = trafo[f"sn_{side}_mva"].to_numpy(dtype=float)
            branch, at_from = rows[number * n : (number + 1) * n], side == "hv"
        if trafo_loading == "current":  # rated current in pu of the bus's base current
            rating = rating * vn_kv(net, trafo[f"{side}_bus"]) / trafo[f"vn_{side}_kv"].to_numpy(dtype=float)
        ends.append(
            _ends(
                trafo,
                table,
                side,
                branch=branch,
                at_from=at_from,
                squared_power=trafo_loading == "power",
                rating=rating,
                limit=_limit(trafo, max_loading_percent),
                max_i_ka=np.nan,
            )
        )
    return ends


def _ends(table: pd.DataFrame, element_type: str, side: str, **columns: Any) -> Columns:
    n = len(table)
    words = {"element_type": np.full(n, element_type, dtype=object), "side": np.full(n, side, dtype=object)}
    values = {name: np.broadcast_to(value, n) for name, value in columns.items()}
    return {**values, **words, "element": table.index.to_numpy(dtype=np.int64)}


def product(table: pd.DataFrame, *columns: str) -> FloatArray:
    """Of columns, row by row."""
    return np.asarray(np.prod([table[column].to_numpy(dtype=float) for column in columns], axis=0))


def vn_kv(net: Net, buses: pd.Series) -> FloatArray:
    """Rated voltage of buses of the net."""
    return np.asarray(net["bus"]["vn_kv"].to_numpy(dtype=float)[positions(net["bus"].index, buses)])


def positions(index: pd.Index, labels: Any) -> IntArray:
    """Rows of an index with whole numbers, -1 where it has no such label.

    Whole numbers of another dtype, such as the uint32 of `net.load.bus`, take pandas ten times as long.
    """
    cells = np.asarray(labels)
    return np.asarray(index.get_indexer(cells.astype(np.int64, copy=False) if cells.dtype.kind in "iu" else cells))


def _limit(table: pd.DataFrame, max_loading_percent: float | None) -> FloatArray:
    """Fraction of the rating: the argument, else the column (NaN: unlimited), else 100 %."""
    if max_loading_percent is not None:
        return np.full(len(table), max_loading_percent / 100.0)
    if "max_loading_percent" in table:
        return table["max_loading_percent"].to_numpy(dtype=float) / 100.0
    return np.ones(len(table))
