"""Random problems over chains, and the same as dense matrices."""

from __future__ import annotations

import numpy as np

from pandapower_evflex.solvers.chains.forms import Forms, Rows
from pandapower_evflex.solvers.chains.problem import ChainProblem, Curvature, DenseCurvature


def random_follows(rng, n):
    follows = rng.random(n) < 0.7
    follows[0] = False
    return follows


def random_forms(rng, n_forms, follows, n_states=1, n_controls=2):
    """Forms of any slots; one control is left out of each, as in those of the package."""
    slot = rng.integers(0, len(follows), n_forms)
    coefficient = rng.normal(size=(n_forms, 2 * n_states + n_controls))
    if n_controls:
        coefficient[np.arange(n_forms), 2 * n_states + rng.integers(0, n_controls, n_forms)] = 0.0
    coefficient[~follows[slot], :n_states] = 0.0
    return Forms(slot, coefficient)


def random_forms_ahead(rng, n_forms, follows, ahead, n_controls=2):
    """Forms that see the states of further slots of their chain, one state per slot."""
    slot = rng.integers(0, len(follows), n_forms)
    return Forms(slot, random_coefficients_ahead(rng, slot, follows, ahead, n_controls), ahead)


def random_coefficients_ahead(rng, slot, follows, ahead, n_controls=2):
    coefficient = rng.normal(size=(len(slot), 2 + n_controls + ahead))
    coefficient[rng.random(coefficient.shape) < 0.3] = 0.0
    coefficient[~follows[slot], 0] = 0.0
    chain = np.cumsum(~follows)
    for q in range(ahead):
        after = slot + 1 + q
        inside = after < len(follows)
        inside[inside] = chain[after[inside]] == chain[slot[inside]]
        coefficient[~inside, 2 + n_controls + q] = 0.0
    return coefficient


def units(n, n_states=1, n_controls=2):
    """A form for every unknown."""
    n_columns = n_states + n_controls
    unit = np.zeros((n * n_columns, n_states + n_columns))
    unit[np.arange(n * n_columns), n_states + np.tile(np.arange(n_columns), n)] = 1.0
    return Forms(np.repeat(np.arange(n), n_columns), unit)


def dense(forms, n, n_states=1):
    """[n_form, (m + k) n], columns (states, controls) of each slot in turn."""
    n_columns = forms.coefficient.shape[1] - n_states - forms.ahead
    matrix = np.zeros((len(forms), n, n_columns))
    for r, (i, a) in enumerate(zip(forms.slot, forms.coefficient, strict=True)):
        matrix[r, i] += a[n_states : n_states + n_columns]
        if np.any(a[:n_states]):
            matrix[r, i - 1, :n_states] += a[:n_states]
        for after in np.flatnonzero(a[n_states + n_columns :]):
            matrix[r, i + 1 + after, 0] += a[n_states + n_columns + after]
    return matrix.reshape(len(forms), -1)


def dense_rows(rows, n, n_states=1):
    of_forms = dense(rows.forms, n, n_states)
    matrix = np.zeros((rows.n_rows, of_forms.shape[1]))
    np.add.at(matrix, rows.row, of_forms)
    return matrix


def random_rows(rng, n_rows, follows):
    """Each row touches a few distinct slots, of any periods."""
    parts = []
    for r in range(n_rows):
        slots = rng.choice(len(follows), size=min(4, len(follows)), replace=False)
        coefficient = random_forms(rng, len(slots), follows).coefficient.copy()
        coefficient[~follows[slots], 0] = 0.0
        parts.append((np.full(len(slots), r), Forms(slots, coefficient)))
    return Rows(n_rows, np.concatenate([row for row, _ in parts]), Forms.join([forms for _, forms in parts]))


def rows_of_one_period_each(rng, n_rows, period, follows, n_states, n_controls):
    slots = [np.flatnonzero(period == rng.choice(period)) for _ in range(n_rows)]
    row, slot = np.repeat(np.arange(n_rows), [len(own) for own in slots]), np.concatenate(slots)
    coefficient = rng.normal(size=(len(slot), 2 * n_states + n_controls))
    coefficient[rng.random(coefficient.shape) < 0.4] = 0.0
    coefficient[~follows[slot], :n_states] = 0.0
    return Rows(n_rows, row, Forms(slot, coefficient))


def periods_of(follows):
    """Every chain begins in period 0."""
    slot = np.arange(len(follows))
    return slot - np.maximum.accumulate(np.where(follows, 0, slot))


def box_problem(rng, n, n_limits=0, *, square=False):
    """Every unknown in [0, 1], further limits that the middle keeps, a linear objective, squares on request."""
    follows = random_follows(rng, n)
    unit, extra = units(n), random_forms(rng, n_limits, follows)
    middle = np.full((n, 3), 0.5)
    limits = Forms.join([unit, Forms(unit.slot, -unit.coefficient), extra])
    b = np.concatenate([np.ones(3 * n), np.zeros(3 * n), extra.values(middle) + 0.2])
    squares = random_forms(rng, 2 * n, follows) if square else Forms.none()
    n_squares = len(squares)
    return ChainProblem(
        follows=follows, free=np.ones((n, 1), dtype=bool), period=periods_of(follows), c=rng.normal(size=(n, 3)),
        limits=limits, b=b, squares=squares, weight=np.full(n_squares, 2.0), target=rng.normal(size=n_squares),
        low=np.zeros((n, 3)), high=np.ones((n, 3)),
    )  # fmt: skip


class LinearRows:
    """h = G x - g."""

    def __init__(self, rows, g):
        self.rows, self.g = rows, g

    def evaluate(self, x):
        return self.rows.values(x) - self.g, self.rows

    def curvature(self, multipliers):
        return Curvature(Rows.none(), np.empty(0), Forms.none(), np.empty(0), lambda x: np.zeros_like(x))

    def n_modes(self, multipliers):
        return 0

    def dense_curvature(self, multipliers):
        nothing = np.empty(0, dtype=np.int64)
        return DenseCurvature(Forms.none(), nothing, nothing, np.empty((0, 0, 0)))


class Ball:
    """h = |x - centre|^2 / 2 - radius^2 / 2: all curvature in the remainder, bounded by itself."""

    def __init__(self, centre, radius):
        self.centre, self.radius = centre, radius
        self.forms = units(len(centre))

    def evaluate(self, x):
        off = (x - self.centre).reshape(-1)
        slot_forms = Forms(np.arange(len(x)), np.concatenate([np.zeros((len(x), 1)), x - self.centre], axis=1))
        rows = Rows(1, np.zeros(len(x), dtype=np.int64), slot_forms)
        return np.array([0.5 * (off @ off - self.radius**2)]), rows

    def curvature(self, multipliers):
        weight = np.full(len(self.forms), multipliers[0])
        return Curvature(Rows.none(), np.empty(0), self.forms, weight, lambda x: multipliers[0] * x)

    def n_modes(self, multipliers):
        return 0

    def dense_curvature(self, multipliers):
        """A block per unknown."""
        n = len(self.forms)
        return DenseCurvature(self.forms, np.arange(n), np.zeros(n, dtype=np.int64), np.full((n, 1, 1), multipliers[0]))
