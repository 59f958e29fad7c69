"""Curtailment and reactive power on random feeders against the same problem written in CasADi, in its own variables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pandapower.create import (
    create_bus,
    create_empty_network,
    create_ext_grid,
    create_line_from_parameters,
    create_load,
    create_sgen,
)

import pandapower_evflex as evf

N, HOURS = 4, 1.0
SLACK_PU, VN_KV, LEAST_COS_PHI = 1.01, 0.4, 0.9
#: MWh in excess of which the schedule curtails at all; relative room that it has beyond the least energy
CURTAILS, ROOM = 1e-6, 1e-5
CAR = {"max_p_mw": 0.022, "max_e_mwh": 0.06, "min_e_mwh": 0.01}
ARRIVAL_MWH, NEED_MWH = 0.02, 0.04


def random_feeder(seed):
    """Two cables in a row; load, sun and a car at either end, PV of the first with a power factor of its own."""
    rng = np.random.default_rng(seed)
    net = create_empty_network()
    buses = [create_bus(net, VN_KV) for _ in range(3)]
    create_ext_grid(net, buses[0], vm_pu=SLACK_PU)
    for one, two in zip(buses, buses[1:], strict=False):
        create_line_from_parameters(net, one, two, rng.uniform(0.1, 0.4), 0.206, 0.08, 0.0, rng.uniform(0.08, 0.14))
    net.bus["min_vm_pu"], net.bus["max_vm_pu"] = 0.93, rng.uniform(1.03, 1.08)
    for bus in buses[1:]:
        create_load(net, bus, rng.uniform(0.002, 0.008), rng.uniform(0.0, 0.002))
        create_sgen(net, bus, 0.0, sn_mva=0.08)
    evf.create_cos_phi_p(net, 1, [(0.5, 1.0), (1.0, LEAST_COS_PHI)])
    net.sgen["control_q"] = [False, bool(seed % 2)]
    evf.create_evs(net, buses[1:], **CAR)
    evf.create_ev_sessions(net, [0, 1], 0.0, float(N), e_arrival_mwh=ARRIVAL_MWH, e_departure_mwh=NEED_MWH)
    evf.create_flexibilities(net, "sgen", [0, 1], "up")
    sun = rng.uniform(0.0, 0.07, (N, 2)) * (rng.uniform(size=(N, 1)) > 0.25)
    q = np.stack([-0.2 * sun[:, 0], -sun[:, 1] * tan_of_characteristic(sun[:, 1] / 0.08)], axis=1)
    profiles = {("sgen", "p_mw"): pd.DataFrame(sun), ("sgen", "q_mvar"): pd.DataFrame({0: q[:, 0]})}
    return net, profiles, sun, q


def tan_of_characteristic(share):
    return np.tan(np.arccos(np.interp(share, [0.5, 1.0], [1.0, LEAST_COS_PHI])))


class Oracle:
    """Rectangular voltages of every period and scenario; powers of cars and generators in MW."""

    def __init__(self, net, sun, q_sun):
        self.casadi = pytest.importorskip("casadi")
        self.net, self.sun, self.q_sun = net, sun, q_sun
        self.x, self.low, self.high, self.start, self.g, self.g_low, self.g_high = [], [], [], [], [], [], []
        self.curtailed = [[self.variable(0.0, sun[t, i]) for i in range(2)] for t in range(N)]
        self.cars()
        self.flexibility = 0.0

    def variable(self, low, high, start=None):
        x = self.casadi.MX.sym("x")
        self.x.append(x)
        self.low.append(low)
        self.high.append(high)
        self.start.append(0.5 * (low + high) if start is None else start)
        return x

    def constrain(self, expression, low, high):
        self.g.append(expression)
        self.g_low.append(low)
        self.g_high.append(high)

    def cars(self):
        p_max = CAR["max_p_mw"]
        self.p = [[self.variable(0.0, p_max) for _ in range(2)] for _ in range(N)]
        self.e = [[ARRIVAL_MWH + HOURS * sum(self.p[k][i] for k in range(t)) for i in range(2)] for t in range(N + 1)]
        for t in range(N):
            for i in range(2):
                self.constrain(self.e[t + 1][i], self.least_energy(t), CAR["max_e_mwh"])

    def least_energy(self, t):
        reached = ARRIVAL_MWH + HOURS * CAR["max_p_mw"] * (t + 1)
        return min(reached, max(CAR["min_e_mwh"], NEED_MWH - HOURS * CAR["max_p_mw"] * (N - 1 - t)))

    def scenario(self, name):
        """Voltages and limits of all periods with all that is offered in one direction."""
        sign = {"up": 1.0, "down": -1.0, "base": 0.0}[name]
        for t in range(N):
            car, cut = list(self.p[t]), list(self.curtailed[t])
            for i in range(2):
                if name == "base":
                    continue
                flex = self.variable(0.0, CAR["max_p_mw"])
                self.flexibility += flex
                car[i] = car[i] + sign * flex
                self.constrain(car[i], 0.0, CAR["max_p_mw"])
                energy = self.e[t][i] + HOURS * car[i]
                self.constrain(energy, self.least_energy(t) if sign < 0 else -np.inf, CAR["max_e_mwh"])
                if name == "up":
                    less = self.variable(0.0, self.sun[t, i])
                    self.flexibility += less
                    cut[i] = cut[i] + less
                    self.constrain(cut[i], 0.0, self.sun[t, i])
            self.power_flow(t, car, cut)

    def reactive(self, t, i, cut):
        if self.net.sgen.control_q[i]:
            ratio = np.tan(np.arccos(LEAST_COS_PHI))
            q = self.variable(-ratio * self.sun[t, i], 0.0)
            self.constrain(q + ratio * (self.sun[t, i] - cut), 0.0, np.inf)
            return q
        return self.q_sun[t, i] / self.sun[t, i] * (self.sun[t, i] - cut) if self.sun[t, i] else 0.0

    def power_flow(self, t, car, cut):
        re = [SLACK_PU, *[self.variable(0.5, 1.2, 1.0) for _ in range(2)]]
        im = [0.0, *[self.variable(-0.5, 0.5, 0.0) for _ in range(2)]]
        base_kohm, base_ka = VN_KV**2, 1.0 / (np.sqrt(3.0) * VN_KV)
        currents = []
        for k, line in enumerate(self.net.line.itertuples()):
            r, x = (value * line.length_km / base_kohm for value in (line.r_ohm_per_km, line.x_ohm_per_km))
            dr, di, z2 = re[k] - re[k + 1], im[k] - im[k + 1], r**2 + x**2
            currents.append(((r * dr + x * di) / z2, (r * di - x * dr) / z2))
            self.constrain(currents[-1][0] ** 2 + currents[-1][1] ** 2, 0.0, (line.max_i_ka / base_ka) ** 2)
        for i in range(2):
            load = self.net.load.iloc[i]
            p = load.p_mw + car[i] - (self.sun[t, i] - cut[i])
            q = load.q_mvar - self.reactive(t, i, cut[i])
            a, b = (currents[i][part] - (currents[i + 1][part] if i == 0 else 0.0) for part in (0, 1))
            self.constrain(re[i + 1] * a + im[i + 1] * b - p, 0.0, 0.0)
            self.constrain(im[i + 1] * a - re[i + 1] * b - q, 0.0, 0.0)
            low, high = self.net.bus.min_vm_pu.iloc[i + 1], self.net.bus.max_vm_pu.iloc[i + 1]
            self.constrain(re[i + 1] ** 2 + im[i + 1] ** 2, low**2, high**2)

    @property
    def energy(self):
        return HOURS * sum(sum(row) for row in self.curtailed)

    def best(self, minimised):
        """The minimum, and whether it is one."""
        vertcat = self.casadi.vertcat
        problem = {"x": vertcat(*self.x), "f": minimised, "g": vertcat(*self.g)}
        options = {
            "print_time": False,
            "ipopt": {"print_level": 0, "sb": "yes", "tol": 1e-9, "max_iter": 500, "bound_relax_factor": 1e-11},
        }
        solver = self.casadi.nlpsol("solver", "ipopt", problem, options)
        found = solver(x0=self.start, lbx=self.low, ubx=self.high, lbg=self.g_low, ubg=self.g_high)
        return float(found["f"]), solver.stats()["return_status"] in ("Solve_Succeeded", "Solved_To_Acceptable_Level")


def by_oracle(net, sun, q):
    """Least energy curtailed, and the most flexibility with it; None where no schedule exists."""
    least = Oracle(net, sun, q)
    least.scenario("base")
    energy, exists = least.best(1e3 * least.energy)
    if not exists:
        return None
    energy = energy / 1e3 if energy > 1e3 * CURTAILS else 0.0
    whole = Oracle(net, sun, q)
    for name in ("base", "up", "down"):
        whole.scenario(name)
    whole.constrain(1e3 * whole.energy, 0.0, 1e3 * energy * (1.0 + ROOM))
    negative, exists = whole.best(-1e3 * whole.flexibility)
    assert exists
    return energy, -negative / 1e3


SLOW = [pytest.param(seed, marks=pytest.mark.slow) for seed in range(32) if seed != 5]


@pytest.mark.parametrize("seed", [5, *SLOW])
def test_random_feeders_curtail_and_offer_what_an_independent_model_says(seed):
    net, profiles, sun, q = random_feeder(seed)
    expected = by_oracle(net, sun, q)
    found = {}
    for method in ("exact", "fast"):
        found[method] = evf.run_flexibility_opf(
            net, profiles, period_h=HOURS, method=method, tie_break=None, raise_on_failure=False, progress=False
        )
    if expected is None:
        assert all(result.status in ("infeasible", "failed") for result in found.values())
        return
    energy, objective = expected
    for method, result in found.items():
        assert result.status in ("optimal", "feasible", "optimal_within_gap"), result.message
        curtailed = HOURS * float((sun - result.series["sgen"]["p_mw"].to_numpy()).sum())
        assert curtailed == pytest.approx(energy, rel=3e-5, abs=CURTAILS), method
        assert ("curtails" in result.message) == (energy > 0.0)
        assert result.objective_mw == pytest.approx(objective, rel=5e-6 if energy else 1e-6), method
