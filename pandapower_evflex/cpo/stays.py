"""Charging sessions as stays of cars on outlets, and a count of what was wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pandapower_evflex.cpo.session_times import TABLE, Clock, read_instants
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.faults import shown_values

Int64Array = NDArray[np.int64]

#: ns
HOUR = 3_600_000_000_000
UNKNOWN = pd.NaT.value

TIMES = ("arrival", "charging_end", "departure")
REQUIRED = ("arrival", "departure", "evse")

#: column -> factor to MWh and MW; without a charging end, a car charges at this power until it has this energy
ENERGY = {"energy_mwh": 1.0, "energy_kwh": 1e-3}
POWER = {"p_mw": 1.0, "p_kw": 1e-3}
KNOWN = ("arrival", "charging_end", "departure", "evse", *ENERGY, *POWER)


@dataclass(frozen=True)
class Stays:
    """Stays by outlet and time; those of one outlet do not overlap.

    Parameters
    ----------
    row : int [n]                               outlet, from 0
    arrival, charging_end, departure : int [n]  instants in ns since 1970, in this order (any two may coincide)
    evse : Index [n_outlets with a stay]        labels of the outlets
    clock : Clock                               of the site
    report : dict                               counts
    """

    row: Int64Array
    arrival: Int64Array
    charging_end: Int64Array
    departure: Int64Array
    evse: pd.Index
    clock: Clock
    report: dict[str, int]


def read_stays(sessions: pd.DataFrame, timezone: Any, columns: Mapping[str, str] | None) -> Stays:
    """Stays from a table of sessions.

    A stay that lasts beyond the next plug-in at its outlet is cut there: the plug-in shows that the car had gone.
    Charging ends at departure where nothing says when, and in any case within the stay.

    Raises
    ------
    InvalidInputError    a missing column, times with and without a zone, no session that can be used
    """
    table = _named(sessions, columns)
    times, clock = read_instants({name: table[name] for name in TIMES if name in table}, timezone)
    good, report = _good_rows(table, times)
    row, labels = _outlets(table["evse"][good])
    arrival, departure = times["arrival"].asi8[good], times["departure"].asi8[good]
    charging_end = _charging_end(table, times)[good]
    order = np.lexsort((departure, arrival, row))
    row, arrival, departure, charging_end = row[order], arrival[order], departure[order], charging_end[order]
    report["no charging end"] = int(np.sum(charging_end == UNKNOWN))
    charging_end = np.where(charging_end == UNKNOWN, departure, charging_end)
    report["charging end outside the stay"] = int(np.sum((charging_end < arrival) | (charging_end > departure)))
    gone = departure.copy()
    gone[:-1] = np.where(row[1:] == row[:-1], np.minimum(gone[:-1], arrival[1:]), gone[:-1])
    report["overlaps"] = int(np.sum(gone < departure))
    return Stays(row, arrival, np.clip(charging_end, arrival, gone), gone, pd.Index(labels), clock, report)


def _named(sessions: Any, columns: Mapping[str, str] | None) -> pd.DataFrame:
    """The columns that the estimate reads, under their names here."""
    if not isinstance(sessions, pd.DataFrame):
        remedy = "give a DataFrame with one row per session"
        raise InvalidInputError([Fault(TABLE, "", (), f"a {type(sessions).__name__}", "is not a table", remedy)])
    if columns is not None and not isinstance(columns, (Mapping, pd.Series)):
        remedy = 'give names as {"arrival": "plugged_in", ...}'
        raise InvalidInputError([Fault("columns", "", (), repr(columns), "are no names of columns", remedy)])
    given = {} if columns is None else dict(columns)
    names = {name: given.get(name, name) for name in KNOWN}
    faults = [
        Fault("columns", str(name), (), "the name", "is not known", f"use {', '.join(KNOWN)}")
        for name in given
        if name not in KNOWN
    ]
    choice = ", ".join(map(str, sessions.columns))
    n_of = {name: list(sessions.columns).count(column) for name, column in names.items()}
    for name in (name for name in KNOWN if n_of[name] != 1 and (n_of[name] or name in REQUIRED or name in given)):
        value, remedy = f"the column {names[name]!r}", f'say which it is, columns={{"{name}": ...}}: one of {choice}'
        faults.append(Fault(TABLE, name, (), value, "is there twice" if n_of[name] else "is missing", remedy))
    if not n_of["charging_end"] and "charging_end" not in given and not (_any(n_of, ENERGY) and _any(n_of, POWER)):
        remedy = f'say which it is, columns={{"charging_end": ...}}, or give energy_kwh and p_kw: one of {choice}'
        faults.append(Fault(TABLE, "charging_end", (), "the column", "is missing", remedy))
    if faults:
        raise InvalidInputError(faults)
    return pd.DataFrame({name: sessions[column] for name, column in names.items() if n_of[name]})


def _any(n_of: Mapping[str, int], names: Mapping[str, float]) -> bool:
    return any(n_of[name] for name in names)


def _good_rows(table: pd.DataFrame, times: Mapping[str, pd.DatetimeIndex]) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Which sessions tell where and when, and how many do not for which reason."""
    bad = {
        "no arrival": times["arrival"].isna(),
        "no departure": times["departure"].isna(),
        "no outlet": table["evse"].isna().to_numpy(),
        "no duration": times["departure"] <= times["arrival"],
    }
    good, report = np.ones(len(table), dtype=bool), {"read": len(table)}
    for reason, wrong in bad.items():
        report[reason] = int(np.sum(good & wrong))
        good &= ~wrong
    report["bad rows"] = int(np.sum(~good))
    if not good.any():
        counts = ", ".join(f"{reason} {n}" for reason, n in report.items())
        remedy = "give sessions that arrive, leave later and name their outlet"
        raise InvalidInputError([Fault(TABLE, "", (), counts, "leaves no session", remedy)])
    return good, report


def _outlets(evse: pd.Series) -> tuple[Int64Array, NDArray[Any]]:
    """Number of the outlet of each session from 0, and the labels of the outlets."""
    try:
        return pd.factorize(evse.to_numpy(dtype=object), sort=True)
    except TypeError as error:
        remedy = "give each outlet a name or a number"
        raise InvalidInputError([Fault(TABLE, "evse", (), shown_values(evse), "are no labels", remedy)]) from error


def _charging_end(table: pd.DataFrame, times: Mapping[str, pd.DatetimeIndex]) -> Int64Array:
    """End of charging of each row [ns]: as given, else from energy and power, else UNKNOWN."""
    end = times["charging_end"].asi8.copy() if "charging_end" in times else np.full(len(table), UNKNOWN)
    energy, power = _in_unit(table, ENERGY), _in_unit(table, POWER)
    found = (end == UNKNOWN) & (energy >= 0) & (power > 0) & times["arrival"].notna()
    hours = np.divide(energy, power, out=np.zeros(len(table)), where=found)
    # a century is within int64 and longer than any stay
    end[found] = times["arrival"].asi8[found] + (np.minimum(hours[found], 876_000.0) * HOUR).astype(np.int64)
    return end


def _in_unit(table: pd.DataFrame, factors: Mapping[str, float]) -> NDArray[np.float64]:
    """The first of the columns that is there, in its unit; NaN where none tells."""
    for name, factor in factors.items():
        if name in table:
            return pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float) * factor
    return np.full(len(table), np.nan)
