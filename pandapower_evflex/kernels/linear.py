r"""Linear formulas :math:`\sum_k c_k v_k` of one to three variables.

v: any variables; parameters: the coefficients c.
"""

from __future__ import annotations

from pandapower_evflex.kernels.jit import jit
from pandapower_evflex.nlp.term import Kernel


@jit
def _value(x, columns, c, out):
    for r in range(columns.shape[0]):
        total = 0.0
        for k in range(columns.shape[1]):
            total += c[r, k] * x[columns[r, k]]
        out[r] = total


@jit
def _jacobian(x, columns, c, out):
    for r in range(columns.shape[0]):
        for k in range(columns.shape[1]):
            out[r, k] = c[r, k]


LINEAR_1, LINEAR_2, LINEAR_3 = (Kernel(f"linear_{k}", k, k, _value, _jacobian, None) for k in (1, 2, 3))
