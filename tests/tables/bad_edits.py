"""Tables that were right when they were created, and that hands or pandapower's toolbox spoilt before the run."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pandas as pd

import pandapower_evflex as evf
from tests.tables.bad import Bad, edited, run


def spoilt(table, column, rows, remedy, before):
    """The run refuses it."""
    return Bad(run, table, column, rows, remedy, before)


def dropped_bus(net):
    pp.toolbox.drop_buses(net, [6])


def dead_bus(net):
    net.bus.loc[6, "in_service"] = False


def no_evs(net):
    net.ev = net.ev.iloc[:0]
    net.ev_session = net.ev_session.iloc[:0]


def dropped_ev(net):
    net.ev = net.ev.drop(1)


def without_column(table, column):
    def drop(net):
        net[table] = net[table].drop(columns=column)

    return drop


def new_column(table, column, value):
    def add(net):
        if table == "flexibility":
            evf.create_flexibilities(net, "ev", [0], "up")
        net[table][column] = value

    return add


def column_twice(net):
    net.ev = pd.concat([net.ev, net.ev[["max_p_mw"]]], axis=1)


def index_twice(net):
    net.ev = pd.concat([net.ev, net.ev.iloc[:1]])


def index_of_names(net):
    net.ev.index = ["a", "b"]


def no_table(net):
    net["ev"] = {"bus": [5, 6]}


def offer_of_dropped_ev(net):
    evf.create_flexibilities(net, "ev", [0, 1], "up")
    net.ev_session = net.ev_session.drop(1)
    dropped_ev(net)


def characteristic_of_dropped_sgen(net):
    evf.create_cos_phi_p(net, pp.create_sgen(net, 5, 0.01, sn_mva=0.01))
    net.sgen = net.sgen.iloc[:0]


def energy_without_arrival(net):
    evf.create_ev_session(net, 0, 3.0, 5.0, energy_mwh=0.01)
    net.ev_session.loc[2, "e_arrival_mwh"] = np.nan


BAD_EDITS = {
    "an EV whose bus was dropped from the net": spoilt("ev", "bus", (1,), "use an index of net.bus", dropped_bus),
    "an EV at a bus out of service": spoilt("ev", "bus", (1,), "connect the bus", dead_bus),
    "a run without EVs": spoilt("ev", "", (), "add EVs with create_ev", no_evs),
    "an EV that was dropped while it has a session": spoilt(
        "ev_session", "ev", (1,), "use an index of net.ev", dropped_ev
    ),
    "an EV that was dropped while it has an offer": spoilt(
        "flexibility", "element", (1,), "use an index of net.ev", offer_of_dropped_ev
    ),
    "a generator that was dropped while it has a characteristic": spoilt(
        "cos_phi_p", "sgen", (0, 1), "use an index of net.sgen", characteristic_of_dropped_sgen
    ),
    "NaN in a table edited by hand": spoilt(
        "ev", "max_p_mw", (0,), "11 kW is 0.011", edited("ev", "max_p_mw", np.nan)
    ),
    "text in a table edited by hand": spoilt(
        "ev_session", "arrival_h", (0,), "give a number in h", edited("ev_session", "arrival_h", "noon")
    ),
    "a number as text in a table edited by hand": spoilt(
        "ev", "min_e_mwh", (1,), "without quotes", edited("ev", "min_e_mwh", "0.01", row=1)
    ),
    "a bus as text in a table edited by hand": spoilt(
        "ev", "bus", (0,), "use an index of net.bus", edited("ev", "bus", "5")
    ),
    "in_service as a number": spoilt("ev", "in_service", (0,), "give True or False", edited("ev", "in_service", 1)),
    "in_service of a session missing": spoilt(
        "ev_session", "in_service", (1,), "give True or False", edited("ev_session", "in_service", np.nan, row=1)
    ),
    "two phases by hand": spoilt("ev", "phases", (1,), "use 1 or 3", edited("ev", "phases", 2, row=1)),
    "a missing column": spoilt("ev", "cos_phi", (), "its default is 1.0", without_column("ev", "cos_phi")),
    "a missing column of sessions": spoilt(
        "ev_session", "departure_h", (), "put it back", without_column("ev_session", "departure_h")
    ),
    "a column twice": spoilt("ev", "max_p_mw", (), "drop one of the two", column_twice),
    "a duplicate index": spoilt("ev", "index", (0,), "give each row its own index", index_twice),
    "an index of names": spoilt("ev", "index", (), "give whole numbers", index_of_names),
    "something else in the place of the table": spoilt("ev", "", (), "create its rows anew", no_table),
    "no arrival energy in the first session": spoilt(
        "ev_session", "e_arrival_mwh", (1,), "give e_arrival_mwh or soc_arrival_percent",
        edited("ev_session", "e_arrival_mwh", np.nan, row=1),
    ),
    "charged energy without an arrival energy": spoilt(
        "ev_session", "e_arrival_mwh", (2,), "0 where no battery is known", energy_without_arrival
    ),
    "sessions that overlap after an edit": spoilt(
        "ev_session", "arrival_h", (1,), "before its next begins", edited("ev_session", "ev", 0, row=1)
    ),
    "a battery lowered below an arrival energy": spoilt(
        "ev_session", "e_arrival_mwh", (0,), "than the battery holds", edited("ev", "max_e_mwh", 0.02)
    ),
    "a column of another unit by hand": spoilt("ev", "max_p_kw", (), "use max_p_mw", new_column("ev", "max_p_kw", 3.7)),
    "a column without its unit by hand": spoilt(
        "flexibility", "price", (), "use price_eur_per_mwh", new_column("flexibility", "price", 80.0)
    ),
    "a state of charge by hand": spoilt(
        "ev_session", "soc_departure_percent", (), "set e_departure_mwh",
        new_column("ev_session", "soc_departure_percent", 80.0),
    ),
    "a cyclic session longer than the horizon": Bad(
        lambda net: run(net, cyclic=True), "ev_session", "departure_h", (0,), "lengthen the horizon",
        edited("ev_session", "departure_h", 2.5),
    ),
}  # fmt: skip
