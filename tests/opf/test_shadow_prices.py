"""Shadow prices equal what re-solving with the limit moved adds."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

import pandapower_evflex as evf
from tests.opf.feeder import EIGHT_HOURS, feeder_net


def solve(net, method):
    return evf.run_flexibility_opf(net, **EIGHT_HOURS, method=method, tie_break=None)


def binding_trafo(share):
    net = feeder_net(6)
    net.trafo["max_loading_percent"] = 100.0 * (1.0 + share)
    return net, 1e3 * 0.1 * share


def binding_line(share):
    net = feeder_net(6, sn_mva=1.0)
    net.line["max_i_ka"] = 0.14 * (1.0 + share)
    return net, 1e3 * 0.14 * share


def binding_voltage(share):
    net = feeder_net(6, sn_mva=1.0)
    net.bus["min_vm_pu"] = 0.955 - 0.01 * share
    return net, share


@pytest.mark.parametrize("method", ["exact", "fast"])
@pytest.mark.parametrize(("make", "unit"), [(binding_trafo, "kVA"), (binding_line, "A"), (binding_voltage, "0.01 pu")])
def test_the_prices_add_up_to_what_a_wider_limit_brings(make, unit, method):
    """All limits of one kind are moved together."""
    step = 0.002
    result = solve(make(0.0)[0], method)
    more, less = solve(make(step)[0], method), solve(make(-step)[0], method)
    brought = (more.objective_mw - less.objective_mw) / 2.0
    _, units = make(step)
    binding = result.binding
    assert (binding.shadow_price_per == unit).all()
    assert (binding.shadow_price_mw >= 0.0).all()
    promised = binding.shadow_price_mw.sum() * units
    assert brought > 0.0
    assert np.isclose(promised, brought, rtol=0.02)


def _sunny(max_vm_pu):
    """Sun and one car at the end of a line: at noon the schedule itself must curtail."""
    net = pp.create_empty_network()
    source, far = pp.create_bus(net, 0.4), pp.create_bus(net, 0.4)
    pp.create_ext_grid(net, source)
    pp.create_line_from_parameters(
        net, source, far, 0.3, r_ohm_per_km=0.32, x_ohm_per_km=0.08, c_nf_per_km=0, max_i_ka=0.4
    )
    net.bus["max_vm_pu"] = [1.2, max_vm_pu]
    pp.create_load(net, far, 0.005, 0.001)
    evf.create_flexibility(net, "sgen", pp.create_sgen(net, far, 0.06), "up")
    evf.create_ev_session(
        net, evf.create_ev(net, far, max_p_mw=0.011, max_e_mwh=0.05), 0.0, 4.0, e_arrival_mwh=0.01, e_departure_mwh=0.03
    )
    return net, {("sgen", "p_mw"): pd.DataFrame({0: [0.01, 0.05, 0.06, 0.03]})}


@pytest.mark.parametrize("method", ["fast", pytest.param("exact", marks=pytest.mark.slow)])
def test_prices_of_a_day_that_curtails_are_what_more_voltage_would_add(method):
    """The row of the energy curtailed stands before those of the grid and is none of them."""

    def run(limit):
        net, profiles = _sunny(limit)
        return evf.run_flexibility_opf(net, profiles, period_h=1.0, method=method, tie_break=None, progress=False)

    result, more = run(1.02), run(1.0202)
    assert "the schedule curtails" in result.message
    down = result.binding[result.binding["scenario"] == "down"].set_index("period")["shadow_price_mw"]
    added_mw = (more.objective_mw - result.objective_mw) / 0.02  # of 0.01 pu, over both periods
    assert down.index.tolist() == [1, 2]
    assert down.to_numpy() == pytest.approx([added_mw / 2.0] * 2, rel=0.01)
