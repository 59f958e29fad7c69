"""The same power flows by power-grid-model's batch, on the same admittances (1 kV, 1 MVA: ohm are per unit)."""

from __future__ import annotations

import time

import numpy as np
from power_grid_model import CalculationMethod, LoadGenType, PowerGridModel, initialize_array

from pandapower_evflex.arrays import ComplexArray, FloatArray
from pandapower_evflex.case.grid import Grid


def model_of(grid: Grid) -> PowerGridModel:
    n_bus, n_branch = len(grid.vm_min), len(grid.from_bus)
    node = initialize_array("input", "node", n_bus)
    node["id"], node["u_rated"] = np.arange(n_bus), 1e3
    branch = initialize_array("input", "generic_branch", n_branch)
    series = grid.y_tt  # magnetising admittances are left out: they change no timing
    ratio = -series / grid.y_tf
    impedance = 1.0 / series
    branch["id"] = n_bus + np.arange(n_branch)
    branch["from_node"], branch["to_node"], branch["from_status"], branch["to_status"] = (
        grid.from_bus,
        grid.to_bus,
        1,
        1,
    )
    branch["r1"], branch["x1"], branch["g1"], branch["b1"] = impedance.real, impedance.imag, 0.0, 0.0
    branch["k"], branch["theta"], branch["sn"] = np.abs(ratio), np.angle(ratio), 1e6
    source = initialize_array("input", "source", 1)
    source["id"], source["node"], source["status"] = n_bus + n_branch, grid.slack[0], 1
    source["u_ref"], source["sk"] = np.abs(grid.set_points[grid.slack[0]]), 1e20
    load = initialize_array("input", "sym_load", n_bus)
    load["id"] = n_bus + n_branch + 1 + np.arange(n_bus)
    load["node"], load["status"], load["type"] = np.arange(n_bus), 1, LoadGenType.const_power
    load["p_specified"], load["q_specified"] = 0.0, 0.0
    return PowerGridModel({"node": node, "generic_branch": branch, "source": source, "sym_load": load})


def batch(grid: Grid, s: ComplexArray) -> tuple[float, FloatArray]:
    """CPU seconds and voltage magnitudes [n_case, n_bus]."""
    model = model_of(grid)
    n_bus, first = len(grid.vm_min), len(grid.vm_min) + len(grid.from_bus) + 1
    update = initialize_array("update", "sym_load", (len(s), n_bus))
    update["id"] = first + np.arange(n_bus)
    update["p_specified"], update["q_specified"] = -1e6 * s.real, -1e6 * s.imag
    arguments = {
        "update_data": {"sym_load": update}, "calculation_method": CalculationMethod.newton_raphson,
        "error_tolerance": 1e-8, "threading": -1, "output_component_types": ["node"],
    }  # fmt: skip
    model.calculate_power_flow(**arguments)
    start = time.process_time()
    result = model.calculate_power_flow(**arguments)
    return time.process_time() - start, result["node"]["u_pu"]
