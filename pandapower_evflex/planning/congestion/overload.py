r"""What is overloaded in a state, and how much load must go until it is not.

The power to remove is that of all loads behind an overloaded branch, taken down in the same proportion, each with its
own reactive power, until an AC power flow shows the branch at its limit. A voltage, or a branch of a mesh, has no node
set of its own: there every load counts by what it changes, from the derivatives of the power flow.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pandapower_evflex.arrays import BoolArray, ComplexArray, FloatArray, IntArray
from pandapower_evflex.limits import LIMITS, LOADING, UNDERVOLTAGE, Limit
from pandapower_evflex.limits.loading import end_loading
from pandapower_evflex.planning.fault.operating_state import OperatingState
from pandapower_evflex.powerflow.sensitivities import LimitRows, limit_gradients

#: excess, as a share of the limit, up to which a limit counts as kept: rounding of a power flow
AT_LIMIT = 1e-7
#: accuracy, as a share of the limit, to which the power to remove is found, and most power flows spent on it
REACHED, MAX_FLOWS = 1e-8, 60
#: first guess of that power, in multiples of the estimate to first order
MORE_THAN_LIKELY = 1.03
#: share of the strongest effect on a limit below which a load does not count as helping
SMALL_EFFECT = 0.01


@dataclass(frozen=True)
class Overload:
    """One limit that breaks.

    Parameters
    ----------
    element_type, element : table and label; ("net", None) where no power flow converges
    excess : float [n_case]             above the limit, as a share of it
    missing_mw : float [n_case]         power to remove, 0 where the limit holds
    effect : float [n_case, n_row]      what of a MW removed at a bus counts
    is_radial : bool                    removed behind one branch, where every MW counts in full
    branch : int                        in the grid; -1: none
    counts : complex [n_case, n_row] or None
        what of a MW removed at a bus counts, and of a Mvar (imaginary); None: not asked for yet
    """

    element_type: str
    element: Any
    excess: FloatArray
    missing_mw: FloatArray
    effect: FloatArray
    is_radial: bool
    branch: int = -1
    counts: ComplexArray | None = None

    @property
    def key(self) -> tuple[str, Any]:
        return self.element_type, self.element

    @property
    def limit_key(self) -> tuple[str, Any, int]:
        """Table, label and branch: a transformer with three windings has a branch per side."""
        return self.element_type, self.element, self.branch

    def in_cases(self, cases: IntArray) -> Overload:
        """The same in some of the periods."""
        counts = None if self.counts is None else self.counts[cases]
        return replace(
            self, excess=self.excess[cases], missing_mw=self.missing_mw[cases], effect=self.effect[cases], counts=counts
        )


@dataclass(frozen=True)
class Overloads:
    """All overloads of a state: those that less load cures, and others (element_type, element, excess)."""

    curable: list[Overload]
    others: list[tuple[str, Any, float]]


def find_overloads(
    state: OperatingState,
    s: ComplexArray,
    load: ComplexArray,
    shed_of: ComplexArray | None = None,
    ignored: tuple[float, float] = (AT_LIMIT, AT_LIMIT),
) -> Overloads:
    """Overloaded branches and voltages below their limit, of given injections.

    Parameters
    ----------
    s, load : complex [n_case, n_row]    injections, and what can be shed of them, in the periods of the state
    shed_of : complex [n_case, n_row]    loads of which some are shed by now, and whose effects are wanted; None: load
    ignored : share of a limit by which it may be exceeded: of a branch that feeds a part alone, and of the others
    """
    whole = load if shed_of is None else shed_of
    is_own = s is state.s
    flows = state.flows if is_own else state.flow.solve(s)
    solved = flows.converged
    curable: list[Overload] = []
    others: list[tuple[str, Any, float]] = []
    if not solved.all():
        curable.append(_collapse(state, s, load, np.flatnonzero(~solved)))
    excess = state.excess if is_own else np.where(solved[:, None], state.branch_excess(flows.v), -1.0)
    for branch in np.flatnonzero((excess > AT_LIMIT).any(axis=0)).tolist():
        behind = state.fed_through(branch)
        if excess[:, branch].max() <= ignored[0 if behind.any() else 1]:
            continue
        if behind.any():
            found = _radial(state, s, load, flows.v, branch, behind, excess[:, branch])
        else:
            end = _worst_end(state, flows.v, branch)
            found = _by_sensitivity(state, whole, flows.v, LOADING, end, state.element_of(branch), excess[:, branch])
            found = replace(found, branch=branch)
        _sort_in(found, excess[:, branch], curable, others)
    low = state.low if is_own else np.where(solved[:, None], state.undervoltage(flows.v), -1.0)
    for row in _lowest_buses(low, ignored[1]):
        where = ("bus", state.bus_of(row))
        found = _by_sensitivity(state, whole, flows.v, UNDERVOLTAGE, row, where, low[:, row])
        _sort_in(found, low[:, row], curable, others)
    return Overloads(_without_doubles(curable), others)


def _lowest_buses(low: FloatArray, ignored: float) -> list[int]:
    """Rows whose voltage is the lowest of all in some period: with it, neighbours that are low too are cured."""
    cases = np.flatnonzero((low > ignored).any(axis=1))
    return np.unique(low[cases].argmax(axis=1)).tolist()


def _sort_in(
    found: Overload, excess: FloatArray, curable: list[Overload], others: list[tuple[str, Any, float]]
) -> None:
    """A limit may break in some periods by consumption and in others by export."""
    stays = (excess > AT_LIMIT) & (found.missing_mw == 0.0)
    if stays.any():
        others.append((*found.key, float(excess[stays].max())))
    if found.missing_mw.any():
        curable.append(found)


def joined(overloads: Iterable[Overload]) -> list[Overload]:
    """One per element: of a transformer with three windings the side that misses most counts for a period."""
    by_element: dict[tuple[str, Any], Overload] = {}
    for own in overloads:
        other = by_element.get(own.key)
        by_element[own.key] = own if other is None else _worse_of(own, other)
    return list(by_element.values())


def _worse_of(own: Overload, other: Overload) -> Overload:
    more = own.missing_mw > other.missing_mw
    return Overload(
        *own.key,
        np.maximum(own.excess, other.excess),
        np.where(more, own.missing_mw, other.missing_mw),
        np.where(more[:, None], own.effect, other.effect),
        own.is_radial and other.is_radial,
        own.branch,
    )


def _without_doubles(overloads: list[Overload]) -> list[Overload]:
    """Sides of a transformer with three windings that feed the same loads are one limit."""
    kept: list[Overload] = []
    for own in overloads:
        same = [n for n, other in enumerate(kept) if _feed_the_same(own, other)]
        if same:
            kept[same[0]] = _worse_of(own, kept[same[0]])
        else:
            kept.append(own)
    return kept


def _feed_the_same(own: Overload, other: Overload) -> bool:
    alike = own.key == other.key and own.is_radial and other.is_radial
    return alike and np.array_equal(own.effect, other.effect)


def _radial(
    state: OperatingState,
    s: ComplexArray,
    load: ComplexArray,
    v: ComplexArray,
    branch: int,
    behind: BoolArray,
    excess: FloatArray,
) -> Overload:
    cases = np.flatnonzero(excess > AT_LIMIT)
    removable = np.where(behind, load[cases], 0.0)
    share = _share_to_remove(state, cases, s[cases], removable, v[cases], branch, excess[cases])
    missing = np.zeros(len(s))
    missing[cases] = share * removable.real.sum(axis=1)
    return Overload(
        *state.element_of(branch), excess, missing, np.broadcast_to(behind.astype(float), s.shape), True, branch
    )


def _share_to_remove(
    state: OperatingState,
    periods: IntArray,
    s: ComplexArray,
    removable: ComplexArray,
    v: ComplexArray,
    branch: int,
    excess: FloatArray,
) -> FloatArray:
    """Share of the removable load that goes, by regula falsi (Illinois) [n_case]; 0 where all does not suffice."""

    def excess_at(cases: IntArray, share: FloatArray) -> FloatArray:
        flows = state.flow.solve(s[cases] + share[:, None] * removable[cases], v[cases])
        return np.where(flows.converged, state.branch_excess(flows.v, periods[cases])[:, branch], np.inf)

    n = len(s)
    low, f_low = np.zeros(n), excess.copy()
    # where nothing but this load flows through the branch, its loading falls by the same share
    high = np.minimum(MORE_THAN_LIKELY * excess / (1.0 + excess), 1.0)
    f_high = excess_at(np.arange(n), high)
    wrong = np.flatnonzero(f_high > 0.0)
    low[wrong], f_low[wrong], high[wrong] = high[wrong], f_high[wrong], 1.0
    f_high[wrong] = excess_at(wrong, high[wrong])
    share = np.where(f_high <= 0.0, high, 0.0)
    open_cases = np.flatnonzero(f_high < 0.0)
    side = np.zeros(n)
    for _ in range(MAX_FLOWS):
        if not len(open_cases):
            break
        i = open_cases
        share[i] = high[i] - f_high[i] * (high[i] - low[i]) / (f_high[i] - f_low[i])
        f = excess_at(i, share[i])
        above = f > 0.0
        up, down = i[above], i[~above]
        f_high[up] *= np.where(side[up] > 0, 0.5, 1.0)
        f_low[down] *= np.where(side[down] < 0, 0.5, 1.0)
        low[up], f_low[up], high[down], f_high[down] = share[up], f[above], share[down], f[~above]
        side[up], side[down] = 1, -1
        open_cases = i[(np.abs(f) > REACHED) & (high[i] - low[i] > 1e-15)]
    return share


def _worst_end(state: OperatingState, v: ComplexArray, branch: int) -> int:
    ends = np.flatnonzero(state.grid.ends.branch == branch)
    return int(ends[np.argmax((end_loading(state.grid, v) / state.limit).max(axis=0)[ends])])


def _by_sensitivity(
    state: OperatingState,
    load: ComplexArray,
    v: ComplexArray,
    limit: Limit,
    position: int,
    where: tuple[str, Any],
    excess: FloatArray,
) -> Overload:
    """The limit to first order; a MW counts by its effect over the mean effect of the loads that help."""
    cases = np.flatnonzero(excess > AT_LIMIT)
    kind = LIMITS.index(limit)
    of = LimitRows(cases, np.full(len(cases), kind), np.full(len(cases), position))
    gradient = limit_gradients(state.flow, of, v, state.limits(len(v)))
    p, q = load[cases].real, load[cases].imag
    ratio = np.divide(q, p, out=np.zeros_like(p), where=p > 0.0)
    relief = np.where(p > 0.0, gradient.real + gradient.imag * ratio, 0.0)  # fall of h per MW of load shed with its Q
    strongest = relief.max(axis=1, initial=0.0)
    relief = np.where(relief > SMALL_EFFECT * strongest[:, None], relief, 0.0)
    helping = np.where(relief > 0.0, p, 0.0)
    total = helping.sum(axis=1)
    mean = np.divide((relief * helping).sum(axis=1), total, out=np.zeros(len(cases)), where=total > 0.0)
    h = limit.h(excess[cases])
    missing, effect = np.zeros(len(v)), np.zeros(v.shape)
    missing[cases] = np.divide(h, mean, out=np.zeros(len(cases)), where=mean > 0.0)
    effect[cases] = np.divide(relief, mean[:, None], out=np.zeros_like(relief), where=mean[:, None] > 0.0)
    counts = np.zeros(v.shape, dtype=np.complex128)
    counts[cases] = np.divide(gradient, mean[:, None], out=np.zeros_like(gradient), where=mean[:, None] > 0.0)
    return Overload(*where, excess, missing, effect, False, counts=counts)


def _collapse(state: OperatingState, s: ComplexArray, load: ComplexArray, cases: IntArray) -> Overload:
    """Periods without a solution: the same share of every load goes until there is one that keeps all limits."""
    low, high = np.zeros(len(cases)), np.ones(len(cases))
    for _ in range(20):
        share = 0.5 * (low + high)
        flows = state.flow.solve(s[cases] + share[:, None] * load[cases])
        worst = np.maximum(
            state.branch_excess(flows.v, cases).max(axis=1), state.undervoltage(flows.v, cases).max(axis=1)
        )
        good = flows.converged & (worst <= AT_LIMIT)
        high, low = np.where(good, share, high), np.where(good, low, share)
    missing, excess = np.zeros(len(s)), np.full(len(s), -1.0)
    missing[cases], excess[cases] = high * load[cases].real.sum(axis=1), np.inf
    return Overload("net", None, excess, missing, np.ones(s.shape), True)
