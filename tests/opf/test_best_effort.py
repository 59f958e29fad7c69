"""`on_infeasible="best_effort"`: what the grid breaks by itself stays as it is, and as little as possible is short."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandapower as pp
import pandas as pd
import pytest
from pandapower.create import (
    create_bus,
    create_empty_network,
    create_ext_grid,
    create_line_from_parameters,
    create_load,
)
from pandapower.create import create_transformer_from_parameters as create_transformer
from scipy.optimize import linprog

import pandapower_evflex as evf
from tests.opf.feeder import EIGHT_HOURS, constant, feeder_net, two_feeders_net
from tests.opf.test_failures import jointly_infeasible_net, unreachable_net
from tests.opf.test_recovery import TWO_HOURS, two_cars_one_charger

BEST = {"on_infeasible": "best_effort"}
#: MWh; lowered needs are lowered by a hair more
HAIR = 3e-6


def loads_only(net):
    plain = copy.deepcopy(net)
    for table in ("ev", "ev_session"):
        plain[table] = plain[table].iloc[:0]
    return plain


def violations(net, limits):
    """What a state of `runpp` exceeds: undervoltage and overvoltage [pu], overload [% points], per element."""
    pp.runpp(net, tolerance_mva=1e-10, trafo_model="t", calculate_voltage_angles=True)
    free = net.bus.index.difference(net.ext_grid.bus)
    vm = net.res_bus.vm_pu[free]
    return np.concatenate(
        [
            np.maximum(limits["min_vm_pu"] - vm, 0.0),
            np.maximum(vm - limits["max_vm_pu"], 0.0),
            np.maximum(net.res_line.loading_percent - 100.0, 0.0) / 100.0,
            np.maximum(net.res_trafo.loading_percent - 100.0, 0.0) / 100.0,
        ]
    )


def assert_no_limit_is_worse_than_without_cars(net, profiles, result, limits, tolerance=2e-6):
    """By `runpp`, with current as the loading of transformers."""
    without = {}
    for scenario in ("base", "up", "down"):
        for period in range(len(result.p_mw)):
            moment = evf.with_evs_as_loads(net, result, period=period, scenario=scenario)
            if period not in without:
                bare = copy.deepcopy(moment)
                bare.load = bare.load.loc[net.load.index]
                without[period] = violations(bare, limits)
            assert np.all(violations(moment, limits) <= without[period] + tolerance), (scenario, period)


def test_two_cars_behind_room_for_one_are_short_by_what_the_transformer_does_not_carry():
    """7.5 kVA carry 15 kWh in two hours, the cars need 21 kWh; losses cost a little."""
    net = two_cars_one_charger()
    net.trafo["sn_mva"] = 0.0075
    net.trafo[["vkr_percent", "pfe_kw", "i0_percent"]] = 1e-3, 0.0, 0.0
    net.trafo["vk_percent"] = 2e-3
    result = evf.run_flexibility_opf(net, **BEST, **TWO_HOURS)
    assert result.status == "best_effort"
    assert result.short["energy_mwh"].tolist() == pytest.approx([0.003, 0.003], abs=5e-6)
    assert result.short["reason"].tolist() == ["trafo 0", "trafo 0"]
    assert result.short["ev"].tolist() == [0, 1] and result.short["session"].tolist() == [0, 1]
    assert result.e_mwh.iloc[-1].sum() == pytest.approx(0.035, abs=1e-5)
    assert len(result.relaxed) == 0
    assert "2 sessions leave 6.0" in result.message


def test_a_car_without_a_session_changes_nothing():
    short = []
    for n_more in (0, 1):
        net = two_cars_one_charger()
        net.trafo["sn_mva"] = 0.0075
        evf.create_evs(net, [net.ev.bus.iloc[0]] * n_more, max_p_mw=0.01, max_e_mwh=0.06)
        short.append(evf.run_flexibility_opf(net, **TWO_HOURS, **BEST).short.energy_mwh.sum())
    assert short[0] > 0.0 and short[1] == pytest.approx(short[0], abs=1e-8)


def test_equal_shares_of_the_need_are_weighed_by_its_square():
    """Least squares of s / need at a given sum of s: s in proportion to the square of the need."""
    net = two_cars_one_charger()
    net.trafo["sn_mva"] = 0.0075
    net.ev_session["e_arrival_mwh"] = [0.01, 0.03]
    net.ev_session["e_departure_mwh"] = [0.0205, 0.0405]
    short = evf.run_flexibility_opf(net, **BEST, **TWO_HOURS).short["energy_mwh"]
    assert short[1] / short[0] == pytest.approx((0.0405 / 0.0205) ** 2, rel=5e-3)


def test_one_period_outside_by_a_hair_costs_that_period_alone():
    net = feeder_net(3, load_mw=0.02)
    profiles = constant(net, "load", "p_mw", [0.02, 0.02, 0.06, 0.02, 0.02, 0.02, 0.02, 0.02])
    free = evf.run_flexibility_opf(net, profiles, period_h=1.0, progress=False, min_vm_pu=0.5, tie_break=None)
    pp.runpp(at_load(net, 0.06), trafo_model="t")
    limit = float(at_load(net, 0.06, solved=True).res_bus.vm_pu.min()) + 5e-5
    with pytest.raises(evf.FlexibilityOPFNotConverged, match="best_effort"):
        evf.run_flexibility_opf(net, profiles, period_h=1.0, progress=False, min_vm_pu=limit)
    result = evf.run_flexibility_opf(net, profiles, period_h=1.0, progress=False, min_vm_pu=limit, **BEST)
    assert result.status == "best_effort" and free.status == "optimal"
    assert set(result.relaxed["period"]) == {2}
    row = result.relaxed.iloc[-1]
    assert (row["element_type"], row["quantity"], row["bound"], row["side"]) == ("bus", "vm_pu", "min", "")
    assert row["limit"] == limit and row["allowed"] == pytest.approx(limit - 5e-5, abs=1e-9)
    assert (result.p_mw.loc[2] == 0.0).all() and (result.p_up_mw.loc[2] == 0.0).all()
    assert (result.p_up_mw.drop(index=2).sum(axis=1) > 0.01).all()
    assert len(result.short) == 0
    assert result.limited_by(2)["up"].str.contains("bus 3").all()


def at_load(net, p_mw, solved=False):
    moment = copy.deepcopy(net)
    moment.load["p_mw"], moment.load["q_mvar"] = p_mw, net.load["q_mvar"]
    if solved:
        pp.runpp(moment, trafo_model="t", tolerance_mva=1e-12, calculate_voltage_angles=True)
    return moment


def feeders_of_their_own():
    """Two transformers at one medium-voltage bus, three cars behind each; the first is overloaded in one hour."""
    net = feeder_net(3)
    mv = net.ext_grid.bus.iloc[0]
    lv = create_bus(net, vn_kv=0.4)
    pp.create_transformer(net, mv, lv, "0.25 MVA 20/0.4 kV")
    evs = evf.create_evs(net, [lv] * 3, max_p_mw=0.022, max_e_mwh=0.06, min_e_mwh=0.01)
    evf.create_ev_sessions(net, evs, 0.0, 8.0, e_arrival_mwh=0.02, e_departure_mwh=0.04)
    return net


def test_a_car_at_another_feeder_keeps_its_flexibility():
    net = feeders_of_their_own()
    profiles = constant(net, "load", "p_mw", [0.02, 0.02, 0.12, 0.02, 0.02, 0.02, 0.02, 0.02])
    result = evf.run_flexibility_opf(net, profiles, period_h=1.0, progress=False, **BEST)
    assert result.status == "best_effort"
    assert set(result.relaxed["element"][result.relaxed["element_type"] == "trafo"]) == {0}
    assert (result.p_up_mw.loc[2, [0, 1, 2]] == 0.0).all()
    assert (result.p_up_mw.loc[2, [3, 4, 5]] + result.p_mw.loc[2, [3, 4, 5]] > 0.0219).all()


def test_without_a_power_flow_the_run_is_infeasible_all_the_same():
    net = feeder_net(2)
    net.load["p_mw"] = 9.0
    with pytest.raises(evf.FlexibilityOPFNotConverged, match="no power flow solution") as error:
        evf.run_flexibility_opf(net, **BEST, **EIGHT_HOURS)
    assert error.value.result.status == "infeasible"
    assert "best_effort" not in str(error.value)


def test_where_the_strict_problem_is_solved_the_result_is_that_of_the_strict_problem():
    net = feeder_net(4)
    strict = evf.run_flexibility_opf(net, **EIGHT_HOURS)
    result = evf.run_flexibility_opf(net, **BEST, **EIGHT_HOURS)
    assert result.status == strict.status == "optimal" and result.message == strict.message
    for name in ("p_mw", "p_up_mw", "p_down_mw", "e_mwh"):
        pd.testing.assert_frame_equal(getattr(result, name), getattr(strict, name))
    assert list(strict.relaxed) == [
        "period",
        "element_type",
        "element",
        "quantity",
        "bound",
        "side",
        "limit",
        "allowed",
    ]
    assert list(strict.short) == ["ev", "session", "energy_mwh", "reason"]
    assert len(strict.relaxed) == len(strict.short) == 0


def test_unreachable_needs_are_lowered_as_with_reduce():
    result = evf.run_flexibility_opf(unreachable_net(), **BEST, **EIGHT_HOURS)
    assert result.status == "optimal" and len(result.reduced) == 2 and len(result.short) == 0


def test_a_best_effort_is_written_to_the_net_and_survives_json_and_pickle():
    net = jointly_infeasible_net()
    result = evf.run_flexibility_opf(net, **BEST, **EIGHT_HOURS)
    assert net.OPF_converged and len(net.res_period) == 8
    copied = pp.from_json_string(pp.to_json(net))
    written = [key for key in net if key.startswith("evflex_") and isinstance(net[key], pd.DataFrame)]
    assert len(written) > 5
    for name in [*written, "res_period", "res_flexibility"]:
        pd.testing.assert_frame_equal(copied[name], net[name], check_dtype=False, check_column_type=False)
    again = pickle.loads(pickle.dumps(result))
    pd.testing.assert_frame_equal(again.short, result.short)
    assert again.status == "best_effort"


@pytest.mark.parametrize("method", ["fast", "exact"])
def test_no_limit_is_worse_than_without_cars_in_any_period_and_scenario(method):
    net = feeder_net(4, load_mw=0.03)
    profiles = constant(net, "load", "p_mw", [0.03, 0.12, 0.02, 0.06])
    net.ev_session["departure_h"] = 4.0
    net.ev_session["e_departure_mwh"] = 0.055
    limits = {"min_vm_pu": 0.95, "max_vm_pu": 1.05}
    result = evf.run_flexibility_opf(
        net, profiles, period_h=1.0, progress=False, method=method, trafo_loading="current", **limits, **BEST
    )
    assert result.status == "best_effort" and len(result.relaxed) and len(result.short)
    assert_no_limit_is_worse_than_without_cars(net, profiles, result, limits)


def test_an_overvoltage_that_charging_lessens_but_does_not_cure_stands_and_every_car_may_charge():
    net = feeder_net(3, load_mw=0.0)
    profiles = constant(net, "sgen", "p_mw", [0.08, 0.12, 0, 0, 0, 0, 0, 0])
    result = evf.run_flexibility_opf(net, profiles, period_h=1.0, progress=False, max_vm_pu=1.0005, **BEST)
    assert result.status == "best_effort"
    assert set(result.relaxed["quantity"]) == {"vm_pu"} and set(result.relaxed["bound"]) == {"max"}
    assert (result.p_mw.loc[1] + result.p_up_mw.loc[1]).sum() > 0.05


def random_feeder(seed):
    """A nearly lossless tree of a transformer and three lines with limits, loads and cars anywhere."""
    rng = np.random.default_rng(seed)
    net = create_empty_network()
    mv, lv = create_bus(net, 20.0), create_bus(net, 0.4)
    create_ext_grid(net, mv)
    create_transformer(
        net, mv, lv, sn_mva=rng.uniform(0.02, 0.06), vn_hv_kv=20.0, vn_lv_kv=0.4, vkr_percent=1e-3, vk_percent=2e-3,
        pfe_kw=0.0, i0_percent=0.0,
    )  # fmt: skip
    buses = [lv]
    for _ in range(3):
        bus = create_bus(net, 0.4)
        create_line_from_parameters(
            net, int(rng.choice(buses)), bus, 0.01, r_ohm_per_km=1e-3, x_ohm_per_km=1e-3, c_nf_per_km=0.0,
            max_i_ka=rng.uniform(0.02, 0.06),
        )  # fmt: skip
        create_load(net, bus, 0.0)
        buses.append(bus)
    n_periods, n_evs = 6, 5
    loads = pd.DataFrame(rng.uniform(0.0, 0.004, (n_periods, 3)), columns=net.load.index)
    evf.create_evs(net, rng.choice(buses, n_evs), max_p_mw=0.011, max_e_mwh=0.06, efficiency_percent=90)
    arrival = rng.integers(0, 3, n_evs)
    departure = arrival + rng.integers(2, 4, n_evs)
    need = 0.01 + 0.9 * 0.011 * (departure - arrival) * rng.uniform(0.5, 1.0, n_evs)
    evf.create_ev_sessions(net, range(n_evs), arrival, departure, e_arrival_mwh=0.01, e_departure_mwh=need)
    return net, {("load", "p_mw"): loads}


def behind(net, line=None):
    """Buses fed through a line, or through the transformer."""
    graph = pp.topology.create_nxgraph(net)
    if line is None:
        return set(net.bus.index) - set(net.ext_grid.bus)
    graph.remove_edge(net.line.from_bus[line], net.line.to_bus[line], key=("line", line))
    fed = pp.topology.connected_component(graph, net.ext_grid.bus.iloc[0])
    return set(net.bus.index) - set(fed)


def least_short_by_linprog(net, loads):
    """Least energy short of a lossless net at 1 pu: powers per EV and hour, shortfalls."""
    n_t, sessions = len(loads), net.ev_session
    n_ev = len(sessions)
    p = np.arange(n_t * n_ev).reshape(n_t, n_ev)
    n = n_t * n_ev + n_ev
    plugged = (np.arange(n_t)[:, None] >= sessions.arrival_h.to_numpy()) & (
        np.arange(n_t)[:, None] < sessions.departure_h.to_numpy()
    )
    a, b = [], []
    for ev in range(n_ev):  # E_arrival + eta sum p + s >= need
        row = np.zeros(n)
        row[p[:, ev]], row[n_t * n_ev + ev] = -0.9, -1.0
        a.append(row)
        b.append(sessions.e_arrival_mwh[ev] - sessions.e_departure_mwh[ev])
    rooms = [(behind(net), net.trafo.sn_mva[0])]
    rooms += [(behind(net, line), np.sqrt(3) * 0.4 * net.line.max_i_ka[line]) for line in net.line.index]
    for buses, room in rooms:
        evs = np.flatnonzero(net.ev.bus.isin(buses))
        there = net.load.index[net.load.bus.isin(buses)]
        for t in range(n_t):
            row = np.zeros(n)
            row[p[t, evs]] = 1.0
            a.append(row)
            b.append(room - loads.loc[t, there].sum())
    bounds = [(0.0, 0.011 if is_plugged else 0.0) for is_plugged in plugged.ravel()] + [(0.0, None)] * n_ev
    c = np.append(np.zeros(n_t * n_ev), np.ones(n_ev))
    solved = linprog(c, np.array(a), np.array(b), bounds=bounds, method="highs")
    return solved.fun if solved.status == 0 else None


SEEDS = [*range(4), *[pytest.param(seed, marks=pytest.mark.slow) for seed in range(4, 34)]]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_least_energy_is_short_of_all_that_a_linear_program_finds(seed):
    net, profiles = random_feeder(seed)
    least = least_short_by_linprog(net, profiles[("load", "p_mw")])
    assert least is not None
    result = evf.run_flexibility_opf(net, profiles, period_h=1.0, progress=False, **BEST)
    assert result.short["energy_mwh"].sum() == pytest.approx(least, rel=1e-3, abs=1e-5)
    assert (result.status == "best_effort") == (least > 1e-6)
    served = result.summary["e_departure_mwh"] - result.summary["e_need_mwh"]
    assert served.min() > -1e-6


def test_cars_below_their_lower_limit_climb_as_fast_as_the_grid_allows():
    """min_e_mwh asks for full power at once; the transformer carries two of three cars."""
    net = two_feeders_net(max_loading_percent=100.0)
    net.ev["min_e_mwh"] = 0.04
    net.trafo["sn_mva"] = 0.05
    result = evf.run_flexibility_opf(net, **BEST, **EIGHT_HOURS)
    assert result.status == "best_effort" and len(result.short) == 0
    assert (result.e_mwh.iloc[-1] > 0.0399).all()
