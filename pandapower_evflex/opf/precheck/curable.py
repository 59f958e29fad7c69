r"""Which limits that the grid breaks without controllable EVs can be cured by charging, and which cars worsen them.

In one period the EVs choose loads :math:`0 \le p \le \bar p`; what may feed in can lower a limit both ways, and
nothing is proved beside it. With h > 0 where a limit is broken and g its slope:

* No car lowers h from its first kilowatt on: taken as hopeless on every net. Squared branch flows and -v are convex in
  the loads (proved for one branch, seen in every test), so what does not fall at once never does.
* On radial nets without held voltages, loadings and lower voltage limits: by the same convexity
  :math:`h(p) \ge h(p_0) + g(p_0)^T (p - p_0)` for any :math:`p_0`; hopeless where the right side is above 0 on the
  whole box. All plugged EVs at full power is one such point.
* There too, upper voltage limits: where every car lowers v, with none and with all at full power, v is least with all
  at full power; hopeless where it is still too high.

Everything else is left to the solver.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import BoolArray, ComplexArray, FloatArray, IntArray
from pandapower_evflex.elements.chain import REACTIVE
from pandapower_evflex.limits import LIMITS
from pandapower_evflex.limits.by_period import ByLimit, rows_of, values_of
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.findings.table import TOLERANCE
from pandapower_evflex.opf.solve.certifiable import why_uncertified
from pandapower_evflex.opf.verify import GridState
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.powerflow.sensitivities import (
    LimitRows,
    limit_gradients,
)

#: change of h per MW below which a car does not move a limit: rounding of the power flow
NO_EFFECT = 1e-7
#: shares of full power at which the bound is tried
SHARES = (1.0, 0.5, 0.25)


@dataclass(frozen=True)
class BrokenLimits:
    """The broken limits of one period.

    Parameters
    ----------
    rows : LimitRows              `case` is the period
    evs : int [n_plugged]         controllable EVs that are plugged in
    worsened : bool [n_row, n_plugged]    which of them push the limit further
    curable : bool [n_row]        False: no charging keeps the limit
    """

    rows: LimitRows
    evs: IntArray
    worsened: BoolArray
    curable: BoolArray


def broken_limits(
    case: Case, flow: BatchedPowerFlow, state: GridState, excess: ByLimit, t: int, tolerance: float = TOLERANCE
) -> BrokenLimits:
    """All limits that ``state``, the grid with the least EV load, exceeds in period ``t``, judged.

    With elements that may feed in, ``state`` is the grid with all of them idle.
    """
    here = excess.at(np.array([t]))
    rows = LimitRows.of((t, kind, position) for _, kind, position in here.places(tolerance))
    slots = np.flatnonzero(case.evs.slots.period == t)
    slope = _slopes(case, flow, rows, state.v, case.limits, slots)
    curable = _can_be_lowered(case, flow, rows, state.v, t)
    is_proof = not case.others and not case.chain.feeds_in
    if curable.any() and is_proof and not why_uncertified(case):
        curable &= ~_proved_hopeless(case, flow, rows, slope, slots)
    return BrokenLimits(rows, case.evs.slots.ev[slots], slope > NO_EFFECT, curable)


def _can_be_lowered(case: Case, flow: BatchedPowerFlow, rows: LimitRows, v: ComplexArray, t: int) -> BoolArray:
    """Limits that some element brings down from where it is idle, by more load or by less [n_row]."""
    chain, here = case.chain, case.chain.period == t
    if not here.any() or not len(rows):
        return np.zeros(len(rows), dtype=bool)
    unit, idle = chain.unit[here], np.clip(0.0, chain.p_min, chain.p_max)[here]
    gradient = limit_gradients(flow, rows, v, case.limits)[:, chain.bus_row[unit]]
    slope = gradient.real + gradient.imag * chain.tan_phi_of_slot[here]
    ranges = [(slope, chain.p_min[here] - idle, chain.p_max[here] - idle)]
    if REACTIVE["base"] in chain.loads:
        column = chain.columns.index(REACTIVE["base"])
        ranges.append((gradient.imag, chain.low[here, column], chain.high[here, column]))
    lowered = [((by < -NO_EFFECT) & (most > 0.0)) | ((by > NO_EFFECT) & (least < 0.0)) for by, least, most in ranges]
    return np.any(lowered, axis=(0, 2))


def _slopes(
    case: Case, flow: BatchedPowerFlow, rows: LimitRows, v: ComplexArray, limits: ByLimit, slots: IntArray
) -> FloatArray:
    """d h / d p of every plugged EV, its reactive power included [n_row, n_plugged]."""
    if not len(slots) or not len(rows):
        return np.zeros((len(rows), len(slots)))
    ev = case.evs.slots.ev[slots]
    gradient = limit_gradients(flow, rows, v, limits)[:, case.evs.bus_row[ev]]
    return gradient.real + gradient.imag * case.evs.tan_phi[ev]


def _proved_hopeless(
    case: Case, flow: BatchedPowerFlow, rows: LimitRows, slope: FloatArray, slots: IntArray
) -> BoolArray:
    """Limits of a radial grid that are proved to break whatever the EVs draw [n_row]."""
    of = case.evs.slots
    t = int(of.period[slots[0]])
    most = np.clip((of.e_max - of.e_least)[slots] / of.energy_per_p[slots], 0.0, of.p_max[slots])
    hopeless = np.zeros(len(rows), dtype=bool)
    for share in SHARES:
        p = share * most
        s = case.injections(case.chain.least)[[t]]
        np.subtract.at(s[0], case.evs.bus_row[of.ev[slots]], p * (1.0 + 1j * case.evs.tan_phi[of.ev[slots]]))
        flows = flow.solve(s)
        if not flows.converged.all():
            continue
        here = LimitRows(np.zeros_like(rows.case), rows.kind, rows.position)
        limits = case.limits.at(np.array([t]))
        h = here.values(rows_of(limits, values_of(case.grid, flows.v)))
        g = _slopes(case, flow, here, flows.v, limits, slots)
        least = h + np.minimum(-g * p, g * (most - p)).sum(axis=1)
        is_convex = np.array([LIMITS[kind].is_convex for kind in rows.kind.tolist()], dtype=bool)
        hopeless |= is_convex & (least > TOLERANCE)
        if share == 1.0:
            falls = np.all((slope <= NO_EFFECT) & (g <= NO_EFFECT), axis=1)
            hopeless |= ~is_convex & falls & (h > TOLERANCE)
    return hopeless
