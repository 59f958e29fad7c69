"""One scalar formula, repeated over many rows of data: the only way anything enters a problem.

Sparsity is never computed, it is written down: ``rows`` says which rows of g receive the values, ``columns`` which
entries of x the formula reads. Several terms may add to one row, so a balance need not know its contributors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class Kernel:
    """A formula of k variables and m parameters with its derivatives, each over n rows at once.

    All functions read ``v = x[columns]`` row by row and write into ``out``.

    Parameters
    ----------
    value : (x, columns[n, k], parameters[n, m], out[n])
    jacobian : (x, columns, parameters, out[n, k])
    hessian : (x, columns, parameters, weight[n], out[n, k (k + 1) / 2]) or None
        weighted lower triangle, row by row: (0,0), (1,0), (1,1), (2,0), ...; None for a linear formula
    """

    name: str
    n_variables: int
    n_parameters: int
    value: Callable[..., None]
    jacobian: Callable[..., None]
    hessian: Callable[..., None] | None


@dataclass(frozen=True)
class Term:
    """A kernel applied to data.

    Parameters
    ----------
    rows : int [n]              rows of g that the values are added to
    columns : int [n, k]        entries of x that the formula reads
    parameters : float [n, m]   data of the formula
    """

    kernel: Kernel
    rows: IntArray
    columns: IntArray
    parameters: FloatArray

    def __post_init__(self) -> None:
        n, k, m = len(self.rows), self.kernel.n_variables, self.kernel.n_parameters
        if self.columns.shape != (n, k) or self.parameters.shape != (n, m):
            raise ValueError(
                f"{self.kernel.name}: {n} rows need columns {(n, k)} and parameters {(n, m)}, "
                f"not {self.columns.shape} and {self.parameters.shape}"
            )

    @classmethod
    def of(cls, kernel: Kernel, rows: IntArray, columns: IntArray, parameters: FloatArray) -> Term:
        """A term with its arrays in the one memory layout that the kernels are compiled for."""
        return cls(
            kernel,
            np.ascontiguousarray(rows, dtype=np.int64),
            np.ascontiguousarray(columns, dtype=np.int64),
            np.ascontiguousarray(parameters, dtype=np.float64),
        )
