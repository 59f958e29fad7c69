"""Wrong sessions of charging sites, and wrong arguments of the rates from them."""

from __future__ import annotations

import numpy as np
import pandas as pd

import pandapower_evflex as evf
from tests.tables.bad import Bad

RATES, SESSIONS = "cpo_rates_from_sessions", "sessions"


def sessions(**cells):
    """Two sessions, with other cells; None drops a column."""
    table = {
        "arrival": ["2024-05-14 08:00", "2024-05-15 09:00"],
        "charging_end": ["2024-05-14 11:00", "2024-05-15 10:00"],
        "departure": ["2024-05-14 17:00", "2024-05-15 12:00"],
        "evse": ["A1", "A2"],
    }
    return pd.DataFrame({name: values for name, values in {**table, **cells}.items() if values is not None})


def rates(table=None, n_evse=2, **options):
    return lambda net: evf.cpo_rates_from_sessions(sessions() if table is None else table, n_evse, **options)


def argument(column, remedy, **options):
    return Bad(rates(**options), RATES, column, (), remedy)


def cells(column, rows, remedy, **changed):
    return Bad(rates(sessions(**changed)), SESSIONS, column, rows, remedy)


BAD_SITE_SESSIONS = {
    "sessions that are no table": Bad(rates(sessions().to_dict()), SESSIONS, "", (), "one row per session"),
    "sessions without an outlet": cells("evse", (), 'columns={"evse": ...}', evse=None),
    "powers of sessions in W": cells("p_kw", (), "give numbers in kW", energy_kwh=[10.0, 20.0], p_kw=[11e3, 22e3]),
    "energies of sessions in kWh for MWh": cells(
        "energy_mwh", (), "give numbers in MWh", energy_mwh=[10.0, 20.0], p_kw=[11.0, 22.0]
    ),
    "energies of sessions told in two ways": cells(
        "energy_kwh",
        (1,),
        "leave one of the two columns out",
        energy_mwh=[0.01, 0.02],
        energy_kwh=[10.0, 30.0],
        p_kw=[11.0, 22.0],
    ),  # fmt: skip
    "sessions without an end of charging": cells("charging_end", (), "or give energy_kwh and p_kw", charging_end=None),
    "sessions with a column twice": Bad(
        rates(pd.concat([sessions(), sessions()[["evse"]]], axis=1)), SESSIONS, "evse", (), "say which it is"
    ),
    "no sessions": Bad(rates(sessions().iloc[:0]), SESSIONS, "", (), "arrive, leave later and name their outlet"),
    "arrivals as hours": cells("arrival", (0, 1), "give date and time", arrival=[8.0, 9.0]),
    "departures before the arrivals": cells("", (), "arrive, leave later", departure="2024-05-14 07:00"),
    "outlets without names": cells("", (), "name their outlet", evse=np.nan),
    "outlets that are lists": cells("evse", (), "a name or a number", evse=[["A1"], ["A2"]]),
    "some times with a time zone": cells(
        "arrival", (0,), "all times with a time zone", arrival=["2024-05-14 08:00", "2024-05-15T09:00+02:00"]
    ),
    "one column with a time zone": cells(
        "charging_end", (), "or say timezone=", arrival=pd.to_datetime(sessions().arrival).dt.tz_localize("UTC")
    ),
    "more outlets in the sessions than at the site": Bad(rates(n_evse=1), SESSIONS, "evse", (), "or its sessions only"),
    "a site of no outlets": argument("n_evse", "1 or more", n_evse=0),
    "a site of two and a half outlets": argument("n_evse", "1 or more", n_evse=2.5),
    "a number of outlets as text": argument("n_evse", "1 or more", n_evse="2"),
    "periods of 7 h": argument("period_h", "0.25 for quarter hours", period_h=7),
    "periods in minutes": argument("period_h", "0.25 for quarter hours", period_h=15),
    "periods of sessions as text": argument("period_h", "0.25 for quarter hours", period_h="15min"),
    "periods of NaN": argument("period_h", "0.25 for quarter hours", period_h=np.nan),
    "a time zone that does not exist": Bad(rates(timezone="Mars"), SESSIONS, "timezone", (), '"Europe/Berlin"'),
    "a time zone as hours": Bad(rates(timezone=2), SESSIONS, "timezone", (), '"Europe/Berlin"'),
    "an unknown type of days": argument("days", "weekdays, weekends, all", days="monday"),
    "a type of days that the sessions do not have": argument("days", "weekdays, weekends, all", days="weekends"),
    "days that are missing": argument("days", "give a list of dates", days=[None]),
    "a column under an unknown name": Bad(rates(columns={"start": "arrival"}), "columns", "start", (), "use arrival"),
    "a name that no column has": Bad(rates(columns={"evse": "box"}), SESSIONS, "evse", (), "say which it is"),
    "names of columns as a list": Bad(rates(columns=["arrival"]), "columns", "", (), '"plugged_in"'),
}
