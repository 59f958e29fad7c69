"""By hand: breakers that are stuck, planned outages, switches that fail."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pytest

from pandapower_evflex.planning.fault.restoring import restore_supply
from tests.planning.plan_nets import planned
from tests.planning.test_reliability import feeder


def two_feeders():
    """Grid - breaker of the incomer - busbar 1 - two breakers, each with a line to a station; 1 and 2 MW."""
    net = pp.create_empty_network()
    pp.create_buses(net, 4, 10.0)
    pp.create_ext_grid(net, 0)
    for start, end in [(0, 1), (1, 2), (1, 3)]:
        line = pp.create_line_from_parameters(net, start, end, 1.0, 1e-3, 1e-3, 0.0, 50.0)
        pp.create_switch(net, start, line, "l", type="CB")
    pp.create_loads(net, [2, 3], p_mw=[1.0, 2.0])
    net.load["customers"] = [30.0, 10.0]
    net.line["failure_rate_per_year"] = [np.nan, 0.4, np.nan]
    net.line["repair_time_h"], net.line["switching_time_h"] = 5.0, 1.0
    return net


def test_a_stuck_breaker_lets_the_next_one_trip_until_it_is_opened_by_hand():
    """One fault in ten also takes station 3 for an hour; the faulted line is out for 5 h either way."""
    net = two_feeders()
    net.switch["stuck_probability"] = [0.5, 0.1, 0.5]
    study = planned(net, None)
    points, own = study.load_points, study.reliability.loc[0]
    assert points.interruptions_per_year.tolist() == pytest.approx([0.4, 0.04])
    assert points.hours_per_year.tolist() == pytest.approx([2.0, 0.04])
    assert points.energy_mwh_per_year.tolist() == pytest.approx([2.0, 0.08])
    assert own.saifi_per_year == pytest.approx((30.0 * 0.4 + 10.0 * 0.04) / 40.0)
    assert own.saidi_h_per_year == pytest.approx((30.0 * 2.0 + 10.0 * 0.04) / 40.0)
    assert own.eens_mwh_per_year == pytest.approx(2.08)
    assert study.plans.reliability_eur_per_year[0] == pytest.approx(20_800.0)


def test_whoever_waits_for_a_stuck_breaker_waits_for_its_own_time_and_may_be_interrupted_shortly():
    net = two_feeders()
    net.switch["stuck_probability"] = [np.nan, 0.1, np.nan]
    net.switch["switching_time_h"] = [0.01, 0.04, np.nan]
    study = planned(net, None)
    assert study.load_points.momentary_per_year.tolist() == pytest.approx([0.0, 0.04])
    assert study.load_points.interruptions_per_year.tolist() == pytest.approx([0.4, 0.0])
    assert study.reliability.maifi_per_year[0] == pytest.approx(0.25 * 0.04)
    assert study.load_points.energy_mwh_per_year.tolist() == pytest.approx([2.0, 0.04 * 0.04 * 2.0])


def test_breakers_at_both_ends_are_stuck_apart_from_each_other():
    """Line 1 of a ring of three is cleared at both ends; behind either end is one further breaker."""
    net = pp.create_empty_network()
    pp.create_buses(net, 4, 10.0)
    pp.create_ext_grid(net, 0)
    for start, end in [(0, 1), (1, 2), (2, 3), (3, 0)]:
        line = pp.create_line_from_parameters(net, start, end, 1.0, 1e-3, 1e-3, 0.0, 50.0)
        for bus in (start, end):
            pp.create_switch(net, bus, line, "l", type="CB")
    pp.create_loads(net, [1, 2, 3], p_mw=1.0)
    net.line["failure_rate_per_year"] = [np.nan, 1.0, np.nan, np.nan]
    net.line["repair_time_h"], net.line["switching_time_h"] = 5.0, 1.0
    net.switch["stuck_probability"] = [0.0, 0.0, 0.2, 0.5, 0.0, 0.0, 0.0, 0.0]
    study = planned(net, None)
    assert study.load_points.interruptions_per_year.tolist() == pytest.approx([0.2, 0.5, 0.0])
    assert study.reliability.saifi_per_year[0] == pytest.approx(0.7 / 3.0)  # of both stuck, too: 0.1 of each


def test_where_nothing_lies_upstream_of_a_stuck_breaker_its_source_trips():
    net = two_feeders()
    net.switch["stuck_probability"] = [0.0, 1.0, 0.0]
    net.switch.loc[0, "type"] = "LBS"
    assert planned(net, None).load_points.hours_per_year.tolist() == pytest.approx([2.0, 0.4])


def test_a_planned_outage_interrupts_only_whom_no_tie_supplies():
    """Line 0 of the feeder is by-passed by the tie first; line 1 takes station 2 along: no switch is between."""
    net = feeder()
    net.line["failure_rate_per_year"] = np.nan
    net.line["planned_outage_rate_per_year"] = [2.0, 0.5, np.nan]
    net.line["planned_outage_time_h"] = [8.0, 6.0, np.nan]
    study = planned(net, None)
    assert study.load_points.interruptions_per_year.tolist() == pytest.approx([0.0, 0.5])
    assert study.load_points.hours_per_year.tolist() == pytest.approx([0.0, 3.0])
    assert study.reliability.eens_mwh_per_year[0] == pytest.approx(2.0 * 3.0)
    costs = study.fault_costs[study.fault_costs.plan == 0]
    assert costs.planned.all() and costs.reliability_eur_per_year.tolist() == pytest.approx([0.0, 60_000.0])
    (row,) = study.faults.itertuples()
    assert (row.element, row.planned, row.dark_mw) == (1, True, 2.0)
    assert "the planned outage of line 1 leaves 2 MW without supply" in study.findings.text.tolist()


def test_faults_and_planned_outages_of_one_element_add_up():
    net = feeder()
    faults = planned(net, None).load_points
    net.line["planned_outage_rate_per_year"], net.line["planned_outage_time_h"] = [0.0, 0.5, np.nan], 6.0
    both = planned(net, None).load_points
    added = both.energy_mwh_per_year - faults.energy_mwh_per_year
    assert added.tolist() == pytest.approx([0.0, 6.0])


def test_what_a_tie_cannot_carry_is_shed_during_a_planned_outage():
    """24 h of 3 MW over a tie of 2.25 MVA: a window of the day, a quarter of station 2 shed."""
    net = feeder()
    net.line["failure_rate_per_year"] = np.nan
    net.line["planned_outage_rate_per_year"], net.line["planned_outage_time_h"] = [1.0, 0.0, 0.0], 24.0
    net.load["p_mw"] = [1e-9, 3.0]
    net.line.loc[2, "max_i_ka"] = 2.25 / (np.sqrt(3.0) * 10.0)
    assert planned(net, None).reliability.eens_mwh_per_year[0] == pytest.approx(24.0 * 0.75, rel=1e-3)


def test_a_switch_fails_with_both_of_its_ends():
    """Of the isolator between line 0 and station 1 the station is dark for 3 h; station 2 comes back by the tie."""
    net = feeder()
    net.line["failure_rate_per_year"] = np.nan
    net.switch["failure_rate_per_year"] = [np.nan, 0.1, np.nan, np.nan]
    net.switch["repair_time_h"] = 3.0
    study = planned(net, None)
    assert study.load_points.interruptions_per_year.tolist() == pytest.approx([0.1, 0.1])
    assert study.load_points.hours_per_year.tolist() == pytest.approx([0.3, 0.1])  # 1 h of the line that it is at
    (row,) = study.faults.itertuples()
    assert (row.element_type, row.element, row.dark_mw) == ("switch", 1, 1.0)


def test_a_breaker_does_not_clear_its_own_fault():
    """The breaker of feeder 1 fails: the incomer trips, and the busbar is part of the fault until the repair."""
    net = two_feeders()
    net.line["failure_rate_per_year"] = np.nan
    net.switch["failure_rate_per_year"], net.switch["repair_time_h"] = [np.nan, 0.1, np.nan], 4.0
    state = restore_supply(net, "switch", 1)
    assert state.switches_tripped == (0,) and set(state.dark_buses) == {1, 2, 3}
    assert planned(net, None).load_points.hours_per_year.tolist() == pytest.approx([0.4, 0.4])


def test_an_isolator_beside_the_breaker_keeps_the_busbar_out_of_its_fault():
    """Two switches in a row: the node between them and the line are dark, the other feeder waits an hour."""
    net = two_feeders()
    isolator = pp.create_switch(net, 1, 1, "l", type="DS")  # beside the busbar, the breaker at the line
    net.line["failure_rate_per_year"] = np.nan
    net.switch["failure_rate_per_year"], net.switch["repair_time_h"] = [np.nan, 0.1, np.nan, np.nan], 4.0
    state = restore_supply(net, "switch", 1)
    assert state.switches_tripped == (0,) and state.switches_opened == (1, isolator)
    assert planned(net, None).load_points.hours_per_year.tolist() == pytest.approx([0.4, 0.1])
