"""Nets of `pandapower.networks` and SimBench have the voltages of `runpp`, or neither has a solution."""

from __future__ import annotations

import pytest
from pandapower.auxiliary import pandapowerNet

import pandapower_evflex as evf
from tests.validation.nets import SIMBENCH, compare, make, pandapower_names


@pytest.mark.parametrize("name", ["case14", "case300", "iceland", "example_multivoltage"])
def test_a_net_agrees_with_runpp_at_four_load_levels(name):
    assert compare(make(name)).verdict == "yes"


@pytest.mark.slow
@pytest.mark.parametrize("name", [*pandapower_names(), *SIMBENCH])
def test_every_net_agrees_with_runpp_or_is_refused_by_name(name):
    net = make(name)
    if not isinstance(net, pandapowerNet):
        pytest.skip("no net")
    try:
        found = compare(net)
    except evf.InvalidInputError as error:
        assert any(fault.table == "ext_grid" for fault in error.faults)
    else:
        expected = "runpp is at a lower solution" if name == "case11_iwamoto" else "yes"
        assert found.verdict == expected, found
