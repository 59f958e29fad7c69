"""Pictures of charging sites show the rates, states, peaks and limits that they are given."""

from __future__ import annotations

import copy
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import pandapower.networks as nw
import pandas as pd
import pytest
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.colors import to_rgba
from matplotlib.patches import StepPatch

import pandapower_evflex as evf
from pandapower_evflex import plotting
from pandapower_evflex.plotting.axes import STATE_COLOUR
from tests.cpo.lattices import random_lattice
from tests.plotting.refusals import assert_refused

#: of a window from 11 to 12 h
START, ELEVEN = 44, 11.0


@cache
def lot():
    """A synthetic workplace of 30 outlets: what it did on 20 days, and a net with it as site 3."""
    days = pd.bdate_range("2024-03-04", periods=20)
    rates = evf.cpo_rates_from_sessions(evf.mobility.sample_workplace_sessions(30, days, seed=0), 30)
    net = nw.create_kerber_landnetz_freileitung_1()
    cpo = evf.create_cpo(net, 5, 30, 0.011, price_eur_per_mwh=100.0, index=3)
    evf.create_cpo(net, 6, 10, 0.011, index=0)
    for site in net.cpo.index:
        evf.set_cpo_rates(net, site, rates.charging_rate, rates.occupancy_rate)
    return net, cpo, rates


@cache
def shaved(height):
    states = random_lattice(np.random.default_rng(3), 40, 96)
    reduction = height * evf.peak_shape("triangle", 4)
    return states, evf.shave_peak(states, reduction, START), reduction


def draw_shave(height, axes=None):
    return plotting.plot_peak_shave(*shaved(height), START, axes=axes)


ONE_AXES = {
    "plot_cpo_rates": lambda ax: plotting.plot_cpo_rates(lot()[2].charging_rate, lot()[2].occupancy_rate, ax=ax),
    "plot_lattice": lambda ax: plotting.plot_lattice(lot()[2].lattices[0][:10, 24:80], first_h=6, ax=ax),
    "plot_peak": lambda ax: plotting.plot_peak(12 * evf.peak_shape("triangle", 4), first_h=11, ax=ax),
    "plot_shaving_over_day": lambda ax: plotting.plot_shaving_over_day(*lot()[:2], lattices=lot()[2], ax=ax),
}
TWO_AXES = {"plot_peak_shave": lambda axes: draw_shave(4.0, axes)}


def _lines(ax):
    return {line.get_label(): line for line in ax.lines}


def _steps(ax):
    return {patch.get_label(): patch.get_data() for patch in ax.patches if isinstance(patch, StepPatch)}


def _ticks(ax):
    ax.figure.canvas.draw()
    first, last = ax.get_xlim()
    return [tick.get_text() for tick in ax.get_xticklabels() if first <= tick.get_position()[0] <= last]


@pytest.mark.parametrize("name", ONE_AXES)
def test_draws_into_the_axes_it_is_given_and_into_its_own_without(name):
    given = plt.subplots()[1]
    assert ONE_AXES[name](given) is given
    own = ONE_AXES[name](None)
    assert own.figure is not given.figure and own.has_data() and given.has_data()
    assert "outlet" in own.get_ylabel() and own.get_title() and own.get_legend()
    own.figure.canvas.draw()


@pytest.mark.parametrize("name", TWO_AXES)
def test_draws_into_two_axes_or_a_figure_of_its_own(name):
    figure, axes = plt.subplots(2)
    assert TWO_AXES[name](axes) is figure
    assert all(ax.has_data() and ax.get_ylabel() == "outlets" and ax.get_legend() for ax in axes)
    own = TWO_AXES[name](None)
    assert own is not figure and len(own.axes) == 2
    own.canvas.draw()


def test_rates_are_steps_in_percent_round_the_clock():
    ax = plotting.plot_cpo_rates([0.0, 0.6, 0.2, 0.1], [0.1, 0.8, 0.8, 0.2])
    steps = _steps(ax)
    np.testing.assert_allclose(steps["charging rate C"].values, [0, 60, 20, 10])
    np.testing.assert_allclose(steps["occupancy rate O"].values, [10, 80, 80, 20])
    np.testing.assert_allclose(steps["occupancy rate O"].edges, [0, 6, 12, 18, 24])
    np.testing.assert_allclose(steps["idle"].baseline, steps["charging"].values)
    assert _ticks(ax) == [f"{hour % 24:02d}:00" for hour in range(0, 25, 3)]


def test_a_lattice_shows_the_state_of_every_cell_the_first_outlet_on_top():
    states = random_lattice(np.random.default_rng(0), 5, 12)
    ax = plotting.plot_lattice(pd.DataFrame(states), first_h=22, period_h=0.5)
    (mesh,) = [collection for collection in ax.collections if isinstance(collection, QuadMesh)]
    ax.figure.canvas.draw()
    colours = [to_rgba(colour) for colour in STATE_COLOUR.values()]
    np.testing.assert_allclose(mesh.get_facecolors().reshape(5, 12, 4), np.array(colours)[states])
    corners = mesh.get_coordinates()
    assert (corners[0, 0] == [22.0, 0.5]).all() and (corners[-1, -1] == [28.0, 5.5]).all()
    assert ax.get_ylim() == (5.5, 0.5)
    assert _ticks(ax) == [f"{hour % 24:02d}:00" for hour in range(22, 29)]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["empty", "charging", "idle"]


def test_a_lattice_of_one_state_keeps_its_colour():
    mesh = plotting.plot_lattice([[2, 2]]).collections[0]
    mesh.axes.figure.canvas.draw()
    np.testing.assert_allclose(mesh.get_facecolors()[0], to_rgba(STATE_COLOUR["idle"]))


def test_states_differ_in_grey():
    grey = sorted(np.dot(to_rgba(colour)[:3], [0.299, 0.587, 0.114]) for colour in STATE_COLOUR.values())
    assert np.diff(grey).min() > 0.15


def test_the_velocity_of_a_peak_ends_at_its_area():
    ax = plotting.plot_peak(12 * evf.peak_shape("triangle", 4), first_h=ELEVEN)
    lines = _lines(ax)
    velocity = lines["velocity $v(k)$"]
    np.testing.assert_allclose(velocity.get_xdata(), [11, 11.25, 11.5, 11.75, 12])
    np.testing.assert_allclose(velocity.get_ydata(), [0, 3, 12, 21, 24])
    assert lines["$v^* = 24$"].get_ydata()[0] == evf.max_velocity(12, 4)
    np.testing.assert_allclose(_steps(ax)[r"peak $\Delta L^*(k)$"].values, [3, 9, 9, 3])
    assert _ticks(ax) == ["11:00", "11:15", "11:30", "11:45", "12:00"]


@pytest.mark.parametrize(("height", "succeeds"), [(4.0, True), (30.0, False)])
def test_a_shave_shows_demand_velocity_and_limits(height, succeeds):
    states, shave, reduction = shaved(height)
    assert shave.success == succeeds
    above, below = draw_shave(height).axes
    shown = slice(START - 8, START + 12)
    steps, before = _steps(above), evf.normalised_demand(states)
    np.testing.assert_allclose(steps["before"].values, before[shown])
    np.testing.assert_allclose(steps["after"].values, evf.normalised_demand(shave.lattice)[shown])
    np.testing.assert_allclose(steps["before"].edges, np.arange(36, 57) / 4)
    peak = steps["peak to shave"]
    np.testing.assert_allclose(peak.values - peak.baseline, reduction)
    np.testing.assert_allclose(peak.edges, [11, 11.25, 11.5, 11.75, 12])
    lines = _lines(below)
    np.testing.assert_allclose(lines["velocity $v(k)$"].get_ydata()[1:], shave.velocity[shown])
    np.testing.assert_allclose(lines["velocity $v(k)$"].get_xdata()[1:], np.arange(37, 57) / 4)
    np.testing.assert_allclose(lines["limit (8)"].get_ydata(), shave.velocity_limit)
    np.testing.assert_allclose(lines["limit (8)"].get_xdata(), [11.25, 11.5, 11.75, 12])
    window = states[:, START : START + 4]
    (level,) = [collection for collection in below.collections if isinstance(collection, LineCollection)]
    np.testing.assert_allclose(level.get_segments()[0], [[11, (window == 2).sum() / 4], [12, (window == 2).sum() / 4]])
    failing = [ax.lines[-1].get_xdata()[0] for ax in (above, below) if "fails from here" in _lines(ax)]
    assert failing == ([] if succeeds else [shave.first_failing_period / 4] * 2)
    assert above.get_title().endswith("succeeds" if succeeds else "fails")


def test_a_shave_at_the_edges_of_the_lattice_can_be_drawn():
    for start in (0, 2):
        lattice = [[1, 2, 1, 2]]
        shave = evf.shave_peak(lattice, [1, 0], start)
        above, _ = plotting.plot_peak_shave(lattice, shave, [1, 0], start, period_h=6.0).axes
        assert above.get_xlim() == (0.0, 24.0)


def test_limits_over_the_day_are_those_of_the_bids():
    net, cpo, rates = lot()
    lines = _lines(plotting.plot_shaving_over_day(net, cpo, lattices=rates))
    alone = {3: rates, 0: np.zeros((1, 10, 96), dtype=np.int8)}
    for hour in (8, 11, 14):
        bids = {
            "exact, mean day": evf.cpo_peak_shaving(net, hour, hour + 1, rule="exact", lattices=alone),
            "exact, 19 of 20 days": evf.cpo_peak_shaving(
                net, hour, hour + 1, rule="exact", quantile=0.05, lattices=alone
            ),
            "many outlets": evf.cpo_peak_shaving(net, hour, hour + 1, rule="meanfield", lattices=alone),
        }
        for label, bid in bids.items():
            assert lines[label].get_ydata()[hour] == pytest.approx(bid.at[cpo, "outlets"]), label
        assert lines["paper's rule"].get_ydata()[hour] == pytest.approx(bid.at[cpo, "paper_outlets"])


def test_without_days_the_rule_is_drawn_against_the_limit_from_the_rates():
    net, cpo, _ = lot()
    lines = _lines(plotting.plot_shaving_over_day(net, cpo, window_h=2))
    assert set(lines) == {"many outlets", "paper's rule"}
    bid = evf.cpo_peak_shaving(net, 23, 25, rule="meanfield")
    assert lines["many outlets"].get_ydata()[23] == pytest.approx(bid.at[cpo, "outlets"])


def test_what_a_site_offers_and_whether_it_is_in_service_does_not_matter(caplog):
    net, cpo, _ = lot()
    drawn = [plotting.plot_shaving_over_day(net, cpo)]
    other = copy.deepcopy(net)
    other.cpo.loc[cpo, "in_service"] = False
    evf.create_flexibility(other, "cpo", cpo, "down", in_service=False)
    before = other.cpo.copy()
    drawn.append(plotting.plot_shaving_over_day(other, cpo))
    np.testing.assert_array_equal(*(_lines(ax)["many outlets"].get_ydata() for ax in drawn))
    pd.testing.assert_frame_equal(other.cpo, before)
    assert not caplog.records  # what the warnings of the rule say is what is drawn


STATES, SHAVE, REDUCTION = [[1, 2, 2]], evf.shave_peak([[1, 2, 2]], [1], 0), [1]
WRONG = {
    "a rate in percent": (lambda: plotting.plot_cpo_rates([0.45], [85]), "occupancy_rate"),
    "C above O": (lambda: plotting.plot_cpo_rates([0.5], [0.4]), "charging_rate"),
    "no rates": (lambda: plotting.plot_cpo_rates([], []), "charging_rate"),
    "a state that is none": (lambda: plotting.plot_lattice([[0, 3]]), "lattice"),
    "a lattice of no outlets": (lambda: plotting.plot_lattice(np.zeros((0, 96), dtype=int)), "lattice"),
    "a lattice of no periods": (lambda: plotting.plot_lattice(np.zeros((2, 0), dtype=int)), "lattice"),
    "a day that begins at NaN": (lambda: plotting.plot_lattice([[0, 1]], first_h=np.nan), "first_h"),
    "periods of no length": (lambda: plotting.plot_lattice([[0, 1]], period_h=0), "period_h"),
    "no peak": (lambda: plotting.plot_peak([]), "reduction"),
    "a hole in a peak": (lambda: plotting.plot_peak([1.0, np.nan]), "reduction"),
    "minutes for hours": (lambda: plotting.plot_peak([1.0], period_h=60), "period_h"),
    "no shave": (lambda: plotting.plot_peak_shave(STATES, STATES, REDUCTION, 0), "shave"),
    "a shave of another lattice": (lambda: plotting.plot_peak_shave([[1, 2, 0]], SHAVE, REDUCTION, 0), "shave"),
    "a shave of a longer lattice": (lambda: plotting.plot_peak_shave([[1, 2, 2, 2]], SHAVE, REDUCTION, 0), "shave"),
    "a shave of a longer window": (lambda: plotting.plot_peak_shave(STATES, SHAVE, [1, 0], 0), "shave"),
    "a start beyond the lattice": (lambda: plotting.plot_peak_shave(STATES, SHAVE, REDUCTION, 3), "start"),
    "a negative reduction": (lambda: plotting.plot_peak_shave(STATES, SHAVE, [-1], 0), "reduction"),
    "an unknown site": (lambda: plotting.plot_shaving_over_day(lot()[0], 7), "cpo"),
    "a list of sites": (lambda: plotting.plot_shaving_over_day(lot()[0], [3]), "cpo"),
    "a net without sites": (lambda: plotting.plot_shaving_over_day(nw.create_cigre_network_lv(), 0), "cpo"),
    "an empty window": (lambda: plotting.plot_shaving_over_day(*lot()[:2], window_h=0), "window_h"),
    "lattices of other outlets": (
        lambda: plotting.plot_shaving_over_day(*lot()[:2], lattices=lot()[2].lattices[:, :5]), "lattices",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_drawn_is_refused_by_name_and_leaves_no_figure(what):
    draw, column = WRONG[what]
    lot()
    assert_refused(draw, column)
