"""Figures show what the net and the result hold, draw where they are told to and never pop up."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandapower.networks as nw
import pandas as pd
import pytest
from matplotlib.patches import StepPatch
from pandapower.plotting import simple_plot
from scipy.integrate import trapezoid

import pandapower_evflex as evf
from pandapower_evflex import plotting
from tests.networks.solved import solved_band, solved_suburb
from tests.plotting import test_cpo, test_operation, test_planning
from tests.validation import garbage

ONE_AXES = {
    "plot_charging_power": lambda case, ax: plotting.plot_charging_power(case.result, case.without.p_mw, ax),
    "plot_cos_phi_p": lambda case, ax: plotting.plot_cos_phi_p(case.net, ax),
    "plot_durations": lambda case, ax: plotting.plot_durations([solved_band(), case.result], ax),
    "plot_flexibility": lambda case, ax: plotting.plot_flexibility(case.result, ax),
    "plot_min_voltage": lambda case, ax: plotting.plot_min_voltage(case.result, 0.9, ax),
    "plot_net": lambda case, ax: plotting.plot_net(case.net, ax),
    "plot_pv_profile": lambda case, ax: plotting.plot_pv_profile(case.net, case.profiles, ax),
    "plot_trafo_loading": lambda case, ax: plotting.plot_trafo_loading(
        case.result, 100.0, case.without.trafo_loading_percent, ax
    ),
}
TWO_AXES = {
    "plot_band": lambda case, axes: plotting.plot_band(solved_band(), axes=axes),
    "plot_ev": lambda case, axes: plotting.plot_ev(case.net, case.result, 0, axes),
    "plot_sessions": lambda case, axes: plotting.plot_sessions(case.net, 12.0, axes),
}


def _steps(ax) -> dict[str, np.ndarray]:
    """Values of each labelled series of steps."""
    return {patch.get_label(): patch.get_data().values for patch in ax.patches if isinstance(patch, StepPatch)}


def _levels(ax) -> dict[str, float]:
    """Heights of the labelled horizontal lines."""
    return {line.get_label(): line.get_ydata()[0] for line in ax.lines if np.ptp(line.get_ydata()) == 0}


def test_every_public_function_is_tested_here_or_beside():
    drawn = set(ONE_AXES) | set(TWO_AXES)
    for beside in (test_cpo, test_planning):
        drawn |= set(beside.ONE_AXES) | set(beside.TWO_AXES)
    over_the_net = {"map", "plot_energies", "plot_heat_map", "plot_voltage_profile", "save"}  # test_over_net.py
    of_many_nets = {"plot_adoption", "plot_ranking"}  # tests/studies/test_ranking.py
    assert set(plotting.__all__) == drawn | set(test_operation.DRAWN) | over_the_net | of_many_nets


@pytest.mark.parametrize("name", ONE_AXES)
def test_draws_into_the_axes_it_is_given_and_into_its_own_without(name):
    given = plt.subplots()[1]
    assert ONE_AXES[name](solved_suburb(), given) is given
    own = ONE_AXES[name](solved_suburb(), None)
    assert own.figure is not given.figure and own.has_data() and given.has_data()
    own.figure.canvas.draw()


@pytest.mark.parametrize("name", TWO_AXES)
def test_draws_into_two_axes_or_a_figure_of_its_own(name):
    figure, axes = plt.subplots(2)
    assert TWO_AXES[name](solved_suburb(), axes) is figure
    assert all(ax.has_data() for ax in axes)
    own = TWO_AXES[name](solved_suburb(), None)
    assert own is not figure and len(own.axes) == 2
    own.canvas.draw()


@pytest.mark.parametrize(
    "name", [name for name in ONE_AXES if name not in ("plot_cos_phi_p", "plot_durations", "plot_net")]
)
def test_the_axis_of_a_day_reads_as_hours_of_the_clock(name):
    ax = ONE_AXES[name](solved_suburb(), None)
    ax.figure.canvas.draw()
    assert [tick.get_text() for tick in ax.get_xticklabels()] == [f"{(12 + h) % 24:02d}:00" for h in range(0, 25, 3)]
    assert "kW" in ax.get_ylabel() or "pu" in ax.get_ylabel() or "%" in ax.get_ylabel()


def test_flexibility_bars_are_sums_upward_positive_and_downward_negative():
    result = solved_suburb().result
    steps = _steps(plotting.plot_flexibility(result))
    np.testing.assert_allclose(steps["upward (more charging)"], 1e3 * result.p_up_mw.sum(axis=1))
    np.testing.assert_allclose(steps["downward (less charging)"], -1e3 * result.p_down_mw.sum(axis=1))


def test_lowest_voltages_and_highest_loadings_are_those_of_the_result():
    case = solved_suburb()
    voltage = _steps(plotting.plot_min_voltage(case.result))
    ax = plotting.plot_trafo_loading(case.result, 90.0, case.without.trafo_loading_percent)
    loading = _steps(ax)
    for scenario, label in (("up", "all upward"), ("down", "all downward"), ("base", "schedule")):
        np.testing.assert_allclose(voltage[label], case.result.vm_pu[scenario].min(axis=1))
        np.testing.assert_allclose(loading[label], case.result.trafo_loading_percent[scenario].max(axis=1))
    np.testing.assert_allclose(loading["uncontrolled"], case.without.trafo_loading_percent.max(axis=1))
    assert _levels(ax)["limit"] == 90.0


def test_uncontrolled_charging_is_drawn_with_its_energy_and_so_is_the_schedule():
    case = solved_suburb()
    without, scheduled = case.without, f"schedule ({250 * case.result.p_mw.sum().sum():.0f} kWh)"
    for ax, values in (
        (plotting.plot_charging_power(case.result, without), 1e3 * without.p_mw.sum(axis=1)),
        (plotting.plot_trafo_loading(case.result, 100.0, without), without.trafo_loading_percent.max(axis=1)),
        (plotting.plot_min_voltage(case.result, uncontrolled=without), without.min_vm_pu),
    ):
        np.testing.assert_allclose(_steps(ax)[without.label], values)
        assert scheduled in _steps(ax)
    assert without.label == f"filled up, from arrival ({250 * without.p_mw.sum().sum():.0f} kWh)"


def test_charging_power_is_the_sum_of_the_fleet():
    case = solved_suburb()
    steps = _steps(plotting.plot_charging_power(case.result, case.without.p_mw))
    np.testing.assert_allclose(steps["schedule"], 1e3 * case.result.p_mw.sum(axis=1))
    np.testing.assert_allclose(steps["uncontrolled"], 1e3 * case.without.p_mw.sum(axis=1))


def _dated_otherwise(without):
    return replace(without, p_mw=without.p_mw.set_index(without.p_mw.index + pd.Timedelta("1D")))


@pytest.mark.parametrize(
    ("function", "other", "words"),
    [
        ("plot_trafo_loading", lambda without: without.vm_pu, "the transformers .* in the result"),
        ("plot_trafo_loading", lambda without: without.trafo_loading_percent[::-1], "the period .* in the result"),
        ("plot_trafo_loading", lambda without: -without.trafo_loading_percent, "is below 0"),
        ("plot_trafo_loading", _dated_otherwise, "the period 2.* in the result"),
        ("plot_min_voltage", lambda without: without.min_vm_pu[::-1], "the period .* in the result"),
        ("plot_min_voltage", lambda without: -without.min_vm_pu, "is below 0"),
        ("plot_charging_power", lambda without: without.p_mw.iloc[:, 1:], "the EVs .* in the result"),
        ("plot_charging_power", lambda without: replace(without, p_mw=without.p_mw.iloc[:, 1:]), "the EVs .* in the"),
        ("plot_energies", lambda without: replace(without, vm_pu=without.vm_pu.iloc[:, 1:]), "the buses .* in the"),
    ],
)  # fmt: skip
def test_what_is_drawn_beside_has_the_periods_and_columns_of_the_result(function, other, words):
    case = solved_suburb()
    with pytest.raises(evf.InvalidInputError, match=words):
        getattr(plotting, function)(case.result, uncontrolled=other(case.without))


def test_rows_beside_that_are_numbered_count_by_position():
    case = solved_suburb()
    ax = plotting.plot_min_voltage(case.result, uncontrolled=case.without.min_vm_pu.reset_index(drop=True))
    np.testing.assert_allclose(_steps(ax)["uncontrolled"], case.without.min_vm_pu)


def test_times_beside_may_be_kept_in_other_units():
    case = solved_suburb()
    lowest = case.without.min_vm_pu
    ax = plotting.plot_min_voltage(case.result, uncontrolled=lowest.set_axis(lowest.index.as_unit("s")))
    np.testing.assert_allclose(_steps(ax)["uncontrolled"], lowest)


def test_a_power_that_is_missing_beside_is_not_drawn_as_0():
    case = solved_suburb()
    p_mw = case.without.p_mw.copy()
    p_mw.iloc[5, 0] = np.nan
    drawn = _steps(plotting.plot_charging_power(case.result, uncontrolled=p_mw))["uncontrolled"]
    assert np.flatnonzero(np.isnan(drawn)).tolist() == [5]


def test_what_v2g_feeds_in_is_not_cut_off():
    net = garbage._fresh()
    net.ev["min_p_mw"] = -net.ev["max_p_mw"]
    result = evf.run_flexibility_opf(net, n_periods=4, weights={"up": 1.0, "down": 0.2}, progress=False)
    lowest = 1e3 * (result.p_mw - result.p_down_mw).min().min()
    assert lowest < -0.1
    assert plotting.plot_ev(net, result, 0).axes[0].get_ylim()[0] <= lowest
    fed_in = replace(result, p_mw=result.p_mw - result.p_down_mw)
    assert plotting.plot_charging_power(fed_in).get_ylim()[0] <= lowest


def test_pv_is_a_share_of_rated_power():
    case = solved_suburb()
    ax = plotting.plot_pv_profile(case.net, case.profiles)
    (patch,) = [patch for patch in ax.patches if isinstance(patch, StepPatch)]
    one_roof = case.profiles["sgen", "p_mw"][3] / case.net.sgen.at[3, "sn_mva"]
    np.testing.assert_allclose(patch.get_data().values, 100.0 * one_roof)


def test_each_characteristic_is_drawn_once():
    net = solved_suburb().net
    ax = plotting.plot_cos_phi_p(net)
    assert sorted(line.get_ydata()[-1] for line in ax.lines) == [0.90, 0.95]
    assert all((line.get_ydata()[:2] == 1.0).all() for line in ax.lines)
    counts = [int(text.get_text().split()[3]) for text in ax.get_legend().get_texts()]
    assert sum(counts) == len(net.sgen)


def test_energy_of_an_ev_begins_with_its_arrival_and_ends_with_its_departure():
    case = solved_suburb()
    above, below = plotting.plot_ev(case.net, case.result, 0).axes
    lines = {line.get_label(): line for line in below.lines}
    energy = lines["scheduled energy"].get_ydata()
    session = case.result.summary.loc[0]
    assert energy[0] == pytest.approx(1e3 * session["e_arrival_mwh"])
    assert energy[-1] == pytest.approx(1e3 * session["e_departure_mwh"])
    minimum = lines["minimum-energy curve"].get_ydata()
    assert minimum[-1] == pytest.approx(1e3 * session["e_need_mwh"]) and (energy[1:] >= minimum - 1e-6).all()
    start = case.result.p_mw.index[0] + pd.Timedelta(hours=session["latest_start_h"])
    assert lines["latest start $t_L$"].get_xdata()[0] == start
    assert _levels(below)["battery"] == pytest.approx(1e3 * case.net.ev.at[0, "max_e_mwh"])
    assert _levels(above)["charger's power"] == pytest.approx(1e3 * case.net.ev.at[0, "max_p_mw"])


def test_calls_stay_within_the_band_in_power_and_in_energy():
    result = solved_band()
    for seed in range(5):
        powers, energies = plotting.plot_band(result, seed).axes
        steps = _steps(powers)
        plan = 1e3 * result.p_mw.sum(axis=1).to_numpy()
        lower, upper = plan - 1e3 * result.p_down_mw.sum(axis=1), plan + 1e3 * result.p_up_mw.sum(axis=1)
        assert np.allclose(steps["band"], upper) and np.allclose(steps["plan"], plan)
        assert np.all(steps["calls"] >= lower - 1e-9) and np.all(steps["calls"] <= upper + 1e-9)
        lines = {line.get_label(): line.get_ydata() for line in energies.lines}
        assert np.all(lines["calls"] >= lines["lower edge throughout"] - 1e-9)
        assert np.all(lines["calls"] <= lines["upper edge throughout"] + 1e-9)
        assert lines["plan"][-1] == pytest.approx(1e3 * (result.summary.charged_mwh.sum()))
        plt.close("all")


def test_bars_of_durations_are_mean_flexibilities_from_the_shortest_to_the_band():
    ax = plotting.plot_durations([solved_band(), solved_suburb().result])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.25 h", "any sequence"]
    heights = [sum(bar.get_height() for bar in bars) for bars in zip(*ax.containers, strict=True)]
    expected = [1e3 * (result.p_up_mw + result.p_down_mw).sum(axis=1).mean()
                for result in (solved_suburb().result, solved_band())]  # fmt: skip
    assert np.allclose(heights, expected)
    with pytest.raises(evf.InvalidInputError, match="are not results"):
        plotting.plot_durations([])


def test_a_result_without_a_band_has_no_picture_of_one():
    with pytest.raises(evf.InvalidInputError, match='guarantee="any_sequence"'):
        plotting.plot_band(solved_suburb().result)


def test_density_of_arrivals_is_one_over_the_clock():
    times, trips = plotting.plot_sessions(solved_suburb().net, start_hour=12.0).axes
    for label in ("arrival", "departure"):
        (line,) = [line for line in times.lines if line.get_label() == label]
        assert trapezoid(line.get_ydata(), line.get_xdata()) == pytest.approx(1.0, abs=0.01)
    assert sum(patch.get_height() for patch in trips.patches) == 24


def _without_timestamps() -> tuple[object, evf.FlexibilityOpfResult]:
    net = nw.create_kerber_landnetz_freileitung_1()
    evs = evf.create_evs(net, [5, 6], "VW ID.3")
    evf.create_ev_sessions(net, [evs[0], evs[0]], [1, 6], [4, 9], soc_arrival_percent=[40, None], trip_km=[30, 20])
    return net, evf.run_flexibility_opf(net, n_periods=10, period_h=1.0, progress=False)


def test_without_timestamps_the_axis_counts_hours():
    net, result = _without_timestamps()
    for draw in (plotting.plot_flexibility, plotting.plot_charging_power, plotting.plot_min_voltage):
        ax = draw(result)
        assert ax.get_xlabel() == "hours from the start" and ax.get_xlim() == (0.0, 10.0)


def test_two_sessions_of_an_ev_get_one_entry_in_the_legend():
    net, result = _without_timestamps()
    _, below = plotting.plot_ev(net, result, 0).axes
    texts = [text.get_text() for text in below.get_legend().get_texts()]
    assert texts.count("latest start $t_L$") == 1
    latest = result.summary.loc[[0], "latest_start_h"].tolist()
    assert [line.get_xdata()[0] for line in below.lines[-2:]] == latest and len(latest) == 2


def test_an_ev_that_is_always_away_is_named():
    net, result = _without_timestamps()
    with pytest.raises(ValueError, match="EV 1 is plugged in no period"):
        plotting.plot_ev(net, result, 1)


def test_a_week_shows_dates():
    net, profiles = evf.networks.suburban_lv(0, n_periods=672)
    ax = plotting.plot_pv_profile(net, profiles)
    ax.figure.canvas.draw()
    assert any(tick.get_text() == "18" for tick in ax.get_xticklabels())


def test_a_net_without_coordinates_is_refused_with_a_remedy():
    net = nw.create_kerber_landnetz_freileitung_1()
    net.bus["geo"] = None
    with pytest.raises(ValueError, match="create_generic_coordinates"):
        plotting.plot_net(net)


def test_a_net_without_evs_can_be_drawn():
    net = nw.create_cigre_network_lv()
    ax = plotting.plot_net(net)
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert f"buses: {len(net.bus)}" in texts and not any("EV" in text for text in texts)


def test_pandapower_draws_the_suburb_too():
    assert simple_plot(solved_suburb().net, show_plot=False).has_data()


def test_without_matplotlib_the_error_says_how_to_get_it():
    code = "import sys; sys.modules['matplotlib'] = None; import pandapower_evflex.plotting"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode != 0 and 'pip install "pandapower_evflex[plot]"' in done.stderr
