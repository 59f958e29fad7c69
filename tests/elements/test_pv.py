"""Generators that may be curtailed: hand-solved days, both methods, what is on the net afterwards, and laws."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

import pandapower_evflex as evf
from tests.opf.feeder import feeder_net

HOURLY = {"period_h": 1.0, "progress": False}
SUN_MW = np.array([0.0, 0.01, 0.03, 0.05, 0.04, 0.02, 0.0, 0.0])
#: twice what a transformer of 60 kVA carries
MUCH_SUN_MW = np.array([0.0, 0.03, 0.08, 0.13, 0.12, 0.05, 0.0, 0.0])


def without_evs(net):
    for table in ("ev", "ev_session"):
        del net[table]
    return net


def with_pv(net, sun_mw=SUN_MW, *, tan_phi=0.2, scaling=1.0, offers=True, **own):
    """The generator of the feeder feeds in by day, under-excited, and offers to feed in less."""
    net.sgen["scaling"] = scaling
    for column, value in own.items():
        net.sgen[column] = value
    if offers:
        evf.create_flexibility(net, "sgen", 0, "up")
    p = pd.DataFrame({0: np.asarray(sun_mw) / scaling})
    return net, {("sgen", "p_mw"): p, ("sgen", "q_mvar"): -tan_phi * p}


def test_pv_alone_on_a_wide_net_offers_all_that_is_available_by_hand():
    net, profiles = with_pv(without_evs(feeder_net(1)), [0.0, 0.02, 0.05])
    result = evf.run_flexibility_opf(net, profiles, **HOURLY)
    assert result.status == "optimal"
    assert result.objective_mw == pytest.approx(0.02 + 0.05) and result.bound_mw == pytest.approx(0.07)
    own = result.series["sgen"]
    assert own["p_mw"][0].tolist() == own["p_up_mw"][0].tolist() == [0.0, 0.02, 0.05]
    assert result.limited_by(0, "sgen").loc[0].tolist() == ["nothing available", "not offered"]
    assert result.limited_by(1, "sgen").loc[0].tolist() == ["all available power", "not offered"]
    assert result.total("p_mw").tolist() == [0.0, -0.02, -0.05], "what feeds in is no load"
    assert net.res_period.p_mw.tolist() == [0.0, -0.02, -0.05]


@pytest.mark.parametrize(
    ("method", "q_follows"),
    [
        ("fast", False),
        ("exact", True),
        *(pytest.param(*others, marks=pytest.mark.slow) for others in (("fast", True), ("exact", False))),
    ],
)
def test_where_the_grid_binds_the_power_flow_of_runpp_finds_the_schedule_in_net_sgen(method, q_follows):
    net, profiles = with_pv(feeder_net(3, sn_mva=0.06), MUCH_SUN_MW, scaling=0.5)
    result = evf.run_flexibility_opf(net, profiles, method=method, q_follows_flexibility=q_follows, **HOURLY)
    assert result.status == "optimal" and len(result.binding)
    assert result.verification["against_runpp"] < 1e-8 and result.verification["max_sgen_violation"] < 1e-6
    own = {name: frame[0] for name, frame in result.series["sgen"].items()}
    curtailed = MUCH_SUN_MW - own["p_mw"]
    assert curtailed[3] > 0.001 and own["p_up_mw"][3] > 0.001
    for source in (result, None):
        for scenario, p in (("base", own["p_mw"]), ("up", own["p_mw"] - own["p_up_mw"]), ("down", own["p_mw"])):
            plain = evf.with_evs_as_loads(net, source, 3, scenario)
            q = -0.2 * (p if q_follows else own["p_mw"])[3]
            assert (plain.sgen.p_mw * plain.sgen.scaling)[0] == pytest.approx(p[3], abs=1e-12)
            assert (plain.sgen.q_mvar * plain.sgen.scaling)[0] == pytest.approx(q, abs=1e-12)
            pp.runpp(plain)
            assert plain.res_bus.vm_pu.to_numpy() == pytest.approx(result.vm_pu[scenario].iloc[3].to_numpy(), abs=1e-8)
    evf.write_period(net, 3, "up")
    assert net.res_sgen.p_mw[0] == pytest.approx((own["p_mw"] - own["p_up_mw"])[3])
    assert net.sgen.p_mw[0] == 0.0, "the table of the user is left as it is"
    assert np.allclose(net["evflex_sgen_p_mw"][0], own["p_mw"])


def test_pv_is_curtailed_only_where_no_schedule_exists_without_it_and_by_the_least_energy():
    """Behind 60 kVA: with no other load but 20 kW, each period feeds in what the transformer carries, by hand."""
    net, profiles = with_pv(without_evs(feeder_net(1, sn_mva=0.06)), MUCH_SUN_MW)
    alone = evf.run_flexibility_opf(net, profiles, **HOURLY)
    fed_in = alone.series["sgen"]["p_mw"][0]
    beyond = MUCH_SUN_MW > fed_in + 1e-6
    assert beyond.tolist() == [False, False, True, True, True, False, False, False]
    loading = alone.trafo_loading_percent["base"][0]
    assert loading[beyond].to_numpy() == pytest.approx(100.0, abs=1e-4), "no kW more than the transformer asks for"
    assert "the schedule curtails 96" in alone.message

    net, profiles = with_pv(feeder_net(6, sn_mva=0.06), MUCH_SUN_MW)
    beside_cars = evf.run_flexibility_opf(net, profiles, **HOURLY)
    assert np.array_equal(beside_cars.series["sgen"]["p_mw"][0], MUCH_SUN_MW), "six cars draw what is too much"
    assert "curtails" not in beside_cars.message


@pytest.mark.parametrize("method", ["fast", pytest.param("exact", marks=pytest.mark.slow)])
def test_an_offer_of_pv_lowers_no_optimum(method):
    found = {}
    for offers in (False, True):
        net, profiles = with_pv(feeder_net(3, sn_mva=0.06), offers=offers)
        result = evf.run_flexibility_opf(net, profiles, method=method, tie_break=None, **HOURLY)
        assert result.status == "optimal"
        found[offers] = result.objective_mw
    assert found[True] > found[False] * (1.0 + 1e-6)


def with_controlled_pv(net, sun_mw=MUCH_SUN_MW, control_q=True):
    """PV of 140 kVA with a characteristic down to cos phi 0.9."""
    net.sgen["sn_mva"], net.sgen["control_q"] = 0.14, control_q
    evf.create_cos_phi_p(net, 0, [(0.5, 1.0), (1.0, 0.9)])
    evf.create_flexibility(net, "sgen", 0, "up")
    return net, {("sgen", "p_mw"): pd.DataFrame({0: sun_mw})}


@pytest.mark.parametrize("method", ["fast", "exact"])
def test_reactive_power_is_chosen_within_the_characteristic_and_saves_curtailment(method):
    net, profiles = with_controlled_pv(feeder_net(3, sn_mva=0.06))
    result = evf.run_flexibility_opf(net, profiles, method=method, **HOURLY)
    assert result.status == "optimal" and result.verification["against_runpp"] < 1e-8
    own = {name: frame[0].to_numpy() for name, frame in result.series["sgen"].items()}
    assert np.allclose(own["p_mw"], MUCH_SUN_MW), "without reactive power the transformer carries all with three cars"
    most = np.tan(np.arccos(0.9))
    for name, p in (("q_mvar", own["p_mw"]), ("q_up_mvar", own["p_mw"] - own["p_up_mw"]), ("q_down_mvar", own["p_mw"])):
        assert np.all(own[name] <= 1e-9) and np.all(own[name] >= -most * p - 1e-9), name
    for source in (result, None):
        for scenario in ("base", "up", "down"):
            plain = evf.with_evs_as_loads(net, source, 4, scenario)
            pp.runpp(plain)
            assert plain.res_bus.vm_pu.to_numpy() == pytest.approx(result.vm_pu[scenario].iloc[4].to_numpy(), abs=1e-8)
    held, profiles = with_controlled_pv(feeder_net(3, sn_mva=0.06), control_q=False)
    by_characteristic = evf.run_flexibility_opf(held, profiles, method="exact", **HOURLY)
    assert "curtails 64" in by_characteristic.message
    assert by_characteristic.objective_mw < result.objective_mw


def test_reactive_power_stays_at_the_characteristic_where_nothing_asks_for_another():
    net, profiles = with_controlled_pv(feeder_net(3, sn_mva=1.0), control_q=True)
    result = evf.run_flexibility_opf(net, profiles, **HOURLY)
    plain, profiles = with_controlled_pv(feeder_net(3, sn_mva=1.0), control_q=False)
    kept = evf.run_flexibility_opf(plain, profiles, **HOURLY)
    assert np.allclose(result.series["sgen"]["q_mvar"], kept.series["sgen"]["q_mvar"], atol=1e-9)
    assert result.objective_mw == pytest.approx(kept.objective_mw)


def test_both_methods_agree_on_reactive_power_that_is_chosen_beside_a_battery_and_cars():
    found = []
    for method in ("fast", "exact"):
        net, profiles = with_controlled_pv(feeder_net(3, sn_mva=0.05), SUN_MW)
        battery = pp.create_storage(net, 3, 0.0, max_e_mwh=0.03, soc_percent=50.0, max_p_mw=0.01, min_p_mw=-0.01)
        net.storage["efficiency_percent"] = 90.0
        evf.create_flexibilities(net, "storage", [battery, battery], ["up", "down"])
        result = evf.run_flexibility_opf(net, profiles, method=method, tie_break=None, **HOURLY)
        assert result.status == "optimal" and set(result.series) == {"storage", "sgen"}, result.message
        assert result.verification["against_runpp"] < 1e-8
        found.append(result.objective_mw)
    assert found[0] == pytest.approx(found[1], rel=2e-6)


def test_the_stored_result_of_pv_survives_json_and_a_renumbering():
    net, profiles = with_controlled_pv(feeder_net(2, sn_mva=0.1))
    evf.run_flexibility_opf(net, profiles, **HOURLY)
    again = pp.from_json_string(pp.to_json(net))
    evf.toolbox.reindex_elements(again, "sgen", lookup={0: 7})
    one, two = (evf.with_evs_as_loads(source, None, 3).sgen for source in (net, again))
    columns = ["p_mw", "q_mvar"]
    assert one.q_mvar[0] < -0.001 and np.allclose(one.loc[0, columns].tolist(), two.loc[7, columns].tolist())


def test_an_offer_of_pv_out_of_service_leaves_it_as_it_is():
    net, profiles = with_pv(feeder_net(2))
    net.flexibility["in_service"] = False
    assert not evf.run_flexibility_opf(net, profiles, **HOURLY).series
    net.flexibility["in_service"], net.sgen["in_service"] = True, False
    assert not evf.run_flexibility_opf(net, profiles, **HOURLY).series


def test_uncontrolled_charging_finds_pv_at_its_profile():
    net, profiles = with_pv(feeder_net(2))
    plain, _ = with_pv(feeder_net(2), offers=False)
    both = [evf.uncontrolled_charging(one, profiles, period_h=1.0) for one in (net, plain)]
    assert np.allclose(both[0].line_loading_percent, both[1].line_loading_percent, rtol=1e-12)


def test_least_feed_in_and_the_cap_of_an_offer_hold():
    net, profiles = with_pv(without_evs(feeder_net(1)), [0.0, 0.02, 0.05], min_p_mw=0.015)
    net.flexibility["max_p_mw"] = 0.03
    result = evf.run_flexibility_opf(net, profiles, **HOURLY)
    assert result.series["sgen"]["p_up_mw"][0].to_numpy() == pytest.approx([0.0, 0.005, 0.03])
    assert [result.limited_by(t, "sgen").up[0] for t in range(3)] == [
        "nothing available", "all available power", "max_p_mw",
    ]  # fmt: skip


@pytest.mark.parametrize(("table", "column", "value"), [("sgen", "control_q", True), ("load", "shift_h", 2.0)])
def test_columns_for_flexibility_without_an_offer_are_told(table, column, value, caplog):
    net, profiles = with_pv(feeder_net(2), offers=False)
    net[table][column] = [value] + [None] * (len(net[table]) - 1)
    evf.run_flexibility_opf(net, profiles, **HOURLY)
    said = [record.getMessage() for record in caplog.records if "does not count" in record.getMessage()]
    assert said == [
        f"{column} of net.{table} does not count for {net[table].index[0]}: no row of net.flexibility offers them, "
        "see create_flexibility"
    ]
    caplog.clear()
    offer = evf.create_flexibility(net, table, net[table].index[0], "up")
    net.flexibility.loc[offer, "in_service"] = False  # left out on purpose
    evf.run_flexibility_opf(net, profiles, **HOURLY)
    assert not [record for record in caplog.records if "does not count" in record.getMessage()]
