"""Whatever stands in an argument or in a cell: a right table or an `InvalidInputError`, never another error."""

from __future__ import annotations

import copy
import inspect
from datetime import date, timedelta

import numpy as np
import pandapower as pp
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pandapower_evflex as evf
from pandapower_evflex.case.profiles import read_profiles
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.checks import TABLES, check_tables
from pandapower_evflex.tables.cpo_rates import RATE_TABLES
from tests.built_once import built_once
from tests.examples import examples, sampled, sweep
from tests.tables.bad import good_net
from tests.tables.test_bad_inputs import assert_same_net

GARBAGE = [
    None, np.nan, pd.NA, pd.NaT, np.inf, -1, 0.5, 10**30, True, 1 + 2j, "5", b"x", date(2024, 1, 1), timedelta(1),
    pd.Timestamp("2024-01-01"), [], [[1]], [None, {}], {"a": 1}, np.array(3), np.zeros((2, 2)),
    pd.DataFrame({"a": [1]}), len,
]  # fmt: skip
#: right arguments; the singular functions call the plural ones
GOOD = {
    "create_evs": {"buses": [5, 6], "max_p_mw": 0.011, "max_e_mwh": 0.06},
    "create_cpos": {"buses": [7, 8], "n_evse": 12, "evse_p_mw": 0.022},
    "set_cpo_rates": {"cpo": 0, "charging_rate": 0.4, "occupancy_rate": 0.8},
    "create_ev_sessions": {"evs": [0, 1], "arrival_h": 3.0, "departure_h": 5.0},
    "create_flexibilities": {"element_type": "ev", "elements": [0, 1], "direction": "up"},
    "create_cos_phi_p": {"sgen": 0},
    "create_reinforcements": {
        "element_type": "line",
        "elements": [3, 4],
        "invest_eur": 2e4,
        "lifetime_years": 30,
        "parallel": 2,
    },
    "evs_from_loads": {"loads": [2, 3], "max_e_mwh": 0.06},
}
#: what the create functions may change
CHANGED = (*TABLES, *RATE_TABLES, "load")
ARGUMENTS = [
    (function, name)
    for function in GOOD
    for name in inspect.signature(getattr(evf, function)).parameters
    if name not in ("net", "kwargs", "ev_values")
]


@sweep
@pytest.mark.parametrize(("function", "argument"), ARGUMENTS)
def test_garbage_in_an_argument_is_refused_or_harmless(function, argument):
    net = good_net()
    pp.create_sgen(net, 5, 0.01, sn_mva=0.01)
    evf.create_cpo(net, 9, 12, 0.022)
    before = copy.deepcopy(net)
    ours = {name: before[name] for name in CHANGED if name in before}
    for value in sampled(GARBAGE, 4, place=ARGUMENTS.index((function, argument))):
        try:
            getattr(evf, function)(net, **{**GOOD[function], argument: value})
        except evf.InvalidInputError as error:
            assert str(error)
        else:
            assert check_tables(net) == [], (value, check_tables(net))
            for name in CHANGED:
                net.pop(name, None)
            net.update({name: table.copy() for name, table in ours.items()})
    assert_same_net(net, before)


@built_once
def net_with_tables():
    net = good_net()
    evf.create_flexibilities(net, "ev", [0, 1], "up")
    evf.create_cpos(net, [5, 7], 12, 0.022, charging_p_mw=0.011)
    evf.create_ev(net, 5, "MG4", cpo=0, min_p_mw=-0.005, discharge_efficiency_percent=90.0)
    evf.create_flexibility(net, "cpo", 0, "down")
    evf.create_cos_phi_p(net, pp.create_sgen(net, 5, 0.01, sn_mva=0.01))
    evf.create_reinforcements(net, "line", [3, 4], 2e4, lifetime_years=30, parallel=2)
    evf.create_ev_session(net, 0, 3.0, 5.0, energy_mwh=0.01, max_e_mwh=0.05, max_p_mw=0.005)
    return net


CELLS = [(table, column.name) for table, schema in TABLES.items() for column in schema.columns]


@sweep
@pytest.mark.parametrize(("table", "column"), CELLS)
def test_garbage_in_a_cell_is_found_or_harmless(table, column):
    """The tables can be checked and read whatever stands in them."""
    net = net_with_tables()
    right = net[table]
    for value in sampled(GARBAGE, 3, place=CELLS.index((table, column))):
        cells = np.empty(len(right), dtype=object)
        cells[:] = right[column]
        cells[0] = value
        net[table] = right.assign(**{column: pd.Series(cells, index=right.index, dtype=object)})
        assert all(isinstance(fault, Fault) and str(fault) for fault in check_tables(net))
        read_profiles(net, None, n_periods=2)


@examples(few=10, many=300)
@given(
    key=st.sampled_from([("load", "p_mw"), "load.p_mw", "load", None, 3, ("load",), ("sgen", "q_mvar"), float("nan")]),
    value=st.sampled_from(range(len(GARBAGE))),
    n_periods=st.sampled_from(range(len(GARBAGE))),
    period_h=st.sampled_from(range(len(GARBAGE))),
)
def test_garbage_in_profiles_is_refused(key, value, n_periods, period_h):
    net = net_with_tables()
    for profiles in ({key: GARBAGE[value]}, GARBAGE[value], {key: pd.DataFrame({0: [GARBAGE[value]] * 2})}):
        try:
            read = read_profiles(net, profiles, n_periods=GARBAGE[n_periods], period_h=GARBAGE[period_h])
        except evf.InvalidInputError as error:
            assert str(error)
        else:
            assert read.horizon.n_periods >= 1 and read.horizon.period_h > 0
            assert all(np.isfinite(frame.to_numpy()).all() for frame in read.values.values())
