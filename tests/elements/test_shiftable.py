"""Loads that are shifted: hand-solved days, both methods, what is on the net afterwards, and laws."""

from __future__ import annotations

import json

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

import pandapower_evflex as evf
from tests.opf.feeder import feeder_net

HOURLY = {"period_h": 1.0, "progress": False}
HEAT_MW = np.array([0.0, 0.01, 0.02, 0.01, 0.0, 0.02, 0.01, 0.0])
RATIO = np.array([0.1, 0.2, 0.1, 0.4, 0.1, 0.3, 0.2, 0.1])


def without_evs(net):
    for table in ("ev", "ev_session"):
        del net[table]
    return net


def with_heat_pump(net, *, shift_h=2.0, offers=("up", "down"), scaling=1.0, **own):
    """A further load at the bus of the first one, with a day of its own; the first one keeps its profile."""
    load = pp.create_load(net, net.load.bus.iloc[0], 0.0, name="heat pump", scaling=scaling)
    for column, value in {"shift_h": shift_h, **own}.items():
        net.load.loc[load, column] = value
    evf.create_flexibilities(net, "load", [load] * len(offers), list(offers))
    first = net.load.index[0]
    heat = HEAT_MW / scaling
    return net, {
        ("load", "p_mw"): pd.DataFrame({first: np.full(8, net.load.p_mw.iloc[0]), load: heat}),
        ("load", "q_mvar"): pd.DataFrame({first: np.full(8, net.load.q_mvar.iloc[0]), load: RATIO * heat}),
    }


def test_a_load_that_must_follow_within_an_hour_by_hand():
    """20 kW in the second of three hours, at most 20 kW, an hour either way: best is P = (0, a, 20 - a).

    Hour 0: up 20, all of it early. Hour 1: up 20 - a, down a. Hour 2: the rest must be served, nothing to offer.
    """
    net = without_evs(feeder_net(1))
    net, _ = with_heat_pump(net, shift_h=1.0)
    profiles = {("load", "p_mw"): pd.DataFrame({1: [0.0, 0.02, 0.0]})}
    result = evf.run_flexibility_opf(net, profiles, tie_break=None, **HOURLY)
    assert result.status == "optimal"
    assert result.objective_mw == pytest.approx(0.02 + 0.02)
    assert result.limited_by(2, element_type="load").loc[1].tolist() == ["fully advanced", "must be served"]
    assert result.series["load"]["e_mwh"][1].iloc[-1] == pytest.approx(0.02)


@pytest.mark.parametrize("q_follows", [True, False])
@pytest.mark.parametrize("method", ["fast", "exact"])
def test_where_the_grid_binds_the_power_flow_of_runpp_finds_the_schedule_in_net_load(method, q_follows):
    net, profiles = with_heat_pump(feeder_net(3, sn_mva=0.07), scaling=0.5, max_p_mw=0.03)
    result = evf.run_flexibility_opf(net, profiles, method=method, q_follows_flexibility=q_follows, **HOURLY)
    assert result.status in ("optimal", "optimal_within_gap") and len(result.binding)
    assert result.verification["against_runpp"] < 1e-8
    assert result.verification["max_load_violation"] < 1e-6
    own = {name: frame[1] for name, frame in result.series["load"].items()}
    for source in (result, None):
        for scenario, p in (("base", own["p_mw"]), ("down", own["p_mw"] - own["p_down_mw"])):
            plain = evf.with_evs_as_loads(net, source, 3, scenario)
            q = RATIO[3] * (p if q_follows else own["p_mw"]).iloc[3]
            assert (plain.load.p_mw * plain.load.scaling)[1] == pytest.approx(p.iloc[3], abs=1e-12)
            assert (plain.load.q_mvar * plain.load.scaling)[1] == pytest.approx(q, abs=1e-12)
            assert plain.load.p_mw[0] == net.load.p_mw[0], "the other load keeps its profile"
            pp.runpp(plain)
            assert plain.res_bus.vm_pu.to_numpy() == pytest.approx(result.vm_pu[scenario].iloc[3].to_numpy(), abs=1e-8)
    evf.write_period(net, 3, "up")
    assert net.res_load.p_mw[1] == pytest.approx((own["p_mw"] + own["p_up_mw"]).iloc[3])
    assert net.load.p_mw[1] == 0.0, "the table of the user is left as it is"
    assert np.allclose(net["evflex_load_p_mw"][1], own["p_mw"]) and np.allclose(net["evflex_load_p_mw"][0], 0.02)


def test_both_methods_agree_where_power_factors_vary_and_the_grid_binds():
    found = []
    for method in ("fast", "exact"):
        net, profiles = with_heat_pump(feeder_net(3, sn_mva=0.07), max_p_mw=0.03)
        result = evf.run_flexibility_opf(net, profiles, method=method, tie_break=None, **HOURLY)
        assert result.status == "optimal", result.message
        found.append(result.objective_mw)
    assert found[0] == pytest.approx(found[1], rel=2e-6)


def test_both_methods_agree_on_cars_a_battery_that_loses_and_a_load_together():
    found = []
    for method in ("fast", "exact"):
        net, profiles = with_heat_pump(feeder_net(3, sn_mva=0.07), max_p_mw=0.03)
        battery = pp.create_storage(net, 3, 0.0, max_e_mwh=0.03, soc_percent=50.0, max_p_mw=0.01, min_p_mw=-0.01)
        net.storage["efficiency_percent"] = 90.0
        evf.create_flexibilities(net, "storage", [battery, battery], ["up", "down"])
        result = evf.run_flexibility_opf(net, profiles, method=method, tie_break=None, **HOURLY)
        assert result.status == "optimal", result.message
        assert set(result.series) == {"storage", "load"} and result.verification["against_runpp"] < 1e-8
        found.append(result.objective_mw)
    assert found[0] == pytest.approx(found[1], rel=2e-6)


@pytest.mark.parametrize("method", ["fast", "exact"])
def test_a_load_that_can_shift_lowers_no_optimum_and_one_that_cannot_changes_nothing(method):
    def objective(**own):
        net, profiles = with_heat_pump(feeder_net(3, sn_mva=0.07), **own)
        result = evf.run_flexibility_opf(net, profiles, method=method, tie_break=None, **HOURLY)
        assert result.status == "optimal", result.message
        return result

    kept, fixed, shifted = objective(offers=()), objective(shift_h=0.0), objective(shift_h=2.0)
    assert fixed.objective_mw == pytest.approx(kept.objective_mw, rel=2e-6)
    own = fixed.series["load"]
    assert np.allclose(own["p_mw"][1], HEAT_MW, atol=1e-9)
    assert not own["p_up_mw"].to_numpy().any() and not own["p_down_mw"].to_numpy().any()
    assert shifted.objective_mw > kept.objective_mw * (1.0 + 1e-6)


def test_an_offer_out_of_service_leaves_the_load_as_it_is():
    net, profiles = with_heat_pump(feeder_net(2))
    net.flexibility["in_service"] = False
    result = evf.run_flexibility_opf(net, profiles, **HOURLY)
    assert not result.series and np.allclose(net["evflex_load_p_mw"][1], HEAT_MW)


def test_a_load_that_draws_nothing_offers_nothing():
    net, profiles = with_heat_pump(feeder_net(2))
    for frame in profiles.values():
        frame[1] = 0.0
    result = evf.run_flexibility_opf(net, profiles, **HOURLY)
    assert result.status == "optimal" and not any(frame.to_numpy().any() for frame in result.series["load"].values())


def test_one_direction_alone_is_offered():
    net, profiles = with_heat_pump(feeder_net(2), offers=("down",), max_p_mw=0.03)
    result = evf.run_flexibility_opf(net, profiles, **HOURLY)
    own = result.series["load"]
    assert result.status == "optimal" and own["p_down_mw"].to_numpy().any() and not own["p_up_mw"].to_numpy().any()
    assert result.verification["max_load_violation"] < 1e-6
    assert (result.reasons["load"]["up"] == "not offered").all().all()


def test_uncontrolled_charging_finds_the_load_at_its_profile():
    net, profiles = with_heat_pump(feeder_net(2))
    plain = feeder_net(2)
    pp.create_load(plain, plain.load.bus.iloc[0], 0.0)
    both = [evf.uncontrolled_charging(one, profiles, period_h=1.0) for one in (net, plain)]
    assert np.allclose(both[0].line_loading_percent, both[1].line_loading_percent, rtol=1e-9)
    assert np.allclose(both[0].min_vm_pu, both[1].min_vm_pu, atol=1e-9)


def test_the_stored_result_survives_json_and_a_renumbering():
    net, profiles = with_heat_pump(feeder_net(2), max_p_mw=0.03)
    evf.run_flexibility_opf(net, profiles, **HOURLY)
    again = pp.from_json_string(pp.to_json(net))
    assert json.loads(pp.to_json(again))
    evf.toolbox.reindex_elements(again, "load", lookup={1: 7})
    one, two = (evf.with_evs_as_loads(source, None, 2, "up").load for source in (net, again))
    columns = ["p_mw", "q_mvar"]
    assert one.loc[1, "p_mw"] and np.allclose(one.loc[[1], columns], two.loc[[7], columns])
    assert np.allclose(one.drop(1)[columns], two.drop(7)[columns])


@pytest.mark.parametrize("argument", [{"on_infeasible": "best_effort"}])
def test_what_is_not_modelled_for_loads_is_refused_by_name(argument):
    net, profiles = with_heat_pump(feeder_net(2))
    with pytest.raises(evf.InvalidInputError, match="load: .*is for EVs alone"):
        evf.run_flexibility_opf(net, profiles, **argument, **HOURLY)


def test_forecasts_may_differ_in_all_but_the_load_that_is_shifted():
    net, profiles = with_heat_pump(feeder_net(3, sn_mva=0.07), max_p_mw=0.03)
    other = {key: frame.assign(**{}).copy() for key, frame in profiles.items()}
    other["load", "p_mw"][0] *= 1.1
    days = {"usual": (0.5, profiles), "high": (0.5, other)}
    result = evf.run_flexibility_opf(net, forecasts=days, **HOURLY)
    assert result.status in ("optimal", "optimal_within_gap")
    other["load", "p_mw"][1] *= 1.1
    with pytest.raises(evf.InvalidInputError, match="load.p_mw of row 1.*differs between forecasts"):
        evf.run_flexibility_opf(net, forecasts=days, **HOURLY)
