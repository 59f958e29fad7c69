"""One wrong input: how it is made, and what the refusal must name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import pandapower.networks as nw
import pandas as pd

import pandapower_evflex as evf
from tests.built_once import built_once

N_PERIODS = 8


@dataclass(frozen=True)
class Bad:
    """
    call : what is refused
    table, column, rows : where the fault is
    remedy : part of what the user is told to do
    before : what happens to the good net first, unrefused
    """

    call: Callable[[Any], Any]
    table: str
    column: str
    rows: tuple[Any, ...]
    remedy: str
    before: Callable[[Any], Any] = lambda net: None


@built_once
def good_net():
    """EVs 0 and 1 with sessions 0 and 1 on a Kerber net; everything is right."""
    net = nw.create_kerber_landnetz_freileitung_1()
    evf.create_evs(net, [5, 6], max_p_mw=0.011, max_e_mwh=0.06, min_e_mwh=0.01, consumption_kwh_per_km=0.17)
    evf.create_ev_sessions(net, [0, 1], [0.0, 0.5], [2.0, 1.5], e_arrival_mwh=0.03, trip_km=30.0)
    return net


@cache
def the_good_net():
    """To compare with; not to be changed."""
    return good_net()


def run(net, profiles=None, **kwargs):
    arguments = {"progress": False, "period_h": 0.25, **({} if profiles else {"n_periods": N_PERIODS}), **kwargs}
    return evf.run_flexibility_opf(net, profiles, **arguments)


def load_profile(net, n=N_PERIODS):
    return pd.DataFrame(0.001, index=range(n), columns=net.load.index)


def edited(table, column, value, row=0):
    """A value set by hand, whatever its type."""

    def edit(net):
        net[table][column] = net[table][column].astype(object)
        net[table].at[row, column] = value

    return edit
