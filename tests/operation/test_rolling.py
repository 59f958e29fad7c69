"""A day in operation: what the planner knows, what really happens, and what is left short."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pandapower as pp
import pandas as pd
import pytest
from pandapower.toolbox import nets_equal

import pandapower_evflex as evf
from tests.examples import sampled, sweep
from tests.opf.feeder import EIGHT_HOURS, feeder_net, two_feeders_net

HOURLY = {**EIGHT_HOURS, "every_h": 1.0}


def flexibility(day):
    return day.p_up_mw.sum().sum() + day.p_down_mw.sum().sum()


@sweep
@pytest.mark.parametrize("make", sampled([feeder_net, two_feeders_net], 1))
def test_with_perfect_forecasts_the_day_achieves_what_was_planned_ahead(make):
    net = make()
    ahead = evf.run_flexibility_opf(net, **EIGHT_HOURS)
    day = evf.run_rolling_horizon(net, **HOURLY)
    assert flexibility(day) == pytest.approx(ahead.objective_mw, rel=2e-4)
    assert not len(day.short) and not len(day.violations) and set(day.log.status) == {"optimal"}
    assert np.allclose(day.e_mwh.iloc[-1], net.ev_session.e_departure_mwh, rtol=1e-3)


def one_car():
    """10 kW for 4 h, needs 24 kWh; strong grid."""
    net = pp.create_empty_network()
    hv, lv = pp.create_bus(net, 20.0), pp.create_bus(net, 0.4)
    pp.create_ext_grid(net, hv)
    pp.create_transformer_from_parameters(net, hv, lv, 0.4, 20.0, 0.4, 0.1, 1.0, 0.0, 0.0)
    evf.create_ev(net, lv, max_p_mw=0.01, max_e_mwh=0.06)
    evf.create_ev_session(net, 0, 0.0, 4.0, e_arrival_mwh=0.01, e_departure_mwh=0.034)
    return net


FOUR = {"n_periods": 4, "period_h": 1.0, "every_h": 1.0, "progress": False}


def test_a_car_that_is_two_hours_late_is_short_by_four_kwh():
    net = one_car()
    real = net.ev_session.copy()
    real["arrival_h"] = 2.0
    before = deepcopy(net)
    day = evf.run_rolling_horizon(net, sessions=real, **FOUR)
    assert day.p_mw[0].to_numpy() == pytest.approx([0.0, 0.0, 0.01, 0.01])
    assert day.short.ev.tolist() == [0] and day.short.reason.tolist() == ["came late"]
    assert day.short.energy_mwh[0] == pytest.approx(0.004)
    assert nets_equal(net, before)


def test_a_car_that_never_comes_charges_nothing_and_is_not_short():
    net = one_car()
    day = evf.run_rolling_horizon(net, sessions=net.ev_session.iloc[:0], **FOUR)
    assert day.p_mw.sum().sum() == 0.0 and not len(day.short) and day.e_mwh.isna().all().all()


def test_a_car_that_was_not_announced_is_served_from_its_arrival_on():
    net = one_car()
    real = pd.concat([net.ev_session.iloc[:0], net.ev_session.rename(index={0: 7})])
    real["arrival_h"] = 1.0
    net.ev_session["in_service"] = False
    day = evf.run_rolling_horizon(net, sessions=real, **FOUR)
    assert day.e_mwh[0].iloc[-1] == pytest.approx(0.034) and not len(day.short)


def test_a_car_that_leaves_early_is_named_with_what_it_lacks():
    net = one_car()
    real = net.ev_session.copy()
    real["departure_h"] = 2.0
    day = evf.run_rolling_horizon(net, sessions=real, **FOUR)
    assert day.short.reason.tolist() == ["left early"]
    assert day.short.energy_mwh[0] == pytest.approx(0.034 - day.e_mwh[0].iloc[1])


def test_calls_move_the_charging_and_everybody_is_served_all_the_same():
    net = one_car()
    plan = evf.run_rolling_horizon(net, **FOUR)
    calls = pd.DataFrame({"period": [0, 2], "direction": ["up", "down"], "p_mw": [0.001, np.nan]})
    day = evf.run_rolling_horizon(net, activations=calls, **FOUR)
    assert day.activations.granted_mw[0] == pytest.approx(0.001)
    assert day.p_mw[0].iloc[0] == pytest.approx(plan.p_mw[0].iloc[0] + 0.001, rel=1e-4)
    assert day.log.called_mw.iloc[0] == pytest.approx(0.001) and day.log.called_mw.iloc[2] < 0.0
    assert day.e_mwh[0].iloc[-1] == pytest.approx(0.034, abs=1e-7) and not len(day.short)


def test_calls_in_a_row_find_what_the_ones_before_have_left():
    """The battery takes 50 kWh in all, however often the plan is renewed."""
    net = one_car()
    calls = pd.DataFrame({"period": [0, 1, 2, 3], "direction": "up", "p_mw": np.nan})
    for every_h in (1.0, 4.0):
        day = evf.run_rolling_horizon(net, activations=calls, **{**FOUR, "every_h": every_h})
        assert day.p_mw[0].sum() == pytest.approx(0.04, rel=1e-6) and not len(day.short)
        assert day.log.called_mw.to_numpy() == pytest.approx(day.activations.granted_mw.to_numpy(), abs=1e-9)
        assert (day.log.planned_mw + day.log.called_mw).to_numpy() == pytest.approx(day.p_mw[0].to_numpy(), abs=1e-9)


def test_a_forecast_too_low_shows_as_limits_that_the_realised_day_breaks():
    """The load at the end of the feeder is 20 % higher than foreseen; with the truth nothing breaks."""
    net = feeder_net(3, sn_mva=0.075)
    load = np.array([0.02, 0.03, 0.055, 0.06, 0.06, 0.055, 0.03, 0.02])
    truth = {("load", "p_mw"): pd.DataFrame({0: load})}
    low = {("load", "p_mw"): pd.DataFrame({0: load / 1.2})}
    net.ev_session[["arrival_h", "departure_h", "e_departure_mwh"]] = 2.0, 6.0, 0.034
    known = evf.run_rolling_horizon(net, truth, **HOURLY)
    missed = evf.run_rolling_horizon(net, truth, forecast=lambda now_h: low, **HOURLY)
    assert not len(known.violations)
    assert len(missed.violations) and set(missed.violations.element_type) <= {"trafo", "line", "bus"}


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"cyclic": True}, "cyclic"),
        ({"every_h": 1.5}, "multiple of the period"),
        ({"every_h": "1"}, "every_h"),
        ({"forecast": {}}, "forecast"),
        ({"forecast": lambda now_h: None}, "is not a day of profiles"),
        ({"forecast": lambda now_h: {("load", "p_mw"): pd.DataFrame({0: [1.0]})}}, "with 4 rows each"),
        ({"sessions": "none"}, "sessions"),
        ({"activations": pd.DataFrame({"period": [0]})}, "is not a table of calls"),
        ({"activations": pd.DataFrame({"period": [0], "direction": ["left"], "p_mw": [1.0]})}, "'left'"),
        ({"activations": pd.DataFrame({"period": [9], "direction": ["up"], "p_mw": [1.0]})}, "9"),
        ({"activations": pd.DataFrame({"period": [0], "direction": ["up"], "p_mw": [-1.0]})}, "amount of power"),
        ({"activations": pd.DataFrame({"period": [1, 1], "direction": "up", "p_mw": 1.0})}, "is called twice"),
        (
            {"activations": pd.DataFrame({"period": [1], "direction": "up", "p_mw": 1.0, "evs": 0})},
            "for all that offer",
        ),
        ({"sessions": pd.DataFrame({"ev": [0], "departure": [3.0]})}, "use departure_h"),
        ({"sessions": pd.DataFrame({"ev": [0], "soc_arrival_percent": [50.0]})}, "set e_arrival_mwh"),
        ({"tolerance": 1}, "tolerance"),
        ({"method": "quick"}, "method"),
    ],
)
def test_days_that_are_none_are_refused(wrong, words):
    with pytest.raises(evf.InvalidInputError, match=words):
        evf.run_rolling_horizon(one_car(), **{**FOUR, **wrong})


def two_sessions(first, second, **ev):
    """One car, 10 kW and 60 kWh, 0.2 kWh/km, strong grid; sessions as keywords of `create_ev_session`."""
    net = one_car()
    net.ev["consumption_kwh_per_km"] = 0.2
    for column, value in ev.items():
        net.ev[column] = value
    net.ev_session = net.ev_session.iloc[:0]
    for (arrival, departure), given in (first, second):
        evf.create_ev_session(net, 0, arrival, departure, **given)
    return net


EIGHT = {**FOUR, "n_periods": 8}


def test_a_trip_is_driven_from_what_was_there():
    net = two_sessions(
        ((0.0, 3.0), {"e_arrival_mwh": 0.03, "e_departure_mwh": 0.04, "trip_km": 60.0}),
        ((5.0, 8.0), {"e_departure_mwh": 0.05}),
    )
    day = evf.run_rolling_horizon(net, **EIGHT)
    e = day.e_mwh[0]
    assert e.iloc[5] == pytest.approx(e.iloc[2] - 0.012 + day.p_mw[0].iloc[5])
    assert e.iloc[7] >= 0.05 - 1e-7 and not len(day.short)


def test_after_a_stay_that_never_came_the_planned_energy_is_assumed():
    net = two_sessions(
        ((0.0, 3.0), {"e_arrival_mwh": 0.03, "e_departure_mwh": 0.04}), ((5.0, 8.0), {"e_departure_mwh": 0.05})
    )
    real = net.ev_session.iloc[1:].copy()
    real["e_arrival_mwh"] = 0.02
    day = evf.run_rolling_horizon(net, sessions=real, **EIGHT)
    assert day.e_mwh[0].iloc[7] == pytest.approx(0.05) and not len(day.short)


def test_sessions_without_a_whole_period_are_refused_by_name():
    net = two_sessions(
        ((0.0, 2.0), {"e_arrival_mwh": 0.03, "e_departure_mwh": 0.04}), ((3.2, 3.8), {"e_departure_mwh": 0.02})
    )
    with pytest.raises(evf.InvalidInputError, match="row 1.*needs a whole period"):
        evf.run_rolling_horizon(net, **EIGHT)


def test_a_session_that_was_out_of_service_in_the_plan_is_served_when_it_comes():
    net = one_car()
    real = net.ev_session.copy()
    net.ev_session["in_service"] = False
    day = evf.run_rolling_horizon(net, sessions=real, **FOUR)
    assert day.e_mwh[0].iloc[-1] == pytest.approx(0.034) and not len(day.short)


def test_a_label_that_means_another_ev_is_refused():
    net = two_feeders_net()
    real = net.ev_session.iloc[::-1].reset_index(drop=True)
    with pytest.raises(evf.InvalidInputError, match="another EV than in net.ev_session"):
        evf.run_rolling_horizon(net, sessions=real, **HOURLY)


def test_only_cars_that_are_there_are_called():
    """Of two cars one comes at 6 h: from the other alone there is something to call before."""
    net = two_feeders_net()
    real = net.ev_session.copy()
    real.loc[1:, "arrival_h"] = 6.0
    calls = pd.DataFrame({"period": [2.0], "direction": ["up"], "p_mw": [np.nan]})
    day = evf.run_rolling_horizon(net, sessions=real, activations=calls, **{**HOURLY, "every_h": 4.0})
    assert (day.p_up_mw.iloc[:6, 1:] == 0.0).all().all()
    assert day.activations.granted_mw[0] == pytest.approx(day.p_mw.iloc[2].sum() - day.log.planned_mw.iloc[2])
    nobody = evf.run_rolling_horizon(net, sessions=real.iloc[:0], activations=calls, **HOURLY)
    assert nobody.activations.granted_mw[0] == 0.0 and nobody.activations.message[0] == "no EV is plugged in"


def test_an_outlet_that_is_weaker_than_planned_is_seen_when_the_car_is_there():
    net = one_car()
    real = net.ev_session.copy()
    real["max_p_mw"] = 0.007
    calls = pd.DataFrame({"period": [0], "direction": ["up"], "p_mw": [np.nan]})
    day = evf.run_rolling_horizon(net, sessions=real, activations=calls, **FOUR)
    assert day.p_mw[0].iloc[0] == pytest.approx(0.007) and day.p_up_mw.max().max() <= 0.007 + 1e-9
    assert (day.log.planned_mw + day.log.called_mw).to_numpy() == pytest.approx(day.log.charged_mw.to_numpy(), abs=1e-9)


def test_real_sessions_need_only_the_columns_that_differ():
    net = one_car()
    real = net.ev_session[["ev", "arrival_h", "departure_h"]].copy()
    real["arrival_h"] = 2.0
    day = evf.run_rolling_horizon(net, sessions=real, **FOUR)
    assert day.short.energy_mwh[0] == pytest.approx(0.004)
