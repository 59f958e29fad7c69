"""Simulated outlets, their exact limits and the estimate of their chain, against straightforward numpy."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import chain, combinations
from typing import Any

import numpy as np
from methods_vs_casadi import cpu_seconds

import pandapower_evflex as evf

N_RUNS = 3
N_EVSE = 100_000

#: first quarter hour of the windows, 11:00
START = 44


def workplace_day() -> tuple[np.ndarray, np.ndarray]:
    """Rates like those of a workplace: cars come about 8 h, charge for some hours, and leave about 17 h."""
    hour = np.arange(96) / 4
    came, left = (1 / (1 + np.exp((mid - hour) / width)) for mid, width in ((8.0, 0.6), (17.0, 0.8)))
    occupancy = 0.03 + 0.85 * came * (1 - left)
    return occupancy * (0.15 + 0.75 / (1 + np.exp((hour - 11.5) / 1.5))), occupancy


def simulate_in_numpy(P: np.ndarray, initial: np.ndarray, n_evse: int, rng: np.random.Generator) -> np.ndarray:
    """All outlets at once, period by period."""
    states = np.empty((n_evse, len(P)), dtype=np.int8)
    states[:, 0] = (rng.random((n_evse, 1)) >= np.cumsum(initial)[:2]).sum(axis=1)
    for k in range(1, len(P)):
        bounds = np.cumsum(P[k - 1], axis=1)[:, :2]
        states[:, k] = (rng.random((n_evse, 1)) >= bounds[states[:, k - 1]]).sum(axis=1)
    return states


def limit_in_numpy(states: np.ndarray, start: int, n_periods: int) -> float:
    """All outlets at once, for each set of window periods, cell by cell."""
    shape = evf.peak_shape("triangle", n_periods)
    window = range(n_periods)
    ratios = []
    for chosen in chain.from_iterable(combinations(window, n) for n in range(1, n_periods + 1)):
        waiting, moved = np.zeros(len(states), dtype=np.int64), 0
        for k in range(start, states.shape[1]):
            cells = states[:, k]
            waiting[cells == 0] = 0
            if k - start in chosen:
                waiting += cells == 1
            else:
                landing = (waiting > 0) & (cells == 2)
                waiting -= landing
                moved += np.count_nonzero(landing)
        ratios.append(moved / shape[list(chosen)].sum())
    return min(ratios)


def estimate_in_numpy(charging: np.ndarray, occupancy: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Sinkhorn, step by step."""
    Pi = np.stack([1 - occupancy, charging, occupancy - charging], axis=1)
    matrices = np.empty((len(charging), 3, 3))
    for k, r in enumerate(Pi):
        c, flow = Pi[(k + 1) % len(Pi)], r[:, None] * prior
        while True:
            flow = flow * (c / flow.sum(axis=0))
            if np.abs(flow.sum(axis=1) - r).max() < 1e-15:
                break
            flow = flow * (r / flow.sum(axis=1))[:, None]
        matrices[k] = flow / flow.sum(axis=1, keepdims=True)
    return matrices


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    return min((cpu_seconds(call) for _ in range(N_RUNS)), key=lambda run: run[0])


def main() -> None:
    rates = workplace_day()
    prior = np.array([[0.97, 0.0299, 0.0001], [0.02, 0.93, 0.05], [0.06, 0.002, 0.938]])
    initial = evf.state_probabilities(*rates)[0]
    estimate = partial(evf.estimate_transition_matrices, *rates, prior=prior)
    P = estimate()
    simulate = partial(evf.simulate_lattice, P, initial, seed=0)
    lattice = simulate(N_EVSE)
    first, _ = cpu_seconds(lambda: [evf.max_peak_shave(lattice[:100], START, n) for n in (4, 16)])
    print("## Sites of charge point operators against numpy\n")
    print(f"First limits of a small lattice, compilation or its cache included: {first:.2f} s\n")
    print("| what | s | numpy s | ratio |")
    print("| --- | --- | --- | --- |", flush=True)
    rng = np.random.default_rng(0)
    parts = {
        "chain of a day from its rates": (estimate, partial(estimate_in_numpy, *rates, prior)),
        f"{N_EVSE} outlets x 96 periods": (
            partial(simulate, N_EVSE), partial(simulate_in_numpy, P, initial, N_EVSE, rng)
        ),
        "their exact limit, 1 h": (
            partial(evf.max_peak_shave, lattice, START, 4), partial(limit_in_numpy, lattice, START, 4)
        ),
        "their exact limit, 2 h": (partial(evf.max_peak_shave, lattice, START, 8), None),
        "their hops at the limit, 1 h": (partial(_hop, lattice, 4), None),
        "mean-field limit, 1 h": (partial(evf.mean_field_peak_shave, P, initial, 1, START, 4), None),
        "mean-field limit, 12 h": (partial(evf.mean_field_peak_shave, P, initial, 1, 32, 48), None),
    }  # fmt: skip
    for n_evse in (60, 1000):
        small = simulate(n_evse)
        parts[f"exact limit of {n_evse} outlets, 4 h"] = (partial(evf.max_peak_shave, small, START, 16), None)
        parts[f"exact limit of {n_evse} outlets, 12 h"] = (
            partial(evf.max_peak_shave, small, 32, 48), partial(evf.max_shave_lp, small, 32, 48)
        )  # fmt: skip
    for name, (call, other) in parts.items():
        call()
        own, value = timed(call)
        if other is None:
            print(f"| {name} | {own:.4f} | | |", flush=True)
            continue
        theirs, expected = cpu_seconds(other)
        if "outlets x" not in name:  # drawn from other random numbers
            np.testing.assert_allclose(value, expected, atol=1e-6)
        mark = " (HiGHS)" if "12 h" in name else ""
        print(f"| {name} | {own:.4f} | {theirs:.2f}{mark} | 1/{theirs / own:.1f} |", flush=True)
    print()


def _hop(lattice: np.ndarray, n_periods: int) -> bool:
    apex = evf.max_peak_shave(lattice, START, n_periods)
    wanted = np.floor(apex * evf.peak_shape("triangle", n_periods) + 1e-9)
    return evf.shave_peak(lattice, wanted, START).success
