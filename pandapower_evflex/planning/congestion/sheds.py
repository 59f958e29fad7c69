"""Several limits broken at once: the cheapest mix of flexibility and load to shed, as a linear program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray

#: cost of a MW by which a limit stays broken, in multiples of the cost of shedding: the last resort
BROKEN = 1e3
#: by this share of the cost each load is dearer than the one before: of several answers that cost the same, one
TIE = 1e-6
#: need below which a limit counts as kept: share of the largest need, and MW
SMALL, SMALLEST_MW = 1e-7, 1e-3


@dataclass(frozen=True)
class Relief:
    """What can be bought at one bus.

    Parameters
    ----------
    row : int                           bus in the grid
    price_eur_per_mwh : float
    most_mw : float [n_period]
    most_mwh : float                    over all periods
    tan_phi : float                     Mvar that go with a MW
    """

    row: int
    price_eur_per_mwh: float
    most_mw: FloatArray
    most_mwh: float
    tan_phi: float = 0.0


@dataclass(frozen=True)
class Sheds:
    """Outcome of the program.

    Parameters
    ----------
    shed_mw : float [n_period, n_row]
    bought_mw : float [n_period, n_relief]
    broken : bool [n_limit]                 limits that nothing could cure
    """

    shed_mw: FloatArray
    bought_mw: FloatArray
    broken: BoolArray


def least_cost_sheds(
    missing_mw: FloatArray,
    effect: FloatArray,
    load_mw: FloatArray,
    reliefs: Sequence[Relief],
    voll_eur_per_mwh: float,
    period_h: float,
    relief_effect: FloatArray | None = None,
) -> Sheds:
    r"""Serve as much as the limits allow, as cheaply as the offers allow.

    .. math::

        \min \tau \sum_k \Big( \gamma \sum_n x_{kn} + \sum_c \pi_c f_{kc} \Big) \quad
        \sum_n a_{skn} x_{kn} + \sum_c b_{skc} f_{kc} \ge m_{sk}, \quad
        x_{kn} + \sum_{c \text{ at } n} f_{kc} \le L_{kn}, \quad \tau \sum_k f_{kc} \le E_c

    A kW below two overloaded branches counts for both. Loads that count alike are taken down in the same proportion,
    those beside an offer apart.

    Parameters
    ----------
    missing_mw : float [n_limit, n_period]        m, power to remove for each limit
    effect : float [n_limit, n_period, n_row]     a, what of a MW at a bus counts
    load_mw : float [n_period, n_row]             L, what can be shed
    reliefs : offers
    voll_eur_per_mwh, period_h : float
    relief_effect : float [n_limit, n_period, n_relief]    b, what of a MW of an offer counts; None: as the load there
    """
    n_period = len(load_mw)
    if relief_effect is None:
        relief_effect = effect[:, :, [relief.row for relief in reliefs]]
    group_of_row, group_effect = _alike(effect, [relief.row for relief in reliefs])
    group_load = np.zeros((n_period, group_effect.shape[2]))
    np.add.at(group_load.T, group_of_row, load_mw.T)
    limit, period = np.nonzero((missing_mw > 0.0) & ~_implied(missing_mw, group_effect, group_load, relief_effect))
    n_x, n_f, n_y = group_load.size, n_period * len(reliefs), len(limit)
    x = np.arange(n_x).reshape(group_load.shape)
    f = n_x + np.arange(n_f).reshape(n_period, len(reliefs))
    y = n_x + n_f + np.arange(n_y)
    at = np.array([group_of_row[relief.row] for relief in reliefs], dtype=np.int64)
    bought_at = np.unique(at)
    limit_row, energy_row = np.arange(n_y), n_y + np.arange(len(reliefs))
    load_row = n_y + len(reliefs) + np.arange(n_period * len(bought_at)).reshape(n_period, len(bought_at))
    a = group_effect[limit, period]
    entries = _Entries()
    entries.add(limit_row[:, None], x[period], -a)
    entries.add(limit_row[:, None], f[period], -relief_effect[limit, period])
    entries.add(limit_row, y, -np.ones(n_y))
    entries.add(energy_row[None], f, np.full(f.shape, period_h))
    entries.add(load_row, x[:, bought_at], np.ones(load_row.shape))
    entries.add(load_row[:, np.searchsorted(bought_at, at)], f, np.ones(f.shape))
    price = np.array([relief.price_eur_per_mwh for relief in reliefs])
    shed_cost = voll_eur_per_mwh * (1.0 + TIE * np.arange(group_load.shape[1]))
    cost = np.concatenate([
        np.tile(shed_cost, n_period),
        np.tile(price, n_period),
        np.full(n_y, BROKEN * max(voll_eur_per_mwh, 1.0)),
    ]) * period_h  # fmt: skip
    most = np.array([relief.most_mw for relief in reliefs]).reshape(len(reliefs), n_period).T
    upper = np.concatenate([group_load.ravel(), most.ravel(), np.full(n_y, np.inf)])
    energy = np.array([relief.most_mwh for relief in reliefs])
    b = np.concatenate([-missing_mw[limit, period], energy, group_load[:, bought_at].ravel()])
    solved = linprog(
        cost / (max(voll_eur_per_mwh, 1.0) * period_h), A_ub=entries.matrix(len(b), len(cost)), b_ub=b,
        bounds=np.column_stack([np.zeros(len(cost)), upper]), method="highs",
    )  # fmt: skip
    if solved.x is None:  # pragma: no cover - shedding everything and paying for the rest is always a solution
        raise RuntimeError(f"the program of sheds failed: {solved.message}")
    share = np.divide(solved.x[x], group_load, out=np.zeros_like(group_load), where=group_load > 0.0)
    broken = np.zeros(len(missing_mw), dtype=bool)
    broken[limit[solved.x[y] > SMALL * max(float(missing_mw.max(initial=0.0)), SMALLEST_MW)]] = True
    return Sheds(share[:, group_of_row] * load_mw, solved.x[f], broken)


def _implied(missing_mw: FloatArray, effect: FloatArray, load_mw: FloatArray, relief_effect: FloatArray) -> BoolArray:
    """Limits that hold with another one: every MW counts for them too, and they miss no more [n_limit, n_period].

    What all loads do not cure implies nothing.
    """
    curable = (effect * load_mw).sum(axis=2) >= missing_mw
    implied = np.zeros(missing_mw.shape, dtype=bool)
    for number in range(len(missing_mw)):
        counts_too = (effect[number] >= effect).all(axis=2) & (relief_effect[number] >= relief_effect).all(axis=2)
        misses_more = missing_mw > missing_mw[number]
        equal = (missing_mw == missing_mw[number]) & ~implied
        equal[number] = False
        implied[number] = (curable & counts_too & (misses_more | equal)).any(axis=0)
    return implied


def _alike(effect: FloatArray, apart: Sequence[int]) -> tuple[IntArray, FloatArray]:
    """Groups of buses with the same effect on everything, some alone: group of each row [n_row], effects [.., n_group].

    What is bought at a bus and what is shed there share the load of that bus.
    """
    columns = np.ascontiguousarray(effect.reshape(-1, effect.shape[2]).T)
    keys: list[bytes | int] = [row if row in apart else column.tobytes() for row, column in enumerate(columns)]
    number: dict[bytes | int, int] = {}
    group = np.array([number.setdefault(key, len(number)) for key in keys], dtype=np.int64)
    first = np.unique(group, return_index=True)[1]
    return group, effect[:, :, first]


class _Entries:
    """Coefficients of a sparse matrix, block by block."""

    def __init__(self) -> None:
        self._parts: list[tuple[IntArray, IntArray, FloatArray]] = []

    def add(self, row: IntArray, column: IntArray, value: FloatArray) -> None:
        row, column = np.broadcast_to(row, value.shape), np.broadcast_to(column, value.shape)
        used = value != 0.0
        self._parts.append((row[used], column[used], value[used]))

    def matrix(self, n_rows: int, n_columns: int) -> coo_matrix:
        row, column, value = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        return coo_matrix((value, (row, column)), shape=(n_rows, n_columns)).tocsr()
