"""Batteries of net.storage: hand-solved days, both methods, and what is on the net afterwards."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pandapower.create import create_storage

import pandapower_evflex as evf
from tests.opf.feeder import EIGHT_HOURS, feeder_net


def without_evs(net):
    for table in ("ev", "ev_session"):
        del net[table]
    return net


def with_battery(net, *, soc_percent=50.0, **own):
    values = {"max_e_mwh": 0.1, "min_e_mwh": 0.01, "max_p_mw": 0.05, "min_p_mw": -0.05, "p_mw": 0.01, **own}
    battery = create_storage(net, 3, soc_percent=soc_percent, **values)
    evf.create_flexibilities(net, "storage", [battery, battery], ["up", "down"])
    return net


def test_a_battery_alone_on_a_wide_net_offers_what_its_energy_leaves_by_hand():
    """Kept at 50 kWh it could draw 50 kW for an hour, or feed in 40; in the last hour it must end with 50 kWh."""
    net = with_battery(without_evs(feeder_net(1)))
    result = evf.run_flexibility_opf(net, **EIGHT_HOURS)
    assert result.status == "optimal" and result.p_mw.shape == (8, 0)
    assert result.objective_mw == pytest.approx(8 * 0.05 + 7 * 0.04)
    assert result.bound_mw == pytest.approx(result.objective_mw)
    assert set(result.series["storage"]) == {"p_mw", "p_up_mw", "p_down_mw", "e_mwh"}
    assert result.limited_by(7, element_type="storage").loc[0].tolist() == ["max_p_mw", "must end charged"]


@pytest.mark.parametrize("method", ["fast", "exact"])
def test_where_the_grid_binds_the_power_flow_of_runpp_finds_the_schedule_in_net_storage(method):
    net = with_battery(feeder_net(3, sn_mva=0.08), q_mvar=0.002)
    result = evf.run_flexibility_opf(net, method=method, **EIGHT_HOURS)
    assert result.status == "optimal" and len(result.binding)
    assert result.verification["against_runpp"] < 1e-8
    assert result.verification["max_storage_violation"] < 1e-6
    own = result.series["storage"]
    assert np.allclose(net["evflex_storage_p_mw"], own["p_mw"])
    evf.write_period(net, 2, "down")
    assert net.res_storage.p_mw[0] == pytest.approx((own["p_mw"] - own["p_down_mw"]).iloc[2, 0])
    assert net.res_storage.q_mvar[0] == pytest.approx(0.002)
    assert net.storage.p_mw[0] == 0.01, "the table of the user is left as it is"
    plain = evf.with_evs_as_loads(net, None, 2)
    assert plain.storage.p_mw[0] == pytest.approx(own["p_mw"].iloc[2, 0])


def test_a_storage_without_a_row_stays_as_it_is():
    net = feeder_net(3, sn_mva=0.08)
    create_storage(net, 3, p_mw=0.005, max_e_mwh=0.1)
    plain = feeder_net(3, sn_mva=0.08)
    plain.load.loc[0, "p_mw"] += 0.005
    kept, as_load = (evf.run_flexibility_opf(one, **EIGHT_HOURS) for one in (net, plain))
    assert kept.objective_mw == pytest.approx(as_load.objective_mw, rel=1e-6) and not kept.series


def test_what_a_battery_would_overload_at_full_power_is_no_finding_and_what_it_can_relieve_is_not_hopeless():
    """100 kW either way behind a transformer of 40 kVA, and 60 kVA of load that the battery must carry a part of."""
    values = {"max_e_mwh": 1.0, "max_p_mw": 0.1, "min_p_mw": -0.1}
    quiet = evf.run_flexibility_opf(with_battery(without_evs(feeder_net(1, sn_mva=0.04)), **values), **EIGHT_HOURS)
    assert quiet.status == "optimal" and not len(quiet.findings)
    net = with_battery(without_evs(feeder_net(1, load_mw=0.0, sn_mva=0.04)), **values)
    peak = {("load", "p_mw"): pd.DataFrame({0: [0.06] * 2 + [0.0] * 6})}
    relieved = evf.run_flexibility_opf(net, peak, period_h=1.0, progress=False)
    assert relieved.status == "optimal" and relieved.findings["curable"].all()
    assert (relieved.series["storage"]["p_mw"][0].iloc[:2] < -0.019).all()


@pytest.mark.parametrize("argument", [{"on_infeasible": "best_effort"}])
def test_what_is_for_evs_alone_is_refused_by_name(argument):
    with pytest.raises(evf.InvalidInputError, match="storage.*is for EVs alone"):
        evf.run_flexibility_opf(with_battery(feeder_net(2)), **argument, **EIGHT_HOURS)


def test_both_methods_agree():
    found = [
        evf.run_flexibility_opf(
            with_battery(feeder_net(3, sn_mva=0.08)), method=method, tie_break=None, **EIGHT_HOURS
        ).objective_mw
        for method in ("fast", "exact")
    ]
    assert found[0] == pytest.approx(found[1], rel=2e-6)


def test_a_battery_with_losses_beside_cars_that_feed_in_adds_flexibility_and_both_methods_agree():
    def best(soc_percent, method, max_e_mwh=0.1):
        net = feeder_net(3, sn_mva=0.06)
        net.ev["min_p_mw"], net.ev["efficiency_percent"] = [-0.011, 0.0, 0.0], 92.0
        if max_e_mwh:
            losses = {"efficiency_percent": 93.0, "discharge_efficiency_percent": 90.0}
            with_battery(net, soc_percent=soc_percent, max_e_mwh=max_e_mwh, min_e_mwh=0.0, p_mw=0.0, **losses)
        return evf.run_flexibility_opf(net, method=method, tie_break=None, **EIGHT_HOURS)

    fast, exact, without = best(50.0, "fast"), best(50.0, "exact"), best(50.0, "exact", max_e_mwh=0.0)
    assert fast.objective_mw == pytest.approx(exact.objective_mw, rel=2e-6)
    assert exact.objective_mw > without.objective_mw
    tiny = best(50.0, "exact", max_e_mwh=1e-6)
    assert tiny.objective_mw == pytest.approx(without.objective_mw, rel=1e-4), "a battery of no energy changes nothing"


def test_the_overview_counts_batteries():
    result = evf.run_flexibility_opf(with_battery(without_evs(feeder_net(1))), **EIGHT_HOURS)
    assert "1 of net.storage" in str(result) and "upward" in str(result)
