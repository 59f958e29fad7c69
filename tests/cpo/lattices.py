"""Lattices to test on, and what they can shave by linear programming over single cells."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from scipy.optimize import linprog

CASES = Path(__file__).parents[1] / "cases" / "cpo"


def stored(name):
    return json.loads((CASES / f"{name}.json").read_text())


@st.composite
def small_lattices(draw, max_outlets=4, max_periods=8):
    """Lattices with first cells of stays, some of them behind another stay without an empty cell between."""
    n, n_periods = draw(st.integers(1, max_outlets)), draw(st.integers(2, max_periods))
    codes = st.lists(st.sampled_from([0, 1, 1, 2, 2, 3, 4]), min_size=n_periods, max_size=n_periods)
    cells = np.array(draw(st.lists(codes, min_size=n, max_size=n)))
    return np.where(cells > 2, cells - 2, cells).astype(np.int8), cells > 2


def random_lattice(rng, n_evse, n_periods, mean_stay=16):
    leave = 1.0 / mean_stay
    steps = np.array([[0.9, 0.1, 0.0], [leave / 2, 0.85, 0.15 - leave / 2], [leave, 0.03, 0.97 - leave]])
    states = np.zeros((n_evse, n_periods), dtype=np.int8)
    state = rng.integers(0, 3, n_evse)
    for k in range(n_periods):
        state = (rng.random((n_evse, 1)) > np.cumsum(steps, axis=1)[state][:, :2]).sum(axis=1)
        states[:, k] = state
    return states


def stays_of(states, arrivals):
    """(outlet, first period, period after the last) of each stay."""
    for n, cells in enumerate(states):
        begin = None
        for k in range(len(cells) + 1):
            ends = k == len(cells) or cells[k] == 0 or arrivals[n, k]
            if begin is not None and ends:
                yield n, begin, k
                begin = None
            if k < len(cells) and cells[k] and begin is None:
                begin = k


def shave_by_lp(states, arrivals, start, shape, cap=()):
    """Largest apex with one variable per pair (charging cell, later idle cell of its stay).

    ``cap``: of what is added to the load in the first periods after the window; cells there may move then, too.
    """
    end = start + len(shape)
    end_capped = end + len(cap)
    pairs = [
        (n, i, j)
        for n, first, last in stays_of(states, arrivals)
        for i in range(first, last)
        for j in range(i + 1, last)
        if states[n, i] == 1 and states[n, j] == 2 and i < end_capped
    ]
    rows = {}
    for column, (n, i, j) in enumerate(pairs):
        rows.setdefault((n, i), []).append(column)
        rows.setdefault((n, j), []).append(column)
    a = np.zeros((len(rows) + len(shape) + len(cap), len(pairs) + 1))
    for row, columns in enumerate(rows.values()):
        a[row, columns] = 1.0
    for column, (_, i, j) in enumerate(pairs):
        for cell, sign in ((i, -1.0), (j, 1.0)):
            if start <= cell < end_capped:
                a[len(rows) + cell - start, column] += sign
    a[len(rows) : len(rows) + len(shape), -1] = shape
    b = np.concatenate([np.ones(len(rows)), np.zeros(len(shape)), cap])
    found = linprog(np.append(np.zeros(len(pairs)), -1.0), A_ub=a, b_ub=b, method="highs")
    assert found.status == 0
    return -found.fun
