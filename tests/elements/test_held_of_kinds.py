"""Activations that are held, of batteries, V2G cars and shiftable loads: by hand, by linear programs, and in numpy."""

from __future__ import annotations

import numpy as np
import pytest

import pandapower_evflex as evf
from tests.elements.test_pv import MUCH_SUN_MW, with_pv
from tests.examples import sampled, sweep
from tests.operation.all_kinds import FEEDS_IN_MW, HEAT_MW, HOURLY, SHIFT_H, SUN_MW, every_kind, with_battery
from tests.opf.band_oracles import Program, plus
from tests.opf.feeder import EIGHT_HOURS, feeder_net

N = 8


def without(net, *tables):
    for table in tables:
        del net[table]
    return net


def test_a_battery_that_is_held_for_two_hours_by_hand():
    """Kept at 50 of 10 to 100 kWh: 25 kW more for two hours, 20 kW less; no window goes past the end of the day."""
    net = without(with_battery(feeder_net(1)), "ev", "ev_session")
    result = evf.run_flexibility_opf(net, duration_h=2.0, **EIGHT_HOURS)
    own = result.series["storage"]
    assert result.status == "optimal"
    assert result.objective_mw == pytest.approx(7 * 0.025 + 6 * 0.02, rel=2e-6)
    assert own["p_up_mw"][0].to_numpy() == pytest.approx([0.025] * 7 + [0.0], abs=1e-4)
    assert result.limited_by(7, element_type="storage").loc[0].tolist() == ["horizon ends too soon"] * 2


def held(program, p, e, k, low, high, floor, most):
    """Rows of activations of k periods from every start (the products that last), and their sum as the objective."""
    for t in range(N - k + 1):
        up, down = program.variable(1.0), program.variable(1.0)
        for s in range(t, t + k):
            program.at_most(plus(p[s], up), most)
            program.at_least(plus(p[s], down, -1.0), floor)
            program.at_most(plus(e[s], up, s - t + 1), high[s])
            program.at_least(plus(e[s], down, -(s - t + 1.0)), low[s])


def store(program, start, need, low, high, floor, most, k):
    """A store without losses; powers below 0 by the difference of two variables."""
    p, e, energy = [], [], {}
    for _ in range(N):
        p.append(plus(program.variable(), program.variable(), -1.0))
        energy = plus(energy, p[-1])
        e.append(energy)
    low = np.maximum(low, need - most * np.arange(N)[::-1]) - start
    for t in range(N):
        program.at_most(p[t], most)
        program.at_least(p[t], floor)
        program.at_most(e[t], high - start)
        program.at_least(e[t], low[t])
    held(program, p, e, k, low, np.full(N, high - start), floor, most)


def load(program, heat, k, most):
    p = [program.variable() for _ in range(N)]
    e, energy = [], {}
    for power in p:
        energy = plus(energy, power)
        e.append(energy)
        program.at_most(power, most)
    hours, served = np.arange(N + 1.0), np.append(0.0, heat.cumsum())
    high = np.interp(hours[1:] + SHIFT_H, hours, served)
    low = np.maximum(np.interp(hours[1:] - SHIFT_H, hours, served), served[-1] - most * np.arange(N)[::-1])
    for t in range(N):
        program.at_most(e[t], high[t])
        program.at_least(e[t], low[t])
    held(program, p, e, k, low, high, 0.0, most)


@sweep
@pytest.mark.parametrize(("seed", "k"), sampled([(seed, k) for seed in range(10) for k in (2, 3, 4)], 1))
def test_on_a_wide_grid_the_optimum_is_that_of_a_linear_program(seed, k):
    rng = np.random.default_rng(seed)
    net, profiles = every_kind(1.0)
    net.trafo["sn_mva"], net.line["max_loading_percent"] = 1.0, np.nan
    net.flexibility.loc[net.flexibility["element_type"] == "sgen", "in_service"] = False
    net.storage["soc_percent"] = rng.uniform(15.0, 90.0)
    net.ev_session["e_departure_mwh"] = rng.uniform(0.02, 0.055, 3)
    heat = np.round(rng.uniform(0.0, 0.02, N), 4)
    profiles["load", "p_mw"] = profiles["load", "p_mw"].copy()
    profiles["load", "p_mw"][1] = heat
    result = evf.run_flexibility_opf(net, profiles, duration_h=float(k), max_line_loading_percent=1e3, **HOURLY)
    program = Program()
    for need in net.ev_session["e_departure_mwh"]:
        store(program, 0.02, need, 0.01, 0.06, -FEEDS_IN_MW, 0.022, k)
    start = net.storage["soc_percent"][0] / 1000.0
    store(program, start, start, 0.01, 0.1, -0.05, 0.05, k)
    load(program, heat, k, 0.03)
    assert result.status == "optimal" and not len(result.binding)
    assert result.objective_mw == pytest.approx(program.largest(), rel=3e-6)


@pytest.mark.slow
def test_where_the_grid_binds_both_methods_agree_and_longer_is_never_more():
    net, profiles = every_kind(1.0)
    longer = []
    for hours in (1.0, 2.0):
        result = evf.run_flexibility_opf(net, profiles, duration_h=hours, method="fast", **HOURLY)
        assert result.status == "optimal" and len(result.binding)
        longer.append(result.objective_mw)
    assert longer[1] < longer[0]
    exact = evf.run_flexibility_opf(net, profiles, duration_h=2.0, method="exact", **HOURLY)
    assert exact.objective_mw == pytest.approx(longer[1], rel=3e-6)
    assert exact.verification["max_trafo_overload"] < 1e-6
    assert_held(exact, 2)


def assert_held(result, k):
    """Every activation in every hour that it lasts, in numpy."""
    hours, served = np.arange(N + 1.0), np.append(0.0, HEAT_MW.cumsum())
    most = np.interp(hours[1:] + SHIFT_H, hours, served)[:, None]
    least = np.interp(hours[1:] - SHIFT_H, hours, served)[:, None]
    of_evs = {name: getattr(result, name) for name in ("p_mw", "p_up_mw", "p_down_mw", "e_mwh")}
    for own, floor, power, low, high in (
        (of_evs, -FEEDS_IN_MW, 0.022, np.full((N, 1), 0.01), np.full((N, 1), 0.06)),
        (result.series["storage"], -0.05, 0.05, np.full((N, 1), 0.01), np.full((N, 1), 0.1)),
        (result.series["load"], 0.0, 0.03, least, most),
    ):
        p, up, down, e = (own[name].to_numpy() for name in ("p_mw", "p_up_mw", "p_down_mw", "e_mwh"))
        assert (up[N - k + 1 :] == 0.0).all() and (down[N - k + 1 :] == 0.0).all() and up.sum() + down.sum() > 0.01
        for since in range(k):
            begun, now = slice(0, N - k + 1), slice(since, N - k + 1 + since)
            assert (p[now] + up[begun] <= power + 1e-8).all() and (p[now] - down[begun] >= floor - 1e-8).all()
            assert (e[now] + (since + 1) * up[begun] <= high[now] + 1e-8).all()
            assert (e[now] - (since + 1) * down[begun] >= low[now] - 1e-8).all()


def test_pv_holds_what_is_there_in_every_period_by_hand():
    net, profiles = with_pv(without(feeder_net(1), "ev", "ev_session"))
    result = evf.run_flexibility_opf(net, profiles, duration_h=2.0, **HOURLY)
    least_of_two = np.append(np.minimum(SUN_MW[1:], SUN_MW[:-1]), 0.0)
    assert result.series["sgen"]["p_up_mw"][0].to_numpy() == pytest.approx(least_of_two, abs=1e-6)
    assert result.objective_mw == pytest.approx(result.bound_mw, rel=2e-6) == pytest.approx(0.1, rel=2e-6)
    assert result.limited_by(3, "sgen").loc[0].tolist() == ["all available power", "not offered"]


@pytest.mark.slow
def test_pv_that_the_schedule_curtails_holds_what_is_left_and_curtails_no_more_than_without():
    net, profiles = with_pv(feeder_net(3, sn_mva=0.06), MUCH_SUN_MW)
    one, two = (evf.run_flexibility_opf(net, profiles, duration_h=h, method="exact", **HOURLY) for h in (1.0, 2.0))
    curtailed = [MUCH_SUN_MW - result.series["sgen"]["p_mw"][0].to_numpy() for result in (one, two)]
    assert curtailed[1].sum() == pytest.approx(curtailed[0].sum(), rel=1e-4) and curtailed[1].sum() > 0.005
    up = two.series["sgen"]["p_up_mw"][0].to_numpy()
    left = two.series["sgen"]["p_mw"][0].to_numpy()
    assert (up <= left + 1e-9).all() and (up[:-1] <= left[1:] + 1e-9).all() and up[-1] == 0.0
    assert two.objective_mw < one.objective_mw and two.verification["max_sgen_violation"] < 1e-6


def test_what_loses_by_feeding_in_is_refused_by_name_where_activations_are_held():
    net, profiles = every_kind(0.9)
    with pytest.raises(evf.InvalidInputError) as refused:
        evf.run_flexibility_opf(net, profiles, duration_h=2.0, **HOURLY)
    assert {("ev", (0, 1, 2)), ("storage", (0,))} <= {(fault.table, fault.rows) for fault in refused.value.faults}
    assert "set both efficiencies to 100" in str(refused.value)
