"""Random problems over chains, and the same as dense matrices."""

from __future__ import annotations

import numpy as np

from pandapower_evflex.solvers.chains.problem import ChainProblem, Curvature
from pandapower_evflex.solvers.chains.system import Forms, Rows


def random_follows(rng, n):
    follows = rng.random(n) < 0.7
    follows[0] = False
    return follows


def random_forms(rng, n_forms, follows):
    """Forms touch one of T and D, as those of the package do."""
    slot = rng.integers(0, len(follows), n_forms)
    coefficient = rng.normal(size=(n_forms, 4))
    coefficient[np.arange(n_forms), 2 + rng.integers(0, 2, n_forms)] = 0.0
    coefficient[~follows[slot], 0] = 0.0
    return Forms(slot, coefficient)


def dense(forms, n):
    """[n_form, 3 n], columns E, T, D of each slot in turn."""
    matrix = np.zeros((len(forms), n, 3))
    for r, (i, a) in enumerate(zip(forms.slot, forms.coefficient, strict=True)):
        matrix[r, i] += a[1:]
        if a[0]:
            matrix[r, i - 1, 0] += a[0]
    return matrix.reshape(len(forms), -1)


def dense_rows(rows, n):
    matrix = np.zeros((rows.n_rows, 3 * n))
    np.add.at(matrix, rows.row, dense(rows.forms, n))
    return matrix


def random_rows(rng, n_rows, follows):
    """Each row touches a few distinct slots."""
    parts = []
    for r in range(n_rows):
        slots = rng.choice(len(follows), size=min(4, len(follows)), replace=False)
        forms = random_forms(rng, len(slots), follows)
        coefficient = forms.coefficient.copy()
        coefficient[~follows[slots], 0] = 0.0
        parts.append((np.full(len(slots), r), Forms(slots, coefficient)))
    return Rows(n_rows, np.concatenate([row for row, _ in parts]), Forms.join([forms for _, forms in parts]))


def box_problem(rng, n, n_limits=0, *, square=False):
    """Every unknown in [0, 1], further limits that the middle keeps, a linear objective, squares on request."""
    follows = random_follows(rng, n)
    unit = np.zeros((3 * n, 4))
    unit[np.arange(3 * n), 1 + np.tile(np.arange(3), n)] = 1.0
    slot = np.repeat(np.arange(n), 3)
    extra = random_forms(rng, n_limits, follows)
    middle = np.full((n, 3), 0.5)
    limits = Forms.join([Forms(slot, unit), Forms(slot, -unit), extra])
    b = np.concatenate([np.ones(3 * n), np.zeros(3 * n), extra.values(middle) + 0.2])
    squares = random_forms(rng, 2 * n, follows) if square else Forms.none()
    n_squares = len(squares)
    return ChainProblem(
        follows=follows, free=np.ones(n, dtype=bool), c=rng.normal(size=(n, 3)), limits=limits, b=b, squares=squares,
        weight=np.full(n_squares, 2.0), target=rng.normal(size=n_squares), low=np.zeros((n, 3)), high=np.ones((n, 3)),
    )  # fmt: skip


class LinearRows:
    """h = G x - g."""

    def __init__(self, rows, g):
        self.rows, self.g = rows, g

    def evaluate(self, x):
        return self.rows.values(x) - self.g, self.rows

    def curvature(self, multipliers):
        return Curvature(Rows.none(), np.empty(0), Forms.none(), np.empty(0), lambda x: np.zeros_like(x))


class Ball:
    """h = |x - centre|^2 / 2 - radius^2 / 2: all curvature in the remainder, bounded by itself."""

    def __init__(self, centre, radius):
        n = len(centre)
        unit = np.zeros((3 * n, 4))
        unit[np.arange(3 * n), 1 + np.tile(np.arange(3), n)] = 1.0
        self.centre, self.radius = centre, radius
        self.forms = Forms(np.repeat(np.arange(n), 3), unit)

    def evaluate(self, x):
        off = (x - self.centre).reshape(-1)
        slot_forms = Forms(np.arange(len(x)), np.concatenate([np.zeros((len(x), 1)), x - self.centre], axis=1))
        rows = Rows(1, np.zeros(len(x), dtype=np.int64), slot_forms)
        return np.array([0.5 * (off @ off - self.radius**2)]), rows

    def curvature(self, multipliers):
        weight = np.full(len(self.forms), multipliers[0])
        return Curvature(Rows.none(), np.empty(0), self.forms, weight, lambda x: multipliers[0] * x)
