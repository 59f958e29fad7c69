"""The competitor: the same flexibility OPF as somebody who knows CasADi and Ipopt well would write it.

All (scenario, period) blocks are one function under `map`; EVs in the paper's own variables (E, P_ch, P_up, P_down, in
kW and kWh). Voltages polar, the slack fixed, line limits at both ends and transformer limits at both sides as squares.
It reads the same compiled case as the package does, so both see the same data. Jacobian and Hessian are put together
from those of one block (see `blockwise`), EVs start at constant charging, and Ipopt's barrier is adaptive.
"""

from __future__ import annotations

from typing import Any

import casadi as ca
import numpy as np
from blockwise import Blocks, derivatives

from pandapower_evflex.opf.case import Case
from pandapower_evflex.powerflow.starts import Starts

KW = 1e3
IPOPT = {
    "ipopt.print_level": 0,
    "print_time": False,
    "ipopt.sb": "yes",
    "ipopt.tol": 1e-8,
    "ipopt.bound_relax_factor": 1e-10,
    "ipopt.max_iter": 500,
    "ipopt.mu_strategy": "adaptive",
}


def solve_with_casadi(case: Case) -> dict[str, Any]:
    """Build and solve; returns objective [MW], status and iterations."""
    block, shape = _block_function(case)
    n_evs, n_blocks = 4 * len(case.evs.slots), len(case.scenarios) * case.horizon.n_periods
    x = ca.MX.sym("x", n_evs + shape["n_v"] * n_blocks)
    evs = _ev_part(case, x[:n_evs])
    v = ca.reshape(x[n_evs:], shape["n_v"], n_blocks)
    network = _network_part(case, evs["loads"], block, shape, v)
    nlp = {"x": x, "f": evs["objective"], "g": ca.vertcat(evs["g"], network["g"])}
    blocks = Blocks(block, network["inputs"], n_evs, *_load_columns(case))
    linear = ca.Function("linear", [x], [ca.jacobian(evs["g"], x)])(0)
    solver = ca.nlpsol("solver", "ipopt", nlp, {**IPOPT, **derivatives(x, nlp["g"].numel(), linear, blocks)})
    joined = {key: np.concatenate([evs[key], network[key]]) for key in ("x0", "lbx", "ubx", "lbg", "ubg")}
    solution = solver(**joined)
    stats = solver.stats()
    return {
        "objective_mw": -float(solution["f"]) / KW,
        "status": stats["return_status"],
        "iterations": stats["iter_count"],
        "n_variables": nlp["x"].shape[0],
        "n_constraints": nlp["g"].shape[0],
    }


def _ev_part(case: Case, x: ca.MX) -> dict[str, Any]:
    """(17) to (24) in E, P_ch, P_up, P_down; loads per scenario as vectors over the slots."""
    slots, up, down = case.evs.slots, case.evs.offers["up"], case.evs.offers["down"]
    n = len(slots)
    e, p, u, d = (x[i * n : (i + 1) * n] for i in range(4))
    before = ca.mtimes(_previous(slots.previous), e) + slots.e_offset * KW
    k = slots.energy_per_p
    g = ca.vertcat(e - before - k * p, d - p, u + p, before + k * (u + p), before + k * (p - d))
    inf = np.full(n, np.inf)
    zero = np.zeros(n)
    is_last = ~np.isin(np.arange(n), slots.previous)
    return {
        "x0": np.concatenate([*_constant_charging(case), zero + 1, zero + 1]),
        "lbx": np.concatenate([np.where(is_last, slots.e_min, 0.0) * KW, slots.p_min * KW, zero, zero]),
        "ubx": np.concatenate(
            [slots.e_max * KW, slots.p_max * KW, np.where(up.offered, inf, 0), np.where(down.offered, inf, 0)]
        ),
        "g": g,
        "lbg": np.concatenate([zero, -inf, -inf, -inf, slots.e_min * KW]),
        "ubg": np.concatenate([zero, zero, slots.p_max * KW, slots.e_max * KW, inf]),
        "objective": -ca.dot(up.weight, u) - ca.dot(down.weight, d),
        "loads": {"up": p + u, "down": p - d, "base": p},
    }


def _constant_charging(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Energies and powers [kWh, kW] that bring each stay to the middle of its limits at departure, in equal steps."""
    slots = case.evs.slots
    e, p = np.empty(len(slots)), np.empty(len(slots))
    for i in range(len(slots)):  # in order of time within each chain
        before = slots.e_offset[i] + (e[slots.previous[i]] if slots.previous[i] >= 0 else 0.0)
        if i == 0 or slots.stay[i] != slots.stay[i - 1]:
            own = np.flatnonzero(slots.stay == slots.stay[i])
            target = (slots.e_min[own[-1]] + slots.e_max[own[-1]]) / 2
            power = np.clip((target - before) / slots.energy_per_p[own].sum(), slots.p_min[i], slots.p_max[i])
        p[i] = power
        e[i] = before + slots.energy_per_p[i] * power
    return e * KW, p * KW


def _load_columns(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Variables that the load of each EV is the sum of in each block, and their signs [n_block, n_ev, 2]."""
    slots, n_t, n_ev = case.evs.slots, case.horizon.n_periods, len(case.evs.index)
    slot = np.full((n_t, n_ev), -1)
    slot[slots.period, slots.ev] = np.arange(len(slots))
    plugged = (slot >= 0).astype(float)
    shifts = {"up": (2, 1.0), "down": (3, -1.0), "base": (1, 0.0)}  # of P_up and P_down behind E and P_ch
    columns, signs = [], []
    for scenario in case.scenarios:
        shift, sign = shifts[scenario.activation]
        columns.append(np.stack([slot + len(slots), slot + shift * len(slots)], axis=2))
        signs.append(np.stack([plugged, sign * plugged], axis=2))
    return np.concatenate(columns), np.concatenate(signs)


def _previous(previous: np.ndarray) -> ca.DM:
    follows = np.flatnonzero(previous >= 0)
    triplet = (follows.tolist(), previous[follows].tolist(), np.ones(len(follows)))
    return ca.DM.triplet(*triplet, len(previous), len(previous))


def _network_part(
    case: Case, loads: dict[str, ca.MX], block: ca.Function, shape: dict[str, Any], v: ca.MX
) -> dict[str, Any]:
    """Power balance and limits of every block by one mapped function."""
    grid, slots = case.grid, case.evs.slots
    n_t = case.horizon.n_periods
    blocks = [(scenario, t) for scenario in case.scenarios for t in range(n_t)]
    by_ev = np.full((len(case.evs.index), n_t), -1)
    by_ev[slots.ev, slots.period] = np.arange(len(slots))
    plugged = by_ev.T.ravel() >= 0  # column-major: EVs of one period together
    place = ca.DM.triplet(
        np.flatnonzero(plugged).tolist(), by_ev.T.ravel()[plugged].tolist(), np.ones(plugged.sum()),
        plugged.size, len(slots),
    )  # fmt: skip
    p_ev = ca.horzcat(
        *(ca.reshape(ca.mtimes(place, loads[s.activation]), len(case.evs.index), n_t) for s in case.scenarios)
    )
    s_base = np.tile(case.injections(case.evs.fixed_p), (len(case.scenarios), 1)).T
    inputs = (v, p_ev, s_base.real, s_base.imag)
    g = block.map(len(blocks))(*inputs)
    free = shape["free"]
    lower = np.concatenate([np.full(len(free), -np.inf), grid.vm_min[free]])
    upper = np.concatenate([np.full(len(free), np.inf), grid.vm_max[free]])
    v_start = Starts(grid).no_load[free]
    start = np.concatenate([np.angle(v_start), np.abs(v_start)])
    n_balance, n_limit = 2 * len(free), shape["n_limit"]
    return {
        "inputs": inputs,
        "x0": np.tile(start, len(blocks)),
        "lbx": np.tile(lower, len(blocks)),
        "ubx": np.tile(upper, len(blocks)),
        "g": ca.vec(g),
        "lbg": np.tile(np.concatenate([np.zeros(n_balance), np.full(n_limit, -np.inf)]), len(blocks)),
        "ubg": np.tile(np.concatenate([np.zeros(n_balance), np.ones(n_limit)]), len(blocks)),
    }


def _block_function(case: Case) -> tuple[ca.Function, dict[str, Any]]:
    """One (scenario, period): balance residuals at the free buses, and squared loadings over their limits."""
    grid, ends = case.grid, case.grid.ends
    if len(grid.held):
        raise ValueError("the comparison covers nets without voltage-holding generators")
    n_bus = grid.y_bus.shape[0]
    free = np.setdiff1d(np.arange(n_bus), grid.slack)
    v, p_ev = ca.SX.sym("v", 2 * len(free)), ca.SX.sym("p_ev", len(case.evs.index))
    p_base, q_base = ca.SX.sym("p", n_bus), ca.SX.sym("q", n_bus)
    theta, vm = ca.SX(np.angle(grid.set_points)), ca.SX(np.abs(grid.set_points))
    theta[free], vm[free] = v[: len(free)], v[len(free) :]
    p, q = [ca.SX(0)] * n_bus, [ca.SX(0)] * n_bus
    y = grid.y_bus.tocoo()
    for k, m, value in zip(y.row.tolist(), y.col.tolist(), y.data, strict=True):
        cos, sin = ca.cos(theta[k] - theta[m]), ca.sin(theta[k] - theta[m])
        p[k] = p[k] + vm[k] * vm[m] * (value.real * cos + value.imag * sin)
        q[k] = q[k] + vm[k] * vm[m] * (value.real * sin - value.imag * cos)
    for i, bus in enumerate(case.evs.bus_row.tolist()):
        p[bus] = p[bus] + p_ev[i] / KW
        q[bus] = q[bus] + p_ev[i] * case.evs.tan_phi[i] / KW
    balance = [p[k] - p_base[k] for k in free] + [q[k] - q_base[k] for k in free]
    limits = []
    for i in np.flatnonzero(np.isfinite(ends.rating * ends.limit)):
        limits.append(_squared_loading(grid, ends, i, theta, vm))
    g = ca.vertcat(*balance, *limits)
    shape = {"n_v": 2 * len(free), "free": free, "n_limit": len(limits)}
    return ca.Function("block", [v, p_ev, p_base, q_base], [g]), shape


def _squared_loading(grid: Any, ends: Any, i: int, theta: ca.SX, vm: ca.SX) -> ca.SX:
    branch = ends.branch[i]
    k, m = int(grid.from_bus[branch]), int(grid.to_bus[branch])
    y_kk, y_km = grid.y_ff[branch], grid.y_ft[branch]
    if not ends.at_from[i]:
        k, m, y_kk, y_km = m, k, grid.y_tt[branch], grid.y_tf[branch]
    cross, difference = y_kk * np.conj(y_km), theta[k] - theta[m]
    squared = abs(y_kk) ** 2 * vm[k] ** 2 + abs(y_km) ** 2 * vm[m] ** 2
    squared += 2 * vm[k] * vm[m] * (cross.real * ca.cos(difference) - cross.imag * ca.sin(difference))
    if ends.squared_power[i]:
        squared = squared * vm[k] ** 2
    return squared / (ends.rating[i] * ends.limit[i]) ** 2
