"""Shadow prices equal what re-solving with the limit moved adds."""

from __future__ import annotations

import numpy as np
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
