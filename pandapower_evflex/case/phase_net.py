"""A net by phase: the grid's own branches, with the zero-sequence data of pandapower's tables beside them.

Currents of single phases return through the earth and neutral of their own zone, the lines up to the next transformers.
Only zones with units on single phases need zero-sequence data, of their lines and of the transformers that feed them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from pandapower_evflex.arrays import BoolArray, ComplexArray, FloatArray, IntArray, Net
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.case.in_service import live_rows
from pandapower_evflex.case.net_tables import ASYMMETRIC, NET_TABLES, P_OF_PHASES, Q_OF_PHASES
from pandapower_evflex.case.ratings import positions, product, vn_kv
from pandapower_evflex.errors import listed

ZERO_OF_LINES = ("r0_ohm_per_km", "x0_ohm_per_km", "c0_nf_per_km")
ZERO_OF_TRAFOS = ("vk0_percent", "vkr0_percent")
#: windings with the lower side earthed and no zero-sequence current at the upper one, and the parity of their clock
VECTOR_GROUP = re.compile(r"(?:(?P<odd>Dyn|Yzn)|(?P<even>Dzn))\d*")
#: admittance beside lines and transformers [pu] that counts as none
NO_SHUNT = 1e-9


@dataclass(frozen=True)
class PhaseNet:
    """Lines, transformers and sources of the supplied part of a grid, its rows as nodes; all per unit on 1 MVA.

    Parameters
    ----------
    vn_kv : float [n_bus]
    line, trafo : int                             branches of the grid
    line_z, line_y, line_z0, line_y0 : complex    in series, and to earth in sum of both ends
    trafo_z, trafo_y, trafo_z0 : complex          z0 from the lower side to earth; z where nothing is known or needed
    ratio : float                                 of voltages in pu, upper over lower side
    shift_degree : float                          by which the lower side lags
    vector_group : object                         "" where none is needed
    unbalanced : complex [n_bus, 3]               injections by phase beyond a third of their sum, of `ASYMMETRIC`
    zone_is_unbalanced : bool [n_bus]             units on single phases are in the zone of the bus
    """

    grid: Grid
    f_hz: float
    vn_kv: FloatArray
    line: IntArray
    line_z: ComplexArray
    line_y: ComplexArray
    line_z0: ComplexArray
    line_y0: ComplexArray
    trafo: IntArray
    trafo_z: ComplexArray
    trafo_y: ComplexArray
    trafo_z0: ComplexArray
    ratio: FloatArray
    shift_degree: FloatArray
    vector_group: list[str]
    unbalanced: ComplexArray
    zone_is_unbalanced: BoolArray


def phase_net(net: Net, grid: Grid, one_phase_rows: IntArray) -> PhaseNet | str:
    """The net by phase with units on single phases at some rows of the grid, or why it cannot be built.

    Parameters
    ----------
    net : pandapowerNet    `plain_net`
    """
    lines, line_labels = _branches(grid, "line", "from")
    trafos, trafo_labels = _branches(grid, "trafo", "hv")
    if why := _unknown(net, grid, np.concatenate([lines, trafos])):
        return why
    unbalanced, asymmetric_rows = _unbalanced(net, grid)
    zone = _zones(grid, lines)
    in_zone = np.isin(zone, zone[np.concatenate([one_phase_rows, asymmetric_rows])])
    line_table = net["line"].take(positions(net["line"].index, line_labels))
    trafo_table = net["trafo"].take(positions(net["trafo"].index, trafo_labels))
    needs, feeds = in_zone[grid.from_bus[lines]], in_zone[grid.to_bus[trafos]]
    why = _missing(line_table[needs], "line", ZERO_OF_LINES)
    why = why or _missing(trafo_table[feeds], "trafo", ZERO_OF_TRAFOS) or _other_windings(trafo_table[feeds])
    if in_zone[grid.from_bus[trafos]].any():
        why = why or "a transformer has cars of one phase at its upper side"
    if why:
        return why
    vn = _vn_kv(net, grid)
    line_z, line_y = _series_and_shunt(grid, lines, np.ones(len(lines)))
    line_z0, line_y0 = _zero_of_lines(line_table, vn[grid.from_bus[lines]], float(net["f_hz"]))
    ratio: FloatArray = np.sqrt((grid.y_tt[trafos] / grid.y_ff[trafos]).real)
    trafo_z, trafo_y = _series_and_shunt(grid, trafos, ratio)
    groups = [str(group) if feed else "" for group, feed in zip(_groups(trafo_table), feeds, strict=True)]
    return PhaseNet(
        grid=grid,
        f_hz=float(net["f_hz"]),
        vn_kv=vn,
        line=lines,
        line_z=line_z,
        line_y=line_y,
        line_z0=np.where(needs, line_z0, line_z),
        line_y0=np.where(needs, line_y0, line_y),
        trafo=trafos,
        trafo_z=trafo_z,
        trafo_y=trafo_y,
        trafo_z0=np.where(feeds, _zero_of_trafos(net, trafo_table), trafo_z),
        ratio=ratio,
        shift_degree=np.nan_to_num(trafo_table["shift_degree"].to_numpy(dtype=float)),
        vector_group=groups,
        unbalanced=unbalanced,
        zone_is_unbalanced=in_zone,
    )


def _branches(grid: Grid, table: str, side: str) -> tuple[IntArray, IntArray]:
    """Branches of the grid that are elements of a table, and their labels there."""
    chosen = (grid.ends.element_type == table) & (grid.ends.side == side)
    return grid.ends.branch[chosen], grid.ends.element[chosen]


def _unknown(net: Net, grid: Grid, known: IntArray) -> str:
    """What is neither line, transformer with two windings, load nor source of fixed voltage."""
    if len(grid.held):
        return "generators hold voltages"
    if len(np.unique(known)) < len(grid.from_bus):
        return "there are branches other than lines and transformers with two windings"
    diagonal = np.asarray(grid.y_bus.diagonal())
    y_beside = diagonal.copy()
    np.subtract.at(y_beside, grid.from_bus, grid.y_ff)
    np.subtract.at(y_beside, grid.to_bus, grid.y_tt)
    if np.abs(y_beside).max(initial=0.0) > NO_SHUNT * np.abs(diagonal).max(initial=1.0):
        return "there are shunts"
    for table in ASYMMETRIC:
        rows = net[table][live_rows(net, NET_TABLES[table])] if table in net else pd.DataFrame()
        if len(rows) and "type" in rows and rows["type"].eq("delta").any():
            return f"net.{table} holds elements in delta connection"
    return ""


def _unbalanced(net: Net, grid: Grid) -> tuple[ComplexArray, IntArray]:
    """Injections by phase beyond a third of their sum [n_bus, 3], and the rows of the elements."""
    beyond, rows = np.zeros((len(grid.vm_min), 3), dtype=np.complex128), [np.empty(0, dtype=np.int64)]
    row_of = pd.Series(grid.bus_row, index=grid.bus_index)
    for table, sign in zip(ASYMMETRIC, (-1.0, 1.0), strict=True):
        if not len(net[table]):
            continue
        live = net[table][live_rows(net, NET_TABLES[table])]
        at = row_of[live["bus"]].to_numpy(dtype=np.int64)
        power = live[list(P_OF_PHASES)].to_numpy(dtype=float) + 1j * live[list(Q_OF_PHASES)].to_numpy(dtype=float)
        power = sign * power * live["scaling"].to_numpy(dtype=float)[:, None]
        np.add.at(beyond, at[at >= 0], (power - power.mean(axis=1, keepdims=True))[at >= 0])
        rows.append(at[at >= 0])
    return beyond, np.concatenate(rows)


def _zones(grid: Grid, lines: IntArray) -> IntArray:
    """Number of the zone of every bus: what lines connect."""
    n, ends = len(grid.vm_min), (grid.from_bus[lines], grid.to_bus[lines])
    _, zone = connected_components(csr_matrix((np.ones(len(lines)), ends), shape=(n, n)), directed=False)
    return np.asarray(zone)


def _missing(table: pd.DataFrame, name: str, columns: tuple[str, ...]) -> str:
    """Columns of zero-sequence data that are not there, or have gaps."""
    numbers = {column: pd.to_numeric(table[column], errors="coerce") for column in columns if column in table}
    gaps = [column for column in columns if column not in numbers or not np.isfinite(numbers[column]).all()]
    return f"net.{name} lacks {', '.join(gaps)}" if len(table) and gaps else ""


def _groups(trafos: pd.DataFrame) -> list[str]:
    if "vector_group" not in trafos:
        return [""] * len(trafos)
    return [group if isinstance(group, str) else "" for group in trafos["vector_group"]]


def _other_windings(trafos: pd.DataFrame) -> str:
    others = [
        f"{label} ({group or 'none given'})"
        for label, group in zip(trafos.index, _groups(trafos), strict=True)
        if not VECTOR_GROUP.fullmatch(group)
    ]
    return f"net.trafo.vector_group is neither Dyn, Yzn nor Dzn in rows {listed(others)}" if others else ""


def _vn_kv(net: Net, grid: Grid) -> FloatArray:
    """Of every row; the open end of a line, which no bus stands for, has that of the other end."""
    vn = np.full(len(grid.vm_min), np.nan)
    supplied = grid.bus_row >= 0
    vn[grid.bus_row[supplied]] = vn_kv(net, pd.Series(grid.bus_index))[supplied]
    for _ in range(2):  # a line may have been cut at both ends
        for ours, theirs in ((grid.from_bus, grid.to_bus), (grid.to_bus, grid.from_bus)):
            empty = np.isnan(vn[ours])
            vn[ours[empty]] = vn[theirs[empty]]
    return vn


def _series_and_shunt(grid: Grid, branch: IntArray, ratio: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    """Impedance in series and admittance to earth in sum, seen from the to side, of branches with equal halves."""
    y: ComplexArray = np.sqrt(grid.y_ft[branch] * grid.y_tf[branch]).astype(np.complex128) * ratio
    y[y.imag > 0.0] *= -1.0  # inductive
    return 1.0 / y, 2.0 * (grid.y_tt[branch] - y)


def _zero_of_lines(lines: pd.DataFrame, vn: FloatArray, f_hz: float) -> tuple[ComplexArray, ComplexArray]:
    r0, x0, c0 = (
        pd.to_numeric(lines[name], errors="coerce").to_numpy(dtype=float)
        if name in lines
        else np.full(len(lines), np.nan)
        for name in ZERO_OF_LINES
    )
    length, parallel = lines["length_km"].to_numpy(dtype=float), lines["parallel"].to_numpy(dtype=float)
    z = (r0 + 1j * x0) * length / parallel / vn**2
    return z, 2j * np.pi * f_hz * c0 * 1e-9 * length * parallel * vn**2


def _zero_of_trafos(net: Net, trafos: pd.DataFrame) -> ComplexArray:
    vk0, vkr0 = (
        pd.to_numeric(trafos[name], errors="coerce").to_numpy(dtype=float) / 100.0
        if name in trafos
        else np.full(len(trafos), np.nan)
        for name in ZERO_OF_TRAFOS
    )
    base = product(trafos, "sn_mva", "parallel") * (vn_kv(net, trafos["lv_bus"]) / trafos["vn_lv_kv"].to_numpy()) ** 2
    return (vkr0 + 1j * np.sqrt(np.maximum(vk0**2 - vkr0**2, 0.0))) / base
