"""`recoverable` says whether the grid can carry what an activation leaves to be made up."""

from __future__ import annotations

import pandapower_evflex as evf
from tests.opf.feeder import EIGHT_HOURS, feeder_net

TWO_HOURS = {"n_periods": 2, "period_h": 1.0, "progress": False}


def two_cars_one_charger():
    """Each car needs one of two hours at full power, the transformer carries a little more than one charger."""
    net = feeder_net(0, load_mw=0.0, sn_mva=0.0125)
    lv = net.trafo.lv_bus.iloc[0]
    evf.create_evs(net, [lv, lv], max_p_mw=0.011, max_e_mwh=0.05)
    evf.create_ev_sessions(net, [0, 1], 0.0, 2.0, e_arrival_mwh=0.01, e_departure_mwh=0.0205)
    return net


def test_two_cars_behind_one_charger_cannot_make_up_for_what_was_taken_from_the_first():
    net = two_cars_one_charger()
    evf.create_flexibility(net, "ev", 0, "down")
    evf.create_flexibility(net, "ev", 1, "down")
    result = evf.run_flexibility_opf(net, tie_break=None, **TWO_HOURS)
    assert result.p_down_mw.iloc[0].sum() > 0.005
    assert not result.recoverable.loc[0, "down"]
    assert result.recoverable["up"].all()


def test_with_room_for_both_chargers_the_same_activation_is_recoverable():
    net = two_cars_one_charger()
    net.trafo["sn_mva"] = 0.1
    result = evf.run_flexibility_opf(net, tie_break=None, **TWO_HOURS)
    assert result.p_down_mw.iloc[0].sum() > 0.005
    assert result.recoverable.all(axis=None)


def test_a_period_without_activation_has_nothing_to_make_up():
    result = evf.run_flexibility_opf(feeder_net(3), **EIGHT_HOURS)
    idle = result.p_down_mw.sum(axis=1) == 0
    assert result.recoverable.loc[idle, "down"].all()


def test_cars_that_offer_nothing_upward_are_decided_by_a_solve():
    """The flexibility offered cannot make up for anything, the charging power of the second hour can."""
    net = two_cars_one_charger()
    net.trafo["sn_mva"] = 0.1
    for ev in (0, 1):
        evf.create_flexibility(net, "ev", ev, "down")
    result = evf.run_flexibility_opf(net, **TWO_HOURS)
    assert result.p_up_mw.to_numpy().max() == 0.0
    assert result.p_down_mw.iloc[0].sum() > 0.005
    assert result.recoverable["down"].all()
    net.trafo["sn_mva"] = 0.0125
    assert not evf.run_flexibility_opf(net, **TWO_HOURS).recoverable.loc[0, "down"]
