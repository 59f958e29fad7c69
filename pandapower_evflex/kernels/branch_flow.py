r"""Squared current and squared apparent power at one end of a branch, as shares of their squared limit.

With theta = theta_k - theta_m and the current in the frame of bus k,

.. math::

    A = g_{km} \cos\theta + b_{km} \sin\theta, \quad B = b_{km} \cos\theta - g_{km} \sin\theta, \quad
    I_k = (g_{kk} v_k + A v_m) + j (b_{kk} v_k + B v_m), \quad
    |S_k|^2 = v_k^2 |I_k|^2

(first paper, eqs. 15 and 16), admittances divided by the limit. Squares are smooth at zero flow, where the moduli are
not. The current is the small difference of large numbers on a short line: squaring its two parts keeps 1e-12, while the
expanded square of moduli and angles would leave 1e-9, above what the solver is asked for.
v: theta_k, theta_m, v_k, v_m [rad, rad, pu, pu]; parameters: g_kk, b_kk, g_km, b_km.
"""

from __future__ import annotations

import math

from pandapower_evflex.kernels.jit import jit
from pandapower_evflex.nlp.term import Kernel


@jit
def _current(theta, v_k, v_m, p):
    """Squared current, its derivatives in theta, v_k, v_m, and C = g_kk A + b_kk B, D = g_kk B - b_kk A."""
    cos, sin = math.cos(theta), math.sin(theta)
    a = p[2] * cos + p[3] * sin
    b = p[3] * cos - p[2] * sin
    real, imaginary = p[0] * v_k + a * v_m, p[1] * v_k + b * v_m
    c, d = p[0] * a + p[1] * b, p[0] * b - p[1] * a
    i2 = real**2 + imaginary**2
    return i2, 2.0 * v_k * v_m * d, 2.0 * (real * p[0] + imaginary * p[1]), 2.0 * (real * a + imaginary * b), c, d


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
        e, w = columns[r], 2.0 * weight[r]
        v_k, v_m = x[e[2]], x[e[3]]
        _, _, _, _, c, d = _current(x[e[0]] - x[e[1]], v_k, v_m, p[r])
        kk, mm = p[r, 0] ** 2 + p[r, 1] ** 2, p[r, 2] ** 2 + p[r, 3] ** 2
        _fill_triangle(out[r], -w * v_k * v_m * c, w * v_m * d, w * v_k * d, w * kk, w * c, w * mm)


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
        e, w = columns[r], weight[r]
        v_k, v_m = x[e[2]], x[e[3]]
        i2, d_theta, d_k, d_m, c, d = _current(x[e[0]] - x[e[1]], v_k, v_m, p[r])
        kk, mm = p[r, 0] ** 2 + p[r, 1] ** 2, p[r, 2] ** 2 + p[r, 3] ** 2
        _fill_triangle(
            out[r],
            -2.0 * w * v_k**3 * v_m * c,
            2.0 * w * v_k * (v_k * v_m * d + d_theta),
            2.0 * w * v_k**3 * d,
            2.0 * w * (v_k**2 * kk + 2.0 * v_k * d_k + i2),
            2.0 * w * v_k * (v_k * c + d_m),
            2.0 * w * v_k**2 * mm,
        )


SQUARED_CURRENT = Kernel("squared_current", 4, 4, _current_value, _current_jacobian, _current_hessian)
SQUARED_POWER = Kernel("squared_power", 4, 4, _power_value, _power_jacobian, _power_hessian)
