"""What must hold for plug-in sessions together and with their EVs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray, Net
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.faults import fault_where, numbers_of

TABLE = "ev_session"

#: energy [MWh] above the battery that counts as rounding
ENERGY_TOLERANCE = 1e-12

#: overlap [h] up to which two sessions touch
TIME_TOLERANCE = 1e-9


def battery_of(net: Net, rows: pd.DataFrame) -> FloatArray:
    """Battery [MWh] of each session: its own, else its EV's."""
    return _own_or(rows, "max_e_mwh", numbers_of(net, "ev", "max_e_mwh", rows["ev"]))


def _own_or(rows: pd.DataFrame, column: str, other: FloatArray) -> FloatArray:
    if column not in rows:
        return other
    own = rows[column].to_numpy(dtype=float)
    return np.where(np.isnan(own), other, own)


def _in_order(rows: pd.DataFrame) -> tuple[IntArray, BoolArray]:
    """Positions of the sessions in service, EV by EV in order of arrival, and which of them are the first of an EV."""
    ev, arrival = (rows[name].to_numpy(dtype=float) for name in ("ev", "arrival_h"))
    used = np.flatnonzero(rows["in_service"].to_numpy(dtype=bool))
    order = used[np.lexsort((arrival[used], ev[used]))]
    return order, np.diff(ev[order], prepend=np.nan) != 0


def check_windows(net: Net, rows: pd.DataFrame) -> list[Fault]:
    wrong = rows["arrival_h"] >= rows["departure_h"]
    remedy = (
        "let the departure lie after the arrival; past midnight, hours go on counting (31 is 07:00 of the next day)"
    )
    return fault_where(TABLE, rows, "departure_h", wrong, "does not lie after the arrival", remedy)


def check_overlaps(net: Net, rows: pd.DataFrame) -> list[Fault]:
    order, is_first = _in_order(rows)
    arrival, departure = (rows[name].to_numpy(dtype=float)[order] for name in ("arrival_h", "departure_h"))
    by_departure = np.argsort(departure, kind="stable")
    rank = np.argsort(by_departure, kind="stable") + len(order) * np.cumsum(is_first)  # an EV ranks above those before
    ended = departure[by_departure[np.maximum.accumulate(rank) % max(len(order), 1)]]
    wrong = np.zeros(len(rows), dtype=bool)
    wrong[order[1:]] = ~is_first[1:] & (arrival[1:] < ended[:-1] - TIME_TOLERANCE)
    remedy = "let each session of an EV end before its next begins"
    problem = "lies before the end of an earlier session of the same EV"
    return fault_where(TABLE, rows, "arrival_h", wrong, problem, remedy)


def check_forms(net: Net, rows: pd.DataFrame) -> list[Fault]:
    """Energy counted from the arrival needs an arrival energy, and no other departure form."""
    if "energy_mwh" not in rows:
        return []
    given = rows["energy_mwh"].notna()
    other = rows["e_departure_mwh"].notna() | (rows["trip_km"] > 0)
    problem = "stands beside another form of the need"
    remedy = "give one of energy_mwh, e_departure_mwh, soc_departure_percent and trip_km"
    faults = fault_where(TABLE, rows, "energy_mwh", given & other, problem, remedy)
    missing = given & rows["e_arrival_mwh"].isna()
    remedy = "give the energy from which energy_mwh counts; 0 where no battery is known"
    return faults + fault_where(TABLE, rows, "e_arrival_mwh", missing, "is missing beside energy_mwh", remedy)


def check_energies(net: Net, rows: pd.DataFrame) -> list[Fault]:
    e_max = battery_of(net, rows) + ENERGY_TOLERANCE
    remedy = "give no more than the battery holds (max_e_mwh of the session or of the EV)"
    faults = []
    for column in ("e_arrival_mwh", "e_departure_mwh"):
        faults += fault_where(TABLE, rows, column, rows[column] > e_max, "is above the battery", remedy)
    if "energy_mwh" in rows:
        e_end = rows["e_arrival_mwh"] + rows["energy_mwh"]
        remedy = "give max_e_mwh of the session, at least arrival energy plus energy_mwh"
        problem = "with the arrival energy is above the battery"
        faults += fault_where(TABLE, rows, "energy_mwh", e_end > e_max, problem, remedy)
    return faults


def check_powers(net: Net, rows: pd.DataFrame) -> list[Fault]:
    if "max_p_mw" not in rows:
        return []
    wrong = rows["max_p_mw"] < numbers_of(net, "ev", "min_p_mw", rows["ev"])
    remedy = "lower min_p_mw of the EV, or give the session more"
    return fault_where(TABLE, rows, "max_p_mw", wrong, "is below min_p_mw of the EV", remedy)


def check_trips(net: Net, rows: pd.DataFrame) -> list[Fault]:
    """A trip needs a consumption, and one that leads to a session without arrival energy must fit the battery."""
    if not (rows["trip_km"] > 0).any() or "consumption_kwh_per_km" not in net["ev"]:
        return []
    consumption = numbers_of(net, "ev", "consumption_kwh_per_km", rows["ev"])
    remedy = "give consumption_kwh_per_km of the EV, or the departure energy instead of a trip"
    faults = fault_where(
        TABLE, rows, "trip_km", (rows["trip_km"] > 0) & np.isnan(consumption), "needs a consumption", remedy
    )
    used = rows["trip_km"].to_numpy(dtype=float) * consumption / 1e3
    too_long = used > battery_of(net, rows) + ENERGY_TOLERANCE
    order, is_first = _in_order(rows)
    follows = ~is_first & rows["e_arrival_mwh"].isna().to_numpy()[order]
    wrong = np.zeros(len(rows), dtype=bool)
    wrong[order[:-1]] = too_long[order[:-1]] & follows[1:]
    problem = "uses more than the battery holds, and the next session's arrival energy follows from it"
    remedy = "give the arrival energy of the next session (it charged on the way), or a shorter trip"
    return faults + fault_where(TABLE, rows, "trip_km", wrong, problem, remedy)


def first_session_faults(net: Net) -> list[Fault]:
    """First sessions of EVs in service that do not say with what energy the EV comes; the tables are right else."""
    rows, ev = net["ev_session"], net["ev"]
    order, is_first = _in_order(rows)
    wrong = np.zeros(len(rows), dtype=bool)
    wrong[order[is_first]] = rows["e_arrival_mwh"].isna().to_numpy()[order[is_first]]
    wrong &= rows["ev"].isin(ev.index[ev["in_service"].to_numpy(dtype=bool)]).to_numpy()
    return fault_where(
        TABLE, rows, "e_arrival_mwh", wrong, "is missing in the first session of its EV",
        "give e_arrival_mwh or soc_arrival_percent", value="the value",
    )  # fmt: skip


CHECKS = (check_windows, check_overlaps, check_forms, check_energies, check_powers, check_trips)
