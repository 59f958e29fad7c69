"""Results on the net: flat tables that survive storage, and moments that equal pandapower's power flow."""

from __future__ import annotations

import copy
from itertools import product
from types import SimpleNamespace

import numpy as np
import pandapower as pp
import pandas as pd
import pytest
from pandapower.timeseries import OutputWriter, run_timeseries
from pandapower.toolbox import select_subnet

import pandapower_evflex as evf
from pandapower_evflex.opf.report.as_loads import missing_elements
from tests.examples import sampled, sweep
from tests.opf.feeder import EIGHT_HOURS, feeder_net

SCENARIOS = ("down", "base", "up")


@pytest.fixture(scope="module")
def solved():
    net = feeder_net(6, pv_mw=0.01)
    evf.create_cos_phi_p(net, 0, [(0.5, 1.0), (1.0, 0.9)])
    evf.create_flexibilities(net, "ev", [0, 0, 1], ["up", "down", "up"])
    rng = np.random.default_rng(3)
    profiles = {
        ("load", "p_mw"): pd.DataFrame({0: rng.uniform(0.01, 0.03, 8)}),
        ("sgen", "p_mw"): pd.DataFrame({0: rng.uniform(0.0, 0.01, 8)}),
    }
    return net, evf.run_flexibility_opf(net, profiles, period_h=1.0, progress=False), profiles


def by_hand(net, result, profiles, period, scenario):
    """The net of one moment, built without the package."""
    plain = copy.deepcopy(net)
    plain.load["p_mw"] = profiles["load", "p_mw"][0][period]
    p_pv = profiles["sgen", "p_mw"][0][period]
    plain.sgen["p_mw"] = p_pv
    cos_phi = np.interp(p_pv / 0.01, [0.5, 1.0], [1.0, 0.9])
    plain.sgen["q_mvar"] = -p_pv * np.tan(np.arccos(cos_phi))
    p = result.p_mw.iloc[period].copy()
    p += {"base": 0.0, "up": result.p_up_mw.iloc[period], "down": -result.p_down_mw.iloc[period]}[scenario]
    for ev, power in p.items():
        pp.create_load(plain, net.ev.bus[ev], power, power * np.tan(np.arccos(net.ev.cos_phi[ev])))
    pp.runpp(plain, tolerance_mva=1e-10, trafo_model="t")
    return plain


@pytest.mark.parametrize(("table", "column", "value"), [("ev", "cos_phi", 0.9), ("load", "scaling", 2.0)])
def test_an_old_schedule_on_an_edited_net_comes_with_a_warning(solved, caplog, table, column, value):
    net, result, _ = solved
    edited = copy.deepcopy(net)
    evf.write_period(edited, 0)
    renewed = evf.activate_flexibility(edited, result, 3, "up", 0.001, renew=True).result
    evf.write_period(edited, 0, result=renewed)
    assert "has changed since the run" not in caplog.text
    edited[table][column] = value
    for call in (
        lambda: evf.write_period(edited, 0),
        lambda: evf.with_evs_as_loads(edited, result),
        lambda: evf.activate_flexibility(edited, result, 3, "up", 0.001),
    ):
        caplog.clear()
        call()
        assert "has changed since the run" in caplog.text


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_result_s_grid_state_equals_runpp_of_that_moment(solved, scenario):
    net, result, profiles = solved
    for period in (0, 7):
        plain = by_hand(net, result, profiles, period, scenario)
        assert np.allclose(result.vm_pu[scenario].iloc[period], plain.res_bus.vm_pu, atol=1e-9)
        assert np.allclose(
            result.line_loading_percent[scenario].iloc[period], plain.res_line.loading_percent, atol=1e-6
        )
        apparent = np.hypot(plain.res_trafo.p_hv_mw, plain.res_trafo.q_hv_mvar)
        apparent = np.maximum(apparent, np.hypot(plain.res_trafo.p_lv_mw, plain.res_trafo.q_lv_mvar))
        loading = 100 * apparent / (net.trafo.sn_mva * net.trafo.df * net.trafo.parallel)
        assert np.allclose(result.trafo_loading_percent[scenario].iloc[period], loading, atol=1e-6)


@sweep
@pytest.mark.parametrize(("scenario", "stored"), sampled(list(product(SCENARIOS, [False, True])), 3))
def test_write_period_equals_runpp_with_evs_as_loads(solved, scenario, stored):
    net, result, profiles = solved
    net = copy.deepcopy(net)
    evf.write_period(net, 5, scenario, None if stored else result)
    plain = evf.with_evs_as_loads(net, result, 5, scenario)
    pp.runpp(plain, tolerance_mva=1e-10, trafo_model="t")
    hand = by_hand(net, result, profiles, 5, scenario)
    for table in ("res_bus", "res_line", "res_trafo", "res_ext_grid", "res_sgen"):
        pd.testing.assert_frame_equal(net[table], plain[table], atol=1e-9, check_exact=False)
        pd.testing.assert_frame_equal(net[table], hand[table], atol=1e-6, rtol=1e-6, check_exact=False)
    assert net.res_load.index.equals(net.load.index)
    assert net.res_ev["p_up_mw"].tolist() == pytest.approx(result.p_up_mw.iloc[5].tolist())


def test_the_moment_of_a_net_without_loads_is_that_of_its_evs_as_loads():
    net = feeder_net(3)
    net.load = net.load.iloc[:0]
    result = evf.run_flexibility_opf(net, **EIGHT_HOURS)
    evf.write_period(net, 2, "up", result)
    plain = evf.with_evs_as_loads(net, result, 2, "up")
    assert len(net.res_load) == 0 and len(plain.load) == 3
    pp.runpp(plain, tolerance_mva=1e-10)
    for table in ("res_bus", "res_line", "res_trafo"):
        np.testing.assert_allclose(net[table], plain[table], atol=1e-9)


def test_the_plain_net_knows_nothing_of_us(solved):
    net, result, _ = solved
    plain = evf.with_evs_as_loads(net, result, 0)
    assert not [key for key in plain if str(key).startswith(("ev", "res_ev", "flexibility", "cos_phi"))]
    assert plain.load.ev.dropna().tolist() == net.ev.index.tolist()
    assert len(net.load) == 1
    pp.from_json_string(pp.to_json(plain))


def test_a_time_series_of_the_plain_net_shows_the_same_voltages(solved):
    net, result, _ = solved
    plain = evf.with_evs_as_loads(net, result, scenario="up")
    writer = OutputWriter(plain, time_steps=range(8), log_variables=[("res_bus", "vm_pu")])
    run_timeseries(plain, time_steps=range(8), verbose=False, tolerance_mva=1e-10, trafo_model="t", recycle=False)
    logged = writer.output["res_bus.vm_pu"]
    assert np.allclose(logged.to_numpy(), result.vm_pu["up"].to_numpy(), atol=1e-8)


def test_the_run_writes_the_moment_of_highest_loading(solved):
    net, result, _ = solved
    highest = max(frame.max().max() for frame in result.trafo_loading_percent.values())
    apparent = max(np.hypot(net.res_trafo.p_hv_mw, net.res_trafo.q_hv_mvar))
    assert 100 * apparent / net.trafo.sn_mva[0] == pytest.approx(highest, rel=1e-6)


def test_tables_on_the_net_sum_up_the_result(solved):
    net, result, _ = solved
    assert net.res_period.p_up_mw.tolist() == pytest.approx(result.p_up_mw.sum(axis=1).tolist())
    assert net.res_period.min_vm_pu_up.tolist() == pytest.approx(result.vm_pu["up"].min(axis=1).tolist())
    assert net.res_period.time.map(type).eq(str).all()
    offers = net.res_flexibility
    assert offers.index.equals(net.flexibility.index)
    assert offers.max_p_mw[0] == pytest.approx(result.p_up_mw[0].max())
    assert net.OPF_converged


STORAGE = {
    "net.json": (pp.to_json, pp.from_json),
    "net.xlsx": (pp.to_excel, pp.from_excel),
    "net.p": (pp.to_pickle, pp.from_pickle),
    "net.sqlite": (pp.to_sqlite, pp.from_sqlite),
    "all.sqlite": (lambda net, path: pp.to_sqlite(net, path, include_results=True), pp.from_sqlite),
}


def stored_by(name, net, folder):
    write, read = STORAGE[name]
    write(net, str(folder / name))
    return read(str(folder / name))


@sweep
@pytest.mark.parametrize("way", sampled(list(STORAGE), 2))
def test_results_survive_storage_and_still_write_a_period(solved, way, tmp_path):
    net, result, _ = solved
    stored = stored_by(way, net, tmp_path)
    keys = [key for key in net if key.startswith("evflex_")]
    assert stored["evflex_format_version"] == net["evflex_format_version"]
    assert keys and all(len(key) < 32 for key in keys)
    evf.write_period(stored, 2, "up")
    evf.write_period(net, 2, "up")
    assert np.allclose(stored.res_bus.vm_pu, net.res_bus.vm_pu, atol=1e-9)
    pd.testing.assert_frame_equal(stored.res_ev, net.res_ev)
    assert np.allclose(stored["evflex_ev_p_up_mw"].to_numpy(), result.p_up_mw.to_numpy())


@sweep
@pytest.mark.parametrize("way", sampled(list(STORAGE), 2, place=1))
def test_labels_and_evs_that_are_away_survive_storage(way, tmp_path):
    net = feeder_net(3)
    net.ev_session.loc[1, "in_service"] = False
    hours = pd.date_range("2024-05-14 12:00", periods=8, freq="h")
    profiles = {("load", "p_mw"): pd.DataFrame({0: np.linspace(0.01, 0.03, 8)}, index=hours)}
    result = evf.run_flexibility_opf(net, profiles, progress=False)
    stored = stored_by(way, net, tmp_path)
    evf.write_period(stored, hours[6], "up")
    assert np.allclose(stored.res_bus.vm_pu, result.vm_pu["up"].iloc[6], atol=1e-9)
    assert np.isnan(stored.res_ev.e_mwh[1]) and stored.res_ev.p_mw[1] == 0.0


def test_select_subnet_leaves_our_tables_out():
    """pandapower knows none of them; docs/model.md says what its toolbox does to them."""
    net = feeder_net(2)
    evf.run_flexibility_opf(net, **EIGHT_HOURS)
    assert "ev" not in select_subnet(net, net.bus.index)
    with pytest.raises(KeyError, match="ev"):
        select_subnet(net, net.bus.index, include_results=True)


def test_what_any_profile_or_unit_of_the_result_names_must_be_in_the_net():
    """Also where others of the same table have another profile, or none."""
    net = feeder_net(1)
    profiles = {("load", "p_mw"): pd.DataFrame(columns=[7]), ("load", "q_mvar"): pd.DataFrame(columns=[0])}
    units = {"load": pd.DataFrame(index=[8]), "storage": pd.DataFrame(index=[9])}
    result = SimpleNamespace(p_mw=pd.DataFrame(columns=[0]), settings={"other_units": units}, profiles=profiles)
    assert [(fault.table, fault.rows) for fault in missing_elements(net, result)] == [
        ("load", (7, 8)), ("storage", (9,)),
    ]  # fmt: skip


def test_wrong_period_scenario_or_net_is_said():
    net = feeder_net(2)
    with pytest.raises(KeyError, match="run_flexibility_opf first"):
        evf.write_period(net, 0)
    evf.run_flexibility_opf(net, **EIGHT_HOURS)
    with pytest.raises(IndexError, match="8 periods"):
        evf.write_period(net, 8)
    with pytest.raises(ValueError, match="sideways"):
        evf.write_period(net, 0, "sideways")
    with pytest.raises(evf.InvalidInputError, match=r'use "base" .*, "up" or "down"'):
        evf.write_period(net, 0, ["up"])
    for period in ("18:00", 1.0, True, None, pd.Timestamp("2024-05-14"), "noon"):
        with pytest.raises(evf.InvalidInputError, match="give 0 to 7$"):
            evf.write_period(net, period)


@sweep
@pytest.mark.parametrize("zone", sampled(["Europe/Berlin", None], 1))
def test_a_period_is_found_by_its_label_in_the_result_and_on_a_stored_net(zone):
    net = feeder_net(3)
    hours = pd.date_range("2024-10-26 22:00", periods=8, freq="h", tz=zone)
    profiles = {("load", "p_mw"): pd.DataFrame({0: np.linspace(0.01, 0.03, 8)}, index=hours)}
    result = evf.run_flexibility_opf(net, profiles, progress=False)
    stored = pp.from_json_string(pp.to_json(net))
    labels = [hours[5], hours[5].to_pydatetime(), str(hours[5])]
    labels += [hours[5].tz_convert("UTC")] if zone else [hours[5].to_numpy(), "2024-10-27 03:00"]
    by_position = evf.with_evs_as_loads(net, result, 5, "up")
    for label in labels:
        pd.testing.assert_frame_equal(result.limited_by(label), result.limited_by(5))
        pd.testing.assert_frame_equal(evf.with_evs_as_loads(net, result, label, "up").load, by_position.load)
        for given in (result, None):
            evf.write_period(stored, label, "up", given)
            assert np.allclose(stored.res_bus.vm_pu, result.vm_pu["up"].iloc[5], atol=1e-9)
            assert stored.res_ev["p_mw"].tolist() == pytest.approx(result.p_mw.iloc[5].tolist())
    with pytest.raises(evf.InvalidInputError, match="give 0 to 7, or a time from 2024-10-26 22:00"):
        result.limited_by("2024-10-26 22:30")
    with pytest.raises(evf.InvalidInputError, match="give 0 to 7, or a time from 2024-10-26 22:00"):
        evf.write_period(net, "2024-10-28")


def test_an_hour_that_daylight_saving_repeats_is_named_with_its_offset():
    net = feeder_net(3)
    hours = pd.date_range("2024-10-26 22:00", periods=8, freq="h", tz="Europe/Berlin")
    profiles = {("load", "p_mw"): pd.DataFrame({0: np.linspace(0.01, 0.03, 8)}, index=hours)}
    result = evf.run_flexibility_opf(net, profiles, progress=False)
    assert result.limited_by("2024-10-27 02:00+01:00").equals(result.limited_by(5))
    assert result.limited_by("2024-10-27 01:00").equals(result.limited_by(3))
    with pytest.raises(evf.InvalidInputError, match="matches two periods"):
        result.limited_by("2024-10-27 02:00")


@sweep
@pytest.mark.parametrize("zone", sampled(["Europe/Berlin", None], 1))
def test_times_of_a_stored_net_can_be_resampled(zone, recwarn):
    """Also across a change of daylight saving time: 22:00 to 05:00 in eight elapsed hours."""
    net = feeder_net(2)
    start = pd.Timestamp("2024-10-26 22:00", tz=zone)
    result = evf.run_flexibility_opf(net, start=start, **EIGHT_HOURS)
    assert result.p_mw.index.equals(pd.date_range(start, periods=8, freq="h"))
    stored = pp.from_json_string(pp.to_json(net)).res_period
    recwarn.clear()
    every_two_hours = stored.set_index(pd.to_datetime(stored["time"]))["p_mw"].resample("2h").sum()
    assert not [warning for warning in recwarn if issubclass(warning.category, FutureWarning)]
    assert len(every_two_hours) == 4 and every_two_hours.index[0] == start
    assert every_two_hours.sum() == pytest.approx(result.p_mw.sum().sum())


def test_a_period_named_day_first_is_found_where_only_one_reading_is_in_the_result():
    net = feeder_net(2)
    result = evf.run_flexibility_opf(net, start="2017-09-05 12:00", **EIGHT_HOURS)
    assert result.limited_by("05.09.2017 18.00").equals(result.limited_by(6))
    assert result.limited_by("9/5/2017 6:00 PM").equals(result.limited_by(6))
