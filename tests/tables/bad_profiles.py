"""Wrong profiles and periods."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandapower.control import ConstControl
from pandapower.timeseries import DFData

import pandapower_evflex as evf
from tests.tables.bad import N_PERIODS, Bad, load_profile, run

LOADS = "profiles[load.p_mw]"


def profiled(change, **kwargs):
    """A run with a wrong load profile."""
    return lambda net: run(net, {("load", "p_mw"): change(load_profile(net))}, **kwargs)


def with_cells(value, *cells):
    """The profile with one value at (period, load)."""

    def change(frame):
        frame = frame.astype(object) if isinstance(value, str) else frame
        for period, load in cells:
            frame.iloc[period, load] = value
        return frame

    return change


def at(times):
    return lambda frame: frame.set_axis(pd.DatetimeIndex(times), axis=0)


def labelled(labels, **kwargs):
    """A run whose load profile has these labels, which nothing else explains."""
    return profiled(lambda frame: frame.set_axis(labels, axis=0), **{"period_h": None, **kwargs})


def index(labels, remedy, rows=(), **kwargs):
    return Bad(labelled(labels, **kwargs), "profiles", "index", rows, remedy)


def quarters(start="2024-01-01"):
    return pd.date_range(start, periods=N_PERIODS, freq="15min")


def two_times(net):
    frame = load_profile(net)
    later = at(quarters("2024-01-02"))(frame)
    return run(net, {("load", "p_mw"): at(quarters())(frame), ("load", "q_mvar"): later})


def two_lengths(net):
    return run(net, {("load", "p_mw"): load_profile(net), ("load", "q_mvar"): load_profile(net, 7)})


def one_key_twice(net):
    return run(net, {("load", "p_mw"): load_profile(net), "load.p_mw": load_profile(net)})


def controller_of_missing_profile(net):
    data = DFData(pd.DataFrame({"a": [0.001, 0.002]}))
    ConstControl(net, "load", "p_mw", element_index=[3], profile_name=["b"], data_source=data)


def key(key, **kwargs):
    return lambda net: run(net, {key: load_profile(net)}, **kwargs)


def periods(**kwargs):
    return lambda net: run(net, **kwargs)


BAD_PROFILES = {
    "neither profiles nor n_periods": Bad(periods(n_periods=None), "profiles", "n_periods", (), "give profiles or"),
    "half a period": Bad(periods(n_periods=7.5), "profiles", "n_periods", (), "give a whole number of periods"),
    "periods as text": Bad(periods(n_periods="8"), "profiles", "n_periods", (), "give a whole number of periods"),
    "no periods": Bad(periods(n_periods=0), "profiles", "n_periods", (), "give a whole number of periods"),
    "a period of no length": Bad(periods(period_h=0.0), "profiles", "period_h", (), "0.25 for 15 min"),
    "a period of 60 min as 60 h": Bad(periods(period_h=60), "profiles", "period_h", (), "0.25 for 15 min"),
    "a period of 15 min as 15 h": Bad(periods(period_h=15), "profiles", "period_h", (), "0.25 for 15 min"),
    "a period length as text": Bad(periods(period_h="15min"), "profiles", "period_h", (), "0.25 for 15 min"),
    "profiles that are no dict": Bad(
        lambda net: run(net, [load_profile(net)]),
        "profiles", "", (), 'give {("load", "p_mw")',
    ),
    "a profile that is not a DataFrame": Bad(
        lambda net: run(net, {("load", "p_mw"): [0.001] * N_PERIODS}, n_periods=N_PERIODS),
        "profiles", "load.p_mw", (), "give a DataFrame",
    ),
    "a profile of something else": Bad(
        key(("line", "max_i_ka"), n_periods=N_PERIODS), "profiles", "line.max_i_ka", (), "load.p_mw, load.q_mvar, sgen"
    ),
    "a slip in a profile's key": Bad(
        key("load.p_kw", n_periods=N_PERIODS), "profiles", "load.p_kw", (), "use one of gen.p_mw, load.p_mw"
    ),
    "one profile under two keys": Bad(one_key_twice, "profiles", "load.p_mw", (), "keep one of the two"),
    "a profile of the wrong length": Bad(
        profiled(lambda frame: frame, n_periods=9), "profiles", "n_periods", (), "cut the profiles"
    ),
    "profiles of different lengths": Bad(two_lengths, "profiles", "", (), "give the same number of rows"),
    "a profile of unknown elements": Bad(
        profiled(lambda frame: frame.rename(columns={0: 999, 1: 998})),
        LOADS, "columns", (999, 998), "index of net.load",
    ),
    "a profile whose elements are text": Bad(
        profiled(lambda frame: frame[[0, 1]].rename(columns=str)), LOADS, "columns", ("0", "1"), "columns.astype(int)"
    ),
    "a profile with one element twice": Bad(
        profiled(lambda frame: pd.concat([frame, frame[[0]]], axis=1)), LOADS, "columns", (0,), "one column per element"
    ),
    "a profile with two levels of columns": Bad(
        profiled(lambda frame: pd.concat({"day": frame}, axis=1)), LOADS, "columns", (), "index of net.load"
    ),
    "a profile with gaps": Bad(profiled(with_cells(np.nan, (3, 2), (5, 2))), LOADS, "2", (3, 5), "fill the gaps"),
    "an infinite profile": Bad(profiled(with_cells(np.inf, (3, 2))), LOADS, "2", (3,), "fill the gaps"),
    "a profile in kW": Bad(profiled(lambda frame: 3400.0 * frame), LOADS, "", (4,), "are the values in kW? give MW"),
    "a profile with text": Bad(profiled(with_cells("much", (0, 0))), LOADS, "0", (0,), "give numbers in MW"),
    "an uneven DatetimeIndex": Bad(
        profiled(at([*quarters()[:-1], quarters()[-1] + pd.Timedelta("1h")])), "profiles", "index", (), "resample"
    ),
    "a DatetimeIndex that runs backwards": Bad(
        profiled(at(quarters()[::-1])), "profiles", "index", (), "resample"
    ),
    "different times in two profiles": Bad(
        two_times, "profiles", "index of load.q_mvar", (), "give all profiles the same index"
    ),
    "a period length that contradicts the index": Bad(
        profiled(at(quarters()), period_h=1.0), "profiles", "period_h", (), "leave period_h out"
    ),
    "plain rows that are no day": Bad(labelled(range(8)), "profiles", "period_h", (), "0.25 for 15 min"),
    "rows labelled by names": index([f"t{row}" for row in range(8)], "give date and time", tuple(range(8))),
    "rows labelled by fractions": index(np.arange(8) / 4, "count them with reset_index"),
    "rows labelled by seconds since 1970": index(1_704_067_200 + 900 * np.arange(8), "count them with reset_index"),
    "rows labelled by the ends of periods": index([f"{hour}:00" for hour in range(17, 25)], "by the start"),
    "rows labelled by times of a day with a gap": index([*[f"{hour}:00" for hour in range(7)], "8:00"], "resample"),
    "rows labelled by dates in no certain order": index(
        [f"05.09.2017 {hour}:00" for hour in range(8)], "give dayfirst=True", tuple(range(8))
    ),
    "rows labelled by dates in two orders": index(
        [*[f"13/02/2024 {hour}:00" for hour in range(7)], "02/13/2024 07:00"], "in one order", (7,)
    ),
    "rows labelled by months": index(pd.period_range("2024-01", periods=8, freq="M"), "resample"),
    "a row without its time": index([*quarters()[:-1], pd.NaT], "label every row", (7,)),
    "rows with two levels of labels": index(pd.MultiIndex.from_product([["a", "b"], range(4)]), "by date and time"),
    "rows of times and of numbers": index([*quarters().astype(str)[:-1], 7], "give date and time", (7,)),
    "a start that is not that of the profiles": Bad(
        profiled(at(quarters()), start="2024-01-02"), "profiles", "start", (), "leave start out"
    ),
    "a start in no certain order": Bad(periods(start="05.09.2017 12:00"), "profiles", "start", (), "dayfirst=True"),
    "a start without a date": Bad(periods(start="12:00"), "profiles", "start", (), "give date and time"),
    "a missing start": Bad(periods(start=pd.NaT), "profiles", "start", (), "start of the horizon"),
    "a controller whose profile is missing": Bad(
        evf.profiles_from_controllers, "controller", "profile_name", (0,), "name a column of the DFData frame",
        controller_of_missing_profile,
    ),
}  # fmt: skip
