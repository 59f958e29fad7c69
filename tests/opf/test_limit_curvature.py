"""The curvature of rows is the same by modes and remainder as in whole."""

from __future__ import annotations

import numpy as np
import pytest

from pandapower_evflex.opf.solve.limit_curvature import LimitCurvature, Modes
from pandapower_evflex.solvers.chains.forms import Forms

N_SLOTS, N_PORTS, N_ROWS = 5, 4, 3


def random_modes(rng, n_kept):
    root = rng.normal(size=(N_PORTS, N_PORTS))
    sigma, vectors = np.linalg.eigh(root @ root.T)
    sigma, vectors = sigma[::-1], vectors[:, ::-1]
    rest = (vectors[:, n_kept:] * sigma[n_kept:]) @ vectors[:, n_kept:].T
    return Modes(vectors[:, :n_kept], sigma[:n_kept], rest, sigma[n_kept], root @ root.T)


@pytest.mark.parametrize("seed", range(5))
def test_modes_and_remainder_together_are_the_whole_curvature(seed):
    rng = np.random.default_rng(seed)
    modes = [random_modes(rng, 2), random_modes(rng, 1)]
    mode_of_row, block = np.array([0, 1, 0]), np.array([7, 7, 9])  # two rows of one block, one of another
    row, slot = np.repeat(np.arange(N_ROWS), N_SLOTS), np.tile(np.arange(N_SLOTS), N_ROWS)
    port = np.tile(rng.integers(0, N_PORTS, N_SLOTS), N_ROWS)
    coefficient = np.tile(rng.normal(size=(N_SLOTS, 4)), (N_ROWS, 1))
    coefficient[:, 0] = 0.0
    forms = Forms(slot, coefficient)
    curvature = LimitCurvature(modes, mode_of_row, block, row, port, forms, 2)
    multipliers, x = rng.uniform(0.5, 2.0, N_ROWS), rng.normal(size=(N_SLOTS, 3))

    parts = curvature.of(multipliers)
    by_parts = parts.remainder(x)
    parts.modes.add_transposed(parts.sigma * parts.modes.values(x), by_parts)
    dense = curvature.dense(multipliers)
    whole, load = np.zeros_like(x), dense.forms.values(x)
    for b, matrix in enumerate(dense.matrix):
        own = np.flatnonzero(dense.block == b)
        dense.forms.of(own).add_transposed(matrix[np.ix_(dense.port[own], dense.port[own])] @ load[own], whole)
    oracle = np.zeros_like(x)
    for r, kind in enumerate(mode_of_row):
        own = np.flatnonzero(row == r)
        matrix = multipliers[r] * modes[kind].whole[np.ix_(port[own], port[own])]
        forms.of(own).add_transposed(matrix @ forms.of(own).values(x), oracle)
    assert np.allclose(whole, oracle)
    assert np.allclose(by_parts, oracle)
