"""Which households have a car, which one, and when it is at home: drawn once for all, so that shares are nested."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from pandapower.create import create_empty_network

from pandapower_evflex.arrays import IntArray, Net
from pandapower_evflex.case.periods import Horizon
from pandapower_evflex.elements.ev_stays import Stay, read_stays
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.mobility.fleet import sample_fleet
from pandapower_evflex.mobility.sessions import sample_sessions
from pandapower_evflex.networks.suburban import COS_PHI_EV, MIN_SOC
from pandapower_evflex.planning.days import customers_of
from pandapower_evflex.tables.ev import create_evs
from pandapower_evflex.tables.ev_session import create_ev_sessions


@dataclass(frozen=True)
class Households:
    """The households of a net: one per load in service, or as many as `net.load.customers` says.

    Parameters
    ----------
    bus : int [n]       label of the bus of each
    entropy : int       of the net: two nets draw different cars with one seed
    """

    bus: IntArray
    entropy: int

    @classmethod
    def of(cls, net: Net, supplied: IntArray) -> Households:
        """Those at supplied buses; the entropy is that of all loads, whatever is switched."""
        loads = net["load"][net["load"]["in_service"].astype(bool)]
        n_each = np.rint(customers_of(net, loads.index)).astype(np.int64) * loads["bus"].isin(supplied).to_numpy()
        text = f"{net.get('name', '')}:{loads.index.tolist()}:{loads['bus'].tolist()}"
        entropy = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
        return cls(np.repeat(loads["bus"].to_numpy(dtype=np.int64), n_each), entropy)

    def __len__(self) -> int:
        return len(self.bus)

    def n_cars(self, share: float) -> int:
        return round(share * len(self))


@dataclass(frozen=True)
class Fleet:
    """A car for every household, in the order in which they are bought.

    Parameters
    ----------
    evs, sessions : DataFrame       as `net.ev` and `net.ev_session`, rows in that order
    stays : list per car of Stay    what they are over the horizon
    """

    evs: pd.DataFrame
    sessions: pd.DataFrame
    stays: list[list[Stay]]


@cache
def _empty_net() -> Net:
    """Made once: pandapower takes a third of a second for its tables."""
    return create_empty_network()


def draw_fleet(net: Net, households: Households, horizon: Horizon, seed: int) -> Fleet:
    """Cars by their sales share, nights by the survey; the first n are the cars of every share that has n.

    Nothing but the net, the seed and the length of the horizon decides, so that chunks and shares do not.

    Raises
    ------
    InvalidInputError    nights do not fit into the horizon
    """
    rng = np.random.default_rng([seed, households.entropy])
    bus = rng.permutation(households.bus)
    types = sample_fleet(len(bus), seed=rng)
    days = max(1, round(horizon.n_periods * horizon.period_h / 24.0))
    nights = sample_sessions(range(len(bus)), days, start_hour=horizon.start_h or 0.0, seed=rng)
    own = copy.copy(_empty_net())
    own["bus"] = net["bus"]
    labels = create_evs(own, bus.tolist(), types["std_type"].tolist(), phases=types["phases"], cos_phi=COS_PHI_EV)
    own["ev"]["min_e_mwh"] = MIN_SOC * own["ev"]["max_e_mwh"]
    create_ev_sessions(
        own, labels[nights["ev"]], nights["arrival_h"], nights["departure_h"],
        soc_arrival_percent=nights["soc_arrival_percent"], trip_km=nights["trip_km"],
    )  # fmt: skip
    stays, faults = read_stays(own["ev"], own["ev_session"], horizon)
    if faults:  # the nights of drawn cars follow each other in days of 24 h
        hours = f"{horizon.n_periods * horizon.period_h:g} h"
        remedy = "give profiles of whole days of 24 h"
        raise InvalidInputError([Fault("profiles", "", (), hours, "are no days that cars can be drawn for", remedy)])
    return Fleet(own["ev"], own["ev_session"], stays)
