"""Wrong offers of flexibility and wrong characteristics of generators."""

from __future__ import annotations

import numpy as np
import pandapower as pp

import pandapower_evflex as evf
from tests.tables.bad import Bad


def offer(*args, **values):
    return lambda net: evf.create_flexibility(net, *args, **values)


def offers(elements, direction, **values):
    return lambda net: evf.create_flexibilities(net, "ev", elements, direction, **values)


def site(net):
    evf.create_cpo(net, 7, 12, 0.022)


def characteristic(points=None, sgen=0):
    return lambda net: evf.create_cos_phi_p(net, sgen, points)


def pv(**values):
    return lambda net: pp.create_sgen(net, 5, **{"p_mw": 0.01, "sn_mva": 0.01, **values})


def pv_with_characteristic(net):
    pv()(net)
    evf.create_cos_phi_p(net, 0)


BAD_OFFERS = {
    "an offer of an unknown kind of element": Bad(
        offer("bus", 0, "up"), "flexibility", "element_type", (0,), 'use "ev" or "cpo"'
    ),
    "an offer of an unknown EV": Bad(offer("ev", 7, "up"), "flexibility", "element", (0,), "use an index of net.ev"),
    "an offer of an unknown site": Bad(
        offer("cpo", 0, "down"), "flexibility", "element", (0,), "use an index of net.cpo"
    ),
    "an offer of no element": Bad(
        offer("ev", None, "up"), "flexibility", "element", (0,), "use an index of the table that element_type names"
    ),
    "an offer in an unknown direction": Bad(
        offer("ev", 0, "sideways"), "flexibility", "direction", (0,), 'use "up" or "down"'
    ),
    "an upward offer of a site": Bad(
        offer("cpo", 0, "up"), "flexibility", "direction", (0,), 'a site can only offer "down"', site
    ),
    "duplicate offers": Bad(
        offer("ev", 0, "up"), "flexibility", "element", (1,), "one row per element and direction", offer("ev", 0, "up")
    ),
    "duplicate offers created at once": Bad(
        offers([0, 1, 0], "up"), "flexibility", "element", (2,), "one row per element and direction"
    ),
    "an offer with a negative weight": Bad(
        offer("ev", 0, "up", weight=-1.0), "flexibility", "weight", (0,), "give 0 or more"
    ),
    "an offer with an infinite weight": Bad(
        offers([0, 1], "up", weight=[1.0, np.inf]), "flexibility", "weight", (1,), "give a finite number"
    ),
    "an offer capped at nothing": Bad(
        offer("ev", 0, "up", max_p_mw=0.0), "flexibility", "max_p_mw", (0,), "NaN for no cap"
    ),
    "a price without its unit": Bad(
        offer("ev", 0, "up", price=30.0), "flexibility", "price", (), "use price_eur_per_mwh"
    ),
    "a characteristic of an unknown generator": Bad(
        characteristic(sgen=99), "cos_phi_p", "sgen", (), "use an index of net.sgen"
    ),
    "two characteristics of one generator": Bad(
        characteristic(), "cos_phi_p", "sgen", (), "drop its rows of net.cos_phi_p first", pv_with_characteristic
    ),
    "a characteristic of a generator without rated power": Bad(
        characteristic(), "cos_phi_p", "sgen", (0, 1), "give net.sgen.sn_mva", pv(p_mw=0.0, sn_mva=np.nan)
    ),
    "a characteristic without points": Bad(
        characteristic([]), "cos_phi_p", "points", (), "give [(p_share, cos_phi), ...]", pv()
    ),
    "a characteristic in percent": Bad(
        characteristic([(50.0, 1.0), (100.0, 0.9)]), "cos_phi_p", "p_share", (0, 1), "between 0 and 1", pv()
    ),
    "a characteristic with one share twice": Bad(
        characteristic([(0.5, 1.0), (0.5, 0.9)]), "cos_phi_p", "p_share", (1,), "give one value per share", pv()
    ),
    "a characteristic with a power factor above 1": Bad(
        characteristic([(0.5, 1.1)]), "cos_phi_p", "cos_phi", (0,), "(0, 1]", pv()
    ),
}
