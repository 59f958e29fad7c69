"""`net.cos_phi_p`: reactive power of generators from their active power, one row per point of a characteristic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray, IntArray, Net
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.faults import as_numbers, fault_where, labels_of, numbers_of
from pandapower_evflex.tables.kinds import check_net, is_label
from pandapower_evflex.tables.rows import NewRows
from pandapower_evflex.tables.schema import MEMORY, Column, TableSchema

TABLE = "cos_phi_p"

#: rated power [MVA] up to which VDE-AR-N 4105 asks for 0.95, beyond it for 0.90
VDE_SMALL_MVA = 0.0046


def _check_points(net: Net, rows: pd.DataFrame) -> list[Fault]:
    wrong = rows.duplicated(["sgen", "p_share"])
    return fault_where(TABLE, rows, "p_share", wrong, "occurs twice for one sgen", "give one value per share")


def _check_rated_power(net: Net, rows: pd.DataFrame) -> list[Fault]:
    wrong = ~(rated_power(net, rows["sgen"]) > 0)
    remedy = "give net.sgen.sn_mva, of which p_share is a share"
    return fault_where(TABLE, rows, "sgen", wrong, "has no rated power above 0", remedy)


COS_PHI_P = TableSchema(
    TABLE,
    "Power factor of generators as a function of their power, under-excited (they consume reactive power); linear "
    "between the points and constant beyond.",
    (
        Column("name", "object", "name of the characteristic"),
        Column("sgen", "int64", "generator", required=True, foreign_key="sgen"),
        Column("p_share", "float64", "active power as a share of rated power (`sgen.sn_mva`, missing: `max_p_mw`, else "
               "`p_mw`)", required=True, lower=0.0, upper=1.0, hint="give shares of rated power between 0 and 1"),
        Column("cos_phi", "float64", "power factor there", required=True, above=0.0, upper=1.0,
               hint="give a power factor in (0, 1]"),
        Column("in_service", "bool", "takes part", default=True),
        MEMORY,
    ),
    (_check_points, _check_rated_power),
    group="sgen",
)  # fmt: skip


def create_cos_phi_p(
    net: Net, sgen: int, points: Sequence[tuple[float, float]] | None = None, *, name: str | None = None
) -> IntArray:
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
    InvalidInputError    unknown or doubly characterised sgen, no rated power, points out of range; the net is unchanged

    Examples
    --------
    >>> import pandapower as pp, pandapower.networks as nw, pandapower_evflex as evf
    >>> net = nw.create_kerber_landnetz_freileitung_1()
    >>> pv = pp.create_sgen(net, 5, p_mw=0.0, sn_mva=0.01)
    >>> evf.create_cos_phi_p(net, pv).tolist()
    [0, 1]
    >>> net.cos_phi_p[["p_share", "cos_phi"]].values.tolist()
    [[0.5, 1.0], [1.0, 0.9]]
    """
    check_net("create_cos_phi_p", net)
    if not is_label(sgen, labels_of(net, "sgen").tolist()):
        raise InvalidInputError([Fault(TABLE, "sgen", (), sgen, "is not in net.sgen", "use an index of net.sgen")])
    if points is None:
        least = 0.95 if rated_power(net, [sgen])[0] <= VDE_SMALL_MVA else 0.90
        points = [(0.5, 1.0), (1.0, least)]
    pairs = [list(pair) if _is_list(pair) else [pair] for pair in points] if _is_list(points) else []
    if not pairs or any(len(pair) != 2 for pair in pairs):
        problem, remedy = "are not pairs", "give [(p_share, cos_phi), ...], or None for VDE-AR-N 4105"
        raise InvalidInputError([Fault(TABLE, "points", (), repr(points), problem, remedy)])
    shares, factors = zip(*pairs, strict=True)
    rows = NewRows(net, COS_PHI_P, shares, None)
    if TABLE in net and "sgen" in net[TABLE] and (net[TABLE]["sgen"] == sgen).any():
        problem, remedy = "has a characteristic already", "drop its rows of net.cos_phi_p first"
        raise InvalidInputError([Fault(TABLE, "sgen", (), sgen, problem, remedy)])
    return rows.append({"name": name, "sgen": sgen, "p_share": shares, "cos_phi": factors}, {})


def _is_list(value: Any) -> bool:
    return bool(pd.api.types.is_list_like(value))


def rated_power(net: Net, sgens: Any) -> FloatArray:
    """Rated power [MVA] of generators: sn_mva, else max_p_mw, else p_mw; NaN when none is known."""
    rated = numbers_of(net, "sgen", "sn_mva", sgens)
    for column in ("max_p_mw", "p_mw"):
        rated = np.where(np.isnan(rated), numbers_of(net, "sgen", column, sgens), rated)
    return rated


def reactive_powers(net: Net, p_mw: pd.DataFrame) -> pd.DataFrame:
    """Q = -P tan(phi(P)) [Mvar] of generators with a characteristic (first paper, eq. 6).

    Parameters
    ----------
    p_mw : DataFrame [period x sgen]    before scaling, generation positive; every sgen has points in service

    Returns
    -------
    DataFrame [period x sgen]    before scaling, generation positive: never above 0
    """
    rows = net[TABLE]
    used = rows["in_service"].to_numpy(dtype=bool)
    sgens, shares, factors = (as_numbers(rows[column])[0][used] for column in ("sgen", "p_share", "cos_phi"))
    order = np.argsort(shares)
    p = np.abs(p_mw.to_numpy(dtype=float))
    of_rated = p / rated_power(net, p_mw.columns)
    cos_phi = np.ones_like(p)
    for i, sgen in enumerate(p_mw.columns):
        points = order[sgens[order] == sgen]
        cos_phi[:, i] = np.interp(of_rated[:, i], shares[points], factors[points])
    return pd.DataFrame(-p * tan_phi(cos_phi), index=p_mw.index, columns=p_mw.columns)


def greatest_ratios(net: Net, sgens: Any) -> FloatArray:
    """Most reactive over active power of characteristics [n_sgen]; NaN where a generator has none in service."""
    rows = net.get(TABLE, pd.DataFrame({"sgen": [], "cos_phi": [], "in_service": []}))
    least = rows[rows["in_service"].astype(bool)].groupby("sgen")["cos_phi"].min()
    return np.asarray(tan_phi(least.reindex(sgens).to_numpy(dtype=float)))


def reactive_power(net: Net, sgen: int, p_mw: Any) -> FloatArray:
    """`reactive_powers` of one generator, for a power or an array of powers."""
    p = np.asarray(p_mw, dtype=float)
    return reactive_powers(net, pd.DataFrame({sgen: p.ravel()}))[sgen].to_numpy().reshape(p.shape)


def tan_phi(cos_phi: Any) -> Any:
    """Reactive power over active power."""
    return np.sqrt(1.0 - np.square(cos_phi)) / cos_phi
