"""What the demo says: the numbers of its results, and comparisons of the same energy."""

from __future__ import annotations

import copy
from dataclasses import replace

import matplotlib.pyplot as plt
import pandapower as pp
import pytest

from pandapower_evflex import demo, plotting
from pandapower_evflex.networks import suburban_lv
from tests.networks.solved import solved_suburb


@pytest.fixture(scope="module")
def full():
    """Every driver wants a full battery."""
    case = solved_suburb()
    return demo.full_day(case.net, case.profiles, False)


def day_of_the_suburb() -> demo.Day:
    case = solved_suburb()
    return demo.Day("What drivers need", case.net, case.result, case.without, 1.0)


def test_the_summary_holds_the_numbers_of_the_result():
    case = solved_suburb()
    text = demo.summary_text(day_of_the_suburb())
    up = 1e3 * case.result.p_up_mw.sum(axis=1)
    assert f"{up.max():.0f} kW  at {up.idxmax():%H:%M}" in text
    scheduled = f"{case.result.p_mw.sum().sum() * 250:.0f} kWh"
    assert scheduled in text
    worst = case.without.trafo_loading_percent[0]
    assert f"overload of trafo 0 in {(worst > 100).sum()} periods" in text
    assert f"worst {worst.max():.4g} % at {worst.idxmax():%H:%M}" in text
    rows = {line.split("  ")[2].strip(): line for line in text.splitlines() if " pu " in line}
    assert set(rows) == {
        "all downward activated", f"schedule ({scheduled})", "all upward activated", case.without.label,
    }  # fmt: skip
    assert f"{case.result.vm_pu['up'].min().min():.3f} pu" in rows["all upward activated"]
    assert f"{1e3 * case.without.p_mw.sum(axis=1).max():.0f} kW" in rows[case.without.label]
    assert max(len(line) for line in text.splitlines()) < 200


def test_charging_that_breaks_nothing_is_said_to():
    day = day_of_the_suburb()
    harmless = replace(day.without, violations=day.without.violations.iloc[:0])
    assert f"{harmless.label[1:]}: breaks no limit." in demo.summary_text(replace(day, without=harmless))


def test_both_days_compare_the_same_energy(full):
    """The whole energy of a schedule and of charging from arrival beside it, drawn from the grid."""
    case = solved_suburb()
    needed = demo.needed_day(case.net, case.profiles, False)
    for day in (needed, full):
        assert day.without.drawn_mwh == pytest.approx(day.result.p_mw.sum().sum() * 0.25, rel=1e-6)
    assert full.without.drawn_mwh > 10.0 * needed.without.drawn_mwh


def test_filled_up_from_arrival_breaks_limits_that_the_schedule_of_the_same_energy_keeps(full):
    """And charging from arrival what drivers need breaks none: it is the energy that does."""
    case = solved_suburb()
    assert len(full.without.violations) and full.result.trafo_loading_percent["base"].max().max() < 90.0
    assert not len(demo.needed_day(case.net, case.profiles, False).without.violations)


def test_two_days_share_a_scale_and_name_their_energy(full, tmp_path, monkeypatch):
    drawn = {}
    monkeypatch.setattr(plt, "close", lambda figure: drawn.setdefault(len(drawn), figure))
    demo.draw_figures(tmp_path, solved_suburb().profiles, day_of_the_suburb(), full)
    for figure in list(drawn.values())[-3:]:
        left, right = figure.axes
        assert left.get_ylim() == right.get_ylim()
        for ax, day in ((left, day_of_the_suburb()), (right, full)):
            texts = [text.get_text() for text in ax.get_legend().get_texts()]
            assert day.without.label in texts and any(text.startswith("schedule (") for text in texts)
            assert day.title in ax.get_title()
    monkeypatch.undo()
    plt.close("all")


def test_all_kinds_share_a_day_and_stack_in_figure_seven():
    """Two cars feed in; each kind offers something, and the sum of all is the outline of the bars."""
    net, profiles = suburban_lv(0, n_evs=4, n_periods=24)
    before = copy.deepcopy(net)
    day = demo.all_kinds_day(net, profiles, False)
    assert pp.toolbox.nets_equal(net, before)
    assert day.result.status == "optimal", day.result.message
    assert set(day.result.series) == {"storage", "load", "sgen"}
    assert all(frames["p_up_mw"].to_numpy().max() > 1e-3 for frames in day.result.series.values())
    assert (day.net.ev["min_p_mw"] < 0.0).sum() == 2 and len(day.result.series["load"]["p_mw"].columns) == 3
    ax = plotting.plot_flexibility(day.result)
    outline = {d: ax.patches[4 * i].get_data().values for i, d in enumerate(("up", "down"))}
    assert outline["up"] == pytest.approx(1e3 * day.result.total("p_up_mw").to_numpy())
    assert outline["down"] == pytest.approx(-1e3 * day.result.total("p_down_mw").to_numpy())
    legend = {text.get_text() for text in ax.get_legend().get_texts()}
    assert legend == {"EVs", "batteries", "shifted loads", "curtailed generators"}
    plt.close("all")
    text, printed = demo.summary_text(day), str(day.result)
    assert "more load or less PV" in text and "more charging" not in text + printed
    for kind in ("the cars", "net.storage", "net.load", "net.sgen"):
        assert f"limits of {kind}, up:" in printed
