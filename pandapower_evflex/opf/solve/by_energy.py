"""Powers of EVs as functions of their energies, and limits of the grid as functions of these powers."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix, diags, eye

from pandapower_evflex.arrays import ComplexArray, FloatArray, IntArray
from pandapower_evflex.elements.chain import KW
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.verify import GridState, grid_state
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.powerflow.sensitivities import LimitRows


def powers_of_energies(case: Case) -> tuple[csr_matrix, FloatArray]:
    """p = A e + p_0 of all slots, kW."""
    slots, n = case.evs.slots, len(case.evs.slots)
    follows = np.flatnonzero(slots.previous >= 0)
    before = csr_matrix((np.ones(len(follows)), (follows, slots.previous[follows])), (n, n))
    per_energy = 1.0 / slots.energy_per_p
    return csr_matrix(diags(per_energy) @ (eye(n) - before)), -slots.e_offset * KW * per_energy


def state_at(case: Case, flow: BatchedPowerFlow, p_kw: FloatArray) -> GridState:
    """Power flow with these powers of the EVs, kW [n_slot], and the least load of everything else."""
    p = case.chain.least
    p[case.evs.slots.period, case.evs.slots.ev] = p_kw / KW
    return grid_state(case, flow, p)


def slopes_by_slot(case: Case, rows: LimitRows, gradient: ComplexArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Row, slot and slope per kW of every EV that is plugged in in the period of a row.

    Parameters
    ----------
    gradient : complex [n_row, n_bus]    of `limit_gradients`
    """
    slots = case.evs.slots
    of_period = [np.flatnonzero(slots.period == t) for t in range(case.horizon.n_periods)]
    own = [of_period[t] for t in rows.case.tolist()]
    row = np.repeat(np.arange(len(rows)), [len(part) for part in own])
    slot = np.concatenate([np.empty(0, dtype=np.int64), *own])
    ev = slots.ev[slot]
    g = gradient[row, case.evs.bus_row[ev]]
    return row, slot, (g.real + g.imag * case.evs.tan_phi[ev]) / KW
