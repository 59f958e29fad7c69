r"""Transition matrices with given marginals that are nearest to a prior kernel (Schroedinger bridge, Sinkhorn).

For each step, the flows :math:`F = \mathrm{diag}(u)\,\mathrm{diag}(\Pi_k) Q\,\mathrm{diag}(v)` with row sums
:math:`\Pi_k` and column sums :math:`\Pi_{k+1}` minimise the Kullback-Leibler divergence from the prior; as all
marginals are fixed, step by step is also the optimum over whole days. What Sinkhorn leaves open is rounded onto the
transport polytope (Altschuler, Weed, Rigollet, NIPS 2017), so that the marginals are exact.
"""

from __future__ import annotations

import numpy as np

from pandapower_evflex.kernels.jit import jit

#: largest error of a row sum at which Sinkhorn stops; the rest is rounded
TOLERANCE = 1e-15
MAX_ITERATIONS = 20_000


@jit
def project(probabilities, prior):
    """Matrices [n, 3, 3] that carry probabilities [n, 3] of each period to those of the next, the last to the first.

    Parameters
    ----------
    probabilities : float [n, 3]     rows sum to 1
    prior : float [n, 3, 3]          kernel of each step, 0 or more; its rows are taken where a state has probability 0
    """
    n = len(probabilities)
    matrices = np.empty((n, 3, 3))
    for k in range(n):
        r, c = probabilities[k], probabilities[(k + 1) % n]
        flow = _sinkhorn(r, c, prior[k])
        _round(flow, r, c)
        for i in range(3):
            out = flow[i].sum()
            if out > 1e-300:
                matrices[k, i] = flow[i] / out
            else:
                matrices[k, i] = prior[k, i] / prior[k, i].sum()
    return matrices


@jit
def _sinkhorn(r, c, q):
    flow = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            flow[i, j] = r[i] * q[i, j]
    for _ in range(MAX_ITERATIONS):
        for j in range(3):
            total = flow[0, j] + flow[1, j] + flow[2, j]
            if total > 0.0:
                flow[:, j] *= c[j] / total
        error = 0.0
        for i in range(3):
            total = flow[i, 0] + flow[i, 1] + flow[i, 2]
            error = max(error, abs(total - r[i]))
            if total > 0.0:
                flow[i] *= r[i] / total
        if error <= TOLERANCE:
            break
    return flow


@jit
def _round(flow, r, c):
    """Scale down what is above its sum, and spread what then is missing."""
    for i in range(3):
        total = flow[i].sum()
        if total > r[i]:
            flow[i] *= r[i] / total
    for j in range(3):
        total = flow[0, j] + flow[1, j] + flow[2, j]
        if total > c[j]:
            flow[:, j] *= c[j] / total
    missing_r = np.empty(3)
    missing_c = np.empty(3)
    for i in range(3):
        missing_r[i] = max(r[i] - flow[i].sum(), 0.0)
        missing_c[i] = max(c[i] - flow[0, i] - flow[1, i] - flow[2, i], 0.0)
    missing = missing_r.sum()
    if missing > 0.0:
        for i in range(3):
            for j in range(3):
                flow[i, j] += missing_r[i] * missing_c[j] / missing


@jit
def plug_ins(probabilities, matrices):
    """Arrivals per outlet and day: flow out of the empty state."""
    total = 0.0
    for k in range(len(matrices)):
        total += probabilities[k, 0] * (matrices[k, 0, 1] + matrices[k, 0, 2])
    return total
