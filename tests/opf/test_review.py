"""Cases that once went wrong."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandapower.networks as nw
import pandas as pd
import pytest
from pandapower.create import create_load

import pandapower_evflex as evf
from tests.examples import sampled, sweep
from tests.opf.feeder import EIGHT_HOURS, constant, feeder_net


@sweep
@pytest.mark.parametrize(
    ("method", "factor"), sampled(list(product(["exact", "fast"], [1.0, 1e-6, 1e-10])), 2, place=2)
)
def test_small_weights_of_offers_scale_the_objective_and_nothing_else(factor, method):
    net = feeder_net(3)
    for ev in net.ev.index:
        evf.create_flexibility(net, "ev", ev, "up", weight=factor)
    result = evf.run_flexibility_opf(net, method=method, **EIGHT_HOURS)
    net.flexibility["weight"] = 1.0
    reference = evf.run_flexibility_opf(net, method="exact", tie_break=None, **EIGHT_HOURS)
    assert np.isclose(result.objective_mw / factor, reference.objective_mw, rtol=2e-6)


def uncontrolled(net):
    net.ev["controllable"] = False


def no_session(net):
    net.ev_session["in_service"] = False


def all_away(net):
    net.ev_session[["arrival_h", "departure_h"]] += 50.0


@sweep
@pytest.mark.parametrize(
    ("change", "method"), sampled(list(product([uncontrolled, no_session, all_away], ["auto", "fast", "exact"])), 4)
)
def test_nothing_to_schedule_is_an_answer(change, method):
    net = feeder_net(3)
    change(net)
    result = evf.run_flexibility_opf(net, method=method, **EIGHT_HOURS)
    assert result.status == "optimal"
    assert result.objective_mw == 0.0
    assert len(net.res_period) == 8


def test_a_net_without_evs_is_wrong_input():
    with pytest.raises(evf.InvalidInputError, match="is empty or missing"):
        evf.run_flexibility_opf(nw.create_kerber_landnetz_freileitung_1(), **EIGHT_HOURS)


def test_generators_on_a_transmission_net_are_solved():
    net = nw.case118()
    ev = evf.create_ev(net, 3, max_p_mw=0.011, max_e_mwh=0.05)
    evf.create_ev_session(net, ev, 1, 8, e_arrival_mwh=0.01)
    wide = {"max_line_loading_percent": 1e4, "max_trafo_loading_percent": 1e4}
    assert evf.run_flexibility_opf(net, **EIGHT_HOURS, **wide).status == "optimal"


def test_a_set_point_beyond_the_limit_of_its_bus_is_no_overvoltage():
    net = nw.case14()
    net.bus["max_vm_pu"] = 1.065
    net.gen.loc[net.gen.bus.isin([5, 7]), "vm_pu"] = [1.07, 1.06]
    ev = evf.create_ev(net, 3, std_type="VW ID.3")
    evf.create_ev_session(net, ev, 1, 8, soc_arrival_percent=40)
    assert evf.run_flexibility_opf(net, **EIGHT_HOURS).status == "optimal"


def test_a_failed_result_makes_no_loads():
    net = feeder_net(3)
    failed = evf.run_flexibility_opf(net, max_line_loading_percent=0.1, raise_on_failure=False, **EIGHT_HOURS)
    with pytest.raises(evf.EvflexError, match="holds no schedule"):
        evf.with_evs_as_loads(net, failed, 3)


def test_integer_columns_take_profiles_without_a_warning(recwarn):
    net = feeder_net(3)
    net.load["p_mw"] = 0
    profiles = {("load", "p_mw"): pd.DataFrame(0.004, index=range(8), columns=net.load.index)}
    evf.run_flexibility_opf(net, profiles, period_h=1.0, progress=False)
    assert not [w for w in recwarn if issubclass(w.category, FutureWarning)]


def test_a_table_value_that_a_profile_replaces_or_that_is_out_of_service_may_be_missing():
    """pandapower itself spoils a bus by it."""
    gaps, filled = feeder_net(3), feeder_net(3)
    for net, value in ((gaps, np.nan), (filled, 0.0)):
        create_load(net, 2, value, in_service=False)
        net.load.loc[0, "p_mw"] = value
    profiles = constant(gaps, "load", "p_mw", np.linspace(0.01, 0.03, 8))
    results = [evf.run_flexibility_opf(net, profiles, period_h=1.0, progress=False) for net in (gaps, filled)]
    assert results[0].objective_mw == results[1].objective_mw
    pd.testing.assert_frame_equal(results[0].vm_pu["up"], results[1].vm_pu["up"])
    pd.testing.assert_frame_equal(gaps.res_bus, filled.res_bus)
    assert gaps.load.p_mw.isna().all()


@pytest.mark.parametrize(
    "arguments",
    [
        {"scenarios": None},
        {"tol": "1e-8"},
        {"tol": None},
        {"max_line_loading_percent": "80"},
        {"solver_options": [1]},
        {"solver_options": {"maxiter": 50}, "method": "exact"},
        {"solver_options": {"max_iter": 50.5}, "method": "exact"},
        {"weights": {"up": np.ones((8, 5))}},
        {"q_follows_flexibility": "False"},
        {"cyclic": "no"},
    ],
)
def test_arguments_of_the_wrong_kind_are_wrong_input(arguments):
    with pytest.raises(evf.InvalidInputError):
        evf.run_flexibility_opf(feeder_net(3), **{**EIGHT_HOURS, **arguments})
