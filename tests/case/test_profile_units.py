"""Profiles in kW are refused with a question for the unit, and no right profile is."""

from __future__ import annotations

import numpy as np
import pandapower.networks as nw
import pandas as pd
import pytest
import simbench
from pandapower.create import create_asymmetric_load, create_gen, create_storage

import pandapower_evflex as evf
from pandapower_evflex.case.periods import Horizon
from pandapower_evflex.case.profile_units import unit_doubts, unit_faults
from pandapower_evflex.case.profiles import SUPPORTED, Profiles
from tests.case.nets import elements_net
from tests.opf.feeder import feeder_net

PRICES = {"voll_eur_per_mwh": 1e4, "loss_price_eur_per_mwh": 50.0, "discount_rate": 0.05}
HOUR = {"period_h": 1.0}
RUNS = {
    "run_flexibility_opf": lambda net, profiles: evf.run_flexibility_opf(net, profiles, progress=False, **HOUR),
    "uncontrolled_charging": lambda net, profiles: evf.uncontrolled_charging(net, profiles, **HOUR),
    "run_planning": lambda net, profiles: evf.run_planning(net, profiles, progress=False, **HOUR, **PRICES),
}


def net_of_all_kinds():
    """A load, PV, a battery and a generator of 20 kW each behind a transformer of 100 kVA."""
    net = feeder_net(2, load_mw=0.02, pv_mw=0.02)
    create_storage(net, 3, 0.02, max_e_mwh=0.1)
    create_gen(net, 2, 0.02)
    net.line["failure_rate_per_year"] = 0.1
    return net


def peaking_at(net, table, column, peak):
    """Eight hours with one peak, in the fifth."""
    values = np.full(8, 0.5 * peak)
    values[4] = peak
    return {(table, column): pd.DataFrame({net[table].index[0]: values})}


@pytest.mark.parametrize("call", RUNS)
@pytest.mark.parametrize(("table", "column"), sorted(SUPPORTED))
def test_a_profile_of_20_kw_given_as_20_mw_is_refused_and_asked_for_its_unit(call, table, column):
    net = net_of_all_kinds()
    with pytest.raises(evf.InvalidInputError) as error:
        RUNS[call](net, peaking_at(net, table, column, 20.0))
    (fault,) = error.value.faults
    assert fault.table == f"profiles[{table}.{column}]" and len(fault.rows) == 1
    assert f"10 {'Mvar' if column == 'q_mvar' else 'MW'} (of {table} 0 alone 10" in fault.value
    assert ("in kvar? give Mvar" if column == "q_mvar" else "in kW? give MW") in fault.remedy


def test_one_household_in_kw_among_others_in_mw_is_named():
    net = nw.create_kerber_landnetz_kabel_1()
    evf.create_ev(net, 5, max_p_mw=0.011, max_e_mwh=0.05)
    frame = pd.DataFrame(0.002, index=range(4), columns=net.load.index)
    frame[3] = 3.4
    with pytest.raises(evf.InvalidInputError, match=r"3.414 MW \(of load 3 alone 3.4 MW\).*in kW\?"):
        evf.run_flexibility_opf(net, {("load", "p_mw"): frame}, **HOUR)


def test_a_profile_that_the_ratings_could_just_bear_is_asked_for_its_unit_where_the_base_case_fails(caplog):
    net = feeder_net(2)
    profile = peaking_at(net, "load", "p_mw", 0.4)  # 400 W given as 400 kW behind 100 kVA
    with pytest.raises(evf.FlexibilityOPFNotConverged, match=r"more than 3 times the 0.1 MVA.*in kW\?"):
        evf.run_flexibility_opf(net, profile, progress=False, **HOUR)
    evf.uncontrolled_charging(net, profile, **HOUR)
    assert "in kW?" in caplog.text


@pytest.mark.parametrize(("table", "column"), sorted({*SUPPORTED} - {("gen", "p_mw")}))
def test_a_table_in_kw_without_a_profile_is_asked_for_its_unit_where_the_base_case_fails(table, column, caplog):
    """5 kW given as 5 MW behind 100 kVA; a profile of another table does not hide it."""
    net = feeder_net(2)
    create_storage(net, 3, 0.0, max_e_mwh=0.01)
    net[table][column] = 5.0
    other = "sgen" if table == "load" else "load"
    says = rf"net.{table}.{column}: 5 M\w+ .*more than 3 times the 0.1\d* MVA.*in k(W|var)\?"
    with pytest.raises(evf.FlexibilityOPFNotConverged, match=says):
        evf.run_flexibility_opf(net, peaking_at(net, other, "p_mw", 0.001), progress=False, **HOUR)
    evf.uncontrolled_charging(net, n_periods=4, **HOUR)
    assert "in k" in caplog.text


def horizon_of(net):
    return evf.run_planning_horizon(net, None, n_years=1, growth_percent_per_year=1.0, progress=False, **PRICES)


PLANS = {
    "run_planning": lambda net: evf.run_planning(net, progress=False, **HOUR, **PRICES),
    "run_planning_horizon": lambda net: horizon_of(net).studies[0],
}


@pytest.mark.parametrize("call", PLANS)
@pytest.mark.parametrize("table", ["load", "sgen", "storage"])
def test_planning_asks_for_the_unit_of_a_table_in_kw_where_the_grid_is_broken_before_any_fault(call, table, caplog):
    net = net_of_all_kinds()
    net.line["failure_rate_per_year"] = 0.1
    assert "unit in doubt" not in PLANS[call](net).findings["kind"].tolist()
    caplog.clear()
    net[table]["p_mw"] *= 250.0  # 5 kW as 5 MW
    findings = PLANS[call](net).findings
    (asked,) = findings.loc[findings["kind"] == "unit in doubt", "text"]
    assert f"net.{table}.p_mw: 5 MW" in asked and "in kW? give MW" in asked
    assert asked in caplog.messages


def test_loads_by_phase_in_kw_are_asked_for_their_unit_where_the_base_case_fails():
    net = feeder_net(2)
    create_asymmetric_load(net, 3, p_a_mw=2.0, p_b_mw=2.0, p_c_mw=1.0)
    with pytest.raises(evf.FlexibilityOPFNotConverged, match=r"net.asymmetric_load.p_mw: 5 MW .*in kW\?"):
        evf.run_flexibility_opf(net, n_periods=4, progress=False, **HOUR)


def test_planning_asks_for_the_unit_of_a_profile_that_the_ratings_could_just_bear():
    net = feeder_net(2)
    net.line["failure_rate_per_year"] = 0.1
    profiles = peaking_at(net, "load", "p_mw", 0.4)  # 400 W given as 400 kW behind 100 kVA
    findings = RUNS["run_planning"](net, profiles).findings
    (asked,) = findings.loc[findings["kind"] == "unit in doubt", "text"]
    assert "more than 3 times the 0.1 MVA" in asked and "in kW?" in asked


def test_a_profile_far_from_the_table_is_asked_for_its_unit_where_nothing_is_rated():
    net = feeder_net(2, load_mw=0.0004, sn_mva=99.999)
    net.line["max_i_ka"] = 99999.0
    net.bus["min_vm_pu"] = 0.9
    with pytest.raises(evf.FlexibilityOPFNotConverged, match="1e.03 times the values in net.load.*in kW"):
        evf.run_flexibility_opf(net, peaking_at(net, "load", "p_mw", 0.4), progress=False, **HOUR)


@pytest.mark.parametrize("times", [0.5, 1.0, 1.9])
def test_an_overload_of_a_right_profile_is_no_matter_of_units(times):
    net = feeder_net(2)
    profile = peaking_at(net, "load", "p_mw", times * 0.1)
    try:
        message = evf.run_flexibility_opf(net, profile, progress=False, **HOUR).message
    except evf.FlexibilityOPFNotConverged as error:
        message = str(error)
    assert "in kW" not in message


SMALL = {
    "all elements": elements_net,
    "feeder": feeder_net,
    "extreme village": nw.kb_extrem_dorfnetz_trafo,
    **{name: getattr(nw, name) for name in (
        "case6ww", "case9", "case14", "case30", "case39", "case57", "case89pegase", "case145", "case_ieee30",
        "create_cigre_network_hv", "create_cigre_network_mv", "create_cigre_network_lv", "example_multivoltage",
        "example_simple", "mv_oberrhein", "create_kerber_dorfnetz", "create_kerber_landnetz_freileitung_1",
        "GBreducednetwork",
    )},
    **{code: lambda code=code: simbench.get_simbench_net(code) for code in (
        "1-LV-rural1--2-sw", "1-LV-urban6--0-sw", "1-MV-comm--2-sw", "1-MVLV-rural-1.108-0-sw",
    )},
}  # fmt: skip


#: 9900 MVA for every branch, or branches without any
WITHOUT_RATINGS = ("case14", "case57", "case145", "case_ieee30")


#: tried by default; all others with the slow tests
FEW = (
    "all elements", "feeder", "case9", "case14", "create_cigre_network_mv", "example_multivoltage",
    "create_kerber_landnetz_freileitung_1", "extreme village",
)  # fmt: skip


@pytest.mark.parametrize(
    "name", [name if name in FEW else pytest.param(name, marks=pytest.mark.slow) for name in SMALL]
)
def test_no_right_profile_is_accused_and_one_a_thousand_times_as_large_is(name):
    net = SMALL[name]()
    values = {}
    for table, column in sorted(SUPPORTED):
        if len(net[table]):
            values[table, column] = pd.DataFrame([net[table][column].fillna(0.0).to_numpy()], columns=net[table].index)
    horizon = Horizon(1, 1.0, None, False)
    for times in (1.0, 2.0):
        assert unit_faults(net, Profiles(horizon, {key: times * frame for key, frame in values.items()})) == []
    assert unit_doubts(net, Profiles(horizon, {})) == []
    load = Profiles(horizon, {("load", "p_mw"): 1e3 * values["load", "p_mw"]})
    assert len(unit_faults(net, load)) == 1 or name in WITHOUT_RATINGS
