r"""Second derivatives of the limits by EV loads.

A limit bends mainly because losses do. Its Hessian by the loads at the EV buses hardly changes with the load, so that
of one limit is measured once, by differences of adjoint gradients, and used in all periods. It is split into its
strongest modes and a remainder, :math:`V \operatorname{diag}(\sigma) V^T + R`; negative curvature is left out of both.

EV loads enter at *ports*: one per bus and power factor, or, where reactive power does not follow the activation, one
for active and one for reactive power.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from pandapower_evflex.arrays import ComplexArray, FloatArray, IntArray
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.powerflow.sensitivities import LimitRows, limit_gradients
from pandapower_evflex.solvers.chains.forms import Forms, Rows
from pandapower_evflex.solvers.chains.problem import Curvature, DenseCurvature

#: modes kept per limit: more of them make the dense system larger, fewer leave more to conjugate gradients
N_MODES = 4
#: modes kept per limit with more than MANY_BLOCKS blocks, where the dense system takes most of the time
FEW_MODES, MANY_BLOCKS = 1, 150
#: share of the largest multiplier below which the modes of a limit are left out
SMALL_MULTIPLIER = 1e-4
#: step of the differences [pu]
STEP = 1e-4


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
    flow: BatchedPowerFlow, v: ComplexArray, kind: int, position: int, ports: Ports, n_modes: int
) -> Modes:
    """Modes of a limit near the solved voltages ``v`` [n_bus], with the ``n_modes`` strongest apart."""
    n = len(ports.bus)
    s = np.tile(v * np.conj(flow.grid.y_bus @ v), (2 * n, 1))
    s[np.arange(n), ports.bus] -= STEP * ports.power
    s[n + np.arange(n), ports.bus] += STEP * ports.power
    flows = flow.solve(s, v)
    rows = LimitRows(np.arange(2 * n), np.full(2 * n, kind), np.full(2 * n, position))
    g = limit_gradients(flow, rows, flows.v)[:, ports.bus]
    g_port = g.real * ports.power.real + g.imag * ports.power.imag
    hessian = (g_port[:n] - g_port[n:]) / (2.0 * STEP)
    sigma, vectors = np.linalg.eigh(0.5 * (hessian + hessian.T))
    sigma, vectors = np.maximum(sigma[::-1], 0.0), vectors[:, ::-1]
    keep = min(n_modes, int(np.sum(sigma > 1e-6 * sigma[0]))) if sigma[0] > 0.0 else 0
    rest = (vectors[:, keep:] * sigma[keep:]) @ vectors[:, keep:].T
    whole = (vectors * sigma) @ vectors.T
    return Modes(vectors[:, :keep], sigma[:keep], rest, float(sigma[keep]) if keep < n else 0.0, whole)


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
        self._modes, self._row, self._forms = modes, row, forms
        self._rows_of_mode = [np.flatnonzero(mode_of_row == m) for m in range(len(modes))]
        n_rows = len(mode_of_row)
        self._shape = (n_rows, len(modes[0].rest) if modes else 0)
        self._at = row * self._shape[1] + port
        # the sum over EVs at one port has the square of at most evs_per_port times the sum of squares
        self._bound = np.array([m.largest_rest for m in modes])[mode_of_row] * evs_per_port if modes else np.empty(0)
        n_modes = np.array([len(m.sigma) for m in modes], dtype=np.int64)[mode_of_row] if modes else np.empty(0, int)
        first = np.cumsum(n_modes) - n_modes
        parts = []
        for number in range(N_MODES):
            has = np.flatnonzero(n_modes[row] > number)
            if len(has):
                value = np.array([modes[m].v[b, number] for m, b in zip(mode_of_row[row[has]], port[has], strict=True)])
                parts.append((first[row[has]] + number, forms.slot[has], value[:, None] * forms.coefficient[has]))
        mode, slot, coefficient = (np.concatenate(part) for part in zip(*parts, strict=True)) if parts else _nothing()
        order = np.argsort(mode, kind="stable")
        self._mode, self._mode_forms = mode[order], Forms(slot[order], coefficient[order])
        self._row_of_mode = np.repeat(np.arange(n_rows), n_modes)
        self._sigma = np.concatenate([np.empty(0), *[modes[m].sigma for m in mode_of_row]])

        self._mode_of_row = mode_of_row
        _, first_row, self._block = np.unique(block, return_index=True, return_inverse=True)
        loads = np.flatnonzero(np.isin(row, first_row))
        loads = loads[np.argsort(self._block[row[loads]], kind="stable")]
        self._loads, self._block_of_load, self._port = forms.of(loads), self._block[row[loads]], port[loads]

    def dense(self, multipliers: FloatArray) -> DenseCurvature:
        """Curvature of the sum of multipliers times h, a matrix per block."""
        n_blocks, n_port = int(self._block.max(initial=-1)) + 1, self._shape[1]
        weight = csr_matrix((multipliers, (self._block, self._mode_of_row)), (n_blocks, len(self._modes)))
        whole = np.array([modes.whole.ravel() for modes in self._modes]).reshape(len(self._modes), n_port**2)
        matrix = (weight @ whole).reshape(n_blocks, n_port, n_port)
        return DenseCurvature(self._loads, self._block_of_load, self._port, matrix)

    def of(self, multipliers: FloatArray) -> Curvature:
        """Curvature of the sum of multipliers times h."""
        weight = multipliers[self._row_of_mode]
        chosen = weight > SMALL_MULTIPLIER * multipliers.max(initial=0.0)
        entries = chosen[self._mode]
        number = np.cumsum(chosen) - 1
        return Curvature(
            modes=Rows(int(chosen.sum()), number[self._mode[entries]], self._mode_forms.of(entries)),
            sigma=(weight * self._sigma)[chosen],
            bound=self._forms,
            bound_weight=(multipliers * self._bound)[self._row],
            remainder=lambda x: self._remainder(multipliers, x),
        )

    def _remainder(self, multipliers: FloatArray, x: FloatArray) -> FloatArray:
        """Sum over rows of multiplier times R, applied to the loads of x."""
        load = np.bincount(self._at, self._forms.values(x), minlength=self._shape[0] * self._shape[1])
        u: FloatArray = load.astype(float).reshape(self._shape) * multipliers[:, None]
        y = np.empty_like(u)
        for modes, rows in zip(self._modes, self._rows_of_mode, strict=True):
            y[rows] = u[rows] @ modes.rest
        to = np.zeros_like(x)
        self._forms.add_transposed(y.ravel()[self._at], to)
        return to


def _nothing() -> tuple[IntArray, IntArray, FloatArray]:
    return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty((0, 4))
