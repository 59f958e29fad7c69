"""Stays at one outlet that overlap: a stuck transaction is cut, a column that names no single outlet is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandapower_evflex.errors import Fault, InvalidInputError

#: share of the stays that may be cut; more says that the column does not tell outlets apart
MOST_OVERLAPS = 0.5
#: so many cut stays at least, of a column with the expected name and of one that the caller chose
FEW_OVERLAPS, FEW_OVERLAPS_NAMED = 12, 2


def cut_at_next_plug_in(outlet: NDArray[Any], arrival: NDArray[Any], departure: NDArray[Any]) -> NDArray[Any]:
    """Departures, at the latest at the next plug-in at the outlet: it shows that the car had gone.

    Of stays that begin together the longest remains, the others end as they begin.
    """
    order = np.lexsort((departure, arrival, outlet))
    row, begins, gone = outlet[order], arrival[order], departure[order].copy()
    gone[:-1] = np.where(row[1:] == row[:-1], np.minimum(gone[:-1], begins[1:]), gone[:-1])
    cut = np.empty_like(gone)
    cut[order] = gone
    return cut


def refuse_colliding(
    table: str, column: str, named: bool, outlet: NDArray[Any], arrival: NDArray[Any], departure: NDArray[Any]
) -> None:
    """Refuse a column of outlets at which most stays overlap; stays that are told twice do not count.

    Parameters
    ----------
    named : bool                         the caller chose the column
    outlet, arrival, departure : [n]     as for `cut_at_next_plug_in`

    Raises
    ------
    InvalidInputError    a port number without its station, for instance
    """
    told = np.column_stack([np.asarray(values, dtype=float) for values in (outlet, arrival, departure)])
    stays = np.unique(told, axis=0)
    n_overlaps = int(np.sum(cut_at_next_plug_in(*stays.T) < stays[:, 2]))
    if n_overlaps < (FEW_OVERLAPS_NAMED if named else FEW_OVERLAPS) or n_overlaps <= MOST_OVERLAPS * len(stays):
        return
    remedy = f'name station and port: {column}=["station", "port"] in columns='
    raise InvalidInputError([Fault(table, column, (), f"{n_overlaps} of {len(stays)} sessions", "overlap", remedy)])
