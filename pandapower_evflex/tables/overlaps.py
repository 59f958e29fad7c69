"""Stays at one outlet that overlap: a stuck transaction is cut, a column that names no single outlet is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandapower_evflex.errors import Fault, InvalidInputError

#: largest share of the stays that may be cut; beyond it the column does not tell outlets apart
MOST_OVERLAPS = 0.5
#: least number of cut stays that counts as that, for a column with the expected name and for one that the caller chose
FEW_OVERLAPS, FEW_OVERLAPS_NAMED = 12, 2

#: what columns of stations and of their outlets are called, without what is neither letter nor digit
STATIONS = re.compile(r"(charg(e|ing|er))?(station|point|site|location|garage|parking|lot|cp|charger)(name|id|number)?")
PORTS = re.compile(r"(charg(e|ing|er))?(port|connector|outlet|plug|socket)(name|id|number|no)?")


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
    table: str,
    column: str,
    place: Any,
    is_chosen: bool,
    header: Iterable[Any],
    outlet: NDArray[Any],
    arrival: NDArray[Any],
    departure: NDArray[Any],
) -> None:
    """Refuse a column of outlets at which most stays overlap; stays that are told twice do not count.

    Parameters
    ----------
    place : column or columns of the table
    is_chosen : the caller named them
    header : columns of the table
    outlet, arrival, departure : [n]     as for `cut_at_next_plug_in`

    Raises
    ------
    InvalidInputError    a port number without its station, for instance
    """
    told = np.column_stack([np.asarray(values, dtype=float) for values in (outlet, arrival, departure)])
    stays = np.unique(told, axis=0)
    n_overlaps = int(np.sum(cut_at_next_plug_in(*stays.T) < stays[:, 2]))
    few = FEW_OVERLAPS_NAMED if is_chosen else FEW_OVERLAPS
    if n_overlaps < few or n_overlaps <= MOST_OVERLAPS * len(stays):
        return
    remedy = _remedy(column, place, list(header))
    raise InvalidInputError([Fault(table, column, (), f"{n_overlaps} of {len(stays)} sessions", "overlap", remedy)])


def _remedy(column: str, place: Any, header: list[Any]) -> str:
    """Station and port where the table has such columns, else all that it has."""
    station = next((name for name in header if _is_called(name, STATIONS)), None)
    ports = [place] if _is_called(place, PORTS) else [name for name in header if _is_called(name, PORTS)]
    if not ports and not isinstance(place, list) and not _is_called(place, STATIONS):
        ports = [place]
    port = ports[0] if ports else None
    if station is not None and port is not None and place != [station, port]:
        return f'name station and port: {column}=["{station}", "{port}"] in columns='
    return f"name the columns that tell outlets apart, {column}=[...] in columns=: of {', '.join(map(str, header))}"


def _is_called(name: Any, pattern: re.Pattern[str]) -> bool:
    return pattern.fullmatch(re.sub(r"[\W_]", "", str(name)).lower()) is not None
