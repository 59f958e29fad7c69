"""Laws of what stores and of what is curtailed, on a net whose one transformer loses next to nothing."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

import pandapower_evflex as evf
from tests.examples import examples

N = 6
HOURLY = {"period_h": 1.0, "progress": False}
shares = st.floats(0.05, 0.95)
days = st.lists(st.floats(0.0, 1.0), min_size=N, max_size=N)


def ideal_net(sn_mva=0.06):
    """A load and a generator of 0 MW behind a transformer of a ten-thousandth of its rating in losses."""
    net = pp.create_empty_network()
    mv, lv = pp.create_bus(net, 20.0, min_vm_pu=0.9, max_vm_pu=1.1), pp.create_bus(net, 0.4)
    pp.create_ext_grid(net, mv)
    pp.create_transformer_from_parameters(net, mv, lv, sn_mva, 20.0, 0.4, 0.01, 0.011, 0.0, 0.0)
    pp.create_load(net, lv, 0.0)
    pp.create_sgen(net, lv, 0.0)
    return net


def with_battery(net, max_e_mwh, power, soc=50.0, efficiency=100.0):
    battery = pp.create_storage(net, 1, 0.0, max_e_mwh=max_e_mwh, soc_percent=soc, max_p_mw=power, min_p_mw=-power)
    net.storage.loc[battery, "efficiency_percent"] = efficiency
    evf.create_flexibilities(net, "storage", [battery] * 2, ["up", "down"])
    return net


def with_car(net, max_e_mwh, power, soc, need):
    """A car that may feed in, without losses; it leaves with a need or with anything."""
    ev = evf.create_ev(net, 1, max_p_mw=power, min_p_mw=-power, max_e_mwh=max_e_mwh)
    evf.create_ev_session(net, ev, 0.0, N, e_arrival_mwh=soc * max_e_mwh, e_departure_mwh=need)
    return net


def battery_and_car(rng, room, eta, powers):
    """A battery and a car with losses at random, and what a program needs to know of each."""
    net, units = ideal_net(room), []
    for add, percent in ((with_battery, 100.0), (with_car, 1.0)):
        max_e, p, soc = rng.uniform(0.02, 0.06), rng.uniform(*powers), rng.uniform(0.3, 0.8)
        add(net, max_e, p, percent * soc, *([] if add is with_battery else [soc * max_e]))
        units.append({"max_e": max_e, "p": p, "start": soc * max_e, "eta": eta})
    net.storage["efficiency_percent"] = net.ev["efficiency_percent"] = 100.0 * eta
    return net, units


@examples(2, 30)
@given(day=days, energy=shares, power=shares)
def test_a_battery_without_losses_charges_for_generation_what_it_discharges_for_the_same_load(day, energy, power):
    """The flattest day of as much generation as there was load has the opposite schedule, from half full."""
    found = []
    for table in ("load", "sgen"):
        net = with_battery(ideal_net(), 0.1 * energy, 0.03 * power)
        profiles = {(table, "p_mw"): pd.DataFrame({0: 0.04 * np.array(day)})}
        result = evf.run_flexibility_opf(net, profiles, scenarios=("base",), tie_break="level", method="fast", **HOURLY)
        assert result.status == "optimal", result.message
        found.append(result.series["storage"]["p_mw"][0].to_numpy())
    assert found[0] == pytest.approx(-found[1], abs=0.03 * power * 2e-3)


@examples(2, 30)
@given(day=days, energy=shares, power=shares, soc=shares)
def test_upward_flexibility_beside_loads_is_downward_flexibility_beside_the_same_generation(day, energy, power, soc):
    """A car without losses that may leave with anything, from the opposite state of charge."""
    best = []
    for table, direction, start in (("load", "up", soc), ("sgen", "down", 1.0 - soc)):
        net = with_car(ideal_net(), 0.1 * energy, 0.04 * power, start, 0.0)
        profiles = {(table, "p_mw"): pd.DataFrame({0: 0.05 * np.array(day)})}
        result = evf.run_flexibility_opf(net, profiles, scenarios=(direction,), tie_break=None, method="fast", **HOURLY)
        assert result.status == "optimal", result.message
        best.append(result.objective_mw)
    assert best[0] == pytest.approx(best[1], rel=1e-3, abs=1e-6)


@pytest.mark.slow
@examples(2, 20)
@given(energy=shares, power=shares, soc=shares, load=days)
def test_a_car_that_may_feed_in_and_leaves_as_it_came_never_lowers_the_optimum(energy, power, soc, load):
    best = []
    for comes in (False, True):
        net = with_car(ideal_net(), 0.05, 0.02, 0.2, 0.04)
        if comes:
            max_e = 0.1 * energy
            with_car(net, max_e, 0.05 * power, soc, soc * max_e)
        net.ev["efficiency_percent"] = 90.0
        profiles = {("load", "p_mw"): pd.DataFrame({0: 0.04 * np.array(load)})}
        result = evf.run_flexibility_opf(net, profiles, tie_break=None, method="fast", **HOURLY)
        assert result.status in ("optimal", "optimal_within_gap"), result.message
        best.append(result.objective_mw)
    assert best[1] >= best[0] * (1.0 - 1e-6)


@examples(2, 40)
@given(
    energy=shares, power=shares, soc=shares, efficiency=st.floats(50.0, 99.0), down=st.floats(0.1, 3.0),
    sun=days, tie_break=st.sampled_from([None, "smooth", "min_energy", "level"]),
    guarantee=st.sampled_from(["one_activation", "any_sequence"]),
)  # fmt: skip
def test_no_schedule_charges_and_discharges_at_once(energy, power, soc, efficiency, down, sun, tie_break, guarantee):
    """Of a load P and the energy that it leads to follows what is charged beside what is fed in: nothing."""
    net = with_battery(ideal_net(), 0.1 * energy, 0.05 * power, 100.0 * soc, efficiency)
    with_car(net, 0.1 * energy, 0.04 * power, soc, 0.9 * soc * 0.1 * energy)
    net.ev["efficiency_percent"] = efficiency
    profiles = {("sgen", "p_mw"): pd.DataFrame({0: 0.055 * np.array(sun)})}
    result = evf.run_flexibility_opf(
        net, profiles, weights={"up": 1.0, "down": down}, tie_break=tie_break, guarantee=guarantee, **HOURLY
    )
    own, start = result.series["storage"], soc * 0.1 * energy
    for p, e in ((own["p_mw"], own["e_mwh"]), (result.p_mw, result.e_mwh)):
        p, added = p[0].to_numpy(), np.diff(e[0].to_numpy(), prepend=start)
        eta = efficiency / 100.0
        wasted = np.where(p > 0.0, eta * p, p / eta) - added
        assert np.abs(wasted).max() / (1.0 / eta - eta) < 1e-9


def least_curtailed_mwh(sun, load, battery, car, room):
    """Variables of an hour: C, powers of the battery and of the car; energies within their stores, room both ways."""
    tril = np.tril(np.ones((N, N)))
    nothing, every = np.zeros((N, N)), np.eye(N)
    flow = np.hstack([every, every, every])
    of_battery, of_car = np.hstack([nothing, tril, nothing]), np.hstack([nothing, nothing, tril])
    a, b = [flow, -flow, of_battery, -of_battery, of_car, -of_car], []
    left = np.arange(N)[::-1]
    for own in (battery, car):
        need = np.maximum(0.0, own["need"] - own["p"] * left)
        b += [np.full(N, own["e_max"] - own["start"]), own["start"] - need]
    b = [room - load + sun, room + load - sun, *b]
    bounds = [(0.0, s) for s in sun] + [(-battery["p"], battery["p"])] * N + [(0.0, car["p"])] * N
    solved = linprog(np.append(np.ones(N), np.zeros(2 * N)), np.vstack(a), np.concatenate(b), bounds=bounds)
    return solved.fun if solved.status == 0 else None


@examples(2, 40)
@given(sun=days, energy=shares, power=shares, scale=st.floats(0.08, 0.14))
def test_pv_is_curtailed_where_no_schedule_exists_without_it_and_by_what_a_linear_program_says(
    sun, energy, power, scale
):
    sun_mw, load, room = scale * np.array(sun), np.full(N, 0.01), 0.06
    battery = {"e_max": 0.2 * energy, "start": 0.1 * energy, "need": 0.1 * energy, "p": 0.05 * power}
    car = {"e_max": 0.06, "start": 0.02, "need": 0.03, "p": 0.02}
    net = with_battery(ideal_net(room), battery["e_max"], battery["p"])
    ev = evf.create_ev(net, 1, max_p_mw=car["p"], max_e_mwh=car["e_max"])
    evf.create_ev_session(net, ev, 0.0, N, e_arrival_mwh=car["start"], e_departure_mwh=car["need"])
    offer = evf.create_flexibility(net, "sgen", 0, "up")
    profiles = {("sgen", "p_mw"): pd.DataFrame({0: sun_mw}), ("load", "p_mw"): pd.DataFrame({0: load})}
    least = least_curtailed_mwh(sun_mw, load, battery, car, room)
    arguments = {"tie_break": None, "method": "fast", "raise_on_failure": False, **HOURLY}
    result = evf.run_flexibility_opf(net, profiles, **arguments)
    assert result.status in ("optimal", "optimal_within_gap", "feasible"), result.message
    curtailed = sun_mw.sum() - result.series["sgen"]["p_mw"].to_numpy().sum()
    assert curtailed == pytest.approx(least, rel=2e-3, abs=2e-5)
    net.flexibility.loc[offer, "in_service"] = False
    without = evf.run_flexibility_opf(net, profiles, **arguments)
    if abs(curtailed) > 2e-5:
        assert without.status in ("infeasible", "failed")
    elif least < 1e-9 and without.status == "optimal":
        assert curtailed == 0.0
