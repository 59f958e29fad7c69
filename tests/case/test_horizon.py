"""Profiles: what is read, what follows from cos phi(P), and what it does to the voltage."""

from __future__ import annotations

import logging
import time

import numpy as np
import pandapower as pp
import pandapower.networks as nw
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandapower.control import ConstControl
from pandapower.timeseries import DFData

import pandapower_evflex as evf
from pandapower_evflex.case.grid import read_grid
from pandapower_evflex.case.injections import base_injections
from pandapower_evflex.case.profiles import read_profiles
from tests.built_once import built_once

kerber = built_once(nw.create_kerber_landnetz_freileitung_1)


#: profiles of plain rows do not tell how long a period is
QUARTERS = {"period_h": 0.25}


def net_with_pv(p_mw=0.02):
    net = kerber()
    pp.create_sgen(net, 10, p_mw=p_mw, sn_mva=0.02, scaling=0.9)
    return net


def test_a_datetime_index_gives_the_period_and_the_labels():
    net = net_with_pv()
    time = pd.date_range("2024-05-01", periods=4, freq="30min")
    read = read_profiles(net, {"sgen.p_mw": pd.DataFrame({0: [0.0, 0.01, 0.02, 0.0]}, index=time)})
    assert (read.horizon.n_periods, read.horizon.period_h) == (4, 0.5)
    assert read.horizon.time.equals(time)
    assert read.values["sgen", "p_mw"].index.equals(pd.RangeIndex(4))


def test_a_zone_keeps_the_step_across_daylight_saving():
    hours = pd.date_range("2024-03-30 12:00", periods=24, freq="h", tz="Europe/Berlin")
    read = read_profiles(net_with_pv(), {("sgen", "p_mw"): pd.DataFrame({0: np.zeros(24)}, index=hours)})
    assert read.horizon.period_h == 1.0
    naive = hours.tz_localize(None)  # 02:00 never occurs
    with pytest.raises(evf.InvalidInputError, match="evenly spaced"):
        read_profiles(net_with_pv(), {("sgen", "p_mw"): pd.DataFrame({0: np.zeros(24)}, index=naive)})


def test_the_length_of_a_period_may_be_said_twice_when_both_agree():
    time = pd.date_range("2024-05-01", periods=4, freq="30min")
    frame = pd.DataFrame({0: np.zeros(4)}, index=time)
    read = read_profiles(net_with_pv(), {("sgen", "p_mw"): frame}, n_periods=4, period_h=0.5, cyclic=True)
    assert (read.horizon.n_periods, read.horizon.period_h, read.horizon.cyclic) == (4, 0.5, True)


def test_rows_count_by_position_whatever_their_labels():
    frames = {"load.p_mw": pd.DataFrame({3: [1.0, 2.0]}, index=[5, 7]), "load.q_mvar": pd.DataFrame({3: [0.0, 0.5]})}
    values = read_profiles(net_with_pv(), frames, **QUARTERS).values
    assert values["load", "p_mw"][3].tolist() == [1.0, 2.0]
    assert values["load", "p_mw"].index.equals(values["load", "q_mvar"].index)


def test_profiles_of_active_power_alone_leave_reactive_power_constant_and_say_so(caplog):
    with caplog.at_level(logging.INFO):
        read = read_profiles(net_with_pv(), {("load", "p_mw"): pd.DataFrame({3: [0.001, 0.002]})}, **QUARTERS)
    assert set(read.values) == {("load", "p_mw")}
    assert "q_mvar stays at its table value" in caplog.text


def test_a_day_of_a_feeder_is_read_in_milliseconds():
    net = nw.create_kerber_vorstadtnetz_kabel_1()
    frame = pd.DataFrame(0.001, index=range(96), columns=net.load.index)
    profiles = {("load", "p_mw"): frame, ("load", "q_mvar"): frame}
    read_profiles(net, profiles)
    start = time.process_time()
    for _ in range(10):
        read_profiles(net, profiles)
    assert (time.process_time() - start) / 10 < 0.05  # measured 0.5 ms


def test_numbers_in_other_dtypes_are_read():
    frames = {
        ("load", "p_mw"): pd.DataFrame({3: [1, 2], 4: pd.array([0.5, 1.5], dtype="Float64")}),
        ("sgen", "p_mw"): pd.DataFrame({0: [1.0, 2.0]}, dtype=object),
    }
    values = read_profiles(net_with_pv(), frames, **QUARTERS).values
    assert values["load", "p_mw"].dtypes.eq(float).all() and values["sgen", "p_mw"].dtypes.eq(float).all()
    assert values["load", "p_mw"].to_numpy().tolist() == [[1.0, 0.5], [2.0, 1.5]]


def test_empty_frames_are_ignored_and_missing_elements_stay_constant():
    net = net_with_pv()
    profiles = {("load", "p_mw"): pd.DataFrame({3: [0.001, 0.002]}), ("gen", "p_mw"): pd.DataFrame()}
    grid = read_grid(net)
    s = base_injections(net, grid, read_profiles(net, profiles, **QUARTERS))
    row = grid.bus_row[grid.bus_index.tolist().index(net.load.at[3, "bus"])]
    change = s - grid.s_fixed
    assert np.allclose(change[:, row].real, net.load.at[3, "p_mw"] - np.array([0.001, 0.002]))
    assert np.allclose(np.delete(change, row, axis=1), 0.0)


@pytest.mark.parametrize("table", ["load", "sgen", "storage"])
def test_injections_of_a_period_equal_those_of_the_net_at_that_moment(table):
    net = net_with_pv()
    pp.create_storage(net, 12, p_mw=0.003, max_e_mwh=0.01, q_mvar=0.001, scaling=0.8)
    rng = np.random.default_rng(1)
    labels = net[table].index
    profiles = {(table, c): pd.DataFrame(rng.normal(size=(3, len(labels))), columns=labels) for c in ("p_mw", "q_mvar")}
    s = base_injections(net, read_grid(net), read_profiles(net, profiles, **QUARTERS))
    for t in range(3):
        for (_, column), frame in profiles.items():
            net[table][column] = frame.loc[t]
        assert np.allclose(s[t], read_grid(net).s_fixed, atol=1e-14)


def test_vde_4105_lowers_the_power_factor_from_half_of_rated_power():
    net = net_with_pv()
    evf.create_cos_phi_p(net, 0)
    p = np.array([0.0, 0.010, 0.015, 0.020])
    q = read_profiles(net, {("sgen", "p_mw"): pd.DataFrame({0: p})}, **QUARTERS).values["sgen", "q_mvar"][0].to_numpy()
    cos_phi = np.divide(p, np.hypot(p, q), out=np.ones(4), where=p > 0)
    assert cos_phi == pytest.approx([1.0, 1.0, 0.95, 0.90])
    assert (q <= 0).all()


def test_small_generators_go_to_095_only():
    net = net_with_pv()
    small = pp.create_sgen(net, 12, p_mw=0.0, sn_mva=0.0046)
    evf.create_cos_phi_p(net, small)
    assert net.cos_phi_p.cos_phi.tolist() == [1.0, 0.95]


def test_an_explicit_reactive_profile_wins():
    net = net_with_pv()
    evf.create_cos_phi_p(net, 0)
    given = pd.DataFrame({0: [0.001, 0.002]})
    read = read_profiles(net, {("sgen", "p_mw"): given * 10, ("sgen", "q_mvar"): given}, **QUARTERS)
    assert read.values["sgen", "q_mvar"][0].tolist() == [0.001, 0.002]


def test_a_profile_of_one_generator_leaves_the_others_to_their_characteristic():
    net = net_with_pv()
    other = pp.create_sgen(net, 12, p_mw=0.01, sn_mva=0.01)
    off = pp.create_sgen(net, 12, p_mw=0.01, sn_mva=0.01)
    for sgen in (0, other, off):
        evf.create_cos_phi_p(net, sgen, [(0.0, 0.95)])
    net.cos_phi_p.loc[net.cos_phi_p.sgen == off, "in_service"] = False
    given_q = pd.DataFrame({0: [0.001, 0.002]})
    q = read_profiles(net, {("sgen", "q_mvar"): given_q}, **QUARTERS).values["sgen", "q_mvar"]
    assert q[0].tolist() == [0.001, 0.002]
    assert q[other].tolist() == pytest.approx([-0.01 * np.tan(np.arccos(0.95))] * 2)  # its power is constant
    assert off not in q


@settings(max_examples=30, deadline=None)
@given(
    points=st.lists(st.tuples(st.floats(0, 1), st.floats(0.8, 1)), min_size=1, max_size=4, unique_by=lambda p: p[0]),
    shares=st.lists(st.floats(0, 1.2), min_size=1, max_size=6),
    rated=st.floats(0.001, 0.1),
)
def test_reactive_power_is_that_of_the_power_factor_between_the_points(points, shares, rated):
    net = net_with_pv()
    net.sgen.loc[0, "sn_mva"] = rated
    evf.create_cos_phi_p(net, 0, points)  # in any order
    p = np.array(shares) * rated
    q = read_profiles(net, {("sgen", "p_mw"): pd.DataFrame({0: p})}, **QUARTERS).values["sgen", "q_mvar"][0].to_numpy()
    at, factor = np.array(sorted(points)).T
    assert np.allclose(q, -p * np.tan(np.arccos(np.interp(shares, at, factor))), rtol=1e-9, atol=1e-9 * rated)


def test_rated_power_is_the_first_known_of_sn_mva_max_p_mw_and_p_mw():
    net = net_with_pv(p_mw=0.01)
    net.sgen["max_p_mw"] = 0.015
    evf.create_cos_phi_p(net, 0, [(0.0, 1.0), (1.0, 0.9)])
    profile = {("sgen", "p_mw"): pd.DataFrame({0: [0.01]})}
    least = []
    for column in (None, "sn_mva", "max_p_mw"):
        if column:
            net.sgen.loc[0, column] = np.nan
        q = read_profiles(net, profile, **QUARTERS).values["sgen", "q_mvar"].at[0, 0]
        least.append(np.cos(np.arctan(q / 0.01)))
    assert least == pytest.approx([0.95, 1 - 0.1 * 0.01 / 0.015, 0.9])


def test_under_excited_pv_lowers_the_voltage():
    net = net_with_pv()
    pp.runpp(net)
    before = net.res_bus.vm_pu.at[10]
    evf.create_cos_phi_p(net, 0)
    net.sgen.loc[0, "q_mvar"] = read_profiles(net, None, n_periods=1).values["sgen", "q_mvar"].at[0, 0]
    pp.runpp(net)
    assert net.res_bus.vm_pu.at[10] < before - 1e-4


def test_profiles_of_controllers_are_those_given_to_them():
    net = net_with_pv()
    data = pd.DataFrame({"a": [0.001, 0.002], "b": [0.003, 0.004]})
    ConstControl(net, "load", "p_mw", element_index=[3, 5], profile_name=["a", "b"], data_source=DFData(data))
    profiles = evf.profiles_from_controllers(net)
    pd.testing.assert_frame_equal(profiles["load", "p_mw"], data.set_axis([3, 5], axis=1))
    assert read_profiles(net, profiles, **QUARTERS).horizon.n_periods == 2


def test_controllers_that_set_no_profile_are_left_out():
    net = net_with_pv()
    data = DFData(pd.DataFrame({"a": [0.001, 0.002]}))
    ConstControl(net, "load", "p_mw", element_index=[3, 4], profile_name="a", data_source=data, scale_factor=2.0)
    ConstControl(net, "load", "p_mw", element_index=[5], profile_name=["a"], data_source=data, in_service=False)
    ConstControl(net, "load", "scaling", element_index=[5], profile_name=["a"], data_source=data)
    ConstControl(net, "load", "q_mvar", element_index=[5])
    profiles = evf.profiles_from_controllers(net)
    assert list(profiles) == [("load", "p_mw")]
    pd.testing.assert_frame_equal(profiles["load", "p_mw"], pd.DataFrame({3: [0.002, 0.004], 4: [0.002, 0.004]}))


def test_a_net_without_controllers_has_no_profiles():
    assert evf.profiles_from_controllers(net_with_pv()) == {}


def test_controllers_of_simbench_give_its_profiles_back():
    import simbench

    from tests.case.nets import simbench_net

    net = simbench_net()
    day = {key: frame.iloc[:96] for key, frame in simbench.get_absolute_values(net, True).items() if not frame.empty}
    simbench.apply_const_controllers(net, day)
    profiles = evf.profiles_from_controllers(net)
    assert set(profiles) == set(day)
    for key, frame in day.items():
        pd.testing.assert_frame_equal(profiles[key][frame.columns], frame, check_column_type=False)


def test_simbench_profiles_fit_as_they_are():
    import simbench

    from tests.case.nets import simbench_net

    net = simbench_net()
    absolute = simbench.get_absolute_values(net, True)
    day = {key: frame.iloc[:96] for key, frame in absolute.items()}
    assert read_profiles(net, day).horizon.n_periods == 96
