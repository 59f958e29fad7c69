"""Shiftable loads against a linear program in their own variables: power and both activations, energy as their sum."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

import pandapower_evflex as evf
from tests.opf.feeder import feeder_net

N, PERIOD_H = 8, 0.5


def random_loads(rng, n):
    """Profiles with pauses, shifts that are no multiples of the period too, and a greatest power above the profile."""
    p = rng.uniform(0.002, 0.01, (N, n)) * (rng.uniform(size=(N, n)) > 0.2)
    p[0] += 0.001
    shift = rng.choice([0.0, 0.25, 0.5, 0.8, 1.5, 4.0], n)
    return p, shift, p.max(axis=0) * rng.uniform(1.0, 1.6, n)


def energy_until(p, hour):
    """What a profile has drawn until an hour, nothing before the horizon and nothing after it."""
    return sum(p[k] * min(max(hour - k * PERIOD_H, 0.0), PERIOD_H) for k in range(N))


def best_by_linear_program(profile, shift, most, weight):
    """Variables: P, T (up), D (down) of every period."""
    total, n, a, b = energy_until(profile, 1e9), 3 * N, [], []
    cost = np.concatenate([weight["up"] - weight["down"], -weight["up"], weight["down"]])

    def below(bound, **terms):
        row = np.zeros(n)
        for name, (until, factor) in terms.items():
            at = "PTD".index(name) * N
            row[at : at + until] += factor if name == "P" else 0.0
            if name != "P":
                row[at + until - 1] += factor
        a.append(row)
        b.append(bound)

    for t in range(1, N + 1):
        high = energy_until(profile, t * PERIOD_H + shift)
        low = max(energy_until(profile, t * PERIOD_H - shift), total - PERIOD_H * most * (N - t))
        below(high, P=(t - 1, PERIOD_H), T=(t, PERIOD_H))
        below(-low, P=(t - 1, -PERIOD_H), D=(t, -PERIOD_H))
        for name, sign in (("T", -1.0), ("D", 1.0)):  # D <= P <= T
            row = np.zeros(n)
            row[t - 1], row["PTD".index(name) * N + t - 1] = -sign, sign
            a.append(row)
            b.append(0.0)
    whole = np.concatenate([np.full(N, PERIOD_H), np.zeros(2 * N)])
    solved = linprog(cost, np.array(a), b, whole[None, :], [total], (0.0, most), method="highs")
    assert solved.status == 0
    return -solved.fun


def net_and_profiles(p, shift, most):
    net = feeder_net(1, load_mw=0.0)
    del net["ev"], net["ev_session"]
    net.load = pd.concat([net.load.iloc[[0]]] * p.shape[1], ignore_index=True)
    net.load["shift_h"], net.load["max_p_mw"] = shift, most
    labels = net.load.index
    evf.create_flexibilities(net, "load", np.repeat(labels, 2), ["up", "down"] * len(labels))
    return net, {("load", "p_mw"): pd.DataFrame(p), ("load", "q_mvar"): pd.DataFrame(0.3 * p)}


@pytest.mark.parametrize("method", ["fast", "exact"])
@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 10))])
def test_loads_offer_what_a_linear_program_says(seed, method):
    """Four loads in each of ten nets on a wide grid."""
    rng = np.random.default_rng(seed)
    p, shift, most = random_loads(rng, 4)
    up = rng.uniform(0.5, 1.0, N)
    weights = {"up": up, "down": up * rng.uniform(0.2, 1.5, N)}
    net, profiles = net_and_profiles(p, shift, most)
    result = evf.run_flexibility_opf(
        net, profiles, period_h=PERIOD_H, weights=weights, method=method, tie_break=None, progress=False
    )
    best = sum(best_by_linear_program(p[:, i], shift[i], most[i], weights) for i in range(4))
    assert result.status == "optimal", result.message
    assert weighted(result, weights) == pytest.approx(best, rel=2e-6, abs=1e-9)
    assert result.objective_mw == pytest.approx(best, rel=2e-6, abs=1e-9)
    assert result.bound_mw >= best * (1.0 - 1e-9)
    assert result.verification["max_load_violation"] < 1e-6
    assert np.allclose(result.series["load"]["p_mw"].sum(), p.sum(axis=0), atol=1e-9)


def weighted(result, weights):
    own = result.series["load"]
    return sum(weights[d] @ own[f"p_{d}_mw"].sum(axis=1).to_numpy() for d in ("up", "down"))
