"""The fast method reaches what the exact one does, and says so only where its certificate holds."""

from __future__ import annotations

import re
from itertools import product

import numpy as np
import pandas as pd
import pytest
from pandapower.create import create_gen

import pandapower_evflex as evf
from pandapower_evflex.opf.objective import weighted_flexibility_mw
from pandapower_evflex.opf.progress import Progress
from pandapower_evflex.opf.solve import fast as fast_module
from pandapower_evflex.opf.solve.budget import Budget
from pandapower_evflex.opf.solve.certifiable import is_radial, why_uncertified
from pandapower_evflex.opf.solve.chains import chains_of
from pandapower_evflex.opf.solve.fast import solve_fast
from pandapower_evflex.opf.solve.pull_back import restored
from pandapower_evflex.opf.solve.reduced_network import ReducedNetwork, blocks_of
from pandapower_evflex.opf.solve.run import Run
from pandapower_evflex.opf.solve.screening import screen
from pandapower_evflex.opf.stopwatch import Stopwatch
from pandapower_evflex.opf.verify import element_violations, scheduled_states, states_of_forecasts
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from tests.case.nets import NETS
from tests.examples import sampled, sweep
from tests.opf.feeder import EIGHT_HOURS, feeder_net, two_feeders_net
from tests.opf.test_flexibility import compiled

SAME = 2e-6


def solve(net, method, **arguments):
    return evf.run_flexibility_opf(net, **{**EIGHT_HOURS, "method": method, "tie_break": None, **arguments})


def evs_on(net, buses, p_mw=0.011):
    evf.create_evs(net, buses, max_p_mw=p_mw, max_e_mwh=4 * p_mw, min_e_mwh=0.5 * p_mw)
    evf.create_ev_sessions(net, range(len(buses)), 0.0, 8.0, e_arrival_mwh=p_mw, e_departure_mwh=3 * p_mw)
    return net


ARGUMENTS = [
    {},
    {"scenarios": ("up", "down", "base")},
    {"scenarios": ("up",)},
    {"q_follows_flexibility": False},
    {"weights": {"up": np.linspace(1.0, 2.0, 8), "down": 0.3}},
    {"weights": {"up": 0.2, "down": 1.0}},
    {"trafo_loading": "current"},
    {"max_line_loading_percent": 30.0},
]


@sweep
@pytest.mark.parametrize("arguments", sampled(ARGUMENTS, 4))
def test_fast_reaches_the_objective_of_exact_within_its_gap(arguments):
    fast, exact = (solve(feeder_net(6), method, **arguments) for method in ("fast", "exact"))
    assert fast.status == "optimal"
    assert fast.gap <= 1e-6
    assert np.isclose(fast.objective_mw, exact.objective_mw, rtol=SAME)
    assert fast.objective_mw <= exact.objective_mw * (1.0 + 1e-8)
    assert exact.objective_mw <= fast.objective_mw * (1.0 + fast.gap) + 1e-9


@sweep
@pytest.mark.parametrize("name", sampled(["cigre_lv", "kerber"], 1))
def test_fast_equals_exact_on_nets_of_the_literature(name):
    net = NETS[name]()
    buses = net.load.bus.to_numpy()[:10]
    fast, exact = (solve(evs_on(NETS[name](), buses), method, n_periods=8) for method in ("auto", "exact"))
    assert np.isclose(fast.objective_mw, exact.objective_mw, rtol=SAME)


def test_a_binding_undervoltage_is_certified_too():
    net = feeder_net(6, sn_mva=1.0)
    net.bus["min_vm_pu"] = 0.955
    fast, exact = (solve(net, method) for method in ("fast", "exact"))
    assert (fast.binding.quantity == "vm_pu").any()
    assert fast.gap <= 1e-6
    assert np.isclose(fast.objective_mw, exact.objective_mw, rtol=SAME)


def meshed(n_evs=6):
    net = feeder_net(n_evs)
    from pandapower.create import create_line

    create_line(net, net.line.from_bus.iloc[0], net.line.to_bus.iloc[-1], 0.2, "NAYY 4x150 SE")
    return net


def voltage_held():
    net = feeder_net(6)
    create_gen(net, net.line.to_bus.iloc[0], p_mw=0.005, vm_pu=1.0)
    return net


def near_overvoltage():
    net = feeder_net(6, load_mw=0.0, pv_mw=0.04)
    net.bus["max_vm_pu"] = 1.012
    return net


@pytest.mark.parametrize(
    ("make", "reason"),
    [(meshed, "meshed"), (voltage_held, "generator holds"), (near_overvoltage, "upper voltage limit")],
)
def test_no_gap_is_claimed_where_nothing_is_proved_and_exact_takes_over(make, reason):
    fast, auto = (solve(make(), method) for method in ("fast", "auto"))
    assert np.isnan(fast.gap)
    assert reason in fast.message
    assert "Ipopt" in auto.stats["solver"]
    assert np.isclose(fast.objective_mw, auto.objective_mw, rtol=SAME)


def test_a_tangent_that_cuts_off_a_feasible_point_takes_the_gap_away(monkeypatch):
    """Were a limit concave in the loads, tangents would cut off schedules that the power flow allows."""
    evaluate = ReducedNetwork.evaluate

    def concave(self, x):
        h, rows = evaluate(self, x)
        self._met.append((x + 10.0, np.full_like(h, -1.0)))  # a point far above that keeps every limit
        return h, rows

    monkeypatch.setattr(ReducedNetwork, "evaluate", concave)
    fast, auto = (solve(feeder_net(6), method) for method in ("fast", "auto"))
    assert np.isnan(fast.gap)
    assert "tangent" in fast.message
    assert "Ipopt" in auto.stats["solver"]


def test_radial_means_one_way_from_one_slack():
    assert is_radial(compiled(feeder_net()).grid)
    assert not is_radial(compiled(meshed()).grid)
    assert why_uncertified(compiled(feeder_net())) == ""


@sweep
@pytest.mark.parametrize(
    ("make", "max_iter", "method"), sampled(list(product([feeder_net, meshed], [3, 7], ["fast", "auto"])), 3)
)
def test_stopped_early_it_returns_a_schedule_that_keeps_every_limit_and_what_is_known_of_the_gap(
    make, max_iter, method
):
    net = make(6)
    result = solve(net, method, solver_options={"max_iter": max_iter})
    best = solve(make(6), "exact").objective_mw
    assert result.status in {"optimal_within_gap", "feasible"} and net.OPF_converged
    assert np.isfinite(net.res_period.to_numpy()[:, 1:].astype(float)).all()
    assert result.objective_mw <= best * (1.0 + 1e-6)
    assert max(value for kind, value in result.verification.items() if kind.startswith("max_")) < 1e-6
    if np.isfinite(result.gap):
        assert result.objective_mw >= best * (1.0 - result.gap) - 1e-6
        assert re.match(rf"stopped at [0-9.]+ % gap by max_iter={max_iter}: a schedule that keeps", result.message)
        assert float(result.message.split()[2]) == pytest.approx(100.0 * result.gap, rel=0.05)
        assert result.status == ("feasible" if result.gap > 0.05 else "optimal_within_gap")
    else:
        assert result.status == "feasible" and result.message.startswith(f"stopped by max_iter={max_iter}: ")


LIMITS = [("max_iter", 1), ("max_cpu_time", 1e-9), ("max_wall_time", 1e-9), ("max_cpu_time", 1e-300)]


@sweep
@pytest.mark.parametrize(
    ("method", "limit", "value"),
    sampled([(method, *limit) for method in ("fast", "exact", "auto") for limit in LIMITS], 5),
)
def test_a_run_that_is_stopped_without_a_schedule_blames_the_option_that_stopped_it(method, limit, value):
    net = feeder_net(9, sn_mva=0.06)
    with pytest.raises(evf.FlexibilityOPFNotConverged, match=rf"^stopped by {limit}={value:g}\b") as error:
        solve(net, method, solver_options={limit: value})
    assert error.value.result.status == "iteration_limit"
    assert not net.OPF_converged


@pytest.mark.parametrize("method", ["fast", "exact", "auto"])
def test_times_and_numbers_of_iterations_that_suffice_change_nothing(method):
    enough = {"max_cpu_time": 600, "max_wall_time": np.inf, "max_iter": 500.0}
    limited = solve(feeder_net(3), method, solver_options=enough)
    assert (limited.status, limited.objective_mw) == (
        "optimal", pytest.approx(solve(feeder_net(3), method).objective_mw, rel=1e-9)
    )  # fmt: skip


@pytest.mark.parametrize("max_loading_percent", [10.0, 15.0])
def test_a_limit_that_joins_when_all_others_have_nearly_converged_stalls_nothing(max_loading_percent):
    """Slack that is invented for it cannot be lost again, since the next limit ends every step."""
    fast, exact = (
        solve(two_feeders_net(max_loading_percent=max_loading_percent), method, weights={"up": 0.0})
        for method in ("fast", "exact")
    )
    assert fast.status == "optimal" and fast.gap <= 1e-6
    assert np.isclose(fast.objective_mw, exact.objective_mw, rtol=SAME)


def test_where_nothing_is_rewarded_nothing_is_optimal_and_the_gap_says_so():
    fast = solve(feeder_net(6), "fast", weights={"up": 0.0, "down": 0.0})
    assert (fast.status, fast.objective_mw) == ("optimal", 0.0)
    assert fast.gap <= 1e-6


def run_of(case):
    flow = BatchedPowerFlow(case.grid)
    least = states_of_forecasts(case, flow, case.chain.least)
    return Run(
        case=case, flow=flow, least=least, needed=screen(case, flow, least), options=None, budget=Budget.of({}),
        bar=Progress(False), clock=Stopwatch(),
    )  # fmt: skip


def test_what_one_solve_has_met_joins_the_next_at_its_first_point():
    run = run_of(compiled(feeder_net(6)))
    solve_fast(run)
    met, modes = list(run.known.places), dict(run.known.modes)
    assert met and modes
    chains = chains_of(run.case.chain)
    network = ReducedNetwork(run.case, run.flow, chains, blocks_of(run.case, run.needed), known=run.known)
    network.evaluate(run.case.chain.quiet)
    blocks = network.blocks
    rows = [(blocks[n].scenario, blocks[n].period, kind, position) for n, kind, position in network.rows]
    assert rows[: len(met)] == met
    assert all(run.known.modes[key] is one for key, one in modes.items())  # measured once


@pytest.mark.parametrize(("gap", "solves"), [(np.inf, [True, False]), (0.0, [True])])
def test_once_more_without_correctors_only_where_they_leave_no_certificate(monkeypatch, gap, solves):
    asked = []

    def solve_chains(*args, correctors, gives, **arguments):
        asked.append(correctors and gives)
        point = original(*args, correctors=correctors, gives=gives, **arguments)
        if correctors:
            point.status, point.gap = "converged", gap
        return point

    original = fast_module.solve_chains
    monkeypatch.setattr(fast_module, "solve_chains", solve_chains)
    result = solve_fast(run_of(compiled(feeder_net(6))))
    assert asked == solves
    assert result.status == "optimal"
    assert sum(result.stats["elimination"][order] for order in ("by_period", "by_chain")) == result.stats["iterations"]


def test_restoration_pulls_back_only_what_violates_and_keeps_the_evs_limits():
    run = run_of(compiled(feeder_net(6)))
    case, flow = run.case, run.flow
    fast = solve_fast(run)
    good = fast.schedule
    too_much = pd.Series(good.p_up.sum(axis=1)).idxmax()
    p_up = good.p_up.copy()
    p_up[too_much] *= 1.05
    from dataclasses import replace

    bad = replace(good, p_up=p_up)
    assert any(s.excess(case.limits).exceeds(1e-6).any() for s in scheduled_states(case, flow, bad).values())
    repaired, states = restored(case, flow, bad)
    assert not any(s.excess(case.limits).exceeds(1e-8).any() for s in states.values())
    others = np.arange(8) != too_much
    assert np.array_equal(repaired.p_up[others], good.p_up[others])
    assert element_violations(case, repaired)["ev"] < 1e-6
    assert weighted_flexibility_mw(case, repaired) > 0.999 * weighted_flexibility_mw(case, good)


def test_where_no_limit_can_bind_a_generator_that_holds_its_voltage_is_no_obstacle():
    net = feeder_net(3)
    create_gen(net, net.line.to_bus.iloc[0], p_mw=0.0, vm_pu=1.0)
    result = evf.run_flexibility_opf(net, method="fast", tie_break=None, **EIGHT_HOURS)
    assert result.status in ("optimal", "feasible")
