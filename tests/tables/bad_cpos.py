"""Wrong sites of charge point operators and wrong rates of theirs."""

from __future__ import annotations

import numpy as np
import pandas as pd

import pandapower_evflex as evf
from tests.tables.bad import Bad, run

RATES = "set_cpo_rates"
NOON = pd.date_range("2024-03-05 12:00", periods=24, freq="h")


def cpo(bus=7, n_evse=12, evse_p_mw=0.022, **values):
    """create_cpo, which would be row 0, with one wrong value."""
    return lambda net: evf.create_cpo(net, bus, n_evse, evse_p_mw, **values)


def cpos(buses=(7, 8), n_evse=12, evse_p_mw=0.022, **values):
    return lambda net: evf.create_cpos(net, buses, n_evse, evse_p_mw, **values)


def site(net):
    evf.create_cpo(net, 7, 12, 0.022)


def rates(charging, occupancy, label=0):
    return lambda net: evf.set_cpo_rates(net, label, charging, occupancy)


def bad_rates(charging, occupancy, column, rows, remedy, before=site):
    return Bad(rates(charging, occupancy), RATES, column, rows, remedy, before)


def two_sites_with_rates(net):
    evf.create_cpos(net, [7, 8], 12, 0.022)
    evf.set_cpo_rates(net, 1, np.full(24, 0.2), 0.5)


def stored(edit):
    """A site with rates, edited by hand."""

    def edited(net):
        site(net)
        evf.set_cpo_rates(net, 0, 0.4, 0.8)
        edit(net)

    return edited


def percent(net):
    net.cpo_occupancy_rate *= 100


def hole(net):
    net.cpo_charging_rate.loc[5, 0] = np.nan


def above_occupancy(net):
    net.cpo_charging_rate.loc[[7, 8], 0] = 0.9


def hours_and_quarters(net):
    net.cpo_occupancy_rate = net.cpo_occupancy_rate.iloc[::4]


def odd_periods(net):
    for name in ("cpo_charging_rate", "cpo_occupancy_rate"):
        net[name] = net[name].iloc[:95]


def no_occupancy(net):
    del net["cpo_occupancy_rate"]


def no_table(net):
    net["cpo_charging_rate"] = [0.4] * 96


def column_twice(net):
    net.cpo_charging_rate = pd.concat([net.cpo_charging_rate] * 2, axis=1)


def dropped_site(net):
    net.cpo = net.cpo.iloc[:0]


def spoilt(table, column, rows, remedy, edit):
    return Bad(run, table, column, rows, remedy, stored(edit))


BAD_CPOS = {
    "a site at a bus that does not exist": Bad(cpo(bus=999), "cpo", "bus", (0,), "use an index of net.bus"),
    "a negative number of outlets": Bad(cpo(n_evse=-3), "cpo", "n_evse", (0,), "a whole number of 0 or more"),
    "half an outlet": Bad(cpo(n_evse=2.5), "cpo", "n_evse", (0,), "a whole number of 0 or more"),
    "no number of outlets": Bad(cpo(n_evse=None), "cpo", "n_evse", (0,), "give the number of outlets"),
    "cars that draw more than their outlet has": Bad(
        cpo(charging_p_mw=0.03), "cpo", "charging_p_mw", (0,), "at most that of the outlet"
    ),
    "cars of a negative power": Bad(cpo(charging_p_mw=-0.003), "cpo", "charging_p_mw", (0,), "3.6 kW is 0.0036"),
    "outlets of a negative power": Bad(cpo(evse_p_mw=-0.022), "cpo", "evse_p_mw", (0,), "0 or more"),
    "outlets of unlimited power": Bad(cpos(evse_p_mw=[0.022, np.inf]), "cpo", "evse_p_mw", (1,), "finite number"),
    "outlets without power": Bad(cpo(evse_p_mw=np.nan), "cpo", "evse_p_mw", (0,), "the power of one outlet in MW"),
    "the power of outlets in kW": Bad(cpo(evse_p_mw=22), "cpo", "evse_p_mw", (0,), "22 kW is 0.022"),
    "a site that pays to be shed": Bad(
        cpo(price_eur_per_mwh=-1.0), "cpo", "price_eur_per_mwh", (0,), "NaN for no bid"
    ),
    "a site with a power factor of 0": Bad(cpo(cos_phi=0.0), "cpo", "cos_phi", (0,), "(0, 1]"),
    "a site with a slip in an argument's name": Bad(cpo(price=3.0), "cpo", "price", (), "use price_eur_per_mwh"),
    "numbers of outlets of another number than sites": Bad(cpos(n_evse=[1, 2, 3]), "cpo", "n_evse", (), "or one each"),
    "an EV on an outlet of a site at another bus": Bad(
        lambda net: evf.create_ev(net, 5, "MG4", cpo=0), "ev", "cpo", (2,), "the bus of its site", site
    ),
    "an offer of a site that pays to be shed": Bad(
        lambda net: evf.create_flexibility(net, "cpo", 0, "down", price_eur_per_mwh=-5.0),
        "flexibility", "price_eur_per_mwh", (0,), "for the price of net.cpo", site,
    ),
    "rates of a site that does not exist": Bad(rates(0.4, 0.8, label=3), RATES, "cpo", (), "create the site", site),
    "a charging rate above the occupancy": bad_rates([0.5, 0.6], [0.6, 0.55], "charging_rate", (1,), "at most"),
    "a charging rate in percent": bad_rates([45, 0.2], [0.85, 0.9], "charging_rate", (0,), "0.45, not 45"),
    "an occupancy rate in percent": bad_rates([0.45, 0.2], [85, 90], "occupancy_rate", (0, 1), "0.45, not 45"),
    "a negative charging rate": bad_rates([-0.01, 0.2], [0.3, 0.3], "charging_rate", (0,), "from 0 to 1"),
    "a missing charging rate": bad_rates([np.nan, 0.2], [0.3, 0.3], "charging_rate", (0,), "for every period"),
    "an occupancy rate as text": bad_rates([0.1, 0.2], [0.3, "0.3"], "occupancy_rate", (1,), "without quotes"),
    "rates of different lengths": bad_rates([0.1, 0.2, 0.3], [0.3, 0.3], "occupancy_rate", (), "one value per period"),
    **{
        f"rates of a day from noon{how}": bad_rates(
            pd.Series(0.1, labels(NOON)), 0.3, "charging_rate", (), "per period from 00:00"
        )
        for how, labels in {
            "": lambda times: times,
            " of periods": lambda times: times.to_period(),
            " in text": lambda times: times.strftime("%H:%M"),
            " of local times": lambda times: times.tz_localize("Europe/Berlin").astype(object),
        }.items()
    },
    "rates whose labels run backwards": bad_rates(
        0.1, pd.Series(0.3, range(23, -1, -1)), "occupancy_rate", (), ".to_numpy() of them",
    ),
    "rates for 95 quarter hours": bad_rates(np.full(95, 0.1), 0.3, "charging_rate", (), "96 for quarter hours"),
    "no rates at all": bad_rates([], 0.3, "charging_rate", (), "96 for quarter hours"),
    "a frame of rates": bad_rates(0.1, pd.DataFrame({0: [0.3]}), "occupancy_rate", (), "one value per period"),
    "rates of other periods than those of other sites": bad_rates(
        [0.1] * 96, 0.3, "charging_rate", (), "of the same period", two_sites_with_rates
    ),
    "rates edited to percent": spoilt("cpo_occupancy_rate", "0", tuple(range(96)), "0.45, not 45", percent),
    "a hole in the rates": spoilt("cpo_charging_rate", "0", (5,), "for every period", hole),
    "charging edited above occupancy": spoilt("cpo_charging_rate", "0", (7, 8), "at most", above_occupancy),
    "charging in quarter hours and occupancy in hours": spoilt(
        "cpo_occupancy_rate", "", (), "set the rates anew", hours_and_quarters
    ),
    "rates without the last quarter hour": spoilt("cpo_charging_rate", "", (), "96 for quarter hours", odd_periods),
    "charging rates without occupancy rates": spoilt("cpo_occupancy_rate", "", (), "set the rates anew", no_occupancy),
    "something else in the place of the rates": spoilt("cpo_charging_rate", "", (), "set the rates anew", no_table),
    "a site's rates twice": spoilt("cpo_charging_rate", "columns", (), "set the rates anew", column_twice),
    "rates of a dropped site": spoilt("cpo_charging_rate", "columns", (0,), "or create the sites", dropped_site),
}  # fmt: skip
