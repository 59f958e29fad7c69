"""What a run leaves on a net with batteries: read back, carried along, and refused where it no longer fits."""

from __future__ import annotations

import copy

import numpy as np
import pandapower as pp
import pandas as pd
import pytest
from pandapower.create import create_storage

import pandapower_evflex as evf
from pandapower_evflex import toolbox
from tests.opf.feeder import EIGHT_HOURS, feeder_net

OFFERING, OTHER, BUS, PERIOD = 5, 7, 3, 3
PROFILES = {("storage", "p_mw"): pd.DataFrame({OTHER: np.linspace(0.0, 0.01, 8), OFFERING: np.full(8, 0.03)})}


def net_with_two_batteries():
    """One offers, the other follows its profile."""
    net = feeder_net(2)
    for label in (OFFERING, OTHER):
        create_storage(
            net, BUS, 0.004, index=label, soc_percent=50.0, max_e_mwh=0.1, min_e_mwh=0.01, max_p_mw=0.02, min_p_mw=-0.02
        )
    evf.create_flexibilities(net, "storage", [OFFERING, OFFERING], ["up", "down"])
    return net


@pytest.fixture(scope="module")
def solved():
    net = net_with_two_batteries()
    return net, evf.run_flexibility_opf(net, PROFILES, **EIGHT_HOURS)


@pytest.fixture
def net(solved):
    return copy.deepcopy(solved[0])


def powers(result, scenario="up"):
    own = result.series["storage"]
    sign = {"base": 0.0, "up": 1.0, "down": -1.0}[scenario]
    flex = own[f"p_{scenario}_mw"] if sign else own["p_mw"]
    offering = (own["p_mw"] + sign * flex)[OFFERING].iloc[PERIOD]
    return [offering, PROFILES["storage", "p_mw"][OTHER].iloc[PERIOD]]


@pytest.mark.parametrize("scenario", ["base", "up", "down"])
def test_the_profile_of_a_battery_beside_one_that_offers_is_found_again_on_the_net(net, solved, scenario):
    result = solved[1]
    evf.write_period(net, PERIOD, scenario)
    assert net.res_storage.p_mw.tolist() == pytest.approx(powers(result, scenario))
    assert net.res_bus.vm_pu.to_numpy() == pytest.approx(result.vm_pu[scenario].iloc[PERIOD].to_numpy(), abs=1e-8)


def test_it_is_found_in_a_file_too(net, solved):
    loaded = pp.from_json_string(pp.to_json(net))
    evf.write_period(loaded, PERIOD, "up")
    assert loaded.res_storage.p_mw.tolist() == pytest.approx(powers(solved[1]))


def test_results_follow_new_labels_of_batteries_and_buses(net, solved):
    toolbox.reindex_elements(net, "storage", [15, 17], [OFFERING, OTHER])
    toolbox.reindex_buses(net, {bus: bus + 100 for bus in net.bus.index})
    evf.write_period(net, PERIOD, "up")
    assert net.res_storage.p_mw.loc[[15, 17]].tolist() == pytest.approx(powers(solved[1]))


def test_results_of_merged_nets_hold_the_batteries_of_both(net, solved):
    merged = toolbox.merge_nets(net, copy.deepcopy(net), validate=False)
    evf.write_period(merged, PERIOD, "up")
    assert merged.res_storage.p_mw.tolist() == pytest.approx(2 * powers(solved[1]))


def test_results_of_batteries_go_with_their_bus(net):
    toolbox.drop_elements_at_buses(net, [BUS])
    assert not len(net.storage) and net["evflex_storage_p_mw"].shape == (8, 0)
    evf.write_period(net, PERIOD, "up")


@pytest.mark.parametrize(("column", "value"), [("bus", 2), ("in_service", False)])
def test_a_battery_that_was_changed_since_is_refused_by_name(net, solved, column, value):
    net.storage.loc[OFFERING, column] = value
    for result in (None, solved[1]):
        with pytest.raises(evf.InvalidInputError, match=rf"storage.{column} of row {OFFERING}"):
            evf.write_period(net, PERIOD, "up", result)
        with pytest.raises(evf.InvalidInputError, match=rf"storage.{column} of row {OFFERING}"):
            evf.with_evs_as_loads(net, result)


def test_profiles_of_a_result_hold_the_batteries_beside_the_evs_with_the_signs_of_their_table(solved):
    profiles = solved[1].to_profiles()
    assert {("ev", "p_mw"), ("storage", "p_mw"), ("storage", "e_mwh")} <= set(profiles)
    charging, energy = profiles["storage", "p_mw"][OFFERING], profiles["storage", "e_mwh"][OFFERING]
    np.testing.assert_allclose(np.diff(energy, prepend=0.05), charging, atol=1e-8)  # hours of 1, no losses
