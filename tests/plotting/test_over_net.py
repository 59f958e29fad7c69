"""Pictures of all elements at once show the values of the result; the map loads nothing and says what binds."""

from __future__ import annotations

import copy

import matplotlib.pyplot as plt
import numpy as np
import pandapower as pp
import pytest

import pandapower_evflex as evf
from pandapower_evflex import plotting
from tests.validation import garbage


def test_a_heat_map_shows_every_element_in_every_period():
    _, result = garbage._solved()
    for quantity, frames in (("line", result.line_loading_percent), ("vm_pu", result.vm_pu)):
        mesh = plotting.plot_heat_map(result, quantity, "up").collections[0]
        np.testing.assert_allclose(mesh.get_array().reshape(-1), frames["up"].T.to_numpy().ravel())
    with pytest.raises(evf.InvalidInputError, match="plot_heat_map.scenario"):
        plotting.plot_heat_map(result, "line", "all")


def test_voltages_stand_at_their_distance_from_the_source():
    """By hand: bus 0 and 1 at the source, bus 2 behind a line of 0.1 km."""
    net, result = garbage._solved()
    ax = plotting.plot_voltage_profile(net, result, 1)
    points = next(line for line in ax.lines if line.get_label() == "all upward")
    np.testing.assert_allclose(points.get_xdata(), [0.0, 0.0, 0.1])
    np.testing.assert_allclose(points.get_ydata(), result.vm_pu["up"].iloc[1])


def test_the_fan_holds_every_state_of_charge():
    _, result = garbage._solved()
    line = plotting.plot_energies(result).lines[0]
    np.testing.assert_allclose(line.get_ydata(), result.soc_percent.median(axis=1))


def test_the_same_energy_without_a_schedule_stands_beside():
    net, result = garbage._solved()
    without = evf.uncontrolled_charging(net, n_periods=4, energy=result)
    ax = plotting.plot_voltage_profile(net, result, 1, uncontrolled=without)
    points = next(line for line in ax.lines if line.get_label() == without.label)
    np.testing.assert_allclose(points.get_ydata(), without.vm_pu.iloc[1])
    median = plotting.plot_energies(result, uncontrolled=without).lines[1]
    np.testing.assert_allclose(median.get_ydata(), without.soc_percent.median(axis=1))
    mesh = plotting.plot_heat_map(result, "line", "uncontrolled", uncontrolled=without).collections[0]
    np.testing.assert_allclose(mesh.get_array().reshape(-1), without.line_loading_percent.T.to_numpy().ravel())


def test_all_heat_maps_of_a_result_have_the_same_colours():
    _, result = garbage._solved()
    ranges = {plotting.plot_heat_map(result, "line", name).collections[0].get_clim() for name in ("base", "up", "down")}
    assert len(ranges) == 1


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_a_picture_is_saved_whole_at_300_dpi(tmp_path, suffix):
    _, result = garbage._solved()
    ax = plotting.plot_flexibility(result)
    plotting.save(ax, tmp_path / f"a.{suffix}")
    assert (tmp_path / f"a.{suffix}").stat().st_size > 1000
    if suffix == "png":
        assert plt.imread(tmp_path / "a.png").shape[1] > 0.8 * 300 * ax.figure.get_figwidth()


@pytest.mark.parametrize("path", ["a.txt", 5, "none/a.png"])
def test_what_cannot_be_saved_is_refused(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(evf.InvalidInputError, match="save.path"):
        plotting.save(plotting.plot_flexibility(garbage._solved()[1]), path)


def _tight():
    net = garbage._fresh()
    net.trafo["max_loading_percent"] = 7.0
    return net, evf.run_flexibility_opf(net, n_periods=4, progress=False)


def test_the_map_has_a_frame_per_period_and_names_what_binds():
    pytest.importorskip("plotly")
    net, result = _tight()
    figure = plotting.map(net, result)
    assert len(figure.frames) == len(figure.layout.sliders[0].steps) == 4
    assert "binding: trafo 0" in figure.frames[1].layout.title.text
    texts = [text for trace in figure.frames[1].data for text in np.atleast_1d(trace.text)]
    loading = result.trafo_loading_percent["up"].iloc[1, 0]
    assert f"trafo 0: {loading:.1f} %, binds" in texts
    assert f"bus 2: {result.vm_pu['up'].iloc[1][2]:.4f} pu" in texts
    assert any("EVs plugged in" in text for text in texts)


def test_without_coordinates_the_map_is_a_tree_and_says_so():
    pytest.importorskip("plotly")
    net, result = garbage._solved()
    bare = copy.deepcopy(net)
    bare.bus["geo"] = None
    title = plotting.map(bare, result, "base").layout.title.text
    assert "drawn as a tree" in title and "drawn as a tree" not in plotting.map(net, result).layout.title.text
    assert bare.bus["geo"].isna().all()


def test_the_map_refuses_another_net_and_no_schedule():
    pytest.importorskip("plotly")
    net, result = garbage._solved()
    with pytest.raises(evf.InvalidInputError, match="are not in net.bus"):
        plotting.map(pp.create_empty_network(), result)
    with pytest.raises(evf.InvalidInputError, match="map.scenario"):
        plotting.map(net, result, "left")
    failed = evf.run_flexibility_opf(net, n_periods=4, min_vm_pu=1.05, raise_on_failure=False, progress=False)
    with pytest.raises(evf.InvalidInputError):
        plotting.map(net, failed)
