"""`net.ev_session`: when each EV is plugged in, with what energy it comes and what it needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.schema import Column, TableSchema, create_rows, fault_where
from pandapower_evflex.tables.timestamps import as_hours

TABLE = "ev_session"


def _check_windows(net: Any, rows: pd.DataFrame) -> list[Fault]:
    wrong = rows["arrival_h"] >= rows["departure_h"]
    remedy = (
        "let the departure lie after the arrival; past midnight, hours go on counting (31 is 07:00 of the next day)"
    )
    return fault_where(TABLE, rows, "departure_h", wrong, "does not lie after the arrival", remedy)


def _check_overlaps(net: Any, rows: pd.DataFrame) -> list[Fault]:
    used = rows[rows["in_service"].to_numpy(dtype=bool)].sort_values(["ev", "arrival_h"], kind="stable")
    same = used["ev"].to_numpy()[1:] == used["ev"].to_numpy()[:-1]
    early = used["arrival_h"].to_numpy()[1:] < used["departure_h"].to_numpy()[:-1] - 1e-9
    labels = used.index[1:][same & early]
    wrong = rows.index.isin(labels)
    remedy = "let each session of an EV end before its next begins"
    return fault_where(TABLE, rows, "arrival_h", wrong, "overlaps with the session before of the same EV", remedy)


def _check_energies(net: Any, rows: pd.DataFrame) -> list[Fault]:
    e_max = _e_max(net, rows)
    faults = []
    for column in ("e_arrival_mwh", "e_departure_mwh"):
        wrong = rows[column].to_numpy(dtype=float) > e_max + 1e-12
        remedy = "give no more than the battery holds (max_e_mwh of the session or of the EV)"
        faults += fault_where(TABLE, rows, column, wrong, "is above the battery", remedy)
    if "energy_mwh" in rows:
        e_end = rows["e_arrival_mwh"].fillna(0.0).to_numpy(dtype=float) + rows["energy_mwh"].to_numpy(dtype=float)
        remedy = "give max_e_mwh of the session, at least arrival energy plus energy_mwh"
        problem = "with the arrival energy is above the battery"
        faults += fault_where(TABLE, rows, "energy_mwh", e_end > e_max + 1e-12, problem, remedy)
    return faults


def _check_trips(net: Any, rows: pd.DataFrame) -> list[Fault]:
    if not rows["trip_km"].notna().any():
        return []
    consumption = net["ev"]["consumption_kwh_per_km"].reindex(rows["ev"]).to_numpy(dtype=float)
    has_trip = rows["trip_km"].fillna(0.0).to_numpy(dtype=float) > 0
    faults = fault_where(
        TABLE, rows, "trip_km", has_trip & np.isnan(consumption), "needs a consumption",
        "give consumption_kwh_per_km of the EV, or the departure energy instead of a trip",
    )  # fmt: skip
    ordered = rows.assign(trip=rows["trip_km"].fillna(0.0) * consumption / 1e3, e_max=_e_max(net, rows))
    ordered = ordered[ordered["in_service"].to_numpy(dtype=bool)].sort_values(["ev", "arrival_h"], kind="stable")
    coupled_next = np.zeros(len(ordered), dtype=bool)
    same = ordered["ev"].to_numpy()[1:] == ordered["ev"].to_numpy()[:-1]
    coupled_next[:-1] = same & ordered["e_arrival_mwh"].isna().to_numpy()[1:]
    too_long = ordered.index[coupled_next & (ordered["trip"] > ordered["e_max"]).to_numpy()]
    remedy = "give the arrival energy of the next session (it charged on the way), or a shorter trip"
    problem = "uses more than the battery holds, and the next session's arrival energy follows from it"
    return faults + fault_where(TABLE, rows, "trip_km", rows.index.isin(too_long), problem, remedy)


def _check_forms(net: Any, rows: pd.DataFrame) -> list[Fault]:
    if "energy_mwh" not in rows:
        return []
    wrong = rows["energy_mwh"].notna() & rows["e_departure_mwh"].notna()
    return fault_where(TABLE, rows, "energy_mwh", wrong, "stands beside e_departure_mwh", "give one of the two")


def _e_max(net: Any, rows: pd.DataFrame) -> NDArray[np.float64]:
    """Battery of each session: its own, else its EV's."""
    of_ev = net["ev"]["max_e_mwh"].reindex(rows["ev"]).to_numpy(dtype=float)
    if "max_e_mwh" not in rows:
        return of_ev
    own = rows["max_e_mwh"].to_numpy(dtype=float)
    return np.where(np.isnan(own), of_ev, own)


EV_SESSION = TableSchema(
    TABLE,
    "Plug-in sessions; hours count from the start of the horizon and may lie outside it.",
    (
        Column("name", "str", "name of the session"),
        Column("ev", "int", "EV that is plugged in", required=True, references="ev"),
        Column("arrival_h", "float", "plugged in from here; rounds up to whole periods", "h", required=True),
        Column("departure_h", "float", "gone from here; rounds down to whole periods", "h", required=True),
        Column(
            "e_arrival_mwh", "float", "energy at max(arrival, 0); missing from an EV's second session on: what the "
            "session before left, less its trip", "MWh", default=np.nan, lower=0.0,
        ),
        Column("e_departure_mwh", "float", "energy needed at departure", "MWh", default=np.nan, lower=0.0),
        Column(
            "trip_km", "float", "trip after departure; without e_departure_mwh the need is min_e plus what it uses, at "
            "most the battery", "km", default=np.nan, lower=0.0,
        ),
        Column(
            "max_e_mwh", "float", "battery of this session's car", "MWh", default=np.nan, optional=True, above=0.0,
            upper=10.0, hint="give the battery in MWh (60 kWh is 0.060)",
        ),
        Column(
            "max_p_mw", "float", "charging power of this session's car or outlet", "MW", default=np.nan, optional=True,
            above=0.0, upper=10.0, hint="give the charging power in MW (11 kW is 0.011)",
        ),
        Column(
            "energy_mwh", "float", "energy to be charged: the need is the arrival energy plus this", "MWh",
            default=np.nan, optional=True, lower=0.0, upper=10.0, hint="give energy in MWh (12 kWh is 0.012)",
        ),
        Column("in_service", "bool", "takes part", default=True),
    ),
    (_check_windows, _check_overlaps, _check_energies, _check_trips, _check_forms),
)  # fmt: skip


def create_ev_session(
    net: Any,
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
                                          need at departure, in absolute terms, from the trip that follows (capped at
                                          the battery), or as energy on top of the arrival energy (then 0 if not given:
                                          charging points know no battery). None of them: the EV's min_e_mwh. A trip
                                          beside a departure energy only says what is driven before the next session
    max_e_mwh, max_p_mw : float           of this session's car or outlet, instead of the EV's
    start : timestamp                     start of the horizon, when arrival and departure are timestamps

    Returns
    -------
    int    index in net.ev_session

    Raises
    ------
    InvalidInputError    the net is unchanged

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
        energy_mwh=energy_mwh, max_e_mwh=max_e_mwh, max_p_mw=max_p_mw, start=start, name=name,
        index=None if index is None else [index], in_service=in_service, **kwargs,
    )  # fmt: skip
    return int(row[0])


def create_ev_sessions(
    net: Any,
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
    name: Any = None,
    index: Sequence[int] | None = None,
    in_service: Any = True,
    **kwargs: Any,
) -> NDArray[np.int64]:
    """Add many sessions at once; every argument of `create_ev_session` as a scalar or one value per session."""
    n = len(evs)
    battery = _battery(net, evs, max_e_mwh, n)
    arrival = _energy("arrival", e_arrival_mwh, soc_arrival_percent, battery, n)
    departure = _energy("departure", e_departure_mwh, soc_departure_percent, battery, n)
    energy = _numbers(energy_mwh, n)
    arrival = np.where(np.isnan(arrival) & ~np.isnan(energy), 0.0, arrival)
    values = {
        "name": name,
        "ev": evs,
        "arrival_h": as_hours(arrival_h, start),
        "departure_h": as_hours(departure_h, start),
        "e_arrival_mwh": arrival,
        "e_departure_mwh": departure,
        "trip_km": trip_km,
        "energy_mwh": energy_mwh,
        "max_e_mwh": max_e_mwh,
        "max_p_mw": max_p_mw,
        "in_service": in_service,
    }
    return create_rows(net, EV_SESSION, n, values, index=index, extra=kwargs)


def _battery(net: Any, evs: Sequence[int], max_e_mwh: Any, n: int) -> NDArray[np.float64]:
    """Battery that a state of charge refers to; NaN for unknown EVs, which the checks name."""
    own = _numbers(max_e_mwh, n)
    if "ev" not in net:
        return own
    return np.where(np.isnan(own), net["ev"]["max_e_mwh"].reindex(evs).to_numpy(dtype=float), own)


def _energy(when: str, e_mwh: Any, soc_percent: Any, battery: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Energy from either form, row by row."""
    energy, soc = _numbers(e_mwh, n), _numbers(soc_percent, n)
    column = f"soc_{when}_percent"
    conditions = (
        (~np.isnan(energy) & ~np.isnan(soc), f"stands beside e_{when}_mwh", "give one of the two"),
        ((soc > 0) & (soc < 1), "looks like a fraction", "give percent, for instance 40"),
        ((soc < 0) | (soc > 100), "is not between 0 and 100", "give percent of the battery"),
    )
    faults = []
    for wrong, problem, remedy in conditions:
        if np.any(wrong):
            shown = ", ".join(f"{value:g}" for value in soc[wrong][:5])
            faults.append(Fault(TABLE, column, tuple(np.flatnonzero(wrong).tolist()), shown, problem, remedy))
    if faults:
        raise InvalidInputError(faults)
    return np.where(np.isnan(soc), energy, soc / 100.0 * battery)


def _numbers(value: Any, n: int) -> NDArray[np.float64]:
    """n floats, NaN where nothing is given or where it is not a number (the checks of the table name that)."""
    if value is None:
        return np.full(n, np.nan)
    if np.ndim(value) == 0:
        value = [value] * n
    numbers = pd.to_numeric(pd.Series(list(value), dtype=object), errors="coerce").to_numpy(dtype=float)
    return numbers if len(numbers) == n else np.full(n, np.nan)
