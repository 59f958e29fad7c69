"""One period, EVs as the only flexible loads: the optimum is that of pandapower's own OPF."""

from __future__ import annotations

import copy

import numpy as np
import pandapower as pp
import pandapower.networks as nw
import pytest

import pandapower_evflex as evf
from tests.examples import sampled, sweep

#: relative
TOLERANCE = 1e-6

#: pandapower's OPF in its default tolerances is 1e-3 off: costs in EUR/MW are small against its dual tolerance
SHARP = {"PDIPM_COSTTOL": 1e-9, "PDIPM_GRADTOL": 1e-7, "PDIPM_COMPTOL": 1e-8, "PDIPM_FEASTOL": 1e-9}
COST_SCALE = 1e3


def cigre_lv():
    net = nw.create_cigre_network_lv()
    return net, [11, 15, 18, 26, 35], 0.15, 0.9


def cigre_mv():
    net = nw.create_cigre_network_mv()
    net.trafo["max_loading_percent"] = 110.0
    return net, [3, 7, 10, 14], 6.0, 0.9


def case33():
    net = nw.case33bw()
    return net, [9, 17, 24, 32], 1.0, 0.9


def prepared(make):
    net, buses, p_max, vm_min = make()
    net.bus["min_vm_pu"], net.bus["max_vm_pu"] = vm_min, 1.1
    net.line["max_loading_percent"] = 100.0
    if "max_loading_percent" not in net.trafo:
        net.trafo["max_loading_percent"] = 100.0
    net.poly_cost = net.poly_cost.iloc[:0]
    for table in ("load", "sgen"):
        net[table]["controllable"] = False
    return net, buses, p_max


@sweep
@pytest.mark.parametrize("make", sampled([cigre_lv, cigre_mv, case33], 2), ids=lambda make: make.__name__)
def test_largest_load_equals_that_of_runopp(make):
    net, buses, p_max = prepared(make)
    weights = np.linspace(1.0, 1.3, len(buses))
    reference = copy.deepcopy(net)
    for bus, weight in zip(buses, weights, strict=True):
        load = pp.create_load(
            reference, bus, p_mw=0.0, q_mvar=0.0, min_p_mw=0.0, max_p_mw=p_max, min_q_mvar=0.0, max_q_mvar=0.0,
            controllable=True,
        )  # fmt: skip
        pp.create_poly_cost(reference, load, "load", cp1_eur_per_mw=-COST_SCALE * weight)
    pp.runopp(reference, init="pf", delta=1e-10, **SHARP)
    assert reference.OPF_converged

    evs = evf.create_evs(net, buses, max_p_mw=p_max, max_e_mwh=10.0)
    evf.create_ev_sessions(net, evs, 0.0, 1.0, e_arrival_mwh=0.0)
    evf.create_flexibilities(net, "ev", evs, "up", weight=weights)
    result = evf.run_flexibility_opf(
        net, n_periods=1, period_h=1.0, scenarios=("up",), trafo_loading="current", progress=False
    )
    assert len(result.binding) > 0  # else the comparison would be of P_max with itself
    assert np.isclose(result.objective_mw, -reference.res_cost / COST_SCALE, rtol=TOLERANCE)
