"""Power flows by phase: the only import of power-grid-model, which is optional."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from pandapower_evflex.arrays import ComplexArray, FloatArray
from pandapower_evflex.case.phase_net import VECTOR_GROUP, PhaseNet

HOW_TO_INSTALL = 'pip install "pandapower_evflex[phases]"'
#: MVA as power-grid-model counts, in VA
VA = 1e6
#: short-circuit power of a source [VA]: holds its voltage to the last digit
STIFF = 1e20
#: largest change of a voltage [pu] in the last iteration
TOLERANCE = 1e-9
#: hours of the clock by which a lower side lags, 30 degrees each
HOURS = 12


def is_installed() -> bool:
    return find_spec("power_grid_model") is not None


def balanced_voltages(net: PhaseNet, s: ComplexArray) -> FloatArray | None:
    """Voltage magnitudes [n_case, n_bus] of injections s [n_case, n_bus], MVA; None where some case has none."""
    return _solved(net, "sym_load", -s, symmetric=True)


def voltages_by_phase(net: PhaseNet, s: ComplexArray) -> FloatArray | None:
    """Voltage magnitudes [n_case, n_bus, 3] of injections by phase s [n_case, n_bus, 3], MVA; None as above."""
    return _solved(net, "asym_load", -s, symmetric=False)


def _solved(net: PhaseNet, table: str, loads: ComplexArray, *, symmetric: bool) -> FloatArray | None:
    pgm: Any = import_module("power_grid_model")
    n_bus, first = loads.shape[1], _first_load(net)
    tables = {**_tables(pgm, net), table: pgm.initialize_array("input", table, n_bus)}
    load = tables[table]
    load["id"], load["node"], load["status"] = first + np.arange(n_bus), np.arange(n_bus), 1
    load["type"] = pgm.LoadGenType.const_power
    load["p_specified"], load["q_specified"] = 0.0, 0.0
    update = pgm.initialize_array("update", table, loads.shape[:2])
    update["id"] = load["id"]
    update["p_specified"], update["q_specified"] = VA * loads.real, VA * loads.imag
    try:
        solved = pgm.PowerGridModel(tables, system_frequency=net.f_hz).calculate_power_flow(
            symmetric=symmetric,
            error_tolerance=TOLERANCE,
            calculation_method=pgm.CalculationMethod.newton_raphson,
            update_data={table: update},
            output_component_types=["node"],
        )
    except import_module("power_grid_model.errors").PowerGridError:
        return None
    u_pu: FloatArray = solved["node"]["u_pu"]
    return u_pu


def _first_load(net: PhaseNet) -> int:
    return len(net.vn_kv) + len(net.line) + len(net.trafo) + len(net.grid.slack)


def _tables(pgm: Any, net: PhaseNet) -> dict[str, Any]:
    """Nodes, lines, transformers and sources, numbered one after the other."""
    grid, n_bus = net.grid, len(net.vn_kv)
    node = pgm.initialize_array("input", "node", n_bus)
    node["id"], node["u_rated"] = np.arange(n_bus), 1e3 * net.vn_kv
    source = pgm.initialize_array("input", "source", len(grid.slack))
    source["id"] = n_bus + len(net.line) + len(net.trafo) + np.arange(len(grid.slack))
    source["node"], source["status"], source["sk"] = grid.slack, 1, STIFF
    source["u_ref"] = np.abs(grid.set_points[grid.slack])
    source["u_ref_angle"] = np.angle(grid.set_points[grid.slack])
    return {"node": node, "line": _lines(pgm, net), "transformer": _transformers(pgm, net), "source": source}


def _ends(table: Any, net: PhaseNet, branch: Any, first: int) -> None:
    table["id"] = first + np.arange(len(branch))
    table["from_node"], table["to_node"] = net.grid.from_bus[branch], net.grid.to_bus[branch]
    table["from_status"], table["to_status"] = 1, 1


def _lines(pgm: Any, net: PhaseNet) -> Any:
    """Ohm and farad; what leaks to earth beside the capacitance is a share of it."""
    line = pgm.initialize_array("input", "line", len(net.line))
    _ends(line, net, net.line, len(net.vn_kv))
    ohm, omega = net.vn_kv[net.grid.from_bus[net.line]] ** 2, 2.0 * np.pi * net.f_hz
    for number, z, y in (("1", net.line_z, net.line_y), ("0", net.line_z0, net.line_y0)):
        line[f"r{number}"], line[f"x{number}"] = z.real * ohm, z.imag * ohm
        line[f"c{number}"] = y.imag / ohm / omega
        line[f"tan{number}"] = np.divide(y.real, y.imag, out=np.zeros(len(y)), where=y.imag > 0.0)
    return line


def _transformers(pgm: Any, net: PhaseNet) -> Any:
    """On a rated power of 1 MVA, so that per unit are per unit; z0 differs from theirs by an earthing impedance."""
    trafo = pgm.initialize_array("input", "transformer", len(net.trafo))
    _ends(trafo, net, net.trafo, len(net.vn_kv) + len(net.line))
    upper, lower = (net.vn_kv[rows[net.trafo]] for rows in (net.grid.from_bus, net.grid.to_bus))
    trafo["u1"], trafo["u2"], trafo["sn"] = 1e3 * net.ratio * upper, 1e3 * lower, VA
    trafo["uk"], trafo["pk"] = np.abs(net.trafo_z), VA * net.trafo_z.real
    trafo["i0"], trafo["p0"] = np.abs(net.trafo_y), VA * np.maximum(net.trafo_y.real, 0.0)
    trafo["tap_side"], trafo["tap_size"] = pgm.BranchSide.to_side, 0.0
    for name in ("tap_pos", "tap_min", "tap_max"):
        trafo[name] = 0
    for k, group in enumerate(net.vector_group):
        windings, parity = _windings(pgm, group, net.shift_degree[k])
        trafo["winding_from"][k], trafo["winding_to"][k] = windings
        trafo["clock"][k] = _clock(net.shift_degree[k], parity)
    zigzag = trafo["winding_to"] == pgm.WindingType.zigzag_n
    own = np.where(zigzag, 0.1, 1.0) * net.trafo_z  # what power-grid-model takes as zero-sequence impedance
    earthing = np.where([bool(group) for group in net.vector_group], (net.trafo_z0 - own) / 3.0, 0.0) * lower**2
    trafo["r_grounding_to"], trafo["x_grounding_to"] = earthing.real, earthing.imag
    return trafo


def _windings(pgm: Any, group: str, shift_degree: float) -> tuple[tuple[Any, Any], int]:
    """Of both sides, and the parity of their clock; without zero-sequence currents any that fit the shift."""
    kind = pgm.WindingType
    if not group:
        odd = round(shift_degree / 30.0) % 2
        return (kind.wye, kind.delta if odd else kind.wye), odd
    found = VECTOR_GROUP.fullmatch(group)
    assert found is not None
    upper = {"D": kind.delta, "Y": kind.wye}[group[0]]
    lower = kind.zigzag_n if group[1:].startswith("zn") else kind.wye_n
    return (upper, lower), 1 if found["odd"] else 0


def _clock(shift_degree: float, parity: int) -> int:
    """The hour of the shift, or the one after it: magnitudes do not depend on it where the grid is radial."""
    hour = round(shift_degree / 30.0) % HOURS
    return hour if hour % 2 == parity else (hour + 1) % HOURS
