r"""Curtailment that is held for k periods, as forms in kW.

A state, C, is what the schedule curtails; a control, u, what an activation that begins in the period curtails more, for
all of its k periods. With :math:`\bar G` what may be curtailed, for the periods s = t .. t + k - 1:

.. math::

    0 \le C_s, \qquad C_s + u_t \le \bar G_s, \qquad 0 \le u_t \le \bar P_{up}

No energy links the periods: C is a state so that forms may look ahead at it, as those of `ev_held.py` do at energies.
"""

from __future__ import annotations

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.elements.chain import KW, Chain, Loads
from pandapower_evflex.elements.ev_forms import Limits
from pandapower_evflex.elements.generators import Generators
from pandapower_evflex.elements.sgen_chain import chain_with
from pandapower_evflex.scenarios import rows_of
from pandapower_evflex.solvers.chains.forms import Forms

#: columns of x, and of forms those of C so many slots after their own
CURTAILED, UP, N_COLUMNS = 0, 1, 3


def held_chain_of(data: Generators) -> Chain:
    """Forms of all slots; windows that reach beyond what is available offer nothing."""
    offered, most = data.offers["up"].offered & (data.cap[data.period, data.unit] > 0.0), data.most_of_slots * KW
    n, begun = len(most), np.flatnonzero(offered)
    follows = np.zeros(n, dtype=bool)
    follows[1:] = (np.diff(data.unit) == 0) & (np.diff(data.period) == 1)
    limits = _limits(data, begun, most)
    loads = {row.load: _loads(data, row.since, begun) for row in rows_of(("up",), data.duration)}
    loads["base"] = Loads(_forms(data, np.arange(n), _curtailed(data, n, 0)), np.zeros(n))
    low, high, start = (np.zeros((n, N_COLUMNS)) for _ in range(3))
    high[:, CURTAILED] = most if data.curtails else 0.0
    high[:, UP] = start[:, UP] = np.where(offered, data.cap[data.period, data.unit] * KW, 0.0)
    start[:, CURTAILED] = data.start[data.period, data.unit] * KW
    quiet = start.copy()
    quiet[:, UP] = 0.0
    return chain_with(
        data,
        offered,
        loads,
        limits,
        states=("energy",),
        controls=("up", "down"),
        follows=follows,
        free=np.full((n, 1), data.curtails),
        low=low,
        high=high,
        start=start,
        quiet=quiet,
    )


def _forms(data: Generators, at: IntArray, coefficient: FloatArray) -> Forms:
    return Forms(at, coefficient, data.duration - 1)


def _curtailed(data: Generators, n: int, after: int) -> FloatArray:
    """C so many slots after the own one, as coefficients [n, column]; nothing where the schedule may not curtail."""
    coefficient = np.zeros((n, 1 + N_COLUMNS + data.duration - 1))
    coefficient[:, 1 + CURTAILED if after == 0 else N_COLUMNS + after] = float(data.curtails)
    return coefficient


def _loads(data: Generators, since: int, begun: IntArray) -> Loads:
    """What is curtailed where an activation began so many slots before, that of the schedule elsewhere."""
    n = len(data.unit)
    at, coefficient, active = np.arange(n), _curtailed(data, n, 0), begun + since
    at[active], coefficient[active] = begun, _curtailed(data, len(begun), since)
    coefficient[active, 1 + UP] = 1.0
    return Loads(_forms(data, at, coefficient), np.zeros(n))


def _limits(data: Generators, begun: IntArray, most: FloatArray) -> Limits:
    """C of the schedule, and C + u in every period of the activations that begin in the given slots."""
    limits: Limits = []
    every: BoolArray = np.full(len(most), data.curtails)
    at = np.flatnonzero(every)
    own = _curtailed(data, len(at), 0)
    limits += [(_forms(data, at, own), most[at]), (_forms(data, at, -own), np.zeros(len(at)))]
    flex = np.zeros((len(begun), 1 + N_COLUMNS + data.duration - 1))
    flex[:, 1 + UP] = 1.0
    limits.append((_forms(data, begun, -flex), np.zeros(len(begun))))
    limits.append((_forms(data, begun, flex), data.cap[data.period, data.unit][begun] * KW))
    for after in range(data.duration if data.curtails else 0):
        limits.append((_forms(data, begun, flex + _curtailed(data, len(begun), after)), most[begun + after]))
    return limits
