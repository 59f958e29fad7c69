"""An island that no tie carries as a whole, split by one further switch."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pytest

from pandapower_evflex.errors import InvalidInputError
from pandapower_evflex.planning.fault.restoration import Shed
from pandapower_evflex.planning.fault.restoring import restore_supply, restored_by
from tests.planning.outage_analysis import Outages, flood
from tests.planning.plan_nets import planned
from tests.planning.test_outages import random_feeders


def two_stations(n_ties):
    """Breaker - line 0 - station 1 - line 1 - station 2, 1 MW each; a tie of 1.1 MVA at station 1, another at 2."""
    net = pp.create_empty_network()
    pp.create_buses(net, 5, 10.0)
    for bus in (0, 3, 4):
        pp.create_ext_grid(net, bus)
    for start, end in [(0, 1), (1, 2), (3, 1), (4, 2)][: 2 + n_ties]:
        pp.create_line_from_parameters(net, start, end, 1.0, 1e-3, 1e-3, 0.0, 1.1 / (np.sqrt(3.0) * 10.0))
    net.line.loc[0, "max_i_ka"] = 1.0
    for bus, line in [(0, 0), (1, 0), (1, 1), (2, 1), (1, 2), (2, 3)][: 4 + n_ties]:
        pp.create_switch(net, bus, line, "l", type="CB" if bus == 0 else "LBS", closed=line < 2)
    pp.create_loads(net, [1, 2], p_mw=1.0)
    net.line["failure_rate_per_year"] = [0.1, *[np.nan] * (1 + n_ties)]
    net.line["repair_time_h"], net.line["switching_time_h"] = 10.0, 1.0
    return net


def test_two_ties_share_an_island_that_neither_carries():
    """One tie carries 1.1 of 2 MW for 10 h; opened between the stations, each tie carries its own."""
    net = two_stations(2)
    whole, split = planned(net, None), planned(net, None, split=True)
    assert whole.reliability.eens_mwh_per_year[0] == pytest.approx(0.1 * (2.0 + 10.0 * 0.9), rel=1e-3)
    assert split.reliability.eens_mwh_per_year[0] == pytest.approx(0.1 * 2.0, rel=1e-6)
    assert split.load_points.hours_per_year.tolist() == pytest.approx([0.1, 0.1])
    net.switch["switching_time_h"] = [np.nan, np.nan, 2.0, 2.5, np.nan, np.nan]
    slow = planned(net, None, split=True)  # both stations wait until switch 2 has parted them
    assert slow.load_points.hours_per_year.tolist() == pytest.approx([0.2, 0.2])


def test_a_part_comes_back_where_the_whole_would_cost_more_than_it_brings():
    """Three windows of 24 h with 0.9 MW shed cost more than 2 MW in the dark for 10 h; half of it needs no shedding."""
    net = two_stations(1)
    whole, split = (planned(net, None, events_per_fault=3, split=own) for own in (False, True))
    assert whole.reliability.eens_mwh_per_year[0] == pytest.approx(0.1 * 20.0)
    assert split.reliability.eens_mwh_per_year[0] == pytest.approx(0.1 * (1.0 + 10.0))
    (row,) = split.faults.itertuples()
    assert (row.switches_closed, row.switches_opened, row.dark_mw) == ((4,), (0, 1, 2), 1.0)
    state = restored_by(net, "line", 0, row.switches_closed, row.switches_opened)
    assert state.dark_buses == (2,) and state.hours_back == (1.0,)
    with pytest.raises(InvalidInputError, match="restores no supply"):
        restored_by(net, "line", 0, row.switches_closed, (5,))


def test_an_island_that_a_tie_carries_is_not_split():
    net = two_stations(2)
    net.line.loc[2, "max_i_ka"] = 1.0
    study = planned(net, None, split=True)
    assert study.reliability.eens_mwh_per_year[0] == pytest.approx(0.1 * 2.0)
    assert restore_supply(net, "line", 0, split=True).switches_opened == (0, 1)


def assert_split_as_by_brute_force(seed, *, meshed):
    """Ties that carry a random share of what they would supply; the rest is shed until the repair."""
    net = random_feeders(seed, meshed=meshed)
    rng = np.random.default_rng(seed)
    most = dict(zip(net.switch.index, rng.uniform(0.1, 1.5, len(net.switch)), strict=True))
    own = Outages(net)

    def beyond(sources, closed, ties):
        """MW behind every tie beyond what it carries."""
        missing = 0.0
        for tie in ties:
            others = closed + [other for other in ties if other is not tie]
            behind = flood(sources, [*others, tie]) - flood(sources, others)
            missing += max(sum(own.load.get(bus, 0.0) for _, bus in behind) - most[tie[2]], 0.0)
        return missing

    for line in net.line.index:
        repair_h = net.line.repair_time_h[line]

        def shed(state, repair_h=repair_h):
            out, zone = set(state.switches_opened), set(state.zone)
            kept = [link for link in own.links if link[2] not in out and not zone & set(link[:2])]
            closed = [link for link in kept if link[3]]
            ties = [link for link in kept if link[2] in state.switches_closed]
            return Shed(repair_h * beyond(own.sources - zone, closed, ties))

        cost = {}
        for split in (False, True):
            state = restore_supply(net, "line", line, shed=shed, split=split)
            hours = dict(zip(state.interrupted_buses, state.hours_back, strict=True))
            hours |= dict.fromkeys(state.dark_buses, repair_h)
            cost[split] = state.shed_mwh + sum(own.load.get(bus, 0.0) * h for bus, h in hours.items())
            found = own.best(line, "line", shed=beyond, split=split)
            assert cost[split] == pytest.approx(found.key[0], abs=1e-6), (line, split)
        assert cost[True] <= cost[False] + 1e-9


@pytest.mark.parametrize("seed", [1, 3])
@pytest.mark.parametrize("meshed", [False, True])
def test_no_split_and_no_ties_cost_less(seed, meshed):
    assert_split_as_by_brute_force(seed, meshed=meshed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4, 60))
@pytest.mark.parametrize("meshed", [False, True])
def test_no_split_and_no_ties_cost_less_in_many_nets(seed, meshed):
    assert_split_as_by_brute_force(seed, meshed=meshed)
