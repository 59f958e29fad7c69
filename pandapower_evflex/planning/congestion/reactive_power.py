"""What a MW removed behind a branch counts for its loading, the reactive power that goes with it included."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pandapower_evflex.arrays import ComplexArray, FloatArray
from pandapower_evflex.limits import LIMITS, LOADING
from pandapower_evflex.limits.loading import end_loading
from pandapower_evflex.planning.congestion.overload import Overload
from pandapower_evflex.planning.fault.operating_state import OperatingState
from pandapower_evflex.powerflow.sensitivities import LimitRows, limit_gradients

#: decimals of an effect: loads whose MW count alike so far go down in the same proportion
DIGITS = 3


def ratio_of(load: ComplexArray) -> FloatArray:
    """Mvar per MW of what can be shed; 0 where nothing can."""
    return np.divide(load.imag, load.real, out=np.zeros(load.shape), where=load.real > 0.0)


def with_reactive_power(
    state: OperatingState, s: ComplexArray, load: ComplexArray, shed_of: ComplexArray, overload: Overload
) -> Overload:
    r"""The limit linearised where all loads behind the branch, taken down in the same proportion, just keep it.

    A MW with tan phi counts :math:`(1 + \kappa \tan\varphi)` there, on a scale on which what is missing stays the
    same; :math:`\kappa` is the mean effect of a Mvar behind the branch over that of a MW. Limits of other kinds stay as
    they are.

    Parameters
    ----------
    s, load, shed_of : complex [n_case, n_row]    as in `find_overloads`
    """
    cases = np.flatnonzero(overload.missing_mw > 0.0)
    if not overload.is_radial or overload.branch < 0 or not len(cases):
        return overload
    behind = overload.effect[cases] > 0.0
    removable = np.where(behind, load[cases], 0.0)
    p = np.maximum(removable.real, 0.0)
    share = overload.missing_mw[cases] / removable.real.sum(axis=1)
    v = state.flow.solve(s[cases] + share[:, None] * removable).v
    mean = np.sum(p * _gradient(state.in_periods(cases), v, overload.branch), axis=1)
    kappa = np.divide(mean.imag, mean.real, out=np.zeros(len(cases)), where=mean.real > 0.0)
    scale = np.sum(p * (1.0 + kappa[:, None] * ratio_of(removable)), axis=1) / p.sum(axis=1)
    counts, effect = overload.effect.astype(np.complex128), overload.effect.copy()
    counts[cases] = behind * ((1.0 + 1.0j * kappa) / scale)[:, None]
    effect[cases] = effect_of(counts[cases], ratio_of(shed_of[cases]))
    return replace(overload, effect=effect, counts=counts)


def effect_of(counts: ComplexArray, tan_phi: FloatArray | float) -> FloatArray:
    """What of a MW with its reactive power counts, not below 0."""
    return np.maximum(np.round(counts.real + counts.imag * tan_phi, DIGITS), 0.0)


def _gradient(state: OperatingState, v: ComplexArray, branch: int) -> ComplexArray:
    """Of the worst end of a branch in every case, by the loads [n_case, n_row]."""
    grid = state.grid
    ends = np.flatnonzero(grid.ends.branch == branch)
    worst = ends[(end_loading(grid, v) / state.limit)[:, ends].argmax(axis=1)]
    kind = np.full(len(v), LIMITS.index(LOADING))
    return limit_gradients(state.flow, LimitRows(np.arange(len(v)), kind, worst), v)
