"""Outlets as Markov chains over a day: matrices from rates, from lattices, and simulated days (second paper, II-B)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import brentq

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.cpo.chain.bridge import plug_ins, project
from pandapower_evflex.cpo.chain.prior import scaled_prior, workplace_prior
from pandapower_evflex.cpo.checks import (
    CHARGING,
    EMPTY,
    IDLE,
    Int8Array,
    array_of,
    checked_lattice,
    n_evse_faults,
    raise_if,
    scalar_faults,
)
from pandapower_evflex.cpo.equations import rates_of_day
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.kernels.jit import jit
from pandapower_evflex.tables.kinds import checked_generator
from pandapower_evflex.tables.rate_values import period_count_faults as period_faults

#: most states that a simulation may hold, one byte each
MOST_STATES = 100_000_000

ESTIMATE, SIMULATE, COUNT = "estimate_transition_matrices", "simulate_lattice", "count_transition_matrices"

#: largest log-factor on changes of state that is tried; a larger one no longer changes the number of plug-ins
MAX_LOG_FACTOR = 16.0
PLUG_INS_TOLERANCE = 1e-6

#: difference of a sum of probabilities to 1 that counts as rounding
ROUNDING = 1e-9


def estimate_transition_matrices(
    charging_rate: Any, occupancy_rate: Any, *, prior: Any = None, plug_ins_per_day: float | None = None
) -> FloatArray:
    """Transition matrices of an outlet that reproduce its rates, from the rates alone.

    Parameters
    ----------
    charging_rate, occupancy_rate : float [n_period]
        C and O, shares of the outlets, per period of a day from 00:00
    prior : float [3, 3] or [n_period, 3, 3]
        kernel to stay near to, such as that of `count_transition_matrices`. None: by Little's law from the plug-ins;
        where these are not given, they are taken as 1.3 times the least that the occupancy needs. What rates do not
        tell is then as at the JPL garage: 1 car in 4 leaves as soon as it stops charging, after 1 idle spell in 20 the
        outlet charges again
    plug_ins_per_day : float
        arrivals per outlet and day; the matrices then have exactly these

    Returns
    -------
    float [n_period, 3, 3]    P[k, i, j]: probability of state j in the period after k given state i in k, the last one
                              leading to the first of the next day. State 0 is empty, 1 charging, 2 idle

    Notes
    -----
    Rates fix three row and three column sums of nine flows: the rest comes from the prior. The matrices are the nearest
    to it in the Kullback-Leibler sense, with marginals exact to 1e-12; where a state has probability 0, its row is the
    prior's. The paper names an estimate without showing it.

    Raises
    ------
    InvalidInputError    wrong rates, a prior that is not a kernel, a number of plug-ins that no such chain can have

    Examples
    --------
    >>> import numpy as np, pandapower_evflex as evf
    >>> C, O = [0.0, 0.6, 0.2, 0.1], [0.1, 0.8, 0.8, 0.2]
    >>> P, Pi = evf.estimate_transition_matrices(C, O), evf.state_probabilities(C, O)
    >>> bool(np.allclose(np.einsum("ki,kij->kj", Pi, P), np.roll(Pi, -1, axis=0), atol=1e-12))
    True
    """
    c, o = rates_of_day(ESTIMATE, charging_rate, occupancy_rate)
    raise_if(period_faults((ESTIMATE, "charging_rate"), len(c)))
    probabilities = np.stack([1.0 - o, c, o - c], axis=1)
    least = float(np.maximum(np.roll(o, -1) - o, 0.0).sum())
    if plug_ins_per_day is not None:
        remedy = "give the arrivals per outlet and day, above 0; None where they are not known"
        raise_if(scalar_faults(ESTIMATE, "plug_ins_per_day", plug_ins_per_day, remedy, above=0.0))
    if prior is None:
        kernel = np.broadcast_to(workplace_prior(c, o, plug_ins_per_day or 1.3 * least), (len(c), 3, 3))
    else:
        kernel = _checked_prior(prior, len(c))
    kernel = np.require(kernel, float, ["C", "W"])
    if plug_ins_per_day is None:
        return project(probabilities, kernel)
    return _with_plug_ins(probabilities, kernel, float(plug_ins_per_day))


def _with_plug_ins(probabilities: FloatArray, kernel: FloatArray, wanted: float) -> FloatArray:
    """Matrices nearest to the kernel with all its changes of state made rarer or more frequent by one factor."""

    def excess(log_factor: float) -> float:
        return plug_ins(probabilities, project(probabilities, scaled_prior(kernel, np.exp(log_factor)))) - wanted

    near, at_near = 0.0, excess(0.0)
    far = 1.0 if at_near < 0.0 else -1.0
    at_far = excess(far)
    while at_near * at_far > 0.0 and abs(far) < MAX_LOG_FACTOR:
        near, at_near, far = far, at_far, 2.0 * far
        at_far = excess(far)
    if at_near * at_far > 0.0:
        if abs(at_far) > PLUG_INS_TOLERANCE:
            problem = f"is {'above' if far > 0.0 else 'below'} what these rates allow, {wanted + at_far:.4g}"
            remedy = "correct the rates, or leave it out"
            raise_if([Fault(ESTIMATE, "plug_ins_per_day", (), f"{wanted:g}", problem, remedy)])
        near = far
    chosen = far if near == far else brentq(excess, near, far, xtol=1e-12)
    return project(probabilities, scaled_prior(kernel, np.exp(chosen)))


def count_transition_matrices(lattices: Any) -> FloatArray:
    """Prior from lattices of real days: how often each state follows each, per period of the day.

    Parameters
    ----------
    lattices : int [n_day, n_evse, n_period]    states as in `CpoRates.lattices`; the last period of a day leads to the
                                                first of the next day given

    Returns
    -------
    float [n_period, 3, 3]    rows sum to 1; all above 0: each row is counted together with one outlet that does what is
                              usual over the day

    Raises
    ------
    InvalidInputError    no lattices, other states than 0, 1 and 2

    Examples
    --------
    >>> import numpy as np, pandapower_evflex as evf
    >>> lattices = np.tile([[0, 1, 2, 2]], (5, 10, 1))
    >>> evf.count_transition_matrices(lattices).shape
    (4, 3, 3)
    """
    cells = array_of(lattices)
    if cells.ndim != 3 or 0 in cells.shape:
        value, remedy = f"an array of shape {cells.shape}", "give states [day, outlet, period], such as rates.lattices"
        raise_if([Fault(COUNT, "lattices", (), value, "is not a stack of lattices", remedy)])
    n_day, n_evse, n_periods = cells.shape
    states = checked_lattice(COUNT, cells.reshape(n_day * n_evse, n_periods), None)[0]
    days = states.reshape(cells.shape).transpose(1, 0, 2).reshape(n_evse, -1).astype(np.int64)
    period = np.broadcast_to(np.arange(n_day * n_periods - 1) % n_periods, (n_evse, n_day * n_periods - 1))
    code = (period * 3 + days[:, :-1]) * 3 + days[:, 1:]
    counts = np.bincount(code.ravel(), minlength=9 * n_periods).reshape(n_periods, 3, 3).astype(float)
    usual = counts.sum(axis=0) + 1e-4 * n_evse + np.eye(3)
    counts += usual / usual.sum(axis=1, keepdims=True)
    return counts / counts.sum(axis=2, keepdims=True)


def _checked_prior(prior: Any, n_periods: int) -> FloatArray:
    kernel = array_of(prior)
    remedy = "give probabilities [3, 3] or [n_period, 3, 3] of going from state to state, whose rows sum to 1"
    if kernel.dtype.kind not in "iuf" or kernel.shape not in ((3, 3), (n_periods, 3, 3)):
        value = f"an array of shape {kernel.shape} and type {kernel.dtype}"
        raise_if([Fault(ESTIMATE, "prior", (), value, f"is not a kernel for {n_periods} periods", remedy)])
    kernel = np.broadcast_to(kernel.astype(float), (n_periods, 3, 3))
    raise_if(_kernel_faults(ESTIMATE, "prior", kernel, remedy))
    return kernel


def _kernel_faults(function: str, name: str, kernel: FloatArray, remedy: str) -> list[Fault]:
    wrong = ~(np.isfinite(kernel) & (kernel >= -ROUNDING)).all(axis=(1, 2)) | ~(
        np.abs(kernel.sum(axis=2) - 1.0) <= 1e-6
    ).all(axis=1)
    periods = tuple(np.flatnonzero(wrong).tolist())
    return [Fault(function, name, periods, "rows", "are not probabilities", remedy)] if periods else []


def simulate_lattice(P: Any, initial: Any, n_evse: int, *, n_days: int = 1, seed: Any = None) -> Int8Array:
    """Days of outlets that follow a chain, independently of each other.

    Real days differ more, as the cars of one day have something in common: for what can be shaved on 19 of 20 days see
    `cpo_peak_shaving`.

    Parameters
    ----------
    P : float [n_period, 3, 3]    transition matrices of a day, see `estimate_transition_matrices`
    initial : float [3]           probabilities of the states in the first period, a row of `state_probabilities`
    n_evse : int                  number of outlets
    n_days : int                  days in a row; stays go on across midnight
    seed : int, Generator or None of numpy

    Returns
    -------
    int8 [n_evse, n_days * n_period]    0 empty, 1 charging, 2 idle

    Raises
    ------
    InvalidInputError    matrices or probabilities that are not such, a wrong number of outlets or days

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> P = evf.estimate_transition_matrices([0.3] * 96, [0.6] * 96)
    >>> evf.simulate_lattice(P, [0.4, 0.3, 0.3], 60, n_days=2, seed=0).shape
    (60, 192)
    """
    remedy = "give the number of days, 1 or more"
    faults = n_evse_faults(SIMULATE, n_evse)
    faults += scalar_faults(SIMULATE, "n_days", n_days, remedy, least=1, whole=True)
    more, matrices, start = checked_chain(SIMULATE, P, initial)
    raise_if(faults + more)
    n_all = int(n_days) * len(matrices)
    if int(n_evse) * n_all > MOST_STATES:
        shown = f"{int(n_evse)} outlets in {n_all} periods"
        problem, remedy = f"are more than {MOST_STATES:.0e} states", "simulate fewer days at a time"
        raise InvalidInputError([Fault(SIMULATE, "n_days", (), shown, problem, remedy)])
    rng = checked_generator(SIMULATE, seed)
    return _simulate(np.cumsum(matrices, axis=2), np.cumsum(start), int(n_evse), n_all, rng)


def checked_chain(function: str, P: Any, initial: Any) -> tuple[list[Fault], FloatArray, FloatArray]:
    """Faults, matrices [n_period, 3, 3] and first probabilities [3] of a chain."""
    faults, matrices, start = [], array_of(P), array_of(initial)
    remedy = "give transition matrices [n_period, 3, 3] whose rows sum to 1, such as estimate_transition_matrices"
    if matrices.ndim != 3 or matrices.shape[1:] != (3, 3) or not len(matrices) or matrices.dtype.kind not in "iuf":
        faults.append(Fault(function, "P", (), f"an array of shape {matrices.shape}", "is not a chain", remedy))
    else:
        matrices = matrices.astype(float)
        faults += _kernel_faults(function, "P", matrices, remedy)
    remedy = (
        "give the probabilities of empty, charging and idle in the first period, such as state_probabilities(...)[0]"
    )
    if start.shape != (3,) or start.dtype.kind not in "iuf":
        faults.append(
            Fault(function, "initial", (), f"an array of shape {start.shape}", "is not a distribution", remedy)
        )
    elif not (np.all(start >= -ROUNDING) and abs(start.sum() - 1.0) <= 1e-6):
        faults.append(Fault(function, "initial", (), str(start.tolist()), "are not probabilities", remedy))
    return faults, matrices, start.astype(float) if not faults else start


@jit
def _simulate(cumulative, start, n_evse, n_all, rng):
    n_periods = len(cumulative)
    states = np.empty((n_evse, n_all), dtype=np.int8)
    for n in range(n_evse):
        u = rng.random()
        state = EMPTY if u < start[0] else (CHARGING if u < start[1] else IDLE)
        states[n, 0] = state
        for k in range(1, n_all):
            u = rng.random()
            step = cumulative[(k - 1) % n_periods, state]
            state = EMPTY if u < step[0] else (CHARGING if u < step[1] else IDLE)
            states[n, k] = state
    return states
