"""Wrong candidates of grid planning."""

from __future__ import annotations

import numpy as np

import pandapower_evflex as evf
from tests.tables.bad import Bad, run

TABLE = "reinforcement"


def candidate(element_type="line", element=3, invest_eur=20_000, **values):
    """create_reinforcement, which would be row 0, with one wrong value."""
    arguments = {"lifetime_years": 30, "parallel": 2, **values}
    return lambda net: evf.create_reinforcement(net, element_type, element, invest_eur, **arguments)


def candidates(elements=(3, 4), invest_eur=20_000, **values):
    arguments = {"lifetime_years": 30, "parallel": 2, **values}
    return lambda net: evf.create_reinforcements(net, "line", elements, invest_eur, **arguments)


def without_lifetimes(net):
    candidate()(net)
    net.reinforcement["lifetime_years"] = 0.0


def dropped_line(net):
    candidate()(net)
    net.line = net.line.drop(index=3)


BAD_REINFORCEMENTS = {
    "a reinforcement of an unknown kind of element": Bad(
        candidate("bus"), TABLE, "element_type", (0,), 'use "line" or "trafo"'
    ),
    "a reinforcement of an unknown line": Bad(candidate(element=999), TABLE, "element", (0,), "an index of net.line"),
    "a reinforcement of an unknown transformer": Bad(
        candidate("trafo", 9), TABLE, "element", (0,), "out of service first"
    ),
    "a reinforcement of no element": Bad(candidate(element=None), TABLE, "element", (0,), "use an index of net.line"),
    "a negative investment": Bad(candidate(invest_eur=-1.0), TABLE, "invest_eur", (0,), "give 0 EUR or more"),
    "an unknown investment": Bad(candidates(invest_eur=[1.0, np.nan]), TABLE, "invest_eur", (1,), ">= 0"),
    "a lifetime of 0": Bad(candidate(lifetime_years=0), TABLE, "lifetime_years", (0,), "above 0 years"),
    "an unlimited lifetime": Bad(candidates(lifetime_years=[30, np.inf]), TABLE, "lifetime_years", (1,), "finite"),
    "no systems afterwards": Bad(candidate(parallel=0), TABLE, "parallel", (0,), "1 or more"),
    "one system and a half": Bad(candidate(parallel=1.5), TABLE, "parallel", (0,), "number of systems afterwards"),
    "a reinforcement to an unknown standard type": Bad(
        candidate(std_type="thicker"), TABLE, "std_type", (0,), "a standard type of the net"
    ),
    "the standard type of a line for a transformer": Bad(
        candidate("trafo", 0, std_type="NAYY 4x150 SE"), TABLE, "std_type", (0,), "a standard type of the net"
    ),
    "a reinforcement that takes out of service": Bad(
        candidate(in_service=False), TABLE, "in_service", (0,), "give True for an element to put into service"
    ),
    "a reinforcement that is perhaps in service": Bad(
        candidate(in_service="yes"), TABLE, "in_service", (0,), "give True or False"
    ),
    "a reinforcement that changes nothing": Bad(
        candidate(parallel=None), TABLE, "element", (0,), "give parallel, std_type or in_service=True"
    ),
    "the same reinforcement twice": Bad(
        candidates([3, 3]), TABLE, "element", (1,), "keep one candidate per change"
    ),
    "a reinforcement with a slip in an argument's name": Bad(
        candidate(lifetime=30), TABLE, "lifetime", (), "use lifetime_years"
    ),
    "lifetimes edited to 0": Bad(run, TABLE, "lifetime_years", (0,), "above 0 years", without_lifetimes),
    "a reinforcement of a dropped line": Bad(run, TABLE, "element", (0,), "an index of net.line", dropped_line),
}  # fmt: skip
