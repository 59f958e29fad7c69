"""Every wrong table and profile that is refused: what is wrong, how it is made, and which table and column are named.

docs/bad_input.md lists the same, and a test keeps the two alike.
"""

from __future__ import annotations

import numpy as np
import pandapower.networks as nw
import pandas as pd

import pandapower_evflex as evf

N_PERIODS = 8


def good_net():
    """Two EVs with a session each on a Kerber net; everything is right."""
    net = nw.create_kerber_landnetz_freileitung_1()
    evf.create_evs(net, [5, 6], max_p_mw=0.011, max_e_mwh=0.06, min_e_mwh=0.01, consumption_kwh_per_km=0.17)
    evf.create_ev_sessions(net, [0, 1], [0.0, 0.5], [2.0, 1.5], e_arrival_mwh=0.03, trip_km=30.0)
    return net


def run(net, profiles=None, **kwargs):
    arguments = {"progress": False, **({} if profiles else {"n_periods": N_PERIODS}), **kwargs}
    return evf.run_flexibility_opf(net, profiles, **arguments)


def load_profile(net, n=N_PERIODS, **columns):
    frame = pd.DataFrame(0.001, index=range(n), columns=net.load.index)
    return frame.assign(**columns)


def edited(table, column, value, row=0):
    """A run on a net whose table was edited by hand."""

    def make(net):
        net[table][column] = net[table][column].astype(object)
        net[table].at[row, column] = value
        return run(net)

    return make


def profiled(change):
    """A run with a wrong load profile."""

    def make(net):
        return run(net, {("load", "p_mw"): change(load_profile(net))})

    return make


def with_gap(frame):
    frame.iloc[3, 2] = np.nan
    return frame


def with_infinity(frame):
    frame.iloc[3, 2] = np.inf
    return frame


def with_text(frame):
    frame = frame.astype(object)
    frame.iloc[0, 0] = "much"
    return frame


def uneven(frame):
    time = pd.date_range("2024-01-01", periods=N_PERIODS, freq="15min").to_list()
    return frame.set_axis(pd.DatetimeIndex([*time[:-1], time[-1] + pd.Timedelta("1h")]), axis=0)


def hourly(frame):
    return frame.set_axis(pd.date_range("2024-01-01", periods=N_PERIODS, freq="1h"), axis=0)


def without_column(table, column):
    def make(net):
        net[table] = net[table].drop(columns=column)
        return run(net)

    return make


def duplicate_index(table):
    def make(net):
        net[table] = pd.concat([net[table], net[table].iloc[:1]])
        return run(net)

    return make


def ev(bus=5, **values):
    """create_ev with one wrong value."""
    return lambda net: evf.create_ev(net, bus, **{"max_p_mw": 0.011, "max_e_mwh": 0.06, **values})


def session(arrival=3.0, departure=5.0, of=0, **values):
    return lambda net: evf.create_ev_session(net, of, arrival, departure, **{"e_arrival_mwh": 0.03, **values})


def offer(*args, **values):
    return lambda net: evf.create_flexibility(net, *args, **values)


def two_offers(net):
    evf.create_flexibility(net, "ev", 0, "up")
    return evf.create_flexibility(net, "ev", 0, "up")


def dropped_bus(net):
    net.ev.loc[1, "bus"] = 9999
    return run(net)


def dead_bus(net):
    net.bus.loc[5, "in_service"] = False
    return run(net)


def no_first_energy(net):
    net.ev_session.loc[1, "e_arrival_mwh"] = np.nan
    return run(net)


def no_evs(net):
    net.ev = net.ev.iloc[:0]
    net.ev_session = net.ev_session.iloc[:0]
    return run(net)


def second_characteristic(net):
    import pandapower as pp

    sgen = pp.create_sgen(net, 5, 0.01, sn_mva=0.01)
    evf.create_cos_phi_p(net, sgen)
    return evf.create_cos_phi_p(net, sgen)


def cyclic_too_long(net):
    net.ev_session.loc[0, "departure_h"] = 2.5
    return run(net, cyclic=True)


def weight(direction, value):
    return lambda net: run(net, weights={direction: value})


#: what is wrong -> (how, table named, column named)
BAD_INPUTS = {
    "an EV at a bus that does not exist": (ev(bus=9999), "ev", "bus"),
    "an EV whose bus was dropped from the net": (dropped_bus, "ev", "bus"),
    "an EV at a bus out of service": (dead_bus, "ev", "bus"),
    "an index that is taken": (ev(index=0), "ev", "index"),
    "an unknown standard type": (ev(std_type="Tesla Model Z"), "ev", "std_type"),
    "two phases": (ev(phases=2), "ev", "phases"),
    "no charging power": (ev(max_p_mw=None), "ev", "max_p_mw"),
    "no battery": (ev(max_e_mwh=None), "ev", "max_e_mwh"),
    "a charging power in kW": (ev(max_p_mw=11.0), "ev", "max_p_mw"),
    "a battery in kWh": (ev(max_e_mwh=60.0), "ev", "max_e_mwh"),
    "a negative charging power": (ev(max_p_mw=-0.011), "ev", "max_p_mw"),
    "a charging power that is no number": (ev(max_p_mw="eleven"), "ev", "max_p_mw"),
    "an infinite battery": (ev(max_e_mwh=np.inf), "ev", "max_e_mwh"),
    "a lower energy limit above the battery": (ev(min_e_mwh=0.07), "ev", "min_e_mwh"),
    "a negative lower energy limit": (ev(min_e_mwh=-0.01), "ev", "min_e_mwh"),
    "discharging": (ev(min_p_mw=-0.005), "ev", "min_p_mw"),
    "a least power above the greatest": (ev(min_p_mw=0.02), "ev", "min_p_mw"),
    "an efficiency given as a fraction": (ev(efficiency_percent=0.9), "ev", "efficiency_percent"),
    "an efficiency above 100 %": (ev(efficiency_percent=110.0), "ev", "efficiency_percent"),
    "a power factor of 0": (ev(cos_phi=0.0), "ev", "cos_phi"),
    "a power factor above 1": (ev(cos_phi=1.2), "ev", "cos_phi"),
    "a consumption in Wh/km": (ev(consumption_kwh_per_km=170.0), "ev", "consumption_kwh_per_km"),
    "controllable that is neither true nor false": (ev(controllable="yes"), "ev", "controllable"),
    "a site that does not exist": (ev(cpo=3), "ev", "cpo"),
    "values of the wrong number": (
        lambda net: evf.create_evs(net, [5, 6, 7], max_p_mw=[0.011, 0.011], max_e_mwh=0.06), "ev", "max_p_mw",
    ),
    "NaN in a table edited by hand": (edited("ev", "max_p_mw", np.nan), "ev", "max_p_mw"),
    "text in a table edited by hand": (edited("ev_session", "arrival_h", "noon"), "ev_session", "arrival_h"),
    "a missing column": (without_column("ev", "cos_phi"), "ev", "cos_phi"),
    "a duplicate index": (duplicate_index("ev"), "ev", "index"),
    "a run without EVs": (no_evs, "ev", ""),
    "a session of an unknown EV": (session(of=7), "ev_session", "ev"),
    "a departure before the arrival": (session(arrival=5.0, departure=3.0), "ev_session", "departure_h"),
    "a missing arrival": (session(arrival=np.nan), "ev_session", "arrival_h"),
    "overlapping sessions of one EV": (session(arrival=1.0, departure=3.0), "ev_session", "arrival_h"),
    "an arrival energy above the battery": (session(e_arrival_mwh=0.07), "ev_session", "e_arrival_mwh"),
    "a negative arrival energy": (session(e_arrival_mwh=-0.01), "ev_session", "e_arrival_mwh"),
    "a departure energy above the battery": (session(e_departure_mwh=0.07), "ev_session", "e_departure_mwh"),
    "a state of charge above 100 %": (
        session(e_arrival_mwh=None, soc_arrival_percent=120.0), "ev_session", "soc_arrival_percent",
    ),
    "a state of charge given as a fraction": (
        session(soc_departure_percent=0.8), "ev_session", "soc_departure_percent",
    ),
    "two forms of the arrival energy": (session(soc_arrival_percent=50.0), "ev_session", "soc_arrival_percent"),
    "two forms of the departure energy": (
        session(e_departure_mwh=0.05, energy_mwh=0.01), "ev_session", "energy_mwh",
    ),
    "a negative trip": (session(trip_km=-5.0), "ev_session", "trip_km"),
    "a trip of an EV without a consumption": (
        lambda net: (evf.create_ev(net, 7, max_p_mw=0.011, max_e_mwh=0.06), session(of=2, trip_km=30.0)(net)),
        "ev_session", "trip_km",
    ),
    "energy that does not fit the battery": (session(energy_mwh=0.05), "ev_session", "energy_mwh"),
    "a trip that empties the battery before a coupled session": (
        lambda net: evf.create_ev_sessions(
            net, [0, 0], [3.0, 6.0], [5.0, 7.0], e_arrival_mwh=[0.03, None], trip_km=[900.0, 0.0]
        ),
        "ev_session", "trip_km",
    ),
    "no arrival energy in the first session": (no_first_energy, "ev_session", "e_arrival_mwh"),
    "a cyclic session longer than the horizon": (cyclic_too_long, "ev_session", "departure_h"),
    "an offer of an unknown kind of element": (offer("bus", 0, "up"), "flexibility", "element_type"),
    "an offer of an unknown EV": (offer("ev", 7, "up"), "flexibility", "element"),
    "an offer in an unknown direction": (offer("ev", 0, "sideways"), "flexibility", "direction"),
    "duplicate offers": (two_offers, "flexibility", "element"),
    "an offer with a negative weight": (offer("ev", 0, "up", weight=-1.0), "flexibility", "weight"),
    "an offer capped at nothing": (offer("ev", 0, "up", max_p_mw=0.0), "flexibility", "max_p_mw"),
    "a characteristic of an unknown generator": (lambda net: evf.create_cos_phi_p(net, 99), "cos_phi_p", "sgen"),
    "two characteristics of one generator": (second_characteristic, "cos_phi_p", "sgen"),
    "neither profiles nor n_periods": (lambda net: run(net, n_periods=None), "profiles", "n_periods"),
    "a profile of the wrong length": (
        lambda net: run(net, {("load", "p_mw"): load_profile(net)}, n_periods=9), "profiles", "n_periods",
    ),
    "profiles of different lengths": (
        lambda net: run(net, {("load", "p_mw"): load_profile(net), ("load", "q_mvar"): load_profile(net, 7)}),
        "profiles", "",
    ),
    "a profile of unknown elements": (
        profiled(lambda frame: frame.rename(columns={0: 999})), "profiles[load.p_mw]", "columns",
    ),
    "a profile with one element twice": (
        profiled(lambda frame: pd.concat([frame, frame[[0]]], axis=1)), "profiles[load.p_mw]", "columns",
    ),
    "a profile with gaps": (profiled(with_gap), "profiles[load.p_mw]", "2"),
    "an infinite profile": (profiled(with_infinity), "profiles[load.p_mw]", "2"),
    "a profile that is no number": (profiled(with_text), "profiles[load.p_mw]", ""),
    "a profile of something else": (
        lambda net: run(net, {("line", "max_i_ka"): load_profile(net)}), "profiles", "('line', 'max_i_ka')",
    ),
    "an uneven DatetimeIndex": (profiled(uneven), "profiles", "index"),
    "a period length that contradicts the index": (
        lambda net: run(net, {("load", "p_mw"): hourly(load_profile(net))}, period_h=0.25), "profiles", "period_h",
    ),
    "a period of no length": (lambda net: run(net, period_h=0.0), "profiles", "period_h"),
    "half a period": (lambda net: run(net, n_periods=7.5), "profiles", "n_periods"),
    "an unknown scenario": (
        lambda net: run(net, scenarios=("up", "sideways")), "run_flexibility_opf", "scenarios",
    ),
    "an unknown method": (lambda net: run(net, method="quick"), "run_flexibility_opf", "method"),
    "a tolerance of 0": (lambda net: run(net, tol=0.0), "run_flexibility_opf", "tol"),
    "a line limit of 0 %": (
        lambda net: run(net, max_line_loading_percent=0.0), "run_flexibility_opf", "max_line_loading_percent",
    ),
    "a negative weight": (weight("up", -1.0), "run_flexibility_opf", "weights['up']"),
    "weights of the wrong length": (weight("down", [1.0, 2.0]), "run_flexibility_opf", "weights['down']"),
    "weights of an unknown direction": (weight("left", 1.0), "run_flexibility_opf", "weights"),
    "weights of an unknown EV": (
        weight("up", pd.DataFrame(1.0, index=range(N_PERIODS), columns=[42])), "run_flexibility_opf", "weights['up']",
    ),
}  # fmt: skip
