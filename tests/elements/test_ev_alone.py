"""What cars could offer without a grid, against the paper's linear program."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pandapower_evflex.elements.ev import violation
from pandapower_evflex.opf.objective import bound_mw
from tests.elements.fleets import PaperProgram, fleet_case, random_fleet
from tests.elements.test_ev import ONE_EV, _case
from tests.examples import sampled, sweep

FLEETS = range(1400)


def drawn(few):
    cases = ((seed, fleet_case(*random_fleet(seed))) for seed in sampled(FLEETS, few))
    return [(seed, case) for seed, case in cases if case is not None]


@sweep
def test_the_bound_is_the_optimum_of_the_linear_program():
    for seed, case in drawn(60):
        best = PaperProgram(case).best_mw()
        assert bound_mw(case) == pytest.approx(best, rel=1e-9, abs=1e-12), seed
        assert violation(case.evs, case.alone) < 1e-9, seed


@sweep
def test_of_all_best_schedules_it_is_the_smoothest():
    """A step towards no other schedule with as much flexibility lowers the sum of squares (first-order condition)."""
    for seed, case in drawn(20):
        slots = case.evs.slots
        p = case.alone.p[slots.period, slots.ev] * 1e3
        square = float(p @ p)
        towards = PaperProgram(case).most_of(-p, bound_mw(case) * (1.0 - 1e-12) - 1e-13)
        assert square + towards <= 1e-6 * max(square, 1.0), seed


def test_no_more_energy_than_the_least_is_charged():
    for seed, case in drawn(20):
        slots = case.evs.slots
        p = case.alone.p[slots.period, slots.ev] * 1e3
        least = -PaperProgram(case).most_of(-np.ones(len(slots)), bound_mw(case) * (1.0 - 1e-12) - 1e-13)
        assert p.sum() <= least + 1e-6, seed


def test_two_half_hours_of_one_car_by_hand():
    """10 kW; 10 kWh at arrival, 12 needed; E_min is 12 at the end and 7, a period at full power less, before it.

    With equal weights P_up + P_down = 10 - max(0, E_min - a) / 0.5 with the energy a before the period: 10 in the
    first, and in the second only where a is 12 already. So 4 kW, then nothing.
    """
    session = {"ev": 0, "arrival_h": 0.0, "departure_h": 1.0, "e_arrival_mwh": 0.010, "e_departure_mwh": 0.012}
    case = _case(ONE_EV, pd.DataFrame([session]))
    assert bound_mw(case) == pytest.approx(0.020, rel=1e-12)
    assert case.alone.p[:2, 0] == pytest.approx([0.004, 0.0], abs=1e-12)


def test_a_battery_that_its_least_power_overfills_has_no_bound():
    evs, sessions, *others = random_fleet(0)
    case = fleet_case(evs, sessions, *others)
    slots = replace(case.evs.slots, p_min=np.full(len(case.evs.slots), 1.0), p_max=np.full(len(case.evs.slots), 1.0))
    assert np.isnan(bound_mw(replace(case, evs=replace(case.evs, slots=slots))))
