"""All kinds on a SimBench net with its own heat pumps, batteries, PV and profiles. Slow: `python -m pytest -m slow`."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pytest
import simbench

import pandapower_evflex as evf

pytestmark = pytest.mark.slow
#: first quarter hours of a dull day in January, on which PV has next to nothing to offer, and of a bright one in April
JANUARY, APRIL, HOURS = 10 * 96, 105 * 96, 24


@pytest.fixture(scope="module")
def village():
    return village_on(JANUARY)


def village_on(first):
    """By the hour."""
    net = simbench.get_simbench_net("1-LV-rural2--2-sw")
    year = simbench.get_absolute_values(net, profiles_instead_of_study_cases=True)
    profiles = {key: frame.iloc[first : first + 96 : 4].reset_index(drop=True) for key, frame in year.items()}
    cars = net.load.index[net.load["profile"].str.contains("HLS|APLS")]
    pumps = net.load.index[net.load["profile"].str.startswith(("Air_", "Soil_"))]
    net.load.loc[cars, "in_service"] = False
    evs = evf.create_evs(net, net.load.loc[cars, "bus"], max_p_mw=0.011, max_e_mwh=0.05, efficiency_percent=93.0)
    evf.create_ev_sessions(net, evs, 0.0, 24.0, e_arrival_mwh=0.02, e_departure_mwh=np.linspace(0.025, 0.045, len(evs)))
    net.ev.loc[evs[:3], "min_p_mw"] = -0.011
    net.load.loc[pumps, "shift_h"] = 2.0
    net.load.loc[pumps, "max_p_mw"] = 1.5 * profiles["load", "p_mw"][pumps].max()
    net.storage["efficiency_percent"], net.storage["soc_percent"] = 95.0, 50.0
    net.storage["max_p_mw"] = -net.storage["min_p_mw"]
    net.trafo["max_loading_percent"] = 35.0
    for kind, elements in (("storage", net.storage.index), ("load", pumps)):
        evf.create_flexibilities(net, kind, np.repeat(elements, 2), ["up", "down"] * len(elements))
    evf.create_flexibilities(net, "sgen", net.sgen.index, "up")
    return net, profiles


def test_both_methods_agree_on_a_village_with_every_kind(village):
    net, profiles = village
    found = {
        method: evf.run_flexibility_opf(net, profiles, period_h=1.0, method=method, tie_break=None, progress=False)
        for method in ("exact", "fast")
    }
    fast, exact = found["fast"], found["exact"]
    assert fast.status == exact.status == "optimal"
    assert fast.objective_mw == pytest.approx(exact.objective_mw, rel=1e-6)
    assert len(fast.binding) and fast.objective_mw < fast.bound_mw
    for kind in ("storage", "load"):
        assert sum(fast.series[kind][name].to_numpy().sum() for name in ("p_up_mw", "p_down_mw")) > 0.01, kind
    for result in found.values():
        worst = max(v for name, v in result.verification.items() if name.endswith(("voltage", "overload", "violation")))
        assert worst < 1e-6 and result.verification["against_runpp"] < 1e-6


@pytest.mark.parametrize("activation", ["base", "up", "down"])
def test_a_power_flow_of_pandapower_finds_the_limits_kept(village, activation):
    net, profiles = village
    result = evf.run_flexibility_opf(net, profiles, period_h=1.0, method="fast", progress=False)
    for period in range(0, HOURS, 4):
        plain = evf.with_evs_as_loads(net, result, period, activation)
        pp.runpp(plain)
        trafo = result.trafo_loading_percent[activation].iloc[period]
        assert plain.res_trafo["loading_percent"].max() < 36.0  # by current; the run limits by power
        assert np.allclose(plain.res_bus["vm_pu"], result.vm_pu[activation].iloc[period], atol=1e-6)
        assert trafo.max() <= 35.0 * (1.0 + 1e-6)


def test_no_kind_lowers_the_optimum(village):
    """With the rows of one kind out of service, it stays as its own profile has it."""
    net, profiles = village
    best = evf.run_flexibility_opf(net, profiles, period_h=1.0, method="fast", tie_break=None, progress=False)
    rows = net.flexibility["in_service"].copy()
    for kind in ("load", "sgen"):
        net.flexibility["in_service"] = rows & (net.flexibility["element_type"] != kind)
        less = evf.run_flexibility_opf(net, profiles, period_h=1.0, method="fast", tie_break=None, progress=False)
        assert less.objective_mw <= best.objective_mw * (1.0 + 1e-6)
    net.flexibility["in_service"] = rows


def test_on_a_bright_day_exact_finds_the_optimum_that_fast_leaves_open():
    """In reverse flow losses relieve the transformer, so that its limit is not convex: fast certifies nothing there."""
    net, profiles = village_on(APRIL)
    net.ev["efficiency_percent"] = net.storage["efficiency_percent"] = 100.0
    found = {
        method: evf.run_flexibility_opf(net, profiles, period_h=1.0, method=method, tie_break=None, progress=False)
        for method in ("fast", "auto")
    }
    fast, auto = found["fast"], found["auto"]
    assert fast.status in ("optimal", "feasible") and auto.status == "optimal"
    assert np.isnan(fast.gap) and 0.99 * auto.objective_mw < fast.objective_mw < auto.objective_mw * (1.0 + 1e-6)
    assert auto.series["sgen"]["p_up_mw"].to_numpy().sum() > 0.1
    for result in found.values():
        worst = max(v for name, v in result.verification.items() if name.endswith(("voltage", "overload", "violation")))
        assert worst < 1e-6 and result.verification["against_runpp"] < 1e-6
