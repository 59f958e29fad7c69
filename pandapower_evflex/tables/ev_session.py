"""`net.ev_session`: when each EV is plugged in, with what energy it comes and what it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray, Net
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.faults import as_numbers, numbers_of
from pandapower_evflex.tables.rows import NewRows
from pandapower_evflex.tables.schema import MEMORY, Column, TableSchema
from pandapower_evflex.tables.session_checks import CHECKS, TABLE
from pandapower_evflex.times.hours import ALL_OR_NONE, elapsed_hours
from pandapower_evflex.times.reader import read_times

#: hour later than any session
FAR_H = 1e7

EV_SESSION = TableSchema(
    TABLE,
    "Plug-in sessions; hours count from the start of the horizon and may lie outside it.",
    (
        Column("name", "object", "name of the session"),
        Column("ev", "int64", "EV that is plugged in", required=True, foreign_key="ev"),
        Column("arrival_h", "float64", "plugged in from here; rounds up to whole periods", "h", required=True),
        Column("departure_h", "float64", "gone from here; rounds down to whole periods", "h", required=True),
        Column(
            "e_arrival_mwh", "float64", "energy at max(arrival, 0); missing from an EV's second session on: what the "
            "session before left, less its trip", "MWh", default=np.nan, lower=0.0,
        ),
        Column(
            "e_departure_mwh", "float64", "energy needed at departure; missing: see trip_km and energy_mwh, else "
            "min_e_mwh of the EV", "MWh", default=np.nan, lower=0.0,
        ),
        Column(
            "trip_km", "float64", "trip after departure; without e_departure_mwh the need is min_e_mwh plus what it "
            "uses, at most the battery", "km", default=np.nan, lower=0.0,
        ),
        Column(
            "max_e_mwh", "float64", "battery of this session's car; missing: the EV's", "MWh", default=np.nan,
            optional=True, above=0.0, upper=10.0, unusual_above=1.0, hint="give the battery in MWh (60 kWh is 0.060)",
        ),
        Column(
            "max_p_mw", "float64", "charging power of this session's car or outlet; missing: the EV's", "MW",
            default=np.nan, optional=True, above=0.0, upper=10.0, unusual_above=1.0,
            hint="give the charging power in MW (11 kW is 0.011)",
        ),
        Column(
            "energy_mwh", "float64", "energy to be charged: the need is the arrival energy plus this", "MWh",
            default=np.nan, optional=True, lower=0.0, upper=10.0, unusual_above=1.0,
            hint="give energy in MWh (12 kWh is 0.012)",
        ),
        Column("in_service", "bool", "takes part", default=True),
        MEMORY,
    ),
    CHECKS,
    group="ev",
    arguments=("soc_arrival_percent", "soc_departure_percent", "start", "dayfirst"),
)  # fmt: skip


def create_ev_session(
    net: Net,
    ev: int,
    arrival_h: Any,
    departure_h: Any,
    *,
    e_arrival_mwh: float | None = None,
    soc_arrival_percent: float | None = None,
    e_departure_mwh: float | None = None,
    soc_departure_percent: float | None = None,
    trip_km: float | None = None,
    energy_mwh: float | None = None,
    max_e_mwh: float | None = None,
    max_p_mw: float | None = None,
    start: Any = None,
    dayfirst: bool | None = None,
    name: str | None = None,
    index: int | None = None,
    in_service: bool = True,
    **kwargs: Any,
) -> int:
    """Add a plug-in session to `net.ev_session`.

    Parameters
    ----------
    net : pandapowerNet
    ev : int                              index in net.ev
    arrival_h, departure_h : float        hours from the start of the horizon (past midnight they go on: 31 is 07:00),
                                          or timestamps when ``start`` is given
    e_arrival_mwh or soc_arrival_percent  energy at arrival; may be left out from an EV's second session on
    e_departure_mwh or soc_departure_percent or trip_km or energy_mwh
                                          need at departure: in absolute terms, from the trip that follows (capped at
                                          the battery), or as energy on top of the arrival energy (which then is 0 if
                                          not given: charging points know no battery). None of them: the EV's
                                          min_e_mwh. A trip beside a departure energy or state of charge only says
                                          what is driven before the next session
    max_e_mwh, max_p_mw : float           of this session's car or outlet, instead of the EV's
    start : timestamp                     start of the horizon, when arrival and departure are timestamps; numbers
                                          stay hours
    dayfirst : bool                       order of day and month in text: True: 05.09.2017 is in September; None: what
                                          a number above 12 says, refused where nothing does
    **kwargs                              further columns

    Returns
    -------
    int    index in net.ev_session

    Raises
    ------
    InvalidInputError    all faults: table, column, rows, value and remedy; the net is unchanged

    Examples
    --------
    >>> import pandapower.networks as nw, pandapower_evflex as evf
    >>> net = nw.create_kerber_landnetz_freileitung_1()
    >>> ev = evf.create_ev(net, bus=5, std_type="VW ID.3")
    >>> evf.create_ev_session(net, ev, 17.5, 31, soc_arrival_percent=40, trip_km=30)
    0
    """
    row = create_ev_sessions(
        net, [ev], [arrival_h], [departure_h], e_arrival_mwh=e_arrival_mwh, soc_arrival_percent=soc_arrival_percent,
        e_departure_mwh=e_departure_mwh, soc_departure_percent=soc_departure_percent, trip_km=trip_km,
        energy_mwh=energy_mwh, max_e_mwh=max_e_mwh, max_p_mw=max_p_mw, start=start, dayfirst=dayfirst, name=name,
        index=None if index is None else [index], in_service=in_service, **kwargs,
    )  # fmt: skip
    return int(row[0])


def create_ev_sessions(
    net: Net,
    evs: Sequence[int],
    arrival_h: Any,
    departure_h: Any,
    *,
    e_arrival_mwh: Any = None,
    soc_arrival_percent: Any = None,
    e_departure_mwh: Any = None,
    soc_departure_percent: Any = None,
    trip_km: Any = None,
    energy_mwh: Any = None,
    max_e_mwh: Any = None,
    max_p_mw: Any = None,
    start: Any = None,
    dayfirst: bool | None = None,
    name: Any = None,
    index: Sequence[int] | None = None,
    in_service: Any = True,
    **kwargs: Any,
) -> IntArray:
    """Add many sessions at once; every argument of `create_ev_session` as a scalar or one value per session.

    None or NaN in a row: not given there. Several sessions of one EV may be created at once, in any order.

    Parameters
    ----------
    net : pandapowerNet
    evs : sequence [n]    indices in net.ev
    others : as in `create_ev_session`, each a scalar or one value per session; None or NaN: not given there

    Returns
    -------
    int array [n]    indices in net.ev_session

    Raises
    ------
    InvalidInputError    all faults of all rows; the net is unchanged
    """
    rows = NewRows(net, EV_SESSION, evs, index)
    battery = rows.numbers("max_e_mwh", max_e_mwh)
    energy = rows.numbers("energy_mwh", energy_mwh)
    ev_labels, _ = as_numbers(rows.spread("ev", evs))
    e_max = np.where(np.isnan(battery), numbers_of(net, "ev", "max_e_mwh", ev_labels), battery)
    arrival = _energy(rows, "arrival", e_arrival_mwh, soc_arrival_percent, e_max)
    departure = _energy(rows, "departure", e_departure_mwh, soc_departure_percent, e_max)
    values = {
        "name": name,
        "ev": evs,
        **_hours(rows, {"arrival_h": arrival_h, "departure_h": departure_h}, start, dayfirst),
        "e_arrival_mwh": np.where(np.isnan(arrival) & ~np.isnan(energy), 0.0, arrival),
        "e_departure_mwh": departure,
        "trip_km": trip_km,
        "energy_mwh": energy,
        "max_e_mwh": battery,
        "max_p_mw": max_p_mw,
        "in_service": in_service,
    }
    return rows.append(values, kwargs)


def _energy(rows: NewRows, when: str, e_mwh: Any, soc_percent: Any, e_max: FloatArray) -> FloatArray:
    """Energy from either form, row by row; NaN where neither is given."""
    column = f"soc_{when}_percent"
    energy, soc = rows.numbers(f"e_{when}_mwh", e_mwh), rows.numbers(column, soc_percent)
    both = ~np.isnan(energy) & ~np.isnan(soc)
    rows.refuse(column, both, soc, f"stands beside e_{when}_mwh", "give one of the two")
    fraction, outside = (soc > 0) & (soc < 1), (soc < 0) | (soc > 100)
    rows.refuse(column, fraction, soc, "looks like a fraction", "percent from 0 to 100 is meant: 40, not 0.4")
    rows.refuse(column, outside, soc, "is not between 0 and 100", "give percent of the battery")
    return np.where(np.isnan(soc) | fraction | outside, energy, soc / 100.0 * e_max)


def _hours(rows: NewRows, columns: Mapping[str, Any], start: Any, dayfirst: Any) -> dict[str, FloatArray]:
    """Hours as they are, timestamps since ``start``; text of all columns is read in one order of day and month."""
    cells = {name: rows.spread(name, value) for name, value in columns.items()}
    read = {name: as_numbers(values) for name, values in cells.items()}
    hours = {name: floats for name, (floats, _) in read.items()}
    are_times = {name: is_time for name, (_, is_time) in read.items() if is_time.any()}
    if not are_times:
        return hours
    if start is None:
        remedy = "give hours from the start of the horizon, or timestamps together with start="
        for name, is_time in are_times.items():
            rows.refuse(name, is_time, cells[name], "is not a number of hours", remedy)
        return _standing_apart(hours, are_times)
    times = {name: pd.Series(cells[name][at], index=rows.labels[at], dtype=object) for name, at in are_times.items()}
    try:
        read_dates = read_times({**times, "start": start}, table=TABLE, dayfirst=dayfirst)
        found = elapsed_hours(read_dates, "start", TABLE, None, ALL_OR_NONE)
    except InvalidInputError as error:
        rows.faults += [_with_rows(fault, times) for fault in error.faults]
        return _standing_apart(hours, are_times)
    for name, at in are_times.items():
        hours[name][at] = found[name]
    return hours


def _standing_apart(hours: Mapping[str, FloatArray], are_times: Mapping[str, BoolArray]) -> dict[str, FloatArray]:
    """Rows whose times are refused, at hours of their own, so that all else in them is checked too."""
    unread = np.logical_or.reduce(list(are_times.values()))
    at = FAR_H + 2.0 * np.arange(len(unread))
    return {
        name: np.where(unread, at + length, hours[name]) for name, length in (("arrival_h", 0.0), ("departure_h", 1.0))
    }


def _with_rows(fault: Fault, times: Mapping[str, pd.Series]) -> Fault:
    """The rows of a fault that concerns all times of a column."""
    whole = fault.column in times and not fault.rows
    return replace(fault, rows=tuple(times[fault.column].index.tolist())) if whole else fault
