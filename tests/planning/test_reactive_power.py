"""Several limits at once where loads have different Q/P: against a hand case, a segmented circle, and power flows."""

from __future__ import annotations

import copy

import numpy as np
import pandapower as pp
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

import pandapower_evflex as evf
from pandapower_evflex.planning.congestion.overload import find_overloads
from pandapower_evflex.planning.congestion.relief_program import relieve
from pandapower_evflex.planning.congestion.windows import congestions
from pandapower_evflex.planning.days import read_days
from pandapower_evflex.planning.fault.operating_state import OperatingState
from pandapower_evflex.planning.fault.switched_grid import grid_after_a_fault
from tests.examples import examples
from tests.planning.plan_nets import planned, ring

SQRT3_KV = np.sqrt(3.0) * 10.0
VOLL = 10_000.0
#: half-planes whose intersection stands for the circle of an apparent power, 5e-6 too wide
HALF_PLANES = [(np.cos(angle), np.sin(angle)) for angle in np.linspace(-0.5 * np.pi, 0.5 * np.pi, 501)]


def chain(p_mw, q_mvar, limits_mva, r_ohm_per_km=1e-5):
    """Line 0 fails, and line 3 feeds stations 3, 2 and 1 from the far end of the ring, line 2 stations 2 and 1."""
    net = ring(p_mw, np.array([90.0, 90.0, *limits_mva]) / SQRT3_KV, 3)
    net.line[["r_ohm_per_km", "x_ohm_per_km"]] = r_ohm_per_km
    net.load["q_mvar"] = q_mvar
    net.line["failure_rate_per_year"] = np.nan
    net.line.loc[0, "failure_rate_per_year"] = 1.0
    return net


def not_served_mw(net, **options):
    """Mean over the day, for one event."""
    study = planned(net, None, **options)
    return study.plans.reliability_eur_per_year[0] / VOLL / 24.0, study


def test_the_load_with_more_reactive_power_goes_first():
    """By hand: 4 MW with 3 Mvar, and 3.5 MW; 4 MVA for the first, 5.5 + j 1.5 MVA for both: half of the first goes."""
    net = chain([0.0, 4.0, 3.5], [0.0, 3.0, 0.0], [4.0, np.hypot(5.5, 1.5)])
    shed, study = not_served_mw(net)
    assert set(study.faults.overloaded_element) == {2, 3}
    assert shed == pytest.approx(2.0, rel=1e-4)
    assert study.load_points.energy_mwh_per_year.tolist() == pytest.approx([0.0, 48.0, 0.0], abs=0.01)


def test_loads_of_the_same_power_factor_go_down_in_the_same_proportion():
    net = chain([2.0, 2.0, 2.5], [0.6, 0.6, 0.75], [3.0, 4.2])
    _, study = not_served_mw(net)
    assert set(study.faults.overloaded_element) == {2, 3}
    first, second, _ = study.load_points.energy_mwh_per_year
    assert first == pytest.approx(second, rel=1e-9)


def segmented(p_mw, q_mvar, limits_mva):
    """Least power to shed, lossless, with the circle of each line by half-planes."""
    below = [(np.arange(len(p_mw)) < line + 2).astype(float) for line in range(len(limits_mva))]
    tan = np.divide(q_mvar, p_mw)
    A = [-own * (c + s * tan) for own in below for c, s in HALF_PLANES]
    b = [
        limit - (own * (c * p_mw + s * q_mvar)).sum()
        for own, limit in zip(below, limits_mva, strict=True)
        for c, s in HALF_PLANES
    ]
    solved = linprog(np.ones(len(p_mw)), A_ub=np.array(A), b_ub=b, bounds=[(0.0, p) for p in p_mw])
    assert solved.status == 0
    return solved.fun


def random_chain(seed):
    rng = np.random.default_rng(seed)
    p = rng.uniform([1.0, 1.0, 0.4], [3.0, 3.0, 0.8])  # before the fault line 2 feeds station 3
    q = rng.uniform(-0.3, 0.9, 3) * p
    below_two, all_three = np.hypot(p[:2].sum(), q[:2].sum()), np.hypot(p.sum(), q.sum())
    limits = [rng.uniform(0.6, 0.95) * below_two, rng.uniform(0.6, 0.9) * all_three]
    return p, q, limits


@examples(few=4, many=100)
@given(st.integers(0, 100_000))
def test_what_is_not_served_is_the_least_that_keeps_every_apparent_power(seed):
    p, q, limits = random_chain(seed)
    shed, study = not_served_mw(chain(p, q, limits))
    if set(study.faults.overloaded_element) != {2, 3}:
        return  # one of the limits keeps the other, and its loads go down in the same proportion
    least = segmented(p, q, limits)
    assert (1.0 - 1e-5) * least <= shed <= (1.0 + 2e-3) * least


@pytest.mark.parametrize(
    ("cos_phi", "prices"), [(1.0, (4_000.0, 3_800.0, 0.0)), (0.9, (4_000.0, 3_800.0, 0.0)), (0.9, (3e3, 12e3, 0.0))]
)
def test_offers_count_with_their_own_reactive_power(cos_phi, prices):
    """Sites at stations 1 and 2, with the energy of the paper's triangle in a window of two hours."""
    p, q, limits = np.array([2.0, 2.0, 3.0]), np.array([0.2, 1.4, 0.6]), [3.2, 5.5]
    net = chain(p, q, limits)
    for bus, price in ((1, prices[0]), (2, prices[1])):
        cpo = evf.create_cpo(net, bus, 200, 0.005, price_eur_per_mwh=price, cos_phi=cos_phi)
        evf.set_cpo_rates(net, cpo, 0.3, 0.8)
    shape = np.where((np.arange(24) >= 10) & (np.arange(24) < 12), 1.0, 0.3)
    profiles = {("load", c): pd.DataFrame(np.outer(shape, v)) for c, v in (("p_mw", p), ("q_mvar", q))}
    study = planned(net, profiles, period_h=1.0, rebound=False)
    assert set(study.faults.overloaded_element) == {2, 3}
    tan = np.tan(np.arccos(cos_phi))
    flexible = study.plans[study.plans.flexibility].iloc[0]
    found = flexible.reliability_eur_per_year + flexible.flexibility_eur_per_year
    half = 0.5 * np.arange(3) * 0.0625  # MW: none, half, or all of 0.125 MWh in two hours
    least = min(
        2.0 * (VOLL * segmented(p - bought, q - tan * bought, limits) + prices @ bought)
        for bought in (np.array([one, other, 0.0]) for one in half for other in half)
    )
    assert found == pytest.approx(least, rel=1e-3)


@examples(few=2, many=40)
@given(st.integers(0, 100_000))
def test_a_power_flow_of_pandapower_with_what_is_left_keeps_every_limit(seed):
    """With losses and voltages that fall along the feeder."""
    p, q, limits = random_chain(seed)
    net = chain(p, q, limits, r_ohm_per_km=0.2)
    net.switch["closed"] = True
    net.line.loc[0, "in_service"] = False
    days = read_days(net, None, 365, 0.25, 0.0)
    state = OperatingState(grid_after_a_fault(net), days)
    found = congestions(days.types, find_overloads(state, state.s, state.load).curable)
    if not found or found[0].single is not None:
        return
    shed = relieve(state, found[0], state.s, state.load, [], VOLL).shed_mw[0]
    after = copy.deepcopy(net)
    kept = 1.0 - np.array([shed[state.row_of(bus)] for bus in net.load.bus]) / p
    after.load["p_mw"], after.load["q_mvar"] = kept * p, kept * q
    pp.runpp(after)
    assert after.res_line.loading_percent.max() <= 100.0 + 1e-4
    assert after.res_line.loading_percent.max() == pytest.approx(100.0, abs=0.5)
