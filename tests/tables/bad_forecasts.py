"""Wrong forecasts."""

from __future__ import annotations

import numpy as np
import pandas as pd

import pandapower_evflex as evf
from tests.tables.bad import N_PERIODS, Bad, load_profile, run

LOADS = ("load", "p_mw")


def loads(net, n=N_PERIODS):
    return {LOADS: load_profile(net, n)}


def given(forecasts, **kwargs):
    """Of the net's load profile."""
    return lambda net: run(net, n_periods=None, forecasts=forecasts(loads(net)), **kwargs)


def other(change):
    """Two forecasts, the second changed."""
    return lambda net: run(
        net, n_periods=None, forecasts={"a": (0.5, loads(net)), "b": (0.5, {LOADS: change(load_profile(net))})}
    )


def with_a_hole(frame):
    holed = frame.copy()
    holed.iloc[3, 0] = np.nan
    return holed


def hourly(frame, start):
    return frame.set_axis(pd.date_range(start, periods=len(frame), freq="15min"))


def two_days(net):
    first, second = ({LOADS: hourly(load_profile(net), start)} for start in ("2024-05-01 12:00", "2024-05-02 12:00"))
    return run(net, n_periods=None, period_h=None, forecasts={"a": (0.5, first), "b": (0.5, second)})


def one_lacks_generation(net):
    pv = {("storage", "p_mw"): pd.DataFrame({0: [0.0] * N_PERIODS})}
    return run(net, n_periods=None, forecasts={"a": (0.5, {**loads(net), **pv}), "b": (0.5, loads(net))})


def add_storage(net):
    from pandapower.create import create_storage

    create_storage(net, 5, 0.001, 1.0)


def rolling(net):
    return evf.run_rolling_horizon(net, loads(net), period_h=0.25, forecasts={"a": (1.0, loads(net))})


BAD_FORECASTS = {
    "forecasts as a list": Bad(given(lambda p: [(0.5, p), (0.5, p)]), "forecasts", "", (), 'give {"sunny": (0.7'),
    "no forecast at all": Bad(given(lambda p: {}, profiles=None), "forecasts", "", (), "or leave it out"),
    "a forecast without a name": Bad(given(lambda p: {"": (1.0, p)}), "forecasts", "", (), "other text"),
    "a forecast called as the mean of all": Bad(
        given(lambda p: {"expected": (1.0, p)}), "forecasts", "", (), "other text"
    ),
    "a truth value as a name": Bad(given(lambda p: {True: (1.0, p)}), "forecasts", "", (), "numbers"),
    "a forecast without a probability": Bad(
        given(lambda p: {"a": p}), "forecasts['a']", "", (), "(probability, profiles)"
    ),
    "probabilities that sum to 0.9": Bad(
        given(lambda p: {"a": (0.5, p), "b": (0.4, p)}), "forecasts", "", (), "sum to 1"
    ),
    "probabilities in percent": Bad(given(lambda p: {"a": (100, p)}), "forecasts['a']", "", (), "50 % are 0.5"),
    "a negative probability": Bad(
        given(lambda p: {"a": (-0.5, p), "b": (1.0, p)}), "forecasts['a']", "", (), "from 0 to 1"
    ),
    "a probability that is NaN": Bad(given(lambda p: {"a": (np.nan, p)}), "forecasts['a']", "", (), "from 0 to 1"),
    "a probability as text": Bad(given(lambda p: {"a": ("1", p)}), "forecasts['a']", "", (), "from 0 to 1"),
    "profiles and probability the wrong way round": Bad(
        given(lambda p: {"a": (p, 1.0)}), "forecasts['a']", "", (), "(probability, profiles)"
    ),
    "a forecast of an unknown key": Bad(
        given(lambda p: {"a": (1.0, {("load", "p_kw"): p[LOADS]})}), "forecasts['a']", "load.p_kw", (), "load.p_mw"
    ),
    "a forecast of a load that is not there": Bad(
        given(lambda p: {"a": (1.0, {LOADS: p[LOADS].rename(columns={0: 99})})}),
        "forecasts['a'][load.p_mw]", "columns", (99,), "the index of net.load",
    ),
    "a forecast with a gap": Bad(other(with_a_hole), "forecasts['b'][load.p_mw]", "0", (3,), "fill the gaps"),
    "a forecast of fewer periods": Bad(other(lambda p: p.iloc[:6]), "profiles", "", (), "the same number of rows"),
    "a forecast of another day": Bad(two_days, "profiles", "index of forecasts['b'] load.p_mw", (), "the same index"),
    "a forecast of fewer loads": Bad(
        other(lambda p: p.drop(columns=[0])), "forecasts['b'][load.p_mw]", "columns", (0,), "the same elements"
    ),
    "a forecast that lacks what another has": Bad(
        one_lacks_generation, "forecasts['b'][storage.p_mw]", "", (), "in all forecasts, or in profiles=", add_storage
    ),
    "a best effort for several forecasts": Bad(
        given(lambda p: {"a": (1.0, p)}, on_infeasible="best_effort"),
        "run_flexibility_opf", "on_infeasible", (), "each forecast alone",
    ),
    "forecasts of a day in operation": Bad(rolling, "run_rolling_horizon", "forecasts", (), "forecast= is how"),
    "a day in operation of a century": Bad(
        lambda net: evf.run_rolling_horizon(net, n_periods=3_500_000, period_h=0.25),
        "run_rolling_horizon", "n_periods", (), "in parts",
    ),
}  # fmt: skip
