"""A chain as the matrix and the bounds of a linear program over its columns, slot by slot."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix

from pandapower_evflex.arrays import FloatArray, IntArray
from pandapower_evflex.elements.chain import Chain
from pandapower_evflex.solvers.chains.forms import Forms


def matrix_of(chain: Chain, forms: Forms, row: IntArray, n_rows: int) -> csr_matrix:
    """Sums of forms by row [n_row, n_slot (m + k)]."""
    m, width = len(chain.states), chain.low.shape[1]
    at, number = np.nonzero(forms.coefficient)
    slot = forms.slot[at] - (number < m)
    column = slot * width + np.where(number < m, number, number - m)
    values = (forms.coefficient[at, number], (row[at], column))
    return coo_matrix(values, shape=(n_rows, chain.low.size)).tocsr()


def bounds_of(chain: Chain) -> tuple[FloatArray, FloatArray]:
    """Least and greatest values of all columns; a state that is not free is at its greatest."""
    free = np.pad(chain.free, ((0, 0), (0, len(chain.controls))), constant_values=True)
    return np.where(free, chain.low, chain.high).ravel(), chain.high.ravel()
