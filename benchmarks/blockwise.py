"""Jacobian and Hessian of a problem with many equal blocks, put together from those of one block under CasADi's `map`.

CasADi differentiates the mapped function as a whole: that costs several times as much as the derivatives of one block,
evaluated once for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import casadi as ca
import numpy as np


@dataclass(frozen=True)
class Blocks:
    """Rows at the end of the problem, and where the block's inputs stand among the variables x.

    Parameters
    ----------
    function : ca.Function       (v, load, data ...) -> g, of one block; linear in `load`
    inputs : MX [., n_block]     what it is mapped over
    first_v : int                column of the first block's v; the others follow
    columns, signs : int [n_block, n_load, 2]    variables that a load is the sum of, with their signs; 0: none
    """

    function: ca.Function
    inputs: Sequence[Any]
    first_v: int
    columns: np.ndarray
    signs: np.ndarray


def derivatives(x: ca.MX, n_rows: int, linear: ca.DM, blocks: Blocks) -> dict[str, ca.Function]:
    """Options `jac_g` and `hess_lag` of `nlpsol`, for a linear objective.

    Parameters
    ----------
    n_rows : int     of the whole problem
    linear : DM      Jacobian of the rows before those of the blocks, which are linear in the first variables
    """
    p = ca.MX.sym("p", 0, 0)
    jacobian = ca.Function("jacobian", [x, p], [ca.MX(), _jacobian(x, n_rows, linear, blocks)])
    scale, multipliers = ca.MX.sym("lam_f"), ca.MX.sym("lam_g", n_rows)
    hessian = _hessian(x, multipliers[linear.size1() :], blocks)
    return {"jac_g": jacobian, "hess_lag": ca.Function("hessian", [x, p, scale, multipliers], [hessian])}


def _jacobian(x: ca.MX, n_rows: int, linear: ca.DM, blocks: Blocks) -> ca.MX:
    own = blocks.function.sx_in()
    of_block = ca.jacobian(blocks.function(*own), ca.vertcat(own[0], own[1]))
    n_blocks, n_v, n_g = len(blocks.columns), own[0].numel(), of_block.size1()
    values = ca.vec(ca.Function("values", own, [of_block.nz[:]]).map(n_blocks)(*blocks.inputs))
    row, column = (np.array(part) for part in of_block.sparsity().get_triplet())
    by_v, by_load = np.flatnonzero(column < n_v), np.flatnonzero(column >= n_v)
    b = np.arange(n_blocks)[:, None]
    first_row, n_values = linear.size1(), of_block.nnz()
    entries = [  # row, column, place among `values`, sign
        (first_row + b * n_g + row[by_v], blocks.first_v + b * n_v + column[by_v], b * n_values + by_v, 1.0)
    ]
    for part in range(blocks.columns.shape[2]):
        columns, signs = (table[:, column[by_load] - n_v, part] for table in (blocks.columns, blocks.signs))
        entries.append((first_row + b * n_g + row[by_load], columns, b * n_values + by_load, signs))
    rows, columns, places, signs = (
        np.concatenate([np.broadcast_to(entry[i], entry[0].shape).ravel() for entry in entries]) for i in range(4)
    )
    used = signs != 0.0
    constant = [np.array(part) for part in linear.sparsity().get_triplet()]
    nonzeros = ca.vertcat(ca.MX(ca.DM(linear.nonzeros())), values[places[used].tolist()] * ca.DM(signs[used]))
    rows, columns = (np.concatenate([c, v[used]]) for c, v in zip(constant, (rows, columns), strict=True))
    return _sparse((n_rows, x.numel()), rows, columns, nonzeros)


def _hessian(x: ca.MX, multipliers: ca.MX, blocks: Blocks) -> ca.MX:
    own = blocks.function.sx_in()
    g, n_blocks = blocks.function(*own), len(blocks.columns)
    weights = ca.SX.sym("weights", g.numel())
    of_block = ca.triu(ca.hessian(ca.dot(weights, g), own[0])[0])
    mapped = ca.Function("values", [*own, weights], [of_block.nz[:]]).map(n_blocks)
    values = ca.vec(mapped(*blocks.inputs, ca.reshape(multipliers, g.numel(), n_blocks)))
    row, column = (np.array(part) for part in of_block.sparsity().get_triplet())
    first = blocks.first_v + np.arange(n_blocks)[:, None] * own[0].numel()
    return _sparse((x.numel(), x.numel()), (first + row).ravel(), (first + column).ravel(), values)


def _sparse(shape: tuple[int, int], rows: Any, columns: Any, values: ca.MX) -> ca.MX:
    """A matrix of entries in any order, none twice."""
    order = np.lexsort((rows, columns))
    start = np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=shape[1]))])
    pattern = ca.Sparsity(*shape, start.tolist(), rows[order].tolist())
    return ca.MX(pattern, values[order.tolist()])
