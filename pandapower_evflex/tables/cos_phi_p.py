"""`net.cos_phi_p`: reactive power of generators from their active power, one row per point of a characteristic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.schema import Column, TableSchema, create_rows, fault_where

#: MVA; up to here VDE-AR-N 4105 asks for 0.95, above for 0.90
VDE_SMALL_MVA = 0.0046


def _check_points(net: Any, rows: pd.DataFrame) -> list[Fault]:
    wrong = rows.duplicated(["sgen", "p_share"])
    return fault_where("cos_phi_p", rows, "p_share", wrong, "occurs twice for one sgen", "give one value per share")


COS_PHI_P = TableSchema(
    "cos_phi_p",
    "Power factor of generators as a function of their power, under-excited (they consume reactive power).",
    (
        Column("name", "str", "name of the characteristic"),
        Column("sgen", "int", "generator", required=True, references="sgen"),
        Column("p_share", "float", "active power as a share of rated power", required=True, lower=0.0, upper=1.0,
               hint="give shares of rated power between 0 and 1"),
        Column("cos_phi", "float", "power factor there; linear in between", required=True, above=0.0, upper=1.0,
               hint="give a power factor in (0, 1]"),
        Column("in_service", "bool", "takes part", default=True),
    ),
    (_check_points,),
)  # fmt: skip


def create_cos_phi_p(
    net: Any, sgen: int, points: Sequence[tuple[float, float]] | None = None, *, name: str | None = None
) -> NDArray[np.int64]:
    """Let a generator follow a cos phi(P) characteristic, as VDE-AR-N 4105 asks of rooftop PV.

    The run computes the reactive power of each period from the active power of that period; it is negative
    (under-excited), so voltages fall. An explicit ("sgen", "q_mvar") profile wins.

    Parameters
    ----------
    net : pandapowerNet
    sgen : int
    points : [(p_share, cos_phi), ...]
        power as a share of rated power (`sgen.sn_mva`, missing: `max_p_mw`, else `p_mw`) and power factor, linear in
        between and constant beyond. None: VDE-AR-N 4105, 1 up to half of rated power, then linear to 0.95 up to
        4.6 kVA and 0.90 above

    Returns
    -------
    int array    rows in net.cos_phi_p, one per point

    Raises
    ------
    InvalidInputError    unknown or doubly characterised sgen, points out of range; the net is unchanged
    """
    if sgen not in net["sgen"].index:
        raise InvalidInputError(
            [Fault("cos_phi_p", "sgen", (), sgen, "is not in net.sgen", "use an index of net.sgen")]
        )
    if "cos_phi_p" in net and (net["cos_phi_p"]["sgen"] == sgen).any():
        problem, remedy = "has a characteristic already", "drop its rows of net.cos_phi_p first"
        raise InvalidInputError([Fault("cos_phi_p", "sgen", (), sgen, problem, remedy)])
    if points is None:
        least = 0.95 if rated_power(net, [sgen])[0] <= VDE_SMALL_MVA else 0.90
        points = [(0.5, 1.0), (1.0, least)]
    shares, factors = zip(*points, strict=True)
    values = {"name": name, "sgen": sgen, "p_share": shares, "cos_phi": factors}
    return create_rows(net, COS_PHI_P, len(points), values)


def rated_power(net: Any, sgens: Sequence[int]) -> NDArray[np.float64]:
    """Rated power [MVA] of generators: sn_mva, else max_p_mw, else p_mw."""
    table = net["sgen"].loc[list(sgens)]
    rated = np.full(len(table), np.nan)
    for column in ("sn_mva", "max_p_mw", "p_mw"):
        if column in table:
            rated = np.where(np.isnan(rated), table[column].to_numpy(dtype=float), rated)
    return rated


def reactive_power(net: Any, sgen: int, p_mw: NDArray[np.float64]) -> NDArray[np.float64]:
    """Q = -P tan(phi(P)) [Mvar], generation positive, for powers before scaling (first paper, eq. 6)."""
    rows = net["cos_phi_p"]
    rows = rows[(rows["sgen"] == sgen) & rows["in_service"].to_numpy(dtype=bool)].sort_values("p_share")
    share = np.abs(p_mw) / rated_power(net, [sgen])[0]
    cos_phi = np.interp(share, rows["p_share"], rows["cos_phi"])
    return -np.abs(p_mw) * np.sqrt(1.0 - cos_phi**2) / cos_phi
