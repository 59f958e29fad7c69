"""Where something feeds in, what is called infeasible is so: by hand, and by a linear program."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

import pandapower_evflex as evf
from pandapower_evflex.opf.read import read_study
from pandapower_evflex.opf.solve.hopeless import is_proved_infeasible
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from tests.elements.test_laws_of_storage import N, battery_and_car, ideal_net, with_battery
from tests.examples import sampled, sweep
from tests.opf.options import exact_options

HOURLY = {"period_h": 1.0, "progress": False, "raise_on_failure": False}


def day_of(loads, table="load"):
    return {(table, "p_mw"): pd.DataFrame({0: loads})}


@pytest.mark.parametrize(
    ("power", "energy", "status"),
    [(0.02, 0.4, "optimal"), (0.005, 0.4, "infeasible"), (0.02, 0.03, "infeasible")],
    ids=["enough of both", "too little power", "too little energy"],
)
def test_a_battery_behind_an_overload_of_three_hours_by_hand(power, energy, status):
    """10 kW too much for three hours: 30 kWh, of which half a battery of 30 kWh has 15."""
    net = with_battery(ideal_net(0.06), energy, power)
    result = evf.run_flexibility_opf(net, day_of([0.02, 0.07, 0.07, 0.07, 0.02, 0.02]), method="fast", **HOURLY)
    assert result.status == status, result.message
    if status == "infeasible":
        assert result.message.startswith("no schedule exists: needs and limits of the grid exclude each other")
        assert set(result.findings["finding"]) == {"overload"}


def test_what_curtailment_cures_is_not_called_infeasible():
    net = with_battery(ideal_net(0.06), 0.02, 0.005)
    evf.create_flexibility(net, "sgen", 0, "up")
    profiles = day_of([0.0, 0.07, 0.09, 0.07, 0.0, 0.0], "sgen")
    result = evf.run_flexibility_opf(net, profiles, method="fast", **HOURLY)
    assert result.status in ("optimal", "feasible"), result.message
    assert result.series["sgen"]["p_mw"].to_numpy().sum() < 0.23 - 0.02


def least_excess(loads, units, room):
    """MW by which the best schedule exceeds the room; what is charged and fed in are variables of every hour."""
    width, rows, bounds, tri = 2 * N * len(units), [], [], np.tri(N)
    flow, b = np.tile(np.hstack([np.eye(N), -np.eye(N)]), len(units)), []
    for number, unit in enumerate(units):
        gains = np.zeros((N, width))
        gains[:, 2 * N * number : 2 * N * (number + 1)] = np.hstack([unit["eta"] * tri, -tri / unit["eta"]])
        rows += [gains, -gains]
        need = np.maximum(0.0, unit["start"] - unit["eta"] * unit["p"] * np.arange(N)[::-1])
        b += [np.full(N, unit["max_e"] - unit["start"]), unit["start"] - need]
        bounds += [(0.0, unit["p"])] * (2 * N)
    a = np.vstack([np.hstack([flow, -np.ones((N, 1))]), np.pad(np.vstack(rows), ((0, 0), (0, 1)))])
    solved = linprog(
        np.append(np.zeros(width), 1.0), a, np.concatenate([room - loads, *b]), bounds=[*bounds, (0, None)]
    )
    assert solved.status == 0
    return solved.fun


@sweep
@pytest.mark.parametrize("guarantee", ["one_activation", "any_sequence"])
@pytest.mark.parametrize("seed", sampled(range(60), 1))
def test_a_proof_agrees_with_a_linear_program(seed, guarantee):
    rng = np.random.default_rng(seed)
    loads, room, eta = rng.uniform(0.0, 0.06, N), 0.04, rng.uniform(0.7, 1.0)
    net, units = battery_and_car(rng, room, eta, powers=(0.005, 0.02))
    options = exact_options(guarantee=guarantee)
    case = read_study(net, day_of(loads), options, n_periods=None, period_h=1.0, cyclic=False).case
    excess = least_excess(loads, units, room)
    if not 1e-9 < excess < 2e-4:  # else too close to call: the transformer loses a little
        assert is_proved_infeasible(case, BatchedPowerFlow(case.grid)) == (excess > 1e-9)
