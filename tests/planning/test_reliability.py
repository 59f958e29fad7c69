"""What counts as an interruption, and for how long, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.planning.congestion.windows import runs
from pandapower_evflex.planning.days import DayType
from tests.planning.plan_nets import planned, random_ring


def feeder():
    """Breaker - line 0 - station 1 - line 1 - station 2 - open tie to a second grid; isolators at station 1."""
    net = pp.create_empty_network()
    pp.create_buses(net, 4, 10.0)
    pp.create_ext_grid(net, 0)
    pp.create_ext_grid(net, 3)
    for bus in range(3):
        pp.create_line_from_parameters(net, bus, bus + 1, 1.0, 1e-3, 1e-3, 0.0, 50.0)
    for bus, line, kind, closed in [(0, 0, "CB", True), (1, 0, "LBS", True), (1, 1, "LBS", True), (2, 2, "LBS", False)]:
        pp.create_switch(net, bus, line, "l", type=kind, closed=closed)
    pp.create_loads(net, [1, 2], p_mw=[1.0, 2.0])
    net.line["failure_rate_per_year"] = [0.1, 0.2, np.nan]
    net.line["repair_time_h"], net.line["switching_time_h"] = 4.0, 1.0
    return net


def test_whoever_is_behind_the_breaker_is_interrupted_and_comes_back_from_upstream():
    """Line 1 is isolated at station 1 only, so that station 2 is part of the fault; station 1 waits an hour."""
    points = planned(feeder(), None).load_points
    assert points.interruptions_per_year.tolist() == pytest.approx([0.3, 0.3])
    assert points.hours_per_year.tolist() == pytest.approx([0.1 * 1.0 + 0.2 * 1.0, 0.1 * 1.0 + 0.2 * 4.0])
    assert points.energy_mwh_per_year.tolist() == pytest.approx([0.3, 2.0 * 0.9])


def test_breakers_everywhere_give_the_interruptions_that_isolation_alone_would():
    """What ran before types were read: whoever the isolation does not part from the source keeps the supply."""
    net = feeder()
    net.switch["type"] = "CB"
    points = planned(net, None).load_points
    assert points.interruptions_per_year.tolist() == pytest.approx([0.1, 0.3])


def test_the_time_of_a_switch_goes_before_that_of_the_element_and_short_interruptions_are_momentary():
    net = feeder()
    net.switch["switching_time_h"] = [0.01, 0.02, np.nan, 0.04]
    study = planned(net, None)
    # a fault of line 0 is parted in 0.02 h and by-passed in 0.04 h; one of line 1 waits an hour for its isolator
    assert study.load_points.momentary_per_year.tolist() == pytest.approx([0.1, 0.1])
    assert study.load_points.interruptions_per_year.tolist() == pytest.approx([0.2, 0.2])
    assert study.load_points.hours_per_year.tolist() == pytest.approx([0.2, 0.8])
    assert study.load_points.energy_mwh_per_year.tolist() == pytest.approx([0.1 * 0.04 + 0.2, 2.0 * (0.1 * 0.04 + 0.8)])
    own = study.reliability.loc[0]
    assert (own.saifi_per_year, own.maifi_per_year) == pytest.approx((0.2, 0.1))
    longer = planned(net, None, momentary_h=0.0).reliability.loc[0]
    assert (longer.saifi_per_year, longer.maifi_per_year) == pytest.approx((0.3, 0.0))


def test_nobody_waits_longer_than_the_repair_takes():
    net = feeder()
    net.line["repair_time_h"] = 0.5
    assert planned(net, None).load_points.hours_per_year.tolist() == pytest.approx([0.15, 0.15])


def test_times_that_nobody_gave_count_as_interruptions_of_no_length_and_are_reported():
    net = feeder()
    net.line["switching_time_h"] = np.nan
    study = planned(net, None)
    assert study.load_points.interruptions_per_year.tolist() == pytest.approx([0.3, 0.3])
    assert study.load_points.hours_per_year.tolist() == pytest.approx([0.0, 0.8])
    assert "switching_time_h is not known for faults of line 0, line 1" in " ".join(study.findings.text)


def strained(repair_h, is_high):
    """1 or, where it is high, 3 MW at station 2, of which the tie carries 2.25 MVA: a quarter is shed then."""
    net = feeder()
    net.line["failure_rate_per_year"] = [1.0, np.nan, np.nan]
    net.line["repair_time_h"] = repair_h
    net.load["p_mw"] = [1e-9, 3.0]
    net.load["customers"] = [10.0, 30.0]
    net.line.loc[2, "max_i_ka"] = 2.25 / (np.sqrt(3.0) * 10.0)
    profiles = {("load", "p_mw"): pd.DataFrame({0: 1e-9, 1: np.where(is_high, 3.0, 1.0)})}
    return planned(net, profiles, period_h=1.0)


def test_what_is_shed_counts_with_its_share_of_the_customers():
    study = strained(24.0, np.arange(24) < 6)
    points = study.load_points.loc[1]
    assert points.hours_per_year == pytest.approx(1.0 + 0.25 * 6.0, rel=1e-3)
    assert points.energy_mwh_per_year == pytest.approx(1.5 * 1.0 + 6.0 * 0.75, rel=1e-3)
    own = study.reliability.loc[0]
    assert own.saidi_h_per_year == pytest.approx((10.0 * (1.0 + 1.5) + 30.0 * 2.5) / 40.0, rel=1e-3)


@pytest.mark.parametrize("high", [[*range(6)], [0, 1, 9, 10, 11, 22, 23], [*range(24)]])
@pytest.mark.parametrize("repair_h", [5, 60])
def test_a_fault_interrupts_as_often_as_load_is_shed_anew_while_it_lasts(repair_h, high):
    """Counted hour by hour, for faults that begin in any hour of the day."""
    is_high = np.isin(np.arange(24), high)
    lasting = [np.isin((hour + np.arange(repair_h)) % 24, high) for hour in range(24)]
    met = np.mean([own[0] + np.sum(own[1:] & ~own[:-1]) for own in lasting])
    # of faults that begin in the course of an hour instead of with it, some see the end of a window more
    met += np.sum(is_high & ~np.roll(is_high, -1)) / 24.0
    found = strained(float(repair_h), is_high).load_points.interruptions_per_year[1]
    assert found == pytest.approx(1.0 + 0.25 * met, rel=1e-3)


def test_a_window_of_all_periods_never_ends_where_their_length_is_rounded():
    day = DayType("day", 365.0, n_periods=288, period_h=0.0833333333, start_h=0.0, first=0)
    assert [window.never_ends for window in runs(day, np.full(288, True))] == [True]
    assert not any(window.never_ends for window in runs(replace(day, n_periods=12), np.full(12, True)))
    assert not any(window.never_ends for window in runs(day, np.arange(288) != 100))


@pytest.mark.parametrize("rebound", [True, False])
def test_indices_of_every_plan_are_made_of_what_its_faults_cost(rebound):
    net, profiles = random_ring(7)
    net.line["repair_time_h"], net.line["switching_time_h"] = 12.0, 1.0
    study = planned(net, profiles, rebound=rebound)
    np.testing.assert_allclose(
        10_000.0 * study.reliability.eens_mwh_per_year, study.plans.reliability_eur_per_year, rtol=1e-9
    )
    minutes = study.fault_costs.groupby("plan").customer_minutes_per_year.sum()
    np.testing.assert_allclose(60.0 * len(net.load) * study.reliability.saidi_h_per_year, minutes, rtol=1e-9)
    assert study.load_points.energy_mwh_per_year.sum() == pytest.approx(study.reliability.eens_mwh_per_year[0])
    with_flexibility = study.plans.flexibility.to_numpy()
    less = study.reliability[with_flexibility].saidi_h_per_year.to_numpy()
    assert (less <= study.reliability[~with_flexibility].saidi_h_per_year.to_numpy() + 1e-9).all()


def test_a_net_whose_lines_have_no_switches_is_told_what_is_missing():
    net = feeder()
    net.switch = net.switch[net.switch["bus"] == 2]
    net.line["failure_rate_per_year"] = [np.nan, 0.1, np.nan]
    study = planned(net, None)
    (row,) = study.findings[study.findings.kind == "dark until the repair"].itertuples()
    assert row.text == "no switch parts line 1 from its source; 3 MW are dark until the repair"


def test_a_feeder_without_a_breaker_is_told_so_and_trips_with_its_source():
    net = feeder()
    net.switch["type"] = "LBS"
    study = planned(net, None)
    assert study.load_points.interruptions_per_year.tolist() == pytest.approx([0.3, 0.3])
    assert set(study.findings.kind) == {"no breaker", "dark until the repair"}


def test_switches_without_a_type_are_breakers_at_the_heads_of_feeders_which_is_said_once(caplog):
    net = feeder()
    net.switch["type"] = None
    study = planned(net, None)
    assert study.load_points.interruptions_per_year.tolist() == pytest.approx([0.3, 0.3])
    (text,) = study.findings.text[study.findings.kind == "switches without a type"]
    assert text.startswith("closed switches without a type: 3; 1 of them,")
    assert sum(text in record.message for record in caplog.records) == 1


def test_the_lower_side_of_a_transformer_has_a_breaker_where_switches_have_no_type():
    """Two feeders from one busbar behind a transformer: a fault of the first leaves the second supplied."""
    net = pp.create_empty_network()
    pp.create_buses(net, 1, 110.0)
    pp.create_buses(net, 3, 10.0)
    pp.create_ext_grid(net, 0)
    pp.create_transformer_from_parameters(net, 0, 1, 40.0, 110.0, 10.0, 0.5, 10.0, 0.0, 0.0)
    for end in (2, 3):
        line = pp.create_line_from_parameters(net, 1, end, 1.0, 1e-3, 1e-3, 0.0, 50.0)
        pp.create_switch(net, 1, line, "l")
    pp.create_loads(net, [2, 3], p_mw=1.0)
    net.line["failure_rate_per_year"], net.line["repair_time_h"] = 0.1, 4.0
    assert planned(net, None).load_points.interruptions_per_year.tolist() == pytest.approx([0.1, 0.1])


def test_max_ties_counts_per_island_and_says_when_one_more_would_help():
    """Behind a faulted busbar two stations, each with a tie of its own, and a third one behind two open ties."""
    net = pp.create_empty_network()
    pp.create_buses(net, 5, 10.0)
    pp.create_ext_grid(net, 0)
    for start, end in [(0, 1), (1, 2), (1, 3), (0, 2), (0, 3), (1, 4), (2, 4)]:
        pp.create_line_from_parameters(net, start, end, 1.0, 1e-3, 1e-3, 0.0, 50.0)
    for bus, line, closed in [
        (0, 0, True), (2, 1, True), (3, 2, True), (2, 3, False), (3, 4, False), (4, 5, True), (4, 6, False),
    ]:  # fmt: skip
        pp.create_switch(net, bus, line, "l", type="CB" if bus == 0 else "LBS", closed=closed)
    pp.create_loads(net, [1, 2, 3, 4], p_mw=1.0)
    net.line["failure_rate_per_year"] = [0.1, *[np.nan] * 6]
    net.line["repair_time_h"], net.line["switching_time_h"] = 5.0, 1.0
    one, two = planned(net, None, max_ties=1), planned(net, None, max_ties=2)
    assert one.load_points.hours_per_year.tolist() == pytest.approx([0.5, 0.1, 0.1, 0.5])
    assert two.load_points.hours_per_year.tolist() == pytest.approx([0.5, 0.1, 0.1, 0.1])
    (text,) = one.findings.text[one.findings.kind == "one tie more"]
    assert text == "after a fault of line 0, 1 MW stay dark that max_ties=2 would bring back"
    assert "one tie more" not in set(two.findings.kind)


def test_the_ring_of_the_paper_has_breakers_at_both_ends_so_nobody_upstream_is_interrupted():
    net, profiles = evf.networks.ring_10kv()
    net.line["repair_time_h"], net.line["switching_time_h"] = 24.0, 0.5
    points = planned(net, profiles).load_points
    name = net.bus.name[points.bus].to_numpy()
    assert dict(zip(name, points.interruptions_per_year, strict=True))["d"] < 0.5  # shed only
    assert (points.interruptions_per_year[np.isin(name, ["b", "c"])] >= 0.5).all()


def test_what_is_printed_says_what_the_best_plan_does_to_the_indices():
    """The second system takes away the 0.3375 MWh that a fault, every other year, sheds without it."""
    net, profiles = evf.networks.ring_10kv()
    text = str(planned(net, profiles, rebound=False))
    assert "interruptions: SAIFI 0.25 a year (-0.03" in text
    assert "EENS 0 MWh (-0.1688)" in text
