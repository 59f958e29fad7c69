"""Laws of the day itself: what calls leave, plans that stand, and days whose log is known by hand."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pandapower_evflex as evf
from pandapower_evflex.operation import planner
from tests.examples import examples, sampled, sweep
from tests.operation.test_activation import FOUR_HOURS, two_cars
from tests.operation.test_rolling import FOUR, HOURLY, flexibility, one_car
from tests.opf.feeder import EIGHT_HOURS, feeder_net, two_feeders_net

NETS = {"strong": (two_cars, FOUR_HOURS), "congested": (two_feeders_net, EIGHT_HOURS)}
SOLVED = {name: (make(), hours) for name, (make, hours) in NETS.items()}
RESULTS: dict[str, evf.FlexibilityOpfResult] = {}


def solved(name):
    net, hours = SOLVED[name]
    if name not in RESULTS:
        RESULTS[name] = evf.run_flexibility_opf(net, **hours)
    return net, RESULTS[name]


@examples(few=8, many=100)
@given(st.sampled_from(sorted(NETS)), st.data())
def test_after_a_call_every_car_has_weakly_less_of_it_later_and_the_plan_is_kept(name, data):
    net, result = solved(name)
    period = data.draw(st.integers(0, len(result.p_mw) - 2))
    direction, share = data.draw(st.sampled_from(["up", "down"])), data.draw(st.floats(0.0, 1.0))
    offered = getattr(result, f"p_{direction}_mw")
    call = evf.activate_flexibility(net, result, period, direction, share * offered.iloc[period].sum())
    later = slice(period + 1, None)
    left = getattr(call, f"p_{direction}_mw")
    assert (left <= offered.iloc[later] + 1e-12).all().all()
    changed = (call.plan_mw - result.p_mw).iloc[later].to_numpy()
    if direction == "up":  # only what a full battery does not take is left out
        full = call.plan_e_mwh.iloc[later].to_numpy() >= net.ev.max_e_mwh.to_numpy() - 1e-9
        assert (changed <= 1e-12).all() and (np.abs(changed)[~full] <= 1e-12).all()
    else:  # only what was withdrawn is made up, as long as the plan itself is kept
        assert "another plan" in call.message or (changed >= -1e-12).all()
        assert changed.sum() <= call.granted_mw + 1e-9
    assert call.plan_mw.iloc[:period].equals(result.p_mw.iloc[:period]) and not len(call.short)


@examples(few=8, many=100)
@given(st.sampled_from(sorted(NETS)), st.data())
def test_a_call_of_one_car_and_its_reverse_return_its_energy(name, data):
    """Without losses, car by car."""
    net, result = solved(name)
    period, ev = data.draw(st.integers(0, len(result.p_mw) - 1)), data.draw(st.sampled_from(net.ev.index.tolist()))
    amount = data.draw(st.floats(0.0, 1.0)) * min(result.p_up_mw.iloc[period][ev], result.p_down_mw.iloc[period][ev])
    e = result.e_mwh.iloc[period]
    up, down = (evf.activate_flexibility(net, result, period, d, amount, evs=[ev]).e_mwh for d in ("up", "down"))
    assert (up - e)[ev] == pytest.approx(amount, abs=1e-9)
    assert ((up - e) + (down - e)).abs().max() == pytest.approx(0.0, abs=1e-9)


@sweep
@pytest.mark.parametrize("make", sampled([two_feeders_net, feeder_net], 1))
def test_a_plan_that_stands_is_as_good_as_one_solved_anew_in_every_period(make, monkeypatch):
    net = make()
    standing = evf.run_rolling_horizon(net, **HOURLY)
    assert (standing.log.message == planner.STANDS).any()
    monkeypatch.setattr(planner, "_as_it_was", lambda *_: None)
    anew = evf.run_rolling_horizon(net, **HOURLY)
    assert not (anew.log.message == planner.STANDS).any()
    assert flexibility(standing) == pytest.approx(flexibility(anew), rel=1e-6)
    assert np.allclose(standing.p_mw.sum(axis=1), anew.p_mw.sum(axis=1), atol=1e-4)


def test_a_plan_stands_until_something_changes():
    """The forecast changes at 2 h, a car is not there at 3 h, and a call is made at 5 h."""
    net = two_feeders_net()
    net.ev_session.loc[1, "arrival_h"] = 3.0
    real = net.ev_session.copy()
    real.loc[1, "arrival_h"] = 4.0
    pp.create_load(net, 2, 0.001)

    def forecast(now_h):
        return {("load", "p_mw"): pd.DataFrame({0: np.full(8, 0.001 if now_h < 2.0 else 0.002)})}

    calls = pd.DataFrame({"period": [5], "direction": "up", "p_mw": 0.01})
    day = evf.run_rolling_horizon(net, forecast=forecast, sessions=real, activations=calls, **HOURLY)
    stands = (day.log.message == planner.STANDS).tolist()
    assert stands[1] and not any(stands[i] for i in (0, 2, 3, 6))


def test_a_forecast_twenty_percent_low_on_one_feeder_breaks_limits_of_that_feeder_alone():
    """The cable carries 83 kW. Of 170 kWh the cars charge 132 in two hours at full power; then the load takes 60 kW of
    the cable, not the 50 that were foreseen, and 33 kW are charged where there is room for 23."""
    net = two_feeders_net()
    for bus in (2, 3):
        pp.create_load(net, bus, 0.02)
    net.ev_session.loc[:2, ["arrival_h", "departure_h", "e_departure_mwh"]] = 2.0, 6.0, 0.02 + 0.17 / 3.0
    peak = np.where(np.isin(np.arange(8), [4, 5]), 0.06, 0.0)
    truth = {("load", "p_mw"): pd.DataFrame({0: peak, 1: peak})}
    low = {("load", "p_mw"): pd.DataFrame({0: peak / 1.2, 1: peak})}
    options = {"max_line_loading_percent": 45.0, **HOURLY}
    known = evf.run_rolling_horizon(net, truth, **options)
    missed = evf.run_rolling_horizon(net, truth, forecast=lambda now_h: low, **options)
    assert not len(known.violations) and not len(known.short)
    assert set(zip(missed.violations.element_type, missed.violations.element, strict=True)) == {("line", 0)}
    assert np.flatnonzero(missed.log.n_violations).tolist() == [4] and not len(missed.short)
    assert missed.line_loading_percent[0].iloc[4] - 45.0 == pytest.approx(45.0 * 10.0 / 83.0, rel=0.05)


def hours_of_need(sn_mva):
    """Two cars need 10 kW for 2 h behind a transformer."""
    net = two_cars(sn_mva=sn_mva)
    net.ev_session["departure_h"] = 2.0
    return net


@pytest.mark.parametrize("sn_mva, granted", [(0.4, 0.01), (0.0101, 2e-4)])
def test_a_call_downward_is_granted_as_far_as_it_can_be_recovered(sn_mva, granted):
    """Without room in the transformer the second hour cannot make up what the first one leaves out."""
    calls = pd.DataFrame({"period": [0], "direction": "down", "p_mw": [0.01]})
    day = evf.run_rolling_horizon(
        hours_of_need(sn_mva), activations=calls, n_periods=2, period_h=1.0, every_h=1.0, progress=False
    )
    call = day.activations.iloc[0]
    assert call.asked_mw == pytest.approx(0.01) and call.granted_mw == pytest.approx(granted, rel=0.05)
    assert ("as asked" in call.message) == (sn_mva > 0.1)
    assert ("no more can be made up" in call.message) == (sn_mva < 0.1)
    assert day.log.called_mw.iloc[0] == pytest.approx(-call.granted_mw)
    assert not len(day.short) and not len(day.violations)
    assert day.e_mwh.iloc[1].to_numpy() == pytest.approx([0.02, 0.02], abs=5e-6)


def test_a_need_above_the_planned_one_is_served_or_named():
    """34 kWh planned, 40 kWh asked for at the arrival: 30 kWh fit into 4 h at 10 kW, and 60 kWh do not."""
    net = one_car()
    real = net.ev_session.copy()
    real["e_departure_mwh"] = 0.04
    served = evf.run_rolling_horizon(net, sessions=real, **FOUR)
    assert not len(served.short) and served.e_mwh[0].iloc[-1] == pytest.approx(0.04, abs=1e-6)
    real["e_departure_mwh"] = 0.055
    day = evf.run_rolling_horizon(net, sessions=real, **FOUR)
    assert day.short.energy_mwh[0] == pytest.approx(0.005) and day.short.reason[0] == "needs more"
    assert day.log.short_mwh.tolist() == pytest.approx([0.0, 0.0, 0.0, 0.005])


def test_a_need_that_was_out_of_reach_ahead_is_named_as_such():
    net = one_car()
    net.ev_session["e_departure_mwh"] = 0.055
    day = evf.run_rolling_horizon(net, **FOUR)
    assert day.short.energy_mwh[0] == pytest.approx(0.005)
    assert day.short.reason[0] == "cannot be reached at full power"


def test_what_the_grid_holds_back_is_named():
    """Two cars of 15 kWh behind a transformer that carries 10 kW for two hours."""
    net = hours_of_need(0.0101)
    net.ev["max_e_mwh"] = 0.05
    net.ev_session["e_departure_mwh"] = 0.025
    day = evf.run_rolling_horizon(net, n_periods=2, period_h=1.0, every_h=1.0, progress=False)
    assert day.short.energy_mwh.sum() == pytest.approx(0.03 - 0.0201, rel=0.02)
    assert set(day.short.reason) == {"trafo 0"} and set(day.log.status) == {"best_effort"}


def test_a_car_that_comes_and_goes_between_two_plans_is_served():
    net = one_car()
    real = pd.concat([net.ev_session.iloc[:0], net.ev_session.rename(index={0: 7})])
    real[["arrival_h", "departure_h", "e_departure_mwh"]] = 1.0, 3.0, 0.03
    net.ev_session["in_service"] = False
    day = evf.run_rolling_horizon(net, sessions=real, **{**FOUR, "every_h": 4.0})
    assert day.e_mwh[0].iloc[2] == pytest.approx(0.03) and not len(day.short)
    assert day.log.status.notna().tolist() == [True, True, False, False]


def test_who_pays_no_heed_to_plans_charges_at_arrival():
    net = one_car()
    net.ev["controllable"] = False
    real = net.ev_session.copy()
    real["arrival_h"] = 1.0
    day = evf.run_rolling_horizon(net, sessions=real, **{**FOUR, "every_h": 4.0})
    assert day.p_mw[0].to_numpy() == pytest.approx([0.0, 0.01, 0.01, 0.004])


ONE_CALL = pd.DataFrame({"period": [0], "direction": "down", "p_mw": 0.001})


@pytest.mark.parametrize(
    "wrong, words",
    [
        (
            {"duration_h": 2.0, "activations": pd.DataFrame({"period": [0], "direction": "up", "p_mw": 0.001})},
            "duration_h",
        ),
        ({"scenarios": "up", "activations": pd.DataFrame({"period": [0], "direction": "down", "p_mw": 0.001})}, "down"),
        ({"forecast": lambda: {}}, "cannot be called with the hour"),
        ({"forecast": lambda now_h: [1.0]}, r"forecast\(0\): a list is not a day of profiles"),
        ({"forecast": lambda now_h: {("load", "p_mw"): 3.0}}, r"\('load', 'p_mw'\): a float"),
        ({"forecast": lambda now_h: {("load", "x"): pd.DataFrame({0: [1.0] * 4})}}, r"forecast\(0\): profiles.load.x"),
    ],
)
def test_what_a_day_cannot_do_is_refused_before_anything_is_solved(wrong, words, monkeypatch):
    monkeypatch.setattr(planner, "outcome_of", lambda *_: pytest.fail("a solver ran"))
    with pytest.raises(evf.InvalidInputError, match=words):
        evf.run_rolling_horizon(one_car(), **{**FOUR, **wrong})


def test_errors_of_a_forecast_function_are_its_own():
    def broken(now_h):
        raise KeyError("no file for this hour")

    with pytest.raises(KeyError, match="no file for this hour"):
        evf.run_rolling_horizon(one_car(), forecast=broken, **FOUR)


def test_a_direction_that_was_not_sought_is_refused_unless_forced():
    net = two_cars()
    result = evf.run_flexibility_opf(net, scenarios="up", **FOUR_HOURS)
    with pytest.raises(evf.InvalidInputError, match='add "down" to scenarios'):
        evf.activate_flexibility(net, result, 0, "down")
    assert evf.activate_flexibility(net, result, 0, "down", force=True).granted_mw > 0.0


def test_real_sessions_may_be_timestamps_where_the_day_has_dates():
    """The clock goes from 2 to 3 in this night: 4 o'clock is the third hour."""
    net = one_car()
    real = net.ev_session.copy()
    real["arrival_h"] = pd.Timestamp("2024-03-31 03:00", tz="Europe/Berlin")
    start = pd.Timestamp("2024-03-31 00:00", tz="Europe/Berlin")
    day = evf.run_rolling_horizon(net, sessions=real, start=start, **FOUR)
    assert day.p_mw[0].to_numpy() == pytest.approx([0.0, 0.0, 0.01, 0.01])


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda real: real.assign(arrival_h=pd.Timestamp("2024-05-14 02:00")), "together with start="),
        (lambda real: real.astype({"arrival_h": str}), "as numbers"),
        (lambda real: real.rename(index=str), "are text"),
        (lambda real: pd.concat([real, real]), "occur twice"),
        (lambda real: real.assign(ev="0"), "'0' is not a whole number"),
        (lambda real: real.assign(ev=9), "another EV"),
        (lambda real: real.assign(departure_h=np.nan), "departure_h of row 0"),
    ],
)
def test_real_sessions_that_are_none_are_refused_by_name(change, words):
    net = one_car()
    with pytest.raises(evf.InvalidInputError, match=words):
        evf.run_rolling_horizon(net, sessions=change(net.ev_session.copy()), **FOUR)


def test_forecasts_of_other_times_are_refused():
    net = feeder_net(3)
    times = pd.date_range("2024-05-14", periods=8, freq="h")
    truth = {("load", "p_mw"): pd.DataFrame({0: np.full(8, 0.02)}, index=times)}
    for forecast, words in (
        (lambda now_h: {key: frame.shift(1, freq="h") for key, frame in truth.items()}, "not the periods of the day"),
        (lambda now_h: {key: frame.iloc[int(now_h) :] for key, frame in truth.items()}, r"forecast\(1\).*7 rows"),
        (lambda now_h: {key: 1e3 * frame for key, frame in truth.items()}, r"forecast\(0\).*are the values in kW"),
    ):
        with pytest.raises(evf.InvalidInputError, match=words):
            evf.run_rolling_horizon(net, truth, forecast=forecast, every_h=1.0, progress=False)


def test_a_call_of_a_period_that_is_none_is_named_by_its_row():
    calls = pd.DataFrame({"period": [1, -1], "direction": "up", "p_mw": 0.001}, index=["a", "b"])
    with pytest.raises(evf.InvalidInputError, match="activations.period of row b"):
        evf.run_rolling_horizon(one_car(), activations=calls, **FOUR)


def test_a_moment_without_a_power_flow_has_no_voltages_and_is_named():
    net = feeder_net(3, sn_mva=0.25)
    load = np.where(np.arange(8) == 3, 1.4, 0.02)
    truth, calm = ({("load", "p_mw"): pd.DataFrame({0: values})} for values in (load, np.full(8, 0.02)))
    day = evf.run_rolling_horizon(net, truth, forecast=lambda now_h: calm, **HOURLY)
    assert day.violations.finding.tolist() == ["no power flow solution"] and day.violations.period.tolist() == [3]
    assert day.vm_pu.iloc[3].isna().all() and day.trafo_loading_percent.iloc[3].isna().all()
    assert day.vm_pu.drop(index=3).notna().all().all() and np.isnan(day.log.min_vm_pu[3])


@examples(few=5, many=60)
@given(st.data())
def test_on_a_strong_grid_only_what_full_power_cannot_charge_is_short(data):
    """Whatever is called, whenever plans are renewed, and whoever comes at another hour or unannounced."""
    net = two_cars()
    net.ev["max_e_mwh"] = 0.06
    net.ev_session["departure_h"] = 4.0
    real, short = net.ev_session.copy(), {}
    for row in real.index:
        arrival, kwh = data.draw(st.integers(0, 3)), data.draw(st.sampled_from([5.0, 15.0, 35.0]))
        real.loc[row, ["arrival_h", "e_departure_mwh"]] = arrival, 0.01 + 1e-3 * kwh
        short[row] = max(kwh - 10.0 * (4 - arrival), 0.0)
    if data.draw(st.booleans()):
        real, short = real.rename(index={1: 9}), {0: short[0], 9: short[1]}
    periods = data.draw(st.lists(st.integers(0, 3), unique=True))
    directions = [data.draw(st.sampled_from(["up", "down"])) for _ in periods]
    calls = pd.DataFrame({"period": periods, "direction": directions, "p_mw": 0.004})
    every_h = data.draw(st.sampled_from([1.0, 2.0, 4.0]))
    day = evf.run_rolling_horizon(net, sessions=real, activations=calls, **{**FOUR, "every_h": every_h})
    found = (1e3 * day.short.set_index("session").energy_mwh).to_dict()
    assert {row: found.get(row, 0.0) for row in short} == pytest.approx(short, abs=0.01)
    moved = day.log.charged_mw - day.log.planned_mw
    assert np.allclose(moved, day.log.called_mw, atol=1e-9)
