"""Loads that are EVs become EVs, all or none."""

from __future__ import annotations

import pytest

import pandapower_evflex as evf
from tests.tables.bad import good_net


def test_loads_become_evs_at_their_buses_and_go_out_of_service():
    net = good_net()
    net.load.loc[[2, 4], "name"] = ["a", None]
    evs = evf.evs_from_loads(net, [2, 4], max_p_mw=0.011, max_e_mwh=0.05)
    assert evs.tolist() == [2, 3]
    assert net.ev.loc[evs, "bus"].tolist() == net.load.loc[[2, 4], "bus"].tolist()
    assert net.ev.loc[evs, "name"].tolist() == ["a", None]
    assert net.load.index[~net.load.in_service].tolist() == [2, 4]


def test_the_power_is_the_load_s_unless_something_else_says_it():
    net = good_net()
    net.load.loc[[2, 4], "p_mw"] = [0.0037, 0.022]
    net.load.loc[4, "scaling"] = 0.5
    evf.evs_from_loads(net, [2, 4], max_e_mwh=0.05)
    evf.evs_from_loads(net, [5], "MG4", phases=1)
    evf.evs_from_loads(net, [6], max_p_mw=0.005, max_e_mwh=0.05)
    assert net.ev.max_p_mw.tolist()[2:] == [0.0037, 0.011, 0.0037, 0.005]


def test_evs_of_a_simbench_net_are_recognised_by_their_profile():
    simbench = pytest.importorskip("simbench")
    net = simbench.get_simbench_net("1-LV-semiurb4--2-sw")
    cars = net.load.index[net.load.profile.str.startswith(("HLS", "APLS"))]
    rated_kw = net.load.profile[cars].str.rsplit("_", n=1).str[1].astype(float).to_numpy()
    evs = evf.evs_from_loads(net, cars, max_e_mwh=0.06)
    assert len(evs) == 7
    assert net.ev.max_p_mw.to_numpy() * 1e3 == pytest.approx(rated_kw, rel=0.02)
    assert net.load.in_service.sum() == len(net.load) - 7
