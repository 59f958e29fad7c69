"""The chain as a part of the nonlinear problem: its columns as variables, its forms as bounds and rows."""

from __future__ import annotations

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.elements.chain import Chain
from pandapower_evflex.kernels import LINEAR
from pandapower_evflex.nlp.problem import ProblemBuilder
from pandapower_evflex.opf.solve.chains import reward, start_of
from pandapower_evflex.solvers.chains.forms import Forms

#: start, as a share of the greatest loads
START_SHARE = 0.8


class ChainVariables:
    """Positions of the columns of x among the variables [n_slot, m + k], -1 where a column does not exist."""

    def __init__(self, builder: ProblemBuilder, chain: Chain) -> None:
        self._follows, self._n_states = chain.follows, len(chain.states)
        self._ahead = chain.limits.ahead
        start = start_of(chain, START_SHARE)
        used = _used_columns(chain)
        self.position = np.full(used.shape, -1)
        for column, name in enumerate(chain.columns):
            chosen = np.flatnonzero(used[:, column])
            fixed = ~chain.free[chosen, column] if column < self._n_states else np.zeros(len(chosen), dtype=bool)
            value = np.where(fixed, chain.high[chosen, column], np.nan)
            self.position[chosen, column] = builder.x.add(
                name,
                len(chosen),
                lower=np.where(fixed, value, -np.inf),
                upper=np.where(fixed, value, np.inf),
                start=np.where(fixed, value, start[chosen, column]),
            )

    def at(self, x: FloatArray) -> FloatArray:
        """The columns [n_slot, m + k] of a vector of variables."""
        return np.where(self.position >= 0, x[self.position], 0.0)

    def columns(self, slot: IntArray) -> IntArray:
        """Positions of (states before, states, controls), and of the state of the slots after that forms see."""
        before = np.where(self._follows[slot, None], self.position[slot - 1, : self._n_states], -1)
        beyond = np.append(self.position[:, 0], np.full(self._ahead, -1))
        after = beyond[slot[:, None] + 1 + np.arange(self._ahead)]
        return np.concatenate([before, self.position[slot], after], axis=1)

    def add_to(self, builder: ProblemBuilder, rows: IntArray, forms: Forms, factor: FloatArray) -> None:
        """Adds ``factor`` times forms to rows of g."""
        columns = self.columns(forms.slot)
        for k in range(columns.shape[1]):
            used = (columns[:, k] >= 0) & (forms.coefficient[:, k] != 0.0)
            coefficient = (factor * forms.coefficient[:, k])[used, None]
            builder.add_term(LINEAR, rows[used], columns[used, k][:, None], coefficient)


def add_chain(builder: ProblemBuilder, chain: Chain, scale: float) -> ChainVariables:
    """Variables, bounds, rows and reward of all elements."""
    variables = ChainVariables(builder, chain)
    _add_limits(builder, variables, chain)
    _add_sums(builder, variables, chain)
    c, _ = reward(chain, scale)
    rewarded = (c != 0.0) & (variables.position >= 0)
    builder.add_objective(LINEAR, variables.position[rewarded][:, None], c[rewarded][:, None])
    return variables


def _used_columns(chain: Chain) -> BoolArray:
    """Columns with a coefficient in any form [n_slot, m + k]."""
    n_states = len(chain.states)
    used = np.zeros(chain.low.shape, dtype=bool)
    for forms in (chain.limits, *[loads.forms for loads in chain.loads.values()]):
        before, own, after = np.split(forms.coefficient != 0.0, [n_states, n_states + len(chain.columns)], axis=1)
        np.logical_or.at(used, forms.slot, own)
        form, number = np.nonzero(after)
        used[forms.slot[form] + 1 + number, :n_states] = True
        follows = before.any(axis=1)
        np.logical_or.at(used[:, :n_states], forms.slot[follows] - 1, before[follows])
    return used


def _add_limits(builder: ProblemBuilder, variables: ChainVariables, chain: Chain) -> None:
    """Forms of one variable as its bounds; the others as rows, two of opposite sense as one with two sides."""
    columns = variables.columns(chain.limits.slot)
    coefficient = np.where(columns >= 0, chain.limits.coefficient, 0.0)
    single = np.count_nonzero(coefficient, axis=1) == 1
    _add_bounds(builder, columns[single], coefficient[single], chain.bound[single])
    forms, bound = chain.limits.of(~single), chain.bound[~single]
    if not len(forms):
        return
    scale = _leading(forms.coefficient)
    key = np.concatenate([forms.slot[:, None], forms.coefficient / scale[:, None]], axis=1)
    _, first, row = np.unique(key, axis=0, return_index=True, return_inverse=True)
    row = row.reshape(-1)
    lower, upper = np.full(len(first), -np.inf), np.full(len(first), np.inf)
    np.minimum.at(upper, row[scale > 0.0], (bound / scale)[scale > 0.0])
    np.maximum.at(lower, row[scale < 0.0], (bound / scale)[scale < 0.0])
    size = np.abs(scale[first])
    rows = builder.g.add("limits", len(first), lower=lower * size, upper=upper * size)
    variables.add_to(builder, rows, forms.of(first), size / scale[first])


def _add_sums(builder: ProblemBuilder, variables: ChainVariables, chain: Chain) -> None:
    """Rows over many slots."""
    n = chain.sums.n_rows
    if n:
        rows = builder.g.add("sums", n, lower=np.full(n, -np.inf), upper=chain.sums_b)
        variables.add_to(builder, rows[chain.sums.row], chain.sums.forms, np.ones(len(chain.sums.forms)))


def _leading(coefficient: FloatArray) -> FloatArray:
    """The first coefficient that is not 0 of every form."""
    return coefficient[np.arange(len(coefficient)), np.argmax(coefficient != 0.0, axis=1)]


def _add_bounds(builder: ProblemBuilder, columns: IntArray, coefficient: FloatArray, bound: FloatArray) -> None:
    at = np.argmax(coefficient != 0.0, axis=1)
    a, position = _leading(coefficient), columns[np.arange(len(columns)), at]
    for chosen, side in ((a > 0.0, "upper"), (a < 0.0, "lower")):
        value = np.full(builder.x.size, np.inf if side == "upper" else -np.inf)
        closer = np.minimum if side == "upper" else np.maximum
        closer.at(value, position[chosen], bound[chosen] / a[chosen])
        builder.x.tighten(np.arange(builder.x.size), **{side: value})
