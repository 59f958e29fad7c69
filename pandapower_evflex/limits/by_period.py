"""Tables of all limits over periods: what is allowed, what a state has, how far it is beyond."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from pandapower_evflex.arrays import BoolArray, ComplexArray, FloatArray, IntArray
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.limits import LIMITS
from pandapower_evflex.limits.limit import Limit


@dataclass(frozen=True)
class ByLimit:
    """A table [n_period, n_place] for every kind of limit, in the order of `LIMITS`."""

    tables: tuple[Any, ...]

    def __getitem__(self, limit: Limit) -> Any:
        return self.tables[LIMITS.index(limit)]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tables)

    def map(self, function: Callable[..., Any], *others: ByLimit) -> ByLimit:
        """``function(limit, table, ...)`` of every kind."""
        return ByLimit(tuple(map(function, LIMITS, self.tables, *others)))

    def at(self, periods: IntArray) -> ByLimit:
        """The given periods, in that order."""
        return ByLimit(tuple(table[periods] for table in self.tables))

    def exceeds(self, tolerance: float) -> BoolArray:
        """Periods in which anything is above ``tolerance`` [n_period]."""
        return np.any(np.concatenate([table > tolerance for table in self.tables], axis=1), axis=1)

    def places(self, tolerance: float) -> Iterator[tuple[int, int, int]]:
        """(period, kind, position) of everything above ``tolerance``, kind by kind."""
        for kind, table in enumerate(self.tables):
            for t, position in zip(*np.nonzero(table > tolerance), strict=True):
                yield int(t), kind, int(position)


def limits_of(grid: Grid, n_periods: int, margin: float = 0.0) -> ByLimit:
    """The limits of the net, the same in every period, with a share of each kept free."""
    return ByLimit(tuple(np.tile(limit.with_margin(limit.of_grid(grid), margin), (n_periods, 1)) for limit in LIMITS))


def values_of(grid: Grid, v: ComplexArray) -> ByLimit:
    """What is limited, of voltages [n_case, n_bus]; kinds with the same value share its table."""
    known: dict[Any, FloatArray] = {}
    for limit in LIMITS:
        if limit.value not in known:
            known[limit.value] = limit.value(grid, v)
    return ByLimit(tuple(known[limit.value] for limit in LIMITS))


def excess_of(limits: ByLimit, values: ByLimit) -> ByLimit:
    """How far limits are exceeded, relative to them; negative is room, -inf where there is no limit."""
    return limits.map(lambda limit, allowed, value: limit.excess(value, allowed), values)


def rows_of(limits: ByLimit, values: ByLimit) -> ByLimit:
    """h of every limit, see `Limit`."""
    return excess_of(limits, values).map(lambda limit, excess: limit.h(excess))


@dataclass(frozen=True)
class Relaxed:
    """Limits that stand in for those of the net.

    Parameters
    ----------
    kept : ByLimit    what every schedule keeps
    seen : ByLimit    the same without those that no schedule can exceed any more: rows for a solver
    """

    kept: ByLimit
    seen: ByLimit
