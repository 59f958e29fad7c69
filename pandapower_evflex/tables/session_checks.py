"""What must hold for plug-in sessions together and with their EVs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray, Net
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


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Sessions in service, EV by EV in order of arrival."""
    return rows[rows["in_service"].to_numpy(dtype=bool)].sort_values(["ev", "arrival_h"], kind="stable")


def check_windows(net: Net, rows: pd.DataFrame) -> list[Fault]:
    wrong = rows["arrival_h"] >= rows["departure_h"]
    remedy = (
        "let the departure lie after the arrival; past midnight, hours go on counting (31 is 07:00 of the next day)"
    )
    return fault_where(TABLE, rows, "departure_h", wrong, "does not lie after the arrival", remedy)


def check_overlaps(net: Net, rows: pd.DataFrame) -> list[Fault]:
    used = _in_order(rows)
    ended = used.groupby("ev")["departure_h"].cummax().groupby(used["ev"]).shift()
    labels = used.index[used["arrival_h"] < ended - TIME_TOLERANCE]
    remedy = "let each session of an EV end before its next begins"
    problem = "lies before the end of an earlier session of the same EV"
    return fault_where(TABLE, rows, "arrival_h", rows.index.isin(labels), problem, remedy)


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
    too_long = rows["trip_km"] * consumption / 1e3 > battery_of(net, rows) + ENERGY_TOLERANCE
    used = _in_order(rows.assign(too_long=too_long))
    next_follows = used.groupby("ev")["ev"].shift(-1).notna() & used["e_arrival_mwh"].isna().shift(-1, fill_value=False)
    labels = used.index[used["too_long"] & next_follows]
    problem = "uses more than the battery holds, and the next session's arrival energy follows from it"
    remedy = "give the arrival energy of the next session (it charged on the way), or a shorter trip"
    return faults + fault_where(TABLE, rows, "trip_km", rows.index.isin(labels), problem, remedy)


def first_session_faults(net: Net) -> list[Fault]:
    """First sessions of EVs in service that do not say with what energy the EV comes; the tables are right else."""
    rows, ev = net["ev_session"], net["ev"]
    used = _in_order(rows[rows["ev"].isin(ev.index[ev["in_service"].to_numpy(dtype=bool)])])
    first = used[~used.duplicated("ev")]
    labels = first.index[first["e_arrival_mwh"].isna()]
    return fault_where(
        TABLE, rows, "e_arrival_mwh", rows.index.isin(labels), "is missing in the first session of its EV",
        "give e_arrival_mwh or soc_arrival_percent", value="the value",
    )  # fmt: skip


CHECKS = (check_windows, check_overlaps, check_forms, check_energies, check_powers, check_trips)
