"""Pictures of planning show the energies, costs and years of the study that they are given."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex import plotting
from tests.plotting.refusals import assert_refused
from tests.plotting.studies import PRICES, ring, with_rebound, years

COSTS = ("reliability", "losses", "investment", "flexibility")


ONE_AXES = {
    "plot_normal_state": lambda ax: plotting.plot_normal_state(ring()[0], ax),
    "plot_plan_costs": lambda ax: plotting.plot_plan_costs(ring()[2], ax=ax),
    "plot_post_fault": lambda ax: plotting.plot_post_fault(ring()[0], ring()[2].faults.loc[0], ax),
}
TWO_AXES = {
    "plot_energy_not_served": lambda axes: plotting.plot_energy_not_served(ring()[2], 0, axes),
    "plot_horizon": lambda axes: plotting.plot_horizon(years(), axes=axes),
}


@pytest.mark.parametrize("name", ONE_AXES)
def test_draws_into_the_axes_it_is_given_and_into_its_own_without(name):
    given = plt.subplots()[1]
    assert ONE_AXES[name](given) is given
    own = ONE_AXES[name](None)
    assert own.figure is not given.figure and own.has_data() and given.has_data() and own.get_title()
    own.figure.canvas.draw()


@pytest.mark.parametrize("name", TWO_AXES)
def test_draws_into_two_axes_or_a_figure_of_its_own(name):
    figure, axes = plt.subplots(1, 2)
    assert TWO_AXES[name](axes) is figure and all(ax.has_data() for ax in axes)
    own = TWO_AXES[name](None)
    assert own is not figure and len(own.axes) == 2
    own.canvas.draw()


def _bars(ax):
    """[left, right, bottom, top] of the bars of each label."""
    found = {}
    for container in ax.containers:
        boxes = [bar.get_bbox() for bar in container.patches]
        found[container.get_label()] = np.array([[box.x0, box.x1, box.y0, box.y1] for box in boxes])
    return found


def _area(bars):
    return float(((bars[:, 1] - bars[:, 0]) * (bars[:, 3] - bars[:, 2])).sum())


def _triangles(ax):
    return [line.get_xydata() for line in ax.lines if len(line.get_xdata()) == 3]


def test_the_triangles_of_the_ring_are_those_of_figure_8():
    before, after = plotting.plot_energy_not_served(ring()[2], 0).axes
    (grey,) = _triangles(before)
    np.testing.assert_allclose(grey, [[11.0, 0.0], [11.5, 0.675], [12.0, 0.0]], atol=1e-4)
    green, outer = _triangles(after)
    np.testing.assert_allclose(green, [[11.0, 0.0], [11.5, 0.300], [12.0, 0.0]], atol=1e-4)
    np.testing.assert_allclose(outer, grey)


@pytest.mark.parametrize("study", [lambda: ring()[2], with_rebound])
def test_areas_are_the_energies_of_the_study(study):
    study = study()
    row = study.faults.loc[0]
    before, after = plotting.plot_energy_not_served(study, 0).axes
    assert _area(_bars(before)["not served"]) == pytest.approx(row.ens_mwh)
    left, served = (_area(_bars(after)[label]) for label in ("still not served", "served by flexibility"))
    assert left == pytest.approx(row.ens_with_flexibility_mwh)
    came_back = study.overloads.query("row == 0 and left_mw > not_served_mw")
    extra = ((came_back.left_mw - came_back.not_served_mw) * 0.25).sum()
    assert left + served == pytest.approx(row.ens_mwh + extra)


def test_charging_that_comes_back_is_drawn_after_the_window():
    bars = _bars(plotting.plot_energy_not_served(with_rebound(), 0).axes[1])["still not served"]
    assert bars[:, 1].max() > with_rebound().faults.end_h[0]


def test_overloads_of_a_study_are_the_windows_of_its_faults():
    for study in (ring()[2], with_rebound()):
        assert set(study.overloads.row) == set(study.faults.index)
        for row, periods in study.overloads.groupby("row"):
            fault = study.faults.loc[row]
            hours = periods.end_h - periods.start_h
            assert (hours @ periods.missing_mw, hours @ periods.left_mw) == pytest.approx(
                (fault.ens_mwh, fault.ens_with_flexibility_mwh)
            )
            missing = periods[periods.missing_mw > 0.0]
            assert (missing.start_h.min(), missing.end_h.max()) == (fault.start_h, fault.end_h)
            assert periods.start_h.is_monotonic_increasing


def test_a_window_across_midnight_goes_on_beyond_24_hours():
    net, profiles, _ = ring()
    late = {
        key: pd.DataFrame(np.roll(frame, 50, axis=0), frame.index, frame.columns) for key, frame in profiles.items()
    }
    study = evf.run_planning(net, late, rebound=False, **PRICES)
    assert (study.faults.start_h[0], study.faults.end_h[0]) == (23.5, 24.5)
    assert study.overloads.start_h.tolist() == [23.5, 23.75, 24.0, 24.25]
    ax = plotting.plot_energy_not_served(study, 0).axes[0]
    ax.figure.canvas.draw()
    assert "00:00" in [tick.get_text() for tick in ax.get_xticklabels()]


@pytest.mark.parametrize("against_nothing", [False, True])
def test_bars_of_plans_are_their_costs_and_add_up_to_the_total(against_nothing):
    study = ring()[2]
    ax = plotting.plot_plan_costs(study, against_nothing=against_nothing)
    table = study.deltas if against_nothing else study.plans
    order = [2, 3, 1, 0]  # by total; the best one builds and buys less than its equal
    widths = {container.get_label(): np.array([bar.get_width() for bar in container]) for container in ax.containers}
    for name, values in zip(COSTS, widths.values(), strict=True):
        np.testing.assert_allclose(values, table.loc[order, f"{name}_eur_per_year"])
    (total,) = [line.get_xdata() for line in ax.lines if line.get_label() == "total"]
    np.testing.assert_allclose(total, table.loc[order, "total_eur_per_year"])
    np.testing.assert_allclose(sum(widths.values()), total)
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    assert names == ["candidate 0", "candidate 0 + flexibility", "flexibility", "nothing"]


@pytest.mark.parametrize("width", [4.0, 5.0, 8.0])
def test_the_legend_is_within_the_figure_and_below_the_title(width):
    figure, ax = plt.subplots(figsize=(width, 3.5), layout="constrained")
    plotting.plot_plan_costs(ring()[2], ax=ax)
    figure.canvas.draw()
    legend, title = ax.get_legend().get_window_extent(), ax.title.get_window_extent()
    assert figure.bbox.x0 <= legend.x0 and legend.x1 <= figure.bbox.x1
    assert legend.y1 <= title.y0 and title.y1 <= figure.bbox.y1


def test_of_many_plans_the_cheapest_are_drawn_and_doing_nothing():
    net, _, study = ring()
    ax = plotting.plot_plan_costs(study, most=2, names=net.reinforcement.name)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["second system f-e", "nothing"]
    assert "2 of 4" in ax.get_title()


def test_years_are_those_of_the_horizon():
    horizon = years()
    above, below = plotting.plot_horizon(horizon, names={0: "cable"}).axes
    lines = {line.get_label().split(":")[0]: line.get_ydata() for line in above.lines}
    for column, cost in horizon.yearly_cost_eur.items():
        np.testing.assert_allclose(lines[column.replace("_", " ")], cost)
    for column, label in (("with_flexibility", "with flexibility"), ("without_flexibility", "without flexibility")):
        ((left, right, _, _),) = _bars(below)[label]
        assert (left, right) == (horizon.build_years.at[0, column], 5.0)
    assert [tick.get_text() for tick in below.get_yticklabels()] == ["cable"]


def test_a_horizon_in_which_nothing_is_built_says_so():
    net, profiles, _ = ring()
    never = copy.deepcopy(net)
    never.reinforcement["invest_eur"] = 1e9
    horizon = evf.run_planning_horizon(never, profiles, 1, 0.0, **PRICES)
    figure = plotting.plot_horizon(horizon)
    assert "nothing is built" in [text.get_text() for text in figure.axes[1].texts]
    figure.canvas.draw()


WRONG = {
    "no study": (lambda: plotting.plot_energy_not_served(ring()[2].faults, 0), "study"),
    "a row too many": (lambda: plotting.plot_energy_not_served(ring()[2], 1), "row"),
    "a list of rows": (lambda: plotting.plot_energy_not_served(ring()[2], [0]), "row"),
    "no study of plans": (lambda: plotting.plot_plan_costs(SimpleNamespace(plans=None)), "study"),
    "no plan at all": (lambda: plotting.plot_plan_costs(ring()[2], most=0), "most"),
    "half a plan": (lambda: plotting.plot_plan_costs(ring()[2], most=1.5), "most"),
    "a study for a horizon": (lambda: plotting.plot_horizon(ring()[2]), "horizon"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_drawn_is_refused_by_name_and_leaves_no_figure(what):
    draw, column = WRONG[what]
    ring()
    assert_refused(draw, column)
