r"""Whether any schedule keeps all limits: a proof by tangents where the fast method has found none.

On radial grids without held voltages loadings and lower voltage limits are taken as convex in the loads of the EVs, as
in the certificate of the fast method. So with tangents at any powers :math:`p_j` every schedule keeps

.. math:: h_k(p_j) + g_{k,j}^T (p - p_j) \le 0

within the limits of the cars. A linear program seeks the powers that break these by the least; tangents at its solution
join until it breaks them by something, which proves that no schedule exists, or its solution keeps all limits. The
schedule without any activation decides: an activation loads the grid beside it, never in place of it.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix, hstack, vstack

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.elements.chain import KW
from pandapower_evflex.limits import LIMITS
from pandapower_evflex.limits.by_period import rows_of
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.solve.by_energy import powers_of_energies, slopes_by_slot, state_at
from pandapower_evflex.opf.solve.certifiable import why_uncertified
from pandapower_evflex.opf.verify import GridState
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.powerflow.sensitivities import LimitRows, limit_gradients

#: least violation h of the tangents that counts as a proof
CLEARLY = 1e-6
#: h up to which a limit counts as kept
KEPT = 1e-7
#: h from which on a limit has a tangent
NEAR = -0.02
MAX_ROUNDS = 20


def is_proved_infeasible(case: Case, flow: BatchedPowerFlow) -> bool:
    """Whether it is proved that no schedule exists, for all forecasts together; False leaves it open."""
    if why_uncertified(case) or case.others or not len(case.evs.slots) or case.evs.slots.loses.any():
        return False
    slots, power, power_0 = case.evs.slots, *powers_of_energies(case)
    low, high = np.maximum(slots.e_least, slots.e_min) * KW, np.minimum(slots.e_most, slots.e_max) * KW
    bounds = np.stack([np.append(low, 0.0), np.append(np.maximum(low, high), np.inf)], axis=1)
    n = len(slots)
    nothing = csr_matrix((n, 1))
    of_cars = [hstack([power, nothing]), hstack([-power, nothing])]
    a, b = of_cars, [slots.p_max * KW - power_0, power_0 - slots.p_min * KW]
    cost = np.append(np.zeros(n), 1.0)
    for _ in range(MAX_ROUNDS):
        solved = linprog(cost, vstack(a, format="csr"), np.concatenate(b), bounds=bounds, method="highs")
        if solved.x is None:
            return False
        if solved.x[-1] > CLEARLY:
            return True
        p_kw = np.clip(power @ solved.x[:n] + power_0, slots.p_min * KW, slots.p_max * KW)
        states = [(one, state_at(one, flow, p_kw)) for one in map(case.under, case.forecasts)]
        if not all(state.converged.all() for _, state in states):
            return False
        tangents = [_tangents(one, flow, state) for one, state in states]
        if not any(np.any(h > KEPT) for _, h in tangents):
            return False
        for slope, h in tangents:
            a.append(hstack([slope @ power, csr_matrix(-np.ones((len(h), 1)))]))
            b.append(slope @ (p_kw - power_0) - h)
    return False


def _tangents(case: Case, flow: BatchedPowerFlow, state: GridState) -> tuple[csr_matrix, FloatArray]:
    """Slopes [n_row, n_slot] per kW, and h, of all limits that are near."""
    slots, limits = case.evs.slots, case.seen_limits
    table = rows_of(limits, state.values)
    rows = LimitRows.of(place for place in table.places(NEAR) if LIMITS[place[1]].is_convex)
    gradient = limit_gradients(flow, rows, state.v, limits)
    row, slot, slope = slopes_by_slot(case, rows, gradient)
    return csr_matrix((slope, (row, slot)), (len(rows), len(slots))), rows.values(table)
