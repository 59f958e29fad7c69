"""Who is interrupted, how long, which ties are closed, and the indices, against an analysis of the tests' own."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pandapower.networks as nw
import pytest

import pandapower_evflex as evf
from pandapower_evflex.planning.fault.restoring import restore_supply
from tests.planning.outage_analysis import Outages
from tests.planning.substation_nets import random_substations

PRICES = {"voll_eur_per_mwh": 10_000.0, "loss_price_eur_per_mwh": 0.0, "discount_rate": 0.05, "progress": False}
#: lines that carry anything
LINE = {"length_km": 1.0, "r_ohm_per_km": 1e-3, "x_ohm_per_km": 1e-3, "c_nf_per_km": 0.0, "max_i_ka": 50.0}


def switched_line(net, rng, start, end, first, second):
    """A line with a switch of these (type, closed) at its ends; None: no switch."""
    line = pp.create_line_from_parameters(net, start, end, **LINE)
    for bus, switch in ((start, first), (end, second)):
        if switch is not None:
            pp.create_switch(net, bus, line, "l", type=switch[0], closed=switch[1])
    return line


def random_feeders(seed, *, meshed):
    """A ring of stations from one busbar, open somewhere or closed, with laterals and a further connection."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 7))
    net = pp.create_empty_network()
    pp.create_buses(net, n + 1, 10.0)
    pp.create_ext_grid(net, 0)

    def switch(closed=True):
        kind = rng.choice(["CB", "LBS", "DS", None, "none at all"], p=[0.2, 0.4, 0.1, 0.15, 0.15])
        return (kind, closed) if kind != "none at all" or not closed else None

    opened = -1 if meshed and rng.random() < 0.7 else int(rng.integers(0, n + 1))
    stations = [0, *range(1, n + 1), 0]
    for number in range(n + 1):
        head = [("CB", True) if rng.random() < 0.7 else (None, True), None, None]
        first = head[0] if number == 0 else switch()
        second = head[0] if number == n else switch()
        if number == opened:
            second = ("CB" if number == n else "LBS", False)
        switched_line(net, rng, stations[number], stations[number + 1], first, second)
    for station in rng.choice(np.arange(1, n + 1), int(rng.integers(0, 3)), replace=False).tolist():
        end = pp.create_bus(net, 10.0)
        first = [("fuse", True), ("LBS", True), None][int(rng.integers(0, 3))]
        switched_line(net, rng, station, end, first, None)
    for _ in range(int(rng.integers(0, 3))):
        start, end = (int(bus) for bus in rng.choice(np.arange(0, n + 1), 2, replace=False))
        if meshed and rng.random() < 0.5:
            switched_line(net, rng, start, end, ("CB", True), ("CB", True))
        else:
            switched_line(net, rng, start, end, ("LBS", bool(rng.random() < 0.5)), ("LBS", False))
    extend(net, rng)
    at = net.bus.index[1:]
    pp.create_loads(net, at, p_mw=rng.uniform(0.1, 1.0, len(at)).round(3))
    net.load["customers"] = rng.choice([np.nan, 0.0, 10.0, 55.0], len(net.load), p=[0.2, 0.1, 0.35, 0.35])
    for table, share, most in (("line", 1.0, 0.3), ("trafo", 0.8, 0.1), ("bus", 0.4, 0.01), ("switch", 0.15, 0.05)):
        n = len(net[table])
        does_fail = rng.random(n) < share
        net[table]["failure_rate_per_year"] = np.where(does_fail, rng.uniform(0.01 * most, most, n), np.nan)
        net[table]["repair_time_h"] = rng.choice([0.4, 3.0, 5.0], n, p=[0.1, 0.5, 0.4])
        net[table]["switching_time_h"] = rng.choice([0.5, 1.0], n)
    for table in ("line", "trafo"):
        n = len(net[table])
        net[table]["planned_outage_rate_per_year"] = np.where(rng.random(n) < 0.3, rng.uniform(0.1, 1.0, n), np.nan)
        net[table]["planned_outage_time_h"] = rng.choice([4.0, 8.0], n)
    own, n = [np.nan, 0.02, 0.04, 0.3, 1.5], len(net.switch)
    net.switch["switching_time_h"] = rng.choice(own, n, p=[0.4, 0.15, 0.15, 0.15, 0.15])
    net.switch["stuck_probability"] = rng.choice([np.nan, 0.0, 0.02, 0.3], n, p=[0.4, 0.1, 0.2, 0.3])
    return net


def extend(net, rng):
    """A coupler to a further busbar, two switches in a row, a parallel line, a transformer with a fuse or none."""
    station = int(rng.integers(1, len(net.bus)))
    if rng.random() < 0.3:
        other = pp.create_bus(net, 10.0)
        pp.create_switch(net, station, other, "b", type=rng.choice(["CB", "LBS"]), closed=True)
    if rng.random() < 0.3:
        row = net.switch[net.switch.et == "l"].iloc[0]
        pp.create_switch(net, row.bus, row.element, "l", type="DS", closed=True)
    if rng.random() < 0.3:
        start, end = net.line.loc[net.line.index[-1], ["from_bus", "to_bus"]]
        kinds = [("CB", True), None, ("LBS", False)]
        first, second = kinds[int(rng.integers(0, 2))], kinds[int(rng.integers(0, 3))]
        switched_line(net, rng, int(start), int(end), first, second)
    for _ in range(int(rng.integers(0, 3))):
        low = pp.create_bus(net, 0.4)
        hv = int(rng.choice(net.bus.index[net.bus.vn_kv > 1.0]))
        trafo = pp.create_transformer_from_parameters(net, hv, low, 5.0, 10.0, 0.4, 0.5, 4.0, 0.0, 0.0)
        for bus, kinds in ((hv, ["fuse", "LBS", None]), (low, ["CB", None])):
            if rng.random() < 0.6:
                pp.create_switch(net, bus, trafo, "t", type=rng.choice(kinds), closed=True)


def assert_same_outages(net):
    own = Outages(net)
    for _, element, table, is_planned in own.events():
        out, ties = own.after(element, table, planned=is_planned)
        state = restore_supply(net, table, element, planned=is_planned)
        assert state.switches_closed == ties, (table, element, is_planned)
        length_h = net[table]["planned_outage_time_h" if is_planned else "repair_time_h"][element]
        found = dict(zip(state.interrupted_buses, state.hours_back, strict=True))
        found |= dict.fromkeys(state.dark_buses, length_h)
        assert found == pytest.approx(out), (table, element, is_planned)
    rows, system = own.indices()
    study = evf.run_planning(net, None, **PRICES)
    points, (plan, *_) = study.load_points, study.reliability.itertuples()
    np.testing.assert_allclose(points.interruptions_per_year, rows.sustained, rtol=1e-12)
    np.testing.assert_allclose(points.momentary_per_year, rows.momentary, rtol=1e-12)
    np.testing.assert_allclose(points.hours_per_year, rows.hours, rtol=1e-12)
    np.testing.assert_allclose(points.energy_mwh_per_year, rows.energy, rtol=1e-12)
    assert plan.saifi_per_year == pytest.approx(system["sustained"])
    assert plan.saidi_h_per_year == pytest.approx(system["hours"])
    assert plan.maifi_per_year == pytest.approx(system["momentary"])
    assert plan.eens_mwh_per_year == pytest.approx(system["energy"])
    assert plan.asai == pytest.approx(1.0 - system["hours"] / 8760.0)
    caidi = system["hours"] / system["sustained"] if system["sustained"] else np.nan
    assert plan.caidi_h == pytest.approx(caidi, nan_ok=True)
    assert study.plans.reliability_eur_per_year[0] == pytest.approx(10_000.0 * system["energy"])


@pytest.mark.parametrize("seed", range(5))
def test_outages_of_random_rings_are_those_of_an_analysis_of_the_tests_own(seed):
    assert_same_outages(random_feeders(seed, meshed=False))


@pytest.mark.parametrize("seed", range(3))
def test_outages_of_random_meshed_nets_are_those_of_an_analysis_of_the_tests_own(seed):
    assert_same_outages(random_feeders(seed, meshed=True))


@pytest.mark.parametrize("seed", range(2))
def test_outages_of_random_substations_are_those_of_an_analysis_of_the_tests_own(seed):
    assert_same_outages(random_substations(seed))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 80))
def test_outages_of_many_random_substations(seed):
    assert_same_outages(random_substations(seed))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5, 200))
def test_outages_of_many_random_rings(seed):
    assert_same_outages(random_feeders(seed, meshed=False))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 50))
def test_outages_of_many_random_meshed_nets(seed):
    assert_same_outages(random_feeders(seed, meshed=True))


def with_outages(net, seed=0):
    """Rates and times of their own for every element; no limit binds."""
    rng = np.random.default_rng(seed)
    net.line["max_i_ka"], net.bus["min_vm_pu"], net.load["scaling"] = 1e3, 0.0, 1.0
    for table in ("line", "trafo", "trafo3w"):
        net[table]["max_loading_percent"] = 1e6
    net.load = net.load[net.load.p_mw > 0.0]
    net.load["customers"] = rng.integers(1, 50, len(net.load)).astype(float)
    for table, most in (("line", 0.1), ("trafo", 0.015), ("trafo3w", 0.015), ("bus", 0.002), ("switch", 0.005)):
        n = len(net[table])
        net[table]["failure_rate_per_year"] = np.where(rng.random(n) < 0.6, rng.uniform(0.1 * most, most, n), np.nan)
        net[table]["repair_time_h"] = rng.choice([3.0, 5.0, 20.0], n)
        net[table]["switching_time_h"] = rng.choice([0.5, 1.0], n)
    net.switch["switching_time_h"] = rng.choice([np.nan, 0.02, 0.3], len(net.switch))
    net.switch["stuck_probability"] = rng.choice([np.nan, 0.05], len(net.switch))
    return net


@pytest.mark.slow
@pytest.mark.parametrize(
    "make", [nw.create_cigre_network_mv, nw.example_simple, nw.simple_mv_open_ring_net, nw.example_multivoltage]
)
def test_outages_of_nets_that_come_with_pandapower(make):
    """Transformers with three windings, an impedance, couplers, disconnectors beside breakers, untyped switches."""
    assert_same_outages(with_outages(make()))
