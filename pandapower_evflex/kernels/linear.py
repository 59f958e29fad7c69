r"""Linear formula :math:`c v` of one variable: sums of several are several terms on one row.

v: any variable; parameters: the coefficient c.
"""

from __future__ import annotations

from pandapower_evflex.kernels.jit import jit
from pandapower_evflex.nlp.term import Kernel


@jit
def _value(x, columns, c, out):
    for r in range(columns.shape[0]):
        out[r] = c[r, 0] * x[columns[r, 0]]


@jit
def _jacobian(x, columns, c, out):
    for r in range(columns.shape[0]):
        out[r, 0] = c[r, 0]


LINEAR = Kernel("linear", 1, 1, _value, _jacobian, None)
