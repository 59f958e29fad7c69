r"""Power that the network takes from a bus, in polar voltages (first paper, eqs. 11 and 12, sign of 12 corrected).

.. math::

    P_k = \sum_m v_k v_m (G_{km} \cos\theta_{km} + B_{km} \sin\theta_{km}) \\
    Q_k = \sum_m v_k v_m (G_{km} \sin\theta_{km} - B_{km} \cos\theta_{km})

One row per non-zero of the admittance matrix off the diagonal; both formulas are
:math:`v_k v_m (a \cos\theta_{km} + b \sin\theta_{km})` with (a, b) = (G, B) for P and (-B, G) for Q.
v: theta_k, theta_m, v_k, v_m [rad, rad, pu, pu]; parameters: a, b [pu].

The diagonal is :math:`c v_k^2` with c = G_kk for P and -B_kk for Q; v: v_k; parameters: c.
"""

from __future__ import annotations

import math

from pandapower_evflex.kernels.jit import jit
from pandapower_evflex.nlp.term import Kernel


@jit
def _pair_value(x, columns, ab, out):
    for r in range(columns.shape[0]):
        theta = x[columns[r, 0]] - x[columns[r, 1]]
        out[r] = x[columns[r, 2]] * x[columns[r, 3]] * (ab[r, 0] * math.cos(theta) + ab[r, 1] * math.sin(theta))


@jit
def _pair_jacobian(x, columns, ab, out):
    for r in range(columns.shape[0]):
        theta = x[columns[r, 0]] - x[columns[r, 1]]
        v_k, v_m = x[columns[r, 2]], x[columns[r, 3]]
        cos, sin = math.cos(theta), math.sin(theta)
        f = ab[r, 0] * cos + ab[r, 1] * sin
        df = ab[r, 1] * cos - ab[r, 0] * sin
        out[r, 0] = v_k * v_m * df
        out[r, 1] = -v_k * v_m * df
        out[r, 2] = v_m * f
        out[r, 3] = v_k * f


@jit
def _pair_hessian(x, columns, ab, weight, out):
    for r in range(columns.shape[0]):
        w = weight[r]
        theta = x[columns[r, 0]] - x[columns[r, 1]]
        v_k, v_m = x[columns[r, 2]], x[columns[r, 3]]
        cos, sin = math.cos(theta), math.sin(theta)
        f = w * (ab[r, 0] * cos + ab[r, 1] * sin)
        df = w * (ab[r, 1] * cos - ab[r, 0] * sin)
        out[r, 0] = -v_k * v_m * f  # theta_k theta_k
        out[r, 1] = v_k * v_m * f  # theta_m theta_k
        out[r, 2] = -v_k * v_m * f  # theta_m theta_m
        out[r, 3] = v_m * df  # v_k theta_k
        out[r, 4] = -v_m * df  # v_k theta_m
        out[r, 5] = 0.0  # v_k v_k
        out[r, 6] = v_k * df  # v_m theta_k
        out[r, 7] = -v_k * df  # v_m theta_m
        out[r, 8] = f  # v_m v_k
        out[r, 9] = 0.0  # v_m v_m


@jit
def _square_value(x, columns, c, out):
    for r in range(columns.shape[0]):
        out[r] = c[r, 0] * x[columns[r, 0]] ** 2


@jit
def _square_jacobian(x, columns, c, out):
    for r in range(columns.shape[0]):
        out[r, 0] = 2.0 * c[r, 0] * x[columns[r, 0]]


@jit
def _square_hessian(x, columns, c, weight, out):
    for r in range(columns.shape[0]):
        out[r, 0] = 2.0 * weight[r] * c[r, 0]


BUS_PAIR_POWER = Kernel("bus_pair_power", 4, 2, _pair_value, _pair_jacobian, _pair_hessian)
SQUARE = Kernel("square", 1, 1, _square_value, _square_jacobian, _square_hessian)
