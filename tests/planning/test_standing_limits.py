"""Limits that are broken before any fault: a finding, and no cost of a fault that does not add to it."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pytest

from tests.planning.plan_nets import planned
from tests.planning.test_reliability import feeder


def with_a_second_feeder(p_mw, max_i_ka, r_ohm_per_km=1e-3):
    """Another feeder from the same busbar, which no fault of the first one touches."""
    net = feeder()
    end = pp.create_bus(net, 10.0)
    line = pp.create_line_from_parameters(net, 0, end, 1.0, r_ohm_per_km, 1e-3, 0.0, max_i_ka)
    pp.create_switch(net, 0, line, "l", type="CB")
    pp.create_load(net, end, p_mw=p_mw)
    return net


@pytest.mark.parametrize(
    ("p_mw", "max_i_ka", "r_ohm_per_km", "element"),
    [(4.0, 3.0 / (np.sqrt(3.0) * 10.0), 1e-3, "line 3"), (4.0, 50.0, 3.5, "bus 4")],
)
def test_what_was_broken_before_is_a_finding_and_costs_nothing(p_mw, max_i_ka, r_ohm_per_km, element):
    """A third too much for a line, or 0.85 pu: as with a line that carries it, but for the finding."""
    broken = planned(with_a_second_feeder(p_mw, max_i_ka, r_ohm_per_km), None)
    whole = planned(with_a_second_feeder(p_mw, 50.0), None)
    assert broken.reliability.eens_mwh_per_year[0] == pytest.approx(whole.reliability.eens_mwh_per_year[0], rel=1e-9)
    (text,) = broken.findings.text[broken.findings.kind == "overload before any fault"]
    assert text.startswith(element) and "only what goes beyond it does" in text
    assert not broken.faults.overloaded_element.notna().any()


def test_only_what_a_fault_adds_counts():
    """Line 3 carries 2.5 MW of 2 MVA before the fault, then 1 MW more, which is shed in half a day per fault."""
    net = feeder()
    own = pp.create_bus(net, 10.0)
    net.line.loc[2, "to_bus"] = own  # station 2 - open tie - station 4 - line 3 - second grid
    line = pp.create_line_from_parameters(net, own, 3, 1.0, 1e-4, 1e-4, 0.0, 2.0 / (np.sqrt(3.0) * 10.0))
    pp.create_switch(net, 3, line, "l", type="CB")
    pp.create_load(net, own, p_mw=2.5)
    net.line["failure_rate_per_year"] = [1.0, np.nan, np.nan, np.nan]
    net.line["repair_time_h"] = 24.0
    net.load["p_mw"] = [1e-9, 1.0, 2.5]
    study = planned(net, None, events_per_fault=0.5)
    assert study.reliability.eens_mwh_per_year[0] == pytest.approx(1.0 + 0.5 * 24.0, rel=2e-3)
    (row,) = study.faults.itertuples()
    assert (row.overloaded_element_type, row.overloaded_element) == ("line", 3)
    assert row.missing_mw / 2.0 == pytest.approx(1.0, rel=2e-3)  # the apex of the triangle of a day
