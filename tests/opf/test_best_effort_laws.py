"""Best effort on nets of every kind: no limit is worse than without cars, and shortfalls worked out by hand."""

from __future__ import annotations

import copy

import numpy as np
import pandapower as pp
import pytest
from pandapower.create import (
    create_bus,
    create_empty_network,
    create_ext_grid,
    create_gen,
    create_line,
    create_load,
    create_transformer3w,
)

import pandapower_evflex as evf
from tests.examples import sampled, sweep
from tests.opf.feeder import constant, feeder_net, two_feeders_net
from tests.opf.test_best_effort import BEST, assert_no_limit_is_worse_than_without_cars, violations

LIMITS = {"min_vm_pu": 0.95, "max_vm_pu": 1.05}


def best_effort(net, profiles=None, **arguments):
    arguments = {"period_h": 1.0, "progress": False, **arguments}
    return evf.run_flexibility_opf(net, profiles, trafo_loading="current", **LIMITS, **BEST, **arguments)


def crowded(load_mw=(0.03, 0.12, 0.02, 0.06), **sessions):
    net = feeder_net(4, load_mw=0.03)
    for column, value in {"departure_h": 4.0, "e_departure_mwh": 0.055, **sessions}.items():
        net.ev_session[column] = value
    return net, constant(net, "load", "p_mw", list(load_mw))


def meshed():
    net = two_feeders_net(max_loading_percent=10.0)
    create_line(net, 2, 3, 0.1, "NAYY 4x150 SE", max_loading_percent=10.0)
    create_load(net, 2, 0.0)
    net.ev_session["departure_h"], net.ev_session["e_departure_mwh"] = 4.0, 0.08
    return net, constant(net, "load", "p_mw", [0.0, 0.06, 0.0, 0.01])


def with_a_held_voltage():
    net, profiles = crowded()
    bus = create_bus(net, 20.0)
    create_line(net, net.ext_grid.bus.iloc[0], bus, 5.0, "NA2XS2Y 1x240 RM/25 12/20 kV")
    create_gen(net, bus, p_mw=0.01, vm_pu=1.01)
    return net, profiles


def over_night():
    """Hours 5 to 10 of a cyclic day of eight."""
    return crowded(
        (0.03, 0.12, 0.02, 0.06, 0.03, 0.03, 0.1, 0.03), arrival_h=5.0, departure_h=10.0, e_departure_mwh=0.055
    )


NETS = {
    "meshed": (meshed, {}),
    "held voltage": (with_a_held_voltage, {}),
    "cyclic": (over_night, {"cyclic": True}),
    "up alone": (crowded, {"scenarios": ("up",)}),
    "down alone": (crowded, {"scenarios": ("down",)}),
}


@sweep
@pytest.mark.parametrize("name", sampled(list(NETS), 2))
def test_no_limit_is_worse_than_without_cars(name):
    make, arguments = NETS[name]
    net, profiles = make()
    result = best_effort(net, profiles, **arguments)
    assert result.status == "best_effort" and len(result.relaxed)
    assert_no_limit_is_worse_than_without_cars(net, profiles, result, LIMITS)


def test_of_two_trips_behind_six_kilowatts_the_energy_short_is_what_the_transformer_does_not_carry():
    """The first car drives 100 km between two stays. All plugged hours at 6 kVA, less what stands idle, by hand."""
    net = feeder_net(0, load_mw=0.0, sn_mva=0.006)
    net.trafo[["vkr_percent", "pfe_kw", "i0_percent", "vk_percent"]] = 1e-3, 0.0, 0.0, 2e-3
    lv = net.trafo.lv_bus.iloc[0]
    evf.create_evs(net, [lv, lv], max_p_mw=0.011, max_e_mwh=0.05, consumption_kwh_per_km=0.2)
    evf.create_ev_session(net, 0, 0, 2, e_arrival_mwh=0.01, trip_km=100)
    evf.create_ev_session(net, 0, 4, 8, e_departure_mwh=0.03)
    evf.create_ev_session(net, 1, 0, 8, e_arrival_mwh=0.01, e_departure_mwh=0.045)
    result = best_effort(net, n_periods=8)
    assert result.status == "best_effort"
    carried = 0.006 * 8
    needed = 0.02 - 0.01 + 0.03 + 0.045 - 0.01  # the trip, the second stay, the other car
    assert result.short["energy_mwh"].sum() == pytest.approx(needed - carried, rel=2e-3)
    load = result.p_mw + result.p_up_mw
    assert load.sum(axis=1).max() < 0.006 * 1.001
    assert (result.e_mwh[0].loc[1] > 0.0199) and (result.e_mwh.fillna(0.0) > -1e-9).all().all()


def test_with_least_loads_the_limits_stand_where_these_leave_them():
    net, profiles = crowded()
    net.ev["min_p_mw"] = 0.002
    result = best_effort(net, profiles)
    assert result.status == "best_effort" and len(result.relaxed)
    for scenario in ("base", "up"):
        for period in range(4):
            moment = evf.with_evs_as_loads(net, result, period=period, scenario=scenario)
            least = copy.deepcopy(moment)
            cars = least.load.index.difference(net.load.index)
            least.load.loc[cars, "q_mvar"] *= 0.002 / least.load.loc[cars, "p_mw"].to_numpy()
            least.load.loc[cars, "p_mw"] = 0.002
            assert np.all(violations(moment, LIMITS) <= violations(least, LIMITS) + 2e-6), (scenario, period)


def test_a_limit_of_a_transformer_of_three_windings_stands_in_the_one_period_that_breaks_it():
    net = create_empty_network()
    high, middle, low = (create_bus(net, vn_kv) for vn_kv in (110.0, 20.0, 10.0))
    create_ext_grid(net, high)
    create_transformer3w(net, high, middle, low, "63/25/38 MVA 110/20/10 kV")
    net.trafo3w["max_loading_percent"] = 4.0
    create_load(net, middle, 0.5)
    evf.create_evs(net, [middle] * 2, max_p_mw=0.15, max_e_mwh=1.0)
    evf.create_ev_sessions(net, range(2), 0, 3, e_arrival_mwh=0.1, e_departure_mwh=0.3)
    profiles = constant(net, "load", "p_mw", [0.5, 1.5, 0.5])
    result = best_effort(net, profiles)
    assert result.status == "best_effort" and len(result.short) == 0
    assert result.relaxed[["period", "element_type", "element"]].to_numpy().tolist() == [[1, "trafo3w", 0]]
    assert (result.p_mw.loc[1] + result.p_up_mw.loc[1] == 0.0).all()
    moment = copy.deepcopy(net)
    moment.load["p_mw"] = 1.5
    pp.runpp(moment, trafo_model="t", tolerance_mva=1e-10)
    assert result.relaxed["allowed"].iloc[0] == pytest.approx(moment.res_trafo3w.loading_percent.iloc[0], rel=1e-6)
