"""Profiles: what is read, what follows from cos phi(P), and what it does to the voltage."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pandapower.networks as nw
import pandas as pd
import pytest
from pandapower.control import ConstControl
from pandapower.timeseries import DFData

import pandapower_evflex as evf
from pandapower_evflex.case.compile import base_injections
from pandapower_evflex.case.grid import read_grid
from pandapower_evflex.case.horizon import read_profiles


def net_with_pv(p_mw=0.02):
    net = nw.create_kerber_landnetz_freileitung_1()
    pp.create_sgen(net, 10, p_mw=p_mw, sn_mva=0.02, scaling=0.9)
    return net


def test_a_datetime_index_gives_the_period_and_the_labels():
    net = net_with_pv()
    time = pd.date_range("2024-05-01", periods=4, freq="30min")
    read = read_profiles(net, {"sgen.p_mw": pd.DataFrame({0: [0.0, 0.01, 0.02, 0.0]}, index=time)})
    assert (read.horizon.n_periods, read.horizon.period_h) == (4, 0.5)
    assert read.horizon.time.equals(time)
    assert read.values["sgen", "p_mw"].index.equals(pd.RangeIndex(4))


def test_without_an_index_a_period_is_a_quarter_of_an_hour():
    read = read_profiles(net_with_pv(), {("sgen", "p_mw"): pd.DataFrame({0: [0.0, 0.01]})})
    assert read.horizon.period_h == 0.25
    assert read.horizon.time is None


def test_empty_frames_are_ignored_and_missing_elements_stay_constant():
    net = net_with_pv()
    profiles = {("load", "p_mw"): pd.DataFrame({3: [0.001, 0.002]}), ("gen", "p_mw"): pd.DataFrame()}
    grid = read_grid(net)
    s = base_injections(net, grid, read_profiles(net, profiles))
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
    s = base_injections(net, read_grid(net), read_profiles(net, profiles))
    for t in range(3):
        for (_, column), frame in profiles.items():
            net[table][column] = frame.loc[t]
        assert np.allclose(s[t], read_grid(net).s_fixed, atol=1e-14)


def test_vde_4105_lowers_the_power_factor_from_half_of_rated_power():
    net = net_with_pv()
    evf.create_cos_phi_p(net, 0)
    p = np.array([0.0, 0.010, 0.015, 0.020])
    q = read_profiles(net, {("sgen", "p_mw"): pd.DataFrame({0: p})}).values["sgen", "q_mvar"][0].to_numpy()
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
    read = read_profiles(net, {("sgen", "p_mw"): given * 10, ("sgen", "q_mvar"): given})
    assert read.values["sgen", "q_mvar"][0].tolist() == [0.001, 0.002]


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
    assert read_profiles(net, profiles).horizon.n_periods == 2


def test_simbench_profiles_fit_as_they_are():
    import simbench

    from tests.case.nets import simbench_net

    net = simbench_net()
    absolute = simbench.get_absolute_values(net, True)
    day = {key: frame.iloc[:96] for key, frame in absolute.items()}
    assert read_profiles(net, day).horizon.n_periods == 96
