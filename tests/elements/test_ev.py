"""The EV part of the problem against a linear program in the paper's own variables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from pandapower_evflex.case.profiles import Horizon
from pandapower_evflex.elements.ev import compile_evs, violation
from pandapower_evflex.elements.ev_needs import unreachable_stays, with_reduced_needs
from pandapower_evflex.elements.ev_stays import read_stays
from pandapower_evflex.nlp.derivative_check import derivative_errors
from pandapower_evflex.nlp.problem import ProblemBuilder
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.solve.chain_variables import add_chain
from pandapower_evflex.opf.solve.chains import objective_scale
from pandapower_evflex.scenarios import rows_of
from pandapower_evflex.solvers import ipopt
from tests.examples import examples

N_PERIODS, PERIOD_H = 6, 0.5


def _case(evs, sessions, flexibility=None, scenarios=("down", "up"), weights=None):
    horizon = Horizon(n_periods=N_PERIODS, period_h=PERIOD_H, time=None, cyclic=False)
    stays, faults = read_stays(evs, sessions, horizon)
    assert not faults
    stays = with_reduced_needs(stays, unreachable_stays(stays))
    own = {d: np.ones((N_PERIODS, len(evs))) for d in ("up", "down")} | (weights or {})
    directions = {d: own[d] if d in scenarios else None for d in own}
    compiled = compile_evs(evs, flexibility, stays, np.zeros(len(evs), dtype=int), horizon, directions)
    return Case(None, horizon, compiled, None, rows_of(scenarios), True)


def _solve(case):
    builder = ProblemBuilder()
    variables = add_chain(builder, case.chain, objective_scale(case.chain))
    problem = builder.build()
    solved = ipopt.solve(problem)
    assert solved.status == "optimal"
    schedule = case.schedule_at(case.chain.loads, variables.at(solved.x))
    assert violation(case.evs, schedule) < 1e-7
    at = (case.evs.slots.period, case.evs.slots.ev)
    up, down = case.evs.offers["up"], case.evs.offers["down"]
    return np.sum(up.weight * schedule.p_up[at]) + np.sum(down.weight * schedule.p_down[at]), schedule


def _paper_lp(case):
    """max sum C P_flex over (E, P_ch, P_up, P_down) per slot, equations (17) to (24) as they read, by HiGHS."""
    slots, up, down = case.evs.slots, case.evs.offers["up"], case.evs.offers["down"]
    n = len(slots)
    e, p, u, d = (np.arange(n) + k * n for k in range(4))
    rows, limits, equal, values = [], [], [], []
    unit = np.eye(4 * n)
    for i in range(n):
        before = np.zeros(4 * n)
        if slots.previous[i] >= 0:
            before[e[slots.previous[i]]] = 1.0

        k = slots.energy_per_p[i]
        e_i, p_i, u_i, d_i = (unit[columns[i]] for columns in (e, p, u, d))
        equal.append(e_i - k * p_i - before)
        values.append(slots.e_offset[i])
        rows += [d_i - p_i, u_i + p_i, k * (u_i + p_i) + before, k * (d_i - p_i) - before]
        limits += [0.0, slots.p_max[i], slots.e_max[i] - slots.e_offset[i], slots.e_offset[i] - slots.e_min[i]]
    objective = np.concatenate([np.zeros(2 * n), -up.weight * up.offered, -down.weight * down.offered])
    bounds = [(slots.e_min[i], slots.e_max[i]) for i in range(n)]
    bounds += [(slots.p_min[i], slots.p_max[i]) for i in range(n)]
    bounds += [(0.0, min(up.p_max[i], np.inf) if up.offered[i] else 0.0) for i in range(n)]
    bounds += [(0.0, min(down.p_max[i], np.inf) if down.offered[i] else 0.0) for i in range(n)]
    # the minimum-energy curve binds the schedule itself too: it is (24) at P_down = 0
    solved = linprog(objective, np.array(rows), limits, np.array(equal), values, bounds)
    assert solved.status == 0
    return -solved.fun


@st.composite
def _fleets(draw):
    n_ev = draw(st.integers(1, 3))
    evs, sessions, offers = [], [], []
    for label in range(n_ev):
        battery = draw(st.floats(0.02, 0.08))
        evs.append(
            {
                "bus": 0,
                "max_p_mw": draw(st.floats(0.003, 0.011)),
                "max_e_mwh": battery,
                "min_e_mwh": 0.2 * battery,
                "min_p_mw": 0.0,
                "efficiency_percent": draw(st.sampled_from([100.0, 90.0])),
                "consumption_kwh_per_km": 0.2,
                "cos_phi": 1.0,
                "controllable": True,
            }
        )
        first = draw(st.integers(-1, 3))
        middle = draw(st.integers(first + 1, 5))
        sessions.append(
            {
                "ev": label,
                "arrival_h": first * PERIOD_H,
                "departure_h": (middle + 1) * PERIOD_H,
                "e_arrival_mwh": draw(st.floats(0.1, 1.0)) * battery,
                "trip_km": draw(st.floats(0.0, 0.6)) * battery / 2e-4,
            }
        )
        if draw(st.booleans()):
            sessions.append(
                {
                    "ev": label,
                    "arrival_h": (middle + 1) * PERIOD_H,
                    "departure_h": (middle + draw(st.integers(2, 5))) * PERIOD_H,
                    "e_arrival_mwh": np.nan,
                    "trip_km": draw(st.floats(0.0, 0.9)) * battery / 2e-4,
                }
            )
        if draw(st.booleans()):
            direction = draw(st.sampled_from(["up", "down"]))
            cap = draw(st.sampled_from([np.nan, 0.004]))
            offers.append(("ev", label, direction, draw(st.floats(0.1, 3.0)), cap, draw(st.booleans())))
    columns = ["element_type", "element", "direction", "weight", "max_p_mw", "in_service"]
    return pd.DataFrame(evs), pd.DataFrame(sessions), pd.DataFrame(offers, columns=columns)


@examples(few=15, many=200)
@given(_fleets(), st.sampled_from([("down", "up"), ("up",), ("down",)]))
def test_without_a_grid_the_optimum_is_that_of_the_linear_program(fleet, scenarios):
    case = _case(*fleet, scenarios=scenarios)
    if not len(case.evs.slots):
        return
    objective, _ = _solve(case)
    assert np.isclose(objective, _paper_lp(case), rtol=1e-6, atol=1e-9)


ONE_EV = pd.DataFrame(
    [
        {
            "bus": 0,
            "max_p_mw": 0.010,
            "max_e_mwh": 0.040,
            "min_e_mwh": 0.005,
            "min_p_mw": 0.0,
            "efficiency_percent": 100.0,
            "consumption_kwh_per_km": 0.2,
            "cos_phi": 1.0,
            "controllable": True,
        }
    ]
)
ONE_NIGHT = pd.DataFrame([{"ev": 0, "arrival_h": 0.0, "departure_h": 3.0, "e_arrival_mwh": 0.01, "trip_km": 50.0}])


def _offers(*rows):
    columns = ["element_type", "element", "direction", "weight", "max_p_mw", "in_service"]
    return pd.DataFrame(rows, columns=columns)


def test_only_what_rows_in_service_say_is_offered():
    case = _case(ONE_EV, ONE_NIGHT, _offers(("ev", 0, "up", 1.0, np.nan, True), ("ev", 0, "down", 1.0, np.nan, False)))
    _, schedule = _solve(case)
    assert schedule.p_up.sum() > 0
    assert schedule.p_down.sum() == 0


def test_no_offer_exceeds_its_cap():
    _, schedule = _solve(_case(ONE_EV, ONE_NIGHT, _offers(("ev", 0, "up", 1.0, 0.003, True))))
    assert schedule.p_up.max() == pytest.approx(0.003, abs=1e-8)


def test_the_weight_scales_the_objective_and_moves_no_flexibility():
    reference, _ = _solve(_case(ONE_EV, ONE_NIGHT))
    for factor in (1e-3, 1e3):
        weights = {d: np.full((N_PERIODS, 1), factor) for d in ("up", "down")}
        scaled, _ = _solve(_case(ONE_EV, ONE_NIGHT, weights=weights))
        assert np.isclose(scaled, factor * reference, rtol=1e-7)


def test_flexibility_per_period_does_not_depend_on_what_is_scheduled():
    """P_up + P_down = min(Pmax, (Emax - E)/dT) - max(0, (Emin - E)/dT): 10 kW while there is room."""
    objective, _ = _solve(_case(ONE_EV, ONE_NIGHT.assign(trip_km=0.0, e_arrival_mwh=0.010)))
    assert objective == pytest.approx(6 * 0.010, rel=1e-6)


def test_the_least_power_is_kept_in_every_plugged_period():
    _, schedule = _solve(_case(ONE_EV.assign(min_p_mw=0.002), ONE_NIGHT))
    assert schedule.p[:, 0].min() >= 0.002 - 1e-12


def test_derivatives_of_the_ev_part_equal_differences():
    builder = ProblemBuilder()
    chain = _case(ONE_EV, ONE_NIGHT).chain
    add_chain(builder, chain, objective_scale(chain))
    problem = builder.build()
    rng = np.random.default_rng(0)
    errors = derivative_errors(problem, rng.normal(size=problem.n), rng.normal(size=problem.m))
    assert max(errors.gradient, errors.jacobian, errors.hessian) < 1e-8
