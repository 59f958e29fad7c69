"""Several forecasts of a day: one schedule and one promise, the limits of the grid in each."""

from __future__ import annotations

import json
import pickle
from itertools import product

import numpy as np
import pandapower as pp
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pandapower_evflex as evf
from tests.examples import examples, sampled, sweep
from tests.opf.feeder import constant, feeder_net, two_feeders_net

HOURS = {"period_h": 1.0, "progress": False}
PROMISES = [{}, {"guarantee": "any_sequence"}, {"duration_h": 2.0}]


def run(net, forecasts=None, profiles=None, **kwargs):
    return evf.run_flexibility_opf(net, profiles, forecasts=forecasts, **{**HOURS, "tie_break": None, **kwargs})


def load(net, *values):
    """Of the first load, hour by hour."""
    return constant(net, "load", "p_mw", np.resize(values, 8))


def calm_and_cold(net, calm=0.02, cold=0.026):
    return {"calm": (0.75, load(net, calm)), "cold": (0.25, load(net, cold))}


def objective_of(result):
    return pytest.approx(result.objective_mw, rel=2e-6)


@sweep
@pytest.mark.parametrize(("method", "promise"), sampled(list(product(["fast", "exact"], PROMISES)), 3), ids=str)
def test_one_forecast_is_none(method, promise):
    net = feeder_net(4, sn_mva=0.05)
    plain = run(net, profiles=load(net, 0.02), method=method, **promise)
    one = run(net, {"day": (1.0, load(net, 0.02))}, method=method, **promise)
    assert one.objective_mw == objective_of(plain)
    for scenario in ("base", "up", "down"):
        pd.testing.assert_frame_equal(one.vm_pu[scenario, "day"], plain.vm_pu[scenario], atol=1e-6)


def test_one_forecast_has_the_schedule_of_none():
    net = feeder_net(4, sn_mva=0.05)
    plain = run(net, profiles=load(net, 0.02), tie_break="smooth")
    one = run(net, {"day": (1.0, load(net, 0.02))}, tie_break="smooth")
    pd.testing.assert_frame_equal(one.p_mw, plain.p_mw, atol=1e-9)
    pd.testing.assert_frame_equal(one.in_forecast("day").vm_pu["up"], plain.vm_pu["up"], atol=1e-9)


@sweep
@pytest.mark.parametrize("promise", sampled(PROMISES, 2), ids=str)
def test_more_forecasts_are_never_more_flexibility(promise):
    net = feeder_net(6, sn_mva=0.05)
    days = [load(net, *np.roll([0.02] * 6 + [0.027, 0.024], shift)) for shift in (0, 3, 6)]
    objectives = [
        run(net, {f"day {i}": (1.0 / n, day) for i, day in enumerate(days[:n])}, **promise).objective_mw
        for n in (1, 2, 3)
    ]
    assert objectives[0] > objectives[1] * 1.001 and objectives[1] > objectives[2] * 1.001


@examples(few=2, many=20)
@given(seed=st.integers(0, 1000), guarantee=st.sampled_from(["one_activation", "any_sequence"]))
def test_order_and_names_change_nothing(seed, guarantee):
    rng = np.random.default_rng(seed)
    net = feeder_net(4, sn_mva=0.05)
    days = [load(net, *rng.uniform(0.005, 0.028, 8)) for _ in range(3)]
    once = run(
        net, dict(zip("abc", [(0.2, days[0]), (0.3, days[1]), (0.5, days[2])], strict=True)), guarantee=guarantee
    )
    again = run(net, {7: (0.5, days[2]), "up": (0.2, days[0]), "x": (0.3, days[1])}, guarantee=guarantee)
    assert again.objective_mw == objective_of(once)
    pd.testing.assert_frame_equal(again.vm_pu["base", "up"], again.in_forecast("up").vm_pu["base"])


def test_two_equal_forecasts_are_one():
    net = feeder_net(4, sn_mva=0.05)
    day = load(net, 0.02, 0.025)
    one = run(net, {"a": (1.0, day)}, tie_break="level")
    two = run(net, {"a": (0.4, day), "b": (0.6, day)}, tie_break="level")
    assert two.objective_mw == objective_of(one)
    pd.testing.assert_frame_equal(two.p_mw, one.p_mw, atol=1e-6)
    assert two.stats["n_blocks"] == one.stats["n_blocks"]


@pytest.mark.parametrize("method", ["fast", "exact"])
def test_the_optimum_is_that_of_the_tightest_of_two_forecasts_that_never_cross(method):
    """The day that is colder in every period leaves less room in every period: the other has no say."""
    net = feeder_net(4, sn_mva=0.05)
    result = run(net, calm_and_cold(net), method=method)
    assert result.objective_mw == objective_of(run(net, profiles=load(net, 0.026), method=method))
    assert set(result.binding["forecast"]) == {"cold"}
    assert "kept in 2 forecasts, of which cold limits most" in result.message


def test_a_forecast_twenty_percent_high_on_one_feeder_costs_its_cars_alone():
    """What a cable carries less by hand: 15 % of its rating, less the load at its end."""
    net = two_feeders_net()
    pp.create_load(net, 2, 0.010)
    high = {("load", "p_mw"): pd.DataFrame({0: [0.012] * 8})}
    usual = {("load", "p_mw"): pd.DataFrame({0: [0.010] * 8})}
    result = run(net, {"usual": (0.8, usual), "high": (0.2, high)}, scenarios=("up",), tie_break="smooth")
    plain = run(net, profiles=usual, scenarios=("up",), tie_break="smooth")
    left, right = (
        [1e3 * (r.p_mw + r.p_up_mw).loc[:, evs].sum(axis=1).to_numpy() for r in (result, plain)]
        for evs in ([0, 1, 2], [3, 4, 5])
    )
    np.testing.assert_allclose(left[1] - left[0], 2.0, atol=0.02)  # losses alone differ
    np.testing.assert_allclose(right[1] - right[0], 0.0, atol=0.002)
    binds = result.binding[result.binding["element"] == 0]
    assert set(binds["forecast"]) == {"high"}


@sweep
@pytest.mark.parametrize("method", sampled(["fast", "exact"], 1))
def test_runpp_keeps_every_limit_in_every_forecast(method):
    """Two forecasts that cross: one of load in the first half, one of generation."""
    net = feeder_net(4, sn_mva=0.05, pv_mw=0.01)
    net.bus["max_vm_pu"] = 1.0
    forecasts = {
        "cold": (0.5, load(net, 0.026, 0.01) | constant(net, "sgen", "p_mw", [0.0] * 8)),
        "sunny": (0.5, load(net, 0.01, 0.026) | constant(net, "sgen", "p_mw", [0.03, 0.01] * 4)),
    }
    result = run(net, forecasts, method=method)
    assert set(zip(result.binding["forecast"], result.binding["quantity"], strict=True)) == {
        ("cold", "loading_percent"), ("sunny", "loading_percent"), ("sunny", "vm_pu"),
    }  # fmt: skip
    for name in forecasts:
        seen = result.in_forecast(name)
        for scenario in ("base", "up", "down"):
            for period in sampled(range(8), 3):
                plain = evf.with_evs_as_loads(net, seen, period, scenario)
                pp.runpp(plain, tolerance_mva=1e-10)
                np.testing.assert_allclose(plain.res_bus.vm_pu, result.vm_pu[scenario, name].iloc[period], atol=1e-8)
                assert plain.res_bus.vm_pu.iloc[1:].between(0.9 - 1e-6, 1.0 + 1e-6).all()
                p, q = (plain.res_trafo[[f"{of}_hv_{u}", f"{of}_lv_{u}"]] for of, u in (("p", "mw"), ("q", "mvar")))
                assert np.hypot(p.to_numpy(), q.to_numpy()).max() <= 0.05 + 1e-7


def test_profiles_hold_in_every_forecast_that_lacks_a_key():
    net = feeder_net(4, sn_mva=0.05, pv_mw=0.01)
    common = load(net, 0.02, 0.025) | constant(net, "sgen", "p_mw", [0.0] * 8)
    sunny = constant(net, "sgen", "p_mw", [0.005] * 8)
    both = {"dull": (0.5, common), "sunny": (0.5, {**common, **sunny})}
    given = run(net, {"dull": (0.5, {}), "sunny": (0.5, sunny)}, common)
    assert given.objective_mw == objective_of(run(net, both))
    pd.testing.assert_frame_equal(given.forecasts["sunny"][1]["sgen", "p_mw"], sunny["sgen", "p_mw"])
    pd.testing.assert_frame_equal(given.forecasts["dull"][1]["load", "p_mw"], common["load", "p_mw"])


@sweep
@pytest.mark.parametrize("promise", sampled(PROMISES, 2, place=1), ids=str)
def test_each_forecast_alone_allows_what_a_run_of_it_alone_does(promise):
    """With equal weights and without a band the flexibility does not depend on the schedule that is kept."""
    net = feeder_net(6, sn_mva=0.05)
    result = run(net, calm_and_cold(net, cold=0.025), **promise)
    table = result.by_forecast
    assert list(table.index) == ["calm", "cold", "expected", "worst"]
    assert (table["objective_mw"] >= result.objective_mw * (1.0 - 1e-9)).all()
    assert table.at["worst", "objective_mw"] == pytest.approx(table.at["cold", "objective_mw"])
    assert table.at["expected", "objective_mw"] == pytest.approx(
        0.75 * table.at["calm", "objective_mw"] + 0.25 * table.at["cold", "objective_mw"]
    )
    alone = run(net, profiles=load(net, 0.02), **promise).objective_mw
    if not promise:
        assert table.at["calm", "objective_mw"] == pytest.approx(alone, rel=1e-5)
    assert result.objective_mw < table.at["calm", "objective_mw"] <= alone * (1.0 + 1e-5)


def test_recovery_is_asked_of_every_forecast():
    net = feeder_net(4, sn_mva=0.05)
    result = run(net, calm_and_cold(net))
    each = [result.in_forecast(name).recoverable for name in ("calm", "cold")]
    pd.testing.assert_frame_equal(result.recoverable, each[0] & each[1])


def test_what_needs_one_grid_state_says_which_to_give():
    net = feeder_net(4, sn_mva=0.05)
    result = run(net, calm_and_cold(net))
    uses = {
        "write_period": lambda r: evf.write_period(net, 2, "up", r),
        "with_evs_as_loads": lambda r: evf.with_evs_as_loads(net, r, 2, "up"),
        "activate_flexibility": lambda r: evf.activate_flexibility(net, r, 2, "up"),
        "plot_min_voltage": evf.plotting.plot_min_voltage,
        "plot_trafo_loading": evf.plotting.plot_trafo_loading,
    }
    for name, use in uses.items():
        with pytest.raises(evf.InvalidInputError, match=rf"{name}.*in_forecast\(name\), of 'calm', 'cold'"):
            use(result)
        use(result.in_forecast("cold"))
    for use in (evf.plotting.plot_flexibility, evf.plotting.plot_charging_power, str, repr):
        use(result)
    assert len(result.to_profiles()["ev", "p_mw"]) == 8
    with pytest.raises(evf.InvalidInputError, match="'warm' is not a forecast of this run; use one of 'calm', 'cold'"):
        result.in_forecast("warm")
    with pytest.raises(evf.InvalidInputError, match="knows only the profiles given"):
        run(net, profiles=load(net, 0.02)).in_forecast("calm")
    assert not len(run(net, profiles=load(net, 0.02)).by_forecast)


def test_a_call_within_one_forecast_can_be_made_up_and_planned_anew():
    net = feeder_net(4, sn_mva=0.05)
    seen = run(net, calm_and_cold(net)).in_forecast("cold")
    call = evf.activate_flexibility(net, seen, 2, "up", renew=True)
    assert call.granted_mw == pytest.approx(seen.p_up_mw.iloc[2].sum(), rel=1e-6)
    pd.testing.assert_frame_equal(
        call.result.profiles["load", "p_mw"], load(net, 0.026)["load", "p_mw"].iloc[3:].reset_index(drop=True)
    )


def test_the_net_holds_the_forecast_that_limits_most(tmp_path):
    net = feeder_net(4, sn_mva=0.05)
    result = run(net, calm_and_cold(net))
    assert net["evflex_forecast"] == "cold"
    worst = result.vm_pu["up", "cold"]
    np.testing.assert_allclose(net.res_period["min_vm_pu_up"], worst.min(axis=1))
    assert net.res_trafo.loading_percent.max() > 95.0
    stored = []
    for name, write, read in (("json", pp.to_json, pp.from_json), ("xlsx", pp.to_excel, pp.from_excel)):
        file = str(tmp_path / f"net.{name}")
        write(net, file)
        stored.append(read(file))
    for again in stored:
        assert again["evflex_forecast"] == "cold"
        evf.write_period(again, 3, "up")
        np.testing.assert_allclose(again.res_bus.vm_pu, worst.iloc[3], atol=1e-7)
    run(net, profiles=load(net, 0.02))
    assert "evflex_forecast" not in net


def test_a_result_of_forecasts_pickles():
    net = feeder_net(4, sn_mva=0.05)
    result = run(net, calm_and_cold(net))
    again = pickle.loads(pickle.dumps(result))
    pd.testing.assert_frame_equal(again.by_forecast, result.by_forecast)
    assert json.loads(json.dumps(list(again.forecasts))) == ["calm", "cold"]


def test_a_forecast_that_nothing_can_cure_is_named():
    net = feeder_net(4, sn_mva=0.05)
    with pytest.raises(evf.FlexibilityOPFNotConverged, match="forecast cold in 8 periods") as error:
        run(net, calm_and_cold(net, cold=0.06))
    assert set(error.value.findings["forecast"]) == {"cold"}
    assert "leave out what need not be kept (cold)" in str(error.value)
    assert str(error.value).count("best_effort") == 1  # refused with forecasts, possible with each alone
    result = run(net, calm_and_cold(net, cold=0.06), raise_on_failure=False)
    assert list(result.vm_pu) == [(s, f) for f in ("calm", "cold") for s in ("down", "up")] + [
        ("base", "calm"), ("base", "cold"),
    ]  # fmt: skip
    assert result.by_forecast["objective_mw"].isna().all()


def test_where_the_grid_carries_all_in_every_forecast_no_solver_runs():
    net = feeder_net(2, sn_mva=0.4)
    result = run(net, calm_and_cold(net), tie_break="smooth")
    assert "no solver" in result.message and result.gap == 0.0
    assert result.by_forecast["objective_mw"].nunique() == 1


def test_forecasts_of_a_day_with_dates_label_the_results():
    net = feeder_net(4, sn_mva=0.05)
    hours = pd.date_range("2024-05-01", periods=8, freq="h")
    forecasts = {
        name: (share, {key: frame.set_axis(hours) for key, frame in profiles.items()})
        for name, (share, profiles) in calm_and_cold(net).items()
    }
    result = evf.run_flexibility_opf(net, forecasts=forecasts, progress=False, tie_break=None)
    assert result.p_mw.index.equals(hours) and result.settings["period_h"] == 1.0


def test_a_margin_holds_in_every_forecast():
    net = feeder_net(4, sn_mva=0.05)
    result = run(net, calm_and_cold(net, cold=0.022), margin_percent=10)
    highest = {key: frame.max().max() for key, frame in result.trafo_loading_percent.items()}
    assert max(highest.values()) == pytest.approx(90.0, abs=1e-3)


def test_a_plan_for_more_days_breaks_a_limit_on_fewer_days_that_were_not_among_them():
    """Eight days of loads that nobody foresaw, by the transformer's apparent power in `runpp`."""
    net = feeder_net(4, sn_mva=0.05)
    rng = np.random.default_rng(0)
    drawn = rng.uniform(0.016, 0.026, 14)
    net.load.loc[0, "q_mvar"] = 0.0
    plans = {
        "one": run(net, {"mean": (1.0, load(net, 0.021))}),
        "margin": run(net, {"mean": (1.0, load(net, 0.021))}, margin_percent=5),
        "six": run(net, {f"day {i}": (1 / 6, load(net, mw)) for i, mw in enumerate(drawn[:6])}),
    }
    broken = {}
    for name, result in plans.items():
        plain, n = evf.with_evs_as_loads(net, result.in_forecast(next(iter(result.forecasts))), 0, "up"), 0
        for mw in drawn[6:]:
            plain.load.loc[0, "p_mw"] = mw
            pp.runpp(plain)
            trafo = plain.res_trafo.iloc[0]
            n += np.hypot(trafo.p_hv_mw, trafo.q_hv_mvar) > 0.05 * (1.0 + 1e-6)
        broken[name] = n
    assert broken["one"] > broken["margin"] and broken["one"] > broken["six"]
    assert broken["one"] == (drawn[6:] > 0.021).sum()
    assert broken["six"] == (drawn[6:] > drawn[:6].max()).sum()
    assert plans["one"].objective_mw > max(plans["margin"].objective_mw, plans["six"].objective_mw)


def test_two_forecasts_that_exclude_each_other_are_proved_to():
    """Each leaves room for half of the day, and no hour is left in both."""
    net = feeder_net(4, sn_mva=0.05)
    late, early = load(net, *[0.046] * 4, *[0.005] * 4), load(net, *[0.005] * 4, *[0.046] * 4)
    for profiles in (late, early):
        assert run(net, profiles=profiles).status == "optimal"
    with pytest.raises(evf.FlexibilityOPFNotConverged, match="no schedule exists") as error:
        run(net, {"late": (0.5, late), "early": (0.5, early)})
    assert error.value.result.status == "infeasible"
    assert "leave out what need not be kept (late, early)" in str(error.value)
