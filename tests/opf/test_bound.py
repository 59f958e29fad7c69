"""What the cars could offer without a grid bounds every result, and is the result where the grid carries it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pandapower_evflex as evf
from pandapower_evflex.opf.solve import methods
from tests.examples import examples
from tests.opf.feeder import EIGHT_HOURS, constant, feeder_net

#: relative; schedules keep the equations of the cars to 1e-6, as a tie-break costs
WITHIN = 1e-6


def squares(result):
    return float(np.sum(result.p_mw.to_numpy() ** 2))


@pytest.fixture
def no_solver(monkeypatch):
    """Nothing but the closed form may answer."""

    def refuse(*_):
        raise AssertionError("a solver ran")

    for name in ("solve_fast", "solve_exact", "break_tie"):
        monkeypatch.setattr(methods, name, refuse)


@pytest.mark.parametrize(("method", "tie_break"), [("auto", "smooth"), ("fast", "min_energy"), ("auto", None)])
def test_where_the_grid_carries_all_of_it_no_solver_runs(no_solver, method, tie_break):
    result = evf.run_flexibility_opf(feeder_net(1, sn_mva=1.0), method=method, tie_break=tie_break, **EIGHT_HOURS)
    assert (result.status, result.gap, result.stats["iterations"]) == ("optimal", 0.0, 0)
    assert result.objective_mw == result.bound_mw
    assert "no solver was needed" in result.message
    assert ("one of many" in result.message) == (tie_break is None)
    assert result.verification["against_runpp"] < 1e-6


@pytest.fixture(scope="module")
def slack_day():
    """The built-in day on cables and a transformer of ten times the rating."""
    net, profiles = evf.networks.suburban_lv(seed=0, n_periods=24)
    net.trafo["sn_mva"] *= 10.0
    net.line["max_i_ka"] *= 10.0
    net.bus["min_vm_pu"] = 0.5
    return net, profiles


def test_the_closed_form_is_what_ipopt_finds(slack_day):
    closed = evf.run_flexibility_opf(*slack_day, progress=False)
    exact = evf.run_flexibility_opf(*slack_day, method="exact", progress=False)
    assert closed.stats["iterations"] == 0 and exact.stats["iterations"] > 0
    assert exact.objective_mw == pytest.approx(closed.objective_mw, rel=WITHIN)
    assert exact.bound_mw == closed.bound_mw
    assert squares(closed) == pytest.approx(squares(exact), rel=1e-3)
    p_max = slack_day[0].ev.max_p_mw.to_numpy()
    assert np.max(np.abs(exact.p_mw.to_numpy() - closed.p_mw.to_numpy()) / p_max) < 1e-2


def test_a_level_load_is_sought_from_the_closed_form(slack_day, monkeypatch):
    monkeypatch.setattr(methods, "solve_fast", lambda _: pytest.fail("the first stage ran"))
    net, profiles = slack_day
    level, smooth = (
        evf.run_flexibility_opf(net, profiles, tie_break=kind, progress=False) for kind in ("level", "smooth")
    )
    assert level.objective_mw >= level.bound_mw * (1.0 - WITHIN)
    others = profiles["load", "p_mw"].sum(axis=1) - profiles["sgen", "p_mw"].sum(axis=1)
    assert np.sum((others + level.p_mw.sum(axis=1)) ** 2) < np.sum((others + smooth.p_mw.sum(axis=1)) ** 2)


def test_where_the_grid_does_not_carry_it_a_solver_ends_below_the_bound():
    net = feeder_net(6, sn_mva=0.06)
    result = evf.run_flexibility_opf(net, scenarios=("up",), **EIGHT_HOURS)
    assert result.stats["iterations"] > 0
    assert result.objective_mw < result.bound_mw


@pytest.mark.parametrize("method", ["fast", "exact"])
def test_a_band_on_a_grid_that_binds_nowhere_is_sought_by_the_solver(method):
    result = evf.run_flexibility_opf(feeder_net(1, sn_mva=1.0), guarantee="any_sequence", method=method, **EIGHT_HOURS)
    assert result.status == "optimal" and result.stats["iterations"] > 0
    assert result.objective_mw <= result.bound_mw * (1.0 + WITHIN)


@st.composite
def runs(draw):
    """A feeder, congested or not, and arguments of a run."""
    n_evs = draw(st.integers(1, 5))
    net = feeder_net(n_evs, sn_mva=draw(st.sampled_from([0.04, 0.06, 0.1, 1.0])), load_mw=draw(st.floats(0.0, 0.045)))
    net.ev["min_p_mw"] = draw(st.sampled_from([0.0, 0.001]))
    net.ev_session["arrival_h"] = draw(st.lists(st.integers(0, 3), min_size=n_evs, max_size=n_evs))
    cyclic = draw(st.booleans())
    if cyclic:
        net.ev_session["arrival_h"] += 3.0
        net.ev_session["departure_h"] = net.ev_session["arrival_h"] + 6.0
    for ev in range(n_evs):
        if draw(st.booleans()):
            cap = draw(st.sampled_from([np.nan, 0.003, 0.01]))
            evf.create_flexibility(
                net, "ev", ev, draw(st.sampled_from(["up", "down"])), weight=draw(st.floats(0.1, 2.0)), max_p_mw=cap
            )
    weights = draw(st.none() | st.lists(st.floats(0.0, 2.0), min_size=8, max_size=8).map(lambda w: {"up": w}))
    return net, {
        "scenarios": draw(st.sampled_from([("up", "down"), ("up",), ("down",)])),
        "method": draw(st.sampled_from(["fast", "auto", "exact"])),
        "tie_break": draw(st.sampled_from([None, "smooth"])),
        "weights": weights,
        "cyclic": cyclic,
        "guarantee": draw(st.sampled_from(["one_activation", "any_sequence"])),
    }


@examples(few=4, many=300)
@given(runs())
def test_no_result_has_more_than_its_bound(run):
    net, arguments = run
    result = evf.run_flexibility_opf(
        net, on_infeasible="best_effort", raise_on_failure=False, **arguments, **EIGHT_HOURS
    )
    if result.p_mw.notna().all(axis=None):
        assert result.objective_mw <= result.bound_mw * (1.0 + WITHIN) + 1e-9
    if result.status != "best_effort":
        bound = evf.flexibility_bound(
            net, n_periods=8, period_h=1.0, unreachable="reduce",
            **{name: arguments[name] for name in ("scenarios", "weights", "cyclic")},
        )  # fmt: skip
        assert bound.objective_mw == pytest.approx(result.bound_mw, rel=1e-12)
        assert bound.is_exact


def test_a_run_that_fails_has_a_bound_too():
    net = feeder_net(3, load_mw=0.3)
    result = evf.run_flexibility_opf(net, raise_on_failure=False, **EIGHT_HOURS)
    assert result.status == "infeasible" and result.bound_mw == pytest.approx(3 * (7 * 0.022 + 0.020))


def test_best_effort_is_bounded_by_what_the_lowered_needs_leave():
    net = feeder_net(3, load_mw=0.095, sn_mva=0.1)
    result = evf.run_flexibility_opf(net, on_infeasible="best_effort", **EIGHT_HOURS)
    assert result.status == "best_effort" and len(result.short)
    assert result.objective_mw <= result.bound_mw * (1.0 + WITHIN)


def test_the_bound_has_the_labels_of_the_result():
    net, profiles = evf.networks.suburban_lv(seed=0, n_periods=24)
    bound = evf.flexibility_bound(net, profiles)
    result = evf.run_flexibility_opf(net, profiles, progress=False)
    assert result.objective_mw < bound.objective_mw == result.bound_mw
    for name in ("p_up_mw", "p_down_mw"):
        frame = getattr(bound, name)
        assert frame.index.equals(result.p_mw.index) and frame.columns.equals(result.p_mw.columns)
    assert bound.objective_mw == pytest.approx((bound.p_up_mw + bound.p_down_mw).to_numpy().sum())
    assert "without a grid" in str(bound)


def test_a_need_that_full_power_misses_is_named_or_lowered():
    net = feeder_net(1)
    net.ev_session["departure_h"] = 0.5
    with pytest.raises(evf.FlexibilityOPFNotConverged, match="session 0") as error:
        evf.flexibility_bound(net, n_periods=8, period_h=0.5)
    assert len(error.value.findings) == 1
    lowered = evf.flexibility_bound(net, n_periods=8, period_h=0.5, unreachable="reduce")
    assert lowered.objective_mw == 0.0


def test_wrong_arguments_are_named_as_in_a_run():
    net, wrong = feeder_net(1), {"scenarios": "sideways", "weights": 3, "unreachable": "perhaps"}
    messages = []
    for function in (evf.flexibility_bound, evf.run_flexibility_opf):
        with pytest.raises(evf.InvalidInputError) as error:
            function(net, n_periods=8, period_h=1.0, **wrong)
        messages.append(str(error.value))
    assert messages[0] == messages[1] and "scenarios" in messages[0]


def test_only_periods_of_the_profiles_matter():
    net = feeder_net(2)
    alone = evf.flexibility_bound(net, n_periods=8, period_h=1.0)
    loaded = evf.flexibility_bound(net, constant(net, "load", "p_mw", [0.0, 0.01] * 4), period_h=1.0)
    pd.testing.assert_frame_equal(alone.p_up_mw, loaded.p_up_mw)
