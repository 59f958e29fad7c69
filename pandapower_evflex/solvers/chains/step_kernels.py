"""Compiled passes over the limits in a step of `interior_point.py`: before, and after dx is known."""

from __future__ import annotations

from pandapower_evflex.kernels.jit import jit


@jit
def push(slot, coefficient, step, column, s, z, w, r_a, sz, dz, r_x):
    """dz = w (sz / z - s + r_a), the change of z were dx = 0, and what it leaves of the right side: r_x -= a^T dz."""
    for r in range(len(slot)):
        i, change = slot[r], w[r] * (sz[r] / z[r] - s[r] + r_a[r])
        dz[r] = change
        for q in range(len(step)):
            c = coefficient[r, q]
            if c != 0.0:
                r_x[i + step[q], column[q]] -= c * change


@jit
def follow(slot, coefficient, step, column, dx, s, z, w, r_a, give, dz, ds):
    """dz += w a dx and ds = -r_a - a dx + give dz; how fast s and z go to 0 at most, 1: within one step."""
    fastest_s, fastest_z = 0.0, 0.0
    for r in range(len(slot)):
        i, change = slot[r], 0.0
        for q in range(len(step)):
            c = coefficient[r, q]
            if c != 0.0:
                change += c * dx[i + step[q], column[q]]
        dz[r] += w[r] * change
        ds[r] = give * dz[r] - r_a[r] - change
        fastest_s, fastest_z = max(fastest_s, -ds[r] / s[r]), max(fastest_z, -dz[r] / z[r])
    return fastest_s, fastest_z
