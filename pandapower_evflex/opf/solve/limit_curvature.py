r"""Second derivatives of the limits by EV loads.

A limit bends mainly because losses do. Its Hessian by the loads at the EV buses hardly changes with the load, so that
of one limit is measured once, by differences of adjoint gradients, and used in all periods. It is split into its
strongest modes and a remainder, :math:`V \operatorname{diag}(\sigma) V^T + R`; negative curvature is left out of both.

EV loads enter at *ports*: one per bus and power factor, or, where reactive power does not follow the activation or
power factors vary with time, one for active and one for reactive power.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix

from pandapower_evflex.arrays import BoolArray, ComplexArray, FloatArray, IntArray
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.powerflow.sensitivities import LimitRows, limit_gradients
from pandapower_evflex.solvers.chains.forms import Forms, Rows
from pandapower_evflex.solvers.chains.problem import Curvature, DenseCurvature

#: modes kept per limit: more of them make the dense system larger, fewer leave more to conjugate gradients
N_MODES = 4
#: modes kept per limit with more than MANY_BLOCKS blocks, or held activations, where the dense system takes most of the
#: time
FEW_MODES, MANY_BLOCKS = 1, 150
#: share of the largest multiplier below which the modes of a limit are left out
SMALL_MULTIPLIER = 1e-4
#: step of the differences [pu]
STEP = 1e-4
#: numbers of the gradients that are computed in one go: 64 MB
MOST_NUMBERS = 4_000_000


@dataclass(frozen=True)
class Modes:
    """Second derivative of one limit by the loads [pu] at the ports.

    Parameters
    ----------
    v : float [n_port, n_mode], sigma : float [n_mode]
    rest : float [n_port, n_port], largest_rest : float    R and its largest eigenvalue
    whole : float [n_port, n_port]                         V diag(sigma) V^T + R
    """

    v: FloatArray
    sigma: FloatArray
    rest: FloatArray
    largest_rest: float
    whole: FloatArray


@dataclass(frozen=True)
class Ports:
    """Bus of each port, and what one unit of its load draws there [n_port]."""

    bus: IntArray
    power: ComplexArray


def measure_modes(
    flow: BatchedPowerFlow, v: ComplexArray, limits: Sequence[tuple[int, int]], ports: Ports, n_modes: int
) -> list[Modes]:
    """Modes of limits (kind, position) near the solved voltages ``v`` [n_bus], with the ``n_modes`` strongest apart."""
    n = len(ports.bus)
    s = np.tile(v * np.conj(flow.grid.y_bus @ v), (2 * n, 1))
    s[np.arange(n), ports.bus] -= STEP * ports.power
    s[n + np.arange(n), ports.bus] += STEP * ports.power
    shifted = flow.solve(s, v).v
    at_once = max(1, MOST_NUMBERS // max(shifted.size, 1))
    modes = []
    for first in range(0, len(limits), at_once):
        some = limits[first : first + at_once]
        case = np.tile(np.arange(2 * n), len(some))
        kind, position = np.repeat(np.array(some, dtype=np.int64).reshape(-1, 2), 2 * n, axis=0).T.copy()
        g = limit_gradients(flow, LimitRows(case, kind, position), shifted)[:, ports.bus]
        g_port = (g.real * ports.power.real + g.imag * ports.power.imag).reshape(len(some), 2, n, n)
        modes += [_modes_of((less - more) / (2.0 * STEP), n_modes) for less, more in g_port]
    return modes


def _modes_of(hessian: FloatArray, n_modes: int) -> Modes:
    """Modes of a second derivative, its negative curvature left out."""
    sigma, vectors = np.linalg.eigh(0.5 * (hessian + hessian.T))
    sigma, vectors = np.maximum(sigma[::-1], 0.0), vectors[:, ::-1]
    keep = min(n_modes, int(np.sum(sigma > 1e-6 * sigma[0]))) if sigma[0] > 0.0 else 0
    rest = (vectors[:, keep:] * sigma[keep:]) @ vectors[:, keep:].T
    whole = (vectors * sigma) @ vectors.T
    return Modes(vectors[:, :keep], sigma[:keep], rest, float(sigma[keep]) if keep < len(sigma) else 0.0, whole)


class LimitCurvature:
    """Curvature of a list of limits over the slots of their blocks.

    Parameters
    ----------
    modes : list of Modes        distinct limits
    mode_of_row : int [n_row]    which of them each row has
    block : int [n_row]          any number: rows of one block depend on the same loads
    row, port : int [n_entry]    of every load that a row depends on
    forms : Forms                that load [pu]
    evs_per_port : int           largest number of EVs at one port
    """

    def __init__(
        self,
        modes: list[Modes],
        mode_of_row: IntArray,
        block: IntArray,
        row: IntArray,
        port: IntArray,
        forms: Forms,
        evs_per_port: int,
    ) -> None:
        self._modes, self._mode_of_row, self._block = modes, mode_of_row, block
        self._row, self._port, self._forms, self._evs_per_port = row, port, forms, evs_per_port
        self._n_port = len(modes[0].rest) if modes else 0

    @cached_property
    def _blocks(self) -> tuple[IntArray, IntArray, Forms, IntArray, IntArray]:
        """Rows in order of block, where each block begins; forms of the first row of each, their block and port."""
        _, first_row, block = np.unique(self._block, return_index=True, return_inverse=True)
        entries = np.flatnonzero(np.isin(self._row, first_row))
        entries = entries[np.argsort(block[self._row[entries]], kind="stable")]
        order = np.argsort(block, kind="stable")
        start = np.searchsorted(block[order], np.arange(len(first_row) + 1))
        return order, start, self._forms.of(entries), block[self._row[entries]], self._port[entries]

    @cached_property
    def _whole(self) -> FloatArray:
        """Second derivatives of the distinct limits [n_limit, n_port^2]."""
        return np.array([modes.whole.ravel() for modes in self._modes]).reshape(len(self._modes), self._n_port**2)

    def dense(self, multipliers: FloatArray) -> DenseCurvature:
        """Curvature of the sum of multipliers times h, a matrix per block."""
        order, start, forms, block, port = self._blocks
        n_blocks, n_port = len(start) - 1, self._n_port
        weight = csr_matrix((multipliers[order], self._mode_of_row[order], start), (n_blocks, len(self._modes)))
        matrix = (weight @ self._whole).reshape(n_blocks, n_port, n_port)
        return DenseCurvature(forms, block, port, matrix)

    @cached_property
    def _modes_of_rows(self) -> tuple[IntArray, Rows, FloatArray]:
        """Row of every mode, the mode as a row of its own, and its sigma."""
        n_modes = np.array([len(modes.sigma) for modes in self._modes], dtype=np.int64)
        v, sigma = np.zeros((len(n_modes), self._n_port, N_MODES)), np.zeros((len(n_modes), N_MODES))
        for modes, of_port, of_mode in zip(self._modes, v, sigma, strict=True):
            of_port[:, : len(modes.sigma)], of_mode[: len(modes.sigma)] = modes.v, modes.sigma
        kind = self._mode_of_row
        row, number = np.nonzero(np.arange(N_MODES) < n_modes[kind][:, None])
        first = np.cumsum(n_modes[kind]) - n_modes[kind]
        entry, at = np.nonzero(np.arange(N_MODES) < n_modes[kind[self._row]][:, None])
        mode = first[self._row[entry]] + at
        order = np.argsort(mode, kind="stable")
        entry, at = entry[order], at[order]
        value = v[kind[self._row[entry]], self._port[entry], at]
        forms = self._forms.of(entry).times(value)
        return row, Rows(len(row), mode[order], forms), sigma[kind[row], number]

    def n_modes(self, multipliers: FloatArray) -> int:
        """Number of modes that are not left out."""
        n_modes = np.array([len(modes.sigma) for modes in self._modes], dtype=np.int64)
        return int(n_modes[self._mode_of_row[_is_kept(multipliers)]].sum())

    def of(self, multipliers: FloatArray) -> Curvature:
        """Curvature of the sum of multipliers times h."""
        row, modes, sigma = self._modes_of_rows
        weight = multipliers[row]
        chosen = _is_kept(multipliers)[row]
        # the sum over EVs at one port has the square of at most evs_per_port times the sum of squares
        rest = np.array([modes.largest_rest for modes in self._modes])[self._mode_of_row] * self._evs_per_port
        return Curvature(
            modes=modes.of(chosen),
            sigma=(weight * sigma)[chosen],
            bound=self._forms,
            bound_weight=(multipliers * rest)[self._row],
            remainder=lambda x: self._remainder(multipliers, x),
        )

    def _remainder(self, multipliers: FloatArray, x: FloatArray) -> FloatArray:
        """Sum over rows of multiplier times R, applied to the loads of x."""
        n_rows, at = len(multipliers), self._row * self._n_port + self._port
        load = np.bincount(at, self._forms.values(x), minlength=n_rows * self._n_port)
        u: FloatArray = load.astype(float).reshape(n_rows, self._n_port) * multipliers[:, None]
        y = np.empty_like(u)
        for number, modes in enumerate(self._modes):
            rows = np.flatnonzero(self._mode_of_row == number)
            y[rows] = u[rows] @ modes.rest
        to = np.zeros_like(x)
        self._forms.add_transposed(y.ravel()[at], to)
        return to


def _is_kept(multipliers: FloatArray) -> BoolArray:
    return np.asarray(multipliers > SMALL_MULTIPLIER * multipliers.max(initial=0.0))
