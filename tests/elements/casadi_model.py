"""The flexibility OPF with batteries, cars and shifted loads in their own variables, written for CasADi and Ipopt.

From the equations of the paper and of the elements; the grid is the admittance matrix of pandapower, voltages are
rectangular. Nothing of the package is used. Powers in kW, energies in kWh.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import casadi as ca
import numpy as np
import pandapower as pp

KW = 1e3
OPTIONS = {
    "ipopt.print_level": 0, "print_time": False, "ipopt.sb": "yes", "ipopt.tol": 1e-10, "ipopt.max_iter": 1000,
    "ipopt.bound_relax_factor": 1e-12, "ipopt.constr_viol_tol": 1e-10, "ipopt.acceptable_tol": 1e-8,
}  # fmt: skip


@dataclass
class Program:
    """Variables with bounds and starts, constraints with bounds."""

    x: list = field(default_factory=list)
    x0: list = field(default_factory=list)
    low: list = field(default_factory=list)
    high: list = field(default_factory=list)
    g: list = field(default_factory=list)
    g_low: list = field(default_factory=list)
    g_high: list = field(default_factory=list)

    def variable(self, low, high, start=None):
        x = ca.MX.sym(f"x{len(self.x)}")
        self.x.append(x)
        self.low.append(low)
        self.high.append(high)
        self.x0.append(start if start is not None else 0.5 * (max(low, -1e3) + min(high, 1e3)))
        return x

    def between(self, low, value, high):
        self.g.append(value)
        self.g_low.append(low)
        self.g_high.append(high)

    def minimum(self, objective):
        nlp = {"x": ca.vertcat(*self.x), "f": objective, "g": ca.vertcat(*self.g)}
        solver = ca.nlpsol("solver", "ipopt", nlp, OPTIONS)
        solved = solver(x0=self.x0, lbx=self.low, ubx=self.high, lbg=self.g_low, ubg=self.g_high)
        status = solver.stats()["return_status"]
        assert status in ("Solve_Succeeded", "Solved_To_Acceptable_Level"), status
        return float(solved["f"]), np.array(solved["x"]).ravel()


def add_store(program, store, n, h):
    """A battery or a car that is plugged in from `first` to before `last`: charging, feeding in, energy, up and down.

    Returns loads of every stay, kW: lists over the periods of P, P + P_up, P - P_down.
    """
    eta, eta_d, most, least = store["eta"], store["eta_d"], store["most"], store["least"]
    before, loads = store["e_start"], {"base": [0.0] * n, "up": [0.0] * n, "down": [0.0] * n}
    for t in range(store["first"], store["last"]):
        left = store["last"] - 1 - t
        e_min = max(store["e_low"], store["e_end"] - eta * h * most * left)
        charged, fed_in = program.variable(0.0, most), program.variable(0.0, least)
        energy = program.variable(store["e_low"] if left else max(store["e_low"], store["e_end"]), store["e_max"])
        up, down = program.variable(0.0, np.inf, 0.1), program.variable(0.0, np.inf, 0.1)
        p = charged - fed_in
        program.between(0.0, before + h * (eta * charged - fed_in / eta_d) - energy, 0.0)
        program.between(-np.inf, p + up, most)
        program.between(-least, p - down, np.inf)
        program.between(-np.inf, before + h * eta * (p + up), store["e_max"])
        program.between(e_min, before + h * eta * (p - down), np.inf)
        program.between(e_min, before + h * (p - down) / eta_d, np.inf)
        before = energy
        loads["base"][t], loads["up"][t], loads["down"][t] = p, p + up, p - down
    return loads


def add_shiftable(program, load, n, h):
    """A load whose energy runs between its profile advanced and deferred."""
    profile, most, shift = load["profile"], load["most"], load["shift_h"]
    until = [0.0, *np.cumsum(h * profile)]

    def energy(hour):
        return float(np.interp(hour, h * np.arange(n + 1), until))

    drawn, loads = 0.0, {"base": [], "up": [], "down": []}
    for t in range(n):
        p, up, down = (
            program.variable(0.0, most),
            program.variable(0.0, np.inf, 0.1),
            program.variable(0.0, np.inf, 0.1),
        )
        late = max(energy((t + 1) * h - shift), until[-1] - h * most * (n - 1 - t))
        program.between(-np.inf, drawn + h * (p + up), energy((t + 1) * h + shift))
        program.between(late, drawn + h * (p - down), np.inf)
        program.between(-np.inf, p + up, most)
        program.between(0.0, p - down, np.inf)
        drawn = drawn + h * p
        loads["base"].append(p)
        loads["up"].append(p + up)
        loads["down"].append(p - down)
    program.between(until[-1], drawn, until[-1])
    return loads


def add_grid(program, net, load_mva, p_kw, tan_phi):
    """Power flow and limits of one moment: loads by bus [complex MVA], and of units {bus: [(kW, tan phi)]}."""
    ppc = net._ppc["internal"]
    y, y_f, y_t, base = ppc["Ybus"].tocsr(), ppc["Yf"].tocsr(), ppc["Yt"].tocsr(), float(ppc["baseMVA"])
    row_of = net._pd2ppc_lookups["bus"]
    slack = int(row_of[net.ext_grid.bus.iloc[0]])
    n = y.shape[0]
    vr = [program.variable(-1.5, 1.5, 1.0) if k != slack else 1.0 for k in range(n)]
    vi = [program.variable(-1.5, 1.5, 0.0) if k != slack else 0.0 for k in range(n)]
    s = np.zeros(n, dtype=complex)
    for bus, value in load_mva.items():
        s[row_of[bus]] -= value / base
    p, q = [ca.MX(v) for v in s.real], [ca.MX(v) for v in s.imag]
    for bus, kw in p_kw:
        p[row_of[bus]] -= kw / KW / base
        q[row_of[bus]] -= kw * tan_phi[bus] / KW / base

    def current(admittance, branch):
        columns = admittance[branch]
        re = sum(a.real * vr[k] - a.imag * vi[k] for k, a in zip(columns.indices, columns.data, strict=True))
        im = sum(a.real * vi[k] + a.imag * vr[k] for k, a in zip(columns.indices, columns.data, strict=True))
        return re, im

    for k in range(n):
        if k == slack:
            continue
        re, im = current(y, k)
        program.between(0.0, vr[k] * re + vi[k] * im - p[k], 0.0)
        program.between(0.0, vi[k] * re - vr[k] * im - q[k], 0.0)
    for bus in net.bus.index:
        k = int(row_of[bus])
        if k != slack:
            low, high = net.bus.at[bus, "min_vm_pu"], net.bus.at[bus, "max_vm_pu"]
            program.between(low**2, vr[k] ** 2 + vi[k] ** 2, high**2)
    for number, (_, line) in enumerate(net.line.iterrows()):
        kv = net.bus.at[line.from_bus, "vn_kv"]
        most = line.max_i_ka * line.max_loading_percent / 100.0 * np.sqrt(3.0) * kv / base
        for admittance in (y_f, y_t):
            re, im = current(admittance, number)
            program.between(-np.inf, (re**2 + im**2) / most**2, 1.0)
    for number, (_, trafo) in enumerate(net.trafo.iterrows(), start=len(net.line)):
        most = trafo.sn_mva * trafo.max_loading_percent / 100.0 / base
        for admittance, bus in ((y_f, trafo.hv_bus), (y_t, trafo.lv_bus)):
            k = int(row_of[bus])
            re, im = current(admittance, number)
            program.between(-np.inf, (vr[k] ** 2 + vi[k] ** 2) * (re**2 + im**2) / most**2, 1.0)


def best(net, units, load_mva, weights, n, h):
    """Largest weighted flexibility [MW] of units {bus: store or shiftable load}; other loads [{bus: MVA}] by period."""
    pp.runpp(net)
    program = Program()
    loads = {
        bus: (add_shiftable if "profile" in unit else add_store)(program, unit, n, h) for bus, unit in units.items()
    }
    for t in range(n):
        for stay in ("base", "up", "down"):
            p_kw = [(bus, own[stay][t]) for bus, own in loads.items()]
            tan_phi = {bus: _tan_phi(units[bus], t) for bus in units}
            add_grid(program, net, load_mva[t], p_kw, tan_phi)
    objective = sum(
        sign * weights[d][t] * (own["base"][t] - own[d][t])
        for own in loads.values() for d, sign in (("up", 1.0), ("down", -1.0)) for t in range(n)
    )  # fmt: skip
    value, x = program.minimum(objective)
    return -value / KW, x


def _tan_phi(unit, t):
    value = unit.get("tan_phi", 0.0)
    return float(value[t]) if np.ndim(value) else value
