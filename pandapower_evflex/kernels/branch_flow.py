r"""Squared current and squared apparent power at one end of a branch, as shares of their squared limit.

.. math::

    |I_k|^2 = |y_{kk} V_k + y_{km} V_m|^2
            = a v_k^2 + b v_m^2 + 2 v_k v_m (c \cos\theta_{km} - d \sin\theta_{km}), \qquad
    |S_k|^2 = v_k^2 |I_k|^2

with :math:`a = |y_{kk}|^2`, :math:`b = |y_{km}|^2`, :math:`c + jd = y_{kk} y_{km}^*`, all divided by the squared limit
(first paper, eqs. 15 and 16). Squares are smooth at zero flow, where the moduli are not.
v: theta_k, theta_m, v_k, v_m [rad, rad, pu, pu]; parameters: a, b, c, d.
"""

from __future__ import annotations

import math

from pandapower_evflex.kernels.jit import jit
from pandapower_evflex.nlp.term import Kernel


@jit
def _current(theta, v_k, v_m, p):
    """Squared current with its first and second derivatives in theta = theta_k - theta_m, v_k, v_m."""
    cos, sin = math.cos(theta), math.sin(theta)
    h = 2.0 * (p[2] * cos - p[3] * sin)
    dh = -2.0 * (p[2] * sin + p[3] * cos)
    i2 = p[0] * v_k**2 + p[1] * v_m**2 + v_k * v_m * h
    d_theta = v_k * v_m * dh
    d_k = 2.0 * p[0] * v_k + v_m * h
    d_m = 2.0 * p[1] * v_m + v_k * h
    return i2, d_theta, d_k, d_m, h, dh


@jit
def _current_value(x, columns, p, out):
    for r in range(columns.shape[0]):
        c = columns[r]
        out[r] = _current(x[c[0]] - x[c[1]], x[c[2]], x[c[3]], p[r])[0]


@jit
def _current_jacobian(x, columns, p, out):
    for r in range(columns.shape[0]):
        c = columns[r]
        _, d_theta, d_k, d_m, _, _ = _current(x[c[0]] - x[c[1]], x[c[2]], x[c[3]], p[r])
        out[r, 0] = d_theta
        out[r, 1] = -d_theta
        out[r, 2] = d_k
        out[r, 3] = d_m


@jit
def _fill_triangle(out, tt, kt, mt, kk, mk, mm):
    """Lower triangle in (theta_k, theta_m, v_k, v_m) from derivatives in (theta, v_k, v_m)."""
    out[0] = tt
    out[1] = -tt
    out[2] = tt
    out[3] = kt
    out[4] = -kt
    out[5] = kk
    out[6] = mt
    out[7] = -mt
    out[8] = mk
    out[9] = mm


@jit
def _current_hessian(x, columns, p, weight, out):
    for r in range(columns.shape[0]):
        c, w = columns[r], weight[r]
        v_k, v_m = x[c[2]], x[c[3]]
        _, _, _, _, h, dh = _current(x[c[0]] - x[c[1]], v_k, v_m, p[r])
        _fill_triangle(
            out[r], -w * v_k * v_m * h, w * v_m * dh, w * v_k * dh, 2.0 * w * p[r, 0], w * h, 2.0 * w * p[r, 1]
        )


@jit
def _power_value(x, columns, p, out):
    for r in range(columns.shape[0]):
        c = columns[r]
        out[r] = x[c[2]] ** 2 * _current(x[c[0]] - x[c[1]], x[c[2]], x[c[3]], p[r])[0]


@jit
def _power_jacobian(x, columns, p, out):
    for r in range(columns.shape[0]):
        c = columns[r]
        v_k = x[c[2]]
        i2, d_theta, d_k, d_m, _, _ = _current(x[c[0]] - x[c[1]], v_k, x[c[3]], p[r])
        out[r, 0] = v_k**2 * d_theta
        out[r, 1] = -(v_k**2) * d_theta
        out[r, 2] = v_k**2 * d_k + 2.0 * v_k * i2
        out[r, 3] = v_k**2 * d_m


@jit
def _power_hessian(x, columns, p, weight, out):
    for r in range(columns.shape[0]):
        c, w = columns[r], weight[r]
        v_k, v_m = x[c[2]], x[c[3]]
        i2, d_theta, d_k, d_m, h, dh = _current(x[c[0]] - x[c[1]], v_k, v_m, p[r])
        _fill_triangle(
            out[r],
            -w * v_k**3 * v_m * h,
            w * (v_k**2 * v_m * dh + 2.0 * v_k * d_theta),
            w * v_k**3 * dh,
            w * (2.0 * v_k**2 * p[r, 0] + 4.0 * v_k * d_k + 2.0 * i2),
            w * (v_k**2 * h + 2.0 * v_k * d_m),
            2.0 * w * v_k**2 * p[r, 1],
        )


SQUARED_CURRENT = Kernel("squared_current", 4, 4, _current_value, _current_jacobian, _current_hessian)
SQUARED_POWER = Kernel("squared_power", 4, 4, _power_value, _power_jacobian, _power_hessian)
