r"""Whether any schedule keeps all limits: a proof by tangents where the fast method has found none.

On radial grids without held voltages loadings and lower voltage limits are taken as convex in the loads, as in the
certificate of the fast method. So with tangents at any loads :math:`p_j` every schedule keeps

.. math:: h_k(p_j) + g_{k,j}^T (p - p_j) \le 0

within the limits of the elements. A linear program seeks the loads that break these by the least; tangents at its
solution join until it breaks them by something, which proves that no schedule exists, or its solution keeps all limits.
The schedule without any activation decides: an activation loads the grid beside it, never in place of it. Generators
may be curtailed at will, and what feeds in with losses may charge and feed in at once: there is no schedule that this
leaves out.

Where something feeds in, tangents are taken only of limits that every load pushes further: the power P of a branch that
consumption loads is convex in the loads as losses are, and :math:`P^2 \ge P_j^2 + 2 P_j (P - P_j)` holds for every P
where :math:`P_j \ge 0`. In reverse flow losses relieve a branch, so that a tangent might cut off a schedule.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix, hstack, vstack

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.elements.chain import KW, REACTIVE
from pandapower_evflex.elements.ev_slots import ONE_ACTIVATION, Units
from pandapower_evflex.elements.part import Part
from pandapower_evflex.limits import LIMITS
from pandapower_evflex.limits.by_period import rows_of
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.solve.certifiable import why_uncertified
from pandapower_evflex.opf.solve.chain_matrix import bounds_of, matrix_of
from pandapower_evflex.opf.solve.curtailment import seeking_least
from pandapower_evflex.opf.verify import GridState, grid_state
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.powerflow.sensitivities import LimitRows, limit_gradients
from pandapower_evflex.solvers.chains.forms import Forms

#: least violation h of the tangents that counts as a proof
CLEARLY = 1e-6
#: h up to which a limit counts as kept
KEPT = 1e-7
#: h from which on a limit has a tangent
NEAR = -0.02
MAX_ROUNDS = 20
#: share of the strongest slope of a limit up to which a load that relieves it counts as one that does not move it
NO_RELIEF = 1e-9


def is_proved_infeasible(case: Case, flow: BatchedPowerFlow) -> bool:
    """Whether it is proved that no schedule exists, for all forecasts together; False leaves it open."""
    bare = seeking_least(_without_promise(case))
    chain = bare.chain
    if why_uncertified(case) or not len(chain):
        return False
    n = len(chain.limits)
    a = [hstack([matrix_of(chain, chain.limits, np.arange(n), n), csr_matrix((n, 1))])]
    b = [chain.bound]
    low, high = bounds_of(chain)
    bounds = np.stack([np.append(low, 0.0), np.append(np.maximum(low, high), np.inf)], axis=1)
    cost = np.append(np.zeros(len(low)), 1.0)
    for _ in range(MAX_ROUNDS):
        solved = linprog(cost, vstack(a, format="csr"), np.concatenate(b), bounds=bounds, method="highs")
        if solved.x is None:
            return False
        if solved.x[-1] > CLEARLY:
            return True
        x = solved.x[:-1].reshape(chain.low.shape)
        states = [(one, _state_at(one, flow, x)) for one in map(bare.under, bare.forecasts)]
        if not all(state.converged.all() for _, state in states):
            return False
        tangents = [_tangents(one, flow, state) for one, state in states]
        if not any(np.any(h > KEPT) for _, _, h in tangents):
            return False
        for forms, row, h in tangents:
            slope = matrix_of(chain, forms, row, len(h))
            a.append(hstack([slope, csr_matrix(-np.ones((len(h), 1)))]))
            b.append(slope @ x.ravel() - h)
    return False


def _without_promise(case: Case) -> Case:
    """Any schedule will do, whatever it could promise."""
    others = tuple(Part(part.kind, _bare(part.data)) for part in case.others)
    return replace(case, evs=_bare(case.evs), others=others)


def _bare(data: Any) -> Any:
    if isinstance(data, Units):
        return replace(data, guarantee=ONE_ACTIVATION, duration=1)
    return replace(data, has_band=False) if getattr(data, "has_band", False) else data


def _state_at(case: Case, flow: BatchedPowerFlow, x: FloatArray) -> GridState:
    """Power flow of the schedule at a point of the chain."""
    chain = case.chain
    p, q = chain.fixed_p.copy(), np.zeros_like(chain.fixed_p)
    p[chain.period, chain.unit] = chain.loads["base"].kw(x) / KW
    if REACTIVE["base"] in chain.loads:
        q[chain.period, chain.unit] = chain.loads[REACTIVE["base"]].kw(x) / KW
    return grid_state(case, flow, p, q=q)


def _tangents(case: Case, flow: BatchedPowerFlow, state: GridState) -> tuple[Forms, IntArray, FloatArray]:
    """Slopes of all limits that are near, as forms of the chain and their rows, and h."""
    chain, limits = case.chain, case.seen_limits
    table = rows_of(limits, state.values)
    rows = LimitRows.of(place for place in table.places(NEAR) if LIMITS[place[1]].is_convex)
    gradient = limit_gradients(flow, rows, state.v, limits)[:, chain.bus_row]
    of_period = [np.flatnonzero(chain.period == t) for t in rows.case.tolist()]
    row = np.repeat(np.arange(len(rows)), [len(part) for part in of_period])
    slot = np.concatenate([np.empty(0, dtype=np.int64), *of_period])
    g = gradient[row, chain.unit[slot]]
    slopes = {"base": g.real + g.imag * chain.tan_phi_of_slot[slot]}
    if REACTIVE["base"] in chain.loads:
        slopes[REACTIVE["base"]] = g.imag
    forms = Forms.join([chain.loads[name].forms.of(slot).times(slope / KW) for name, slope in slopes.items()])
    h = rows.values(table)
    if not (case.others or chain.feeds_in):
        return forms, np.tile(row, len(slopes)), h
    relieved = np.zeros(len(rows), dtype=bool)
    for slope in slopes.values():
        strongest = np.zeros(len(rows))
        np.maximum.at(strongest, row, np.abs(slope))
        np.logical_or.at(relieved, row, slope < -NO_RELIEF * strongest[row])
    return _of_rows(forms, np.tile(row, len(slopes)), h, ~relieved)


def _of_rows(forms: Forms, row: IntArray, h: FloatArray, chosen: BoolArray) -> tuple[Forms, np.ndarray, FloatArray]:
    number = np.cumsum(chosen) - 1
    kept = chosen[row]
    return forms.of(kept), number[row[kept]], h[chosen]
