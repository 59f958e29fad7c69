"""Columns at which most stays overlap: they name no single outlet."""

from __future__ import annotations

import numpy as np
import pandas as pd

import pandapower_evflex as evf
from tests.tables.bad import Bad
from tests.tables.bad_session_files import TOGETHER, refused, stays


def at_site(table, remedy, **columns):
    """By the reader of sites."""
    names = {"arrival": "plug_in", "departure": "plug_out", "charging_end": "plug_out", **columns}
    return Bad(
        lambda net: evf.cpo_rates_from_sessions(table, 40, days="all", columns=names), "sessions", "evse", (), remedy
    )


def by_user(table, remedy, user):
    return refused(table, "user", (), remedy, columns={"user": user})


PORT = [f"socket {i % 20 // 10 + 1}" for i in range(30)]
BAD_OVERLAPS = {
    "numbers of ports at a site": at_site(stays(), 'evse=["station", "port"]', evse="port"),
    "numbers of ports as floats": by_user(stays(port=[float(i % 20 // 10) for i in range(30)]), TOGETHER, "port"),
    "numbers of ports as categories": by_user(stays(port=pd.Categorical(PORT)), TOGETHER, "port"),
    "numbers of ports with blanks": by_user(
        stays(port=[f"{port}{' ' * (i % 3)}" for i, port in enumerate(PORT)]), TOGETHER, "port"
    ),
    "connectors without their charge points": by_user(
        stays().rename(columns={"port": "Connector", "station": "CP ID"}), 'user=["CP ID", "Connector"]', "Connector"
    ),
    "connectors at a site without their charge points": at_site(
        stays().rename(columns={"port": "Connector", "station": "CP ID"}), 'evse=["CP ID", "Connector"]',
        evse="Connector",
    ),
    "plug types": by_user(stays(plug=["J1772", "CHAdeMO"] * 15), "columns", "plug"),
    "names of the only operator": by_user(stays(org="City"), TOGETHER, "org"),
    "names of the only operator at a site": at_site(stays(org="City"), 'evse=["station", "port"]', evse="org"),
    "two car parks": by_user(stays(garage=np.repeat(["north", "south"], 15)), "columns", "garage"),
    "models of charging stations": at_site(stays(model="22 kW dual"), 'evse=["station", "port"]', evse="model"),
    "the same postcode": by_user(stays(postcode=94_301), TOGETHER, "postcode"),
    "a column called evse that says the same of all": at_site(stays(evse="site"), 'evse=["station", "port"]'),
}  # fmt: skip
