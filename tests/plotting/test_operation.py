"""Pictures of the day itself show what was planned, called and charged."""

from __future__ import annotations

from functools import lru_cache

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle, StepPatch

import pandapower_evflex as evf
from pandapower_evflex import plotting
from tests.operation.all_kinds import with_battery
from tests.operation.test_rolling import HOURLY
from tests.opf.feeder import EIGHT_HOURS, feeder_net
from tests.plotting.refusals import assert_refused


@lru_cache
def a_day():
    """A load that is 20 % higher than foreseen, a late car, and two calls."""
    net = feeder_net(3, sn_mva=0.075)
    load = np.array([0.02, 0.03, 0.055, 0.06, 0.06, 0.055, 0.03, 0.02])
    truth, low = ({("load", "p_mw"): pd.DataFrame({0: values})} for values in (load, load / 1.2))
    net.ev_session[["arrival_h", "departure_h", "e_departure_mwh"]] = 2.0, 6.0, 0.034
    real = net.ev_session.copy()
    real.loc[2, ["arrival_h", "e_departure_mwh"]] = 5.0, 0.05
    calls = pd.DataFrame({"period": [2, 4], "direction": ["up", "down"], "p_mw": [0.005, np.nan]})
    return evf.run_rolling_horizon(net, truth, forecast=lambda now_h: low, sessions=real, activations=calls, **HOURLY)


@lru_cache
def a_call():
    net = feeder_net(3)
    result = evf.run_flexibility_opf(net, **EIGHT_HOURS)
    return result, evf.activate_flexibility(net, result, 3, "up")


DRAWN = {
    "plot_rolling_day": (4, lambda axes: plotting.plot_rolling_day(a_day(), axes)),
    "plot_activation": (2, lambda axes: plotting.plot_activation(*a_call(), axes)),
}


def steps(ax):
    return {patch.get_label(): patch.get_data() for patch in ax.patches if isinstance(patch, StepPatch)}


@pytest.mark.parametrize("name", DRAWN)
def test_draws_into_the_axes_it_is_given_and_into_its_own_without(name):
    n, draw = DRAWN[name]
    figure, axes = plt.subplots(n)
    assert draw(axes) is figure and all(ax.has_data() for ax in axes)
    own = draw(None)
    assert own is not figure and len(own.axes) == n
    own.canvas.draw()
    assert_refused(lambda: draw(["here"]), "axes")


def test_the_picture_of_a_day_shows_plan_calls_and_truth():
    day = a_day()
    powers, energies, _, loading = plotting.plot_rolling_day(day).axes
    drawn = steps(powers)
    assert np.allclose(drawn["planned"].values, 1e3 * day.planned_mw.sum(axis=1))
    assert np.allclose(drawn["charged"].values, 1e3 * day.p_mw.sum(axis=1))
    assert np.allclose(drawn["flexibility"].values, 1e3 * (day.planned_mw + day.p_up_mw).sum(axis=1))
    assert np.allclose(drawn["flexibility"].baseline, 1e3 * (day.planned_mw - day.p_down_mw).sum(axis=1))
    lines = {line.get_label(): line for line in powers.lines}
    assert lines["called up"].get_xdata().tolist() == [2.5] and lines["called down"].get_xdata().tolist() == [4.5]
    (missing,) = [line for line in energies.lines if line.get_label() == "missing at departure"]
    assert np.ptp(missing.get_ydata()) == pytest.approx(1e3 * day.short.energy_mwh[0])
    assert missing.get_xdata()[0] == 6.0
    shaded = {patch.get_x() for patch in loading.patches if isinstance(patch, Rectangle)}
    assert shaded == set(day.violations.period) and shaded
    assert "2 calls, 2 sessions short by" in powers.get_title() and "limits broken in" in powers.get_title()


def test_the_picture_of_a_call_shows_what_was_promised_and_what_is_left():
    result, call = a_call()
    powers, left = plotting.plot_activation(result, call).axes
    assert np.allclose(steps(powers)["with the call"].values, 1e3 * call.plan_mw.sum(axis=1))
    drawn = steps(left)
    assert np.allclose(drawn["up, left"].values, 1e3 * call.p_up_mw.sum(axis=1))
    assert np.allclose(drawn["up, promised"].values, 1e3 * result.p_up_mw.sum(axis=1))
    assert np.allclose(drawn["down, left"].values, -1e3 * call.p_down_mw.sum(axis=1))
    assert "kW granted" in powers.get_title()


def test_what_is_no_day_or_no_call_is_refused():
    result, call = a_call()
    other = evf.run_flexibility_opf(feeder_net(2), **EIGHT_HOURS)
    assert_refused(lambda: plotting.plot_rolling_day(result), "day")
    assert_refused(lambda: plotting.plot_activation(result, result), "call")
    assert_refused(lambda: plotting.plot_activation(other, call), "call")
    assert_refused(lambda: plotting.plot_activation(call, call), "result")


def test_a_day_and_a_call_of_a_battery_are_drawn_with_its_energy_and_what_it_feeds_in():
    net = with_battery(feeder_net(1))
    calls = pd.DataFrame({"period": [1], "direction": ["down"], "p_mw": [np.nan]})
    day = evf.run_rolling_horizon(net, activations=calls, **{**HOURLY, "every_h": 8.0})
    powers, energies = plotting.plot_rolling_day(day).axes[:2]
    assert powers.get_ylim()[0] <= -39.0 and day.log["charged_mw"].min() < -0.039
    drawn = {line.get_label(): line.get_ydata() for line in energies.lines}
    assert np.allclose(drawn["each battery"], 1e3 * day.series["storage"]["e_mwh"][0])
    result = evf.run_flexibility_opf(net, **EIGHT_HOURS)
    call = evf.activate_flexibility(net, result, 1, "down")
    powers = plotting.plot_activation(result, call).axes[0]
    assert powers.get_ylim()[0] < -30.0 and "feed-in" in powers.get_ylabel()
