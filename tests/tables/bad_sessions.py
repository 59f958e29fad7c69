"""Wrong sessions."""

from __future__ import annotations

import numpy as np
import pandas as pd

import pandapower_evflex as evf
from tests.tables.bad import Bad

START = "2024-05-14 12:00"


def session(arrival=3.0, departure=5.0, of=0, **values):
    """create_ev_session, which would be row 2, with one wrong value."""
    return lambda net: evf.create_ev_session(net, of, arrival, departure, **{"e_arrival_mwh": 0.03, **values})


def sessions(evs=(0, 0), arrival=(3.0, 6.0), departure=(5.0, 7.0), **values):
    """create_ev_sessions, which would be rows 2 and 3."""
    return lambda net: evf.create_ev_sessions(net, evs, arrival, departure, **{"e_arrival_mwh": 0.03, **values})


def ev_without_consumption(net):
    evf.create_ev(net, 7, max_p_mw=0.011, max_e_mwh=0.06)


def ev_with_least_power(net):
    evf.create_ev(net, 7, max_p_mw=0.011, max_e_mwh=0.06, min_p_mw=0.004)


BAD_SESSIONS = {
    "a session of an unknown EV": Bad(session(of=7), "ev_session", "ev", (2,), "use an index of net.ev"),
    "a departure before the arrival": Bad(
        session(arrival=5.0, departure=3.0), "ev_session", "departure_h", (2,), "31 is 07:00 of the next day"
    ),
    "a session of no length": Bad(session(departure=3.0), "ev_session", "departure_h", (2,), "after the arrival"),
    "a missing arrival": Bad(session(arrival=np.nan), "ev_session", "arrival_h", (2,), "give a value"),
    "an arrival as text": Bad(session(arrival="noon"), "ev_session", "arrival_h", (2,), "together with start="),
    "timestamps without a start": Bad(
        session(pd.Timestamp(START), 5.0), "ev_session", "arrival_h", (2,), "together with start="
    ),
    "a timestamp that is none": Bad(
        session("noonish", "2024-05-14 17:00", start=START), "ev_session", "arrival_h", (2,), "give date and time"
    ),
    "a start that is not a timestamp": Bad(
        session("2024-05-14 14:00", 5.0, start="noonish"), "ev_session", "start", (), "give date and time"
    ),
    "naive timestamps and a start with a time zone": Bad(
        session("2024-05-14 14:00", 5.0, start=pd.Timestamp(START, tz="Europe/Berlin")),
        "ev_session", "arrival_h", (2,), "with a time zone",
    ),
    "overlapping sessions of one EV": Bad(
        session(arrival=1.0, departure=3.0), "ev_session", "arrival_h", (2,), "before its next begins"
    ),
    "overlapping sessions created at once": Bad(
        sessions(arrival=[3.0, 4.0]), "ev_session", "arrival_h", (3,), "before its next begins"
    ),
    "a session within a long one that began earlier": Bad(
        sessions(arrival=[4.0, 8.0], departure=[5.0, 9.0]), "ev_session", "arrival_h", (3, 4), "its next begins",
        before=session(arrival=3.0, departure=24.0),
    ),
    "an arrival energy above the battery": Bad(
        session(e_arrival_mwh=0.07), "ev_session", "e_arrival_mwh", (2,), "than the battery holds"
    ),
    "a negative arrival energy": Bad(session(e_arrival_mwh=-0.01), "ev_session", "e_arrival_mwh", (2,), "or more"),
    "an arrival energy as text": Bad(
        session(e_arrival_mwh="half"), "ev_session", "e_arrival_mwh", (2,), "without quotes"
    ),
    "arrival energies of another number than sessions": Bad(
        sessions(e_arrival_mwh=[0.03] * 3), "ev_session", "e_arrival_mwh", (), "or one each"
    ),
    "a departure energy above the battery": Bad(
        session(e_departure_mwh=0.07), "ev_session", "e_departure_mwh", (2,), "than the battery holds"
    ),
    "a departure energy above this session's battery": Bad(
        session(e_departure_mwh=0.05, max_e_mwh=0.04), "ev_session", "e_departure_mwh", (2,), "max_e_mwh of the session"
    ),
    "a state of charge above 100 %": Bad(
        session(e_arrival_mwh=None, soc_arrival_percent=120.0),
        "ev_session", "soc_arrival_percent", (2,), "percent of the battery",
    ),
    "a negative state of charge": Bad(
        session(soc_departure_percent=-5.0), "ev_session", "soc_departure_percent", (2,), "percent of the battery"
    ),
    "a state of charge given as a fraction": Bad(
        session(soc_departure_percent=0.8), "ev_session", "soc_departure_percent", (2,), "40, not 0.4"
    ),
    "two forms of the arrival energy": Bad(
        session(soc_arrival_percent=50.0), "ev_session", "soc_arrival_percent", (2,), "give one of the two"
    ),
    "energy and state of charge at departure": Bad(
        session(e_departure_mwh=0.05, soc_departure_percent=80.0),
        "ev_session", "soc_departure_percent", (2,), "give one of the two",
    ),
    "charged energy beside a departure energy": Bad(
        session(e_departure_mwh=0.05, energy_mwh=0.01), "ev_session", "energy_mwh", (2,), "give one of energy_mwh"
    ),
    "charged energy beside a trip": Bad(
        session(trip_km=30.0, energy_mwh=0.01), "ev_session", "energy_mwh", (2,), "give one of energy_mwh"
    ),
    "a negative trip": Bad(session(trip_km=-5.0), "ev_session", "trip_km", (2,), "give 0 km or more"),
    "a trip of an EV without a consumption": Bad(
        session(of=2, trip_km=30.0), "ev_session", "trip_km", (2,), "give consumption_kwh_per_km",
        ev_without_consumption,
    ),
    "charged energy that does not fit the battery": Bad(
        session(energy_mwh=0.05), "ev_session", "energy_mwh", (2,), "give max_e_mwh of the session"
    ),
    "charged energy in kWh": Bad(session(energy_mwh=12.0), "ev_session", "energy_mwh", (2,), "12 kWh is 0.012"),
    "a charging power of a session in kW": Bad(
        session(max_p_mw=22.0), "ev_session", "max_p_mw", (2,), "11 kW is 0.011"
    ),
    "a session's power below the least power of its EV": Bad(
        session(of=2, max_p_mw=0.003), "ev_session", "max_p_mw", (2,), "lower min_p_mw of the EV", ev_with_least_power
    ),
    "a trip that empties the battery before a session that follows from it": Bad(
        sessions(e_arrival_mwh=[0.03, None], trip_km=[900.0, 0.0]),
        "ev_session", "trip_km", (2,), "give the arrival energy of the next session",
    ),
    "a slip in a session argument's name": Bad(session(soc_arrival=40.0), "ev_session", "soc_arrival", (), "_percent"),
}  # fmt: skip
