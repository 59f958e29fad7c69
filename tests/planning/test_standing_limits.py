"""Limits that are broken before any fault: a finding, and no cost of a fault that does not add to it."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pandas as pd
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


def station_behind_the_tie():
    """Line 3, of 2 MVA, feeds station 4; a fault of line 0 adds the 1 MW of station 2 to it, for a day."""
    net = feeder()
    own = pp.create_bus(net, 10.0)
    net.line.loc[2, "to_bus"] = own  # station 2 - open tie - station 4 - line 3 - second grid
    line = pp.create_line_from_parameters(net, own, 3, 1.0, 1e-4, 1e-4, 0.0, 2.0 / (np.sqrt(3.0) * 10.0))
    pp.create_switch(net, 3, line, "l", type="CB")
    pp.create_load(net, own, p_mw=2.5)
    net.line["failure_rate_per_year"] = [1.0, np.nan, np.nan, np.nan]
    net.line["repair_time_h"] = 24.0
    net.load["p_mw"] = [1e-9, 1.0, 2.5]
    return net


def test_only_what_a_fault_adds_counts():
    """Line 3 carries 2.5 MW before the fault, then 1 MW more, which is shed in half a day per fault."""
    study = planned(station_behind_the_tie(), None, events_per_fault=0.5)
    assert study.reliability.eens_mwh_per_year[0] == pytest.approx(1.0 + 0.5 * 24.0, rel=2e-3)
    (row,) = study.faults.itertuples()
    assert (row.overloaded_element_type, row.overloaded_element) == ("line", 3)
    assert row.missing_mw / 2.0 == pytest.approx(1.0, rel=2e-3)  # the apex of the triangle of a day


def test_what_is_broken_on_some_days_only_is_no_excuse_on_the_others():
    """Line 3 carries 2.5 MW on 73 days, 1.5 MW on the others: then 0.5 of the 1 MW must be shed."""
    loads = [pd.DataFrame([[1e-9, 1.0, own_mw]] * 24) for own_mw in (2.5, 1.5)]
    days = {name: (n, {("load", "p_mw"): p}) for name, n, p in zip("AB", (73, 292), loads, strict=True)}
    study = planned(station_behind_the_tie(), None, days=days, period_h=1.0)
    assert study.reliability.eens_mwh_per_year[0] == pytest.approx(1.0 + 24.0 * (0.2 * 1.0 + 0.8 * 0.5), rel=2e-3)
    shed_mw = study.faults.set_index("day").ens_mwh / 24.0
    assert shed_mw.to_dict() == pytest.approx({"A": 1.0, "B": 0.5}, rel=2e-3)


def test_what_is_broken_in_the_morning_is_no_excuse_in_the_evening():
    """The voltage of station 4: 3 % too low before the fault for half of the day, or kept; lines of 1 ohm."""
    net = station_behind_the_tie()
    net.line.loc[3, ["r_ohm_per_km", "max_i_ka"]] = 1.0, 50.0
    net.bus.loc[4, "min_vm_pu"] = 0.98
    p = np.where(np.arange(24) < 12, 4.0, 1.5)
    profiles = {("load", "p_mw"): pd.DataFrame({0: 1e-9, 1: 1.0, 2: p})}
    study = planned(net, profiles, period_h=1.0, events_per_fault=1.0)
    (row,) = study.faults.itertuples()
    # 10 kV at 1 ohm: 1 MW takes 1 %; 4 MW and then 5 in the morning, 1.5 and then 2.5 in the evening, of 2 allowed
    assert row.ens_mwh == pytest.approx(12.0 * 1.0 + 12.0 * 0.55, rel=0.05)
