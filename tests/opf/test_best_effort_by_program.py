"""The least energy short on nearly lossless nets, against a linear program of their own: meshed, cyclic, least powers.

The program shares no code with the package: flows are what the Laplacian of the lines' impedances makes of the powers
at 1 pu, which holds where all lines have one ratio of resistance to reactance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from pandapower.create import (
    create_bus,
    create_empty_network,
    create_ext_grid,
    create_line_from_parameters,
    create_load,
)
from scipy.optimize import linprog

import pandapower_evflex as evf
from tests.examples import sampled, sweep
from tests.opf.test_best_effort import BEST, assert_no_limit_is_worse_than_without_cars

N_PERIODS, N_EVS, P_MAX, ETA = 6, 5, 0.011, 0.9
MARGIN = {"min_vm_pu": 0.9, "max_vm_pu": 1.1}


@dataclass(frozen=True)
class Kind:
    """Further lines, least powers, stays that run over the end of the day, largest loads, ratings times this."""

    n_loops: int = 0
    min_p_mw: float = 0.0
    cyclic: bool = False
    load_mw: float = 0.004
    ratings: float = 1.0


def random_net(seed, kind):
    """Lines of random lengths and ratings between five buses of 0.4 kV, loads and cars anywhere."""
    rng = np.random.default_rng(seed)
    net = create_empty_network()
    buses = [create_bus(net, 0.4) for _ in range(5)]
    create_ext_grid(net, buses[0])
    ends = [(int(rng.integers(0, bus)), bus) for bus in buses[1:]]
    ends += [tuple(rng.choice(5, 2, replace=False).tolist()) for _ in range(kind.n_loops)]
    for start, end in ends:
        create_line_from_parameters(
            net, start, end, rng.uniform(0.005, 0.02), r_ohm_per_km=1e-3, x_ohm_per_km=1e-3, c_nf_per_km=0.0,
            max_i_ka=kind.ratings * rng.uniform(0.025, 0.07),
        )  # fmt: skip
    for bus in buses[1:]:
        create_load(net, bus, 0.0)
    loads = pd.DataFrame(rng.uniform(0.0, kind.load_mw, (N_PERIODS, 4)), columns=net.load.index)
    evf.create_evs(
        net, rng.choice(buses[1:], N_EVS), max_p_mw=P_MAX, max_e_mwh=0.08, efficiency_percent=100 * ETA,
        min_p_mw=rng.choice([0.0, kind.min_p_mw], N_EVS),
    )  # fmt: skip
    arrival = rng.integers(0, N_PERIODS if kind.cyclic else 3, N_EVS)
    hours = rng.integers(2, 4, N_EVS)
    need = 0.01 + ETA * P_MAX * hours * rng.uniform(0.6, 1.0, N_EVS)
    evf.create_ev_sessions(net, range(N_EVS), arrival, arrival + hours, e_arrival_mwh=0.01, e_departure_mwh=need)
    return net, {("load", "p_mw"): loads}


def per_power(net):
    """Flow of every line and fall of potential at both its ends, per power drawn at every bus [n_line, n_bus]."""
    start, end = net.line.from_bus.to_numpy(), net.line.to_bus.to_numpy()
    incidence = np.zeros((len(net.line), len(net.bus)))
    incidence[range(len(start)), start], incidence[range(len(end)), end] = 1.0, -1.0
    weight = incidence / net.line.length_km.to_numpy()[:, None]
    free = net.bus.index.difference(net.ext_grid.bus).to_numpy()
    potential = np.zeros((len(net.bus), len(net.bus)))
    potential[np.ix_(free, free)] = np.linalg.inv((incidence.T @ weight)[np.ix_(free, free)])
    return -weight @ potential, np.minimum(potential[start], potential[end])


def plugged(net):
    """[n_period, n_ev]"""
    hours = [range(a, d) for a, d in net.ev_session[["arrival_h", "departure_h"]].astype(int).to_numpy()]
    return np.array([[any(h % N_PERIODS == t for h in own) for own in hours] for t in range(N_PERIODS)])


def least_short_by_linprog(net, loads):
    """MWh; a flow beyond its rating with all cars at their least power may stay where it is, and no further.

    Cars that do not change that flow, but lower the voltage it has, raise its current: they wait.
    """
    (flow, fall), there, least = per_power(net), plugged(net), net.ev.min_p_mw.to_numpy()
    of_evs, of_loads = flow[:, net.ev.bus], flow[:, net.load.bus]
    lowers_voltage = (np.abs(of_evs) < 1e-9) & (fall[:, net.ev.bus] > 1e-9)
    most = P_MAX * there
    rating = np.sqrt(3) * 0.4 * net.line.max_i_ka.to_numpy()
    n_p = N_PERIODS * N_EVS
    a, b = [], []
    for t in range(N_PERIODS):
        fixed = of_loads @ loads.loc[t].to_numpy()
        with_least = fixed + of_evs @ (least * there[t])
        for sign in (1.0, -1.0):
            rows = np.zeros((len(rating), n_p + N_EVS))
            rows[:, t * N_EVS : (t + 1) * N_EVS] = sign * of_evs
            a.append(rows)
            b.append(np.maximum(rating, sign * with_least) - sign * fixed)
            for line in np.flatnonzero(sign * with_least > rating):
                most[t, lowers_voltage[line]] = (least * there[t])[lowers_voltage[line]]
    for ev, (_, session) in enumerate(net.ev_session.iterrows()):
        row = np.zeros((1, n_p + N_EVS))
        row[0, ev:n_p:N_EVS], row[0, n_p + ev] = -ETA * there[:, ev], -1.0
        a.append(row)
        b.append([session.e_arrival_mwh - session.e_departure_mwh])
    bounds = [*zip((least * there).ravel(), most.ravel(), strict=True), *[(0.0, None)] * N_EVS]
    c = np.append(np.zeros(n_p), np.ones(N_EVS))
    solved = linprog(c, np.vstack(a), np.concatenate(b), bounds=bounds, method="highs")
    assert solved.status == 0
    return solved.fun


KINDS = {
    "radial": Kind(),
    "meshed": Kind(n_loops=2, ratings=0.4, load_mw=0.002),
    "cyclic": Kind(cyclic=True),
    "least powers": Kind(min_p_mw=0.004),
    "least powers beyond ratings": Kind(min_p_mw=0.008, load_mw=0.012),
    "meshed, cyclic, least powers": Kind(n_loops=3, cyclic=True, min_p_mw=0.004, ratings=0.4, load_mw=0.002),
}
SEEDS = range(25)


@sweep
@pytest.mark.parametrize(
    ("name", "seed"),
    # of the first the interior point finds none: linear programs do
    dict.fromkeys([("least powers", 2), *sampled([(name, seed) for seed in SEEDS for name in KINDS], 2, place=1)]),
)
def test_the_least_energy_is_short_of_all_that_a_linear_program_finds(name, seed):
    kind = KINDS[name]
    net, profiles = random_net(seed, kind)
    least = least_short_by_linprog(net, profiles[("load", "p_mw")])
    result = evf.run_flexibility_opf(net, profiles, period_h=1.0, cyclic=kind.cyclic, progress=False, **MARGIN, **BEST)
    assert result.short["energy_mwh"].sum() == pytest.approx(least, rel=1e-3, abs=1e-5)
    assert result.status == "best_effort" or least < 1e-6
    served = result.summary["e_departure_mwh"] - result.summary["e_need_mwh"]
    assert served.min() > -1e-6
    if kind.min_p_mw == 0.0:
        assert_no_limit_is_worse_than_without_cars(net, profiles, result, MARGIN)
    drawn = result.p_mw.to_numpy()[plugged(net)] - np.tile(net.ev.min_p_mw, (N_PERIODS, 1))[plugged(net)]
    assert drawn.min() > -1e-9
