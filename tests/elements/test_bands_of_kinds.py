"""Bands for any sequence of calls of every kind: against linear programs of their own, and random calls within them."""

from __future__ import annotations

from copy import deepcopy
from types import SimpleNamespace

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

import pandapower_evflex as evf
from tests.elements.test_pv import MUCH_SUN_MW, with_pv, without_evs
from tests.elements.test_shiftable import HEAT_MW, with_heat_pump
from tests.elements.test_storage_oracle import N, net_with, random_battery
from tests.elements.test_v2g import net_with_car
from tests.examples import sampled, sweep
from tests.opf.band_oracles import Program, plus, random_calls
from tests.opf.feeder import feeder_net

METHODS = ("fast", "exact")
BAND = {"guarantee": "any_sequence", "progress": False}
ONE_HOUR = {"n_periods": N, "period_h": 1.0, **BAND}
GROUPS = [(net_with, "fast"), (net_with, "exact"), (net_with_car, "exact"), (net_with_car, "fast")]
EVERY = [(seed, net_of, method) for net_of, method in GROUPS for seed in range(30)]


def largest_band(battery, weights, directions=("up", "down"), room_mw=np.inf):
    """Lower edge, plan and upper edge of every hour as powers above the least one; both energies follow from them.

    The battery ends with what it had; ``room_mw`` is what the grid carries.
    """
    eta, eta_d = battery["efficiency_percent"] / 100.0, battery["discharge_efficiency_percent"] / 100.0
    e_0, least = battery["soc_percent"] / 100.0 * battery["max_e_mwh"], battery["min_p_mw"]
    most = min(battery["max_p_mw"], room_mw) - least
    program, upper, constant = Program(), {}, 0.0
    lower = {}
    for t in range(N):
        c_up, c_down = (weights[d][t] if d in directions else 0.0 for d in ("up", "down"))
        lo, x, hi = (program.variable(c) for c in (-c_down, c_down - c_up, c_up))
        charged, fed_in = program.variable(), program.variable()
        program.at_least(plus(x, lo, -1.0), 0.0)
        program.at_least(plus(hi, x, -1.0), 0.0)
        program.at_most(hi, most)
        if "up" not in directions:
            program.equal(plus(hi, x, -1.0), 0.0)
        if "down" not in directions:
            program.equal(plus(x, lo, -1.0), 0.0)
        program.equal(plus(plus(lo, charged, -1.0), fed_in), -least)
        upper, constant = plus(upper, hi, eta), constant + eta * least
        lower = plus(plus(lower, charged, eta), fed_in, -1.0 / eta_d)
        needed = max(battery["min_e_mwh"], e_0 - eta * battery["max_p_mw"] * (N - 1 - t))
        program.at_most(upper, battery["max_e_mwh"] - e_0 - constant)
        program.at_least(lower, needed - e_0)
    return program.largest()


def energies(battery, loads):
    """What a battery holds at the end of every hour with these loads [n, hour], losses both ways."""
    eta, eta_d = battery["efficiency_percent"] / 100.0, battery["discharge_efficiency_percent"] / 100.0
    added = np.where(loads > 0.0, eta * loads, loads / eta_d)
    return battery["soc_percent"] / 100.0 * battery["max_e_mwh"] + np.cumsum(added, axis=1)


def frames_of(result, kind):
    own = {name: getattr(result, name) for name in ("p_mw", "p_up_mw", "p_down_mw")}
    return SimpleNamespace(**(own if kind == "ev" else result.series[kind]))


@sweep
@pytest.mark.parametrize(("seed", "net_of", "method"), sampled(EVERY, 2))
def test_a_band_with_losses_is_what_a_linear_program_says_and_every_sequence_of_calls_keeps_it(seed, net_of, method):
    battery, rng = random_battery(seed), np.random.default_rng(300 + seed)
    up = rng.uniform(0.5, 1.0, N)
    weights = {"up": up, "down": up * rng.uniform(0.2, 2.0, N)}
    directions = [("up", "down"), ("up",), ("down",)][seed % 3]
    net = net_of(battery)
    result = evf.run_flexibility_opf(
        net, weights=weights, method=method, scenarios=directions, tie_break="smooth" if seed % 2 else None, **ONE_HOUR
    )
    assert result.status == "optimal", result.message
    assert result.objective_mw == pytest.approx(largest_band(battery, weights, directions), rel=3e-6, abs=1e-8)
    assert result.bound_mw >= result.objective_mw * (1.0 - 1e-9)
    e = energies(battery, random_calls(frames_of(result, "storage" if net_of is net_with else "ev"), 200, rng)[:, :, 0])
    assert e.max() <= battery["max_e_mwh"] * (1.0 + 1e-7) and e.min() >= battery["min_e_mwh"] * (1.0 - 1e-7)
    assert e[:, -1].min() >= battery["soc_percent"] / 100.0 * battery["max_e_mwh"] * (1.0 - 1e-7)


def test_the_lower_edge_counts_what_feeding_in_takes_and_the_upper_one_what_it_would_have_charged_by_hand():
    """10 kW either way, 50 % both ways, two hours, 10 kWh of 20 to be there at the end.

    Upper edge: 10 kW in both hours store 10 kWh. Lower edge: 10 kW in one hour make up for 2.5 kW fed in in the other.
    """
    battery = {
        "max_e_mwh": 0.02, "min_e_mwh": 0.0, "soc_percent": 50.0, "max_p_mw": 0.01, "min_p_mw": -0.01,
        "efficiency_percent": 50.0, "discharge_efficiency_percent": 50.0,
    }  # fmt: skip
    result = evf.run_flexibility_opf(net_with(battery), n_periods=2, period_h=1.0, **BAND)
    own = result.series["storage"]
    assert result.objective_mw == pytest.approx(0.02, rel=1e-6)
    assert (own["p_mw"] + own["p_up_mw"])[0].tolist() == pytest.approx([0.01, 0.01], rel=1e-5)
    lower = (own["p_mw"] - own["p_down_mw"])[0].to_numpy()
    assert 0.5 * np.maximum(lower, 0.0).sum() == pytest.approx(2.0 * np.maximum(-lower, 0.0).sum(), abs=1e-8)


def mixed_net():
    """Cars, V2G, a battery with losses, a heat pump and PV behind a transformer that binds both ways."""
    net, profiles = with_pv(feeder_net(3, sn_mva=0.06), 0.7 * MUCH_SUN_MW)
    net.ev.loc[1, ["min_p_mw", "efficiency_percent"]] = -0.011, 90.0
    heat = pp.create_load(net, 3, 0.0, name="heat pump")
    net.load.loc[heat, ["shift_h", "max_p_mw"]] = 2.0, 0.03
    pp.create_storage(net, 3, 0.0, max_e_mwh=0.05, soc_percent=50.0, max_p_mw=0.02, min_p_mw=-0.02)
    net.storage["efficiency_percent"] = 90.0
    for kind, label in (("load", heat), ("storage", 0)):
        evf.create_flexibilities(net, kind, [label] * 2, ["up", "down"])
    day = np.tile(net.load.p_mw.to_numpy(), (8, 1))
    day[:, heat] = HEAT_MW
    q = np.tile(net.load.q_mvar.to_numpy(), (8, 1))
    profiles |= {("load", "p_mw"): pd.DataFrame(day), ("load", "q_mvar"): pd.DataFrame(q)}
    return net, profiles


def calls_by_runpp(net, result, period):
    """Power flows somewhere along each way that a call is shared."""
    rng, powers = np.random.default_rng(period), ["p_mw", "q_mvar"]
    ends = {scenario: evf.with_evs_as_loads(net, result, period, scenario) for scenario in ("base", "up", "down")}
    for one, other in (("down", "up"), ("base", "up"), ("base", "down")):
        called, theta = deepcopy(ends[one]), rng.uniform()
        for table in ("load", "sgen", "storage"):
            called[table][powers] += theta * (ends[other][table][powers] - called[table][powers])
        pp.runpp(called, numba=False)
        yield called


def test_all_kinds_behind_one_transformer_fast_against_exact_and_calls_against_runpp():
    net, profiles = mixed_net()
    results = {
        method: evf.run_flexibility_opf(net, profiles, method=method, tie_break=None, period_h=1.0, **BAND)
        for method in ("exact", "fast")
    }
    result = results["fast"]
    assert result.status == results["exact"].status == "optimal" and result.guarantee_proved
    assert result.objective_mw == pytest.approx(results["exact"].objective_mw, rel=2e-6)
    assert max(value for name, value in result.verification.items() if name.endswith("violation")) < 1e-6
    for kind in ("storage", "sgen"):
        assert result.series[kind]["p_up_mw"].to_numpy().max() > 0.001, kind
    assert (result.limited_by(2, "load") == "must be served").all().all()
    powers, energies = evf.plotting.plot_band(result).axes
    assert powers.get_ylim()[0] < 1e3 * result.total("p_mw").min() < 0.0 and "fed in" in powers.get_ylabel()
    assert energies.get_ylim()[0] < 0.0
    for called in calls_by_runpp(net, result, 3):
        for side in ("hv", "lv"):
            s_mva = np.hypot(called.res_trafo[f"p_{side}_mw"], called.res_trafo[f"q_{side}_mvar"])
            assert s_mva.max() <= called.trafo.sn_mva[0] * (1.0 + 1e-6)


@sweep
@pytest.mark.parametrize("method", sampled(METHODS, 1))
def test_the_band_of_pv_is_its_curtailment_range_and_may_begin_below_what_is_available(method):
    """A grid that carries 60 kVA back: the schedule curtails what it must, and all that is left may be called."""
    net, profiles = with_pv(without_evs(feeder_net(1, sn_mva=0.06, load_mw=0.0)), MUCH_SUN_MW, tan_phi=0.0)
    results = [
        evf.run_flexibility_opf(net, profiles, method=method, period_h=1.0, progress=False, guarantee=guarantee)
        for guarantee in ("any_sequence", "one_activation")
    ]
    band, single = (result.series["sgen"] for result in results)
    assert [result.status for result in results] == ["optimal"] * 2 and results[0].guarantee_proved
    assert results[0].objective_mw == pytest.approx(results[1].objective_mw, rel=1e-6)
    assert band["p_mw"][0].to_numpy() == pytest.approx(single["p_mw"][0].to_numpy(), abs=1e-5)
    assert band["p_up_mw"][0].to_numpy() == pytest.approx(band["p_mw"][0].to_numpy(), abs=1e-6)
    assert band["p_mw"][0].max() < 0.07


@pytest.mark.slow
def test_reactive_power_that_is_chosen_follows_a_call_along_its_band():
    net, profiles = with_pv(feeder_net(2, sn_mva=0.2, load_mw=0.0), MUCH_SUN_MW, control_q=True)
    del profiles["sgen", "q_mvar"]
    net.sgen["sn_mva"] = 0.13
    evf.create_cos_phi_p(net, net.sgen.index[0], [(0.5, 1.0), (1.0, 0.9)])
    arguments = {"max_vm_pu": 1.01, "period_h": 1.0, **BAND}
    exact, fast = (evf.run_flexibility_opf(net, profiles, method=method, **arguments) for method in ("exact", "fast"))
    assert fast.status == exact.status == "optimal" and fast.guarantee_proved
    assert fast.objective_mw == pytest.approx(exact.objective_mw, rel=1e-6)
    for called in calls_by_runpp(net, fast, 3):
        assert called.res_bus.vm_pu.max() <= 1.01 + 1e-6


def test_a_shifted_load_has_no_band_because_both_edges_would_have_to_end_with_the_same_energy():
    net, profiles = with_heat_pump(feeder_net(3, sn_mva=0.06), max_p_mw=0.03)
    result = evf.run_flexibility_opf(net, profiles, period_h=1.0, **BAND)
    assert result.status == "optimal"
    own = result.series["load"]
    assert not own["p_up_mw"].to_numpy().any() and not own["p_down_mw"].to_numpy().any()
    assert own["p_mw"].to_numpy().sum() == pytest.approx(HEAT_MW.sum()) and own["p_mw"].to_numpy().std() > 0.0
    assert (result.reasons["load"]["up"] == "must be served").all().all()
    net.flexibility["in_service"] = False
    fixed = evf.run_flexibility_opf(net, profiles, period_h=1.0, **BAND)
    assert result.objective_mw >= fixed.objective_mw * (1.0 - 1e-6), "it gives room to the cars"


def test_a_battery_that_must_end_full_has_no_band_and_does_not_feed_in():
    battery = {**random_battery(0), "soc_percent": 100.0}
    result = evf.run_flexibility_opf(net_with(battery), **ONE_HOUR)
    assert result.status == "optimal" and result.objective_mw == pytest.approx(0.0, abs=1e-9)
    assert np.abs(result.series["storage"]["p_mw"].to_numpy()).max() < 1e-7
