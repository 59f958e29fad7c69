"""Charging sessions as stays of cars on outlets, and a count of what was wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.cpo.sessions.session_times import TABLE, Clock, read_instants
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.car_numbers import other_unit_faults
from pandapower_evflex.tables.faults import shown_values
from pandapower_evflex.tables.ids import Ids, read_ids
from pandapower_evflex.tables.kinds import gathered, raise_if
from pandapower_evflex.tables.overlaps import cut_at_next_plug_in, refuse_colliding
from pandapower_evflex.tables.session_columns import Cells, number_cells, session_columns, shown_heading
from pandapower_evflex.times.durations import duration_hours

Int64Array = IntArray

#: ns
HOUR = 3_600_000_000_000
UNKNOWN = pd.NaT.value

TIMES = ("arrival", "charging_end", "departure")
REQUIRED = ("arrival", "departure", "evse")

#: column -> its unit, and the factor to MWh and MW; without a charging end, a car charges at this power until it has
#: this energy
ENERGY = {"energy_mwh": ("MWh", 1.0), "energy_kwh": ("kWh", 1e-3)}
POWER = {"p_mw": ("MW", 1.0), "p_kw": ("kW", 1e-3)}
#: relative difference up to which two columns tell the same, rounded as files are
SAME = 1e-2
KNOWN = ("arrival", "charging_end", "departure", "evse", *ENERGY, *POWER)


@dataclass(frozen=True)
class OutletStays:
    """Stays by outlet and time; those of one outlet do not overlap.

    Parameters
    ----------
    row : int [n]                               outlet, from 0
    arrival, charging_end, departure : int [n]  instants in ns since 1970, in this order (any two may coincide)
    energy_mwh : float [n]                      charged; NaN where nothing tells
    evse : Index [n_outlets with a stay]        labels of the outlets
    clock : Clock                               of the site
    report : dict                               counts
    days : DatetimeIndex                        dates that the caller names, None where he names none
    """

    row: Int64Array
    arrival: Int64Array
    charging_end: Int64Array
    departure: Int64Array
    energy_mwh: FloatArray
    evse: pd.Index
    clock: Clock
    report: dict[str, int]
    days: pd.DatetimeIndex | None = None


def read_outlet_stays(
    sessions: pd.DataFrame,
    timezone: Any,
    columns: Mapping[str, Any] | None,
    dayfirst: bool | None = None,
    days: Any = None,
) -> OutletStays:
    """Stays from a table of sessions.

    A stay that lasts beyond the next plug-in at its outlet is cut there: the plug-in shows that the car had gone.
    Charging ends at departure where nothing says when, and in any case within the stay.

    Raises
    ------
    InvalidInputError    a missing column, times with and without a zone, no session that can be used
    """
    table = _named(sessions, columns)
    faults: list[Fault] = []
    with gathered(faults):
        read = read_instants({name: table[name] for name in TIMES if name in table}, timezone, dayfirst, days)
    with gathered(faults):
        hours = duration_hours(TABLE, "duration", table["duration"]) if "duration" in table else None
    with gathered(faults):
        outlets = read_ids(TABLE, "evse", table["evse"])
    energy, power = _only_of(table, ENERGY, faults), _only_of(table, POWER, faults)
    raise_if(faults)
    times = read.times if hours is None else read.times | _by_duration(read.times, hours)
    good, report = _good_rows(outlets, times)
    report |= read.report
    evse, row = np.unique(outlets.code[good], return_inverse=True)
    arrival, departure = times["arrival"].asi8[good], times["departure"].asi8[good]
    charging_end, charged = _charging_end(times, energy, power)[good], energy[good]
    order = np.lexsort((departure, arrival, row))
    row, arrival, departure, charging_end = row[order], arrival[order], departure[order], charging_end[order]
    charged = charged[order]
    named = {} if columns is None else dict(columns)
    place = named.get("evse", "evse")
    refuse_colliding(TABLE, "evse", place, "evse" in named, sessions.columns, row, arrival, departure)
    report["no charging end"] = int(np.sum(charging_end == UNKNOWN))
    charging_end = np.where(charging_end == UNKNOWN, departure, charging_end)
    report["charging end outside the stay"] = int(np.sum((charging_end < arrival) | (charging_end > departure)))
    gone = cut_at_next_plug_in(row, arrival, departure)
    report["overlaps"] = int(np.sum(gone < departure))
    charging_end = np.clip(charging_end, arrival, gone)
    return OutletStays(row, arrival, charging_end, gone, charged, outlets.labels[evse], read.clock, report, read.days)


def _named(sessions: Any, columns: Mapping[str, Any] | None) -> dict[str, Cells]:
    """The columns that the estimate reads, under their names here."""
    is_said = isinstance(columns, Mapping | pd.Series) and "duration" in columns
    known = {name: (name,) for name in (*KNOWN, "duration")}
    required = ("arrival", "evse") if is_said else REQUIRED
    cells = session_columns(TABLE, sessions, columns, known, required)
    if not is_said:
        cells.pop("duration", None)
    elif "departure" in cells and "charging_end" in cells:
        remedy = "leave the duration out, or the column of what it is to tell"
        raise InvalidInputError([Fault(TABLE, "duration", (), "the duration", "tells what two times tell", remedy)])
    tells_end = "charging_end" in cells or (is_said and "departure" in cells)
    if not tells_end and not (ENERGY.keys() & cells.keys() and POWER.keys() & cells.keys()):
        choice = ", ".join(map(shown_heading, sessions.columns))
        remedy = f'say which it is, columns={{"charging_end": ...}}, or give energy_kwh and p_kw: one of {choice}'
        raise InvalidInputError([Fault(TABLE, "charging_end", (), "the column", "is missing", remedy)])
    return cells


def _by_duration(times: Mapping[str, pd.DatetimeIndex], hours: FloatArray) -> dict[str, pd.DatetimeIndex]:
    """The end of charging where departures are known, else the departure, this long after the arrival."""
    name = "charging_end" if "departure" in times else "departure"
    known = times["arrival"].notna() & (np.abs(hours) < 876_000.0)  # a century is within int64 and longer than any stay
    end = np.full(len(hours), UNKNOWN)
    end[known] = times["arrival"].asi8[known] + np.rint(hours[known] * HOUR).astype(np.int64)
    return {name: pd.DatetimeIndex(end.view("datetime64[ns]"))}


def _good_rows(outlets: Ids, times: Mapping[str, pd.DatetimeIndex]) -> tuple[BoolArray, dict[str, int]]:
    """Which sessions tell where and when, and how many do not for which reason."""
    bad = {
        "no arrival": times["arrival"].isna(),
        "no departure": times["departure"].isna(),
        "no outlet": outlets.missing,
        "no duration": times["departure"] <= times["arrival"],
    }
    good, report = np.ones(len(outlets.code), dtype=bool), {"read": len(outlets.code)}
    for reason, wrong in bad.items():
        report[reason] = int(np.sum(good & wrong))
        good &= ~wrong
    report["bad rows"] = int(np.sum(~good))
    if not good.any():
        counts = ", ".join(f"{reason} {n}" for reason, n in report.items())
        remedy = "give sessions that arrive, leave later and name their outlet"
        raise InvalidInputError([Fault(TABLE, "", (), counts, "leaves no session", remedy)])
    return good, report


def _charging_end(times: Mapping[str, pd.DatetimeIndex], energy: FloatArray, power: FloatArray) -> Int64Array:
    """End of charging of each row [ns]: as given, else from energy and power, at once without energy, else UNKNOWN."""
    arrival = times["arrival"]
    end = times["charging_end"].asi8.copy() if "charging_end" in times else np.full(len(arrival), UNKNOWN)
    found = (end == UNKNOWN) & ((energy == 0) | (energy > 0) & (power > 0)) & arrival.notna()
    hours = np.divide(energy, power, out=np.zeros(len(arrival)), where=found & (power > 0))
    # a century is within int64 and longer than any stay
    end[found] = arrival.asi8[found] + (np.minimum(hours[found], 876_000.0) * HOUR).astype(np.int64)
    return end


def _only_of(table: Mapping[str, Cells], names: Mapping[str, tuple[str, float]], faults: list[Fault]) -> FloatArray:
    """The column of these that is there, in MWh or MW; NaN where none tells. Two must tell the same."""
    found = np.full(len(table["evse"]), np.nan)
    there = [name for name in names if name in table]
    for name in there:
        unit, factor = names[name]
        floats, wrong = number_cells(TABLE, name, table[name], unit)
        faults += wrong or other_unit_faults(TABLE, name, floats, unit)
        differs = ~np.isclose(floats * factor, found, rtol=SAME, atol=0.0, equal_nan=True)
        if name != there[0] and differs.any():
            rows, problem = tuple(table[name].index[differs].tolist()), f"is not what {there[0]} says"
            shown = shown_values(floats[differs].astype(object))
            faults.append(Fault(TABLE, name, rows, shown, problem, "leave one of the two columns out"))
        found = floats * factor
    return found
