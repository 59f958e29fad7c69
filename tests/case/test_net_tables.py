"""Whatever stands in a table of pandapower's: a model without NaN, or one error that names the place."""

from __future__ import annotations

import copy
import itertools
from functools import cache

import numpy as np
import pandapower.networks as nw
import pandas as pd
import pytest

from pandapower_evflex.case.grid import grid_of, read_grid
from pandapower_evflex.case.net_faults import net_faults
from pandapower_evflex.case.net_tables import NET_TABLES
from pandapower_evflex.case.net_values import gap_faults
from pandapower_evflex.case.plain_net import plain_net
from pandapower_evflex.errors import InvalidInputError
from tests.case.nets import NETS, elements_net, simbench_net
from tests.examples import sampled, sweep

MISSING = "no such column"
GARBAGE = [
    np.nan, 0, -1.0, np.inf, "x", None, pd.NA, True, [1], 1j, pd.Timestamp("2024-01-01"), 10**30, b"x", MISSING,
]  # fmt: skip


@cache
def net_of_all():
    return elements_net()


COLUMNS = [(table, column) for table in NET_TABLES for column in net_of_all()[table].columns]


def with_cell(table, column, value):
    """The net with a value in the first row, in a column of objects, or without the column."""
    net = copy.copy(net_of_all())
    frame = net[table]
    if value is MISSING:
        net[table] = frame.drop(columns=column)
        return net
    cells = np.empty(len(frame), dtype=object)
    cells[:] = frame[column].to_list()
    cells[0] = value
    net[table] = frame.assign(**{column: pd.Series(cells, frame.index, dtype=object)})
    return net


def refused_or_finite(table, column, value):
    """Whether it is refused, naming the table."""
    net = with_cell(table, column, value)
    gaps = gap_faults(net, {})
    try:
        grid = read_grid(net)
    except InvalidInputError as error:
        assert {fault.table for fault in error.faults} & {table, "net"}, (value, str(error))
        return True
    assert np.isfinite(grid.y_bus.data).all() and np.isfinite(grid.set_points).all(), value
    assert gaps or np.isfinite(grid.s_fixed).all(), value
    return bool(gaps)


@sweep
@pytest.mark.parametrize(("number", "table", "column"), sampled([(i, *place) for i, place in enumerate(COLUMNS)], 130))
def test_a_spoilt_cell_is_refused_or_harmless(number, table, column):
    for value in itertools.islice(itertools.cycle(GARBAGE), number % len(GARBAGE), number % len(GARBAGE) + 2):
        refused_or_finite(table, column, value)


@pytest.mark.slow
@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_every_spoilt_cell_is_refused_or_harmless(table, column):
    for value in GARBAGE:
        refused_or_finite(table, column, value)


@pytest.mark.parametrize("table", NET_TABLES)
def test_what_a_table_must_have_is_missed(table):
    for column in NET_TABLES[table].wanted:
        assert refused_or_finite(table, column, MISSING), column
    net = copy.copy(net_of_all())
    del net[table]
    assert [(fault.table, fault.problem) for fault in net_faults(net)] == [(table, "is missing")]


def test_faults_of_all_tables_are_gathered():
    net = elements_net()
    net.line.loc[0, "length_km"] = -1.0
    net.line.loc[1, ["r_ohm_per_km", "x_ohm_per_km"]] = 0.0
    net.trafo.loc[0, "vkr_percent"] = 50.0
    net.ext_grid.loc[0, "vm_pu"] = 102.0
    net.load.loc[0, "bus"] = 99
    net.sn_mva = 0.0
    found = {(fault.table, fault.column, fault.rows) for fault in net_faults(net)}
    assert {("line", "length_km", (0,)), ("ext_grid", "vm_pu", (0,)), ("load", "bus", (0,))} <= found
    assert {("trafo", "vkr_percent", (0,)), ("net", "sn_mva", ())} <= found


@pytest.mark.parametrize("table", NET_TABLES)
def test_rows_out_of_service_may_hold_anything_but_broken_references(table):
    if "in_service" not in NET_TABLES[table].flags:
        pytest.skip("every switch counts")
    good = elements_net()
    frame = good[table]
    good[table] = pd.concat([frame, frame.iloc[:1].assign(in_service=False).set_axis([99])])
    spoilt = copy.deepcopy(good)
    for column in NET_TABLES[table].columns:
        if column.dtype == "float64" and column.name in frame:
            spoilt[table].loc[99, column.name] = np.nan
    for column in NET_TABLES[table].held:
        spoilt[table][column] = spoilt[table][column].astype(float)
        spoilt[table].loc[99, column] = np.nan
    assert net_faults(spoilt) == []
    assert_same_model(spoilt, good)


def assert_same_model(net, good):
    grid, right = read_grid(net), read_grid(good)
    assert abs(grid.y_bus - right.y_bus).max() == 0.0
    np.testing.assert_array_equal(grid.s_fixed, right.s_fixed)
    np.testing.assert_array_equal(grid.ends.limit, right.ends.limit)


@pytest.mark.parametrize("kind", ["convert_dtypes", "category", "object"])
@pytest.mark.parametrize("name", ["elements", "two_sources", "simbench_lv"])
def test_dtypes_of_right_values_do_not_matter(name, kind):
    good, net = NETS[name](), NETS[name]()
    for table in NET_TABLES:
        net[table] = net[table].convert_dtypes() if kind == "convert_dtypes" else net[table].astype(kind)
    assert net_faults(net) == []
    assert_same_model(net, good)


def test_a_right_net_is_not_even_copied():
    net = NETS["cigre_mv"]()
    plain = plain_net(net)
    assert all(plain[table] is net[table] for table in NET_TABLES)


SAMPLE = (nw.case118, nw.case300, nw.example_simple, nw.iceland, nw.create_cigre_network_hv)


@pytest.mark.parametrize("make", SAMPLE, ids=lambda make: make.__name__)
def test_nets_of_pandapower_pass(make):
    net = make()
    assert net_faults(net) == []
    grid_of(plain_net(net), "power")


#: take arguments of their own
NOT_CALLED = ("create_dickert_lv_network", "create_synthetic_voltage_control_lv_network", "pandapower_networks")
ALL = [
    name for name in dir(nw) if name.startswith(("case", "create_", "example_", "mv_", "lv_", "iceland", "GB", "ieee"))
]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ALL if callable(getattr(nw, name)) and name not in NOT_CALLED])
def test_all_nets_of_pandapower_pass(name):
    assert net_faults(getattr(nw, name)()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "1-LV-rural1--0-sw",
        "1-MV-urban--0-sw",
        "1-MVLV-semiurb-5.220-0-no_sw",
        "1-HV-mixed--0-sw",
        "1-EHV-mixed--0-no_sw",
    ],
)
def test_nets_of_simbench_pass(code):
    assert net_faults(simbench_net(code)) == []
