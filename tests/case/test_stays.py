"""Sessions in whole periods: rounding, horizon, coupling, reachability."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pandapower_evflex.case.profiles import Horizon
from pandapower_evflex.elements.ev_needs import (
    idle_sessions,
    overfull_stays,
    unreachable_stays,
    with_needs_of_next,
    with_reduced_needs,
)
from pandapower_evflex.elements.ev_slots import charge_at_arrival, slots_of
from pandapower_evflex.elements.ev_stays import read_stays

DAY = Horizon(n_periods=8, period_h=0.5, time=None, cyclic=False)
CYCLIC = Horizon(n_periods=8, period_h=0.5, time=None, cyclic=True)


def _evs(**values):
    ev = {
        "bus": 0,
        "max_p_mw": 0.010,
        "max_e_mwh": 0.040,
        "min_e_mwh": 0.005,
        "min_p_mw": 0.0,
        "efficiency_percent": 100.0,
        "consumption_kwh_per_km": 0.2,
    }
    return pd.DataFrame({**ev, **values}, index=[7])


def _stays(*sessions, evs=None, horizon=DAY):
    rows = pd.DataFrame([{"ev": 7, "e_arrival_mwh": np.nan, "e_departure_mwh": np.nan, **s} for s in sessions])
    return read_stays(_evs() if evs is None else evs, rows, horizon)


def _only(*sessions, **kwargs):
    stays, faults = _stays(*sessions, **kwargs)
    assert not faults
    return stays[0]


@pytest.mark.parametrize(
    ("arrival_h", "departure_h", "periods", "n_after"),
    [
        (0.5, 2.0, [1, 2, 3], 0),
        (0.51, 1.99, [2], 0),  # arrival rounds up, departure down
        (0.5 + 1e-11, 2.0 - 1e-11, [1, 2, 3], 0),  # an edge met to 1e-9 periods is met
        (-3.0, 1.2, [0, 1], 0),
        (3.0, 6.1, [6, 7], 4),
        (1.1, 1.4, [], 0),
    ],
)
def test_arrival_rounds_up_and_departure_down_to_whole_periods(arrival_h, departure_h, periods, n_after):
    (stay,) = _only({"arrival_h": arrival_h, "departure_h": departure_h, "e_arrival_mwh": 0.01})
    assert stay.periods.tolist() == periods
    assert stay.n_after == n_after


@pytest.mark.parametrize("window", [(-5.0, 0.0), (4.0, 9.0), (3.9, 9.0)])
def test_a_session_without_a_period_of_the_horizon_is_left_out(window):
    assert _only({"arrival_h": window[0], "departure_h": window[1], "e_arrival_mwh": 0.01}) == []


def test_a_cyclic_session_goes_on_at_the_start():
    (stay,) = _only({"arrival_h": 3.0, "departure_h": 5.0, "e_arrival_mwh": 0.01}, horizon=CYCLIC)
    assert stay.periods.tolist() == [6, 7, 0, 1]
    assert stay.n_after == 0


def test_cyclic_sessions_that_overlap_modulo_the_horizon_are_refused():
    _, faults = _stays(
        {"arrival_h": 3.0, "departure_h": 5.0, "e_arrival_mwh": 0.01},
        {"arrival_h": 0.0, "departure_h": 1.0, "e_arrival_mwh": 0.01},
        horizon=CYCLIC,
    )
    assert "overlap" in str(faults[0])
    _, faults = _stays({"arrival_h": 0.0, "departure_h": 5.0, "e_arrival_mwh": 0.01}, horizon=CYCLIC)
    assert "horizon" in str(faults[0])


def test_the_need_is_the_trip_on_top_of_the_lower_limit_and_no_more_than_the_battery():
    window = {"arrival_h": 0.0, "departure_h": 4.0, "e_arrival_mwh": 0.01}
    (short,) = _only({**window, "trip_km": 50.0})
    (long,) = _only({**window, "trip_km": 500.0})
    (none,) = _only(window)
    assert [short.e_need, long.e_need, none.e_need] == pytest.approx([0.015, 0.040, 0.005])


def test_energy_counts_from_arrival():
    (stay,) = _only({"arrival_h": 0, "departure_h": 4, "e_arrival_mwh": 0.0, "energy_mwh": 0.012, "max_e_mwh": 0.012})
    assert (stay.e_need, stay.e_max) == pytest.approx((0.012, 0.012))


def test_an_unreachable_need_is_found_and_can_be_reduced():
    stays, _ = _stays({"arrival_h": 0.0, "departure_h": 1.0, "e_arrival_mwh": 0.01, "e_departure_mwh": 0.03})
    ((stay, reached),) = unreachable_stays(stays)
    assert stay.e_need == 0.03
    assert reached == pytest.approx(0.020)
    assert unreachable_stays(with_reduced_needs(stays, [(stay, reached)])) == []


@pytest.mark.parametrize("horizon", [DAY, CYCLIC])
@pytest.mark.parametrize(
    ("need", "is_met"),
    [
        ({}, True),  # 5 kWh of the lower limit, met by the 30 kWh on arrival
        ({"e_departure_mwh": 0.0}, True),
        ({"e_departure_mwh": 0.03}, True),
        ({"energy_mwh": 0.0}, True),
        ({"e_departure_mwh": 0.031}, False),
        ({"energy_mwh": 0.001}, False),
        ({"trip_km": 200.0}, False),
    ],
)
def test_a_session_without_a_whole_period_is_unreachable_only_where_its_need_is_not_met_on_arrival(
    need, is_met, horizon
):
    stays, _ = _stays({"arrival_h": 1.1, "departure_h": 1.4, "e_arrival_mwh": 0.03, **need}, horizon=horizon)
    unreachable = unreachable_stays(stays)
    assert (unreachable == []) is is_met
    assert idle_sessions(stays, unreachable) == ([0] if is_met else [])
    assert idle_sessions(stays, []) == [0]


def test_a_stop_without_a_whole_period_between_two_sessions_takes_its_trip_from_the_energy():
    """30 kWh, 10 kWh to the stop, 6 kWh from there: 14 kWh on arrival, 5 kWh a period for two periods."""
    chain = [
        {"arrival_h": 0.0, "departure_h": 0.5, "e_arrival_mwh": 0.025, "trip_km": 50.0},
        {"arrival_h": 1.1, "departure_h": 1.4, "trip_km": 30.0},
    ]
    reachable, _ = _stays(*chain, {"arrival_h": 2.0, "departure_h": 3.0, "e_departure_mwh": 0.024})
    assert unreachable_stays(reachable) == []
    assert idle_sessions(reachable, []) == [1]
    assert with_needs_of_next(reachable)[0][0].e_need == pytest.approx(0.030)
    short, _ = _stays(*chain, {"arrival_h": 2.0, "departure_h": 3.0, "e_departure_mwh": 0.025})
    ((stay, reached),) = unreachable_stays(short)
    assert (stay.session, reached) == (2, pytest.approx(0.024))


def test_a_stop_without_a_whole_period_needs_what_its_trip_uses_from_the_session_before():
    stays, _ = _stays(
        {"arrival_h": 0.0, "departure_h": 0.5, "e_arrival_mwh": 0.010},
        {"arrival_h": 1.1, "departure_h": 1.4, "trip_km": 100.0},  # 20 kWh and the lower limit of 5 kWh
        {"arrival_h": 2.0, "departure_h": 3.0},
    )
    ((stay, reached),) = unreachable_stays(stays)
    assert (stay.session, stay.e_need, reached) == (1, pytest.approx(0.025), pytest.approx(0.015))


def test_energy_brought_along_is_there_without_charging_whatever_the_need():
    """A full battery after a stop leaves nothing to choose, though nothing is needed."""
    stays, _ = _stays(
        {"arrival_h": 0.1, "departure_h": 0.4, "e_arrival_mwh": 0.04, "e_departure_mwh": 0.0},
        {"arrival_h": 1.0, "departure_h": 2.0},
    )
    slots = slots_of(with_needs_of_next(stays), np.array([True]))
    assert slots.e_least == pytest.approx([0.04, 0.04])
    assert slots.pinned.all()


def test_a_coupled_session_is_reachable_when_the_one_before_can_leave_enough():
    first = {"arrival_h": 0.0, "departure_h": 2.0, "e_arrival_mwh": 0.02, "trip_km": 50.0}
    second = {"arrival_h": 3.0, "departure_h": 4.0}
    reachable, _ = _stays(first, {**second, "e_departure_mwh": 0.040})  # leaves 40, arrives with 30, adds 10 kWh
    assert unreachable_stays(reachable) == []
    raised = with_needs_of_next(reachable)
    assert raised[0][0].e_need == pytest.approx(0.040)
    longer, _ = _stays({**first, "trip_km": 75.0}, {**second, "e_departure_mwh": 0.040})
    ((stay, reached),) = unreachable_stays(longer)
    assert stay.session == 1
    assert reached == pytest.approx(0.035)


def test_the_first_session_of_the_horizon_needs_its_arrival_energy():
    _, faults = _stays(
        {"arrival_h": -9.0, "departure_h": -1.0, "e_arrival_mwh": 0.02},
        {"arrival_h": 1.0, "departure_h": 2.0},
    )
    assert (faults[0].column, faults[0].rows) == ("e_arrival_mwh", (1,))


def test_the_least_power_may_overfill_the_battery():
    stays, _ = _stays(
        {"arrival_h": 0.0, "departure_h": 4.0, "e_arrival_mwh": 0.03}, evs=_evs(min_p_mw=0.004, efficiency_percent=90.0)
    )
    ((_, e_end),) = overfull_stays(stays)
    assert e_end == pytest.approx(0.03 + 0.9 * 0.004 * 4.0)


def test_minimum_energy_curve_rises_at_full_power_to_the_need_and_never_above_reach():
    """Pmax 10 kW, 0.5 h: 5 kWh a period; need 20 kWh at the end of period 7, arrival 3 kWh below the lower limit 5."""
    stays, _ = _stays({"arrival_h": 0.0, "departure_h": 4.0, "e_arrival_mwh": 0.003, "e_departure_mwh": 0.020})
    slots = slots_of(with_needs_of_next(stays), np.array([True]))
    assert slots.e_min * 1e3 == pytest.approx([5, 5, 5, 5, 5, 10, 15, 20])
    stays, _ = _stays(
        {"arrival_h": 0.0, "departure_h": 1.5, "e_arrival_mwh": 0.003, "e_departure_mwh": 0.018},
        evs=_evs(min_e_mwh=0.010),
    )
    assert slots_of(stays, np.array([True])).e_min * 1e3 == pytest.approx([8, 13, 18])


def test_minimum_energy_curve_looks_beyond_the_horizon():
    (stay,) = _only({"arrival_h": 2.0, "departure_h": 5.0, "e_arrival_mwh": 0.01, "e_departure_mwh": 0.03})
    slots = slots_of([[stay]], np.array([True]))
    assert slots.e_min * 1e3 == pytest.approx([5, 10, 15, 20])  # two periods at 5 kWh remain after the horizon


def test_slots_of_a_coupled_session_follow_the_session_before():
    stays, _ = _stays(
        {"arrival_h": 0.0, "departure_h": 1.0, "e_arrival_mwh": 0.02, "trip_km": 30.0},
        {"arrival_h": 1.1, "departure_h": 1.4, "trip_km": 10.0},  # too short to charge, but it drives
        {"arrival_h": 2.0, "departure_h": 3.0},
    )
    slots = slots_of(stays, np.array([True]))
    assert slots.previous.tolist() == [-1, 0, 1, 2]
    assert slots.e_offset * 1e3 == pytest.approx([20, 0, -8, 0])


def test_charging_at_arrival_runs_at_full_power_until_the_need_is_reached():
    (stay,) = _only({"arrival_h": 0.5, "departure_h": 4.0, "e_arrival_mwh": 0.010, "e_departure_mwh": 0.017})
    p, e = charge_at_arrival([stay], 8)
    assert p * 1e3 == pytest.approx([0, 10, 4, 0, 0, 0, 0, 0])
    assert e[[1, 2, 7]] * 1e3 == pytest.approx([15, 17, 17])
    assert np.isnan(e[0])
    filled, _ = charge_at_arrival([stay], 8, fill=True)
    assert filled.sum() * 0.5 * 1e3 == pytest.approx(30)
