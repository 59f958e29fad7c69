"""Where branch loadings are measured, and against what: both ends of lines, all sides of transformers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray, Net, ObjectArray
from pandapower_evflex.case.net_limits import GivenLimits

SQRT3 = np.sqrt(3.0)


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
    parts = [_line_ends(net, branch_rows, given.max_line_loading_percent)]
    for table, sides in (("trafo", ("hv", "lv")), ("trafo3w", ("hv", "mv", "lv"))):
        parts += _trafo_ends(net, table, sides, branch_rows, trafo_loading, given.max_trafo_loading_percent)
    joined = pd.concat(parts, ignore_index=True)
    joined = joined[joined["branch"] >= 0]
    return RatedEnds(
        branch=joined["branch"].to_numpy(dtype=np.int64),
        at_from=joined["at_from"].to_numpy(dtype=bool),
        squared_power=joined["squared_power"].to_numpy(dtype=bool),
        rating=joined["rating"].fillna(np.inf).to_numpy(dtype=float),
        limit=joined["limit"].fillna(np.inf).where(joined["rating"].notna(), np.inf).to_numpy(dtype=float),
        max_i_ka=joined["max_i_ka"].to_numpy(dtype=float),
        element_type=joined["element_type"].to_numpy(dtype=object),
        element=joined["element"].to_numpy(dtype=np.int64),
        side=joined["side"].to_numpy(dtype=object),
    )


def _line_ends(net: Net, branch_rows: dict[str, IntArray], max_loading_percent: float | None) -> pd.DataFrame:
    line = net["line"]
    max_i_ka = (line["max_i_ka"] * line["df"] * line["parallel"]).to_numpy(dtype=float)
    ends = [
        _ends(
            line,
            "line",
            side,
            branch=branch_rows.get("line", np.empty(0, dtype=np.int64)),
            at_from=side == "from",
            squared_power=False,
            # both ends carry the same base current, that of the from bus, as pandapower's loading does
            rating=max_i_ka * SQRT3 * net["bus"]["vn_kv"].loc[line[f"{side}_bus"]].to_numpy(dtype=float),
            limit=_limit(line, max_loading_percent),
            max_i_ka=max_i_ka,
        )
        for side in ("from", "to")
    ]
    return pd.concat(ends)


def _trafo_ends(
    net: Net,
    table: str,
    sides: tuple[str, ...],
    branch_rows: dict[str, IntArray],
    trafo_loading: str,
    max_loading_percent: float | None,
) -> list[pd.DataFrame]:
    trafo = net[table]
    n = len(trafo)
    if not n:
        return []
    rows = branch_rows[table]
    ends = []
    for number, side in enumerate(sides):
        if table == "trafo":
            units = (trafo["df"] * trafo["parallel"]).to_numpy(dtype=float)
            rating = trafo["sn_mva"].to_numpy(dtype=float) * units
            branch, at_from = rows, side == "hv"
        else:  # three branches to an auxiliary bus, hv side first; hv is seen from its outer end, mv and lv likewise
            rating = trafo[f"sn_{side}_mva"].to_numpy(dtype=float)
            branch, at_from = rows[number * n : (number + 1) * n], side == "hv"
        if trafo_loading == "current":  # rated current in pu of the bus's base current
            vn_bus = net["bus"]["vn_kv"].loc[trafo[f"{side}_bus"]].to_numpy(dtype=float)
            rating = rating * vn_bus / trafo[f"vn_{side}_kv"].to_numpy(dtype=float)
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


def _ends(table: pd.DataFrame, element_type: str, side: str, **columns: Any) -> pd.DataFrame:
    values = {**columns, "element_type": element_type, "element": table.index.to_numpy(), "side": side}
    return pd.DataFrame(values, index=range(len(table)))


def _limit(table: pd.DataFrame, max_loading_percent: float | None) -> FloatArray:
    """Fraction of the rating: the argument, else the column (NaN: unlimited), else 100 %."""
    if max_loading_percent is not None:
        return np.full(len(table), max_loading_percent / 100.0)
    if "max_loading_percent" in table:
        return table["max_loading_percent"].to_numpy(dtype=float) / 100.0
    return np.ones(len(table))
