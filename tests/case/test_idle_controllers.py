"""Controllers in service are not run, and that is said: once, and again where the grid breaks a limit by itself."""

from __future__ import annotations

import logging

import pandapower as pp
import pandas as pd
import pytest
from pandapower.control import ConstControl, DiscreteTapControl
from pandapower.timeseries import DFData

import pandapower_evflex as evf
from tests.networks.solved import solved_suburb
from tests.opf.feeder import EIGHT_HOURS, feeder_net
from tests.planning.test_plan import PRICES


def with_tap_control(**arguments):
    net = feeder_net(2, **arguments)
    DiscreteTapControl(net, 0, vm_lower_pu=0.99, vm_upper_pu=1.01)
    return net


def said(caplog):
    return [record.getMessage() for record in caplog.records if "controllers in service" in record.getMessage()]


def test_a_controller_in_service_is_named_once_with_what_runs_it(caplog):
    net = with_tap_control()
    with caplog.at_level(logging.WARNING):
        evf.run_flexibility_opf(net, **EIGHT_HOURS)
    (message,) = said(caplog)
    assert "DiscreteTapControl 1" in message and "run_control=True" in message


@pytest.mark.parametrize("run", [
    lambda net: evf.uncontrolled_charging(net, n_periods=8, period_h=1.0),
    lambda net: evf.run_flexibility_opf(net, **EIGHT_HOURS, min_vm_pu=1.05, raise_on_failure=False),
])  # fmt: skip
def test_so_it_is_in_every_run(caplog, run):
    with caplog.at_level(logging.WARNING):
        run(with_tap_control())
    assert len(said(caplog)) == 1


def test_planning_says_so_too(caplog):
    net, profiles = evf.networks.ring_10kv()
    ConstControl(net, "switch", "closed", 0, data_source=DFData(pd.DataFrame({0: [True]})), profile_name=0)
    with caplog.at_level(logging.WARNING):
        evf.run_planning(net, profiles, **PRICES, progress=False)
    assert len(said(caplog)) == 1


def test_a_base_case_that_fails_names_the_controllers_that_were_not_run():
    with pytest.raises(evf.FlexibilityOPFNotConverged, match="undervoltage[^$]*DiscreteTapControl"):
        evf.run_flexibility_opf(with_tap_control(), **EIGHT_HOURS, min_vm_pu=1.05)


def test_a_session_that_fails_does_not_blame_controllers():
    net = with_tap_control()
    net.ev_session["e_departure_mwh"] = net.ev["max_e_mwh"].max()
    net.ev_session["departure_h"] = net.ev_session["arrival_h"] + 1.0
    with pytest.raises(evf.FlexibilityOPFNotConverged) as error:
        evf.run_flexibility_opf(net, **EIGHT_HOURS)
    assert "DiscreteTapControl" not in str(error.value)


def test_no_wolf_is_cried_over_controllers_whose_profiles_are_given_or_that_are_out_of_service(caplog):
    case = solved_suburb()
    profiles = {key: frame.reset_index(drop=True) for key, frame in case.profiles.items()}
    net, _ = evf.networks.suburban_lv(seed=0)
    for (table, column), frame in profiles.items():
        names = list(frame.columns)
        ConstControl(net, table, column, names, profile_name=names, data_source=DFData(frame))
    DiscreteTapControl(net, 0, vm_lower_pu=0.99, vm_upper_pu=1.01, in_service=False)
    with caplog.at_level(logging.WARNING):
        evf.uncontrolled_charging(net, evf.profiles_from_controllers(net), period_h=0.25)
    assert not said(caplog) and "ConstControl" not in caplog.text
    with caplog.at_level(logging.WARNING):
        evf.uncontrolled_charging(net, n_periods=96, period_h=0.25)
    assert caplog.text.count("profiles_from_controllers") == 1


def test_what_a_controller_has_set_before_counts():
    """The remedy: run_control moves the tap, and the run sees it."""
    net = with_tap_control(load_mw=0.05)
    before = evf.run_flexibility_opf(net, **EIGHT_HOURS).vm_pu["base"].min().min()
    net.controller.object[0].vm_lower_pu, net.controller.object[0].vm_upper_pu = 1.02, 1.06
    pp.runpp(net, run_control=True)
    assert net.trafo.tap_pos[0] != 0
    assert evf.run_flexibility_opf(net, **EIGHT_HOURS).vm_pu["base"].min().min() > before + 0.01
